//! What a host sees: an AXI4-Lite slave with the control registers.

use crate::counting::entry;
use crate::decoder::{FAULT_BITS, LANE_BITS};
use crate::shape::Shape;
use cromulent_design::{
    Access, CONTROL_ADDRESS_BITS, CONTROL_REGISTERS, ControlRegister, FIRST_COUNTER, PROGRAM_MAGIC,
    PROGRAM_VERSION,
};
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// SLVERR.
const ERROR: u64 = 2;
/// Address bits that count: the rest is inside a register.
const INDEX_BITS: usize = CONTROL_ADDRESS_BITS as usize - 2;
/// Bits of INTERRUPT_ENABLE and INTERRUPT_STATUS: done, fault.
const INTERRUPTS: usize = 2;
/// The addresses a host sets, by the first part of their registers' names.
const ADDRESSES: [&str; 4] = ["PROGRAM", "INPUT", "RESULT", "SCRATCH"];

/// The control registers, and the interrupt. One read and one write at a time, independent of each
/// other; address and data of a write may come in any order.
#[derive(LogicBlock)]
pub struct Control {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset.
    pub reset: Net<In>,
    /// AXI4-Lite write address channel.
    pub awvalid: Net<In>,
    /// AXI4-Lite write address channel.
    pub awready: Net<Out>,
    /// Byte address.
    pub awaddr: Net<In>,
    /// AXI4-Lite write data channel.
    pub wvalid: Net<In>,
    /// AXI4-Lite write data channel.
    pub wready: Net<Out>,
    /// Data.
    pub wdata: Net<In>,
    /// One bit a byte.
    pub wstrb: Net<In>,
    /// AXI4-Lite write response channel.
    pub bvalid: Net<Out>,
    /// AXI4-Lite write response channel.
    pub bready: Net<In>,
    /// OKAY or SLVERR.
    pub bresp: Net<Out>,
    /// AXI4-Lite read address channel.
    pub arvalid: Net<In>,
    /// AXI4-Lite read address channel.
    pub arready: Net<Out>,
    /// Byte address.
    pub araddr: Net<In>,
    /// AXI4-Lite read data channel.
    pub rvalid: Net<Out>,
    /// AXI4-Lite read data channel.
    pub rready: Net<In>,
    /// Data.
    pub rdata: Net<Out>,
    /// OKAY or SLVERR.
    pub rresp: Net<Out>,
    /// The host asks for a start.
    pub request: Net<Out>,
    /// It is granted.
    pub start: Net<In>,
    /// It is refused.
    pub refused: Net<In>,
    /// A program runs.
    pub busy: Net<In>,
    /// For one cycle: a program ends well.
    pub done: Net<In>,
    /// For one cycle: a program fails.
    pub failed: Net<In>,
    /// Code of the fault; 0 for none.
    pub fault: Net<In>,
    /// The counters, in the order of the registers from [`FIRST_COUNTER`] on.
    pub counter: Vec<Net<In>>,
    /// Byte addresses of program, input, results and scratch region.
    pub address: Vec<Net<Out>>,
    /// High while an enabled interrupt is pending.
    pub interrupt: Net<Out>,
    address_held: Register,
    data_held: Register,
    write_index: Register,
    write_data: Register,
    write_strobes: Register,
    answering: Register,
    write_error: Register,
    reading: Register,
    read_data: Register,
    read_error: Register,
    requested: Register,
    was_done: Register,
    was_failed: Register,
    was_refused: Register,
    enabled: Register,
    pending: Register,
    low: Vec<Register>,
    high: Vec<Register>,
    _fingerprint: u64,
}

impl Control {
    /// The control registers of a design.
    pub fn new(shape: &Shape) -> Control {
        let bits = shape.design.memory_address_bits as usize;
        let counters = CONTROL_REGISTERS
            .iter()
            .filter(|register| register.offset >= FIRST_COUNTER)
            .count();
        let (low, high) = (bits.min(LANE_BITS), bits.saturating_sub(LANE_BITS));
        let address = || Net::bits(CONTROL_ADDRESS_BITS as usize);
        Control {
            clock: Net::flag(),
            reset: Net::flag(),
            awvalid: Net::flag(),
            awready: Net::flag(),
            awaddr: address(),
            wvalid: Net::flag(),
            wready: Net::flag(),
            wdata: Net::bits(LANE_BITS),
            wstrb: Net::bits(LANE_BITS / 8),
            bvalid: Net::flag(),
            bready: Net::flag(),
            bresp: Net::bits(2),
            arvalid: Net::flag(),
            arready: Net::flag(),
            araddr: address(),
            rvalid: Net::flag(),
            rready: Net::flag(),
            rdata: Net::bits(LANE_BITS),
            rresp: Net::bits(2),
            request: Net::flag(),
            start: Net::flag(),
            refused: Net::flag(),
            busy: Net::flag(),
            done: Net::flag(),
            failed: Net::flag(),
            fault: Net::bits(FAULT_BITS),
            counter: Net::array(counters, LANE_BITS, false),
            address: Net::array(ADDRESSES.len(), bits, false),
            interrupt: Net::flag(),
            address_held: Register::control(1),
            data_held: Register::control(1),
            write_index: Register::enabled(INDEX_BITS, false),
            write_data: Register::enabled(LANE_BITS, false),
            write_strobes: Register::enabled(LANE_BITS / 8, false),
            answering: Register::control(1),
            write_error: Register::enabled(1, false),
            reading: Register::control(1),
            read_data: Register::enabled(LANE_BITS, false),
            read_error: Register::enabled(1, false),
            requested: Register::control(1),
            was_done: Register::control(1),
            was_failed: Register::control(1),
            was_refused: Register::control(1),
            enabled: Register::control(INTERRUPTS),
            pending: Register::control(INTERRUPTS),
            low: ADDRESSES.map(|_| Register::control(low)).into(),
            high: match high {
                0 => vec![],
                bits => ADDRESSES.map(|_| Register::control(bits)).into(),
            },
            _fingerprint: shape.design.fingerprint(),
        }
    }

