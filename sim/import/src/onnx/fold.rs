//! Operators on constants: the sub-graphs that exporters write around Pad, Slice and Reshape.

mod places;
#[cfg(test)]
mod tests;

use super::constant::{Constant, Fault, Values, count, is_float};
use super::node::Attributes;
pub(super) use places::{Range, slices};
use places::{gather, pick, transpose};

/// Values that constants of shapes may have, all together: a handful each.
const OF_SHAPES: usize = 1 << 20;

/// What is wrong with constants for which there is no room.
pub(super) const TOO_MANY: &str = "more values of constants than such a file needs";

/// How many values operators on constants may make of a file that holds so many, or so many bytes, all together: its
/// weights are reshaped and transposed, which leaves them as many, and a few bytes must not claim gigabytes.
pub(super) fn room(held: usize) -> usize {
    held.saturating_add(OF_SHAPES)
}

/// Computes an operator on constants, whose result has `room` for so many values; `None` if it is none that is folded.
///
/// # Errors
/// Inputs that it cannot take.
pub(super) fn fold(
    op: &str,
    inputs: &[Option<&Constant>],
    attributes: &Attributes<'_>,
    room: usize,
) -> Result<Option<Constant>, Fault> {
    let input = |place: usize| inputs.get(place).copied().flatten();
    let Some(first) = input(0) else {
        return Ok(None);
    };
    // Axes and the like were attributes once, and are inputs now.
    let list = |place: usize, name: &str| -> Option<Vec<i64>> {
        match input(place) {
            Some(constant) => constant.as_integers().map(<[i64]>::to_vec),
            None => attributes.ints(name).map(<[i64]>::to_vec),
        }
    };
    Ok(Some(match op {
        "Identity" | "Dropout" => first.clone(),
        "Cast" => cast(first, attributes.int("to", 1))?,
        "Shape" => Constant::integers(first.shape.iter().map(|&extent| extent as i64).collect()),
        "Size" => scalar(first.values.len() as i64),
        "Gather" => gather(first, input(1), attributes.int("axis", 0), room)?,
        "Unsqueeze" => unsqueeze(first, &list(1, "axes").unwrap_or_default())?,
        "Squeeze" => squeeze(first, list(1, "axes").as_deref())?,
        "Concat" => concat(inputs, attributes.int("axis", 0), room)?,
        "ConstantOfShape" => {
            let value = attributes.constant("value")?;
            constant_of_shape(first, value, room)?
        }
        "Reshape" => {
            let wanted = list(1, "shape").ok_or_else(|| fault("has no constant shape"))?;
            let shape = reshaped(&first.shape, &wanted, attributes.int("allowzero", 0) != 0)?;
            Constant {
                shape,
                values: first.values.clone(),
            }
        }
        "Flatten" => {
            let constant = first;
            let axis = axis(attributes.int("axis", 1), constant.shape.len() + 1)?;
            let rows: usize = constant.shape[..axis].iter().product();
            let columns = constant.shape[axis..].iter().product();
            Constant {
                shape: vec![rows, columns],
                values: constant.values.clone(),
            }
        }
        "Slice" => {
            let constant = first;
            let slices = slices(&constant.shape, &list)?;
            pick(constant, &slices, room)?
        }
        "Transpose" => transpose(first, attributes.ints("perm"))?,
        "Add" | "Sub" | "Mul" | "Div" => arithmetic(
            op,
            first,
            input(1).ok_or_else(|| fault("reads one value"))?,
            room,
        )?,
        "Neg" => match &first.values {
            Values::Integers(values) => with(
                first,
                Values::Integers(values.iter().map(|x| x.wrapping_neg()).collect()),
            ),
            Values::Floats(values) => {
                with(first, Values::Floats(values.iter().map(|x| -x).collect()))
            }
        },
        _ => return Ok(None),
    }))
}

fn fault(what: &str) -> Fault {
    (what.to_owned(), "export the network anew".to_owned())
}

fn with(constant: &Constant, values: Values) -> Constant {
    Constant {
        shape: constant.shape.clone(),
        values,
    }
}

fn scalar(value: i64) -> Constant {
    Constant {
        shape: vec![],
        values: Values::Integers(vec![value]),
    }
}

