//! Golden formulations in Verilog, from the number contract: values compared as numbers, products with `*`.

use super::Layer;
use cromulent_core::{PeShape, Shape};
use cromulent_design::{Affine, Design, PeKind};

/// Bits of what a product is short of.
pub(super) const MISSING_BITS: usize = 8;

/// The module `golden_operand`: what an operand contributes to a column, what of it the correction column adds
/// (`missing`), and whether a row edge may send it (`legal`).
///
/// In the exact form an inactive operand contributes −B·2^s and must be negative with shift s; between
/// the digits of integers, where B is 0, its shift may be 0 as well. In other forms it contributes 0 and
/// must not be negative.
pub(super) fn operand(design: &Design, shape: &PeShape) -> String {
    let body = match shape.kind {
        PeKind::Multiply => booth_operand(shape),
        PeKind::Rows => number_operand(shape),
        PeKind::Dsp => "  assign contribution = $signed(operand) * $signed(weight);
  assign missing = 0;
  assign legal = 1'b1;
"
        .to_string(),
        PeKind::Shift if shape.operand.number > 0 => coded_operand(shape),
        PeKind::Shift | PeKind::LogLog | PeKind::Table => shifted_operand(design, shape),
    };
    format!(
        "module golden_operand (
  input [{}:0] operand, input [{}:0] weight,
  output signed [{}:0] contribution, output [{}:0] missing, output legal
);
{body}endmodule
",
        shape.operand.bits() - 1,
        shape.weight_word_bits() - 1,
        shape.sum_bits - 1,
        MISSING_BITS - 1,
    )
}

/// A number times the weight. Radix-4 digit n of the number is b(2n) + b(2n−1) − 2·b(2n+1); each negative one is
/// short of 4^n.
fn booth_operand(shape: &PeShape) -> String {
    let number = match shape.number_is_signed {
        true => "$signed(operand)",
        false => "$signed({1'b0, operand})",
    };
    let bits = shape.operand.number;
    let bit = |place: usize| match place.checked_sub(1) {
        Some(bit) if bit < bits => format!("operand[{bit}]"),
        _ => "1'b0".to_string(),
    };
    // Places are one above bits here.
    let negative = |n: usize| {
        let [low, mid, high] = [0, 1, 2].map(|above| bit(2 * n + above));
        format!(
            "({{1'b0, {mid}}} + {{1'b0, {low}}} < {{{high}, 1'b0}} ? {} : 0)",
            1 << (2 * n)
        )
    };
    let missing: Vec<String> = (0..bits.div_ceil(2)).map(negative).collect();
    format!(
        "  assign contribution = {number} * $signed(weight);
  assign missing = {};
  assign legal = 1'b1;
",
        missing.join(" + ")
    )
}

/// A code without sign or shift, or one digit: a power of two, shifted; a negative one is short of 1.
fn number_operand(shape: &PeShape) -> String {
    let fields = &shape.operand;
    let (number, bits) = (fields.number, fields.bits());
    if !fields.negative {
        return "  assign contribution = $signed({1'b0, operand}) * $signed(weight);
  assign missing = 0;
  assign legal = 1'b1;
"
        .to_string();
    }
    format!(
        "  wire [{number_top}:0] number = operand[{number_top}:0];
  wire [{shift_top}:0] shift = operand[{top}:{number}];
  wire negative = operand[{sign}];
  wire [14:0] magnitude = number << (shift * {unit});
  wire signed [15:0] value = negative ? -$signed({{1'b0, magnitude}}) : $signed({{1'b0, magnitude}});
  assign contribution = value * $signed(weight);
  assign missing = negative;
  assign legal = (shift == 0 && !negative) || magnitude <= 128;
",
        number_top = number - 1,
        shift_top = fields.shift - 1,
        top = bits - 2,
        sign = bits - 1,
        unit = 1 << shape.shift_unit,
    )
}

/// A rectified code: 0, or one above the index of a value.
fn coded_operand(shape: &PeShape) -> String {
    let (bits, root) = (shape.weight_bits, shape.roots);
    format!(
        "  wire [{top}:0] index = operand - 1'b1;
  wire signed [{a_top}:0] a = weight[{bits} * (index % {root}) +: {bits}];
  wire signed [8:0] power = 9'sd1 <<< (index / {root});
  assign contribution = operand == 0 ? 0 : a * power;
  assign missing = 0;
  assign legal = 1'b1;
",
        top = shape.operand.bits() - 1,
        a_top = bits - 1,
    )
}

