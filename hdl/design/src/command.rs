//! The program: a header, then commands, as lanes of 32 bits.

use crate::design::Design;
use crate::registers::{LayerRegisters, REGISTER_COUNT, REGISTERS};

/// Lanes of 32 bits of a command, and of the header.
pub const COMMAND_LANES: usize = 16;
/// What a program begins with: "CROM" in memory.
pub const PROGRAM_MAGIC: u32 = u32::from_le_bytes(*b"CROM");
/// The version of the program's layout. The machine refuses others.
pub const PROGRAM_VERSION: u32 = 5;

/// The first line of a program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Header {
    /// [`PROGRAM_VERSION`].
    pub version: u32,
    /// [`Design::fingerprint`] of the design it was compiled for.
    pub fingerprint: u64,
    /// Beats of the whole program, this line included.
    pub beats: u32,
}

impl Header {
    /// The header of a program of this many beats for a design.
    pub fn new(design: &Design, beats: u32) -> Header {
        Header {
            version: PROGRAM_VERSION,
            fingerprint: design.fingerprint(),
            beats,
        }
    }

    /// Lane 0 the magic number, 1 the version, 2 and 3 the fingerprint, low half first, 4 the beats.
    pub fn to_lanes(self) -> [u32; COMMAND_LANES] {
        let mut lanes = [0; COMMAND_LANES];
        lanes[..5].copy_from_slice(&[
            PROGRAM_MAGIC,
            self.version,
            self.fingerprint as u32,
            (self.fingerprint >> 32) as u32,
            self.beats,
        ]);
        lanes
    }
}

/// One command of a program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Command {
    /// Run a layer, whose constants and weights follow.
    Layer(LayerRegisters),
    /// Load code lines from the input, once everything before is done.
    Fetch(Fetch),
    /// Move code lines to or from the scratch region, once everything before is done.
    Move(Move),
    /// Finish, once everything before is done.
    End,
}

/// Code lines to be loaded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Fetch {
    /// The code-bank address of the first line.
    pub address: u32,
    /// Lines.
    pub lines: u32,
    /// Where they lie: bytes from the input's address.
    pub offset: u32,
    /// Beats they take on the bus.
    pub beats: u32,
}

impl Fetch {
    /// The lane of each field, in the order of the struct.
    pub const LANES: [usize; 4] = [1, 2, 4, 5];

    /// As many lines as this, to this address, from this offset.
    pub fn new(design: &Design, address: u32, lines: u32, offset: u32) -> Fetch {
        let beats = lines.saturating_mul(design.beats(design.code_line_bits()));
        Fetch {
            address,
            lines,
            offset,
            beats,
        }
    }
}

/// Which way code lines move.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Direction {
    /// From the code banks to memory.
    Store,
    /// From memory to the code banks.
    Fetch,
}

/// Code lines that move between the code banks and the scratch region in memory, packed at the codes' width.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Move {
    /// Which way.
    pub direction: Direction,
    /// The code-bank address of the first line.
    pub address: u32,
    /// Lines.
    pub lines: u32,
    /// Where they lie: bytes from the scratch region's address, a multiple of a beat.
    pub offset: u32,
    /// Beats they take on the bus.
    pub beats: u32,
}

impl Move {
    /// As many lines as this, at this address and this offset.
    pub fn new(
        design: &Design,
        direction: Direction,
        address: u32,
        lines: u32,
        offset: u32,
    ) -> Move {
        let beats = u32::try_from(design.map_beats(lines.into())).unwrap_or(u32::MAX);
        Move {
            direction,
            address,
            lines,
            offset,
            beats,
        }
    }
}

impl Command {
    /// Opcode of [`Command::Layer`].
    pub const LAYER: u32 = 1;
    /// Opcode of [`Command::Fetch`].
    pub const FETCH: u32 = 2;
    /// Opcode of [`Command::End`].
    pub const END: u32 = 3;
    /// Opcode of a [`Command::Move`] that stores.
    pub const STORE: u32 = 4;
    /// The bit of lane 0 that makes a FETCH a [`Command::Move`]: from the scratch region.
    pub const SCRATCH: u32 = 8;

