//! Golden formulations in Verilog, from the number contract: values compared as numbers, products with `*`.

use cromulent_core::PeShape;
use cromulent_design::{Affine, Design, PeKind};

/// The module `golden_operand`: what an operand contributes to a column, whether it is counted as
/// negative, and whether a row edge may send it (`legal`).
///
/// In the exact form an inactive operand contributes −B·2^s and must be negative with shift s; between
/// the digits of integers, where B is 0, its shift may be 0 as well. In other forms it contributes 0 and
/// must not be negative.
pub(super) fn operand(design: &Design, shape: &PeShape) -> String {
    let (operand, weight) = (shape.operand.bits(), shape.weight_word_bits());
    let body = match shape.kind {
        PeKind::Multiply => "  assign contribution = $signed(operand) * $signed(weight);
  assign negative = 1'b0;
  assign legal = 1'b1;
"
        .to_string(),
        PeKind::Shift => shifted_operand(design, shape),
    };
    format!(
        "module golden_operand (
  input [{}:0] operand, input [{}:0] weight,
  output signed [31:0] contribution, output negative, output legal
);
{body}endmodule
",
        operand - 1,
        weight - 1
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
    let negative = flag(fields.negative, root_end, "1'b0");
    let active = flag(fields.active, fields.bits() - 1, "1'b1");
    let (inactive, legal) = inactive(design, shape);
    format!(
        "  wire [{shift_top}:0] shift = operand[{shift_top}:0];
  wire [1:0] root = {root};
  wire active = {active};
  wire signed [{a_top}:0] a = weight[{bits} * root +: {bits}];
  wire signed [31:0] power = 32'sd1 <<< shift;
  assign negative = {negative};
  assign contribution = active ? (negative ? -(a * power) : a * power) : {inactive};
  assign legal = active ? shift <= {largest} : {legal};
",
        shift_top = fields.shift - 1,
        a_top = shape.weight_bits - 1,
        bits = shape.weight_bits,
        largest = design.largest_shift(),
    )
}

/// What an inactive operand contributes, and when it is legal.
fn inactive(design: &Design, shape: &PeShape) -> (String, String) {
    let Some(bits) = shape.bias_bits else {
        return ("32'sd0".into(), "!negative".into());
    };
    let s = design.format.bias_shift();
    let b = bias(shape, bits);
    let legal = format!("negative && root == 0 && (shift == {s} || (shift == 0 && {b} == 0))");
    (format!("-({b} * 32'sd{})", 1 << s), legal)
}

fn bias(shape: &PeShape, bits: usize) -> String {
    let low = shape.weight_bits * shape.roots;
    format!("$signed(weight[{}:{low}])", low + bits - 1)
}

/// The module `golden_code`: what a stored code contributes to a column through affine and ReLU.
///
/// | form | contribution |
/// |---|---|
/// | exact | \[active\](A·v + B·2^s) − B·2^s, active by the place of v among all values, off the map never |
/// | snapped, re-centred | A·max(v, t) (min when descending), off the map A·t |
/// | rectified | A·v, off the map 0 |
/// | int8 | weight·v, off the map 0 |
///
/// Here v·A stands for ±A\[root\]·2^shift: A\[root\] holds the root's power.
pub(super) fn code(design: &Design, shape: &PeShape) -> String {
    let body = match design.affine {
        _ if shape.kind == PeKind::Multiply => {
            "  assign contribution = inside ? $signed(code) * $signed(weight) : 32'sd0;\n"
                .to_string()
        }
        Affine::Rectified => format!(
            "  assign contribution = inside && code != 0 ? times(code - 1'b1) : 32'sd0;\n{}",
            times(design, shape, false)
        ),
        Affine::Exact => exact(design, shape),
        Affine::Snapped | Affine::Recentred => clamped(design, shape),
    };
    format!(
        "module golden_code (
  input [{}:0] code, input [{}:0] threshold, input descending, input inside, input [{}:0] weight,
  output signed [31:0] contribution
);
{body}endmodule
",
        design.format.code_bits() - 1,
        design.format.code_bits(),
        shape.weight_word_bits() - 1,
    )
}

fn exact(design: &Design, shape: &PeShape) -> String {
    let b = bias(shape, shape.bias_bits.unwrap_or(1));
    format!(
        "  wire signed [31:0] offset = {b} * 32'sd{};
  wire active = inside && (descending ? place(code) < threshold : place(code) >= threshold);
  wire signed [31:0] rectified = active ? times(code) + offset : 32'sd0;
  assign contribution = rectified - offset;
{}{}",
        1 << design.format.bias_shift(),
        place(design),
        times(design, shape, true)
    )
}

fn clamped(design: &Design, shape: &PeShape) -> String {
    let top = design.format.code_bits() - 1;
    format!(
        "  wire lower = place(code) < threshold;
  wire [{}:0] clamped = inside && lower == descending ? place(code) : threshold;
  reg [{top}:0] sent;
  integer c;
  always @* begin
    sent = 0;
    for (c = 0; c < {}; c = c + 1)
      if (place(c[{top}:0]) == clamped) sent = c[{top}:0];
  end
  assign contribution = times(sent);
{}{}",
        top + 1,
        1 << (top + 1),
        place(design),
        times(design, shape, true)
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

/// The function `times`: the constant times the value of a code (`signed`), or of an index.
fn times(design: &Design, shape: &PeShape, signed: bool) -> String {
    let (bits, root) = (shape.weight_bits, design.format.root());
    let top = design.format.code_bits() - 1;
    let index = if signed {
        format!("c[{}:0]", top - 1)
    } else {
        "c".to_string()
    };
    let negate = if signed {
        format!("if (c[{top}]) times = -times;")
    } else {
        String::new()
    };
    format!(
        "  function signed [31:0] times(input [{top}:0] c);
    reg signed [{}:0] a;
    begin
      a = weight[{bits} * ({index} % {root}) +: {bits}];
      times = a * (32'sd1 <<< ({index} / {root}));
      {negate}
    end
  endfunction
",
        bits - 1,
    )
}
