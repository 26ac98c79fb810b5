//! Loads the next tile's weights while this one computes.

use crate::shape::Shape;
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, address_bits, logic};
use rust_hdl_core::prelude::*;

/// Reads one word per row and cycle from the row-word bank and the weight banks, tile after tile in
/// the order they are computed, at most one tile ahead: a load may start in the cycle in which the
/// tile before is swapped in.
#[derive(LogicBlock)]
pub struct Loader {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset.
    pub reset: Net<In>,
    /// Begin a layer.
    pub start: Net<In>,
    /// Tiles along K.
    pub row_tiles: Net<In>,
    /// Passes over the output positions.
    pub passes: Net<In>,
    /// Tiles along the output channels.
    pub column_tiles: Net<In>,
    /// The waiting tile is swapped in.
    pub swap: Net<In>,
    /// A tile waits in the shadow registers (or is on its way, ahead of the swap in every row).
    pub waiting: Net<Out>,
    /// Load token for row 0; it travels down a row a cycle.
    pub load: Net<Out>,
    /// Address of the row word of the row that the token reaches next.
    pub row_address: Net<Out>,
    /// Address of the weight words of that row.
    pub weight_address: Net<Out>,
    active: Register,
    waits: Register,
    row: Register,
    row_word: Register,
    weight_word: Register,
    column_first: Register,
    tile: Register,
    pass: Register,
    column: Register,
    _rows: usize,
}

impl Loader {
    /// The loader of a design.
    pub fn new(shape: &Shape) -> Loader {
        let bits = crate::sequencer::register_width;
        let address = address_bits(shape.design.weight_depth as usize);
        let (tiles, passes, columns) = (
            bits(shape, "row_tiles"),
            bits(shape, "passes"),
            bits(shape, "column_tiles"),
        );
        Loader {
            clock: Net::flag(),
            reset: Net::flag(),
            start: Net::flag(),
            row_tiles: Net::bits(tiles),
            passes: Net::bits(passes),
            column_tiles: Net::bits(columns),
            swap: Net::flag(),
            waiting: Net::flag(),
            load: Net::flag(),
            row_address: Net::bits(address),
            weight_address: Net::bits(address),
            active: Register::control(1),
            waits: Register::control(1),
            row: Register::control(address_bits(shape.rows)),
            row_word: Register::data(address, false),
            weight_word: Register::data(address, false),
            column_first: Register::data(address, false),
            tile: Register::data(tiles, false),
            pass: Register::data(passes, false),
            column: Register::data(columns, false),
            _rows: shape.rows,
        }
    }

    /// A counter that starts a layer at zero, and steps or wraps to zero when told.
    fn count<I: Interpreter>(&self, i: &mut I, register: &Register, step: I::Word, wrap: I::Word) {
        let (now, start) = (register.read(i), i.read(&self.start));
        let (zero, one) = (i.constant(now.width(), 0), i.constant(now.width(), 1));
        let next = step.mux(wrap.mux(zero, now + one), now);
        register.load(i, &self.clock, start.mux(zero, next));
    }
}

/// True when a counter stands at the last of `count`.
pub(crate) fn is_last<I: Interpreter>(i: &mut I, counter: I::Word, count: I::Word) -> I::Word {
    let one = i.constant(counter.width(), 1);
    (counter + one).equals(count)
}

impl Describe for Loader {
    fn module(&self) -> String {
        "loader".to_string()
    }
    fn about(&self) -> String {
        "Weight loader: one row a cycle, one tile ahead of the one that computes.\n\
         A load takes as many cycles as there are rows (two at least: a word stored is read back no sooner)."
            .to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (start, swap) = (i.read(&self.start), i.read(&self.swap));
        let (active, waits, row) = (self.active.read(i), self.waits.read(i), self.row.read(i));
        let begin = active & !row.any() & (!waits | swap);
        let begin = i.name("begin_tile", begin);
        let step = i.name("step", begin | row.any());
        let last_row = i.constant(row.width(), self._rows.max(2) as u64 - 1);
        let done = i.name("tile_done", step & row.equals(last_row));
        let (zero, one) = (i.constant(row.width(), 0), i.constant(row.width(), 1));
        let next = step.mux(done.mux(zero, row + one), row);
        self.row.update_from(i, &self.clock, &self.reset, next);
        self.waits
            .update_from(i, &self.clock, &self.reset, begin | (waits & !swap));
        i.connect(&self.waiting, &self.waits.q);
        i.drive(&self.load, begin);

        i.comment(
            "Tiles run fastest along K, then over the passes, then along the output channels",
        );
        let (tile, tiles) = (self.tile.read(i), i.read(&self.row_tiles));
        let (pass, passes) = (self.pass.read(i), i.read(&self.passes));
        let (column, columns) = (self.column.read(i), i.read(&self.column_tiles));
        let last_tile = is_last(i, tile, tiles);
        let last_tile = i.name("last_tile", last_tile);
        let last_pass = is_last(i, pass, passes);
        let last_pass = i.name("last_pass", last_pass);
        let last_column = is_last(i, column, columns);
        let pass_done = i.name("pass_done", done & last_tile);
        let column_done = i.name("column_done", pass_done & last_pass);
        self.count(i, &self.tile, done, last_tile);
        self.count(i, &self.pass, pass_done, last_pass);
        self.count(i, &self.column, column_done, last_column);
        let finished = column_done & last_column;
        self.active
            .update_from(i, &self.clock, &self.reset, start | (active & !finished));

        i.comment("With one row the second cycle of a load reads nothing new");
        let read = if self._rows == 1 { begin } else { step };
        self.count(i, &self.row_word, read | pass_done, pass_done);
        self.weight_addresses(i, start, read, pass_done, column_done);
    }
}

impl Loader {
    /// Weight words follow one another, but a further pass reads the same column tile again.
    fn weight_addresses<I: Interpreter>(
        &self,
        i: &mut I,
        start: I::Word,
        read: I::Word,
        pass_done: I::Word,
        column_done: I::Word,
    ) {
        let (now, first) = (self.weight_word.read(i), self.column_first.read(i));
        let (zero, one) = (i.constant(now.width(), 0), i.constant(now.width(), 1));
        let following = i.name("following", read.mux(now + one, now));
        let again = pass_done & !column_done;
        let next = again.mux(first, following);
        self.weight_word.load(i, &self.clock, start.mux(zero, next));
        let base = column_done.mux(following, first);
        self.column_first
            .load(i, &self.clock, start.mux(zero, base));
        i.connect(&self.row_address, &self.row_word.q);
        i.connect(&self.weight_address, &self.weight_word.q);
    }
}
logic!(Loader);
