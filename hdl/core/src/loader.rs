//! Takes tiles from the queue of weights while another one computes.

use crate::counting::{around, stepped};
use crate::shape::Shape;
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, address_bits, logic};
use rust_hdl_core::prelude::*;

/// Cycles from the end of a load until its lines are free: the last column reads a line as many cycles
/// after the loader as rows and two more, at most, and must not meet the write of the next line there.
const FREE_DELAY: usize = 3;

/// Both ends of the queue of tile lines. A line is written to the row words' memory and the weight
/// memory of each column, all at `write_address`. Whenever a whole tile is there and the shadow
/// registers are free, its lines are read, one row a cycle: at most one tile ahead of the one that
/// computes. A load may start in the cycle in which the tile before is swapped in.
#[derive(LogicBlock)]
pub struct Loader {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: empties the queue.
    pub reset: Net<In>,
    /// A line is written in this cycle.
    pub write: Net<In>,
    /// Where the next line goes.
    pub write_address: Net<Out>,
    /// There is room for a further line.
    pub room: Net<Out>,
    /// The waiting tile is swapped in.
    pub swap: Net<In>,
    /// A tile waits in the shadow registers (or is on its way, ahead of the swap in every row).
    pub waiting: Net<Out>,
    /// Load token for row 0; it travels down a row a cycle.
    pub load: Net<Out>,
    /// Where the line of the row lies that the token reaches next.
    pub read_address: Net<Out>,
    waits: Register,
    row: Register,
    written_row: Register,
    write_pointer: Register,
    read_pointer: Register,
    lines: Register,
    full: Register,
    tiles: Register,
    freed: [Register; FREE_DELAY],
    _rows: usize,
    _depth: usize,
}

impl Loader {
    /// The loader of a design.
    pub fn new(shape: &Shape) -> Loader {
        let (rows, depth) = (shape.rows, shape.design.weight_depth as usize);
        let address = shape.weight_address_bits();
        Loader {
            clock: Net::flag(),
            reset: Net::flag(),
            write: Net::flag(),
            write_address: Net::bits(address),
            room: Net::flag(),
            swap: Net::flag(),
            waiting: Net::flag(),
            load: Net::flag(),
            read_address: Net::bits(address),
            waits: Register::control(1),
            row: Register::control(address_bits(rows)),
            written_row: Register::control(address_bits(rows)),
            write_pointer: Register::control(address),
            read_pointer: Register::control(address),
            lines: Register::control(address_bits(depth + 1)),
            full: Register::control(1),
            tiles: Register::control(address_bits(depth / rows + 1)),
            freed: std::array::from_fn(|_| Register::control(1)),
            _rows: rows,
            _depth: depth,
        }
    }

    fn update<I: Interpreter>(&self, i: &mut I, register: &Register, next: I::Word) {
        register.update_from(i, &self.clock, &self.reset, next);
    }

    /// Moves a pointer on when told.
    fn advance<I: Interpreter>(&self, i: &mut I, pointer: &Register, step: I::Word) {
        let now = pointer.read(i);
        let next = around(i, now, self._depth);
        self.update(i, pointer, step.mux(next, now));
    }

    /// The rows of a tile one after another; true in the last one.
    fn rows<I: Interpreter>(&self, i: &mut I, row: &Register, step: I::Word) -> I::Word {
        let last = i.constant(row.q.width(), self._rows as u64 - 1);
        let last = row.read(i).equals(last);
        let next = stepped(i, row, step, last);
        self.update(i, row, next);
        step & last
    }
}

impl Describe for Loader {
    fn module(&self) -> String {
        "loader".to_string()
    }
    fn about(&self) -> String {
        format!(
            "Queue of {} tile lines: row words and weights, a line per row of a tile.\n\
             A tile is loaded in {} cycles, one ahead of the one that computes.",
            self._depth, self._rows
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (write, swap) = (i.read(&self.write), i.read(&self.swap));
        let (waits, row) = (self.waits.read(i), self.row.read(i));
        let (tiles, lines) = (self.tiles.read(i), self.lines.read(i));
        let begin = tiles.any() & !row.any() & (!waits | swap);
        let begin = i.name("begin_tile", begin);
        let step = i.name("step", begin | row.any());
        let loaded = self.rows(i, &self.row, step);
        let loaded = i.name("tile_loaded", loaded);
        let written = self.rows(i, &self.written_row, write);
        let written = i.name("tile_written", written);
        self.update(i, &self.waits, begin | (waits & !swap));
        i.connect(&self.waiting, &self.waits.q);
        i.drive(&self.load, begin);
        self.advance(i, &self.write_pointer, write);
        self.advance(i, &self.read_pointer, step);
        i.connect(&self.write_address, &self.write_pointer.q);
        i.connect(&self.read_address, &self.read_pointer.q);

        let (more, less) = (written.resize(tiles.width()), begin.resize(tiles.width()));
        self.update(i, &self.tiles, tiles + more - less);
        i.comment("Lines are given free late: the last column reads them that much later");
        let mut freed = loaded;
        for register in &self.freed {
            self.update(i, register, freed);
            freed = register.read(i);
        }
        let (none, whole) = (
            i.constant(lines.width(), 0),
            i.constant(lines.width(), self._rows as u64),
        );
        let less = freed.mux(whole, none);
        let lines = lines + write.resize(lines.width()) - less;
        let lines = i.name("lines_next", lines);
        self.update(i, &self.lines, lines);
        let most = i.constant(lines.width(), self._depth as u64);
        self.update(i, &self.full, lines.equals(most));
        let full = self.full.read(i);
        i.drive(&self.room, !full);
    }
}
logic!(Loader);
