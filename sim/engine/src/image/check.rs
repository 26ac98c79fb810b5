//! Whether an executor can run an image.

use cromulent_design::{Affine, Design, OffsetWord, RowWord, ThetaWord, WeightWord};
use cromulent_number::{Format, Quantizer};

use super::{Image, ImageError, MapShape};
use crate::bounds::Bounds;
use crate::constants::Constants;
use crate::layer::{
    Layer, LayerInput, LayerOutput, Normalisation, Operands, ResidualStep, registers,
};

/// What is wrong with a part, if anything.
type Fault = Result<(), String>;

fn require(holds: bool, what: impl FnOnce() -> String) -> Fault {
    if holds { Ok(()) } else { Err(what()) }
}

impl Image {
    /// Checks that every executor can run the image and that none of its sums overflows.
    ///
    /// # Errors
    /// [`ImageError::Invalid`] names the first part that is wrong.
    pub fn check(&self) -> Result<(), ImageError> {
        let invalid = |place: &str, what: String| ImageError::Invalid {
            place: place.to_owned(),
            what,
        };
        self.design
            .validate()
            .map_err(|problems| invalid("design", problems.to_string()))?;
        let mut flow = Flow {
            image: self,
            tensors: vec![false; self.tensors.len()],
            streams: vec![false; self.streams.len()],
        };
        for (i, layer) in self.layers.iter().enumerate() {
            let last = i + 1 == self.layers.len();
            check_layer(&self.design, layer)
                .and_then(|()| flow.layer(layer, last))
                .map_err(|what| invalid(&format!("layer {}", layer.name), what))?;
        }
        require(!self.layers.is_empty(), || "there is none".to_owned())
            .map_err(|what| invalid("layers", what))
    }
}

/// Which values have been written so far.
struct Flow<'a> {
    image: &'a Image,
    tensors: Vec<bool>,
    streams: Vec<bool>,
}

impl Flow<'_> {
    fn layer(&mut self, layer: &Layer, last: bool) -> Fault {
        self.input(layer)?;
        let shape = output_shape(layer);
        let codes = matches!(layer.output, LayerOutput::Codes(_));
        require(codes != layer.mode.raw, || {
            "its words are codes where integers are wanted, or the reverse".to_owned()
        })?;
        let scores = matches!(layer.output, LayerOutput::Scores { .. });
        require(scores == last, || {
            "the scores are to come from the last layer, and from no other".to_owned()
        })?;
        match &layer.output {
            LayerOutput::Codes(tensor) => self.write_tensor(*tensor, shape),
            LayerOutput::Residual(step) => self.residual(step, shape),
            LayerOutput::Scores { unit } => require(unit.is_finite() && *unit > 0.0, || {
                format!("the unit of the scores is {unit}")
            }),
        }
    }

    fn input(&self, layer: &Layer) -> Fault {
        let g = &layer.geometry;
        let wanted = MapShape {
            channels: g.channels,
            height: g.height,
            width: g.width,
        };
        let (found, integers) = match layer.input {
            LayerInput::Image => (self.image.input, true),
            LayerInput::Codes(tensor) => {
                require(self.tensors.get(tensor) == Some(&true), || {
                    format!("reads code tensor {tensor} before it is written")
                })?;
                (self.image.tensors[tensor], false)
            }
        };
        require(found == wanted, || {
            format!("takes {wanted} values, its input has {found}")
        })?;
        require(
            integers == (layer.mode.operands == Operands::Integers),
            || "takes integers from codes, or the reverse".to_owned(),
        )
    }

    fn write_tensor(&mut self, tensor: usize, shape: MapShape) -> Fault {
        write(&mut self.tensors, &self.image.tensors, tensor, shape)
            .map_err(|what| format!("code tensor {tensor} {what}"))
    }

    fn residual(&mut self, step: &ResidualStep, shape: MapShape) -> Fault {
        require(step.shifts.len() == shape.channels, || {
            "has not one alignment per channel".to_owned()
        })?;
        if let Some(base) = step.base {
            let written = self.streams.get(base) == Some(&true);
            require(written && self.image.streams[base] == shape, || {
                format!("adds to stream value {base}, which is not there or of another shape")
            })?;
        }
        write(&mut self.streams, &self.image.streams, step.result, shape)
            .map_err(|what| format!("stream value {} {what}", step.result))?;
        for normalisation in &step.normalise {
            self.normalisation(normalisation, shape)?;
        }
        Ok(())
    }

    fn normalisation(&mut self, normalisation: &Normalisation, shape: MapShape) -> Fault {
        let quantizers = &normalisation.quantizers;
        require(quantizers.len() == shape.channels, || {
            "has not one quantizer per channel".to_owned()
        })?;
        for quantizer in quantizers {
            check_quantizer(&self.image.design, quantizer)?;
        }
        self.write_tensor(normalisation.tensor, shape)
    }
}

