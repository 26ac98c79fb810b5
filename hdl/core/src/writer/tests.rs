use super::*;
use cromulent_design::{Affine, Design};
use cromulent_number::Format;
use std::collections::{BTreeMap, VecDeque};

/// A writer, a memory, and results to write.
struct Bench {
    writer: Writer,
    cycle: u64,
    seed: Option<u32>,
    latency: u64,
    results: VecDeque<i64>,
    addresses: VecDeque<i64>,
    beats: VecDeque<(Vec<i64>, u64)>,
    answers: VecDeque<u64>,
    /// Bytes written, each once.
    bytes: BTreeMap<i64, u8>,
    held: [Option<Vec<i64>>; 2],
    writes: Vec<(u64, i64)>,
    bad: bool,
    errors: i64,
}

impl Bench {
    fn new(bus_bits: u32) -> Bench {
        let design = Design {
            bus_bits,
            ..Design::new(2, 2, Format::L4, Affine::Exact)
        };
        Bench {
            writer: Writer::new(&Shape::of(&design)),
            cycle: 0,
            seed: None,
            latency: 4,
            results: VecDeque::new(),
            addresses: VecDeque::new(),
            beats: VecDeque::new(),
            answers: VecDeque::new(),
            bytes: BTreeMap::new(),
            held: [None, None],
            writes: vec![],
            bad: false,
            errors: 0,
        }
    }

    fn start(&mut self, address: i64) {
        self.writer.result_address.set(address);
        self.writer.start.set(1);
        self.step();
        self.writer.start.set(0);
        self.cycle = 0;
    }

    fn flip(&mut self) -> bool {
        let Some(seed) = &mut self.seed else {
            return true;
        };
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *seed >> 30 != 0
    }

    fn step(&mut self) {
        let flips = [self.flip(), self.flip(), self.flip(), self.flip()];
        let w = &self.writer;
        w.awready.set(i64::from(flips[0]));
        w.wready.set(i64::from(flips[1]));
        w.valid.set(i64::from(flips[2] && !self.results.is_empty()));
        w.data.set(self.results.front().copied().unwrap_or(0));
        let due = self.answers.front().is_some_and(|due| *due <= self.cycle);
        let shown = w.bvalid.value().is_true() || flips[3];
        w.bvalid.set(i64::from(due && shown));
        w.bresp.set(if self.bad { 2 } else { 0 });
        w.clock.set(0);
        assert!(simulate(&mut self.writer, 50));
        self.sample();
        self.writer.clock.set(1);
        assert!(simulate(&mut self.writer, 50));
        self.cycle += 1;
    }

    /// The channel's payload if it is handed over; it must not change while it waits.
    fn channel(&mut self, n: usize, valid: bool, ready: bool, now: Vec<i64>) -> Option<Vec<i64>> {
        if let Some(before) = self.held[n].take() {
            assert!(valid && before == now, "channel {n} changes while it waits");
        }
        self.held[n] = (valid && !ready).then(|| now.clone());
        (valid && ready).then_some(now)
    }

    fn sample(&mut self) {
        let w = &self.writer;
        let is = |net: &Net<Out>| net.value().is_true();
        let given = |net: &Net<In>| net.value().is_true();
        let flags = [
            (is(&w.awvalid), given(&w.awready)),
            (is(&w.wvalid), given(&w.wready)),
        ];
        let address = vec![w.awaddr.value().number()];
        let mut beat: Vec<i64> = w.wdata.iter().map(|lane| lane.value().number()).collect();
        beat.push(w.wstrb.value().number());
        if is(&w.ready) && given(&w.valid) {
            self.results.pop_front();
        }
        if is(&w.bready) && given(&w.bvalid) {
            self.answers.pop_front();
        }
        self.errors += w.error.value().number();
        if let Some(address) = self.channel(0, flags[0].0, flags[0].1, address) {
            self.addresses.push_back(address[0]);
        }
        if let Some(mut beat) = self.channel(1, flags[1].0, flags[1].1, beat) {
            let strobes = beat.pop().unwrap_or(0) as u64;
            self.beats.push_back((beat, strobes));
        }
        while !self.addresses.is_empty() && !self.beats.is_empty() {
            self.write();
        }
    }

