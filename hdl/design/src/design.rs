//! The configuration itself.

use std::fmt::{self, Write as _};
use std::path::Path;

use cromulent_number::Format;

use crate::fields::FIELDS;
use crate::problem::{Problem, Problems};

/// How a processing element multiplies.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PeKind {
    /// By shifting a stored constant: log codes and signed digits.
    Shift,
    /// By adding exponents: log codes and signed digits, of constants that are 0 or ± a power of two.
    LogLog,
    /// By adding up the bits of a number, each of them a row: uniform codes of few bits.
    Rows,
    /// By looking the product up in a table of all operands, for each constant its own: log codes and signed digits.
    Table,
    /// With a multiplier of radix-4 Booth rows: int8, and uniform codes of few bits.
    Multiply,
    /// With a multiplication that synthesis puts into a DSP block: int8.
    Dsp,
}

impl PeKind {
    /// Whether operands are powers of two: log codes and signed digits.
    pub fn takes_powers(self) -> bool {
        matches!(self, PeKind::Shift | PeKind::LogLog | PeKind::Table)
    }

    /// Every kind.
    pub const ALL: [PeKind; 6] = [
        PeKind::LogLog,
        PeKind::Shift,
        PeKind::Table,
        PeKind::Rows,
        PeKind::Multiply,
        PeKind::Dsp,
    ];

    /// The name, as written in a design.
    pub fn name(self) -> &'static str {
        match self {
            PeKind::Shift => "shift",
            PeKind::LogLog => "log-log",
            PeKind::Table => "table",
            PeKind::Rows => "rows",
            PeKind::Multiply => "multiply",
            PeKind::Dsp => "dsp",
        }
    }
}

/// How the affine and ReLU before a learnt layer are folded into it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Affine {
    /// Two constants a weight, A and B; any affine of a signed code.
    Exact,
    /// One constant a weight; codes are clamped at −b/a moved onto the grid of values, which moves b.
    Snapped,
    /// One constant a weight; the normalisation is shifted until −b/a lies on the grid, b stays exact.
    Recentred,
    /// One constant a weight; the code is already rectified, zero adds nothing.
    Rectified,
}

impl Affine {
    /// All four forms.
    pub const ALL: [Affine; 4] = [
        Affine::Exact,
        Affine::Snapped,
        Affine::Recentred,
        Affine::Rectified,
    ];

    /// The name, as written in a design.
    pub fn name(self) -> &'static str {
        match self {
            Affine::Exact => "exact",
            Affine::Snapped => "snapped",
            Affine::Recentred => "recentred",
            Affine::Rectified => "rectified",
        }
    }
}

impl fmt::Display for PeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Display for Affine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The widest word of a residual stream, and the width of one whose design gives none, in bits.
pub const WIDEST_STREAM: u32 = 16;

/// An accelerator, as a design file describes it; the fields are its keys, see [`FIELDS`].
///
/// A design from [`Design::parse`] is valid. One that was put together in code is so once
/// [`Design::validate`] says it is; the derived widths of any other mean nothing, but do not panic.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Design {
    /// What reports and Verilog comments call it: letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// Rows of the array, 1..=128: input channels and taps served at once.
    pub rows: u32,
    /// Columns of the array, 1..=128: output channels computed at once.
    pub columns: u32,
    /// How a processing element multiplies.
    pub pe: PeKind,
    /// The format activations are stored in.
    pub format: Format,
    /// How affine and ReLU are folded into the weights.
    pub affine: Affine,
    /// Bits of a constant A, sign included, 4..=12; 8 if the format is int8.
    pub weight_bits: u32,
    /// Bits of a constant B, sign included, 4..=12; 0 unless `affine` is exact, for there is none.
    pub bias_bits: u32,
    /// Bits of the sum of one column over its rows, if not as wide as it may need to be; see
    /// [`Design::sum_bits`].
    pub partial_sum_bits: Option<u32>,
    /// Bits of an accumulator below the array, 16..=48.
    pub accumulator_bits: u32,
    /// W: fraction bits of the quantizer's cuts, 4..=24.
    pub threshold_fraction_bits: u32,
    /// Whether the array also takes integers as signed digits, for an image layer.
    pub image_digits: bool,
    /// Whether rows can pool: the largest code of a window goes straight back to the row's bank.
    pub max_pool: bool,
    /// Images computed together, 1..=64: weights are loaded once for all of them.
    pub batch: u32,
    /// Codes (or pixels) a row's bank holds.
    pub code_depth: u32,
    /// Lines of the queue of weights; a tile has one for each row.
    pub weight_depth: u32,
    /// Sets of quantizer constants a column holds at a time, one per column tile.
    pub channel_depth: u32,
    /// Accumulators a column holds: output positions per pass.
    pub tile_depth: u32,
    /// Largest height or width of a feature map, pixels.
    pub map_side: u32,
    /// Words of the residual stream a column holds.
    pub stream_depth: u32,
    /// Bits of a word of the residual stream, sign included, 8..=16.
    pub stream_bits: u32,
    /// D: bits of the memory bus and of the streams, a power of two in 32..=512.
    pub bus_bits: u32,
    /// Bits of a byte address on the memory bus, 16..=64.
    pub memory_address_bits: u32,
}

