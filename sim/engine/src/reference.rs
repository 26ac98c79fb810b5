//! The reference: a layer as a plain convolution in integers.
//!
//! No tiles, no cycles, no rows: constants are looked up by tap and channel, products are summed in 64
//! bits, one position after another. What the array must give, said in the shortest way.

use cromulent_design::{Affine, Design, RowWord};
use cromulent_number::{Code, Format, Quantizer, Threshold, encode, from_order, operand, order};

use crate::activations::{Activations, InputError};
use crate::constants::Constants;
use crate::layer::{Layer, Operands};
use crate::word::OutputWord;

/// What one input adds to every output channel: a factor of one set of constants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Term {
    set: ConstantSet,
    factor: i32,
}

/// The constants that are multiplied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ConstantSet {
    /// A·2^(i/root).
    A(usize),
    /// B.
    B,
}

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
        for tap in 0..geometry.taps() {
            let pixel = geometry.source_index(position, tap, 0);
            for channel in 0..geometry.channels {
                let k = tap * geometry.channels + channel;
                let value = pixel.map(|first| activations.values[first + channel]);
                if let Some(term) = self.term(self.constants.edges[k], value) {
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

    /// What an input adds; `value` is `None` in the padding.
    fn term(&self, edge: Threshold, value: Option<i16>) -> Option<Term> {
        if self.layer.mode.operands == Operands::Integers {
            let pad = RowWord {
                threshold: edge.position,
                ..RowWord::default()
            };
            let value = value.unwrap_or(pad.pad().into());
            return multiple_of_a(value.into());
        }
        let format = self.design.format;
        let code = value.map(|value| Code(value as u8));
        match self.design.affine {
            Affine::Exact => match code {
                Some(code) if edge.is_active(order(format, code)) => power(format, code),
                _ => Some(Term {
                    set: ConstantSet::B,
                    factor: -(1 << format.bias_shift()),
                }),
            },
            Affine::Snapped | Affine::Recentred => {
                let place = code.map_or(edge.position, |code| edge.clamp(order(format, code)));
                power(format, from_order(format, place))
            }
            Affine::Rectified if format == Format::I8 => {
                multiple_of_a(code.map_or(0, |code| code.0).into())
            }
            Affine::Rectified => power(format, code.unwrap_or(Code(0))),
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

fn multiple_of_a(factor: i32) -> Option<Term> {
    Some(Term {
        set: ConstantSet::A(0),
        factor,
    })
}

/// A log code: ± a power of two, times the constant of its root. `None` for zero.
fn power(format: Format, code: Code) -> Option<Term> {
    let operand = operand(format, code);
    let magnitude = 1 << operand.shift;
    operand.active.then_some(Term {
        set: ConstantSet::A(operand.root as usize),
        factor: if operand.negative {
            -magnitude
        } else {
            magnitude
        },
    })
}
