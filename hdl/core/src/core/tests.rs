//! Whole programs of random layers against plain integers.

mod model;

use super::*;
use cromulent_design::PeKind;
use cromulent_design::{
    Affine, Bits, Command, Fetch, Header, LayerRegisters, NormWord, OffsetWord,
};
use cromulent_number::Format;
use model::{Layer, Machine, Random};
use std::collections::VecDeque;

/// A program as its two streams, and what must come of it.
struct Program {
    design: Design,
    beats: Vec<Vec<u32>>,
    input: Vec<Vec<u32>>,
    layers: Vec<LayerRegisters>,
    /// By \[layer\]\[column\].
    words: Vec<Vec<Vec<i64>>>,
    results: Vec<i64>,
    saturations: i64,
}

/// A line as beats of the bus.
fn beats(design: &Design, lanes: &[u32]) -> Vec<Vec<u32>> {
    let lanes = lanes.chunks(design.bus_lanes() as usize);
    let width = design.bus_lanes() as usize;
    lanes
        .map(|beat| {
            let mut beat = beat.to_vec();
            beat.resize(width, 0);
            beat
        })
        .collect()
}

impl Program {
    /// A fetch of random codes, then layers that feed one another; after what earlier programs left in
    /// the machine, if it `inherits`.
    fn random(machine: &mut Machine, seed: u64, layers: usize, inherits: bool) -> Program {
        let mut random = Random(seed);
        let design = &machine.design.clone();
        machine.saturations = 0;
        let mut program = Program {
            design: design.clone(),
            beats: vec![],
            input: vec![],
            layers: vec![],
            words: vec![],
            results: vec![],
            saturations: 0,
        };
        program.fetch(machine, &mut random);
        for n in 0..layers {
            let layer = Layer::random(design, &mut random, (n, layers), inherits);
            program.layer(machine, &layer);
        }
        program.push(&Command::End.to_lanes());
        let header = design.command_beats() + program.beats.len() as u32;
        let header = beats(design, &Header::new(design, header).to_lanes());
        program.beats.splice(0..0, header);
        program.saturations = machine.saturations;
        program.results = std::mem::take(&mut machine.results);
        program
    }

    fn push(&mut self, lanes: &[u32]) {
        self.beats.extend(beats(&self.design, lanes));
    }

    fn fetch(&mut self, machine: &mut Machine, random: &mut Random) {
        let (address, lines) = (0, self.design.code_depth);
        let fetch = Fetch::new(&self.design, address, lines, 64);
        self.push(&Command::Fetch(fetch).to_lanes());
        for line in 0..lines {
            let mut bits = Bits::new();
            for bank in &mut machine.banks {
                let code = random.code(&self.design);
                bank[(address + line) as usize] = code;
                bits.push(code, self.design.code_word_bits());
            }
            self.input.extend(beats(&self.design, bits.lanes()));
        }
    }

    fn layer(&mut self, machine: &mut Machine, layer: &Layer) {
        let design = &self.design.clone();
        self.push(&Command::Layer(layer.registers).to_lanes());
        for tile in 0..layer.registers.column_tiles as usize {
            let mut bits = Bits::new();
            for set in &layer.constants[tile] {
                bits.push(set.offset.pack(design).unwrap(), OffsetWord::bits(design));
                bits.push(set.norm.pack(design).unwrap(), NormWord::bits(design));
                for theta in set.thetas.iter().take(design.theta_banks() as usize) {
                    bits.push(u64::from(*theta), design.theta_bits());
                }
            }
            self.push(bits.lanes());
            for _ in 0..layer.registers.passes {
                for line in layer.lines(design, tile) {
                    self.push(line.lanes());
                }
            }
        }
        self.words.push(machine.run(layer));
        self.layers.push(layer.registers);
    }
}

/// What a core did.
#[derive(Default)]
struct Run {
    words: Vec<Vec<Vec<i64>>>,
    results: Vec<i64>,
    cycles: Vec<i64>,
    fault: i64,
}

fn settle(core: &mut Core, clock: i64) {
    core.clock.set(clock);
    assert!(simulate(core, 100));
}

fn fresh(design: &Design) -> Core {
    let mut core = Core::new(design);
    core.connect_all();
    core.writer_idle.set(1);
    core.reset.set(1);
    for clock in [0, 1, 0, 1] {
        settle(&mut core, clock);
    }
    core.reset.set(0);
    core
}

/// Runs a program to its end, or for so many cycles; with `pauses` every stream halts at random.
fn run(core: &mut Core, program: &Program, pauses: Option<u64>, limit: usize) -> Run {
    let mut random = Random(pauses.unwrap_or(0));
    let (mut beats, mut input) = (
        VecDeque::from(program.beats.clone()),
        VecDeque::from(program.input.clone()),
    );
    let mut run = Run::default();
    core.program_valid.set(0);
    core.data_valid.set(0);
    core.start.set(1);
    for clock in [0, 1] {
        settle(core, clock);
    }
    core.start.set(0);
    for _ in 0..limit {
        let mut goes = || pauses.is_none() || random.below(3) != 0;
        offer(&core.program_valid, &core.program_data, &beats, goes());
        offer(&core.data_valid, &core.data_data, &input, goes());
        core.result_ready.set(goes().into());
        settle(core, 0);
        let is = |net: &Net<Out>| net.value().is_true();
        let given = |net: &Net<In>| net.value().is_true();
        if given(&core.program_valid) && is(&core.program_ready) {
            beats.pop_front();
        }
        if given(&core.data_valid) && is(&core.data_ready) {
            input.pop_front();
        }
        if is(&core.result_valid) && given(&core.result_ready) {
            run.results.push(core.result_data.value().number());
        }
        if is(&core.layer_done) {
            run.cycles.push(core.layer_cycles.value().number());
        }
        for (j, valid) in core.word_valid.iter().enumerate() {
            if is(valid) {
                let layer = run.words.last_mut().expect("a word before a layer");
                layer[j].push(core.word[j].value().number());
            }
        }
        if is(&core.layer_start) {
            run.words.push(vec![vec![]; core.word.len()]);
        }
        run.fault = core.fault.value().number();
        let ended = is(&core.done) || run.fault != 0;
        settle(core, 1);
        if ended {
            break;
        }
    }
    run
}

