//! The kernel in plain Rust.

use super::Job;
use crate::operand::Operand;

/// The sums of a tile, by \[row\]\[column\].
pub(super) fn multiply<T: Operand>(rows: usize, width: usize, job: &Job<T>, out: &mut [i32]) {
    for (row, sums) in out.chunks_exact_mut(width).take(rows).enumerate() {
        sums.fill(0);
        let mut weights = job.weights.chunks_exact(T::GROUP * width);
        for run in job.runs {
            let first = job.starts[row] + run.offset;
            let groups = run.length.div_ceil(T::GROUP);
            let operands = job.values[first..first + groups * T::GROUP].chunks_exact(T::GROUP);
            for (operands, weights) in operands.zip(&mut weights) {
                add(operands, weights, sums);
            }
        }
    }
}

/// Adds the products of one group to the sums of all columns.
fn add<T: Operand>(operands: &[T], weights: &[T::Weight], sums: &mut [i32]) {
    for (sum, weights) in sums.iter_mut().zip(weights.chunks_exact(T::GROUP)) {
        for (operand, &weight) in operands.iter().zip(weights) {
            *sum = sum.wrapping_add(operand.value().wrapping_mul(weight.into()));
        }
    }
}
