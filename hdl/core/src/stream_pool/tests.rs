use super::*;
use crate::stream_windows::StreamWindows;
use cromulent_design::{Affine, Design};
use cromulent_number::Format;

/// Windows over a map: height, width, side, stride, padding.
#[derive(Clone, Copy, Debug)]
struct Map([usize; 5]);

impl Map {
    /// Every map and window up to a size that the circuit can do.
    fn all() -> impl Iterator<Item = Map> {
        let sizes = (1..6).flat_map(|height| (2..7).map(move |width| (height, width)));
        let windows = [
            (2, 2, 0),
            (3, 2, 1),
            (2, 1, 0),
            (3, 3, 2),
            (2, 3, 1),
            (1, 2, 0),
        ];
        sizes
            .flat_map(move |(h, w)| {
                windows.map(|(side, stride, pad)| Map([h, w, side, stride, pad]))
            })
            .filter(|map| map.windows(map.0[0]).is_some() && map.windows(map.0[1]).is_some())
    }

    /// Windows along a side.
    fn windows(&self, length: usize) -> Option<usize> {
        let Map([_, _, side, stride, padding]) = *self;
        let room = (length + 2 * padding).checked_sub(side)?;
        Some(room / stride + 1)
    }

    fn cut(&self, length: usize) -> bool {
        let Map([_, _, side, stride, padding]) = *self;
        let last = self.windows(length).unwrap_or(1) - 1;
        last * stride + side > length + padding
    }

    /// The largest word of each window.
    fn largest(&self, words: &[i64]) -> Vec<i64> {
        let Map([height, width, side, stride, padding]) = *self;
        let taps = |window: usize, length: usize| {
            let at = (0..side).map(move |tap| window * stride + tap);
            at.filter_map(move |at| at.checked_sub(padding).filter(|&at| at < length))
        };
        let (rows, columns) = (self.windows(height).unwrap(), self.windows(width).unwrap());
        let windows = (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x)));
        windows
            .map(|(y, x)| {
                let inside = taps(y, height).flat_map(|y| taps(x, width).map(move |x| (y, x)));
                inside.map(|(y, x)| words[y * width + x]).max().unwrap()
            })
            .collect()
    }
}

struct Bench {
    windows: StreamWindows,
    pool: StreamPool,
    state: u64,
}

impl Bench {
    fn random(&mut self, limit: u64) -> u64 {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.state >> 33) % limit
    }

    fn start(&mut self, map: Map) {
        let Map([height, width, side, stride, padding]) = map;
        let w = &mut self.windows;
        w.on.set(1);
        for (port, value) in [
            (&mut w.output_height, height),
            (&mut w.output_width, width),
            (&mut w.window, side),
            (&mut w.stride, stride),
            (&mut w.first, side - 1 - padding),
            (&mut w.cut_right, map.cut(width).into()),
            (&mut w.cut_below, map.cut(height).into()),
        ] {
            port.set(value as i64);
        }
        for start in [1, 0] {
            self.windows.start.set(start);
            self.cycle(None);
        }
    }

    /// A clock cycle, with a word or without: whether the pointer moves, and the word that leaves.
    fn cycle(&mut self, word: Option<i64>) -> (bool, Option<i64>) {
        self.windows.step.set(word.is_some().into());
        self.windows.clock.set(0);
        assert!(simulate(&mut self.windows, 40));
        let marks = self.windows.marks.value().number();
        let moves = self.windows.moves.value().is_true();
        self.pool.valid.set(word.is_some().into());
        self.pool.word.set(word.unwrap_or(-1));
        self.pool.marks.set(marks);
        self.pool.clock.set(0);
        assert!(simulate(&mut self.pool, 40));
        let leaves = self.pool.valid_out.value().is_true();
        let leaving = leaves.then(|| self.pool.largest.value().number());
        self.windows.clock.set(1);
        assert!(simulate(&mut self.windows, 40));
        self.pool.clock.set(1);
        assert!(simulate(&mut self.pool, 40));
        (moves, leaving)
    }
}

#[test]
fn the_largest_word_of_each_window_leaves_two_cycles_after_its_last() {
    let design = Design {
        max_pool: true,
        map_side: 8,
        stream_bits: 9,
        ..Design::new(2, 2, Format::R3, Affine::Rectified)
    };
    let shape = Shape::of(&design);
    let mut bench = Bench {
        windows: StreamWindows::new(&shape),
        pool: StreamPool::new(&shape),
        state: 1,
    };
    bench.windows.connect_all();
    bench.pool.connect_all();
    bench.pool.reset.set(1);
    bench.cycle(None);
    bench.pool.reset.set(0);
    for map in Map::all() {
        bench.start(map);
        // A second map follows without a pause, as the second column tile does.
        for _ in 0..2 {
            let words = (0..map.0[0] * map.0[1]).map(|_| bench.random(512) as i64 - 256);
            let words: Vec<i64> = words.collect();
            let (mut left, mut moved) = (vec![], vec![]);
            let mut now = 0;
            for &word in &words {
                while bench.random(4) == 0 {
                    left.extend(bench.cycle(None).1.map(|word| (now, word)));
                    now += 1;
                }
                let (moves, leaving) = bench.cycle(Some(word));
                left.extend(leaving.map(|word| (now, word)));
                if moves {
                    moved.push(now);
                }
                now += 1;
            }
            for _ in 0..STREAM_POOL_DELAY {
                left.extend(bench.cycle(None).1.map(|word| (now, word)));
                now += 1;
            }
            let times: Vec<usize> = left
                .iter()
                .map(|&(now, _)| now - STREAM_POOL_DELAY)
                .collect();
            assert_eq!(times, moved, "{map:?}");
            let found: Vec<i64> = left.into_iter().map(|(_, word)| word).collect();
            assert_eq!(found, map.largest(&words), "{map:?}");
        }
    }
}
