//! Puts a topology together, node by node.

use crate::batch_norm::BatchNorm;
use crate::graph::{Convolution, Input, Linear, Network, Op, Shape, Step, Tensor};
use crate::shape;

/// A square kernel with stride and padding, pixels.
#[derive(Clone, Copy)]
pub(super) struct Kernel {
    side: usize,
    stride: usize,
    padding: usize,
}

/// k × k, so padded that stride 1 keeps the size.
pub(super) const fn same(side: usize, stride: usize) -> Kernel {
    Kernel {
        side,
        stride,
        padding: side / 2,
    }
}

/// k × k without padding.
pub(super) const fn valid(side: usize) -> Kernel {
    Kernel {
        side,
        stride: 1,
        padding: 0,
    }
}

/// A network that grows. Nodes are known by their index.
pub(super) struct Builder {
    name: String,
    input: Input,
    steps: Vec<Step>,
    shapes: Vec<Shape>,
}

impl Builder {
    /// A network of square images of three colours, with the mean and standard deviation of their data set.
    pub fn new(name: &str, side: usize, mean: [f64; 3], std: [f64; 3]) -> Builder {
        let input = Input {
            channels: 3,
            height: side,
            width: side,
            mean: mean.to_vec(),
            std: std.to_vec(),
            examples: None,
        };
        Builder {
            name: name.to_owned(),
            shapes: vec![input.shape()],
            input,
            steps: vec![],
        }
    }

    /// A network of images like CIFAR-10's.
    pub fn cifar(name: &str, side: usize) -> Builder {
        Builder::new(
            name,
            side,
            [0.4914, 0.4822, 0.4465],
            [0.2470, 0.2435, 0.2616],
        )
    }

    /// A network of images like ImageNet's.
    pub fn imagenet(name: &str, side: usize) -> Builder {
        Builder::new(name, side, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    }

    /// The network.
    pub fn finish(self) -> Network {
        let built = Network::new(&self.name, self.input, self.steps);
        // Every step went through shape inference already, and names come from the node before.
        built.unwrap_or_else(|problems| unreachable!("{problems}"))
    }

    pub fn channels(&self, node: usize) -> usize {
        self.shapes[node].channels
    }

    /// A convolution, without values.
    pub fn convolution(
        &mut self,
        name: &str,
        from: usize,
        channels: usize,
        kernel: Kernel,
    ) -> usize {
        let shape = vec![channels, self.channels(from), kernel.side, kernel.side];
        let op = Op::Convolution(Convolution {
            weight: hollow(shape),
            bias: vec![],
            stride: kernel.stride,
            padding: kernel.padding,
        });
        self.push(name, op, vec![from])
    }

    /// The identity on the first channels and zero on the rest, where it has any: a shortcut without parameters.
    pub fn identity(&mut self, name: &str, from: usize, channels: usize, stride: usize) -> usize {
        let inputs = self.channels(from);
        let one = |place: usize| f32::from(u8::from(place / inputs == place % inputs));
        let op = Op::Convolution(Convolution {
            weight: Tensor {
                shape: vec![channels, inputs, 1, 1],
                values: (0..channels * inputs).map(one).collect(),
            },
            bias: vec![],
            stride,
            padding: 0,
        });
        self.push(name, op, vec![from])
    }

    /// Batch-norm and ReLU, with scale 1 and no statistics yet.
    pub fn rectified(&mut self, name: &str, from: usize) -> usize {
        let channels = self.channels(from);
        let norm = BatchNorm {
            scale: vec![1.0; channels],
            shift: vec![0.0; channels],
            mean: vec![0.0; channels],
            variance: vec![1.0; channels],
            epsilon: 1e-5,
            format: None,
        };
        let norm = self.push(&format!("{name}.bn"), Op::BatchNorm(norm), vec![from]);
        self.push(&format!("{name}.relu"), Op::Relu, vec![norm])
    }

    pub fn add(&mut self, name: &str, from: [usize; 2]) -> usize {
        self.push(name, Op::Add, from.to_vec())
    }

    /// Maps side by side; a single one is itself.
    pub fn concat(&mut self, name: &str, from: &[usize]) -> usize {
        match from {
            [one] => *one,
            several => self.push(name, Op::Concat, several.to_vec()),
        }
    }

    /// A 3 × 3 max-pool that halves height and width.
    pub fn max_pool(&mut self, name: &str, from: usize) -> usize {
        let op = Op::MaxPool {
            kernel: 3,
            stride: 2,
            padding: 1,
        };
        self.push(name, op, vec![from])
    }

    /// A 2 × 2 average pool.
    pub fn average_pool(&mut self, name: &str, from: usize) -> usize {
        let op = Op::AveragePool {
            kernel: 2,
            stride: 2,
        };
        self.push(name, op, vec![from])
    }

    /// A global average pool, where there is more than one position, and a linear layer.
    pub fn classify(&mut self, from: usize, classes: usize) {
        let map = self.shapes[from];
        let pooled = match map.height * map.width {
            1 => from,
            _ => self.push("pool", Op::GlobalAveragePool, vec![from]),
        };
        self.linear("fc", pooled, classes);
    }

    /// A linear layer, without values.
    pub fn linear(&mut self, name: &str, from: usize, outputs: usize) -> usize {
        let op = Op::Linear(Linear {
            weight: hollow(vec![outputs, self.shapes[from].values()]),
            bias: vec![0.0; outputs],
        });
        self.push(name, op, vec![from])
    }

    fn push(&mut self, name: &str, op: Op, inputs: Vec<usize>) -> usize {
        let shapes: Vec<Shape> = inputs.iter().map(|&input| self.shapes[input]).collect();
        let shape = shape::infer(&op, &shapes);
        let shape = shape.unwrap_or_else(|(what, _)| unreachable!("{name} {what}"));
        self.shapes.push(shape);
        self.steps.push((name.to_owned(), op, inputs));
        self.steps.len()
    }
}

fn hollow(shape: Vec<usize>) -> Tensor {
    Tensor {
        shape,
        values: vec![],
    }
}
