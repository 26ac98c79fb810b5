//! What a family of FPGAs makes of a memory: block RAM, distributed RAM or flip-flops.
//!
//! The rules are those of Yosys' mapping, whose outcome for 238 shapes is beside this file.

use super::Vendor;

/// What a memory becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Mapped {
    /// Block RAMs.
    pub brams: u64,
    /// Tables: distributed RAM, and what chooses between RAMs that lie one behind another.
    pub luts: u64,
    /// Flip-flops.
    pub ffs: u64,
}

/// How a family keeps memories.
struct Family {
    /// Words and bits of a block RAM in each of its shapes.
    shapes: &'static [(u32, u32)],
    /// Bits that a word may be written in parts of.
    part: u32,
    /// Block RAMs that lie one behind another without anything between.
    behind: u32,
    /// Tables of one bit that choose between so many, from one on; a step of the last one for each more.
    choice: &'static [f64],
    /// Shapes of distributed RAM and the tables each takes.
    distributed: &'static [(u32, u32, u64)],
    /// Distributed RAMs that are preferred to a block RAM.
    preferred: u64,
    /// Bits in flip-flops that are preferred to a block RAM.
    bits: u64,
}

const ICE40: Family = Family {
    shapes: &[(256, 16), (512, 8), (1024, 4), (2048, 2)],
    part: 1,
    behind: 1,
    choice: &[0.0, 0.0, 1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 5.0, 7.0, 8.0],
    distributed: &[],
    preferred: 0,
    bits: 64,
};

const ECP5: Family = Family {
    shapes: &[
        (512, 36),
        (1024, 18),
        (2048, 9),
        (4096, 4),
        (8192, 2),
        (16384, 1),
    ],
    part: 9,
    distributed: &[(16, 4, 6)],
    preferred: 22,
    bits: 4,
    ..ICE40
};

const XILINX7: Family = Family {
    behind: 2,
    choice: &[0.0, 0.0, 1.0, 1.0, 1.0, 4.0, 3.0, 3.0, 3.0, 4.0, 4.0],
    distributed: &[(32, 6, 4), (64, 3, 4)],
    preferred: 16,
    ..ECP5
};

/// Tables that are given for a block RAM.
const RAM_IN_TABLES: u64 = 128;

/// What a family makes of a memory of so many words of so many bits.
pub fn map(vendor: Vendor, depth: u32, width: u32) -> Mapped {
    let family = match vendor {
        Vendor::Ice40 => &ICE40,
        Vendor::Ecp5 => &ECP5,
        Vendor::Xilinx7 => &XILINX7,
    };
    let (brams, behind) = family.blocks(depth, width);
    let bits = u64::from(depth) * u64::from(width);
    if bits <= family.bits * brams {
        // A word's own bits, a register behind them, and a choice of words.
        let choice = f64::from(width) * (0.72 * f64::from(depth - 1) + 0.5);
        return Mapped {
            luts: choice as u64 + u64::from(depth),
            ffs: bits + u64::from(width),
            brams: 0,
        };
    }
    if let Some((count, luts, rows)) = family.distribute(depth, width)
        && count <= family.preferred * brams
    {
        return Mapped {
            luts: luts + family.choose(rows, width),
            ffs: width.into(),
            brams: 0,
        };
    }
    let groups = behind.div_ceil(family.behind);
    Mapped {
        brams,
        luts: family.choose(groups, width),
        ffs: u64::from(cromulent_design::clog2(groups)),
    }
}

impl Family {
    /// The fewest block RAMs, and how many lie one behind another.
    fn blocks(&self, depth: u32, width: u32) -> (u64, u32) {
        let count = |&(words, bits): &(u32, u32)| {
            let (rows, whole, rest) = (depth.div_ceil(words), width / bits, width % bits);
            // Parts of a word that several rows leave free in the last RAM are shared.
            let last = match rest {
                0 => 0,
                rest => {
                    let parts = (bits / self.part).max(1) / rest.div_ceil(self.part);
                    rows.div_ceil(parts.max(1))
                }
            };
            (u64::from(rows) * u64::from(whole) + u64::from(last), rows)
        };
        let all = self.shapes.iter().map(count);
        // What chooses between RAMs counts, too.
        let price = |&(brams, rows): &(u64, u32)| {
            (
                RAM_IN_TABLES * brams + self.choose(rows.div_ceil(self.behind), width),
                rows,
            )
        };
        all.min_by_key(price).unwrap_or((0, 0))
    }

    /// The fewest tables of distributed RAM: how many cells, their tables, and how many lie one behind another.
    fn distribute(&self, depth: u32, width: u32) -> Option<(u64, u64, u32)> {
        let count = |&(words, bits, tables): &(u32, u32, u64)| {
            let rows = depth.div_ceil(words);
            let cells = u64::from(rows) * u64::from(width.div_ceil(bits));
            (cells, cells * tables, rows)
        };
        self.distributed.iter().map(count).min()
    }

    /// Tables that choose between so many RAMs of so many bits, and that write one of them.
    fn choose(&self, rows: u32, width: u32) -> u64 {
        if rows < 2 {
            return 0;
        }
        let last = self.choice.len() - 1;
        let each = match self.choice.get(rows as usize) {
            Some(&each) => each,
            None => self.choice[last] * f64::from(rows - 1) / (last - 1) as f64,
        };
        (each * f64::from(width)) as u64 + u64::from(rows)
    }
}
