//! A small array, edges and correction included, against the sum of products.

use super::edge::{no_bias, threshold_word_bits, valid_threshold};
use super::{Claim, Layer, SmallArray, golden, not_emitted};
use cromulent::Error;
use cromulent_core::Shape;
use cromulent_design::Design;
use cromulent_kit::emit;
use rust_hdl_core::prelude::*;
use std::fmt::Write;

/// Cycles from a row 0 code to the column 0 sum, with the design's rows: edge, rows, foot.
fn latency(shape: &Shape) -> usize {
    shape.rows + 2
}

/// The columns of an emitted array, with row edges, correction column, feet and skew, deliver the golden
/// sum: of codes every cycle, while weights and thresholds are loaded and swapped as they like; of
/// integers over four beats, with weights that stay.
///
/// # Errors
/// The block cannot be emitted.
pub fn array(design: &Design, layer: Layer) -> Result<Claim, Error> {
    let shape = Shape::of(design);
    let mut block = SmallArray::new(&shape);
    block.connect_all();
    let positions = match layer {
        Layer::Codes => 2,
        Layer::Integers => 5,
    };
    Ok(Claim {
        emitted: emit::verilog(&block).map_err(not_emitted)?,
        miter: golden::code(design, &shape.pe)
            + &Miter {
                shape: &shape,
                layer,
            }
            .text(),
        cycles: (FIRST + latency(&shape) + shape.columns - 1 + positions) as u32,
    })
}

/// The first cycle in which row 0 sees a code with its threshold in use: loaded in 0, swapped in 1.
const FIRST: usize = 3;

struct Miter<'a> {
    shape: &'a Shape,
    layer: Layer,
}

