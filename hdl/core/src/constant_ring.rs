//! Room for quantizer constants, and where the next set goes.

use crate::counting::around;
use crate::shape::Shape;
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, address_bits, logic};
use rust_hdl_core::prelude::*;

/// The constant memories of the columns are rings: a set is written where the one before it ended,
/// and given free once the last word of its column tile has left.
#[derive(LogicBlock)]
pub struct ConstantRing {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset.
    pub reset: Net<In>,
    /// A set is written at `address` in this cycle.
    pub write: Net<In>,
    /// The oldest set is given free.
    pub free: Net<In>,
    /// Where the next set goes.
    pub address: Net<Out>,
    /// There is room for a further set.
    pub room: Net<Out>,
    pointer: Register,
    used: Register,
    _depth: usize,
}

impl ConstantRing {
    /// The ring of a design.
    pub fn new(shape: &Shape) -> ConstantRing {
        let depth = shape.design.channel_depth as usize;
        ConstantRing {
            clock: Net::flag(),
            reset: Net::flag(),
            write: Net::flag(),
            free: Net::flag(),
            address: Net::bits(shape.channel_bits()),
            room: Net::flag(),
            pointer: Register::control(shape.channel_bits()),
            used: Register::control(address_bits(depth + 1)),
            _depth: depth,
        }
    }
}

impl Describe for ConstantRing {
    fn module(&self) -> String {
        "constant_ring".to_string()
    }
    fn about(&self) -> String {
        format!(
            "Write pointer of the quantizers' constants, a ring of {} sets.",
            self._depth
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (write, free) = (i.read(&self.write), i.read(&self.free));
        let (pointer, used) = (self.pointer.read(i), self.used.read(i));
        let next = around(i, pointer, self._depth);
        self.pointer
            .update_from(i, &self.clock, &self.reset, write.mux(next, pointer));
        let (more, less) = (write.resize(used.width()), free.resize(used.width()));
        self.used
            .update_from(i, &self.clock, &self.reset, used + more - less);
        let full = i.constant(used.width(), self._depth as u64);
        i.drive(&self.room, !used.equals(full));
        i.connect(&self.address, &self.pointer.q);
    }
}
logic!(ConstantRing);
