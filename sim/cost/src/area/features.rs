//! What the sizes of blocks are made of: widths of a design, and products of them, by name.

use cromulent_design::{
    Design, NormWord, OffsetWord, PeKind, RowWord, ThetaWord, WeightWord, clog2,
};
use cromulent_number::Format;

/// A name and what it is of a design.
type Feature = (&'static str, fn(&Design) -> f64);

/// Every feature, by name.
#[rustfmt::skip] // A table.
const FEATURES: [Feature; 58] = [
    ("one", |_| 1.0),
    ("rows", |d| d.rows.into()),
    ("columns", |d| d.columns.into()),
    ("lanes", |d| d.bus_lanes().into()),
    ("narrow_bus", |d| flag(d.bus_lanes() == 1)),
    ("stream", |d| flag(d.has_stream())),
    ("pooled", |d| flag(d.max_pool)),
    ("batched", |d| flag(d.has_batch())),
    ("digits", |d| flag(d.image_digits)),
    // The array.
    ("sum", |d| d.sum_bits().into()),
    ("product", |d| d.product_bits().into()),
    ("constants", |d| WeightWord::bits(d).into()),
    ("operand", |d| operand_bits(d).into()),
    ("shifter", shifter),
    ("partial_products", partial_products),
    ("count", |d| count_bits(d).into()),
    ("threshold", |d| d.threshold_bits().into()),
    ("column_weights", |d| f64::from(d.columns * d.weight_bits)),
    // A row.
    ("code", |d| d.format.code_bits().into()),
    ("code_word", |d| d.code_word_bits().into()),
    ("address", |d| d.address_bits().into()),
    ("coordinate", |d| d.coordinate_bits().into()),
    ("tap", |d| (RowWord::bits(d) - d.threshold_bits()).into()),
    ("row_codes", |d| f64::from(d.rows * d.code_word_bits())),
    ("row_log", |d| f64::from(d.rows * clog2(d.rows))),
    ("rotated_codes", |d| f64::from(d.rows * clog2(d.rows) * d.code_word_bits())),
    ("row_address", |d| f64::from(d.rows * d.address_bits())),
    ("row_counter", |d| clog2(d.rows).into()),
    // A column.
    ("accumulator", |d| d.accumulator_bits.into()),
    ("aligned", |d| f64::from(d.accumulator_bits * clog2(d.accumulator_bits))),
    ("difference", |d| d.difference_bits().into()),
    ("normalised", |d| f64::from(d.difference_bits() * clog2(d.difference_bits()))),
    ("theta", |d| f64::from(d.theta_bits() * d.theta_banks())),
    ("scaled", |d| f64::from(d.scaled_bits())),
    ("multiplied", |d| if d.scaled_bits() > 0 { f64::from(d.difference_bits() * d.theta_bits()) } else { 0.0 }),
    ("norm", |d| NormWord::bits(d).into()),
    ("channel", |d| d.channel_address_bits().into()),
    ("tile_address", |d| d.tile_address_bits().into()),
    ("stream_address", |d| if d.has_stream() { d.stream_address_bits().into() } else { 0.0 }),
    ("stream_word", |d| if d.has_stream() { d.stream_bits.into() } else { 0.0 }),
    ("place", |d| clog2(d.map_side).into()),
    ("weight_address", |d| d.weight_address_bits().into()),
    ("saturations", |d| if d.has_stream() { clog2(d.columns + 1).into() } else { 0.0 }),
    ("column_counter", |d| clog2(d.columns).into()),
    ("column_words", |d| f64::from(d.columns * d.total_bits())),
    ("column_codes", |d| f64::from(d.columns * d.code_word_bits())),
    ("column_stored", |d| f64::from(d.columns * d.format.code_bits())),
    ("column_code_pairs", |d| f64::from(d.columns * (d.columns - 1) / 2 * d.code_word_bits())),
    ("stage_codes", |d| f64::from(d.columns.saturating_sub(3) * d.code_word_bits())),
    ("column_constants", |d| f64::from(d.columns * (OffsetWord::bits(d) + NormWord::bits(d) + d.theta_banks() * ThetaWord::bits(d)))),
    ("word", |d| d.total_bits().into()),
    // What reads and writes.
    ("registers", |d| cromulent_design::register_bits(d).iter().map(|(_, bits)| bits).sum::<u32>().into()),
    ("line", |d| longest_line(d).into()),
    ("memory_address", |d| d.memory_address_bits.into()),
    ("wide_address", |d| d.memory_address_bits.saturating_sub(32).into()),
    ("map_buffer", |d| f64::from(d.map_line_beats() * d.bus_bits)),
    ("map_codes", |d| f64::from(d.map_lines_per_beat() * d.map_line_bits())),
    ("map_beats", |d| f64::from(d.map_line_beats() - 1)),
];

/// What a feature is of a design; `None` if there is none of this name.
pub fn feature(name: &str) -> Option<fn(&Design) -> f64> {
    FEATURES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| *value)
}

fn flag(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

/// Bits of the operand that travels along a row.
pub(super) fn operand_bits(design: &Design) -> u32 {
    if design.pe == PeKind::Table {
        return design.table_bits();
    }
    let number = match design.pe.takes_powers() {
        true => 0,
        false => design.format.code_bits(),
    };
    let unit = design.format.code_bits().max(1).ilog2();
    let shift = match design.pe {
        PeKind::Shift | PeKind::LogLog | PeKind::Table => design.shift_bits(),
        PeKind::Rows if design.image_digits => design.shift_bits() - unit,
        PeKind::Rows | PeKind::Multiply | PeKind::Dsp => 0,
    };
    let active = design.has_active() && design.pe.takes_powers();
    number + shift + design.root_bits() + u32::from(design.has_sign()) + u32::from(active)
}

/// Bits that pass the stages of an element's shifter.
fn shifter(design: &Design) -> f64 {
    if !design.pe.takes_powers() && !design.image_digits {
        return 0.0;
    }
    let (mut width, mut all) = (design.weight_bits, 0);
    for stage in 0..design.shift_bits() {
        width += 1 << stage;
        all += width.min(design.product_bits());
    }
    all.into()
}

/// Bits of the rows that an element adds up to a product.
fn partial_products(design: &Design) -> f64 {
    let rows = match design.pe {
        PeKind::Rows => design.format.code_bits(),
        PeKind::Multiply => design.format.code_bits() / 2 + 1,
        PeKind::Shift | PeKind::LogLog | PeKind::Table | PeKind::Dsp => 0,
    };
    (rows * (design.weight_bits + 1)).into()
}

/// Bits of the count of what elements of a column leave out; 0 if they leave out nothing.
pub(super) fn count_bits(design: &Design) -> u32 {
    let most = match design.pe {
        PeKind::LogLog | PeKind::Dsp => 0,
        PeKind::Shift | PeKind::Table | PeKind::Rows => u32::from(design.has_sign()),
        // Of every two bits but the uppermost a digit that may be negative: 4^n each.
        PeKind::Multiply => match design.format {
            Format::I8 => 85,
            _ => 5,
        },
    };
    match most {
        0 => 0,
        most => clog2(design.rows * most + 1),
    }
}

/// Bits of the longest line that the decoder puts together.
fn longest_line(design: &Design) -> u32 {
    let lines = [
        512,
        design.constant_line_bits(),
        design.tile_line_bits(),
        design.code_line_bits(),
    ];
    let longest = lines.into_iter().max().unwrap_or(0);
    design.beats(longest) * design.bus_bits
}
