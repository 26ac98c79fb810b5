use super::*;
use cromulent_design::{Affine, Design};
use cromulent_number::{Code, order};

/// Windows over a map.
#[derive(Clone, Copy, Debug)]
struct Map {
    height: usize,
    width: usize,
    side: usize,
    stride: usize,
    padding: usize,
}

impl Map {
    /// Windows along a side.
    fn windows(&self, length: usize) -> usize {
        (length + 2 * self.padding - self.side) / self.stride + 1
    }

    /// Whether there is such a pool, and whether the circuit can do it.
    fn is_sound(&self) -> bool {
        let fits = |length| length + 2 * self.padding >= self.side;
        self.padding < self.side
            && self.padding < self.stride
            && self.side <= self.stride + 1
            && fits(self.height)
            && fits(self.width)
    }

    /// Whether the last window along a side ends beyond it.
    fn cut(&self, length: usize) -> bool {
        (self.windows(length) - 1) * self.stride + self.side > length + self.padding
    }

    /// The positions of a window on the map.
    fn positions(&self, row: usize, column: usize) -> Vec<usize> {
        let along = |window: usize, length: usize| {
            let taps = (0..self.side).map(move |tap| window * self.stride + tap);
            let inside = taps.filter_map(move |at| at.checked_sub(self.padding));
            inside.filter(move |&at| at < length)
        };
        let rows = along(row, self.height);
        rows.flat_map(|y| along(column, self.width).map(move |x| y * self.width + x))
            .collect()
    }
}

fn design(format: Format, columns: u32) -> Design {
    let affine = match format.is_signed() {
        true => Affine::Exact,
        false => Affine::Rectified,
    };
    Design {
        max_pool: true,
        map_side: 8,
        channel_depth: 3,
        ..Design::new(columns, columns, format, affine)
    }
}

/// A source of numbers.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

struct Bench {
    pool: OutputPool,
    design: Design,
    /// Column tiles that were written and that were used.
    sets: usize,
    /// The codes are integers left uncoded.
    integers: bool,
}

impl Bench {
    fn new(format: Format, columns: u32) -> Bench {
        Bench::of(design(format, columns), false)
    }

    fn of(design: Design, integers: bool) -> Bench {
        let mut pool = OutputPool::new(&Shape::of(&design));
        pool.connect_all();
        let mut bench = Bench {
            pool,
            design,
            sets: 0,
            integers,
        };
        if let Some(port) = bench.pool.integers.get_mut() {
            port.set(integers.into());
        }
        bench.pool.reset.set(1);
        bench.cycle();
        bench.pool.reset.set(0);
        bench
    }

    fn cycle(&mut self) {
        for clock in [0, 1] {
            self.pool.clock.set(clock);
            assert!(simulate(&mut self.pool, 40));
        }
    }

    /// Begins a layer.
    fn start(&mut self, map: Option<Map>) {
        let pool = &mut self.pool;
        pool.start.set(1);
        for clock in [0, 1] {
            pool.clock.set(clock);
            assert!(simulate(pool, 40));
        }
        pool.start.set(0);
        pool.on.set(map.is_some().into());
        if let Some(map) = map {
            pool.output_width.set(map.width as i64);
            pool.output_height.set(map.height as i64);
            pool.window.set(map.side as i64);
            pool.stride.set(map.stride as i64);
            pool.first.set((map.side - 1 - map.padding) as i64);
            pool.cut_right.set(map.cut(map.width).into());
            pool.cut_below.set(map.cut(map.height).into());
        }
        self.cycle();
    }

    fn directions(&mut self, directions: &[bool]) {
        let pool = &mut self.pool;
        pool.write_directions.set(1);
        let address = self.sets % self.design.channel_depth as usize;
        pool.direction_address.set(address as i64);
        for (port, &direction) in pool.direction.iter().zip(directions) {
            port.set(direction.into());
        }
        self.sets += 1;
        self.cycle();
        self.pool.write_directions.set(0);
        self.cycle();
    }

    /// Clocks the codes of a position through; what leaves before the edge: the codes, whether they are pooled ones, and
    /// whether a column tile ends.
    fn step(&mut self, codes: Option<&[u32]>, last: bool, live: usize) -> (Option<Vec<u32>>, bool) {
        let pool = &mut self.pool;
        pool.valid.set(codes.is_some().into());
        pool.tile_done.set(last.into());
        pool.live.set(live as i64);
        for (port, &code) in pool.code.iter().zip(codes.unwrap_or_default()) {
            port.set(code.into());
        }
        pool.clock.set(0);
        assert!(simulate(pool, 40));
        let code = |port: &Net<Out>| port.value().number() as u32;
        let leaves = pool.valid_out.value().is_true().then(|| {
            let live = pool.live_out.value().number() as usize;
            pool.code_out.iter().take(live).map(code).collect()
        });
        let done = pool.tile_done_out.value().is_true();
        let marks = pool.pooled_valid.iter().zip(&pool.pooled);
        let pooled: Vec<u32> = marks
            .filter(|(valid, _)| valid.value().is_true())
            .map(|(_, port)| code(port))
            .collect();
        let pools = pool.on.value().is_true();
        assert!(!pools || leaves.clone().unwrap_or_default() == pooled);
        pool.clock.set(1);
        assert!(simulate(pool, 40));
        (leaves, done)
    }
}

