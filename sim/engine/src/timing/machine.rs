//! The machine: every block, one cycle at a time.
//!
//! Whatever a block decides in a cycle follows from what all blocks held at its beginning, as in a circuit;
//! [`Machine::cycle`] decides first and then lets every block take its edge.

use cromulent_design::{Command, Direction, LayerRegisters};

use super::Supply;
use super::constants::Constants;
use super::decoder::{Decoder, Ready, State, Surroundings, Taken};
use super::loader::Loader;
use super::mover::{Line, Mover};
use super::reader::Request;
use super::record::{Cause, LayerTiming};
use super::scores::Scores;
use super::sequencer::Sequencer;
use super::shape::Shape;
use super::supply::Surrounds;

/// What a cycle was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cycle {
    /// How the core's counters class it.
    pub cause: Cause,
    /// Something changed: the next cycle may differ from this one.
    pub changed: bool,
    /// The program ended.
    pub done: bool,
}

pub(super) struct Machine<'a> {
    shape: Shape,
    decoder: Decoder<'a>,
    loader: Loader,
    constants: Constants,
    sequencer: Sequencer,
    scores: Scores,
    mover: Mover,
    pub surrounds: Surrounds,
    /// The layers that were started.
    pub layers: Vec<LayerTiming>,
}

/// What happens in a cycle.
struct Decision<'a> {
    layer_start: Option<&'a LayerRegisters>,
    swap: bool,
    begin: bool,
    taken: Option<Taken>,
    beats: Ready,
    /// A result is offered.
    offered: bool,
    /// It is taken.
    result: bool,
    /// A line of codes that is read to be stored.
    read: Option<Line>,
    /// Maps have moved.
    moved: bool,
}

impl<'a> Machine<'a> {
    /// The machine in the cycle in which it sees `start`, cycle 0, at its end.
    pub fn new(shape: Shape, steps: &'a [Command], supply: Supply) -> Machine<'a> {
        let mut machine = Machine {
            shape,
            decoder: Decoder::new(shape, steps),
            loader: Loader::new(&shape),
            constants: Constants::new(&shape),
            sequencer: Sequencer::default(),
            scores: Scores::new(&shape),
            mover: Mover::new(&shape),
            surrounds: Surrounds::new(&shape, supply),
            layers: vec![],
        };
        machine.decoder.start();
        machine.surrounds.start(&shape);
        machine
    }

    /// One cycle.
    pub fn cycle(&mut self, now: u64) -> Cycle {
        self.tick(now);
        let decision = self.decide(now);
        let cause = self.cause(now);
        let done = decision.taken == Some(Taken::End);
        let changed = self.edge(now, &decision);
        Cycle {
            cause,
            changed,
            done,
        }
    }

    /// The next cycle after `now` in which something may happen, if nothing changed in `now`.
    pub fn wake(&self, now: u64) -> Option<u64> {
        let times = [
            self.loader.wake(now),
            self.constants.wake(),
            self.sequencer.wake(now),
            self.scores.wake(now),
            self.surrounds.wake(now),
        ];
        times.into_iter().flatten().min()
    }

    /// Counts the cycles from `now` on, one or more, in the layer that runs.
    pub fn count(&mut self, now: u64, cause: Cause, cycles: u64) {
        if let Some(layer) = self.layers.last_mut()
            && layer.holds(now)
        {
            layer.causes.count(cause, cycles);
        }
    }

    fn tick(&mut self, now: u64) {
        self.loader.tick(now);
        self.constants.tick(now);
        self.sequencer.tick(now);
        self.surrounds.tick(now);
    }

    fn output_ready(&self, now: u64) -> bool {
        !self.sequencer.scores() || self.scores.room(now)
    }

    fn decide(&mut self, now: u64) -> Decision<'a> {
        let running = self.sequencer.running();
        let layer_start = self.decoder.next.filter(|_| !running);
        let swap = self
            .sequencer
            .swaps(now, self.loader.waiting, self.output_ready(now));
        let taken = self.decoder.taken(&Surroundings {
            running,
            constants_room: self.constants.room(),
            tiles_room: self.loader.room(),
            drained: self.scores.empty() && self.surrounds.idle(),
            memory: self.surrounds.memory(),
        });
        let maps = self.surrounds.maps();
        let (room, stored) = maps.map_or((false, false), |maps| (maps.room(), maps.stored()));
        let mut ready = self.decoder.ready(taken);
        ready.data |= self.mover.ready(now);
        let offered = self.scores.offers(now);
        Decision {
            layer_start,
            swap,
            begin: self.loader.begins(now, swap),
            taken,
            beats: self.surrounds.valid(now, ready),
            offered,
            result: offered && self.surrounds.takes_results(),
            read: self.mover.reads(now, room),
            moved: self.mover.ends(now, stored),
        }
    }

