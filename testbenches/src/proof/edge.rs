//! The row edge against the affine and the ReLU.

use super::{Claim, Layer, golden, not_emitted};
use cromulent::Error;
use cromulent_core::{RowEdge, Shape};
use cromulent_design::{Affine, Design};
use cromulent_kit::emit;
use rust_hdl_core::prelude::*;

/// What the emitted `row_edge` sends is legal and contributes what the golden formulation says, for every
/// code, threshold, direction, place on or off the map, and pattern of load and swap.
///
/// In layers of integers the digits are the non-adjacent form, lowest first, and after four beats their
/// sum is the integer (the pad value off the map).
///
/// # Errors
/// The block cannot be emitted.
pub fn row_edge(design: &Design, layer: Layer) -> Result<Claim, Error> {
    let shape = Shape::of(design);
    let mut edge = RowEdge::new(&shape);
    edge.connect_all();
    Ok(Claim {
        emitted: emit::verilog(&edge).map_err(not_emitted)?,
        miter: golden::operand(design, &shape.pe)
            + &golden::code(design, &shape.pe)
            + &miter(&shape, layer),
        cycles: match layer {
            Layer::Codes => 5,
            Layer::Integers => 9,
        },
    })
}

/// Bits of a threshold word of the design, if its edges keep one: threshold or pad value, direction.
pub(super) fn threshold_word_bits(shape: &Shape) -> Option<usize> {
    let kept = shape.design.affine != Affine::Rectified || shape.design.image_digits;
    kept.then(|| shape.threshold_bits() + 1)
}

fn miter(shape: &Shape, layer: Layer) -> String {
    let design = &shape.design;
    let word = threshold_word_bits(shape);
    let threshold_port = word.map_or("", |_| ".threshold_word(threshold_word), ");
    let digit_ports = match (design.image_digits, layer) {
        (false, _) => "",
        (true, Layer::Codes) => ".fresh(fresh), .digits(1'b0), ",
        (true, Layer::Integers) => ".fresh(fresh), .digits(1'b1), ",
    };
    let word = word.unwrap_or(shape.threshold_bits() + 1);
    let (model, assumes, asserts) = match layer {
        Layer::Codes => (
            code_model(shape, word),
            valid_threshold(design),
            "assert(sent == expected);",
        ),
        Layer::Integers => (digit_model(shape), no_bias(shape, "weight"), DIGIT_ASSERTS),
    };
    format!(
        "module miter (
  input clock, input [{code_top}:0] code, input inside, input fresh, input load, input swap,
  input [{word_top}:0] threshold_word, input [{weight_top}:0] any_weight
);
  reg [3:0] age = 0;
  always @(posedge clock) age <= age + 1'b1;
  // A threshold is loaded, then swapped in; after that both come as they like.
  wire load_in = load || age == 0, swap_in = swap || age == 1;
  // Constants are any, but the same all the time.
  reg [{weight_top}:0] weight;
  always @(posedge clock) if (age == 0) weight <= any_weight;

  wire [{operand_top}:0] operand;
  wire load_out, swap_out;
  row_edge emitted (.clock(clock), .code(code), .inside_(inside), {digit_ports}{threshold_port}
    .load(load_in), .swap(swap_in), .operand(operand), .load_out(load_out), .swap_out(swap_out));

  reg loading, loading_late, swapping, swapping_late;
  reg [{word_top}:0] shadow, threshold;
  always @(posedge clock) begin
    loading <= load_in;
    loading_late <= loading;
    swapping <= swap_in;
    swapping_late <= swapping;
    if (loading) shadow <= threshold_word;
    if (swapping) threshold <= shadow;
  end

  wire signed [31:0] sent;
  wire negative, legal;
  golden_operand meaning (.operand(operand), .weight(weight), .contribution(sent), .negative(negative),
    .legal(legal));
{model}
  wire reached = age >= 4;
  always @* begin
    {assumes}
    // A contribution is linear in the constants: equal for each alone is equal for all.
    assume({basis});
    if (reached) begin
      assert(legal);
      assert(load_out == loading_late);
      assert(swap_out == swapping_late);
      {asserts}
    end
  end
endmodule
",
        code_top = shape.code_word_bits() - 1,
        word_top = word - 1,
        weight_top = shape.weight_word_bits() - 1,
        operand_top = shape.pe.operand.bits() - 1,
        basis = basis(shape),
    )
}