impl Miter<'_> {
    fn text(&self) -> String {
        let mut text = self.header();
        for row in 0..self.shape.rows {
            text += &self.row(row);
        }
        for column in 0..self.shape.columns {
            text += &match self.layer {
                Layer::Codes => self.sum_of_codes(column),
                Layer::Integers => self.sum_of_integers(column),
            };
        }
        text + &self.instance() + &self.asserts() + "endmodule\n"
    }

    fn indices(&self) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        (0..self.shape.rows, 0..self.shape.columns)
    }

    fn word_bits(&self) -> usize {
        threshold_word_bits(self.shape).unwrap_or(self.shape.threshold_bits() + 1)
    }

    fn header(&self) -> String {
        let (rows, columns) = self.indices();
        let mut text = format!(
            "module miter (\n  input clock, input [{}:0] threshold_word",
            self.word_bits() - 1
        );
        for r in rows {
            let code_top = self.shape.code_word_bits() - 1;
            let _ = write!(
                text,
                ",\n  input [{code_top}:0] code_{r}, input inside_{r}, input load_{r}, input swap_{r}"
            );
        }
        for j in columns {
            let _ = write!(
                text,
                ",\n  input [{}:0] weight_{j}",
                self.shape.weight_word_bits() - 1
            );
        }
        text + "\n);
  reg [4:0] age = 0;
  always @(posedge clock) age <= age + 1'b1;
"
    }

    /// Load and swap of one row, its threshold, its weights, and its code on the way to column j.
    fn row(&self, r: usize) -> String {
        let (word_top, code_top) = (self.word_bits() - 1, self.shape.code_word_bits() - 1);
        let weight_top = self.shape.weight_word_bits() - 1;
        let free = match self.layer {
            Layer::Codes => "",
            Layer::Integers => "1'b0 && ",
        };
        let mut text = format!(
            "  wire load_in_{r} = load_{r} || age == {r}, swap_in_{r} = ({free}swap_{r}) || age == {};
  reg load_{r}_1, swap_{r}_1;
  reg [{word_top}:0] shadow_{r}, threshold_{r};
  reg [{code_top}:0] code_{r}_1;
  reg [{word_top}:0] threshold_{r}_1;
  reg inside_{r}_1;
  always @(posedge clock) begin
    load_{r}_1 <= load_in_{r};
    swap_{r}_1 <= swap_in_{r};
    if (load_{r}_1) shadow_{r} <= threshold_word;
    if (swap_{r}_1) threshold_{r} <= shadow_{r};
    code_{r}_1 <= code_{r};
    inside_{r}_1 <= inside_{r};
    threshold_{r}_1 <= threshold_{r};
  end
",
            r + 1
        );
        for j in 0..self.shape.columns {
            let (now, next) = (j + 1, j + 2);
            let _ = write!(
                text,
                "  reg load_{r}_{next}, swap_{r}_{next};
  reg [{code_top}:0] code_{r}_{next};
  reg [{word_top}:0] threshold_{r}_{next};
  reg inside_{r}_{next};
  reg [{weight_top}:0] waiting_{r}_{j}, weight_{r}_{j};
  always @(posedge clock) begin
    load_{r}_{next} <= load_{r}_{now};
    swap_{r}_{next} <= swap_{r}_{now};
    if (load_{r}_{next}) waiting_{r}_{j} <= weight_{j};
    if (swap_{r}_{next}) weight_{r}_{j} <= waiting_{r}_{j};
    code_{r}_{next} <= code_{r}_{now};
    inside_{r}_{next} <= inside_{r}_{now};
    threshold_{r}_{next} <= threshold_{r}_{now};
  end
"
            );
        }
        text
    }

    /// The golden sum of column j: each row's contribution, a cycle apart, then the foot.
    fn sum_of_codes(&self, j: usize) -> String {
        let design = &self.shape.design;
        let (format_top, word_top) = (design.format.code_bits() - 1, self.word_bits() - 1);
        let at = j + 1;
        let mut text = String::new();
        for r in 0..self.shape.rows {
            let above = match r {
                0 => "32'sd0".to_string(),
                _ => format!("sum_{}_{j}", r - 1),
            };
            let _ = write!(
                text,
                "  wire signed [31:0] part_{r}_{j};
  reg signed [31:0] sum_{r}_{j};
  golden_code golden_{r}_{j} (.code(code_{r}_{at}[{format_top}:0]), .threshold(threshold_{r}_{at}[{}:0]),
    .descending(threshold_{r}_{at}[{word_top}]), .inside(inside_{r}_{at}), .weight(weight_{r}_{j}),
    .contribution(part_{r}_{j}));
  always @(posedge clock) sum_{r}_{j} <= {above} + part_{r}_{j};
",
                format_top + 1
            );
        }
        text + &format!(
            "  reg signed [31:0] sum_{j};
  always @(posedge clock) sum_{j} <= sum_{}_{j};
",
            self.shape.rows - 1
        )
    }

    /// The golden sum of column j: each row's integer of its first beat times its weight.
    fn sum_of_integers(&self, j: usize) -> String {
        let (sum_top, weight_top) = (self.shape.sum_bits - 1, self.shape.pe.weight_bits - 1);
        let at = j + 1;
        let mut text = String::new();
        let mut parts = vec![];
        for r in 0..self.shape.rows {
            let first = FIRST + at + r;
            let _ = write!(
                text,
                "  reg signed [31:0] product_{r}_{j};
  always @(posedge clock) if (age == {first}) product_{r}_{j} <=
    (inside_{r}_{at} ? $signed(code_{r}_{at}[7:0]) : $signed(threshold_{r}_{at}[7:0]))
      * $signed(weight_{r}_{j}[{weight_top}:0]);
"
            );
            parts.push(format!("product_{r}_{j}"));
        }
        let begin = FIRST + latency(self.shape) + j;
        text + &format!(
            "  wire signed [{sum_top}:0] corrected_{j};
  reg [{sum_top}:0] total_{j};
  wire [{sum_top}:0] sum_{j} = {};
  always @(posedge clock) total_{j} <= age == {begin} ? corrected_{j} : total_{j} + corrected_{j};
",
            parts.join(" + ")
        )
    }

    fn instance(&self) -> String {
        let design = &self.shape.design;
        let (rows, columns) = self.indices();
        let mut ports = vec![".clock(clock)".to_string()];
        for r in rows {
            for port in ["code", "inside"] {
                ports.push(format!(".{port}_{r}({port}_{r})"));
            }
            ports.push(format!(".load_{r}(load_in_{r}), .swap_{r}(swap_in_{r})"));
            if design.image_digits {
                ports.push(format!(".fresh_{r}(age == {})", FIRST + r));
            }
        }
        if threshold_word_bits(self.shape).is_some() {
            ports.push(".threshold_word(threshold_word)".to_string());
        }
        if design.image_digits {
            let integers = u8::from(self.layer == Layer::Integers);
            ports.push(format!(".digits(1'b{integers})"));
        }
        let mut wires = String::new();
        for j in columns {
            if self.layer == Layer::Codes {
                let _ = writeln!(
                    wires,
                    "  wire [{}:0] corrected_{j};",
                    self.shape.sum_bits - 1
                );
            }
            ports.push(format!(
                ".weight_{j}(weight_{j}), .corrected_{j}(corrected_{j})"
            ));
        }
        format!(
            "{wires}  small_array emitted (\n    {});\n",
            ports.join(",\n    ")
        )
    }

    fn asserts(&self) -> String {
        let last = self.shape.columns - 1;
        let ready = FIRST + latency(self.shape) + usize::from(self.layer == Layer::Integers) * 4;
        let mut text = format!(
            "  wire reached = age >= {};\n  always @* begin\n",
            ready + last
        );
        match self.layer {
            Layer::Codes => text += &valid_threshold(&self.shape.design),
            Layer::Integers => {
                let columns = 0..self.shape.columns;
                text.extend(columns.map(|j| no_bias(self.shape, &format!("weight_{j}"))));
            }
        }
        for j in 0..self.shape.columns {
            let sum_top = self.shape.sum_bits - 1;
            let _ = match self.layer {
                Layer::Codes => writeln!(
                    text,
                    "    if (age >= {}) assert(corrected_{j} == sum_{j}[{sum_top}:0]);",
                    ready + j
                ),
                Layer::Integers => {
                    writeln!(
                        text,
                        "    if (age == {}) assert(total_{j} == sum_{j});",
                        ready + j
                    )
                }
            };
        }
        text + "  end\n"
    }
}
