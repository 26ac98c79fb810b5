//! A model from recorded runs, and how far it is off on designs that were held out.

use std::collections::BTreeMap;

use cromulent::Error;
use cromulent::synthesis::Resources;
use cromulent_cost::area::blocks::{BLOCKS, Block};
use cromulent_cost::area::features::feature;
use cromulent_cost::area::fit::{Fit, Sample};
use cromulent_cost::area::{Errors, Group, Metric, Model, Scale, Sizes, Taken, Vendor, unread};
use cromulent_design::Design;

use super::runs::{Run, Set};

/// What a run says of a metric; `None` where its target has no such thing.
fn measured(metric: Metric, taken: &Resources) -> Option<f64> {
    let count = |count: Option<u64>| count.map(|count| count as f64);
    match metric {
        Metric::Luts => count(taken.luts),
        Metric::Ffs => Some(taken.flip_flops as f64),
        Metric::Dsps => count(taken.dsps),
        Metric::Um2 => taken.area_um2,
    }
}

/// The model of a target from its runs.
///
/// # Errors
/// A shipped design cannot be read.
pub fn fitted(
    target: &str,
    vendor: Option<Vendor>,
    source: &str,
    runs: &[Run],
) -> Result<Model, Error> {
    let [kinds, blocks] = [Set::Kinds.designs()?, Set::Blocks.designs()?];
    let mut sizes = BTreeMap::new();
    for block in &BLOCKS {
        let of_block = |run: &&Run| run.block == block.name;
        let found = runs.iter().filter(of_block).filter_map(|run| {
            let designs = match run.set {
                Set::Kinds => &kinds,
                Set::Blocks => &blocks,
                Set::Whole | Set::HeldOut => return None,
            };
            Some((&designs[run.place], &run.each))
        });
        let found: Vec<(&Design, &Resources)> = found.collect();
        sizes.insert(block.name.to_owned(), sizes_of(block, &found));
    }
    let mut model = Model {
        target: target.to_owned(),
        vendor,
        source: source.to_owned(),
        errors: Errors::default(),
        sizes,
        scale: Scale::new(),
    };
    model.scale = scale(runs)?;
    model.errors = errors(&judge(&model, runs)?);
    Ok(model)
}

fn sizes_of(block: &Block, found: &[(&Design, &Resources)]) -> Sizes {
    let mut sizes = Sizes::new();
    for metric in Metric::ALL {
        let samples = found.iter().filter_map(|(design, taken)| {
            let features = block.features.iter().map(|name| {
                let feature = feature(name);
                feature.map_or(0.0, |feature| feature(design))
            });
            Some(Sample {
                kind: (block.kind)(design),
                features: features.collect(),
                size: measured(metric, taken)?,
            })
        });
        let samples: Vec<Sample> = samples.collect();
        if samples.iter().any(|sample| sample.size > 0.0) {
            sizes.insert(metric, Fit::of(&samples));
        }
    }
    sizes
}

/// What flattening leaves of each group: designs that were synthesised both ways.
fn scale(runs: &[Run]) -> Result<Scale, Error> {
    let [whole, blocks] = [Set::Whole.designs()?, Set::Blocks.designs()?];
    let mut scale = Scale::new();
    for metric in Metric::ALL {
        let flattened = runs.iter().filter(|run| run.set == Set::Whole);
        let samples = flattened.filter_map(|run| {
            let design = &whole[run.place];
            let place = blocks.iter().position(|other| other == design)?;
            let mut groups = [0.0; Group::ALL.len()];
            let mut memories = 0.0;
            let own = |run: &&Run| run.set == Set::Blocks && run.place == place;
            for part in runs.iter().filter(own) {
                let all = measured(metric, &part.each)? * part.instances as f64;
                match part.block.starts_with("memory_") {
                    true => memories += all,
                    false => groups[Group::of(&part.block) as usize] += all,
                }
            }
            if metric == Metric::Ffs {
                groups[Group::Elements as usize] -= unread(design);
            }
            let all = measured(metric, &run.each)? - memories;
            Some((groups, all))
        });
        let samples: Vec<_> = samples.filter(|(_, all)| *all > 0.0).collect();
        for (group, share) in Group::ALL.into_iter().zip(shares(&samples)) {
            if !samples.is_empty() && metric != Metric::Dsps {
                scale.insert((group, metric), share);
            }
        }
    }
    Ok(scale)
}

/// How little groups are expected to differ.
const ALIKE: f64 = 0.02;

/// The share of each group that is left, by least squares of relative errors; alike unless samples say otherwise.
fn shares(samples: &[([f64; Group::ALL.len()], f64)]) -> [f64; Group::ALL.len()] {
    let sum = |groups: &[f64]| groups.iter().sum::<f64>();
    let parts: f64 = samples.iter().map(|(groups, all)| sum(groups) / all).sum();
    let common = samples.len() as f64 / parts.max(1e-9);
    let mut shares = [common; Group::ALL.len()];
    for _ in 0..1000 {
        for g in 0..shares.len() {
            let (mut slope, mut curve) = (ALIKE * (common - shares[g]), ALIKE);
            for (groups, all) in samples {
                let found: f64 = groups
                    .iter()
                    .zip(shares)
                    .map(|(part, share)| part * share)
                    .sum();
                let x = groups[g] / all;
                slope += x * (all - found) / all;
                curve += x * x;
            }
            shares[g] += slope / curve;
        }
    }
    shares
}

/// A design that was held out: what is predicted, and what Yosys found.
#[derive(Clone, PartialEq, Debug)]
pub struct Judged {
    /// The design.
    pub design: Design,
    /// What the model says.
    pub predicted: Taken,
    /// What there is.
    pub found: Resources,
}

impl Judged {
    /// How much too large the prediction is, per cent: tables, flip-flops, block RAMs, square micrometres.
    pub fn errors(&self) -> [Option<f64>; 4] {
        let (p, f) = (&self.predicted, &self.found);
        let off = |predicted: Option<u64>, found: Option<f64>| {
            let found = found.filter(|found| *found > 0.0)?;
            Some(100.0 * (predicted? as f64 / found - 1.0))
        };
        let count = |count: Option<u64>| count.map(|count| count as f64);
        [
            off(p.luts, count(f.luts)),
            off(Some(p.ffs), Some(f.flip_flops as f64)),
            off(p.brams, count(f.block_rams)),
            off(p.um2, f.area_um2),
        ]
    }
}

/// Every design that was held out.
///
/// # Errors
/// A shipped design cannot be read.
pub fn judge(model: &Model, runs: &[Run]) -> Result<Vec<Judged>, Error> {
    judge_set(model, runs, Set::HeldOut)
}

/// Every design of a set that was synthesised whole.
///
/// # Errors
/// A shipped design cannot be read.
pub fn judge_set(model: &Model, runs: &[Run], set: Set) -> Result<Vec<Judged>, Error> {
    let designs = set.designs()?;
    let found = runs.iter().filter(|run| run.set == set);
    let found = found.map(|run| Judged {
        design: designs[run.place].clone(),
        predicted: model.predict(&designs[run.place]).total(),
        found: run.each,
    });
    Ok(found.collect())
}

/// The largest errors.
fn errors(judged: &[Judged]) -> Errors {
    let largest = |metric: usize| {
        let errors = judged.iter().filter_map(|one| one.errors()[metric]);
        errors.map(f64::abs).reduce(f64::max)
    };
    Errors {
        designs: judged.len() as u64,
        luts: largest(0),
        ffs: largest(1),
        brams: largest(2),
        um2: largest(3),
    }
}
