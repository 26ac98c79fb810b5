//! Emitted modules equal golden ones for all inputs, by Yosys' SAT solver.

use cromulent_core::{Pe, PeShape};
use cromulent_design::{Affine, Design, PeKind};
use cromulent_number::Format;
use cromulent_testbenches::forms::{every_form, name, with_constants};
use cromulent_testbenches::proof::{Claim, Layer, Verdict, array, processing_element, row_edge};
use cromulent_testbenches::tools::yosys;
use rust_hdl_core::prelude::{Block, simulate};

/// The forms proved in CI, which has minutes: the variable `CROMULENT_PROOFS=all` takes every form whose
/// products a solver decides. Booth rows are simulated in full instead, below.
fn shift_forms() -> Vec<Design> {
    let usual = [
        "L2 exact",
        "L3 snapped",
        "L4 exact",
        "L4 recentred",
        "R2 rectified",
        "R3 rectified",
        "R3 rectified with digits",
    ];
    let all = std::env::var_os("CROMULENT_PROOFS").is_some_and(|value| value == "all");
    let chosen = |design: &Design| {
        design.pe == PeKind::Shift && (all || usual.contains(&name(design).as_str()))
    };
    every_form(2, 2).into_iter().filter(chosen).collect()
}

fn assert_holds(
    claim: Result<Claim, cromulent::Error>,
    yosys: &cromulent::tools::Found,
    what: &str,
) {
    let verdict = claim.unwrap_or_else(|e| panic!("{what}: {e}")).prove(yosys);
    assert_eq!(
        verdict.unwrap_or_else(|e| panic!("{what}: {e}")),
        Verdict::Holds,
        "{what}"
    );
}

/// Any operand the edge sends, any 8-bit constants, any sum: product, offset and the missing +1.
#[test]
fn every_element_is_the_golden_multiply() {
    let Some(yosys) = yosys() else { return };
    for design in shift_forms() {
        assert_holds(
            processing_element(&design, &PeShape::of(&design)),
            &yosys,
            &name(&design),
        );
    }
}

/// Any code (or integer), threshold and direction, on the map and off it.
#[test]
fn every_row_edge_is_the_golden_affine_and_relu() {
    let Some(yosys) = yosys() else { return };
    for design in shift_forms() {
        assert_holds(row_edge(&design, Layer::Codes), &yosys, &name(&design));
        if design.image_digits {
            let what = format!("{}, integers", name(&design));
            assert_holds(row_edge(&design, Layer::Integers), &yosys, &what);
        }
    }
}

/// Two by two elements with edges, correction column and feet, constants of four bits: the sums of
/// any codes, over a bounded run.
#[test]
fn a_small_array_is_the_golden_sum() {
    let Some(yosys) = yosys() else { return };
    for (format, affine) in [(Format::L2, Affine::Snapped), (Format::L2, Affine::Exact)] {
        let design = with_constants(&Design::new(2, 2, format, affine), 4);
        assert_holds(array(&design, Layer::Codes), &yosys, &name(&design));
    }
}

/// A wrong element is no golden multiply: what a proof cannot refuse proves nothing.
#[test]
fn wrong_elements_fail() {
    let Some(yosys) = yosys() else { return };
    let design = Design::new(2, 2, Format::L4, Affine::Exact);
    let faults = [
        ("the sum subtracts", "sum <= sum_in + ", "sum <= sum_in - "),
        ("the top bit is not inverted", "{(~sign)", "{(sign)"),
        (
            "the constant keeps its sign",
            "^ {8{operand_in[3]}}",
            "^ {8{1'b0}}",
        ),
    ];
    for (what, from, to) in faults {
        let mut claim =
            processing_element(&design, &PeShape::of(&design)).unwrap_or_else(|e| panic!("{e}"));
        let text = &mut claim.emitted.last_mut().expect("an element").text;
        assert!(
            text.contains(from),
            "the element no longer holds `{from}`:\n{text}"
        );
        *text = text.replace(from, to);
        let verdict = claim
            .prove(&yosys)
            .unwrap_or_else(|e| panic!("{what}: {e}"));
        assert!(
            matches!(verdict, Verdict::Fails(_)),
            "{what} goes unnoticed"
        );
    }
}

/// All 65,536 products of the int8 baseline, simulated.
#[test]
fn every_booth_product_is_exact() {
    let design = Design::new(1, 1, Format::I8, Affine::Rectified);
    let mut shape = PeShape::of(&design);
    shape.shadow = false;
    let mut pe = Pe::new(&shape);
    pe.connect_all();
    let cycle = |pe: &mut Pe| {
        for clock in [0, 1] {
            pe.clock.set(clock);
            assert!(simulate(pe, 100), "the element settles");
        }
    };
    pe.sum_in.set(0);
    for weight in -128..128i64 {
        pe.weight.set(weight);
        pe.load_in.set(1);
        cycle(&mut pe);
        pe.load_in.set(0);
        for operand in -128..128i64 {
            pe.operand_in.set(operand);
            cycle(&mut pe);
            let modulus = 1 << shape.sum_bits;
            let wanted = (weight * operand + shape.offset()).rem_euclid(modulus);
            assert_eq!(pe.sum_out.value().number(), wanted, "{weight} x {operand}");
        }
    }
}
