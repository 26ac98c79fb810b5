//! The weight words of a layer, each in as many bytes as it needs.

use cromulent_design::{Design, DoesNotFit, WeightWord};

/// Weight words, line by line as a program has them: for each column tile, row tile and row the word of every
/// column.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct WeightWords {
    columns: usize,
    /// Bytes of a word.
    width: usize,
    bytes: Vec<u8>,
}

impl WeightWords {
    /// So many lines of zeros.
    pub fn zeros(design: &Design, lines: usize) -> WeightWords {
        let mut words = WeightWords::of_bytes(design, vec![]);
        words.bytes = vec![0; lines * words.line_bytes()];
        words
    }

    /// Words from their bytes, as [`WeightWords::bytes`] gives them.
    pub fn of_bytes(design: &Design, bytes: Vec<u8>) -> WeightWords {
        WeightWords {
            columns: design.columns as usize,
            width: WeightWord::bits(design).div_ceil(8) as usize,
            bytes,
        }
    }

    /// The bytes: word after word, little-endian.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whole lines; `None` if the bytes are not as many.
    pub fn lines(&self) -> Option<usize> {
        let line = self.line_bytes();
        (self.bytes.len().is_multiple_of(line)).then(|| self.bytes.len() / line)
    }

    /// A word; 0 if there is none.
    pub fn word(&self, line: usize, column: usize) -> u64 {
        let at = (line * self.columns + column) * self.width;
        let bytes = self.bytes.get(at..at + self.width);
        bytes.map_or(0, word)
    }

    /// The words of a line, column by column; 0 where there is none.
    pub fn line(&self, line: usize) -> impl Iterator<Item = u64> {
        (0..self.columns).map(move |column| self.word(line, column))
    }

    fn line_bytes(&self) -> usize {
        self.columns * self.width
    }

    /// Whether a line is 0 from a column on.
    pub fn is_idle(&self, line: usize, from: usize) -> bool {
        let start = line * self.line_bytes();
        let bytes = self
            .bytes
            .get(start + from * self.width..start + self.line_bytes());
        bytes.unwrap_or_default().iter().all(|&byte| byte == 0)
    }

    /// Whether every word fits the bits of the design's.
    pub fn fit(&self, design: &Design) -> bool {
        let bits = WeightWord::bits(design);
        let spare = (8 * self.width) as u32 - bits;
        let last = |word: &[u8]| {
            word.last()
                .is_none_or(|&byte| u32::from(byte) >> (8 - spare) == 0)
        };
        spare == 0 || self.bytes.chunks(self.width.max(1)).all(last)
    }
}

fn word(bytes: &[u8]) -> u64 {
    let shifted = bytes.iter().zip((0..).step_by(8));
    shifted.fold(0, |word, (&byte, place)| word | u64::from(byte) << place)
}

/// One constant of each weight word of a design.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    name: &'static str,
    low: u32,
    bits: u32,
}

/// The constants of a design's weight words: A for each root, then B if there is one.
pub(crate) fn fields(design: &Design) -> Vec<Field> {
    let fields = WeightWord::fields(design).into_iter();
    fields
        .filter(|field| field.bits > 0)
        .map(|field| Field {
            name: field.name,
            low: field.low,
            bits: field.bits,
        })
        .collect()
}

impl Field {
    /// The constant in a word.
    fn extract(self, word: u64) -> i32 {
        let high = u64::BITS - self.low - self.bits;
        ((word << high).cast_signed() >> (u64::BITS - self.bits)) as i32
    }

    /// Refuses constants that do not fit.
    fn check(self, values: &[i32]) -> Result<(), DoesNotFit> {
        let limit = 1i32 << (self.bits - 1);
        let low = values.iter().fold(0, |low, &value| low.min(value));
        let high = values.iter().fold(0, |high, &value| high.max(value));
        for value in [low, high] {
            if !(-limit..limit).contains(&value) {
                return Err(DoesNotFit {
                    field: self.name,
                    value: value.into(),
                    bits: self.bits,
                    signed: true,
                });
            }
        }
        Ok(())
    }
}

