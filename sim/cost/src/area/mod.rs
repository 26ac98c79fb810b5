//! What a design takes of an FPGA or of a cell library, without synthesis.
//!
//! 1. [`blocks`] lists the blocks of an accelerator, and [`features`] the widths that their sizes are made of;
//! 2. [`memories`] lists its memories, and [`ram`] knows what a family of FPGAs makes of one;
//! 3. [`fit`] fits coefficients to blocks that were synthesised;
//! 4. [`Model`] reads them from a file of `constraints/area`, and predicts the [`Area`] of any design.
//!
//! The files are written by `cargo run --release -p cromulent-testbenches --example calibrate-area` (docs/area.md).

pub mod blocks;
pub mod features;
pub mod fit;
pub mod memories;
mod model;
pub mod ram;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use model::{Errors, Group, Metric, Model, Scale, Sizes, unread};
pub use read::SHIPPED;

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Mul};
use std::str::FromStr;

/// A family of FPGAs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Vendor {
    /// Lattice iCE40.
    Ice40,
    /// Lattice ECP5.
    Ecp5,
    /// Xilinx 7.
    Xilinx7,
}

impl Vendor {
    /// All of them.
    pub const ALL: [Vendor; 3] = [Vendor::Ice40, Vendor::Ecp5, Vendor::Xilinx7];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Vendor::Ice40 => "ice40",
            Vendor::Ecp5 => "ecp5",
            Vendor::Xilinx7 => "xilinx7",
        }
    }

    /// Whether its tables can be memories: distributed RAM.
    pub fn has_distributed_ram(self) -> bool {
        self != Vendor::Ice40
    }
}

impl fmt::Display for Vendor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Vendor {
    type Err = String;

    fn from_str(text: &str) -> Result<Vendor, String> {
        let found = Vendor::ALL.into_iter().find(|vendor| vendor.name() == text);
        found.ok_or_else(|| {
            let names = Vendor::ALL.map(Vendor::name).join(", ");
            format!("unknown target `{text}`: expected one of {names}")
        })
    }
}

/// What something takes. What a target does not have is absent: an FPGA has no square micrometres, a cell library no
/// tables.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Taken {
    /// Tables; docs/area.md says what counts.
    pub luts: Option<u64>,
    /// Flip-flops.
    pub ffs: u64,
    /// Block RAMs.
    pub brams: Option<u64>,
    /// DSP blocks.
    pub dsps: Option<u64>,
    /// Square micrometres of standard cells, memories apart.
    pub um2: Option<u64>,
    /// Bits of memories that a cell library leaves to a memory compiler.
    pub memory_bits: Option<u64>,
}

/// A part of a design.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// The name of its module, or what its memories hold.
    pub name: String,
    /// How often it is there.
    pub instances: u64,
    /// What all of them take.
    pub taken: Taken,
}

/// What a design takes, part by part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Area {
    /// The target's name.
    pub target: String,
    /// The parts: blocks, each without the memories in it, then memories by what they hold.
    pub parts: Vec<Part>,
}

impl Area {
    /// Everything: the sum of the parts.
    pub fn total(&self) -> Taken {
        self.parts.iter().map(|part| part.taken).sum()
    }

    /// The array: elements, the edge and the counter of each row, the foot of each column, as `compare` counts it.
    pub fn array(&self) -> Taken {
        const ARRAY: [&str; 5] = ["pe", "array", "row_edge", "sign_counter", "column_foot"];
        let parts = self.parts.iter();
        parts
            .filter(|part| ARRAY.contains(&part.name.as_str()))
            .map(|part| part.taken)
            .sum()
    }
}

/// Absent where both are.
fn both(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}

impl Add for Taken {
    type Output = Taken;

    fn add(self, other: Taken) -> Taken {
        Taken {
            luts: both(self.luts, other.luts),
            ffs: self.ffs + other.ffs,
            brams: both(self.brams, other.brams),
            dsps: both(self.dsps, other.dsps),
            um2: both(self.um2, other.um2),
            memory_bits: both(self.memory_bits, other.memory_bits),
        }
    }
}

impl Mul<u64> for Taken {
    type Output = Taken;

    fn mul(self, times: u64) -> Taken {
        let many = |count: Option<u64>| count.map(|count| count * times);
        Taken {
            luts: many(self.luts),
            ffs: self.ffs * times,
            brams: many(self.brams),
            dsps: many(self.dsps),
            um2: many(self.um2),
            memory_bits: many(self.memory_bits),
        }
    }
}

impl Sum for Taken {
    fn sum<I: Iterator<Item = Taken>>(all: I) -> Taken {
        all.fold(Taken::default(), Add::add)
    }
}
