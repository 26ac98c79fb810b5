//! Synchronous memories that synthesis infers as block RAM.

use crate::net::Net;
use crate::value::Value;
use rust_hdl_core::prelude::*;

/// The macro with which the Verilog of a memory shows who reads a word that is being written.
pub const COLLISIONS: &str = "CROMULENT_COLLISIONS";

/// One write port and one read port, both on the rising edge. Nobody may rely on what is read of a word that is being
/// written, nor of one outside `0..depth`: block RAM of some families gives nothing defined there, and what makes it
/// give the old word takes more cells than the rest of the memory.
///
/// The model gives the complement of the old word, and so does the Verilog where [`COLLISIONS`] is defined, so that a
/// block that relies on either is found out in simulation.
#[derive(LogicBlock)]
pub struct Memory {
    /// Clock.
    pub clock: Net<In>,
    /// Write this cycle.
    pub write_enable: Net<In>,
    /// Word written.
    pub write_address: Net<In>,
    /// Data written.
    pub write_data: Net<In>,
    /// Word read; its data follows in the next cycle.
    pub read_address: Net<In>,
    /// Data read.
    pub read_data: Net<Out>,
    _words: Vec<u64>,
}

impl Memory {
    /// `depth` words of `width` bits, unsigned; zero when simulation starts, unknown in hardware.
    ///
    /// # Panics
    /// When `depth` is zero.
    pub fn new(depth: usize, width: usize) -> Self {
        assert!(depth > 0, "a memory has at least one word");
        let address = address_bits(depth);
        Memory {
            clock: Net::flag(),
            write_enable: Net::flag(),
            write_address: Net::bits(address),
            write_data: Net::bits(width),
            read_address: Net::bits(address),
            read_data: Net::bits(width),
            _words: vec![0; depth],
        }
    }
}

/// Bits that address `depth` words: at least one.
pub fn address_bits(depth: usize) -> usize {
    (depth.max(2) - 1).ilog2() as usize + 1
}

impl Logic for Memory {
    fn update(&mut self) {
        if !self.clock.rises() {
            return;
        }
        let read = self
            ._words
            .get(self.read_address.value().pattern() as usize)
            .copied();
        let (writes, width) = (self.write_enable.value().is_true(), self.read_data.width());
        let collides =
            writes && self.write_address.value().pattern() == self.read_address.value().pattern();
        let mask = if collides {
            u64::MAX >> (u64::BITS as usize - width)
        } else {
            0
        };
        let word = read.unwrap_or(0) ^ mask;
        self.read_data.drive(Value::unsigned(width, word));
        if writes {
            let address = self.write_address.value().pattern() as usize;
            if let Some(word) = self._words.get_mut(address) {
                *word = self.write_data.value().pattern();
            }
        }
    }
    fn connect(&mut self) {
        self.read_data.claim();
    }
    fn hdl(&self) -> Verilog {
        let (depth, width) = (self._words.len(), self.read_data.width());
        let top = width - 1;
        Verilog::Custom(format!(
            "//! module memory_{depth}x{width}\n\
             //! about {depth} words of {width} bits; nobody relies on what is read of a word that is being written\n\
             //! registered read_data\n\
             (* no_rw_check *) reg [{top}:0] words [0:{last}];\n\
             always @(posedge clock) begin\n\
             \x20 if (write_enable) words[write_address] <= write_data;\n\
             \x20 read_data <= words[read_address];\n\
             `ifdef {COLLISIONS}\n\
             \x20 if (write_enable && write_address == read_address) read_data <= ~words[read_address];\n\
             `endif\n\
             end",
            last = depth - 1
        ))
    }
}

#[cfg(test)]
mod tests;
