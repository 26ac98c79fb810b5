//! The circuit description, simulated by rust_hdl.

use cromulent_core::Core;
use cromulent_design::Design;
use cromulent_engine::Layer;
use rust_hdl_core::prelude::{Block, simulate};

use super::hardware::{HardwareRun, Job, Leaving, Load};
use crate::Error;

/// Updates until the circuit settles, at most: far more than the deepest path of blocks needs.
const MOST_UPDATES: usize = 1000;

/// A core that lives through any number of layers.
pub struct Simulator {
    core: Core,
}

impl Simulator {
    /// A core after reset.
    ///
    /// # Errors
    /// [`Error::ToolFailed`] if the circuit does not settle.
    pub fn new(design: &Design) -> Result<Simulator, Error> {
        let mut core = Core::new(design);
        core.connect_all();
        let mut simulator = Simulator { core };
        simulator.core.reset.set(1);
        simulator.cycle()?;
        simulator.cycle()?;
        simulator.core.reset.set(0);
        Ok(simulator)
    }

    /// Runs a layer; `say` is told the cycle now and then.
    ///
    /// # Errors
    /// [`Error::ToolFailed`] if the circuit does not settle.
    pub fn run(&mut self, job: &Job, say: &mut dyn FnMut(u64)) -> Result<HardwareRun, Error> {
        for load in job.loads() {
            self.load(load)?;
        }
        self.core.load_enable.set(0);
        self.registers(job.layer);
        let mut leaving = vec![];
        let limit = job.patience();
        self.core.start.set(1);
        let mut cycle = 0;
        loop {
            self.settle(0)?;
            self.take(cycle, &mut leaving);
            let busy = self.core.busy.value().is_true();
            if cycle > 0 && !busy || cycle >= limit {
                break;
            }
            self.settle(1)?;
            self.core.start.set(0);
            cycle += 1;
            if cycle.is_multiple_of(1000) {
                say(cycle);
            }
        }
        Ok(self.result(job, &leaving))
    }

    fn result(&self, job: &Job, leaving: &[Leaving]) -> HardwareRun {
        let (words, leaves) = job.collect(leaving);
        HardwareRun {
            words,
            leaves,
            cycles: self.core.cycles.value().pattern(),
            beats: self.core.beats.value().pattern(),
            load_stalls: self.core.load_stalls.value().pattern(),
            hung: self.core.busy.value().is_true(),
        }
    }

    fn load(&mut self, load: Load) -> Result<(), Error> {
        let core = &self.core;
        core.load_enable.set(1);
        core.load_kind.set(i64::from(load.kind.number()));
        core.load_bank.set(load.bank as i64);
        core.load_address.set(load.address as i64);
        core.load_data.set(load.data.cast_signed());
        self.cycle()
    }

    fn registers(&self, layer: &Layer) {
        for (net, value) in self.core.layer.nets().zip(layer.registers.values()) {
            net.set(i64::from(value));
        }
    }

    fn take(&self, cycle: u64, leaving: &mut Vec<Leaving>) {
        for (column, valid) in self.core.word_valid.iter().enumerate() {
            if valid.value().is_true() {
                let value = self.core.word[column].value().number();
                leaving.push(Leaving {
                    cycle,
                    column,
                    value,
                });
            }
        }
    }

    fn cycle(&mut self) -> Result<(), Error> {
        self.settle(0)?;
        self.settle(1)
    }

    fn settle(&mut self, clock: i64) -> Result<(), Error> {
        self.core.clock.set(clock);
        match simulate(&mut self.core, MOST_UPDATES) {
            true => Ok(()),
            false => Err(Error::ToolFailed {
                tool: "rust_hdl".to_owned(),
                what: "finds no stable state: a combinational loop".to_owned(),
                output: String::new(),
            }),
        }
    }
}