    /// Takes address and data in, in any order, and answers; gives back the cycle in which both are
    /// there and the register is written.
    fn write_channels<I: Interpreter>(&self, i: &mut I) -> I::Word {
        let (address, data) = (self.address_held.read(i), self.data_held.read(i));
        let answering = self.answering.read(i);
        let write = i.name("write", address & data & !answering);
        let (clock, reset) = (&self.clock, &self.reset);
        i.drive(&self.awready, !address);
        i.drive(&self.wready, !data);
        let new_address = i.read(&self.awvalid) & !address;
        let new_data = i.read(&self.wvalid) & !data;
        self.address_held
            .update_from(i, clock, reset, new_address | (address & !write));
        self.data_held
            .update_from(i, clock, reset, new_data | (data & !write));
        let bytes = i.read(&self.awaddr);
        i.unused(bytes.slice(0, 2));
        self.write_index
            .load_if(i, clock, new_address, bytes.slice(2, INDEX_BITS));
        let (word, strobes) = (i.read(&self.wdata), i.read(&self.wstrb));
        self.write_data.load_if(i, clock, new_data, word);
        self.write_strobes.load_if(i, clock, new_data, strobes);
        let waits = answering & !i.read(&self.bready);
        self.answering.update_from(i, clock, reset, write | waits);
        i.connect(&self.bvalid, &self.answering.q);
        let index = self.write_index.read(i);
        let known = self.known(i, index, |register| register.access != Access::Read);
        self.write_error.load_if(i, clock, write, !known);
        let response = self.response(i, &self.write_error);
        i.drive(&self.bresp, response);
        write
    }

    fn response<I: Interpreter>(&self, i: &mut I, error: &Register) -> I::Word {
        let (okay, failed) = (i.constant(2, 0), i.constant(2, ERROR));
        error.read(i).mux(failed, okay)
    }

    /// The index is that of a register of this kind.
    fn known<I: Interpreter>(
        &self,
        i: &mut I,
        index: I::Word,
        kind: impl Fn(&ControlRegister) -> bool,
    ) -> I::Word {
        let none = i.constant(1, 0);
        let registers = CONTROL_REGISTERS.iter().filter(|register| kind(register));
        registers.fold(none, |any, register| any | at(i, index, register))
    }

    fn read_channels<I: Interpreter>(&self, i: &mut I) {
        let reading = self.reading.read(i);
        let ask = i.read(&self.arvalid) & !reading;
        let ask = i.name("read", ask);
        i.drive(&self.arready, !reading);
        let waits = reading & !i.read(&self.rready);
        self.reading
            .update_from(i, &self.clock, &self.reset, ask | waits);
        i.connect(&self.rvalid, &self.reading.q);
        let bytes = i.read(&self.araddr);
        i.unused(bytes.slice(0, 2));
        let index = bytes.slice(2, INDEX_BITS);
        let mut words = vec![None; 1 << INDEX_BITS];
        for register in &CONTROL_REGISTERS {
            words[register.offset as usize / 4] = Some(self.value(i, register));
        }
        let number: Vec<I::Word> = (0..INDEX_BITS).map(|bit| index.bit(bit)).collect();
        let zero = i.constant(LANE_BITS, 0);
        let data = entry(&words, &number, Some(zero)).unwrap_or(zero);
        self.read_data.load_if(i, &self.clock, ask, data);
        i.connect(&self.rdata, &self.read_data.q);
        let known = self.known(i, index, |_| true);
        self.read_error.load_if(i, &self.clock, ask, !known);
        let response = self.response(i, &self.read_error);
        i.drive(&self.rresp, response);
    }

