//! Cuts a run of beats into bursts.

use crate::decoder::LANE_BITS;
use cromulent_design::BURST_BEATS;
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Bits of the beats of a burst, 0..=16.
pub(crate) const BURST_BITS: usize = 5;
/// Bits of a beat's place between two multiples of 16.
pub(crate) const INSIDE_BITS: usize = 4;

/// The number of the multiple of 16 at or before a beat address, and of the next.
pub(crate) fn multiples<I: Interpreter>(i: &mut I, at: I::Word) -> (I::Word, I::Word) {
    let ahead = at.width() - INSIDE_BITS;
    let (one, before) = (i.constant(ahead, 1), at.slice(INSIDE_BITS, ahead));
    (before, before + one)
}

/// What a client of the reader still has to ask for, and the next burst of it: up to 16 beats, never
/// across a multiple of 16. The burst is cut into registers while none waits there, so that whoever
/// takes it waits for no arithmetic; a burst can be taken two cycles after the one before.
#[derive(LogicBlock)]
pub struct Bursts {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: nothing is left.
    pub reset: Net<In>,
    /// Go on at `place_address`.
    pub place: Net<In>,
    /// Beat address.
    pub place_address: Net<In>,
    /// `ask_beats` are left.
    pub ask: Net<In>,
    /// Beats.
    pub ask_beats: Net<In>,
    /// The burst that waits is taken.
    pub taken: Net<In>,
    /// A burst waits.
    pub waits: Net<Out>,
    /// Beat address of the burst that waits.
    pub address: Net<Out>,
    /// Its beats, 1..=16.
    pub beats: Net<Out>,
    at: Register,
    left: Register,
    many: Register,
    cut: Register,
    cut_address: Register,
    cut_beats: Register,
}

impl Bursts {
    /// A client with beat addresses of so many bits, at least 5.
    pub fn new(address: usize) -> Bursts {
        Bursts {
            clock: Net::flag(),
            reset: Net::flag(),
            place: Net::flag(),
            place_address: Net::bits(address),
            ask: Net::flag(),
            ask_beats: Net::bits(LANE_BITS),
            taken: Net::flag(),
            waits: Net::flag(),
            address: Net::bits(address),
            beats: Net::bits(BURST_BITS),
            at: Register::control(address),
            left: Register::data(LANE_BITS, false),
            many: Register::data(1, false),
            cut: Register::data(1, false),
            cut_address: Register::enabled(address, false),
            cut_beats: Register::enabled(BURST_BITS, false),
        }
    }
}

impl Describe for Bursts {
    fn module(&self) -> String {
        "bursts".to_string()
    }
    fn about(&self) -> String {
        format!(
            "Cuts a run of beats into bursts that do not cross a multiple of {BURST_BEATS} beats."
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (at, left) = (self.at.read(i), self.left.read(i));
        let whole = i.constant(BURST_BITS, u64::from(BURST_BEATS));
        let inside = at.slice(0, INSIDE_BITS);
        let room = i.name("room", whole - inside.resize(BURST_BITS));
        i.comment("`many`: more are left than its low bits can say, and than a burst takes");
        let low = left.slice(0, BURST_BITS);
        let many = self.many.read(i);
        let few = i.name("few", !many & room.at_least(low));
        let beats = few.mux(low, room);
        let beats = i.name("burst", beats);
        let waits = self.cut.read(i);
        let cut = !waits & (many | low.any());
        let cut = i.name("cut_now", cut);
        i.comment("Nothing waits for the length of the burst: it ends the run, or at a multiple");
        let fills = i.name("fills", many | low.at_least(room));
        let zero = i.constant(INSIDE_BITS, 0);
        let (before, behind) = multiples(i, at);
        let behind = i.name("behind", behind);
        let multiple = (fills & cut).mux(behind, before);
        let ends = few.mux(inside + low.slice(0, INSIDE_BITS), zero);
        let further = multiple.concat(cut.mux(ends, inside));
        let (place, from) = (i.read(&self.place), i.read(&self.place_address));
        self.at
            .update_from(i, &self.clock, &self.reset, place.mux(from, further));
        let (ask, asked) = (i.read(&self.ask), i.read(&self.ask_beats));
        let none = i.constant(LANE_BITS, 0);
        let less = few.mux(none, left - room.resize(LANE_BITS));
        let fewer = cut.mux(less, left);
        let reset = i.read(&self.reset);
        let next = i.name("next_left", ask.mux(asked, fewer));
        self.left.load_or_zero(i, &self.clock, reset, next);
        i.comment("A cycle late after a cut, when a burst waits and none is cut");
        let high = |word: I::Word| word.slice(BURST_BITS, LANE_BITS - BURST_BITS).any();
        let many = ask.mux(high(asked), high(left));
        self.many.load_or_zero(i, &self.clock, reset, many);
        let waits = cut | (waits & !i.read(&self.taken));
        self.cut.load_or_zero(i, &self.clock, reset | place, waits);
        self.cut_address.load_if(i, &self.clock, cut, at);
        self.cut_beats.load_if(i, &self.clock, cut, beats);
        i.connect(&self.waits, &self.cut.q);
        i.connect(&self.address, &self.cut_address.q);
        i.connect(&self.beats, &self.cut_beats.q);
    }
}
logic!(Bursts);

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(bursts: &mut Bursts) {
        for clock in [0, 1] {
            bursts.clock.set(clock);
            assert!(simulate(bursts, 20));
        }
    }

    /// The bursts of so many beats from an address on.
    fn cut(address: i64, beats: i64) -> Vec<(i64, i64)> {
        let mut bursts = Bursts::new(12);
        bursts.place.set(1);
        bursts.ask.set(1);
        bursts.place_address.set(address);
        bursts.ask_beats.set(beats);
        edge(&mut bursts);
        bursts.place.set(0);
        bursts.ask.set(0);
        bursts.taken.set(1);
        let mut found = vec![];
        // A burst waits in every other cycle, until nothing is left.
        loop {
            assert!(!bursts.waits.value().is_true());
            edge(&mut bursts);
            if !bursts.waits.value().is_true() {
                return found;
            }
            found.push((
                bursts.address.value().number(),
                bursts.beats.value().number(),
            ));
            edge(&mut bursts);
        }
    }

    #[test]
    fn no_burst_crosses_a_multiple_of_sixteen() {
        assert_eq!(cut(0, 4), [(0, 4)]);
        assert_eq!(cut(4, 12), [(4, 12)]);
        assert_eq!(cut(4, 13), [(4, 12), (16, 1)]);
        assert_eq!(cut(15, 35), [(15, 1), (16, 16), (32, 16), (48, 2)]);
        for address in 0..40 {
            for beats in 0..70 {
                let mut next = address;
                for (from, count) in cut(address, beats) {
                    assert_eq!(from, next);
                    assert_eq!(from / 16, (from + count - 1) / 16);
                    next += count;
                }
                assert_eq!(next, address + beats);
            }
        }
    }
}
