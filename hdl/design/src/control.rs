//! What a host sees: the control registers of the AXI4-Lite port, and the faults.

/// Why a program stopped early.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Fault {
    /// The first line is no header.
    NotAProgram,
    /// The header has another version.
    Version,
    /// The program was compiled for another design.
    OtherDesign,
    /// A command has an unknown opcode.
    UnknownCommand,
    /// A field of a command is out of range.
    OutOfRange,
    /// The memory answered a read with an error.
    ReadError,
    /// The memory answered a write with an error.
    WriteError,
    /// The program ended without END.
    Truncated,
    /// The program moves maps to or from memory, and this top has none.
    NoMemory,
}

impl Fault {
    /// Every fault, by code from 1.
    pub const ALL: [Fault; 9] = [
        Fault::NotAProgram,
        Fault::Version,
        Fault::OtherDesign,
        Fault::UnknownCommand,
        Fault::OutOfRange,
        Fault::ReadError,
        Fault::WriteError,
        Fault::Truncated,
        Fault::NoMemory,
    ];

    /// The code in bits 15:8 of STATUS; 0 is no fault.
    pub fn code(self) -> u32 {
        self as u32 + 1
    }

    /// The fault of a code.
    pub fn from_code(code: u32) -> Option<Fault> {
        Fault::ALL.into_iter().find(|fault| fault.code() == code)
    }

    /// What it means, a sentence without its end.
    pub fn meaning(self) -> &'static str {
        match self {
            Fault::NotAProgram => "there is no program at the program address",
            Fault::Version => "the program has another version",
            Fault::OtherDesign => "the program was compiled for another design",
            Fault::UnknownCommand => "the program has an unknown command",
            Fault::OutOfRange => "a field of a command is out of range",
            Fault::ReadError => "the memory answered a read with an error",
            Fault::WriteError => "the memory answered a write with an error",
            Fault::Truncated => "the program ends without END",
            Fault::NoMemory => {
                "the program moves maps to or from memory, and the stream top has none"
            }
        }
    }
}

/// How a host may use a control register.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Access {
    /// Read only; a write is answered with SLVERR.
    Read,
    /// Read and written, byte by byte.
    ReadWrite,
    /// Bits written as 1 act and read as 0.
    Command,
    /// Bits written as 1 are cleared.
    Clear,
}

/// One 32-bit register of the AXI4-Lite port.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ControlRegister {
    /// The name.
    pub name: &'static str,
    /// Byte address.
    pub offset: u32,
    /// How it may be used.
    pub access: Access,
    /// What it holds, a sentence.
    pub meaning: &'static str,
}

const fn register(
    name: &'static str,
    offset: u32,
    access: Access,
    meaning: &'static str,
) -> ControlRegister {
    ControlRegister {
        name,
        offset,
        access,
        meaning,
    }
}

/// Address bits of the AXI4-Lite port.
pub const CONTROL_ADDRESS_BITS: u32 = 8;
/// Byte address of the first counter.
pub const FIRST_COUNTER: u32 = 0x40;
/// The counters of the core, in the order of the control registers from [`FIRST_COUNTER`] on.
pub const CORE_COUNTERS: [&str; 11] = [
    "cycles",
    "beats",
    "stall_weights",
    "stall_output",
    "stall_fill",
    "stall_drain",
    "stall_input",
    "stall_command",
    "layers",
    "saturations",
    "stall_maps",
];

