//! The AXI reader: bursts of at most 16 beats for two clients, and the FIFO of the program.
//!
//! Each client cuts its next burst in a cycle in which none of its own waits. In each cycle the address register
//! takes a burst that waits: data first, then program if the FIFO has room for all beats asked for and not yet
//! taken from it. The memory sees the address in the cycle after. A beat of the
//! program that comes in cycle c is at the head of the FIFO from c + 2 on; data goes straight to the core.

use std::collections::VecDeque;

use cromulent_design::{BURST_BEATS, FIFO_BEATS, Fetch, Move};

use super::Memory;
use super::memory::{Burst, FixedMemory};
use super::shape::Shape;

/// Cycles from the one in which a line is taken to the first one in which the reader knows what it asks for:
/// the decoder's pulse and the reader's counter are registers.
const REQUEST: u64 = 2;

/// Cycles a beat takes through the FIFO.
const FALL_THROUGH: u64 = 2;

/// Beats that one client still has to ask for, from an address counted in beats.
#[derive(Clone, Copy, Default)]
struct Client {
    at: u64,
    left: u64,
    /// Beats of the burst that was cut and waits to be asked for.
    waits: Option<u64>,
}

impl Client {
    /// The edge that ends a cycle in which the burst that waits may be taken: whether one was cut.
    fn update(&mut self, taken: bool) -> bool {
        if taken {
            self.waits = None;
            return false;
        }
        let cut = self.waits.is_none() && self.left > 0;
        if cut {
            // Up to the next multiple of a longest burst.
            let burst = u64::from(BURST_BEATS);
            let beats = self.left.min(burst - self.at % burst);
            self.at += beats;
            self.left -= beats;
            self.waits = Some(beats);
        }
        cut
    }
}

/// What a line asks for.
#[derive(Clone, Copy)]
pub(super) enum Request {
    /// Further beats of the program.
    Program(u64),
    /// A fetch from the input.
    Data(Fetch),
    /// A fetch from the scratch region.
    Maps(Move),
}

pub(super) struct Reader {
    memory: FixedMemory,
    beat_bytes: u64,
    program: Client,
    data: Client,
    /// What the data are: maps, not input.
    maps: bool,
    /// What was asked for, and when the reader knows.
    requests: VecDeque<(u64, Request)>,
    /// The address register.
    address: Option<Burst>,
    /// Beats of the program asked for and not yet taken by the core.
    reserved: u64,
    /// Beats in the FIFO, by the cycle from which on each may be at its head.
    fifo: VecDeque<u64>,
    /// Beats of the program that came.
    pub program_beats: u64,
    /// Beats of the input that came.
    pub input_beats: u64,
    /// Beats of maps that came.
    pub map_beats: u64,
}

impl Reader {
    pub fn new(shape: &Shape, memory: Memory) -> Reader {
        Reader {
            memory: FixedMemory::new(memory),
            beat_bytes: (shape.bus_bits / 8).max(1),
            program: Client::default(),
            data: Client::default(),
            maps: false,
            requests: VecDeque::new(),
            address: None,
            reserved: 0,
            fifo: VecDeque::new(),
            program_beats: 0,
            input_beats: 0,
            map_beats: 0,
        }
    }

    /// `start` is seen in cycle `now`: the header is asked for.
    pub fn start(&mut self, shape: &Shape) {
        self.program.left = shape.command_beats;
    }

    /// A line taken in cycle `now` asks for more.
    pub fn request(&mut self, now: u64, request: Request) {
        self.requests.push_back((now + REQUEST, request));
    }

    /// What time alone brings about, at the beginning of a cycle.
    pub fn tick(&mut self, now: u64) {
        while let Some(&(from, request)) = self.requests.front()
            && now >= from
        {
            self.requests.pop_front();
            match request {
                Request::Program(beats) => self.program.left += beats,
                Request::Data(fetch) => self.fetch(fetch.offset, fetch.beats, false),
                Request::Maps(from) => self.fetch(from.offset, from.beats, true),
            }
        }
    }

    fn fetch(&mut self, offset: u32, beats: u32, maps: bool) {
        self.maps = maps;
        self.data = Client {
            at: u64::from(offset) / self.beat_bytes,
            left: u64::from(beats),
            waits: None,
        };
    }

    /// A beat of the program is at the head of the FIFO.
    pub fn program_valid(&self, now: u64) -> bool {
        self.fifo.front().is_some_and(|&from| now >= from)
    }

    /// A beat of data is there.
    pub fn data_valid(&self, now: u64) -> bool {
        self.memory.offers(now).is_some_and(|burst| burst.data)
    }

    /// The edge that ends cycle `now`, in which the core takes a beat of the program or of data: whether
    /// anything changes.
    pub fn update(&mut self, now: u64, program_taken: bool, data_taken: bool) -> bool {
        let arrives = self.memory.offers(now).is_some_and(|burst| !burst.data);
        let next = self.next_burst();
        if arrives {
            self.fifo.push_back(now + FALL_THROUGH);
            self.program_beats += 1;
        }
        if program_taken {
            self.fifo.pop_front();
            self.reserved -= 1;
        }
        let count = match self.maps {
            true => &mut self.map_beats,
            false => &mut self.input_beats,
        };
        *count += u64::from(data_taken);
        if arrives || data_taken {
            self.memory.take(now);
        }
        let asked = self.address.take();
        if let Some(burst) = asked {
            self.memory.ask(now, burst);
        }
        let of = |data| next.is_some_and(|burst| burst.data == data);
        let cut = [self.program.update(of(false)), self.data.update(of(true))];
        if of(false) {
            self.reserved += next.map_or(0, |burst| burst.beats);
        }
        self.address = next;
        let moved = arrives || program_taken || data_taken;
        moved || asked.is_some() || next.is_some() || cut.contains(&true)
    }

    /// What the address register takes next; it is free in every cycle, for the memory always listens.
    fn next_burst(&self) -> Option<Burst> {
        if let Some(beats) = self.data.waits {
            return Some(Burst { beats, data: true });
        }
        let beats = self.program.waits?;
        let room = self.reserved + beats <= u64::from(FIFO_BEATS);
        room.then_some(Burst { beats, data: false })
    }

    /// The next cycle after `now` in which something happens by itself.
    pub fn wake(&self, now: u64) -> Option<u64> {
        let times = [
            self.requests.front().map(|&(from, _)| from),
            self.fifo.front().copied(),
            self.memory.wake(),
        ];
        times.into_iter().flatten().filter(|&t| t > now).min()
    }
}
