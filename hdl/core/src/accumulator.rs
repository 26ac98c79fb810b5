//! The accumulators below one column.

use crate::counting::{around, delay};
use crate::position::{FLAG_BITS, Flags};
use crate::shape::Shape;
use cromulent_kit::{Describe, Interpreter, Memory, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// One bank of accumulators: sums row tiles in a memory, beats of one word in a register, and sends
/// the last row tile's totals on instead of storing them.
#[derive(LogicBlock)]
pub struct Accumulator {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: no beat is under way, the next set of constants is the first.
    pub reset: Net<In>,
    /// Flags of the beat whose sum comes in two cycles.
    pub flags_in: Net<In>,
    /// The same for the column to the right, a cycle later.
    pub flags_out: Net<Out>,
    /// The array's corrected sum.
    pub sum: Net<In>,
    /// A total is ready.
    pub total_valid: Net<Out>,
    /// The total.
    pub total: Net<Out>,
    /// The set of quantizer constants it needs, a cycle before it.
    pub channel: Net<Out>,
    stage: Register,
    stage_late: Register,
    address: Register,
    address_late: [Register; 2],
    channel_now: Register,
    channel_late: Register,
    channel_next: Register,
    running: Register,
    emitted: Register,
    passed: Register,
    stored: Register,
    forward: [Register; 2],
    memory: Memory,
    _sets: usize,
}

/// The flags that are still wanted when the sum is there.
struct Late<W> {
    valid: W,
    first: W,
    last: W,
    initial: W,
    terminal: W,
}

/// Bits of the packed late flags.
const LATE_BITS: usize = 5;

impl<W: Word> Late<W> {
    fn of(flags: &Flags<W>) -> Late<W> {
        Late {
            valid: flags.valid,
            first: flags.first,
            last: flags.last,
            initial: flags.initial,
            terminal: flags.terminal,
        }
    }

    /// Packs them, `valid` lowest.
    fn pack(&self) -> W {
        let rest = [self.first, self.last, self.initial, self.terminal];
        rest.into_iter()
            .fold(self.valid, |low, flag| flag.concat(low))
    }

    fn unpack(word: W) -> Late<W> {
        Late {
            valid: word.bit(0),
            first: word.bit(1),
            last: word.bit(2),
            initial: word.bit(3),
            terminal: word.bit(4),
        }
    }
}

impl Accumulator {
    /// The bank of one column.
    pub fn new(shape: &Shape) -> Accumulator {
        let depth = shape.design.tile_depth as usize;
        let (bits, address) = (shape.accumulator_bits, cromulent_kit::address_bits(depth));
        Accumulator {
            clock: Net::flag(),
            reset: Net::flag(),
            flags_in: Net::bits(FLAG_BITS),
            flags_out: Net::bits(FLAG_BITS),
            sum: Net::new(shape.sum_bits, true),
            total_valid: Net::flag(),
            total: Net::new(bits, true),
            channel: Net::bits(shape.channel_bits()),
            stage: Register::control(FLAG_BITS),
            stage_late: Register::control(LATE_BITS),
            address: Register::data(address, false),
            address_late: [0, 1].map(|_| Register::data(address, false)),
            channel_now: Register::data(shape.channel_bits(), false),
            channel_late: Register::data(shape.channel_bits(), false),
            channel_next: Register::control(shape.channel_bits()),
            running: Register::data(bits, true),
            emitted: Register::control(1),
            passed: Register::control(1),
            stored: Register::data(bits, true),
            forward: [0, 1].map(|_| Register::control(1)),
            memory: Memory::new(depth, bits),
            _sets: shape.design.channel_depth as usize,
        }
    }

    /// Reads the stored sum, which waits in a register for the array's; counts words and sets of constants.
    fn fetch<I: Interpreter>(&self, i: &mut I) {
        let packed = i.read(&self.flags_in);
        let flags = Flags::unpack(packed);
        let (clock, reset) = (&self.clock, &self.reset);
        self.stage.update_from(i, clock, reset, packed);
        let late = Late::of(&Flags::unpack(self.stage.read(i))).pack();
        self.stage_late.update_from(i, clock, reset, late);
        i.connect(&self.flags_out, &self.stage.q);

        let counted = self.address.read(i);
        let zero = i.constant(counted.width(), 0);
        let address = i.name("word", flags.tile_start.mux(zero, counted));
        let next = address + (flags.valid & flags.last).resize(address.width());
        let next = i.name("next_word", next);
        self.address
            .load(i, &self.clock, flags.valid.mux(next, counted));
        delay(i, clock, &self.address_late, address);
        i.drive(&self.memory.read_address, address);
        self.overtake(i, address);

        i.comment("Each column tile takes the next set of constants");
        let (channel, next) = (self.channel_now.read(i), self.channel_next.read(i));
        let start = flags.valid & flags.column_start;
        self.channel_now.load(i, clock, start.mux(next, channel));
        let after = around(i, next, self._sets);
        self.channel_next
            .update_from(i, clock, reset, start.mux(after, next));
        let channel = self.channel_now.read(i);
        self.channel_late.load(i, clock, channel);
        i.connect(&self.channel, &self.channel_late.q);
    }

    /// Words asked for that are not yet stored, or only being stored: tiles of one word, or two.
    fn overtake<I: Interpreter>(&self, i: &mut I, address: I::Word) {
        let (clock, reset) = (&self.clock, &self.reset);
        let stages = [
            Late::of(&Flags::unpack(self.stage.read(i))),
            Late::unpack(self.stage_late.read(i)),
        ];
        let [next, now] = [0, 1].map(|late: usize| {
            let flags = &stages[late];
            let storing = flags.valid & flags.last & !flags.terminal;
            storing & self.address_late[late].read(i).equals(address)
        });
        i.comment("Stored in this cycle: the next one finds it in `running`");
        self.passed.update_from(i, clock, reset, now);
        let read = i.read(&self.memory.read_data).as_signed();
        let stored = self.passed.read(i).mux(self.running.read(i), read);
        self.stored.load(i, clock, stored);
        i.comment("Stored in the next cycle: the one after that finds it there");
        let mut forward = next;
        for register in &self.forward {
            register.update_from(i, clock, reset, forward);
            forward = register.read(i);
        }
    }

    fn accumulate<I: Interpreter>(&self, i: &mut I) {
        let flags = Late::unpack(self.stage_late.read(i));
        let bits = self.total.width();
        let (zero, running) = (i.literal(bits, true, 0), self.running.read(i));
        let kept = self.forward[1].read(i).mux(running, self.stored.read(i));
        let before = flags.first.mux(flags.initial.mux(zero, kept), running);
        let sum = i.read(&self.sum).resize(bits);
        let total = i.name("summed", before + sum);
        self.running
            .load(i, &self.clock, flags.valid.mux(total, running));
        let done = i.name("word_done", flags.valid & flags.last);
        i.connect(&self.memory.clock, &self.clock);
        i.drive(&self.memory.write_enable, done & !flags.terminal);
        i.connect(&self.memory.write_address, &self.address_late[1].q);
        i.drive(&self.memory.write_data, total.as_unsigned());
        self.emitted
            .update_from(i, &self.clock, &self.reset, done & flags.terminal);
        i.connect(&self.total_valid, &self.emitted.q);
        i.connect(&self.total, &self.running.q);
    }
}

impl Describe for Accumulator {
    fn module(&self) -> String {
        "accumulator".to_string()
    }
    fn about(&self) -> String {
        "Accumulators of one column: row tiles add up in the memory, beats of one word in `running`;\n\
         totals of the last row tile leave."
            .to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        self.fetch(i);
        self.accumulate(i);
    }
}
logic!(Accumulator);
