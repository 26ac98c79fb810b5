//! From ONNX's nodes to operations of this project.
//!
//! A value is a constant, a map of the graph, or a vector: a map whose rows and columns have been joined with its
//! channels. All of them have a batch axis in front, which is left alone.

mod learnt;
mod pools;
mod sums;
mod views;
mod window;

use std::sync::Arc;

use cromulent_network::{BatchNorm, Convolution, Linear, Op, Problem, Shape, Tensor};

use super::constant::{Constant, Fault};
use super::fold::{self, TOO_MANY, axis, fold, reshaped, slices};
use super::node::Attributes;
use super::{clean, proto};
use crate::graph::{Graph, Kind, View};
use window::Window;

/// What a name stands for.
#[derive(Clone)]
pub(super) enum Value {
    Constant(Arc<Constant>),
    /// Batch, channels, rows, columns.
    Map(usize),
    /// Batch and values.
    Vector(usize),
    /// A map with zeros around it that no operation has taken up yet: pixels on all four sides.
    Padded(usize, usize),
    /// What a node gives that has been reported.
    Unknown,
}

impl Value {
    /// How many values it holds.
    pub fn held(&self) -> usize {
        match self {
            Value::Constant(constant) => constant.values.len(),
            _ => 0,
        }
    }
}

/// A graph under construction.
pub(super) struct Lowering {
    graph: Graph,
    shapes: Vec<Shape>,
    /// Images the file was exported for; 1 if that is free.
    batch: usize,
    opset: i64,
    /// Values that operators on constants may still make.
    room: usize,
}

/// What an operator reads.
type Inputs<'a> = &'a [Option<Value>];

impl Lowering {
    /// A graph of the image alone; operators on constants have `room` for so many values, all together.
    pub fn new(graph: Graph, batch: usize, opset: i64, room: usize) -> Lowering {
        let shapes = vec![graph.input.shape()];
        Lowering {
            graph,
            shapes,
            batch,
            opset,
            room,
        }
    }

    /// The graph, `output` being its last node.
    pub fn finish(mut self, output: usize) -> Result<Graph, Fault> {
        self.graph.output = output;
        match output {
            0 => Err((
                "computes nothing from the image".into(),
                "give a network".into(),
            )),
            _ => Ok(self.graph),
        }
    }

