//! Blocks of a design, measured.

use cromulent_core::PeShape;
use cromulent_design::{Design, PeKind};

use super::source::{Source, modules};
use super::{Resources, Synthesiser, Target};
use crate::Error;

/// What of a design is looked at beside the whole.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Block {
    /// How often it is there.
    pub instances: u64,
    /// What one takes.
    pub each: Resources,
}

/// A processing element alone, with the register in which the next tile's constants wait, or bare.
///
/// # Errors
/// Yosys fails.
pub fn element(
    synthesiser: &Synthesiser,
    target: &Target,
    design: &Design,
    shadow: bool,
) -> Result<Resources, Error> {
    let shape = PeShape {
        shadow,
        ..PeShape::of(design)
    };
    let netlist = synthesiser.run(target, &Source::element(&shape)?, true)?;
    Ok(target.resources(&netlist.cells()))
}

/// The array with its edges and corrections, block by block.
#[derive(Clone, PartialEq, Debug)]
pub struct ArrayParts {
    /// All processing elements, as one.
    pub elements: Resources,
    /// The edge of each row.
    pub row_edge: Block,
    /// What counts what elements leave out, one a row; none if they leave nothing out.
    pub sign_counter: Block,
    /// The foot of each column, which corrects.
    pub column_foot: Block,
}

impl ArrayParts {
    /// Everything.
    pub fn total(&self) -> Resources {
        let blocks = [self.row_edge, self.sign_counter, self.column_foot];
        let blocks = blocks.into_iter().map(|block| block.each * block.instances);
        blocks.chain([self.elements]).sum()
    }
}

/// The array of a design with the edge of each row and the foot of each column. Between these blocks lie registers, so
/// that they are mapped one by one, the elements together.
///
/// # Errors
/// Yosys fails.
pub fn array(
    synthesiser: &Synthesiser,
    target: &Target,
    design: &Design,
) -> Result<ArrayParts, Error> {
    let modules = modules(&shallow(design))?;
    let each = |top: &str| -> Result<Resources, Error> {
        let Some(source) = Source::module(&modules, top, has_dsp(design)) else {
            return Ok(Resources::default());
        };
        let netlist = synthesiser.run(target, &source, true)?;
        Ok(target.resources(&netlist.cells()))
    };
    let blocks = |top: &str, instances: u32| -> Result<Block, Error> {
        let instances = u64::from(instances);
        each(top).map(|each| Block { instances, each })
    };
    Ok(ArrayParts {
        elements: each("array")?,
        row_edge: blocks("row_edge", design.rows)?,
        sign_counter: blocks("sign_counter", design.rows)?,
        column_foot: blocks("column_foot", design.columns)?,
    })
}

/// All processing elements of a design as one module.
///
/// # Errors
/// A block is described wrongly: a fault of this program.
pub fn array_source(design: &Design) -> Result<Source, Error> {
    let modules = modules(&shallow(design))?;
    Source::module(&modules, "array", has_dsp(design)).ok_or_else(|| Error::ToolFailed {
        tool: "the emitter".to_owned(),
        what: "wrote no array".to_owned(),
        output: String::new(),
    })
}

/// Whether the elements multiply in DSP blocks.
fn has_dsp(design: &Design) -> bool {
    design.pe == PeKind::Dsp
}

/// The design with small memories: the array is the same, and its Verilog is made sooner.
fn shallow(design: &Design) -> Design {
    Design {
        name: "array".to_owned(),
        code_depth: 64.min(design.code_depth),
        tile_depth: 64.min(design.tile_depth),
        ..design.clone()
    }
}

/// A module of the whole accelerator.
#[derive(Clone, PartialEq, Debug)]
pub struct ModuleCells {
    /// Its name.
    pub name: String,
    /// How often it is there, and what one takes without the modules in it.
    pub block: Block,
}

/// The whole accelerator with its buses as one module, as one would place and route it.
///
/// # Errors
/// Yosys fails.
pub fn whole(
    synthesiser: &Synthesiser,
    target: &Target,
    design: &Design,
) -> Result<Resources, Error> {
    let source = accelerator_source(&modules(design)?, design)?;
    let netlist = synthesiser.run(target, &source, true)?;
    Ok(target.resources(&netlist.cells()))
}

/// The whole accelerator with its buses, block by block: these modules and every memory are mapped on their own, with
/// what is in them as part of them. By name; the top holds what is in none.
///
/// # Errors
/// Yosys fails.
pub fn blocks(
    synthesiser: &Synthesiser,
    target: &Target,
    design: &Design,
    kept: &[&str],
) -> Result<Vec<ModuleCells>, Error> {
    let modules = modules(design)?;
    let source = accelerator_source(&modules, design)?.keeping(&modules, kept);
    let netlist = synthesiser.run(target, &source, true)?;
    let found = netlist.instances().into_iter().map(|(name, instances)| {
        let each = target.resources(&netlist.modules[&name]);
        ModuleCells {
            block: Block { instances, each },
            name,
        }
    });
    Ok(found.collect())
}

fn accelerator_source(
    modules: &[cromulent_kit::emit::Module],
    design: &Design,
) -> Result<Source, Error> {
    let source = Source::module(modules, cromulent_core::TOP, has_dsp(design));
    source.ok_or_else(|| Error::ToolFailed {
        tool: "the emitter".to_owned(),
        what: "wrote no accelerator".to_owned(),
        output: String::new(),
    })
}

/// The whole accelerator with its buses, module by module, the largest in all first. Each is mapped on its own.
///
/// # Errors
/// Yosys fails.
pub fn accelerator(
    synthesiser: &Synthesiser,
    target: &Target,
    design: &Design,
) -> Result<Vec<ModuleCells>, Error> {
    let modules = modules(design)?;
    let Some(source) = Source::module(&modules, cromulent_core::TOP, has_dsp(design)) else {
        return Ok(vec![]);
    };
    let netlist = synthesiser.run(target, &source, false)?;
    let mut found: Vec<ModuleCells> = netlist
        .instances()
        .into_iter()
        .map(|(name, instances)| {
            let each = target.resources(&netlist.modules[&name]);
            ModuleCells {
                block: Block { instances, each },
                name,
            }
        })
        .collect();
    let size = |module: &ModuleCells| {
        let each = module.block.each;
        let size = each
            .luts
            .map_or(each.area_um2.unwrap_or(0.0), |luts| luts as f64);
        size * module.block.instances as f64
    };
    found.sort_by(|a, b| size(b).total_cmp(&size(a)));
    Ok(found)
}
