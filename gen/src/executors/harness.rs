//! The C++ that drives a Verilated core: one file for all designs, and a header of this design's ports.

use std::fmt::Write as _;

use cromulent_design::{Design, REGISTERS};

use crate::output::Files;

/// Top module of the emitted Verilog.
pub const TOP: &str = "cromulent_core";

const HARNESS: &str = include_str!("../../../testbenches/harness/harness.cpp");

/// The harness of a design, by file name.
pub fn harness_files(design: &Design) -> Files {
    [
        ("harness.cpp".into(), HARNESS.to_owned()),
        ("ports.h".into(), ports_header(design)),
    ]
    .into()
}

/// Accessors for ports whose names depend on the design.
pub fn ports_header(design: &Design) -> String {
    let columns = 0..design.columns;
    let valid: String = columns
        .clone()
        .map(|j| format!("        case {j}: return top.word_valid_{j};\n"))
        .collect();
    let word: String = columns
        .map(|j| format!("        case {j}: return top.word_{j};\n"))
        .collect();
    let registers: String = REGISTERS
        .iter()
        .enumerate()
        .map(|(n, name)| format!("        case {n}: top.layer_{name} = value; break;\n"))
        .collect();
    let mut text = String::new();
    let _ = write!(
        text,
        "// Ports of {name}. Generated; do not edit.\n\
         #pragma once\n\
         #include <cstdint>\n\
         #include \"V{TOP}.h\"\n\
         #include \"verilated.h\"\n\n\
         using Top = V{TOP};\n\
         constexpr int COLUMNS = {columns};\n\
         constexpr int REGISTERS = {count};\n\n\
         inline bool word_valid(const Top& top, int column) {{\n    switch (column) {{\n{valid}        default: return false;\n    }}\n}}\n\n\
         inline uint64_t word(const Top& top, int column) {{\n    switch (column) {{\n{word}        default: return 0;\n    }}\n}}\n\n\
         inline void set_register(Top& top, int n, uint64_t value) {{\n    switch (n) {{\n{registers}        default: break;\n    }}\n}}\n",
        name = design.name,
        columns = design.columns,
        count = REGISTERS.len(),
    );
    text
}
