//! The same layers, counted by SCALE-Sim's rules and by ours.

use cromulent_design::{Command, Design, LayerRegisters};

use super::{LayerShape, ScaleSim, scale_sim};
use crate::geometry::LayerGeometry;
use crate::image_input::{ImageInput, choices};
use crate::layer::{
    LayerMode, LayerOutput, Operands, PIXEL_BEATS, Places, Storage, Task, registers,
};
use crate::layout::{Map, Place};
use crate::timing::{self, LayerTiming, Memory};

/// A layer in both counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// The layer's name.
    pub name: String,
    /// Multiply-accumulates.
    pub macs: u64,
    /// SCALE-Sim's count.
    pub scale_sim: ScaleSim,
    /// Our cycles, from the layer's start to its last word.
    pub cycles: u64,
    /// What makes the difference.
    pub terms: Terms,
}

/// Cycles that SCALE-Sim counts and we do not, by cause; negative where it is the other way round. They add up to
/// SCALE-Sim's cycles less ours.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Terms {
    /// Loading and skew of every fold, which our array hides behind the tile before: folds × (2·rows + columns − 2).
    pub overhead: i64,
    /// Folds less tiles, times output positions. Our rows serve one tap each, so that a tap whose channels do not
    /// fill the rows leaves some idle.
    pub tiles: i64,
    /// Our beats of the image after the first: it is streamed digit by digit.
    pub digits: i64,
    /// Our cycles without a beat while the weights of a tile are awaited: the first tile, and tiles of fewer
    /// positions than the array has rows.
    pub weights: i64,
    /// Our first cycle of a layer, its fill and its drain, once a layer: skew, accumulator and quantizer.
    pub once: i64,
    /// Our cycles that wait for room for results.
    pub output: i64,
    /// SCALE-Sim's report is the number of the last cycle, counted from 0.
    pub from_zero: i64,
}

impl Terms {
    /// SCALE-Sim's cycles less ours.
    pub fn sum(&self) -> i64 {
        self.overhead
            + self.tiles
            + self.digits
            + self.weights
            + self.once
            + self.output
            + self.from_zero
    }
}

/// Runs layers, one after the other, each from codes to codes, behind this memory. A first layer of a few channels is fed
/// with an image, if the design has digits.
pub fn compare(design: &Design, layers: &[LayerShape], memory: Memory) -> Vec<Comparison> {
    let planned = plan(design, layers);
    let timing = timing::run(design, &commands(design, layers), memory);
    let rows = layers.iter().zip(&planned).zip(&timing.layers);
    rows.map(|((layer, registers), timing)| row(design, layer, registers, timing))
        .collect()
}

/// The program of layers that run one after the other, each from codes to codes, as far as timing goes: values lie
/// nowhere in particular.
pub fn commands(design: &Design, layers: &[LayerShape]) -> Vec<Command> {
    let planned = plan(design, layers).into_iter();
    planned.map(Command::Layer).chain([Command::End]).collect()
}

/// Channels that an image has at most.
const IMAGE_CHANNELS: usize = 4;

fn plan(design: &Design, layers: &[LayerShape]) -> Vec<LayerRegisters> {
    let integers = design.takes_integers();
    let layers = layers.iter().enumerate();
    layers
        .map(|(place, layer)| {
            let is_image = place == 0 && layer.geometry.channels <= IMAGE_CHANNELS;
            let operands = match integers && is_image {
                true => Operands::Integers,
                false => Operands::Codes,
            };
            plan_layer(design, layer, operands)
        })
        .collect()
}

fn plan_layer(design: &Design, layer: &LayerShape, operands: Operands) -> LayerRegisters {
    let mode = LayerMode {
        task: Task::Learnt,
        operands,
        pool: false,
        raw: false,
        storage: Storage::Codes,
        pooling: None,
    };
    // No cycle depends on an address.
    let places = Places {
        input: vec![Map {
            channels: layer.geometry.channels,
            place: Place::default(),
        }],
        image: (operands == Operands::Integers).then(|| image_input(design, &layer.geometry)),
        ..Places::default()
    };
    registers(
        design,
        &layer.geometry,
        mode,
        &LayerOutput::Codes(0),
        &places,
    )
}

/// The fastest way to store the image.
fn image_input(design: &Design, geometry: &LayerGeometry) -> ImageInput {
    let choices = choices(design, std::slice::from_ref(geometry), PIXEL_BEATS);
    choices
        .first()
        .map_or(ImageInput::SHARED, |choice| choice.input)
}

fn row(
    design: &Design,
    layer: &LayerShape,
    registers: &LayerRegisters,
    timing: &LayerTiming,
) -> Comparison {
    let geometry = &layer.geometry;
    let theirs = scale_sim(design.rows, design.columns, geometry);
    let tiles = i64::from(registers.row_tiles) * i64::from(registers.column_tiles);
    let positions = geometry.positions() as i64;
    let (folds, causes) = (theirs.folds.cast_signed(), &timing.causes);
    let lost = |cycles: u64| -cycles.cast_signed();
    Comparison {
        name: layer.name.clone(),
        macs: geometry.macs(false),
        scale_sim: theirs,
        cycles: timing.cycles,
        terms: Terms {
            overhead: folds * theirs.overhead.cast_signed(),
            tiles: (folds - tiles) * positions,
            digits: -tiles * (i64::from(registers.beats) - 1) * positions,
            weights: lost(causes.stall_weights),
            // The cycle a layer starts in belongs to no cause of its own.
            once: lost(1 + causes.stall_fill + causes.stall_drain),
            output: lost(causes.stall_output),
            from_zero: -1,
        },
    }
}
