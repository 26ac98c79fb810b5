//! `cromulent check`: a design, a network.

use std::path::Path;

use cromulent_design::{Design, LoadKind};
use serde_json::{Map, Value, json};

use crate::cli::CheckArgs;
use crate::{Error, Outcome, Problem};

/// Checks what is given. With `--json`, problems are part of the answer.
///
/// # Errors
/// Bad input, unless the answer is JSON.
pub fn run(args: &CheckArgs) -> Result<Outcome, Error> {
    match checked(args) {
        Err(Error::BadInput(problems)) if args.json => Ok(refused(&problems)),
        result => result,
    }
}

fn checked(args: &CheckArgs) -> Result<Outcome, Error> {
    if args.network.is_some() {
        return Err(super::not_built_yet("check --network"));
    }
    // The command line asks for one of the two.
    args.design
        .as_deref()
        .map_or(Err(super::not_built_yet("check")), check_design)
}

/// The answer of a check that ended at its input.
fn refused(problems: &[Problem]) -> Outcome {
    let problems: Vec<_> = problems.iter().map(Problem::to_json).collect();
    Outcome::refused(
        "",
        json!({ "cromulent": false, "modules": [], "problems": problems }),
    )
}

/// A design on its own: what follows from it.
fn check_design(file: &Path) -> Result<Outcome, Error> {
    let design = Design::load(file)?;
    let mut text = vec![headline(&design)];
    text.extend(
        widths(&design)
            .iter()
            .map(|(name, bits)| format!("  {name:<22} {bits:>6} bits")),
    );
    text.push("memories".to_owned());
    text.extend(memories(&design).iter().map(Memory::line));
    let json = json!({
        "cromulent": true,
        "modules": [],
        "problems": [],
        "design": design_json(&design),
    });
    Ok(Outcome::good(text.join("\n"), json))
}

/// The design in a sentence.
fn headline(design: &Design) -> String {
    let Design {
        name,
        rows,
        columns,
        pe,
        format,
        affine,
        ..
    } = design;
    format!("{name}: {rows}×{columns} processing elements, {pe}, {format}, {affine}")
}

/// The widths that follow from a design, by name.
fn widths(design: &Design) -> [(&'static str, u32); 10] {
    [
        ("code_word", design.code_word_bits()),
        ("shift", design.shift_bits()),
        ("root_select", design.root_bits()),
        ("product", design.product_bits()),
        ("column_sum", design.sum_bits()),
        ("accumulator", design.accumulator_bits),
        ("output_word", design.total_bits()),
        ("code_address", design.address_bits()),
        ("weight_address", design.weight_address_bits()),
        ("coordinate", design.coordinate_bits()),
    ]
}

/// One kind of memory of a design.
struct Memory {
    name: String,
    banks: u32,
    depth: u32,
    bits: u32,
}

impl Memory {
    fn new(name: String, kind: LoadKind, design: &Design) -> Memory {
        Memory {
            name,
            banks: kind.banks(design),
            depth: kind.depth(design),
            bits: kind.word_bits(design),
        }
    }

    fn line(&self) -> String {
        let Memory {
            name,
            banks,
            depth,
            bits,
        } = self;
        format!("  {name:<22} {banks:>6} banks × {depth} words × {bits} bits")
    }
}

/// Every memory of a design, the accumulators last.
fn memories(design: &Design) -> Vec<Memory> {
    let name = |kind| match kind {
        LoadKind::Codes => "codes".to_owned(),
        LoadKind::RowWords => "row_words".to_owned(),
        LoadKind::Weights => "weights".to_owned(),
        LoadKind::Offsets => "offsets".to_owned(),
        LoadKind::Thetas(i) => format!("thetas_{i}"),
    };
    let mut memories: Vec<_> = LoadKind::all(design)
        .map(|kind| Memory::new(name(kind), kind, design))
        .collect();
    memories.push(Memory {
        name: "accumulators".to_owned(),
        banks: design.columns,
        depth: design.tile_depth,
        bits: design.accumulator_bits,
    });
    memories
}

fn design_json(design: &Design) -> Value {
    let bits: Map<_, _> = widths(design)
        .into_iter()
        .map(|(name, bits)| (name.to_owned(), json!(bits)))
        .collect();
    let memories: Vec<_> = memories(design)
        .into_iter()
        .map(|m| json!({ "name": m.name, "banks": m.banks, "depth": m.depth, "bits": m.bits }))
        .collect();
    json!({
        "name": design.name,
        "rows": design.rows,
        "columns": design.columns,
        "pe": design.pe.name(),
        "format": design.format.name(),
        "affine": design.affine.name(),
        "bits": bits,
        "memories": memories,
    })
}