/// Marks a value as written.
fn write(written: &mut [bool], shapes: &[MapShape], value: usize, shape: MapShape) -> Fault {
    let (Some(written), Some(&found)) = (written.get_mut(value), shapes.get(value)) else {
        return Err("is not declared".to_owned());
    };
    require(found == shape, || {
        format!("has {found} values, not {shape}")
    })?;
    require(!std::mem::replace(written, true), || {
        "is written twice".to_owned()
    })
}

/// The shape of what a layer computes.
pub(crate) fn output_shape(layer: &Layer) -> MapShape {
    let g = &layer.geometry;
    let (height, width) = if layer.mode.pool {
        (1, 1)
    } else {
        (g.out_height(), g.out_width())
    };
    MapShape {
        channels: g.out_channels,
        height,
        width,
    }
}

fn check_layer(design: &Design, layer: &Layer) -> Fault {
    let g = &layer.geometry;
    g.check().map_err(|error| error.to_string())?;
    let expected = registers(design, g, layer.mode);
    require(layer.registers == expected, || {
        "its registers are not those of its shape".to_owned()
    })?;
    expected
        .validate(design)
        .map_err(|faults| faults.join("; "))?;
    let words = g.bank_words(design.rows as usize);
    require(words <= design.code_depth as usize, || {
        format!("its input fills {words} words of a code bank, more than code_depth")
    })?;
    let plain = (g.kernel_height, g.kernel_width, g.padding) == (1, 1, 0);
    require(!layer.mode.pool || plain, || {
        "pools, which takes a 1×1 kernel without padding".to_owned()
    })?;
    check_words(design, layer)?;
    check_constants(design, layer)
}

/// The counts and widths of the parameter words.
fn check_words(design: &Design, layer: &Layer) -> Fault {
    let (rows, columns) = (design.rows as usize, design.columns as usize);
    let places = layer.geometry.row_tiles(rows) * rows;
    let tiles = layer.geometry.column_tiles(columns);
    let mut banks = vec![("row words", &layer.row_words, places, RowWord::bits(design))];
    let mut memory = |name, memory, bits, depth| -> Fault {
        let memory: &Vec<Vec<u64>> = memory;
        require(memory.len() == columns, || {
            format!("has {} banks of {name}, not {columns}", memory.len())
        })?;
        banks.extend(memory.iter().map(|bank| (name, bank, depth, bits)));
        Ok(())
    };
    let weights = WeightWord::bits(design);
    memory("weights", &layer.weight_words, weights, places * tiles)?;
    let offsets = OffsetWord::bits(design);
    memory("offsets", &layer.offset_words, offsets, tiles)?;
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

/// The values of the constants, and the sums they make.
fn check_constants(design: &Design, layer: &Layer) -> Fault {
    let constants = Constants::read(design, layer);
    check_places(design, layer, &constants)?;
    let integers = layer.mode.operands == Operands::Integers;
    let last = match design.affine {
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
    for quantizer in &constants.quantizers {
        check_quantizer(design, quantizer)?;
    }
    let bounds = Bounds::of(design, &layer.geometry, layer.mode, &constants);
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
        .assemble(
            design,
            &layer.name,
            layer.geometry,
            layer.mode,
            layer.input,
            layer.output.clone(),
        )
        .map_err(|error| error.to_string())?;
    require(expected.row_words == layer.row_words, || {
        "its row words are not those of its shape".to_owned()
    })?;
    let idle = expected.weight_words == layer.weight_words
        && expected.offset_words == layer.offset_words
        && expected.theta_words == layer.theta_words;
    require(idle, || "has constants in idle rows or columns".to_owned())
}

fn check_quantizer(design: &Design, quantizer: &Quantizer) -> Fault {
    let one = 1 << design.threshold_fraction_bits;
    let cuts = quantizer.thetas.iter().take(design.format.root() as usize);
    let sound = if design.format == Format::I8 {
        (0..=127).contains(&quantizer.exponent) && quantizer.thetas[0] < 2 * one
    } else {
        (-128..=127).contains(&quantizer.exponent)
            && cuts.clone().all(|theta| (one..=2 * one).contains(theta))
    };
    require(sound, || "has a quantizer constant out of range".to_owned())
}