    fn write(&mut self) {
        let address = self.addresses.pop_front().unwrap();
        let (lanes, strobes) = self.beats.pop_front().unwrap();
        assert!(strobes != 0 && address % (4 * lanes.len() as i64) == 0);
        for n in (0..4 * lanes.len()).filter(|n| strobes >> n & 1 == 1) {
            let byte = (lanes[n / 4] >> (8 * (n % 4))) as u8;
            let old = self.bytes.insert(address + n as i64, byte);
            assert_eq!(old, None, "a byte written twice");
        }
        self.answers.push_back(self.cycle + self.latency);
        self.writes.push((self.cycle, address));
    }

    fn finish(&mut self) {
        self.step();
        while !(self.writer.idle.value().is_true() && self.results.is_empty()) {
            self.step();
            assert!(self.cycle < 10_000);
        }
        self.step();
    }

    fn written(&self, address: i64) -> Vec<i64> {
        let bytes: Vec<u8> = self.bytes.values().copied().collect();
        let first = self.bytes.keys().next().copied().unwrap_or(address);
        assert_eq!(first, address);
        assert_eq!(
            self.bytes.keys().last(),
            Some(&(address + bytes.len() as i64 - 1))
        );
        let word = |chunk: &[u8]| i64::from_le_bytes(chunk.try_into().unwrap());
        bytes.chunks(8).map(word).collect()
    }
}

#[test]
fn results_lie_one_after_another_on_every_bus() {
    for bus_bits in [32, 64, 128, 256, 512] {
        for seed in 0..6 {
            let mut bench = Bench::new(bus_bits);
            bench.seed = (seed > 0).then_some(seed);
            bench.start(0x1000);
            let results: Vec<i64> = (0..23).map(|n| -(n << 33) - n - 1).collect();
            bench.results.extend(&results);
            bench.finish();
            assert_eq!(bench.written(0x1000), results, "{bus_bits} {seed}");
            let beats = bench.writer.result_beats.value().number();
            assert_eq!(beats, bench.writes.len() as i64);
            // Once more, elsewhere.
            bench.bytes.clear();
            bench.start(0x8000);
            bench.results.extend([5, -6, 7]);
            bench.finish();
            assert_eq!(bench.written(0x8000), [5, -6, 7]);
        }
    }
}

#[test]
fn a_full_beat_goes_at_once_and_a_rest_a_cycle_later() {
    let mut bench = Bench::new(128);
    bench.start(0x40);
    bench.results.extend([1, 2, 3]);
    bench.finish();
    // Results taken in 0 and 1, handshakes in 2, the answer in 6; the third is taken in 7, in 8 none
    // is offered, and it goes out in 9.
    assert_eq!(bench.writes, [(2, 0x40), (9, 0x50)]);
}

#[test]
fn later_results_fill_the_beat_up() {
    let mut bench = Bench::new(256);
    bench.start(0);
    for n in 0..7 {
        bench.results.push_back(n);
        bench.finish();
    }
    assert_eq!(bench.written(0), (0..7).collect::<Vec<_>>());
    let addresses: Vec<i64> = bench.writes.iter().map(|(_, address)| *address).collect();
    assert_eq!(addresses, [0, 0, 0, 0, 32, 32, 32]);
}

#[test]
fn a_stop_ends_with_the_write_under_way() {
    let mut bench = Bench::new(64);
    bench.start(0);
    bench.bad = true;
    bench.results.extend([1, 2, 3]);
    for _ in 0..3 {
        bench.step();
    }
    bench.writer.stop.set(1);
    for _ in 0..20 {
        bench.step();
    }
    assert!(bench.writer.settled.value().is_true());
    assert_eq!(
        (bench.writes.len(), bench.errors, bench.results.len()),
        (1, 1, 2)
    );
    bench.writer.stop.set(0);
    bench.bad = false;
    bench.results.clear();
    bench.bytes.clear();
    bench.start(0x80);
    bench.results.extend([8, 9]);
    bench.finish();
    assert_eq!(bench.written(0x80), [8, 9]);
    assert_eq!(bench.errors, 1);
}
