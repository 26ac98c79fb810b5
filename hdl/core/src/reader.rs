//! Reads program, input and maps from memory: an AXI4 read master with two clients.

use crate::bursts::{BURST_BITS, Bursts};
use crate::decoder::LANE_BITS;
use crate::fifo::Fifo;
use crate::shape::Shape;
use cromulent_design::FIFO_BEATS;
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, address_bits, logic};
use rust_hdl_core::prelude::*;

/// Bits of the number of beats that are asked for at once: the input may ask for all of its own.
const OUTSTANDING_BITS: usize = LANE_BITS + 1;
/// Bits of ARLEN.
pub(crate) const LENGTH_BITS: usize = 8;

/// Asks for the beats of program (ARID 0) and of input or maps (ARID 1). Beats of the program wait in a queue in
/// which room is reserved before they are asked for; beats of the input go straight through.
///
/// The address channel is one register. In a cycle in which it is free (`arvalid` low or `arready`
/// high) it takes the next burst, the input's before the program's; `arvalid` is high from the next
/// cycle on.
#[derive(LogicBlock)]
pub struct Reader {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset.
    pub reset: Net<In>,
    /// Begin with the header of the program. Only while `idle`.
    pub start: Net<In>,
    /// Ask for nothing more, and drop what still comes.
    pub stop: Net<In>,
    /// With `start`: byte address of the program. Less than a beat does not count.
    pub program_address: Net<In>,
    /// With `start`: byte address of the input.
    pub input_address: Net<In>,
    /// With `start`: byte address of the scratch region.
    pub scratch_address: Net<In>,
    /// The program is longer than its header.
    pub header_valid: Net<In>,
    /// With `header_valid`: beats of the program, header included.
    pub header_beats: Net<In>,
    /// Fetch input, or maps.
    pub fetch_valid: Net<In>,
    /// With `fetch_valid`: maps, from the scratch region.
    pub fetch_maps: Net<In>,
    /// With `fetch_valid`: bytes from the region's address. Less than a beat does not count.
    pub fetch_offset: Net<In>,
    /// With `fetch_valid`: beats.
    pub fetch_beats: Net<In>,
    /// A beat of the program is offered.
    pub program_valid: Net<Out>,
    /// It is accepted.
    pub program_ready: Net<In>,
    /// The beat, lowest lane first.
    pub program_data: Vec<Net<Out>>,
    /// A beat of the input, or of maps, is offered.
    pub data_valid: Net<Out>,
    /// It is accepted.
    pub data_ready: Net<In>,
    /// The beat, lowest lane first.
    pub data_data: Vec<Net<Out>>,
    /// No beat is asked for that has not come.
    pub idle: Net<Out>,
    /// For one cycle: in the cycle before a beat came with an error.
    pub error: Net<Out>,
    /// Beats of the program that have come since the start.
    pub program_beats: Net<Out>,
    /// Beats of the input that have come since the start.
    pub input_beats: Net<Out>,
    /// Beats of maps that have come since the start.
    pub map_beats: Net<Out>,
    /// AXI read address channel.
    pub arvalid: Net<Out>,
    /// AXI read address channel.
    pub arready: Net<In>,
    /// 0 for the program, 1 for input and maps.
    pub arid: Net<Out>,
    /// Byte address of the burst.
    pub araddr: Net<Out>,
    /// Beats of the burst, less one.
    pub arlen: Net<Out>,
    /// AXI read data channel.
    pub rvalid: Net<In>,
    /// AXI read data channel.
    pub rready: Net<Out>,
    /// Which client the beat is for.
    pub rid: Net<In>,
    /// The beat, lowest lane first.
    pub rdata: Vec<Net<In>>,
    /// 0, or an error.
    pub rresp: Net<In>,
    fifo: Fifo,
    program: Bursts,
    input: Bursts,
    input_base: Register,
    scratch_base: Register,
    maps: Register,
    asking: Register,
    ask_input: Register,
    ask_address: Register,
    ask_length: Register,
    reserved: Register,
    asked: Register,
    outstanding: Register,
    failed: Register,
    program_count: Register,
    input_count: Register,
    map_count: Register,
    _shift: usize,
    _command_beats: u64,
}

