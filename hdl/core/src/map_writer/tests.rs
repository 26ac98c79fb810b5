use super::*;
use cromulent_design::{Affine, Design};
use cromulent_number::Format;
use std::collections::VecDeque;

/// A map writer with a memory that answers `latency` cycles after the last beat of a burst.
struct Bench {
    writer: MapWriter,
    latency: u64,
    cycle: u64,
    /// Address, beats that are left.
    bursts: VecDeque<(i64, i64)>,
    answers: VecDeque<u64>,
    /// Bursts asked for: byte address and beats.
    asked: Vec<(i64, i64)>,
    /// Lanes by byte address.
    memory: std::collections::BTreeMap<i64, i64>,
    bad: bool,
}

impl Bench {
    /// 5 rows of 4 bits on 64 bits: three lines of 20 bits to a beat.
    fn new() -> Bench {
        let design = Design {
            bus_bits: 64,
            ..Design::new(5, 2, Format::L4, Affine::Exact)
        };
        let mut bench = Bench {
            writer: MapWriter::new(&Shape::of(&design)),
            latency: 3,
            cycle: 0,
            bursts: VecDeque::new(),
            answers: VecDeque::new(),
            asked: vec![],
            memory: std::collections::BTreeMap::new(),
            bad: false,
        };
        bench.pulse(|w| &w.reset);
        bench
    }

    fn pulse(&mut self, port: impl Fn(&MapWriter) -> &Net<In>) {
        port(&self.writer).set(1);
        self.step();
        port(&self.writer).set(0);
    }

    fn step(&mut self) {
        let due = self.answers.front().is_some_and(|due| *due <= self.cycle);
        let w = &self.writer;
        w.awready.set(1);
        w.wready.set(1);
        w.bvalid.set(i64::from(due));
        w.bresp.set(2 * i64::from(self.bad));
        self.writer.clock.set(0);
        assert!(simulate(&mut self.writer, 50));
        let w = &self.writer;
        if due && w.own.value().is_true() {
            self.answers.pop_front();
        }
        if w.awvalid.value().is_true() {
            let (address, beats) = (w.awaddr.value().number(), w.awlen.value().number() + 1);
            assert_eq!(address / 128, (address + 8 * beats - 1) / 128);
            self.asked.push((address, beats));
            self.bursts.push_back((address, beats));
        }
        if w.wvalid.value().is_true() {
            let (address, left) = self.bursts.front_mut().expect("an address before its data");
            for (lane, net) in (0..).zip(&w.wdata) {
                self.memory
                    .insert(*address + 4 * lane, net.value().number());
            }
            (*address, *left) = (*address + 8, *left - 1);
            assert_eq!(w.wlast.value().is_true(), *left == 0);
            if *left == 0 {
                self.bursts.pop_front();
                self.answers.push_back(self.cycle + self.latency);
            }
        }
        self.writer.clock.set(1);
        assert!(simulate(&mut self.writer, 50));
        self.cycle += 1;
    }

    /// The codes of line n are n, n + 1, … modulo 16.
    fn store(&mut self, offset: i64, lines: i64) {
        self.writer.offset.set(offset);
        self.pulse(|w| &w.begin);
        let mut sent = 0;
        for _ in 0..20 * lines + 200 {
            let ready = sent < lines && self.writer.room.value().is_true();
            self.writer.line_valid.set(i64::from(ready));
            self.writer.line_last.set(i64::from(sent + 1 == lines));
            for (row, code) in (0..).zip(&self.writer.line) {
                code.set((sent + row) % 16);
            }
            sent += i64::from(ready);
            self.step();
            if self.writer.stored.value().is_true() {
                break;
            }
        }
        self.writer.line_valid.set(0);
    }

    /// What lies at a line of a store.
    fn line(&self, first: i64, n: i64) -> Vec<i64> {
        let beat = first + n / 3 * 8;
        let word = self.memory[&beat] as u64 | (self.memory[&(beat + 4)] as u64) << 32;
        let line = word >> (20 * (n % 3));
        (0..5).map(|row| (line >> (4 * row) & 15) as i64).collect()
    }

    fn assert_stored(&self, first: i64, lines: i64) {
        for n in 0..lines {
            let expected: Vec<i64> = (0..5).map(|row| (n + row) % 16).collect();
            assert_eq!(self.line(first, n), expected, "line {n}");
        }
    }
}

#[test]
fn lines_lie_side_by_side_and_bursts_end_at_multiples_of_sixteen_beats() {
    let mut bench = Bench::new();
    bench.writer.scratch_address.set(0x1000);
    bench.pulse(|w| &w.start);
    bench.store(0x60, 70);
    assert!(bench.writer.stored.value().is_true());
    // 24 beats, the first four up to 0x1080.
    assert_eq!(bench.asked, [(0x1060, 4), (0x1080, 16), (0x1100, 4)]);
    bench.assert_stored(0x1060, 70);
    assert_eq!(bench.writer.stored_beats.value().number(), 24);
    // The second store goes its own way; what a beat has no line for is 0.
    bench.store(0x400, 1);
    assert_eq!(bench.asked[3..], [(0x1400, 1)]);
    bench.assert_stored(0x1400, 1);
    assert_eq!(bench.memory[&0x1404], 0);
}

#[test]
fn a_store_is_over_with_its_last_answer() {
    let mut bench = Bench::new();
    bench.latency = 90;
    bench.pulse(|w| &w.start);
    let begin = bench.cycle;
    bench.store(0, 3);
    assert!(bench.writer.stored.value().is_true());
    assert!(bench.cycle - begin > 90, "{}", bench.cycle - begin);
}

/// A beat may be left in the queue by a program that stopped: it is nobody's.
#[test]
fn after_an_error_and_a_stop_the_next_program_stores_as_the_first() {
    let mut bench = Bench::new();
    bench.pulse(|w| &w.start);
    bench.bad = true;
    bench.writer.offset.set(0x78);
    bench.pulse(|w| &w.begin);
    let mut errors = 0;
    for cycle in 0..80 {
        bench.writer.line_valid.set(i64::from(cycle < 60));
        bench.step();
        errors += bench.writer.error.value().number();
        if errors > 0 {
            bench.writer.stop.set(1);
        }
    }
    assert!(errors > 0 && bench.writer.settled.value().is_true());
    assert!(bench.bursts.is_empty() && !bench.writer.own.value().is_true());
    bench.bad = false;
    bench.pulse(|w| &w.start);
    bench.writer.stop.set(0);
    for _ in 0..20 {
        bench.step();
    }
    bench.asked.clear();
    bench.store(0x60, 70);
    assert_eq!(bench.asked, [(0x60, 4), (0x80, 16), (0x100, 4)]);
    bench.assert_stored(0x60, 70);
}
