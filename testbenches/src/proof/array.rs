//! A small array, edges and correction included, against the sum of products.

use super::edge::valid_threshold;
use super::{Claim, Layer, SmallArray, golden, not_emitted};
use cromulent::Error;
use cromulent_core::Shape;
use cromulent_design::{Design, PeKind};
use cromulent_kit::emit;
use rust_hdl_core::prelude::*;

/// The columns of an emitted array, with row edges, correction column, feet and skew, deliver the golden
/// sum of any codes, after any weights and thresholds were loaded and swapped in.
///
/// A solver does not decide sums of products of numbers in minutes: there weights are 0 and 1. That products
/// are right for all weights is for [`processing_element`](super::processing_element) to show.
///
/// # Errors
/// The block cannot be emitted.
pub fn array(design: &Design) -> Result<Claim, Error> {
    let shape = Shape::of(design);
    let mut block = SmallArray::new(&shape);
    block.connect_all();
    Ok(Claim {
        emitted: emit::verilog(&block).map_err(not_emitted)?,
        miter: golden::word(&shape, Layer::Codes)
            + &parts(&shape)
            + &Miter {
                shape: &shape,
                block: &block,
            }
            .text(),
        cycles: ready(&shape, shape.columns - 1) as u32 + 1,
        cases: vec![],
    })
}

/// The first cycle in which row 0 sees a code with its threshold in use: loaded in 0, swapped in 1.
const FIRST: usize = 3;

/// The cycle in which column j's sum of the first codes stands at its foot: after edge, rows and foot.
fn ready(shape: &Shape, column: usize) -> usize {
    FIRST + 2 + shape.rows + column
}

/// Golden modules of a row's edge and of an element: registers for what is loaded and for what passes
/// on, and the element's contribution.
fn parts(shape: &Shape) -> String {
    format!(
        "module golden_edge (
  input clock, input load, input swap, input [{code}:0] word, input on_map,
  input [{threshold}:0] threshold_word, output reg load_out, output reg swap_out,
  output reg active_out, output reg [{value}:0] value_out
);
  reg loading, swapping;
  reg [{threshold}:0] shadow, threshold;
  wire active;
  wire [{value}:0] value;
  golden_row row (.word(word), .threshold_word(threshold), .on_map(on_map), .active(active),
    .value(value));
  always @(posedge clock) begin
    loading <= load;
    swapping <= swap;
    load_out <= loading;
    swap_out <= swapping;
    if (loading) shadow <= threshold_word;
    if (swapping) threshold <= shadow;
    active_out <= active;
    value_out <= value;
  end
endmodule
module golden_element (
  input clock, input load, input swap, input active, input [{value}:0] value,
  input [{weight}:0] weight_word, output reg load_out, output reg swap_out, output reg active_out,
  output reg [{value}:0] value_out, output signed [{contribution}:0] contribution
);
  reg [{weight}:0] shadow, weight;
  always @(posedge clock) begin
    if (load) shadow <= weight_word;
    if (swap) weight <= shadow;
    load_out <= load;
    swap_out <= swap;
    active_out <= active;
    value_out <= value;
  end
  golden_product product (.active(active), .value(value), .weight(weight),
    .contribution(contribution));
endmodule
",
        code = shape.code_word_bits() - 1,
        threshold = shape.threshold_bits(),
        value = golden::VALUE_BITS - 1,
        weight = shape.weight_word_bits() - 1,
        contribution = shape.sum_bits - 1,
    )
}

struct Miter<'a> {
    shape: &'a Shape,
    block: &'a SmallArray,
}

