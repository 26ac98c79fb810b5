//! Tests of layouts.

use super::*;
use crate::activations::Activations;
use cromulent_design::{Affine, Design};
use cromulent_number::Format;

fn geometry(channels: usize, kernel: usize) -> LayerGeometry {
    LayerGeometry {
        height: 5,
        width: 4,
        channels,
        out_channels: 3,
        kernel_height: kernel,
        kernel_width: kernel,
        stride: 1,
        padding: 0,
    }
}

/// Banks of designs that compute an image at a time.
fn alone(rows: usize) -> Banks {
    Banks { rows, batch: 1 }
}

/// Every slot is served once, and `place` finds it.
fn assert_serves(layout: &Layout, g: &LayerGeometry, rows: usize) {
    let mut served = vec![0; g.inner()];
    for tile in 0..layout.row_tiles() {
        for row in 0..rows {
            let Some(slot) = layout.slot(tile, row) else {
                continue;
            };
            assert_eq!(layout.place(slot), (tile, row));
            served[g.inner_index(slot)] += 1;
        }
    }
    assert!(served.iter().all(|&n| n == 1), "{rows} rows, {g:?}");
    assert!(layout.is_sound());
}

#[test]
fn every_slot_of_every_small_concatenation_is_served_exactly_once() {
    for rows in 1..=5 {
        for (first, second) in (1..=6).flat_map(|a| (0..=6).map(move |b| (a, b))) {
            for rotation in 0..rows {
                // Following the first map densely, in planes of its own behind it, and before it.
                let apart = |address| Place { address, rotation };
                let place = apart(400);
                let places = [place.after(rows, first, 20), apart(1000), apart(0)];
                for (next, kernel) in places.into_iter().zip([1, 3, 3]) {
                    let g = geometry(first + second, kernel);
                    let maps = [(first, place), (second, next)]
                        .map(|(channels, place)| Map { channels, place });
                    let layout = Layout::of_codes(alone(rows), &g, &maps);
                    assert_serves(&layout, &g, rows);
                }
            }
        }
    }
}

#[test]
fn maps_that_follow_each_other_fill_their_planes() {
    let g = geometry(16 + 12 + 12, 3);
    let mut place = Place::default();
    let maps = [16, 12, 12].map(|channels| {
        let map = Map { channels, place };
        place = place.after(8, channels, 20);
        map
    });
    let layout = Layout::of_codes(alone(8), &g, &maps);
    assert_eq!(layout.range(), 0..100);
    assert_eq!(layout.row_tiles(), 45);
    let slot = Slot {
        tap: 4,
        channel: 28,
    };
    assert_eq!(layout.place(slot), (4 * 5 + 3, 4));
    assert_eq!(layout.base(slot), 60 + 4 + 1);
}

#[test]
fn overlapping_maps_are_noticed() {
    let g = geometry(4, 1);
    let map = Map {
        channels: 2,
        place: Place::default(),
    };
    assert!(!Layout::of_codes(alone(4), &g, &[map, map]).is_sound());
    assert!(!Layout::of_codes(alone(4), &g, &[map]).is_sound());
}

/// What a row reads at an output position, as the machine finds it: by address, if its tap lies on the map.
fn read(
    layout: &Layout,
    lines: &[Vec<u64>],
    place: (usize, usize),
    (image, (oy, ox)): (usize, (usize, usize)),
) -> Option<u64> {
    let slot = layout.slot(place.0, place.1)?;
    let (height, width, stride) = layout.sides();
    let (dy, dx) = layout.offset(slot);
    let (y, x) = (oy * stride, ox * stride);
    let inside = |at: usize, d: isize, side| at.checked_add_signed(d).is_some_and(|at| at < side);
    let first = image * height * width;
    let address = (first + y * width + x).cast_signed() + layout.base(slot);
    let line = address.cast_unsigned().wrapping_sub(layout.range().start);
    (inside(y, dy, height) && inside(x, dx, width)).then(|| lines[line][place.1])
}

/// Every slot is served once, and reads at every position what the convolution wants.
fn assert_reads(layout: &Layout, g: &LayerGeometry, design: &Design, activations: &Activations) {
    let rows = design.rows as usize;
    assert_serves(layout, g, rows);
    let lines = activations.lines(design, layout);
    for k in 0..g.inner() {
        let slot = g.slot(k);
        for position in 0..design.batch as usize * g.positions() {
            let (image, position) = (position / g.positions(), position % g.positions());
            let at = (position / g.out_width(), position % g.out_width());
            let wanted = g.source_index(position, slot.tap, slot.channel);
            let first = image * g.height * g.width * g.channels;
            let wanted = wanted.map(|at| activations.values[first + at] as u64);
            let found = read(layout, &lines, layout.place(slot), (image, at));
            assert_eq!(
                found, wanted,
                "{rows} rows, {g:?}, {slot:?}, position {position}"
            );
        }
    }
}

#[test]
fn every_way_to_deal_an_image_gives_every_tap_its_pixels() {
    let mut dealt = 0;
    for (rows, batch) in [(1, 1), (2, 3), (3, 1), (5, 2), (8, 1), (12, 1)] {
        let mut design = Design::new(rows, 1, Format::I8, Affine::Rectified);
        design.batch = batch;
        for (height, width) in [(4, 6), (6, 6), (5, 4)] {
            for (channels, kernel) in [(1, 3), (3, 3), (3, 2), (3, 1), (4, 4), (7, 3)] {
                for (stride, padding) in [(1, 0), (1, 1), (2, 0), (2, 1), (3, 1)] {
                    let g = LayerGeometry {
                        height,
                        width,
                        stride,
                        padding,
                        ..geometry(channels, kernel)
                    };
                    if g.check().is_err() {
                        continue;
                    }
                    let height = batch as usize * height;
                    let values = (0..(channels * height * width) as i16).map(|n| n % 127);
                    let activations = Activations {
                        channels,
                        height,
                        width,
                        values: values.collect(),
                    };
                    let banks = Banks::of(&design);
                    let planes = deals(banks, &g).into_iter();
                    let deals = planes.map(|(planes, words, tiles)| {
                        let layout = Layout::of_image(banks, &g, 7, Deal::Planes(planes));
                        assert_eq!(layout.row_tiles(), tiles);
                        assert!(layout.range().len() <= words);
                        layout
                    });
                    let shared = Layout::of_image(banks, &g, 7, Deal::Shared);
                    for layout in deals.chain([shared]) {
                        assert_reads(&layout, &g, &design, &activations);
                        dealt += 1;
                    }
                }
            }
        }
    }
    assert!(dealt > 1000, "{dealt}");
}

#[test]
fn the_image_layer_of_imagenet_keeps_its_rows_busy() {
    let g = LayerGeometry {
        height: 224,
        width: 224,
        stride: 2,
        padding: 3,
        ..geometry(3, 7)
    };
    let fewest = |rows| deals(alone(rows), &g).last().map(|deal| deal.2);
    assert_eq!([8, 16, 32].map(fewest), [Some(19), Some(10), Some(5)]);
}

#[test]
fn an_image_too_large_for_any_layer_gets_no_places() {
    let g = LayerGeometry {
        channels: 1 << 14,
        ..geometry(1, 1 << 7)
    };
    assert!(!Layout::of_image(alone(8), &g, 0, Deal::Planes(1 << 40)).is_sound());
    let g = geometry(3, 3);
    assert!(!Layout::of_image(alone(2), &g, 0, Deal::Planes(1)).is_sound());
    assert!(Layout::of_image(alone(2), &g, 0, Deal::Planes(usize::MAX)).is_sound());
}
