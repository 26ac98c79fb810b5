//! The circuit description, simulated by rust_hdl.

use cromulent_core::Accelerator;
use cromulent_design::Design;
use cromulent_kit::Net;
use rust_hdl_core::prelude::{Block, In, Out, simulate};

use super::bus::Bus;
use super::hardware::HardwareRun;
use super::job::Job;
use super::script::{Observed, ObservedLayer, ObservedWord, Record, Step};
use crate::Error;

/// Updates until the circuit settles, at most: far more than the deepest path of blocks needs.
const MOST_UPDATES: usize = 1000;

/// An access to a control register takes this many cycles at most.
const PATIENCE: u64 = 10_000;

/// An accelerator that lives through any number of scripts.
pub struct Simulator {
    top: Accelerator,
    bus: Bus,
    now: u64,
    origin: u64,
    observed: Observed,
    finished: usize,
}

impl Simulator {
    /// An accelerator after reset.
    ///
    /// # Errors
    /// [`Error::ToolFailed`] if the circuit does not settle.
    pub fn new(design: &Design) -> Result<Simulator, Error> {
        let mut top = Accelerator::new(design);
        top.connect_all();
        let mut simulator = Simulator {
            top,
            bus: Bus::new(design.bus_lanes()),
            now: 0,
            origin: 0,
            observed: Observed::default(),
            finished: 0,
        };
        simulator.reset(4)?;
        Ok(simulator)
    }

    /// Runs a program; `say` is told the cycle now and then.
    ///
    /// # Errors
    /// [`Error::ToolFailed`] if the circuit does not settle.
    pub fn run(&mut self, job: &Job, say: &mut dyn FnMut(u64)) -> Result<HardwareRun, Error> {
        Ok(job.gather(&self.perform(&job.steps(), say)?))
    }

    /// Performs a script; `say` is told the cycle now and then.
    ///
    /// # Errors
    /// [`Error::ToolFailed`] if the circuit does not settle, or a control register does not answer.
    pub fn perform(
        &mut self,
        steps: &[Step],
        say: &mut dyn FnMut(u64),
    ) -> Result<Vec<Record>, Error> {
        let mut records = vec![];
        for step in steps {
            records.extend(self.step(step, say)?);
        }
        Ok(records)
    }

    fn step(&mut self, step: &Step, say: &mut dyn FnMut(u64)) -> Result<Option<Record>, Error> {
        match step {
            Step::Memory(memory) => self.bus.configure(*memory),
            Step::Fail { read, write } => self.bus.fail = (*read, *write),
            Step::Load { address, bytes } => {
                for (n, byte) in (0..).zip(bytes) {
                    self.bus.store.write(address + n, *byte);
                }
            }
            // Stray writes are looked for in Verilator.
            Step::Window { .. } => {}
            Step::Write {
                register,
                data,
                strobes,
            } => {
                let response = self.write(*register, *data, *strobes)?;
                return Ok(Some(Record::Response(response)));
            }
            Step::Read { register } => return self.read(*register).map(Some),
            Step::Start { register, data } => {
                self.restart();
                self.write(*register, *data, 15)?;
            }
            Step::Wait { limit } => {
                while self.now - self.origin < *limit && !self.top.irq.value().is_true() {
                    self.cycle()?;
                    if self.now.is_multiple_of(1000) {
                        say(self.now - self.origin);
                    }
                }
                return Ok(Some(self.record()));
            }
            Step::Run { cycles } => {
                for _ in 0..*cycles {
                    self.cycle()?;
                }
            }
            Step::Reset { cycles } => self.reset(*cycles)?,
            Step::Dump { address, bytes } => {
                let read = |n| self.bus.store.read(address + n);
                return Ok(Some(Record::Bytes((0..*bytes).map(read).collect())));
            }
        }
        Ok(None)
    }

    fn restart(&mut self) {
        self.origin = self.now;
        self.observed = Observed::default();
        self.finished = 0;
    }

