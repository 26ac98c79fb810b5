//! What of the core is wired to what.

use super::Core;
use crate::columns::WINDOW_REGISTERS;
use crate::line::{cut, deal, leave_unread};
use crate::output_pool::OutputPool;
use cromulent_kit::{Interpreter, Net, Word};
use rust_hdl_core::prelude::*;

impl Core {
    /// A register of the layer that runs.
    fn layer(&self, name: &str) -> &Net<Out> {
        self.layer_control.layer.get(name)
    }

    /// A register of the layer that comes next.
    fn next(&self, name: &str) -> &Net<Out> {
        self.decoder.next.get(name)
    }

    /// Everything but the decoder is reset at the start of a program as well.
    pub(super) fn clocks<I: Interpreter>(&self, i: &mut I) {
        let clear = i.read(&self.reset) | i.read(&self.start);
        let clear = i.name("clear", clear);
        i.connect(&self.decoder.clock, &self.clock);
        i.connect(&self.decoder.reset, &self.reset);
        i.connect(&self.array.clock, &self.clock);
        i.connect(&self.deskew.clock, &self.clock);
        if let Some(pool) = self.output_pool.get() {
            i.connect(&pool.clock, &self.clock);
            i.drive(&pool.reset, clear);
        }
        for (clock, reset) in [
            (&self.layer_control.clock, &self.layer_control.reset),
            (&self.constant_ring.clock, &self.constant_ring.reset),
            (&self.loader.clock, &self.loader.reset),
            (&self.sequencer.clock, &self.sequencer.reset),
            (&self.rows.clock, &self.rows.reset),
            (&self.columns.clock, &self.columns.reset),
            (&self.write_back.clock, &self.write_back.reset),
            (&self.mover.clock, &self.mover.reset),
            (&self.collector.clock, &self.collector.reset),
            (&self.scores.clock, &self.scores.reset),
            (&self.counters.clock, &self.counters.reset),
        ] {
            i.connect(clock, &self.clock);
            i.drive(reset, clear);
        }
    }

    /// The program comes in; commands and lines come out.
    pub(super) fn decode<I: Interpreter>(&self, i: &mut I) {
        let decoder = &self.decoder;
        i.connect(&decoder.start, &self.start);
        i.connect(&decoder.program_valid, &self.program_valid);
        i.connect(&self.program_ready, &decoder.program_ready);
        i.connect(&decoder.data_valid, &self.data_valid);
        let program = decoder.program_data.iter().zip(&self.program_data);
        let data = decoder.data_data.iter().zip(&self.data_data);
        for (port, lane) in program.chain(data) {
            i.connect(port, lane);
        }
        i.connect(&decoder.constants_room, &self.constant_ring.room);
        i.connect(&decoder.tiles_room, &self.loader.room);
        i.connect(&decoder.layer_start, &self.layer_control.start);
        i.connect(&decoder.running, &self.layer_control.running);
        let coming = i.read(&self.collector.score_valid);
        let drained = i.read(&self.scores.empty) & !coming & i.read(&self.writer_idle);
        i.drive(&decoder.drained, drained);
        i.connect(&decoder.memory, &self.memory);
        i.connect(&decoder.move_done, &self.mover.done);
        i.connect(&decoder.move_uneven, &self.mover.uneven);
        for (port, net) in [
            (&self.fetch_valid, &decoder.fetch_valid),
            (&self.fetch_maps, &decoder.fetch_maps),
            (&self.store_valid, &decoder.store_valid),
            (&self.fetch_offset, &decoder.fetch_offset),
            (&self.fetch_beats, &decoder.fetch_beats),
            (&self.header_valid, &decoder.header_valid),
            (&self.header_beats, &decoder.header_beats),
            (&self.busy, &decoder.busy),
            (&self.done, &decoder.done),
            (&self.fault, &decoder.fault),
        ] {
            i.connect(port, net);
        }
        i.connect(&self.constant_ring.write, &decoder.write_constant);
        i.connect(&self.loader.write, &decoder.write_tile);
    }

