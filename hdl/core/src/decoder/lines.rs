//! Beats become lines, and lines are counted.

use super::{Decoder, Flow, LANE_BITS, Last, State, States, Taken};
use cromulent_design::Fetch;
use cromulent_kit::{Interpreter, Word};

impl Decoder {
    /// Accepts beats into the line buffer.
    pub(super) fn accept<I: Interpreter>(
        &self,
        i: &mut I,
        at: &States<I::Word>,
        flow: &Flow<I::Word>,
    ) {
        let (full, beat) = (self.full.read(i), self.beat.read(i));
        let (program, data) = (i.read(&self.program_valid), i.read(&self.data_valid));
        let open = i.name("open", !full | flow.more);
        let (program_left, data_left) = (
            !i.read(&self.program_left.ended),
            !i.read(&self.data_left.ended),
        );
        let counted = at.command | at.constant | at.tile;
        let program_ready = open & (at.header | (counted & program_left));
        let data_ready = open & at.data & data_left;
        let program_ready = i.name("take_program", program_ready);
        let data_ready = i.name("take_input", data_ready);
        i.drive(&self.program_ready, program_ready);
        i.drive(&self.data_ready, data_ready);
        let accepted = (program & program_ready) | (data & data_ready);
        let accepted = i.name("accepted", accepted);
        self.store(i, at, accepted);
        let states = [State::Header, State::Constant, State::Tile, State::Data];
        let [command, constant, tile, input] =
            states.map(|state| i.constant(beat.width(), self.beats_of(state) - 1));
        let final_beat = at
            .constant
            .mux(constant, at.tile.mux(tile, at.data.mux(input, command)));
        let complete = i.name("complete", accepted & beat.equals(final_beat));
        let (zero, one) = (i.constant(beat.width(), 0), i.constant(beat.width(), 1));
        let restart = self.restart(i);
        let next = complete.mux(zero, accepted.mux(beat + one, beat));
        self.beat.load_or_zero(i, &self.clock, restart, next);
        let kept = complete | (full & !flow.taken);
        self.full.load_or_zero(i, &self.clock, restart, kept);
        self.count_beats(i, flow, program & program_ready, data & data_ready);
    }

    fn store<I: Interpreter>(&self, i: &mut I, at: &States<I::Word>, accepted: I::Word) {
        let beat = self.beat.read(i);
        let lanes = self.program_data.len();
        for (n, register) in self.lanes.iter().enumerate() {
            let here = i.constant(beat.width(), (n / lanes) as u64);
            let enable = accepted & beat.equals(here);
            let (program, data) = (
                i.read(&self.program_data[n % lanes]),
                i.read(&self.data_data[n % lanes]),
            );
            // Only code lines come from the input.
            let input = (n / lanes) < self.beats_of(State::Data) as usize;
            let word = if input {
                at.data.mux(data, program)
            } else {
                program
            };
            register.load_if(i, &self.clock, enable, word);
            i.connect(&self.line[n], &register.q);
        }
    }

    /// Beats that program and input still have.
    fn count_beats<I: Interpreter>(
        &self,
        i: &mut I,
        flow: &Flow<I::Word>,
        program: I::Word,
        data: I::Word,
    ) {
        let whole = i.constant(LANE_BITS, self.beats_of(State::Header));
        let beats = self.lane(i, 4) - whole;
        let clock = &self.clock;
        self.program_left
            .count(i, clock, (flow.header, beats), program);
        let beats = self.lane(i, Fetch::LANES[3]);
        self.data_left.count(i, clock, (flow.fetch, beats), data);
    }

    /// Counts lines, and says whether the line at hand is the last of its kind.
    pub(super) fn count_lines<I: Interpreter>(
        &self,
        i: &mut I,
        taken: &Taken<I::Word>,
    ) -> Last<I::Word> {
        let clock = &self.clock;
        let whole = i.read(self.next.get("tile_lines"));
        self.tiles_left
            .count(i, clock, (taken.constant, whole), taken.tile);
        let tiles_of = self.field(i, "column_tiles");
        self.columns_left
            .count(i, clock, (taken.layer, tiles_of), taken.constant);
        let [from, count, _, _] = Fetch::LANES.map(|lane| self.lane(i, lane));
        let count = count.slice(0, self.lines_left.from.width());
        self.lines_left
            .count(i, clock, (taken.fetch, count), taken.data);
        let address = self.address.read(i);
        let next = address + taken.data.resize(address.width());
        let from = from.slice(0, address.width());
        self.address.load(i, clock, taken.fetch.mux(from, next));
        Last {
            tile: i.read(&self.tiles_left.ended),
            column: i.read(&self.columns_left.ended),
            line: i.read(&self.lines_left.ended),
        }
    }
}
