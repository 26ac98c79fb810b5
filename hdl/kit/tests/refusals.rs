//! What the emitter refuses, word for word.

use cromulent_kit::emit::{self, EmitError};
use cromulent_kit::{Describe, Interpreter, Net, logic};
use rust_hdl_core::prelude::*;

#[track_caller]
fn refusal<B: Block>(mut block: B) -> String {
    block.connect_all();
    emit::verilog(&block).expect_err("wrong").to_string()
}

#[derive(LogicBlock)]
struct Inverter {
    b: Net<In>,
    c: Net<Out>,
}

impl Describe for Inverter {
    fn module(&self) -> String {
        "inverter".into()
    }
    fn about(&self) -> String {
        "Inverts".into()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let b = i.read(&self.b);
        i.drive(&self.c, !b);
    }
}
logic!(Inverter);

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

impl Describe for Narrow {
    fn module(&self) -> String {
        "narrow".into()
    }
    fn about(&self) -> String {
        "Drives a net with a word of another width".into()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        i.connect(&self.b, &self.a);
    }
}
logic!(Narrow);

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
