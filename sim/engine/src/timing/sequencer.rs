//! Sequencer and layer control: when a layer starts, when each tile is swapped in, when its beats are issued,
//! when the layer ends.
//!
//! A layer that starts in cycle 0 is `pending` and `running` from 1 on. A tile that is swapped in in cycle V
//! issues its beats from V + 1 on, one a cycle; the next swap may fall on its last beat. After the layer's last
//! beat it is no longer pending; it runs until its last word leaves the last column, or the pool behind it
//! if it pools its codes, or in a max-pool is written by the last row.

use cromulent_design::LayerRegisters;

use super::shape::Shape;

/// Which tile: column tiles, in each passes, in each row tiles.
#[derive(Clone, Copy, Default)]
struct Place {
    column_tile: u32,
    pass: u32,
    row_tile: u32,
}

/// What is known of a tile in the cycle in which it is swapped in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Swapped {
    /// The cycle of its first beat.
    pub first_beat: u64,
    /// The cycle of its last beat.
    pub last_beat: u64,
    /// The positions it covers.
    pub positions: u64,
    /// Whether it is the last tile of a pass.
    pub pass_done: bool,
    /// Whether it is the last tile of a column tile.
    pub column_done: bool,
    /// Whether it is the last tile of the layer.
    pub layer_done: bool,
}

#[derive(Default)]
pub(super) struct Sequencer {
    counts: LayerRegisters,
    /// The tile that is swapped in next.
    next: Place,
    /// Tiles are still to be swapped in.
    left: bool,
    /// The cycle of the last beat of the tile in use.
    tile_end: Option<u64>,
    /// A layer was started and has not ended.
    running: bool,
    /// The cycle in which its last word leaves, once it is known.
    end: Option<u64>,
}

impl Sequencer {
    /// What time alone brings about, at the beginning of a cycle.
    pub fn tick(&mut self, now: u64) {
        if self.tile_end.is_some_and(|end| now > end) {
            self.tile_end = None;
        }
        if self.end.is_some_and(|end| now > end) {
            self.end = None;
            self.running = false;
        }
    }

    /// A beat is issued in this cycle.
    pub fn issues(&self) -> bool {
        self.tile_end.is_some()
    }

    /// Beats of the layer are still to come.
    pub fn pending(&self) -> bool {
        self.left || self.issues()
    }

    /// A layer runs; another may start once it does not.
    pub fn running(&self) -> bool {
        self.running
    }

    /// The registers of the present layer.
    pub fn registers(&self) -> &LayerRegisters {
        &self.counts
    }

    /// The present layer sends its words to the results.
    pub fn scores(&self) -> bool {
        self.counts.scores
    }

    /// The live columns of the present column tile.
    pub fn live_columns(&self, shape: &Shape) -> u64 {
        if self.next.column_tile + 1 == self.counts.column_tiles {
            u64::from(self.counts.last_columns).min(shape.columns)
        } else {
            shape.columns
        }
    }

    /// Whether the waiting tile is swapped in in cycle `now`.
    pub fn swaps(&self, now: u64, waiting: bool, output_ready: bool) -> bool {
        let done = self.tile_end.is_none_or(|end| now == end);
        self.left && waiting && done && output_ready
    }

    /// The edge that ends a cycle in which a layer starts.
    pub fn start(&mut self, registers: &LayerRegisters) {
        self.counts = *registers;
        self.next = Place::default();
        self.left = true;
        self.running = true;
    }

    /// The edge that ends cycle `now`, in which a tile is swapped in.
    pub fn swap(&mut self, now: u64, shape: &Shape) -> Swapped {
        let positions = if self.next.pass + 1 == self.counts.passes {
            self.counts.last_positions
        } else {
            self.counts.pass_positions
        };
        let positions = u64::from(positions);
        let pass_done = self.next.row_tile + 1 == self.counts.row_tiles;
        let columns = shape.columns as u32;
        let last_beat = now + self.counts.tile_beats(columns, positions, pass_done);
        self.tile_end = Some(last_beat);
        let (column_done, layer_done) = self.advance();
        if layer_done {
            self.left = false;
            self.end = Some(shape.ends(&self.counts, last_beat));
        }
        Swapped {
            first_beat: now + 1,
            last_beat,
            positions,
            pass_done,
            column_done,
            layer_done,
        }
    }

    /// Steps to the next tile: whether the column tile, and the layer, ends with the one before.
    fn advance(&mut self) -> (bool, bool) {
        let (next, counts) = (&mut self.next, &self.counts);
        next.row_tile += 1;
        if next.row_tile < counts.row_tiles {
            return (false, false);
        }
        next.row_tile = 0;
        next.pass += 1;
        if next.pass < counts.passes {
            return (false, false);
        }
        next.pass = 0;
        next.column_tile += 1;
        (true, next.column_tile == counts.column_tiles)
    }

    /// The next cycle after `now` in which something happens by itself.
    pub fn wake(&self, now: u64) -> Option<u64> {
        // In the cycle of the last beat a tile may be swapped in, in the one after it beats stop.
        let tile = self.tile_end.map(|end| end.max(now + 1));
        let end = self.end.map(|end| end + 1);
        [tile, end].into_iter().flatten().min()
    }
}
