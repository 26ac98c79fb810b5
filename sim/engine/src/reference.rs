//! The reference: a layer as a plain convolution in integers.
//!
//! No tiles, no cycles, no rows: constants are looked up by tap and channel, products are summed in 64
//! bits, one position after another. What the array must give, said in the shortest way.

use cromulent_design::Design;
use cromulent_number::{Quantizer, encode};

use crate::activations::{Activations, InputError};
use crate::constants::Constants;
use crate::layer::Layer;
use crate::term::{ConstantSet, Term, term};
use crate::word::OutputWord;

/// Computes the output words of a layer.
///
/// # Errors
/// Activations that are no input of the layer.
pub fn run(
    design: &Design,
    layer: &Layer,
    activations: &Activations,
) -> Result<Vec<OutputWord>, InputError> {
    activations.check(design, layer)?;
    Ok(Reference::new(design, layer).words(activations))
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

    /// The output words for activations that [`Activations::check`] accepts.
    pub fn words(&self, activations: &Activations) -> Vec<OutputWord> {
        let sums = self.sums(activations);
        let channels = self.layer.geometry.out_channels;
        let columns = self.design.columns as usize;
        let mut words = Vec::with_capacity(sums.len());
        for first in (0..channels).step_by(columns) {
            for (position, sums) in sums.chunks(channels).enumerate() {
                let used = &sums[first..channels.min(first + columns)];
                for (column, &sum) in used.iter().enumerate() {
                    let quantizer = &self.constants.quantizers[first + column];
                    words.push(OutputWord {
                        column_tile: (first / columns) as u32,
                        position: position as u32,
                        column: column as u32,
                        value: self.finish(quantizer, sum),
                    });
                }
            }
        }
        words
    }

    /// The accumulators, by \[position\]\[output channel\]; one position if pooled.
    fn sums(&self, activations: &Activations) -> Vec<i64> {
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

    /// A word from its accumulator.
    fn finish(&self, quantizer: &Quantizer, sum: i64) -> i64 {
        if self.layer.mode.raw {
            sum - quantizer.mean
        } else {
            encode(self.design.format, sum, quantizer).0.into()
        }
    }
}
