//! Other views of the same values: flattened, reshaped, padded, sliced.

use super::*;

impl Lowering {
    pub(super) fn flatten(
        &mut self,
        inputs: Inputs<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Value, Fault> {
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
    pub(super) fn extents(&self, value: &Value) -> Vec<usize> {
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
    pub(super) fn seen_as(&self, input: &Value, shape: &[usize]) -> Result<Value, Fault> {
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

    pub(super) fn reshape(
        &mut self,
        inputs: Inputs<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Value, Fault> {
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

    pub(super) fn squeeze(
        &mut self,
        op: &str,
        inputs: Inputs<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Value, Fault> {
        let input = self.any(inputs, 0)?;
        let shape = Constant {
            shape: self.extents(&input),
            values: crate::onnx::constant::Values::Integers(vec![]),
        };
        let axes = list(inputs, 1, attributes, "axes").map(Constant::integers);
        let axes = axes.unwrap_or_else(|| {
            Constant::integers(if op == "Squeeze" { vec![2, 3] } else { vec![] })
        });
        let folded = fold(
            op,
            &[Some(&shape), Some(&axes)],
            &Attributes::default(),
            self.room,
        )?;
        self.seen_as(&input, &folded.map(|shape| shape.shape).unwrap_or_default())
    }

    /// The extents as a constant: what hangs on them is folded.
    pub(super) fn shape(
        &mut self,
        inputs: Inputs<'_>,
        attributes: &Attributes<'_>,
    ) -> Result<Value, Fault> {
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

    pub(super) fn pad(
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

    pub(super) fn slice(
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
    pub(super) fn view(&mut self, name: &str, input: usize, view: View) -> Result<Value, Fault> {
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
