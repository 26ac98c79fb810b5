//! Random expressions: what simulation computes, Yosys computes from the emitted Verilog.

mod tools;
mod tree;

use cromulent_kit::Net;
use cromulent_kit::emit::{self, Module};
use rust_hdl_core::prelude::*;
use std::fmt::Write;
use tree::{Random, Tree};

const TREES: u64 = 60;
const VECTORS: usize = 16;

/// One tree with its Verilog, and what simulation says of some inputs.
struct Case {
    seed: u64,
    module: Module,
    /// Inputs and outputs, as bit strings.
    vectors: Vec<(Vec<String>, Vec<String>)>,
}

fn bits<D: Direction>(net: &Net<D>) -> String {
    format!("{:0width$b}", net.value().pattern(), width = net.width())
}

/// Numbers with many ones, many zeros, or neither.
fn number(random: &mut Random) -> i64 {
    let number = random.next() as i64;
    match random.below(4) {
        0 => number >> random.below(64),
        1 => 1 << random.below(64),
        2 => [0, -1, i64::MAX, i64::MIN][random.below(4)],
        _ => number,
    }
}

fn case(seed: u64) -> Case {
    let mut tree = Tree::new(seed);
    tree.connect_all();
    let modules = emit::verilog(&tree).expect("a tree is well formed");
    let mut random = Random(seed << 32);
    let vectors = (0..VECTORS).map(|_| {
        for input in &tree.inputs {
            input.set(number(&mut random));
        }
        assert!(simulate(&mut tree, 10));
        let inputs = tree.inputs.iter().map(bits).collect();
        (inputs, tree.outputs.iter().map(bits).collect())
    });
    Case {
        seed,
        vectors: vectors.collect(),
        module: modules.into_iter().next_back().expect("one module"),
    }
}

/// A Yosys script that evaluates every vector of every tree.
fn script(cases: &[Case]) -> String {
    let mut script = String::new();
    for case in cases {
        writeln!(script, "read_verilog {}.v", case.module.name).unwrap();
    }
    script += "proc\n";
    for case in cases {
        writeln!(script, "cd {}", case.module.name).unwrap();
        for (inputs, outputs) in &case.vectors {
            script += "eval";
            for (n, input) in inputs.iter().enumerate() {
                write!(script, " -set inputs_{n} {}'b{input}", input.len()).unwrap();
            }
            for n in 0..outputs.len() {
                write!(script, " -show outputs_{n}").unwrap();
            }
            script += "\n";
        }
        script += "cd ..\n";
    }
    script
}

#[test]
fn simulation_agrees_with_the_verilog() {
    let cases: Vec<Case> = (0..TREES).map(case).collect();
    let folder = tools::folder("expressions");
    for case in &cases {
        tools::write(&folder, std::slice::from_ref(&case.module));
    }
    std::fs::write(folder.join("eval.ys"), script(&cases)).unwrap();
    let Some((success, text)) = tools::run("yosys", &["eval.ys".into()], &folder) else {
        return;
    };
    assert!(success, "{text}");
    let mut found = text
        .lines()
        .filter_map(|line| line.strip_prefix("Eval result: "));
    for case in &cases {
        for (inputs, outputs) in &case.vectors {
            for (n, simulated) in outputs.iter().enumerate() {
                let expected = format!("\\outputs_{n} = {}'{simulated}.", simulated.len());
                let line = found.next().unwrap_or("nothing");
                assert_eq!(
                    line, expected,
                    "seed {}, inputs {inputs:?}\n{}",
                    case.seed, case.module.text
                );
            }
        }
    }
    assert_eq!(found.next(), None);
}

#[test]
fn verilator_finds_every_width_in_order() {
    let modules: Vec<Module> = (0..TREES).map(|seed| case(seed).module).collect();
    // Random logic reads less than it computes, and compares what it could have known.
    let leave = [
        "-Wno-MULTITOP",
        "-Wno-UNUSEDSIGNAL",
        "-Wno-UNSIGNED",
        "-Wno-CMPCONST",
    ];
    tools::assert_lint_clean("expression_widths", &modules, &leave);
}
