//! Whether the values of a program lie apart while they live.

use std::ops::Range;

use super::{Span, Uses, Values, resident, spans, stream_words};
use crate::image::{Image, MapShape};
use crate::layer::Layer;
use crate::layout::Place;

/// Words of some banks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Area {
    pub banks: Range<usize>,
    pub words: Range<usize>,
}

impl Area {
    pub fn meets(&self, other: &Area) -> bool {
        let meet = |a: &Range<usize>, b: &Range<usize>| a.start < b.end && b.start < a.end;
        meet(&self.banks, &other.banks) && meet(&self.words, &other.words)
    }
}

/// Checks that every value of an image lies inside its memory, and apart from all that live with it; or, where
/// code tensors move, that each is on chip when it is read.
///
/// # Errors
/// The first two values that overlap, or the first one that is outside.
pub(crate) fn check(image: &Image) -> Result<(), String> {
    let batch = |shape: MapShape| shape.of_batch(image.batch());
    let tensors = image.tensors.iter().map(|tensor| batch(tensor.shape));
    let streams = image.streams.iter().map(|value| batch(value.shape));
    let values = Values {
        image: None,
        tensors: tensors.collect(),
        integers: vec![],
        streams: streams.collect(),
    };
    let layers = image.layers.iter();
    let uses: Vec<Uses> = layers
        .map(|l| Uses::of(&l.input, &l.output, l.mode))
        .collect();
    let spans = spans(&values, &uses);
    check_codes(image, spans.image, &spans.tensors)?;
    check_streams(image, &uses, &spans.streams)
}

/// A value, by name, with the words it fills and when.
struct Kept {
    name: String,
    span: Span,
    areas: Vec<Area>,
}

fn check_codes(image: &Image, fetched: Span, tensors: &[Option<Span>]) -> Result<(), String> {
    let rows = image.design.rows as usize;
    let mut kept = Vec::new();
    let mut readers = image.image_readers();
    if let Some(first) = readers.next() {
        let layout = first.layout(&image.design);
        let stored = |layer: &Layer| layer.layout(&image.design).stored() == layout.stored();
        if !readers.all(stored) {
            return Err("the image is stored for one layer, and another one reads it".to_owned());
        }
        kept.push(Kept {
            name: "the image".to_owned(),
            span: fetched,
            // It is fetched into all banks.
            areas: vec![Area {
                banks: 0..rows,
                words: layout.range(),
            }],
        });
    }
    for (number, (tensor, span)) in image.tensors.iter().zip(tensors).enumerate() {
        let Some(span) = *span else {
            continue;
        };
        if tensor.place.rotation >= rows {
            return Err(format!(
                "code tensor {number} begins in a bank there is not"
            ));
        }
        kept.push(Kept {
            name: format!("code tensor {number}"),
            span,
            areas: tensor_areas(rows, &tensor.shape.of_batch(image.batch()), tensor.place),
        });
    }
    for (number, value) in kept.iter().enumerate() {
        let depth = image.design.code_depth as usize;
        if value.areas.iter().any(|area| area.words.end > depth) {
            return Err(format!("{} lies beyond code_depth = {depth}", value.name));
        }
        if image.moves.is_empty() {
            apart(value, &kept[..number])?;
        }
    }
    if image.moves.is_empty() {
        Ok(())
    } else {
        resident::check(image)
    }
}

fn apart(value: &Kept, others: &[Kept]) -> Result<(), String> {
    for other in others {
        let meet = |area: &Area| other.areas.iter().any(|theirs| theirs.meets(area));
        if other.span.meets(&value.span) && value.areas.iter().any(meet) {
            let (one, two) = (&other.name, &value.name);
            return Err(format!("{one} and {two} lie in the same words"));
        }
    }
    Ok(())
}

pub(super) fn tensor_areas(rows: usize, shape: &MapShape, place: Place) -> Vec<Area> {
    let plane = shape.height * shape.width;
    let end = place.rotation + shape.channels;
    let area = |number: usize| {
        let address = place.address + number * plane;
        Area {
            banks: place.rotation.saturating_sub(number * rows)..rows.min(end - number * rows),
            words: address..address + plane,
        }
    };
    (0..place.planes(rows, shape.channels)).map(area).collect()
}

fn check_streams(image: &Image, uses: &[Uses], spans: &[Option<Span>]) -> Result<(), String> {
    let columns = image.design.columns as usize;
    let depth = image.design.stream_depth as usize;
    let mut kept: Vec<(usize, Kept)> = Vec::new();
    for (layer, uses) in uses.iter().enumerate() {
        let Some(result) = uses.result else {
            continue;
        };
        let (Some(value), Some(Some(span))) = (image.streams.get(result), spans.get(result)) else {
            continue;
        };
        let words = stream_words(columns, &value.shape.of_batch(image.batch()));
        let kept_here = Kept {
            name: format!("stream value {result}"),
            span: *span,
            areas: vec![Area {
                banks: 0..1,
                words: value.base..value.base.saturating_add(words),
            }],
        };
        if kept_here.areas[0].words.end > depth {
            return Err(format!(
                "{} lies beyond stream_depth = {depth}",
                kept_here.name
            ));
        }
        for (number, other) in &kept {
            // Written in place: the same words, read for the last time.
            let in_place = uses.base == Some(*number)
                && other.span.last == layer + 1
                && other.areas == kept_here.areas;
            if !in_place {
                apart(&kept_here, std::slice::from_ref(other))?;
            }
        }
        kept.push((result, kept_here));
    }
    Ok(())
}