/// An axis that may count from behind, of `rank`.
pub(super) fn axis(axis: i64, rank: usize) -> Result<usize, Fault> {
    let rank = rank as i64;
    let axis = if axis < 0 {
        axis.checked_add(rank)
    } else {
        Some(axis)
    };
    let axis = axis.filter(|axis| (0..rank).contains(axis));
    axis.map(|axis| axis as usize)
        .ok_or_else(|| fault("has an axis that its input has not"))
}

fn cast(constant: &Constant, to: i64) -> Result<Constant, Fault> {
    let Some(float) = is_float(to) else {
        return Err(fault(&format!("casts to ONNX's type number {to}")));
    };
    Ok(with(
        constant,
        match &constant.values {
            Values::Integers(values) if float => {
                Values::Floats(values.iter().map(|&x| x as f32).collect())
            }
            Values::Floats(values) if !float => {
                Values::Integers(values.iter().map(|&x| x as i64).collect())
            }
            values => values.clone(),
        },
    ))
}

fn unsqueeze(constant: &Constant, axes: &[i64]) -> Result<Constant, Fault> {
    let rank = constant.shape.len() + axes.len();
    let axes: Vec<usize> = axes
        .iter()
        .map(|&a| axis(a, rank))
        .collect::<Result<_, _>>()?;
    let mut own = constant.shape.iter();
    let shape: Vec<usize> = (0..rank)
        .map(|place| {
            if axes.contains(&place) {
                1
            } else {
                own.next().copied().unwrap_or(1)
            }
        })
        .collect();
    match own.next() {
        None => Ok(Constant {
            shape,
            values: constant.values.clone(),
        }),
        Some(_) => Err(fault("names an axis twice")),
    }
}

fn squeeze(constant: &Constant, axes: Option<&[i64]>) -> Result<Constant, Fault> {
    let rank = constant.shape.len();
    let axes: Option<Vec<usize>> = axes
        .map(|axes| {
            axes.iter()
                .map(|&a| axis(a, rank))
                .collect::<Result<_, _>>()
        })
        .transpose()?;
    let gone = |place: usize| match &axes {
        Some(axes) => axes.contains(&place),
        None => constant.shape[place] == 1,
    };
    if (0..rank).any(|place| gone(place) && constant.shape[place] != 1) {
        return Err(fault("squeezes an axis of more than one"));
    }
    let shape = (0..rank)
        .filter(|&place| !gone(place))
        .map(|place| constant.shape[place]);
    Ok(Constant {
        shape: shape.collect(),
        values: constant.values.clone(),
    })
}

fn concat(inputs: &[Option<&Constant>], along: i64, room: usize) -> Result<Constant, Fault> {
    let parts: Option<Vec<&Constant>> = inputs.iter().copied().collect();
    let parts = parts
        .filter(|parts| !parts.is_empty())
        .ok_or_else(|| fault("reads nothing"))?;
    let along = axis(along, parts[0].shape.len())?;
    let mut shape = parts[0].shape.clone();
    shape[along] = 0;
    for part in &parts {
        let alike = part.shape.len() == shape.len()
            && (0..shape.len()).all(|place| place == along || part.shape[place] == shape[place]);
        if !alike {
            return Err(fault("joins constants that do not fit"));
        }
        shape[along] += part.shape[along];
    }
    small(&shape, room)?;
    let before: usize = shape[..along].iter().product();
    let block = |part: &Constant| part.shape[along..].iter().product::<usize>();
    if parts.iter().all(|part| part.as_integers().is_some()) {
        let rows = (0..before).flat_map(|row| parts.iter().map(move |part| (row, *part)));
        let values = rows.flat_map(|(row, part)| {
            part.as_integers().unwrap_or_default()[row * block(part)..][..block(part)].to_vec()
        });
        return Ok(Constant {
            shape,
            values: Values::Integers(values.collect()),
        });
    }
    if parts.iter().all(|part| part.as_floats().is_some()) {
        let rows = (0..before).flat_map(|row| parts.iter().map(move |part| (row, *part)));
        let values = rows.flat_map(|(row, part)| {
            part.as_floats().unwrap_or_default()[row * block(part)..][..block(part)].to_vec()
        });
        return Ok(Constant {
            shape,
            values: Values::Floats(values.collect()),
        });
    }
    Err(fault("joins integers and floats"))
}