    fn record(&mut self) -> Record {
        let (reads, writes) = self.bus.beats;
        Record::Run(Observed {
            interrupted: self.top.irq.value().is_true(),
            cycles: self.now - self.origin,
            reads,
            writes,
            ..self.observed.clone()
        })
    }

    fn reset(&mut self, cycles: u64) -> Result<(), Error> {
        self.bus.reset();
        let top = &self.top;
        for valid in [
            &top.s_axil_awvalid,
            &top.s_axil_wvalid,
            &top.s_axil_bready,
            &top.s_axil_arvalid,
            &top.s_axil_rready,
            &top.m_axi_arready,
            &top.m_axi_rvalid,
            &top.m_axi_awready,
            &top.m_axi_wready,
            &top.m_axi_bvalid,
        ] {
            valid.set(0);
        }
        top.reset.set(1);
        for _ in 0..cycles {
            self.settle(0)?;
            self.settle(1)?;
            self.now += 1;
        }
        self.top.reset.set(0);
        self.restart();
        Ok(())
    }

    /// One clock cycle: inputs, what follows from them, what is handed over, the edge.
    fn cycle(&mut self) -> Result<Lite, Error> {
        self.drive();
        self.settle(0)?;
        self.hand_over();
        self.observe();
        let lite = Lite::of(&self.top);
        self.settle(1)?;
        self.now += 1;
        Ok(lite)
    }

    fn drive(&mut self) {
        let (beat, answer) = self.bus.begin(self.now);
        let top = &self.top;
        top.m_axi_arready.set(self.bus.ready[0].into());
        top.m_axi_awready.set(self.bus.ready[1].into());
        top.m_axi_wready.set(self.bus.ready[2].into());
        top.m_axi_rvalid.set(beat.is_some().into());
        if let Some(beat) = beat {
            set_lanes(&top.m_axi_rdata, &beat.lanes);
            top.m_axi_rlast.set(beat.last.into());
            top.m_axi_rid.set(beat.id as i64);
            top.m_axi_rresp.set(2 * i64::from(beat.error));
        }
        top.m_axi_bvalid.set(answer.is_some().into());
        if let Some(answer) = answer {
            top.m_axi_bresp.set(2 * i64::from(answer.error));
            top.m_axi_bid.set(answer.id as i64);
        }
    }

    fn hand_over(&mut self) {
        let (top, bus, now) = (&self.top, &mut self.bus, self.now);
        if both(&top.m_axi_rvalid, &top.m_axi_rready) {
            bus.take_read_beat(now);
        }
        if both(&top.m_axi_arready, &top.m_axi_arvalid) {
            let beats = top.m_axi_arlen.value().pattern() + 1;
            let id = top.m_axi_arid.value().pattern();
            bus.take_read_address(now, top.m_axi_araddr.value().pattern(), beats, id);
        }
        if both(&top.m_axi_bvalid, &top.m_axi_bready) {
            bus.take_answer();
        }
        if both(&top.m_axi_awready, &top.m_axi_awvalid) {
            let id = top.m_axi_awid.value().pattern();
            let beats = top.m_axi_awlen.value().pattern() + 1;
            bus.take_write_address(now, top.m_axi_awaddr.value().pattern(), beats, id);
        }
        if both(&top.m_axi_wready, &top.m_axi_wvalid) {
            let lanes = top.m_axi_wdata.iter();
            let lanes = lanes.map(|lane| lane.value().pattern() as u32).collect();
            bus.take_write_beat(now, lanes, top.m_axi_wstrb.value().pattern());
        }
    }

