//! Convolutions, linear layers and batch-norms.

use super::*;

impl Lowering {
    pub(super) fn convolution(
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

    pub(super) fn batch_norm(
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

    pub(super) fn gemm(
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

    pub(super) fn mat_mul(&mut self, name: &str, inputs: Inputs<'_>) -> Result<Value, Fault> {
        let weight = matrix_of(floats(inputs, 1, "weights")?, false)?;
        let bias = vec![0.0; weight.shape[0]];
        self.linear(name, inputs, weight, bias)
    }

    pub(super) fn linear(
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
