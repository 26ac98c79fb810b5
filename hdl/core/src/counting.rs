//! Comparisons, steps and delays that several blocks share.

use cromulent_kit::{Interpreter, Net, Register, Word};
use rust_hdl_core::prelude::*;

/// True when a counter stands at the last of `count`.
pub(crate) fn is_last<I: Interpreter>(i: &mut I, counter: I::Word, count: I::Word) -> I::Word {
    let one = i.constant(counter.width(), 1);
    (counter + one).equals(count)
}

/// The next value of a counter that steps, or wraps to zero, when told.
pub(crate) fn stepped<I: Interpreter>(
    i: &mut I,
    counter: &Register,
    step: I::Word,
    wrap: I::Word,
) -> I::Word {
    let now = counter.read(i);
    let (zero, one) = (i.constant(now.width(), 0), i.constant(now.width(), 1));
    step.mux(wrap.mux(zero, now + one), now)
}

/// The place after `place` in a ring of `depth` places.
pub(crate) fn around<I: Interpreter>(i: &mut I, place: I::Word, depth: usize) -> I::Word {
    let one = i.constant(place.width(), 1);
    let next = place + one;
    if depth == 1 << place.width() {
        return next;
    }
    let (zero, last) = (
        i.constant(place.width(), 0),
        i.constant(place.width(), depth as u64 - 1),
    );
    place.equals(last).mux(zero, next)
}

/// Loads a chain of registers one into the next; the last one's value.
pub(crate) fn delay<I: Interpreter>(
    i: &mut I,
    clock: &Net<In>,
    chain: &[Register],
    first: I::Word,
) -> I::Word {
    chain.iter().fold(first, |word, register| {
        register.load(i, clock, word);
        register.read(i)
    })
}

/// The entry of a table by its number, given bit by bit, lowest first. Where there is none, and beyond the table's end,
/// it is `none`, or any entry if that does not matter. A tree of multiplexers is half the size of entries masked and
/// joined.
pub(crate) fn entry<W: Word>(table: &[Option<W>], number: &[W], none: Option<W>) -> Option<W> {
    let Some((top, lower)) = number.split_last() else {
        return table.first().copied().flatten();
    };
    let (low, high) = table.split_at(table.len().min(1 << lower.len()));
    match [low, high].map(|half| entry(half, lower, none)) {
        [Some(low), Some(high)] => Some(top.mux(high, low)),
        [low, high] => {
            let only = low.or(high)?;
            let Some(none) = none else {
                return Some(only);
            };
            Some(top.mux(high.unwrap_or(none), low.unwrap_or(none)))
        }
    }
}