impl WeightWords {
    /// Writes a line: by field, the constants of its first columns.
    ///
    /// # Errors
    /// A constant that does not fit its field.
    pub(crate) fn write<'a>(
        &mut self,
        line: usize,
        fields: &[Field],
        constants: impl Iterator<Item = &'a [i32]>,
    ) -> Result<(), DoesNotFit> {
        let start = line * self.line_bytes();
        let bytes = &mut self.bytes[start..start + self.columns * self.width];
        for (field, values) in fields.iter().zip(constants) {
            field.check(values)?;
            match (self.width, field.bits) {
                (1, 8) => write_bytes(bytes, values),
                _ => write_field(bytes, self.width, *field, values),
            }
        }
        Ok(())
    }

    /// Reads the constants of one field of a line's first columns.
    pub(crate) fn read(&self, line: usize, field: Field, constants: &mut [i32]) {
        let start = line * self.line_bytes();
        let end = start + constants.len() * self.width;
        let bytes = self.bytes.get(start..end).unwrap_or_default();
        if (self.width, field.bits) == (1, 8) {
            let words = constants.iter_mut().zip(bytes);
            return words.for_each(|(constant, &byte)| *constant = i32::from(byte.cast_signed()));
        }
        let words = constants.iter_mut().zip(bytes.chunks_exact(self.width));
        words.for_each(|(constant, bytes)| *constant = field.extract(word(bytes)));
    }
}

/// Words of one byte that hold one constant.
fn write_bytes(bytes: &mut [u8], values: &[i32]) {
    let words = bytes.iter_mut().zip(values);
    words.for_each(|(byte, &value)| *byte = value as u8);
}

/// Adds a field to words that are 0 there.
fn write_field(bytes: &mut [u8], width: usize, field: Field, values: &[i32]) {
    let mask = (1u64 << field.bits) - 1;
    for (word, &value) in bytes.chunks_exact_mut(width).zip(values) {
        let placed = (i64::from(value).cast_unsigned() & mask) << field.low;
        let parts = word.iter_mut().zip(placed.to_le_bytes());
        parts.for_each(|(byte, part)| *byte |= part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cromulent_design::Affine;
    use cromulent_number::Format;

    use crate::random::Generator;

    #[test]
    fn lines_hold_what_words_hold() {
        let mut generator = Generator::new(5);
        for format in [Format::L2, Format::L4, Format::L5, Format::I8] {
            for affine in Affine::ALL {
                for bits in 4..=12 {
                    let mut design = Design::new(4, 3, format, affine);
                    (design.weight_bits, design.bias_bits) = (bits, 16 - bits);
                    let fields = fields(&design);
                    let limit = |field: &Field| 1i64 << (field.bits - 1);
                    let mut values = |field: &Field| -> Vec<i32> {
                        let limit = limit(field);
                        let value = |_| generator.range(-limit, limit - 1) as i32;
                        (0..2).map(value).collect()
                    };
                    let sets: Vec<Vec<i32>> = fields.iter().map(&mut values).collect();
                    let mut words = WeightWords::zeros(&design, 2);
                    let constants = sets.iter().map(Vec::as_slice);
                    words.write(1, &fields, constants).expect("they fit");
                    for column in 0..2 {
                        let mut word = WeightWord::default();
                        for (a, set) in word.a.iter_mut().zip(&sets) {
                            *a = set[column];
                        }
                        if design.has_bias() {
                            word.a[design.constants() as usize..].fill(0);
                            word.b = sets[fields.len() - 1][column];
                        }
                        assert_eq!(Ok(words.word(1, column)), word.pack(&design));
                    }
                    for (field, set) in fields.iter().zip(&sets) {
                        let mut found = vec![0; 2];
                        words.read(1, *field, &mut found);
                        assert_eq!(&found, set);
                    }
                    assert!(words.fit(&design) && words.is_idle(1, 2) && words.is_idle(0, 0));
                    assert_eq!((words.lines(), words.word(1, 2)), (Some(2), 0));
                    let large = [limit(&fields[0]) as i32];
                    let refused = words.write(0, &fields, [large.as_slice()].into_iter());
                    assert_eq!(refused.expect_err("too large").field, "a0");
                }
            }
        }
    }
}
