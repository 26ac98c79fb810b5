//! A layer beside what is kept on chip: whether a tiling fits, and what follows from it.

use cromulent_design::Design;

use super::Machine;
use super::bound::Bound;
use super::search::MARGIN;
use super::tiling::{Loop, Tiling, Trips};
use super::work::Work;

/// The depths of the memories, or as much of each as something takes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Depths {
    /// Code lines: words of every code bank.
    pub codes: u64,
    /// Tile lines of the queue of weights.
    pub weights: u64,
    /// Accumulators of every column.
    pub sums: u64,
    /// Words of the residual stream of every column.
    pub stream: u64,
}

impl Depths {
    /// Those of a design.
    pub fn of(design: &Design) -> Depths {
        Depths {
            codes: design.code_depth.into(),
            weights: design.weight_depth.into(),
            sums: design.tile_depth.into(),
            stream: design.stream_depth.into(),
        }
    }

    /// By memory, in the order of [`super::MEMORIES`].
    pub fn list(self) -> [u64; 4] {
        [self.codes, self.weights, self.sums, self.stream]
    }

    /// From that list.
    pub fn from_list([codes, weights, sums, stream]: [u64; 4]) -> Depths {
        Depths {
            codes,
            weights,
            sums,
            stream,
        }
    }

    /// Whether this is in no memory more than that.
    pub fn fits(self, room: Depths) -> bool {
        let pairs = self.list().into_iter().zip(room.list());
        pairs.into_iter().all(|(own, room)| own <= room)
    }

    /// More than any design has.
    pub const ENDLESS: Depths = Depths {
        codes: 1 << 40,
        weights: 1 << 40,
        sums: 1 << 40,
        stream: 1 << 40,
    };
}

/// Which tensors of a layer move between chip and memory; the others stay on chip.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Moved {
    /// Planes of the input that are in memory.
    pub planes: u64,
    /// The codes it writes go to memory.
    pub output: bool,
    /// The value of the residual stream it adds to is in memory.
    pub base: bool,
    /// The value of the residual stream it writes goes to memory.
    pub result: bool,
}

/// How weights are held.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Weights {
    /// As they pass: each tile comes again for every pass. What the machine does.
    Streamed,
    /// Those of a column tile, for all passes of a band.
    ForPasses,
    /// Those of a block, for all bands.
    ForBands,
}

/// What follows from a tiling before anything is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    /// Pieces of the loops.
    pub trips: Trips,
    /// Positions of a pass.
    pub pass: u64,
    /// How weights are held.
    pub weights: Weights,
    /// Partial sums of a band and block leave the chip between blocks of planes.
    pub spilled: bool,
    /// Bands follow one another, so that lines they share stay.
    pub shared_lines: bool,
    /// An input block stays for all blocks of column tiles.
    pub input_stays: bool,
    /// What it takes of each memory.
    pub needs: Depths,
}

/// A layer to be mapped.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The machine.
    pub machine: &'a Machine<'a>,
    /// The layer.
    pub work: &'a Work,
    /// What moves.
    pub moved: Moved,
    /// What the memories have room for.
    pub room: Depths,
    /// What no tiling of it is better than.
    pub(super) bound: Bound,
    /// Cycles below which fewer do not count.
    pub(super) enough: u64,
}

impl<'a> Case<'a> {
    /// A layer of which this moves, in memories of this room.
    pub fn new(machine: &'a Machine<'a>, work: &'a Work, moved: Moved, room: Depths) -> Case<'a> {
        let mut case = Case {
            machine,
            work,
            moved,
            room: Depths::ENDLESS,
            bound: Bound::default(),
            enough: 0,
        };
        case.bound = case.bound();
        let least = case.tile_cycles(work.lines);
        case.enough = least + least * MARGIN / 100 + work.overhead(machine.design);
        case.room = room;
        case
    }
}

impl Case<'_> {
    pub(super) fn design(&self) -> &Design {
        self.machine.design
    }

    pub(super) fn rows(&self) -> u64 {
        self.design().rows.into()
    }

    /// Planes of a block that are fetched, if those in memory are spread over all blocks.
    pub(super) fn fetched(&self, planes: u64) -> u64 {
        let all = self.work.input_planes().max(1);
        (planes * self.moved.planes).div_ceil(all)
    }

    /// Code lines of so many positions of the output, of so many column tiles.
    pub(super) fn output_lines(&self, positions: u64, column_tiles: u64) -> u64 {
        let work = self.work;
        let planes = match work.by_plane {
            true => column_tiles,
            false => (column_tiles * u64::from(self.design().columns)).div_ceil(self.rows()),
        };
        planes * (work.output * positions).div_ceil(work.positions().max(1))
    }

