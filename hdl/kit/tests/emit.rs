//! What the emitter prints.

mod tools;

use cromulent_kit::emit::{self, Module};
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
        "wire [3:0] endmodule_ = inside_ + integer_;",
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
        "wire [3:0] a_b_2 = a_b + t1;",
        "wire [3:0] a_b_2_ = a_b_2 + a_b;",
        "wire [3:0] t1_ = a_b_2_ - a_b;",
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