/// Runs column tiles of a map of random codes, with pauses now and then, and compares what leaves, and when.
fn run(bench: &mut Bench, map: Map, random: &mut Random) {
    let (format, integers) = (bench.design.format, bench.integers);
    let columns = bench.design.columns as usize;
    bench.start(Some(map));
    for tile in 0..2 {
        let directions: Vec<bool> = (0..columns).map(|_| random.below(2) == 1).collect();
        bench.directions(&directions);
        let live = if tile == 0 {
            columns
        } else {
            1 + random.below(columns as u64) as usize
        };
        let positions = map.height * map.width;
        let limit = if integers { 128 } else { format.codes() };
        let codes: Vec<Vec<u32>> = (0..positions)
            .map(|_| {
                (0..columns)
                    .map(|_| random.below(limit.into()) as u32)
                    .collect()
            })
            .collect();
        // By position: the pooled codes that leave two cycles later.
        let mut expected: Vec<Option<Vec<u32>>> = vec![None; positions];
        for row in 0..map.windows(map.height) {
            for column in 0..map.windows(map.width) {
                let window = map.positions(row, column);
                let best = |j: usize| {
                    let codes = window.iter().map(|&at| codes[at][j]);
                    let place = |code: &u32| match integers {
                        true => *code,
                        false => order(format, Code(*code as u8)),
                    };
                    match directions[j] {
                        true => codes.min_by_key(place),
                        false => codes.max_by_key(place),
                    }
                };
                let last = *window.last().expect("every window meets the map");
                let best: Option<Vec<u32>> = (0..live).map(best).collect();
                assert_eq!(expected[last], None, "{map:?}");
                expected[last] = best;
            }
        }
        let pauses = random.below(2) == 1;
        let mut due = [(None, false), (None, false)];
        for at in 0..positions + LATENCY {
            let position = codes.get(at);
            while pauses && random.below(4) == 0 {
                let found = bench.step(None, false, live);
                assert_eq!(found, due[0], "{map:?}, before position {at}");
                due = [due[1].clone(), (None, false)];
            }
            let last = at + 1 == positions;
            let found = bench.step(position.map(Vec::as_slice), last, live);
            assert_eq!(found, due[0], "{map:?}, position {at}");
            let next = expected.get_mut(at).and_then(Option::take);
            due = [due[1].clone(), (next, last)];
        }
        assert_eq!(due, [(None, false), (None, false)]);
    }
}

/// Every pool of small maps that the circuit can do.
fn maps() -> Vec<Map> {
    let mut maps = vec![];
    for side in 1..=4 {
        for stride in 1..=4 {
            for padding in 0..side {
                for (height, width) in [(1, 2), (2, 2), (3, 3), (2, 5), (5, 4), (6, 7), (7, 6)] {
                    let map = Map {
                        height,
                        width,
                        side,
                        stride,
                        padding,
                    };
                    maps.extend(map.is_sound().then_some(map));
                }
            }
        }
    }
    maps
}

#[test]
fn every_window_of_every_small_map_leaves_its_best_code() {
    let mut random = Random(1);
    for (format, columns) in [(Format::L4, 2), (Format::R3, 3), (Format::L3, 1)] {
        let mut bench = Bench::new(format, columns);
        let maps = maps();
        assert!(maps.len() > 80, "{}", maps.len());
        for map in maps {
            run(&mut bench, map, &mut random);
        }
    }
}

#[test]
fn codes_of_every_format_are_ordered_by_value() {
    let pair = Map {
        height: 1,
        width: 2,
        side: 2,
        stride: 2,
        padding: 1,
    };
    let mut random = Random(2);
    for format in Format::ALL {
        let mut bench = Bench::new(format, 9);
        for _ in 0..12 {
            run(&mut bench, pair, &mut random);
        }
        for _ in 0..4 {
            let map = Map {
                height: 4,
                width: 4,
                padding: 0,
                ..pair
            };
            run(&mut bench, map, &mut random);
        }
    }
}

#[test]
fn integers_left_uncoded_are_their_own_order() {
    let map = Map {
        height: 4,
        width: 5,
        side: 3,
        stride: 2,
        padding: 1,
    };
    let mut random = Random(4);
    for format in [Format::L2, Format::L4, Format::R5, Format::U8] {
        let design = Design {
            image_digits: true,
            ..design(format, 3)
        };
        for integers in [true, false] {
            let mut bench = Bench::of(design.clone(), integers);
            for _ in 0..6 {
                run(&mut bench, map, &mut random);
            }
        }
    }
}

#[test]
fn a_layer_that_pools_nothing_passes_at_once() {
    let mut bench = Bench::new(Format::L4, 2);
    bench.start(None);
    bench.directions(&[true, false]);
    for code in 0..16 {
        let codes = [code, 15 - code];
        let last = code == 15;
        let found = bench.step(Some(&codes), last, 2);
        assert_eq!(found, (Some(codes.to_vec()), last));
    }
    assert_eq!(bench.step(None, false, 2), (None, false));
    // The next layer takes the next set of directions.
    let map = Map {
        height: 2,
        width: 2,
        side: 2,
        stride: 2,
        padding: 0,
    };
    run(&mut bench, map, &mut Random(3));
}
