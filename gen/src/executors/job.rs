//! A program to run on hardware with one input: where it all lies in memory, and the steps of a host.

use cromulent_design::{BURST_BEATS, CONTROL_REGISTERS, ControlRegister, Design, FIRST_COUNTER};
use cromulent_engine::program::Program;

use super::script::{Memory, Step};
use crate::Error;

/// A program, its input and the memory they lie in.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The design.
    pub design: &'a Design,
    /// The program.
    pub program: &'a Program,
    /// The bytes of the input.
    pub input: &'a [u8],
    /// Where everything lies.
    pub map: MemoryMap,
    /// How the memory answers.
    pub memory: Memory,
    /// Cycles after which an accelerator that has not raised its interrupt hangs.
    pub limit: u64,
}

/// A part of the memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Region {
    /// Byte address.
    pub address: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Where program, input, results and scratch region lie.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemoryMap {
    /// The program, read.
    pub program: Region,
    /// The input, read.
    pub input: Region,
    /// The results, written: 64-bit numbers.
    pub result: Region,
    /// The scratch region, written and read: feature maps. Programs that move none leave it empty.
    pub scratch: Region,
}

impl Region {
    /// The first address behind it.
    fn end(self) -> u64 {
        self.address.saturating_add(self.bytes)
    }
}

impl MemoryMap {
    /// Puts the parts one after another from `base` on, each at a multiple of a longest burst.
    ///
    /// # Errors
    /// They do not fit the addresses of the design's bus.
    pub fn new(
        design: &Design,
        base: u64,
        program: &Program,
        input: u64,
    ) -> Result<MemoryMap, Error> {
        let burst = u64::from(BURST_BEATS * design.bus_bits / 8).max(1);
        let place = |after: u64, bytes: u64| Region {
            address: after.checked_next_multiple_of(burst).unwrap_or(u64::MAX),
            bytes,
        };
        let program_part = place(base, program.bytes.len() as u64);
        let input_part = place(program_part.end(), input);
        let result = place(input_part.end(), 8 * program.result_words as u64);
        let scratch = place(result.end(), program.scratch_bytes);
        let limit = 1u128 << design.memory_address_bits;
        // An empty region needs no room, whatever it is rounded up to.
        let end = if scratch.bytes > 0 { scratch } else { result }.end();
        if u128::from(end) > limit || end == u64::MAX {
            let what = format!(
                "memory_address_bits = {} cannot reach program, input, results and maps: {} bytes from address {base:#x} on",
                design.memory_address_bits,
                end.saturating_sub(base)
            );
            return Err(Error::bad_input(
                &design.name,
                what,
                "give the design more memory_address_bits",
            ));
        }
        Ok(MemoryMap {
            program: program_part,
            input: input_part,
            result,
            scratch,
        })
    }

    /// A base address that uses the high bits of an address, for a bench.
    pub fn high(design: &Design, program: &Program, input: u64) -> Result<MemoryMap, Error> {
        let base = 1u64 << (design.memory_address_bits.clamp(16, 64) - 1);
        MemoryMap::new(design, base, program, input)
            .or_else(|_| MemoryMap::new(design, 0, program, input))
    }
}

/// A control register by its name in [`CONTROL_REGISTERS`]; its byte address.
///
/// # Panics
/// There is none of this name: a mistake in this program.
pub fn register(name: &str) -> u32 {
    let found = CONTROL_REGISTERS.iter().find(|r| r.name == name);
    found.unwrap_or_else(|| panic!("no register {name}")).offset
}

/// The registers of counters, in order.
pub fn counter_registers() -> impl Iterator<Item = &'static ControlRegister> {
    CONTROL_REGISTERS
        .iter()
        .filter(|register| register.offset >= FIRST_COUNTER)
}

impl Job<'_> {
    /// Everything a host does for one run; [`Job::gather`] makes of the records what it did.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = self.prepare();
        steps.push(start());
        steps.extend(self.finish());
        steps
    }

    /// Fills the memory and sets the addresses.
    pub fn prepare(&self) -> Vec<Step> {
        let MemoryMap {
            program,
            input,
            result,
            scratch,
        } = self.map;
        let mut steps = vec![
            Step::Memory(self.memory),
            Step::Load {
                address: program.address,
                bytes: self.program.bytes.clone(),
            },
            Step::Load {
                address: input.address,
                bytes: self.input.to_vec(),
            },
            Step::Window {
                address: [result.address, scratch.address],
                bytes: [result.bytes, scratch.bytes],
            },
            write("INTERRUPT_ENABLE", 3),
        ];
        for (name, region) in [
            ("PROGRAM", program),
            ("INPUT", input),
            ("RESULT", result),
            ("SCRATCH", scratch),
        ] {
            steps.push(write(&format!("{name}_LOW"), region.address as u32));
            steps.push(write(
                &format!("{name}_HIGH"),
                (region.address >> 32) as u32,
            ));
        }
        steps
    }

    /// Waits for the interrupt, reads status and counters, clears the interrupt, and takes the results.
    pub fn finish(&self) -> Vec<Step> {
        let mut steps = vec![Step::Wait { limit: self.limit }, read("STATUS")];
        steps.extend(counter_registers().map(|counter| Step::Read {
            register: counter.offset,
        }));
        steps.push(write("INTERRUPT_STATUS", 3));
        steps.push(Step::Dump {
            address: self.map.result.address,
            bytes: self.map.result.bytes,
        });
        steps
    }
}

/// Writes all of a control register.
pub fn write(name: &str, data: u32) -> Step {
    Step::Write {
        register: register(name),
        data,
        strobes: 15,
    }
}

/// Reads a control register.
pub fn read(name: &str) -> Step {
    Step::Read {
        register: register(name),
    }
}

/// Starts the program and begins to observe.
pub fn start() -> Step {
    Step::Start {
        register: register("CONTROL"),
        data: 1,
    }
}
