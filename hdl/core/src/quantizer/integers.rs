//! Words that leave uncoded: raw ones, and integers.

use super::*;

impl Quantizer {
    /// Whether words leave as integers, in a design that has them.
    pub(super) fn integer_mode<I: Interpreter>(&self, i: &mut I) -> Option<I::Word> {
        self.integers.get().map(|port| i.read(port))
    }

    /// Stages 2 to 5: how far an integer is moved up, as the steps that are left at each stage; 0 for a code.
    pub(super) fn places<I: Interpreter>(&self, i: &mut I) -> Vec<I::Word> {
        let Some(mode) = self.integer_mode(i) else {
            return vec![];
        };
        let highest = self.magnitude.q.width() - INTEGER_BITS;
        let highest = i.constant(PLACE_BITS, highest as u64);
        let shift = self.exponents[0].read(i).slice(0, PLACE_BITS);
        let mut place = (highest - shift) & mode.repeat(PLACE_BITS);
        let mut places = vec![];
        for register in &self.places {
            register.load(i, &self.clock, place.slice(0, register.q.width()));
            place = register.read(i);
            places.push(place);
        }
        places
    }

    /// Stages 6 and 7 of raw words and integers. An integer is rounded, then saturated, in the low byte of the
    /// word; what stands above it is of no meaning.
    pub(super) fn pass<I: Interpreter>(&self, i: &mut I) -> Option<I::Word> {
        let [first, second] = self.passing.as_slice() else {
            return None;
        };
        let raised = self.raised[SEARCH_STAGES - 1].read(i);
        let width = self.word.width();
        let mut word = raised.resize(width);
        let mode = self.integer_mode(i);
        let low = INTEGER_BITS + 1;
        if let Some(mode) = mode {
            let below = raised.width() - INTEGER_BITS;
            let kept = raised.slice(below, INTEGER_BITS).resize(low);
            let rounded = kept + raised.slice(below - 1, 1).resize(low);
            let byte = mode.mux(i.name("rounded", rounded), word.slice(0, low));
            word = word.slice(low, width - low).concat(byte);
        }
        first.load(i, &self.clock, word.as_signed());
        word = first.read(i);
        if let (Some(mode), [.., before, late]) = (mode, self.lost.as_slice()) {
            let pushed = before.read(i);
            late.load(i, &self.clock, pushed);
            let full = late.read(i) | word.slice(INTEGER_BITS, 1);
            let full = i.name("full", full);
            let kept = word.slice(0, INTEGER_BITS) | full.repeat(INTEGER_BITS);
            let positive = !self.sign[4].read(i);
            let integer = (kept & positive.repeat(INTEGER_BITS)).resize(low);
            let byte = mode.mux(integer, word.slice(0, low));
            word = word.slice(low, width - low).concat(byte);
        }
        second.load(i, &self.clock, word.as_signed());
        Some(second.read(i))
    }
}
