use super::*;
use cromulent_design::{Affine, Design};
use cromulent_number::Format;

struct Bench {
    block: LayerControl,
    now: usize,
}

/// What was seen in a cycle.
#[derive(Debug, PartialEq, Eq, Clone, Copy)]
struct Seen {
    start: bool,
    running: bool,
    tile_done: bool,
    done: bool,
    live: i64,
    cycles: i64,
    width: i64,
}

impl Bench {
    fn new() -> Bench {
        let design = Design::new(4, 4, Format::L4, Affine::Exact);
        let mut bench = Bench {
            block: LayerControl::new(&Shape::of(&design)),
            now: 0,
        };
        bench.block.reset.set(1);
        bench.cycle(false);
        bench.block.reset.set(0);
        bench.now = 0;
        bench
    }

    fn next(&self, width: i64, positions: i64, column_tiles: i64, last_columns: i64) {
        let next = &self.block.next;
        next.get("width").set(width);
        next.get("positions").set(positions);
        next.get("column_tiles").set(column_tiles);
        next.get("last_columns").set(last_columns);
    }

    fn cycle(&mut self, word: bool) -> Seen {
        let block = &mut self.block;
        block.word_valid.set(i64::from(word));
        block.clock.set(0);
        assert!(simulate(block, 20));
        let is = |net: &Net<Out>| net.value().is_true();
        let seen = Seen {
            start: is(&block.start),
            running: is(&block.running),
            tile_done: is(&block.tile_done),
            done: is(&block.done),
            live: block.live.value().number(),
            cycles: block.cycles.value().number(),
            width: block.layer.get("width").value().number(),
        };
        block.clock.set(1);
        assert!(simulate(block, 20));
        self.now += 1;
        seen
    }
}

#[test]
fn a_layer_runs_from_its_start_to_its_last_word() {
    let mut bench = Bench::new();
    bench.next(9, 3, 2, 1);
    assert!(!bench.cycle(false).start, "nothing waits");
    bench.block.next_valid.set(1);
    let first = bench.cycle(false);
    assert!(first.start && !first.running);
    bench.block.next_valid.set(0);
    bench.next(5, 1, 1, 4);
    let mut ends = vec![];
    for word in [false, true, true, false, true, true, true] {
        let seen = bench.cycle(word);
        assert!(seen.running && !seen.start && !seen.done);
        assert_eq!(seen.width, 9, "its own registers");
        let second_tile = bench.now > 2 + 5;
        assert_eq!(seen.live, if second_tile { 1 } else { 4 });
        ends.push(seen.tile_done);
    }
    assert_eq!(ends, [false, false, false, false, true, false, false]);
    bench.block.next_valid.set(1);
    let last = bench.cycle(true);
    assert!(last.running && last.tile_done && !last.start);
    let after = bench.cycle(false);
    assert!(
        after.done && !after.running && after.start,
        "the next one at once"
    );
    assert_eq!(after.cycles, 9, "start and last word included");
    bench.block.next_valid.set(0);
    let next = bench.cycle(true);
    assert!(next.running && !next.done && next.tile_done);
    assert_eq!((next.width, next.live), (5, 4));
    let after = bench.cycle(false);
    assert!(after.done && !after.running);
    assert_eq!(after.cycles, 2);
    assert_eq!(bench.cycle(false).cycles, 2, "kept");
}

#[test]
fn reset_ends_a_layer_unfinished() {
    let mut bench = Bench::new();
    bench.next(9, 3, 2, 1);
    bench.block.next_valid.set(1);
    bench.cycle(false);
    bench.block.next_valid.set(0);
    assert!(bench.cycle(true).running);
    bench.block.reset.set(1);
    bench.cycle(true);
    bench.block.reset.set(0);
    let seen = bench.cycle(false);
    assert!(!seen.running && !seen.done);
    bench.block.next_valid.set(1);
    assert!(bench.cycle(false).start);
    bench.block.next_valid.set(0);
    let words: Vec<bool> = (0..6).map(|_| bench.cycle(true).tile_done).collect();
    assert_eq!(words, [false, false, true, false, false, true]);
}
