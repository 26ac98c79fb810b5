//! Carries the codes of a layer to the code banks.

use crate::sequencer::register_width;
use crate::shape::Shape;
use cromulent_design::clog2;
use cromulent_kit::{Describe, Interpreter, Net, Optional, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Turns the codes of one position to the banks of their channels and writes them all at once, in the cycle after they
/// came. Codes of the input come the same way.
#[derive(LogicBlock)]
pub struct WriteBack {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: nothing is under way.
    pub reset: Net<In>,
    /// A layer begins.
    pub start: Net<In>,
    /// Bank of its output channel 0, at `start`.
    pub first_rotation: Net<In>,
    /// Address of that channel's plane, at `start`.
    pub first_address: Net<In>,
    /// Words from a plane of the output to the next.
    pub plane: Net<In>,
    /// The layer's codes are kept.
    pub codes: Net<In>,
    /// Code of each column.
    pub word: Vec<Net<In>>,
    /// The codes of a position are there.
    pub word_valid: Net<In>,
    /// They are the last of their column tile.
    pub tile_done: Net<In>,
    /// Columns that count.
    pub live: Net<In>,
    /// A code line of the input is to be written.
    pub fetched: Net<In>,
    /// Where it goes.
    pub fetched_address: Net<In>,
    /// Its word for each bank.
    pub fetched_code: Vec<Net<In>>,
    /// Write to this row's bank.
    pub write: Vec<Net<Out>>,
    /// Where.
    pub address: Vec<Net<Out>>,
    /// What.
    pub code: Vec<Net<Out>>,
    rotation: Register,
    base: Register,
    place: Register,
    low: Register,
    high: Optional<Register>,
    enable: Vec<Register>,
    upper: Vec<Register>,
    turned: Vec<Register>,
    _shape: Shape,
}

impl WriteBack {
    /// The write-back of a design.
    pub fn new(shape: &Shape) -> WriteBack {
        let (rows, columns) = (shape.rows, shape.columns);
        let (address, stored) = (shape.address_bits(), shape.code_word_bits());
        // An integer left uncoded is as wide as a pixel.
        let code = shape.code_word_bits();
        let bits = |name| register_width(shape, name);
        WriteBack {
            clock: Net::flag(),
            reset: Net::flag(),
            start: Net::flag(),
            first_rotation: Net::bits(bits("output_rotation")),
            first_address: Net::bits(address),
            plane: Net::bits(bits("output_plane")),
            codes: Net::flag(),
            word: Net::array(columns, code, false),
            word_valid: Net::flag(),
            tile_done: Net::flag(),
            live: Net::bits(bits("last_columns")),
            fetched: Net::flag(),
            fetched_address: Net::bits(address),
            fetched_code: Net::array(rows, stored, false),
            write: Net::array(rows, 1, false),
            address: Net::array(rows, address, false),
            code: Net::array(rows, stored, false),
            rotation: Register::data(bits("output_rotation"), false),
            base: Register::data(address, false),
            place: Register::data(address, false),
            low: Register::data(address, false),
            high: Optional::when(rows > 1, || Register::data(address, false)),
            enable: (0..rows).map(|_| Register::control(1)).collect(),
            // No rotation goes beyond the last row.
            upper: Register::data_array(rows - 1, 1, false),
            turned: Register::data_array(rows, code, false),
            _shape: shape.clone(),
        }
    }
}

/// A code on its way to its bank, and whether it counts.
#[derive(Clone, Copy)]
struct Lane<W> {
    counts: W,
    code: W,
}

impl WriteBack {
    /// One lane for each row, those of the columns first.
    fn lanes<I: Interpreter>(&self, i: &mut I) -> Vec<Lane<I::Word>> {
        let (live, valid) = (i.read(&self.live), i.read(&self.word_valid));
        let keep = valid & i.read(&self.codes);
        let keep = i.name("keep", keep);
        let mut lanes = vec![];
        for (j, code) in self.word.iter().enumerate() {
            let code = i.read(code);
            let column = i.constant(live.width(), j as u64);
            let counts = keep & column.less_than(live);
            let counts = i.name(format_args!("counts_{j}"), counts);
            lanes.push(Lane { counts, code });
        }
        let idle = Lane {
            counts: i.constant(1, 0),
            code: i.constant(self.turned[0].q.width(), 0),
        };
        lanes.resize(self._shape.rows, idle);
        lanes
    }

    /// Moves every lane as many rows on as the rotation says, round the end.
    fn turn<I: Interpreter>(&self, i: &mut I) {
        let (mut lanes, rotation) = (self.lanes(i), self.rotation.read(i));
        let rows = lanes.len();
        for bit in 0..clog2(rows as u32) as usize {
            let moves = rotation.bit(bit);
            let mut turned = vec![];
            for row in 0..rows {
                let (from, stays) = (lanes[(row + rows - (1 << bit)) % rows], lanes[row]);
                let counts = moves.mux(from.counts, stays.counts);
                let code = moves.mux(from.code, stays.code);
                turned.push(Lane {
                    counts: i.name(format_args!("counts_{row}_by_{}", 1 << bit), counts),
                    code: i.name(format_args!("code_{row}_by_{}", 1 << bit), code),
                });
            }
            lanes = turned;
        }
        for (row, lane) in lanes.into_iter().enumerate() {
            self.enable[row].update_from(i, &self.clock, &self.reset, lane.counts);
            self.turned[row].load(i, &self.clock, lane.code);
        }
        for (row, upper) in self.upper.iter().enumerate() {
            let number = i.constant(rotation.width(), row as u64);
            upper.load(i, &self.clock, number.less_than(rotation));
        }
    }

    /// Where the position lies in the column tile's first plane, and in the one above.
    fn place<I: Interpreter>(&self, i: &mut I) {
        let (start, word, done) = (
            i.read(&self.start),
            i.read(&self.word_valid),
            i.read(&self.tile_done),
        );
        let (base, place) = (self.base.read(i), self.place.read(i));
        let whole = i.read(&self.plane);
        let plane = whole.resize(base.width());
        if whole.width() > base.width() {
            i.unused(whole.slice(base.width(), whole.width() - base.width()));
        }
        let low = i.name("low_address", base + place);
        self.low.load(i, &self.clock, low);
        if let Some(high) = self.high.get() {
            high.load(i, &self.clock, low + plane);
        }
        let one = i.constant(place.width(), 1);
        let next = word.mux(place + one, place);
        self.place.load_or_zero(i, &self.clock, start | done, next);

        i.comment("The next column tile begins in the bank after this one's last");
        let rotation = self.rotation.read(i);
        let bits = rotation.width() + 1;
        let (rows, columns) = (
            i.constant(bits, self._shape.rows as u64),
            i.constant(bits, self._shape.columns as u64),
        );
        let sum = i.name("rotation_sum", rotation.resize(bits) + columns);
        let round = i.name("goes_round", sum.at_least(rows));
        let [sum, rows] = [sum, rows].map(|word| word.slice(0, bits - 1));
        let turned = round.mux(sum - rows, sum);
        let first = i.read(&self.first_rotation);
        let next = done.mux(turned, rotation);
        self.rotation.load(i, &self.clock, start.mux(first, next));
        let first = i.read(&self.first_address);
        let next = (done & round).mux(base + plane, base);
        self.base.load(i, &self.clock, start.mux(first, next));
    }

    /// The write ports of the banks.
    fn ports<I: Interpreter>(&self, i: &mut I) {
        let (fetched, at) = (i.read(&self.fetched), i.read(&self.fetched_address));
        let low = self.low.read(i);
        let high = self.high.get().map_or(low, |high| high.read(i));
        for row in 0..self._shape.rows {
            let kept = self.enable[row].read(i);
            i.drive(&self.write[row], kept | fetched);
            let own = match self.upper.get(row) {
                Some(upper) => upper.read(i).mux(high, low),
                None => low,
            };
            i.drive(&self.address[row], fetched.mux(at, own));
            let given = i.read(&self.fetched_code[row]);
            let code = self.turned[row].read(i).resize(given.width());
            i.drive(&self.code[row], fetched.mux(given, code));
        }
    }
}

impl Describe for WriteBack {
    fn module(&self) -> String {
        "write_back".to_string()
    }
    fn about(&self) -> String {
        let (rows, columns) = (self._shape.rows, self._shape.columns);
        format!(
            "Codes of {columns} columns to {rows} banks: output channel c of a map that begins in bank b goes to\n             bank (b + c) mod {rows}, a plane further each time that goes round."
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        self.turn(i);
        self.place(i);
        self.ports(i);
    }
}
logic!(WriteBack);

#[cfg(test)]
mod tests;
