//! Sums, biases and concatenations.

use super::*;

impl Lowering {
    /// A sum of maps, or the bias of the layer before.
    pub(super) fn add(&mut self, name: &str, inputs: Inputs<'_>) -> Result<Value, Fault> {
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
    pub(super) fn bias(
        &mut self,
        to: &Value,
        inputs: Inputs<'_>,
        place: usize,
    ) -> Result<Value, Fault> {
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

    pub(super) fn concat(
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
}
