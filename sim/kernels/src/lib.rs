//! Integer kernels: the same bits on every CPU, at the speed of its widest instructions.
//!
//! 1. A [`Path`] is a set of instructions this CPU has: portable Rust, AVX2, AVX-512BW, AVX-512 VNNI.
//! 2. [`Panels`] are a layer's weights, packed once for a path. A convolution reads its operands where they
//!    lie: [`Patches`] say where the runs of a patch begin, so no im2col matrix is ever made.
//! 3. [`tiles`] multiplies the two and hands out tiles of sums, in 32 bits where the weights prove that
//!    these hold every sum, in 64 otherwise.
//! 4. [`Finish`] makes codes and words of the residual stream of a tile; [`Cuts`] are the quantizer as
//!    comparisons. [`expand()`] makes operands of codes.
//!
//! Unsafe code lives in `dot` and `path` only: loads and stores through pointers whose ranges were checked
//! before, and calls of functions compiled for instructions that a [`Path`] proves are there.

mod cuts;
mod dot;
mod expand;
mod finish;
mod operand;
mod panels;
mod patches;
mod path;

pub use cuts::Cuts;
pub use dot::{Sums, Tile, tiles};
pub use expand::{Table, expand};
pub use finish::{Channel, Finish, Outputs, ResidualUse};
pub use operand::Operand;
pub use panels::Panels;
pub use patches::{Grid, Patches, Run};
pub use path::{Instructions, Path};
