//! A design in another format: what has to change with it.

use cromulent_design::{Affine, Design, PeKind};
use cromulent_number::Format;

/// The same design in a format, with this form of the affine and kind of processing element, if they are given, or else
/// its own where they go with the format, or else the usual ones of the format. Nothing promises that it is sound.
pub(super) fn adapt(
    base: &Design,
    format: Format,
    affine: Option<Affine>,
    pe: Option<PeKind>,
) -> Design {
    let affine = affine.unwrap_or_else(|| form(base.affine, format));
    let own = Design::new(base.rows, base.columns, format, affine);
    let with = |pe: PeKind| {
        let multiplies = |pe| matches!(pe, PeKind::Multiply | PeKind::Dsp);
        Design {
            pe,
            format,
            affine,
            weight_bits: if format == Format::I8 {
                8
            } else {
                base.weight_bits
            },
            bias_bits: match (affine, base.bias_bits) {
                (Affine::Exact, 0) => own.bias_bits,
                (Affine::Exact, bits) => bits,
                _ => 0,
            },
            // Another product has another width.
            partial_sum_bits: base
                .partial_sum_bits
                .filter(|_| (base.format, base.affine, base.pe) == (format, affine, pe)),
            // An element that multiplies takes pixels as they are.
            image_digits: !multiplies(pe)
                && (format.is_level() || base.image_digits || multiplies(base.pe)),
            ..base.clone()
        }
    };
    let kept = with(pe.unwrap_or(base.pe));
    match pe {
        None if kept.validate().is_err() => with(own.pe),
        _ => kept,
    }
}

/// The form itself, if it goes with the format, or the nearest that does.
fn form(affine: Affine, format: Format) -> Affine {
    match affine {
        _ if !format.is_signed() => Affine::Rectified,
        Affine::Rectified => Affine::Recentred,
        Affine::Exact if format.is_level() => Affine::Recentred,
        affine => affine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_design_in_another_format_is_sound_and_back_in_its_own_it_is_itself() {
        let file = "../constraints/designs/imagenet-32x32.toml";
        let base = Design::load(file.as_ref()).unwrap();
        for format in Format::ALL {
            let other = adapt(&base, format, None, None);
            assert_eq!(other.validate(), Ok(()), "{format}");
            let multiplies = matches!(other.pe, PeKind::Multiply | PeKind::Dsp);
            assert_eq!(other.image_digits, !multiplies, "{format}");
            assert_eq!(adapt(&other, Format::L4, Some(base.affine), None), base);
        }
        let exact = adapt(&base, Format::L4, Some(Affine::Exact), None);
        assert_eq!((exact.validate(), exact.bias_bits), (Ok(()), 8));
        let dsp = adapt(&base, Format::I8, None, Some(PeKind::Dsp));
        assert_eq!((dsp.validate(), dsp.image_digits), (Ok(()), false));
    }
}
