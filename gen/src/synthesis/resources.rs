//! What cells amount to.

use std::iter::Sum;
use std::ops::{Add, Mul};

use serde_json::{Value, json};

/// What blocks take. What a target does not have is absent: an FPGA has no square micrometres, a cell library no tables.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Resources {
    /// Tables; see [`Vendor`](super::Vendor) for what counts.
    pub luts: Option<u64>,
    /// Flip-flops.
    pub flip_flops: u64,
    /// Block RAMs.
    pub block_rams: Option<u64>,
    /// DSP blocks.
    pub dsps: Option<u64>,
    /// Square micrometres of standard cells.
    pub area_um2: Option<f64>,
    /// Bits of memories that a cell library leaves to a memory compiler; an FPGA makes tables or block RAM of them.
    pub memory_bits: Option<u64>,
}

impl Resources {
    /// `{"luts", "ffs", "brams", "dsps", "area_um2", "memory_bits"}`, what is absent as null.
    pub fn to_json(&self) -> Value {
        json!({
            "luts": self.luts,
            "ffs": self.flip_flops,
            "brams": self.block_rams,
            "dsps": self.dsps,
            "area_um2": self.area_um2.map(tenths),
            "memory_bits": self.memory_bits,
        })
    }
}

/// Square micrometres to a tenth: no library says more of a block.
pub(crate) fn tenths(area: f64) -> f64 {
    (area * 10.0).round() / 10.0
}

/// Absent where both are.
fn both<T: Add<Output = T>>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

impl Add for Resources {
    type Output = Resources;

    fn add(self, other: Resources) -> Resources {
        Resources {
            luts: both(self.luts, other.luts),
            flip_flops: self.flip_flops + other.flip_flops,
            block_rams: both(self.block_rams, other.block_rams),
            dsps: both(self.dsps, other.dsps),
            area_um2: both(self.area_um2, other.area_um2),
            memory_bits: both(self.memory_bits, other.memory_bits),
        }
    }
}

impl Mul<u64> for Resources {
    type Output = Resources;

    fn mul(self, times: u64) -> Resources {
        let many = |count: Option<u64>| count.map(|count| count * times);
        Resources {
            luts: many(self.luts),
            flip_flops: self.flip_flops * times,
            block_rams: many(self.block_rams),
            dsps: many(self.dsps),
            area_um2: self.area_um2.map(|area| area * times as f64),
            memory_bits: many(self.memory_bits),
        }
    }
}

impl Sum for Resources {
    fn sum<I: Iterator<Item = Resources>>(all: I) -> Resources {
        all.fold(Resources::default(), Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_stays_absent() {
        let one = Resources {
            luts: Some(3),
            flip_flops: 2,
            ..Resources::default()
        };
        let sum: Resources = [one * 4, one].into_iter().sum();
        assert_eq!(
            (sum.luts, sum.flip_flops, sum.area_um2),
            (Some(15), 10, None)
        );
        assert_eq!(sum.to_json()["brams"], Value::Null);
    }
}
