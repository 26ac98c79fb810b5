use super::*;
use cromulent_design::{
    Affine, COMMAND_LANES, Command, Design, Fault, Header, LayerField, LayerRegisters, REGISTERS,
    register_bits,
};
use cromulent_number::Format;
use std::collections::VecDeque;

/// What the decoder did, and in which cycle.
#[derive(Clone, Debug, PartialEq)]
enum Event {
    Header(i64),
    Layer(Vec<i64>),
    Constant(Vec<u32>),
    Tile(Vec<u32>),
    Codes(i64, Vec<u32>),
    Fetch(i64, i64),
    Done,
    Fault(i64),
}

struct Bench {
    decoder: Decoder,
    design: Design,
    program: VecDeque<u32>,
    data: VecDeque<u32>,
    /// Layers run for so many cycles.
    run: u32,
    running: u32,
    seed: Option<u32>,
    cycle: u32,
    events: Vec<(u32, Event)>,
}

fn design() -> Design {
    Design::new(2, 2, Format::L4, Affine::Exact)
}

/// A layer of two column tiles, each of three tile lines.
fn layer() -> LayerRegisters {
    LayerRegisters {
        height: 4,
        width: 5,
        stride: 1,
        output_width: 5,
        pass_positions: 20,
        last_positions: 20,
        passes: 1,
        beats: 1,
        row_tiles: 1,
        column_tiles: 2,
        output_address: 9,
        output_plane: 20,
        last_columns: 1,
        positions: 20,
        tile_lines: 3,
        codes: true,
        ..LayerRegisters::default()
    }
}

impl Bench {
    fn new(design: &Design) -> Bench {
        let decoder = Decoder::new(&Shape::of(design));
        decoder.constants_room.set(1);
        decoder.tiles_room.set(1);
        decoder.drained.set(1);
        decoder.memory.set(1);
        Bench {
            decoder,
            design: design.clone(),
            program: VecDeque::new(),
            data: VecDeque::new(),
            run: 5,
            running: 0,
            seed: None,
            cycle: 0,
            events: vec![],
        }
    }

    fn flip(&mut self) -> bool {
        let Some(seed) = &mut self.seed else {
            return true;
        };
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *seed >> 30 != 0
    }

    /// Appends a line of so many bits, its lanes numbered from `first` on; gives its lanes back.
    fn line(&mut self, bits: u32, first: u32, data: bool) -> Vec<u32> {
        let lanes = self.design.beats(bits) * self.design.bus_lanes();
        let line: Vec<u32> = (first..first + lanes).collect();
        let queue = if data {
            &mut self.data
        } else {
            &mut self.program
        };
        queue.extend(&line);
        line
    }

    /// A header and these lanes as its program.
    fn program(&mut self, lanes: &[u32]) {
        let beats = (16 + lanes.len()) as u32 / self.design.bus_lanes();
        self.program
            .extend(Header::new(&self.design, beats).to_lanes());
        self.program.extend(lanes);
    }

    fn start(&mut self) {
        self.decoder.start.set(1);
        self.step();
        self.decoder.start.set(0);
        self.cycle = 1;
        self.events.clear();
    }

    fn offer(queue: &VecDeque<u32>, valid: &Net<In>, lanes: &[Net<In>], flip: bool) {
        valid.set(i64::from(flip && queue.len() >= lanes.len()));
        for (lane, word) in lanes.iter().zip(queue) {
            lane.set(i64::from(*word));
        }
    }

