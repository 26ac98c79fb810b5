//! What a layer asks of a mapping: its loops, and the lines of the tensors it moves.

use cromulent_design::{Command, Design, LayerRegisters, OUTPUT_POOL_LATENCY, POOL_LATENCY};
use cromulent_engine::{LayerInput, Outline, Storage};

use crate::activity::Activity;

/// How an input map is read, lines of pixels; the maps of a batch lie below one another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Window {
    /// Lines of the map.
    pub lines: u64,
    /// Code lines of a line of pixels, in one plane.
    pub words: u64,
    /// Lines that a line of output positions reads.
    pub kernel: u64,
    /// Lines from one line of output positions to the next.
    pub stride: u64,
    /// Lines of padding above the map.
    pub padding: u64,
}

impl Window {
    /// Lines that `bands` of output lines need in all, each line once, and those between two windows left out.
    pub fn once(&self, bands: u64) -> u64 {
        let step = self.kernel.min(self.stride);
        let shared = self.kernel.saturating_sub(self.stride);
        (bands * step + shared)
            .saturating_sub(self.padding)
            .min(self.lines)
    }

    /// Lines of a band of output lines that is not the first one.
    pub fn inside(&self, band: u64) -> u64 {
        let step = self.kernel.min(self.stride);
        (band * step + self.kernel.saturating_sub(self.stride)).min(self.lines)
    }
}

/// Code lines in memory: several to a beat, or several beats each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Packing {
    /// Lines of a beat, at least 1.
    pub lines: u64,
    /// Beats of so many lines.
    pub beats: u64,
}

impl Packing {
    /// Beats of so many lines one after another.
    pub fn beats(&self, lines: u64) -> u64 {
        lines.div_ceil(self.lines) * self.beats
    }

    /// Codes, packed at their width.
    fn of_codes(design: &Design) -> Packing {
        Packing {
            lines: design.map_lines_per_beat().into(),
            beats: design.map_line_beats().into(),
        }
    }

    /// Whole words of the banks: pixels, integers.
    fn of_words(design: &Design) -> Packing {
        Packing {
            lines: 1,
            beats: design.beats(design.code_line_bits()).into(),
        }
    }

    /// A tensor stored like this.
    pub fn of(design: &Design, storage: Storage) -> Packing {
        match storage {
            Storage::Integers => Packing::of_words(design),
            Storage::Codes | Storage::Narrow(_) => Packing::of_codes(design),
        }
    }
}

/// A layer as loops over lines of output positions, planes of the input and column tiles.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Work {
    /// Its name.
    pub name: String,
    /// Lines of output positions, of all images; one for each image if all its positions are added up.
    pub lines: u64,
    /// Positions of a line.
    pub line: u64,
    /// Accumulators that a line takes in a column: its positions, 1 if they are added up, 0 in a max-pool.
    pub sums: u64,
    /// Planes of the input that rows take one after another; 1 for an image and in a max-pool.
    pub planes: u64,
    /// Row tiles of a plane.
    pub taps: u64,
    /// Column tiles; planes in a max-pool.
    pub column_tiles: u64,
    /// Whether each column tile reads a plane of its own: a max-pool.
    pub by_plane: bool,
    /// The input map.
    pub input: Window,
    /// How it lies in memory.
    pub input_packing: Packing,
    /// Code lines of a plane of the output; 0 if no codes are written.
    pub output: u64,
    /// Words of the residual stream that a channel writes: as many as there are positions, or windows if they are pooled.
    pub kept: u64,
    /// How the output lies in memory.
    pub output_packing: Packing,
    /// Beats of scores.
    pub scores: u64,
    /// What the layer does whatever its mapping.
    pub base: Activity,
    /// What the machine is told today.
    pub registers: LayerRegisters,
}

