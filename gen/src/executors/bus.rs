//! The memory at the accelerator's master port, for the simulation in Rust: what `testbenches/harness/memory.h`
//! is for Verilator, cycle by cycle, but for the rules of the bus, which are checked there.

use std::collections::{HashMap, VecDeque};

use super::script::Memory;

const PAGE: u64 = 4096;

/// Bytes by address; what nobody wrote reads as something that depends on its place.
#[derive(Debug, Default)]
pub(super) struct Store {
    pages: HashMap<u64, Vec<u8>>,
}

impl Store {
    pub fn read(&self, address: u64) -> u8 {
        match self.pages.get(&(address / PAGE)) {
            Some(page) => page[(address % PAGE) as usize],
            None => rubbish(address),
        }
    }

    pub fn write(&mut self, address: u64, value: u8) {
        let first = address / PAGE * PAGE;
        let fill = || (0..PAGE).map(|n| rubbish(first + n)).collect();
        let page = self.pages.entry(address / PAGE).or_insert_with(fill);
        page[(address % PAGE) as usize] = value;
    }
}

fn rubbish(address: u64) -> u8 {
    (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as u8
}

/// A burst asked for.
#[derive(Clone, Copy, Debug)]
struct Burst {
    address: u64,
    beats: u64,
    due: u64,
    id: u64,
}

/// A beat as the accelerator sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ReadBeat {
    pub lanes: Vec<u32>,
    pub last: bool,
    pub id: u64,
    pub error: bool,
}

/// The answer to a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct WriteAnswer {
    pub id: u64,
    pub error: bool,
}

/// The memory. A cycle is [`Bus::begin`], then whatever was handed over.
#[derive(Debug, Default)]
pub(super) struct Bus {
    pub store: Store,
    /// Beats read and written since the memory was configured.
    pub beats: (u64, u64),
    pub fail: (Option<u64>, Option<u64>),
    lanes: u64,
    memory: Memory,
    pauses: Option<[Pauses; 5]>,
    bursts: VecDeque<Burst>,
    next_beat: u64,
    read_shown: bool,
    write_addresses: VecDeque<Burst>,
    write_beats: VecDeque<(Vec<u32>, u64)>,
    failed_beat: bool,
    answers: VecDeque<(u64, WriteAnswer)>,
    answer_shown: bool,
    /// Whether read address, write address and write data are taken in this cycle.
    pub ready: [bool; 3],
}

impl Bus {
    pub fn new(lanes: u32) -> Bus {
        Bus {
            lanes: lanes.into(),
            ..Bus::default()
        }
    }

    pub fn configure(&mut self, memory: Memory) {
        self.memory = memory;
        self.beats = (0, 0);
        let seed = |n| Pauses::new(memory.seed.wrapping_mul(5).wrapping_add(n));
        self.pauses = (memory.seed != 0).then(|| [0, 1, 2, 3, 4].map(seed));
    }

    pub fn reset(&mut self) {
        self.bursts.clear();
        self.write_addresses.clear();
        self.write_beats.clear();
        self.answers.clear();
        (self.read_shown, self.answer_shown) = (false, false);
    }

    fn pauses(&mut self, channel: usize) -> bool {
        self.pauses.as_mut().is_some_and(|all| all[channel].now())
    }

    /// Begins a cycle: the beat of a read and the answer to a write that are shown in it.
    pub fn begin(&mut self, now: u64) -> (Option<ReadBeat>, Option<WriteAnswer>) {
        self.ready = [0, 1, 2].map(|channel| !self.pauses(channel));
        let due = self.bursts.front().map(|b| b.due.max(self.next_beat));
        if !self.read_shown {
            self.read_shown = due.is_some_and(|due| now >= due) && !self.pauses(3);
        }
        let due = self.answers.front().map(|(due, _)| *due);
        if !self.answer_shown {
            self.answer_shown = due.is_some_and(|due| now >= due) && !self.pauses(4);
        }
        let read = self.bursts.front().filter(|_| self.read_shown);
        let answer = self.answers.front().filter(|_| self.answer_shown);
        (
            read.map(|burst| self.show(burst)),
            answer.map(|(_, answer)| *answer),
        )
    }

    fn show(&self, burst: &Burst) -> ReadBeat {
        let lane = |n: u64| {
            let byte = |b| self.store.read(burst.address + 4 * n + b);
            u32::from_le_bytes([0, 1, 2, 3].map(byte))
        };
        ReadBeat {
            lanes: (0..self.lanes).map(lane).collect(),
            last: burst.beats == 1,
            id: burst.id,
            error: self.covers(burst.address, self.fail.0),
        }
    }

    fn covers(&self, beat: u64, address: Option<u64>) -> bool {
        address.is_some_and(|address| address.wrapping_sub(beat) < 4 * self.lanes)
    }

    pub fn take_read_address(&mut self, now: u64, address: u64, beats: u64, id: u64) {
        self.bursts.push_back(Burst {
            address,
            beats,
            due: now + self.memory.latency,
            id,
        });
    }

