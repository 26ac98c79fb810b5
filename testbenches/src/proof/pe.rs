//! The processing element against a multiply.

use super::{Claim, golden, not_emitted, table};
use cromulent::Error;
use cromulent_core::{Pe, PeShape};
use cromulent_design::{Design, PeKind};
use cromulent_kit::emit;
use rust_hdl_core::prelude::*;

/// The emitted `pe`, its registers for weights included, adds to every sum what an operand contributes,
/// plus the documented corrections: the offset of its shape, and less what the correction column adds: one when the
/// operand is negative, of Booth rows what the negative ones leave out. Holds
/// for every operand a row edge may send, every constant, every sum, every pattern of load and swap.
///
/// Of an element with tables: it adds what was loaded last for the operand into the table in use;
/// [`table_head`](super::table_head) is what is loaded.
///
/// Of products of numbers a solver decides one number at a time, of int8 one half of it; a shorter run tells them
/// apart.
///
/// # Errors
/// The block cannot be emitted.
pub fn processing_element(design: &Design, shape: &PeShape) -> Result<Claim, Error> {
    let mut pe = Pe::new(shape);
    pe.connect_all();
    if shape.kind == PeKind::Table {
        return Ok(Claim {
            emitted: emit::verilog(&pe).map_err(not_emitted)?,
            miter: table::looked_up(shape),
            cycles: COMPARED + 2,
            cases: vec![],
        });
    }
    let multiplies = !shape.kind.takes_powers();
    let number = shape.operand.number;
    let low = number.saturating_sub(4);
    Ok(Claim {
        emitted: emit::verilog(&pe).map_err(not_emitted)?,
        miter: golden::operand(design, shape) + &miter(shape),
        cycles: if multiplies { COMPARED } else { COMPARED + 1 },
        cases: match multiplies {
            true => (0..1 << (number - low))
                .map(|high| {
                    let (at, top) = (COMPARED - 1, number - 1);
                    format!("-set-at {at} operand_in[{top}:{low}] {high}")
                })
                .collect(),
            false => vec![],
        },
    })
}

/// Cycles until the first sum is compared: load, swap, add, compare.
const COMPARED: u32 = 4;

fn miter(shape: &PeShape) -> String {
    let (swap_ports, weights, swap_assert) = match shape.shadow {
        true => (
            ".swap_in(swap_in), .swap_out(swap_out), ",
            "  reg [W-1:0] shadow, constants;
  always @(posedge clock) begin
    if (load_in) shadow <= weight;
    if (swap_in) constants <= shadow;
  end",
            "assert(swap_out == swapped); ",
        ),
        false => (
            "",
            "  reg [W-1:0] constants;
  always @(posedge clock) if (load_in) constants <= weight;",
            "",
        ),
    };
    format!(
        "module miter (
  input clock, input load, input swap,
  input [{operand_top}:0] operand_in, input [{weight_top}:0] weight, input [{sum_top}:0] sum_in
);
  localparam W = {weight_top} + 1, S = {sum_top} + 1;
  reg [3:0] age = 0;
  always @(posedge clock) age <= age + 1'b1;
  // Weights are loaded, then swapped in; after that both come as they like.
  wire load_in = load || age == 0, swap_in = swap || age == 1;

  wire [{operand_top}:0] operand_out;
  wire load_out, swap_out;
  wire [S-1:0] sum_out;
  pe emitted (.clock(clock), .operand_in(operand_in), .operand_out(operand_out), .load_in(load_in),
    .load_out(load_out), {swap_ports}.weight(weight), .sum_in(sum_in), .sum_out(sum_out));

{weights}
  wire signed [{contribution_top}:0] contribution;
  wire [{missing_top}:0] missing;
  wire legal;
  golden_operand golden (.operand(operand_in), .weight(constants), .contribution(contribution),
    .missing(missing), .legal(legal));
  reg [S-1:0] sum;
  reg [{operand_top}:0] operand;
  reg loaded, swapped;
  always @(posedge clock) begin
    sum <= $signed(sum_in) + contribution + 32'sd{offset} - $signed({{1'b0, missing}});
    operand <= operand_in;
    loaded <= load_in;
    swapped <= swap_in;
  end

  (* keep *) wire reached = age >= 3;
  always @* begin
    assume(legal);
    if (reached) begin
      assert(sum_out == sum);
      assert(operand_out == operand);
      assert(load_out == loaded);
      {swap_assert}
    end
  end
endmodule
",
        operand_top = shape.operand.bits() - 1,
        weight_top = shape.weight_word_bits() - 1,
        sum_top = shape.sum_bits - 1,
        contribution_top = shape.sum_bits - 1,
        missing_top = golden::MISSING_BITS - 1,
        offset = shape.offset(),
    )
}
