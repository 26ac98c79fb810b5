//! The designs that are synthesised: those the model is fitted to, and those that are held out.

use std::path::Path;

use crate::forms::every_form;
use cromulent::Error;
use cromulent_design::{Affine, Design, PeKind};
use cromulent_number::Format;

/// Sizes of each kind.
pub const SIZES: usize = 3;

/// Every kind of processing element and row edge, in three sizes each.
pub fn kinds() -> Vec<Design> {
    let forms = every_form(4, 4).into_iter();
    // The snapped form is the circuit of the re-centred one. No model knows tables of products.
    let forms = forms.filter(|form| form.affine != Affine::Snapped && form.pe != PeKind::Table);
    let sizes = |form: Design| -> [_; SIZES] {
        [[3, 6], [8, 8], [40, 10]].map(|[rows, weight_bits]| (form.clone(), rows, weight_bits))
    };
    let all = forms.flat_map(sizes).enumerate();
    let all = all.map(|(n, (form, rows, weight_bits))| {
        let mut draw = Draw(n as u64);
        // int8 has weights of 8 bits.
        let weight_bits = if form.format == Format::I8 {
            8
        } else {
            weight_bits
        };
        let form = Design {
            weight_bits,
            ..form
        };
        drawn(&mut draw, form, [rows, 2, 64])
    });
    all.collect()
}

/// Designs whose blocks are all fitted to, of every width of the bus.
pub fn fitted() -> Vec<Design> {
    let all = [
        (500, Format::L4, Affine::Exact, [4, 4, 128]),
        (501, Format::R3, Affine::Rectified, [16, 16, 256]),
        (502, Format::I8, Affine::Rectified, [8, 6, 32]),
        (503, Format::L3, Affine::Recentred, [32, 16, 512]),
        (504, Format::R4, Affine::Rectified, [6, 6, 256]),
        (505, Format::I4, Affine::Rectified, [20, 10, 64]),
        (509, Format::R3, Affine::Rectified, [9, 7, 32]),
        (510, Format::L2, Affine::Exact, [2, 2, 32]),
        (511, Format::U8, Affine::Recentred, [3, 1, 64]),
        (512, Format::I3, Affine::Rectified, [6, 4, 128]),
    ];
    let all = all.into_iter();
    let all = all.map(|(seed, format, affine, size)| {
        let form = Design::new(size[0], size[1], format, affine);
        drawn(&mut Draw(seed), form, size)
    });
    all.collect()
}

/// Of these, the ones that are synthesised whole, too.
pub fn whole() -> Vec<Design> {
    let mut all = fitted();
    [9, 7, 4, 0].map(|n| all.swap_remove(n)).to_vec()
}

/// Designs that no coefficient has seen: the small ones that are shipped, and others across formats, sizes and kinds
/// of processing element.
///
/// # Errors
/// A shipped design cannot be read.
pub fn held_out() -> Result<Vec<Design>, Error> {
    let mut all = vec![];
    for name in ["tiny-4x4", "small-8x8"] {
        let folder = Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../constraints/designs"
        ));
        all.push(Design::load(&folder.join(format!("{name}.toml")))?);
    }
    use {Affine::*, Format::*, PeKind::*};
    let others = [
        (I8, Rectified, Multiply, false, [5, 2, 32]),
        (L3, Recentred, LogLog, true, [6, 3, 64]),
        (R4, Rectified, Shift, false, [5, 4, 128]),
        (I4, Rectified, Rows, true, [4, 2, 32]),
        (I3, Rectified, Multiply, false, [6, 2, 128]),
        (I8, Rectified, Dsp, false, [4, 2, 64]),
        (U8, Recentred, Shift, true, [4, 2, 32]),
        (L5, Exact, Shift, true, [5, 3, 256]),
        (L4, Recentred, Shift, false, [8, 4, 128]),
        (R2, Rectified, LogLog, false, [6, 4, 64]),
    ];
    let others = others.into_iter().enumerate();
    all.extend(others.map(|(n, (format, affine, pe, image_digits, size))| {
        let form = Design {
            pe,
            weight_bits: if format == I8 { 8 } else { 6 + n as u32 % 4 },
            image_digits,
            ..Design::new(size[0], size[1], format, affine)
        };
        drawn(&mut Draw(1000 + n as u64), form, size)
    }));
    Ok(all)
}

/// A form of these rows, columns and bits of the bus, everything else drawn until it can be built.
fn drawn(draw: &mut Draw, form: Design, [rows, columns, bus_bits]: [u32; 3]) -> Design {
    loop {
        let mut design = Design {
            rows,
            columns,
            threshold_fraction_bits: *draw.pick(&[6, 8, 10, 12, 13, 16, 20]),
            max_pool: draw.one_in(3),
            batch: *draw.pick(&[1, 1, 1, 2, 4]),
            code_depth: *draw.pick(&[1024, 2048, 3000, 8192, 12288, 16384]),
            weight_depth: *draw.pick(&[128, 256, 512, 768]),
            channel_depth: *draw.pick(&[2, 4, 8, 16, 32]),
            tile_depth: *draw.pick(&[128, 256, 512, 1024, 2048]),
            map_side: *draw.pick(&[16, 28, 32, 56, 112]),
            stream_depth: *draw.pick(&[0, 256, 1024, 4096, 6272]),
            bus_bits,
            memory_address_bits: *draw.pick(&[24, 32, 32, 40]),
            ..form.clone()
        };
        if design.has_bias() {
            design.bias_bits = *draw.pick(&[6, 7, 8, 8, 9]);
        }
        let sum = design.sum_bits();
        design.accumulator_bits = (sum + *draw.pick(&[2, 4, 7, 10, 14])).clamp(18, 44);
        design.name = format!(
            "{}-{}-{}{}-{rows}x{columns}",
            design.format.name().to_lowercase(),
            design.affine,
            design.pe,
            if design.image_digits { "-digits" } else { "" },
        );
        if design.validate().is_ok() {
            return design;
        }
    }
}

/// Numbers that look random and are the same everywhere.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[(self.next() % from.len() as u64) as usize]
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }
}
