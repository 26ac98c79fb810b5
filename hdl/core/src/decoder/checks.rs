//! Which line is taken, and what makes the decoder refuse one.

use super::{Decoder, FAULT_BITS, LANE_BITS, States, Taken};
use cromulent_design::{
    Command, Fault, Fetch, LayerField, PROGRAM_MAGIC, PROGRAM_VERSION, REGISTERS, register_bits,
};
use cromulent_kit::{Interpreter, Word};

const OUT_OF_RANGE: u64 = Fault::OutOfRange as u64 + 1;
const TRUNCATED: u64 = Fault::Truncated as u64 + 1;

/// The fault of the line at hand if it is a header, or a command; 0 for none.
struct Checks<W> {
    header: W,
    command: W,
}

impl Decoder {
    pub(super) fn taken<I: Interpreter>(&self, i: &mut I, at: &States<I::Word>) -> Taken<I::Word> {
        let full = self.full.read(i);
        let checks = self.check(i);
        let command = full & at.command;
        let bad_command = i.name("bad_command", command & checks.command.any());
        let bad_header = i.name("bad_header", full & at.header & checks.header.any());
        let good = command & !checks.command.any();
        let (running, waits) = (i.read(&self.running), self.next_full.read(i));
        let quiet = i.name("quiet", !running & !waits);
        let drained = i.read(&self.drained);
        let [layer, fetch, store, end] = self.opcodes(i);
        let maps = self.scratch(i);
        let moves = i.name("moves_maps", store | (fetch & maps));
        let fetch = fetch & !maps;
        let (constants_room, tiles_room) = (i.read(&self.constants_room), i.read(&self.tiles_room));
        Taken {
            header: i.name("take_header", full & at.header & !bad_header),
            layer: i.name("take_layer", good & layer & !waits),
            fetch: i.name("take_fetch", good & fetch & quiet),
            moves: i.name("take_move", good & moves & quiet & drained),
            end: i.name("take_end", good & end & quiet & drained),
            constant: i.name("take_constant", full & at.constant & constants_room),
            tile: i.name("take_tile", full & at.tile & tiles_room),
            data: i.name("take_data", full & at.data),
            bad: bad_header | bad_command,
            code: at.header.mux(checks.header, checks.command),
        }
    }

    /// What goes wrong in this cycle, and its code.
    pub(super) fn faults<I: Interpreter>(
        &self,
        i: &mut I,
        at: &States<I::Word>,
        taken: &Taken<I::Word>,
        last_line: I::Word,
    ) -> I::Word {
        let wanted = !self.full.read(i);
        let no_program = i.read(&self.program_left.ended);
        let no_data = i.read(&self.data_left.ended);
        let truncated = wanted & no_program & (at.command | at.constant | at.tile);
        let truncated = i.name("truncated", truncated);
        let moved = at.moves & i.read(&self.move_uneven);
        let uneven = (wanted & at.data & no_data) | (taken.data & last_line & !no_data) | moved;
        let uneven = i.name("uneven", uneven);
        let range = i.constant(FAULT_BITS, OUT_OF_RANGE);
        let short = i.constant(FAULT_BITS, TRUNCATED);
        let code = truncated.mux(short, uneven.mux(range, taken.code));
        let fault = i.name("fault_now", taken.bad | truncated | uneven);
        let (restart, old) = (self.restart(i), self.fault_code.read(i));
        let next = fault.mux(code, old);
        self.fault_code.load_or_zero(i, &self.clock, restart, next);
        i.drive(&self.fault, old);
        fault
    }

    fn check<I: Interpreter>(&self, i: &mut I) -> Checks<I::Word> {
        let (mut header, mut command) = (self.check_header(i), self.check_command(i));
        if let [early_header, early_command] = self.checked.as_slice() {
            i.comment("The last beat says nothing: what the others say waits in registers");
            early_header.load(i, &self.clock, header);
            early_command.load(i, &self.clock, command);
            (header, command) = (early_header.read(i), early_command.read(i));
        }
        Checks { header, command }
    }

    fn lane_is<I: Interpreter>(&self, i: &mut I, lane: usize, number: u32) -> I::Word {
        let number = i.constant(LANE_BITS, u64::from(number));
        self.lane(i, lane).equals(number)
    }

