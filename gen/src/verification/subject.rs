//! What is verified: a whole network on an image, or one layer of it.

use cromulent_design::Design;
use cromulent_engine::program::{self, Program};
use cromulent_engine::{
    Activations, Executor as EngineExecutor, Image, Layer, OutputWord, Runner, cycle_model,
    reference,
};

use crate::Error;

/// A program and its input, and who computes what should come of it.
pub struct Subject<'a> {
    /// The design.
    pub design: &'a Design,
    /// The program.
    pub program: Program,
    /// The input.
    pub input: Vec<u8>,
    /// The layers it runs.
    pub layers: &'a [Layer],
    /// Which image, from 0; of a batch the first.
    pub image: usize,
    /// The true class of each image, if it is known; none where there are no scores.
    pub labels: Vec<Option<u8>>,
    kind: Kind<'a>,
}

enum Kind<'a> {
    Network {
        runner: &'a Runner<'a>,
        pixels: &'a [u8],
    },
    Layer {
        alone: Box<Layer>,
        activations: Activations,
    },
}

/// What an executor of the engine computed.
pub struct Computed {
    /// The words of each layer.
    pub layers: Vec<Vec<OutputWord>>,
    /// The scores.
    pub results: Vec<i64>,
    /// Words of the residual stream that saturated.
    pub saturations: u64,
}

impl<'a> Subject<'a> {
    /// A network on an image; pixels 0..=255, row by row, channel fastest. Of a design that computes several images
    /// together on as many, one after another.
    ///
    /// # Errors
    /// Pixels that are not the network's image.
    pub fn network(
        image: &'a Image,
        runner: &'a Runner<'a>,
        pixels: &'a [u8],
    ) -> Result<Subject<'a>, Error> {
        Ok(Subject {
            design: &image.design,
            program: Program::of(image),
            input: program::input_lines(image, pixels)?,
            layers: &image.layers,
            image: 0,
            labels: vec![None; image.batch()],
            kind: Kind::Network { runner, pixels },
        })
    }

    /// One layer on an input.
    ///
    /// # Errors
    /// Activations that are no input of the layer.
    pub fn layer(
        design: &'a Design,
        layer: &'a Layer,
        activations: Activations,
    ) -> Result<Subject<'a>, Error> {
        let (program, input) = program::single(design, layer, &activations)?;
        Ok(Subject {
            design,
            program,
            input,
            layers: std::slice::from_ref(layer),
            image: 0,
            labels: vec![None; design.batch as usize],
            kind: Kind::Layer {
                alone: Box::new(layer.alone()),
                activations,
            },
        })
    }

    /// What one of the engine's executors makes of it.
    ///
    /// # Errors
    /// None that a network and its image can give.
    pub fn compute(&self, executor: EngineExecutor) -> Result<Computed, Error> {
        match &self.kind {
            Kind::Network { runner, pixels } => {
                let run = runner.run(pixels, executor)?;
                let saturations = run.layers.iter().map(|layer| layer.saturations).sum();
                Ok(Computed {
                    layers: run.layers.into_iter().map(|layer| layer.words).collect(),
                    results: run.results,
                    saturations,
                })
            }
            Kind::Layer { alone, activations } => self.compute_layer(alone, activations, executor),
        }
    }

    fn compute_layer(
        &self,
        layer: &Layer,
        activations: &Activations,
        executor: EngineExecutor,
    ) -> Result<Computed, Error> {
        let (words, saturations) = match executor {
            EngineExecutor::Reference => (reference::run(self.design, layer, activations)?, 0),
            EngineExecutor::CycleModel => {
                let run = cycle_model::run(self.design, layer, activations)?;
                (run.words, run.counters.saturations)
            }
        };
        let results = match layer.registers.scores {
            true => words.iter().map(|word| word.value).collect(),
            false => vec![],
        };
        Ok(Computed {
            layers: vec![words],
            results,
            saturations,
        })
    }
}
