//! `cromulent compare`: what formats take in hardware, by synthesis, side by side.

mod candidates;
mod report;

use std::sync::Arc;

use cromulent_design::{Design, PeKind};
use cromulent_network::Network;
use rayon::prelude::*;

use super::accuracy::Judge;
use crate::cli::{Asked, CompareArgs, Which};
use crate::liberty::Library;
use crate::progress::{Progress, Step};
use crate::synthesis::measure::{array, element};
use crate::synthesis::route::{self, NEXTPNR};
use crate::synthesis::{Resources, Synthesiser, Target, Vendor};
use crate::{Error, Outcome};
use candidates::candidates;
use report::{Report, Row, Sizes};

/// Synthesises a row for each format, or for each of its processing elements.
///
/// # Errors
/// Bad input: a library, a network or a size that will not do. A missing or failing Yosys or nextpnr.
pub fn run(args: &CompareArgs, progress: &Progress) -> Result<Outcome, Error> {
    let targets = targets(args)?;
    let wanted = wanted(args)?;
    let source = args.network.as_deref();
    let source = source
        .map(|file| crate::networks::shapes(file, None))
        .transpose()?;
    let synthesiser = Synthesiser::new()?;
    let nextpnr = args.route.then(|| NEXTPNR.find()).transpose()?;
    let bench = Bench {
        synthesiser,
        targets,
        step: progress.step("synthesising"),
    };
    let chosen: Result<Vec<_>, Error> = wanted
        .into_par_iter()
        .map(|(asked, designs)| {
            bench
                .choose(designs, args.pe)
                .map(|designs| (asked, designs))
        })
        .collect();
    let designs: Vec<(&Asked, Design)> = chosen?
        .into_iter()
        .flat_map(|(asked, designs)| designs.into_iter().map(move |design| (asked, design)))
        .collect();
    let rows: Result<Vec<Row>, Error> = designs
        .into_par_iter()
        .map(|(asked, design)| bench.row(asked, design))
        .collect();
    let mut rows = rows?;
    if let Some(nextpnr) = &nextpnr {
        for row in &mut rows {
            bench.step.say(&format!("routing {}", row.name));
            row.fmax_mhz = Some(route::array(&bench.synthesiser, nextpnr, &row.design)?);
        }
    }
    drop(bench.step);
    let mut notes = vec![];
    if args.pe == Which::All && !has_distributed_ram(args) {
        let what = "pe = \"table\" is left out: its memories need distributed RAM, which an iCE40 and cells do not have";
        notes.push(what.to_owned());
    }
    if let Some(source) = source.filter(|source| source.seed.is_none()) {
        notes.extend(judge(&source.network, &mut rows, progress));
    } else if args.network.is_some() {
        notes.push("the network has no trained weights, so that there is no accuracy".to_owned());
    }
    let report = Report {
        rows,
        rows_of_array: args.rows,
        columns: args.columns,
        targets: bench
            .targets
            .iter()
            .map(|target| target.name().to_owned())
            .collect(),
        notes,
    };
    Ok(Outcome::good(report.text(), report.json()))
}

/// Gives rows their accuracy; why some have none.
fn judge(network: &Network, rows: &mut [Row], progress: &Progress) -> Vec<String> {
    // Nobody has chosen powers of two for the weights of this network.
    let measured = rows
        .iter_mut()
        .filter(|row| row.design.pe != PeKind::LogLog);
    let without = |row: &Row, error: &Error| format!("{}: no accuracy: {error}", row.name);
    match Judge::of(network, progress) {
        Ok(None) => vec![],
        Ok(Some(judge)) => measured
            .filter_map(|row| match judge.top1(&row.design, progress) {
                Ok(top1) => {
                    row.top1 = Some(top1);
                    None
                }
                Err(error) => Some(without(row, &error)),
            })
            .collect(),
        Err(error) => measured.map(|row| without(row, &error)).collect(),
    }
}

/// What is synthesised for: an FPGA, standard cells, or both.
fn targets(args: &CompareArgs) -> Result<Vec<Target>, Error> {
    if args.route && args.target != Some(Vendor::Ecp5) {
        let what = "places and routes on an ECP5 only";
        return Err(Error::bad_input("--route", what, "write --target ecp5"));
    }
    let library = args.liberty.as_deref().map(Library::load).transpose()?;
    let library = library.map(|library| Target::Cells(Arc::new(library)));
    Ok(args
        .target
        .map(Target::Fpga)
        .into_iter()
        .chain(library)
        .collect())
}

