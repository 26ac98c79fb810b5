//! Wide ports around narrow ones.

mod tools;

use cromulent_kit::emit::{self, Wrapper};
use cromulent_kit::{Describe, Interpreter, Net, logic};
use rust_hdl_core::prelude::*;

/// Passes lanes on, unless told not to.
#[derive(LogicBlock)]
struct Gate {
    open: Net<In>,
    from: Vec<Net<In>>,
    to: Vec<Net<Out>>,
}

impl Gate {
    fn new(lanes: usize) -> Gate {
        Gate {
            open: Net::flag(),
            from: Net::array(lanes, 5, true),
            to: Net::array(lanes, 5, true),
        }
    }
}

impl Describe for Gate {
    fn module(&self) -> String {
        "gate".into()
    }
    fn about(&self) -> String {
        "Passes lanes on".into()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let (open, none) = (i.read(&self.open), i.literal(5, true, 0));
        for (to, from) in self.to.iter().zip(&self.from) {
            use cromulent_kit::Word;
            let word = open.mux(i.read(from), none);
            i.drive(to, word);
        }
    }
}
logic!(Gate);

fn lanes(port: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{port}_{n}")).collect()
}

fn gate(lanes: usize) -> Gate {
    let mut gate = Gate::new(lanes);
    gate.connect_all();
    gate
}

#[test]
fn lanes_become_one_wide_port() {
    let gate = gate(3);
    let wrapper = Wrapper::new("wide", "Passes a wide word on")
        .gang("m_from", lanes("from", 3))
        .gang("m_to", lanes("to", 3))
        .tie("open", 1);
    let mut modules = emit::verilog(&gate).expect("well formed");
    modules.push(wrapper.around(&gate, "gate").expect("it fits"));
    let expected = "// Passes a wide word on\n`default_nettype none\nmodule wide (\n  input wire [14:0] m_from,\n  \
                    output wire [14:0] m_to\n);\n  gate inner (\n    .open(1'h1),\n    .from_0(m_from[4:0]),\n    \
                    .from_1(m_from[9:5]),\n    .from_2(m_from[14:10]),\n    .to_0(m_to[4:0]),\n    \
                    .to_1(m_to[9:5]),\n    .to_2(m_to[14:10])\n  );\nendmodule\n`default_nettype wire\n";
    assert_eq!(modules[1].text, expected);
    tools::assert_lint_clean("wrapper", &modules, &[]);
}

#[test]
fn a_single_lane_is_renamed_and_the_rest_passed_through() {
    let gate = gate(1);
    let wrapper = Wrapper::new("narrow", "Passes on").gang("m_from", lanes("from", 1));
    let mut modules = emit::verilog(&gate).expect("well formed");
    modules.push(wrapper.around(&gate, "gate").expect("it fits"));
    for line in [
        "  input wire open,\n  input wire signed [4:0] m_from,\n  output wire signed [4:0] to_0\n",
        ".from_0(m_from)",
        ".to_0(to_0)",
    ] {
        assert!(modules[1].text.contains(line), "{line}");
    }
    tools::assert_lint_clean("wrapper_narrow", &modules, &[]);
}

#[test]
fn outputs_may_be_left_open() {
    let gate = gate(2);
    let wrapper = Wrapper::new("half", "Passes one lane on").leave(["to_1"]);
    let mut modules = emit::verilog(&gate).expect("well formed");
    modules.push(wrapper.around(&gate, "gate").expect("it fits"));
    let text = &modules[1].text;
    assert!(text.contains("wire signed [4:0] unused_to_1;"), "{text}");
    assert!(text.contains(".to_1(unused_to_1)"), "{text}");
    assert!(!text.contains("output wire signed [4:0] to_1"), "{text}");
    tools::assert_lint_clean("wrapper_half", &modules, &[]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let plain = || Wrapper::new("w", "");
    let refused = [
        (
            plain().gang("m", ["none"]),
            "none: the block has no such port",
        ),
        (plain().tie("none", 0), "none: the block has no such port"),
        (plain().tie("to_0", 0), "to_0: an output cannot be tied"),
        (
            plain().leave(["open"]),
            "open: an input cannot be left open",
        ),
        (plain().leave(["none"]), "none: the block has no such port"),
        (
            plain().gang("m", ["open"]).tie("open", 0),
            "open: it is connected twice",
        ),
        (
            plain().gang("m", ["from_0", "to_0"]),
            "m: its lanes have both directions",
        ),
        (
            plain().gang("m", ["from_1", "from_0"]),
            "m: its lanes are not in the order of the block's ports",
        ),
        (
            plain().gang("open", ["from_0"]),
            "open: two ports have this name",
        ),
        (
            plain().gang("wire", ["from_0"]),
            "wire: that is no name for a port",
        ),
    ];
    let gate = gate(2);
    for (wrapper, message) in refused {
        let error = wrapper.around(&gate, "gate").expect_err(message);
        assert_eq!(error.to_string(), format!("wrapper w: {message}"));
    }
}
