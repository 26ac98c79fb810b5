//! The model of a target: coefficients of every block, and what they make of a design.

use std::collections::BTreeMap;

use cromulent_design::Design;

use super::blocks::{BLOCKS, Block};
use super::features::{feature, operand_bits};
use super::fit::Fit;
use super::memories::{Memory, memories};
use super::{Area, Part, Taken, Vendor, ram};

/// What is measured of a block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Metric {
    /// Tables of an FPGA.
    Luts,
    /// Flip-flops.
    Ffs,
    /// DSP blocks of an FPGA.
    Dsps,
    /// Square micrometres of standard cells.
    Um2,
}

impl Metric {
    /// All of them.
    pub const ALL: [Metric; 4] = [Metric::Luts, Metric::Ffs, Metric::Dsps, Metric::Um2];

    /// Its name, as in the file of a model.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Luts => "luts",
            Metric::Ffs => "ffs",
            Metric::Dsps => "dsps",
            Metric::Um2 => "area_um2",
        }
    }
}

/// Blocks that shrink alike when all is flattened into one module.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Group {
    /// Elements of the array.
    Elements,
    /// What is there once a row or column.
    Lanes,
    /// What is there once.
    Control,
}

impl Group {
    /// All of them.
    pub const ALL: [Group; 3] = [Group::Elements, Group::Lanes, Group::Control];

    /// Its name, as in the file of a model.
    pub fn name(self) -> &'static str {
        match self {
            Group::Elements => "elements",
            Group::Lanes => "lanes",
            Group::Control => "control",
        }
    }

    /// The group of a block.
    pub fn of(block: &str) -> Group {
        match block {
            "pe" | "array" => Group::Elements,
            "row_edge" | "sign_counter" | "column_foot" | "quantizer" | "pool_row"
            | "row_feeder" | "accumulator" | "residual" | "stream_pool" | "column" | "deskew" => {
                Group::Lanes
            }
            _ => Group::Control,
        }
    }
}

/// The share of blocks mapped on their own that is left when all is flattened, by group and metric.
pub type Scale = BTreeMap<(Group, Metric), f64>;

/// Sizes of a block: for each metric a coefficient for each feature, and what a kind adds.
pub type Sizes = BTreeMap<Metric, Fit>;

/// The largest errors on designs that were held out, per cent; absent where the target has no such thing.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Errors {
    /// Designs that were held out.
    pub designs: u64,
    /// Tables.
    pub luts: Option<f64>,
    /// Flip-flops.
    pub ffs: Option<f64>,
    /// Block RAMs.
    pub brams: Option<f64>,
    /// Square micrometres.
    pub um2: Option<f64>,
}

/// The model of a target.
#[derive(Clone, PartialEq, Debug)]
pub struct Model {
    /// What it was calibrated for: a family of FPGAs, or the name of a cell library.
    pub target: String,
    /// The family, if it is one.
    pub vendor: Option<Vendor>,
    /// The program that it was calibrated with.
    pub source: String,
    /// The largest errors that were found.
    pub errors: Errors,
    /// The sizes of every block of [`BLOCKS`], by name.
    pub sizes: BTreeMap<String, Sizes>,
    /// What flattening leaves.
    pub scale: Scale,
}

impl Model {
    /// What a valid design takes.
    pub fn predict(&self, design: &Design) -> Area {
        let blocks = BLOCKS.iter().filter_map(|block| self.block(block, design));
        let mut parts: Vec<Part> = blocks.collect();
        let mut kept: BTreeMap<&str, (u64, Taken)> = BTreeMap::new();
        for memory in memories(design) {
            let (count, taken) = kept.entry(memory.name).or_default();
            *count += memory.count;
            *taken = *taken + self.memory(&memory);
        }
        parts.extend(kept.into_iter().map(|(name, (instances, taken))| Part {
            name: name.to_owned(),
            instances,
            taken,
        }));
        Area {
            target: self.target.clone(),
            parts,
        }
    }

    fn block(&self, block: &Block, design: &Design) -> Option<Part> {
        let instances = (block.instances)(design);
        let sizes = self.sizes.get(block.name)?;
        if instances == 0 {
            return None;
        }
        let kind = (block.kind)(design);
        let group = Group::of(block.name);
        let size = |metric| -> f64 {
            let each = sizes
                .get(&metric)
                .map_or(0.0, |fit| fit.size(block, &kind, design));
            // A DSP block is there or not.
            let each = match metric {
                Metric::Dsps => each.round(),
                _ => each,
            };
            let all = each.max(0.0) * instances as f64;
            let all = match (block.name, metric) {
                ("pe", Metric::Ffs) => all - unread(design),
                _ => all,
            };
            all * self.scale.get(&(group, metric)).copied().unwrap_or(1.0)
        };
        let whole = |metric| size(metric).round().max(0.0) as u64;
        let fpga = |metric| self.vendor.map(|_| whole(metric));
        let cells = |count| self.vendor.is_none().then_some(count);
        Some(Part {
            name: block.name.to_owned(),
            instances,
            taken: Taken {
                luts: fpga(Metric::Luts),
                ffs: whole(Metric::Ffs),
                brams: self.vendor.map(|_| 0),
                dsps: fpga(Metric::Dsps),
                um2: cells(whole(Metric::Um2)),
                memory_bits: cells(0),
            },
        })
    }

    fn memory(&self, memory: &Memory) -> Taken {
        let Some(vendor) = self.vendor else {
            return Taken {
                um2: Some(0),
                memory_bits: Some(memory.bits()),
                ..Taken::default()
            };
        };
        let mapped = ram::map(vendor, memory.depth, memory.width);
        let each = Taken {
            luts: Some(mapped.luts),
            ffs: mapped.ffs,
            brams: Some(mapped.brams),
            dsps: Some(0),
            ..Taken::default()
        };
        each * memory.count
    }
}

/// Flip-flops of the last column that nobody reads: operands and strobes on their way to the right.
pub fn unread(design: &Design) -> f64 {
    f64::from(design.rows * (operand_bits(design) + 2))
}

impl Fit {
    /// The size of one block of this kind in a design. A kind that was not seen adds what kinds add on average.
    pub(super) fn size(&self, block: &Block, kind: &str, design: &Design) -> f64 {
        let terms = block.features.iter().zip(&self.coefficients);
        let sum: f64 = terms
            .filter_map(|(name, coefficient)| Some(coefficient * feature(name)?(design)))
            .sum();
        let average = || self.kinds.values().sum::<f64>() / self.kinds.len().max(1) as f64;
        sum + self.kinds.get(kind).copied().unwrap_or_else(average)
    }
}