/// Every control register.
#[rustfmt::skip] // A table.
pub const CONTROL_REGISTERS: [ControlRegister; 33] = [
    register("ID", 0x00, Access::Read, "0x4d4f5243: \"CROM\", lowest byte first."),
    register("VERSION", 0x04, Access::Read, "Version of the programs it runs."),
    register("FINGERPRINT_LOW", 0x08, Access::Read, "Fingerprint of the design, bits 31:0."),
    register("FINGERPRINT_HIGH", 0x0c, Access::Read, "Fingerprint of the design, bits 63:32."),
    register("CONTROL", 0x10, Access::Command, "Bit 0: start the program. While busy this is refused: STATUS bit 3."),
    register("STATUS", 0x14, Access::Read, "Bit 0 busy, 1 done, 2 fault, 3 a start was refused; bits 15:8 the code of the fault. A start clears bits 1 to 3."),
    register("INTERRUPT_ENABLE", 0x18, Access::ReadWrite, "Bit 0: when done; bit 1: on a fault."),
    register("INTERRUPT_STATUS", 0x1c, Access::Clear, "Bit 0: done; bit 1: fault. The interrupt line is high while an enabled bit is set."),
    register("PROGRAM_LOW", 0x20, Access::ReadWrite, "Byte address of the program, bits 31:0; a multiple of 16 beats of the bus."),
    register("PROGRAM_HIGH", 0x24, Access::ReadWrite, "The same, bits 63:32."),
    register("INPUT_LOW", 0x28, Access::ReadWrite, "Byte address of the input, bits 31:0; a multiple of a beat."),
    register("INPUT_HIGH", 0x2c, Access::ReadWrite, "The same, bits 63:32."),
    register("RESULT_LOW", 0x30, Access::ReadWrite, "Byte address of the results, bits 31:0; a multiple of a beat."),
    register("RESULT_HIGH", 0x34, Access::ReadWrite, "The same, bits 63:32."),
    register("SCRATCH_LOW", 0x38, Access::ReadWrite, "Byte address of the scratch region, bits 31:0; a multiple of a beat. Programs that move no maps need none."),
    register("SCRATCH_HIGH", 0x3c, Access::ReadWrite, "The same, bits 63:32."),
    register("CYCLES", 0x40, Access::Read, "Busy cycles since the start."),
    register("BEATS", 0x44, Access::Read, "Cycles in which a beat was issued to the array."),
    register("STALL_WEIGHTS", 0x48, Access::Read, "Cycles in which a layer waited for its weights."),
    register("STALL_OUTPUT", 0x4c, Access::Read, "Cycles in which a layer waited for room for results."),
    register("STALL_FILL", 0x50, Access::Read, "Cycles in which a layer took up a tile."),
    register("STALL_DRAIN", 0x54, Access::Read, "Cycles in which a layer's last words were on their way."),
    register("STALL_INPUT", 0x58, Access::Read, "Cycles in which the input was loaded."),
    register("STALL_COMMAND", 0x5c, Access::Read, "Cycles in which the next layer's command was awaited."),
    register("LAYERS", 0x60, Access::Read, "Layers finished."),
    register("SATURATIONS", 0x64, Access::Read, "Words of the residual stream that saturated."),
    register("STALL_MAPS", 0x68, Access::Read, "Cycles in which maps were moved to or from memory."),
    register("LAYER_CYCLES", 0x6c, Access::Read, "Cycles of the layer finished last."),
    register("PROGRAM_BEATS", 0x70, Access::Read, "Beats of the program read."),
    register("INPUT_BEATS", 0x74, Access::Read, "Beats of the input read."),
    register("RESULT_BEATS", 0x78, Access::Read, "Beats of results written."),
    register("STORED_BEATS", 0x7c, Access::Read, "Beats of maps written to the scratch region."),
    register("FETCHED_BEATS", 0x80, Access::Read, "Beats of maps read from it."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_fault() {
        for (n, fault) in Fault::ALL.into_iter().enumerate() {
            assert_eq!(fault.code() as usize, n + 1);
            assert_eq!(Fault::from_code(fault.code()), Some(fault));
        }
        assert_eq!(Fault::from_code(0), None);
        assert_eq!(Fault::from_code(10), None);
    }

    #[test]
    fn registers_lie_apart_and_counters_in_their_order() {
        let mut last = None;
        for register in CONTROL_REGISTERS {
            assert_eq!(register.offset % 4, 0);
            assert!(register.offset >> CONTROL_ADDRESS_BITS == 0);
            assert!(last < Some(register.offset), "{}", register.name);
            last = Some(register.offset);
        }
        let counters = CONTROL_REGISTERS
            .iter()
            .filter(|r| r.offset >= FIRST_COUNTER);
        for (register, name) in counters.zip(CORE_COUNTERS) {
            assert_eq!(register.name.to_lowercase(), name);
        }
    }
}
