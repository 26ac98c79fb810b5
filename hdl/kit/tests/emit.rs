//! What the emitter prints, and what it refuses.

mod tools;

use cromulent_kit::emit::{self, EmitError, Module};
use cromulent_kit::{Bundle, Describe, Interpreter, Memory, Net, Optional, Register, Word, logic};
use rust_hdl_core::prelude::*;
use std::path::Path;

/// Describes a block in one line: its name, and what `describe` does with `self` and `i`.
macro_rules! describe {
    ($block:ty, $module:literal, |$self:ident, $i:ident| $body:expr) => {
        impl Describe for $block {
            fn module(&self) -> String {
                $module.into()
            }
            fn about(&self) -> String {
                "A block to test with".into()
            }
            fn describe<I: Interpreter>(&$self, $i: &mut I) {
                $body
            }
        }
        logic!($block);
    };
}

#[track_caller]
fn emitted<B: Block>(mut block: B) -> Vec<Module> {
    block.connect_all();
    emit::verilog(&block).expect("well formed")
}

#[track_caller]
fn refusal<B: Block>(mut block: B) -> String {
    block.connect_all();
    emit::verilog(&block).expect_err("wrong").to_string()
}

fn names(modules: &[Module]) -> Vec<&str> {
    modules.iter().map(|module| module.name.as_str()).collect()
}

#[track_caller]
fn assert_has(module: &Module, lines: &[&str]) {
    for line in lines {
        assert!(
            module.text.contains(line),
            "no `{line}` in\n{}",
            module.text
        );
    }
}

/// Adds what comes in to what it holds.
#[derive(LogicBlock)]
struct Accumulator {
    clock: Net<In>,
    reset: Net<In>,
    term: Net<In>,
    sum: Net<Out>,
    held: Register,
}

impl Accumulator {
    fn new(term: usize, sum: usize) -> Self {
        Accumulator {
            clock: Net::flag(),
            reset: Net::flag(),
            term: Net::bits(term),
            sum: Net::bits(sum),
            held: Register::control(sum),
        }
    }
}

describe!(Accumulator, "accumulator", |self, i| {
    let held = self.held.read(i);
    let term = i.read(&self.term).resize(self.sum.width());
    i.comment("Wraps");
    let next = i.name("next", held + term);
    self.held.update_from(i, &self.clock, &self.reset, next);
    i.drive(&self.sum, held);
});

/// Compares with `tests/golden`; `BLESS=1 cargo test -p cromulent-kit --test emit` rewrites it.
#[test]
fn an_accumulator_as_it_is_printed() {
    let modules = emitted(Accumulator::new(4, 12));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/accumulator.v");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &modules[0].text).expect("the golden file is written");
    }
    let golden = std::fs::read_to_string(&path).expect("the golden file is there");
    assert_eq!(modules[0].text, golden, "BLESS=1 accepts the new text");
    tools::assert_lint_clean("accumulator", &modules, &[]);
}

/// Accumulators of some widths, one after the other on one bus.
#[derive(LogicBlock)]
struct Several {
    clock: Net<In>,
    reset: Net<In>,
    term: Net<In>,
    total: Net<Out>,
    parts: Vec<Accumulator>,
    memory: Memory,
}

describe!(Several, "several", |self, i| {
    let mut total = i.literal(self.total.width(), false, 0);
    for part in &self.parts {
        i.connect(&part.clock, &self.clock);
        i.connect(&part.reset, &self.reset);
        i.connect(&part.term, &self.term);
        total = total + i.read(&part.sum).resize(self.total.width());
    }
    i.connect(&self.memory.clock, &self.clock);
    i.connect(&self.memory.write_enable, &self.reset);
    i.connect(&self.memory.write_address, &self.term);
    i.connect(&self.memory.read_address, &self.term);
    i.drive(&self.memory.write_data, total);
    i.drive(&self.total, total);
});

fn several(widths: &[usize]) -> Several {
    Several {
        clock: Net::flag(),
        reset: Net::flag(),
        term: Net::bits(4),
        total: Net::bits(12),
        parts: widths.iter().map(|w| Accumulator::new(4, *w)).collect(),
        memory: Memory::new(16, 12),
    }
}

#[test]
fn each_distinct_module_is_printed_once_and_variants_are_numbered() {
    let modules = emitted(several(&[12, 10, 12, 11, 10]));
    let expected = [
        "accumulator",
        "accumulator_2",
        "accumulator_3",
        "memory_16x12",
        "several",
    ];
    assert_eq!(names(&modules), expected);
    let top = modules.last().unwrap();
    assert_has(
        top,
        &[
            "  accumulator parts_0 (.clock(clock), .reset(reset), .term(term), .sum(parts_0_sum));",
            "  accumulator_2 parts_1 (",
            "  accumulator parts_2 (",
            "  accumulator_3 parts_3 (",
            "  accumulator_2 parts_4 (",
            "  memory_16x12 memory (",
            ".read_data(unused_memory_read_data)",
        ],
    );
    tools::assert_lint_clean("several", &modules, &[]);
}

