//! The keys of a design file: one row each, for the parser, the error messages and the documentation.

/// What a key may be set to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A name: letters, digits, `-`, `_`, `.`.
    Name,
    /// A whole number in a range, both ends included.
    Integer {
        /// The smallest value.
        low: u32,
        /// The largest value.
        high: u32,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
}

/// One key of a design file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// What it may be set to.
    pub kind: Kind,
    /// The unit of the value; empty if it has none.
    pub unit: &'static str,
    /// The value if it is not given, in words where it depends on others; `None`: it must be given.
    pub default: Option<&'static str>,
    /// What it means, a sentence.
    pub meaning: &'static str,
}

const fn integer(low: u32, high: u32) -> Kind {
    Kind::Integer { low, high }
}

/// Most words of a bank.
const DEEPEST: u32 = 1 << 20;

/// Every key, in the order of the canonical file.
#[rustfmt::skip] // One line a part reads as the table it is.
pub const FIELDS: [Field; 23] = [
    Field {
        name: "name", kind: Kind::Name, unit: "", default: Some("the file's name without `.toml`"),
        meaning: "What reports and comments in the emitted Verilog call the design.",
    },
    Field {
        name: "rows", kind: integer(1, 128), unit: "processing elements", default: None,
        meaning: "Rows of the array: input channels and taps served at once.",
    },
    Field {
        name: "columns", kind: integer(1, 128), unit: "processing elements", default: None,
        meaning: "Columns of the array: output channels computed at once.",
    },
    Field {
        name: "pe", kind: Kind::Choice(&["shift", "log-log", "table", "rows", "multiply", "dsp"]), unit: "", default: Some("`shift`"),
        meaning: "How a processing element multiplies: by shifting a stored constant; by adding its exponent, of constants that are powers of two; by looking it up in a table for each constant, in tables of the FPGA, which take a load for every entry; by adding up a row for each bit of a code (I4, I3); with radix-4 Booth rows (I8, I4, I3); or in a DSP block (I8).",
    },
    Field {
        name: "format", kind: Kind::Choice(&["L2", "L3", "L4", "L5", "R2", "R3", "R4", "R5", "I8", "I4", "I3", "U4", "U5", "U8", "O4"]), unit: "", default: None,
        meaning: "Format activations are stored in: signed log codes L2 to L5, rectified log codes R2 to R5, I8, the integers 0 to 127 of the baseline, I4 and I3, the integers 0 to 15 and 0 to 7, or the level formats U4, U5, U8 and O4, in 2 to 4 beats.",
    },
    Field {
        name: "affine", kind: Kind::Choice(&["exact", "snapped", "recentred", "rectified"]), unit: "", default: None,
        meaning: "How the affine and ReLU before a layer are folded into it: `exact`, `snapped` or `recentred` with L formats, `snapped` or `recentred` with U and O formats, `rectified` with R and I formats.",
    },
    Field {
        name: "weight_bits", kind: integer(4, 12), unit: "bits", default: Some("8"),
        meaning: "Width of a constant A, its sign included. I8 needs 8.",
    },
    Field {
        name: "bias_bits", kind: integer(4, 12), unit: "bits", default: Some("8 if `affine = \"exact\"`"),
        meaning: "Width of a constant B, its sign included. Only the exact form has one; given with another it is refused.",
    },
    Field {
        name: "partial_sum_bits", kind: integer(8, 48), unit: "bits", default: Some("bits of a product + ⌈log2 rows⌉"),
        meaning: "Width of the sum of a column over its rows. Narrower than the default, a network is only accepted if its weights provably fit.",
    },
    Field {
        name: "accumulator_bits", kind: integer(16, 48), unit: "bits", default: Some("32"),
        meaning: "Width of an accumulator below the array. A network is only accepted if its weights provably fit.",
    },
    Field {
        name: "threshold_fraction_bits", kind: integer(4, 24), unit: "bits", default: Some("16"),
        meaning: "Fraction bits of the quantizer's cuts; `I8`, `I4`, `I3`, `U4`, `U5`, `U8`, `O4`: one bit less than its multiplier has.",
    },
    Field {
        name: "image_digits", kind: Kind::Flag, unit: "", default: Some("false"),
        meaning: "Whether the array also takes 8-bit integers as signed digits, for a layer fed with an image, or with a first normalisation left uncoded; the level formats need it. Not with `pe = \"multiply\"` and `\"dsp\"`, which take them as they are.",
    },
    Field {
        name: "max_pool", kind: Kind::Flag, unit: "", default: Some("false"),
        meaning: "Whether codes can be pooled: as they leave the layer that computes them, or in a pass through the rows, the largest code of each window or the smallest.",
    },
    Field {
        name: "batch", kind: integer(1, 64), unit: "images", default: Some("1"),
        meaning: "Images computed together, so that each tile of weights is loaded once for all of them. Code banks, residual stream and results hold that many.",
    },
    Field {
        name: "code_depth", kind: integer(1, DEEPEST), unit: "codes per row", default: Some("8192"),
        meaning: "Depth of a row's bank of codes or pixels: all feature maps needed at one time, or else those of one layer; the rest goes to memory.",
    },
    Field {
        name: "weight_depth", kind: integer(1, DEEPEST), unit: "lines", default: Some("512"),
        meaning: "Depth of the queue of weights: a line for each row of a tile, so at least 2 · `rows` to load one tile while another waits.",
    },
    Field {
        name: "channel_depth", kind: integer(2, 4096), unit: "sets per column", default: Some("16"),
        meaning: "Quantizer constants a column holds at a time, one set per column tile.",
    },
    Field {
        name: "tile_depth", kind: integer(1, 1 << 16), unit: "words per column", default: Some("1024"),
        meaning: "Accumulators of a column: output positions per pass.",
    },
    Field {
        name: "map_side", kind: integer(1, 4096), unit: "pixels", default: Some("32"),
        meaning: "Largest height or width of a feature map.",
    },
    Field {
        name: "stream_depth", kind: integer(0, DEEPEST), unit: "words per column", default: Some("4096"),
        meaning: "Words of the residual stream a column holds: all stream values a network needs at one time. With 0 there is no residual stream, and words leave six cycles earlier.",
    },
    Field {
        name: "stream_bits", kind: integer(8, 16), unit: "bits", default: Some("16"),
        meaning: "Width of a word of the residual stream. A sum beyond it saturates, and is counted.",
    },
    Field {
        name: "bus_bits", kind: integer(32, 512), unit: "bits", default: Some("128"),
        meaning: "Width of the memory bus and of the streams: 32, 64, 128, 256 or 512.",
    },
    Field {
        name: "memory_address_bits", kind: integer(16, 64), unit: "bits", default: Some("32"),
        meaning: "Width of a byte address on the memory bus.",
    },
];

/// The row of a key.
pub(crate) fn field(name: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == name)
}
