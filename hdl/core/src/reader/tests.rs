use super::*;
use cromulent_design::{Affine, BURST_BEATS, Design};
use cromulent_number::Format;
use std::collections::VecDeque;

/// A burst that the memory was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Burst {
    /// Cycle of the handshake.
    cycle: u64,
    input: bool,
    /// Byte address.
    address: i64,
    beats: i64,
}

/// A reader with a memory that gives every beat its address, and a core that takes beats.
struct Bench {
    reader: Reader,
    bytes: i64,
    cycle: u64,
    seed: Option<u32>,
    latency: u64,
    /// Beats to come: first cycle, client, beat address.
    queue: VecDeque<(u64, bool, i64)>,
    bursts: Vec<Burst>,
    program: Vec<i64>,
    data: Vec<i64>,
    asked: (bool, i64, i64, i64),
    bad: Option<i64>,
    /// The core takes beats.
    open: bool,
}

impl Bench {
    fn new(bus_bits: u32) -> Bench {
        let design = Design {
            bus_bits,
            ..Design::new(2, 2, Format::L4, Affine::Exact)
        };
        Bench {
            reader: Reader::new(&Shape::of(&design)),
            bytes: i64::from(bus_bits / 8),
            cycle: 0,
            seed: None,
            latency: 3,
            queue: VecDeque::new(),
            bursts: vec![],
            program: vec![],
            data: vec![],
            asked: (false, 0, 0, 0),
            bad: None,
            open: true,
        }
    }

    fn flip(&mut self) -> bool {
        let Some(seed) = &mut self.seed else {
            return true;
        };
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *seed >> 30 != 0
    }

    fn start(&mut self, program: i64, input: i64) {
        self.reader.program_address.set(program);
        self.reader.input_address.set(input);
        self.reader.start.set(1);
        self.cycle = 0;
        self.step();
        self.reader.start.set(0);
    }

    fn header(&mut self, beats: i64) {
        self.reader.header_beats.set(beats);
        self.reader.header_valid.set(1);
        self.step();
        self.reader.header_valid.set(0);
    }

    fn fetch(&mut self, offset: i64, beats: i64) {
        self.reader.fetch_offset.set(offset);
        self.reader.fetch_beats.set(beats);
        self.reader.fetch_valid.set(1);
        self.step();
        self.reader.fetch_valid.set(0);
    }

    fn drive(&mut self) {
        let flips = [self.flip(), self.flip(), self.flip(), self.flip()];
        let r = &self.reader;
        r.arready.set(i64::from(flips[0]));
        r.program_ready.set(i64::from(self.open && flips[1]));
        r.data_ready.set(i64::from(self.open && flips[2]));
        let shown = r.rvalid.value().is_true() || flips[3];
        let beat = self
            .queue
            .front()
            .filter(|(due, ..)| shown && *due <= self.cycle);
        r.rvalid.set(i64::from(beat.is_some()));
        if let Some(&(_, input, address)) = beat {
            r.rid.set(i64::from(input));
            r.rresp.set(2 * i64::from(self.bad == Some(address)));
            for (lane, net) in r.rdata.iter().enumerate() {
                net.set(address + 1000 * lane as i64);
            }
        }
    }

    fn step(&mut self) {
        self.drive();
        self.reader.clock.set(0);
        assert!(simulate(&mut self.reader, 50));
        self.sample();
        self.reader.clock.set(1);
        assert!(simulate(&mut self.reader, 50));
        self.cycle += 1;
    }

    fn sample(&mut self) {
        let r = &self.reader;
        let number = |net: &Net<Out>| net.value().number();
        let both =
            |valid: &Net<In>, ready: &Net<Out>| valid.value().is_true() && ready.value().is_true();
        if number(&r.arvalid) == 1 {
            let now = (
                true,
                number(&r.arid),
                number(&r.araddr),
                number(&r.arlen) + 1,
            );
            assert!(
                !self.asked.0 || self.asked == now,
                "an address that changes while it waits"
            );
            self.asked = now;
            if r.arready.value().is_true() {
                self.asked.0 = false;
                let (_, id, address, beats) = now;
                let (cycle, input) = (self.cycle, id == 1);
                self.bursts.push(Burst {
                    cycle,
                    input,
                    address,
                    beats,
                });
                for n in 0..beats {
                    self.queue.push_back((
                        self.cycle + self.latency,
                        input,
                        address / self.bytes + n,
                    ));
                }
            }
        } else {
            assert!(!self.asked.0, "an address withdrawn");
        }
        let whole = |lanes: &[Net<Out>]| {
            let first = number(&lanes[0]);
            for (lane, net) in lanes.iter().enumerate() {
                assert_eq!(number(net), first + 1000 * lane as i64);
            }
            first
        };
        if r.program_valid.value().is_true() && r.program_ready.value().is_true() {
            self.program.push(whole(&r.program_data));
        }
        if r.data_valid.value().is_true() && r.data_ready.value().is_true() {
            self.data.push(whole(&r.data_data));
        }
        if both(&r.rvalid, &r.rready) {
            self.queue.pop_front();
        }
        let ahead = self
            .bursts
            .iter()
            .filter(|b| !b.input)
            .map(|b| b.beats)
            .sum::<i64>()
            - self.program.len() as i64;
        assert!(ahead <= i64::from(FIFO_BEATS), "{ahead} beats reserved");
    }

