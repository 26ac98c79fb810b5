//! The pool that codes go through on their way to the banks, or words on theirs to the residual stream, as the machine has it: positions come row by row, the best
//! code along a row is in a register, and the best of each window from row to row in a line.

use cromulent_design::{Design, LayerRegisters};
use cromulent_number::{Code, Format, order};

use crate::constants::read_channel;
use crate::layer::Layer;

/// The pool of a layer, at a position of a column tile.
pub(super) struct OutputPool {
    /// Of codes; words and integers are compared as numbers.
    format: Option<Format>,
    registers: LayerRegisters,
    /// By column: whether the smallest code is wanted.
    descending: Vec<bool>,
    across: Axis,
    down: Axis,
    /// By column: the best code of the window along the row.
    row: Vec<i64>,
    /// By window of the row and column: the best code of the rows so far.
    line: Vec<Vec<i64>>,
    /// Windows that have ended in this row.
    window: usize,
    /// Windows that have left.
    place: usize,
}

/// Where a position lies along one side of the map.
#[derive(Clone, Copy, Default)]
struct Axis {
    place: u32,
    /// Positions to the one that ends the window.
    left: u32,
    /// The window has begun before.
    begun: bool,
}

/// What an axis says of a position.
#[derive(Clone, Copy)]
struct Found {
    last: bool,
    inside: bool,
    ends: bool,
    begun: bool,
}

impl Axis {
    fn begin(registers: &LayerRegisters) -> Axis {
        Axis {
            left: registers.window_first,
            ..Axis::default()
        }
    }

    fn find(&self, registers: &LayerRegisters, length: u32, cut: bool) -> Found {
        let last = self.place + 1 >= length;
        Found {
            last,
            inside: self.left < registers.window,
            ends: self.left == 0 || (last && cut),
            begun: self.begun,
        }
    }

    /// Moves on; windows that overlap begin with the position that ends the one before.
    fn step(&mut self, registers: &LayerRegisters, found: Found) {
        if found.last {
            *self = Axis::begin(registers);
            return;
        }
        self.place += 1;
        self.begun = match found.ends {
            true => registers.window > registers.window_stride,
            false => found.begun || found.inside,
        };
        let left = match found.ends {
            true => registers.window_stride,
            false => self.left,
        };
        self.left = left.saturating_sub(1);
    }
}

impl OutputPool {
    /// The pool of a layer at the beginning of a column tile of so many columns.
    pub fn new(design: &Design, layer: &Layer, column_tile: u32, columns: usize) -> OutputPool {
        let first = column_tile as usize * design.columns as usize;
        let channels = first..first + columns;
        let descending = channels.map(|channel| read_channel(design, layer, channel).descending);
        let descending = descending.collect();
        // Integers left uncoded are compared as they are.
        let format = Some(design.format).filter(|_| !layer.registers.integers);
        OutputPool::of(format, &layer.registers, descending)
    }

    /// The pool of a layer's words of the residual stream, of so many columns, of which the largest is wanted.
    pub fn of_words(registers: &LayerRegisters, columns: usize) -> OutputPool {
        OutputPool::of(None, registers, vec![false; columns])
    }

    fn of(format: Option<Format>, registers: &LayerRegisters, descending: Vec<bool>) -> OutputPool {
        OutputPool {
            format,
            registers: *registers,
            across: Axis::begin(registers),
            down: Axis::begin(registers),
            row: vec![0; descending.len()],
            descending,
            line: vec![],
            window: 0,
            place: 0,
        }
    }

    /// Takes the codes of the next position: what leaves with it, and its place among what leaves.
    pub fn take(&mut self, codes: &[i64]) -> Option<(usize, Vec<i64>)> {
        let registers = self.registers;
        let (width, height) = (registers.output_width, registers.output_height);
        let across = self.across.find(&registers, width, registers.cut_right);
        let down = self.down.find(&registers, height, registers.cut_below);
        let best = self.better(&self.row, codes, across.begun);
        self.row = if across.ends {
            codes.to_vec()
        } else {
            best.clone()
        };
        let mut leaving = None;
        if across.ends {
            if down.inside {
                leaving = self.next_row(&best, down);
            }
            self.window += 1;
        }
        self.across.step(&registers, across);
        if across.last {
            self.window = 0;
            self.down.step(&registers, down);
        }
        leaving
    }

    /// The best codes of a window along a row join those of the rows before.
    fn next_row(&mut self, codes: &[i64], down: Found) -> Option<(usize, Vec<i64>)> {
        if self.line.len() <= self.window {
            self.line.resize(self.window + 1, vec![0; codes.len()]);
        }
        let best = self.better(&self.line[self.window], codes, down.begun);
        self.line[self.window] = if down.ends {
            codes.to_vec()
        } else {
            best.clone()
        };
        down.ends.then(|| {
            self.place += 1;
            (self.place - 1, best)
        })
    }

    /// The better of two codes of every column; the new one if there is no other.
    fn better(&self, old: &[i64], new: &[i64], begun: bool) -> Vec<i64> {
        let rank = |value: i64| match self.format {
            Some(format) => order(format, Code(value as u8)).into(),
            None => value,
        };
        let pairs = old.iter().zip(new).zip(&self.descending);
        let better = |((&old, &new), &descending): ((&i64, &i64), &bool)| {
            let keeps = match descending {
                true => rank(old) <= rank(new),
                false => rank(old) >= rank(new),
            };
            if begun && keeps { old } else { new }
        };
        pairs.map(better).collect()
    }
}
