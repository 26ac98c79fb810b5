//! Weights without a graph: safetensors whose tensors are named as PyTorch's models of ResNets name them.
//!
//! Two families are known by their names. Post-activation ResNets, as torchvision and akamaster write them: `conv1`,
//! `bn1`, `layer1.0.conv1` …, a projection as `downsample` or `shortcut`, or else a shortcut without parameters; `fc` or
//! `linear`. Pre-activation ones, as this project writes them: `conv1`, `blocks.0.bn1` …, `bn`, `fc`.

use std::collections::BTreeMap;
use std::path::Path;

use cromulent_network::{
    BatchNorm, Convolution, Input, Linear, Op, Problem, Problems, Tensor, safetensors, topology,
};

use crate::graph::{Graph, Kind, View};
use crate::normalise::Normalisation;

/// The topologies whose weights can be read, by name and depth.
const KNOWN: [(&str, usize); 4] = [
    ("resnet18", 18),
    ("resnet20", 20),
    ("resnet44", 44),
    ("resnet50", 50),
];

/// What PyTorch adds to a variance.
const EPSILON: f64 = 1e-5;

/// Reads a safetensors file as the weights of a known network.
///
/// # Errors
/// An unknown name, a file that is no safetensors, tensors that are missing or of other shapes.
pub fn read(
    path: &Path,
    name: &str,
    normalisation: Option<&Normalisation>,
) -> Result<Graph, Problems> {
    let known = KNOWN.iter().find(|(known, _)| *known == name);
    let (Some(&(_, depth)), Some(network)) = (known, topology(name)) else {
        let what = format!("weights of `{name}` cannot be read without a graph");
        let names = KNOWN.map(|(known, _)| known).join(", ");
        return Err(Problem::new(
            "--topology",
            what,
            format!("give one of {names}, or an ONNX file"),
        )
        .into());
    };
    let tensors = safetensors(path)?;
    let place = path.display().to_string();
    let layers = tensors
        .values()
        .filter(|tensor| [2, 4].contains(&tensor.shape.len()))
        .count();
    let projections = |name: &&String| name.contains("downsample") || name.contains("shortcut");
    let projections = tensors
        .keys()
        .filter(|name| name.ends_with(".weight"))
        .filter(projections);
    let projections = projections
        .filter(|name| tensors[*name].shape.len() == 4)
        .count();
    if layers - projections != depth {
        let what = format!(
            "has {} convolutions and linear layers, shortcuts left out",
            layers - projections
        );
        return Err(Problem::new(place, what, format!("{name} has {depth}")).into());
    }
    let usual = Normalisation::or_usual(normalisation, network.input.channels);
    let usual = usual.map_err(|(what, fix)| Problem::new(&place, what, fix))?;
    let input = Input {
        mean: usual.mean,
        std: usual.std,
        ..network.input
    };
    let stem = path
        .file_stem()
        .map_or(name.into(), |stem| stem.to_string_lossy());
    build(&tensors, input, &stem, &place)
}

/// Puts a ResNet together from its tensors; `place` is where they are from.
///
/// # Errors
/// Every tensor that is missing; shapes that do not fit.
pub fn build(
    tensors: &BTreeMap<String, Tensor>,
    input: Input,
    name: &str,
    place: &str,
) -> Result<Graph, Problems> {
    let mut builder = Builder {
        tensors,
        graph: Graph::new(name, input),
        problems: Problems::default(),
        place,
    };
    let output = match tensors.contains_key("blocks.0.conv1.weight") {
        true => builder.pre_activation(),
        false => builder.post_activation(),
    };
    let Builder {
        mut graph,
        problems,
        ..
    } = builder;
    problems.or(())?;
    graph.output = output;
    graph.shapes()?;
    Ok(graph)
}

struct Builder<'a> {
    tensors: &'a BTreeMap<String, Tensor>,
    graph: Graph,
    problems: Problems,
    place: &'a str,
}