    fn step(&mut self) {
        let flips = [self.flip(), self.flip(), self.flip(), self.flip()];
        let decoder = &mut self.decoder;
        Self::offer(
            &self.program,
            &decoder.program_valid,
            &decoder.program_data,
            flips[0],
        );
        Self::offer(
            &self.data,
            &decoder.data_valid,
            &decoder.data_data,
            flips[1],
        );
        if self.seed.is_some() {
            decoder.constants_room.set(i64::from(flips[2]));
            decoder.tiles_room.set(i64::from(flips[3]));
        }
        let begins = decoder.next_valid.value().is_true() && self.running == 0;
        decoder.running.set(i64::from(self.running > 0));
        decoder.layer_start.set(i64::from(begins));
        decoder.clock.set(0);
        assert!(simulate(decoder, 50));
        self.running = if begins {
            self.run
        } else {
            self.running.saturating_sub(1)
        };
        self.note();
        let decoder = &mut self.decoder;
        let accepts =
            |valid: &Net<In>, ready: &Net<Out>| valid.value().is_true() && ready.value().is_true();
        if accepts(&decoder.program_valid, &decoder.program_ready) {
            self.program.drain(..decoder.program_data.len());
        }
        if accepts(&decoder.data_valid, &decoder.data_ready) {
            self.data.drain(..decoder.data_data.len());
        }
        decoder.clock.set(1);
        assert!(simulate(decoder, 50));
        self.cycle += 1;
    }

    fn note(&mut self) {
        let d = &self.decoder;
        let line = |bits: u32| -> Vec<u32> {
            let lanes = self.design.beats(bits) * self.design.bus_lanes();
            d.line[..lanes as usize]
                .iter()
                .map(|lane| lane.value().pattern() as u32)
                .collect()
        };
        let number = |net: &Net<Out>| net.value().number();
        let mut note = |flag: &Net<Out>, event: &dyn Fn() -> Event| {
            if flag.value().is_true() {
                self.events.push((self.cycle, event()));
            }
        };
        note(&d.header_valid, &|| Event::Header(number(&d.header_beats)));
        note(&d.fetch_valid, &|| {
            Event::Fetch(number(&d.fetch_offset), number(&d.fetch_beats))
        });
        note(&d.write_constant, &|| {
            Event::Constant(line(self.design.constant_line_bits()))
        });
        note(&d.write_tile, &|| {
            Event::Tile(line(self.design.tile_line_bits()))
        });
        note(&d.write_codes, &|| {
            Event::Codes(number(&d.code_address), line(self.design.code_line_bits()))
        });
        note(&d.done, &|| Event::Done);
        if d.layer_start.value().is_true() {
            let values = d.next.nets().map(number).collect();
            self.events.push((self.cycle, Event::Layer(values)));
        }
        let fault = number(&d.fault);
        if fault != 0
            && !self
                .events
                .iter()
                .any(|(_, event)| matches!(event, Event::Fault(_)))
        {
            self.events.push((self.cycle, Event::Fault(fault)));
        }
    }

    /// Runs until the decoder is idle.
    fn run(&mut self) -> Vec<Event> {
        self.start();
        while self.decoder.busy.value().is_true() && self.cycle < 2000 {
            self.step();
        }
        self.step();
        self.events.iter().map(|(_, event)| event.clone()).collect()
    }
}

/// The values of the registers that the design has.
fn values(registers: &LayerRegisters) -> Vec<i64> {
    let values = registers.values().into_iter().zip(register_bits(&design()));
    let there = values.filter(|(_, (_, bits))| *bits > 0);
    there.map(|(value, _)| i64::from(value)).collect()
}

/// A program of one layer and one fetch, and what is to happen.
fn whole(bench: &mut Bench) -> Vec<Event> {
    let design = bench.design.clone();
    let fetch = cromulent_design::Fetch::new(&design, 6, 4, 640);
    let mut body = Command::Fetch(fetch).to_lanes().to_vec();
    body.extend(Command::Layer(layer()).to_lanes());
    let mut lines = vec![];
    for column in 0..2u32 {
        let first = 1000 * (column + 1);
        lines.push(Event::Constant(bench.line(
            design.constant_line_bits(),
            first,
            false,
        )));
        for tile in 0..3 {
            let line = bench.line(design.tile_line_bits(), first + 100 * (tile + 1), false);
            lines.push(Event::Tile(line));
        }
    }
    body.extend(std::mem::take(&mut bench.program));
    body.extend(Command::End.to_lanes());
    bench.program(&body);
    let beats = bench.program.len() as i64 / i64::from(design.bus_lanes());
    let mut expected = vec![
        Event::Header(beats),
        Event::Fetch(640, i64::from(fetch.beats)),
    ];
    for n in 0..4u32 {
        let line = bench.line(design.code_line_bits(), 50 + 10 * n, true);
        expected.push(Event::Codes(6 + i64::from(n), line));
    }
    expected.push(Event::Layer(values(&layer())));
    expected.extend(lines);
    expected.push(Event::Done);
    expected
}

