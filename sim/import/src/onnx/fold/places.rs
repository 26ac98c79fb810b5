//! Operators that take values of a constant from other places: Gather, Slice, Transpose.

use super::super::constant::{Constant, Fault, Values};
use super::{axis, fault, small};

/// The values at flat places.
fn at(constant: &Constant, shape: Vec<usize>, places: &[usize]) -> Constant {
    let values = match &constant.values {
        Values::Floats(values) => {
            Values::Floats(places.iter().map(|&place| values[place]).collect())
        }
        Values::Integers(values) => {
            Values::Integers(places.iter().map(|&place| values[place]).collect())
        }
    };
    Constant { shape, values }
}

/// The extents before, of, and behind an axis.
fn around(shape: &[usize], axis: usize) -> (usize, usize, usize) {
    (
        shape[..axis].iter().product(),
        shape[axis],
        shape[axis + 1..].iter().product(),
    )
}

pub(super) fn gather(
    constant: &Constant,
    indices: Option<&Constant>,
    along: i64,
    room: usize,
) -> Result<Constant, Fault> {
    let indices = indices.ok_or_else(|| fault("has no indices"))?;
    let along = axis(along, constant.shape.len())?;
    let (before, extent, behind) = around(&constant.shape, along);
    let wanted = indices
        .as_integers()
        .ok_or_else(|| fault("has indices that are no integers"))?;
    let wanted: Vec<usize> = wanted
        .iter()
        .map(|&index| axis(index, extent))
        .collect::<Result<_, _>>()?;
    let mut shape = constant.shape[..along].to_vec();
    shape.extend(&indices.shape);
    shape.extend(&constant.shape[along + 1..]);
    small(&shape, room)?;
    let mut places = Vec::new();
    for outer in 0..before {
        for &index in &wanted {
            places.extend((0..behind).map(|inner| (outer * extent + index) * behind + inner));
        }
    }
    Ok(at(constant, shape, &places))
}

/// What a Slice takes of one axis: places `start`, `start + step`, …, `count` of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) struct Range {
    pub start: i64,
    pub step: i64,
    pub count: usize,
}

/// What a Slice takes of each axis.
pub(in super::super) fn slices(
    shape: &[usize],
    list: &dyn Fn(usize, &str) -> Option<Vec<i64>>,
) -> Result<Vec<Range>, Fault> {
    let (Some(starts), Some(ends)) = (list(1, "starts"), list(2, "ends")) else {
        return Err(fault("has starts or ends that are no constants"));
    };
    let axes = list(3, "axes").unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = list(4, "steps").unwrap_or_else(|| vec![1; starts.len()]);
    if [ends.len(), axes.len(), steps.len()]
        .iter()
        .any(|&length| length != starts.len())
    {
        return Err(fault(
            "has starts, ends, axes and steps of different lengths",
        ));
    }
    let mut ranges: Vec<Range> = shape
        .iter()
        .map(|&extent| Range {
            start: 0,
            step: 1,
            count: extent,
        })
        .collect();
    for (place, &along) in axes.iter().enumerate() {
        let along = axis(along, shape.len())?;
        ranges[along] = range(shape[along], starts[place], ends[place], steps[place])?;
    }
    Ok(ranges)
}

/// ONNX's rule for one axis.
fn range(extent: usize, start: i64, end: i64, step: i64) -> Result<Range, Fault> {
    let extent = extent as i64;
    let from_behind = |place: i64| {
        if place < 0 {
            place.saturating_add(extent)
        } else {
            place
        }
    };
    let (start, end) = (from_behind(start), from_behind(end));
    let (start, end, length) = match step {
        0 => return Err(fault("has a step of 0")),
        1.. => {
            let (start, end) = (start.clamp(0, extent), end.clamp(0, extent));
            (start, end, end - start)
        }
        _ => {
            let (start, end) = (start.clamp(0, extent - 1), end.clamp(-1, extent - 1));
            (start, end, start - end)
        }
    };
    let _ = end;
    let count = length.max(0).unsigned_abs().div_ceil(step.unsigned_abs());
    Ok(Range {
        start,
        step,
        count: count as usize,
    })
}

/// The values that slices take.
pub(super) fn pick(constant: &Constant, ranges: &[Range], room: usize) -> Result<Constant, Fault> {
    let shape: Vec<usize> = ranges.iter().map(|range| range.count).collect();
    small(&shape, room)?;
    let mut places = vec![0usize];
    for (range, &extent) in ranges.iter().zip(&constant.shape) {
        let of_axis = |before: &usize| {
            let before = *before;
            (0..range.count as i64)
                .map(move |n| before * extent + (range.start + n * range.step) as usize)
        };
        places = places.iter().flat_map(of_axis).collect();
    }
    Ok(at(constant, shape, &places))
}

pub(super) fn transpose(constant: &Constant, perm: Option<&[i64]>) -> Result<Constant, Fault> {
    let rank = constant.shape.len();
    let perm: Vec<usize> = match perm {
        Some(perm) => perm
            .iter()
            .map(|&a| axis(a, rank))
            .collect::<Result<_, _>>()?,
        None => (0..rank).rev().collect(),
    };
    let mut sorted = perm.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..rank) {
        return Err(fault("has a `perm` that is no permutation of its axes"));
    }
    let mut strides = vec![1; rank];
    for place in (1..rank).rev() {
        strides[place - 1] = strides[place] * constant.shape[place];
    }
    let mut places = vec![0usize];
    for &source in &perm {
        let of_axis = |before: &usize| {
            let before = *before;
            let stride = strides[source];
            (0..constant.shape[source]).map(move |n| before + n * stride)
        };
        places = places.iter().flat_map(of_axis).collect();
    }
    let shape = perm.iter().map(|&source| constant.shape[source]).collect();
    Ok(at(constant, shape, &places))
}
