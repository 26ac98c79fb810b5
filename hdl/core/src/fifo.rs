//! First in, first out, in block RAM.

use cromulent_kit::{Describe, Interpreter, Memory, Net, Register, Word, address_bits, logic};
use rust_hdl_core::prelude::*;

/// A queue of words, each cut into lanes. The first word falls through: `output` shows it without
/// being asked, while `valid`. A word pushed in cycle c is shown in c + 2 at the earliest; one word
/// a cycle goes in and one comes out.
#[derive(LogicBlock)]
pub struct Fifo {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: empties the queue.
    pub reset: Net<In>,
    /// Takes `input` in; whoever pushes sees to it that `held` is below the depth.
    pub push: Net<In>,
    /// The word pushed.
    pub input: Vec<Net<In>>,
    /// `output` is the oldest word.
    pub valid: Net<Out>,
    /// The oldest word.
    pub output: Vec<Net<Out>>,
    /// With `valid`, takes the oldest word out.
    pub ready: Net<In>,
    /// Words held; a word pushed in cycle c counts from c + 1 on.
    pub held: Net<Out>,
    memory: Vec<Memory>,
    write: Register,
    read: Register,
    count: Register,
    shows: Register,
}

impl Fifo {
    /// A queue of `depth` words, rounded up to a power of two and at least 2, with lanes of the
    /// given widths in bits.
    pub fn new(depth: usize, lanes: &[usize]) -> Fifo {
        let depth = depth.next_power_of_two().max(2);
        let (address, count) = (address_bits(depth), address_bits(depth + 1));
        Fifo {
            clock: Net::flag(),
            reset: Net::flag(),
            push: Net::flag(),
            input: lanes.iter().map(|&bits| Net::bits(bits)).collect(),
            valid: Net::flag(),
            output: lanes.iter().map(|&bits| Net::bits(bits)).collect(),
            ready: Net::flag(),
            held: Net::bits(count),
            memory: lanes.iter().map(|&bits| Memory::new(depth, bits)).collect(),
            write: Register::control(address),
            read: Register::control(address),
            count: Register::control(count),
            shows: Register::control(1),
        }
    }
}

impl Describe for Fifo {
    fn module(&self) -> String {
        "fifo".to_string()
    }
    fn about(&self) -> String {
        "First in, first out; the first word falls through, two cycles after it was pushed at the earliest."
            .to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (push, ready) = (i.read(&self.push), i.read(&self.ready));
        let (write, read) = (self.write.read(i), self.read.read(i));
        let (count, shows) = (self.count.read(i), self.shows.read(i));
        let pop = i.name("pop", shows & ready);
        let next = i.name("next_read", read + pop.resize(read.width()));
        let left = i.name("left", count - pop.resize(count.width()));
        for (lane, memory) in self.memory.iter().enumerate() {
            i.connect(&memory.clock, &self.clock);
            i.drive(&memory.write_enable, push);
            i.drive(&memory.write_address, write);
            i.connect(&memory.write_data, &self.input[lane]);
            i.drive(&memory.read_address, next);
            i.connect(&self.output[lane], &memory.read_data);
        }
        let (clock, reset) = (&self.clock, &self.reset);
        self.write
            .update_from(i, clock, reset, write + push.resize(write.width()));
        self.read.update_from(i, clock, reset, next);
        self.count
            .update_from(i, clock, reset, left + push.resize(left.width()));
        i.comment("A word pushed in this very cycle cannot be read yet");
        self.shows.update_from(i, clock, reset, left.any());
        i.drive(&self.valid, shows);
        i.drive(&self.held, count);
    }
}
logic!(Fifo);

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    fn settle(fifo: &mut Fifo) {
        fifo.clock.set(0);
        assert!(simulate(fifo, 20));
    }

    fn edge(fifo: &mut Fifo) {
        fifo.clock.set(1);
        assert!(simulate(fifo, 20));
    }

    fn reset(fifo: &mut Fifo) {
        fifo.reset.set(1);
        settle(fifo);
        edge(fifo);
        fifo.reset.set(0);
    }

    #[test]
    fn a_word_is_shown_two_cycles_after_its_push() {
        let mut fifo = Fifo::new(4, &[32, 1]);
        reset(&mut fifo);
        let mut shown = vec![];
        for cycle in 0..5 {
            fifo.push.set(i64::from(cycle < 2));
            fifo.input[0].set(cycle + 7);
            fifo.input[1].set(cycle);
            fifo.ready.set(1);
            settle(&mut fifo);
            shown.push(
                fifo.valid
                    .value()
                    .is_true()
                    .then(|| fifo.output[0].value().number()),
            );
            edge(&mut fifo);
        }
        assert_eq!(shown, [None, None, Some(7), Some(8), None]);
    }

    #[test]
    fn behaves_as_a_queue_whatever_the_pauses() {
        let mut fifo = Fifo::new(4, &[16]);
        reset(&mut fifo);
        let (mut model, mut seed, mut popped) = (VecDeque::new(), 1u32, 0);
        for cycle in 0..4000i64 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let push = model.len() < 4 && seed >> 30 != 0;
            let ready = seed >> 28 & 3 != 0;
            fifo.push.set(i64::from(push));
            fifo.input[0].set(cycle & 0xffff);
            fifo.ready.set(i64::from(ready));
            settle(&mut fifo);
            assert_eq!(fifo.held.value().number(), model.len() as i64);
            if fifo.valid.value().is_true() && ready {
                assert_eq!(model.pop_front(), Some(fifo.output[0].value().number()));
                popped += 1;
            }
            if push {
                model.push_back(cycle & 0xffff);
            }
            edge(&mut fifo);
        }
        assert!(popped > 1500, "{popped} words came through");
    }
}
