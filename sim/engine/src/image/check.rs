//! Whether an executor can run an image.

use cromulent_design::{
    Affine, Design, LARGEST_WINDOW, NormWord, OffsetWord, PeKind, RowWord, ThetaWord, WeightWord,
};
use cromulent_number::{Threshold, naf};
use rayon::prelude::*;

use super::flow::Flow;
use super::{Image, ImageError};
use crate::bounds::Bounds;
use crate::constants::{Channel, Constants, Frame};
use crate::layer::{
    Layer, LayerOutput, Operands, PIXEL_BEATS, Storage, registers, stream_mean_bits,
};
use crate::memory;
use crate::term::pad;

/// What is wrong with a part, if anything.
pub(super) type Fault = Result<(), String>;

pub(super) fn require(holds: bool, what: impl FnOnce() -> String) -> Fault {
    if holds { Ok(()) } else { Err(what()) }
}

impl Image {
    /// Checks that every executor can run the image and that none of its sums overflows.
    ///
    /// # Errors
    /// [`ImageError::Invalid`] names the first part that is wrong.
    pub fn check(&self) -> Result<(), ImageError> {
        self.check_design()?;
        let layers = self.layers.par_iter();
        let layers = layers.map(|layer| check_layer(&self.design, layer));
        self.check_with(layers.collect())
    }

    /// The same, but for the layers by themselves: for an image whose words were just made from constants that were
    /// checked.
    pub(crate) fn check_but_words(&self) -> Result<(), ImageError> {
        self.check_design()?;
        self.check_with(vec![Ok(()); self.layers.len()])
    }

    fn check_design(&self) -> Result<(), ImageError> {
        let problems = self.design.validate();
        problems.map_err(|problems| invalid("design", problems.to_string()))
    }

    /// Checks all but the layers by themselves, of which is known what is wrong.
    fn check_with(&self, layers: Vec<Fault>) -> Result<(), ImageError> {
        let mut flow = Flow {
            image: self,
            tensors: vec![false; self.tensors.len()],
            streams: vec![false; self.streams.len()],
        };
        for (i, (layer, fault)) in self.layers.iter().zip(layers).enumerate() {
            let last = i + 1 == self.layers.len();
            fault
                .and_then(|()| flow.layer(layer, last))
                .map_err(|what| invalid(&format!("layer {}", layer.name), what))?;
        }
        require(!self.layers.is_empty(), || "there is none".to_owned())
            .map_err(|what| invalid("layers", what))?;
        memory::check(self).map_err(|what| invalid("memories", what))
    }
}

fn invalid(place: &str, what: String) -> ImageError {
    ImageError::Invalid {
        place: place.to_owned(),
        what,
    }
}

fn check_layer(design: &Design, layer: &Layer) -> Fault {
    let g = &layer.geometry;
    g.check().map_err(|error| error.to_string())?;
    let layout = layer.layout(design);
    require(layout.is_sound(), || {
        "two channels of its input lie in the same words".to_owned()
    })?;
    let expected = registers(design, g, layer.mode, &layer.output, &layer.places);
    require(layer.registers == expected, || {
        "its registers are not those of its shape".to_owned()
    })?;
    expected
        .validate(design)
        .map_err(|faults| faults.join("; "))?;
    let end = layout.range().end;
    require(end <= design.code_depth as usize, || {
        format!("its input ends at word {end} of a code bank, beyond code_depth")
    })?;
    let plain = (g.kernel_height, g.kernel_width, g.padding) == (1, 1, 0);
    require(!layer.mode.pool || plain, || {
        "pools, which takes a 1×1 kernel without padding".to_owned()
    })?;
    if layer.mode.max_pool() {
        check_max_pool(layer)?;
    }
    check_pooling(layer)?;
    check_words(design, layer)?;
    check_constants(design, layer)
}

