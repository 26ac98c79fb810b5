//! Many designs, measured: which points there are, where their results are kept, and which of them are best.
//!
//! 1. [`Description`] is an `explore.toml` as it stands there; [`Plan`] is that with its design, networks and tables read.
//! 2. [`points`] makes the points of a plan: a grid, or a sample of one. A [`Point`] has a key made of all that its result
//!    depends on, so that nobody needs to know who computed it, or when.
//! 3. [`Folder`] keeps results: a line of JSON each, in a file for each [`Shard`], on disk before the next one begins.
//!    What a killed process leaves behind is whole but for a last line, which is cut off.
//! 4. [`merge`](fn@merge) puts the shards together, once all points are there; [`pareto`] says which are on a front.

mod adapt;
mod folder;
mod journal;
mod merge;
pub mod pareto;
mod plan;
mod point;
mod read;
mod reader;
mod sample;
pub(crate) mod table;

pub use folder::{Folder, Shard};
pub use journal::Journal;
pub use merge::{Merged, merge, replace};
pub(crate) use plan::digest;
pub use plan::{Plan, Subject};
pub use point::{Point, points};
pub use read::{Axis, Data, Description, Named, Objective, Sample};
pub use table::csv;