    /// What a node gives.
    ///
    /// # Errors
    /// What no operation of a network does.
    pub fn node(
        &mut self,
        node: &proto::Node,
        inputs: Inputs<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Value, Fault> {
        if node.op == "Constant" {
            return Ok(Value::Constant(Arc::new(attributes.held()?)));
        }
        let constants: Option<Vec<Option<&Constant>>> = inputs
            .iter()
            .map(|input| match input {
                None => Some(None),
                Some(Value::Constant(constant)) => Some(Some(&**constant)),
                Some(_) => None,
            })
            .collect();
        if let Some(constants) = constants {
            let folded = fold(&node.op, &constants, attributes, self.room)?;
            let folded = folded.ok_or_else(|| unsupported(&node.op))?;
            let room = self.room.checked_sub(folded.values.len());
            self.room = room.ok_or_else(|| {
                (
                    format!("makes {TOO_MANY}"),
                    "export the network anew".to_owned(),
                )
            })?;
            return Ok(Value::Constant(Arc::new(folded)));
        }
        let name = self.name(node);
        match node.op.as_str() {
            "Conv" => self.convolution(&name, inputs, attributes),
            "BatchNormalization" => self.batch_norm(&name, inputs, attributes),
            "Relu" => {
                let input = self.any(inputs, 0)?;
                Ok(self.like(&input, &name, Op::Relu)?)
            }
            "Add" | "Sum" => self.add(&name, inputs),
            "Concat" => self.concat(&name, inputs, attributes),
            "MaxPool" => self.max_pool(&name, inputs, attributes),
            "AveragePool" => self.average_pool(&name, inputs, attributes),
            "GlobalAveragePool" => {
                let input = self.map(inputs, 0)?;
                Ok(Value::Map(self.global(&name, input)?))
            }
            "ReduceMean" => self.reduce_mean(&name, inputs, attributes),
            "Gemm" => self.gemm(&name, inputs, attributes),
            "MatMul" => self.mat_mul(&name, inputs),
            "Flatten" => self.flatten(inputs, attributes),
            "Reshape" => self.reshape(inputs, attributes),
            "Squeeze" | "Unsqueeze" => self.squeeze(&node.op, inputs, attributes),
            "Shape" => self.shape(inputs, attributes),
            "Pad" => self.pad(&name, inputs, attributes),
            "Slice" => self.slice(&name, inputs, attributes),
            "Identity" | "Dropout" => Ok(inputs[0].clone().unwrap_or(Value::Unknown)),
            "Cast" if super::constant::is_float(attributes.int("to", 1)) == Some(true) => {
                Ok(inputs[0].clone().unwrap_or(Value::Unknown))
            }
            other => Err(unsupported(other)),
        }
    }

    /// What a node is called here: as its weights are, or as it is in the file.
    fn name(&self, node: &proto::Node) -> String {
        let weights = node
            .inputs
            .get(1)
            .and_then(|name| name.strip_suffix(".weight"));
        let name = match (weights, node.name.trim_start_matches('/')) {
            (Some(weights), _) if !weights.is_empty() => weights.to_owned(),
            // PyTorch's names repeat the way to a module: /layer1/layer1.0/Relu_1.
            (_, name) if !name.is_empty() => {
                let parts: Vec<&str> = name.rsplit('/').take(2).collect();
                let own = parts[0].to_lowercase();
                parts
                    .get(1)
                    .map_or(own.clone(), |module| format!("{module}.{own}"))
            }
            _ => node.op.to_lowercase(),
        };
        clean(&name)
    }

    /// Adds an operation that must fit what it reads.
    fn push(&mut self, name: &str, op: Op, inputs: Vec<usize>) -> Result<usize, Fault> {
        self.add_node(name, Kind::Op(op), inputs)
    }

    fn add_node(&mut self, name: &str, kind: Kind, inputs: Vec<usize>) -> Result<usize, Fault> {
        if self.graph.nodes.len() > MOST {
            let what = format!("is the operation number {MOST} of the network");
            return Err((what, "give a smaller network".into()));
        }
        let node = self.graph.add(name, kind, inputs);
        match self.graph.shape_of(node, &self.shapes) {
            Ok(shape) => {
                self.shapes.push(shape);
                Ok(node)
            }
            Err(Problem { what, fix, .. }) => {
                // Later nodes are looked at too, each with its shape at its own place.
                self.graph.nodes.pop();
                Err((what, fix))
            }
        }
    }

    /// Adds an operation that leaves what it reads a map or a vector.
    fn like(&mut self, input: &Value, name: &str, op: Op) -> Result<Value, Fault> {
        Ok(match *input {
            Value::Vector(node) => Value::Vector(self.push(name, op, vec![node])?),
            Value::Map(node) => Value::Map(self.push(name, op, vec![node])?),
            _ => return Err(stray_padding()),
        })
    }

    fn any(&self, inputs: Inputs<'_>, place: usize) -> Result<Value, Fault> {
        match inputs.get(place) {
            Some(Some(value @ (Value::Map(_) | Value::Vector(_)))) => Ok(value.clone()),
            Some(Some(Value::Padded(..))) => Err(stray_padding()),
            _ => Err((
                "reads a constant where a map should be".into(),
                EXPORT.into(),
            )),
        }
    }

    fn map(&self, inputs: Inputs<'_>, place: usize) -> Result<usize, Fault> {
        match self.any(inputs, place)? {
            Value::Map(node) => Ok(node),
            _ => Err(("reads a vector where a map should be".into(), EXPORT.into())),
        }
    }

    /// A map and the zeros around it.
    fn padded(&self, inputs: Inputs<'_>) -> Result<(usize, usize), Fault> {
        match inputs.first() {
            Some(Some(Value::Padded(node, padding))) => Ok((*node, *padding)),
            _ => Ok((self.map(inputs, 0)?, 0)),
        }
    }
}

/// Most operations of a network: many times those of the deepest.
const MOST: usize = 10_000;

const EXPORT: &str = "export the network anew";

fn unsupported(op: &str) -> Fault {
    let fix = match op {
        "Softmax" | "LogSoftmax" => {
            "export what it reads as the output: the largest score stays the largest"
        }
        "Clip" | "LeakyRelu" | "PRelu" | "Sigmoid" | "HardSwish" | "HardSigmoid" | "Elu"
        | "Gelu" => "only ReLU can be: train the network with it",
        _ => "docs/importing.md lists the operators that can be",
    };
    (format!("the operator {op} cannot be imported"), fix.into())
}

fn stray_padding() -> Fault {
    (
        "reads a map with zeros around it".into(),
        "pad rows and columns only before a convolution, or after a ReLU before a max-pool".into(),
    )
}

/// Constant floats.
fn floats<'a>(inputs: Inputs<'a>, place: usize, what: &str) -> Result<&'a Constant, Fault> {
    match inputs.get(place) {
        Some(Some(Value::Constant(constant))) if constant.as_floats().is_some() => Ok(constant),
        _ => Err((
            format!("has no constant {what} (input {place}, floats)"),
            EXPORT.into(),
        )),
    }
}

fn finite<'a>(constant: &'a Constant, what: &str) -> Result<&'a [f32], Fault> {
    let values = constant.as_floats().unwrap_or_default();
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(values),
        Some(i) => Err((
            format!("value {i} of its {what} is {}", values[i]),
            "every value must be a finite number".into(),
        )),
    }
}

/// One float for each channel.
fn vector(
    inputs: Inputs<'_>,
    place: usize,
    what: &str,
    channels: usize,
) -> Result<Vec<f32>, Fault> {
    let constant = floats(inputs, place, what)?;
    if constant.shape != [channels] {
        let wrong = format!(
            "has a {what} of the extents {:?} for {channels} channels",
            constant.shape
        );
        return Err((wrong, "give one value for each channel".into()));
    }
    finite(constant, what).map(<[f32]>::to_vec)
}

/// Integers from an input or, in older files, an attribute.
fn list(
    inputs: Inputs<'_>,
    place: usize,
    attributes: &Attributes<'_>,
    name: &str,
) -> Option<Vec<i64>> {
    match inputs.get(place) {
        Some(Some(Value::Constant(constant))) => constant.as_integers().map(<[i64]>::to_vec),
        Some(Some(_)) => None,
        _ => attributes.ints(name).map(<[i64]>::to_vec),
    }
}