fn shifted_operand(design: &Design, shape: &PeShape) -> String {
    let fields = &shape.operand;
    let root_end = fields.shift + fields.root;
    let root = match fields.root {
        0 => "1'b0".to_string(),
        _ => format!("operand[{}:{}]", root_end - 1, fields.shift),
    };
    let flag = |present: bool, bit: usize, otherwise: &str| match present {
        true => format!("operand[{bit}]"),
        false => otherwise.to_string(),
    };
    let (inactive, legal) = inactive(design, shape);
    format!(
        "  wire [{shift_top}:0] shift = operand[{shift_top}:0];
  wire [1:0] root = {root};
  wire active = {active};
  wire signed [{a_top}:0] a = {constant};
  wire signed [8:0] power = 9'sd1 <<< shift;
  wire negative = {negative};
  assign missing = {missing};
  assign contribution = active ? (negative ? -(a * power) : a * power) : {inactive};
  assign legal = {known}(active ? shift <= {largest} : {legal});
",
        shift_top = fields.shift - 1,
        active = flag(fields.active, fields.bits() - 1, "1'b1"),
        negative = flag(fields.negative, root_end, "1'b0"),
        a_top = shape.weight_bits - 1,
        missing = match shape.kind {
            PeKind::LogLog => "0",
            _ => "negative",
        },
        constant = match shape.kind {
            PeKind::LogLog => power_constant(shape),
            _ => format!("weight[{bits} * root +: {bits}]", bits = shape.weight_bits),
        },
        known = match shape.kind {
            PeKind::LogLog => {
                let top = shape.weight_word_bits() - 2;
                format!("weight[{top}:0] < {} && ", shape.weight_bits)
            }
            _ => String::new(),
        },
        largest = design.largest_shift(),
    )
}

/// The constant of a sign and, below it, an exponent: 0 is the constant 0, n is 2^(n−1).
fn power_constant(shape: &PeShape) -> String {
    let sign = shape.weight_word_bits() - 1;
    let power = |n: usize| {
        let (top, value) = (sign - 1, 1 << (n - 1));
        format!("weight[{top}:0] == {n} ? (weight[{sign}] ? -{value} : {value}) : ")
    };
    (1..shape.weight_bits).map(power).collect::<String>() + "0"
}

/// What an inactive operand contributes, and when it is legal.
fn inactive(design: &Design, shape: &PeShape) -> (String, String) {
    let Some(bits) = shape.bias_bits else {
        return ("0".into(), "!negative".into());
    };
    let (s, b) = (design.format.bias_shift(), bias(shape, bits));
    let legal = format!("negative && root == 0 && (shift == {s} || (shift == 0 && {b} == 0))");
    (format!("-({b} * 5'sd{})", 1 << s), legal)
}

fn bias(shape: &PeShape, bits: usize) -> String {
    let low = shape.weight_bits * shape.roots;
    format!("$signed(weight[{}:{low}])", low + bits - 1)
}

/// Bits of a value between `golden_row` and `golden_product`: a code, its index, or an integer.
pub(super) const VALUE_BITS: usize = 8;

/// The modules `golden_row`, which decides affine and ReLU for a stored word from the row's threshold
/// word and whether the tap lies on the map, and `golden_product`, which multiplies what it sends.
///
/// | layer, form | contribution to a column |
/// |---|---|
/// | exact | \[active\](A·v + B·2^s) − B·2^s, active by the place of v among all values, off the map never |
/// | snapped, re-centred | A·max(v, t) (min when descending), off the map A·t |
/// | rectified | A·v, off the map 0 |
/// | uniform | weight·v, off the map 0 |
/// | integers | A·v, off the map A·pad; the sum over all beats |
///
/// Here A·v stands for ±A\[root\]·2^shift: A\[root\] holds the root's power.
pub(super) fn word(shape: &Shape, layer: Layer) -> String {
    row(shape, layer) + &product(shape, layer)
}

