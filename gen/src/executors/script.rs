//! What a bench does to an accelerator, step by step, and what it writes down: the same for Verilator, whose
//! harness reads it from a file, and for rust_hdl.

/// One step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// How the memory answers.
    Memory(Memory),
    /// Byte addresses whose beats are answered with an error.
    Fail {
        /// When read.
        read: Option<u64>,
        /// When written.
        write: Option<u64>,
    },
    /// Puts bytes into memory.
    Load {
        /// Where.
        address: u64,
        /// What.
        bytes: Vec<u8>,
    },
    /// Where results and maps may be written.
    Window {
        /// First byte of each.
        address: [u64; 2],
        /// Bytes of each.
        bytes: [u64; 2],
    },
    /// Writes a control register; gives a [`Record::Response`].
    Write {
        /// Byte address.
        register: u32,
        /// The word.
        data: u32,
        /// Which of its bytes.
        strobes: u8,
    },
    /// Reads a control register; gives a [`Record::Value`].
    Read {
        /// Byte address.
        register: u32,
    },
    /// Writes a control register, and begins to observe.
    Start {
        /// Byte address.
        register: u32,
        /// The word.
        data: u32,
    },
    /// Waits for the interrupt; gives a [`Record::Run`].
    Wait {
        /// Cycles since [`Step::Start`] at most.
        limit: u64,
    },
    /// Lets cycles pass.
    Run {
        /// How many.
        cycles: u64,
    },
    /// Resets the accelerator and its bus.
    Reset {
        /// For how many cycles.
        cycles: u64,
    },
    /// Reads bytes of the memory; gives a [`Record::Bytes`].
    Dump {
        /// First byte.
        address: u64,
        /// Bytes.
        bytes: u64,
    },
}

/// How the memory answers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Memory {
    /// Cycles from an address taken to its first beat, and from a write taken to its answer; at least 1.
    pub latency: u64,
    /// A beat at most every so many cycles; at least 1.
    pub interval: u64,
    /// Seed of pauses at random on every channel; 0 for none.
    pub seed: u64,
}

impl Default for Memory {
    /// As fast as can be.
    fn default() -> Memory {
        Memory {
            latency: 1,
            interval: 1,
            seed: 0,
        }
    }
}

/// What a step wrote down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record {
    /// The response to a write: 0 is OKAY, 2 SLVERR.
    Response(u64),
    /// A control register.
    Value {
        /// The word.
        data: u32,
        /// The response.
        response: u64,
    },
    /// What was observed since the start.
    Run(Observed),
    /// Bytes of the memory.
    Bytes(Vec<u8>),
    /// A rule of the bus was broken, and the script ended there.
    Broken(String),
}

/// What was observed since the start. Cycles count from there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Observed {
    /// The interrupt came.
    pub interrupted: bool,
    /// Cycles passed.
    pub cycles: u64,
    /// Beats read from memory.
    pub reads: u64,
    /// Beats written to memory.
    pub writes: u64,
    /// The layers that started.
    pub layers: Vec<ObservedLayer>,
    /// The words that left columns, and the codes of max-pools.
    pub words: Vec<ObservedWord>,
}

/// A layer that started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ObservedLayer {
    /// The cycle of `layer_start`.
    pub start: u64,
    /// The cycle before that of `layer_done`, in which the last word left; 0 if it never came.
    pub last: u64,
    /// The accelerator's own count of the layer's cycles.
    pub counted: u64,
}

/// A word that left a column, or in a max-pool the code that a row wrote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ObservedWord {
    /// Which layer, from 0.
    pub layer: u64,
    /// Cycles since the layer's start.
    pub cycle: u64,
    /// Which column, or row.
    pub column: u64,
    /// Its bits.
    pub value: u64,
}

/// An address where there is none.
const NOWHERE: u64 = u64::MAX;

impl Step {
    /// Whether it writes a record.
    pub fn records(&self) -> bool {
        matches!(
            self,
            Step::Write { .. } | Step::Read { .. } | Step::Wait { .. } | Step::Dump { .. }
        )
    }

