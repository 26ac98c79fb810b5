//! The sequencer against a plain walk over the windows of a batch.

use super::*;
use cromulent_design::{Affine, Design, LayerRegisters};
use cromulent_number::Format;

/// A beat: first of its operand, y, x, address, first of its tile, first and last of its word.
type Beat = (bool, u64, u64, u64, bool, bool, bool);

fn design() -> Design {
    Design {
        batch: 3,
        max_pool: true,
        map_side: 12,
        tile_depth: 1,
        ..Design::new(5, 4, Format::L4, Affine::Exact)
    }
}

/// Two rows and three columns of positions an image, over passes of so many positions.
fn layer(pass_positions: u32) -> LayerRegisters {
    let all: u32 = 18;
    let passes = all.div_ceil(pass_positions);
    LayerRegisters {
        stride: 2,
        width: 7,
        y_step: 14,
        output_width: 3,
        output_height: 2,
        image_step: 40,
        pass_positions,
        last_positions: all - (passes - 1) * pass_positions,
        passes,
        row_tiles: 2,
        column_tiles: 2,
        beats: 1,
        ..LayerRegisters::default()
    }
}

/// What is to be issued, in order, with the cycle of each beat counted from the first of its tile.
fn walk(registers: &LayerRegisters) -> Vec<(u64, Beat)> {
    let mut beats = vec![];
    for pass in (0..registers.column_tiles).flat_map(|_| 0..registers.passes) {
        let first = u64::from(pass * registers.pass_positions);
        let last = first + u64::from(registers.pass_positions);
        let positions = first..last.min(18);
        for tile in 0..registers.row_tiles {
            let mut cycle = 0;
            let scores = registers.scores && tile + 1 == registers.row_tiles;
            let mut began = 0;
            for position in positions.clone() {
                let (image, place) = (position / 6, position % 6);
                let (y, x) = (place / 3, place % 3);
                let side = if registers.max_pool {
                    registers.beats
                } else {
                    1
                };
                let taps = (0..side).flat_map(|ky| (0..side).map(move |kx| (ky, kx)));
                let taps: Vec<(u32, u32)> = match registers.max_pool {
                    true => taps.collect(),
                    false => vec![(0, 0); registers.beats as usize],
                };
                if place == 0 {
                    began = cycle;
                }
                // The words of four columns leave one after another.
                if scores && place == 5 {
                    cycle = cycle.max(began + 3);
                }
                let corner = 40 * image + 28 / 2 * y + 2 * x;
                for (n, (ky, kx)) in taps
                    .iter()
                    .map(|&(y, x)| (u64::from(y), u64::from(x)))
                    .enumerate()
                {
                    let (begins, ends) = (n == 0, n + 1 == taps.len());
                    let pool = registers.pool;
                    beats.push((
                        cycle,
                        (
                            begins,
                            2 * y + ky,
                            2 * x + kx,
                            corner + 7 * ky + kx,
                            begins && position == positions.start,
                            begins && (!pool || place == 0),
                            ends && (!pool || place == 5) && !registers.max_pool,
                        ),
                    ));
                    cycle += 1;
                }
            }
        }
    }
    beats
}

/// What the sequencer issues.
fn issue(registers: &LayerRegisters) -> Vec<(u64, Beat)> {
    let shape = Shape::of(&design());
    let mut block = Sequencer::new(&shape);
    block.connect_all();
    let settle = |block: &mut Sequencer, clock| {
        block.clock.set(clock);
        assert!(simulate(block, 50));
    };
    let values = cromulent_design::REGISTERS.iter().zip(registers.values());
    let values: std::collections::BTreeMap<_, _> = values.map(|(f, v)| (f.name, v)).collect();
    for (name, port) in block.layer_ports() {
        port.set(values[name].into());
    }
    for (reset, start) in [(1, 0), (0, 1), (0, 0)] {
        block.reset.set(reset);
        block.start.set(start);
        settle(&mut block, 0);
        settle(&mut block, 1);
    }
    block.waiting.set(1);
    block.output_ready.set(1);
    let (mut beats, mut cycle) = (vec![], 0);
    for _ in 0..1000 {
        settle(&mut block, 0);
        if block.issuing.value().is_true() {
            let position = block.position.value().pattern();
            let flags = block.flags.value().pattern();
            let side = shape.coordinate_bits();
            let field = |low: usize, bits: usize| position >> low & ((1 << bits) - 1);
            let flag = |n: u32| flags >> n & 1 == 1;
            if flag(0) {
                beats.push((
                    cycle,
                    (
                        field(0, 1) == 1,
                        field(1, side),
                        field(1 + side, side),
                        field(1 + 2 * side, shape.address_bits()),
                        flag(1),
                        flag(2),
                        flag(3),
                    ),
                ));
            }
            cycle += 1;
        }
        if block.swap.value().is_true() {
            cycle = 0;
        }
        settle(&mut block, 1);
        if !block.pending.value().is_true() {
            return beats;
        }
    }
    panic!("the layer has no end");
}

fn assert_walks(registers: &LayerRegisters) {
    let (wanted, found) = (walk(registers), issue(registers));
    assert_eq!(found.len(), wanted.len(), "{registers:?}");
    for (n, (found, wanted)) in found.iter().zip(&wanted).enumerate() {
        assert_eq!(found, wanted, "beat {n} of {registers:?}");
    }
}

#[test]
fn windows_go_on_at_the_next_image_wherever_passes_are_cut() {
    for pass_positions in 1..=18 {
        assert_walks(&layer(pass_positions));
        assert_walks(&LayerRegisters {
            digits: true,
            beats: 4,
            ..layer(pass_positions)
        });
    }
    assert_walks(&LayerRegisters {
        max_pool: true,
        row_tiles: 1,
        beats: 3,
        ..layer(18)
    });
}

#[test]
fn an_image_is_a_word_of_a_pool() {
    for images in 1..=3 {
        for beats in [1, 4] {
            for scores in [false, true] {
                assert_walks(&LayerRegisters {
                    pool: true,
                    scores,
                    beats,
                    ..layer(6 * images)
                });
            }
        }
    }
}
