//! Tables of products: what is loaded into them, and that it is looked up.

use super::{Claim, golden, not_emitted};
use cromulent::Error;
use cromulent_core::{PeShape, Shape, TableHead};
use cromulent_design::{Design, PeKind};
use cromulent_kit::emit;
use rust_hdl_core::prelude::*;

/// The head of a column makes of every operand that a row edge may send and of any constants what the operand
/// contributes, with the documented corrections of an element that shifts.
///
/// # Errors
/// The block cannot be emitted.
pub fn table_head(design: &Design) -> Result<Claim, Error> {
    let shape = Shape::of(design);
    let mut head = TableHead::new(&shape);
    head.connect_all();
    // What an entry is: the product of an element that shifts, of the same operands.
    let meaning = PeShape {
        kind: PeKind::Shift,
        ..shape.pe.clone()
    };
    Ok(Claim {
        emitted: emit::verilog(&head).map_err(not_emitted)?,
        miter: golden::operand(design, &meaning) + &made(&meaning),
        cycles: 3,
        cases: vec![],
    })
}

fn made(shape: &PeShape) -> String {
    format!(
        "module miter (input clock, input [{operand}:0] entry, input [{weight}:0] weight);
  reg [1:0] age = 0;
  always @(posedge clock) age <= age + 1'b1;
  wire [{operand}:0] entry_out;
  wire [{product} + {operand} + 1:0] word;
  table_head emitted (.clock(clock), .entry_in(entry), .entry_out(entry_out), .weight(weight), .word(word));
  wire signed [{sum}:0] contribution;
  wire [{missing}:0] missing;
  wire legal;
  golden_operand golden (.operand(entry), .weight(weight), .contribution(contribution), .missing(missing),
    .legal(legal));
  wire [{sum}:0] expected = contribution + 32'sd{offset} - $signed({{1'b0, missing}});
  reg [{product}:0] made;
  reg [{operand}:0] of;
  always @(posedge clock) begin
    made <= expected[{product}:0];
    of <= entry;
  end
  (* keep *) wire reached = age >= 1;
  always @* begin
    assume(legal);
    if (reached) begin
      assert(word == {{of, made}});
      assert(entry_out == of);
    end
  end
endmodule
",
        operand = shape.operand.bits() - 1,
        weight = shape.weight_word_bits() - 1,
        product = shape.product_bits - 1,
        sum = shape.sum_bits - 1,
        missing = golden::MISSING_BITS - 1,
        offset = shape.offset(),
    )
}

/// The miter of an element with tables. It watches one place, any one: a sum grows by what was written there last,
/// whatever else is loaded and whichever table is in use.
pub(super) fn looked_up(shape: &PeShape) -> String {
    let (place, written, read, swap, swapped) = match shape.shadow {
        true => (
            shape.operand.bits(),
            "{!half_in, entry}",
            "{half, operand_in}",
            ".swap_in(half_in), .swap_out(half_out), ",
            "assert(half_out == half);",
        ),
        false => (shape.operand.bits() - 1, "entry", "operand_in", "", ""),
    };
    format!(
        "module miter (
  input clock, input load, input half_in, input [{place}:0] any_place, input [{operand}:0] operand_in,
  input [{operand}:0] entry, input [{product}:0] product, input [{sum}:0] sum_in
);
  reg [3:0] age = 0;
  reg [{place}:0] place;
  reg half, known = 0, compared = 0, loaded;
  reg [{product}:0] value;
  reg [{sum}:0] sum;
  reg [{operand}:0] operand;
  wire [{operand}:0] operand_out;
  wire [{sum}:0] sum_out;
  wire load_out, half_out;
  pe emitted (.clock(clock), .operand_in(operand_in), .operand_out(operand_out), .load_in(load), .load_out(load_out),
    {swap}.weight({{entry, product}}), .sum_in(sum_in), .sum_out(sum_out));
  always @(posedge clock) begin
    age <= age + 1'b1;
    if (age == 0) place <= any_place;
    half <= half_in;
    loaded <= load;
    operand <= operand_in;
    if (age >= 1 && load && {written} == place) begin
      known <= 1'b1;
      value <= product;
    end
    compared <= known && {read} == place;
    sum <= sum_in + value;
  end
  (* keep *) wire reached = compared;
  always @* if (age >= 1) begin
    if (compared) assert(sum_out == sum);
    assert(operand_out == operand);
    assert(load_out == loaded);
    {swapped}
  end
endmodule
",
        operand = shape.operand.bits() - 1,
        product = shape.product_bits - 1,
        sum = shape.sum_bits - 1,
    )
}
