//! Which memory keeps a layer from its bound.

use super::case::{Case, Depths};
use super::search::Found;
use super::{MEMORIES, memory_bits};

/// A memory that is too small, and the depth that is enough.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Enlargement {
    /// Its place in [`MEMORIES`].
    pub memory: usize,
    /// The least depth that is enough, what stays on chip beside the layer included.
    pub depth: u64,
    /// Bytes of all its words then.
    pub bytes: u64,
}

/// Whether a layer is near its bound ([`super::search::NEAR`]).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// It is.
    Near,
    /// It would be if this memory were larger: of several the one that grows by the fewest bytes. Or if all of these
    /// were, where none alone is enough, and none of them need be larger than that.
    TooSmall(Vec<Enlargement>),
    /// No memory makes it so: what comes before the first beat and goes after the last takes too long.
    Never,
}

impl Case<'_> {
    /// Whether a mapping of the layer is near its bound, and else which memories are too small.
    pub fn verdict(&self, found: &Found) -> Verdict {
        if self.is_near(&found.cost, found.energy) {
            return Verdict::Near;
        }
        let bits = memory_bits(self.machine.design);
        let alone = (0..MEMORIES.len()).filter_map(|memory| {
            let room = self.with(memory, self.room, Depths::ENDLESS)?;
            let more = room.list()[memory] - self.room.list()[memory];
            Some((more * bits[memory], room))
        });
        let least = alone.min_by_key(|&(more, _)| more).map(|(_, room)| room);
        match least.or_else(|| self.together()) {
            Some(room) => Verdict::TooSmall(self.larger(room)),
            None => Verdict::Never,
        }
    }

    /// Memories that are enough together, none of which can be less while the others are as they are.
    fn together(&self) -> Option<Depths> {
        let mut room = self.near_with(Depths::ENDLESS).map(|_| Depths::ENDLESS)?;
        for memory in (0..MEMORIES.len()).rev() {
            room = self.with(memory, room, room)?;
        }
        Some(room)
    }

    /// The room with the least of one memory that is enough, no less than there is, if the room with `most` of it is.
    fn with(&self, memory: usize, room: Depths, most: Depths) -> Option<Depths> {
        let of = |depth: u64| {
            let mut room = room.list();
            room[memory] = depth;
            Depths::from_list(room)
        };
        let found = self.near_with(of(most.list()[memory]))?;
        // What it takes then is enough; what there is may be, too.
        let least = self.room.list()[memory];
        let mut enough = found.shape.needs.list()[memory].max(least);
        if enough > least && self.near_with(of(least)).is_some() {
            enough = least;
        }
        let mut little = least;
        while enough - little > 1 {
            let middle = little + (enough - little) / 2;
            match self.near_with(of(middle)) {
                Some(_) => enough = middle,
                None => little = middle,
            }
        }
        Some(of(enough))
    }

    /// The memories that are larger than what there is, beside what stays on chip.
    fn larger(&self, room: Depths) -> Vec<Enlargement> {
        let bits = memory_bits(self.machine.design);
        let (here, all) = (self.room.list(), Depths::of(self.machine.design).list());
        let pairs = room.list().into_iter().zip(here).enumerate();
        let larger = pairs.filter(|(_, (wanted, here))| wanted > here);
        let enlarged = larger.map(|(memory, (wanted, here))| {
            let depth = all[memory] + (wanted - here);
            Enlargement {
                memory,
                depth,
                bytes: (depth * bits[memory]).div_ceil(8),
            }
        });
        enlarged.collect()
    }

    /// The best tiling in other memories, if it is near the bound.
    fn near_with(&self, room: Depths) -> Option<Found> {
        let found = Case { room, ..*self }.search();
        found.filter(|found| self.is_near(&found.cost, found.energy))
    }
}
