//! The row edge against the affine and the ReLU.

use super::{Claim, Layer, golden, not_emitted};
use cromulent::Error;
use cromulent_core::{RowEdge, Shape};
use cromulent_design::{Affine, Design, PeKind};
use cromulent_kit::emit;
use cromulent_number::{Code, Format, integer};
use rust_hdl_core::prelude::*;

/// What the emitted `row_edge` sends is legal and contributes what the golden formulation says, for every
/// code, threshold, direction, place on or off the map, and pattern of load and swap.
///
/// In layers of integers the digits are the non-adjacent form, lowest first, and after four beats their
/// sum is the integer (the pad value off the map). In layers of level codes they are those of the clamped code's integer,
/// after as many beats as the format has.
///
/// # Errors
/// The block cannot be emitted.
pub fn row_edge(design: &Design, layer: Layer) -> Result<Claim, Error> {
    let shape = Shape::of(design);
    // Whatever multiplies it, a power of two means the same.
    let meant = Design {
        pe: match design.pe {
            PeKind::LogLog | PeKind::Table => PeKind::Shift,
            pe => pe,
        },
        ..design.clone()
    };
    let mut meaning = Shape::of(&meant);
    meaning.pe.operand = shape.pe.operand;
    let mut edge = RowEdge::new(&shape);
    edge.connect_all();
    Ok(Claim {
        emitted: emit::verilog(&edge).map_err(not_emitted)?,
        miter: golden::operand(&meant, &meaning.pe)
            + &golden::word(&meaning, layer)
            + &miter(&meaning, &edge, layer),
        // A word is compared two cycles after its threshold came into use; an integer has four beats.
        cycles: if edge.fresh.is_present() && (layer == Layer::Integers || design.format.is_level())
        {
            9
        } else {
            5
        },
        cases: vec![],
    })
}

/// The kinds of layer a design has: rows of codes, and of integers where it takes them.
pub fn layers(design: &Design) -> &'static [Layer] {
    if design.takes_integers() {
        &[Layer::Codes, Layer::Integers]
    } else {
        &[Layer::Codes]
    }
}

/// The ports of an edge that not every form has, connected.
fn optional_ports(edge: &RowEdge, layer: Layer) -> String {
    let integers = u8::from(layer == Layer::Integers);
    let ports = [
        (edge.fresh.is_present(), ".fresh(fresh), ".to_string()),
        (
            edge.digits.is_present(),
            format!(".digits(1'b{integers}), "),
        ),
        (
            edge.threshold_word.is_present(),
            ".threshold_word(threshold_word), ".to_string(),
        ),
    ];
    ports
        .into_iter()
        .filter_map(|(present, port)| present.then_some(port))
        .collect()
}