    fn until_idle(&mut self) {
        let mut idle = 0;
        while idle < 200 && self.cycle < 100_000 {
            self.step();
            let busy = !self.reader.idle.value().is_true();
            idle = if busy { 0 } else { idle + 1 };
        }
    }
}

#[test]
fn the_header_is_asked_for_three_cycles_after_the_start() {
    let mut bench = Bench::new(128);
    bench.start(0x4000, 0);
    bench.until_idle();
    let header = Burst {
        cycle: 3,
        input: false,
        address: 0x4000,
        beats: 4,
    };
    assert_eq!(bench.bursts, [header]);
    assert_eq!(bench.program, [0x400, 0x401, 0x402, 0x403]);
}

#[test]
fn the_rest_of_the_program_follows_the_header() {
    let mut bench = Bench::new(128);
    bench.start(0x4000, 0);
    bench.until_idle();
    let cycle = bench.cycle;
    bench.header(100);
    bench.until_idle();
    // header_valid in `cycle`, the burst is cut in the next cycle, the address register is loaded in the one
    // after, then the handshake.
    let bursts: Vec<(u64, i64)> = bench.bursts[1..]
        .iter()
        .map(|b| (b.cycle - cycle, b.beats))
        .collect();
    assert_eq!(bursts[..4], [(3, 12), (5, 16), (7, 16), (9, 16)]);
    assert_eq!(bursts.len(), 7);
    assert_eq!(bench.program, (0x400..0x400 + 100).collect::<Vec<_>>());
    assert_eq!(bench.reader.program_beats.value().number(), 100);
}

#[test]
fn no_more_than_the_queue_holds_is_asked_for() {
    let mut bench = Bench::new(32);
    bench.open = false;
    bench.start(0x1000, 0);
    bench.until_idle();
    // 16 beats of the header, in one burst, then 48 more.
    bench.header(400);
    bench.until_idle();
    let asked: i64 = bench.bursts.iter().map(|b| b.beats).sum();
    assert_eq!(asked, 64);
    bench.open = true;
    bench.until_idle();
    assert_eq!(bench.program, (0x400..0x400 + 400).collect::<Vec<_>>());
}

#[test]
fn input_goes_first_and_straight_through() {
    let mut bench = Bench::new(128);
    bench.start(0x4000, 0x8010);
    bench.until_idle();
    bench.header(300);
    for _ in 0..3 {
        bench.step();
    }
    let cycle = bench.cycle;
    bench.fetch(0x20, 20);
    bench.until_idle();
    let input: Vec<(u64, i64, i64)> = bench
        .bursts
        .iter()
        .filter(|b| b.input)
        .map(|b| (b.cycle - cycle, b.address, b.beats))
        .collect();
    assert_eq!(input, [(3, 0x8030, 13), (5, 0x8100, 7)]);
    assert_eq!(bench.data, (0x803..0x803 + 20).collect::<Vec<_>>());
    assert_eq!(bench.program, (0x400..0x400 + 300).collect::<Vec<_>>());
    assert_eq!(bench.reader.input_beats.value().number(), 20);
}

#[test]
fn no_beat_is_lost_whatever_the_pauses() {
    for seed in 1..12 {
        let mut bench = Bench::new([32, 64, 256, 512][seed as usize % 4]);
        bench.seed = Some(seed);
        bench.latency = u64::from(seed);
        let first = 7 * 16 * bench.bytes;
        bench.start(first, 3 * bench.bytes);
        bench.until_idle();
        bench.header(500);
        for _ in 0..seed * 9 {
            bench.step();
        }
        bench.fetch(bench.bytes * 2, 150);
        bench.until_idle();
        assert_eq!(
            bench.program,
            (112..112 + 500).collect::<Vec<_>>(),
            "{seed}"
        );
        assert_eq!(bench.data, (5..155).collect::<Vec<_>>(), "{seed}");
        for burst in &bench.bursts {
            let from = burst.address / bench.bytes;
            let sixteen = i64::from(BURST_BEATS);
            assert_eq!(from / sixteen, (from + burst.beats - 1) / sixteen);
        }
    }
}

#[test]
fn after_a_stop_nothing_is_asked_for_and_all_is_dropped() {
    let mut bench = Bench::new(128);
    bench.latency = 30;
    bench.start(0x4000, 0x8000);
    bench.until_idle();
    bench.header(500);
    bench.fetch(0, 200);
    for _ in 0..4 {
        bench.step();
    }
    bench.open = false;
    bench.reader.stop.set(1);
    bench.step();
    let asked = bench.bursts.len();
    bench.until_idle();
    // One address may have been waiting in its register.
    assert!(bench.bursts.len() <= asked + 1 && bench.queue.is_empty());
    bench.reader.stop.set(0);
    bench.program.clear();
    bench.bursts.clear();
    bench.start(0, 0);
    bench.open = true;
    bench.until_idle();
    assert_eq!(bench.program, [0, 1, 2, 3], "a new start runs as the first");
    assert_eq!(bench.bursts.len(), 1);
    assert_eq!(bench.reader.input_beats.value().number(), 0);
}

#[test]
fn an_error_is_reported_once() {
    let mut bench = Bench::new(128);
    bench.bad = Some(0x402);
    bench.start(0x4000, 0);
    let mut errors = 0;
    for _ in 0..30 {
        bench.step();
        errors += bench.reader.error.value().number();
    }
    assert_eq!(errors, 1);
}