#[test]
fn the_same_circuit_gives_the_same_bytes() {
    let widths = [12, 10, 12, 11, 10];
    assert_eq!(emitted(several(&widths)), emitted(several(&widths)));
}

/// Ports and parts whose names Verilog keeps for itself.
#[derive(LogicBlock)]
struct Keywords {
    clock: Net<In>,
    inside: Net<In>,
    integer: Net<In>,
    begin: Net<Out>,
    table: Register,
    cell: Accumulator,
}

describe!(Keywords, "module", |self, i| {
    let sum = i.read(&self.inside) + i.read(&self.integer);
    let sum = i.name("endmodule", sum);
    self.table.load(i, &self.clock, sum);
    i.connect(&self.cell.clock, &self.clock);
    i.drive(&self.cell.reset, sum.bit(0));
    i.connect(&self.cell.term, &self.table.q);
    i.connect(&self.begin, &self.cell.sum);
});

#[test]
fn keywords_are_never_names() {
    let modules = emitted(Keywords {
        clock: Net::flag(),
        inside: Net::bits(4),
        integer: Net::bits(4),
        begin: Net::bits(8),
        table: Register::data(4, false),
        cell: Accumulator::new(4, 8),
    });
    assert_eq!(names(&modules), ["accumulator", "module_2"]);
    let lines = [
        "input wire [3:0] inside_,",
        "input wire [3:0] integer_,",
        "output wire [7:0] begin_\n",
        "reg [3:0] table_;",
        "wire [3:0] endmodule_ = (inside_ + integer_);",
        "accumulator cell_ (",
    ];
    assert_has(&modules[1], &lines);
    tools::assert_lint_clean("keywords", &modules, &[]);
}

/// A net `a_b` beside a part `a` with a port `b`, and names of wires that clash with both.
#[derive(LogicBlock)]
struct Clash {
    a_b: Net<In>,
    a_c: Net<Out>,
    t1: Net<In>,
    a: Inverter,
}

#[derive(LogicBlock)]
struct Inverter {
    b: Net<In>,
    c: Net<Out>,
}

describe!(Inverter, "inverter", |self, i| {
    let b = i.read(&self.b);
    i.drive(&self.c, !b);
});

describe!(Clash, "clash", |self, i| {
    let (a_b, t1) = (i.read(&self.a_b), i.read(&self.t1));
    let sum = i.name("a_b", a_b + t1);
    let twice = i.name("a_b", sum + a_b);
    let (difference, both) = (twice - a_b, sum & twice);
    let low = difference.slice(0, 3).concat(both.bit(3));
    i.unused(difference.bit(3));
    i.unused(both.slice(0, 3));
    i.drive(&self.a.b, low);
    let c = i.read(&self.a.c);
    let odd = i.name("not a word!", c);
    i.drive(&self.a_c, odd);
});

#[test]
fn clashing_names_are_told_apart() {
    let modules = emitted(Clash {
        a_b: Net::bits(4),
        a_c: Net::bits(4),
        t1: Net::bits(4),
        a: Inverter {
            b: Net::bits(4),
            c: Net::bits(4),
        },
    });
    let lines = [
        "input wire [3:0] a_b,",
        "wire [3:0] a_b_2 = (a_b + t1);",
        "wire [3:0] a_b_2_ = (a_b_2 + a_b);",
        "wire [3:0] t1_ = (a_b_2_ - a_b);",
        "assign a_b_ = {t1_[2:0], t2[3]};",
        ".b(a_b_)",
        ".c(a_c_)",
        "wire [3:0] not_a_word_ = a_c_;",
    ];
    assert_has(&modules[1], &lines);
    tools::assert_lint_clean("clash", &modules, &[]);
}

/// Names made at run time, and ports that may be missing.
#[derive(LogicBlock)]
struct Ports {
    layer: Bundle<In>,
    extra: Optional<Net<In>>,
    sum: Net<Out>,
}

describe!(Ports, "ports", |self, i| {
    let mut sum = i.literal(8, false, 0);
    let nets: Vec<&Net<In>> = self.layer.nets().chain(self.extra.get()).collect();
    for net in nets {
        sum = sum + i.read(net).resize(8);
    }
    i.drive(&self.sum, sum);
});

