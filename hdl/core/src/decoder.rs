//! Reads the program: commands, and what follows them.

mod checks;
mod lines;

use crate::countdown::Countdown;
use crate::sequencer::layer_registers;
use crate::shape::Shape;
use cromulent_design::{Command, Fetch};
use cromulent_kit::{Bundle, Describe, Interpreter, Net, Register, Word, address_bits, logic};
use rust_hdl_core::prelude::*;

/// Bits of a fault code.
pub(crate) const FAULT_BITS: usize = 8;
/// Bits of a lane of the bus, and of every count of beats.
pub(crate) const LANE_BITS: usize = 32;
/// Bits of [`State`].
const STATE_BITS: usize = 3;

/// What line comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Header,
    Command,
    Constant,
    Tile,
    Data,
    Move,
    Fault,
}

/// Puts beats of program and data together to lines, and does what they say.
///
/// The line buffer keeps beat k of a line in its k-th part and is `full` from the cycle after the last
/// beat was accepted until the line is taken. A line is taken in the first cycle in which there is
/// room for it; what it causes (state, `next`, `fetch_valid`, `header_valid`, `done`, `fault`) shows in
/// the cycle after, `write_…` in the same one. The next line's first beat may come in while a line of
/// its own kind is taken, else in the cycle after.
#[derive(LogicBlock)]
pub struct Decoder {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset.
    pub reset: Net<In>,
    /// Forget everything and await a header; goes before `reset`.
    pub start: Net<In>,
    /// A beat of the program is offered.
    pub program_valid: Net<In>,
    /// It is accepted.
    pub program_ready: Net<Out>,
    /// The beat, lowest lane first.
    pub program_data: Vec<Net<In>>,
    /// A beat of the input is offered.
    pub data_valid: Net<In>,
    /// It is accepted.
    pub data_ready: Net<Out>,
    /// The beat, lowest lane first.
    pub data_data: Vec<Net<In>>,
    /// There is room for a set of constants.
    pub constants_room: Net<In>,
    /// There is room for a tile line.
    pub tiles_room: Net<In>,
    /// The layer in `next` begins: the slot is free again in the next cycle.
    pub layer_start: Net<In>,
    /// A layer runs.
    pub running: Net<In>,
    /// All results have reached their receiver.
    pub drained: Net<In>,
    /// There is a memory that maps can move to.
    pub memory: Net<In>,
    /// For one cycle: the maps have moved.
    pub move_done: Net<In>,
    /// For one cycle: they had other beats than the command says.
    pub move_uneven: Net<In>,
    /// The line that is written, as lanes from its bit 0 on.
    pub line: Vec<Net<Out>>,
    /// `line` is a constant line: write it at the end of this cycle.
    pub write_constant: Net<Out>,
    /// `line` is a tile line: write it at the end of this cycle.
    pub write_tile: Net<Out>,
    /// `line` is a code line: write it at the end of this cycle, to `code_address`.
    pub write_codes: Net<Out>,
    /// Address of a code line.
    pub code_address: Net<Out>,
    /// The registers of the next layer.
    pub next: Bundle<Out>,
    /// They wait for the layer to begin.
    pub next_valid: Net<Out>,
    /// For one cycle: fetch input, or maps.
    pub fetch_valid: Net<Out>,
    /// With `fetch_valid`: maps, from the scratch region, not the input.
    pub fetch_maps: Net<Out>,
    /// For one cycle: store maps.
    pub store_valid: Net<Out>,
    /// With either: bytes from the address of the region.
    pub fetch_offset: Net<Out>,
    /// With either: beats.
    pub fetch_beats: Net<Out>,
    /// With either, of maps: code-bank address of the first line.
    pub move_address: Net<Out>,
    /// With either, of maps: lines.
    pub move_lines: Net<Out>,
    /// For one cycle: the header was right.
    pub header_valid: Net<Out>,
    /// With `header_valid`: beats of the program, header included.
    pub header_beats: Net<Out>,
    /// Code lines are awaited.
    pub in_data: Net<Out>,
    /// Maps move.
    pub in_move: Net<Out>,
    /// From the cycle after `start` until the end or a fault.
    pub busy: Net<Out>,
    /// For one cycle, the first in which `busy` is low: the program has ended well.
    pub done: Net<Out>,
    /// Code of the fault that stopped the program, until the next start; 0 for none.
    pub fault: Net<Out>,
    state: Register,
    full: Register,
    beat: Register,
    lanes: Vec<Register>,
    registers: Vec<Register>,
    next_full: Register,
    tiles_left: Countdown,
    columns_left: Countdown,
    lines_left: Countdown,
    address: Register,
    program_left: Countdown,
    data_left: Countdown,
    fetching: Register,
    storing: Register,
    begun: Register,
    ended: Register,
    fault_code: Register,
    checked: Vec<Register>,
    _shape: Shape,
}

