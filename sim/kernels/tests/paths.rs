//! Every path gives the bits of the plainest arithmetic, on random shapes and on extremes.

use cromulent_kernels::{
    Channel, Finish, Grid, Instructions, Operand, Outputs, Panels, Patches, Path, ResidualUse, Run,
    Sums, Table, expand, tiles,
};
use cromulent_number::{Format, Quantizer, Subset, encode_in};

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn range(&mut self, low: i64, high: i64) -> i64 {
        low + (self.next() % ((high - low) as u64 + 1)) as i64
    }

    fn size(&mut self, low: usize, high: usize) -> usize {
        self.range(low as i64, high as i64) as usize
    }
}

/// The paths of this CPU; says loudly which it lacks.
fn paths() -> Vec<Path> {
    for instructions in Instructions::ALL {
        if Path::new(instructions).is_none() {
            eprintln!("SKIPPED: this CPU has no {instructions}, its kernels were not tested");
        }
    }
    Path::all().collect()
}

/// A convolution's operands and weights.
struct Problem<T: Operand> {
    values: Vec<T>,
    grid: Grid,
    runs: Vec<Run>,
    positions: usize,
    columns: usize,
    weights: Vec<T::Weight>,
    largest: Vec<u32>,
}

impl<T: Operand> Problem<T> {
    fn random(
        random: &mut Random,
        operand: impl Fn(&mut Random) -> T,
        weight: impl Fn(&mut Random) -> T::Weight,
        largest: u32,
    ) -> Problem<T> {
        let grid = Grid {
            width: random.size(1, 9),
            step: random.size(0, 7),
            row_step: random.size(0, 40),
        };
        let mut runs = vec![];
        for _ in 0..random.size(1, 4) {
            runs.push(Run {
                offset: random.size(0, 50),
                length: random.size(0, 37),
            });
        }
        let positions = random.size(1, 40);
        let end = (0..positions).map(|at| grid.start(at)).max().unwrap() + 50 + 40;
        let columns = random.size(1, 70);
        let inner: usize = runs.iter().map(|run| run.length).sum();
        Problem {
            values: (0..end).map(|_| operand(random)).collect(),
            weights: (0..inner * columns).map(|_| weight(random)).collect(),
            largest: vec![largest; inner],
            grid,
            runs,
            positions,
            columns,
        }
    }

    /// The sum of one position and column, by definition.
    fn sum(&self, position: usize, column: usize) -> i64 {
        let mut sum = 0;
        let mut k = 0;
        for run in &self.runs {
            for at in 0..run.length {
                let value = self.values[self.grid.start(position) + run.offset + at].value();
                let weight: i32 = self.weights[k * self.columns + column].into();
                sum += i64::from(value) * i64::from(weight);
                k += 1;
            }
        }
        sum
    }

    fn check(&self, path: Path, context: &str) {
        let lengths: Vec<usize> = self.runs.iter().map(|run| run.length).collect();
        let panels = Panels::<T>::pack(path, self.columns, &lengths, &self.weights, &self.largest);
        let patches = Patches {
            values: &self.values,
            grid: self.grid,
            runs: &self.runs,
        };
        let first = self.positions / 3;
        let mut seen = vec![0; self.positions * self.columns];
        tiles(&patches, &panels, first..self.positions, |tile| {
            for row in 0..tile.rows {
                for column in 0..tile.columns {
                    let at = row * tile.stride + column;
                    let found = match tile.sums {
                        Sums::Narrow(sums) => i64::from(sums[at]),
                        Sums::Wide(sums) => sums[at],
                    };
                    let narrow = matches!(tile.sums, Sums::Narrow(_));
                    assert_eq!(narrow, panels.bound() <= i32::MAX as u64);
                    let (position, column) = (tile.position + row, tile.column + column);
                    let expected = self.sum(position, column);
                    assert!(expected.unsigned_abs() <= panels.bound(), "{context}");
                    assert_eq!(found, expected, "{context}, {position}, {column}");
                    seen[position * self.columns + column] += 1;
                }
            }
        });
        let (before, behind) = seen.split_at(first * self.columns);
        assert!(before.iter().all(|&n| n == 0) && behind.iter().all(|&n| n == 1));
    }
}

#[test]
fn words_on_every_path_are_the_definition() {
    for path in paths() {
        for seed in 0..150 {
            let random = &mut Random(seed);
            let problem = Problem::random(
                random,
                |r| r.range(-128, 128) as i16,
                |r| r.range(-2047, 2047) as i16,
                128,
            );
            problem.check(path, &format!("{path:?} seed {seed}"));
        }
    }
}

