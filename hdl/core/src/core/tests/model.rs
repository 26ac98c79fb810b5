//! The machine in plain integers: no tiles' order, no cycles.

use cromulent_design::{
    Affine, Bits, Design, LayerRegisters, NormWord, OffsetWord, RowWord, WeightWord,
};
use cromulent_number::{
    Code, Format, Operand, Quantizer, Subset, Threshold, encode_in, from_order, operand, order,
};

/// Where the half of the code banks begins that the first layer reads.
pub const HALF: u32 = 200;

/// Small random numbers.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    /// 0..n.
    pub fn below(&mut self, n: u32) -> u32 {
        (self.next() % u64::from(n)) as u32
    }

    /// −n..=n.
    fn around(&mut self, n: i64) -> i64 {
        self.below(2 * n as u32 + 1) as i64 - n
    }

    fn flag(&mut self) -> bool {
        self.below(2) == 1
    }

    /// A code of the design's format.
    pub fn code(&mut self, design: &Design) -> u64 {
        u64::from(self.below(design.format.codes()))
    }
}

/// The constants of one channel.
pub struct Set {
    pub offset: OffsetWord,
    pub norm: NormWord,
    pub thetas: [u32; 4],
}

/// A layer of random constants.
pub struct Layer {
    pub registers: LayerRegisters,
    /// By \[row tile\]\[row\].
    rows: Vec<Vec<RowWord>>,
    /// By \[column tile\]\[row tile\]\[row\]\[column\].
    weights: Vec<Vec<Vec<Vec<WeightWord>>>>,
    /// By \[column tile\]\[column\].
    pub constants: Vec<Vec<Set>>,
}

fn many<T>(count: u32, make: impl FnMut(u32) -> T) -> Vec<T> {
    (0..count).map(make).collect()
}

impl Layer {
    /// Layer `n` of so many; the last ones give scores. Whether it may read what an earlier program left.
    pub fn random(
        design: &Design,
        random: &mut Random,
        (n, layers): (usize, usize),
        inherits: bool,
    ) -> Layer {
        let mut registers = registers(design, random, n, layers);
        registers.add &= inherits;
        let LayerRegisters {
            row_tiles,
            column_tiles,
            ..
        } = registers;
        let (rows, columns) = (design.rows, design.columns);
        Layer {
            registers,
            rows: many(row_tiles, |_| many(rows, |_| row_word(design, random, n))),
            weights: many(column_tiles, |_| {
                many(row_tiles, |_| {
                    many(rows, |_| many(columns, |_| weight_word(design, random)))
                })
            }),
            constants: many(column_tiles, |_| {
                many(columns, |_| set(design, random, &registers))
            }),
        }
    }

    /// The tile lines of a pass.
    pub fn lines(&self, design: &Design, column_tile: usize) -> Vec<Bits> {
        let tiles = self.rows.iter().zip(&self.weights[column_tile]);
        let rows = tiles.flat_map(|(rows, weights)| rows.iter().zip(weights));
        rows.map(|(row, weights)| {
            let mut bits = Bits::new();
            bits.push(row.pack(design).unwrap(), RowWord::bits(design));
            for weight in weights {
                bits.push(weight.pack(design).unwrap(), WeightWord::bits(design));
            }
            bits
        })
        .collect()
    }
}

fn registers(design: &Design, random: &mut Random, n: usize, layers: usize) -> LayerRegisters {
    let side = design.map_side;
    let scores = n + 2 >= layers;
    let pool = scores && random.flag();
    let batch = design.batch;
    let (output_width, lines) = match scores && !pool {
        true => (1, 1),
        false if batch > 1 => (1 + random.below(3), 1 + random.below(2)),
        false => (1 + random.below(5), 1 + random.below(4)),
    };
    let image = output_width * lines;
    let all = image * batch;
    let pass_positions = match pool || random.flag() {
        true => all,
        false => 1 + random.below(all.min(design.tile_depth)),
    };
    let pass_positions = match pool {
        // Passes of whole images.
        true if batch > 1 => image * (1 + random.below(batch)),
        true => all,
        false => pass_positions.min(design.tile_depth),
    };
    let passes = all.div_ceil(pass_positions);
    // Layers read one half of the banks and write the other; the first half goes round the end.
    let halves = [HALF, HALF + design.code_depth / 2];
    let (row_tiles, column_tiles) = (1 + random.below(4), 1 + random.below(5));
    let positions = if pool { batch } else { all };
    let short = !scores && positions * column_tiles <= 30;
    let stream = design.has_stream() && short && random.flag();
    // In place, or somewhere else altogether.
    let places = match design.has_stream() {
        true => [random.below(2), 32 + random.below(2)],
        false => [0, 0],
    };
    let (from, to) = (random.below(2) as usize, random.below(2) as usize);
    let formats: Vec<Format> = design.format.narrower().chain([design.format]).collect();
    let format = formats[random.below(formats.len() as u32) as usize];
    let (largest, spacing) = design.codes_of(format).unwrap();
    LayerRegisters {
        height: 1 + random.below(side),
        width: 1 + random.below(side),
        stride: 1 + random.below(2),
        output_width,
        y_step: random.below(8),
        pass_positions,
        last_positions: all - (passes - 1) * pass_positions,
        passes,
        beats: 1,
        row_tiles,
        column_tiles,
        output_address: (halves[(n + 1) % 2] + random.below(8)) % design.code_depth,
        output_plane: positions,
        output_rotation: random.below(design.rows),
        last_columns: 1 + random.below(design.columns),
        stream_read: places[from],
        stream_write: places[to],
        positions,
        tile_lines: passes * row_tiles * design.rows,
        digits: false,
        pool,
        raw: scores,
        add: stream && random.flag(),
        stream,
        clamp: stream && random.flag(),
        codes: !scores,
        scores,
        max_pool: false,
        integers: false,
        largest,
        spacing,
        output_height: if batch > 1 { lines } else { 0 },
        image_step: if batch > 1 { random.below(8) } else { 0 },
        ..LayerRegisters::default()
    }
}

