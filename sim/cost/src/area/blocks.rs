//! The blocks of an accelerator: how often each is there, what tells its kinds apart, and what its size is made of.

use cromulent_design::{Affine, Design};

use super::features::count_bits;

/// A block.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// The name of its module.
    pub name: &'static str,
    /// How often it is there.
    pub instances: fn(&Design) -> u64,
    /// Its kind: blocks of two kinds differ in more than widths. Empty if there is one kind.
    pub kind: fn(&Design) -> String,
    /// What its size is made of, beside what its kind adds.
    pub features: &'static [&'static str],
}

/// All blocks but memories.
#[rustfmt::skip] // A table.
pub const BLOCKS: [Block; 33] = [
    block("pe", |d| n(d.rows) * n(d.columns), element, &["one", "sum", "product", "constants", "operand", "shifter", "partial_products"]),
    block("row_edge", rows, element, &["one", "threshold", "code_word", "operand", "digits"]),
    block("sign_counter", |d| if count_bits(d) > 0 { n(d.rows) } else { 0 }, multiplier, &["one", "count"]),
    block("column_foot", columns, multiplier, &["one", "sum", "count"]),
    block("quantizer", columns, coding, &["one", "difference", "normalised", "theta", "scaled", "multiplied", "digits"]),
    block("pool_row", |d| if d.max_pool { n(d.rows) } else { 0 }, order, &["one", "code", "address"]),
    block("row_feeder", rows, none, &["one", "address", "coordinate", "pooled"]),
    block("rows", one, none, &["one", "row_codes", "threshold", "rows", "pooled", "address"]),
    block("array", one, log_log, &["column_weights"]),
    block("accumulator", columns, none, &["one", "accumulator", "sum", "tile_address", "channel"]),
    block("residual", |d| if d.has_stream() { n(d.columns) } else { 0 }, none, &["one", "accumulator", "aligned", "stream_address", "pooled"]),
    block("stream_pool", |d| if pools_stream(d) { n(d.columns) } else { 0 }, none, &["one", "stream_word", "place"]),
    block("stream_windows", |d| u64::from(pools_stream(d)), none, &["one", "coordinate", "place"]),
    block("column", columns, none, &["one", "weight_address", "stream_address", "channel", "stream", "norm", "saturations"]),
    block("columns", one, none, &["one", "weight_address", "stream_address", "stream"]),
    block("deskew", one, none, &["column_code_pairs", "column_codes", "stage_codes"]),
    block("output_pool", |d| u64::from(d.max_pool), order, &["one", "column_stored", "column_codes", "coordinate", "channel", "columns"]),
    block("write_back", one, none, &["one", "row_codes", "rotated_codes", "row_log", "row_address", "rows", "address"]),
    block("mover", one, none, &["one", "map_buffer", "map_codes", "row_codes", "address", "map_beats"]),
    block("map_writer", one, none, &["one", "map_codes", "map_buffer", "lanes", "memory_address", "map_beats", "row_codes"]),
    block("collector", one, none, &["one", "column_words", "word", "columns"]),
    block("scores", one, none, &["one", "column_counter", "word"]),
    block("counters", one, none, &["one", "stream", "saturations"]),
    block("loader", one, none, &["one", "weight_address", "row_counter"]),
    block("sequencer", one, none, &["one", "registers", "coordinate", "address", "tile_address", "batched"]),
    block("layer_control", one, none, &["one", "registers"]),
    block("decoder", one, none, &["one", "line", "registers", "lanes", "address", "narrow_bus", "batched"]),
    block("cromulent_core", one, none, &["one", "columns", "rows", "row_codes", "row_address", "column_constants", "pooled", "registers"]),
    block("cromulent_accelerator", one, none, &["one", "lanes", "memory_address"]),
    block("control", one, none, &["one", "memory_address", "wide_address", "stream"]),
    block("session", one, none, &["one"]),
    block("reader", one, none, &["one", "memory_address", "lanes"]),
    block("writer", one, none, &["one", "memory_address", "lanes", "narrow_bus"]),
];

const fn block(
    name: &'static str,
    instances: fn(&Design) -> u64,
    kind: fn(&Design) -> String,
    features: &'static [&'static str],
) -> Block {
    Block {
        name,
        instances,
        kind,
        features,
    }
}

/// Whether words of the residual stream can be pooled on their way into it.
pub(super) fn pools_stream(design: &Design) -> bool {
    design.max_pool && design.has_stream()
}

fn n(count: u32) -> u64 {
    count.into()
}

fn one(_: &Design) -> u64 {
    1
}

fn rows(design: &Design) -> u64 {
    design.rows.into()
}

fn columns(design: &Design) -> u64 {
    design.columns.into()
}

fn none(_: &Design) -> String {
    String::new()
}

/// What tells elements and row edges apart: "L4 exact shift digits".
fn element(design: &Design) -> String {
    let affine = match design.affine {
        // One circuit.
        Affine::Snapped => Affine::Recentred,
        other => other,
    };
    let digits = if design.image_digits { " digits" } else { "" };
    format!("{} {affine} {}{digits}", design.format, design.pe)
}

/// How elements multiply: "shift".
fn multiplier(design: &Design) -> String {
    design.pe.to_string()
}

fn log_log(design: &Design) -> String {
    match design.pe {
        cromulent_design::PeKind::LogLog => design.pe.to_string(),
        _ => "others".to_owned(),
    }
}

/// What tells quantizers apart: "R3 digits". Beside DSP blocks they multiply in some, too.
fn coding(design: &Design) -> String {
    let digits = if design.image_digits { " digits" } else { "" };
    let dsp = match design.pe {
        cromulent_design::PeKind::Dsp => " dsp",
        _ => "",
    };
    format!("{}{digits}{dsp}", design.format)
}

/// How codes are ordered: signed ones otherwise than rectified ones.
fn order(design: &Design) -> String {
    match design.format.is_signed() {
        true => "signed".to_owned(),
        false => "rectified".to_owned(),
    }
}
