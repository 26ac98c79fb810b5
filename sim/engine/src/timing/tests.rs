use cromulent_design::{Affine, Command, Design, Direction, Fetch, LayerRegisters, Move, PeKind};
use cromulent_number::Format;

use super::shape::Shape;
use super::{Memory, Supply, Timing, run_with, simulate};
use crate::random::Generator;

/// A layer of so many tiles of so many positions.
fn layer(design: &Design, tiles: [u32; 3], positions: [u32; 2]) -> LayerRegisters {
    let [column_tiles, passes, row_tiles] = tiles;
    LayerRegisters {
        column_tiles,
        passes,
        row_tiles,
        pass_positions: positions[0],
        last_positions: positions[1],
        positions: (passes - 1) * positions[0] + positions[1],
        beats: 1,
        tile_lines: passes * row_tiles * design.rows,
        last_columns: design.columns,
        codes: true,
        ..LayerRegisters::default()
    }
}

fn design(rows: u32, columns: u32) -> Design {
    Design::new(rows, columns, Format::L4, Affine::Exact)
}

/// The layer between an END and a supply that never fails.
fn alone(design: &Design, layer: LayerRegisters) -> Timing {
    let steps = [Command::Layer(layer), Command::End];
    run_with(design, &steps, Supply::Ideal)
}

#[test]
fn many_positions_hide_every_load_once_weights_flow() {
    let design = Design {
        bus_bits: 512,
        ..design(8, 4)
    };
    let timing = alone(&design, layer(&design, [2, 1, 3], [20, 20]));
    assert!(timing.finished);
    let [layer] = &timing.layers[..] else {
        panic!("one layer");
    };
    // A constant line and the first tile, of one beat each, come after the layer has started.
    let first = layer.tiles[0];
    let expected: Vec<_> = (0..6).map(|i| first + 20 * i).collect();
    assert_eq!(layer.tiles, expected);
    let drain = u64::from(design.rows + design.columns + design.latency()) - 1;
    assert_eq!(layer.cycles, first + 120 + drain);
    assert_eq!(layer.causes.total(), layer.cycles);
    assert_eq!(layer.causes.beats, 120);
    assert_eq!(layer.causes.stall_drain, drain);
    assert_eq!(layer.leaves(1, 0, 19, 3), Some(layer.cycles - 1));
    assert_eq!(layer.leaves(2, 0, 0, 0), None);
    assert_eq!(layer.words(3).last(), Some(&(layer.cycles - 1)));
    assert_eq!(layer.words(0).len(), 40);
}

#[test]
fn a_tile_takes_as_many_cycles_as_it_has_rows_at_least() {
    let design = Design {
        bus_bits: 512,
        ..design(8, 4)
    };
    let timing = alone(&design, layer(&design, [1, 1, 4], [5, 5]));
    let tiles = &timing.layers[0].tiles;
    // The bus delivers a line a cycle, so a tile every 8 cycles, of which 5 are used.
    assert!(
        tiles.windows(2).all(|pair| pair[1] - pair[0] == 8),
        "{tiles:?}"
    );
    assert_eq!(timing.layers[0].causes.beats, 20);
}

#[test]
fn tables_are_loaded_entry_by_entry() {
    let design = Design {
        bus_bits: 512,
        ..design(8, 4)
    };
    let table = Design {
        pe: PeKind::Table,
        ..design.clone()
    };
    // Re-centred codes of four bits choose the entry.
    let apart = |affine, positions| {
        let table = Design {
            affine,
            bias_bits: 0,
            ..table.clone()
        };
        let timing = alone(&table, layer(&table, [1, 1, 5], [positions, positions]));
        let tiles = timing.layers[0].tiles.clone();
        tiles
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .collect::<Vec<_>>()
    };
    assert_eq!(apart(Affine::Recentred, 5), [16 * 8; 4]);
    assert_eq!(apart(Affine::Recentred, 200), [200; 4]);
    // The exact form says besides whether it is active.
    assert_eq!(apart(Affine::Exact, 5)[1..], [32 * 8; 3]);
}

#[test]
fn a_wait_is_for_the_load_or_for_the_memory() {
    let design = Design {
        bus_bits: 512,
        ..design(8, 4)
    };
    let short = layer(&design, [1, 1, 10], [5, 5]);
    // All its tiles come while the layer before is busy: what is left are loads of 8 rows for 5 positions.
    let busy = layer(&design, [1, 1, 1], [900, 900]);
    let steps = [busy, short].map(Command::Layer);
    let timing = run_with(
        &design,
        &[&steps[..], &[Command::End]].concat(),
        Supply::Ideal,
    );
    let causes = timing.layers[1].causes;
    assert!(causes.stall_weights > 9, "{causes:?}");
    assert_eq!(causes.stall_bandwidth, 0);
    // A line takes four cycles, a tile 32, and its beats 5: a load takes its two cycles once a tile is there.
    let slow = Supply::Memory(Memory {
        latency: 1,
        interval: 4,
    });
    let timing = run_with(&design, &[Command::Layer(short), Command::End], slow);
    let causes = timing.layers[0].causes;
    let waits = 9 * (32 - 5);
    assert!(causes.stall_weights.abs_diff(waits) < 32, "{causes:?}");
    let loads = causes.stall_weights - causes.stall_bandwidth;
    assert!(loads <= 2 * 10, "{causes:?}");
}