/// Whether what is synthesised for has memories of tables; elsewhere a table of products becomes flip-flops.
fn has_distributed_ram(args: &CompareArgs) -> bool {
    args.liberty.is_none() && args.target.is_some_and(Vendor::has_distributed_ram)
}

/// The designs of each format.
fn wanted(args: &CompareArgs) -> Result<Vec<(&Asked, Vec<Design>)>, Error> {
    // Tables and DSP blocks have no common measure: the smallest is one of tables, and without an FPGA there are none.
    let with_dsp = args.pe == Which::All && args.target.is_some() && args.liberty.is_none();
    // The smallest element may be the slowest: a table takes a load for each of its entries.
    let with_tables = args.pe == Which::All && has_distributed_ram(args);
    // Powers of two as constants are another network: no best kind of the same accuracy.
    let allowed = |pe| match pe {
        PeKind::Dsp => with_dsp,
        PeKind::Table => with_tables,
        PeKind::LogLog => args.pe == Which::All,
        PeKind::Shift | PeKind::Rows | PeKind::Multiply => true,
    };
    // A format that is asked for twice, perhaps by two names, has one row.
    let places = args.formats.iter().enumerate();
    let once = places.filter(|(n, asked)| {
        let before = &args.formats[..*n];
        before.iter().all(|other| other.format != asked.format)
    });
    let found = once.map(|(_, asked)| {
        let designs = candidates(asked.format, args.rows, args.columns, allowed)?;
        Ok((asked, designs))
    });
    found.collect()
}

/// What measures.
struct Bench {
    synthesiser: Synthesiser,
    targets: Vec<Target>,
    step: Step,
}

impl Bench {
    /// All of these, or the one whose array takes least: as many elements as it has, and their edges.
    fn choose(&self, designs: Vec<Design>, which: Which) -> Result<Vec<Design>, Error> {
        if which == Which::All || designs.len() < 2 {
            return Ok(designs);
        }
        let mut best: Option<(f64, Design)> = None;
        for design in designs {
            let elements = u64::from(design.rows) * u64::from(design.columns);
            let all = self.sum(|target| {
                let each = element(&self.synthesiser, target, &design, true)?;
                let single = Design {
                    rows: 1,
                    columns: 1,
                    ..design.clone()
                };
                let edge = array(&self.synthesiser, target, &single)?.row_edge.each;
                Ok(each * elements + edge * design.rows.into())
            })?;
            let size = size(&all);
            if best.as_ref().is_none_or(|(least, _)| size < *least) {
                best = Some((size, design));
            }
        }
        Ok(best.map(|(_, design)| design).into_iter().collect())
    }

    fn row(&self, asked: &Asked, design: Design) -> Result<Row, Error> {
        self.step.say(&format!("{} {}", asked.name, design.affine));
        let digits = Design {
            image_digits: true,
            ..design.clone()
        };
        let digits = (digits != design && digits.validate().is_ok()).then_some(digits);
        Ok(Row {
            name: asked.name.clone(),
            plain: self.sizes(&design)?,
            digits: digits.map(|digits| self.sizes(&digits)).transpose()?,
            design,
            fmax_mhz: None,
            pj_per_mac: None,
            top1: None,
        })
    }

    fn sizes(&self, design: &Design) -> Result<Sizes, Error> {
        let alone = |shadow| self.sum(|target| element(&self.synthesiser, target, design, shadow));
        Ok(Sizes {
            bare: alone(false)?,
            shadowed: alone(true)?,
            array: self.sum(|target| Ok(array(&self.synthesiser, target, design)?.total()))?,
        })
    }

    /// On every target: tables of the FPGA and square micrometres of the cells stand side by side; flip-flops are
    /// those of the first.
    fn sum(&self, each: impl Fn(&Target) -> Result<Resources, Error>) -> Result<Resources, Error> {
        let found: Result<Vec<Resources>, Error> = self.targets.iter().map(each).collect();
        let found = found?;
        let flip_flops = found.first().map_or(0, |first| first.flip_flops);
        Ok(Resources {
            flip_flops,
            ..found.into_iter().sum()
        })
    }
}

/// What designs are compared by: tables, or square micrometres where there are none.
fn size(resources: &Resources) -> f64 {
    let luts = resources.luts.map(|luts| luts as f64);
    luts.or(resources.area_um2).unwrap_or(0.0)
}
