//! The quantizer against the contract of codes and integers.

use super::{Claim, not_emitted};
use cromulent::Error;
use cromulent_core::{Quantizer, Shape};
use cromulent_design::Design;
use cromulent_kit::emit;
use rust_hdl_core::prelude::*;

/// The emitted `quantizer` of a shifting design gives, eight cycles after a value, its raw word, its code (of every
/// format that the design holds) or its integer, as `docs/number-formats.md` defines them. Holds for every value and
/// constant, one after another without a gap; thetas rise, and a layer's mode stays.
///
/// # Errors
/// The block cannot be emitted.
pub fn quantizer(design: &Design) -> Result<Claim, Error> {
    let mut quantizer = Quantizer::new(&Shape::of(design));
    quantizer.connect_all();
    let ports = Ports {
        integers: quantizer.integers.is_present(),
        largest: quantizer.largest.is_present(),
        spacing: quantizer.spacing.is_present(),
        negate: quantizer.negate.is_present(),
    };
    Ok(Claim {
        emitted: emit::verilog(&quantizer).map_err(not_emitted)?,
        miter: golden(design) + &miter(design, &ports),
        cycles: COMPARED,
        cases: vec![],
    })
}

/// Cycles until the first word is compared.
const COMPARED: u32 = 9;

/// The ports that not every design has.
struct Ports {
    integers: bool,
    largest: bool,
    spacing: bool,
    negate: bool,
}

/// Bits of a word, and of the difference it comes from.
fn widths(design: &Design) -> (u32, u32) {
    let word = design.total_bits();
    (word, design.difference_bits())
}

