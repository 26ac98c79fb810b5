//! One description of a block, three readings: simulate, connect, emit.

use crate::net::Net;
use crate::value::Value;
use crate::word::Word;
use rust_hdl_core::prelude::*;
use std::fmt::Display;

/// What a description talks to.
pub trait Interpreter {
    /// What it computes with.
    type Word: Word;

    /// The value of a net of this block or of a port of one of its parts. Nets deeper down are out
    /// of reach: emitting panics.
    fn read<D: Direction>(&mut self, net: &Net<D>) -> Self::Word;

    /// Drives an output of this block or an input of one of its parts: exactly once per net.
    ///
    /// # Panics
    /// When the word's width or sign is not the net's.
    fn drive<D: Direction>(&mut self, net: &Net<D>, value: Self::Word);

    /// A constant, taken modulo 2^width.
    fn literal(&mut self, width: usize, signed: bool, number: i64) -> Self::Word;

    /// Gives an intermediate word a name in the Verilog; one that is taken is numbered. Pass
    /// `format_args!`, not `format!`: simulation then spends nothing on it.
    fn name(&mut self, _name: impl Display, word: Self::Word) -> Self::Word {
        word
    }

    /// A comment in the Verilog, before what is driven or named next.
    fn comment(&mut self, _text: &str) {}

    /// Says in the Verilog that leaving this word unread is meant; lint tools then keep quiet.
    fn unused(&mut self, _word: Self::Word) {}

    /// An unsigned constant.
    fn constant(&mut self, width: usize, number: u64) -> Self::Word {
        self.literal(width, false, number as i64)
    }

    /// A plain wire.
    fn connect<D: Direction, S: Direction>(&mut self, to: &Net<D>, from: &Net<S>) {
        let word = self.read(from);
        self.drive(to, word);
    }
}

/// A block described once. Implement this and call [`logic!`](crate::logic) to get rust_hdl's `Logic`.
///
/// Order matters as in any rust_hdl kernel: an output read back must have been driven above.
pub trait Describe {
    /// Name of the Verilog module; the emitter numbers variants that differ.
    fn module(&self) -> String;
    /// What the block does, printed above the module: one or more lines.
    fn about(&self) -> String;
    /// The block's logic and wiring.
    fn describe<I: Interpreter>(&self, i: &mut I);
}

/// Reads and drives nets with values.
pub struct Simulate;

impl Interpreter for Simulate {
    type Word = Value;
    #[inline(always)]
    fn read<D: Direction>(&mut self, net: &Net<D>) -> Value {
        net.value()
    }
    #[inline(always)]
    #[track_caller]
    fn drive<D: Direction>(&mut self, net: &Net<D>, value: Value) {
        net.drive(value);
    }
    #[inline(always)]
    fn literal(&mut self, width: usize, signed: bool, number: i64) -> Value {
        Value::new(width, signed, number)
    }
}

/// Marks what is driven, for rust_hdl's `check_all`.
pub struct Connect;

impl Interpreter for Connect {
    type Word = Value;
    fn read<D: Direction>(&mut self, net: &Net<D>) -> Value {
        net.value()
    }
    fn drive<D: Direction>(&mut self, net: &Net<D>, value: Value) {
        net.drive(value);
        net.claim();
    }
    fn literal(&mut self, width: usize, signed: bool, number: i64) -> Value {
        Value::new(width, signed, number)
    }
}

/// Makes a [`Describe`] block a rust_hdl `Logic`: `logic!(Adder);`
#[macro_export]
macro_rules! logic {
    ($block:ty) => {
        impl rust_hdl_core::prelude::Logic for $block {
            fn update(&mut self) {
                // What was driven stays driven: without a change there is nothing to compute.
                if rust_hdl_core::prelude::Block::has_changed(self) {
                    $crate::Describe::describe(self, &mut $crate::Simulate);
                }
            }
            fn connect(&mut self) {
                $crate::Describe::describe(self, &mut $crate::Connect);
            }
            fn hdl(&self) -> rust_hdl_core::prelude::Verilog {
                rust_hdl_core::prelude::Verilog::Custom($crate::emit::body(self))
            }
        }
    };
}
