//! The formats and their constants: one row of a table each.

use std::fmt;
use std::str::FromStr;

/// A stored activation format.
///
/// `L*` are the signed log formats of Table 1 of the paper, `R*` the rectified log formats (code 0 is
/// zero, no sign). `I8` is the uniform 0..=127 of the int8 baseline after its ReLU, `I4` and `I3` are the same in as
/// many bits as `R4` and `R3`. `U*` and `O4` are the other formats of Table 1, the *level* formats: their codes stand
/// for integers, which a shifting element takes in signed digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Format {
    /// ±2^−½, ±2^½.
    L2,
    /// ±½ … ±4, powers of 2.
    L3,
    /// ±⅛ … ±16, powers of 2.
    L4,
    /// ±⅛ … ±16√2, powers of √2.
    L5,
    /// 0, ½ … 2, powers of 2.
    R2,
    /// 0, ⅛ … 8, powers of 2.
    R3,
    /// 0, ⅛ … 16, powers of √2.
    R4,
    /// 0, 2^−4 … 2^3½, powers of 2^¼.
    R5,
    /// The integers 0 … 127.
    I8,
    /// The integers 0 … 15.
    I4,
    /// The integers 0 … 7.
    I3,
    /// (k + ½)/2, k = −8 … 7.
    U4,
    /// (k + ½)/3, k = −16 … 15.
    U5,
    /// (k + ½)/8, k = −128 … 127.
    U8,
    /// ±(1.29^(k + ½) − 1), k = 0 … 7.
    O4,
}

/// The constants of one format; the columns of the table in [`Format::row`].
struct Row {
    name: &'static str,
    code_bits: u32,
    root: u32,
    magnitudes: u32,
    lowest_step: i32,
    bias_shift: u32,
    scale_thousandths: u32,
}

#[rustfmt::skip] // One format a line reads as the table it is.
const ROWS: [Row; 15] = [
    Row { name: "L2", code_bits: 2, root: 1, magnitudes: 2,   lowest_step: -1,  bias_shift: 0, scale_thousandths: 1034 },
    Row { name: "L3", code_bits: 3, root: 1, magnitudes: 4,   lowest_step: -1,  bias_shift: 1, scale_thousandths: 1316 },
    Row { name: "L4", code_bits: 4, root: 1, magnitudes: 8,   lowest_step: -3,  bias_shift: 3, scale_thousandths: 1360 },
    Row { name: "L5", code_bits: 5, root: 2, magnitudes: 16,  lowest_step: -6,  bias_shift: 3, scale_thousandths: 1177 },
    Row { name: "R2", code_bits: 2, root: 1, magnitudes: 3,   lowest_step: -1,  bias_shift: 0, scale_thousandths: 1360 },
    Row { name: "R3", code_bits: 3, root: 1, magnitudes: 7,   lowest_step: -3,  bias_shift: 0, scale_thousandths: 1360 },
    Row { name: "R4", code_bits: 4, root: 2, magnitudes: 15,  lowest_step: -6,  bias_shift: 0, scale_thousandths: 1177 },
    Row { name: "R5", code_bits: 5, root: 4, magnitudes: 31,  lowest_step: -16, bias_shift: 0, scale_thousandths: 1090 },
    Row { name: "I8", code_bits: 8, root: 1, magnitudes: 127, lowest_step: 0,   bias_shift: 0, scale_thousandths: 1000 },
    Row { name: "I4", code_bits: 4, root: 1, magnitudes: 15,  lowest_step: 0,   bias_shift: 0, scale_thousandths: 1000 },
    Row { name: "I3", code_bits: 3, root: 1, magnitudes: 7,   lowest_step: 0,   bias_shift: 0, scale_thousandths: 1000 },
    Row { name: "U4", code_bits: 4, root: 1, magnitudes: 8,   lowest_step: 0,   bias_shift: 0, scale_thousandths: 2000 },
    Row { name: "U5", code_bits: 5, root: 1, magnitudes: 16,  lowest_step: 0,   bias_shift: 0, scale_thousandths: 3000 },
    Row { name: "U8", code_bits: 8, root: 1, magnitudes: 128, lowest_step: 0,   bias_shift: 0, scale_thousandths: 8000 },
    Row { name: "O4", code_bits: 4, root: 1, magnitudes: 8,   lowest_step: 0,   bias_shift: 0, scale_thousandths: 1000 },
];

