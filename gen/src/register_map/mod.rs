//! The control registers of a design for those who write drivers: JSON, a C header, a page.
//!
//! All three say what [`CONTROL_REGISTERS`] says, so that no driver
//! needs a number of its own.

mod header;
mod page;

pub use header::header;
pub use page::page;

use cromulent_design::{
    Access, BURST_BEATS, CONTROL_ADDRESS_BITS, CONTROL_REGISTERS, Design, Fault, PROGRAM_VERSION,
};
use serde_json::{Value, json};

/// What a field of one or more bits of a register means.
struct BitField {
    register: &'static str,
    name: &'static str,
    low: u32,
    bits: u32,
    meaning: &'static str,
}

const fn bit(
    register: &'static str,
    name: &'static str,
    low: u32,
    meaning: &'static str,
) -> BitField {
    BitField {
        register,
        name,
        low,
        bits: 1,
        meaning,
    }
}

/// The fields of the registers that have any.
const FIELDS: [BitField; 10] = [
    bit("CONTROL", "START", 0, "start the program"),
    bit("STATUS", "BUSY", 0, "a program runs"),
    bit("STATUS", "DONE", 1, "the program came to its end"),
    bit("STATUS", "FAULT", 2, "the program stopped early"),
    bit(
        "STATUS",
        "REFUSED",
        3,
        "a start came while busy and was refused",
    ),
    BitField {
        register: "STATUS",
        name: "FAULT_CODE",
        low: 8,
        bits: 8,
        meaning: "why the program stopped early; 0 if it did not",
    },
    bit("INTERRUPT_ENABLE", "DONE", 0, "raise irq when done"),
    bit("INTERRUPT_ENABLE", "FAULT", 1, "raise irq on a fault"),
    bit(
        "INTERRUPT_STATUS",
        "DONE",
        0,
        "the program came to its end; write 1 to clear",
    ),
    bit(
        "INTERRUPT_STATUS",
        "FAULT",
        1,
        "the program stopped early; write 1 to clear",
    ),
];

/// How a register may be used, in a word.
fn access(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::ReadWrite => "read-write",
        Access::Command => "command",
        Access::Clear => "write-1-to-clear",
    }
}

/// `OTHER_DESIGN` for [`Fault::OtherDesign`].
fn fault_name(fault: Fault) -> String {
    let mut name = String::new();
    for letter in format!("{fault:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    name
}

/// The registers as one object.
pub fn json(design: &Design) -> Value {
    let registers = CONTROL_REGISTERS.iter().map(|register| {
        let fields = FIELDS.iter().filter(|field| field.register == register.name);
        let fields = fields.map(|field| {
            json!({ "name": field.name, "low": field.low, "bits": field.bits, "meaning": field.meaning })
        });
        json!({
            "name": register.name,
            "offset": register.offset,
            "access": access(register.access),
            "meaning": register.meaning,
            "fields": fields.collect::<Vec<_>>(),
        })
    });
    let faults = Fault::ALL.into_iter().map(|fault| {
        json!({ "code": fault.code(), "name": fault_name(fault), "meaning": fault.meaning() })
    });
    json!({
        "design": design.name,
        "fingerprint": format!("{:016x}", design.fingerprint()),
        "program_version": PROGRAM_VERSION,
        "control_address_bits": CONTROL_ADDRESS_BITS,
        "bus_bits": design.bus_bits,
        "memory_address_bits": design.memory_address_bits,
        "burst_beats": BURST_BEATS,
        "registers": registers.collect::<Vec<_>>(),
        "faults": faults.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cromulent_design::Affine;
    use cromulent_number::Format;

    fn design() -> Design {
        Design::new(8, 8, Format::L4, Affine::Exact)
    }

    #[test]
    fn every_register_and_fault_is_in_all_three() {
        let (object, header, page) = (json(&design()), header(&design()), page(&design()));
        for register in CONTROL_REGISTERS {
            let place = format!("{:#04x}", register.offset);
            assert!(object.to_string().contains(register.name));
            assert!(
                header.contains(&format!("CROMULENT_{} {place}u", register.name)),
                "{header}"
            );
            assert!(
                page.contains(&format!("| `{place}` | `{}` |", register.name)),
                "{page}"
            );
        }
        for fault in Fault::ALL {
            let name = fault_name(fault);
            assert!(object.to_string().contains(&name));
            assert!(header.contains(&format!("CROMULENT_FAULT_{name} {}u", fault.code())));
            assert!(page.contains(fault.meaning()));
        }
    }

    #[test]
    fn fields_belong_to_registers() {
        for field in FIELDS {
            assert!(CONTROL_REGISTERS.iter().any(|r| r.name == field.register));
            assert!(field.low + field.bits <= 32);
        }
    }
}
