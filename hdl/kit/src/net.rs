//! A rust_hdl signal whose width is a value.

use crate::value::Value;
use crate::word::Word;
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
#[derive(Clone, Debug)]
pub struct Net<D: Direction> {
    next: Cell<Value>,
    value: Value,
    changed: bool,
    claimed: Cell<bool>,
    id: usize,
    direction: PhantomData<D>,
}

impl<D: Direction> Net<D> {
    /// A net of `width` bits, zero at first.
    pub fn new(width: usize, signed: bool) -> Self {
        let zero = Value::new(width, signed, 0);
        Net {
            next: Cell::new(zero),
            value: zero,
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
        self.value.width()
    }

    /// Two's complement when true.
    pub fn is_signed(&self) -> bool {
        self.value.is_signed()
    }

    /// The value last driven. Unlike rust_hdl's inputs it is seen at once, so that values run down
    /// through any depth of blocks in one update; registers still see what was before the edge,
    /// because every block wires its parts before any of them fires.
    #[inline(always)]
    pub fn value(&self) -> Value {
        self.next.get()
    }

    /// Drives the net, from a testbench or a block's update.
    ///
    /// # Panics
    /// When width or sign differ.
    #[inline(always)]
    #[track_caller]
    pub fn drive(&self, value: Value) {
        let now = self.value;
        assert!(
            now.width() == value.width() && now.is_signed() == value.is_signed(),
            "a net of {} bits (signed: {}) is driven with {} bits (signed: {})",
            now.width(),
            now.is_signed(),
            value.width(),
            value.is_signed()
        );
        self.next.set(value);
    }

    /// Drives the net with a number, taken modulo its width.
    pub fn set(&self, number: i64) {
        self.drive(Value::new(self.width(), self.is_signed(), number));
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
        !self.value.is_true() && self.next.get().is_true()
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
        self.changed = self.value != next;
        self.value = next;
    }
    #[inline(always)]
    fn has_changed(&self) -> bool {
        self.changed || self.value != self.next.get()
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
        let bit = |i| ((self.value.pattern() >> i) & 1 == 1).into();
        VCDValue::Vector((0..self.width()).rev().map(bit).collect())
    }
    fn id(&self) -> usize {
        self.id
    }
    fn verilog(&self) -> VerilogLiteral {
        self.value.pattern().into()
    }
    fn constraints(&self) -> Vec<PinConstraint> {
        vec![]
    }
}
