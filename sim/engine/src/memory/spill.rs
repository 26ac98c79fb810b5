//! Which packs leave the chip, and when they come back.
//!
//! A pack is on chip in *stays*: from the step before which it comes to the last one before it goes. With
//! everything on chip it has one stay, all its life. Where that does not fit, the pack whose next use is farthest
//! away goes first (Belady). With [`Maps::Memory`] a pack stays for single steps, those that use it.
//!
//! A pack keeps its address from stay to stay, so packs that are never on chip together may share one. Which is
//! why less than the whole depth may have to be enough for the stays: several bounds are tried, from the largest
//! down, until the places found fit; and places are looked for from both ends of the memory.

use super::packs::Pack;
use super::{Maps, Span};

/// Between the least that could do and what everything takes, so many bounds are tried.
const BOUNDS: usize = 16;

/// Where each pack lies, and when.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Placement {
    pub addresses: Vec<usize>,
    /// By pack.
    pub stays: Vec<Vec<Span>>,
    /// Words of a code bank.
    pub words: usize,
}

/// What is always on chip while it lives: the image.
#[derive(Clone, Copy)]
pub(super) struct Fixed {
    pub span: Span,
    pub words: usize,
}

/// Finds places for packs in a memory of so many words: the first ones that fit, or the smallest.
pub(super) fn place(packs: &[Pack], image: Option<Fixed>, depth: usize, maps: Maps) -> Placement {
    let ends = [depth, least(packs, image)];
    if maps == Maps::Memory {
        let single = |pack: &Pack| match pack.pinned {
            true => vec![pack.span()],
            false => pack.uses.iter().map(|&step| Span::at(step)).collect(),
        };
        let stays: Vec<_> = packs.iter().map(single).collect();
        return smallest(packs, image, &stays, ends);
    }
    let whole = |pack: &Pack| vec![pack.span()];
    let whole: Vec<_> = packs.iter().map(whole).collect();
    let all = in_order(packs, image, &whole, |_| 0, None);
    if all.words <= depth {
        return all;
    }
    let [_, least] = ends;
    let more = all.words.saturating_sub(least);
    let bounds = (0..=BOUNDS).rev().map(|n| least + more * n / BOUNDS);
    let mut best = smallest(packs, image, &whole, ends);
    for bound in std::iter::once(depth.max(least)).chain(bounds) {
        if best.words <= depth {
            break;
        }
        let found = smallest(packs, image, &belady(packs, image, bound), ends);
        if found.words < best.words {
            best = found;
        }
    }
    best
}

/// The words that the step with the largest input and output needs.
fn least(packs: &[Pack], image: Option<Fixed>) -> usize {
    let steps = packs.iter().flat_map(|pack| &pack.uses);
    let needed = |&step: &usize| {
        let here = |pack: &&Pack| {
            let span = pack.span();
            pack.uses.contains(&step) || (pack.pinned && span.first <= step && step <= span.last)
        };
        let used = packs.iter().filter(here);
        used.map(Pack::words).sum::<usize>() + pinned(image, step)
    };
    steps.map(needed).max().unwrap_or(0)
}

fn pinned(image: Option<Fixed>, step: usize) -> usize {
    image
        .filter(|image| image.span.last >= step)
        .map_or(0, |image| image.words)
}

/// The stays of packs of which no more than `bound` words are on chip, if no step alone needs more.
fn belady(packs: &[Pack], image: Option<Fixed>, bound: usize) -> Vec<Vec<Span>> {
    let mut stays: Vec<Vec<Span>> = vec![vec![]; packs.len()];
    let mut resident: Vec<Option<usize>> = vec![None; packs.len()];
    let last = packs.iter().map(|pack| pack.span().last).max().unwrap_or(0);
    for step in 0..=last {
        for (number, pack) in packs.iter().enumerate() {
            let over = pack.span().last < step;
            if let Some(first) = resident[number].filter(|_| over) {
                stays[number].push(Span {
                    first,
                    last: pack.span().last,
                });
                resident[number] = None;
            }
        }
        for (number, pack) in packs.iter().enumerate() {
            if pack.uses.contains(&step) && resident[number].is_none() {
                resident[number] = Some(step);
            }
        }
        loop {
            let here = (0..packs.len()).filter(|&number| resident[number].is_some());
            let words = here
                .clone()
                .map(|number| packs[number].words())
                .sum::<usize>();
            if words + pinned(image, step) <= bound {
                break;
            }
            let idle = |number: &usize| {
                let pack = &packs[*number];
                !pack.pinned && !pack.uses.contains(&step)
            };
            let idle = here.filter(idle);
            let Some(farthest) = idle.max_by_key(|&number| packs[number].next_use(step)) else {
                break;
            };
            if let Some(first) = resident[farthest].take() {
                stays[farthest].push(Span {
                    first,
                    last: step - 1,
                });
            }
        }
    }
    for (number, first) in resident.into_iter().enumerate() {
        let span = packs[number].span();
        stays[number].extend(first.map(|first| Span {
            first,
            last: span.last,
        }));
    }
    stays
}

