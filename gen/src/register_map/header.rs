//! The registers as a C header.

use std::fmt::Write as _;

use cromulent_design::{CONTROL_REGISTERS, Design, Fault, PROGRAM_VERSION};

use super::{FIELDS, fault_name};

/// Offsets, masks, fault codes and what identifies the design, as macros.
pub fn header(design: &Design) -> String {
    let mut text = format!(
        "/* Control registers of {}. Generated; do not edit. Offsets are in bytes; every register has 32 bits. */\n\
         #ifndef CROMULENT_REGISTERS_H\n\
         #define CROMULENT_REGISTERS_H\n\n",
        design.name
    );
    let mut define = |name: &str, value: String, about: &str| {
        let about = match about {
            "" => String::new(),
            about => format!(" /* {about} */"),
        };
        let _ = writeln!(text, "#define CROMULENT_{name} {value}{about}");
    };
    let fingerprint = design.fingerprint();
    define("DESIGN_FINGERPRINT", format!("0x{fingerprint:016x}ull"), "");
    define("PROGRAM_VERSION", format!("{PROGRAM_VERSION}u"), "");
    define(
        "BUS_BYTES",
        format!("{}u", design.bus_bits / 8),
        "a beat of the memory bus",
    );
    if design.has_batch() {
        let about = "images of an input, and of its results";
        define("BATCH", format!("{}u", design.batch), about);
    }
    for register in CONTROL_REGISTERS {
        define(
            register.name,
            format!("{:#04x}u", register.offset),
            register.meaning,
        );
    }
    for field in FIELDS {
        let mask = ((1u64 << field.bits) - 1) << field.low;
        let name = format!("{}_{}", field.register, field.name);
        define(
            &format!("{name}_MASK"),
            format!("{mask:#010x}u"),
            field.meaning,
        );
        define(&format!("{name}_SHIFT"), format!("{}u", field.low), "");
    }
    for fault in Fault::ALL {
        let name = format!("FAULT_{}", fault_name(fault));
        define(&name, format!("{}u", fault.code()), fault.meaning());
    }
    text.push_str("\n#endif\n");
    text
}