impl Miter<'_> {
    fn text(&self) -> String {
        let (rows, columns) = (0..self.shape.rows, 0..self.shape.columns);
        let rows: String = rows.map(|r| self.row(r)).collect();
        let sums: String = columns.map(|j| self.column(j)).collect();
        self.header() + &rows + &sums + &self.instance() + &self.asserts() + "endmodule\n"
    }

    fn header(&self) -> String {
        let (code, weight) = (
            self.shape.code_word_bits() - 1,
            self.shape.weight_word_bits() - 1,
        );
        let mut ports = vec![
            "input clock".to_string(),
            format!("input [{}:0] threshold_word", self.shape.threshold_bits()),
        ];
        let row = |r| format!("input [{code}:0] word_{r}, input on_map_{r}");
        ports.extend((0..self.shape.rows).map(row));
        ports.extend((0..self.shape.columns).map(|j| format!("input [{weight}:0] weight_{j}")));
        format!(
            "module miter (
  {}
);
  reg [4:0] age = 0;
  always @(posedge clock) age <= age + 1'b1;
",
            ports.join(",\n  ")
        )
    }

    /// Strobes of row r, a cycle later than the row above, its golden edge and elements.
    fn row(&self, r: usize) -> String {
        let mut text = format!(
            "  wire load_in_{r} = age == {r}, swap_in_{r} = age == {};
  golden_edge edge_{r} (.clock(clock), .load(load_in_{r}), .swap(swap_in_{r}), .word(word_{r}),
    .on_map(on_map_{r}), .threshold_word(threshold_word), {});
{}",
            r + 1,
            passed(r, 0),
            wires(r, 0),
        );
        for j in 0..self.shape.columns {
            text += &format!(
                "  wire signed [{}:0] part_{r}_{j};
  golden_element element_{r}_{j} (.clock(clock), .load(load_{r}_{j}), .swap(swap_{r}_{j}),
    .active(active_{r}_{j}), .value(value_{r}_{j}), .weight_word(weight_{j}),
    {}, .contribution(part_{r}_{j}));
{}",
                self.shape.sum_bits - 1,
                passed(r, j + 1),
                wires(r, j + 1),
            );
        }
        text
    }

    /// The golden sum of column j: each row's contribution, a cycle apart, then the foot.
    fn column(&self, j: usize) -> String {
        let (top, last) = (self.shape.sum_bits - 1, self.shape.rows - 1);
        let mut text = format!(
            "  wire [{top}:0] corrected_{j};
  reg signed [{top}:0] golden_{j};
  always @(posedge clock) golden_{j} <= sum_{last}_{j};
"
        );
        for r in 0..self.shape.rows {
            let above = match r.checked_sub(1) {
                None => String::new(),
                Some(above) => format!("sum_{above}_{j} + "),
            };
            text += &format!(
                "  reg signed [{top}:0] sum_{r}_{j};
  always @(posedge clock) sum_{r}_{j} <= {above}part_{r}_{j};
"
            );
        }
        text
    }

    fn instance(&self) -> String {
        let mut ports = vec![".clock(clock)".to_string()];
        for r in 0..self.shape.rows {
            ports.push(format!(
                ".code_{r}(word_{r}), .inside_{r}(on_map_{r}), .load_{r}(load_in_{r}), .swap_{r}(swap_in_{r})"
            ));
            if !self.block.fresh.is_empty() {
                ports.push(format!(".fresh_{r}(1'b1)"));
            }
        }
        if self.block.threshold_word.is_present() {
            ports.push(".threshold_word(threshold_word)".to_string());
        }
        if self.block.digits.is_present() {
            ports.push(".digits(1'b0)".to_string());
        }
        let column = |j| format!(".weight_{j}(weight_{j}), .corrected_{j}(corrected_{j})");
        ports.extend((0..self.shape.columns).map(column));
        format!("  small_array emitted (\n    {});\n", ports.join(",\n    "))
    }

    fn asserts(&self) -> String {
        let columns = 0..self.shape.columns;
        let mut lines = vec![valid_threshold(self.shape)];
        if self.shape.pe.kind == PeKind::LogLog {
            let power = |j: usize| {
                let bits = self.shape.pe.weight_bits;
                let values = (0..bits - 1).flat_map(|n| [1 << n, (1 << bits) - (1 << n)]);
                let any = values.map(|value| format!(" || weight_{j} == {value}"));
                format!("assume(weight_{j} == 0{});", any.collect::<String>())
            };
            lines.extend(columns.clone().map(power));
        } else if self.shape.pe.kind != PeKind::Shift {
            let one_bit = |j| format!("assume(weight_{j} <= 1);");
            lines.extend(columns.clone().map(one_bit));
        }
        lines.extend(columns.map(|j| {
            let ready = ready(self.shape, j);
            format!("if (age == {ready}) assert(corrected_{j} == golden_{j});")
        }));
        format!(
            "  (* keep *) wire reached = age == {};
  always @* begin
    {}
  end
",
            ready(self.shape, self.shape.columns - 1),
            lines.join("\n    ")
        )
    }
}

/// Wires of what enters column j of row r.
fn wires(r: usize, j: usize) -> String {
    format!(
        "  wire load_{r}_{j}, swap_{r}_{j}, active_{r}_{j};
  wire [{}:0] value_{r}_{j};
",
        golden::VALUE_BITS - 1,
    )
}

/// Ports of a golden module through which row r goes on to column j.
fn passed(r: usize, j: usize) -> String {
    ["load", "swap", "active", "value"]
        .map(|name| format!(".{name}_out({name}_{r}_{j})"))
        .join(", ")
}