    /// Words that so many positions of so many column tiles write to the residual stream, a column's.
    pub(super) fn result_words(&self, positions: u64, column_tiles: u64) -> u64 {
        let work = self.work;
        column_tiles * (work.kept * positions).div_ceil(work.positions().max(1))
    }

    /// What a tiling takes, and what follows from it; `None` if it does not fit.
    pub fn shape(&self, tiling: Tiling) -> Option<Shape> {
        let (work, room) = (self.work, self.room);
        let trips = tiling.trips(work);
        let (band, blocks) = (tiling.band * work.line, trips.bands * trips.columns);
        let double = |pieces: u64| if pieces > 1 { 2 } else { 1 };
        let spilled = trips.planes > 1
            && !(trips.within(Loop::Planes, Loop::Bands)
                && trips.within(Loop::Planes, Loop::Columns));
        let band_sums = tiling.band * work.sums;
        let (sums, passes) = if trips.planes > 1 {
            (
                band_sums * tiling.column_tiles * double(u64::from(spilled) + 1),
                1,
            )
        } else {
            let passes = self.passes(tiling.band);
            (band_sums.div_ceil(passes), passes)
        };
        let (weights, held) = self.weights(tiling, trips, passes)?;
        let dependent = if work.by_plane {
            Loop::Columns
        } else {
            Loop::Planes
        };
        let shared_lines = trips.within(Loop::Bands, dependent);
        let input_stays = work.by_plane
            || (trips.within(Loop::Columns, Loop::Bands)
                && trips.within(Loop::Columns, Loop::Planes));
        let (planes, input_blocks) = match work.by_plane {
            true => (tiling.column_tiles, blocks),
            false => (tiling.planes, trips.bands * trips.planes),
        };
        let block = work.input.words * work.input.inside(tiling.band);
        let events = input_blocks * if input_stays { 1 } else { trips.columns };
        let lines = match (events > 1, shared_lines && trips.bands > 1) {
            (false, _) => block,
            (true, true) => {
                block + work.input.words * tiling.band * work.input.stride.min(work.input.kernel)
            }
            (true, false) => 2 * block,
        };
        let mut codes = self.fetched(planes) * lines;
        if self.moved.output {
            codes += self.output_lines(band, tiling.column_tiles) * double(blocks);
        }
        let streamed = self.moved.base || self.moved.result;
        let needs = Depths {
            codes,
            weights,
            sums,
            stream: if streamed {
                band * tiling.column_tiles * double(blocks)
            } else {
                0
            },
        };
        needs.fits(room).then_some(Shape {
            trips,
            pass: self.pass(tiling.band, passes),
            weights: held,
            spilled,
            shared_lines,
            input_stays,
            needs,
        })
    }

    /// Passes of a band, if all planes are in one block: as few as there are accumulators for.
    pub(super) fn passes(&self, band: u64) -> u64 {
        let sums = band * self.work.sums;
        sums.div_ceil(self.room.sums.max(1)).max(1)
    }

    /// Positions of a pass, evenly filled.
    pub(super) fn pass(&self, band: u64, passes: u64) -> u64 {
        match self.work.sums {
            0 => band * self.work.line,
            sums => (band * sums).div_ceil(passes) * (self.work.line / sums),
        }
    }

    /// Lines of the queue of weights, and what they are held for: as long as there is room for.
    fn weights(&self, tiling: Tiling, trips: Trips, passes: u64) -> Option<(u64, Weights)> {
        let (rows, taps) = (self.rows(), self.work.taps);
        let streamed = 2 * rows;
        let column = tiling.planes * taps;
        let block = column * tiling.column_tiles;
        // While the last tile of a block runs, the first one of the next comes.
        let held = |tiles: u64, more: bool| (rows * (tiles + u64::from(more))).max(streamed);
        let over_bands =
            trips.within(Loop::Bands, Loop::Planes) && trips.within(Loop::Bands, Loop::Columns);
        let block = held(block, trips.planes * trips.columns > 1);
        let column = held(column, true);
        let room = self.room.weights;
        if trips.bands > 1 && over_bands && block <= room {
            Some((block, Weights::ForBands))
        } else if passes > 1 && column <= room {
            Some((column, Weights::ForPasses))
        } else {
            (streamed <= room).then_some((streamed, Weights::Streamed))
        }
    }
}