#[test]
fn bytes_on_every_path_are_the_definition() {
    for path in paths() {
        for seed in 0..150 {
            // 255·127·2 does not fit the 16 bits in which AVX2 adds two products: another kernel has to do it.
            let largest = if seed % 2 == 0 { 128 } else { 255 };
            let random = &mut Random(seed);
            let operand = move |r: &mut Random| match r.range(0, 3) {
                0 => largest,
                1 => 0,
                _ => r.range(0, largest.into()) as u8,
            };
            let weight = |r: &mut Random| match r.range(0, 3) {
                0 => 127,
                1 => -127,
                _ => r.range(-127, 127) as i8,
            };
            let problem = Problem::random(random, operand, weight, largest.into());
            problem.check(path, &format!("{path:?} seed {seed}"));
        }
    }
}

#[test]
fn sums_beyond_32_bits_are_added_in_64() {
    for path in paths() {
        for (seed, value) in [(0, i16::MAX), (1, -i16::MAX)] {
            let random = &mut Random(seed);
            let mut problem = Problem::random(
                random,
                |_| value,
                |_| i16::MAX,
                i16::MAX.unsigned_abs().into(),
            );
            problem.check(path, &format!("{path:?}, whole"));
            assert!(problem.largest.len() > 2, "these sums fit 32 bits");
            // Random signs.
            for weight in &mut problem.weights {
                if random.range(0, 1) == 0 {
                    *weight = -*weight;
                }
            }
            problem.check(path, &format!("{path:?}, signs"));
        }
    }
}

#[test]
#[should_panic(expected = "read")]
fn operands_that_are_not_there_are_refused() {
    let random = &mut Random(3);
    let mut problem = Problem::<u8>::random(random, |_| 1, |_| 1, 1);
    problem.runs[0].length = 9;
    let inner: usize = problem.runs.iter().map(|run| run.length).sum();
    problem.weights = vec![1; inner * problem.columns];
    problem.largest = vec![1; inner];
    problem
        .values
        .truncate(problem.grid.start(problem.positions - 1) + problem.runs[0].offset + 8);
    problem.check(Path::best(), "short");
}

#[test]
fn no_step_may_wrap_around() {
    let runs = [Run {
        offset: 0,
        length: 4,
    }];
    let grid = Grid {
        width: 1,
        step: 0,
        row_step: usize::MAX / 2 + 1,
    };
    let panels = Panels::<u8>::pack(Path::best(), 1, &[4], &[1; 4], &[1; 4]);
    let refused = std::panic::catch_unwind(|| {
        let patches = Patches {
            values: &[0u8; 16],
            grid,
            runs: &runs,
        };
        tiles(&patches, &panels, 0..3, |_| ());
    });
    assert!(refused.is_err());
}

/// Constants of a channel: likely ones, and every extreme.
fn channel(random: &mut Random, format: Format, residual: bool) -> Channel {
    let fraction_bits = random.range(4, 24) as u32;
    let one = 1i64 << fraction_bits;
    let thetas = [0; 4].map(|_: u32| random.range(one, 2 * one) as u32);
    let exponent = match format {
        format if format.is_scaled() => random.range(0, 70) as i32,
        _ if random.range(0, 9) == 0 => random.range(-128, 127) as i32,
        _ => random.range(0, 20 * i64::from(format.root())) as i32,
    };
    Channel {
        offset: random.range(-100_000, 100_000),
        align: match random.range(0, 3) {
            0 => random.range(-32, 31) as i32,
            1 => 0,
            _ => random.range(-3, 9) as i32,
        },
        floor: random.range(-32_768, 200) as i32,
        quantizer: Quantizer {
            mean: if residual {
                random.range(-65_536, 65_535)
            } else {
                0
            },
            exponent,
            thetas,
            fraction_bits,
            negate: random.range(0, 1) == 1,
        },
    }
}

/// As the reference computes it.
fn expected(
    (format, subset): (Format, Subset),
    channel: &Channel,
    residual: Option<ResidualUse>,
    base: i16,
    sum: i64,
) -> (i16, u8, bool) {
    let d = i128::from(sum - channel.offset);
    let Some(residual) = residual else {
        return (
            0,
            encode_in(format, subset, d as i64, &channel.quantizer).0,
            false,
        );
    };
    let aligned = match channel.align {
        0 => d,
        1.. => (d + (1 << (channel.align - 1))) >> channel.align,
        _ => d << -channel.align,
    };
    let sum = i128::from(base) + aligned;
    let beyond = 1 << (residual.bits - 1);
    let kept = sum.clamp(-beyond, beyond - 1) as i16;
    let floor = if residual.clamp {
        channel.floor as i16
    } else {
        i16::MIN
    };
    let word = kept.max(floor);
    (
        word,
        encode_in(format, subset, word.into(), &channel.quantizer).0,
        i128::from(kept) != sum,
    )
}