fn row(shape: &Shape, layer: Layer) -> String {
    let design = &shape.design;
    let body = match (design.affine, layer) {
        (_, Layer::Integers) => "  assign active = 1'b1;
  assign value = on_map ? word[7:0] : threshold_word[7:0];
"
        .to_string(),
        (Affine::Rectified, _) if shape.pe.kind.takes_powers() => {
            "  assign active = on_map && code != 0;
  assign value = code - 1'b1;
"
            .to_string()
        }
        (Affine::Rectified, _) => "  assign active = on_map;
  assign value = code;
"
        .to_string(),
        (Affine::Exact, _) => format!(
            "  assign active = on_map && (descending ? place(code) < threshold : place(code) >= threshold);
  assign value = code;
{}",
            place(design)
        ),
        (Affine::Snapped | Affine::Recentred, _) => clamped(design),
    };
    let (bits, threshold) = (design.format.code_bits(), shape.threshold_bits());
    format!(
        "module golden_row (
  input [{}:0] word, input [{threshold}:0] threshold_word, input on_map,
  output active, output [{}:0] value
);
  wire [{code_top}:0] code = word[{code_top}:0];
  wire [{bits}:0] threshold = threshold_word[{bits}:0];
  wire descending = threshold_word[{threshold}];
{body}endmodule
",
        shape.code_word_bits() - 1,
        VALUE_BITS - 1,
        code_top = bits - 1,
    )
}

/// The code, or the one at the threshold's place if that is larger (smaller when descending).
fn clamped(design: &Design) -> String {
    let top = design.format.code_bits() - 1;
    format!(
        "  wire lower = place(code) < threshold;
  reg [{top}:0] at_threshold;
  integer c;
  always @* begin
    at_threshold = 0;
    for (c = 0; c < {}; c = c + 1)
      if (place(c[{top}:0]) == threshold) at_threshold = c[{top}:0];
  end
  assign active = 1'b1;
  assign value = on_map && lower == descending ? code : at_threshold;
{}",
        1 << (top + 1),
        place(design),
    )
}

fn product(shape: &Shape, layer: Layer) -> String {
    let pe = &shape.pe;
    let top = pe.sum_bits - 1;
    let offset = match (pe.bias_bits, layer) {
        (Some(bits), Layer::Codes) => {
            format!("{} * 5'sd{}", bias(pe, bits), 1 << pe.bias_shift)
        }
        _ => "0".to_string(),
    };
    let (product, function) = match (pe.kind, layer) {
        (PeKind::Shift | PeKind::LogLog | PeKind::Table, Layer::Codes) => {
            ("times(value)", times(&shape.design, pe))
        }
        _ => ("$signed(value) * a", String::new()),
    };
    format!(
        "module golden_product (
  input active, input [{}:0] value, input [{}:0] weight, output signed [{top}:0] contribution
);
  wire signed [{}:0] a = weight[{}:0];
  wire signed [{top}:0] offset = {offset};
  assign contribution = (active ? {product} + offset : 0) - offset;
{function}endmodule
",
        VALUE_BITS - 1,
        pe.constants_bits() - 1,
        pe.weight_bits - 1,
        pe.weight_bits - 1,
    )
}

/// Functions `key`, which orders codes as their values are ordered, and `place`: how many codes have a
/// smaller value.
fn place(design: &Design) -> String {
    let top = design.format.code_bits() - 1;
    format!(
        "  function signed [{bits}:0] key(input [{top}:0] c);
    key = c[{top}] ? -($signed({{2'b0, c[{below}:0]}}) + 1) : $signed({{2'b0, c[{below}:0]}}) + 1;
  endfunction
  function [{bits}:0] place(input [{top}:0] c);
    integer other;
    begin
      place = 0;
      for (other = 0; other < {count}; other = other + 1)
        if (key(other[{top}:0]) < key(c)) place = place + 1'b1;
    end
  endfunction
",
        bits = top + 1,
        below = top - 1,
        count = 1 << (top + 1),
    )
}

/// The function `times`: the constant times the value of a signed code, or of a rectified code's index.
fn times(design: &Design, shape: &PeShape) -> String {
    let (bits, root) = (shape.weight_bits, design.format.root());
    let top = design.format.code_bits() - 1;
    let (index, negate) = match design.format.is_signed_log() {
        true => (
            format!("c[{}:0]", top - 1),
            format!("\n      if (c[{top}]) times = -times;"),
        ),
        false => ("c".to_string(), String::new()),
    };
    format!(
        "  function signed [{contribution_top}:0] times(input [{top}:0] c);
    reg signed [{a_top}:0] chosen;
    reg signed [8:0] power;
    begin
      chosen = weight[{bits} * ({index} % {root}) +: {bits}];
      power = 9'sd1 <<< ({index} / {root});
      times = chosen * power;{negate}
    end
  endfunction
",
        contribution_top = shape.sum_bits - 1,
        a_top = bits - 1,
    )
}
