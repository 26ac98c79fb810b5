//! The area of an estimate: that of a model, for the design alone.

use std::path::Path;

use cromulent_cost::area::{Errors, Model, Part, Taken};
use serde_json::{Map, Value, json};

use super::Estimate;
use crate::Error;
use crate::cli::EstimateArgs;
use crate::liberty::Library;

/// The model that is asked for: of a family of FPGAs, of a cell library, or in a file.
///
/// # Errors
/// A library or a model that will not do, or a library that no model was calibrated for.
pub(super) fn model(args: &EstimateArgs) -> Result<Option<Model>, Error> {
    if let Some(target) = &args.target {
        return Ok(Some(Model::load(target)?));
    }
    args.liberty.as_deref().map(of_library).transpose()
}

fn of_library(file: &Path) -> Result<Model, Error> {
    let library = Library::load(file)?;
    if Model::is_shipped(library.name()) {
        return Ok(Model::load(library.name())?);
    }
    Err(Error::bad_input(
        file.display(),
        format!(
            "is of library {}, which no area model was calibrated for",
            library.name()
        ),
        format!(
            "calibrate one (`cargo run --release -p cromulent-testbenches --example calibrate-area {}`) and give \
             --target constraints/area/{}.toml, or synthesise with `cromulent compare --liberty`",
            file.display(),
            library.name()
        ),
    ))
}

/// What a model says of a design, and what it says of itself.
pub(super) struct Predicted {
    area: cromulent_cost::area::Area,
    errors: Errors,
    source: String,
}

impl Estimate {
    /// The same with the area that a model predicts.
    pub(in crate::commands) fn with_area(mut self, model: &Model) -> Estimate {
        self.area = Some(Predicted {
            area: model.predict(&self.design),
            errors: model.errors,
            source: model.source.clone(),
        });
        self
    }
}

impl Predicted {
    /// Where the numbers come from.
    pub(super) fn sources(&self) -> String {
        format!(
            "area: model of {}, calibrated with {}; {}",
            self.area.target,
            self.source,
            self.trust()
        )
    }

    /// How far off it was.
    fn trust(&self) -> String {
        if self.errors.designs == 0 {
            return "how far off is not known: no design was held out".to_owned();
        }
        let errors = self.errors.named().into_iter();
        let errors: Vec<String> = errors
            .filter_map(|(name, error)| Some(format!("{name} {:.1} %", error?)))
            .collect();
        format!(
            "off on {} designs held out by at most: {}",
            self.errors.designs,
            errors.join(", ")
        )
    }

    pub(super) fn json(&self) -> Value {
        let parts = self.area.parts.iter();
        let parts: Map<String, Value> = parts
            .map(|part| (part.name.clone(), part_json(part)))
            .collect();
        let mut area = json!({ "target": self.area.target });
        merge(&mut area, taken_json(&self.area.total()));
        let errors = self.errors.named().into_iter();
        let errors: Map<String, Value> = errors
            .map(|(name, error)| (name.to_owned(), json!(error)))
            .collect();
        merge(
            &mut area,
            json!({
                "largest_error_percent": errors,
                "held_out_designs": self.errors.designs,
                "parts": parts,
            }),
        );
        area
    }

    pub(super) fn text(&self) -> Vec<String> {
        let mut lines = vec![format!(
            "area on {}, predicted; {}:",
            self.area.target,
            self.trust()
        )];
        let is_fpga = self.area.total().luts.is_some();
        let heads: &[&str] = match is_fpga {
            true => &["LUTs", "FFs", "RAMs", "DSPs"],
            false => &["um2", "FFs", "memory bits"],
        };
        let row = |name: &str, count: String, cells: Vec<String>| {
            let cells: String = cells.iter().map(|cell| format!(" {cell:>12}")).collect();
            format!("  {name:<22} {count:>6}{cells}")
        };
        let heads = heads.iter().map(|head| (*head).to_owned()).collect();
        lines.push(row("part", "count".to_owned(), heads));
        let mut parts: Vec<&Part> = self.area.parts.iter().collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.taken.luts.or(part.taken.um2)));
        for part in parts {
            lines.push(row(
                &part.name,
                part.instances.to_string(),
                cells(&part.taken),
            ));
        }
        lines.push(row("total", String::new(), cells(&self.area.total())));
        if !is_fpga {
            lines.push(
                "  memories are left to a memory compiler: their bits, and no area of them, are here"
                    .to_owned(),
            );
        }
        lines
    }
}

fn cells(taken: &Taken) -> Vec<String> {
    let all = [
        taken.luts.or(taken.um2),
        Some(taken.ffs),
        taken.brams.or(taken.memory_bits),
        taken.dsps,
    ];
    all.into_iter()
        .flatten()
        .map(|count| count.to_string())
        .collect()
}

fn part_json(part: &Part) -> Value {
    let mut found = json!({ "instances": part.instances });
    merge(&mut found, taken_json(&part.taken));
    found
}

fn taken_json(taken: &Taken) -> Value {
    json!({
        "luts": taken.luts,
        "ffs": taken.ffs,
        "brams": taken.brams,
        "dsps": taken.dsps,
        "area_um2": taken.um2,
        "memory_bits": taken.memory_bits,
    })
}

/// The fields of one object behind those of another.
fn merge(into: &mut Value, from: Value) {
    if let (Some(into), Value::Object(from)) = (into.as_object_mut(), from) {
        into.extend(from);
    }
}
