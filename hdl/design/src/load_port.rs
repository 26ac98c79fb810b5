//! The memories that software fills before a layer runs.

use crate::design::Design;
use crate::layout::{OffsetWord, RowWord, ThetaWord, WeightWord};

/// Which memory the load port writes: its kind number, then a bank, then an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LoadKind {
    /// Codes or pixels of the input map: bank = row.
    Codes,
    /// [`RowWord`]s: one bank.
    RowWords,
    /// [`WeightWord`]s: bank = column.
    Weights,
    /// [`OffsetWord`]s: bank = column.
    Offsets,
    /// [`ThetaWord`]s of the i-th cut, 0..[`Design::theta_banks`]: bank = column.
    Thetas(u32),
}

impl LoadKind {
    /// Every memory of a design, by kind number.
    pub fn all(design: &Design) -> impl Iterator<Item = LoadKind> + use<> {
        use LoadKind::{Codes, Offsets, RowWords, Thetas, Weights};
        [Codes, RowWords, Weights, Offsets]
            .into_iter()
            .chain((0..design.theta_banks()).map(Thetas))
    }

    /// The number on the load port: 0 codes, 1 row words, 2 weights, 3 offsets, 4 + i thetas.
    pub fn number(self) -> u32 {
        match self {
            LoadKind::Codes => 0,
            LoadKind::RowWords => 1,
            LoadKind::Weights => 2,
            LoadKind::Offsets => 3,
            LoadKind::Thetas(i) => 4 + i,
        }
    }

    /// Banks of this memory.
    pub fn banks(self, design: &Design) -> u32 {
        match self {
            LoadKind::Codes => design.rows,
            LoadKind::RowWords => 1,
            _ => design.columns,
        }
    }

    /// Words of one bank.
    pub fn depth(self, design: &Design) -> u32 {
        match self {
            LoadKind::Codes => design.code_depth,
            LoadKind::RowWords | LoadKind::Weights => design.weight_depth,
            LoadKind::Offsets | LoadKind::Thetas(_) => design.channel_depth,
        }
    }

    /// Bits of one word.
    pub fn word_bits(self, design: &Design) -> u32 {
        match self {
            LoadKind::Codes => design.code_word_bits(),
            LoadKind::RowWords => RowWord::bits(design),
            LoadKind::Weights => WeightWord::bits(design),
            LoadKind::Offsets => OffsetWord::bits(design),
            LoadKind::Thetas(_) => ThetaWord::bits(design),
        }
    }
}
