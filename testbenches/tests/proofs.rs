//! Emitted modules equal golden ones for all inputs, by Yosys' SAT solver. `--nocapture` shows the time of
//! each proof; the variable `CROMULENT_PROOFS=all` adds the arrays that CI has no time for.

use cromulent::tools::Found;
use cromulent_core::PeShape;
use cromulent_design::{Affine, Design, PeKind};
use cromulent_number::Format;
use cromulent_testbenches::forms::{every_form, name, with_constants};
use cromulent_testbenches::proof::{
    Claim, Layer, Verdict, array, layers, processing_element, quantizer, row_edge, table_head,
};
use cromulent_testbenches::tools::yosys;
use std::collections::BTreeSet;
use std::env;
use std::time::Instant;

/// Proves claims, each circuit once.
struct Prover {
    yosys: Found,
    proved: BTreeSet<String>,
}

impl Prover {
    /// A prover, or `None` where the proofs may be skipped.
    fn new() -> Option<Prover> {
        yosys().map(|yosys| Prover {
            yosys,
            proved: BTreeSet::new(),
        })
    }

    fn verdict(&self, claim: Result<Claim, cromulent::Error>, what: &str) -> Verdict {
        let proof = claim.and_then(|claim| claim.prove(&self.yosys));
        proof.unwrap_or_else(|error| panic!("{what}: {error}"))
    }

    /// Fails the test unless the claim holds.
    fn holds(&mut self, claim: Result<Claim, cromulent::Error>, what: &str) {
        let same = claim
            .as_ref()
            .is_ok_and(|claim| !self.proved.insert(claim.subject()));
        if same {
            eprintln!("{what}: proved above, the circuit is the same");
            return;
        }
        let start = Instant::now();
        let verdict = self.verdict(claim, what);
        eprintln!("{what}: {:.1} s", start.elapsed().as_secs_f32());
        assert_eq!(verdict, Verdict::Holds, "{what}");
    }

    /// Fails the test unless the claim fails with `from` replaced by `to` in the emitted Verilog.
    fn refuses(&self, claim: Result<Claim, cromulent::Error>, from: &str, to: &str) {
        let wrong = claim.map(|claim| claim.with_fault(from, to));
        let verdict = self.verdict(wrong, from);
        assert!(
            matches!(verdict, Verdict::Fails(_)),
            "`{from}` made `{to}` goes unnoticed"
        );
    }
}

fn shift_forms() -> impl Iterator<Item = Design> {
    every_form(2, 2)
        .into_iter()
        .filter(|design| design.pe.takes_powers())
}

fn element(design: &Design) -> Result<Claim, cromulent::Error> {
    processing_element(design, &PeShape::of(design))
}

/// 8-bit constants, any operand an edge sends, any sum.
#[test]
fn every_shifting_element_is_the_golden_multiply() {
    let Some(mut prover) = Prover::new() else {
        return;
    };
    // A table of more entries is the same but deeper, and takes minutes.
    let deep = |design: &Design| design.loads() > 32;
    for design in shift_forms().filter(|design| !deep(design)) {
        prover.holds(element(&design), &format!("element {}", name(&design)));
    }
}

/// The products in tables, of 8-bit constants and of others.
#[test]
fn every_entry_of_a_table_is_the_golden_multiply() {
    let Some(mut prover) = Prover::new() else {
        return;
    };
    for design in shift_forms().filter(|design| design.pe == PeKind::Table) {
        prover.holds(table_head(&design), &format!("entries {}", name(&design)));
        for bits in [4, 12] {
            let what = format!("entries {}, constants of {bits} bits", name(&design));
            prover.holds(table_head(&with_constants(&design, bits)), &what);
        }
    }
}

/// The narrowest and widest constants, a sum of 24 bits, no shadow.
#[test]
fn elements_of_other_widths_are_the_golden_multiply() {
    let Some(mut prover) = Prover::new() else {
        return;
    };
    let recentred = Design::new(2, 2, Format::L4, Affine::Recentred);
    for bits in [4, 12] {
        let what = format!("element L4 recentred, constants of {bits} bits");
        prover.holds(element(&with_constants(&recentred, bits)), &what);
    }
    for (format, weight_bits, bias_bits) in [
        (Format::L2, 4, 12),
        (Format::L4, 4, 12),
        (Format::L4, 12, 4),
    ] {
        let design = Design {
            weight_bits,
            bias_bits,
            ..Design::new(2, 2, format, Affine::Exact)
        };
        let what = format!("element {format} exact, A {weight_bits} bits, B {bias_bits}");
        prover.holds(element(&design), &what);
    }
    let bare = PeShape {
        shadow: false,
        sum_bits: 24,
        ..PeShape::of(&recentred)
    };
    prover.holds(
        processing_element(&recentred, &bare),
        "element L4 recentred, bare",
    );
}