    fn check_header<I: Interpreter>(&self, i: &mut I) -> I::Word {
        let fingerprint = self._shape.design.fingerprint();
        let magic = self.lane_is(i, 0, PROGRAM_MAGIC);
        let version = self.lane_is(i, 1, PROGRAM_VERSION);
        let design =
            self.lane_is(i, 2, fingerprint as u32) & self.lane_is(i, 3, (fingerprint >> 32) as u32);
        let least = i.constant(LANE_BITS, u64::from(self._shape.design.command_beats()));
        let whole = self.lane(i, 4).at_least(least);
        let mut fault = |fault: Fault| i.constant(FAULT_BITS, u64::from(fault.code()));
        let (not_a_program, other_version) = (fault(Fault::NotAProgram), fault(Fault::Version));
        let (other_design, short) = (fault(Fault::OtherDesign), fault(Fault::Truncated));
        let none = i.constant(FAULT_BITS, 0);
        let rest = design.mux(whole.mux(none, short), other_design);
        let code = magic.mux(version.mux(rest, other_version), not_a_program);
        i.name("header_fault", code)
    }

    /// Whether the command at hand is LAYER, FETCH, STORE, END.
    fn opcodes<I: Interpreter>(&self, i: &mut I) -> [I::Word; 4] {
        let codes = [Command::LAYER, Command::FETCH, Command::STORE, Command::END];
        codes.map(|code| self.opcode_is(i, code))
    }

    fn check_command<I: Interpreter>(&self, i: &mut I) -> I::Word {
        let [layer, fetch, store, end] = self.opcodes(i);
        let layer_range = self.layer_out_of_range(i);
        let fetch_range = self.fetch_out_of_range(i);
        let lines = fetch | store;
        let out = (layer & layer_range) | (lines & fetch_range);
        let none = i.constant(FAULT_BITS, 0);
        let range = i.constant(FAULT_BITS, OUT_OF_RANGE);
        let unknown = i.constant(FAULT_BITS, u64::from(Fault::UnknownCommand.code()));
        let nowhere = i.constant(FAULT_BITS, u64::from(Fault::NoMemory.code()));
        let maps = store | (fetch & self.scratch(i));
        let lost = maps & !i.read(&self.memory);
        let known = lost.mux(nowhere, out.mux(range, none));
        let code = (layer | lines | end).mux(known, unknown);
        i.name("command_fault", code)
    }

    /// Some register cannot hold its field, a count is 0, or rows are to pool that cannot.
    fn layer_out_of_range<I: Interpreter>(&self, i: &mut I) -> I::Word {
        let mut out = i.constant(1, 0);
        for (field, (_, bits)) in REGISTERS.iter().zip(register_bits(&self._shape.design)) {
            let (low, bits) = (field.low as usize, bits.min(field.bits) as usize);
            let lane = self.lane(i, field.lane);
            let more = field.bits as usize - bits;
            if more > 0 {
                out = out | lane.slice(low + bits, more).any();
            }
            if field.counts_in(&self._shape.design) {
                out = out | !lane.slice(low, bits).any();
            }
        }
        let design = &self._shape.design;
        let lacks = [
            (design.max_pool, &["max_pool"][..]),
            (design.has_stream(), &["add", "stream", "clamp"]),
        ];
        for (_, names) in lacks.into_iter().filter(|(has, _)| !has) {
            for name in names {
                out = out | self.field(i, name);
            }
        }
        i.name("layer_out_of_range", out)
    }

    fn fetch_out_of_range<I: Interpreter>(&self, i: &mut I) -> I::Word {
        let [address, lines, _, beats] = Fetch::LANES.map(|lane| self.lane(i, lane));
        let mut out = !lines.any() | !beats.any();
        for (lane, bits) in [
            (address, self.address.q.width()),
            (lines, self.lines_left.from.width()),
        ] {
            if bits < LANE_BITS {
                out = out | lane.slice(bits, LANE_BITS - bits).any();
            }
        }
        i.name("fetch_out_of_range", out)
    }

    /// The value of a layer's register in the line at hand.
    pub(super) fn field<I: Interpreter>(&self, i: &mut I, name: &str) -> I::Word {
        let width = self.next.get(name).width();
        let find = |field: &&LayerField| field.name == name;
        match REGISTERS.iter().find(find) {
            Some(field) => {
                let bits = width.min(field.bits as usize);
                let lane = self.lane(i, field.lane);
                lane.slice(field.low as usize, bits).resize(width)
            }
            None => i.constant(width, 0),
        }
    }
}
