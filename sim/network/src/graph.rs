//! The graph: nodes in the order they are computed, each with its operation and its shape.

use std::path::PathBuf;

use crate::batch_norm::BatchNorm;
use crate::images::Layout;
use crate::problem::{Problem, Problems};
use crate::shape;

/// Channels, rows and columns of a feature map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Number of features per position.
    pub channels: usize,
    /// Rows, in pixels.
    pub height: usize,
    /// Columns, in pixels.
    pub width: usize,
}

impl Shape {
    /// Number of values in a map of this shape.
    pub fn values(&self) -> usize {
        self.channels * self.height * self.width
    }
}

/// `channels × height × width`, as in messages.
impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} × {} × {}", self.channels, self.height, self.width)
    }
}

/// Weights as they are in the file: single precision, last index fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Extent of each index, slowest first.
    pub shape: Vec<usize>,
    /// The values; as many as the product of `shape`.
    pub values: Vec<f32>,
}

/// A learnt 2-D convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Convolution {
    /// `[outputs, inputs, kernel height, kernel width]`.
    pub weight: Tensor,
    /// One per output; empty: none. A bias that only batch-norms see is in their means ([`Network::load`]).
    pub bias: Vec<f32>,
    /// Step between output positions, in pixels, both ways.
    pub stride: usize,
    /// Zeros put around the input, in pixels, on all four sides.
    pub padding: usize,
}

impl Convolution {
    /// Rows of the kernel.
    pub fn kernel_height(&self) -> usize {
        self.weight.shape[2]
    }

    /// Columns of the kernel.
    pub fn kernel_width(&self) -> usize {
        self.weight.shape[3]
    }
}

/// A learnt fully connected layer. An input of more than one position is taken in the order
/// channel, row, column (column fastest).
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// `[outputs, inputs]`.
    pub weight: Tensor,
    /// One per output; zeros if the file has none.
    pub bias: Vec<f32>,
}

/// What a node computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The normalised image; only ever node 0.
    Image,
    /// A learnt convolution.
    Convolution(Convolution),
    /// A learnt fully connected layer.
    Linear(Linear),
    /// Batch-normalisation with fixed statistics.
    BatchNorm(BatchNorm),
    /// max(x, 0).
    Relu,
    /// The sum of two or more maps of one shape.
    Add,
    /// The channels of two or more maps, one after the other.
    Concat,
    /// The mean over square windows, without padding.
    AveragePool {
        /// Side of the window, in pixels.
        kernel: usize,
        /// Step between windows, in pixels.
        stride: usize,
    },
    /// The mean over all positions.
    GlobalAveragePool,
    /// The largest value of square windows; padding never wins.
    MaxPool {
        /// Side of the window, in pixels.
        kernel: usize,
        /// Step between windows, in pixels.
        stride: usize,
        /// Pixels added on all four sides.
        padding: usize,
    },
}

impl Op {
    /// The operation's name in a description file.
    pub fn name(&self) -> &'static str {
        match self {
            Op::Image => "image",
            Op::Convolution(_) => "convolution",
            Op::Linear(_) => "linear",
            Op::BatchNorm(_) => "batch-norm",
            Op::Relu => "relu",
            Op::Add => "add",
            Op::Concat => "concat",
            Op::AveragePool { .. } => "average-pool",
            Op::GlobalAveragePool => "global-average-pool",
            Op::MaxPool { .. } => "max-pool",
        }
    }

    /// Whether the operation has weights that multiply (a convolution or a linear layer).
    pub fn is_learnt(&self) -> bool {
        matches!(self, Op::Convolution(_) | Op::Linear(_))
    }
}

/// One step of the network.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Unique name; the image's is `image`.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// The nodes it reads, all earlier than itself.
    pub inputs: Vec<usize>,
    /// The shape of what it computes.
    pub shape: Shape,
}

/// The images a network takes. Pixels are 0..=255 and enter as `(pixel/255 − mean)/std`.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Channels of the image, 1 for grey.
    pub channels: usize,
    /// Rows, in pixels.
    pub height: usize,
    /// Columns, in pixels.
    pub width: usize,
    /// Mean per channel, as a fraction of 255.
    pub mean: Vec<f64>,
    /// Standard deviation per channel, as a fraction of 255.
    pub std: Vec<f64>,
    /// Images shipped with the network, if it names any.
    pub examples: Option<Examples>,
}

impl Input {
    /// The shape of the image.
    pub fn shape(&self) -> Shape {
        Shape {
            channels: self.channels,
            height: self.height,
            width: self.width,
        }
    }

    /// What pixel value `pixel` of channel `c` enters the network as: (pixel/255 − mean)/std.
    pub fn normalise(&self, c: usize, pixel: u8) -> f64 {
        (f64::from(pixel) / 255.0 - self.mean[c]) / self.std[c]
    }
}

/// Where a network's example images are; paths are ready to open.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    /// The file of images.
    pub images: PathBuf,
    /// The file of labels; CIFAR-10 files hold their own.
    pub labels: Option<PathBuf>,
    /// The layout the description names; `None`: recognise it by content.
    pub layout: Option<Layout>,
}

/// A network: its input and its nodes in the order they are computed. Node 0 is the image; the
/// last node is the output.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// The network's name.
    pub name: String,
    /// The images it takes.
    pub input: Input,
    /// The nodes, each after those it reads.
    pub nodes: Vec<Node>,
}

/// A node still without its shape: name, operation and the nodes it reads.
pub type Step = (String, Op, Vec<usize>);

impl Network {
    /// Builds a network from its steps after the image (the first step is node 1) and works out
    /// every shape.
    ///
    /// # Errors
    /// The first step whose inputs do not fit its operation, or whose name is taken.
    pub fn new(name: &str, input: Input, steps: Vec<Step>) -> Result<Network, Problems> {
        let image = Shape {
            channels: input.channels,
            height: input.height,
            width: input.width,
        };
        let mut nodes = vec![Node {
            name: "image".into(),
            op: Op::Image,
            inputs: vec![],
            shape: image,
        }];
        for (name, op, inputs) in steps {
            let shapes: Vec<Shape> = inputs
                .iter()
                .filter_map(|&i| nodes.get(i))
                .map(|node| node.shape)
                .collect();
            let place = format!("node `{name}`");
            if shapes.len() != inputs.len() {
                let fix = "list a node after all that it reads";
                return Err(Problem::new(place, "reads a node not before it", fix).into());
            }
            if nodes.iter().any(|node| node.name == name) {
                let fix = "give every node a name of its own";
                return Err(Problem::new(place, "another node has that name", fix).into());
            }
            let shape =
                shape::infer(&op, &shapes).map_err(|(what, fix)| Problem::new(place, what, fix))?;
            nodes.push(Node {
                name,
                op,
                inputs,
                shape,
            });
        }
        Ok(Network {
            name: name.into(),
            input,
            nodes,
        })
    }

    /// The index of the node called `name`.
    pub fn node(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.name == name)
    }

    /// The nodes that read node `index`.
    pub fn readers(&self, index: usize) -> Vec<usize> {
        let reads = |node: &Node| node.inputs.contains(&index);
        (0..self.nodes.len())
            .filter(|&i| reads(&self.nodes[i]))
            .collect()
    }
}