fn number_forms() -> impl Iterator<Item = Design> {
    every_form(2, 2)
        .into_iter()
        .filter(|design| !design.pe.takes_powers())
}

/// All products of numbers, those of int8 65,536, with any sum.
#[test]
fn every_multiplying_element_is_the_golden_multiply() {
    let Some(mut prover) = Prover::new() else {
        return;
    };
    for design in number_forms() {
        prover.holds(element(&design), &format!("element {}", name(&design)));
        if design.format != Format::I8 {
            for bits in [4, 12] {
                let what = format!("element {}, constants of {bits} bits", name(&design));
                prover.holds(element(&with_constants(&design, bits)), &what);
            }
        }
    }
}

/// Any code or integer, threshold and direction, on the map and off it.
#[test]
fn every_row_edge_is_the_golden_affine_and_relu() {
    let Some(mut prover) = Prover::new() else {
        return;
    };
    for design in every_form(2, 2) {
        for layer in layers(&design) {
            let what = format!("edge {}, {layer:?}", name(&design));
            prover.holds(row_edge(&design, *layer), &what);
        }
    }
}

/// Two by two elements with edges, correction column, feet and skew, constants of four bits. An array
/// with digits is the same but for its wider operand: of those CI proves the shipped forms. Clamped L5
/// takes as long as three others, and its edge and element are proved.
fn arrays(chosen: impl Fn(&Design) -> bool) {
    let Some(mut prover) = Prover::new() else {
        return;
    };
    let all = env::var_os("CROMULENT_PROOFS").is_some_and(|value| value == "all");
    let quick = |design: &Design| match (design.format, design.affine) {
        (Format::L4, Affine::Exact) | (Format::R3, _) => true,
        (Format::L5, Affine::Snapped | Affine::Recentred) => false,
        _ => !design.image_digits,
    };
    // A row of tables is loaded in many cycles: crosscheck looks at arrays of them.
    let forms = shift_forms().filter(|design| design.pe != PeKind::Table);
    for design in forms.filter(chosen) {
        if all || quick(&design) {
            let what = format!("array {}", name(&design));
            prover.holds(array(&with_constants(&design, 4)), &what);
        }
    }
}

#[test]
fn arrays_with_a_bias_deliver_the_golden_sum() {
    arrays(|design| design.affine == Affine::Exact);
}

#[test]
fn arrays_that_clamp_deliver_the_golden_sum() {
    arrays(|design| matches!(design.affine, Affine::Snapped | Affine::Recentred));
}

#[test]
fn rectified_arrays_deliver_the_golden_sum() {
    arrays(|design| design.affine == Affine::Rectified);
}

#[test]
fn multiplying_arrays_deliver_the_golden_sum() {
    let Some(mut prover) = Prover::new() else {
        return;
    };
    for design in number_forms() {
        prover.holds(array(&design), &format!("array {}", name(&design)));
    }
}

/// The narrowest accumulators and cuts: raw words, codes of all formats that a design holds, integers.
fn quantizing(format: Format, digits: bool) -> Design {
    let affine = match format.is_signed_log() {
        true => Affine::Recentred,
        false => Affine::Rectified,
    };
    Design {
        image_digits: digits,
        accumulator_bits: 16,
        threshold_fraction_bits: 4,
        ..Design::new(2, 2, format, affine)
    }
}

#[test]
fn every_quantizer_is_the_contract_of_codes_and_integers() {
    let Some(mut prover) = Prover::new() else {
        return;
    };
    for format in Format::ALL.into_iter().filter(|f| !f.is_scaled()) {
        for digits in [false, true] {
            let what = format!("quantizer {format}, digits {digits}");
            prover.holds(quantizer(&quantizing(format, digits)), &what);
        }
    }
}

#[test]
fn wrong_quantizers_are_refused() {
    let Some(prover) = Prover::new() else {
        return;
    };
    let claim = |format| quantizer(&quantizing(format, true));
    for (from, to) in [
        // An integer's rounding, saturation and sign.
        ("{7'd0, raised_2[10]}", "8'd0"),
        ("lost_3 | passing_0[7]", "passing_0[7]"),
        ("negate & integers", "negate"),
    ] {
        prover.refuses(claim(Format::L4), from, to);
    }
    // What is nearly the smallest value of a narrower format.
    prover.refuses(
        claim(Format::R5),
        "count[1] & ((spacing[0] | spacing[1])",
        "count[1] & ((spacing[1])",
    );
}