    /// Layer after layer, tile after tile.
    pub(super) fn control<I: Interpreter>(&self, i: &mut I) {
        let (control, sequencer, loader) = (&self.layer_control, &self.sequencer, &self.loader);
        for (port, net) in control.next.nets().zip(self.decoder.next.nets()) {
            i.connect(port, net);
        }
        i.connect(&control.next_valid, &self.decoder.next_valid);
        if let Some(last) = self.columns.word_valid.last() {
            let mut valid = i.read(last);
            if let Some(done) = self.rows.pool_done.get() {
                valid = valid | i.read(done);
            }
            i.drive(&control.word_valid, valid);
        }
        i.connect(&self.constant_ring.free, &control.tile_done);
        i.connect(&sequencer.start, &control.start);
        for (name, port) in sequencer.layer_ports() {
            i.connect(port, self.layer(name));
        }
        i.connect(&loader.swap, &sequencer.swap);
        i.connect(&sequencer.waiting, &loader.waiting);
        i.connect(&sequencer.output_ready, &self.collector.ready);
        i.connect(&self.layer_start, &control.start);
        i.connect(&self.layer_done, &control.done);
        i.connect(&self.layer_cycles, &control.cycles);

        let counters = &self.counters;
        i.connect(&counters.busy, &self.decoder.busy);
        i.connect(&counters.issuing, &sequencer.issuing);
        i.connect(&counters.pending, &sequencer.pending);
        i.connect(&counters.waiting, &loader.waiting);
        i.connect(&counters.output_ready, &self.collector.ready);
        i.connect(&counters.running, &control.running);
        i.connect(&counters.fetching, &self.decoder.in_data);
        i.connect(&counters.moving, &self.decoder.in_move);
        i.connect(&counters.layer_done, &control.done);
        i.connect(&counters.saturated, &self.columns.saturated);
        for (port, net) in self.count.nets().zip(counters.count.nets()) {
            i.connect(port, net);
        }
    }

    /// Lines of the program and of the input go to the memories.
    pub(super) fn lines<I: Interpreter>(&self, i: &mut I) {
        let (decoder, line) = (&self.decoder, &self.decoder.line);
        let (rows, columns) = (&self.rows, &self.columns);
        let thetas = self._shape.root;
        let constants = columns.offset.iter().zip(&columns.norm).enumerate();
        let directions = self.output_pool.get().map(|pool| &pool.direction);
        let constants = constants.flat_map(|(j, (offset, norm))| {
            [offset, norm]
                .into_iter()
                .chain(directions.map(|directions| &directions[j]))
                .chain(&columns.theta[j * thetas..][..thetas])
        });
        let tile = std::iter::once(&rows.row_word).chain(&columns.new_weight);
        let ends = [
            deal(i, line, constants),
            deal(i, line, tile),
            self.codes(i, line),
        ];
        leave_unread(i, line, ends.into_iter().max().unwrap_or(0));

        i.connect(&columns.write_constants, &decoder.write_constant);
        i.connect(&columns.constant_address, &self.constant_ring.address);
        i.connect(&rows.write_row_word, &decoder.write_tile);
        i.connect(&columns.write_weights, &decoder.write_tile);
        for port in [&rows.write_address, &columns.write_address] {
            i.connect(port, &self.loader.write_address);
        }
        for port in [&rows.read_address, &columns.read_address] {
            i.connect(port, &self.loader.read_address);
        }
        if let (Some(port), Some(entry)) = (columns.entry_in.get(), self.loader.entry.get()) {
            i.connect(port, entry);
        }
    }

    /// Code lines of the input, or of maps, go to the banks; the bits of one of the input.
    fn codes<I: Interpreter>(&self, i: &mut I, line: &[Net<Out>]) -> usize {
        let (mover, mut low) = (&self.mover, 0);
        for (port, map) in self.write_back.fetched_code.iter().zip(&mover.write_code) {
            let input = cut(i, line, low, port.width());
            let maps = i.read(&mover.fetching);
            let code = maps.mux(i.read(map), input);
            i.drive(port, code);
            low += port.width();
        }
        low
    }

    /// Maps move between the banks and the memory.
    pub(super) fn moves<I: Interpreter>(&self, i: &mut I) {
        let (mover, decoder, rows) = (&self.mover, &self.decoder, &self.rows);
        let (fetch, maps) = (i.read(&decoder.fetch_valid), i.read(&decoder.fetch_maps));
        i.drive(&mover.fetch, fetch & maps);
        for (to, from) in [
            (&mover.store, &decoder.store_valid),
            (&mover.address, &decoder.move_address),
            (&mover.lines, &decoder.move_lines),
            (&mover.beats, &decoder.fetch_beats),
            (&rows.read, &mover.read),
            (&rows.line_address, &mover.read_address),
        ] {
            i.connect(to, from);
        }
        for (to, from) in [
            (&self.line_valid, &mover.line_valid),
            (&self.line_last, &mover.line_last),
        ]
        .into_iter()
        .chain(self.line.iter().zip(&rows.line))
        {
            i.connect(to, from);
        }
        for (to, from) in [
            (&mover.room, &self.line_room),
            (&mover.pushed, &self.line_pushed),
            (&mover.stored, &self.lines_stored),
            (&mover.data_valid, &self.data_valid),
        ]
        .into_iter()
        .chain(mover.data_data.iter().zip(&self.data_data))
        {
            i.connect(to, from);
        }
        let ready = i.read(&decoder.data_ready) | i.read(&mover.data_ready);
        i.drive(&self.data_ready, ready);
    }