impl Reader {
    /// The reader of a design.
    pub fn new(shape: &Shape) -> Reader {
        let design = &shape.design;
        let lanes = design.bus_lanes() as usize;
        let address = design.memory_address_bits as usize;
        let shift = beat_shift(shape);
        let count = || Net::bits(LANE_BITS);
        Reader {
            clock: Net::flag(),
            reset: Net::flag(),
            start: Net::flag(),
            stop: Net::flag(),
            program_address: Net::bits(address),
            input_address: Net::bits(address),
            scratch_address: Net::bits(address),
            header_valid: Net::flag(),
            header_beats: Net::bits(LANE_BITS),
            fetch_valid: Net::flag(),
            fetch_maps: Net::flag(),
            fetch_offset: Net::bits(LANE_BITS),
            fetch_beats: Net::bits(LANE_BITS),
            program_valid: Net::flag(),
            program_ready: Net::flag(),
            program_data: Net::array(lanes, LANE_BITS, false),
            data_valid: Net::flag(),
            data_ready: Net::flag(),
            data_data: Net::array(lanes, LANE_BITS, false),
            idle: Net::flag(),
            error: Net::flag(),
            program_beats: count(),
            input_beats: count(),
            map_beats: count(),
            arvalid: Net::flag(),
            arready: Net::flag(),
            arid: Net::flag(),
            araddr: Net::bits(address),
            arlen: Net::bits(LENGTH_BITS),
            rvalid: Net::flag(),
            rready: Net::flag(),
            rid: Net::flag(),
            rdata: Net::array(lanes, LANE_BITS, false),
            rresp: Net::bits(2),
            fifo: Fifo::new(FIFO_BEATS as usize, &vec![LANE_BITS; lanes]),
            program: Bursts::new(address - shift),
            input: Bursts::new(address - shift),
            input_base: Register::enabled(address, false),
            scratch_base: Register::enabled(address, false),
            maps: Register::enabled(1, false),
            asking: Register::data(1, false),
            ask_input: Register::enabled(1, false),
            ask_address: Register::enabled(address - shift, false),
            ask_length: Register::enabled(LENGTH_BITS, false),
            reserved: Register::data(address_bits(FIFO_BEATS as usize + 1), false),
            asked: Register::data(1, false),
            outstanding: Register::data(OUTSTANDING_BITS, false),
            failed: Register::data(1, false),
            program_count: Register::data(LANE_BITS, false),
            input_count: Register::data(LANE_BITS, false),
            map_count: Register::data(LANE_BITS, false),
            _shift: shift,
            _command_beats: u64::from(design.command_beats()),
        }
    }

    fn restart<I: Interpreter>(&self, i: &mut I) -> I::Word {
        i.read(&self.start) | i.read(&self.reset)
    }

    /// A beat address from a byte address.
    fn beat_address<I: Interpreter>(&self, i: &mut I, bytes: I::Word) -> I::Word {
        i.unused(bytes.slice(0, self._shift));
        bytes.slice(self._shift, bytes.width() - self._shift)
    }

    fn clients<I: Interpreter>(&self, i: &mut I, take_program: I::Word, take_input: I::Word) {
        let (program, input) = (&self.program, &self.input);
        let (start, restart) = (i.read(&self.start), self.restart(i));
        i.connect(&program.clock, &self.clock);
        i.connect(&program.reset, &self.reset);
        i.drive(&program.taken, take_program);
        i.connect(&program.place, &self.start);
        let bytes = i.read(&self.program_address);
        let address = self.beat_address(i, bytes);
        i.drive(&program.place_address, address);
        let header = i.read(&self.header_valid);
        i.drive(&program.ask, start | header);
        let command = i.constant(LANE_BITS, self._command_beats);
        let rest = i.read(&self.header_beats) - command;
        i.drive(&program.ask_beats, start.mux(command, rest));

        i.connect(&input.clock, &self.clock);
        i.drive(&input.reset, restart);
        i.drive(&input.taken, take_input);
        i.connect(&input.place, &self.fetch_valid);
        i.connect(&input.ask, &self.fetch_valid);
        i.connect(&input.ask_beats, &self.fetch_beats);
        let base = i.read(&self.input_address);
        self.input_base.load_if(i, &self.clock, start, base);
        let base = i.read(&self.scratch_address);
        self.scratch_base.load_if(i, &self.clock, start, base);
        let (fetch, maps) = (i.read(&self.fetch_valid), i.read(&self.fetch_maps));
        self.maps.load_if(i, &self.clock, fetch, maps);
        let base = maps.mux(self.scratch_base.read(i), self.input_base.read(i));
        let offset = i.read(&self.fetch_offset);
        let width = base.width();
        if width < LANE_BITS {
            i.unused(offset.slice(width, LANE_BITS - width));
        }
        let bytes = i.name("first_bytes", base + offset.resize(width));
        let address = self.beat_address(i, bytes);
        i.drive(&input.place_address, address);
    }

