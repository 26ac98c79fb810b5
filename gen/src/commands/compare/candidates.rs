//! What can be built for a format.

use cromulent_design::{Affine, Design, PeKind};
use cromulent_number::Format;

use crate::Error;

/// Every kind of processing element and affine form that a format goes with, without digits unless it needs them;
/// only kinds that are `allowed`.
///
/// # Errors
/// There is none of this size: what the designs break.
pub(super) fn candidates(
    format: Format,
    rows: u32,
    columns: u32,
    allowed: impl Fn(PeKind) -> bool,
) -> Result<Vec<Design>, Error> {
    let kinds = PeKind::ALL.into_iter();
    let kinds = kinds.filter(|&pe| allowed(pe));
    // The snapped form is the circuit of the re-centred one, its constants chosen otherwise.
    let affines = Affine::ALL
        .into_iter()
        .filter(|&affine| affine != Affine::Snapped);
    let affines: Vec<Affine> = affines.collect();
    let all = kinds.flat_map(|pe| {
        affines.iter().map(move |&affine| Design {
            name: format!("{}-{affine}-{pe}", format.name().to_lowercase()),
            pe,
            weight_depth: 512.max(2 * rows),
            ..Design::new(rows, columns, format, affine)
        })
    });
    let (mut found, mut refused) = (vec![], None);
    for design in all {
        match design.validate() {
            Ok(()) => found.push(design),
            // What a format does not go with is no news; the fewest problems are those of the size.
            Err(problems) => {
                let fewer = |other: &cromulent_design::Problems| problems.0.len() < other.0.len();
                if refused.as_ref().is_none_or(fewer) {
                    refused = Some(problems);
                }
            }
        }
    }
    match refused {
        Some(problems) if found.is_empty() => Err(problems.into()),
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_some_and_each_is_sound() {
        for format in Format::ALL {
            let found = candidates(format, 16, 16, |_| true).unwrap();
            assert!(!found.is_empty(), "{format}");
            assert!(found.iter().all(|design| design.validate().is_ok()));
        }
        let affines = |format| -> Vec<Affine> {
            let found = candidates(format, 4, 4, |pe| pe == PeKind::Shift).unwrap();
            found.iter().map(|design| design.affine).collect()
        };
        assert_eq!(affines(Format::L4), [Affine::Exact, Affine::Recentred]);
        assert_eq!(affines(Format::R3), [Affine::Rectified]);
        let kinds = |format| candidates(format, 4, 4, |_| true).unwrap().len();
        assert_eq!([Format::I8, Format::I4, Format::R3].map(kinds), [2, 2, 3]);
    }

    #[test]
    fn a_size_that_cannot_be_built_is_refused() {
        let error = candidates(Format::R3, 2, 4, |_| true).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(
            error.to_string().contains("columns = 4 exceeds rows = 2"),
            "{error}"
        );
    }
}
