//! An accelerator with a memory and a host, for its tests.

use super::Accelerator;
use cromulent_design::{CONTROL_REGISTERS, Design};
use cromulent_kit::Net;
use rust_hdl_core::prelude::*;
use std::collections::{BTreeMap, VecDeque};

pub(super) const PROGRAM: i64 = 0x1000;
pub(super) const INPUT: i64 = 0x8000;
pub(super) const RESULT: i64 = 0xc000;

/// A beat that is to come: when, for whom, from where.
type Beat = (u64, i64, i64);

pub(super) struct Bench {
    pub(super) top: Accelerator,
    pub(super) memory: BTreeMap<i64, u8>,
    pub(super) cycle: u64,
    pub(super) seed: Option<u32>,
    pub(super) latency: u64,
    /// Byte addresses whose beats fail.
    pub(super) bad_read: Option<i64>,
    pub(super) bad_write: bool,
    /// Addresses of the bursts asked for, and their cycles.
    pub(super) bursts: Vec<(u64, i64)>,
    pub(super) layers: Vec<u64>,
    beats: VecDeque<Beat>,
    addresses: VecDeque<i64>,
    data: VecDeque<(Vec<i64>, u64)>,
    answers: VecDeque<u64>,
    bytes: i64,
}

fn high(valid: bool, ready: &Net<In>) -> bool {
    valid && ready.value().is_true()
}

pub(super) fn offset(name: &str) -> i64 {
    let found = CONTROL_REGISTERS.iter().find(|r| r.name == name);
    i64::from(found.expect("a register of this name").offset)
}

impl Bench {
    pub(super) fn new(design: &Design) -> Bench {
        let mut bench = Bench {
            top: Accelerator::new(design),
            memory: BTreeMap::new(),
            cycle: 0,
            seed: None,
            latency: 3,
            bad_read: None,
            bad_write: false,
            bursts: vec![],
            layers: vec![],
            beats: VecDeque::new(),
            addresses: VecDeque::new(),
            data: VecDeque::new(),
            answers: VecDeque::new(),
            bytes: i64::from(design.bus_bits / 8),
        };
        bench.top.reset.set(1);
        bench.step();
        bench.top.reset.set(0);
        for (name, address) in [("PROGRAM", PROGRAM), ("INPUT", INPUT), ("RESULT", RESULT)] {
            assert_eq!(bench.write(&format!("{name}_LOW"), address), 0);
        }
        bench.write("INTERRUPT_ENABLE", 3);
        bench
    }

    pub(super) fn load(&mut self, address: i64, lanes: &[u32]) {
        let bytes = lanes.iter().flat_map(|lane| lane.to_le_bytes());
        self.memory.extend((address..).zip(bytes));
    }

    fn flip(&mut self) -> bool {
        let Some(seed) = &mut self.seed else {
            return true;
        };
        *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *seed >> 30 != 0
    }

    pub(super) fn step(&mut self) {
        let flips = [(); 5].map(|()| i64::from(self.flip()));
        let t = &self.top;
        t.m_axi_arready.set(flips[0]);
        t.m_axi_awready.set(flips[1]);
        t.m_axi_wready.set(flips[2]);
        let waits = t.m_axi_rvalid.value().is_true() || flips[3] == 1;
        let beat = self.beats.front().filter(|b| waits && b.0 <= self.cycle);
        t.m_axi_rvalid.set(i64::from(beat.is_some()));
        if let Some(&(_, id, address)) = beat {
            t.m_axi_rid.set(id);
            t.m_axi_rresp
                .set(2 * i64::from(self.bad_read == Some(address)));
            for (lane, net) in (0..).zip(&t.m_axi_rdata) {
                let byte = |n| self.memory.get(&(address + 4 * lane + n)).copied();
                let bytes = [0, 1, 2, 3].map(|n| byte(n).unwrap_or(0x5a));
                net.set(i64::from(u32::from_le_bytes(bytes)));
            }
        }
        let due = self.answers.front().is_some_and(|due| *due <= self.cycle);
        let shown = t.m_axi_bvalid.value().is_true() || flips[4] == 1;
        t.m_axi_bvalid.set(i64::from(due && shown));
        t.m_axi_bresp.set(2 * i64::from(self.bad_write));
        self.top.clock.set(0);
        assert!(simulate(&mut self.top, 200));
        self.sample();
        self.top.clock.set(1);
        assert!(simulate(&mut self.top, 200));
        self.cycle += 1;
    }

