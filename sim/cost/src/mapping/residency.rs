//! Which values stay on chip between layers.
//!
//! Each value either stays from the layer that writes it to the last one that reads it, or goes to memory as it is
//! written and comes again for each reader. All choices are gone through, layer by layer: what matters of those made
//! so far is what is on chip, and of values of the same size and the same readers only how many are.

use std::collections::BTreeMap;

use super::case::{Case, Depths, Moved};
use super::search::Found;
use super::values::{Uses, Value};
use super::work::Work;
use super::{Machine, TooSmall};

/// Of each class of values that live before a layer, how many are on chip.
type State = Vec<u16>;

/// How a state was reached.
#[derive(Default)]
struct Node {
    value: u128,
    beats: u64,
    /// The node before.
    from: Option<usize>,
    /// Whether what the layer wrote stays: codes, stream.
    stay: [bool; 2],
    decided: Option<Decided>,
}

impl Node {
    /// What decides between two ways to a state.
    fn rank(&self) -> (u128, u64) {
        (self.value, self.beats)
    }

    /// The node behind one more layer.
    fn then(&self, from: usize, stay: [bool; 2], decided: Decided) -> Node {
        Node {
            value: self.value + decided.found.value,
            beats: self.beats + decided.found.cost.beats.total(),
            from: Some(from),
            stay,
            decided: Some(decided),
        }
    }
}

/// Values that cannot be told apart from a layer on.
struct Class {
    stream: bool,
    words: u64,
    planes: u64,
    members: Vec<usize>,
}

/// What is decided of a layer.
pub(super) struct Decided {
    /// What moves.
    pub moved: Moved,
    /// What is left of the memories beside the values that stay.
    pub room: Depths,
    /// The best tiling for that.
    pub found: Found,
}

/// A network whose residency is sought.
pub(super) struct Residency<'a> {
    pub machine: &'a Machine<'a>,
    pub work: &'a [Work],
    pub values: &'a [Value],
    pub uses: &'a [Uses],
}