    /// The command in its lanes; the opcode is in the low 8 bits of lane 0. Values too large for their field
    /// lose their high bits: [`LayerRegisters::validate`] refuses them.
    pub fn to_lanes(&self) -> [u32; COMMAND_LANES] {
        let mut lanes = [0; COMMAND_LANES];
        match self {
            Command::Layer(registers) => {
                lanes[0] = Command::LAYER;
                for (field, value) in REGISTERS.iter().zip(registers.values()) {
                    let kept = u64::from(value) & ((1u64 << field.bits) - 1);
                    lanes[field.lane] |= (kept as u32) << field.low;
                }
            }
            Command::Fetch(fetch) => {
                lanes[0] = Command::FETCH;
                let values = [fetch.address, fetch.lines, fetch.offset, fetch.beats];
                for (lane, value) in Fetch::LANES.into_iter().zip(values) {
                    lanes[lane] = value;
                }
            }
            Command::Move(to) => {
                lanes[0] = match to.direction {
                    Direction::Store => Command::STORE,
                    Direction::Fetch => Command::FETCH | 1 << Command::SCRATCH,
                };
                let values = [to.address, to.lines, to.offset, to.beats];
                for (lane, value) in Fetch::LANES.into_iter().zip(values) {
                    lanes[lane] = value;
                }
            }
            Command::End => lanes[0] = Command::END,
        }
        lanes
    }

    /// The command in these lanes; `None` for an opcode there is not.
    pub fn from_lanes(lanes: &[u32; COMMAND_LANES]) -> Option<Command> {
        match lanes[0] & 0xff {
            Command::LAYER => {
                let mut values = [0; REGISTER_COUNT];
                for (value, field) in values.iter_mut().zip(&REGISTERS) {
                    let mask = (1u64 << field.bits) - 1;
                    *value = (u64::from(lanes[field.lane] >> field.low) & mask) as u32;
                }
                Some(Command::Layer(LayerRegisters::from_values(values)))
            }
            opcode @ (Command::FETCH | Command::STORE) => {
                let [address, lines, offset, beats] = Fetch::LANES.map(|lane| lanes[lane]);
                let scratch = lanes[0] >> Command::SCRATCH & 1 == 1;
                if opcode == Command::FETCH && !scratch {
                    return Some(Command::Fetch(Fetch {
                        address,
                        lines,
                        offset,
                        beats,
                    }));
                }
                let direction = match opcode {
                    Command::STORE => Direction::Store,
                    _ => Direction::Fetch,
                };
                Some(Command::Move(Move {
                    direction,
                    address,
                    lines,
                    offset,
                    beats,
                }))
            }
            Command::END => Some(Command::End),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Affine;
    use cromulent_number::Format;

    #[test]
    fn fields_of_a_layer_do_not_overlap() {
        let mut taken = [0u32; COMMAND_LANES];
        taken[0] = 0xff;
        for field in REGISTERS {
            let mask = (((1u64 << field.bits) - 1) << field.low) as u32;
            assert_eq!(taken[field.lane] & mask, 0, "{} overlaps", field.name);
            assert!(field.low + field.bits <= 32, "{}", field.name);
            taken[field.lane] |= mask;
        }
    }

    #[test]
    fn commands_come_back() {
        let values = std::array::from_fn(|i| if i < 19 { i as u32 + 1 } else { (i as u32) % 2 });
        let fetch = Fetch {
            address: 3,
            lines: 5,
            offset: 640,
            beats: 10,
        };
        let design = Design::new(4, 4, Format::L4, Affine::Exact);
        let to = |direction| Command::Move(Move::new(&design, direction, 7, 9, 256));
        for command in [
            Command::Layer(LayerRegisters::from_values(values)),
            Command::Fetch(fetch),
            to(Direction::Store),
            to(Direction::Fetch),
            Command::End,
        ] {
            assert_eq!(Command::from_lanes(&command.to_lanes()), Some(command));
        }
        assert_eq!(Command::from_lanes(&[9; COMMAND_LANES]), None);
    }

    #[test]
    fn a_header_names_its_design() {
        let design = Design::new(4, 4, Format::L4, Affine::Exact);
        let lanes = Header::new(&design, 77).to_lanes();
        assert_eq!(lanes[0].to_le_bytes(), *b"CROM");
        assert_eq!([lanes[1], lanes[4], lanes[5]], [PROGRAM_VERSION, 77, 0]);
        let found = u64::from(lanes[3]) << 32 | u64::from(lanes[2]);
        assert_eq!(found, design.fingerprint());
    }
}
