//! What is asked for, row by row, and the design of each row.

use cromulent_design::{Affine, Design, PeKind};
use cromulent_engine::{Choices, compile};
use cromulent_number::Format;

use crate::cli::{AccuracyArgs, First, Form, Wanted, Weights};

/// One row of the table.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Combination {
    pub format: Format,
    pub first: First,
    pub affine: Affine,
    pub weights: Weights,
    /// Bits of the residual stream, if asked for.
    pub stream: Option<u32>,
}

/// Every combination that there is, once, in the order of the formats asked for. R and I formats have one form of the
/// affine, and I8, whose codes are integers, one way to store the first normalisation and one width of weights.
pub(super) fn combinations(args: &AccuracyArgs) -> Vec<Combination> {
    let mut found: Vec<Combination> = vec![];
    let formats = args.formats.iter().filter_map(|wanted| match wanted {
        Wanted::Fp32 => None,
        Wanted::Codes(format) => Some(*format),
    });
    let streams: Vec<Option<u32>> = match args.stream[..] {
        [] => vec![None],
        ref asked => asked.iter().copied().map(Some).collect(),
    };
    for (format, &form) in
        formats.flat_map(|format| args.affine.iter().map(move |form| (format, form)))
    {
        for &first in &args.first {
            for &weights in &args.weights {
                for &stream in &streams {
                    let integers = format == Format::I8;
                    let row = Combination {
                        format,
                        first: if integers { First::Coded } else { first },
                        affine: affine(format, form),
                        weights: if integers {
                            Weights { bits: 8, ..weights }
                        } else {
                            weights
                        },
                        stream,
                    };
                    if !found.contains(&row) {
                        found.push(row);
                    }
                }
            }
        }
    }
    found
}

/// The form of a format that was asked for, or the nearest it has.
fn affine(format: Format, form: Form) -> Affine {
    match form {
        _ if !format.is_signed() => Affine::Rectified,
        // Steps of U and O formats are too small for what the exact form saves.
        Form::Exact if format.is_level() => Affine::Recentred,
        form => form.into(),
    }
}

impl Combination {
    /// What the compiler is told.
    pub fn choices(&self) -> Choices {
        Choices {
            first: match self.first {
                First::Coded => compile::First::Coded,
                First::Uncoded => compile::First::Uncoded,
            },
            weights: self.weights.values,
            ..Choices::default()
        }
    }

    /// The design of this row: that of the user in another format and form, or one whose memories hold any network.
    pub fn design(&self, template: Option<&Design>) -> Design {
        let own = Design::new(ROWS, ROWS, self.format, self.affine);
        let deep = || Design {
            accumulator_bits: ACCUMULATOR_BITS,
            image_digits: own.pe != PeKind::Multiply,
            max_pool: true,
            code_depth: 1 << 20,
            weight_depth: 1 << 20,
            channel_depth: 1 << 12,
            tile_depth: 1 << 16,
            map_side: (1 << 12) - 16,
            stream_depth: 1 << 20,
            ..own.clone()
        };
        let base = template.cloned().unwrap_or_else(deep);
        Design {
            stream_bits: self.stream.unwrap_or(base.stream_bits),
            name: format!("{}-{}", self.format.name().to_lowercase(), self.affine),
            pe: own.pe,
            format: self.format,
            affine: self.affine,
            weight_bits: self.weights.bits,
            // As wide as A, or A could not use its width.
            bias_bits: match own.bias_bits {
                0 => 0,
                bits => bits.max(base.bias_bits).max(self.weights.bits),
            },
            // By default as wide as the weights need.
            partial_sum_bits: None,
            image_digits: own.format.is_level()
                || (base.image_digits && own.pe != PeKind::Multiply),
            ..base
        }
    }

    /// How the first normalisation is stored, in a word.
    pub fn first(&self) -> &'static str {
        match self.first {
            First::Coded => "coded",
            First::Uncoded => "uncoded",
        }
    }
}

/// Rows and columns of the design where none is given. No value depends on them.
const ROWS: u32 = 32;

/// Bits of its accumulators: the most with which every format goes.
const ACCUMULATOR_BITS: u32 = 44;

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn rows(line: &str) -> Vec<Combination> {
        match Cli::parse_from(format!("cromulent accuracy n {line}").split_whitespace()).command {
            Command::Accuracy(args) => combinations(&args),
            _ => panic!("accuracy"),
        }
    }

    #[test]
    fn what_a_format_does_not_have_makes_no_rows() {
        let asked = "--first coded,uncoded --affine exact,snapped --weights 8,4";
        let count = |format: &str| rows(&format!("--formats {format} {asked}")).len();
        assert_eq!(["L4", "R4", "I8", "fp32"].map(count), [8, 4, 1, 0]);
        assert_eq!(rows("--formats U4,O4 --affine exact,recentred").len(), 2);
        assert_eq!(rows("").len(), 8);
        let narrow = rows("--formats R3 --stream 8,12");
        let bits = |row: &Combination| row.design(None).stream_bits;
        assert_eq!(narrow.iter().map(bits).collect::<Vec<_>>(), [8, 12]);
    }

    #[test]
    fn every_design_is_sound() {
        let all = "--formats L2,L3,L4,L5,R2,R3,R4,R5,I8,I4,I3 --affine exact,recentred,snapped --weights 4,12,ternary";
        for row in rows(all) {
            let mut design = row.design(None);
            assert_eq!(design.validate(), Ok(()), "{}", design.name);
            design = row.design(Some(&design));
            assert_eq!(design.validate(), Ok(()), "{}", design.name);
            let other = Design::new(8, 8, Format::R3, Affine::Rectified);
            assert_eq!(
                row.design(Some(&other)).validate(),
                Ok(()),
                "{}",
                design.name
            );
        }
    }
}
