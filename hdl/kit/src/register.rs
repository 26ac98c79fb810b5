//! Flip-flops.

use crate::describe::Interpreter;
use crate::net::Net;
use crate::optional::Optional;
use crate::value::Value;
use crate::word::Word;
use rust_hdl_core::prelude::*;

/// The first line of a register's Verilog, by which the emitter knows to inline it.
pub(crate) const MARK: &str = "//! register";

/// A register of run-time width on the rising edge, with synchronous reset to zero and clock
/// enable where asked for. The emitter prints it as an `always` block of its parent.
#[derive(LogicBlock)]
pub struct Register {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset, active high.
    pub reset: Optional<Net<In>>,
    /// Clock enable, active high.
    pub enable: Optional<Net<In>>,
    /// Next value.
    pub d: Net<In>,
    /// Value.
    pub q: Net<Out>,
}

impl Register {
    fn build(width: usize, signed: bool, reset: bool, enable: bool) -> Self {
        Register {
            clock: Net::flag(),
            reset: Optional::when(reset, Net::flag),
            enable: Optional::when(enable, Net::flag),
            d: Net::new(width, signed),
            q: Net::new(width, signed),
        }
    }

    /// Data register: no reset, loads every cycle.
    pub fn data(width: usize, signed: bool) -> Self {
        Register::build(width, signed, false, false)
    }

    /// Data register with a clock enable.
    pub fn enabled(width: usize, signed: bool) -> Self {
        Register::build(width, signed, false, true)
    }

    /// Control register: zero after reset.
    pub fn control(width: usize) -> Self {
        Register::build(width, false, true, false)
    }

    /// `count` data registers alike.
    pub fn data_array(count: usize, width: usize, signed: bool) -> Vec<Self> {
        (0..count).map(|_| Register::data(width, signed)).collect()
    }

    /// The stored value.
    pub fn read<I: Interpreter>(&self, i: &mut I) -> I::Word {
        i.read(&self.q)
    }

    /// Describes a register without reset and enable: clocked by `clock`, loading `next`.
    pub fn load<I: Interpreter>(&self, i: &mut I, clock: &Net<In>, next: I::Word) {
        i.connect(&self.clock, clock);
        i.drive(&self.d, next);
    }

    /// Describes a register with enable.
    pub fn load_if<I: Interpreter>(
        &self,
        i: &mut I,
        clock: &Net<In>,
        enable: I::Word,
        next: I::Word,
    ) {
        let port = self.enable.get().expect("a register made with `enabled`");
        i.drive(port, enable);
        self.load(i, clock, next);
    }

    /// Describes a register without reset and enable that stores zero when `clear` is high.
    pub fn load_or_zero<I: Interpreter>(
        &self,
        i: &mut I,
        clock: &Net<In>,
        clear: I::Word,
        next: I::Word,
    ) {
        let zero = i.literal(self.q.width(), self.q.is_signed(), 0);
        self.load(i, clock, clear.mux(zero, next));
    }

    /// Describes a control register, cleared by `reset`.
    pub fn update_from<I: Interpreter>(
        &self,
        i: &mut I,
        clock: &Net<In>,
        reset: &Net<In>,
        next: I::Word,
    ) {
        i.connect(
            self.reset.get().expect("a register made with `control`"),
            reset,
        );
        self.load(i, clock, next);
    }
}

impl Logic for Register {
    fn update(&mut self) {
        if !self.clock.rises() {
            return;
        }
        let is = |port: &Optional<Net<In>>, otherwise| {
            port.get().map_or(otherwise, |n| n.value().is_true())
        };
        if is(&self.reset, false) {
            self.q
                .drive(Value::new(self.q.width(), self.q.is_signed(), 0));
        } else if is(&self.enable, true) {
            self.q.drive(self.d.value());
        }
    }
    fn connect(&mut self) {
        self.q.claim();
    }
    fn hdl(&self) -> Verilog {
        Verilog::Custom(MARK.to_string())
    }
}

#[cfg(test)]
mod tests;
