//! One layer, prepared.

use cromulent_design::Design;
use cromulent_kernels::{Channel, Finish, Operand, Outputs, ResidualUse};
use rayon::prelude::*;

use crate::constants::Constants;
use crate::fast::Path;
use crate::fast::convolution::Convolution;
use crate::fast::max_pool::MaxPool;
use crate::fast::operands::Plan;
use crate::fast::pooled::Pooled;
use crate::fast::workspace::{Forgets, Workspace};
use crate::image::output_shape;
use crate::layer::{Layer, LayerInput, LayerOutput, ResidualStep, Storage};

/// A layer's constants, packed, and what becomes of its sums.
#[derive(Debug)]
pub(super) struct FastLayer {
    pub input: LayerInput,
    /// The tensor it writes.
    pub codes: Option<usize>,
    /// What it does with the residual stream.
    pub residual: Option<ResidualStep>,
    pub forgets: Forgets,
    scores: bool,
    positions: usize,
    channels: usize,
    work: Work,
    /// Pools its codes as they leave.
    pool: Option<MaxPool>,
}

/// What it does.
#[derive(Debug)]
enum Work {
    Sums(Box<(SumsBy, Finish)>),
    Max(MaxPool),
}

/// How its sums are made.
#[derive(Debug)]
enum SumsBy {
    Bytes(Convolution<u8>),
    Words(Convolution<i16>),
    Pooled(Box<Pooled>),
}

impl FastLayer {
    pub fn new(design: &Design, layer: &Layer, path: Path) -> FastLayer {
        let constants = Constants::read(design, layer);
        let shape = output_shape(layer);
        FastLayer {
            input: layer.input.clone(),
            codes: layer.output.codes(),
            residual: layer.output.residual().copied(),
            forgets: Forgets::default(),
            scores: matches!(layer.output, LayerOutput::Scores { .. }),
            positions: shape.height * shape.width,
            channels: shape.channels,
            work: match layer.mode.max_pool() {
                true => Work::Max(MaxPool::new(design, &layer.geometry, &constants)),
                false => Work::of_sums(design, layer, &constants, path),
            },
            pool: layer.mode.pooling.map(|pooling| {
                let codes = layer.mode.storage != Storage::Integers;
                let format = codes.then_some(design.format);
                MaxPool::behind(format, &pooling.windows(&layer.geometry), &constants)
            }),
        }
    }

    /// Runs the layer on what lies in a workspace: its scores, if it gives them, and how many words of the
    /// stream saturated.
    pub fn run(&self, pixels: &[u8], workspace: &mut Workspace, threads: usize) -> (Vec<i64>, u64) {
        let length = self.positions * self.channels;
        let mut codes = self.codes.map_or(vec![], |_| workspace.codes(length));
        let mut stream = self.residual.map_or(vec![], |_| workspace.stream(length));
        let mut scores = if self.scores { vec![0; length] } else { vec![] };
        let (mut bytes, mut words) = (
            std::mem::take(&mut workspace.bytes),
            std::mem::take(&mut workspace.words),
        );
        let inputs: Vec<&[u8]> = match &self.input {
            LayerInput::Image => vec![pixels],
            LayerInput::Codes(tensors) => {
                let tensor = |&tensor: &usize| workspace.tensors[tensor].as_slice();
                tensors.iter().map(tensor).collect()
            }
        };
        let base = self.residual.and_then(|step| step.base);
        let outputs = Outputs {
            position: 0,
            base: base.map_or(&[], |base| &workspace.streams[base]),
            stream: &mut stream,
            codes: &mut codes,
            words: &mut scores,
            saturations: 0,
        };
        let saturations = match &self.work {
            Work::Max(pool) => {
                pool.run(inputs[0], &mut bytes, outputs.codes, threads);
                0
            }
            Work::Sums(work) => {
                let (sums, finish) = &**work;
                match sums {
                    SumsBy::Bytes(convolution) => {
                        self.convolve((convolution, finish), &inputs, &mut bytes, outputs, threads)
                    }
                    SumsBy::Words(convolution) => {
                        self.convolve((convolution, finish), &inputs, &mut words, outputs, threads)
                    }
                    SumsBy::Pooled(pooled) => {
                        let sums = pooled.sums(&inputs, &mut words, threads);
                        let mut outputs = outputs;
                        for (channel, &sum) in sums.iter().enumerate() {
                            finish.word(0, channel, sum, &mut outputs);
                        }
                        outputs.saturations
                    }
                }
            }
        };
        if let Some(pool) = &self.pool {
            let mut pooled = workspace.codes(pool.length());
            pool.run(&codes, &mut bytes, &mut pooled, threads);
            workspace.give_back(std::mem::replace(&mut codes, pooled));
            if self.residual.is_some_and(|step| step.pooled) {
                let mut pooled = workspace.stream(pool.length());
                pool.words(&stream, &mut pooled);
                workspace.give_back_stream(std::mem::replace(&mut stream, pooled));
            }
        }
        (workspace.bytes, workspace.words) = (bytes, words);
        if let Some(tensor) = self.codes {
            workspace.tensors[tensor] = codes;
        }
        if let Some(step) = self.residual {
            workspace.streams[step.result] = stream;
        }
        (scores, saturations)
    }

