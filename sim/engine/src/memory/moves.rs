//! The moves between chip and memory that the stays of packs ask for.
//!
//! A pack moves in *segments*: the planes from one place where a member begins or ends to the next. A segment is
//! stored when its pack goes, if it changed since it came and something in it is still to be read; it is fetched
//! when its pack comes. With [`Maps::Memory`] only what the layer reads is fetched, and what shares a plane with
//! what it writes. Each pack that moves has a region of its own in memory while it lives, and every segment begins
//! at a beat there.

use cromulent_design::{BURST_BEATS, Design, Direction, Move};

use super::packs::{Member, Pack};
use super::spill::{Memory, Placement};
use super::{Maps, Spans, Uses};

/// Code lines that move before a layer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MapMove {
    /// The place of the layer among the layers.
    pub before: usize,
    /// What the machine is told.
    pub lines: Move,
}

/// The moves of a program as its layers run.
pub(crate) struct Pending<'a>(&'a [MapMove]);

impl<'a> Pending<'a> {
    /// All of them are still to come.
    pub fn new(moves: &'a [MapMove]) -> Pending<'a> {
        Pending(moves)
    }

    /// Those to be made before a layer, by its place among the layers.
    pub fn before(&mut self, layer: usize) -> impl Iterator<Item = Move> + use<'a> {
        let due = self.0.iter().take_while(|given| given.before <= layer);
        let (due, later) = self.0.split_at(due.count());
        self.0 = later;
        due.iter().map(|given| given.lines)
    }
}

/// Some planes of a pack.
#[derive(Clone, Copy, Default)]
struct Segment {
    first: usize,
    end: usize,
    /// Where it begins in memory, beats from the scratch region's address.
    offset: u64,
    /// It was written since it came.
    changed: bool,
    /// Memory has it.
    kept: bool,
}

impl Segment {
    fn holds(&self, member: &Member) -> bool {
        member.first < self.end && self.first < member.end
    }
}

/// What decides which moves there are.
pub(super) struct Plan<'a> {
    pub design: &'a Design,
    pub maps: Maps,
    pub layers: &'a [Uses],
    pub spans: &'a Spans,
}

