use super::bench::{Bench, INPUT, PROGRAM, RESULT};
use cromulent_design::{
    Affine, Bits, Command, Design, Fault, Fetch, Header, LayerRegisters, NormWord, OffsetWord,
    RowWord, ThetaWord, WeightWord,
};
use cromulent_number::Format;

const DONE: i64 = 0b10;

fn design(bus_bits: u32) -> Design {
    Design {
        bus_bits,
        code_depth: 64,
        ..Design::new(2, 2, Format::L4, Affine::Recentred)
    }
}

/// The status after a fault.
fn failed(fault: Fault) -> i64 {
    i64::from(fault.code()) << 8 | 0b100
}

fn extend(lanes: &mut Vec<u32>, line: &[u32], design: &Design) {
    lanes.extend(line);
    let beat = design.bus_lanes() as usize;
    lanes.resize(lanes.len().next_multiple_of(beat), 0);
}

/// A layer of scores whose weights are 0: the score of column f is -means[f].
fn scores(design: &Design, means: &[i64]) -> Vec<u32> {
    let tiles = means.len().div_ceil(design.columns as usize);
    let layer = LayerRegisters {
        height: 1,
        width: 1,
        stride: 1,
        output_width: 1,
        pass_positions: 1,
        last_positions: 1,
        passes: 1,
        beats: 1,
        row_tiles: 1,
        column_tiles: tiles as u32,
        output_plane: 1,
        last_columns: (means.len() - (tiles - 1) * design.columns as usize) as u32,
        positions: 1,
        tile_lines: design.rows,
        raw: true,
        scores: true,
        ..LayerRegisters::default()
    };
    let mut lanes = Command::Layer(layer).to_lanes().to_vec();
    for tile in means.chunks(design.columns as usize) {
        let mut line = Bits::new();
        for column in 0..design.columns as usize {
            let mean = tile.get(column).copied().unwrap_or(99);
            let offset = OffsetWord { mean, align: 0 };
            let norm = NormWord::default();
            line.push(offset.pack(design).unwrap(), OffsetWord::bits(design));
            line.push(norm.pack(design).unwrap(), NormWord::bits(design));
            for _ in 0..design.theta_banks() {
                line.push(0, ThetaWord::bits(design));
            }
        }
        extend(&mut lanes, line.lanes(), design);
        for _ in 0..design.rows {
            let mut line = Bits::new();
            line.push(0, RowWord::bits(design));
            line.push(0, WeightWord::bits(design) * design.columns);
            extend(&mut lanes, line.lanes(), design);
        }
    }
    lanes
}

/// A program of these commands, in memory.
fn program(bench: &mut Bench, design: &Design, body: &[u32]) {
    let mut lanes = Header::new(design, (16 + body.len()) as u32 / design.bus_lanes())
        .to_lanes()
        .to_vec();
    lanes.extend(body);
    bench.load(PROGRAM, &lanes);
}

/// Fetches input, computes scores, ends.
fn whole(design: &Design, means: &[i64]) -> Vec<u32> {
    let fetch = Fetch::new(design, 3, 20, 2 * design.bus_bits / 8);
    let mut body = Command::Fetch(fetch).to_lanes().to_vec();
    body.extend(scores(design, means));
    body.extend(Command::End.to_lanes());
    body
}

const MEANS: [i64; 7] = [5, -6, 7, -80_000, 1 << 30, 0, 11];

fn expected() -> Vec<i64> {
    MEANS.iter().map(|mean| -mean).collect()
}

#[test]
fn scores_reach_the_memory() {
    for bus_bits in [32, 64, 128, 512] {
        let design = design(bus_bits);
        let mut bench = Bench::new(&design);
        let body = whole(&design, &MEANS);
        program(&mut bench, &design, &body);
        for run in 0..3 {
            bench.seed = (run > 0).then_some(run);
            assert_eq!(bench.run(), DONE, "{bus_bits}");
            assert_eq!(bench.results(8)[..7], expected(), "{bus_bits}");
            assert_eq!(bench.results(8)[7], 0xeeee_eeee_eeee_eeee_u64 as i64);
            let beats = (16 + body.len()) as i64 / i64::from(design.bus_lanes());
            assert_eq!(bench.read("PROGRAM_BEATS"), beats);
            assert_eq!(bench.read("INPUT_BEATS"), 20);
            assert_eq!(bench.read("LAYERS"), 1);
            assert_eq!(bench.read("BEATS"), 4);
            bench.memory.retain(|address, _| *address < RESULT);
        }
        assert!(
            bench
                .bursts
                .iter()
                .any(|(_, address)| *address == INPUT + i64::from(bus_bits / 4))
        );
    }
}

