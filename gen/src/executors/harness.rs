//! The C++ that drives a Verilated accelerator: the same for all designs but for a header of sizes.

use cromulent_design::Design;

use crate::output::Files;

pub use cromulent_core::{STREAM_TOP, TOP};

/// The sources beside `ports.h`.
const SOURCES: [(&str, &str); 5] = [
    (
        "harness.cpp",
        include_str!("../../../testbenches/harness/harness.cpp"),
    ),
    (
        "lite.h",
        include_str!("../../../testbenches/harness/lite.h"),
    ),
    (
        "memory.h",
        include_str!("../../../testbenches/harness/memory.h"),
    ),
    (
        "observe.h",
        include_str!("../../../testbenches/harness/observe.h"),
    ),
    (
        "ports_access.h",
        include_str!("../../../testbenches/harness/ports_access.h"),
    ),
];

/// The harness of a design, by file name.
pub fn harness_files(design: &Design) -> Files {
    let mut files: Files = SOURCES
        .into_iter()
        .map(|(name, text)| (name.into(), text.to_owned()))
        .collect();
    files.insert("ports.h".into(), ports_header(design));
    files
}

/// The sizes of a design's ports.
pub fn ports_header(design: &Design) -> String {
    let Design {
        name,
        columns,
        bus_bits,
        memory_address_bits,
        rows,
        max_pool,
        ..
    } = design;
    let pool_rows = if *max_pool { *rows } else { 0 };
    format!(
        "// Ports of {name}. Generated; do not edit.\n\
         #pragma once\n\
         #include \"V{TOP}.h\"\n\
         #include \"verilated.h\"\n\n\
         using Top = V{TOP};\n\
         constexpr int COLUMNS = {columns};\n\
         constexpr int WORD_BITS = {};\n\
         constexpr int BUS_BITS = {bus_bits};\n\
         constexpr int ADDRESS_BITS = {memory_address_bits};\n\n\
         // Rows that pool, and bits of a code.\n\
         #define POOL_ROWS {pool_rows}\n\
         constexpr int CODE_BITS = {};\n",
        design.total_bits(),
        design.pooled_bits()
    )
}
