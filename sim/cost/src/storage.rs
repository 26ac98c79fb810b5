//! Bytes that a network's activations take, packed: each stored once, but for those that a network stores in several forms.

use cromulent_design::Design;
use cromulent_engine::Outline;

/// What is stored of a network.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stored {
    /// Values in code tensors, each once.
    pub coded_values: u64,
    /// Bytes of their codes, in all forms.
    pub coded_bytes: u64,
    /// Values of the residual stream, which is not coded.
    pub stream_values: u64,
    /// Their bytes.
    pub stream_bytes: u64,
}

impl Stored {
    /// What an image of a network has on a design.
    pub fn of(design: &Design, outline: &Outline) -> Stored {
        let mut stored = Stored::default();
        let layers = outline.layers.iter().filter(|layer| layer.again);
        let again: Vec<usize> = layers.filter_map(|layer| layer.output.codes()).collect();
        for (number, tensor) in outline.tensors.iter().enumerate() {
            let values = tensor.shape.values() as u64;
            let bits = u64::from(tensor.storage.codes(design).0.code_bits());
            if !again.contains(&number) {
                stored.coded_values += values;
            }
            stored.coded_bytes += (values * bits).div_ceil(8);
        }
        let values = outline.streams.iter().map(|value| value.shape.values());
        stored.stream_values = values.sum::<usize>() as u64;
        stored.stream_bytes = (stored.stream_values * u64::from(design.stream_bits)).div_ceil(8);
        stored
    }

    /// Bytes of the coded values, were they stored in so many bits each.
    pub fn coded_in(&self, bits: u64) -> u64 {
        (self.coded_values * bits).div_ceil(8)
    }
}
