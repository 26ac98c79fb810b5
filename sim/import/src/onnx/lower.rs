//! From ONNX's nodes to operations of this project.
//!
//! A value is a constant, a map of the graph, or a vector: a map whose rows and columns have been joined with its
//! channels. All of them have a batch axis in front, which is left alone.

use std::sync::Arc;

use cromulent_network::{BatchNorm, Convolution, Linear, Op, Problem, Shape, Tensor};

use super::constant::{Constant, Fault};
use super::fold::{self, axis, fold, reshaped, slices};
use super::node::Attributes;
use super::{clean, proto};
use crate::graph::{Graph, Kind, View};

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

/// A graph under construction.
pub(super) struct Lowering {
    graph: Graph,
    shapes: Vec<Shape>,
    /// Images the file was exported for; 1 if that is free.
    batch: usize,
    opset: i64,
}

/// What an operator reads.
type Inputs<'a> = &'a [Option<Value>];

impl Lowering {
    pub fn new(graph: Graph, batch: usize, opset: i64) -> Lowering {
        let shapes = vec![graph.input.shape()];
        Lowering {
            graph,
            shapes,
            batch,
            opset,
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
            let folded = fold(&node.op, &constants, attributes)?;
            let folded = folded.map(|constant| Value::Constant(Arc::new(constant)));
            return folded.ok_or_else(|| unsupported(&node.op));
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
        let shape = self.graph.shape_of(node, &self.shapes);
        let shape = shape.map_err(|Problem { what, fix, .. }| (what, fix))?;
        self.shapes.push(shape);
        Ok(node)
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

    fn convolution(
        &mut self,
        name: &str,
        inputs: Inputs<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Value, Fault> {
        let (input, around) = self.padded(inputs)?;
        let weight = floats(inputs, 1, "weights")?;
        let [outputs, channels, height, width] = weight.shape[..] else {
            return Err((
                format!("has weights of the extents {:?}", weight.shape),
                "only 2-D convolutions can be".into(),
            ));
        };
        if attributes.int("group", 1) != 1 {
            let what = format!("has {} groups", attributes.int("group", 1));
            return Err((what, "grouped convolutions are not supported".into()));
        }
        let window = Window::of(attributes, (height, width), self.shapes[input])?;
        let bias = match inputs.get(2) {
            Some(Some(_)) => vector(inputs, 2, "bias", outputs)?,
            _ => vec![],
        };
        let op = Op::Convolution(Convolution {
            weight: Tensor {
                shape: vec![outputs, channels, height, width],
                values: finite(weight, "weights")?.to_vec(),
            },
            bias,
            stride: window.stride,
            padding: window.padding + around,
        });
        Ok(Value::Map(self.push(name, op, vec![input])?))
    }

    fn batch_norm(
        &mut self,
        name: &str,
        inputs: Inputs<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Value, Fault> {
        let input = self.any(inputs, 0)?;
        if attributes.int("training_mode", 0) != 0 || attributes.int("spatial", 1) != 1 {
            let what = "takes its statistics from the batch, or one for each pixel";
            return Err((
                what.into(),
                "export the network for inference (`model.eval()`)".into(),
            ));
        }
        let node = match input {
            Value::Map(node) | Value::Vector(node) => node,
            _ => return Err(stray_padding()),
        };
        let shape = self.shapes[node];
        let channels = shape.channels;
        if let (Value::Vector(_), true) = (&input, shape.height * shape.width > 1) {
            let what = format!("normalises each of the {} values of a map", shape.values());
            return Err((what, "normalise maps by their channels".into()));
        }
        let parts = ["scale", "shift", "mean", "variance"];
        let mut read = Vec::new();
        for (place, what) in parts.iter().enumerate() {
            let values = vector(inputs, place + 1, what, channels)?;
            read.push(values.into_iter().map(f64::from).collect::<Vec<f64>>());
        }
        let [scale, shift, mean, variance] = &read[..] else {
            return Err(("lacks a tensor".into(), EXPORT.into()));
        };
        // Single precision in the file: what was meant is the shortest number that gives it.
        let epsilon = attributes.float("epsilon", 1e-5);
        let epsilon: f64 = epsilon.to_string().parse().unwrap_or(1e-5);
        let mut norm = BatchNorm {
            scale: scale.clone(),
            shift: shift.clone(),
            mean: mean.clone(),
            variance: variance.clone(),
            epsilon,
            format: None,
        };
        // A channel that never varied is held up by epsilon alone.
        if norm.variance.iter().any(|&variance| variance <= 0.0) {
            norm.variance
                .iter_mut()
                .for_each(|variance| *variance += epsilon);
            norm.epsilon = 0.0;
        }
        if let Some(c) = norm.variance.iter().position(|&variance| variance <= 0.0) {
            let what = format!(
                "has the variance {} in channel {c}, epsilon included",
                norm.variance[c]
            );
            return Err((what, "every variance must be above 0".into()));
        }
        self.like(&input, name, Op::BatchNorm(norm))
    }

    /// A sum of maps, or the bias of the layer before.
    fn add(&mut self, name: &str, inputs: Inputs<'_>) -> Result<Value, Fault> {
        let places: Vec<usize> = (0..inputs.len()).collect();
        let (constants, maps): (Vec<usize>, Vec<usize>) = places
            .into_iter()
            .partition(|&place| matches!(inputs[place], Some(Value::Constant(_))));
        let maps: Vec<Value> = maps
            .iter()
            .map(|&place| self.any(inputs, place))
            .collect::<Result<_, _>>()?;
        match (&maps[..], &constants[..]) {
            ([one], [constant]) => self.bias(one, inputs, *constant),
            ([one], []) => Ok(one.clone()),
            ([first, rest @ ..], []) => {
                let node = |value: &Value| match (first, value) {
                    (Value::Map(_), &Value::Map(node))
                    | (Value::Vector(_), &Value::Vector(node)) => Ok(node),
                    _ => Err(("adds a map and a vector".to_owned(), EXPORT.to_owned())),
                };
                let nodes: Vec<usize> = std::iter::once(first)
                    .chain(rest)
                    .map(node)
                    .collect::<Result<_, _>>()?;
                let sum = self.push(name, Op::Add, nodes)?;
                Ok(match first {
                    Value::Vector(_) => Value::Vector(sum),
                    _ => Value::Map(sum),
                })
            }
            _ => Err((
                "adds a constant".into(),
                "constants can only be added to what a learnt layer gives".into(),
            )),
        }
    }

    /// Adds constants to what a learnt layer gives: a copy of the layer with a bias, lest something else reads it.
    fn bias(&mut self, to: &Value, inputs: Inputs<'_>, place: usize) -> Result<Value, Fault> {
        let (Value::Map(node) | Value::Vector(node)) = *to else {
            return Err(stray_padding());
        };
        let channels = self.shapes[node].channels;
        let constant = floats(inputs, place, "constant")?;
        let per_channel = match to {
            Value::Map(_) => {
                constant.shape.len() >= 3 && constant.shape[constant.shape.len() - 3] == channels
            }
            _ => constant.shape.last() == Some(&channels),
        };
        let values = finite(constant, "constant")?;
        let right = values.len() == 1 || (per_channel && values.len() == channels);
        let fix = "constants can only be added to what a learnt layer gives, one for each channel";
        if !right {
            let what = format!("adds a constant of the extents {:?}", constant.shape);
            return Err((what, fix.into()));
        }
        let added = |c: usize| values[if values.len() == 1 { 0 } else { c }];
        let mut copy = self.graph.nodes[node].clone();
        match &mut copy.kind {
            Kind::Op(Op::Linear(linear)) => {
                linear
                    .bias
                    .iter_mut()
                    .enumerate()
                    .for_each(|(c, bias)| *bias += added(c));
            }
            Kind::Op(Op::Convolution(c)) => {
                c.bias.resize(channels, 0.0);
                c.bias
                    .iter_mut()
                    .enumerate()
                    .for_each(|(c, bias)| *bias += added(c));
            }
            _ => return Err((format!("adds a constant to `{}`", copy.name), fix.into())),
        }
        let node = self.add_node(&copy.name, copy.kind, copy.inputs)?;
        Ok(match to {
            Value::Map(_) => Value::Map(node),
            _ => Value::Vector(node),
        })
    }

    fn concat(
        &mut self,
        name: &str,
        inputs: Inputs<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Value, Fault> {
        let along = attributes.int("axis", 1);
        let maps: Vec<usize> = (0..inputs.len())
            .map(|place| self.map(inputs, place))
            .collect::<Result<_, _>>()?;
        if axis(along, 4)? != 1 {
            return Err((
                format!("joins maps along axis {along}"),
                "join channels (axis 1)".into(),
            ));
        }
        match maps[..] {
            [one] => Ok(Value::Map(one)),
            _ => Ok(Value::Map(self.push(name, Op::Concat, maps)?)),
        }
    }

    fn max_pool(
        &mut self,
        name: &str,
        inputs: Inputs<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Value, Fault> {
        let (input, around) = self.padded(inputs)?;
        // Zeros never win against what a ReLU gives, just as padding does not.
        if around > 0 && self.graph.op(input) != Some(&Op::Relu) {
            return Err(stray_padding());
        }
        let kernel = square(attributes)?;
        let window = Window::of(attributes, (kernel, kernel), self.shapes[input])?;
        let op = Op::MaxPool {
            kernel,
            stride: window.stride,
            padding: window.padding + around,
        };
        Ok(Value::Map(self.push(name, op, vec![input])?))
    }

    fn average_pool(
        &mut self,
        name: &str,
        inputs: Inputs<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Value, Fault> {
        let input = self.map(inputs, 0)?;
        let kernel = square(attributes)?;
        let window = Window::of(attributes, (kernel, kernel), self.shapes[input])?;
        let Shape { height, width, .. } = self.shapes[input];
        match (window.padding, (height, width) == (kernel, kernel)) {
            (0, true) => Ok(Value::Map(self.global(name, input)?)),
            (0, false) => {
                let op = Op::AveragePool {
                    kernel,
                    stride: window.stride,
                };
                Ok(Value::Map(self.push(name, op, vec![input])?))
            }
            _ => Err((
                "pads the map that it averages".into(),
                "average without padding".into(),
            )),
        }
    }

    fn global(&mut self, name: &str, input: usize) -> Result<usize, Fault> {
        let Shape { height, width, .. } = self.shapes[input];
        match height * width {
            1 => Ok(input),
            _ => self.push(name, Op::GlobalAveragePool, vec![input]),
        }
    }

    fn reduce_mean(
        &mut self,
        name: &str,
        inputs: Inputs<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Value, Fault> {
        let input = self.map(inputs, 0)?;
        let axes = list(inputs, 1, attributes, "axes").unwrap_or_default();
        let mut axes: Vec<usize> = axes.iter().map(|&a| axis(a, 4)).collect::<Result<_, _>>()?;
        axes.sort_unstable();
        if axes != [2, 3] {
            let what = format!("takes the mean over the axes {axes:?}");
            return Err((what, "take it over rows and columns (axes 2 and 3)".into()));
        }
        let node = self.global(name, input)?;
        Ok(match attributes.int("keepdims", 1) {
            0 => Value::Vector(node),
            _ => Value::Map(node),
        })
    }

    fn gemm(
        &mut self,
        name: &str,
        inputs: Inputs<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Value, Fault> {
        if attributes.int("transA", 0) != 0 {
            return Err(("transposes what it reads".into(), EXPORT.into()));
        }
        let alpha = attributes.float("alpha", 1.0);
        let matrix = floats(inputs, 1, "weights")?;
        let mut weight = matrix_of(matrix, attributes.int("transB", 0) != 0)?;
        weight.values.iter_mut().for_each(|w| *w *= alpha);
        let outputs = weight.shape[0];
        let mut bias = vec![0.0; outputs];
        if let Some(Some(_)) = inputs.get(2) {
            let beta = attributes.float("beta", 1.0);
            let given = floats(inputs, 2, "bias")?;
            let values = finite(given, "bias")?;
            if ![1, outputs].contains(&values.len())
                || (values.len() > 1 && given.shape.last() != Some(&outputs))
            {
                let what = format!(
                    "has a bias of the extents {:?} for {outputs} outputs",
                    given.shape
                );
                return Err((what, "give one bias for each output".into()));
            }
            let value = |output: usize| values[if values.len() == 1 { 0 } else { output }];
            bias = (0..outputs).map(|output| beta * value(output)).collect();
        }
        self.linear(name, inputs, weight, bias)
    }

    fn mat_mul(&mut self, name: &str, inputs: Inputs<'_>) -> Result<Value, Fault> {
        let weight = matrix_of(floats(inputs, 1, "weights")?, false)?;
        let bias = vec![0.0; weight.shape[0]];
        self.linear(name, inputs, weight, bias)
    }

    fn linear(
        &mut self,
        name: &str,
        inputs: Inputs<'_>,
        weight: Tensor,
        bias: Vec<f32>,
    ) -> Result<Value, Fault> {
        let Value::Vector(input) = self.any(inputs, 0)? else {
            return Err((
                "multiplies a map by a matrix".into(),
                "flatten the map first".into(),
            ));
        };
        let op = Op::Linear(Linear { weight, bias });
        Ok(Value::Vector(self.push(name, op, vec![input])?))
    }

    fn flatten(&mut self, inputs: Inputs<'_>, attributes: &Attributes<'_>) -> Result<Value, Fault> {
        let input = self.any(inputs, 0)?;
        let rank = if matches!(input, Value::Map(_)) { 4 } else { 2 };
        match (axis(attributes.int("axis", 1), rank + 1)?, input) {
            (1, Value::Map(node) | Value::Vector(node)) => Ok(Value::Vector(node)),
            _ => Err((
                "flattens the batch too".into(),
                "flatten from axis 1 on".into(),
            )),
        }
    }

    /// The extents of a value, the batch in front.
    fn extents(&self, value: &Value) -> Vec<usize> {
        match *value {
            Value::Map(node) => {
                let Shape {
                    channels,
                    height,
                    width,
                } = self.shapes[node];
                vec![self.batch, channels, height, width]
            }
            Value::Vector(node) => vec![self.batch, self.shapes[node].values()],
            _ => vec![],
        }
    }

    /// The value of a node by other extents, if they are a map's or a vector's.
    fn seen_as(&self, input: &Value, shape: &[usize]) -> Result<Value, Fault> {
        let (Value::Map(node) | Value::Vector(node)) = *input else {
            return Err(stray_padding());
        };
        let (map, vector) = (
            self.extents(&Value::Map(node)),
            self.extents(&Value::Vector(node)),
        );
        if shape == map {
            Ok(Value::Map(node))
        } else if shape == vector {
            Ok(Value::Vector(node))
        } else {
            let what = format!("makes the extents {shape:?} of {:?}", self.extents(input));
            Err((what, "only a map can be made a vector, whole".into()))
        }
    }

    fn reshape(&mut self, inputs: Inputs<'_>, attributes: &Attributes<'_>) -> Result<Value, Fault> {
        let input = self.any(inputs, 0)?;
        let wanted = list(inputs, 1, attributes, "shape");
        let wanted = wanted.ok_or_else(|| {
            (
                "has a shape that is no constant".to_owned(),
                EXPORT.to_owned(),
            )
        })?;
        let extents = self.extents(&input);
        let allow_zero = attributes.int("allowzero", 0) != 0;
        // A network exported for one image may have 1 or −1 for the batch of any.
        let shape = reshaped(&extents, &wanted, allow_zero)?;
        self.seen_as(&input, &shape)
    }

    fn squeeze(
        &mut self,
        op: &str,
        inputs: Inputs<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Value, Fault> {
        let input = self.any(inputs, 0)?;
        let shape = Constant {
            shape: self.extents(&input),
            values: super::constant::Values::Integers(vec![]),
        };
        let axes = list(inputs, 1, attributes, "axes").map(Constant::integers);
        let axes = axes.unwrap_or_else(|| {
            Constant::integers(if op == "Squeeze" { vec![2, 3] } else { vec![] })
        });
        let folded = fold(op, &[Some(&shape), Some(&axes)], &Attributes::default())?;
        self.seen_as(&input, &folded.map(|shape| shape.shape).unwrap_or_default())
    }

    /// The extents as a constant: what hangs on them is folded.
    fn shape(&mut self, inputs: Inputs<'_>, attributes: &Attributes<'_>) -> Result<Value, Fault> {
        let extents = self.extents(&self.any(inputs, 0)?);
        let rank = extents.len() as i64;
        let place =
            |at: i64| (if at < 0 { at.saturating_add(rank) } else { at }).clamp(0, rank) as usize;
        let (start, end) = (
            place(attributes.int("start", 0)),
            place(attributes.int("end", rank)),
        );
        let some = extents.get(start..end.max(start)).unwrap_or_default();
        let integers = some.iter().map(|&extent| extent as i64);
        Ok(Value::Constant(Arc::new(Constant::integers(
            integers.collect(),
        ))))
    }

    fn pad(
        &mut self,
        name: &str,
        inputs: Inputs<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Value, Fault> {
        let input = self.map(inputs, 0)?;
        let mode = attributes.text("mode");
        let zero = match inputs.get(2) {
            Some(Some(_)) => floats(inputs, 2, "value")?.as_floats() == Some(&[0.0]),
            _ => attributes.float("value", 0.0) == 0.0,
        };
        if !matches!(mode, "" | "constant") || !zero {
            return Err((
                "pads with something else than 0".into(),
                "pad with zeros".into(),
            ));
        }
        let pads = list(inputs, 1, attributes, "pads");
        let pads = pads.ok_or_else(|| {
            (
                "has pads that are no constants".to_owned(),
                EXPORT.to_owned(),
            )
        })?;
        let axes = match self.opset {
            18.. => list(inputs, 3, attributes, "axes"),
            _ => None,
        };
        let axes = axes.unwrap_or_else(|| (0..4).collect());
        if pads.len() != 2 * axes.len() {
            return Err((
                format!("has {} pads for {} axes", pads.len(), axes.len()),
                EXPORT.into(),
            ));
        }
        let mut around = [(0, 0); 4];
        for (place, &along) in axes.iter().enumerate() {
            let size = |pad: i64| usize::try_from(pad).ok().filter(|&pad| pad <= 65_536);
            let pair = size(pads[place]).zip(size(pads[axes.len() + place]));
            around[axis(along, 4)?] =
                pair.ok_or_else(|| (format!("pads by {pads:?}"), "pad by 0 to 65536".to_owned()))?;
        }
        let [batch, (before, behind), rows, columns] = around;
        let pixels = rows.0;
        match (
            batch,
            [rows.1, columns.0, columns.1] == [pixels; 3],
            before + behind,
        ) {
            ((0, 0), true, 0) if pixels == 0 => Ok(Value::Map(input)),
            ((0, 0), true, 0) => Ok(Value::Padded(input, pixels)),
            ((0, 0), true, _) if pixels == 0 => self.view(
                name,
                input,
                View {
                    before,
                    behind,
                    ..View::WHOLE
                },
            ),
            _ => Err((
                format!("pads by {pads:?}"),
                "pad rows and columns alike on all sides, or channels".into(),
            )),
        }
    }

    fn slice(
        &mut self,
        name: &str,
        inputs: Inputs<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Value, Fault> {
        let input = self.any(inputs, 0)?;
        if inputs
            .iter()
            .skip(1)
            .any(|input| !matches!(input, None | Some(Value::Constant(_))))
        {
            return Err(("takes a part that is no constant".into(), EXPORT.into()));
        }
        let extents = self.extents(&input);
        let ranges = slices(&extents, &|place, name| {
            list(inputs, place, attributes, name)
        })?;
        let whole = |place: usize| {
            ranges[place]
                == fold::Range {
                    start: 0,
                    step: 1,
                    count: extents[place],
                }
        };
        if (0..extents.len()).all(whole) {
            return Ok(input);
        }
        let (Value::Map(node), true, true) = (&input, whole(0), whole(1)) else {
            return Err((
                "takes a part of the channels".into(),
                "take every n-th row and column".into(),
            ));
        };
        let step = |place: usize| {
            let range = ranges[place];
            let step = usize::try_from(range.step)
                .ok()
                .filter(|&step| step > 0 && range.start == 0);
            step.filter(|&step| range.count == extents[place].div_ceil(step))
        };
        let (Some(rows), Some(columns)) = (step(2), step(3)) else {
            return Err((
                "takes a part of the rows or columns".into(),
                "take every n-th one, from the first on".into(),
            ));
        };
        self.view(
            name,
            *node,
            View {
                rows,
                columns,
                ..View::WHOLE
            },
        )
    }

    /// A view; one of a view is one.
    fn view(&mut self, name: &str, input: usize, view: View) -> Result<Value, Fault> {
        let (source, view) = match self.graph.nodes[input].kind {
            Kind::View(first) => (self.graph.nodes[input].inputs[0], first.then(view)),
            Kind::Op(_) => (input, view),
        };
        Ok(Value::Map(self.add_node(
            name,
            Kind::View(view),
            vec![source],
        )?))
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

/// The weights of a linear layer, \[outputs, inputs\], from a matrix that is it or its transposed.
fn matrix_of(matrix: &Constant, transposed: bool) -> Result<Tensor, Fault> {
    let values = finite(matrix, "weights")?;
    let [rows, columns] = matrix.shape[..] else {
        return Err((
            format!("has weights of the extents {:?}", matrix.shape),
            "give a matrix".into(),
        ));
    };
    if transposed {
        return Ok(Tensor {
            shape: vec![rows, columns],
            values: values.to_vec(),
        });
    }
    let turned =
        (0..columns).flat_map(|column| (0..rows).map(move |row| values[row * columns + column]));
    Ok(Tensor {
        shape: vec![columns, rows],
        values: turned.collect(),
    })
}

/// The side of a pool's window.
fn square(attributes: &Attributes<'_>) -> Result<usize, Fault> {
    match attributes.ints("kernel_shape") {
        Some(&[rows, columns]) if rows == columns && (1..=65_536).contains(&rows) => {
            Ok(rows as usize)
        }
        other => {
            let what = format!("has a window of {:?}", other.unwrap_or_default());
            Err((what, "pool square windows".into()))
        }
    }
}

/// How a window moves over a map.
struct Window {
    stride: usize,
    padding: usize,
}

impl Window {
    /// The window of a convolution or pool.
    fn of(
        attributes: &Attributes<'_>,
        (height, width): (usize, usize),
        map: Shape,
    ) -> Result<Window, Fault> {
        let strides = attributes.ints("strides").unwrap_or(&[1, 1]);
        let stride = match *strides {
            [rows, columns] if rows == columns && (1..=65_536).contains(&rows) => rows as usize,
            _ => {
                return Err((
                    format!("moves by {strides:?}"),
                    "move as far down as to the right".into(),
                ));
            }
        };
        if attributes
            .ints("dilations")
            .is_some_and(|dilations| dilations.iter().any(|&d| d != 1))
        {
            return Err((
                "is dilated".into(),
                "dilated windows are not supported".into(),
            ));
        }
        let pads = match attributes.text("auto_pad") {
            "" | "NOTSET" => attributes.ints("pads").unwrap_or(&[0; 4]).to_vec(),
            "VALID" => vec![0; 4],
            same @ ("SAME_UPPER" | "SAME_LOWER") => same_pads(same, (height, width), stride, map),
            other => return Err((format!("has auto_pad {other}"), EXPORT.into())),
        };
        let padding = match pads[..] {
            [pad, b, c, d] if [b, c, d] == [pad; 3] && (0..=65_536).contains(&pad) => pad as usize,
            _ => {
                return Err((
                    format!("pads by {pads:?}"),
                    "pad alike on all four sides".into(),
                ));
            }
        };
        // What is left over makes no window of its own here.
        if attributes.int("ceil_mode", 0) != 0 {
            let left_over = |extent: usize, window: usize| {
                !(extent + 2 * padding)
                    .saturating_sub(window)
                    .is_multiple_of(stride)
            };
            if left_over(map.height, height) || left_over(map.width, width) {
                return Err((
                    "rounds the number of windows up".into(),
                    "leave out what fills no window (ceil_mode 0)".into(),
                ));
            }
        }
        Ok(Window { stride, padding })
    }
}

/// What auto_pad stands for: rows and columns before, then behind.
fn same_pads(which: &str, (height, width): (usize, usize), stride: usize, map: Shape) -> Vec<i64> {
    let both = |extent: usize, window: usize| {
        let windows = extent.div_ceil(stride);
        ((windows - 1) * stride + window).saturating_sub(extent)
    };
    let (rows, columns) = (both(map.height, height), both(map.width, width));
    let (less, more) = (
        [rows / 2, columns / 2],
        [rows.div_ceil(2), columns.div_ceil(2)],
    );
    let (first, last) = if which == "SAME_UPPER" {
        (less, more)
    } else {
        (more, less)
    };
    first
        .into_iter()
        .chain(last)
        .map(|pad| pad as i64)
        .collect()
}
