//! The decoder: collects the beats of a line, and hands the line on once there is room for it.
//!
//! `full` rises in the cycle after a line's last beat was accepted. The line is taken in the first cycle in
//! which it is full and its condition holds. In that cycle the first beat of a further line of the same kind
//! may already be accepted; a line of another kind has to wait for the next cycle.

use cromulent_design::{Command, Fetch, LayerRegisters, Move};

use super::shape::Shape;

/// What the field of a layer's beats holds.
const MOST_BEATS: u32 = 0xffff;

/// Which line is collected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Idle,
    Header,
    Command,
    Constant,
    Tile,
    Data,
    /// None: maps move.
    Move,
}

/// What the conditions of a line ask of the rest of the machine: all of them registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Surroundings {
    /// A layer runs.
    pub running: bool,
    /// A set of constants is free.
    pub constants_room: bool,
    /// A line of the queue of weights is free.
    pub tiles_room: bool,
    /// All results are in memory.
    pub drained: bool,
    /// There is a memory to move maps to.
    pub memory: bool,
}

/// A line that is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Taken {
    Header,
    Layer,
    Fetch(Fetch),
    Move(Move),
    End,
    Constant,
    Tile,
    Data,
}

/// Which stream the decoder takes a beat from in this cycle.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Ready {
    pub program: bool,
    pub data: bool,
}

pub(super) struct Decoder<'a> {
    shape: Shape,
    steps: &'a [Command],
    pub state: State,
    /// The layer that waits to be started.
    pub next: Option<&'a LayerRegisters>,
    /// The step whose command comes next, or is in the line buffer.
    step: usize,
    /// Beats of the line that were accepted.
    collected: u64,
    full: bool,
    /// Tile or code lines to come, the one in the buffer included.
    lines: u64,
    /// Lines of a column tile.
    tile_lines: u64,
    /// Column tiles to come, the present one included.
    column_tiles: u64,
}

impl<'a> Decoder<'a> {
    pub fn new(shape: Shape, steps: &'a [Command]) -> Decoder<'a> {
        Decoder {
            shape,
            steps,
            state: State::Idle,
            next: None,
            step: 0,
            collected: 0,
            full: false,
            lines: 0,
            tile_lines: 0,
            column_tiles: 0,
        }
    }

    /// The core sees `start`.
    pub fn start(&mut self) {
        self.state = State::Header;
    }

    /// Beats of the whole program, the header included.
    pub fn program_beats(&self) -> u64 {
        let shape = &self.shape;
        let lines = self.steps.iter().map(|step| {
            let layer = match step {
                Command::Layer(registers) => {
                    let tile_lines = u64::from(registers.tile_lines) * shape.tile_beats;
                    u64::from(registers.column_tiles) * (shape.constant_beats + tile_lines)
                }
                Command::Fetch(_) | Command::Move(_) | Command::End => 0,
            };
            shape.command_beats + layer
        });
        lines.fold(shape.command_beats, u64::saturating_add)
    }

    /// The line that leaves the buffer in this cycle.
    pub fn taken(&self, around: &Surroundings) -> Option<Taken> {
        if !self.full {
            return None;
        }
        let quiet = !around.running && self.next.is_none();
        match self.state {
            State::Idle => None,
            State::Header => Some(Taken::Header),
            State::Command => match self.steps.get(self.step)? {
                Command::Layer(registers) => {
                    (self.next.is_none() && self.runs(registers)).then_some(Taken::Layer)
                }
                Command::Fetch(fetch) => (quiet && fetch.lines > 0).then_some(Taken::Fetch(*fetch)),
                Command::Move(to) => {
                    let ready = quiet && around.drained && around.memory;
                    (ready && to.lines > 0).then_some(Taken::Move(*to))
                }
                Command::End => (quiet && around.drained).then_some(Taken::End),
            },
            State::Constant => around.constants_room.then_some(Taken::Constant),
            State::Tile => around.tiles_room.then_some(Taken::Tile),
            State::Data => Some(Taken::Data),
            State::Move => None,
        }
    }

    /// The edge that ends the cycle in which the maps have moved.
    pub fn moved(&mut self) {
        self.state = State::Command;
    }

    /// Whether no count is 0 and the lines are those of the tiles: the machine refuses any other layer.
    fn runs(&self, registers: &LayerRegisters) -> bool {
        let counts = [
            registers.passes,
            registers.row_tiles,
            registers.column_tiles,
            registers.beats,
            registers.pass_positions,
            registers.last_positions,
        ];
        let tiles = u64::from(registers.passes) * u64::from(registers.row_tiles);
        counts.iter().all(|&count| count > 0)
            && registers.beats <= MOST_BEATS
            && u64::from(registers.tile_lines) == tiles * self.shape.rows
    }

    /// Which stream a beat is taken from in this cycle, if one is there.
    pub fn ready(&self, taken: Option<Taken>) -> Ready {
        let repeats = matches!(taken, Some(Taken::Tile | Taken::Data)) && self.lines > 1;
        let open = !self.full || repeats;
        let wanted = match self.state {
            State::Idle | State::Data | State::Move => false,
            // Beyond the last command there is no program.
            State::Command => self.step < self.steps.len(),
            _ => true,
        };
        Ready {
            program: open && wanted,
            data: open && self.state == State::Data,
        }
    }

    /// The edge that ends the cycle: a line was taken, a beat accepted, the waiting layer started.
    pub fn update(&mut self, taken: Option<Taken>, accepted: bool, layer_start: bool) {
        if layer_start {
            self.next = None;
        }
        if let Some(line) = taken {
            self.full = false;
            self.follow(line);
        }
        if accepted {
            self.collected += 1;
            if self.collected == self.line_beats() {
                self.collected = 0;
                self.full = true;
            }
        }
    }

    /// What comes after a line.
    fn follow(&mut self, line: Taken) {
        match line {
            Taken::Header => self.state = State::Command,
            Taken::Layer => self.layer(),
            Taken::Fetch(fetch) => {
                self.step += 1;
                self.lines = u64::from(fetch.lines);
                self.state = State::Data;
            }
            Taken::Move(_) => {
                self.step += 1;
                self.state = State::Move;
            }
            Taken::End => self.state = State::Idle,
            Taken::Constant => {
                self.lines = self.tile_lines;
                self.state = State::Tile;
            }
            Taken::Tile | Taken::Data => {
                self.lines -= 1;
                if self.lines == 0 {
                    self.last_line(line);
                }
            }
        }
    }

    fn layer(&mut self) {
        if let Some(Command::Layer(registers)) = self.steps.get(self.step) {
            self.next = Some(registers);
            self.tile_lines = u64::from(registers.tile_lines);
            self.column_tiles = u64::from(registers.column_tiles);
            self.state = State::Constant;
        }
        self.step += 1;
    }

    fn last_line(&mut self, line: Taken) {
        self.state = State::Command;
        if line == Taken::Tile {
            self.column_tiles -= 1;
            if self.column_tiles > 0 {
                self.state = State::Constant;
            }
        }
    }

    fn line_beats(&self) -> u64 {
        match self.state {
            State::Idle | State::Header | State::Command | State::Move => self.shape.command_beats,
            State::Constant => self.shape.constant_beats,
            State::Tile => self.shape.tile_beats,
            State::Data => self.shape.code_beats,
        }
    }
}
