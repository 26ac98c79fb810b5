//! Low-precision codes of batch-normalised activations, in integers only.
//!
//! This crate is the number contract of the accelerator: reference, cycle model, circuit description and
//! emitted Verilog all mean the same thing by a code because they all mean what is written here. It has
//! no dependencies, holds no floating-point number, and encodes without a multiplication, as the
//! hardware does. The formats are those of Graham, "Low-Precision Batch-Normalized Activations" (2017),
//! Table 1, and their rectified relatives for inference.
//!
//! The life of an activation, one module a step:
//!
//! 1. [`encode`] turns an accumulator into a [`Code`] of a [`Format`]: subtract the mean, find the
//!    leading one, compare (§1.5 of the paper, base-2 logarithm and clamp).
//! 2. [`pack`] lays codes into bytes, [`unpack`] reads them back.
//! 3. [`order`] places a code on the number line, so that a [`Threshold`] can decide the ReLU or
//!    clamp the code at it.
//! 4. [`operand`] says what a processing element does with the code: which constant, how far to shift
//!    it, add or subtract.
//!
//! Integers (image pixels, uncoded activations) take the same processing elements as [`digits()`]: signed
//! powers of two, one a beat.
//!
//! `docs/number-formats.md` holds the same contract as tables.

mod affine;
mod code;
mod digits;
mod format;
mod gradient;
mod operand;
mod packing;
mod quantizer;

pub use affine::Threshold;
pub use code::{Code, Value, decode, embed, from_order, integer, order};
pub use digits::{Digit, Naf, digits, naf, nearest};
pub use format::{Format, Subset, UnknownFormat};
pub use gradient::Gradient;
pub use operand::{Operand, operand};
pub use packing::{PackError, pack, packed_len, unpack};
pub use quantizer::{Quantizer, UniformQuantizer, encode, encode_in, level_scale, level_start};