/// The smallest placement of several: packs in the order of their first use or of their size, from the bottom up or
/// from one of two ends down.
fn smallest(
    packs: &[Pack],
    image: Option<Fixed>,
    stays: &[Vec<Span>],
    ends: [usize; 2],
) -> Placement {
    let by_use = |_: &Pack| 0;
    let by_size = |pack: &Pack| usize::MAX - pack.words();
    let ends = [None, Some(ends[0]), Some(ends[1])];
    let both = ends.into_iter().flat_map(|end| {
        [
            in_order(packs, image, stays, by_use, end),
            in_order(packs, image, stays, by_size, end),
        ]
    });
    both.min_by_key(|placement| placement.words)
        .unwrap_or_default()
}

/// Places packs in the order of a key, then of their first use, each at the lowest address where it meets nothing
/// that is on chip with it; or at the highest one below `end`, if there is one.
fn in_order(
    packs: &[Pack],
    image: Option<Fixed>,
    stays: &[Vec<Span>],
    key: impl Fn(&Pack) -> usize,
    end: Option<usize>,
) -> Placement {
    let mut memory = Memory::default();
    if let Some(image) = image {
        memory.place(vec![image.span], 0, image.words);
    }
    let mut order: Vec<usize> = (0..packs.len()).collect();
    order.sort_by_key(|&number| (key(&packs[number]), packs[number].span().first));
    let mut addresses = vec![0; packs.len()];
    for number in order {
        let (words, spans) = (packs[number].words(), &stays[number]);
        let high = end.and_then(|end| memory.last_fit(spans, words, end));
        addresses[number] = high.unwrap_or_else(|| memory.first_fit(spans, words));
        memory.place(spans.to_vec(), addresses[number], words);
    }
    Placement {
        addresses,
        stays: stays.to_vec(),
        words: memory.words(),
    }
}

/// A block of words, and when it is filled.
struct Block {
    spans: Vec<Span>,
    address: usize,
    words: usize,
}

impl Block {
    fn end(&self) -> usize {
        self.address + self.words
    }
}

/// Whether words are in none of these blocks.
fn free<'a>(mut blocks: impl Iterator<Item = &'a Block>, address: usize, words: usize) -> bool {
    blocks.all(|block| address + words <= block.address || block.end() <= address)
}

/// A memory as far as it is filled.
#[derive(Default)]
pub(super) struct Memory {
    blocks: Vec<Block>,
}

impl Memory {
    /// The blocks that are there in one of the spans.
    fn meeting(&self, spans: &[Span]) -> impl Iterator<Item = &Block> + Clone {
        let meets = move |block: &&Block| {
            let mine = |span: &Span| spans.iter().any(|own| own.meets(span));
            block.spans.iter().any(mine)
        };
        self.blocks.iter().filter(meets)
    }

    /// The lowest address at which this many words are free in all of the spans.
    pub fn first_fit(&self, spans: &[Span], words: usize) -> usize {
        let free = |address: usize| free(self.meeting(spans), address, words);
        let ends = self.meeting(spans).map(Block::end);
        let best = ends.filter(|&end| free(end)).min();
        // Behind the last block there is always room.
        if free(0) { 0 } else { best.unwrap_or(0) }
    }

    /// The highest address at which this many words are free in all of the spans, and end no later than `end`.
    fn last_fit(&self, spans: &[Span], words: usize, end: usize) -> Option<usize> {
        let ends = self.meeting(spans).map(|block| block.address);
        let ends = ends.filter(|&below| below < end).chain([end]);
        let fitting = ends.filter_map(|end| end.checked_sub(words));
        let free = |address: &usize| free(self.meeting(spans), *address, words);
        fitting.filter(free).max()
    }

    /// Fills words.
    pub fn place(&mut self, spans: Vec<Span>, address: usize, words: usize) {
        self.blocks.push(Block {
            spans,
            address,
            words,
        });
    }

    /// Words that were ever filled.
    pub fn words(&self) -> usize {
        self.blocks.iter().map(Block::end).max().unwrap_or(0)
    }
}
