//! Takes tiles from the queue of weights while another one computes.

use crate::counting::{around, stepped};
use crate::shape::Shape;
use cromulent_kit::{Describe, Interpreter, Net, Optional, Register, Word, address_bits, logic};
use rust_hdl_core::prelude::*;

/// Cycles from the end of a load until its lines are free: the last column reads a line as many cycles
/// after the loader as rows and two more, at most, and must not meet the write of the next line there.
const FREE_DELAY: usize = 3;

/// An entry of the tables of products.
#[derive(Clone, Copy)]
struct Entry<W> {
    number: W,
    /// Whether it is the last one of a tile.
    last: W,
}

/// Both ends of the queue of tile lines. A line is written to the row words' memory and the weight
/// memory of each column, all at `write_address`. Whenever a whole tile is there and the shadow
/// registers are free, its lines are read, one row a cycle: at most one tile ahead of the one that
/// computes. A load may start in the cycle in which the tile before is swapped in.
///
/// With tables of products a tile's lines are read once for each entry of a table, and the tile waits from the last time on.
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
    /// The entry of the tables that is made of it.
    pub entry: Optional<Net<Out>>,
    /// Which entry the tile that is loaded is at.
    number: Optional<Register>,
    /// Where its first line lies.
    first_line: Optional<Register>,
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
        let entry = shape.design.table_bits() as usize;
        let entries = entry > 0;
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
            entry: Optional::when(entries, || Net::bits(entry)),
            number: Optional::when(entries, || Register::control(entry)),
            first_line: Optional::when(entries, || Register::control(address)),
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

    /// The pointer to the line that is read. With tables it goes back to the tile's first line, but for the last entry.
    fn read<I: Interpreter>(
        &self,
        i: &mut I,
        step: I::Word,
        end: I::Word,
        entry: Option<Entry<I::Word>>,
    ) {
        let (Some(entry), Some(number), Some(first_line)) =
            (entry, self.number.get(), self.first_line.get())
        else {
            return self.advance(i, &self.read_pointer, step);
        };
        let one = i.constant(entry.number.width(), 1);
        self.update(i, number, end.mux(entry.number + one, entry.number));
        let (now, first) = (self.read_pointer.read(i), first_line.read(i));
        let on = around(i, now, self._depth);
        let next = (end & !entry.last).mux(first, on);
        self.update(i, &self.read_pointer, step.mux(next, now));
        self.update(i, first_line, (end & entry.last).mux(on, first));
    }

    /// The entry that the tile under way is at, if there are tables.
    fn entry<I: Interpreter>(&self, i: &mut I) -> Option<Entry<I::Word>> {
        let (port, number) = (self.entry.get()?, self.number.get()?.read(i));
        i.drive(port, number);
        let last = i.name("last_entry", number.all());
        Some(Entry { number, last })
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
        let entries = self.entry.get().map_or(1, |entry| 1 << entry.width());
        format!(
            "Queue of {} tile lines: row words and weights, a line per row of a tile.\n\
             A tile is loaded in {} cycles, one ahead of the one that computes.",
            self._depth,
            self._rows * entries
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (write, swap) = (i.read(&self.write), i.read(&self.swap));
        let (waits, row) = (self.waits.read(i), self.row.read(i));
        let (tiles, lines) = (self.tiles.read(i), self.lines.read(i));
        let entry = self.entry(i);
        let busy = match entry {
            Some(entry) => row.any() | entry.number.any(),
            None => row.any(),
        };
        let begin = tiles.any() & !busy & (!waits | swap);
        let begin = i.name("begin_tile", begin);
        let step = i.name("step", begin | busy);
        let loaded = self.rows(i, &self.row, step);
        let loaded = i.name("tile_loaded", loaded);
        // A token goes down the rows for each entry; from the last one on the swap may follow.
        let (token, arrives) = match entry {
            Some(entry) => {
                let token = i.name("token", step & !row.any());
                (token, token & entry.last)
            }
            None => (begin, begin),
        };
        let written = self.rows(i, &self.written_row, write);
        let written = i.name("tile_written", written);
        self.update(i, &self.waits, arrives | (waits & !swap));
        i.connect(&self.waiting, &self.waits.q);
        i.drive(&self.load, token);
        self.advance(i, &self.write_pointer, write);
        self.read(i, step, loaded, entry);
        i.connect(&self.write_address, &self.write_pointer.q);
        i.connect(&self.read_address, &self.read_pointer.q);

        let (more, less) = (written.resize(tiles.width()), begin.resize(tiles.width()));
        self.update(i, &self.tiles, tiles + more - less);
        i.comment("Lines are given free late: the last column reads them that much later");
        let mut freed = entry.map_or(loaded, |entry| loaded & entry.last);
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