    /// The numbers the harness reads, as bytes.
    pub(super) fn encode(&self, into: &mut Vec<u8>) {
        let mut put = |numbers: &[u64]| {
            for number in numbers {
                into.extend(number.to_le_bytes());
            }
        };
        match self {
            Step::Memory(memory) => put(&[1, memory.latency, memory.interval, memory.seed]),
            Step::Fail { read, write } => {
                put(&[2, read.unwrap_or(NOWHERE), write.unwrap_or(NOWHERE)]);
            }
            Step::Load { address, bytes } => {
                put(&[3, *address, bytes.len() as u64]);
                into.extend(bytes);
                into.resize(into.len().next_multiple_of(8), 0);
            }
            Step::Window { address, bytes } => {
                put(&[4, address[0], bytes[0], address[1], bytes[1]]);
            }
            Step::Write {
                register,
                data,
                strobes,
            } => {
                put(&[5, (*register).into(), (*data).into(), (*strobes).into()]);
            }
            Step::Read { register } => put(&[6, (*register).into()]),
            Step::Start { register, data } => put(&[7, (*register).into(), (*data).into()]),
            Step::Wait { limit } => put(&[8, *limit]),
            Step::Run { cycles } => put(&[9, *cycles]),
            Step::Reset { cycles } => put(&[10, *cycles]),
            Step::Dump { address, bytes } => put(&[11, *address, *bytes]),
        }
    }
}

/// The records of a file the harness wrote; `None` if it is damaged.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<Record>> {
    let mut reader = Reader { bytes };
    let mut records = vec![];
    while !reader.bytes.is_empty() {
        records.push(reader.record()?);
    }
    Some(records)
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn number(&mut self) -> Option<u64> {
        let (head, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(u64::from_le_bytes(*head))
    }

    fn block(&mut self) -> Option<Vec<u8>> {
        let length = usize::try_from(self.number()?).ok()?;
        let padded = length.checked_next_multiple_of(8)?;
        let block = self.bytes.get(..length)?.to_vec();
        self.bytes = self.bytes.get(padded..)?;
        Some(block)
    }

    /// As many things as the next number says.
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        (0..self.number()?).map(|_| item(self)).collect()
    }

    fn record(&mut self) -> Option<Record> {
        Some(match self.number()? {
            5 => Record::Response(self.number()?),
            6 => Record::Value {
                data: self.number()? as u32,
                response: self.number()?,
            },
            8 => Record::Run(self.observed()?),
            11 => Record::Bytes(self.block()?),
            99 => Record::Broken(String::from_utf8_lossy(&self.block()?).into_owned()),
            _ => return None,
        })
    }

    fn observed(&mut self) -> Option<Observed> {
        Some(Observed {
            interrupted: self.number()? != 0,
            cycles: self.number()?,
            reads: self.number()?,
            writes: self.number()?,
            layers: self.list(|reader| {
                Some(ObservedLayer {
                    start: reader.number()?,
                    last: reader.number()?,
                    counted: reader.number()?,
                })
            })?,
            words: self.list(|reader| {
                Some(ObservedWord {
                    layer: reader.number()?,
                    cycle: reader.number()?,
                    column: reader.number()?,
                    value: reader.number()?,
                })
            })?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(numbers: &[u64]) -> Vec<u8> {
        numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
    }

    #[test]
    fn steps_are_numbers_and_padded_bytes() {
        let mut bytes = vec![];
        let load = Step::Load {
            address: 64,
            bytes: vec![1, 2, 3],
        };
        load.encode(&mut bytes);
        Step::Wait { limit: 9 }.encode(&mut bytes);
        assert_eq!(bytes, numbers(&[3, 64, 3, 0x03_02_01, 8, 9]));
    }

    #[test]
    fn records_come_back_and_damage_is_noticed() {
        let run = [
            8, 1, 100, 3, 1, 1, 10, 20, 11, 2, 0, 5, 1, 7, 0, 6, 0, 8, 5, 2,
        ];
        let records = decode(&numbers(&run)).unwrap();
        let Record::Run(observed) = &records[0] else {
            panic!("a run")
        };
        assert!(observed.interrupted);
        assert_eq!(
            (observed.layers[0].counted, observed.words[1].value),
            (11, 8)
        );
        assert_eq!(records[1], Record::Response(2));
        assert_eq!(decode(&numbers(&run[..12])), None);
        assert_eq!(decode(&numbers(&[7])), None);
        assert_eq!(decode(&numbers(&[11, u64::MAX])), None);
    }
}
