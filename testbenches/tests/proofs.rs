//! Emitted modules equal golden ones for all inputs.

use cromulent_core::PeShape;
use cromulent_testbenches::forms::{every_form, name, with_constants};
use cromulent_testbenches::proof::{Layer, Verdict, array, processing_element, row_edge};
use cromulent_testbenches::tools::yosys;
use std::time::Instant;

#[test]
fn timing() {
    let Some(yosys) = yosys() else { return };
    for design in every_form(2, 2) {
        let t = Instant::now();
        let v = processing_element(&design, &PeShape::of(&design))
            .unwrap()
            .prove(&yosys)
            .unwrap();
        let a = t.elapsed();
        let t = Instant::now();
        let e = row_edge(&design).unwrap().prove(&yosys).unwrap();
        println!(
            "{} pe {a:?} {} edge {:?} {}",
            name(&design),
            v == Verdict::Holds,
            t.elapsed(),
            e == Verdict::Holds
        );
        if v != Verdict::Holds {
            println!("{v:?}");
        }
        if e != Verdict::Holds {
            println!("{e:?}");
        }
    }
}
#[test]
fn timing_array() {
    let Some(yosys) = yosys() else { return };
    let bits: u32 = std::env::var("BITS").map_or(4, |b| b.parse().unwrap());
    for design in every_form(2, 2) {
        let design = if design.format == cromulent_number::Format::I8 {
            design
        } else {
            with_constants(&design, bits)
        };
        for layer in [Layer::Codes, Layer::Integers] {
            if layer == Layer::Integers && !design.image_digits {
                continue;
            }
            let t = Instant::now();
            let e = array(&design, layer).unwrap().prove(&yosys);
            match e {
                Ok(Verdict::Holds) => {
                    println!("{} {layer:?} holds {:?}", name(&design), t.elapsed())
                }
                e => println!("{} {layer:?} {:?} {e:?}", name(&design), t.elapsed()),
            }
        }
    }
}