#[test]
fn every_busy_cycle_has_its_cause() {
    let design = design(128);
    let mut bench = Bench::new(&design);
    program(&mut bench, &design, &whole(&design, &MEANS));
    assert_eq!(bench.run(), DONE);
    let causes = [
        "BEATS",
        "STALL_WEIGHTS",
        "STALL_OUTPUT",
        "STALL_FILL",
        "STALL_DRAIN",
        "STALL_INPUT",
        "STALL_COMMAND",
    ];
    let sum: i64 = causes.map(|name| bench.read(name)).iter().sum();
    assert_eq!(bench.read("CYCLES"), sum);
}

/// The first burst is asked for three cycles after the start, which follows the write by one.
#[test]
fn the_first_bursts_come_in_their_cycles() {
    let design = design(128);
    let mut bench = Bench::new(&design);
    program(&mut bench, &design, &whole(&design, &MEANS));
    bench.start();
    let begin = bench.cycle;
    assert_eq!(bench.wait(), DONE);
    // Handshake in b, beats from b + 3 on, at the head of the queue from b + 5 on; the fourth in b + 8,
    // the line is taken in b + 9, header_valid in b + 10, the burst is cut in b + 11, the next handshake in b + 13.
    let first = bench.bursts[0].0;
    assert!(first <= begin + 3);
    assert_eq!(bench.bursts[1].0 - first, 13);
    assert_eq!(bench.bursts[0].1, PROGRAM);
    assert_eq!(bench.bursts[1].1, PROGRAM + 64);
}

#[test]
fn a_start_while_busy_is_refused() {
    let design = design(128);
    let mut bench = Bench::new(&design);
    program(&mut bench, &design, &whole(&design, &MEANS));
    bench.start();
    bench.write("CONTROL", 1);
    assert_eq!(bench.read("STATUS"), 0b1001);
    assert_eq!(bench.wait(), DONE | 0b1000);
    assert_eq!(bench.results(7), expected());
    assert_eq!(bench.run(), DONE);
}

/// A fault, and then the program that should have run.
#[track_caller]
fn assert_fails(fault: Fault, spoil: impl Fn(&mut Bench)) {
    for seed in [None, Some(3)] {
        let design = design(128);
        let mut bench = Bench::new(&design);
        bench.seed = seed;
        bench.latency = 20;
        program(&mut bench, &design, &whole(&design, &MEANS));
        spoil(&mut bench);
        assert_eq!(bench.run(), failed(fault));
        let asked = bench.bursts.len();
        for _ in 0..100 {
            bench.step();
        }
        assert_eq!(bench.bursts.len(), asked, "nothing more is asked for");
        bench.bad_read = None;
        bench.bad_write = false;
        program(&mut bench, &design, &whole(&design, &MEANS));
        assert_eq!(bench.run(), DONE);
        assert_eq!(bench.results(7), expected());
    }
}

#[test]
fn a_fault_stops_the_program_and_the_next_one_runs() {
    let corrupt = |at: i64, byte: u8| {
        move |b: &mut Bench| {
            b.memory.insert(PROGRAM + at, byte);
        }
    };
    assert_fails(Fault::NotAProgram, corrupt(0, 0));
    assert_fails(Fault::Version, corrupt(4, 1));
    assert_fails(Fault::OtherDesign, |b| {
        let byte = b.memory[&(PROGRAM + 8)];
        b.memory.insert(PROGRAM + 8, !byte);
    });
    assert_fails(Fault::UnknownCommand, corrupt(128, 77));
    assert_fails(Fault::OutOfRange, corrupt(64 + 7, 1));
    assert_fails(Fault::Truncated, corrupt(16, 20));
}

#[test]
fn a_bus_error_stops_the_program_and_the_next_one_runs() {
    for beat in [0, 3, 4, 9, 14] {
        assert_fails(Fault::ReadError, |b| b.bad_read = Some(PROGRAM + 16 * beat));
    }
    for beat in [2, 7, 21] {
        assert_fails(Fault::ReadError, |b| b.bad_read = Some(INPUT + 16 * beat));
    }
    assert_fails(Fault::WriteError, |b| b.bad_write = true);
}

#[test]
fn beats_after_the_end_do_not_matter() {
    let design = design(64);
    let mut bench = Bench::new(&design);
    bench.latency = 40;
    let mut body = whole(&design, &MEANS);
    body.resize(body.len() + 200, 0);
    program(&mut bench, &design, &body);
    for _ in 0..2 {
        assert_eq!(bench.run(), DONE);
        assert_eq!(bench.results(7), expected());
    }
}
