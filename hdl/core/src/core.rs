//! The accelerator's core: a machine between three streams.

mod wiring;

use crate::array::Array;
use crate::collector::Collector;
use crate::columns::Columns;
use crate::constant_ring::ConstantRing;
use crate::counters::Counters;
use crate::decoder::Decoder;
use crate::deskew::Deskew;
use crate::layer_control::LayerControl;
use crate::line::LANE_BITS;
use crate::loader::Loader;
use crate::mover::Mover;
use crate::output_pool::OutputPool;
use crate::rows::Rows;
use crate::scores::Scores;
use crate::sequencer::Sequencer;
use crate::shape::Shape;
use crate::write_back::WriteBack;
use cromulent_design::{CORE_COUNTERS, Design};
use cromulent_kit::{Bundle, Describe, Interpreter, Net, Optional, logic};
use rust_hdl_core::prelude::*;

/// Bits of a fault's code.
const FAULT_BITS: usize = 8;
/// Bits of a result.
const RESULT_BITS: usize = 64;
/// Bits of a count of cycles.
const COUNT_BITS: usize = 32;

/// The core. It takes a program and its constants from one stream, images from another, and gives
/// scores to a third; codes and residual streams stay inside. On each stream a beat passes in a cycle
/// in which both `valid` and `ready` are high.
#[derive(LogicBlock)]
pub struct Core {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset, active high.
    pub reset: Net<In>,
    /// Begin a program, whatever went on before.
    pub start: Net<In>,
    /// A beat of the program is there.
    pub program_valid: Net<In>,
    /// It is taken.
    pub program_ready: Net<Out>,
    /// The beat, its lowest 32 bits first.
    pub program_data: Vec<Net<In>>,
    /// A beat of the input is there.
    pub data_valid: Net<In>,
    /// It is taken.
    pub data_ready: Net<Out>,
    /// The beat, its lowest 32 bits first.
    pub data_data: Vec<Net<In>>,
    /// A result is there.
    pub result_valid: Net<Out>,
    /// It is taken.
    pub result_ready: Net<In>,
    /// The result, two's complement.
    pub result_data: Net<Out>,
    /// It is the last of its layer.
    pub result_last: Net<Out>,
    /// The program wants input, or maps.
    pub fetch_valid: Net<Out>,
    /// It wants maps, from the scratch region.
    pub fetch_maps: Net<Out>,
    /// The program stores maps.
    pub store_valid: Net<Out>,
    /// From so many bytes after the address of the region.
    pub fetch_offset: Net<Out>,
    /// So many beats.
    pub fetch_beats: Net<Out>,
    /// The program's header has been read.
    pub header_valid: Net<Out>,
    /// Beats of the program, header included.
    pub header_beats: Net<Out>,
    /// Every result has reached the memory.
    pub writer_idle: Net<In>,
    /// There is a memory that maps can move to.
    pub memory: Net<In>,
    /// A line of codes leaves to be stored.
    pub line_valid: Net<Out>,
    /// It is the last one of the store.
    pub line_last: Net<Out>,
    /// Its code for each row.
    pub line: Vec<Net<Out>>,
    /// There is room for further lines.
    pub line_room: Net<In>,
    /// A beat of lines is complete.
    pub line_pushed: Net<In>,
    /// All lines of the store are in memory.
    pub lines_stored: Net<In>,
    /// A program is under way.
    pub busy: Net<Out>,
    /// A program has ended.
    pub done: Net<Out>,
    /// What stopped the program, a code of [`Fault`](cromulent_design::Fault); 0 for nothing.
    pub fault: Net<Out>,
    /// A word of this column leaves.
    pub word_valid: Vec<Net<Out>>,
    /// The word: a code, or a difference.
    pub word: Vec<Net<Out>>,
    /// A row writes the code of a max-pool's window; or one of the column of this number leaves the output pool.
    pub pooled_valid: Vec<Net<Out>>,
    /// The code.
    pub pooled: Vec<Net<Out>>,
    /// A layer begins.
    pub layer_start: Net<Out>,
    /// A layer's last word has left in the cycle before.
    pub layer_done: Net<Out>,
    /// Cycles of that layer, `layer_start` and last word included.
    pub layer_cycles: Net<Out>,
    /// The counters, in the order of [`CORE_COUNTERS`].
    pub count: Bundle<Out>,
    decoder: Decoder,
    layer_control: LayerControl,
    constant_ring: ConstantRing,
    loader: Loader,
    sequencer: Sequencer,
    rows: Rows,
    array: Array,
    columns: Columns,
    deskew: Deskew,
    output_pool: Optional<OutputPool>,
    write_back: WriteBack,
    mover: Mover,
    collector: Collector,
    scores: Scores,
    counters: Counters,
    _shape: Shape,
}

