//! Convolutions and linear layers as products of matrices.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};
use rayon::prelude::*;

use super::map::{Map, Window};
use crate::graph::{Convolution, Linear, Op, Shape};

/// Output positions computed at a time. Fixed, so that sums do not depend on the number of threads.
const STRIP: usize = 256;

/// Terms of a sum that are transposed at a time: what is read and written stays in the cache.
const BLOCK: usize = 16;

/// The weights of a learnt layer, laid out for its product.
pub(crate) struct Matrix {
    /// By \[k·outputs + output\], k = tap·inputs + input.
    values: Vec<f32>,
    outputs: usize,
}

impl Matrix {
    /// The matrix of a learnt operation that has weights; `input` is the shape it reads.
    pub fn of(op: &Op, input: Option<Shape>) -> Option<Matrix> {
        match op {
            Op::Convolution(c) if !c.weight.values.is_empty() => Some(Matrix::convolution(c)),
            Op::Linear(linear) if !linear.weight.values.is_empty() => {
                Some(Matrix::linear(linear, input?))
            }
            _ => None,
        }
    }

    fn convolution(c: &Convolution) -> Matrix {
        let taps = c.kernel_height() * c.kernel_width();
        Matrix::transposed(&c.weight.values, c.weight.shape[0], taps)
    }

    /// The weights of a linear layer count channel, row, column; a map is stored row, column, channel.
    fn linear(linear: &Linear, input: Shape) -> Matrix {
        let outputs = linear.weight.shape[0];
        Matrix::transposed(&linear.weight.values, outputs, input.height * input.width)
    }

    /// From \[output\]\[input\]\[tap\].
    fn transposed(weights: &[f32], outputs: usize, taps: usize) -> Matrix {
        let inner = weights.len() / outputs;
        let inputs = inner / taps;
        let mut values = vec![0.0; weights.len()];
        let blocks = values.par_chunks_mut(BLOCK * outputs).enumerate();
        blocks.for_each(|(block, values)| {
            let terms: Vec<usize> = (block * BLOCK..inner.min((block + 1) * BLOCK))
                .map(|k| k % inputs * taps + k / inputs)
                .collect();
            for (output, row) in weights.chunks(inner).enumerate() {
                for (values, &term) in values.chunks_mut(outputs).zip(&terms) {
                    values[output] = row[term];
                }
            }
        });
        Matrix { values, outputs }
    }

    /// Rows of the matrix: terms of a sum.
    fn inner(&self) -> usize {
        self.values.len() / self.outputs
    }

    /// A convolution's sums over its input.
    pub fn convolve(&self, c: &Convolution, input: Map<'_>, shape: Shape) -> Vec<f32> {
        let window = Window {
            height: c.kernel_height(),
            width: c.kernel_width(),
            stride: c.stride,
            padding: c.padding,
        };
        let mut result = vec![0.0; shape.values()];
        let pointwise = window.height * window.width == 1 && window.padding == 0;
        let strips = result.par_chunks_mut(STRIP * self.outputs).enumerate();
        strips.for_each(|(strip, sums)| {
            let first = strip * STRIP;
            let count = sums.len() / self.outputs;
            if pointwise && window.stride == 1 {
                let k = self.inner();
                self.product(&input.values[first * k..(first + count) * k], sums);
            } else {
                let columns = self.columns(input, window, shape.width, first..first + count);
                self.product(&columns, sums);
            }
            if !c.bias.is_empty() {
                let positions = sums.chunks_mut(self.outputs);
                positions
                    .for_each(|sums| sums.iter_mut().zip(&c.bias).for_each(|(sum, b)| *sum += b));
            }
        });
        result
    }

    /// What some output positions see, by \[position\]\[tap\]\[input\] (im2col); 0 in the padding.
    fn columns(
        &self,
        input: Map<'_>,
        window: Window,
        width: usize,
        positions: std::ops::Range<usize>,
    ) -> Vec<f32> {
        let (inner, inputs) = (self.inner(), input.shape.channels);
        let mut columns = vec![0.0; positions.len() * inner];
        for (position, row) in positions.zip(columns.chunks_mut(inner)) {
            for tap in input.window((position / width, position % width), window) {
                row[tap.index * inputs..][..inputs].copy_from_slice(tap.channels);
            }
        }
        columns
    }

    /// A linear layer's outputs.
    pub fn multiply(&self, linear: &Linear, input: Map<'_>) -> Vec<f32> {
        let mut sums = linear.bias.clone();
        sums.resize(self.outputs, 0.0);
        for (x, row) in input.values.iter().zip(self.values.chunks(self.outputs)) {
            sums.iter_mut().zip(row).for_each(|(sum, w)| *sum += x * w);
        }
        sums
    }

    /// `sums` = `rows` × the matrix; `rows` by \[position\]\[k\].
    fn product(&self, rows: &[f32], sums: &mut [f32]) {
        let (k, n) = (self.inner(), self.outputs);
        let rows = ArrayView2::from_shape((rows.len() / k, k), rows);
        let matrix = ArrayView2::from_shape((k, n), self.values.as_slice());
        let sums = ArrayViewMut2::from_shape((sums.len() / n, n), sums);
        // The lengths are multiples of k and n by construction.
        if let (Ok(rows), Ok(matrix), Ok(mut sums)) = (rows, matrix, sums) {
            general_mat_mul(1.0, &rows, &matrix, 0.0, &mut sums);
        }
    }
}