    /// Beats go to the rows, and from there to the array.
    pub(super) fn rows<I: Interpreter>(&self, i: &mut I) {
        let (rows, array) = (&self.rows, &self.array);
        i.connect(&rows.height, self.layer("height"));
        i.connect(&rows.width, self.layer("width"));
        match rows.digits.get() {
            Some(port) => i.connect(port, self.layer("digits")),
            None => {
                let digits = i.read(self.layer("digits"));
                i.unused(digits);
            }
        }
        i.connect(&rows.position, &self.sequencer.position);
        i.connect(&rows.flags, &self.sequencer.flags);
        i.connect(&rows.load, &self.loader.load);
        i.connect(&rows.swap, &self.sequencer.swap);
        self.pool(i);
        for (r, operand) in rows.operand.iter().enumerate() {
            i.connect(&array.operand[r], operand);
            i.connect(&array.load[r], &rows.load_out[r]);
            i.connect(&array.swap[r], &rows.swap_out[r]);
            i.connect(&rows.write_code[r], &self.write_back.write[r]);
            i.connect(&rows.code_address[r], &self.write_back.address[r]);
            i.connect(&rows.code[r], &self.write_back.code[r]);
        }
    }

    /// What the rows know of a max-pool, and give.
    fn pool<I: Interpreter>(&self, i: &mut I) {
        let (rows, sequencer) = (&self.rows, &self.sequencer);
        let pooling = (rows.start.get(), rows.pool_address.get());
        let (Some(start), Some(address)) = pooling else {
            let max_pool = i.read(self.layer("max_pool"));
            return i.unused(max_pool);
        };
        i.connect(start, &self.layer_control.start);
        i.connect(address, self.next("output_address"));
        if let (Some(to), Some(from)) = (rows.window_last.get(), sequencer.window_last.get()) {
            i.connect(to, from);
        }
        let Some(pool) = self.output_pool.get() else {
            return;
        };
        let on = i.read(self.layer("output_pool"));
        for (r, (valid, code)) in self.pooled_valid.iter().zip(&self.pooled).enumerate() {
            let (mut leaves, pooled) = (i.read(&rows.pooled_valid[r]), i.read(&rows.pooled[r]));
            let mut pooled = pooled.resize(code.width());
            if let (Some(valid), Some(code)) = (pool.pooled_valid.get(r), pool.pooled.get(r)) {
                leaves = leaves | i.read(valid);
                pooled = on.mux(i.read(code), pooled);
            }
            i.drive(valid, leaves);
            i.drive(code, pooled);
        }
    }

    /// Sums go to the columns.
    pub(super) fn columns<I: Interpreter>(&self, i: &mut I) {
        let (columns, array) = (&self.columns, &self.array);
        if let (Some(port), Some(count)) = (columns.count.get(), self.rows.count.get()) {
            i.connect(port, count);
        }
        i.connect(&columns.flags, &self.rows.flags_out);
        i.connect(&columns.start, &self.layer_control.start);
        i.connect(&columns.raw, self.layer("raw"));
        for (port, register) in [
            (&columns.stream_read, self.next("stream_read")),
            (&columns.stream_write, self.next("stream_write")),
            (&columns.add, self.layer("add")),
            (&columns.stream, self.layer("stream")),
            (&columns.clamp, self.layer("clamp")),
            (&columns.integers, self.layer("integers")),
            (&columns.largest, self.layer("largest")),
            (&columns.spacing, self.layer("spacing")),
        ] {
            match port.get() {
                Some(port) => i.connect(port, register),
                None => {
                    let idle = i.read(register);
                    i.unused(idle);
                }
            }
        }
        if let Some(windows) = columns.windows.get() {
            for (port, name) in windows.nets().zip(WINDOW_REGISTERS) {
                i.connect(port, self.layer(name));
            }
        }
        if let (Some(port), Some(entry)) = (array.entry.get(), columns.entry_out.get()) {
            i.connect(port, entry);
        }
        if let Some(port) = array.reset.get() {
            i.connect(port, &self.reset);
        }
        for (j, sum) in columns.sum.iter().enumerate() {
            i.connect(&array.weight[j], &columns.weight[j]);
            i.connect(sum, &array.sum[j]);
            i.connect(&self.word_valid[j], &columns.word_valid[j]);
            i.connect(&self.word[j], &columns.word[j]);
        }
    }