/// The magnitudes of a log format that a narrower one uses, of an array that stores codes of the wider one.
///
/// Magnitude index m of the narrower format is index m·`step` of the wider one. So codes of both differ in
/// nothing but which of them there are: what they stand for is a matter of the constants that read them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Subset {
    /// The largest magnitude index there is.
    pub largest: u32,
    /// Indices from one to the next: steps of the wider base in one of the narrower, 1, 2 or 4.
    pub step: u32,
}

impl Format {
    /// Every format, in the order of the enum.
    pub const ALL: [Format; 15] = [
        Format::L2,
        Format::L3,
        Format::L4,
        Format::L5,
        Format::R2,
        Format::R3,
        Format::R4,
        Format::R5,
        Format::I8,
        Format::I4,
        Format::I3,
        Format::U4,
        Format::U5,
        Format::U8,
        Format::O4,
    ];

    fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The name, as written in a design: `"L4"`.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Bits a code is stored in, 2 to 5, or 8 for `I8`.
    pub fn code_bits(self) -> u32 {
        self.row().code_bits
    }

    /// Number of valid codes, `0..codes()`: all patterns of `code_bits`, but 128 of the 256 of `I8`.
    pub fn codes(self) -> u32 {
        if self == Format::I8 {
            128
        } else {
            1 << self.code_bits()
        }
    }

    /// Whether this is a signed log format of Table 1 (`L*`).
    pub fn is_signed_log(self) -> bool {
        self <= Format::L5
    }

    /// Whether this is a rectified log format (`R*`).
    pub fn is_rectified(self) -> bool {
        (Format::R2..=Format::R5).contains(&self)
    }

    /// Whether this is a uniform format of rectified values: `I8`, `I4` and `I3`, whose codes are the integers
    /// 0..=`magnitudes()`.
    pub fn is_integer(self) -> bool {
        (Format::I8..=Format::I3).contains(&self)
    }

    /// Whether this is a level format (`U*`, `O4`): signed, and its codes stand for integers, see
    /// [`integer`](crate::integer).
    pub fn is_level(self) -> bool {
        self >= Format::U4
    }

    /// Whether codes have a sign: `L*`, `U*` and `O4`.
    pub fn is_signed(self) -> bool {
        self.is_signed_log() || self.is_level()
    }

    /// Whether the quantizer multiplies by a constant and shifts, as [`UniformQuantizer`](crate::UniformQuantizer)
    /// does: uniform and level formats.
    pub fn is_scaled(self) -> bool {
        self.is_integer() || self.is_level()
    }

    /// Beats in which a shifting element takes a code: 1, or the digits of the longest integer of a level format.
    pub fn beats(self) -> u32 {
        match self {
            Format::U4 | Format::O4 => 2,
            Format::U5 => 3,
            Format::U8 => 4,
            _ => 1,
        }
    }

    /// Steps per octave: the base of the logarithm is 2^(1/root). 1, 2 (`L5`, `R4`) or 4 (`R5`).
    /// Also the number of constants A·2^(i/root) a processing element keeps.
    pub fn root(self) -> u32 {
        self.row().root
    }

    /// Number of distinct non-zero magnitudes.
    pub fn magnitudes(self) -> u32 {
        self.row().magnitudes
    }

    /// ⌊log_base(c·|x|)⌋ of the smallest magnitude, in steps of the base: the lower bound of the clamp
    /// in Table 1. 0 for uniform and level formats.
    pub fn lowest_step(self) -> i32 {
        self.row().lowest_step
    }