/// Output positions of an image.
fn image_positions(design: &Design, registers: &LayerRegisters) -> usize {
    let all = registers.all_positions() as usize;
    all / design.batch as usize
}

fn row_word(design: &Design, random: &mut Random, n: usize) -> RowWord {
    let half = HALF + (n % 2) as u32 * design.code_depth / 2;
    let descending = design.affine != Affine::Rectified && random.flag();
    RowWord {
        base: (half + random.below(80)) % design.code_depth,
        dy: random.around(2) as i32,
        dx: random.around(2) as i32,
        threshold: match design.affine {
            Affine::Rectified => 0,
            _ => random.below(design.format.codes()),
        },
        descending,
    }
}

fn weight_word(design: &Design, random: &mut Random) -> WeightWord {
    let constants = design.constants() as usize;
    let most = (1i64 << (design.weight_bits - 1)) - 1;
    let mut a = [0; 4];
    for a in a.iter_mut().take(constants) {
        *a = random.around(most) as i32;
    }
    let b = match design.has_bias() {
        true => random.around(most) as i32,
        false => 0,
    };
    WeightWord { a, b }
}

fn set(design: &Design, random: &mut Random, registers: &LayerRegisters) -> Set {
    let multiply = design.format.is_scaled();
    let stream = registers.stream;
    let mut thetas = many(4, |_| random.below(1 << design.threshold_fraction_bits));
    thetas.sort_unstable();
    let largest = 12 * design.format.root() as i64;
    Set {
        offset: OffsetWord {
            mean: random.around(2000),
            align: match stream {
                true => random.around(5) as i32,
                false => 0,
            },
        },
        norm: NormWord {
            mean: match stream {
                true => random.around(70) as i32 * i32::from(random.below(3) != 0),
                false => 0,
            },
            exponent: match multiply {
                true => design.threshold_fraction_bits as i32 + random.below(8) as i32,
                false => random.around(largest) as i32,
            },
            negate: !design.format.is_signed_log() && random.flag(),
            floor: match design.has_stream() {
                true => random.around(500) as i32,
                false => 0,
            },
            ..NormWord::default()
        },
        thetas: [thetas[0], thetas[1], thetas[2], thetas[3]],
    }
}

/// The memories of a design.
pub struct Machine {
    pub design: Design,
    /// By \[row\]\[address\].
    pub banks: Vec<Vec<u64>>,
    /// By \[column\]\[address\].
    streams: Vec<Vec<i64>>,
    pub results: Vec<i64>,
    pub saturations: i64,
}

impl Machine {
    pub fn new(design: &Design) -> Machine {
        Machine {
            design: design.clone(),
            banks: vec![vec![0; design.code_depth as usize]; design.rows as usize],
            streams: vec![vec![0; design.stream_depth as usize]; design.columns as usize],
            results: vec![],
            saturations: 0,
        }
    }

    /// Runs a layer; its words by column.
    pub fn run(&mut self, layer: &Layer) -> Vec<Vec<i64>> {
        let registers = &layer.registers;
        let (tiles, columns) = (
            registers.column_tiles as usize,
            self.design.columns as usize,
        );
        let positions = registers.positions as usize;
        let mut words = vec![vec![]; columns];
        // Codes are kept only when all have been read: nothing reads what the same layer writes.
        let mut kept = vec![];
        for tile in 0..tiles {
            let live = match tile + 1 == tiles {
                true => registers.last_columns as usize,
                false => columns,
            };
            for position in 0..positions {
                for (j, column) in words.iter_mut().enumerate() {
                    let total = self.total(layer, tile, j, position);
                    let place = tile * positions + position;
                    let word = self.finish(layer, &layer.constants[tile][j], j, place, total);
                    column.push(word);
                    if j < live && registers.scores {
                        self.results.push(word);
                    }
                    if j < live && registers.codes {
                        kept.push((tile * columns + j, position, word));
                    }
                }
            }
        }
        for (channel, position, word) in kept {
            let place = registers.output_rotation as usize + channel;
            let rows = self.design.rows as usize;
            let address = registers.output_address as usize
                + place / rows * registers.output_plane as usize
                + position;
            let depth = self.design.code_depth as usize;
            self.banks[place % rows][address % depth] = word as u64;
        }
        words
    }

