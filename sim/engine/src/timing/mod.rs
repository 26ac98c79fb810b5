//! Every cycle of a program: what the emitted accelerator does with its memory, from the commands alone.
//!
//! The model mirrors the circuit block by block, each in a file of its own, with the rules of the block on its
//! page: the `memory`, the `reader`, the `writer` and the `map_writer` around the core; the `decoder`, the
//! `mover`, the queue of weights with its `loader`, the ring of `constants`, the `sequencer` and the queue of `scores` in it. The
//! `machine` connects them. No value is computed: nothing in the machine depends on one.
//!
//! Cycle 0 is the one in which the core sees `start`. Integers only.
//!
//! Time is skipped, not approximated: blocks hold the cycles in which something will happen by itself. After a
//! cycle in which nothing changed, none before the first of those can differ from it.

mod constants;
mod decoder;
mod loader;
mod machine;
mod map_writer;
mod memory;
mod mover;
mod reader;
mod record;
mod scores;
mod sequencer;
mod shape;
mod supply;
mod writer;

#[cfg(test)]
mod tests;

use cromulent_design::{Command, Design};

use machine::Machine;
pub use record::{Cause, Causes, LayerTiming};
use shape::Shape;

/// A memory that answers after a fixed time. Both numbers count as 1 if they are 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Memory {
    /// Cycles from the handshake of an address to the first beat of its burst, at the earliest.
    pub latency: u32,
    /// Cycles from one beat to the next, at the earliest.
    pub interval: u32,
}

/// What the core's streams are connected to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Supply {
    /// Program and input always have a beat, results are always taken: the stream-only top.
    Ideal,
    /// The AXI master and a memory.
    Memory(Memory),
}

/// When everything in a program happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timing {
    /// The layers that were started, in order.
    pub layers: Vec<LayerTiming>,
    /// Busy cycles: from the one after `start` to the one in which the program ended, both included.
    pub cycles: u64,
    /// The same cycles by cause.
    pub causes: Causes,
    /// Beats of the program that were read.
    pub program_beats: u64,
    /// Beats of the input that were read.
    pub input_beats: u64,
    /// Beats of results that were written; with [`Supply::Ideal`] the results themselves. A beat that waits for
    /// no further result is written before it is full, so there may be more than the results fill.
    pub result_beats: u64,
    /// Beats of maps that were written to memory.
    pub stored_beats: u64,
    /// Beats of maps that were read from it.
    pub fetched_beats: u64,
    /// Whether the program ended. It does not if its END is missing, if it moves maps behind [`Supply::Ideal`], if a
    /// layer has no tiles, or if the design
    /// cannot hold what a layer needs; the counts are then those until nothing happened any more.
    pub finished: bool,
}

impl Timing {
    /// Cycles after the last word of the first `layers` layers, to the end of the program; all of them for 0.
    pub fn cycles_behind(&self, layers: usize) -> u64 {
        let ends = self.layers.iter().take(layers);
        let end = ends.map(|layer| layer.start + layer.cycles).max();
        // Cycles are counted from the one after `start`.
        let before = end.map_or(0, |end| end.saturating_sub(1));
        self.cycles.saturating_sub(before)
    }
}

/// The timing of a program on a design, behind its AXI master and this memory.
pub fn run(design: &Design, steps: &[Command], memory: Memory) -> Timing {
    run_with(design, steps, Supply::Memory(memory))
}

/// The timing of a program on a design.
pub fn run_with(design: &Design, steps: &[Command], supply: Supply) -> Timing {
    simulate(&Shape::of(design), steps, supply, true)
}

/// Runs a program; `skip`: over the cycles in which nothing changes.
fn simulate(shape: &Shape, steps: &[Command], supply: Supply, skip: bool) -> Timing {
    let mut machine = Machine::new(*shape, steps, supply);
    let mut causes = Causes::default();
    let mut finished = false;
    let mut now = 1;
    while !finished {
        let cycle = machine.cycle(now);
        finished = cycle.done;
        // Asking every block when it wakes costs more than a cycle.
        let next = if cycle.changed {
            now + 1
        } else {
            match machine.wake(now) {
                None => break,
                Some(wake) if skip => wake.max(now + 1),
                Some(_) => now + 1,
            }
        };
        causes.count(cycle.cause, next - now);
        machine.count(now, cycle.cause, next - now);
        now = next;
    }
    let beats = machine.surrounds.beats();
    Timing {
        layers: machine.layers,
        cycles: causes.total(),
        causes,
        program_beats: beats.program,
        input_beats: beats.input,
        result_beats: beats.result,
        stored_beats: beats.stored,
        fetched_beats: beats.fetched,
        finished,
    }
}
