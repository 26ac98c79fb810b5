//! What is synthesised.

use std::collections::BTreeSet;

use cromulent_core::{Pe, PeShape};
use cromulent_design::{Design, PeKind};
use cromulent_kit::emit::{self, Module};
use rust_hdl_core::prelude::Block;

use crate::Error;

/// Verilog and its top module.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// The top module.
    pub top: String,
    /// All modules, those that are used before those that use them.
    pub verilog: String,
    /// Whether multipliers go into DSP blocks, if the target has some.
    pub dsp: bool,
    /// Modules that stay on their own where the others are flattened into those that use them.
    pub kept: Vec<String>,
}

impl Source {
    /// One processing element.
    ///
    /// # Errors
    /// [`Error::ToolFailed`] if it is described wrongly: a fault of this program.
    pub fn element(shape: &PeShape) -> Result<Source, Error> {
        let mut pe = Pe::new(shape);
        pe.connect_all();
        let modules = emit::verilog(&pe).map_err(refused)?;
        Ok(Source {
            top: "pe".to_owned(),
            verilog: modules.into_iter().map(|module| module.text).collect(),
            dsp: shape.kind == PeKind::Dsp,
            kept: vec![],
        })
    }

    /// One module of these and what it uses; `None` if there is none of this name.
    pub fn module(modules: &[Module], top: &str, dsp: bool) -> Option<Source> {
        modules.iter().find(|module| module.name == top)?;
        let mut used = BTreeSet::from([top]);
        // Users stand behind what they use.
        for module in modules.iter().rev() {
            if used.contains(module.name.as_str()) {
                let words = module
                    .text
                    .split(|c: char| !c.is_alphanumeric() && c != '_');
                let words: BTreeSet<&str> = words.collect();
                let others = modules.iter().map(|other| other.name.as_str());
                used.extend(others.filter(|name| words.contains(name)));
            }
        }
        let kept = modules
            .iter()
            .filter(|module| used.contains(module.name.as_str()));
        Some(Source {
            top: top.to_owned(),
            verilog: kept.map(|module| module.text.as_str()).collect(),
            dsp,
            kept: vec![],
        })
    }

    /// The same with these modules kept on their own, where there are such, and every memory.
    pub fn keeping(mut self, modules: &[Module], kept: &[&str]) -> Source {
        let is_kept = |name: &str| kept.contains(&name) || name.starts_with("memory_");
        let names = modules.iter().map(|module| module.name.as_str());
        self.kept = names
            .filter(|name| is_kept(name) && *name != self.top)
            .map(str::to_owned)
            .collect();
        self
    }
}

/// All modules of a design.
///
/// # Errors
/// [`Error::ToolFailed`] if a block is described wrongly: a fault of this program.
pub fn modules(design: &Design) -> Result<Vec<Module>, Error> {
    cromulent_core::verilog(design).map_err(refused)
}

fn refused(error: emit::EmitError) -> Error {
    Error::ToolFailed {
        tool: "the emitter".to_owned(),
        what: "refused a block".to_owned(),
        output: error.to_string(),
    }
}
