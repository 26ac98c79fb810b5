//! `cromulent explore`: many designs on many networks, and which are best.

mod evaluate;
mod judge;
mod text;

use rayon::prelude::*;
use serde_json::{Value, json};

use super::accuracy::pool;
use crate::cli::ExploreArgs;
use crate::exploration::{
    Folder, Merged, Plan, Point, Shard, csv, digest, merge, points, replace, table,
};
use crate::progress::Progress;
use crate::{Error, Outcome};
use judge::Accuracies;

/// Measures the points that have no result yet, and puts all results together if none is missing any more.
///
/// # Errors
/// Bad input; a folder that another exploration writes to, or that cannot be written: what is measured by then is kept.
pub fn run(args: &ExploreArgs, progress: &Progress) -> Result<Outcome, Error> {
    let step = progress.step("reading");
    let plan = Plan::load(&args.file)?;
    let points = points(&plan)?;
    let keys: Vec<&str> = points.iter().map(|point| point.key.as_str()).collect();
    let name = digest(format_args!("{keys:?} {:?}", plan.objectives));
    let shard = args.shard.unwrap_or(Shard::WHOLE);
    drop(step);
    let folder = Folder::open(&args.out, &name, shard, args.resume)?;
    let before = folder.records()?;
    let mine = |place: &usize| args.shard.is_none_or(|shard| shard.has(*place));
    let missing = |place: &usize| !before.contains_key(&points[*place].key);
    let places: Vec<usize> = (0..points.len()).filter(mine).filter(missing).collect();
    let todo: Vec<&Point> = places.into_iter().map(|place| &points[place]).collect();
    if !todo.is_empty() {
        measure(args, &plan, &folder, &todo, progress)?;
    }
    let run = Run {
        plan: &plan,
        points: &points,
        measured: todo.len(),
        folder: &folder,
    };
    let records = folder.records()?;
    let left = points
        .iter()
        .filter(|point| !records.contains_key(&point.key))
        .count();
    match merge(&plan, &points, records)? {
        Some(merged) => run.complete(&merged, progress),
        None => Ok(run.incomplete(left)),
    }
}

/// Measures points, each written as soon as it is done.
fn measure(
    args: &ExploreArgs,
    plan: &Plan,
    folder: &Folder,
    todo: &[&Point],
    progress: &Progress,
) -> Result<(), Error> {
    let journal = folder.journal()?;
    pool(args.threads)?.install(|| {
        let accuracies = Accuracies::of(plan, todo, progress)?;
        let step = progress.steps("exploring", todo.len() as u64);
        todo.par_iter().try_for_each(|point| {
            journal.add(&evaluate::record(plan, point, &accuracies))?;
            step.advance();
            Ok(())
        })
    })
}

/// An exploration that was run as far as it goes.
struct Run<'a> {
    plan: &'a Plan,
    points: &'a [Point],
    /// How many points were measured now.
    measured: usize,
    folder: &'a Folder,
}

impl Run<'_> {
    /// Writes the tables, and says what is best.
    fn complete(&self, merged: &Merged, progress: &Progress) -> Result<Outcome, Error> {
        let _step = progress.step("putting results together");
        let results = table::json(self.plan, self.points, merged);
        let details = json!({ "points": self.details(merged)? });
        let files = [
            ("results.csv", csv(self.points, &results)?),
            ("details.json", format!("{details:#}\n")),
            ("results.json", format!("{results:#}\n")),
        ];
        replace(self.folder.path(), &files)?;
        let text = text::complete(self, &results);
        let mut json = results;
        json["measured_now"] = json!(self.measured);
        Ok(Outcome::good(text, json))
    }

    /// The best points of each network, layer by layer.
    fn details(&self, merged: &Merged) -> Result<Vec<Value>, Error> {
        let best = merged.best(self.plan);
        let detail = best.into_par_iter().map(|(place, objectives)| {
            let point = &self.points[place];
            let names: Vec<&str> = objectives
                .iter()
                .map(|objective| objective.name())
                .collect();
            Ok(json!({
                "key": point.key,
                "best": names,
                "design": point.design,
                "estimate": evaluate::estimate(self.plan, point)?.json(),
            }))
        });
        detail.collect()
    }

    /// Says how many points are left for others.
    fn incomplete(&self, left: usize) -> Outcome {
        let json = json!({
            "complete": false,
            "points": [],
            "measured_now": self.measured,
            "left": left,
        });
        Outcome::good(text::incomplete(self, left), json)
    }
}