/// What a max-pool asks for: rows keep their channels, and those of its output begin in bank 0.
fn check_max_pool(layer: &Layer) -> Fault {
    let g = &layer.geometry;
    let square = g.kernel_height == g.kernel_width && g.kernel_width <= LARGEST_WINDOW as usize;
    require(square && g.channels == g.out_channels, || {
        format!("is a max-pool of no square window of at most {LARGEST_WINDOW} pixels")
    })?;
    let [input] = layer.places.input[..] else {
        return Err("is a max-pool of more than one map".to_owned());
    };
    let begins = (input.place.rotation, layer.places.codes.rotation) == (0, 0);
    require(begins, || {
        "is a max-pool of maps that do not begin in bank 0".to_owned()
    })?;
    let codes =
        layer.mode.operands == Operands::Codes && matches!(layer.output, LayerOutput::Codes(_));
    require(codes, || {
        "is a max-pool that takes or gives something else than codes".to_owned()
    })
}

/// What pooling on the way out asks for.
fn check_pooling(layer: &Layer) -> Fault {
    let Some(pooling) = layer.mode.pooling else {
        return Ok(());
    };
    require(pooling.is_possible(&layer.geometry), || {
        "pools its codes by windows that no output pool can do".to_owned()
    })?;
    let coded = layer.output.codes().is_some();
    require(coded && !layer.mode.pool && !layer.mode.max_pool(), || {
        "pools something else on its way out than codes of a map".to_owned()
    })
}

/// The counts and widths of the parameter words.
fn check_words(design: &Design, layer: &Layer) -> Fault {
    let (rows, columns) = (design.rows as usize, design.columns as usize);
    check_weights(design, layer)?;
    let (row_tiles, tiles) = (
        layer.registers.row_tiles as usize,
        layer.registers.column_tiles as usize,
    );
    let places = row_tiles * rows;
    let read = if layer.mode.max_pool() { tiles } else { 1 };
    let mut banks = vec![(
        "row words",
        &layer.row_words,
        places * read,
        RowWord::bits(design),
    )];
    let mut memory = |name, memory, bits, depth| -> Fault {
        let memory: &Vec<Vec<u64>> = memory;
        require(memory.len() == columns, || {
            format!("has {} banks of {name}, not {columns}", memory.len())
        })?;
        banks.extend(memory.iter().map(|bank| (name, bank, depth, bits)));
        Ok(())
    };
    let offsets = OffsetWord::bits(design);
    memory("offsets", &layer.offset_words, offsets, tiles)?;
    let norms = NormWord::bits(design);
    memory("norms", &layer.norm_words, norms, tiles)?;
    require(
        layer.theta_words.len() == design.theta_banks() as usize,
        || "has not one memory per cut".to_owned(),
    )?;
    for thetas in &layer.theta_words {
        memory("thetas", thetas, ThetaWord::bits(design), tiles)?;
    }
    for (name, bank, depth, bits) in banks {
        require(bank.len() == depth, || {
            format!("has {} {name} in a bank, not {depth}", bank.len())
        })?;
        let fits = |&word: &u64| bits >= u64::BITS || word >> bits == 0;
        require(bank.iter().all(fits), || {
            format!("has {name} wider than {bits} bits")
        })?;
    }
    Ok(())
}

/// The count and the widths of the weight words, and that those of idle rows and columns are 0.
fn check_weights(design: &Design, layer: &Layer) -> Fault {
    let (rows, columns) = (design.rows as usize, design.columns as usize);
    let (g, layout, words) = (&layer.geometry, layer.layout(design), &layer.weight_words);
    let places = layer.registers.row_tiles as usize * rows;
    let tiles = layer.registers.column_tiles as usize;
    require(words.lines() == Some(places * tiles), || {
        format!("has not {} lines of weights", places * tiles)
    })?;
    require(words.fit(design), || {
        format!("has weights wider than {} bits", WeightWord::bits(design))
    })?;
    let live = |tile: usize, place: usize| {
        let serves = layout.slot(place / rows, place % rows).is_some();
        if serves && !layer.mode.max_pool() {
            columns.min(g.out_channels - tile * columns)
        } else {
            0
        }
    };
    let lines = (0..tiles).flat_map(|tile| (0..places).map(move |place| (tile, place)));
    let mut lines = lines.map(|(tile, place)| (tile * places + place, live(tile, place)));
    require(lines.all(|(line, live)| words.is_idle(line, live)), || {
        "has constants in idle rows or columns".to_owned()
    })
}