impl Core {
    /// The core of a valid design.
    pub fn new(design: &Design) -> Core {
        let shape = Shape::of(design);
        let lanes = design.bus_lanes() as usize;
        Core {
            clock: Net::flag(),
            reset: Net::flag(),
            start: Net::flag(),
            program_valid: Net::flag(),
            program_ready: Net::flag(),
            program_data: Net::array(lanes, LANE_BITS, false),
            data_valid: Net::flag(),
            data_ready: Net::flag(),
            data_data: Net::array(lanes, LANE_BITS, false),
            result_valid: Net::flag(),
            result_ready: Net::flag(),
            result_data: Net::bits(RESULT_BITS),
            result_last: Net::flag(),
            fetch_valid: Net::flag(),
            fetch_maps: Net::flag(),
            store_valid: Net::flag(),
            fetch_offset: Net::bits(COUNT_BITS),
            fetch_beats: Net::bits(COUNT_BITS),
            header_valid: Net::flag(),
            header_beats: Net::bits(COUNT_BITS),
            writer_idle: Net::flag(),
            memory: Net::flag(),
            line_valid: Net::flag(),
            line_last: Net::flag(),
            line: Net::array(shape.rows, shape.design.format.code_bits() as usize, false),
            line_room: Net::flag(),
            line_pushed: Net::flag(),
            lines_stored: Net::flag(),
            busy: Net::flag(),
            done: Net::flag(),
            fault: Net::bits(FAULT_BITS),
            word_valid: Net::array(shape.columns, 1, false),
            word: Net::array(shape.columns, shape.word_bits(), true),
            pooled_valid: Net::array(shape.pool_rows(), 1, false),
            pooled: Net::array(shape.pool_rows(), design.pooled_bits() as usize, false),
            layer_start: Net::flag(),
            layer_done: Net::flag(),
            layer_cycles: Net::bits(COUNT_BITS),
            count: Bundle::new(CORE_COUNTERS.map(|name| (name, COUNT_BITS))),
            decoder: Decoder::new(&shape),
            layer_control: LayerControl::new(&shape),
            constant_ring: ConstantRing::new(&shape),
            loader: Loader::new(&shape),
            sequencer: Sequencer::new(&shape),
            rows: Rows::new(&shape),
            array: Array::new(&shape),
            columns: Columns::new(&shape),
            deskew: Deskew::new(&shape),
            output_pool: Optional::when(design.max_pool, || OutputPool::new(&shape)),
            write_back: WriteBack::new(&shape),
            mover: Mover::new(&shape),
            collector: Collector::new(&shape),
            scores: Scores::new(&shape),
            counters: Counters::new(&shape),
            _shape: shape,
        }
    }
}

impl Describe for Core {
    fn module(&self) -> String {
        "cromulent_core".to_string()
    }
    fn about(&self) -> String {
        let design = &self._shape.design;
        format!(
            "Cromulent core {}: {} x {} array, pe {}, format {}, affine {}.\nGenerated; do not edit.",
            design.name, design.rows, design.columns, design.pe, design.format, design.affine
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        self.clocks(i);
        self.decode(i);
        self.control(i);
        self.lines(i);
        self.rows(i);
        self.columns(i);
        self.moves(i);
        self.write_back(i);
        self.results(i);
    }
}
logic!(Core);

#[cfg(test)]
mod tests;
