//! The reference: a layer as a plain convolution in integers.
//!
//! No tiles, no cycles, no rows: constants are looked up by tap and channel, products are summed in 64
//! bits, one position after another. What the array must give, said in the shortest way.

mod max_pool;

use std::ops::RangeInclusive;

use cromulent_design::Design;
use cromulent_number::{Code, order};

use crate::activations::{Activations, InputError};
use crate::constants::{Channel, Constants};
use crate::geometry::LayerGeometry;
use crate::layer::{Layer, Storage};
use crate::term::{ConstantSet, Term, term};
use crate::word::OutputWord;

/// What a layer gives.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outcome {
    /// The words that leave.
    pub words: Vec<OutputWord>,
    /// The value of the residual stream, by \[position·channels + channel\]; empty if the layer feeds none.
    pub stream: Vec<i16>,
    /// Words of the stream that saturated.
    pub saturations: u64,
}

/// Computes the output words of a layer that adds to nothing ([`Layer::alone`]).
///
/// # Errors
/// Activations that are no input of the layer.
pub fn run(
    design: &Design,
    layer: &Layer,
    activations: &Activations,
) -> Result<Vec<OutputWord>, InputError> {
    let reference = Reference::new(design, layer);
    Ok(reference.run(activations, None)?.words)
}

/// A layer with its constants unpacked, for many inputs.
pub struct Reference<'a> {
    design: &'a Design,
    layer: &'a Layer,
    constants: Constants,
}

impl<'a> Reference<'a> {
    /// Unpacks the words of a layer.
    pub fn new(design: &'a Design, layer: &'a Layer) -> Reference<'a> {
        Reference {
            design,
            layer,
            constants: Constants::read(design, layer),
        }
    }

    /// What the layer gives for this input, added to this value of the residual stream, by
    /// \[position·channels + channel\], if it adds to one. Positions of a batch are counted over its images.
    ///
    /// # Errors
    /// Activations that are no input of the layer, or a stream value that is missing or of another size.
    pub fn run(
        &self,
        activations: &Activations,
        base: Option<&[i16]>,
    ) -> Result<Outcome, InputError> {
        activations.check(self.design, self.layer)?;
        if self.layer.mode.max_pool() {
            return Ok(Outcome {
                words: max_pool::words(self.design, self.layer, &self.constants, activations),
                ..Outcome::default()
            });
        }
        let mut sums = self.sums(activations);
        let base = self.layer.base(base, sums.len())?;
        let channels = self.layer.geometry.out_channels;
        for (place, sum) in sums.iter_mut().enumerate() {
            *sum -= self.constants.channels[place % channels].offset;
        }
        let mut outcome = Outcome::default();
        if let Some(step) = self.layer.output.residual() {
            let range = self.design.stream_range();
            for (place, sum) in sums.iter_mut().enumerate() {
                let channel = &self.constants.channels[place % channels];
                let base = base.map_or(0, |base| base[place]);
                let (word, saturated) = stream(channel, &range, step.clamp, base, *sum);
                outcome.saturations += u64::from(saturated);
                outcome.stream.push(word);
                *sum = word.into();
            }
        }
        outcome.words = self.words(&sums);
        if let Some(windows) = self.stream_windows() {
            let image = self.layer.geometry.positions() * channels;
            let images = outcome.stream.chunks(image);
            outcome.stream = images
                .flat_map(|words| max_pool::largest(&windows, words))
                .collect();
        }
        Ok(outcome)
    }

    /// The windows that words of the residual stream are pooled by, if they are.
    fn stream_windows(&self) -> Option<LayerGeometry> {
        let step = self.layer.output.residual()?;
        let pooling = self.layer.mode.pooling.filter(|_| step.pooled)?;
        Some(pooling.windows(&self.layer.geometry))
    }

    /// What leaves for these values, by \[position\]\[output channel\], in the order it is listed.
    fn words(&self, values: &[i64]) -> Vec<OutputWord> {
        let all = &self.constants.channels;
        let finished = values.iter().enumerate();
        let finished = finished.map(|(place, &value)| self.finish(&all[place % all.len()], value));
        let finished: Vec<i64> = finished.collect();
        let Some(pooling) = self.layer.mode.pooling else {
            return self.listed(&finished);
        };
        let windows = pooling.windows(&self.layer.geometry);
        let images = finished.chunks(self.layer.geometry.positions() * all.len());
        let pooled = images.flat_map(|codes| max_pool::pooled(self.rank(), &windows, all, codes));
        self.listed(&pooled.collect::<Vec<_>>())
    }

    /// How the codes that it writes are ordered: by their values.
    fn rank(&self) -> impl Fn(i16) -> u32 + Copy {
        let (format, storage) = (self.design.format, self.layer.mode.storage);
        move |code| match storage {
            Storage::Integers => code as u32,
            _ => order(format, Code(code as u8)),
        }
    }

    /// Words by \[position\]\[output channel\], in the order they are listed.
    fn listed(&self, values: &[i64]) -> Vec<OutputWord> {
        let channels = self.layer.geometry.out_channels;
        let columns = self.design.columns as usize;
        let mut words = Vec::with_capacity(values.len());
        for first in (0..channels).step_by(columns) {
            for (position, values) in values.chunks(channels).enumerate() {
                let used = &values[first..channels.min(first + columns)];
                for (column, &value) in used.iter().enumerate() {
                    words.push(OutputWord {
                        column_tile: (first / columns) as u32,
                        position: position as u32,
                        column: column as u32,
                        value,
                    });
                }
            }
        }
        words
    }

    /// The accumulators, by \[position\]\[output channel\], image after image; one position of each if pooled.
    fn sums(&self, activations: &Activations) -> Vec<i64> {
        let batch = self.design.batch as usize;
        let images = (0..batch).map(|image| activations.image(image, batch));
        images
            .flat_map(|image| self.sums_of_image(&image))
            .collect()
    }

    fn sums_of_image(&self, activations: &Activations) -> Vec<i64> {
        let geometry = &self.layer.geometry;
        let channels = geometry.out_channels;
        let outputs = if self.layer.mode.pool {
            1
        } else {
            geometry.positions()
        };
        let mut sums = vec![0; outputs * channels];
        for position in 0..geometry.positions() {
            let output = position % outputs;
            let sums = &mut sums[output * channels..][..channels];
            self.add_position(activations, position, sums);
        }
        sums
    }

    /// Adds every tap and channel of one position.
    fn add_position(&self, activations: &Activations, position: usize, sums: &mut [i64]) {
        let geometry = &self.layer.geometry;
        let operands = self.layer.mode.operands;
        for tap in 0..geometry.taps() {
            let pixel = geometry.source_index(position, tap, 0);
            for channel in 0..geometry.channels {
                let k = tap * geometry.channels + channel;
                let value = pixel.map(|first| activations.values[first + channel]);
                if let Some(term) = term(self.design, operands, self.constants.edges[k], value) {
                    self.add(term, k, sums);
                }
            }
        }
    }

    fn add(&self, term: Term, k: usize, sums: &mut [i64]) {
        let constants = match term.set {
            ConstantSet::A(root) => &self.constants.a[root],
            ConstantSet::B => &self.constants.b,
        };
        let first = k * sums.len();
        for (sum, &constant) in sums.iter_mut().zip(&constants[first..]) {
            *sum += i64::from(constant * term.factor);
        }
    }

    /// A word from what is to be coded.
    fn finish(&self, channel: &Channel, value: i64) -> i64 {
        if self.layer.mode.raw {
            value - channel.quantizer.mean
        } else {
            let storage = self.layer.mode.storage;
            storage.encode(self.design, value, &channel.quantizer)
        }
    }
}

