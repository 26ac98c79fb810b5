//! What layers hand on to one another: maps of codes and values of the residual stream, and from when to when each is
//! there.

use cromulent_design::Design;
use cromulent_engine::{LayerInput, MapShape, Outline};

/// A value between layers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Value {
    /// It belongs to the residual stream, and is no map of codes.
    pub stream: bool,
    /// Its number among those.
    pub number: usize,
    /// Words it takes of every bank or column.
    pub words: u64,
    /// Planes of the banks, or of the columns.
    pub planes: u64,
    /// The layer that writes it.
    pub written: usize,
    /// The layers that read it, in order.
    pub readers: Vec<usize>,
}

impl Value {
    /// Whether a layer, or one behind it, reads it.
    pub fn lives(&self, layer: usize) -> bool {
        self.written < layer && self.readers.last().is_some_and(|&last| last >= layer)
    }

    /// The layers from this one on that read it.
    pub fn future(&self, layer: usize) -> &[usize] {
        let from = self.readers.partition_point(|&reader| reader < layer);
        &self.readers[from..]
    }
}

/// What one layer does with values, by their places in the list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Uses {
    /// It reads the image.
    pub image: bool,
    /// Maps it reads.
    pub inputs: Vec<usize>,
    /// The map it writes.
    pub output: Option<usize>,
    /// The value of the stream it adds to.
    pub base: Option<usize>,
    /// The value of the stream it writes.
    pub result: Option<usize>,
}

/// The values of a network that some layer reads, and what each layer does with them.
pub fn values(design: &Design, outline: &Outline) -> (Vec<Value>, Vec<Uses>) {
    let mut values = vec![];
    let mut places = vec![];
    for (layer, found) in outline.layers.iter().enumerate() {
        let step = found.output.residual();
        let written = [
            (false, found.output.codes()),
            (true, step.map(|step| step.result)),
        ];
        for (stream, number) in written {
            let Some(number) = number else { continue };
            let readers = readers(outline, stream, number);
            if readers.is_empty() {
                continue;
            }
            let shape = match stream {
                true => outline.streams.get(number).map(|value| value.shape),
                false => outline.tensors.get(number).map(|value| value.shape),
            };
            let Some(shape) = shape else { continue };
            let (planes, words) = size(design, stream, shape);
            places.push((stream, number));
            values.push(Value {
                stream,
                number,
                words,
                planes,
                written: layer,
                readers,
            });
        }
    }
    let place = |stream, number: usize| places.iter().position(|&p| p == (stream, number));
    let uses = outline.layers.iter().map(|layer| {
        let step = layer.output.residual();
        let stream = |number: Option<usize>| number.and_then(|number| place(true, number));
        let (image, inputs) = match &layer.input {
            LayerInput::Image => (true, vec![]),
            LayerInput::Codes(tensors) => {
                let inputs = tensors.iter().filter_map(|&number| place(false, number));
                (false, inputs.collect())
            }
        };
        Uses {
            image,
            inputs,
            output: layer.output.codes().and_then(|number| place(false, number)),
            base: stream(step.and_then(|step| step.base)),
            result: stream(step.map(|step| step.result)),
        }
    });
    let uses = uses.collect();
    (values, uses)
}

/// The layers that read a value.
fn readers(outline: &Outline, stream: bool, number: usize) -> Vec<usize> {
    let layers = outline.layers.iter().enumerate();
    let reads = layers.filter(|(_, layer)| match (stream, &layer.input) {
        (true, _) => layer
            .output
            .residual()
            .is_some_and(|step| step.base == Some(number)),
        (false, LayerInput::Codes(tensors)) => tensors.contains(&number),
        (false, LayerInput::Image) => false,
    });
    reads.map(|(layer, _)| layer).collect()
}

/// Planes, and words of every bank or column, of all images.
fn size(design: &Design, stream: bool, shape: MapShape) -> (u64, u64) {
    let lanes = if stream { design.columns } else { design.rows };
    let planes = (shape.channels as u64).div_ceil(lanes.max(1).into());
    let plane = u64::from(design.batch) * (shape.height * shape.width) as u64;
    (planes, planes * plane)
}