#[test]
fn a_program_in_its_order() {
    for bus_bits in [32, 128, 512] {
        let mut bench = Bench::new(&Design {
            bus_bits,
            ..design()
        });
        let expected = whole(&mut bench);
        assert_eq!(bench.run(), expected, "{bus_bits}");
        assert!(bench.program.is_empty() && bench.data.is_empty());
        let expected = whole(&mut bench);
        assert_eq!(bench.run(), expected, "again");
    }
}

#[test]
fn pauses_change_nothing_but_the_time() {
    for seed in 1..20 {
        let mut bench = Bench::new(&design());
        let mut expected = whole(&mut bench);
        bench.seed = Some(seed);
        let mut events = bench.run();
        // The layer may begin before or after its constants.
        let layer = |event: &Event| matches!(event, Event::Layer(_));
        assert!(events.iter().filter(|e| layer(e)).count() == 1);
        events.retain(|e| !layer(e));
        expected.retain(|e| !layer(e));
        assert_eq!(events, expected, "{seed}");
    }
}

/// The cycles of docs: a header of four beats from cycle 1 on, and what follows from it.
#[test]
fn each_line_is_taken_in_its_cycle() {
    let mut bench = Bench::new(&design());
    let (constant, tile) = (
        bench.design.beats(bench.design.constant_line_bits()),
        bench.design.beats(bench.design.tile_line_bits()),
    );
    whole(&mut bench);
    bench.run();
    let cycles: Vec<u32> = bench.events.iter().map(|(cycle, _)| *cycle).collect();
    // Beats of the header in 1 to 4, taken in 5, header_valid in 6; the fetch likewise in 6 to 9.
    let (header, fetch) = (6, 11);
    // The first code line comes in the cycle of the request, and is written in the next.
    let codes = [12, 13, 14, 15];
    // The layer's command in 16 to 19, taken in 20.
    let start = 21;
    let first = 21 + constant;
    let tiles = [first + 1 + tile, first + 1 + 2 * tile, first + 1 + 3 * tile];
    let second = tiles[2] + 1 + constant;
    let more = [
        second + 1 + tile,
        second + 1 + 2 * tile,
        second + 1 + 3 * tile,
    ];
    let done = more[2] + 1 + 4 + 1;
    let mut expected = vec![header, fetch];
    expected.extend(codes);
    expected.extend([start, first]);
    expected.extend(tiles);
    expected.push(second);
    expected.extend(more);
    expected.push(done);
    assert_eq!(cycles, expected);
}

#[test]
fn nothing_overtakes_a_running_layer() {
    let mut bench = Bench::new(&design());
    bench.run = 300;
    whole(&mut bench);
    let events = bench.run();
    assert_eq!(events.last(), Some(&Event::Done));
    let at = |wanted: fn(&Event) -> bool| {
        bench
            .events
            .iter()
            .find(|(_, e)| wanted(e))
            .map(|(cycle, _)| *cycle)
    };
    let begins = at(|e| matches!(e, Event::Layer(_))).unwrap();
    // Running from the cycle after the start, for 300; END is taken in the next.
    assert_eq!(at(|e| *e == Event::Done), Some(begins + 302));
}

#[test]
fn a_full_memory_holds_the_line() {
    let mut bench = Bench::new(&design());
    let expected = whole(&mut bench);
    bench.decoder.tiles_room.set(0);
    bench.start();
    for _ in 0..100 {
        bench.step();
    }
    assert_eq!(bench.decoder.program_ready.value().number(), 0);
    assert_eq!(bench.events.len(), 8, "one constant line, no tile");
    bench.decoder.tiles_room.set(1);
    while bench.decoder.busy.value().is_true() && bench.cycle < 2000 {
        bench.step();
    }
    bench.step();
    let events: Vec<Event> = bench.events.iter().map(|(_, e)| e.clone()).collect();
    assert_eq!(events, expected);
}

