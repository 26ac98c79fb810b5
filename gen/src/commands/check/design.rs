//! What follows from a design: its widths and memories.

use cromulent_design::{Design, LoadKind};
use serde_json::{Map, Value, json};

/// The design for a person, a line each.
pub fn lines(design: &Design) -> Vec<String> {
    let mut lines = vec![headline(design)];
    lines.extend(
        widths(design)
            .iter()
            .map(|(name, bits)| format!("  {name:<14} {bits:>4} bits")),
    );
    lines.extend(memories(design).iter().map(Memory::line));
    lines
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
        format!("  {name:<14} {banks:>4} × {depth} words of {bits} bits")
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

/// The design for a program.
pub fn json(design: &Design) -> Value {
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
