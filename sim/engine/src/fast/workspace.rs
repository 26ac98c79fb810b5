//! The memory an image is run in, kept from image to image.

use crate::fast::LayerValues;
use crate::fast::layer::FastLayer;

/// Buffers of one thread. They grow to the largest layer and to the values that live at one time.
#[derive(Debug, Default)]
pub struct Workspace {
    /// Codes by tensor; empty where there are none.
    pub(super) tensors: Vec<Vec<u8>>,
    /// Values of the residual stream by number, likewise.
    pub(super) streams: Vec<Vec<i16>>,
    /// Operands of the layer that runs.
    pub(super) bytes: Vec<u8>,
    pub(super) words: Vec<i16>,
    spare_codes: Vec<Vec<u8>>,
    spare_streams: Vec<Vec<i16>>,
}

/// The values that nobody reads behind a layer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Forgets {
    pub tensors: Vec<usize>,
    pub streams: Vec<usize>,
}

impl Workspace {
    /// An empty one.
    pub fn new() -> Workspace {
        Workspace::default()
    }

    /// The bytes of all buffers.
    pub fn bytes(&self) -> usize {
        let codes = self.tensors.iter().chain(&self.spare_codes);
        let streams = self.streams.iter().chain(&self.spare_streams);
        let words = streams.chain([&self.words]);
        codes.chain([&self.bytes]).map(Vec::capacity).sum::<usize>()
            + words.map(|words| 2 * words.capacity()).sum::<usize>()
    }

    /// Makes room for a network.
    pub(super) fn begin(&mut self, tensors: usize, streams: usize) {
        self.tensors.resize_with(tensors, Vec::new);
        self.streams.resize_with(streams, Vec::new);
    }

    /// A buffer for so many codes, its contents old ones.
    pub(super) fn codes(&mut self, length: usize) -> Vec<u8> {
        take(&mut self.spare_codes, length)
    }

    /// A buffer for so many words of the stream, its contents old ones.
    pub(super) fn stream(&mut self, length: usize) -> Vec<i16> {
        take(&mut self.spare_streams, length)
    }

    /// Takes back a buffer of codes that are of no use any more.
    pub(super) fn give_back(&mut self, codes: Vec<u8>) {
        self.spare_codes.push(codes);
    }

    /// The same of words of the stream.
    pub(super) fn give_back_stream(&mut self, words: Vec<i16>) {
        self.spare_streams.push(words);
    }

    pub(super) fn forget(&mut self, forgets: &Forgets) {
        for &tensor in &forgets.tensors {
            let buffer = std::mem::take(&mut self.tensors[tensor]);
            self.spare_codes.push(buffer);
        }
        for &stream in &forgets.streams {
            let buffer = std::mem::take(&mut self.streams[stream]);
            self.spare_streams.push(buffer);
        }
    }

    /// What a layer that has just run gave.
    pub(super) fn values<'a>(
        &'a self,
        layer: &FastLayer,
        scores: &'a [i64],
        saturations: u64,
    ) -> LayerValues<'a> {
        let codes = layer.codes.map(|tensor| self.tensors[tensor].as_slice());
        let stream = layer
            .residual
            .map(|step| self.streams[step.result].as_slice());
        LayerValues {
            codes: codes.unwrap_or_default(),
            stream: stream.unwrap_or_default(),
            scores,
            saturations,
        }
    }
}

/// The smallest spare buffer that is large enough, else the largest, made as long as wanted.
fn take<T: Copy + Default>(spare: &mut Vec<Vec<T>>, length: usize) -> Vec<T> {
    let enough = |buffer: &Vec<T>| buffer.capacity() >= length;
    let key = |buffer: &Vec<T>| (!enough(buffer), buffer.capacity().abs_diff(length));
    let best = (0..spare.len()).min_by_key(|&at| key(&spare[at]));
    let mut buffer = best.map_or_else(Vec::new, |at| spare.swap_remove(at));
    buffer.resize(length, T::default());
    buffer
}

/// At least so many operands, their contents old ones.
pub(super) fn at_least<T: Copy + Default>(buffer: &mut Vec<T>, length: usize) {
    if buffer.len() < length {
        buffer.resize(length, T::default());
    }
}
