//! The row edge against the affine and the ReLU.

use super::{Claim, golden, not_emitted};
use cromulent::Error;
use cromulent_core::{RowEdge, Shape};
use cromulent_design::{Affine, Design};
use cromulent_kit::emit;
use rust_hdl_core::prelude::*;

/// What the emitted `row_edge` sends is legal and contributes what the golden formulation says, for every
/// code, threshold, direction, place on or off the map, and pattern of load and swap. In layers of
/// integers the digits are the non-adjacent form, lowest first, and after four beats their sum is the
/// integer (the pad value off the map).
///
/// # Errors
/// The block cannot be emitted.
pub fn row_edge(design: &Design) -> Result<Claim, Error> {
    let shape = Shape::of(design);
    let mut edge = RowEdge::new(&shape);
    edge.connect_all();
    Ok(Claim {
        emitted: emit::verilog(&edge).map_err(not_emitted)?,
        miter: golden::operand(design, &shape.pe)
            + &golden::code(design, &shape.pe)
            + &miter(&shape),
        cycles: if design.image_digits { 10 } else { 6 },
    })
}

/// Bits of a threshold word of the design, if its edges keep one: threshold or pad value, direction.
pub(super) fn threshold_word_bits(shape: &Shape) -> Option<usize> {
    let kept = shape.design.affine != Affine::Rectified || shape.design.image_digits;
    kept.then(|| shape.threshold_bits() + 1)
}

fn miter(shape: &Shape) -> String {
    let design = &shape.design;
    let word = threshold_word_bits(shape);
    let threshold_port = word.map_or("", |_| ".threshold_word(threshold_word), ");
    let digit_ports = match design.image_digits {
        true => ".fresh(fresh), .digits(digits), ",
        false => "",
    };
    let word = word.unwrap_or(shape.threshold_bits() + 1);
    format!(
        "module miter (
  input clock, input [{code_top}:0] code, input inside, input fresh, input load, input swap,
  input [{word_top}:0] threshold_word
);
  reg [3:0] age = 0;
  always @(posedge clock) age <= age + 1'b1;
  // A threshold is loaded, then swapped in; after that both come as they like.
  wire load_in = load || age == 0, swap_in = swap || age == 1;
  // Constants, and the kind of layer, are any, but the same all the time.
  reg [{weight_top}:0] weight;
  reg digits_held;
  always @(posedge clock) begin
    weight <= weight;
    digits_held <= digits_held;
  end
  wire digits = digits_held && {has_digits};

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

  wire signed [31:0] contribution;
  golden_code golden (.code(code[{format_top}:0]), .threshold(threshold[{format_bits}:0]),
    .descending(threshold[{word_top}]), .inside(inside), .weight(weight), .contribution(contribution));
  reg signed [31:0] expected;
  always @(posedge clock) expected <= contribution;

  wire signed [31:0] sent;
  wire negative, legal;
  golden_operand meaning (.operand(operand), .weight(weight), .contribution(sent), .negative(negative),
    .legal(legal));
{digit_model}
  wire reached = age >= 4;
  always @* begin
    if (!digits) assume(threshold_word[{format_bits}:0] <= {largest_threshold});
    {no_bias}
    // A contribution is linear in the constants: equal for each alone is equal for all.
    assume({basis});
    if (reached) begin
      assert(legal);
      assert(load_out == loading_late);
      assert(swap_out == swapping_late);
      if (!digits) assert(sent == expected);
      {digit_asserts}
    end
  end
endmodule
",
        code_top = shape.code_word_bits() - 1,
        word_top = word - 1,
        weight_top = shape.weight_word_bits() - 1,
        operand_top = shape.pe.operand.bits() - 1,
        format_top = design.format.code_bits() - 1,
        format_bits = design.format.code_bits(),
        has_digits = u8::from(design.image_digits),
        largest_threshold = largest_threshold(design),
        digit_model = if design.image_digits { digit_model(shape) } else { String::new() },
        digit_asserts = if design.image_digits { DIGIT_ASSERTS } else { "" },
        no_bias = no_bias(shape),
        basis = basis(shape),
    )
}

/// The largest threshold a compiler writes: one past the codes' places where never active is a place.
pub(super) fn largest_threshold(design: &Design) -> u32 {
    let codes = 1 << design.format.code_bits();
    match design.affine {
        Affine::Exact => codes,
        _ => codes - 1,
    }
}

/// In layers of integers B is 0.
pub(super) fn no_bias(shape: &Shape) -> String {
    shape.pe.bias_bits.map_or(String::new(), |bits| {
        let low = shape.weight_word_bits() - bits;
        format!("if (digits) assume(weight[{}:{low}] == 0);", low + bits - 1)
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

const DIGIT_ASSERTS: &str = "if (digits && started) begin
        assert(plain);
        assert(fresh_late || !active || exponent >= next_exponent);
        if (beat >= 3) assert(total == integer_sent);
      end";