impl Builder<'_> {
    fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(&format!("{name}.weight"))
    }

    /// A tensor of so many indices; one that is missing is noted.
    fn tensor(&mut self, name: &str, part: &str, rank: usize) -> Tensor {
        let name = format!("{name}.{part}");
        match self.tensors.get(&name) {
            Some(tensor) if tensor.shape.len() == rank => tensor.clone(),
            found => {
                let what = found.map_or("is missing".into(), |tensor| {
                    format!("has shape {:?}", tensor.shape)
                });
                let place = format!("{}: tensor `{name}`", self.place);
                self.problems.add(
                    place,
                    what,
                    format!("a tensor of {rank} indices belongs there"),
                );
                Tensor {
                    shape: vec![1; rank],
                    values: vec![0.0],
                }
            }
        }
    }

    fn channels(&self, name: &str) -> usize {
        self.tensors
            .get(&format!("{name}.weight"))
            .map_or(0, |tensor| tensor.shape[0])
    }

    fn conv(&mut self, name: &str, from: usize, stride: usize) -> usize {
        let weight = self.tensor(name, "weight", 4);
        let bias = self
            .tensors
            .get(&format!("{name}.bias"))
            .map_or(vec![], |bias| bias.values.clone());
        let padding = weight.shape[2] / 2;
        self.graph.push(
            name,
            Op::Convolution(Convolution {
                weight,
                bias,
                stride,
                padding,
            }),
            vec![from],
        )
    }

    fn norm(&mut self, name: &str, from: usize) -> usize {
        let [scale, shift, mean, mut variance] = ["weight", "bias", "running_mean", "running_var"]
            .map(|part| {
                let values = self.tensor(name, part, 1).values.into_iter();
                values.map(f64::from).collect::<Vec<f64>>()
            });
        let mut epsilon = EPSILON;
        // A channel that never varied is held up by epsilon alone.
        if variance.contains(&0.0) {
            variance
                .iter_mut()
                .for_each(|variance| *variance += EPSILON);
            epsilon = 0.0;
        }
        if variance.iter().any(|&variance| variance <= 0.0) {
            let place = format!("{}: tensor `{name}.running_var`", self.place);
            self.problems.add(
                place,
                "has a variance below 0",
                "every variance must be above 0",
            );
        }
        self.graph.push(
            name,
            Op::BatchNorm(BatchNorm {
                scale,
                shift,
                mean,
                variance,
                epsilon,
                format: None,
            }),
            vec![from],
        )
    }

    fn relu(&mut self, name: &str, from: usize) -> usize {
        self.graph.push(name, Op::Relu, vec![from])
    }

    fn classify(&mut self, from: usize) -> usize {
        let name = if self.has("linear") { "linear" } else { "fc" };
        let weight = self.tensor(name, "weight", 2);
        let bias = self.tensor(name, "bias", 1).values;
        let pool = self.graph.push("pool", Op::GlobalAveragePool, vec![from]);
        self.graph
            .push(name, Op::Linear(Linear { weight, bias }), vec![pool])
    }

    fn post_activation(&mut self) -> usize {
        let large = self
            .tensors
            .get("conv1.weight")
            .is_some_and(|weight| weight.shape.get(2) == Some(&7));
        let mut x = self.conv("conv1", 0, if large { 2 } else { 1 });
        x = self.norm("bn1", x);
        x = self.relu("relu", x);
        if large {
            x = self.graph.push(
                "maxpool",
                Op::MaxPool {
                    kernel: 3,
                    stride: 2,
                    padding: 1,
                },
                vec![x],
            );
        }
        let mut channels = self.channels("conv1");
        for stage in 1.. {
            if !self.has(&format!("layer{stage}.0.conv1")) {
                break;
            }
            for block in 0.. {
                let name = format!("layer{stage}.{block}");
                if !self.has(&format!("{name}.conv1")) {
                    break;
                }
                let stride = if stage > 1 && block == 0 { 2 } else { 1 };
                (x, channels) = self.post_block(&name, x, channels, stride);
            }
        }
        self.classify(x)
    }

    /// A block, its output and its channels.
    fn post_block(
        &mut self,
        name: &str,
        x: usize,
        channels: usize,
        stride: usize,
    ) -> (usize, usize) {
        let layers = if self.has(&format!("{name}.conv3")) {
            3
        } else {
            2
        };
        let (mut y, mut outputs) = (x, channels);
        for layer in 1..=layers {
            // The 3×3 convolution of a bottleneck moves, the first of a plain block.
            let step = if layer == layers - 1 { stride } else { 1 };
            let conv = format!("{name}.conv{layer}");
            outputs = self.channels(&conv);
            y = self.conv(&conv, y, step);
            y = self.norm(&format!("{name}.bn{layer}"), y);
            if layer < layers {
                y = self.relu(&format!("{name}.relu{layer}"), y);
            }
        }
        let projection = ["downsample", "shortcut"].map(|kind| format!("{name}.{kind}"));
        let projection = projection
            .into_iter()
            .find(|kind| self.has(&format!("{kind}.0")));
        let shortcut = match projection {
            Some(kind) => {
                let conv = self.conv(&format!("{kind}.0"), x, stride);
                self.norm(&format!("{kind}.1"), conv)
            }
            None if (stride, outputs) == (1, channels) => x,
            None => {
                let more = outputs.saturating_sub(channels);
                let view = View {
                    rows: stride,
                    columns: stride,
                    before: more / 2,
                    behind: more - more / 2,
                };
                self.graph
                    .add(&format!("{name}.shortcut"), Kind::View(view), vec![x])
            }
        };
        let sum = self
            .graph
            .push(&format!("{name}.add"), Op::Add, vec![y, shortcut]);
        (self.relu(&format!("{name}.relu"), sum), outputs)
    }

    fn pre_activation(&mut self) -> usize {
        let mut x = self.conv("conv1", 0, 1);
        for block in 0.. {
            let name = format!("blocks.{block}");
            if !self.has(&format!("{name}.conv1")) {
                break;
            }
            let shortcut = format!("{name}.shortcut");
            let projected = self.has(&shortcut);
            let stride = if projected { 2 } else { 1 };
            let mut y = self.norm(&format!("{name}.bn1"), x);
            y = self.relu(&format!("{name}.relu1"), y);
            let base = if projected {
                self.conv(&shortcut, y, stride)
            } else {
                x
            };
            y = self.conv(&format!("{name}.conv1"), y, stride);
            y = self.norm(&format!("{name}.bn2"), y);
            y = self.relu(&format!("{name}.relu2"), y);
            y = self.conv(&format!("{name}.conv2"), y, 1);
            x = self
                .graph
                .push(&format!("{name}.add"), Op::Add, vec![y, base]);
        }
        x = self.norm("bn", x);
        x = self.relu("relu", x);
        self.classify(x)
    }
}
