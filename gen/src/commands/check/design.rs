//! What follows from a design: its widths and memories.

use cromulent_design::{Design, NormWord, OffsetWord, RowWord, ThetaWord, WeightWord};
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
    let images = match design.batch {
        1 => String::new(),
        batch => format!(", {batch} images together"),
    };
    format!("{name}: {rows}×{columns} processing elements, {pe}, {format}, {affine}{images}")
}

/// The widths that follow from a design, by name.
fn widths(design: &Design) -> [(&'static str, u32); 14] {
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
        ("stream_address", design.stream_address_bits()),
        ("code_line", design.code_line_bits()),
        ("tile_line", design.tile_line_bits()),
        ("constant_line", design.constant_line_bits()),
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

/// Every memory of a design but the queues of the bus.
fn memories(design: &Design) -> Vec<Memory> {
    let (rows, columns) = (design.rows, design.columns);
    let (weights, channels) = (design.weight_depth, design.channel_depth);
    let memory = |name: &str, banks, depth, bits| Memory {
        name: name.to_owned(),
        banks,
        depth,
        bits,
    };
    let mut memories = vec![
        memory("codes", rows, design.code_depth, design.code_word_bits()),
        memory("row_words", 1, weights, RowWord::bits(design)),
        memory("weights", columns, weights, WeightWord::bits(design)),
        memory("offsets", columns, channels, OffsetWord::bits(design)),
        memory("norms", columns, channels, NormWord::bits(design)),
    ];
    memories.extend((0..design.theta_banks()).map(|cut| {
        let bits = ThetaWord::bits(design);
        memory(&format!("thetas_{cut}"), columns, channels, bits)
    }));
    let (accumulator, stream) = (design.accumulator_bits, design.stream_bits);
    memories.push(memory(
        "accumulators",
        columns,
        design.tile_depth,
        accumulator,
    ));
    memories.push(memory("stream", columns, design.stream_depth, stream));
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
        "batch": design.batch,
        "bits": bits,
        "memories": memories,
    })
}
