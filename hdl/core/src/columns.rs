//! All that stands around the array's columns.

use crate::column::{Column, constant_bits};
use crate::counting::delay;
use crate::position::{FLAG_BITS, Flags};
use crate::sequencer::register_width;
use crate::shape::Shape;
use crate::stream_pointer::StreamPointer;
use crate::stream_windows::StreamWindows;
use cromulent_kit::{Bundle, Describe, Interpreter, Net, Optional, Register, logic};
use rust_hdl_core::prelude::*;

/// Registers between the loader and the first weight bank: the stages of feeder, code and edge.
const WEIGHT_DELAY: usize = 3;

/// The registers of a layer that say how words of the residual stream are pooled.
pub(crate) const WINDOW_REGISTERS: [&str; 8] = [
    "pool_stream",
    "output_width",
    "output_height",
    "window",
    "window_stride",
    "window_first",
    "cut_right",
    "cut_below",
];

/// The columns, from left to right: column j does in each cycle what column 0 did j cycles before.
#[derive(LogicBlock)]
pub struct Columns {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: nothing is under way.
    pub reset: Net<In>,
    /// Write a set of constants to every column.
    pub write_constants: Net<In>,
    /// Where the set goes.
    pub constant_address: Net<In>,
    /// Offset word of each column.
    pub offset: Vec<Net<In>>,
    /// Norm word of each column.
    pub norm: Vec<Net<In>>,
    /// Theta words of each column, one column's after the other's.
    pub theta: Vec<Net<In>>,
    /// Write a weight word to every column.
    pub write_weights: Net<In>,
    /// Where it goes.
    pub write_address: Net<In>,
    /// Weight word of each column.
    pub new_weight: Vec<Net<In>>,
    /// Where the weight words of the row lie that is loaded next.
    pub read_address: Net<In>,
    /// The entry of the tables that is made of them.
    pub entry_in: Optional<Net<In>>,
    /// The same, in step with the weight word of column 0.
    pub entry_out: Optional<Net<Out>>,
    /// Weight word of each column for the processing elements.
    pub weight: Vec<Net<Out>>,
    /// Sum of each column.
    pub sum: Vec<Net<In>>,
    /// Count of negative operands, in step with the sum of column 0.
    pub count: Optional<Net<In>>,
    /// Flags, a cycle before the sum of column 0.
    pub flags: Net<In>,
    /// A layer begins.
    pub start: Net<In>,
    /// Where its residual stream is read, at `start`.
    pub stream_read: Optional<Net<In>>,
    /// Where its residual stream is written, at `start`.
    pub stream_write: Optional<Net<In>>,
    /// The layer adds to the residual stream.
    pub add: Optional<Net<In>>,
    /// The layer stores words of the residual stream.
    pub stream: Optional<Net<In>>,
    /// The layer raises words of the residual stream to their floor.
    pub clamp: Optional<Net<In>>,
    /// With `max_pool`: whether words of the residual stream are pooled, and by which windows; registers of the layer.
    pub windows: Optional<Bundle<In>>,
    /// Words leave as differences, not as codes.
    pub raw: Net<In>,
    /// Words leave as rectified integers, not as codes.
    pub integers: Optional<Net<In>>,
    /// Largest magnitude index of the layer's codes.
    pub largest: Optional<Net<In>>,
    /// How far apart their magnitude indices are, as a power of two.
    pub spacing: Optional<Net<In>>,
    /// A word of this column leaves.
    pub word_valid: Vec<Net<Out>>,
    /// The word.
    pub word: Vec<Net<Out>>,
    /// Words of one position that saturated.
    pub saturated: Net<Out>,
    weight_delay: Vec<Register>,
    entry_delay: Vec<Register>,
    pointer: Optional<StreamPointer>,
    stream_windows: Optional<StreamWindows>,
    column: Vec<Column>,
}