/// The golden contribution of the code sent.
fn code_model(shape: &Shape, word: usize) -> String {
    let format_bits = shape.design.format.code_bits();
    format!(
        "  wire signed [31:0] contribution;
  golden_code golden (.code(code[{}:0]), .threshold(threshold[{format_bits}:0]),
    .descending(threshold[{}]), .inside(inside), .weight(weight), .contribution(contribution));
  reg signed [31:0] expected;
  always @(posedge clock) expected <= contribution;",
        format_bits - 1,
        word - 1,
    )
}

/// Compilers write no threshold beyond the places of the codes and, in the exact form, one more: never.
pub(super) fn valid_threshold(design: &Design) -> String {
    let bits = design.format.code_bits();
    let largest = match design.affine {
        Affine::Exact => 1 << bits,
        _ => (1 << bits) - 1,
    };
    format!("assume(threshold_word[{bits}:0] <= {largest});")
}

/// In layers of integers B is 0.
pub(super) fn no_bias(shape: &Shape, weight: &str) -> String {
    shape.pe.bias_bits.map_or(String::new(), |bits| {
        let low = shape.weight_word_bits() - bits;
        format!("assume({weight}[{}:{low}] == 0);", low + bits - 1)
    })
}

/// Says that `weight` has a one in one constant and zeros in the others.
fn basis(shape: &Shape) -> String {
    let fields = shape.pe.roots + usize::from(shape.pe.bias_bits.is_some());
    let alone = |n: usize| format!("weight == (1 << {})", n * shape.pe.weight_bits);
    (0..fields).map(alone).collect::<Vec<_>>().join(" || ")
}

/// Adds up the digits of an integer; `beat` counts them from 0.
fn digit_model(shape: &Shape) -> String {
    let fields = &shape.pe.operand;
    let root_end = fields.shift + fields.root;
    let root = match fields.root {
        0 => "1'b1".to_string(),
        _ => format!("operand[{}:{}] == 0", root_end - 1, fields.shift),
    };
    format!(
        "  wire active = operand[{active}], minus = operand[{root_end}], plain = {root};
  wire [{shift_top}:0] exponent = operand[{shift_top}:0];
  wire signed [31:0] power = 32'sd1 <<< exponent;
  wire signed [31:0] digit = active ? (minus ? -power : power) : 32'sd0;
  reg fresh_late, started = 0;
  reg [3:0] beats, next_exponent;
  reg signed [31:0] integer_sent, before;
  wire [3:0] beat = fresh_late ? 4'd0 : beats;
  wire signed [31:0] total = digit + (fresh_late ? 32'sd0 : before);
  always @(posedge clock) begin
    fresh_late <= fresh && age >= 3;
    if (fresh && age >= 3) begin
      started <= 1'b1;
      integer_sent <= inside ? $signed(code[7:0]) : $signed(threshold[7:0]);
    end
    beats <= beat == 4'd8 ? 4'd8 : beat + 1'b1;
    before <= total;
    next_exponent <= active ? exponent + 4'd2 : (fresh_late ? 4'd0 : next_exponent);
  end
",
        active = fields.bits() - 1,
        shift_top = fields.shift - 1,
    )
}

const DIGIT_ASSERTS: &str = "if (started) begin
        assert(plain);
        assert(fresh_late || !active || exponent >= next_exponent);
        if (beat >= 3) assert(total == integer_sent);
      end";
