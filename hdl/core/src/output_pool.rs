//! Max-pooling of codes on their way to the banks.

use crate::counting::{around, delay};
use crate::row_edge::code_order;
use crate::sequencer::register_width;
use crate::shape::Shape;
use crate::window_axis::WindowAxis;
use cromulent_design::OUTPUT_POOL_LATENCY;
use cromulent_kit::{
    Describe, Interpreter, Memory, Net, Optional, Register, Word, address_bits, logic,
};
use cromulent_number::Format;
use rust_hdl_core::prelude::*;

/// Columns whose codes share a word of the line memory.
const LINE_COLUMNS: usize = 8;
/// Columns whose directions share a word.
const DIRECTION_COLUMNS: usize = 32;
/// Cycles a code takes.
const LATENCY: usize = OUTPUT_POOL_LATENCY as usize;

/// Keeps the largest code of each window of a column's codes, or the smallest, as they come row by row: in a register
/// along the row, and for each window of a row of windows in a memory from row to row. Padding has no code and never
/// wins. In a layer that does not pool its codes everything passes as it is.
#[derive(LogicBlock)]
pub struct OutputPool {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: directions are taken from the first set on.
    pub reset: Net<In>,
    /// A layer begins.
    pub start: Net<In>,
    /// The layer pools its codes.
    pub on: Net<In>,
    /// The codes are integers left uncoded.
    pub integers: Optional<Net<In>>,
    /// Width of its output map.
    pub output_width: Net<In>,
    /// Height of its output map.
    pub output_height: Net<In>,
    /// Side of a window.
    pub window: Net<In>,
    /// From a window to the next.
    pub stride: Net<In>,
    /// Where the first one ends.
    pub first: Net<In>,
    /// The last window of a row ends beyond the map.
    pub cut_right: Net<In>,
    /// The last row of windows does.
    pub cut_below: Net<In>,
    /// Write a set of directions.
    pub write_directions: Net<In>,
    /// Where the set goes.
    pub direction_address: Net<In>,
    /// By column: the smallest code is wanted.
    pub direction: Vec<Net<In>>,
    /// The codes of a position are there.
    pub valid: Net<In>,
    /// They are the last of their column tile.
    pub tile_done: Net<In>,
    /// Columns that count.
    pub live: Net<In>,
    /// The code of each column.
    pub code: Vec<Net<In>>,
    /// Codes leave.
    pub valid_out: Net<Out>,
    /// The last of a column tile are done with.
    pub tile_done_out: Net<Out>,
    /// Columns that count among them.
    pub live_out: Net<Out>,
    /// The code of each column.
    pub code_out: Vec<Net<Out>>,
    /// A pooled code of this column leaves.
    pub pooled_valid: Vec<Net<Out>>,
    /// The code.
    pub pooled: Vec<Net<Out>>,
    across: WindowAxis,
    down: WindowAxis,
    begin: Register,
    set: Register,
    directions: Vec<Memory>,
    late_direction: Vec<Register>,
    best: Vec<Register>,
    row_best: Vec<Register>,
    leaves: Register,
    row_begun: Register,
    row_ends: Register,
    place: Register,
    row_place: Register,
    lines: Vec<Memory>,
    kept: Vec<Register>,
    leaving: Register,
    done: [Register; LATENCY],
    counted: [Register; LATENCY],
    _shape: Shape,
}

