//! What is stored as codes, before anything is compiled.

use cromulent_design::Design;
use cromulent_network::{Network, Problems};
use cromulent_number::Format;

use super::{Choices, plan, storage};

/// Values that are stored, in one form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CodedMap {
    /// How many, of an image.
    pub values: u64,
    /// In which format; I8 for what is left uncoded.
    pub format: Format,
    /// The batch-norms that read them, by node, the one first whose statistics they are stored with.
    pub norms: Vec<usize>,
}

impl CodedMap {
    /// Bits of all values.
    pub fn bits(&self) -> u64 {
        self.values * u64::from(self.format.code_bits())
    }
}

/// Every map of codes that a network has on a design; a value in several forms is in several.
///
/// # Errors
/// Nodes that cannot run, formats that cannot be stored: as [`super::compile_with`] says it.
pub fn coded_maps(
    network: &Network,
    design: &Design,
    choices: &Choices,
) -> Result<Vec<CodedMap>, Problems> {
    let mut plan = plan::plan(network, design, choices)?;
    let mut problems = Problems::default();
    storage::apply(network, design, choices, &mut plan, &mut problems);
    let tensors = plan.tensors.iter();
    let maps = tensors.map(|tensor| CodedMap {
        values: tensor.shape.values() as u64,
        format: tensor.storage.format(design),
        norms: tensor.readers.iter().map(|reader| reader.norm).collect(),
    });
    problems.or(maps.collect())
}
