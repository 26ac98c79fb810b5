//! Where the words of a layer lie in the residual stream.

use crate::shape::Shape;
use cromulent_kit::{Describe, Interpreter, Net, Optional, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Cycles from a word's flags at column 0 to its total.
const TOTAL_DELAY: usize = 3;
/// Cycles from a word's read address to its write address.
const WRITE_DELAY: usize = 5;

/// Counts the words of column 0 and gives the addresses of each; the other columns have the same words
/// a cycle later each, and are handed the addresses on.
#[derive(LogicBlock)]
pub struct StreamPointer {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset.
    pub reset: Net<In>,
    /// A layer begins.
    pub start: Net<In>,
    /// Where its first word is read, at `start`.
    pub first_read: Net<In>,
    /// Where its first word is written, at `start`.
    pub first_write: Net<In>,
    /// The flags of a word's last beat are at column 0: its total comes three cycles later.
    pub leaving: Net<In>,
    /// Where the word is read, in step with its total.
    pub read: Net<Out>,
    /// Where the word is written, five cycles later.
    pub write: Net<Out>,
    /// A word has its write address in this cycle.
    pub writes: Optional<Net<Out>>,
    /// The next one has the next address.
    pub moves: Optional<Net<In>>,
    leaves: Vec<Register>,
    reading: Register,
    writing: Register,
}

impl StreamPointer {
    /// The pointer of a design.
    pub fn new(shape: &Shape) -> StreamPointer {
        let address = shape.stream_address_bits();
        StreamPointer {
            clock: Net::flag(),
            reset: Net::flag(),
            start: Net::flag(),
            first_read: Net::bits(address),
            first_write: Net::bits(address),
            leaving: Net::flag(),
            read: Net::bits(address),
            write: Net::bits(address),
            writes: Optional::when(shape.design.max_pool, Net::flag),
            moves: Optional::when(shape.design.max_pool, Net::flag),
            leaves: (0..TOTAL_DELAY + WRITE_DELAY)
                .map(|_| Register::control(1))
                .collect(),
            reading: Register::data(address, false),
            writing: Register::data(address, false),
        }
    }
}

impl Describe for StreamPointer {
    fn module(&self) -> String {
        "stream_pointer".to_string()
    }
    fn about(&self) -> String {
        "Addresses of the residual stream, for column 0; each word lies one further than the one before."
            .to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (start, mut leaves) = (i.read(&self.start), i.read(&self.leaving));
        for register in &self.leaves {
            register.update_from(i, &self.clock, &self.reset, leaves);
            leaves = register.read(i);
        }
        let [reads, writes] =
            [TOTAL_DELAY, TOTAL_DELAY + WRITE_DELAY].map(|late| self.leaves[late - 1].read(i));
        let moves = match (self.writes.get(), self.moves.get()) {
            (Some(port), Some(moves)) => {
                i.drive(port, writes);
                i.read(moves)
            }
            _ => writes,
        };
        for (register, first, steps) in [
            (&self.reading, &self.first_read, reads),
            (&self.writing, &self.first_write, moves),
        ] {
            let (now, first) = (register.read(i), i.read(first));
            let next = now + steps.resize(now.width());
            register.load(i, &self.clock, start.mux(first, next));
        }
        i.connect(&self.read, &self.reading.q);
        i.connect(&self.write, &self.writing.q);
    }
}
logic!(StreamPointer);