    /// How far B is shifted in the exact affine form, so that B weighs what A weighs at value 1 (for
    /// `L2`, whose A is stored over √2, at its scale). 0 where there is no B.
    pub fn bias_shift(self) -> u32 {
        self.row().bias_shift
    }

    /// The largest shift a code asks of a processing element; 0 for uniform formats, which are multiplied, and for
    /// the level formats, whose digits are those of any integer.
    pub fn max_shift(self) -> u32 {
        if self.is_scaled() {
            0
        } else {
            (self.magnitudes() - 1) / self.root()
        }
    }

    /// All magnitudes of this format.
    pub fn whole(self) -> Subset {
        Subset {
            largest: self.magnitudes() - 1,
            step: 1,
        }
    }

    /// The magnitudes that codes of `narrow` use where codes of this format are stored; `None` if they do not
    /// fit: both have to be of one kind, `narrow` with no finer base and no wider range. Uniform formats hold no other.
    pub fn subset(self, narrow: Format) -> Option<Subset> {
        if self == narrow {
            return Some(self.whole());
        }
        let of_one_kind = (self.is_signed_log() && narrow.is_signed_log())
            || (self.is_rectified() && narrow.is_rectified());
        let step = self.root() / narrow.root();
        let largest = (narrow.magnitudes() - 1) * step;
        let fits = of_one_kind && step > 0 && largest < self.magnitudes();
        fits.then_some(Subset { largest, step })
    }

    /// The formats narrower than this one whose codes fit among its own, in the order of the enum.
    pub fn narrower(self) -> impl Iterator<Item = Format> {
        Format::ALL
            .into_iter()
            .filter(move |&format| format != self && self.subset(format).is_some())
    }

    /// The scale constant c of Table 1, in thousandths; chosen there so that a standard Gaussian keeps
    /// standard deviation 1. `U*`: levels in a standard deviation. Uniform formats have a free scale and answer 1000.
    pub fn scale_thousandths(self) -> u32 {
        self.row().scale_thousandths
    }

