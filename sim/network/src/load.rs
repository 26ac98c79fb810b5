//! From description and weights files to a network, with every problem of both.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use cromulent_number::Format;

use crate::batch_norm::BatchNorm;
use crate::bias;
use crate::description::{self, Description, Entry, Kind};
use crate::fields::Source;
use crate::graph::{Convolution, Input, Linear, Network, Op, Shape, Step, Tensor};
use crate::problem::{Problem, Problems};
use crate::shape;
use crate::weights::Weights;

/// Longest description read, in bytes; a line per node of 10,000 nodes.
const MAX_DESCRIPTION: u64 = 1 << 20;

impl Network {
    /// Reads a network from its description file (TOML, see `docs/network-files.md`) and the
    /// weights file (safetensors) that it names.
    ///
    /// A convolution's bias moves into the mean of every batch-norm it reaches, through sums, pools and
    /// concatenations, where the network's output is the same. It stays where it also reaches something else.
    ///
    /// # Errors
    /// Every problem of both files, as far as one can be looked into without the other.
    pub fn load(path: &Path) -> Result<Network, Problems> {
        let text = read_text(path)?;
        let source = Source::new(path.display().to_string(), &text);
        let Some(description) = description::read(&source, path) else {
            return Err(source.into_problems());
        };
        let mut assembly = Assembly::new(&source, &description);
        for entry in &description.nodes {
            assembly.add(entry);
        }
        assembly.refuse_unread(&description.nodes);
        let Assembly {
            steps, problems, ..
        } = assembly;
        let mut all = source.into_problems();
        all.0.extend(problems.0);
        let built = description
            .input
            .zip(steps.into_iter().collect::<Option<Vec<Step>>>());
        let (true, Some((input, steps))) = (all.0.is_empty(), built) else {
            return Err(all);
        };
        let mut network = Network::new(&description.name, input, steps)?;
        bias::fold(&mut network);
        Ok(network)
    }
}

fn read_text(path: &Path) -> Result<String, Problems> {
    let place = path.display().to_string();
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_DESCRIPTION + 1).read_to_end(&mut bytes))
        .map_err(|error| {
            Problem::new(
                &place,
                format!("cannot be read ({error})"),
                "give a network file",
            )
        })?;
    if bytes.len() as u64 > MAX_DESCRIPTION {
        let what = format!("is longer than {MAX_DESCRIPTION} bytes");
        return Err(Problem::new(place, what, "give a network file (TOML)").into());
    }
    String::from_utf8(bytes).map_err(|_| {
        Problem::new(place, "is not text (UTF-8)", "give a network file (TOML)").into()
    })
}

/// A network under construction. What could not be worked out is `None` and has been reported.
struct Assembly<'a> {
    source: &'a Source<'a>,
    weights: Option<Weights>,
    shapes: Vec<Option<Shape>>,
    steps: Vec<Option<Step>>,
    /// Problems of the weights file.
    problems: Problems,
}

