//! A max-pool: for each channel the best code of each window, padding left out.

use cromulent_design::Design;
use cromulent_number::{Code, order};

use crate::activations::Activations;
use crate::constants::{Channel, Constants};
use crate::geometry::LayerGeometry;
use crate::layer::Layer;
use crate::word::OutputWord;

/// The words of a max-pool, as if the rows were columns.
pub(super) fn words(
    design: &Design,
    layer: &Layer,
    constants: &Constants,
    activations: &Activations,
) -> Vec<OutputWord> {
    let (channels, lanes) = (layer.geometry.channels, layer.lanes(design));
    let batch = design.batch as usize;
    let images = (0..batch).map(|image| activations.image(image, batch));
    let images: Vec<Activations> = images.collect();
    let own = layer.geometry.positions();
    let mut words = vec![];
    for first in (0..channels).step_by(lanes) {
        for position in 0..batch * own {
            let (image, place) = (&images[position / own], position % own);
            for channel in first..channels.min(first + lanes) {
                let descending = constants.edges[channel].descending;
                words.push(OutputWord {
                    column_tile: (first / lanes) as u32,
                    position: position as u32,
                    column: (channel - first) as u32,
                    value: best(
                        |code| order(design.format, Code(code as u8)),
                        &layer.geometry,
                        &image.values,
                        (place, channel),
                        descending,
                    ),
                });
            }
        }
    }
    words
}

/// The codes of a map pooled by windows, by \[position\]\[channel\].
pub(super) fn pooled(
    rank: impl Fn(i16) -> u32 + Copy,
    windows: &LayerGeometry,
    channels: &[Channel],
    codes: &[i64],
) -> Vec<i64> {
    let codes: Vec<i16> = codes.iter().map(|&code| code as i16).collect();
    let positions = 0..windows.positions();
    let places = positions.flat_map(|p| (0..windows.channels).map(move |c| (p, c)));
    places
        .map(|at| best(rank, windows, &codes, at, channels[at.1].descending))
        .collect()
}

/// The largest word of each window of a map, by \[position\]\[channel\].
pub(super) fn largest(windows: &LayerGeometry, words: &[i16]) -> Vec<i16> {
    let positions = 0..windows.positions();
    let places = positions.flat_map(|p| (0..windows.channels).map(move |c| (p, c)));
    let largest = |(position, channel)| {
        let taps = 0..windows.taps();
        let inside = taps.filter_map(|tap| windows.source_index(position, tap, channel));
        // A window always meets the map: padding is smaller than the window.
        inside.map(|at| words[at]).max().unwrap_or(0)
    };
    places.map(largest).collect()
}

/// The largest code of a window, or the smallest.
fn best(
    rank: impl Fn(i16) -> u32,
    geometry: &LayerGeometry,
    values: &[i16],
    (position, channel): (usize, usize),
    descending: bool,
) -> i64 {
    let taps = 0..geometry.taps();
    let codes = taps.filter_map(|tap| {
        let at = geometry.source_index(position, tap, channel)?;
        Some(values[at])
    });
    let place = |code: &i16| rank(*code);
    let best = match descending {
        true => codes.min_by_key(place),
        false => codes.max_by_key(place),
    };
    // A window always meets the map: padding is smaller than the window.
    best.unwrap_or(0).into()
}
