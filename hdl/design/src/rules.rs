//! What does not work together.

use cromulent_number::Format;

use crate::design::{Affine, Design, PeKind};
use crate::fields::{FIELDS, Kind};
use crate::layout::{NormWord, OffsetWord, RowWord, ThetaWord, WeightWord};
use crate::problem::{Problem, Problems};
use crate::registers::LARGEST_COUNTED_SIDE;

/// A rule that a design breaks.
pub(crate) struct Breach {
    /// The fields that do not go together; the first is where to look.
    pub fields: Vec<&'static str>,
    pub what: String,
    pub fix: String,
}

/// A breach in the wording of an error message.
fn breach(fields: &[&'static str], what: impl Into<String>, fix: impl Into<String>) -> Breach {
    Breach {
        fields: fields.to_vec(),
        what: what.into(),
        fix: fix.into(),
    }
}

impl Design {
    /// Whether the design can be built.
    ///
    /// # Errors
    /// Every value out of range and every rule broken, placed at the field.
    pub fn validate(&self) -> Result<(), Problems> {
        let ranges = self.range_breaches();
        // Rules on values out of range would only repeat what the ranges say.
        let out_of_range = |breach: &Breach| {
            breach
                .fields
                .iter()
                .any(|field| ranges.iter().any(|range| range.fields == [*field]))
        };
        let rules: Vec<_> = self
            .rule_breaches()
            .into_iter()
            .filter(|b| !out_of_range(b))
            .collect();
        let problem = |breach: Breach| Problem {
            place: format!("design {}, {}", self.name, breach.fields[0]),
            what: breach.what,
            fix: breach.fix,
        };
        let problems: Vec<_> = ranges.into_iter().chain(rules).map(problem).collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Problems(problems))
        }
    }

    /// The numbers of the design by field; `bias_bits` only where there is a B.
    fn numbers(&self) -> Vec<(&'static str, u32)> {
        let mut numbers = vec![
            ("rows", self.rows),
            ("columns", self.columns),
            ("weight_bits", self.weight_bits),
            ("accumulator_bits", self.accumulator_bits),
            ("threshold_fraction_bits", self.threshold_fraction_bits),
            ("batch", self.batch),
            ("code_depth", self.code_depth),
            ("weight_depth", self.weight_depth),
            ("channel_depth", self.channel_depth),
            ("tile_depth", self.tile_depth),
            ("map_side", self.map_side),
            ("stream_depth", self.stream_depth),
            ("stream_bits", self.stream_bits),
            ("bus_bits", self.bus_bits),
            ("memory_address_bits", self.memory_address_bits),
        ];
        numbers.extend(self.has_bias().then_some(("bias_bits", self.bias_bits)));
        numbers.extend(self.partial_sum_bits.map(|bits| ("partial_sum_bits", bits)));
        numbers
    }

    fn range_breaches(&self) -> Vec<Breach> {
        let mut breaches = Vec::new();
        if !is_name(&self.name) {
            breaches.push(breach(&["name"], bad_name(&self.name), NAME_FIX));
        }
        for (name, value) in self.numbers() {
            breaches.extend(range_breach(name, i64::from(value)));
        }
        breaches
    }

    /// The rules this design breaks, given that every value is in range.
    pub(crate) fn rule_breaches(&self) -> Vec<Breach> {
        let mut breaches = Vec::new();
        breaches.extend(self.affine_breach());
        breaches.extend(self.multiplier_breaches());
        breaches.extend(self.bias_breach());
        breaches.extend(self.pool_breach());
        breaches.extend(self.sum_breaches());
        breaches.extend(self.shape_breach());
        breaches.extend(self.depth_breach());
        breaches.extend(self.bus_breach());
        breaches.extend(self.batch_breach());
        breaches.extend(self.word_breaches());
        breaches
    }

    fn affine_breach(&self) -> Option<Breach> {
        let (format, affine) = (self.format, self.affine);
        let (kind, fix) = match affine {
            Affine::Rectified if format.is_signed_log() => (
                "keeps its sign",
                "write affine = \"exact\", \"snapped\" or \"recentred\", or an R format",
            ),
            Affine::Rectified if format.is_level() => (
                "keeps its sign",
                "write affine = \"snapped\" or \"recentred\", or an R format",
            ),
            Affine::Exact if format.is_level() => (
                "is sent digit by digit, and no digit selects B",
                "write affine = \"snapped\" or \"recentred\", or an L format",
            ),
            Affine::Exact | Affine::Snapped | Affine::Recentred if !format.is_signed() => (
                "is rectified already",
                "write affine = \"rectified\", or an L format",
            ),
            _ => return None,
        };
        let what = format!(
            "affine = \"{affine}\" does not go with format = \"{format}\", whose code {kind}"
        );
        Some(breach(&["affine", "format"], what, fix))
    }

    fn multiplier_breaches(&self) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let digitless = matches!(self.pe, PeKind::Multiply | PeKind::Dsp);
        let (pe, format) = (self.pe, self.format);
        let few_bits = format.is_integer() && format != Format::I8;
        if pe == PeKind::LogLog && (self.has_bias() || format.root() > 1) {
            breaches.push(breach(
                &["pe", "format", "affine"],
                "pe = \"log-log\" has one constant, a power of two, and neither B nor roots of two",
                "write format = \"R2\" or \"R3\", or affine = \"snapped\" or \"recentred\" with L2, L3 or L4",
            ));
        }
        if !pe.takes_powers() && !format.is_integer() {
            breaches.push(breach(
                &["pe", "format"],
                format!("pe = \"{pe}\" takes integers, not the codes of format = \"{format}\""),
                match pe {
                    PeKind::Dsp => "write format = \"I8\" and affine = \"rectified\", or pe = \"shift\"",
                    PeKind::Rows => "write format = \"I4\" or \"I3\" and affine = \"rectified\", or pe = \"shift\"",
                    _ => "write format = \"I8\", \"I4\" or \"I3\" and affine = \"rectified\", or pe = \"shift\"",
                },
            ));
        }
        if pe.takes_powers() && format.is_integer() {
            breaches.push(breach(
                &["format", "pe"],
                format!("format = \"{format}\" needs a multiplier, and pe = \"{pe}\" has none"),
                match few_bits {
                    true => "write pe = \"rows\" or \"multiply\", or a log format",
                    false => "write pe = \"multiply\", or a log format",
                },
            ));
        }
        if pe == PeKind::Dsp && few_bits {
            breaches.push(breach(
                &["pe", "format"],
                format!(
                    "pe = \"dsp\" takes int8 activations, not the codes of format = \"{format}\""
                ),
                "write pe = \"rows\" or \"multiply\", or format = \"I8\"",
            ));
        }
        if pe == PeKind::Rows && format == Format::I8 {
            breaches.push(breach(
                &["pe", "format"],
                "pe = \"rows\" takes numbers without a sign, and the pixels of format = \"I8\" have one",
                "write pe = \"multiply\", or format = \"I4\" or \"I3\"",
            ));
        }
        if pe.takes_powers() && format.is_level() && !self.image_digits {
            breaches.push(breach(
                &["format", "image_digits"],
                format!("the codes of format = \"{format}\" are sent as signed digits, and image_digits = false"),
                "write image_digits = true, or a log format",
            ));
        }
        if format == Format::I8 && self.weight_bits != 8 {
            breaches.push(breach(
                &["weight_bits", "format"],
                format!(
                    "format = \"I8\" takes weights of 8 bits, not {}",
                    self.weight_bits
                ),
                "write weight_bits = 8, or leave it out",
            ));
        }
        if digitless && self.image_digits {
            breaches.push(breach(
                &["image_digits", "pe"],
                match few_bits {
                    true => format!(
                        "pe = \"{pe}\" takes the codes of format = \"{format}\" and no digits"
                    ),
                    false => {
                        format!("pe = \"{pe}\" takes pixels as int8 in one beat and has no digits")
                    }
                },
                match few_bits {
                    true => "write pe = \"rows\", or image_digits = false",
                    false => "write image_digits = false, or leave it out",
                },
            ));
        }
        breaches
    }

    /// A layer's register holds the height of its output map.
    fn pool_breach(&self) -> Option<Breach> {
        (self.max_pool && self.map_side > LARGEST_COUNTED_SIDE).then(|| {
            breach(
                &["map_side", "max_pool"],
                format!("map_side = {} is too large with max_pool", self.map_side),
                format!("write map_side = {LARGEST_COUNTED_SIDE} or less, or max_pool = false"),
            )
        })
    }

    fn bias_breach(&self) -> Option<Breach> {
        if self.has_bias() || self.bias_bits == 0 {
            return None;
        }
        let what = format!(
            "affine = \"{}\" has no constant B, only the exact form has",
            self.affine
        );
        Some(breach(
            &["bias_bits", "affine"],
            what,
            "leave bias_bits out, or write affine = \"exact\"",
        ))
    }

    fn sum_breaches(&self) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let (product, sum) = (self.product_bits(), self.sum_bits());
        if sum < product {
            breaches.push(breach(
                &[
                    "partial_sum_bits",
                    "weight_bits",
                    "bias_bits",
                    "format",
                    "image_digits",
                ],
                format!("partial_sum_bits = {sum} is narrower than one product, {product} bits"),
                format!("write {product} or more, or leave it out"),
            ));
        }
        if self.accumulator_bits < sum {
            let accumulator = self.accumulator_bits;
            breaches.push(breach(
                &["accumulator_bits", "partial_sum_bits", "rows", "weight_bits", "bias_bits"],
                format!("accumulator_bits = {accumulator} is narrower than the sum of a column, {sum} bits"),
                format!("write {sum} or more"),
            ));
        }
        breaches
    }

    /// Words leave a column a cycle after those of the column to its left, and a tile takes at least as
    /// many cycles as there are rows: with more columns than rows, codes of two tiles would meet.
    fn shape_breach(&self) -> Option<Breach> {
        let (rows, columns) = (self.rows, self.columns);
        (columns > rows).then(|| {
            breach(
                &["columns", "rows"],
                format!("columns = {columns} exceeds rows = {rows}"),
                format!("write columns = {rows} or less, or rows = {columns} or more"),
            )
        })
    }

    fn depth_breach(&self) -> Option<Breach> {
        let (depth, rows) = (self.weight_depth, self.rows);
        let what = format!("weight_depth = {depth} does not hold two tiles of {rows} rows");
        (depth < 2 * rows).then(|| {
            breach(
                &["weight_depth", "rows"],
                what,
                format!("write {} or more", 2 * rows),
            )
        })
    }

    fn bus_breach(&self) -> Option<Breach> {
        let bits = self.bus_bits;
        (!bits.is_power_of_two()).then(|| {
            breach(
                &["bus_bits"],
                format!("bus_bits = {bits} is no width of a bus"),
                "write 32, 64, 128, 256 or 512",
            )
        })
    }

    /// The height of an output map, padding included, has its field in the command of a layer.
    fn batch_breach(&self) -> Option<Breach> {
        let (batch, side) = (self.batch, self.map_side);
        let what = format!(
            "batch = {batch} takes maps of at most {LARGEST_COUNTED_SIDE} pixels, and map_side = {side}"
        );
        (self.has_batch() && side > LARGEST_COUNTED_SIDE).then(|| {
            breach(
                &["map_side", "batch"],
                what,
                format!("write map_side = {LARGEST_COUNTED_SIDE} or less, or batch = 1"),
            )
        })
    }

    /// Words that software could not handle as 64-bit integers.
    fn word_breaches(&self) -> Vec<Breach> {
        let words: [(&str, u32, &[&'static str]); 6] = [
            (
                "row word",
                RowWord::bits(self),
                &["code_depth", "map_side", "format"],
            ),
            (
                "weight word",
                WeightWord::bits(self),
                &["weight_bits", "bias_bits", "format"],
            ),
            (
                "an offset word",
                OffsetWord::bits(self),
                &["accumulator_bits"],
            ),
            ("a norm word", NormWord::bits(self), &["accumulator_bits"]),
            (
                "theta word",
                ThetaWord::bits(self),
                &["threshold_fraction_bits"],
            ),
            (
                "a difference times the int8 multiplier",
                self.scaled_bits(),
                &["accumulator_bits", "threshold_fraction_bits"],
            ),
        ];
        let too_wide = words.into_iter().filter(|&(_, bits, _)| bits > u64::BITS);
        too_wide
            .map(|(word, bits, fields)| {
                let fix = format!("lower {} until it has 64 or fewer", fields.join(" or "));
                breach(
                    fields,
                    format!("{word} would have {bits} bits, more than 64"),
                    fix,
                )
            })
            .collect()
    }
}

pub(crate) const NAME_FIX: &str = "write 1 to 64 letters, digits, -, _ or .";

/// Whether this may be the name of a design: it stands in comments and file names.
pub(crate) fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=64).contains(&name.len()) && name.chars().all(allowed)
}

/// What is wrong with the name.
pub(crate) fn bad_name(name: &str) -> String {
    format!("{name:?} is no name for a design")
}

/// The value of a whole-number field against its range.
pub(crate) fn range_breach(name: &'static str, value: i64) -> Option<Breach> {
    let kind = FIELDS.iter().find(|field| field.name == name)?.kind;
    let Kind::Integer { low, high } = kind else {
        return None;
    };
    let outside = !(i64::from(low)..=i64::from(high)).contains(&value);
    outside.then(|| {
        breach(
            &[name],
            format!("{name} = {value} is out of range"),
            format!("write a whole number from {low} to {high}"),
        )
    })
}