/// What a proof cannot refuse it does not prove.
#[test]
fn wrong_elements_are_refused() {
    let Some(prover) = Prover::new() else {
        return;
    };
    let exact = Design::new(2, 2, Format::L4, Affine::Exact);
    for (from, to) in [
        ("sum <= sum_in + ", "sum <= sum_in - "),
        ("{(~sign), shifted_by_7}", "{sign, shifted_by_7}"),
        // The exclusive or with the sign.
        ("constants[7:0] ^ {8{operand_in[3]}}", "constants[7:0]"),
        // What the second stage fills in from below.
        ("{shifted_by_1, {2{operand_in[3]}}}", "{shifted_by_1, 2'd0}"),
        // How far the last stage extends the sign.
        (
            "{{4{sign}}, shifted_by_3}",
            "{{3{sign}}, 1'b0, shifted_by_3}",
        ),
        ("{minus_b[6:0], 1'b1}", "{minus_b[6:0], 1'b0}"),
        // Constants that do not wait for the swap.
        (
            "if (swap_in) constants <= shadow",
            "if (load_in) constants <= shadow",
        ),
    ] {
        prover.refuses(element(&exact), from, to);
    }
    let rectified = Design::new(2, 2, Format::R3, Affine::Rectified);
    prover.refuses(
        element(&rectified),
        "constant[7] & operand_in[3]",
        "constant[7]",
    );
    // Entries that go into the table in use, and operands that look into the other one.
    let table = Design {
        pe: PeKind::Table,
        ..rectified.clone()
    };
    prover.refuses(element(&table), "~swap_in", "swap_in");
    prover.refuses(element(&table), "{swapping, ", "{swap_in, ");
    prover.refuses(table_head(&table), "constant[7] & t1[3]", "constant[7]");
    // The carry of a negative product, an exponent of nothing.
    let powers = Design {
        pe: PeKind::LogLog,
        ..Design::new(2, 2, Format::R3, Affine::Rectified)
    };
    for (from, to) in [
        (
            "power ^ {13{minus}})}, minus}",
            "power ^ {13{minus}})}, 1'b0}",
        ),
        ("(|constants[2:0]) & operand_in[3]", "operand_in[3]"),
        ("{(~minus), ", "{minus, "),
    ] {
        prover.refuses(element(&powers), from, to);
    }
    // A Booth row without its offset; the finished bits of one.
    let int8 = || element(&Design::new(2, 2, Format::I8, Affine::Rectified));
    prover.refuses(int8(), "{(~t6[8]), t6[7:0]}", "t6");
    prover.refuses(
        int8(),
        "{row_1[1:0], row_0[1:0]}",
        "{row_0[1:0], row_0[1:0]}",
    );
    // A digit's sign, and its shift.
    let digits = Design {
        image_digits: true,
        ..Design::new(2, 2, Format::I4, Affine::Rectified)
    };
    for (from, to) in [
        ("product[10:0] ^ {11{operand_in[5]}}", "product[10:0]"),
        ("{t4[9:0], {4{(1'b0 ^ operand_in[5])}}}", "{t4[9:0], 4'd0}"),
    ] {
        prover.refuses(element(&digits), from, to);
    }
}

#[test]
fn wrong_edges_are_refused() {
    let Some(prover) = Prover::new() else {
        return;
    };
    let edge = |format, affine| row_edge(&Design::new(2, 2, format, affine), Layer::Codes);
    let exact = || edge(Format::L4, Affine::Exact);
    prover.refuses(
        exact(),
        "order} >= threshold[4:0]",
        "order} > threshold[4:0]",
    );
    prover.refuses(exact(), "^ threshold[5]) & inside_", "^ threshold[5])");
    prover.refuses(exact(), "code[2:0] : 3'b011", "code[2:0] : 3'b010");
    let clamped = edge(Format::L4, Affine::Recentred);
    prover.refuses(clamped, "& inside_) ?", ") ?");
    let digits = Design {
        image_digits: true,
        ..Design::new(2, 2, Format::R3, Affine::Rectified)
    };
    let digits = row_edge(&digits, Layer::Integers);
    prover.refuses(digits, "minus ? lowest : (-lowest)", "-lowest");
}

#[test]
fn wrong_arrays_are_refused() {
    let Some(prover) = Prover::new() else {
        return;
    };
    let design = with_constants(&Design::new(2, 2, Format::L3, Affine::Recentred), 4);
    for (from, to) in [
        // The missing +1, and its skew.
        ("sum + {6'd0, count_in}", "sum"),
        (
            ".count_in(foot_0_count_out)",
            ".count_in(counter_1_count_out)",
        ),
        (
            "counter_1_negative = row_edge_1_operand",
            "counter_1_negative = row_edge_0_operand",
        ),
        // The offset of the products.
        (".sum_in_1(8'h80)", ".sum_in_1(8'h40)"),
        // The weights of the left column, a cycle early.
        (
            ".weight(weight_1), .sum_in(sum_in_1)",
            ".weight(weight_0), .sum_in(sum_in_1)",
        ),
    ] {
        prover.refuses(array(&design), from, to);
    }
    // What Booth rows leave out.
    let booth = Design {
        pe: PeKind::Multiply,
        ..Design::new(2, 2, Format::I3, Affine::Rectified)
    };
    prover.refuses(array(&booth), "sum + {10'd0, count_in}", "sum");
}