#[test]
fn the_second_layer_begins_in_its_third_cycle() {
    let design = Design {
        bus_bits: 512,
        ..design(4, 4)
    };
    let layer = layer(&design, [1, 1, 2], [50, 50]);
    let steps = [Command::Layer(layer), Command::Layer(layer), Command::End];
    let timing = run_with(&design, &steps, Supply::Ideal);
    let [first, second] = &timing.layers[..] else {
        panic!("two layers");
    };
    assert_eq!(second.start, first.start + first.cycles);
    assert_eq!(second.tiles, [2, 52]);
    assert_eq!(second.causes.stall_command, 1);
    assert_eq!(second.causes.stall_fill, 1);
    // END is taken in the cycle after the last word has left.
    assert_eq!(timing.cycles, second.start + second.cycles);
}

#[test]
fn what_cannot_end_stops() {
    let design = design(4, 4);
    let endless = layer(&design, [1, 1, 1], [3, 3]);
    let unfinished = |steps: &[Command]| {
        let timing = run_with(&design, steps, Supply::Ideal);
        assert!(!timing.finished);
        timing
    };
    assert_eq!(unfinished(&[]).layers, []);
    assert_eq!(unfinished(&[Command::Layer(endless)]).layers.len(), 1);
    let none = LayerRegisters {
        row_tiles: 0,
        ..endless
    };
    assert_eq!(unfinished(&[Command::Layer(none), Command::End]).layers, []);
    let fetch = Fetch::default();
    unfinished(&[Command::Fetch(fetch), Command::End]);
    let shallow = Design {
        weight_depth: 3,
        ..design.clone()
    };
    let timing = alone(&shallow, endless);
    assert!(!timing.finished && timing.layers.len() == 1);
}

/// A random design as far as timing knows one, valid or not.
fn random_design(generator: &mut Generator) -> Design {
    let rows = generator.range(1, 9) as u32;
    let columns = generator.range(1, rows.into()) as u32;
    Design {
        bus_bits: *generator.pick(&[32, 64, 128, 256, 512]),
        weight_depth: 2 * rows + generator.range(0, 20) as u32,
        channel_depth: generator.range(1, 4) as u32,
        pe: *generator.pick(&[PeKind::Shift, PeKind::Shift, PeKind::Table]),
        ..design(rows, columns)
    }
}

fn random_step(generator: &mut Generator, design: &Design) -> Command {
    if generator.chance(1, 4) {
        let lines = generator.range(1, 30) as u32;
        let offset = design.bus_bits / 8 * generator.range(0, 40) as u32;
        return Command::Fetch(Fetch::new(design, 0, lines, offset));
    }
    if generator.chance(1, 4) {
        let lines = generator.range(1, 90) as u32;
        let offset = design.bus_bits / 8 * generator.range(0, 40) as u32;
        let direction = *generator.pick(&[Direction::Store, Direction::Fetch]);
        return Command::Move(Move::new(design, direction, 0, lines, offset));
    }
    let pool = generator.chance(1, 3);
    let most = [4, if pool { 1 } else { 3 }, 5];
    let tiles = most.map(|most| generator.range(1, most) as u32);
    let most = *generator.pick(&[6, 60]);
    let positions = generator.range(1, most) as u32;
    let last = generator.range(1, positions.into()) as u32;
    let mut layer = layer(design, tiles, [positions, last]);
    layer.beats = *generator.pick(&[1, 1, 4]);
    layer.pool = pool;
    layer.scores = pool && generator.chance(2, 3);
    layer.last_columns = generator.range(1, design.columns.into()) as u32;
    Command::Layer(layer)
}

#[test]
fn skipping_time_changes_nothing() {
    let mut generator = Generator::new(4);
    for round in 0..400 {
        let design = random_design(&mut generator);
        let count = generator.range(0, 6);
        let mut steps: Vec<_> = (0..count)
            .map(|_| random_step(&mut generator, &design))
            .collect();
        if generator.chance(9, 10) {
            steps.push(Command::End);
        }
        let supply = if generator.chance(1, 4) {
            Supply::Ideal
        } else {
            Supply::Memory(Memory {
                latency: generator.range(0, 40) as u32,
                interval: generator.range(0, 5) as u32,
            })
        };
        let shape = Shape::of(&design);
        let plain = simulate(&shape, &steps, supply, false);
        let skipping = simulate(&shape, &steps, supply, true);
        assert_eq!(skipping, plain, "round {round}: {design:?} {supply:?}");
        let moves = steps.iter().any(|step| matches!(step, Command::Move(_)));
        if moves && supply == Supply::Ideal {
            assert!(!plain.finished, "streams have no memory for maps");
            continue;
        }
        sensible(&plain, &steps, &design);
    }
}

/// What holds of every run.
fn sensible(timing: &Timing, steps: &[Command], design: &Design) {
    assert_eq!(timing.finished, steps.last() == Some(&Command::End));
    assert_eq!(timing.causes.total(), timing.cycles);
    let layers = steps.iter().filter_map(|step| match step {
        Command::Layer(layer) => Some(layer),
        _ => None,
    });
    let mut free = 0;
    for (timing, layer) in timing.layers.iter().zip(layers) {
        assert!(timing.start >= free);
        free = timing.start + timing.cycles;
        assert_eq!(timing.causes.total(), timing.cycles);
        let tiles = layer.column_tiles * layer.row_tiles * layer.beats;
        let positions = (layer.passes - 1) * layer.pass_positions + layer.last_positions;
        assert_eq!(timing.causes.beats, u64::from(tiles * positions));
        // A tile may follow at once on one that waited long, but the third takes a load.
        let apart = u64::from(design.rows * design.loads());
        assert!(
            timing
                .tiles
                .windows(3)
                .all(|three| three[2] - three[0] > apart)
        );
        assert_eq!(
            timing.words(design.columns - 1).last(),
            Some(&(timing.cycles - 1))
        );
    }
}