/// The contract, without a pipeline: `word` of everything at once.
fn golden(design: &Design) -> String {
    let (word, bits) = widths(design);
    let (format, fraction) = (design.format, design.threshold_fraction_bits);
    let (root, theta) = (format.root(), fraction + 1);
    let signed = format.is_signed_log();
    let code = match signed {
        true => format!(
            "    index = steps < 0 || size == 0 ? 0 : steps > largest ? largest : steps;
    code = index;
    if (apart < 0) code = code | {};",
            1 << (format.code_bits() - 1)
        ),
        false => "    index = steps < 0 ? 0 : steps > largest ? largest : steps;
    code = apart <= 0 || steps < -(32'sd1 << spacing) ? 0 : index + 1;"
            .to_owned(),
    };
    let negates = if signed { "integers" } else { "1'b1" };
    format!(
        "module golden_quantizer (
  input raw, input integers, input [7:0] largest_, input [1:0] spacing,
  input signed [{word_top}:0] value, input signed [16:0] mean, input [7:0] exponent, input negate,
  input [{thetas_top}:0] thetas, output reg [{word_top}:0] word, output reg legal
);
  integer i, z, reached, index, code;
  reg signed [31:0] difference, apart, steps, largest;
  reg [63:0] size, rounded;
  always @* begin
    largest = {{24'd0, largest_}};
    difference = value - mean;
    apart = negate && {negates} ? -difference : difference;
    size = apart < 0 ? -apart : apart;
    z = 0;
    for (i = 0; i < {bits}; i = i + 1) if (size[i]) z = i;
    reached = 0;
    for (i = 0; i < {root}; i = i + 1)
      if ((size << {fraction}) >= ((64'd{one} + thetas[{theta} * i +: {theta}]) << z)) reached = reached + 1;
    steps = {root} * z - $signed(exponent) + reached;
{code}
    rounded = (size + ((64'd1 << exponent[5:0]) >> 1)) >> exponent[5:0];
    if (apart <= 0) rounded = 0;
    if (rounded > 127) rounded = 127;
    word = raw ? difference : integers ? rounded : code;
    legal = !(raw && integers) && largest < {magnitudes} && {root} >> spacing != 0 && (!integers || exponent <= {shift});
    for (i = 1; i < {root}; i = i + 1)
      if (thetas[{theta} * i +: {theta}] < thetas[{theta} * (i - 1) +: {theta}]) legal = 0;
    for (i = 0; i < {root}; i = i + 1)
      if (thetas[{theta} * i +: {theta}] > {one}) legal = 0;
  end
endmodule
",
        word_top = word - 1,
        thetas_top = root * theta - 1,
        one = 1 << fraction,
        magnitudes = format.magnitudes(),
        shift = design.largest_integer_shift(),
    )
}

fn miter(design: &Design, ports: &Ports) -> String {
    let (word, _) = widths(design);
    let root = design.format.root();
    let theta = design.theta_bits();
    let mut optional = String::new();
    for (there, port) in [
        (ports.integers, ".integers(integers), "),
        (ports.largest, ".largest(largest[L-1:0]), "),
        (ports.spacing, ".spacing(spacing[P-1:0]), "),
        (ports.negate, ".negate(negate), "),
    ] {
        optional += if there { port } else { "" };
    }
    let thetas: String = (0..root)
        .map(|i| {
            let low = i * theta;
            format!(".theta_{i}(thetas[{low} +: {theta}]), ")
        })
        .collect();
    // What a design has no port for is as its own format has it.
    let mut fixed = String::new();
    if !ports.integers {
        fixed += "    assume(!integers);\n";
    }
    if !ports.largest {
        fixed += &format!(
            "    assume(largest == {});\n",
            design.format.magnitudes() - 1
        );
    }
    if !ports.spacing {
        fixed += "    assume(spacing == 0);\n";
    }
    if !ports.negate {
        fixed += "    assume(!negate);\n";
    }
    format!(
        "module miter (
  input clock, input valid, input signed [{word_top}:0] value, input signed [16:0] mean, input [7:0] exponent,
  input negate, input [{thetas_top}:0] thetas, input raw, input integers, input [7:0] largest, input [1:0] spacing
);
  localparam L = {largest_bits}, P = {spacing_bits};
  reg [3:0] age = 0;
  always @(posedge clock) age <= age + 1'b1;
  // The mode of a layer: anything, for good.
  reg [11:0] mode;
  always @(posedge clock) mode <= {{raw, integers, largest, spacing}};

  wire word_valid;
  wire [{word_top}:0] word;
  quantizer emitted (.clock(clock), .reset(1'b0), .raw(raw), {optional}.valid(valid), .value(value),
    .mean(mean), .exponent(exponent), {thetas}.word_valid(word_valid), .word(word));

  // By age in cycles, the youngest lowest; thetas come five cycles after their value.
  reg [7:0] valids, negates;
  reg [{word_bits} * 8 - 1:0] values;
  reg [17 * 8 - 1:0] means;
  reg [8 * 8 - 1:0] exponents;
  reg [{thetas_bits} * 3 - 1:0] late;
  always @(posedge clock) begin
    valids <= {{valids, valid}};
    negates <= {{negates, negate}};
    values <= {{values, value}};
    means <= {{means, mean}};
    exponents <= {{exponents, exponent}};
    late <= {{late, thetas}};
  end
  wire [{word_top}:0] expected;
  wire legal;
  golden_quantizer golden (.raw(raw), .integers(integers), .largest_(largest), .spacing(spacing),
    .value(values[{word_bits} * 7 +: {word_bits}]), .mean(means[17 * 7 +: 17]), .exponent(exponents[8 * 7 +: 8]),
    .negate(negates[7]), .thetas(late[{thetas_bits} * 2 +: {thetas_bits}]), .word(expected), .legal(legal));

  (* keep *) wire reached = age >= 8;
  always @* begin
    assume(age == 0 || mode == {{raw, integers, largest, spacing}});
{fixed}    if (reached) begin
      assume(legal);
      assert(word_valid == valids[7]);
      assert(word == expected);
    end
  end
endmodule
",
        word_top = word - 1,
        word_bits = word,
        thetas_top = root * theta - 1,
        thetas_bits = root * theta,
        largest_bits = u32::BITS - (design.format.magnitudes() - 1).leading_zeros(),
        spacing_bits = if root > 2 { 2 } else { 1 },
    )
}