fn constant_of_shape(
    shape: &Constant,
    value: Option<Constant>,
    room: usize,
) -> Result<Constant, Fault> {
    let extents = shape
        .as_integers()
        .ok_or_else(|| fault("has a shape that is not of integers"))?;
    let shape: Option<Vec<usize>> = extents
        .iter()
        .map(|&extent| usize::try_from(extent).ok())
        .collect();
    let shape = shape.ok_or_else(|| fault("has a negative extent"))?;
    let count = small(&shape, room)?;
    let values = match value.map(|value| value.values) {
        Some(Values::Integers(value)) => {
            Values::Integers(vec![value.first().copied().unwrap_or(0); count])
        }
        Some(Values::Floats(value)) => {
            Values::Floats(vec![value.first().copied().unwrap_or(0.0); count])
        }
        None => Values::Floats(vec![0.0; count]),
    };
    Ok(Constant { shape, values })
}

/// How many values a result has, if that is not too many.
fn small(shape: &[usize], room: usize) -> Result<usize, Fault> {
    count(shape).filter(|&count| count <= room).ok_or_else(|| {
        fault(&format!(
            "makes a constant of the extents {shape:?}, {TOO_MANY}"
        ))
    })
}

/// The shape that a Reshape gives: 0 copies an extent, −1 is what is left.
pub(super) fn reshaped(
    from: &[usize],
    wanted: &[i64],
    allow_zero: bool,
) -> Result<Vec<usize>, Fault> {
    let total = count(from).ok_or_else(|| fault("is too large"))?;
    let mut shape = Vec::new();
    let mut open = None;
    for (place, &extent) in wanted.iter().enumerate() {
        shape.push(match extent {
            -1 if open.is_none() => {
                open = Some(place);
                1
            }
            0 if !allow_zero => *from
                .get(place)
                .ok_or_else(|| fault("copies an extent that is not there"))?,
            _ => usize::try_from(extent).map_err(|_| fault("has a negative extent"))?,
        });
    }
    let product = count(&shape).ok_or_else(|| fault("is too large"))?;
    if let Some(place) = open.filter(|_| product > 0) {
        shape[place] = total / product;
    }
    match count(&shape) == Some(total) {
        true => Ok(shape),
        false => Err(fault(&format!("makes {wanted:?} of {from:?}"))),
    }
}

fn arithmetic(op: &str, a: &Constant, b: &Constant, room: usize) -> Result<Constant, Fault> {
    let rank = a.shape.len().max(b.shape.len());
    let padded = |shape: &[usize]| -> Vec<usize> {
        let missing = rank - shape.len();
        std::iter::repeat_n(1, missing)
            .chain(shape.iter().copied())
            .collect()
    };
    let (left, right) = (padded(&a.shape), padded(&b.shape));
    let mut shape = Vec::new();
    for (&x, &y) in left.iter().zip(&right) {
        match (x, y) {
            (x, y) if x == y => shape.push(x),
            (1, y) => shape.push(y),
            (x, 1) => shape.push(x),
            _ => return Err(fault("combines constants that do not fit")),
        }
    }
    small(&shape, room)?;
    let places = |own: &[usize]| {
        let mut places = vec![0usize];
        for (&extent, &whole) in own.iter().zip(&shape) {
            let of_axis = |before: &usize| {
                let before = *before;
                (0..whole).map(move |n| before * extent + if extent == 1 { 0 } else { n })
            };
            places = places.iter().flat_map(of_axis).collect();
        }
        places
    };
    let pairs = places(&left).into_iter().zip(places(&right));
    let values = match (&a.values, &b.values) {
        (Values::Integers(a), Values::Integers(b)) => {
            let value = |(x, y): (usize, usize)| match (op, a[x], b[y]) {
                ("Add", x, y) => x.checked_add(y),
                ("Sub", x, y) => x.checked_sub(y),
                ("Mul", x, y) => x.checked_mul(y),
                (_, x, y) => x.checked_div(y),
            };
            let values: Option<Vec<i64>> = pairs.map(value).collect();
            Values::Integers(values.ok_or_else(|| fault("overflows, or divides by 0"))?)
        }
        (Values::Floats(a), Values::Floats(b)) => {
            let value = |(x, y): (usize, usize)| match op {
                "Add" => a[x] + b[y],
                "Sub" => a[x] - b[y],
                "Mul" => a[x] * b[y],
                _ => a[x] / b[y],
            };
            Values::Floats(pairs.map(value).collect())
        }
        _ => return Err(fault("combines integers and floats")),
    };
    Ok(Constant { shape, values })
}
