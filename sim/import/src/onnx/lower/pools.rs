//! Pools, and means over positions.

use super::*;

impl Lowering {
    pub(super) fn max_pool(
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
        let (kernel, window) = window_of(attributes, self.shapes[input])?;
        let op = Op::MaxPool {
            kernel,
            stride: window.stride,
            padding: window.padding + around,
        };
        Ok(Value::Map(self.push(name, op, vec![input])?))
    }

    pub(super) fn average_pool(
        &mut self,
        name: &str,
        inputs: Inputs<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Value, Fault> {
        let input = self.map(inputs, 0)?;
        let (kernel, window) = window_of(attributes, self.shapes[input])?;
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

    pub(super) fn global(&mut self, name: &str, input: usize) -> Result<usize, Fault> {
        let Shape { height, width, .. } = self.shapes[input];
        match height * width {
            1 => Ok(input),
            _ => self.push(name, Op::GlobalAveragePool, vec![input]),
        }
    }

    pub(super) fn reduce_mean(
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
}

/// The side of a pool's window, and how it moves over a map.
fn window_of(attributes: &Attributes<'_>, map: Shape) -> Result<(usize, Window), Fault> {
    let kernel = square(attributes)?;
    let window = Window::of(attributes, (kernel, kernel), map)?;
    Ok((kernel, window))
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