impl Columns {
    /// The columns of a design.
    pub fn new(shape: &Shape) -> Columns {
        let columns = shape.columns;
        let [offset, norm, theta] = constant_bits(shape);
        let (address, stream) = (shape.weight_address_bits(), shape.stream_address_bits());
        let counted = shape.count_bits();
        let streams = shape.design.has_stream();
        let entries = shape.design.table_bits() as usize;
        // The head of a column takes the cycle that is saved.
        let weight_delay = WEIGHT_DELAY - usize::from(entries > 0);
        let flag = || Optional::when(streams, Net::flag);
        let pools = streams && shape.design.max_pool;
        let registers = WINDOW_REGISTERS.map(|name| (name, register_width(shape, name)));
        Columns {
            clock: Net::flag(),
            reset: Net::flag(),
            write_constants: Net::flag(),
            constant_address: Net::bits(shape.channel_bits()),
            offset: Net::array(columns, offset, false),
            norm: Net::array(columns, norm, false),
            theta: Net::array(columns * shape.root, theta, false),
            write_weights: Net::flag(),
            write_address: Net::bits(address),
            new_weight: Net::array(columns, shape.weight_word_bits(), false),
            read_address: Net::bits(address),
            entry_in: Optional::when(entries > 0, || Net::bits(entries)),
            entry_out: Optional::when(entries > 0, || Net::bits(entries)),
            weight: Net::array(columns, shape.weight_word_bits(), false),
            sum: Net::array(columns, shape.sum_bits, false),
            count: Optional::when(counted.is_some(), || Net::bits(counted.unwrap_or(1))),
            flags: Net::bits(FLAG_BITS),
            start: Net::flag(),
            stream_read: Optional::when(streams, || Net::bits(stream)),
            stream_write: Optional::when(streams, || Net::bits(stream)),
            add: flag(),
            stream: flag(),
            clamp: flag(),
            windows: Optional::when(pools, || Bundle::new(registers)),
            raw: Net::flag(),
            integers: Optional::when(shape.design.image_digits, Net::flag),
            largest: Optional::when(shape.has_narrower(), || {
                Net::bits(register_width(shape, "largest"))
            }),
            spacing: Optional::when(shape.has_spacing(), || {
                Net::bits(register_width(shape, "spacing"))
            }),
            word_valid: Net::array(columns, 1, false),
            word: Net::array(columns, shape.word_bits(), true),
            saturated: Net::bits(shape.saturation_bits()),
            weight_delay: Register::data_array(weight_delay, address, false),
            entry_delay: match entries {
                0 => vec![],
                bits => Register::data_array(WEIGHT_DELAY, bits, false),
            },
            pointer: Optional::when(streams, || StreamPointer::new(shape)),
            stream_windows: Optional::when(pools, || StreamWindows::new(shape)),
            column: (0..columns).map(|_| Column::new(shape)).collect(),
        }
    }

    fn pointer<I: Interpreter>(&self, i: &mut I) {
        let Some(pointer) = self.pointer.get() else {
            let start = i.read(&self.start);
            return i.unused(start);
        };
        i.connect(&pointer.clock, &self.clock);
        i.connect(&pointer.reset, &self.reset);
        i.connect(&pointer.start, &self.start);
        for (port, own) in [
            (&pointer.first_read, &self.stream_read),
            (&pointer.first_write, &self.stream_write),
        ] {
            if let Some(own) = own.get() {
                i.connect(port, own);
            }
        }
        let flags = Flags::unpack(i.read(&self.flags));
        i.drive(&pointer.leaving, flags.valid & flags.last & flags.terminal);
        self.stream_windows(i, pointer);
    }

    /// Where the words of column 0 lie among the windows of a max-pool.
    fn stream_windows<I: Interpreter>(&self, i: &mut I, pointer: &StreamPointer) {
        let Some(windows) = self.stream_windows.get() else {
            return;
        };
        i.connect(&windows.clock, &self.clock);
        i.connect(&windows.start, &self.start);
        if let Some(registers) = self.windows.get() {
            let ports = [
                &windows.on,
                &windows.output_width,
                &windows.output_height,
                &windows.window,
                &windows.stride,
                &windows.first,
                &windows.cut_right,
                &windows.cut_below,
            ];
            for (port, register) in ports.into_iter().zip(registers.nets()) {
                i.connect(port, register);
            }
        }
        if let (Some(writes), Some(moves)) = (pointer.writes.get(), pointer.moves.get()) {
            i.connect(&windows.step, writes);
            i.connect(moves, &windows.moves);
        }
    }

