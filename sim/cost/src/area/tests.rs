//! Tests of models and of rules.

use cromulent_design::{Affine, Design};
use cromulent_number::Format;

use super::{Model, SHIPPED, Vendor, ram};

/// What Yosys makes of a memory of each of these shapes.
const SHAPES: &str = include_str!("ram-shapes.tsv");

#[test]
fn memories_become_what_yosys_makes_of_them() {
    let (mut wrong, mut off) = (vec![], vec![]);
    for line in SHAPES.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let vendor: Vendor = fields[0].parse().unwrap();
        let numbers: Vec<u64> = fields[1..].iter().map(|n| n.parse().unwrap()).collect();
        let [depth, width, luts, ffs, brams] = numbers[..] else {
            panic!("{line}")
        };
        let found = ram::map(vendor, depth as u32, width as u32);
        if found.brams != brams {
            wrong.push((line, found));
        } else if found.luts.abs_diff(luts) > 12 + luts / 6 || found.ffs.abs_diff(ffs) > 3 {
            off.push((line, found));
        }
    }
    // 705 shapes, many of them odder than any memory of a design.
    assert!(wrong.len() <= 12, "block RAMs: {wrong:#?}");
    assert!(off.len() <= 35, "tables or flip-flops: {off:#?}");
}

#[test]
fn a_model_that_is_written_is_read_again() {
    for (name, text) in SHIPPED {
        let model = Model::load(name).unwrap();
        assert_eq!(model.target, name);
        assert_eq!(Model::parse(&model.to_toml(), name), Ok(model.clone()));
        assert_eq!(model.to_toml(), text);
    }
}

#[test]
fn what_is_wrong_with_a_model_is_said_with_its_place() {
    let (name, text) = SHIPPED[0];
    for (from, to, said) in [
        ("[blocks.pe]", "[blocks.pea]", "unknown key `pea`"),
        (
            "features = { sum",
            "features = { some",
            "unknown key `some`",
        ),
        ("[errors]", "[errors", "is no TOML"),
        ("[blocks.session]", "[blocks.control.x]", "unknown key `x`"),
    ] {
        let damaged = text.replacen(from, to, 1);
        assert_ne!(damaged, text, "{from}");
        let problem = &Model::parse(&damaged, name).unwrap_err().0[0];
        assert!(problem.what.contains(said), "{problem:?}");
        assert!(problem.place.starts_with("ecp5:"), "{problem:?}");
    }
}

#[test]
fn every_design_has_an_area_and_a_larger_one_more() {
    for (name, _) in SHIPPED {
        let model = Model::load(name).unwrap();
        for format in Format::ALL {
            for affine in Affine::ALL {
                let small = Design::new(4, 4, format, affine);
                if small.validate().is_err() {
                    continue;
                }
                let large = Design {
                    rows: 32,
                    columns: 32,
                    ..small.clone()
                };
                let [small, large] = [small, large].map(|design| model.predict(&design));
                let size = |area: &super::Area| area.total().luts.or(area.total().um2);
                assert!(size(&small) > Some(1000) && size(&large) > size(&small).map(|s| 4 * s));
                assert!(
                    large.array().ffs > 20 * small.array().ffs,
                    "{format} {affine}"
                );
            }
        }
    }
}
