//! What stands around the core: streams that are always ready, or the AXI master and its memory.

use super::Supply;
use super::decoder::Ready;
use super::map_writer::MapWriter;
use super::reader::{Reader, Request};
use super::shape::Shape;
use super::writer::Writer;

/// What went through the three streams.
#[derive(Clone, Copy, Default)]
pub(super) struct Beats {
    pub program: u64,
    pub input: u64,
    pub result: u64,
    /// Maps that were stored.
    pub stored: u64,
    /// Maps that were fetched.
    pub fetched: u64,
}

/// The other ends of the core's three streams.
pub(super) enum Surrounds {
    /// Both input streams always have a beat, results are always taken.
    Ideal(Beats),
    /// The AXI master.
    Memory(Box<Master>),
}

/// The AXI master.
pub(super) struct Master {
    reader: Reader,
    writer: Writer,
    maps: MapWriter,
}

impl Surrounds {
    pub fn new(shape: &Shape, supply: Supply) -> Surrounds {
        match supply {
            Supply::Ideal => Surrounds::Ideal(Beats::default()),
            Supply::Memory(memory) => Surrounds::Memory(Box::new(Master {
                reader: Reader::new(shape, memory),
                writer: Writer::new(shape, memory),
                maps: MapWriter::new(shape, memory),
            })),
        }
    }

    /// `start` is seen.
    pub fn start(&mut self, shape: &Shape) {
        if let Surrounds::Memory(master) = self {
            master.reader.start(shape);
        }
    }

    /// What time alone brings about, at the beginning of a cycle.
    pub fn tick(&mut self, now: u64) {
        if let Surrounds::Memory(master) = self {
            master.reader.tick(now);
        }
    }

    /// Which of the beats that the core would take are there.
    pub fn valid(&self, now: u64, ready: Ready) -> Ready {
        match self {
            Surrounds::Ideal(_) => ready,
            Surrounds::Memory(master) => Ready {
                program: ready.program && master.reader.program_valid(now),
                data: ready.data && master.reader.data_valid(now),
            },
        }
    }

    /// Where maps go; none behind streams.
    pub fn maps(&mut self) -> Option<&mut MapWriter> {
        match self {
            Surrounds::Ideal(_) => None,
            Surrounds::Memory(master) => Some(&mut master.maps),
        }
    }

    /// There is a memory that maps can move to.
    pub fn memory(&self) -> bool {
        matches!(self, Surrounds::Memory(_))
    }

    /// A result is taken in this cycle if there is one.
    pub fn takes_results(&self) -> bool {
        match self {
            Surrounds::Ideal(_) => true,
            Surrounds::Memory(master) => master.writer.ready(),
        }
    }

    /// Everything that was taken is in memory.
    pub fn idle(&self) -> bool {
        match self {
            Surrounds::Ideal(_) => true,
            Surrounds::Memory(master) => master.writer.idle(),
        }
    }

    /// A line taken in cycle `now` asks for more.
    pub fn request(&mut self, now: u64, request: Request) {
        if let Surrounds::Memory(master) = self {
            master.reader.request(now, request);
        }
    }

    /// The edge that ends cycle `now`, in which the core takes these beats and may offer a result: whether
    /// anything changes.
    pub fn update(&mut self, now: u64, beats: Ready, result: bool) -> bool {
        match self {
            Surrounds::Ideal(taken) => {
                taken.program += u64::from(beats.program);
                taken.input += u64::from(beats.data);
                taken.result += u64::from(result);
                beats.program || beats.data || result
            }
            Surrounds::Memory(master) => {
                let reads = master.reader.update(now, beats.program, beats.data);
                let maps = master.maps.update(now);
                master.writer.update(now, result) || reads || maps
            }
        }
    }

    /// What went through the streams: beats that came from memory or were sent to it.
    pub fn beats(&self) -> Beats {
        match self {
            Surrounds::Ideal(beats) => *beats,
            Surrounds::Memory(master) => Beats {
                program: master.reader.program_beats,
                input: master.reader.input_beats,
                result: master.writer.beats,
                stored: master.maps.beats,
                fetched: master.reader.map_beats,
            },
        }
    }

    /// The next cycle after `now` in which something happens by itself.
    pub fn wake(&self, now: u64) -> Option<u64> {
        match self {
            Surrounds::Ideal(_) => None,
            Surrounds::Memory(master) => {
                let times = [
                    master.reader.wake(now),
                    master.writer.wake(),
                    master.maps.wake(now),
                ];
                times.into_iter().flatten().min()
            }
        }
    }
}
