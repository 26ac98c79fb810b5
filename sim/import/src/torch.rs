//! Weights without a graph: safetensors whose tensors are named as PyTorch's models name them.
//!
//! Known by their names are residual networks (`resnet`), DenseNets (`densenet`) and VGGs (`vgg`) of torchvision,
//! the residual networks of akamaster, and those of this project.

mod densenet;
mod resnet;
mod vgg;

use std::collections::BTreeMap;
use std::path::Path;

use cromulent_network::{
    BatchNorm, Convolution, Input, Linear, Op, Problem, Problems, Tensor, safetensors, topology,
};

use crate::graph::Graph;
use crate::normalise::Normalisation;

/// What networks of a name are made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Family {
    Residual,
    Dense,
    /// With batch-norms or without.
    Vgg {
        normalised: bool,
    },
}

/// The topologies whose weights can be read, by name, family and depth: convolutions and linear layers in a row.
#[rustfmt::skip] // A family a line.
const KNOWN: [(&str, Family, usize); 19] = {
    const PLAIN: Family = Family::Vgg { normalised: false };
    const NORMALISED: Family = Family::Vgg { normalised: true };
    use Family::{Dense, Residual};
    [
        ("resnet18", Residual, 18), ("resnet20", Residual, 20), ("resnet34", Residual, 34), ("resnet44", Residual, 44),
        ("resnet50", Residual, 50), ("resnet101", Residual, 101), ("resnet152", Residual, 152),
        ("densenet121", Dense, 121), ("densenet161", Dense, 161), ("densenet169", Dense, 169), ("densenet201", Dense, 201),
        ("vgg11", PLAIN, 11), ("vgg13", PLAIN, 13), ("vgg16", PLAIN, 16), ("vgg19", PLAIN, 19),
        ("vgg11_bn", NORMALISED, 11), ("vgg13_bn", NORMALISED, 13), ("vgg16_bn", NORMALISED, 16), ("vgg19_bn", NORMALISED, 19),
    ]
};

/// The names of all topologies whose weights can be read.
pub fn known() -> impl Iterator<Item = &'static str> {
    KNOWN.iter().map(|(name, ..)| *name)
}

impl Family {
    /// The family that the names of tensors tell.
    fn of(tensors: &BTreeMap<String, Tensor>) -> Family {
        if tensors.contains_key("features.conv0.weight") {
            return Family::Dense;
        }
        if tensors.contains_key("features.0.weight") {
            let normalised = tensors.contains_key("features.1.running_mean");
            return Family::Vgg { normalised };
        }
        Family::Residual
    }

    fn name(self) -> &'static str {
        match self {
            Family::Residual => "a residual network",
            Family::Dense => "a DenseNet",
            Family::Vgg { normalised: true } => "a VGG with batch-norms",
            Family::Vgg { normalised: false } => "a VGG without batch-norms",
        }
    }
}

/// The images of a known topology: those of CIFAR-10 or of ImageNet.
fn images(name: &str) -> Option<Input> {
    let cifar = ["resnet20", "resnet44"].contains(&name);
    topology(if cifar { name } else { "resnet18" }).map(|network| network.input)
}

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
    let row = KNOWN.iter().find(|(known, ..)| *known == name);
    let (Some(&(_, family, depth)), Some(images)) = (row, images(name)) else {
        let what = format!("weights of `{name}` cannot be read without a graph");
        let names = known().collect::<Vec<_>>().join(", ");
        return Err(Problem::new(
            "--topology",
            what,
            format!("give one of {names}, or an ONNX file"),
        )
        .into());
    };
    let tensors = safetensors(path)?;
    let place = path.display().to_string();
    let found = Family::of(&tensors);
    if found != family {
        let what = format!("its tensors are named as those of {}", found.name());
        let fix = format!("{name} is {}", family.name());
        return Err(Problem::new(place, what, fix).into());
    }
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
    let usual = Normalisation::or_usual(normalisation, images.channels);
    let usual = usual.map_err(|(what, fix)| Problem::new(&place, what, fix))?;
    let input = Input {
        mean: usual.mean,
        std: usual.std,
        ..images
    };
    let stem = path
        .file_stem()
        .map_or(name.into(), |stem| stem.to_string_lossy());
    build(&tensors, input, &stem, &place)
}

/// Puts a network of a known family together from its tensors; `place` is where they are from.
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
    let output = match Family::of(tensors) {
        Family::Dense => builder.densenet(),
        Family::Vgg { .. } => builder.vgg(),
        Family::Residual if builder.has("blocks.0.conv1") => builder.pre_activation(),
        Family::Residual => builder.post_activation(),
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
            .and_then(|tensor| tensor.shape.first().copied())
            .unwrap_or(0)
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

    fn max_pool(
        &mut self,
        name: &str,
        from: usize,
        [kernel, stride, padding]: [usize; 3],
    ) -> usize {
        let pool = Op::MaxPool {
            kernel,
            stride,
            padding,
        };
        self.graph.push(name, pool, vec![from])
    }

    /// Convolution, batch-norm and ReLU of these names: a 7×7 convolution takes every second position, a smaller one
    /// is the stem of networks for small images.
    fn stem(&mut self, [conv, norm, relu]: [&str; 3]) -> usize {
        let stride = if self.is_large(conv) { 2 } else { 1 };
        let x = self.conv(conv, 0, stride);
        let x = self.norm(norm, x);
        self.relu(relu, x)
    }

    /// Whether a convolution is one of 7×7.
    fn is_large(&self, conv: &str) -> bool {
        let weight = self.tensors.get(&format!("{conv}.weight"));
        weight.is_some_and(|weight| weight.shape.get(2) == Some(&7))
    }

    fn linear(&mut self, name: &str, from: usize) -> usize {
        let weight = self.tensor(name, "weight", 2);
        let bias = self.tensor(name, "bias", 1).values;
        let linear = Op::Linear(Linear { weight, bias });
        self.graph.push(name, linear, vec![from])
    }

    /// A global average pool and the linear layer that has one of these names.
    fn classify(&mut self, names: &[&str], from: usize) -> usize {
        let name = names.iter().find(|name| self.has(name));
        let name = name.or(names.last()).copied().unwrap_or_default();
        let pool = self.graph.push("pool", Op::GlobalAveragePool, vec![from]);
        self.linear(name, pool)
    }
}