    fn sample(&mut self) {
        let t = &self.top;
        let is = |net: &Net<Out>| net.value().is_true();
        let number = |net: &Net<Out>| net.value().number();
        if high(is(&t.m_axi_rready), &t.m_axi_rvalid) {
            self.beats.pop_front();
        }
        if high(is(&t.m_axi_arvalid), &t.m_axi_arready) {
            let address = number(&t.m_axi_araddr);
            self.bursts.push((self.cycle, address));
            for n in 0..=number(&t.m_axi_arlen) {
                let from = address + n * self.bytes;
                let due = self.cycle + self.latency;
                self.beats.push_back((due, number(&t.m_axi_arid), from));
            }
        }
        if high(is(&t.m_axi_bready), &t.m_axi_bvalid) {
            self.answers.pop_front();
        }
        if high(is(&t.m_axi_awvalid), &t.m_axi_awready) {
            self.addresses.push_back(number(&t.m_axi_awaddr));
        }
        if high(is(&t.m_axi_wvalid), &t.m_axi_wready) {
            let lanes = t.m_axi_wdata.iter().map(number).collect();
            let strobes = t.m_axi_wstrb.value().pattern();
            self.data.push_back((lanes, strobes));
        }
        if is(&t.layer_start) {
            self.layers.push(self.cycle);
        }
        while !self.addresses.is_empty() && !self.data.is_empty() {
            let address = self.addresses.pop_front().unwrap_or(0);
            let (lanes, strobes) = self.data.pop_front().unwrap_or_default();
            for n in (0..self.bytes).filter(|n| strobes >> n & 1 == 1) {
                let byte = lanes[n as usize / 4] >> (8 * (n % 4));
                self.memory.insert(address + n, byte as u8);
            }
            self.answers.push_back(self.cycle + self.latency);
        }
    }

    /// Writes a control register; gives the response back.
    pub(super) fn write(&mut self, name: &str, data: i64) -> i64 {
        let t = &self.top;
        t.s_axil_awaddr.set(offset(name));
        t.s_axil_wdata.set(data);
        t.s_axil_wstrb.set(15);
        t.s_axil_awvalid.set(1);
        t.s_axil_wvalid.set(1);
        self.step();
        self.top.s_axil_awvalid.set(0);
        self.top.s_axil_wvalid.set(0);
        self.top.s_axil_bready.set(1);
        while !self.top.s_axil_bvalid.value().is_true() {
            self.step();
        }
        let response = self.top.s_axil_bresp.value().number();
        self.step();
        self.top.s_axil_bready.set(0);
        response
    }

    pub(super) fn read(&mut self, name: &str) -> i64 {
        self.top.s_axil_araddr.set(offset(name));
        self.top.s_axil_arvalid.set(1);
        self.step();
        self.top.s_axil_arvalid.set(0);
        self.top.s_axil_rready.set(1);
        let data = self.top.s_axil_rdata.value().number();
        self.step();
        self.top.s_axil_rready.set(0);
        data
    }

    /// Starts, waits for the interrupt, clears it, and gives STATUS back.
    pub(super) fn run(&mut self) -> i64 {
        self.start();
        self.wait()
    }

    pub(super) fn start(&mut self) {
        self.bursts.clear();
        self.layers.clear();
        self.write("CONTROL", 1);
    }

    pub(super) fn wait(&mut self) -> i64 {
        let limit = self.cycle + 20_000;
        while !self.top.irq.value().is_true() {
            self.step();
            assert!(self.cycle < limit, "no interrupt");
        }
        assert!(self.beats.is_empty() && self.answers.is_empty());
        self.write("INTERRUPT_STATUS", 3);
        assert!(!self.top.irq.value().is_true());
        self.read("STATUS")
    }

    /// So many results.
    pub(super) fn results(&self, count: i64) -> Vec<i64> {
        let byte = |at| self.memory.get(&at).copied().unwrap_or(0xee);
        let word = |n| [0, 1, 2, 3, 4, 5, 6, 7].map(|b| byte(RESULT + 8 * n + b));
        (0..count).map(|n| i64::from_le_bytes(word(n))).collect()
    }
}