    /// Chooses the next burst, and hands it to the address channel. Gives back its beats if it is the
    /// program's, or 0.
    fn ask<I: Interpreter>(&self, i: &mut I) -> I::Word {
        let (program, input) = (i.read(&self.program.beats), i.read(&self.input.beats));
        let (program_waits, input_waits) = (i.read(&self.program.waits), i.read(&self.input.waits));
        let asking = self.asking.read(i);
        let free = !asking | i.read(&self.arready);
        let stop = i.read(&self.stop);
        let open = i.name("open", free & !stop);
        let reserved = self.reserved.read(i);
        let wide = reserved.width() + 1;
        let most = i.constant(wide, u64::from(FIFO_BEATS));
        let room = most.at_least(reserved.resize(wide) + program.resize(wide));
        let room = i.name("room", room);
        let take_input = i.name("take_input", open & input_waits);
        let take_program = open & !input_waits & program_waits & room;
        let take_program = i.name("take_program", take_program);
        let take = i.name("take", take_input | take_program);
        let restart = self.restart(i);
        self.asking
            .load_or_zero(i, &self.clock, restart, take | (asking & !free));
        self.ask_input.load_if(i, &self.clock, take, take_input);
        let address = take_input.mux(i.read(&self.input.address), i.read(&self.program.address));
        self.ask_address.load_if(i, &self.clock, take, address);
        let beats = take_input.mux(input, program).resize(LENGTH_BITS);
        let one = i.constant(LENGTH_BITS, 1);
        self.ask_length.load_if(i, &self.clock, take, beats - one);
        let low = i.constant(self._shift, 0);
        i.connect(&self.arvalid, &self.asking.q);
        i.connect(&self.arid, &self.ask_input.q);
        i.connect(&self.arlen, &self.ask_length.q);
        let bytes = self.ask_address.read(i).concat(low);
        i.drive(&self.araddr, bytes);
        self.clients(i, take_program, take_input);
        self.asked.load_or_zero(i, &self.clock, restart, take);
        let none = i.constant(BURST_BITS, 0);
        take_program.mux(program, none)
    }

    /// Counts beats that are asked for and have not come. A burst counts a cycle late, in which it is
    /// in the address register.
    fn outstanding<I: Interpreter>(&self, i: &mut I, come: I::Word) {
        let (count, asked) = (self.outstanding.read(i), self.asked.read(i));
        let length = self.ask_length.read(i) & asked.repeat(LENGTH_BITS);
        let more = length.resize(OUTSTANDING_BITS) + asked.resize(OUTSTANDING_BITS);
        let next = count + (more - come.resize(OUTSTANDING_BITS));
        let restart = self.restart(i);
        self.outstanding.load_or_zero(i, &self.clock, restart, next);
        i.drive(&self.idle, !count.any() & !asked);
    }

    /// Takes beats in: those of the program always, as room was reserved.
    fn receive<I: Interpreter>(&self, i: &mut I) -> I::Word {
        let (valid, input) = (i.read(&self.rvalid), i.read(&self.rid));
        let data_ready = i.read(&self.data_ready) | i.read(&self.stop);
        // Only a beat that is there can be refused: its ID says nothing before.
        let ready = i.name("receive_ready", !(valid & input) | data_ready);
        i.drive(&self.rready, ready);
        let come = i.name("come", valid & ready);
        let fifo = &self.fifo;
        i.connect(&fifo.clock, &self.clock);
        let restart = self.restart(i);
        i.drive(&fifo.reset, restart);
        i.drive(&fifo.push, valid & !input);
        i.drive(&self.data_valid, valid & input);
        for (lane, word) in self.rdata.iter().enumerate() {
            i.connect(&fifo.input[lane], word);
            i.connect(&self.program_data[lane], &fifo.output[lane]);
            i.connect(&self.data_data[lane], word);
        }
        i.connect(&self.program_valid, &fifo.valid);
        i.connect(&fifo.ready, &self.program_ready);
        let held = i.read(&fifo.held);
        i.unused(held);
        let bad = i.read(&self.rresp).any();
        self.failed
            .load_or_zero(i, &self.clock, restart, come & bad);
        i.connect(&self.error, &self.failed.q);
        let maps = self.maps.read(i);
        for (register, event, port) in [
            (&self.program_count, come & !input, &self.program_beats),
            (&self.input_count, come & input & !maps, &self.input_beats),
            (&self.map_count, come & input & maps, &self.map_beats),
        ] {
            let next = register.read(i) + event.resize(LANE_BITS);
            register.load_or_zero(i, &self.clock, restart, next);
            i.connect(port, &register.q);
        }
        come
    }
}

/// Address bits inside a beat.
pub(crate) fn beat_shift(shape: &Shape) -> usize {
    address_bits(shape.design.bus_bits as usize / 8)
}

impl Describe for Reader {
    fn module(&self) -> String {
        "reader".to_string()
    }
    fn about(&self) -> String {
        format!(
            "Reads program, input and maps by AXI4; holds at most {FIFO_BEATS} beats of the program, and never refuses one."
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let program = self.ask(i);
        let come = self.receive(i);
        self.outstanding(i, come);
        let restart = self.restart(i);
        let popped = i.read(&self.fifo.valid) & i.read(&self.program_ready);
        let reserved = self.reserved.read(i);
        let bits = reserved.width();
        let next = reserved + program.resize(bits) - popped.resize(bits);
        self.reserved.load_or_zero(i, &self.clock, restart, next);
    }
}
logic!(Reader);

#[cfg(test)]
mod tests;
