//! Tilings of small layers: the search, the bounds and the counts against plain loops.

use std::collections::BTreeSet;

use cromulent_design::{Affine, LayerRegisters};
use cromulent_number::Format;
use proptest::prelude::*;

use crate::Technology;
use crate::mapping::search::Rank;
use crate::mapping::tiling::pieces;
use crate::mapping::work::{Packing, Window};
use crate::mapping::*;

/// A small layer of no network.
fn small(numbers: [u64; 9], by_plane: bool) -> Work {
    let [
        lines,
        line,
        planes,
        taps,
        column_tiles,
        kernel,
        stride,
        output,
        packed,
    ] = numbers;
    // As many lines as leave just these lines of positions, and one that no window reaches if there may be.
    let padding = kernel / 3;
    let height = (lines - 1) * stride + kernel - 2 * padding + (stride - 1);
    let registers = LayerRegisters {
        beats: 1,
        ..LayerRegisters::default()
    };
    Work {
        name: "small".to_owned(),
        lines,
        line,
        sums: if by_plane { 0 } else { line },
        planes: if by_plane { 1 } else { planes },
        taps: if by_plane { 1 } else { taps },
        column_tiles,
        by_plane,
        input: Window {
            lines: height,
            words: line * stride,
            kernel,
            stride,
            padding,
        },
        input_packing: Packing {
            lines: packed,
            beats: 1,
        },
        output: output * lines * line,
        kept: lines * line,
        output_packing: Packing {
            lines: packed,
            beats: 1,
        },
        scores: 0,
        base: Activity::default(),
        registers,
    }
}

pub(super) fn works() -> impl Strategy<Value = Work> {
    let numbers = (
        1u64..8,
        1u64..9,
        1u64..7,
        1u64..4,
        1u64..6,
        1u64..4,
        1u64..3,
        0u64..2,
        1u64..4,
    );
    (numbers, any::<bool>()).prop_map(|(n, by_plane)| {
        small(
            [n.0, n.1, n.2, n.3, n.4, n.5, n.6, n.7, n.8],
            by_plane && n.7 == 1,
        )
    })
}

fn moved(work: &Work, bits: u8) -> Moved {
    Moved {
        planes: work.input_planes() * u64::from(bits & 3) / 3,
        output: bits & 4 != 0 && work.output > 0,
        base: bits & 8 != 0,
        result: bits & 16 != 0,
    }
}

pub(super) fn rooms() -> impl Strategy<Value = Depths> {
    (0u64..400, 1u64..20, 1u64..80, 0u64..200).prop_map(|(codes, tiles, sums, stream)| Depths {
        codes,
        weights: 4 * tiles,
        sums,
        stream,
    })
}

pub(super) fn objectives() -> impl Strategy<Value = Objective> {
    prop_oneof![
        Just(Objective::Cycles),
        Just(Objective::Energy),
        Just(Objective::Product)
    ]
}

/// A 4 × 4 array on a narrow bus, so that beats matter.
pub(super) fn array() -> Design {
    Design {
        bus_bits: 32,
        ..Design::new(4, 4, Format::L4, Affine::Exact)
    }
}

pub(super) fn prices(design: &Design) -> Prices {
    let (name, text) = crate::technology::SHIPPED[0];
    Prices::of(design, &Technology::parse(text, name).expect("a table"))
}

/// Every way to cut a layer evenly, in every order.
fn all(work: &Work) -> Vec<Tiling> {
    let cuts = |count: u64| (1..=count).map(move |pieces| count.div_ceil(pieces));
    let mut all = vec![];
    for order in 0..ORDERS.len() {
        for band in cuts(work.lines) {
            for planes in cuts(work.planes) {
                all.extend(cuts(work.column_tiles).map(|column_tiles| Tiling {
                    order,
                    band,
                    planes,
                    column_tiles,
                }));
            }
        }
    }
    all
}