fn miter(shape: &Shape, edge: &RowEdge, layer: Layer) -> String {
    let format = shape.design.format;
    let word_assert = || WORD_ASSERT.to_string();
    let (model, assumes, asserts) = match layer {
        Layer::Integers if shape.design.image_digits => {
            let stored = "inside ? $signed(code[7:0]) : $signed(threshold[7:0])";
            (digit_model(shape, stored), no_bias(shape), digit_asserts(4))
        }
        Layer::Codes if format.is_level() => {
            let model = level_model(format) + &digit_model(shape, "level");
            (model, valid_threshold(shape), digit_asserts(format.beats()))
        }
        Layer::Integers => (WORD_MODEL.to_string(), String::new(), word_assert()),
        Layer::Codes => (
            WORD_MODEL.to_string(),
            valid_threshold(shape),
            word_assert(),
        ),
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
  row_edge emitted (.clock(clock), .code(code), .inside_(inside), {ports}
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

  wire signed [{contribution_top}:0] sent, contribution;
  reg signed [{contribution_top}:0] expected;
  wire [{missing_top}:0] missing;
  wire legal;
  golden_operand meaning (.operand(operand), .weight(weight), .contribution(sent), .missing(missing),
    .legal(legal));
{model}
  (* keep *) wire reached = age >= 4;
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
        word_top = shape.threshold_bits(),
        weight_top = shape.weight_word_bits() - 1,
        operand_top = shape.pe.operand.bits() - 1,
        contribution_top = shape.sum_bits - 1,
        missing_top = golden::MISSING_BITS - 1,
        ports = optional_ports(edge, layer),
        basis = basis(shape),
    )
}

/// The golden contribution of the word sent.
const WORD_MODEL: &str = "  wire active;
  wire [7:0] value;
  golden_row golden (.word(code), .threshold_word(threshold), .on_map(inside), .active(active),
    .value(value));
  golden_product product (.active(active), .value(value), .weight(weight), .contribution(contribution));
  always @(posedge clock) expected <= contribution;";

const WORD_ASSERT: &str = "assert(sent == expected);";

/// Compilers write no threshold beyond the places of the codes and, in the exact form, one more: never.
pub(super) fn valid_threshold(shape: &Shape) -> String {
    let bits = shape.design.format.code_bits();
    let largest = match shape.design.affine {
        Affine::Exact => 1 << bits,
        _ => (1 << bits) - 1,
    };
    format!("assume(threshold_word[{bits}:0] <= {largest});")
}

/// In layers of integers B is 0.
fn no_bias(shape: &Shape) -> String {
    shape.pe.bias_bits.map_or(String::new(), |bits| {
        let low = shape.weight_word_bits() - bits;
        format!("assume(weight[{}:{low}] == 0);", low + bits - 1)
    })
}

/// Says that `weight` has a one in one constant and zeros in the others.
fn basis(shape: &Shape) -> String {
    let fields = shape.pe.roots + usize::from(shape.pe.bias_bits.is_some());
    let alone = |n: usize| format!("weight == (1 << {})", n * shape.pe.weight_bits);
    (0..fields).map(alone).collect::<Vec<_>>().join(" || ")
}

/// The integer of the golden row's code, written code by code.
fn level_model(format: Format) -> String {
    let entry = |code: u32| {
        let level = integer(format, Code(code as u8)).unwrap_or(0);
        format!("(golden_code == {code}) ? {level} :\n    ")
    };
    format!(
        "  wire active_code;
  wire [7:0] golden_code;
  golden_row golden (.word(code), .threshold_word(threshold), .on_map(inside), .active(active_code),
    .value(golden_code));
  wire signed [9:0] level = {}0;
",
        (0..format.codes()).map(entry).collect::<String>()
    )
}

/// Adds up the digits of an integer; `beat` counts them from 0.
fn digit_model(shape: &Shape, stored: &str) -> String {
    let fields = &shape.pe.operand;
    if fields.number > 0 {
        return digit_sum(&number_digit(shape), stored);
    }
    let root_end = fields.shift + fields.root;
    let root = match fields.root {
        0 => "1'b1".to_string(),
        _ => format!("operand[{}:{}] == 0", root_end - 1, fields.shift),
    };
    let digit = format!(
        "  wire active = operand[{active}], minus = operand[{root_end}], plain = {root};
  wire [{shift_top}:0] exponent = operand[{shift_top}:0];
",
        active = fields.bits() - 1,
        shift_top = fields.shift - 1,
    );
    digit_sum(&digit, stored)
}

/// The digit in an operand of rows of adders: its number is a power of two or 0.
fn number_digit(shape: &Shape) -> String {
    let fields = &shape.pe.operand;
    let power = |bit: usize| {
        format!(
            "operand[{}:0] == {} ? {bit} :\n    ",
            fields.number - 1,
            1 << bit
        )
    };
    let powers: String = (0..1 << shape.pe.shift_unit).map(power).collect();
    format!(
        "  wire [2:0] low = {powers}7;
  wire active = low != 7, minus = operand[{sign}];
  wire plain = active || operand == 0;
  wire [2:0] exponent = low + operand[{top}:{number}] * {unit};
",
        sign = fields.bits() - 1,
        top = fields.bits() - 2,
        number = fields.number,
        unit = 1 << shape.pe.shift_unit,
    )
}

/// The sum of digits that are given as `active`, `minus`, `exponent` and whether nothing else is sent.
fn digit_sum(digit: &str, stored: &str) -> String {
    format!(
        "{digit}  wire signed [8:0] power = 9'sd1 <<< exponent;
  wire signed [9:0] digit = active ? (minus ? -power : power) : 0;
  reg fresh_late, started = 0;
  reg [3:0] beats, next_exponent;
  reg signed [9:0] integer_sent, before;
  wire [3:0] beat = fresh_late ? 4'd0 : beats;
  wire signed [9:0] total = digit + (fresh_late ? 10'sd0 : before);
  always @(posedge clock) begin
    fresh_late <= fresh && age >= 3;
    if (fresh && age >= 3) begin
      started <= 1'b1;
      integer_sent <= {stored};
    end
    beats <= beat == 4'd8 ? 4'd8 : beat + 1'b1;
    before <= total;
    next_exponent <= active ? exponent + 4'd2 : (fresh_late ? 4'd0 : next_exponent);
  end
"
    )
}

/// After so many beats the digits are the integer.
fn digit_asserts(beats: u32) -> String {
    format!(
        "if (started) begin
        assert(plain);
        assert(fresh_late || !active || exponent >= next_exponent);
        if (beat >= {}) assert(total == integer_sent);
      end",
        beats - 1
    )
}