    /// The counter that counts this cycle.
    fn cause(&self, now: u64) -> Cause {
        if self.sequencer.issues() {
            Cause::Beats
        } else if self.sequencer.pending() {
            match (self.loader.waiting, self.output_ready(now)) {
                (false, _) if self.loader.starved(now) => Cause::Bandwidth,
                (false, _) => Cause::Weights,
                (true, false) => Cause::Output,
                (true, true) => Cause::Fill,
            }
        } else if self.sequencer.running() {
            Cause::Drain
        } else if self.decoder.state == State::Data {
            Cause::Input
        } else if self.decoder.state == State::Move {
            Cause::Maps
        } else {
            Cause::Command
        }
    }

    /// The edge that ends the cycle: whether anything changes.
    fn edge(&mut self, now: u64, decision: &Decision<'a>) -> bool {
        let beats = decision.beats;
        if decision.swap {
            self.swap(now);
        }
        if let Some(registers) = decision.layer_start {
            self.sequencer.start(registers);
            self.layers
                .push(LayerTiming::new(&self.shape, registers, now));
        }
        let line = decision.taken == Some(Taken::Tile);
        self.loader.update(now, decision.begin, decision.swap, line);
        let moves = self.moves(now, decision);
        self.follow(now, decision.taken);
        let accepted = beats.program || (beats.data && self.decoder.state == State::Data);
        self.decoder
            .update(decision.taken, accepted, decision.layer_start.is_some());
        let scores = self.scores.update(now, decision.result);
        let surrounds = self.surrounds.update(now, beats, decision.offered);
        let core = decision.swap || decision.begin || decision.layer_start.is_some();
        core || decision.taken.is_some() || scores || surrounds || moves
    }

    /// The edge of the mover: whether anything changes.
    fn moves(&mut self, now: u64, decision: &Decision) -> bool {
        if let (Some(line), Some(maps)) = (decision.read, self.surrounds.maps()) {
            maps.expect(line);
        }
        if decision.moved {
            self.decoder.moved();
        }
        let (taken, read) = (decision.beats.data, decision.read.is_some());
        self.mover.update(now, taken, read, decision.moved) || decision.moved
    }

    /// What a line does outside of the decoder.
    fn follow(&mut self, now: u64, taken: Option<Taken>) {
        match taken {
            Some(Taken::Header) => {
                let beats = self.decoder.program_beats() - self.shape.command_beats;
                self.surrounds.request(now, Request::Program(beats));
            }
            Some(Taken::Fetch(fetch)) => self.surrounds.request(now, Request::Data(fetch)),
            Some(Taken::Move(to)) => {
                self.mover.begin(now, &to);
                match to.direction {
                    Direction::Fetch => self.surrounds.request(now, Request::Maps(to)),
                    Direction::Store => {
                        if let Some(maps) = self.surrounds.maps() {
                            maps.begin(now, &to);
                        }
                    }
                }
            }
            Some(Taken::Constant) => self.constants.write(),
            _ => {}
        }
    }

    fn swap(&mut self, now: u64) {
        self.scores.swap(now);
        let live = self.sequencer.live_columns(&self.shape);
        let tile = self.sequencer.swap(now, &self.shape);
        if let Some(layer) = self.layers.last_mut() {
            layer.swap(&self.shape, &tile);
        }
        let registers = self.sequencer.registers();
        if tile.column_done {
            let last_word = self.shape.leaves_last(registers, tile.last_beat);
            self.constants.release(last_word);
        }
        if tile.pass_done && self.sequencer.scores() {
            let images = (tile.positions / registers.image_positions()).max(1);
            let beats = (tile.last_beat + 1 - tile.first_beat) / images;
            for image in 1..=images {
                let last_beat = tile.first_beat + image * beats - 1;
                let first = self.shape.leaves(last_beat, 0);
                self.scores.expect(first, live);
            }
        }
    }
}