fn ports(extra: bool) -> Module {
    let mut modules = emitted(Ports {
        layer: Bundle::new([("width", 7), ("height", 8)]),
        extra: Optional::when(extra, || Net::bits(3)),
        sum: Net::bits(8),
    });
    modules.remove(0)
}

#[test]
fn bundles_name_their_ports_and_absent_ports_leave_no_trace() {
    let with = ports(true);
    assert_has(
        &with,
        &["input wire [6:0] layer_width,", "input wire [2:0] extra,"],
    );
    assert!(!ports(false).text.contains("extra"));
    tools::assert_lint_clean("ports", &[with], &[]);
}

/// An inverter around another, wrong in the ways of the tests below.
#[derive(LogicBlock)]
struct Wrong<const FAULT: u8> {
    b: Net<In>,
    c: Net<Out>,
    part: Inverter,
}

const TWICE: u8 = 0;
const OPEN_OUTPUT: u8 = 1;
const OPEN_PART: u8 = 2;
const CLAIMED_ONLY: u8 = 3;
const OWN_INPUT: u8 = 4;
const PART_OUTPUT: u8 = 5;

impl<const FAULT: u8> Describe for Wrong<FAULT> {
    fn module(&self) -> String {
        "wrong".into()
    }
    fn about(&self) -> String {
        "Wrong".into()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let b = i.read(&self.b);
        match FAULT {
            OPEN_PART => {}
            CLAIMED_ONLY => self.part.b.claim(),
            _ => i.drive(&self.part.b, b),
        }
        match FAULT {
            TWICE => i.drive(&self.part.b, !b),
            OWN_INPUT => i.drive(&self.b, b),
            PART_OUTPUT => i.drive(&self.part.c, b),
            _ => {}
        }
        if FAULT != OPEN_OUTPUT {
            i.connect(&self.c, &self.part.c);
        }
    }
}

impl<const FAULT: u8> Logic for Wrong<FAULT> {
    fn update(&mut self) {}
    fn connect(&mut self) {
        self.describe(&mut cromulent_kit::Connect);
    }
    fn hdl(&self) -> Verilog {
        Verilog::Custom(emit::body(self))
    }
}

fn wrong<const FAULT: u8>() -> String {
    refusal(Wrong::<FAULT> {
        b: Net::bits(4),
        c: Net::bits(4),
        part: Inverter {
            b: Net::bits(4),
            c: Net::bits(4),
        },
    })
}

#[test]
fn every_fault_is_named() {
    assert_eq!(wrong::<TWICE>(), "module wrong: part.b is driven twice");
    assert_eq!(wrong::<OPEN_OUTPUT>(), "rust_hdl check: not driven: c");
    assert_eq!(wrong::<OPEN_PART>(), "rust_hdl check: not driven: part.b");
    assert_eq!(
        wrong::<CLAIMED_ONLY>(),
        "module wrong: part.b is not driven"
    );
    assert_eq!(
        wrong::<OWN_INPUT>(),
        "module wrong: b may only be read here"
    );
    assert_eq!(
        wrong::<PART_OUTPUT>(),
        "module wrong: part.c may only be read here"
    );
}

/// A block with a kernel in rust_hdl's own language.
#[derive(LogicBlock, Default)]
struct Kernel {
    a: Signal<In, Bit>,
    b: Signal<Out, Bit>,
}

impl Logic for Kernel {
    #[hdl_gen]
    fn update(&mut self) {
        self.b.next = !self.a.val();
    }
}

#[test]
fn kernels_of_rust_hdl_are_refused() {
    let mut kernel = Kernel::default();
    kernel.connect_all();
    let error = emit::verilog(&kernel).expect_err("a kernel");
    assert_eq!(
        error,
        EmitError::Foreign {
            block: "top".into()
        }
    );
    let text = "block top is not described through the kit: use `logic!`";
    assert_eq!(error.to_string(), text);
}

/// Drives a net with a word of another shape: found in every build, when the block is connected.
#[derive(LogicBlock)]
struct Narrow {
    a: Net<In>,
    b: Net<Out>,
}

describe!(Narrow, "narrow", |self, i| i.connect(&self.b, &self.a));

fn narrow() -> Narrow {
    Narrow {
        a: Net::bits(4),
        b: Net::bits(5),
    }
}

#[test]
#[should_panic(expected = "a net of 5 unsigned bits is driven with 4 unsigned bits")]
fn a_narrow_driver_is_found_when_connecting() {
    narrow().connect_all();
}

#[test]
#[should_panic(expected = "b has 5 unsigned bits and is driven with 4 unsigned bits")]
fn a_narrow_driver_is_found_when_printing() {
    emit::body(&narrow());
}