    fn observe(&mut self) {
        let (top, observed) = (&self.top, &mut self.observed);
        let cycle = self.now - self.origin;
        if top.layer_done.value().is_true() {
            if let Some(layer) = observed.layers.get_mut(self.finished) {
                layer.last = cycle - 1;
                layer.counted = top.layer_cycles.value().pattern();
            }
            self.finished += 1;
        }
        let start = observed.layers.last().map_or(0, |layer| layer.start);
        let layer = (observed.layers.len() as u64).wrapping_sub(1);
        let columns = top.word_valid.iter().zip(&top.word);
        // Pooled codes, of a row or a column, are counted from behind the columns.
        let pooled = top.pooled_valid.iter().zip(&top.pooled);
        for (column, (valid, word)) in columns.chain(pooled).enumerate() {
            if valid.value().is_true() {
                observed.words.push(ObservedWord {
                    layer,
                    cycle: cycle - start,
                    column: column as u64,
                    value: word.value().pattern(),
                });
            }
        }
        if top.layer_start.value().is_true() {
            observed.layers.push(ObservedLayer {
                start: cycle,
                ..ObservedLayer::default()
            });
        }
    }

    fn write(&mut self, register: u32, data: u32, strobes: u8) -> Result<u64, Error> {
        let top = &self.top;
        top.s_axil_awaddr.set(register.into());
        top.s_axil_wdata.set(data.into());
        top.s_axil_wstrb.set(strobes.into());
        top.s_axil_awvalid.set(1);
        top.s_axil_wvalid.set(1);
        top.s_axil_bready.set(1);
        for _ in 0..PATIENCE {
            let lite = self.cycle()?;
            if lite.address_taken[1] {
                self.top.s_axil_awvalid.set(0);
            }
            if lite.data_taken {
                self.top.s_axil_wvalid.set(0);
            }
            if let Some(response) = lite.written {
                self.top.s_axil_bready.set(0);
                return Ok(response);
            }
        }
        Err(silent())
    }

    fn read(&mut self, register: u32) -> Result<Record, Error> {
        self.top.s_axil_araddr.set(register.into());
        self.top.s_axil_arvalid.set(1);
        self.top.s_axil_rready.set(1);
        for _ in 0..PATIENCE {
            let lite = self.cycle()?;
            if lite.address_taken[0] {
                self.top.s_axil_arvalid.set(0);
            }
            if let Some((data, response)) = lite.answered {
                self.top.s_axil_rready.set(0);
                return Ok(Record::Value { data, response });
            }
        }
        Err(silent())
    }

    fn settle(&mut self, clock: i64) -> Result<(), Error> {
        self.top.clock.set(clock);
        match simulate(&mut self.top, MOST_UPDATES) {
            true => Ok(()),
            false => Err(failed("finds no stable state: a combinational loop")),
        }
    }
}

/// What was handed over on the control port in a cycle.
#[derive(Clone, Copy, Default)]
struct Lite {
    /// Addresses of a read and of a write.
    address_taken: [bool; 2],
    data_taken: bool,
    /// Response to a write.
    written: Option<u64>,
    /// Data and response of a read.
    answered: Option<(u32, u64)>,
}

impl Lite {
    fn of(top: &Accelerator) -> Lite {
        Lite {
            address_taken: [
                both(&top.s_axil_arvalid, &top.s_axil_arready),
                both(&top.s_axil_awvalid, &top.s_axil_awready),
            ],
            data_taken: both(&top.s_axil_wvalid, &top.s_axil_wready),
            written: both(&top.s_axil_bready, &top.s_axil_bvalid)
                .then(|| top.s_axil_bresp.value().pattern()),
            answered: both(&top.s_axil_rready, &top.s_axil_rvalid).then(|| {
                let data = top.s_axil_rdata.value().pattern() as u32;
                (data, top.s_axil_rresp.value().pattern())
            }),
        }
    }
}

/// Whether a channel hands something over: an input and an output are both high.
fn both(input: &Net<In>, output: &Net<Out>) -> bool {
    input.value().is_true() && output.value().is_true()
}

fn set_lanes(lanes: &[Net<In>], values: &[u32]) {
    for (lane, value) in lanes.iter().zip(values) {
        lane.set((*value).into());
    }
}

fn silent() -> Error {
    failed("gives no answer on AXI4-Lite")
}

fn failed(what: &str) -> Error {
    Error::ToolFailed {
        tool: "rust_hdl".to_owned(),
        what: what.to_owned(),
        output: String::new(),
    }
}