    /// Magnitude index `m` in `0..magnitudes()` as a power of two in quarters: the value is 2^(q/4).
    /// 0 for uniform and level formats, whose values are no powers.
    pub fn exponent_quarters(self, magnitude: u32) -> i32 {
        let step = self.lowest_step().saturating_add_unsigned(magnitude);
        match self {
            // Table 1 adds ½ to the exponent of L2, outside the clamp.
            Format::L2 => step * 4 + 2,
            _ if self.is_scaled() => 0,
            _ => step * (4 / self.root()).cast_signed(),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The text names no format; the message lists those there are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownFormat {
    /// The text as given.
    pub given: String,
}

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Format::ALL.map(Format::name).join(", ");
        write!(
            f,
            "unknown format `{}`: expected one of {names}",
            self.given
        )
    }
}

impl std::error::Error for UnknownFormat {}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let found = Format::ALL.into_iter().find(|format| format.name() == text);
        found.ok_or_else(|| UnknownFormat {
            given: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exponents of two in quarters, smallest magnitude first, as Table 1 and the rectified formats list
    /// their values.
    fn quarters(format: Format) -> Vec<i32> {
        match format {
            Format::L2 => vec![-2, 2],
            Format::L3 => vec![-4, 0, 4, 8],
            Format::L4 => vec![-12, -8, -4, 0, 4, 8, 12, 16],
            Format::L5 => (-12..=18).step_by(2).collect(),
            Format::R2 => vec![-4, 0, 4],
            Format::R3 => vec![-12, -8, -4, 0, 4, 8, 12],
            Format::R4 => (-12..=16).step_by(2).collect(),
            Format::R5 => (-16..=14).collect(),
            uniform => vec![0; uniform.magnitudes() as usize],
        }
    }

    #[test]
    fn magnitudes_are_those_of_the_tables() {
        for format in Format::ALL {
            let found: Vec<i32> = (0..format.magnitudes())
                .map(|m| format.exponent_quarters(m))
                .collect();
            assert_eq!(found, quarters(format), "{format}");
        }
    }

    #[test]
    fn every_pattern_but_the_upper_half_of_i8_is_a_code() {
        for format in Format::ALL {
            let expected = if format.is_signed() {
                2 * format.magnitudes()
            } else {
                format.magnitudes() + 1
            };
            assert_eq!(format.codes(), expected, "{format}");
            assert_eq!(
                1 << format.code_bits(),
                if format == Format::I8 { 256 } else { expected },
                "{format}"
            );
        }
    }

    #[test]
    fn largest_shifts() {
        assert_eq!(
            Format::ALL.map(Format::max_shift),
            [1, 3, 7, 7, 2, 6, 7, 7, 0, 0, 0, 0, 0, 0, 0]
        );
    }

    #[test]
    fn bias_shift_weighs_b_as_a_at_value_one() {
        for format in [Format::L3, Format::L4, Format::L5] {
            let index = format.bias_shift() * format.root();
            assert_eq!(
                format.exponent_quarters(index),
                0,
                "{format}: 2^0 is A << {}",
                format.bias_shift()
            );
        }
    }

    #[test]
    fn narrower_formats_are_every_nth_magnitude() {
        let found = |format: Format| {
            let subset = |narrow| format.subset(narrow).unwrap();
            let each = format.narrower().map(|narrow| (narrow, subset(narrow)));
            each.map(|(narrow, s)| (narrow, s.largest, s.step))
                .collect::<Vec<_>>()
        };
        use Format::{I8, L2, L3, L4, L5, R2, R3, R4, R5};
        assert_eq!(found(L2), []);
        assert_eq!(found(L3), [(L2, 1, 1)]);
        assert_eq!(found(L4), [(L2, 1, 1), (L3, 3, 1)]);
        assert_eq!(found(L5), [(L2, 2, 2), (L3, 6, 2), (L4, 14, 2)]);
        assert_eq!(found(R2), []);
        assert_eq!(found(R3), [(R2, 2, 1)]);
        assert_eq!(found(R4), [(R2, 4, 2), (R3, 12, 2)]);
        assert_eq!(found(R5), [(R2, 8, 4), (R3, 24, 4), (R4, 28, 2)]);
        assert_eq!(found(I8), []);
        // One apart in the narrower format is as far apart, in octaves, as `step` in the wider one.
        for (format, narrow) in Format::ALL
            .into_iter()
            .flat_map(|f| f.narrower().map(move |n| (f, n)))
        {
            let step = format.subset(narrow).unwrap().step;
            let apart = |f: Format, m: u32| f.exponent_quarters(m) - f.exponent_quarters(0);
            for m in 0..narrow.magnitudes() {
                assert_eq!(
                    apart(narrow, m),
                    apart(format, m * step),
                    "{narrow} in {format}"
                );
            }
        }
    }

    #[test]
    fn each_format_is_of_one_kind() {
        let kinds = |f: Format| {
            (
                f.is_signed_log(),
                f.is_rectified(),
                f.is_integer(),
                f.is_level(),
            )
        };
        for format in Format::ALL {
            let expected = (
                format.name().starts_with('L'),
                format.name().starts_with('R'),
                format.name().starts_with('I'),
                format.name().starts_with(['U', 'O']),
            );
            assert_eq!(kinds(format), expected, "{format}");
        }
    }

    #[test]
    fn names_round_trip_and_an_unknown_one_lists_them() {
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        let error = "L6".parse::<Format>().unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown format `L6`: expected one of L2, L3, L4, L5, R2, R3, R4, R5, I8, I4, I3, U4, U5, U8, O4"
        );
    }
}