    fn total(&self, layer: &Layer, tile: usize, j: usize, position: usize) -> i64 {
        let registers = &layer.registers;
        let summed = match registers.pool {
            true => {
                let image = image_positions(&self.design, registers);
                position * image..(position + 1) * image
            }
            false => position..position + 1,
        };
        let mut total = 0;
        for position in summed {
            for (rows, weights) in layer.rows.iter().zip(&layer.weights[tile]) {
                for (r, (row, weights)) in rows.iter().zip(weights).enumerate() {
                    let code = self.code(registers, row, r, position);
                    total += self.product(row, &weights[j], code);
                }
            }
        }
        total
    }

    /// The code that a row reads at a position; `None` off the map.
    fn code(&self, registers: &LayerRegisters, row: &RowWord, r: usize, at: usize) -> Option<u8> {
        let width = registers.output_width as usize;
        let image = image_positions(&self.design, registers);
        let (number, at) = (at / image, at % image);
        let (oy, ox) = ((at / width) as i64, (at % width) as i64);
        let stride = i64::from(registers.stride);
        let (y, x) = (
            oy * stride + i64::from(row.dy),
            ox * stride + i64::from(row.dx),
        );
        let (height, width) = (i64::from(registers.height), i64::from(registers.width));
        let first = number as i64 * i64::from(registers.image_step) + i64::from(row.base);
        let address = oy * i64::from(registers.y_step) + ox * stride + first;
        let address = address as usize % self.design.code_depth as usize;
        let inside = (0..height).contains(&y) && (0..width).contains(&x);
        inside.then(|| self.banks[r][address] as u8)
    }

    fn product(&self, row: &RowWord, weight: &WeightWord, code: Option<u8>) -> i64 {
        let (format, a) = (self.design.format, weight.a.map(i64::from));
        if self.design.format.is_integer() {
            return i64::from(code.unwrap_or(0)) * a[0];
        }
        let cut = Threshold {
            position: row.threshold,
            descending: row.descending,
        };
        let code = code.map(Code);
        let sent = match self.design.affine {
            Affine::Exact => code
                .filter(|&code| cut.is_active(order(format, code)))
                .map_or(Operand::inactive_exact(format), |code| {
                    operand(format, code)
                }),
            Affine::Snapped | Affine::Recentred => {
                let place = code.map_or(cut.position, |code| cut.clamp(order(format, code)));
                operand(format, from_order(format, place))
            }
            Affine::Rectified => operand(format, code.unwrap_or(Code(0))),
        };
        sent.contribution(&a, i64::from(weight.b))
    }

    /// From a total to the word that leaves.
    fn finish(&mut self, layer: &Layer, set: &Set, column: usize, place: usize, total: i64) -> i64 {
        let registers = &layer.registers;
        let difference = total - set.offset.mean;
        let value = match registers.stream {
            true => self.stream(registers, set, column, place, difference),
            false => difference,
        };
        if registers.raw {
            return value - i64::from(set.norm.mean);
        }
        let one = match self.design.format.is_scaled() {
            true => 0,
            false => 1 << self.design.threshold_fraction_bits,
        };
        let quantizer = Quantizer {
            mean: set.norm.mean.into(),
            exponent: set.norm.exponent,
            thetas: set.thetas.map(|theta| one + theta),
            fraction_bits: self.design.threshold_fraction_bits,
            negate: set.norm.negate,
        };
        let subset = Subset {
            largest: registers.largest,
            step: 1 << registers.spacing,
        };
        encode_in(self.design.format, subset, value, &quantizer)
            .0
            .into()
    }

    fn stream(
        &mut self,
        registers: &LayerRegisters,
        set: &Set,
        column: usize,
        place: usize,
        difference: i64,
    ) -> i64 {
        let aligned = match set.offset.align {
            0 => difference,
            left if left < 0 => difference << -left,
            right => (difference + (1 << (right - 1))) >> right,
        };
        let memory = &mut self.streams[column];
        let stored = match registers.add {
            true => memory[registers.stream_read as usize + place],
            false => 0,
        };
        let sum = aligned + stored;
        let (least, most) = self.design.stream_range().into_inner();
        let kept = sum.clamp(least, most);
        self.saturations += i64::from(kept != sum);
        let word = match registers.clamp {
            true => kept.max(set.norm.floor.into()),
            false => kept,
        };
        memory[registers.stream_write as usize + place] = word;
        word
    }
}
