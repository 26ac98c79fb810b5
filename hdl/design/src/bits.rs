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
        for bit in 0..bits.min(u64::BITS) {
            if self.length.is_multiple_of(32) {
                self.lanes.push(0);
            }
            if let Some(last) = self.lanes.last_mut() {
                *last |= ((word >> bit & 1) as u32) << (self.length % 32);
            }
            self.length += 1;
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
    use super::*;

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
