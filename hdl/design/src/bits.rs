//! Lines of the program: words of any width, one after another.

/// A growing string of bits, cut into lanes of 32.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Bits {
    lanes: Vec<u32>,
    length: usize,
}

impl Bits {
    /// No bits yet.
    pub fn new() -> Bits {
        Bits::default()
    }

    /// Adds the low `bits` bits of a word, at most 64, above those there are.
    pub fn push(&mut self, word: u64, bits: u32) {
        let bits = bits.min(u64::BITS);
        let kept = u128::from(word) & ((1u128 << bits) - 1);
        // What fills the last lane, and whole lanes after it.
        let inside = self.length % 32;
        let mut rest = kept << inside;
        self.length += bits as usize;
        if inside > 0
            && let Some(last) = self.lanes.last_mut()
        {
            *last |= rest as u32;
            rest >>= 32;
        }
        while self.lanes.len() < self.length.div_ceil(32) {
            self.lanes.push(rest as u32);
            rest >>= 32;
        }
    }

    /// How many bits there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The lanes, lowest bit first; what is left of the last one is 0.
    pub fn lanes(&self) -> &[u32] {
        &self.lanes
    }

    /// The bytes of the line in memory, filled with zeros to whole beats of this many bytes.
    pub fn to_beats(&self, beat_bytes: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = self
            .lanes
            .iter()
            .flat_map(|lane| lane.to_le_bytes())
            .collect();
        bytes.resize(bytes.len().next_multiple_of(beat_bytes.max(1)), 0);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_bit_lies_where_it_was_pushed(words in prop::collection::vec((any::<u64>(), 0u32..=64), 0..20)) {
            let mut bits = Bits::new();
            let mut expected = vec![];
            for &(word, count) in &words {
                bits.push(word, count);
                expected.extend((0..count).map(|bit| word >> bit & 1 == 1));
            }
            prop_assert_eq!(bits.len(), expected.len());
            prop_assert_eq!(bits.lanes().len(), expected.len().div_ceil(32));
            for place in 0..bits.lanes().len() * 32 {
                let found = bits.lanes()[place / 32] >> (place % 32) & 1 == 1;
                prop_assert_eq!(found, expected.get(place).copied().unwrap_or(false));
            }
        }
    }

    #[test]
    fn words_lie_one_after_another() {
        let mut bits = Bits::new();
        assert!(bits.is_empty());
        bits.push(0b101, 3);
        bits.push(u64::MAX, 64);
        bits.push(0b10, 2);
        bits.push(7, 0);
        assert_eq!(bits.len(), 69);
        assert_eq!(bits.lanes(), [0xffff_fffd, 0xffff_ffff, 0b10_111]);
        let bytes = bits.to_beats(8);
        assert_eq!(bytes.len(), 16);
        assert_eq!(bytes[8..], [0b10111, 0, 0, 0, 0, 0, 0, 0]);
    }
}