impl OutputPool {
    /// The pool of a design with `max_pool`.
    pub fn new(shape: &Shape) -> OutputPool {
        let columns = shape.columns;
        let bits = |name| register_width(shape, name);
        let key = shape.design.pooled_bits() as usize;
        let stored = shape.code_word_bits();
        let depth = shape.design.map_side as usize;
        let groups = |size: usize| {
            (0..columns)
                .step_by(size)
                .map(move |c| size.min(columns - c))
        };
        OutputPool {
            clock: Net::flag(),
            reset: Net::flag(),
            start: Net::flag(),
            on: Net::flag(),
            integers: Optional::when(shape.design.image_digits, Net::flag),
            output_width: Net::bits(bits("output_width")),
            output_height: Net::bits(bits("output_height")),
            window: Net::bits(bits("window")),
            stride: Net::bits(bits("window_stride")),
            first: Net::bits(bits("window_first")),
            cut_right: Net::flag(),
            cut_below: Net::flag(),
            write_directions: Net::flag(),
            direction_address: Net::bits(shape.channel_bits()),
            direction: Net::array(columns, 1, false),
            valid: Net::flag(),
            tile_done: Net::flag(),
            live: Net::bits(bits("last_columns")),
            code: Net::array(columns, stored, false),
            valid_out: Net::flag(),
            tile_done_out: Net::flag(),
            live_out: Net::bits(bits("last_columns")),
            code_out: Net::array(columns, stored, false),
            pooled_valid: Net::array(columns, 1, false),
            pooled: Net::array(columns, key, false),
            across: WindowAxis::new(shape, "output_width"),
            down: WindowAxis::new(shape, "output_height"),
            begin: Register::data(1, false),
            set: Register::control(shape.channel_bits()),
            directions: groups(DIRECTION_COLUMNS)
                .map(|columns| Memory::new(shape.design.channel_depth as usize, columns))
                .collect(),
            late_direction: Register::data_array(columns, 1, false),
            best: (0..columns)
                .map(|_| Register::enabled(key, false))
                .collect(),
            row_best: Register::data_array(columns, key, false),
            leaves: Register::control(1),
            row_begun: Register::data(1, false),
            row_ends: Register::data(1, false),
            place: Register::data(address_bits(depth), false),
            row_place: Register::data(address_bits(depth), false),
            lines: groups(LINE_COLUMNS)
                .map(|columns| Memory::new(depth, columns * key))
                .collect(),
            kept: Register::data_array(columns, key, false),
            leaving: Register::control(1),
            done: std::array::from_fn(|_| Register::control(1)),
            counted: std::array::from_fn(|_| Register::data(bits("last_columns"), false)),
            _shape: shape.clone(),
        }
    }

    /// Where the position lies: along its row, and its row in the map.
    fn axes<I: Interpreter>(&self, i: &mut I) {
        let start = i.read(&self.start);
        self.begin.load(i, &self.clock, start);
        let step = i.read(&self.valid);
        for (axis, length, cut) in [
            (&self.across, &self.output_width, &self.cut_right),
            (&self.down, &self.output_height, &self.cut_below),
        ] {
            i.connect(&axis.clock, &self.clock);
            i.connect(&axis.begin, &self.begin.q);
            i.connect(&axis.length, length);
            i.connect(&axis.cut, cut);
            i.connect(&axis.window, &self.window);
            i.connect(&axis.stride, &self.stride);
            i.connect(&axis.first, &self.first);
        }
        i.drive(&self.across.step, step);
        let row_done = step & i.read(&self.across.last);
        i.drive(&self.down.step, row_done);
    }

    /// By column: whether the smallest code is wanted of the position at hand.
    fn directions<I: Interpreter>(&self, i: &mut I) -> Vec<I::Word> {
        let set = self.set.read(i);
        let next = around(i, set, self._shape.design.channel_depth as usize);
        let next = i.read(&self.tile_done).mux(next, set);
        let next = i.name("next_set", next);
        self.set.update_from(i, &self.clock, &self.reset, next);
        let mut directions = vec![];
        let groups = self.direction.chunks(DIRECTION_COLUMNS);
        for (memory, columns) in self.directions.iter().zip(groups) {
            let written: Vec<I::Word> = columns.iter().map(|column| i.read(column)).collect();
            i.connect(&memory.clock, &self.clock);
            i.connect(&memory.write_enable, &self.write_directions);
            i.connect(&memory.write_address, &self.direction_address);
            i.drive(&memory.write_data, joined(&written));
            i.drive(&memory.read_address, next);
            let word = i.read(&memory.read_data);
            directions.extend((0..columns.len()).map(|column| word.bit(column)));
        }
        directions
    }

    /// What is compared of a code: its place among the values. An integer is its own.
    fn order<I: Interpreter>(&self, i: &mut I, code: I::Word) -> I::Word {
        let format = self._shape.design.format;
        let bits = format.code_bits() as usize;
        let order = code_order(format, code.slice(0, bits)).resize(code.width());
        match self.integers.get() {
            Some(integers) => i.read(integers).mux(code, order),
            None => order,
        }
    }

    /// The way back.
    fn code_at<I: Interpreter>(&self, i: &mut I, order: I::Word) -> I::Word {
        let format = self._shape.design.format;
        let bits = format.code_bits() as usize;
        let code = ordered_code(format, order.slice(0, bits)).resize(order.width());
        match self.integers.get() {
            Some(integers) => i.read(integers).mux(order, code),
            None => code,
        }
    }

