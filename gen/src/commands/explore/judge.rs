//! The accuracy of points: computed once for all that give the same values.

use std::collections::BTreeMap;

use cromulent_design::Design;

use crate::commands::accuracy::top1;
use crate::exploration::{Plan, Point};
use crate::progress::Progress;
use crate::{Error, Problem};

/// Top-1 in per cent, by network and by all of a design that a value depends on, or why there is none.
pub(super) struct Accuracies(BTreeMap<(usize, String), Result<f64, Error>>);

impl Accuracies {
    /// Those of all these points; none if the plan asks for none.
    ///
    /// # Errors
    /// Something other than a network that does not go with a design.
    pub fn of(plan: &Plan, points: &[&Point], progress: &Progress) -> Result<Accuracies, Error> {
        let mut wanted = BTreeMap::new();
        if plan.description.accuracy.is_some() {
            for point in points {
                // Why a design is none is said where it is measured.
                if let Ok(design) = point.design() {
                    let deep = deep(&design);
                    wanted
                        .entry((point.subject, deep.to_toml()))
                        .or_insert(deep);
                }
            }
        }
        let step = progress.steps("accuracy", wanted.len() as u64);
        let found = wanted.into_iter().map(|((subject, text), design)| {
            let of = &plan.subjects[subject];
            let top1 = match top1(&of.network, &design, &of.examples) {
                Err(error) if !matches!(error, Error::BadInput(_)) => return Err(error),
                top1 => top1,
            };
            step.advance();
            Ok(((subject, text), top1))
        });
        found.collect::<Result<_, Error>>().map(Accuracies)
    }

    /// That of a point; `None` if it was not asked for.
    ///
    /// # Errors
    /// The network does not go with the design.
    pub fn of_point(&self, plan: &Plan, point: &Point) -> Result<Option<f64>, Error> {
        if plan.description.accuracy.is_none() {
            return Ok(None);
        }
        let deep = deep(&point.design()?);
        let found = self.0.get(&(point.subject, deep.to_toml())).cloned();
        let missing = || Problem::new("the design", "its accuracy was not measured", "report this");
        found
            .unwrap_or_else(|| Err(Error::BadInput(vec![missing()])))
            .map(Some)
    }
}

/// The design with an array and memories that hold any network: no value depends on them.
fn deep(design: &Design) -> Design {
    let rows = 32;
    Design {
        name: "deep".to_owned(),
        rows,
        columns: rows,
        max_pool: true,
        batch: 1,
        code_depth: 1 << 20,
        weight_depth: 1 << 20,
        channel_depth: 1 << 12,
        tile_depth: 1 << 16,
        map_side: (1 << 12) - 16,
        stream_depth: 1 << 20,
        bus_bits: 128,
        memory_address_bits: 32,
        ..design.clone()
    }
}