impl<'a> Assembly<'a> {
    fn new(source: &'a Source<'a>, description: &Description) -> Assembly<'a> {
        let mut problems = Problems::default();
        let opened = description.weights.as_deref().map(Weights::open);
        let weights = match opened {
            Some(Err(error)) => {
                problems = error;
                None
            }
            Some(Ok(weights)) => Some(weights),
            None => None,
        };
        let image = description.input.as_ref().map(Input::shape);
        Assembly {
            source,
            weights,
            shapes: vec![image],
            steps: vec![],
            problems,
        }
    }

    /// Adds the next node.
    fn add(&mut self, entry: &Entry) {
        let inputs: Option<Vec<Shape>> = entry
            .inputs
            .as_ref()
            .and_then(|inputs| inputs.iter().map(|&i| *self.shapes.get(i)?).collect());
        let first = inputs.as_ref().and_then(|inputs| inputs.first()).copied();
        let kind = entry.kind.clone();
        let op = kind.and_then(|kind| self.op(kind, &entry.tensor, first));
        let shape = op.as_ref().zip(inputs).and_then(|(op, inputs)| {
            let misfit = |(what, fix): (String, String)| {
                let what = format!("node `{}` ({}) {what}", entry.name, op.name());
                self.source.note(entry.offset, what, fix);
            };
            shape::infer(op, &inputs).map_err(misfit).ok()
        });
        self.shapes.push(shape);
        let step = op.zip(entry.inputs.clone());
        self.steps
            .push(step.map(|(op, inputs)| (entry.name.clone(), op, inputs)));
    }

    /// The operation with its weights, read for an input of shape `input`.
    fn op(&mut self, kind: Kind, tensor: &str, input: Option<Shape>) -> Option<Op> {
        match kind {
            Kind::Weightless(op) => Some(op),
            Kind::Convolution { stride, padding } => {
                let channels = input.map(|shape| shape.channels);
                let weight = self.tensor(tensor, "weight", &[None, channels, None, None])?;
                let bias = self.bias(tensor, weight.shape[0])?;
                Some(Op::Convolution(Convolution {
                    weight,
                    bias: bias.unwrap_or_default(),
                    stride,
                    padding,
                }))
            }
            Kind::Linear => {
                let values = input.map(|shape| shape.values());
                let weight = self.tensor(tensor, "weight", &[None, values])?;
                let outputs = weight.shape[0];
                let bias = self
                    .bias(tensor, outputs)?
                    .unwrap_or_else(|| vec![0.0; outputs]);
                Some(Op::Linear(Linear { weight, bias }))
            }
            Kind::BatchNorm { epsilon, format } => {
                let channels = input.map(|shape| shape.channels);
                self.batch_norm(tensor, (epsilon, format), channels)
            }
        }
    }

    fn batch_norm(
        &mut self,
        tensor: &str,
        (epsilon, format): (f64, Option<Format>),
        channels: Option<usize>,
    ) -> Option<Op> {
        // All four are read before any is given up, so that all that are wrong are reported.
        let [scale, shift, mean, variance] =
            ["weight", "bias", "running_mean", "running_var"].map(|part| {
                self.tensor(tensor, part, &[channels])
                    .map(|tensor| widen(tensor.values))
            });
        let variance = variance?;
        if let Some(c) = variance.iter().position(|&variance| variance <= 0.0) {
            let place = self.place(tensor, "running_var");
            let what = format!("the variance of channel {c} is {}", variance[c]);
            let fix = "every variance must be above 0; take a dead channel out of the network";
            self.problems.add(place, what, fix);
            return None;
        }
        Some(Op::BatchNorm(BatchNorm {
            scale: scale?,
            shift: shift?,
            mean: mean?,
            variance,
            epsilon,
            format,
        }))
    }

    fn tensor(&mut self, prefix: &str, part: &str, expected: &[Option<usize>]) -> Option<Tensor> {
        let read = self
            .weights
            .as_mut()?
            .read(&format!("{prefix}.{part}"), expected);
        read.map_err(|problem| self.problems.0.push(problem)).ok()
    }

    /// The bias if the file has one; the outer `None` is a bias that is wrong.
    fn bias(&mut self, prefix: &str, outputs: usize) -> Option<Option<Vec<f32>>> {
        if !self.weights.as_ref()?.has(&format!("{prefix}.bias")) {
            return Some(None);
        }
        self.tensor(prefix, "bias", &[Some(outputs)])
            .map(|bias| Some(bias.values))
    }

    fn place(&self, prefix: &str, part: &str) -> String {
        let file = self.weights.as_ref().map_or("", |weights| weights.name());
        format!("{file}: tensor `{prefix}.{part}`")
    }

    /// Reports nodes that nothing reads: usually a wrong `inputs` further on.
    fn refuse_unread(&self, nodes: &[Entry]) {
        if nodes.iter().any(|node| node.inputs.is_none()) {
            return;
        }
        let mut read = vec![false; nodes.len() + 1];
        nodes
            .iter()
            .flat_map(|node| node.inputs.iter().flatten())
            .for_each(|&i| read[i] = true);
        for (i, node) in nodes.iter().enumerate().take(nodes.len().saturating_sub(1)) {
            if !read[i + 1] {
                let what = format!("nothing reads node `{}`", node.name);
                let fix = "only the last node may be an output: read it or remove it";
                self.source.note(node.offset, what, fix);
            }
        }
    }
}

fn widen(values: Vec<f32>) -> Vec<f64> {
    values.into_iter().map(f64::from).collect()
}
