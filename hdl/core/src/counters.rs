//! What a host reads of how a program went.

use crate::shape::Shape;
use cromulent_design::CORE_COUNTERS;
use cromulent_kit::{Bundle, Describe, Interpreter, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Bits of a counter.
const COUNTER_BITS: usize = 32;

/// Counts the busy cycles of a program by what they were spent on: each is a beat or one of the
/// stalls. Layers and saturated words are counted beside them. What happens is counted a cycle late: a whole count
/// is there two cycles after the program's last one.
#[derive(LogicBlock)]
pub struct Counters {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: all start at zero.
    pub reset: Net<In>,
    /// A program is under way.
    pub busy: Net<In>,
    /// A beat is issued.
    pub issuing: Net<In>,
    /// The layer has beats left to issue.
    pub pending: Net<In>,
    /// A tile waits.
    pub waiting: Net<In>,
    /// A further tile's words would find room.
    pub output_ready: Net<In>,
    /// A layer runs.
    pub running: Net<In>,
    /// Codes are being fetched.
    pub fetching: Net<In>,
    /// Maps move to or from memory.
    pub moving: Net<In>,
    /// A layer has ended.
    pub layer_done: Net<In>,
    /// Words of the residual stream that saturated in this cycle.
    pub saturated: Net<In>,
    /// The counters, in the order of [`CORE_COUNTERS`].
    pub count: Bundle<Out>,
    events: Vec<Register>,
    held: Vec<Register>,
}

impl Counters {
    /// The counters of a design.
    pub fn new(shape: &Shape) -> Counters {
        Counters {
            clock: Net::flag(),
            reset: Net::flag(),
            busy: Net::flag(),
            issuing: Net::flag(),
            pending: Net::flag(),
            waiting: Net::flag(),
            output_ready: Net::flag(),
            running: Net::flag(),
            fetching: Net::flag(),
            moving: Net::flag(),
            layer_done: Net::flag(),
            saturated: Net::bits(shape.saturation_bits()),
            count: Bundle::new(CORE_COUNTERS.map(|name| (name, COUNTER_BITS))),
            events: CORE_COUNTERS
                .iter()
                .map(|&name| {
                    Register::control(match name {
                        "saturations" => shape.saturation_bits(),
                        _ => 1,
                    })
                })
                .collect(),
            held: CORE_COUNTERS
                .iter()
                .map(|_| Register::control(COUNTER_BITS))
                .collect(),
        }
    }

    /// What this cycle adds to each counter, in the order of [`CORE_COUNTERS`].
    fn events<I: Interpreter>(&self, i: &mut I) -> [I::Word; CORE_COUNTERS.len()] {
        let [
            busy,
            issuing,
            pending,
            waiting,
            ready,
            running,
            fetching,
            moving,
            done,
        ] = [
            &self.busy,
            &self.issuing,
            &self.pending,
            &self.waiting,
            &self.output_ready,
            &self.running,
            &self.fetching,
            &self.moving,
            &self.layer_done,
        ]
        .map(|net| i.read(net));
        let held_up = i.name("held_up", busy & pending & !issuing);
        let idle = i.name("idle", busy & !pending & !issuing & !running);
        let drains = busy & !pending & !issuing & running;
        let saturated = i.read(&self.saturated);
        [
            busy,
            busy & issuing,
            held_up & !waiting,
            held_up & waiting & !ready,
            held_up & waiting & ready,
            drains,
            idle & fetching,
            idle & !fetching & !moving,
            done,
            saturated,
            idle & moving,
        ]
    }
}

impl Describe for Counters {
    fn module(&self) -> String {
        "counters".to_string()
    }
    fn about(&self) -> String {
        "Counters of a program; every busy cycle is a beat or one of the stalls.".to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let events = self.events(i);
        let (clock, reset) = (&self.clock, &self.reset);
        for ((event, late), (register, port)) in events
            .into_iter()
            .zip(&self.events)
            .zip(self.held.iter().zip(self.count.nets()))
        {
            late.update_from(i, clock, reset, event);
            let next = register.read(i) + late.read(i).resize(COUNTER_BITS);
            register.update_from(i, clock, reset, next);
            i.connect(port, &register.q);
        }
    }
}
logic!(Counters);