impl Design {
    /// A design of this size and format, every other field at its default; int8 takes the multiplying processing
    /// element, the other uniform formats take that of rows, a level format `image_digits`.
    pub fn new(rows: u32, columns: u32, format: Format, affine: Affine) -> Design {
        Design {
            name: format!("{}-{rows}x{columns}", format.name().to_lowercase()),
            rows,
            columns,
            pe: match format {
                Format::I8 => PeKind::Multiply,
                Format::I4 | Format::I3 => PeKind::Rows,
                _ => PeKind::Shift,
            },
            format,
            affine,
            weight_bits: 8,
            bias_bits: if affine == Affine::Exact { 8 } else { 0 },
            partial_sum_bits: None,
            accumulator_bits: 32,
            threshold_fraction_bits: 16,
            image_digits: format.is_level(),
            max_pool: false,
            batch: 1,
            code_depth: 8192,
            weight_depth: 512,
            channel_depth: 16,
            tile_depth: 1024,
            map_side: 32,
            stream_depth: 4096,
            stream_bits: WIDEST_STREAM,
            bus_bits: 128,
            memory_address_bits: 32,
        }
    }

    /// Reads a design file.
    ///
    /// # Errors
    /// An unreadable file, or the problems of [`Design::parse`].
    pub fn load(path: &Path) -> Result<Design, Problems> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Problems(vec![Problem {
                place: file.clone(),
                what: format!("cannot be read: {error}"),
                fix: "give the path of a design file, such as constraints/designs/small-8x8.toml"
                    .to_owned(),
            }])
        })?;
        Design::parse(&text, &file)
    }

    /// The canonical design file: every field that applies, in the order of [`FIELDS`].
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        for field in FIELDS {
            if let Some(value) = self.value_text(field.name) {
                let _ = writeln!(text, "{} = {value}", field.name);
            }
        }
        text
    }

    /// The value of a field as TOML; `None` where the design has no such value.
    fn value_text(&self, field: &str) -> Option<String> {
        let quoted = |text: &str| format!("\"{text}\"");
        Some(match field {
            "name" => quoted(&self.name),
            "rows" => self.rows.to_string(),
            "columns" => self.columns.to_string(),
            "pe" => quoted(self.pe.name()),
            "format" => quoted(self.format.name()),
            "affine" => quoted(self.affine.name()),
            "weight_bits" => self.weight_bits.to_string(),
            "bias_bits" if self.has_bias() => self.bias_bits.to_string(),
            "partial_sum_bits" => self.partial_sum_bits?.to_string(),
            "accumulator_bits" => self.accumulator_bits.to_string(),
            "threshold_fraction_bits" => self.threshold_fraction_bits.to_string(),
            "image_digits" => self.image_digits.to_string(),
            "max_pool" => self.max_pool.to_string(),
            // A design of before there were batches is the same design.
            "batch" if self.has_batch() => self.batch.to_string(),
            "code_depth" => self.code_depth.to_string(),
            "weight_depth" => self.weight_depth.to_string(),
            "channel_depth" => self.channel_depth.to_string(),
            "tile_depth" => self.tile_depth.to_string(),
            "map_side" => self.map_side.to_string(),
            "stream_depth" => self.stream_depth.to_string(),
            // So is one of before its width could be chosen.
            "stream_bits" if self.stream_bits != WIDEST_STREAM => self.stream_bits.to_string(),
            "bus_bits" => self.bus_bits.to_string(),
            "memory_address_bits" => self.memory_address_bits.to_string(),
            _ => return None,
        })
    }

    /// What a program image remembers of the design it was compiled for: the 64-bit FNV-1a hash of the
    /// canonical text without the name.
    pub fn fingerprint(&self) -> u64 {
        let text = self.to_toml();
        let body = text.split_once('\n').map_or("", |(_name, body)| body);
        body.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}