fn offer(valid: &Net<In>, lanes: &[Net<In>], beats: &VecDeque<Vec<u32>>, goes: bool) {
    let beat = beats.front().filter(|_| goes);
    valid.set(beat.is_some().into());
    for (n, lane) in lanes.iter().enumerate() {
        lane.set(beat.map_or(0, |beat| i64::from(beat[n])));
    }
}

fn check(core: &Core, program: &Program, run: &Run) {
    assert_eq!(run.fault, 0);
    assert_eq!(run.words.len(), program.words.len());
    for (n, (words, expected)) in run.words.iter().zip(&program.words).enumerate() {
        assert_eq!(words, expected, "layer {n}: {:?}", program.layers[n]);
    }
    assert_eq!(run.results, program.results);
    let count = |name| core.count.get(name).value().number();
    assert_eq!(count("saturations"), program.saturations);
    assert_eq!(count("layers"), program.layers.len() as i64);
    let causes = CORE_COUNTERS[1..8].iter().chain(&["stall_maps"]);
    let causes: i64 = causes.map(|name| count(name)).sum();
    assert_eq!(causes, count("cycles"));
    let issued = |registers: &LayerRegisters| issued(&program.design, registers);
    let beats: u64 = program.layers.iter().map(issued).sum();
    assert_eq!(count("beats"), beats as i64);
    // The least a layer takes: swap, beats, and the way of the last word.
    for (cycles, registers) in run.cycles.iter().zip(&program.layers) {
        let way = program.design.rows + program.design.columns - 1 + program.design.latency();
        let least = 2 + issued(registers) + u64::from(way);
        assert!(*cycles >= least as i64, "{cycles} of {least} cycles");
    }
}

fn issued(design: &Design, registers: &LayerRegisters) -> u64 {
    let beats = |last| registers.tile_beats(design.columns, registers.all_positions(), last);
    let column_tile = u64::from(registers.row_tiles - 1) * beats(false) + beats(true);
    u64::from(registers.column_tiles) * column_tile
}

/// Small memories, so that every ring goes round.
fn designs() -> Vec<Design> {
    let shapes = [
        (4, 4, Format::L4, Affine::Exact, 128, 1),
        (5, 3, Format::R3, Affine::Rectified, 64, 1),
        (4, 2, Format::L5, Affine::Recentred, 32, 1),
        (3, 3, Format::I8, Affine::Rectified, 512, 1),
        (1, 1, Format::R5, Affine::Rectified, 32, 1),
        (2, 2, Format::L3, Affine::Snapped, 256, 1),
        (4, 4, Format::R3, Affine::Rectified, 64, 2),
        (5, 3, Format::L4, Affine::Exact, 128, 3),
        (1, 1, Format::R2, Affine::Rectified, 32, 4),
        (4, 2, Format::I8, Affine::Rectified, 256, 5),
    ];
    let small = |(rows, columns, format, affine, bus_bits, batch)| Design {
        bus_bits,
        batch,
        code_depth: 256,
        weight_depth: 2 * rows + 3,
        channel_depth: 3,
        stream_depth: 64,
        tile_depth: 16,
        map_side: 8,
        ..Design::new(rows, columns, format, affine)
    };
    let designs = shapes.map(small);
    let plain = [0, 1, 3].map(|n: usize| Design {
        stream_depth: 0,
        channel_depth: 2,
        ..designs[n].clone()
    });
    let narrow = [4, 5].map(|n: usize| Design {
        stream_bits: 7 + n as u32,
        ..designs[n].clone()
    });
    let table = [0, 1, 8].map(|n: usize| Design {
        pe: PeKind::Table,
        ..designs[n].clone()
    });
    let table_of_digits = Design {
        image_digits: true,
        ..table[1].clone()
    };
    let designs = designs.into_iter().chain(plain).chain(narrow);
    designs.chain(table).chain([table_of_digits]).collect()
}

#[test]
fn programs_give_their_words_and_results() {
    for design in designs() {
        design.validate().unwrap();
        let mut core = fresh(&design);
        let mut machine = Machine::new(&design);
        for seed in 1..6 {
            let program = Program::random(&mut machine, seed, 6, true);
            let pauses = (seed % 2 == 0).then_some(seed);
            let done = run(&mut core, &program, pauses, 200_000);
            check(&core, &program, &done);
        }
    }
}

#[test]
fn a_program_starts_anew_whatever_went_on() {
    let design = &designs()[0];
    let mut core = fresh(design);
    let program = Program::random(&mut Machine::new(design), 9, 5, false);
    for stop in [3, 50, 120, 333, 500, 777, 1000, 1234] {
        run(&mut core, &program, None, stop);
        let again = run(&mut core, &program, None, 200_000);
        check(&core, &program, &again);
    }
}
