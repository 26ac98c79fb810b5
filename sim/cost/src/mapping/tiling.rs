//! A mapping of one layer: how far each loop is cut, and in which order the pieces run.

use super::work::Work;

/// A loop over pieces of a layer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Loop {
    /// Over bands of output lines.
    Bands,
    /// Over blocks of input planes: rows of the array.
    Planes,
    /// Over blocks of column tiles: output channels.
    Columns,
}

use Loop::{Bands, Columns, Planes};

/// The orders of the loops, outermost first. The machine's own comes first.
pub const ORDERS: [[Loop; 3]; 6] = [
    [Columns, Bands, Planes],
    [Bands, Columns, Planes],
    [Columns, Planes, Bands],
    [Planes, Columns, Bands],
    [Bands, Planes, Columns],
    [Planes, Bands, Columns],
];

/// At which depth of each order bands, planes and columns are.
const PLACES: [[u8; 3]; 6] = [
    [1, 2, 0],
    [0, 2, 1],
    [2, 1, 0],
    [2, 0, 1],
    [0, 1, 2],
    [1, 0, 2],
];

/// How a layer is cut. Of each loop all pieces but the last have the same size.
///
/// Within a piece of all three, column tiles run one after another, in each the passes that the accumulators ask for,
/// in each the row tiles, as in the machine.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tiling {
    /// Which of [`ORDERS`].
    pub order: usize,
    /// Output lines of a band.
    pub band: u64,
    /// Input planes of a block.
    pub planes: u64,
    /// Column tiles of a block.
    pub column_tiles: u64,
}

impl Tiling {
    /// A layer in one piece.
    pub fn whole(work: &Work) -> Tiling {
        Tiling {
            order: 0,
            band: work.lines,
            planes: work.planes,
            column_tiles: work.column_tiles,
        }
    }

    /// Pieces of each loop.
    pub fn trips(&self, work: &Work) -> Trips {
        Trips {
            bands: work.lines.div_ceil(self.band),
            planes: work.planes.div_ceil(self.planes),
            columns: work.column_tiles.div_ceil(self.column_tiles),
            order: self.order,
        }
    }
}

/// How often each loop runs, and in which order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trips {
    /// Bands of output lines.
    pub bands: u64,
    /// Blocks of planes.
    pub planes: u64,
    /// Blocks of column tiles.
    pub columns: u64,
    order: usize,
}

impl Trips {
    fn of(&self, which: Loop) -> u64 {
        match which {
            Bands => self.bands,
            Planes => self.planes,
            Columns => self.columns,
        }
    }

    /// Whether one loop runs within another; a loop of a single piece runs anywhere.
    pub fn within(&self, inner: Loop, outer: Loop) -> bool {
        let place = |which: Loop| PLACES[self.order][which as usize];
        self.of(inner) == 1 || self.of(outer) == 1 || place(inner) > place(outer)
    }

    /// The orders that differ, those of loops of a single piece left out: of each the first.
    pub fn orders(&self) -> &'static [usize] {
        match [self.columns > 1, self.bands > 1, self.planes > 1] {
            [true, true, true] => &[0, 1, 2, 3, 4, 5],
            [true, true, false] => &[0, 1],
            [false, true, true] => &[0, 2],
            [true, false, true] => &[0, 3],
            _ => &[0],
        }
    }
}

/// The sizes of pieces in which so many can be cut evenly: the largest first, each with another number of pieces.
pub fn sizes(count: u64) -> Vec<u64> {
    let mut sizes = vec![];
    let mut pieces = 1;
    while pieces <= count {
        let size = count.div_ceil(pieces);
        sizes.push(size);
        // The least number of pieces that are smaller.
        pieces = match size {
            0 | 1 => break,
            _ => count.div_ceil(size - 1),
        };
    }
    sizes
}

/// Pieces of one loop that are alike.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Piece {
    /// How many there are.
    pub count: u64,
    /// What each has.
    pub size: u64,
    /// It is the first one.
    pub first: bool,
    /// It is the last one.
    pub last: bool,
}

/// The pieces of a loop: the first, those between, the last.
pub fn pieces(count: u64, size: u64) -> impl Iterator<Item = Piece> + Clone {
    let trips = count.div_ceil(size);
    let last = count - (trips - 1) * size;
    let piece = |count, size, first, last| Piece {
        count,
        size,
        first,
        last,
    };
    let all = match trips {
        1 => [
            piece(1, last, true, true),
            piece(0, 0, false, false),
            piece(0, 0, false, false),
        ],
        _ => [
            piece(1, size, true, false),
            piece(trips - 2, size, false, false),
            piece(1, last, false, true),
        ],
    };
    all.into_iter().filter(|piece| piece.count > 0)
}
