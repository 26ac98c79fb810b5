//! Random designs.

use cromulent_design::{Affine, Design, PeKind, clog2};
use cromulent_number::Format;

use super::{Generator, Limits};
use crate::geometry::LayerGeometry;
use crate::layer::{LayerMode, registers};

/// A random array, its memories still to be fitted to a layer.
pub(super) fn draft(generator: &mut Generator, limits: &Limits) -> Design {
    let format = *generator.pick(&Format::ALL);
    let affine = if format.is_signed_log() {
        *generator.pick(&[Affine::Exact, Affine::Snapped, Affine::Recentred])
    } else {
        Affine::Rectified
    };
    let mut size = |limit: u32| generator.range(1, limit.into()) as u32;
    let mut design = Design::new(size(limits.rows), size(limits.columns), format, affine);
    design.name = "random".to_owned();
    if design.pe == PeKind::Shift {
        design.weight_bits = generator.range(4, 12) as u32;
        design.image_digits = generator.chance(1, 2);
    }
    if design.has_bias() {
        design.bias_bits = generator.range(4, 12) as u32;
    }
    design.threshold_fraction_bits = generator.range(4, 24) as u32;
    if generator.chance(1, 3) {
        let sum = design.sum_bits() + generator.range(0, 2) as u32;
        design.partial_sum_bits = Some(sum.max(8));
    }
    design
}

/// The design with accumulators that never overflow and memories just deep enough, or a little deeper.
pub(super) fn fit(
    generator: &mut Generator,
    mut design: Design,
    geometry: &LayerGeometry,
    mode: LayerMode,
) -> Design {
    let rows = design.rows as usize;
    let least = accumulator_bits(&design, geometry, mode);
    let widest = if generator.chance(1, 2) { least } else { 48 };
    design.accumulator_bits = generator.range(least.into(), widest.into()) as u32;
    let tiles = geometry.row_tiles(rows) * geometry.column_tiles(design.columns as usize);
    let side = geometry.height.max(geometry.width) as u32;
    let mut roomy = |least: u32| least + (generator.range(0, 5) as u32).saturating_sub(2);
    design.code_depth = roomy(geometry.bank_words(rows) as u32);
    design.weight_depth = roomy((tiles * rows) as u32);
    design.channel_depth = roomy(geometry.column_tiles(design.columns as usize) as u32);
    design.map_side = roomy(side);
    let most = if generator.chance(1, 3) {
        3
    } else {
        geometry.positions() as i64 + 2
    };
    design.tile_depth = generator.range(1, most) as u32;
    debug_assert_eq!(design.validate(), Ok(()));
    debug_assert_eq!(registers(&design, geometry, mode).validate(&design), Ok(()));
    design
}

/// Whether a layer of random constants fits a design as it is.
pub(super) fn holds(design: &Design, geometry: &LayerGeometry, mode: LayerMode) -> bool {
    let rows = design.rows as usize;
    accumulator_bits(design, geometry, mode) <= design.accumulator_bits
        && geometry.bank_words(rows) <= design.code_depth as usize
        && registers(design, geometry, mode).validate(design).is_ok()
}

/// Accumulator bits that no constants overflow.
fn accumulator_bits(design: &Design, geometry: &LayerGeometry, mode: LayerMode) -> u32 {
    let pooled = if mode.pool { geometry.positions() } else { 1 };
    let sums = geometry.row_tiles(design.rows as usize) * mode.beats(design) * pooled;
    (design.sum_bits() + clog2(sums as u32)).clamp(16, 48)
}
