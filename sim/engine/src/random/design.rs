//! Random designs.

use cromulent_design::{Affine, Design, PeKind, clog2};
use cromulent_number::Format;

use super::shape::Shape;
use super::{Generator, Limits};
use crate::layer::{beats, registers};

/// A random array, its memories still to be fitted to a layer; `images`: it takes them for sure.
pub(super) fn draft(generator: &mut Generator, limits: &Limits, images: bool) -> Design {
    let format = *generator.pick(&Format::ALL);
    let affine = if format.is_signed_log() {
        *generator.pick(&[Affine::Exact, Affine::Snapped, Affine::Recentred])
    } else if format.is_level() {
        *generator.pick(&[Affine::Snapped, Affine::Recentred])
    } else {
        Affine::Rectified
    };
    let mut size = |limit: u32| generator.range(1, limit.into()) as u32;
    let rows = size(limits.rows);
    let mut design = Design::new(rows, size(limits.columns.min(rows)), format, affine);
    design.name = "random".to_owned();
    if design.format != Format::I8 {
        design.weight_bits = generator.range(4, 12) as u32;
        design.image_digits = generator.chance(1, 2) || images || format.is_level();
    }
    if design.pe == PeKind::Rows && !design.image_digits && generator.chance(1, 2) {
        design.pe = PeKind::Multiply;
    }
    let powers = design.pe == PeKind::Shift && !design.has_bias() && format.root() == 1;
    if powers && generator.chance(1, 4) {
        design.pe = PeKind::LogLog;
    }
    // What is drawn after it does not depend on it.
    let mut own = Generator::new(generator.clone().bits() ^ 0x0074_6162_6c65);
    if design.pe == PeKind::Shift && own.chance(1, 6) {
        design.pe = PeKind::Table;
    }
    if design.format == Format::I8 && generator.chance(1, 3) {
        design.pe = PeKind::Dsp;
    }
    design.max_pool = generator.chance(1, 2);
    design.batch = batch(generator);
    if design.has_bias() {
        design.bias_bits = generator.range(4, 12) as u32;
    }
    // What a quantizer multiplies has 64 bits at most.
    let most = if format.is_level() || design.image_digits && format.is_scaled() {
        13
    } else {
        24
    };
    design.threshold_fraction_bits = generator.range(4, most) as u32;
    design.bus_bits = *generator.pick(&[32, 64, 128, 256, 512]);
    if generator.chance(1, 3) {
        let sum = design.sum_bits() + generator.range(0, 2) as u32;
        design.partial_sum_bits = Some(sum.max(8));
    }
    design
}

/// Images computed together: one in most designs. What is drawn after it does not depend on it.
fn batch(generator: &Generator) -> u32 {
    let mut own = Generator::new(generator.clone().bits() ^ 0x6261_7463_6821);
    *own.pick(&[1, 1, 1, 1, 1, 1, 2, 3, 4])
}

/// The design with accumulators that never overflow and memories just deep enough for all of these layers, or
/// a little deeper.
pub(super) fn fit(generator: &mut Generator, mut design: Design, shapes: &[Shape]) -> Design {
    let most = |of: &dyn Fn(&Shape) -> usize| shapes.iter().map(of).max().unwrap_or(0) as u32;
    let least = most(&|shape| accumulator_bits(&design, shape) as usize).max(16);
    let widest = if generator.chance(1, 2) {
        least
    } else if design.format.is_scaled() {
        48.min(61 - design.threshold_fraction_bits).max(least)
    } else {
        48
    };
    design.accumulator_bits = generator.range(least.into(), widest.into()) as u32;
    let stream_bits = *generator.pick(&[16, 16, 16, 8, 9, 12]);
    let lines = 2 * design.rows * generator.pick(&[1, 1, 3]);
    let mut roomy = |least: u32| least + (generator.range(0, 5) as u32).saturating_sub(2);
    design.code_depth = roomy(most(&|shape| shape.code_end(&design)));
    let stream = most(&|shape| shape.stream_end(&design));
    let none = stream == 0 && design.rows.is_multiple_of(2);
    design.stream_depth = if none { 0 } else { roomy(stream.max(1)) };
    design.stream_bits = stream_bits;
    design.weight_depth = roomy(lines);
    design.channel_depth = roomy(2);
    // The line of an output pool is as long as a map may be wide.
    let line = |s: &Shape| {
        s.mode
            .pooling
            .map_or(0, |_| s.mode.code_map(&s.geometry).width)
    };
    let side = |s: &Shape| s.geometry.height.max(s.geometry.width);
    design.map_side = roomy(most(&|s| side(s).max(line(s))));
    let positions = most(&|shape| shape.geometry.positions()) * design.batch;
    let deepest = if generator.chance(1, 3) {
        3
    } else {
        i64::from(positions) + 2
    };
    design.tile_depth = generator.range(1, deepest) as u32;
    debug_assert_eq!(design.validate(), Ok(()));
    for shape in shapes {
        debug_assert_eq!(validate(&design, shape), Ok(()));
    }
    design
}

/// Whether a layer of random constants fits a design as it is.
pub(super) fn holds(design: &Design, shape: &Shape) -> bool {
    accumulator_bits(design, shape) <= design.accumulator_bits
        && shape.code_end(design) <= design.code_depth as usize
        && validate(design, shape).is_ok()
}

fn validate(design: &Design, shape: &Shape) -> Result<(), Vec<String>> {
    let (geometry, mode) = (&shape.geometry, shape.mode);
    registers(design, geometry, mode, &shape.output, &shape.places).validate(design)
}

/// Accumulator bits that no constants overflow.
fn accumulator_bits(design: &Design, shape: &Shape) -> u32 {
    if shape.mode.max_pool() {
        return design.sum_bits().clamp(16, 48);
    }
    let (geometry, mode) = (&shape.geometry, shape.mode);
    let pooled = if mode.pool { geometry.positions() } else { 1 };
    // Two beats at least: a digit and what is left of the largest prefix of an integer.
    let beats = beats(design, mode, &shape.places).max(2);
    let sums = shape.layout(design).row_tiles() * beats * pooled;
    (design.sum_bits() + clog2(sums as u32)).clamp(16, 48)
}