impl Work {
    /// The work of each layer of a network on a design; `base` is what [`crate::activity()`] counts.
    pub fn of(design: &Design, outline: &Outline, base: &[Activity]) -> Vec<Work> {
        let image = outline.steps.iter().find_map(|step| match step {
            Command::Fetch(fetch) => Some(u64::from(fetch.lines)),
            _ => None,
        });
        let layers = outline.layers.iter().zip(base);
        let work = layers.map(|(layer, &base)| {
            let r = layer.registers;
            let batch = u64::from(design.batch);
            let g = &layer.geometry;
            let number = |value: usize| value as u64;
            let storage = |tensor: Option<usize>| {
                let tensor = tensor.and_then(|number| outline.tensors.get(number));
                Packing::of(design, tensor.map_or(Storage::Codes, |t| t.storage))
            };
            let (planes, input_packing) = match &layer.input {
                LayerInput::Image => (1, Packing::of_words(design)),
                LayerInput::Codes(tensors) => {
                    let planes = u64::from(r.row_tiles) / number(g.taps()).max(1);
                    (planes.max(1), storage(tensors.first().copied()))
                }
            };
            let planes = if r.max_pool { 1 } else { planes };
            let (lines, line) = match r.pool {
                true => (batch, number(g.positions())),
                false => (batch * number(g.out_height()), number(g.out_width())),
            };
            Work {
                name: layer.name.clone(),
                lines,
                line,
                sums: match (r.max_pool, r.pool) {
                    (true, _) => 0,
                    (_, true) => 1,
                    _ => line,
                },
                planes,
                taps: u64::from(r.row_tiles) / planes,
                column_tiles: r.column_tiles.into(),
                by_plane: r.max_pool,
                input: match layer.input {
                    LayerInput::Image => of_image(
                        &r,
                        batch,
                        image.unwrap_or(0),
                        number(g.kernel_height),
                        number(g.stride),
                    ),
                    LayerInput::Codes(_) => Window {
                        lines: batch * number(g.height),
                        words: number(g.width),
                        kernel: number(if r.pool { g.height } else { g.kernel_height }),
                        stride: number(if r.pool { g.height } else { g.stride }),
                        padding: number(g.padding),
                    },
                },
                input_packing,
                output: if r.codes { r.output_plane.into() } else { 0 },
                kept: r.stream_words_of_channel().into(),
                output_packing: storage(layer.output.codes()),
                scores: scores(design, &r),
                base,
                registers: r,
            }
        });
        work.collect()
    }

    /// Row tiles.
    pub fn row_tiles(&self) -> u64 {
        self.planes * self.taps
    }

    /// Planes that the input has in the banks.
    pub fn input_planes(&self) -> u64 {
        match self.by_plane {
            true => self.column_tiles,
            false => self.planes,
        }
    }

    /// All positions.
    pub fn positions(&self) -> u64 {
        self.lines * self.line
    }

    /// Cycles in which the array computes so many positions of all its row tiles, in one column tile: a tile takes
    /// as long as the next one's rows take to load.
    pub fn row_cycles(&self, design: &Design, positions: u64) -> [u64; 2] {
        let columns = design.columns;
        // In a layer of scores a further tile is taken up no sooner than that many cycles after the one before.
        let least = match self.registers.scores {
            true => (design.rows * design.loads()).max(columns),
            false => design.rows * design.loads(),
        };
        [false, true].map(|last| {
            let beats = self.registers.tile_beats(columns, positions, last);
            beats.max(least.into())
        })
    }

    /// Cycles from the last beat of the layer until the next layer starts, and those before its first beat.
    pub fn overhead(&self, design: &Design) -> u64 {
        let behind = match self.by_plane {
            true => u64::from(design.rows) - 1 + u64::from(POOL_LATENCY),
            false => u64::from(design.rows + design.columns - 1 + design.latency()),
        };
        let pool = if self.registers.output_pool {
            OUTPUT_POOL_LATENCY
        } else {
            0
        };
        behind + u64::from(pool) + STARTS
    }
}

/// Cycles of a layer before its first beat, the first one of the next layer's included.
const STARTS: u64 = 2;

/// Beats of the results of a layer.
fn scores(design: &Design, r: &LayerRegisters) -> u64 {
    const RESULT_BITS: u64 = 64;
    match r.scores {
        true => (r.channels(design.columns) * u64::from(r.positions) * RESULT_BITS)
            .div_ceil(design.bus_bits.into()),
        false => 0,
    }
}

/// The lines of an image, or of its phases one beside the other.
fn of_image(r: &LayerRegisters, batch: u64, lines: u64, kernel: u64, stride: u64) -> Window {
    let height = batch * u64::from(r.height).max(1);
    let step = u64::from(r.stride).max(1);
    // Taps of a phase reach over the kernel's share of lines, and one more, as phases begin apart.
    let kernel = match step < stride {
        true => kernel.div_ceil(stride) + 1,
        false => kernel,
    };
    Window {
        lines: height,
        words: lines.div_ceil(height),
        kernel,
        stride: step,
        padding: 0,
    }
}
