//! Small memories that synthesis infers as distributed RAM: tables of an FPGA that can be written.

use crate::memory::address_bits;
use crate::net::Net;
use crate::value::Value;
use rust_hdl_core::prelude::*;

/// One write port on the rising edge, and one read port that shows the word of its address at once: a word that is
/// written is read from the next cycle on. Nobody may rely on a word outside `0..depth`, nor on one before it is written.
#[derive(LogicBlock)]
pub struct Lookup {
    /// Clock.
    pub clock: Net<In>,
    /// Write this cycle.
    pub write_enable: Net<In>,
    /// Word written.
    pub write_address: Net<In>,
    /// Data written.
    pub write_data: Net<In>,
    /// Word read, in the same cycle.
    pub read_address: Net<In>,
    /// Data read.
    pub read_data: Net<Out>,
    _words: Vec<u64>,
}

impl Lookup {
    /// `depth` words of `width` bits, unsigned; zero when simulation starts, unknown in hardware.
    ///
    /// # Panics
    /// When `depth` is zero.
    pub fn new(depth: usize, width: usize) -> Self {
        assert!(depth > 0, "a memory has at least one word");
        let address = address_bits(depth);
        Lookup {
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

impl Logic for Lookup {
    fn update(&mut self) {
        if self.clock.rises() && self.write_enable.value().is_true() {
            let address = self.write_address.value().pattern() as usize;
            if let Some(word) = self._words.get_mut(address) {
                *word = self.write_data.value().pattern();
            }
        }
        let address = self.read_address.value().pattern() as usize;
        let word = self._words.get(address).copied().unwrap_or(0);
        let width = self.read_data.width();
        self.read_data.drive(Value::unsigned(width, word));
    }
    fn connect(&mut self) {
        self.read_data.claim();
    }
    fn hdl(&self) -> Verilog {
        let (depth, top) = (self._words.len(), self.read_data.width() - 1);
        Verilog::Custom(format!(
            "//! module lookup_{depth}x{width}\n\
             //! about {depth} words of {width} bits in tables of the FPGA\n\
             (* ram_style = \"distributed\" *) reg [{top}:0] words [0:{last}];\n\
             always @(posedge clock) if (write_enable) words[write_address] <= write_data;\n\
             assign read_data = words[read_address];",
            width = top + 1,
            last = depth - 1
        ))
    }
}

#[cfg(test)]
mod tests;