impl Decoder {
    /// The decoder of a design.
    pub fn new(shape: &Shape) -> Decoder {
        let design = &shape.design;
        let beats = longest(shape);
        let lanes = beats * design.bus_lanes() as usize;
        let bits: Vec<(&str, usize)> = layer_registers(shape).collect();
        let beat_lanes = || Net::array(design.bus_lanes() as usize, LANE_BITS, false);
        Decoder {
            clock: Net::flag(),
            reset: Net::flag(),
            start: Net::flag(),
            program_valid: Net::flag(),
            program_ready: Net::flag(),
            program_data: beat_lanes(),
            data_valid: Net::flag(),
            data_ready: Net::flag(),
            data_data: beat_lanes(),
            constants_room: Net::flag(),
            tiles_room: Net::flag(),
            layer_start: Net::flag(),
            running: Net::flag(),
            drained: Net::flag(),
            memory: Net::flag(),
            move_done: Net::flag(),
            move_uneven: Net::flag(),
            line: Net::array(lanes, LANE_BITS, false),
            write_constant: Net::flag(),
            write_tile: Net::flag(),
            write_codes: Net::flag(),
            code_address: Net::bits(shape.address_bits()),
            next: Bundle::new(bits.iter().copied()),
            next_valid: Net::flag(),
            fetch_valid: Net::flag(),
            fetch_maps: Net::flag(),
            store_valid: Net::flag(),
            fetch_offset: Net::bits(LANE_BITS),
            fetch_beats: Net::bits(LANE_BITS),
            move_address: Net::bits(LANE_BITS),
            move_lines: Net::bits(LANE_BITS),
            header_valid: Net::flag(),
            header_beats: Net::bits(LANE_BITS),
            in_data: Net::flag(),
            in_move: Net::flag(),
            busy: Net::flag(),
            done: Net::flag(),
            fault: Net::bits(FAULT_BITS),
            state: Register::data(STATE_BITS, false),
            full: Register::data(1, false),
            beat: Register::data(address_bits(beats), false),
            lanes: (0..lanes)
                .map(|_| Register::enabled(LANE_BITS, false))
                .collect(),
            registers: bits
                .iter()
                .map(|&(_, bits)| Register::enabled(bits, false))
                .collect(),
            next_full: Register::data(1, false),
            tiles_left: Countdown::to(1, LANE_BITS),
            columns_left: Countdown::to(0, 16),
            lines_left: Countdown::to(1, lines_bits(shape)),
            address: Register::data(shape.address_bits(), false),
            program_left: Countdown::to(0, LANE_BITS),
            data_left: Countdown::to(0, LANE_BITS),
            fetching: Register::data(1, false),
            storing: Register::data(1, false),
            begun: Register::data(1, false),
            ended: Register::data(1, false),
            fault_code: Register::data(FAULT_BITS, false),
            // On a bus of one lane the last beat of a command is lane 15, which holds nothing without batches.
            checked: Register::data_array(
                if design.bus_lanes() == 1 && !design.has_batch() {
                    2
                } else {
                    0
                },
                FAULT_BITS,
                false,
            ),
            _shape: shape.clone(),
        }
    }

    /// Beats of a line, by the state that awaits it.
    fn beats_of(&self, state: State) -> u64 {
        let design = &self._shape.design;
        u64::from(match state {
            State::Constant => design.beats(design.constant_line_bits()),
            State::Tile => design.beats(design.tile_line_bits()),
            State::Data => design.beats(design.code_line_bits()),
            _ => design.command_beats(),
        })
    }

    fn is<I: Interpreter>(&self, i: &mut I, state: State) -> I::Word {
        let code = i.constant(STATE_BITS, state as u64);
        self.state.read(i).equals(code)
    }

    /// A lane of the line buffer.
    fn lane<I: Interpreter>(&self, i: &mut I, lane: usize) -> I::Word {
        self.lanes[lane].read(i)
    }

    /// The opcode of the command at hand is this one.
    fn opcode_is<I: Interpreter>(&self, i: &mut I, code: u32) -> I::Word {
        let code = i.constant(8, u64::from(code));
        self.lane(i, 0).slice(0, 8).equals(code)
    }

    /// The FETCH at hand is from the scratch region.
    fn scratch<I: Interpreter>(&self, i: &mut I) -> I::Word {
        self.lane(i, 0).bit(Command::SCRATCH as usize)
    }

    fn restart<I: Interpreter>(&self, i: &mut I) -> I::Word {
        i.read(&self.start) | i.read(&self.reset)
    }

    fn step<I: Interpreter>(
        &self,
        i: &mut I,
        taken: &Taken<I::Word>,
        last: &Last<I::Word>,
        fault: I::Word,
    ) {
        let tiles_done = i.name("tiles_done", taken.tile & last.tile);
        let moved = self.is(i, State::Move) & i.read(&self.move_done);
        let mut next = self.state.read(i);
        for (condition, state) in [
            (taken.header, State::Command),
            (taken.layer, State::Constant),
            (taken.fetch, State::Data),
            (taken.moves, State::Move),
            (moved, State::Command),
            (taken.end, State::Idle),
            (taken.constant, State::Tile),
            (tiles_done & last.column, State::Command),
            (tiles_done & !last.column, State::Constant),
            (taken.data & last.line, State::Command),
            (fault, State::Fault),
        ] {
            let to = i.constant(STATE_BITS, state as u64);
            next = condition.mux(to, next);
        }
        let (start, reset) = (i.read(&self.start), i.read(&self.reset));
        let header = i.constant(STATE_BITS, State::Header as u64);
        let idle = i.constant(STATE_BITS, State::Idle as u64);
        let next = start.mux(header, reset.mux(idle, next));
        self.state.load(i, &self.clock, next);
    }