    pub fn take_read_beat(&mut self, now: u64) {
        if let Some(burst) = self.bursts.front_mut() {
            burst.address += 4 * self.lanes;
            burst.beats -= 1;
            if burst.beats == 0 {
                self.bursts.pop_front();
            }
        }
        self.next_beat = now + self.memory.interval;
        self.read_shown = false;
        self.beats.0 += 1;
    }

    pub fn take_write_address(&mut self, now: u64, address: u64, beats: u64, id: u64) {
        self.write_addresses.push_back(Burst {
            address,
            beats,
            due: now,
            id,
        });
        self.settle(now);
    }

    pub fn take_write_beat(&mut self, now: u64, lanes: Vec<u32>, strobes: u64) {
        self.write_beats.push_back((lanes, strobes));
        self.settle(now);
    }

    /// Writes beats whose address is there, and answers bursts that are whole.
    fn settle(&mut self, now: u64) {
        while let (Some(burst), Some((lanes, strobes))) =
            (self.write_addresses.front_mut(), self.write_beats.front())
        {
            let address = burst.address;
            let bytes = lanes.iter().flat_map(|lane| lane.to_le_bytes());
            for (n, byte) in (0..).zip(bytes) {
                if strobes >> n & 1 != 0 {
                    self.store.write(address + n, byte);
                }
            }
            burst.address += 4 * self.lanes;
            burst.beats -= 1;
            let whole = (burst.beats == 0).then_some(burst.id);
            self.write_beats.pop_front();
            self.beats.1 += 1;
            self.failed_beat |= self.covers(address, self.fail.1);
            if let Some(id) = whole {
                self.write_addresses.pop_front();
                let error = std::mem::take(&mut self.failed_beat);
                let due = now + self.memory.latency;
                self.answers.push_back((due, WriteAnswer { id, error }));
            }
        }
    }

    pub fn take_answer(&mut self) {
        self.answers.pop_front();
        self.answer_shown = false;
    }
}

/// When a channel pauses: by a share of the time that changes every now and then.
#[derive(Clone, Copy, Debug)]
struct Pauses {
    state: u64,
    share: u64,
    left: u64,
}

impl Pauses {
    fn new(seed: u64) -> Pauses {
        let state = seed
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(0x2545_f491_4f6c_dd1d);
        Pauses {
            state,
            share: 0,
            left: 0,
        }
    }

    fn random(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn now(&mut self) -> bool {
        if self.left == 0 {
            self.share = [0, 2, 4, 7, 8][(self.random() % 5) as usize];
            let longest = if self.share == 8 { 40 } else { 100 };
            self.left = 1 + self.random() % longest;
        }
        self.left -= 1;
        self.random() % 8 < self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bus(latency: u64, interval: u64) -> Bus {
        let mut bus = Bus::new(1);
        bus.configure(Memory {
            latency,
            interval,
            seed: 0,
        });
        bus
    }

    #[test]
    fn beats_come_after_latency_and_interval() {
        let mut bus = bus(3, 2);
        bus.store.write(4, 9);
        bus.take_read_address(10, 0, 2, 1);
        let shown: Vec<u64> = (11..20)
            .filter(|&now| {
                let (beat, _) = bus.begin(now);
                if beat.is_some() {
                    bus.take_read_beat(now);
                }
                beat.is_some()
            })
            .collect();
        assert_eq!(shown, [13, 15]);
        assert_eq!(bus.beats, (2, 0));
    }

    #[test]
    fn writes_keep_to_their_strobes_and_errors_to_their_place() {
        let mut bus = bus(2, 1);
        bus.fail.1 = Some(6);
        let before = bus.store.read(5);
        bus.take_write_beat(5, vec![0x04_03_02_01], 0b0101);
        bus.take_write_address(6, 4, 1, 7);
        assert_eq!([4, 5, 6].map(|a| bus.store.read(a)), [1, before, 3]);
        assert_eq!(bus.begin(7).1, None);
        assert_eq!(bus.begin(8).1, Some(WriteAnswer { id: 7, error: true }));
    }

    #[test]
    fn a_burst_is_answered_once_with_its_last_beat() {
        let mut bus = bus(2, 1);
        bus.fail.1 = Some(5);
        bus.take_write_address(5, 0, 2, 3);
        bus.take_write_beat(7, vec![1], 15);
        assert_eq!(bus.begin(9).1, None);
        bus.take_write_beat(9, vec![2], 15);
        assert_eq!([0, 4].map(|a| bus.store.read(a)), [1, 2]);
        assert_eq!(bus.begin(10).1, None);
        let answer = WriteAnswer { id: 3, error: true };
        assert_eq!(bus.begin(11).1, Some(answer));
        assert_eq!(bus.beats, (0, 2));
    }

    #[test]
    fn pauses_end() {
        let mut pauses = Pauses::new(3);
        let paused = (0..1000).filter(|_| pauses.now()).count();
        assert!((100..900).contains(&paused), "{paused}");
    }
}
