//! What a tiling costs: cycles, beats of the memory bus, words.
//!
//! Pieces follow one another with double buffers: while the array computes one, the next one's tensors come and those
//! of the one before go. So a piece takes the longer of its tiles and its beats; what the first piece reads comes
//! before, what the last one writes goes after, and weights of the first tile come while the layer before drains.

use super::case::{Case, Shape, Weights};
use super::tiling::{Loop, Piece, Tiling, pieces};

/// Beats of the memory bus, by tensor.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Beats {
    /// Weights and constants.
    pub weights: u64,
    /// The input: pixels, codes.
    pub inputs: u64,
    /// Codes that are stored, and scores.
    pub outputs: u64,
    /// Partial sums that go and come back.
    pub sums: u64,
    /// The residual stream.
    pub stream: u64,
}

impl Beats {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.weights + self.inputs + self.outputs + self.sums + self.stream
    }
}

/// What a tiling costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cost {
    /// Cycles of the layer.
    pub cycles: u64,
    /// Beats of the memory bus.
    pub beats: Beats,
    /// Tiles that were fetched, and tiles that were brought to the array.
    pub tiles: [u64; 2],
    /// Code lines fetched and stored.
    pub lines: [u64; 2],
}

impl Case<'_> {
    /// Beats of a tile, and of the constants of a column tile.
    pub(super) fn tile_beats(&self) -> [u64; 2] {
        let design = self.design();
        let line = u64::from(design.beats(design.tile_line_bits()));
        [
            self.rows() * line,
            design.beats(design.constant_line_bits()).into(),
        ]
    }

    /// Beats of words of so many bits, one for each column, of so many positions of so many column tiles.
    pub(super) fn word_beats(&self, bits: u32, words: u64) -> u64 {
        let design = self.design();
        (words * u64::from(design.columns) * u64::from(bits)).div_ceil(design.bus_bits.into())
    }

    /// Counts what a tiling costs.
    pub fn cost(&self, tiling: Tiling, shape: &Shape) -> Cost {
        let work = self.work;
        let mut cost = Cost {
            // Scores are written as they leave.
            cycles: work.overhead(self.design()),
            beats: Beats {
                outputs: work.scores,
                ..Beats::default()
            },
            tiles: [0; 2],
            lines: [0; 2],
        };
        for bands in pieces(work.lines, tiling.band) {
            for planes in pieces(work.planes, tiling.planes) {
                for columns in pieces(work.column_tiles, tiling.column_tiles) {
                    let piece = [bands, planes, columns];
                    self.piece(shape, piece, &mut cost);
                }
            }
        }
        cost
    }

    /// Counts pieces that are alike.
    fn piece(&self, shape: &Shape, piece: [Piece; 3], cost: &mut Cost) {
        let [bands, planes, columns] = piece;
        let count = bands.count * planes.count * columns.count;
        let (first, last) = (piece.iter().all(|p| p.first), piece.iter().all(|p| p.last));
        let positions = bands.size * self.work.line;
        let passes = positions.div_ceil(shape.pass.max(1));
        let (beats, lines) = self.beats(shape, piece, passes);
        let compute = self.compute(shape, piece, passes);
        let interval = self.machine.interval;
        // What the first piece reads beside weights comes before it, what the last one writes goes after it.
        let before = if first { beats.read() } else { 0 };
        let after = if last { beats.written() } else { 0 };
        let beside = beats.total().total() - before - after;
        cost.cycles += interval * (before + after) + count * compute.max(interval * beside);
        let total = beats.total();
        cost.beats.weights += count * total.weights;
        cost.beats.inputs += count * total.inputs;
        cost.beats.outputs += count * total.outputs;
        cost.beats.sums += count * total.sums;
        cost.beats.stream += count * total.stream;
        let tiles = columns.size * planes.size * self.work.taps;
        cost.tiles[0] += count * tiles * fetches(shape, bands, passes);
        cost.tiles[1] += count * tiles * passes;
        cost.lines[0] += count * lines[0];
        cost.lines[1] += count * lines[1];
    }

    /// Cycles of the tiles of a piece.
    fn compute(&self, shape: &Shape, [bands, planes, columns]: [Piece; 3], passes: u64) -> u64 {
        let design = self.design();
        let positions = bands.size * self.work.line;
        let tiles = planes.size * self.work.taps;
        let pass = |positions: u64| {
            let [other, last] = self.work.row_cycles(design, positions);
            match planes.last {
                true => (tiles - 1) * other + last,
                false => tiles * other,
            }
        };
        let full = if passes > 1 {
            (passes - 1) * pass(shape.pass)
        } else {
            0
        };
        columns.size * (full + pass(positions - (passes - 1) * shape.pass))
    }

    /// Beats of a piece, and the code lines it fetches and stores.
    fn beats(&self, shape: &Shape, piece: [Piece; 3], passes: u64) -> (PieceBeats, [u64; 2]) {
        let (work, design) = (self.work, self.design());
        let [bands, planes, columns] = piece;
        let mut beats = PieceBeats::default();
        let [tile, constants] = self.tile_beats();
        let tiles = columns.size * planes.size * work.taps;
        beats.weights = tile * tiles * fetches(shape, bands, passes);
        // Constants come once, unless all column tiles run anew for every band and not all are held.
        let held = shape.trips.within(Loop::Bands, Loop::Columns)
            || work.column_tiles <= design.channel_depth.into();
        if planes.last && (bands.first || !held) {
            beats.weights += constants * columns.size;
        }
        let mut lines = [0; 2];
        if !shape.input_stays || columns.first || work.by_plane {
            let of = if work.by_plane {
                columns.size
            } else {
                planes.size
            };
            lines[0] = self.fetched(of) * work.input.words * self.band_lines(shape, bands);
            beats.inputs = work.input_packing.beats(lines[0]);
        }
        let words = bands.size * work.line * columns.size;
        if shape.spilled {
            let sums = self.word_beats(design.accumulator_bits, words);
            beats.sums_read = if planes.first { 0 } else { sums };
            beats.sums_written = if planes.last { 0 } else { sums };
        }
        if planes.last {
            let kept = self.result_words(bands.size * work.line, columns.size);
            let stream = |moves: bool, words: u64| match moves {
                true => self.word_beats(design.stream_bits, words),
                false => 0,
            };
            beats.base = stream(self.moved.base, words);
            beats.result = stream(self.moved.result, kept);
            if self.moved.output {
                lines[1] = self.output_lines(bands.size * work.line, columns.size);
                beats.outputs = work.output_packing.beats(lines[1]);
            }
        }
        (beats, lines)
    }

    /// Lines of pixels that come for a band.
    fn band_lines(&self, shape: &Shape, band: Piece) -> u64 {
        let window = &self.work.input;
        match (band.first, band.last) {
            (true, _) => window.once(band.size),
            (false, true) if shape.shared_lines => {
                let before = self.work.lines - band.size;
                window.once(self.work.lines) - window.once(before)
            }
            (false, false) if shape.shared_lines => {
                (band.size * window.stride.min(window.kernel)).min(window.lines)
            }
            (false, true) => {
                // Below the map there is nothing.
                let before = self.work.lines - band.size;
                let start = (before * window.stride).saturating_sub(window.padding);
                window
                    .inside(band.size)
                    .min(window.lines.saturating_sub(start))
            }
            (false, false) => window.inside(band.size),
        }
    }
}

/// How often the weights of a piece are fetched.
fn fetches(shape: &Shape, bands: Piece, passes: u64) -> u64 {
    match shape.weights {
        Weights::ForBands => bands.first.into(),
        Weights::ForPasses => 1,
        Weights::Streamed => passes,
    }
}

/// Beats of one piece.
#[derive(Clone, Copy, Default)]
struct PieceBeats {
    weights: u64,
    inputs: u64,
    outputs: u64,
    sums_read: u64,
    sums_written: u64,
    base: u64,
    result: u64,
}

impl PieceBeats {
    /// What it reads beside weights.
    fn read(&self) -> u64 {
        self.inputs + self.sums_read + self.base
    }

    fn written(&self) -> u64 {
        self.outputs + self.sums_written + self.result
    }

    fn total(&self) -> Beats {
        Beats {
            weights: self.weights,
            inputs: self.inputs,
            outputs: self.outputs,
            sums: self.sums_read + self.sums_written,
            stream: self.base + self.result,
        }
    }
}