#[test]
fn finishing_on_every_path_is_the_definition() {
    for path in paths() {
        for seed in 0..400 {
            let random = &mut Random(seed);
            let format = Format::ALL[seed as usize % Format::ALL.len()];
            let residual = match random.range(0, 2) {
                0 => None,
                n => Some(ResidualUse {
                    bits: [16, 16, 8, 11][seed as usize % 4],
                    clamp: n == 1,
                }),
            };
            let columns = random.size(1, 40);
            let channels: Vec<Channel> = (0..columns)
                .map(|_| channel(random, format, residual.is_some()))
                .collect();
            let positions = random.size(1, 15);
            let operands: Vec<i16> = (0..positions)
                .map(|_| random.range(-300, 300) as i16)
                .collect();
            // One operand, one weight: sums of every size, those next to the cuts and beyond 32 bits among them.
            let size = if seed % 7 == 0 {
                32_767
            } else {
                random.range(1, 4000)
            };
            let mut weights: Vec<i16> = (0..columns)
                .map(|_| random.range(-size, size) as i16)
                .collect();
            weights[0] = size as i16;
            let largest = if seed % 14 == 0 { 1 << 20 } else { 300 };
            let panels = Panels::<i16>::pack(path, columns, &[1], &weights, &[largest]);
            let narrower = format.narrower().filter_map(|narrow| format.subset(narrow));
            let subsets: Vec<Subset> = narrower.chain([format.whole()]).collect();
            let codes_of = (format, subsets[seed as usize / 9 % subsets.len()]);
            let finish = Finish::new(path, codes_of, &channels, residual, panels.bound());
            let count = positions * columns;
            let base: Vec<i16> = (0..count)
                .map(|_| random.range(-32_768, 32_767) as i16)
                .collect();
            let (mut stream, mut codes) = (vec![0; count], vec![0; count]);
            let mut outputs = Outputs {
                base: if residual.is_some() { &base } else { &[] },
                stream: if residual.is_some() {
                    &mut stream
                } else {
                    &mut []
                },
                codes: &mut codes,
                ..Outputs::default()
            };
            let values: Vec<i16> = operands.iter().flat_map(|&v| [v, 7]).collect();
            let patches = Patches {
                values: &values,
                grid: Grid {
                    width: positions,
                    step: 2,
                    row_step: 0,
                },
                runs: &[Run {
                    offset: 0,
                    length: 1,
                }],
            };
            tiles(&patches, &panels, 0..positions, |tile| {
                finish.tile(tile, &mut outputs)
            });
            let mut saturations = outputs.saturations;
            for (position, &operand) in operands.iter().enumerate() {
                for (column, channel) in channels.iter().enumerate() {
                    let at = position * columns + column;
                    let sum = i64::from(operand) * i64::from(weights[column]);
                    let (word, code, saturated) =
                        expected(codes_of, channel, residual, base[at], sum);
                    assert_eq!(
                        (stream[at], codes[at]),
                        (word, code),
                        "{path:?} seed {seed} {codes_of:?} {channel:?} base {} sum {sum}",
                        base[at]
                    );
                    saturations -= u64::from(saturated);
                }
            }
            assert_eq!(saturations, 0, "{path:?} seed {seed}");
        }
    }
}

#[test]
fn expanding_is_a_look_up() {
    for seed in 0..200 {
        let random = &mut Random(seed);
        let (channels, parts) = (random.size(1, 9), random.size(1, 4));
        let codes = [4, 8, 16, 32, 128, 256][random.size(0, 5)];
        let operand =
            |channel: usize, code: usize, part: usize| (channel * 1000 + code * 4 + part) as i16;
        let table = Table::new(channels, codes, parts, operand);
        let pixels = random.size(0, 6);
        let input: Vec<u8> = (0..pixels * channels)
            .map(|_| random.range(0, codes as i64 - 1) as u8)
            .collect();
        let stride = channels * parts + random.size(0, 3);
        let mut out = vec![-1; pixels * stride + 1];
        expand(&table, &input, stride, &mut out);
        for (at, &found) in out.iter().enumerate() {
            let (pixel, within) = (at / stride, at % stride);
            let expected = if pixel < pixels && within < channels * parts {
                let (channel, part) = (within / parts, within % parts);
                operand(channel, input[pixel * channels + channel].into(), part)
            } else {
                -1
            };
            assert_eq!(found, expected, "seed {seed} at {at}");
        }
    }
}