    /// The registers of the next layer, and pulses.
    fn results<I: Interpreter>(&self, i: &mut I, taken: &Taken<I::Word>) {
        for (register, (name, _)) in self.registers.iter().zip(layer_registers(&self._shape)) {
            let value = self.field(i, name);
            register.load_if(i, &self.clock, taken.layer, value);
            i.connect(self.next.get(name), &register.q);
        }
        let (restart, begins) = (self.restart(i), i.read(&self.layer_start));
        let store = self.opcode_is(i, Command::STORE);
        let fetches = taken.fetch | (taken.moves & !store);
        let waits = taken.layer | (self.next_full.read(i) & !begins);
        for (register, next, port) in [
            (&self.next_full, waits, &self.next_valid),
            (&self.fetching, fetches, &self.fetch_valid),
            (&self.storing, taken.moves & store, &self.store_valid),
            (&self.begun, taken.header, &self.header_valid),
            (&self.ended, taken.end, &self.done),
        ] {
            register.load_or_zero(i, &self.clock, restart, next);
            i.connect(port, &register.q);
        }
        i.connect(&self.header_beats, &self.lanes[4].q);
        i.connect(&self.fetch_offset, &self.lanes[Fetch::LANES[2]].q);
        i.connect(&self.fetch_beats, &self.lanes[Fetch::LANES[3]].q);
        i.connect(&self.move_address, &self.lanes[Fetch::LANES[0]].q);
        i.connect(&self.move_lines, &self.lanes[Fetch::LANES[1]].q);
        let maps = self.scratch(i);
        i.drive(&self.fetch_maps, maps);
        i.drive(&self.write_constant, taken.constant);
        i.drive(&self.write_tile, taken.tile);
        i.drive(&self.write_codes, taken.data);
        i.connect(&self.code_address, &self.address.q);
    }
}

/// The state, one flag each.
struct States<W> {
    header: W,
    command: W,
    constant: W,
    tile: W,
    data: W,
    moves: W,
}

/// What is taken in this cycle.
struct Taken<W> {
    header: W,
    layer: W,
    fetch: W,
    moves: W,
    end: W,
    constant: W,
    tile: W,
    data: W,
    /// The line is a faulty header or command.
    bad: W,
    code: W,
}

/// The line at hand is the last of its kind.
struct Last<W> {
    tile: W,
    column: W,
    line: W,
}

/// How the line at hand makes room for the next.
struct Flow<W> {
    taken: W,
    /// It is taken, and a line of the same kind follows.
    more: W,
    header: W,
    fetch: W,
}

/// Beats of the longest line.
fn longest(shape: &Shape) -> usize {
    let design = &shape.design;
    let lines = [
        design.constant_line_bits(),
        design.tile_line_bits(),
        design.code_line_bits(),
    ];
    lines
        .into_iter()
        .map(|bits| design.beats(bits))
        .fold(design.command_beats(), u32::max) as usize
}

/// Bits that count the lines of a fetch or a store: at most those of a whole code bank.
pub(crate) fn lines_bits(shape: &Shape) -> usize {
    (shape.address_bits() + 1).min(LANE_BITS)
}

impl Describe for Decoder {
    fn module(&self) -> String {
        "decoder".to_string()
    }
    fn about(&self) -> String {
        "Reads the program: puts beats together to lines, writes constants, weights and input,\n\
         and sets the registers of the next layer."
            .to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let at = States {
            header: self.is(i, State::Header),
            command: self.is(i, State::Command),
            constant: self.is(i, State::Constant),
            tile: self.is(i, State::Tile),
            data: self.is(i, State::Data),
            moves: self.is(i, State::Move),
        };
        let taken = self.taken(i, &at);
        self.results(i, &taken);
        let last = self.count_lines(i, &taken);
        let fault = self.faults(i, &at, &taken, last.line);
        let lines = taken.constant | taken.tile | taken.data;
        let commands = taken.header | taken.layer | taken.fetch | taken.moves | taken.end;
        let more = (taken.tile & !last.tile) | (taken.data & !last.line);
        let flow = Flow {
            taken: i.name("taken", lines | commands),
            more: i.name("more", more),
            header: taken.header,
            fetch: taken.fetch,
        };
        self.accept(i, &at, &flow);
        self.step(i, &taken, &last, fault);
        i.drive(&self.in_data, at.data);
        i.drive(&self.in_move, at.moves);
        let idle = self.is(i, State::Idle);
        let faulty = self.is(i, State::Fault);
        i.drive(&self.busy, !(idle | faulty));
    }
}
logic!(Decoder);

#[cfg(test)]
mod tests;