impl Residency<'_> {
    /// What stays on chip, by value, and what that makes of each layer.
    ///
    /// # Errors
    /// A layer that has no tiling that fits even with nothing else on chip.
    pub fn search(&self) -> Result<(Vec<bool>, Vec<Decided>), TooSmall> {
        let mut cache = Cache::default();
        let mut nodes = vec![Node::default()];
        let mut states = BTreeMap::from([(State::new(), 0)]);
        let mut classes = vec![];
        for layer in 0..self.work.len() {
            let next = self.classes(layer + 1);
            let mut reached: BTreeMap<State, usize> = BTreeMap::new();
            for (state, &from) in &states {
                for stay in self.choices(layer) {
                    let Some((moved, room)) = self.step(layer, &classes, state, stay) else {
                        continue;
                    };
                    let Some(found) = cache.search(self, layer, moved, room) else {
                        continue;
                    };
                    let node = nodes[from].then(from, stay, Decided { moved, room, found });
                    let after = self.after(layer, &classes, state, stay, &next);
                    let known = reached.get(&after).map(|&known| nodes[known].rank());
                    if known.is_none_or(|known| node.rank() < known) {
                        reached.insert(after, nodes.len());
                        nodes.push(node);
                    }
                }
            }
            if reached.is_empty() {
                return Err(self.too_small(layer));
            }
            states = reached;
            classes = next;
        }
        let best = states.into_values().min_by_key(|&node| nodes[node].rank());
        Ok(self.back(nodes, best.unwrap_or(0)))
    }

    /// What may stay of what a layer writes; a value that nobody reads does not.
    fn choices(&self, layer: usize) -> Vec<[bool; 2]> {
        let options = |value: Option<usize>| match value {
            None => vec![false],
            Some(_) => vec![true, false],
        };
        let uses = &self.uses[layer];
        let codes = options(uses.output).into_iter();
        let both = codes.map(|codes| {
            options(uses.result)
                .into_iter()
                .map(move |stream| [codes, stream])
        });
        both.flatten().collect()
    }

    /// The values that live before a layer, those that cannot be told apart together.
    fn classes(&self, layer: usize) -> Vec<Class> {
        let mut classes: Vec<Class> = vec![];
        for (number, value) in self
            .values
            .iter()
            .enumerate()
            .filter(|(_, value)| value.lives(layer))
        {
            let same = classes.iter_mut().find(|class| {
                let other = &self.values[class.members[0]];
                (class.stream, class.words, class.planes)
                    == (value.stream, value.words, value.planes)
                    && other.future(layer) == value.future(layer)
            });
            match same {
                Some(class) => class.members.push(number),
                None => classes.push(Class {
                    stream: value.stream,
                    words: value.words,
                    planes: value.planes,
                    members: vec![number],
                }),
            }
        }
        classes
    }

    /// What a layer moves and the room that it has, in a state; `None` if what stays does not fit.
    fn step(
        &self,
        layer: usize,
        classes: &[Class],
        state: &State,
        stay: [bool; 2],
    ) -> Option<(Moved, Depths)> {
        let uses = &self.uses[layer];
        let mut taken = [0; 2];
        let mut planes = u64::from(uses.image);
        let mut base = false;
        for (class, &here) in classes.iter().zip(state) {
            taken[usize::from(class.stream)] += class.words * u64::from(here);
            let member = class.members[0];
            let gone = class.members.len() as u64 - u64::from(here);
            if uses.inputs.contains(&member) {
                planes += gone * class.planes;
            }
            // A value of the stream is in a class with others only if they are all read by the same layers.
            if uses.base.is_some_and(|base| class.members.contains(&base)) {
                base = gone > 0;
            }
        }
        let words = |value: Option<usize>| value.map_or(0, |value| self.values[value].words);
        if stay[0] {
            taken[0] += words(uses.output);
        }
        if stay[1] && !self.in_place(layer, base) {
            taken[1] += words(uses.result);
        }
        let all = Depths::of(self.machine.design);
        let room = Depths {
            codes: all.codes.checked_sub(taken[0])?,
            stream: all.stream.checked_sub(taken[1])?,
            ..all
        };
        let moved = Moved {
            planes: planes.min(self.work[layer].input_planes()),
            output: uses.output.is_some() && !stay[0],
            base,
            result: uses.result.is_some() && !stay[1],
        };
        Some((moved, room))
    }

    /// Whether a layer writes its value of the stream over one that is on chip and read for the last time.
    fn in_place(&self, layer: usize, base_is_gone: bool) -> bool {
        let uses = &self.uses[layer];
        let (Some(base), Some(result)) = (uses.base, uses.result) else {
            return false;
        };
        let (base, result) = (&self.values[base], &self.values[result]);
        !base_is_gone && base.readers.last() == Some(&layer) && base.words == result.words
    }

    /// The state behind a layer.
    fn after(
        &self,
        layer: usize,
        classes: &[Class],
        state: &State,
        stay: [bool; 2],
        next: &[Class],
    ) -> State {
        let uses = &self.uses[layer];
        let mut after = vec![0; next.len()];
        let mut add = |member: usize, count: u16| {
            if let Some(place) = next
                .iter()
                .position(|class| class.members.contains(&member))
            {
                after[place] += count;
            }
        };
        for (class, &here) in classes.iter().zip(state) {
            add(class.members[0], here);
        }
        for (value, stay) in [uses.output, uses.result].into_iter().zip(stay) {
            if let Some(value) = value {
                add(value, stay.into());
            }
        }
        after
    }

    /// The choices that led to a node.
    fn back(&self, mut nodes: Vec<Node>, last: usize) -> (Vec<bool>, Vec<Decided>) {
        let mut stays = vec![false; self.values.len()];
        let mut decided = vec![];
        let mut at = Some(last);
        while let Some(number) = at {
            let node = &mut nodes[number];
            at = node.from;
            let Some(layer) = node.decided.take() else {
                continue;
            };
            decided.push(layer);
            let uses = &self.uses[self.work.len() - decided.len()];
            for (value, stay) in [uses.output, uses.result].into_iter().zip(node.stay) {
                if let Some(value) = value {
                    stays[value] = stay;
                }
            }
        }
        decided.reverse();
        (stays, decided)
    }

    /// What the smallest pieces of a layer take, where that is more than there is; or what is on chip with it.
    fn too_small(&self, layer: usize) -> TooSmall {
        let uses = &self.uses[layer];
        let work = &self.work[layer];
        let moved = Moved {
            planes: work.input_planes(),
            output: uses.output.is_some(),
            base: uses.base.is_some(),
            result: uses.result.is_some(),
        };
        let room = Depths::of(self.machine.design);
        let case = Case::new(self.machine, work, moved, room);
        TooSmall {
            layer: work.name.clone(),
            least: case.smallest(),
        }
    }
}

/// What was found for each layer, what it moves and at most this room.
#[derive(Default)]
struct Cache {
    layers: BTreeMap<usize, Vec<(Moved, Depths, Option<Found>)>>,
}

impl Cache {
    /// The best tiling. One that was found with more room is the best with less too, if it fits that.
    fn search(
        &mut self,
        of: &Residency,
        layer: usize,
        moved: Moved,
        room: Depths,
    ) -> Option<Found> {
        let known = self.layers.entry(layer).or_default();
        let hit = known.iter().find(|(with, larger, found)| {
            let fits = found
                .as_ref()
                .is_none_or(|found| found.shape.needs.fits(room));
            *with == moved && room.fits(*larger) && fits
        });
        if let Some((_, _, found)) = hit {
            return *found;
        }
        let found = Case::new(of.machine, &of.work[layer], moved, room).search();
        known.push((moved, room, found));
        found
    }
}