/// The word of the residual stream that a difference makes, in this range, and whether it saturated.
fn stream(
    channel: &Channel,
    range: &RangeInclusive<i64>,
    clamp: bool,
    base: i16,
    difference: i64,
) -> (i16, bool) {
    let sum = i128::from(base) + align(difference, channel.align);
    let kept = sum.clamp((*range.start()).into(), (*range.end()).into());
    let floor = if clamp {
        channel.floor as i16
    } else {
        i16::MIN
    };
    ((kept as i16).max(floor), kept != sum)
}

/// value·2^−shift, rounded to the nearest integer, halves up.
fn align(value: i64, shift: i32) -> i128 {
    let value = i128::from(value);
    let by = shift.unsigned_abs().min(63);
    match shift {
        0 => value,
        1.. => (value + (1 << (by - 1))) >> by,
        _ => value << by,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alignment_rounds_half_up() {
        let aligned = [-7, -6, -5, -2, -1, 1, 2, 6].map(|value| align(value, 2));
        assert_eq!(aligned, [-2, -1, -1, 0, 0, 0, 1, 2]);
        assert_eq!(align(-5, 0), -5);
        assert_eq!(align(-5, -3), -40);
        assert_eq!(align(i64::MIN, -32), i128::from(i64::MIN) << 32);
    }

    #[test]
    fn sums_saturate_and_are_raised_to_the_floor() {
        let channel = Channel {
            align: 1,
            floor: -3,
            ..Channel::default()
        };
        let stream = |clamp, base, difference| {
            stream(&channel, &(-32_768..=32_767), clamp, base, difference)
        };
        assert_eq!(stream(false, 32_767, 1), (32_767, true));
        assert_eq!(stream(false, -32_768, -2), (-32_768, true));
        assert_eq!(stream(true, -32_768, -2), (-3, true));
        assert_eq!(stream(true, 0, -20), (-3, false));
        assert_eq!(stream(true, 10, -20), (0, false));
    }
}