    /// What a register reads as.
    fn value<I: Interpreter>(&self, i: &mut I, register: &ControlRegister) -> I::Word {
        if let Some(n) = register.offset.checked_sub(FIRST_COUNTER) {
            return i.read(&self.counter[n as usize / 4]);
        }
        if let Some(stored) = self.stored(register.name) {
            return stored.read(i).resize(LANE_BITS);
        }
        let number = match register.name {
            "ID" => u64::from(PROGRAM_MAGIC),
            "VERSION" => u64::from(PROGRAM_VERSION),
            "FINGERPRINT_LOW" => self._fingerprint & u64::from(u32::MAX),
            "FINGERPRINT_HIGH" => self._fingerprint >> 32,
            "STATUS" => return self.status(i),
            _ => 0,
        };
        i.constant(LANE_BITS, number)
    }

    fn status<I: Interpreter>(&self, i: &mut I) -> I::Word {
        let busy = i.read(&self.busy);
        let ended = self.was_failed.read(i).concat(self.was_done.read(i));
        let low = self.was_refused.read(i).concat(ended).concat(busy);
        i.read(&self.fault).concat(low.resize(8)).resize(LANE_BITS)
    }

    /// The register behind a name, if it is one that is just stored.
    fn stored(&self, name: &str) -> Option<&Register> {
        match name {
            "INTERRUPT_ENABLE" => return Some(&self.enabled),
            "INTERRUPT_STATUS" => return Some(&self.pending),
            _ => {}
        }
        let (first, half) = name.split_once('_')?;
        let n = ADDRESSES.iter().position(|address| *address == first)?;
        match half {
            "LOW" => self.low.get(n),
            "HIGH" => self.high.get(n),
            _ => None,
        }
    }

    /// What a write makes of registers, bytes without a strobe staying as they are.
    fn store<I: Interpreter>(&self, i: &mut I, write: I::Word) {
        let (data, strobes) = (self.write_data.read(i), self.write_strobes.read(i));
        let lanes = [3, 2, 1, 0].map(|byte| strobes.bit(byte).repeat(8));
        let [a, b, c, d] = lanes;
        let mask = i.name("mask", a.concat(b).concat(c).concat(d));
        let set = i.name("set_bits", data & mask);
        i.unused(mask);
        i.unused(set);
        let index = self.write_index.read(i);
        for register in &CONTROL_REGISTERS {
            let here = write & at(i, index, register);
            if register.access == Access::ReadWrite {
                let Some(stored) = self.stored(register.name) else {
                    continue;
                };
                let now = stored.read(i);
                let merged = (now & !mask.resize(now.width())) | set.resize(now.width());
                let next = here.mux(merged, now);
                stored.update_from(i, &self.clock, &self.reset, next);
            }
        }
        let mut written = |name: &str| {
            let mut registers = CONTROL_REGISTERS.iter();
            match registers.find(|register| register.name == name) {
                Some(register) => write & at(i, index, register),
                None => write,
            }
        };
        let (start, clear) = (written("CONTROL"), written("INTERRUPT_STATUS"));
        self.requested
            .update_from(i, &self.clock, &self.reset, start & set.bit(0));
        i.connect(&self.request, &self.requested.q);
        let cleared = clear.repeat(INTERRUPTS) & set.resize(INTERRUPTS);
        self.interrupts(i, cleared);
    }

    fn interrupts<I: Interpreter>(&self, i: &mut I, cleared: I::Word) {
        let (start, done, failed) = (
            i.read(&self.start),
            i.read(&self.done),
            i.read(&self.failed),
        );
        let refused = i.read(&self.refused);
        for (register, event) in [
            (&self.was_done, done),
            (&self.was_failed, failed),
            (&self.was_refused, refused),
        ] {
            let next = event | (register.read(i) & !start);
            register.update_from(i, &self.clock, &self.reset, next);
        }
        let pending = self.pending.read(i);
        let next = (pending & !cleared) | failed.concat(done);
        self.pending.update_from(i, &self.clock, &self.reset, next);
        let enabled = self.enabled.read(i);
        i.drive(&self.interrupt, (pending & enabled).any());
    }
}

/// The index is that of this register.
fn at<I: Interpreter>(i: &mut I, index: I::Word, register: &ControlRegister) -> I::Word {
    let number = i.constant(INDEX_BITS, u64::from(register.offset / 4));
    index.equals(number)
}

impl Describe for Control {
    fn module(&self) -> String {
        "control".to_string()
    }
    fn about(&self) -> String {
        "Control registers, by AXI4-Lite.".to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let write = self.write_channels(i);
        self.store(i, write);
        self.read_channels(i);
        for (n, port) in self.address.iter().enumerate() {
            let low = self.low[n].read(i);
            match self.high.get(n) {
                Some(high) => {
                    let whole = high.read(i).concat(low);
                    i.drive(port, whole);
                }
                None => i.drive(port, low),
            }
        }
    }
}
logic!(Control);

#[cfg(test)]
mod tests;