/// The values of the constants, and the sums they make.
fn check_constants(design: &Design, layer: &Layer) -> Fault {
    let constants = Constants::read(design, layer);
    check_places(design, layer, &constants)?;
    let is_power = |&a: &i32| {
        let size = a.unsigned_abs();
        size == 0 || size.is_power_of_two() && size < 1 << (design.weight_bits - 1)
    };
    let powers = design.pe != PeKind::LogLog || constants.a.iter().flatten().all(is_power);
    require(powers, || {
        "has weights that are no powers of two".to_owned()
    })?;
    if layer.mode.max_pool() {
        let plain = |edge: &Threshold| edge.position == 0;
        return require(constants.edges.iter().all(plain), || {
            "is a max-pool with thresholds".to_owned()
        });
    }
    let integers = layer.mode.operands.are_integers();
    if let Some(image) = layer.places.image {
        let digits = image.digits;
        require((1..=PIXEL_BEATS).contains(&digits), || {
            format!("streams pixels of {digits} digits")
        })?;
        let short = |&edge: &Threshold| naf(pad(edge).into()).count() <= digits;
        require(constants.edges.iter().all(short), || {
            "has a pad value of more digits than its pixels".to_owned()
        })?;
    }
    let last = match design.affine {
        _ if layer.mode.operands == Operands::Uncoded => 127,
        _ if integers => 255,
        Affine::Exact => design.format.codes(),
        Affine::Snapped | Affine::Recentred => design.format.codes() - 1,
        Affine::Rectified => 255,
    };
    let edges = constants.edges.iter();
    require(edges.clone().all(|edge| edge.position <= last), || {
        "has a threshold beyond the last code".to_owned()
    })?;
    require(!integers || constants.b.iter().all(|&b| b == 0), || {
        "has a constant B where it streams integers".to_owned()
    })?;
    for channel in &constants.channels {
        let storage = layer.mode.storage;
        check_channel(design, storage, channel, layer.output.residual().is_some())?;
        require(!channel.descending || layer.mode.pooling.is_some(), || {
            "has a direction of a max-pool, which it is not".to_owned()
        })?;
    }
    let layout = layer.layout(design);
    let bounds = Bounds::of(design, &layer.geometry, layer.mode, &layout, &constants);
    let needed = [
        (
            "partial_sum_bits",
            bounds.partial_sum_bits,
            design.sum_bits(),
        ),
        (
            "accumulator_bits",
            bounds.accumulator_bits,
            design.accumulator_bits,
        ),
    ];
    for (field, needed, given) in needed {
        require(needed <= given, || {
            format!("its sums need {field} = {needed}, the design has {given}")
        })?;
    }
    Ok(())
}

/// Whether every word that is no constant (addresses, taps, idle places) is what the shape asks for.
fn check_places(design: &Design, layer: &Layer, constants: &Constants) -> Fault {
    let expected = constants
        .assemble_without_weights(design, &Frame::of(layer))
        .map_err(|error| error.to_string())?;
    require(expected.row_words == layer.row_words, || {
        "its row words are not those of its shape".to_owned()
    })?;
    let idle = expected.offset_words == layer.offset_words
        && expected.norm_words == layer.norm_words
        && expected.theta_words == layer.theta_words;
    require(idle, || "has constants in idle columns".to_owned())
}

fn check_channel(design: &Design, storage: Storage, channel: &Channel, stream: bool) -> Fault {
    let quantizer = &channel.quantizer;
    let one = 1 << design.threshold_fraction_bits;
    let cuts = quantizer.thetas.iter().take(design.format.root() as usize);
    let sound = if design.format.is_scaled() {
        (0..=127).contains(&quantizer.exponent) && quantizer.thetas[0] < 2 * one
    } else if storage == Storage::Integers {
        let shift = u32::try_from(quantizer.exponent);
        shift.is_ok_and(|shift| shift <= design.largest_integer_shift())
    } else {
        (-128..=127).contains(&quantizer.exponent)
            && cuts.clone().all(|theta| (one..=2 * one).contains(theta))
    };
    require(sound, || "has a quantizer constant out of range".to_owned())?;
    let limit = 1i64 << (stream_mean_bits(design) - 1);
    require((-limit..limit).contains(&quantizer.mean), || {
        "has a mean of the residual stream that does not fit accumulator_bits".to_owned()
    })?;
    let plain = (channel.align, channel.floor, quantizer.mean) == (0, 0, 0);
    require(stream || plain, || {
        "has constants of the residual stream, which it does not feed".to_owned()
    })
}