#[track_caller]
fn assert_faults(fault: Fault, change: impl FnOnce(&mut Bench)) {
    let mut bench = Bench::new(&design());
    whole(&mut bench);
    change(&mut bench);
    let events = bench.run();
    assert_eq!(events.last(), Some(&Event::Fault(i64::from(fault.code()))));
    assert!(!events.contains(&Event::Done));
    assert_eq!(bench.decoder.program_ready.value().number(), 0);
    // The next start runs as if nothing had been.
    bench.program.clear();
    bench.data.clear();
    let expected = whole(&mut bench);
    assert_eq!(bench.run(), expected);
}

#[test]
fn a_wrong_header_is_refused() {
    assert_faults(Fault::NotAProgram, |b| b.program[0] ^= 1);
    assert_faults(Fault::Version, |b| b.program[1] = 1);
    assert_faults(Fault::OtherDesign, |b| b.program[2] ^= 1 << 31);
    assert_faults(Fault::OtherDesign, |b| b.program[3] ^= 1);
    assert_faults(Fault::Truncated, |b| b.program[4] = 3);
}

#[test]
fn a_wrong_command_is_refused() {
    let layer = 2 * COMMAND_LANES;
    assert_faults(Fault::UnknownCommand, |b| b.program[16] = 5);
    assert_faults(Fault::UnknownCommand, |b| b.program[layer] &= !0xff);
    for moves in [Command::STORE, Command::FETCH | 1 << Command::SCRATCH] {
        // Lines and beats of the layer's lanes 2 and 5 are large enough, its address is not.
        assert_faults(Fault::OutOfRange, |b| {
            b.program[layer] = moves;
            b.program[layer + 1] = 1 << 31;
        });
        assert_faults(Fault::OutOfRange, |b| {
            b.program[layer] = moves;
            b.program[layer + 2] = 0;
        });
        assert_faults(Fault::NoMemory, |b| {
            b.program[layer] = moves;
            b.decoder.memory.set(0);
        });
    }
    let bits = register_bits(&design());
    let counts = |field: &&LayerField| field.counts_in(&design());
    for field in REGISTERS.iter().filter(counts) {
        let mask = (((1u64 << field.bits) - 1) << field.low) as u32;
        assert_faults(Fault::OutOfRange, |b| {
            b.program[layer + field.lane] &= !mask
        });
    }
    for (field, (_, bits)) in REGISTERS.iter().zip(bits) {
        if bits < field.bits {
            let bit = 1 << (field.low + bits);
            assert_faults(Fault::OutOfRange, |b| b.program[layer + field.lane] |= bit);
        }
    }
    let fetch = COMMAND_LANES;
    assert_faults(Fault::OutOfRange, |b| b.program[fetch + 1] |= 1 << 13);
    assert_faults(Fault::OutOfRange, |b| b.program[fetch + 2] |= 1 << 31);
    assert_faults(Fault::OutOfRange, |b| b.program[fetch + 2] = 0);
    assert_faults(Fault::OutOfRange, |b| b.program[fetch + 5] = 0);
}

#[test]
fn a_fetch_of_too_few_or_too_many_beats_is_refused() {
    assert_faults(Fault::OutOfRange, |b| b.program[COMMAND_LANES + 5] -= 1);
    assert_faults(Fault::OutOfRange, |b| b.program[COMMAND_LANES + 5] += 1);
}

#[test]
fn a_program_without_end_is_truncated() {
    let beats = |b: &Bench| b.program.len() as u32 / b.design.bus_lanes();
    assert_faults(Fault::Truncated, |b| b.program[4] = beats(b) - 4);
    assert_faults(Fault::Truncated, |b| b.program[4] = beats(b) - 1);
    assert_faults(Fault::Truncated, |b| b.program[4] = 4);
    assert_faults(Fault::Truncated, |b| b.program[4] = 13);
}
