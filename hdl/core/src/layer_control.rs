//! From one layer to the next.

use crate::counting::{is_last, stepped};
use crate::sequencer::{layer_registers, register_width};
use crate::shape::Shape;
use cromulent_design::OUTPUT_POOL_LATENCY;
use cromulent_kit::{Bundle, Describe, Interpreter, Net, Optional, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Bits of the count of cycles.
const CYCLE_BITS: usize = 32;

/// Keeps the registers of the layer that runs, starts the next one as soon as the last word has left,
/// and counts the words that leave the last column.
#[derive(LogicBlock)]
pub struct LayerControl {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset.
    pub reset: Net<In>,
    /// The next layer's registers.
    pub next: Bundle<In>,
    /// They are there.
    pub next_valid: Net<In>,
    /// A word leaves the last column.
    pub word_valid: Net<In>,
    /// The registers of the layer that runs, from the cycle after `start` on.
    pub layer: Bundle<Out>,
    /// A layer begins; its registers are taken.
    pub start: Net<Out>,
    /// From the cycle after `start` to that of the last word, included.
    pub running: Net<Out>,
    /// The word that leaves is the last of its column tile.
    pub tile_done: Net<Out>,
    /// The column tile whose words leave is the layer's last.
    pub last_tile: Net<Out>,
    /// The last column's next word is the last of its column tile.
    pub last_position: Optional<Net<Out>>,
    /// Columns whose words count in this column tile.
    pub live: Net<Out>,
    /// The layer's last word, or pooled code, has left in the cycle before.
    pub done: Net<Out>,
    /// Cycles of the layer, `start` and last word included, in step with `done`.
    pub cycles: Net<Out>,
    held: Vec<Register>,
    runs: Register,
    ended: Register,
    pooling: Vec<Register>,
    position: Register,
    tile: Register,
    cycle: Register,
    _columns: usize,
}

impl LayerControl {
    /// The layer control of a design.
    pub fn new(shape: &Shape) -> LayerControl {
        let bits = |name: &str| register_width(shape, name);
        let registers = || layer_registers(shape);
        let pooling = match shape.design.max_pool {
            true => OUTPUT_POOL_LATENCY,
            false => 0,
        };
        LayerControl {
            clock: Net::flag(),
            reset: Net::flag(),
            next: Bundle::new(registers()),
            next_valid: Net::flag(),
            word_valid: Net::flag(),
            layer: Bundle::new(registers()),
            start: Net::flag(),
            running: Net::flag(),
            tile_done: Net::flag(),
            last_tile: Net::flag(),
            last_position: Optional::when(shape.design.has_batch(), Net::flag),
            live: Net::bits(bits("last_columns")),
            done: Net::flag(),
            cycles: Net::bits(CYCLE_BITS),
            held: registers()
                .map(|(_, bits)| Register::enabled(bits, false))
                .collect(),
            runs: Register::control(1),
            ended: Register::control(1),
            pooling: (0..pooling).map(|_| Register::control(1)).collect(),
            position: Register::data(bits("positions"), false),
            tile: Register::data(bits("column_tiles"), false),
            cycle: Register::control(CYCLE_BITS),
            _columns: shape.columns,
        }
    }

    /// Takes the next layer's registers at the start.
    fn registers<I: Interpreter>(&self, i: &mut I, start: I::Word) {
        let ports = self.next.nets().zip(self.layer.nets());
        for ((next, layer), held) in ports.zip(&self.held) {
            let word = i.read(next);
            held.load_if(i, &self.clock, start, word);
            i.connect(layer, &held.q);
        }
    }

    /// A counter that starts a layer at zero.
    fn count<I: Interpreter>(&self, i: &mut I, counter: &Register, step: I::Word, wrap: I::Word) {
        let start = i.read(&self.start);
        let next = stepped(i, counter, step, wrap);
        counter.load_or_zero(i, &self.clock, start, next);
    }

    /// Counts words and column tiles; true when the layer's last word leaves.
    fn words<I: Interpreter>(&self, i: &mut I) -> I::Word {
        let (word, position, tile) = (
            i.read(&self.word_valid),
            self.position.read(i),
            self.tile.read(i),
        );
        let positions = i.read(self.layer.get("positions"));
        let last_position = is_last(i, position, positions);
        if let Some(port) = self.last_position.get() {
            i.drive(port, last_position);
        }
        let tile_done = i.name("column_tile_done", word & last_position);
        let tiles = i.read(self.layer.get("column_tiles"));
        let last_tile = is_last(i, tile, tiles);
        let last_tile = i.name("last_column_tile", last_tile);
        self.count(i, &self.position, word, last_position);
        self.count(i, &self.tile, tile_done, last_tile);
        i.drive(&self.tile_done, tile_done);
        i.drive(&self.last_tile, last_tile);
        let (all, rest) = (
            i.constant(self.live.width(), self._columns as u64),
            i.read(self.layer.get("last_columns")),
        );
        i.drive(&self.live, last_tile.mux(rest, all));
        tile_done & last_tile
    }

    /// The end of a layer: that of its last word, or, if it pools its codes, when they have left the pool.
    fn pooled<I: Interpreter>(&self, i: &mut I, ending: I::Word) -> I::Word {
        if self.pooling.is_empty() {
            return ending;
        }
        let pools = i.read(self.layer.get("output_pool"));
        // The end of another layer is no business of the one behind it.
        let mut late = ending & pools;
        for register in &self.pooling {
            register.update_from(i, &self.clock, &self.reset, late);
            late = register.read(i);
        }
        pools.mux(late, ending)
    }
}

impl Describe for LayerControl {
    fn module(&self) -> String {
        "layer_control".to_string()
    }
    fn about(&self) -> String {
        "Registers of the layer that runs; start and end of a layer; place of the words that leave."
            .to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let runs = self.runs.read(i);
        let start = i.read(&self.next_valid) & !runs;
        i.drive(&self.start, start);
        i.connect(&self.running, &self.runs.q);
        self.registers(i, start);
        let ending = self.words(i);
        let ending = self.pooled(i, ending);
        let ending = i.name("layer_ends", ending);
        let (clock, reset) = (&self.clock, &self.reset);
        self.runs
            .update_from(i, clock, reset, start | (runs & !ending));
        self.ended.update_from(i, clock, reset, ending & runs);
        i.connect(&self.done, &self.ended.q);
        let (now, one) = (self.cycle.read(i), i.constant(CYCLE_BITS, 1));
        let counted = now + runs.resize(CYCLE_BITS);
        self.cycle
            .update_from(i, clock, reset, start.mux(one, counted));
        i.connect(&self.cycles, &self.cycle.q);
    }
}
logic!(LayerControl);

#[cfg(test)]
mod tests;
