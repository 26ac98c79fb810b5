//! Where the codes of a max-pool go.

use crate::shape::Shape;
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// The address row 0 writes its next code at; the rows below are handed it on, a cycle later each. Planes
/// of the output follow one another, so that every code lies one word behind the one before.
#[derive(LogicBlock)]
pub struct PoolPointer {
    /// Clock.
    pub clock: Net<In>,
    /// A layer begins.
    pub start: Net<In>,
    /// Address of its first plane, at `start`.
    pub first: Net<In>,
    /// A window of row 0 has ended, in this cycle.
    pub step: Net<In>,
    /// Where it goes.
    pub address: Net<Out>,
    place: Register,
}

impl PoolPointer {
    /// The pointer of a design.
    pub fn new(shape: &Shape) -> PoolPointer {
        let address = shape.address_bits();
        PoolPointer {
            clock: Net::flag(),
            start: Net::flag(),
            first: Net::bits(address),
            step: Net::flag(),
            address: Net::bits(address),
            place: Register::data(address, false),
        }
    }
}

impl Describe for PoolPointer {
    fn module(&self) -> String {
        "pool_pointer".to_string()
    }
    fn about(&self) -> String {
        "Address of the next code of a max-pool in row 0.".to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (start, first, step) = (i.read(&self.start), i.read(&self.first), i.read(&self.step));
        let place = self.place.read(i);
        let next = place + step.resize(place.width());
        self.place.load(i, &self.clock, start.mux(first, next));
        i.connect(&self.address, &self.place.q);
    }
}
logic!(PoolPointer);