/// The best of all, without any bound.
fn brute(case: &Case) -> Option<(Rank, Tiling)> {
    let fitting = all(case.work).into_iter().filter_map(|tiling| {
        let shape = case.shape(tiling)?;
        let cost = case.cost(tiling, &shape);
        Some((case.rank(tiling, &shape, &cost), tiling))
    });
    fitting.min_by_key(|&(rank, _)| rank)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn branch_and_bound_finds_what_trying_all_finds(
        work in works(), bits in 0u8..32, room in rooms(), objective in objectives(), interval in 1u64..3
    ) {
        let design = array();
        let prices = prices(&design);
        let machine = Machine { design: &design, interval, prices: Some(&prices), objective };
        let case = Case::new(&machine, &work, moved(&work, bits), room);
        let found = case.search().map(|found| {
            let shape = case.shape(found.tiling).expect("it fits");
            prop_assert_eq!(case.cost(found.tiling, &shape), found.cost);
            Ok((case.rank(found.tiling, &shape, &found.cost), found.tiling))
        });
        prop_assert_eq!(found.transpose()?, brute(&case));
    }

    #[test]
    fn no_tiling_is_better_than_its_bounds(
        work in works(), bits in 0u8..32, room in rooms(), interval in 1u64..3
    ) {
        let design = array();
        let prices = prices(&design);
        let machine = Machine { design: &design, interval, prices: Some(&prices), objective: Objective::Energy };
        let case = Case::new(&machine, &work, moved(&work, bits), room);
        let least = case.least();
        for tiling in all(&work) {
            let Some(shape) = case.shape(tiling) else { continue };
            let cost = case.cost(tiling, &shape);
            let at_least = case.at_least(tiling, &shape, case.tile_cycles(tiling.band), &least);
            for (what, least, found) in [
                ("cycles", at_least.cycles, cost.cycles),
                ("beats", at_least.beats.total(), cost.beats.total()),
                ("energy", case.energy(&at_least), case.energy(&cost)),
                ("bound of cycles", case.bound.cycles, cost.cycles),
                ("bound of beats", case.bound.beats, cost.beats.total()),
                ("bound of energy", case.bound.energy, case.energy(&cost)),
            ] {
                prop_assert!(least <= found, "{}: {} > {}, {:?}", what, least, found, tiling);
            }
        }
    }

    /// What a tiling fetches and loads is what its loops do, step by step, with what the memories hold kept in mind.
    #[test]
    fn tiles_and_lines_are_those_of_the_loops_played_through(
        work in works(), bits in 0u8..32, room in rooms(), pick in any::<prop::sample::Index>()
    ) {
        let design = array();
        let machine = Machine { design: &design, interval: 1, prices: None, objective: Objective::Cycles };
        let moved = Moved { planes: if bits & 1 == 0 { 0 } else { work.input_planes() }, ..moved(&work, bits) };
        let case = Case::new(&machine, &work, moved, room);
        let tilings = all(&work);
        let tiling = tilings[pick.index(tilings.len())];
        let Some(shape) = case.shape(tiling) else { return Ok(()) };
        let cost = case.cost(tiling, &shape);
        prop_assert_eq!((cost.tiles, cost.lines[0]), played(&case, tiling, &shape));
    }
}

/// Tiles fetched and loaded, and code lines fetched, by running the loops. Kept are the weights that the shape says, and
/// the last block of the input; of the band before only what is shared, if bands follow one another.
fn played(case: &Case, tiling: Tiling, shape: &Shape) -> ([u64; 2], u64) {
    let work = case.work;
    let sizes = |count, size| {
        let pieces = pieces(count, size).flat_map(|piece| vec![piece.size; piece.count as usize]);
        pieces.collect::<Vec<u64>>()
    };
    let loops = [
        sizes(work.lines, tiling.band),
        sizes(work.planes, tiling.planes),
        sizes(work.column_tiles, tiling.column_tiles),
    ];
    let order = ORDERS[tiling.order].map(|which| which as usize);
    let (mut tiles, mut lines) = ([0; 2], 0);
    let (mut weights, mut input): (_, Option<(usize, usize, BTreeSet<u64>)>) = (None, None);
    let trips = order.map(|which| loops[which].len());
    for step in 0..trips.iter().product() {
        let at = [
            step / (trips[1] * trips[2]),
            step / trips[2] % trips[1],
            step % trips[2],
        ];
        let mut index = [0; 3];
        order
            .iter()
            .zip(at)
            .for_each(|(&which, at)| index[which] = at);
        let [band, planes, columns] = [0, 1, 2].map(|which| loops[which][index[which]]);
        let block = (index[1], index[2]);
        for _column in 0..columns {
            for pass in 0..(band * work.line).div_ceil(shape.pass) {
                let there = match shape.weights {
                    Weights::Streamed => false,
                    Weights::ForPasses => pass > 0,
                    Weights::ForBands => pass > 0 || weights == Some(block),
                };
                tiles[0] += if there { 0 } else { planes * work.taps };
                tiles[1] += planes * work.taps;
            }
        }
        weights = Some(block);
        let (of, read) = match work.by_plane {
            true => (index[2], columns),
            false => (index[1], planes),
        };
        let wanted = needed(&work.input, index[0] as u64 * tiling.band, band);
        let follows = |band: usize| band == index[0] || band + 1 == index[0];
        let here = input.filter(|(block, band, _)| *block == of && follows(*band));
        let here = here.map(|(_, _, lines)| lines).unwrap_or_default();
        let new = wanted.difference(&here).count();
        lines += read * work.input.words * new as u64;
        input = Some((of, index[0], wanted));
    }
    let lines = if case.moved.planes == 0 { 0 } else { lines };
    (tiles, lines)
}

/// The lines of the input that some output lines read.
fn needed(window: &Window, first: u64, count: u64) -> BTreeSet<u64> {
    let lines = (first..first + count).flat_map(|line| {
        let from = line * window.stride;
        (from..from + window.kernel).filter_map(|line| line.checked_sub(window.padding))
    });
    lines.filter(|&line| line < window.lines).collect()
}