    /// Multiplies and finishes, strip by strip.
    fn convolve<T: Operand>(
        &self,
        (convolution, finish): (&Convolution<T>, &Finish),
        inputs: &[&[u8]],
        buffer: &mut Vec<T>,
        outputs: Outputs,
        threads: usize,
    ) -> u64 {
        convolution.expand(inputs, buffer, threads);
        let buffer = buffer.as_slice();
        let each_thread = self.positions.div_ceil(threads);
        let strip = convolution.strip().min(each_thread);
        let run = |mut outputs: Outputs| {
            let end = self.positions.min(outputs.position + strip);
            convolution.tiles(buffer, outputs.position..end, |tile| {
                finish.tile(tile, &mut outputs);
            });
            outputs.saturations
        };
        let strips = self.strips(outputs, strip);
        match threads {
            1 => strips.into_iter().map(run).sum(),
            _ => strips.into_par_iter().map(run).sum(),
        }
    }

    /// The outputs, cut into strips of so many positions.
    fn strips<'a>(&self, outputs: Outputs<'a>, strip: usize) -> Vec<Outputs<'a>> {
        let length = strip * self.channels;
        let Outputs {
            base,
            stream,
            codes,
            words,
            ..
        } = outputs;
        let mut base = base.chunks(length);
        let mut stream = stream.chunks_mut(length);
        let mut codes = codes.chunks_mut(length);
        let mut words = words.chunks_mut(length);
        let strips = (0..self.positions).step_by(strip);
        let strips = strips.map(|position| Outputs {
            position,
            base: base.next().unwrap_or_default(),
            stream: stream.next().unwrap_or_default(),
            codes: codes.next().unwrap_or_default(),
            words: words.next().unwrap_or_default(),
            saturations: 0,
        });
        strips.collect()
    }
}

impl Work {
    fn of_sums(design: &Design, layer: &Layer, constants: &Constants, path: Path) -> Work {
        let plan = Plan::new(design, layer, constants, path);
        let geometry = &layer.geometry;
        let inputs: Vec<usize> = match &layer.input {
            LayerInput::Image => vec![geometry.channels],
            LayerInput::Codes(_) => layer.places.input.iter().map(|map| map.channels).collect(),
        };
        let (sums, bound) = if layer.mode.pool {
            let pooled = Pooled::new(geometry, &plan, &inputs, path);
            let bound = pooled.bound();
            (SumsBy::Pooled(Box::new(pooled)), bound)
        } else if plan.bytes {
            let convolution = Convolution::new(geometry, &plan, &inputs, path);
            let bound = convolution.panels.bound();
            (SumsBy::Bytes(convolution), bound)
        } else {
            let convolution = Convolution::new(geometry, &plan, &inputs, path);
            let bound = convolution.panels.bound();
            (SumsBy::Words(convolution), bound)
        };
        let channels = channels(constants, &plan, geometry.out_channels);
        let residual = layer.output.residual();
        let used = residual.map(|step| ResidualUse {
            bits: design.stream_bits,
            clamp: step.clamp,
        });
        let finish = Finish::new(
            path,
            layer.mode.storage.codes(design),
            &channels,
            used,
            bound,
        );
        Work::Sums(Box::new((sums, finish)))
    }
}

/// What becomes of each sum, which the shift of the operands has made larger.
fn channels(constants: &Constants, plan: &Plan, count: usize) -> Vec<Channel> {
    let mut weights = vec![0i64; count];
    for row in plan.weights.chunks(count) {
        for (sum, &weight) in weights.iter_mut().zip(row) {
            *sum += i64::from(weight);
        }
    }
    let channel = |(channel, weights): (&crate::constants::Channel, i64)| Channel {
        offset: channel.offset + i64::from(plan.shift) * weights,
        align: channel.align,
        floor: channel.floor,
        quantizer: channel.quantizer,
    };
    constants
        .channels
        .iter()
        .zip(weights)
        .map(channel)
        .collect()
}
