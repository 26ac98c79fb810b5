//! Networks that others trained: read, rewritten into the cromulent form, and written as network files.
//!
//! 1. [`onnx::read`] makes a [`Graph`] of an ONNX file, constants folded;
//! 2. [`rewrite()`] gives it the form of section 1.4 of Graham (2017), step by step, and says what it did;
//! 3. [`calibrate()`] gives the normalisations that were put in the statistics of real images;
//! 4. [`write()`] makes the two files of a network file of it.
//!
//! `docs/importing.md` is the user's page.

mod calibrate;
mod graph;
mod normalise;
pub mod onnx;
mod rewrite;
pub mod torch;
mod write;

pub use calibrate::calibrate;
pub use graph::{Graph, Kind, Node, View};
pub use normalise::Normalisation;
pub use rewrite::{Change, Inserted, Rewritten, Shortcuts, rewrite};
pub use write::{Files, write};
