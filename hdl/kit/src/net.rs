//! A rust_hdl signal whose width is a value.

use crate::value::Value;
use rust_hdl_core::ast::VerilogLiteral;
use rust_hdl_core::constraint::PinConstraint;
use rust_hdl_core::prelude::*;
use rust_hdl_core::signal::get_signal_id;
use std::cell::Cell;
use std::marker::PhantomData;

/// A signal of run-time width: what rust_hdl's `Signal<D, Bits<N>>` is for widths known to the
/// compiler. `D` is rust_hdl's `In` or `Out`; an output may be read by its own block.
///
/// The driven value lives in a `Cell`, so that one description, taking `&self`, can simulate,
/// connect and emit.
///
/// A clone keeps the identity of its original: make nets with [`Net::new`] or [`Net::array`].
#[derive(Clone, Debug)]
pub struct Net<D: Direction> {
    /// The number driven, and the one that rust_hdl has seen: both in the range of the shape below.
    next: Cell<i64>,
    seen: i64,
    width: u8,
    signed: bool,
    changed: bool,
    claimed: Cell<bool>,
    id: usize,
    direction: PhantomData<D>,
}

impl<D: Direction> Net<D> {
    /// A net of `width` bits, zero at first.
    ///
    /// # Panics
    /// When `width` is not in 1..=64.
    #[track_caller]
    pub fn new(width: usize, signed: bool) -> Self {
        const {
            let kind = D::KIND;
            assert!(matches!(
                kind,
                AtomKind::InputParameter | AtomKind::OutputParameter
            ));
        }
        // Panics on a bad width.
        let zero = Value::new(width, signed, 0).number();
        Net {
            next: Cell::new(zero),
            seen: zero,
            width: width as u8,
            signed,
            changed: true,
            claimed: Cell::new(false),
            id: get_signal_id(),
            direction: PhantomData,
        }
    }

    /// An unsigned net of `width` bits.
    pub fn bits(width: usize) -> Self {
        Net::new(width, false)
    }

    /// A one-bit net.
    pub fn flag() -> Self {
        Net::bits(1)
    }

    /// `count` nets alike.
    pub fn array(count: usize, width: usize, signed: bool) -> Vec<Self> {
        (0..count).map(|_| Net::new(width, signed)).collect()
    }

    /// Bits.
    pub fn width(&self) -> usize {
        usize::from(self.width)
    }

    /// Two's complement when true.
    pub fn is_signed(&self) -> bool {
        self.signed
    }

    /// The value last driven, seen at once. rust_hdl's inputs show a new value only in the next
    /// update, so there a value needs one update for each level of blocks it goes down through.
    ///
    /// Registers do not race all the same. rust_hdl updates a block before its parts, so in the
    /// update in which the clock rises, each block has handed old values down to all of its parts
    /// before the first of their registers fires; and what a register then stores is carried on
    /// only by a description, which runs in the next update, when the clock no longer rises. All
    /// this asks of a testbench is that inputs do not change in the update in which the clock
    /// rises: set them before, and let the circuit settle.
    #[inline(always)]
    pub fn value(&self) -> Value {
        Value::in_range(self.width, self.signed, self.next.get())
    }

    /// Drives the net, from a testbench or a block's update.
    ///
    /// # Panics
    /// When width or sign differ.
    #[inline(always)]
    #[track_caller]
    pub fn drive(&self, value: Value) {
        if !value.has_shape(self.width, self.signed) {
            self.refuse(value);
        }
        self.next.set(value.number());
    }

    #[cold]
    #[track_caller]
    fn refuse(&self, value: Value) -> ! {
        panic!(
            "a net of {} is driven with {}",
            self.value().shape(),
            value.shape()
        )
    }

    /// Drives the net with a number, taken modulo its width.
    pub fn set(&self, number: i64) {
        self.drive(Value::new(self.width(), self.is_signed(), number));
    }

    /// The bits that rust_hdl has seen.
    fn shown(&self) -> u64 {
        Value::in_range(self.width, self.signed, self.seen).pattern()
    }

    /// Marks the net as driven, for rust_hdl's connection check.
    pub fn claim(&self) {
        self.claimed.set(true);
    }
}

impl Net<In> {
    /// True in the update in which the net rises.
    #[inline(always)]
    pub fn rises(&self) -> bool {
        self.seen == 0 && self.next.get() != 0
    }
}

impl<D: Direction> Logic for Net<D> {
    fn update(&mut self) {}
    fn connect(&mut self) {
        self.claim();
    }
}

impl<D: Direction> Block for Net<D> {
    fn connect_all(&mut self) {}
    #[inline(always)]
    fn update_all(&mut self) {
        let next = self.next.get();
        self.changed = self.seen != next;
        self.seen = next;
    }
    #[inline(always)]
    fn has_changed(&self) -> bool {
        self.changed || self.seen != self.next.get()
    }
    fn accept(&self, name: &str, probe: &mut dyn Probe) {
        probe.visit_atom(name, self);
    }
}

impl<D: Direction> Atom for Net<D> {
    fn bits(&self) -> usize {
        self.width()
    }
    fn connected(&self) -> bool {
        self.claimed.get()
    }
    fn changed(&self) -> bool {
        self.changed
    }
    fn kind(&self) -> AtomKind {
        D::KIND
    }
    fn descriptor(&self) -> TypeDescriptor {
        let width = self.width();
        let kind = if self.is_signed() {
            TypeKind::Signed(width)
        } else {
            TypeKind::Bits(width)
        };
        TypeDescriptor {
            name: format!("net{width}"),
            kind,
        }
    }
    fn vcd(&self) -> VCDValue {
        let pattern = self.shown();
        let bit = |i| ((pattern >> i) & 1 == 1).into();
        VCDValue::Vector((0..self.width()).rev().map(bit).collect())
    }
    fn id(&self) -> usize {
        self.id
    }
    fn verilog(&self) -> VerilogLiteral {
        self.shown().into()
    }
    fn constraints(&self) -> Vec<PinConstraint> {
        vec![]
    }
}

#[cfg(test)]
mod tests;
