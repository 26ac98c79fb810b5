//! A max-pool: bytes whose order is that of the codes' values, of which the largest wins.

use cromulent_design::Design;
use cromulent_number::{Code, Format, order};
use rayon::prelude::*;

use crate::constants::Constants;
use crate::geometry::LayerGeometry;

/// A max-pool, prepared.
#[derive(Debug)]
pub(super) struct MaxPool {
    geometry: LayerGeometry,
    /// By code, then whether the largest code is wanted or the smallest: what is compared.
    keys: [Vec<u8>; 2],
    /// The code of each key.
    codes: [Vec<u8>; 2],
    /// By channel: whether the smallest code is wanted.
    descending: Vec<bool>,
}

impl MaxPool {
    /// The pool of a layer of its own.
    pub fn new(design: &Design, geometry: &LayerGeometry, constants: &Constants) -> MaxPool {
        let edges = constants.edges[..geometry.channels].iter();
        let descending = edges.map(|edge| edge.descending).collect();
        MaxPool::of(Some(design.format), geometry, descending)
    }

    /// The pool of the codes that leave a layer, over these windows; of integers where there is no format.
    pub fn behind(
        format: Option<Format>,
        windows: &LayerGeometry,
        constants: &Constants,
    ) -> MaxPool {
        let channels = constants.channels.iter();
        let descending = channels.map(|channel| channel.descending).collect();
        MaxPool::of(format, windows, descending)
    }

    fn of(format: Option<Format>, geometry: &LayerGeometry, descending: Vec<bool>) -> MaxPool {
        let count = format.map_or(1 << Design::INTEGER_BITS, Format::codes);
        let place = |code: u32| match format {
            Some(format) => order(format, Code(code as u8)),
            None => code,
        };
        let ascending: Vec<u8> = (0..count).map(|code| place(code) as u8).collect();
        let falling = ascending.iter().map(|&key| (count - 1) as u8 - key);
        let keys = [ascending.clone(), falling.collect()];
        let codes = keys.each_ref().map(|keys| {
            let mut codes = vec![0; keys.len()];
            (0..=u8::MAX)
                .zip(keys)
                .for_each(|(code, &key)| codes[key as usize] = code);
            codes
        });
        MaxPool {
            geometry: *geometry,
            keys,
            codes,
            descending,
        }
    }

    /// How many codes it gives.
    pub fn length(&self) -> usize {
        self.geometry.positions() * self.geometry.channels
    }

    /// The codes of the output, on so many threads.
    pub fn run(&self, input: &[u8], keys: &mut Vec<u8>, output: &mut [u8], threads: usize) {
        let channels = self.geometry.channels;
        keys.clear();
        keys.extend_from_slice(input);
        for pixel in keys.chunks_exact_mut(channels) {
            self.translate(&self.keys, pixel);
        }
        let row = self.geometry.out_width() * channels;
        let rows = output.chunks_exact_mut(row).enumerate();
        if threads == 1 {
            rows.for_each(|(y, row)| self.row(keys, y, row));
        } else {
            let keys = keys.as_slice();
            let rows = output.par_chunks_exact_mut(row).enumerate();
            rows.for_each(|(y, row)| self.row(keys, y, row));
        }
    }

    /// The largest word of each window of the residual stream.
    pub fn words(&self, input: &[i16], output: &mut [i16]) {
        let geometry = &self.geometry;
        let channels = geometry.channels;
        for (position, best) in output.chunks_exact_mut(channels).enumerate() {
            best.fill(i16::MIN);
            let taps = 0..geometry.taps();
            for first in taps.filter_map(|tap| geometry.source_index(position, tap, 0)) {
                for (best, &word) in best.iter_mut().zip(&input[first..][..channels]) {
                    *best = (*best).max(word);
                }
            }
        }
    }

    /// A row of the output.
    fn row(&self, keys: &[u8], y: usize, row: &mut [u8]) {
        let geometry = &self.geometry;
        let channels = geometry.channels;
        for (x, best) in row.chunks_exact_mut(channels).enumerate() {
            best.fill(0);
            let position = y * geometry.out_width() + x;
            let taps = 0..geometry.taps();
            for first in taps.filter_map(|tap| geometry.source_index(position, tap, 0)) {
                for (best, &key) in best.iter_mut().zip(&keys[first..][..channels]) {
                    *best = (*best).max(key);
                }
            }
            self.translate(&self.codes, best);
        }
    }

    /// From codes to keys, or back.
    fn translate(&self, tables: &[Vec<u8>; 2], pixel: &mut [u8]) {
        for (value, &descending) in pixel.iter_mut().zip(&self.descending) {
            *value = tables[usize::from(descending)][*value as usize];
        }
    }
}
