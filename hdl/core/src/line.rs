//! Cuts words out of a line of the program.

use cromulent_kit::{Interpreter, Net, Word};
use rust_hdl_core::prelude::*;

/// Bits of a lane.
pub(crate) const LANE_BITS: usize = 32;

/// `width` bits, 1 to 64, from bit `low` of a line of 32-bit lanes up.
pub(crate) fn cut<'a, I: Interpreter, D: Direction + 'a>(
    i: &mut I,
    line: impl IntoIterator<Item = &'a Net<D>>,
    low: usize,
    width: usize,
) -> I::Word {
    let (first, last) = (low / LANE_BITS, (low + width - 1) / LANE_BITS);
    let mut word: Option<I::Word> = None;
    let lanes = line.into_iter().enumerate();
    for (lane, net) in lanes.take(last + 1).skip(first) {
        let from = low.saturating_sub(lane * LANE_BITS);
        let to = (low + width - lane * LANE_BITS).min(LANE_BITS);
        let piece = i.read(net).slice(from, to - from);
        word = Some(word.map_or(piece, |below| piece.concat(below)));
    }
    word.expect("a line longer than the word")
}

/// Says that nothing from bit `low` of the line up is read.
pub(crate) fn leave_unread<'a, I: Interpreter, D: Direction + 'a>(
    i: &mut I,
    line: impl IntoIterator<Item = &'a Net<D>>,
    low: usize,
) {
    for (lane, net) in line.into_iter().enumerate() {
        let from = low.saturating_sub(lane * LANE_BITS);
        if from < LANE_BITS {
            let rest = i.read(net).slice(from, LANE_BITS - from);
            i.unused(rest);
        }
    }
}

/// Drives ports with what lies one after another in a line; the bits of all of them.
pub(crate) fn deal<'a, I: Interpreter, D: Direction>(
    i: &mut I,
    line: &[Net<D>],
    ports: impl IntoIterator<Item = &'a Net<In>>,
) -> usize {
    let mut low = 0;
    for port in ports {
        let word = cut(i, line, low, port.width());
        i.drive(port, word);
        low += port.width();
    }
    low
}

/// Puts words one after another into so many lanes, the first one lowest; what they leave is 0.
pub(crate) fn gather<I: Interpreter>(i: &mut I, words: &[I::Word], lanes: usize) -> Vec<I::Word> {
    let mut line: Vec<I::Word> = vec![];
    let mut open: Option<I::Word> = None;
    for &word in words {
        let mut rest = Some(word);
        while let Some(word) = rest {
            let room = LANE_BITS - open.map_or(0, |open| open.width());
            let taken = word.width().min(room);
            let piece = word.slice(0, taken);
            let lane = open.map_or(piece, |open| piece.concat(open));
            rest = (taken < word.width()).then(|| word.slice(taken, word.width() - taken));
            open = Some(lane).filter(|lane| lane.width() < LANE_BITS);
            if open.is_none() {
                line.push(lane);
            }
        }
    }
    line.extend(open.map(|open| open.resize(LANE_BITS)));
    let zero = i.constant(LANE_BITS, 0);
    line.resize(lanes, zero);
    line
}