impl Plan<'_> {
    /// All moves, in the order of the program: before each layer first what goes, then what comes.
    pub fn moves(&self, packs: &[Pack], placement: &Placement) -> Vec<MapMove> {
        let mut segments: Vec<Vec<Segment>> = packs.iter().map(segments).collect();
        self.regions(packs, placement, &mut segments);
        let mut moves = vec![];
        for (before, uses) in self.layers.iter().enumerate() {
            let step = before + 1;
            for (number, pack) in packs.iter().enumerate() {
                let goes = placement.stays[number].iter().rev().skip(1);
                if goes.into_iter().any(|stay| stay.last + 1 == step) {
                    let chosen = self.goes(pack, &mut segments[number], step);
                    let address = placement.addresses[number];
                    self.emit(
                        &mut moves,
                        before,
                        Direction::Store,
                        (pack, address),
                        &chosen,
                    );
                }
            }
            for (number, pack) in packs.iter().enumerate() {
                if placement.stays[number]
                    .iter()
                    .any(|stay| stay.first == step)
                {
                    let chosen = self.comes(pack, &segments[number], step, uses);
                    let address = placement.addresses[number];
                    self.emit(
                        &mut moves,
                        before,
                        Direction::Fetch,
                        (pack, address),
                        &chosen,
                    );
                }
                let written = pack.members.iter().find(|m| uses.codes == Some(m.tensor));
                for segment in &mut segments[number] {
                    if written.is_some_and(|member| segment.holds(member)) {
                        (segment.changed, segment.kept) = (true, false);
                    }
                }
            }
        }
        moves
    }

    /// Whether a member was written before a step and is read in it or later.
    fn lives(&self, member: &Member, step: usize) -> bool {
        let span = self.spans.tensors[member.tensor];
        span.is_some_and(|span| span.first < step && span.last >= step)
    }

    /// The segments to be stored before a step.
    fn goes(&self, pack: &Pack, segments: &mut [Segment], step: usize) -> Vec<Segment> {
        let mut chosen = vec![];
        for segment in segments {
            let mut members = pack.members.iter();
            let wanted = members.any(|m| segment.holds(m) && self.lives(m, step));
            if segment.changed && wanted {
                chosen.push(*segment);
                segment.kept = true;
            }
            segment.changed = false;
        }
        chosen
    }

    /// The segments to be fetched before a step.
    fn comes(&self, pack: &Pack, segments: &[Segment], step: usize, uses: &Uses) -> Vec<Segment> {
        let lives = |member: &&Member| self.lives(member, step);
        let wanted = |segment: &&Segment| {
            let held = pack.members.iter().filter(|member| segment.holds(member));
            let mut living = held.clone().filter(lives);
            match self.maps {
                Maps::Chip => living.next().is_some(),
                Maps::Memory => {
                    let mut living = living.clone();
                    let written = held.clone().any(|m| uses.codes == Some(m.tensor));
                    living.any(|member| written || uses.tensors.contains(&member.tensor))
                }
            }
        };
        let kept = segments.iter().filter(|segment| segment.kept);
        kept.filter(wanted).copied().collect()
    }

    /// Moves some segments, as few commands as they need.
    fn emit(
        &self,
        moves: &mut Vec<MapMove>,
        before: usize,
        direction: Direction,
        (pack, address): (&Pack, usize),
        chosen: &[Segment],
    ) {
        let lines = |segment: &Segment| (segment.end - segment.first) * pack.plane;
        let mut chosen = chosen.iter().peekable();
        while let Some(first) = chosen.next() {
            let mut count = lines(first);
            let mut end = first.end;
            // The next one goes on in the beat where this one ends.
            let even =
                |count: usize| count.is_multiple_of(self.design.map_lines_per_beat() as usize);
            while let Some(next) = chosen.next_if(|next| next.first == end && even(count)) {
                count += lines(next);
                end = next.end;
            }
            let from = address + first.first * pack.plane;
            let offset = first.offset * u64::from(self.design.bus_bits / 8);
            let word = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
            moves.push(MapMove {
                before,
                lines: Move::new(
                    self.design,
                    direction,
                    word(from as u64),
                    word(count as u64),
                    word(offset),
                ),
            });
        }
    }

    /// Gives every pack that moves a region in memory.
    fn regions(&self, packs: &[Pack], placement: &Placement, segments: &mut [Vec<Segment>]) {
        let burst = u64::from(BURST_BEATS);
        let mut memory = Memory::default();
        for (number, pack) in packs.iter().enumerate() {
            if placement.stays[number].len() < 2 {
                continue;
            }
            let beats = |segment: &Segment| {
                let lines = (segment.end - segment.first) * pack.plane;
                self.design.map_beats(lines as u64)
            };
            let all: u64 = segments[number].iter().map(beats).sum();
            let bursts = all.div_ceil(burst) as usize;
            let span = [pack.span()];
            let first = memory.first_fit(&span, bursts);
            memory.place(span.to_vec(), first, bursts);
            let mut offset = first as u64 * burst;
            for segment in &mut segments[number] {
                segment.offset = offset;
                offset += beats(segment);
            }
        }
    }
}

/// The segments of a pack.
fn segments(pack: &Pack) -> Vec<Segment> {
    let ends = pack.members.iter().flat_map(|m| [m.first, m.end]);
    let mut cuts: Vec<usize> = ends.collect();
    cuts.sort_unstable();
    cuts.dedup();
    let segment = |pair: &[usize]| Segment {
        first: pair[0],
        end: pair[1],
        ..Segment::default()
    };
    cuts.windows(2).map(segment).collect()
}