    /// Codes go back to the rows.
    pub(super) fn write_back<I: Interpreter>(&self, i: &mut I) {
        let (write_back, control, deskew) = (&self.write_back, &self.layer_control, &self.deskew);
        for (port, word) in deskew.word.iter().zip(&self.columns.word) {
            let code = i.read(word).slice(0, port.width());
            i.drive(port, code);
        }
        i.connect(&write_back.start, &control.start);
        i.connect(&write_back.first_rotation, self.next("output_rotation"));
        i.connect(&write_back.first_address, self.next("output_address"));
        i.connect(&write_back.plane, self.layer("output_plane"));
        i.connect(&write_back.codes, self.layer("codes"));
        let (valid, done, live, codes) = match self.output_pool.get() {
            Some(pool) => {
                self.pool_codes(i, pool);
                let (valid, done) = (&pool.valid_out, &pool.tile_done_out);
                (Some(valid), done, &pool.live_out, &pool.code_out)
            }
            None => (
                self.columns.word_valid.last(),
                &control.tile_done,
                &control.live,
                &deskew.together,
            ),
        };
        i.connect(&write_back.tile_done, done);
        i.connect(&write_back.live, live);
        for (port, code) in write_back.word.iter().zip(codes) {
            i.connect(port, code);
        }
        if let Some(valid) = valid {
            i.connect(&write_back.word_valid, valid);
        }
        let (mover, decoder) = (&self.mover, &self.decoder);
        let fetched = i.read(&decoder.write_codes) | i.read(&mover.write);
        i.drive(&write_back.fetched, fetched);
        let (maps, own) = (i.read(&mover.fetching), i.read(&mover.write_address));
        let at = maps.mux(own, i.read(&decoder.code_address));
        i.drive(&write_back.fetched_address, at);
    }

    /// Codes go through the output pool.
    fn pool_codes<I: Interpreter>(&self, i: &mut I, pool: &OutputPool) {
        let control = &self.layer_control;
        i.connect(&pool.start, &control.start);
        for (port, name) in [
            (&pool.on, "output_pool"),
            (&pool.output_width, "output_width"),
            (&pool.output_height, "output_height"),
            (&pool.window, "window"),
            (&pool.stride, "window_stride"),
            (&pool.first, "window_first"),
            (&pool.cut_right, "cut_right"),
            (&pool.cut_below, "cut_below"),
        ] {
            i.connect(port, self.layer(name));
        }
        if let Some(port) = pool.integers.get() {
            i.connect(port, self.layer("integers"));
        }
        i.connect(&pool.write_directions, &self.decoder.write_constant);
        i.connect(&pool.direction_address, &self.constant_ring.address);
        i.connect(&pool.tile_done, &control.tile_done);
        i.connect(&pool.live, &control.live);
        if let Some(last) = self.columns.word_valid.last() {
            i.connect(&pool.valid, last);
        }
        for (port, code) in pool.code.iter().zip(&self.deskew.together) {
            i.connect(port, code);
        }
    }

    /// Scores go out.
    pub(super) fn results<I: Interpreter>(&self, i: &mut I) {
        let (collector, scores) = (&self.collector, &self.scores);
        i.connect(&collector.scores, self.layer("scores"));
        i.connect(&collector.room, &scores.room);
        i.connect(&collector.swap, &self.sequencer.swap);
        i.connect(&collector.live, &self.layer_control.live);
        i.connect(&collector.last_tile, &self.layer_control.last_tile);
        let last = (&collector.last_position, &self.layer_control.last_position);
        if let (Some(to), Some(from)) = (last.0.get(), last.1.get()) {
            i.connect(to, from);
        }
        for (j, word) in self.columns.word.iter().enumerate() {
            i.connect(&collector.word[j], word);
            i.connect(&collector.word_valid[j], &self.columns.word_valid[j]);
        }
        i.connect(&scores.push, &collector.score_valid);
        i.connect(&scores.word, &collector.score);
        i.connect(&scores.last, &collector.last);
        i.connect(&scores.ready, &self.result_ready);
        i.connect(&self.result_valid, &scores.valid);
        i.connect(&self.result_data, &scores.data);
        i.connect(&self.result_last, &scores.data_last);
    }
}