    /// What enters at the left, and what comes from the column there.
    fn chain<I: Interpreter>(&self, i: &mut I) {
        if let (Some(port), Some(entry)) = (self.entry_out.get(), self.entry_in.get()) {
            let first = i.read(entry);
            let late = delay(i, &self.clock, &self.entry_delay, first);
            i.drive(port, late);
        }
        let mut address = i.read(&self.read_address);
        for register in &self.weight_delay {
            register.load(i, &self.clock, address);
            address = register.read(i);
        }
        for (j, column) in self.column.iter().enumerate() {
            let Some(left) = j.checked_sub(1).map(|left| &self.column[left]) else {
                i.connect(&column.flags_in, &self.flags);
                i.drive(&column.weight_address_in, address);
                if let (Some(port), Some(count)) = (column.count_in.get(), self.count.get()) {
                    i.connect(port, count);
                }
                continue;
            };
            i.connect(&column.flags_in, &left.flags_out);
            i.connect(&column.weight_address_in, &left.weight_address_out);
            if let (Some(port), Some(count)) = (column.count_in.get(), left.count_out.get()) {
                i.connect(port, count);
            }
        }
        self.stream_chain(i);
    }

    /// Where the words of the residual stream lie, and how many saturate, from column to column.
    fn stream_chain<I: Interpreter>(&self, i: &mut I) {
        let last = self.column.last();
        match last.and_then(|last| last.saturated_out.get()) {
            Some(port) => i.connect(&self.saturated, port),
            None => {
                let none = i.constant(self.saturated.width(), 0);
                i.drive(&self.saturated, none);
            }
        }
        let Some(pointer) = self.pointer.get() else {
            return;
        };
        for (j, column) in self.column.iter().enumerate() {
            let left = j.checked_sub(1).map(|left| &self.column[left]);
            let places = match left {
                None => [Some(&pointer.read), Some(&pointer.write)],
                Some(left) => [left.stream_read_out.get(), left.stream_write_out.get()],
            };
            let ports = [column.stream_read_in.get(), column.stream_write_in.get()];
            for (port, place) in ports.into_iter().zip(places) {
                if let (Some(port), Some(place)) = (port, place) {
                    i.connect(port, place);
                }
            }
            let marks = match left {
                None => self.stream_windows.get().map(|windows| &windows.marks),
                Some(left) => left.windows_out.get(),
            };
            if let (Some(port), Some(marks)) = (column.windows_in.get(), marks) {
                i.connect(port, marks);
            }
            match (column.saturated_in.get(), left) {
                (Some(port), Some(left)) => {
                    if let Some(count) = left.saturated_out.get() {
                        i.connect(port, count);
                    }
                }
                (Some(port), None) => {
                    let none = i.constant(port.width(), 0);
                    i.drive(port, none);
                }
                _ => {}
            }
        }
    }

    fn column<I: Interpreter>(&self, i: &mut I, j: usize) {
        let column = &self.column[j];
        i.connect(&column.clock, &self.clock);
        i.connect(&column.reset, &self.reset);
        i.connect(&column.write_constants, &self.write_constants);
        i.connect(&column.constant_address, &self.constant_address);
        i.connect(&column.offset, &self.offset[j]);
        i.connect(&column.norm, &self.norm[j]);
        let thetas = column.theta.len();
        for (n, theta) in column.theta.iter().enumerate() {
            i.connect(theta, &self.theta[j * thetas + n]);
        }
        i.connect(&column.write_weight, &self.write_weights);
        i.connect(&column.write_address, &self.write_address);
        i.connect(&column.new_weight, &self.new_weight[j]);
        i.connect(&self.weight[j], &column.weight);
        i.connect(&column.sum, &self.sum[j]);
        i.connect(&column.raw, &self.raw);
        for (port, own) in [
            (&column.add, &self.add),
            (&column.stream, &self.stream),
            (&column.clamp, &self.clamp),
            (&column.integers, &self.integers),
            (&column.largest, &self.largest),
            (&column.spacing, &self.spacing),
        ] {
            if let (Some(port), Some(own)) = (port.get(), own.get()) {
                i.connect(port, own);
            }
        }
        if let (Some(port), Some(registers)) = (column.pool_stream.get(), self.windows.get()) {
            i.connect(port, registers.get("pool_stream"));
        }
        i.connect(&self.word_valid[j], &column.word_valid);
        i.connect(&self.word[j], &column.word);
    }
}

impl Describe for Columns {
    fn module(&self) -> String {
        "columns".to_string()
    }
    fn about(&self) -> String {
        format!(
            "{} columns; column j does in each cycle what column 0 did j cycles before.",
            self.column.len()
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        self.pointer(i);
        self.chain(i);
        for j in 0..self.column.len() {
            self.column(i, j);
        }
    }
}
logic!(Columns);
