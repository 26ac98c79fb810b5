//! Cell libraries in the Liberty format.
//!
//! 1. [`Source::load`] reads a file, plain or gzip, no longer than a limit.
//! 2. [`read::parse`] makes [`Group`]s of [`Attribute`]s of it, each with its line.
//! 3. [`Library::load`] does both and checks what synthesis relies on: units that are known, cells with areas, a
//!    flip-flop. [`Library::cells`] says what else one wants to know of a cell.
//! 4. [`Function`] is what an output pin computes, by which cells are chosen, not by their names.

mod check;
mod function;
mod library;
#[cfg(test)]
pub(crate) use library::tests;
mod read;
mod source;
mod units;

pub use function::Function;
pub use library::{Cell, Library, Pin};
pub use read::{Attribute, Group, parse};
pub use source::Source;
pub use units::{Quantity, unit};