    /// The best code along the row.
    fn row<I: Interpreter>(&self, i: &mut I) {
        let directions = self.directions(i);
        let (valid, begun) = (i.read(&self.valid), i.read(&self.across.begun));
        let ends = i.read(&self.across.ends);
        for (j, smallest) in directions.into_iter().enumerate() {
            let (code, best) = (i.read(&self.code[j]), self.best[j].read(i));
            let bits = best.width();
            if code.width() > bits {
                i.unused(code.slice(bits, code.width() - bits));
            }
            let key = self.order(i, code.slice(0, bits)) ^ smallest.repeat(bits);
            let key = i.name(format_args!("key_{j}"), key);
            let better = (begun & !best.less_than(key)).mux(best, key);
            let better = i.name(format_args!("row_best_{j}"), better);
            self.best[j].load_if(i, &self.clock, valid, ends.mux(key, better));
            self.row_best[j].load(i, &self.clock, better);
            self.late_direction[j].load(i, &self.clock, smallest);
        }
        let leaves = valid & i.read(&self.on) & ends & i.read(&self.down.inside);
        self.leaves.update_from(i, &self.clock, &self.reset, leaves);
        let (begun, ended) = (i.read(&self.down.begun), i.read(&self.down.ends));
        self.row_begun.load(i, &self.clock, begun);
        self.row_ends.load(i, &self.clock, ended);
        let place = self.place.read(i);
        self.row_place.load(i, &self.clock, place);
        let restart = i.read(&self.begin.q) | (valid & i.read(&self.across.last));
        let next = place + (valid & ends).resize(place.width());
        self.place.load_or_zero(i, &self.clock, restart, next);
    }

    /// The best code from row to row.
    fn column<I: Interpreter>(&self, i: &mut I) {
        let (begun, ends) = (self.row_begun.read(i), self.row_ends.read(i));
        let leaves = self.leaves.read(i);
        let groups = self.row_best.chunks(LINE_COLUMNS);
        for (n, (memory, keys)) in self.lines.iter().zip(groups).enumerate() {
            let word = i.read(&memory.read_data);
            let mut kept = vec![];
            for (column, register) in keys.iter().enumerate() {
                let j = n * LINE_COLUMNS + column;
                let key = register.read(i);
                let bits = key.width();
                let line = word.slice(column * bits, bits);
                let better = (begun & !line.less_than(key)).mux(line, key);
                let better = i.name(format_args!("best_{j}"), better);
                kept.push(ends.mux(key, better));
                let own = better ^ self.late_direction[j].read(i).repeat(bits);
                let code = self.code_at(i, own);
                self.kept[j].load(i, &self.clock, code);
            }
            i.connect(&memory.clock, &self.clock);
            i.connect(&memory.read_address, &self.place.q);
            i.connect(&memory.write_enable, &self.leaves.q);
            i.connect(&memory.write_address, &self.row_place.q);
            i.drive(&memory.write_data, joined(&kept));
        }
        self.leaving
            .update_from(i, &self.clock, &self.reset, leaves & ends);
    }

    /// What leaves: pooled codes, or what came.
    fn out<I: Interpreter>(&self, i: &mut I) {
        let (on, leaving) = (i.read(&self.on), self.leaving.read(i));
        let valid = i.read(&self.valid);
        i.drive(&self.valid_out, on.mux(leaving, valid));
        let done = i.read(&self.tile_done);
        let mut late = done & on;
        for register in &self.done {
            register.update_from(i, &self.clock, &self.reset, late);
            late = register.read(i);
        }
        i.drive(&self.tile_done_out, on.mux(late, done));
        let live = i.read(&self.live);
        let late = delay(i, &self.clock, &self.counted, live);
        i.drive(&self.live_out, on.mux(late, live));
        for (j, kept) in self.kept.iter().enumerate() {
            let column = i.constant(late.width(), j as u64);
            i.drive(&self.pooled_valid[j], leaving & column.less_than(late));
            i.connect(&self.pooled[j], &kept.q);
            let code = i.read(&self.code[j]);
            let pooled = kept.read(i).resize(code.width());
            i.drive(&self.code_out[j], on.mux(pooled, code));
        }
    }
}

/// Words side by side, the first one lowest.
fn joined<W: Word>(words: &[W]) -> W {
    let rest = words[1..].iter();
    rest.fold(words[0], |below, word| (*word).concat(below))
}

/// The code at a place among the values: the way back of [`code_order`].
fn ordered_code<W: Word>(format: Format, order: W) -> W {
    if !format.is_signed() {
        return order;
    }
    let negative = !order.top();
    let index = order.slice(0, order.width() - 1);
    negative.concat(index ^ negative.repeat(index.width()))
}

impl Describe for OutputPool {
    fn module(&self) -> String {
        "output_pool".to_string()
    }
    fn about(&self) -> String {
        format!(
            "Max-pooling of {} codes of {} columns as they leave, row by row.",
            self._shape.design.format, self._shape.columns
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        self.axes(i);
        self.row(i);
        self.column(i);
        self.out(i);
    }
}
logic!(OutputPool);

#[cfg(test)]
mod tests;
