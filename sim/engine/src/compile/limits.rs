//! Whether a network fits a design, before any weight is quantised.

use cromulent_design::{Affine, COORDINATE_MARGIN, Design, LARGEST_WINDOW, LayerRegisters, PeKind};
use cromulent_network::{Affine as Coefficients, Network, Problem, Problems};
use cromulent_number::from_order;

use super::Choices;
use super::form::{ChannelForm, value};
use super::norms::{affines, have};
use super::plan::{Plan, PlannedLayer};
use super::weights::geometry;
use crate::activations::pixel;
use crate::geometry::LayerGeometry;
use crate::layer::{PIXEL_BEATS, Storage, Task};
use crate::memory::Allocation;

/// Refuses wishes that the design cannot fulfil.
pub(super) fn check_choices(design: &Design, choices: &Choices, problems: &mut Problems) {
    let digits = choices.image_digits;
    if !(1..=PIXEL_BEATS).contains(&digits) {
        problems.add(
            "--image-digits",
            format!("{digits} is no number of digits a pixel can be given"),
            format!("write 1 to {PIXEL_BEATS}; {PIXEL_BEATS} are exact"),
        );
    } else if digits < PIXEL_BEATS && design.takes_whole_integers() {
        let what =
            format!("{digits} digits are asked for, and pe = \"multiply\" takes pixels whole");
        problems.add("--image-digits", what, "leave it out");
    }
}

/// Refuses a layer that the memories of the design do not hold.
pub(super) fn check_layer(
    network: &Network,
    design: &Design,
    planned: &PlannedLayer,
    problems: &mut Problems,
) {
    if !check_size(network, planned, problems) {
        return;
    }
    let place = format!("layer {}", planned.name);
    let geometry = geometry(network, planned);
    if planned.input.is_none() && !design.takes_integers() {
        let what = "it is fed with an image, and image_digits = false";
        let fix = match design.pe {
            PeKind::Multiply | PeKind::Dsp => {
                "write image_digits = true and pe = \"rows\" in the design"
            }
            PeKind::Shift | PeKind::LogLog | PeKind::Table | PeKind::Rows => {
                "write image_digits = true in the design"
            }
        };
        problems.add(&place, what, fix);
    }
    if planned.task == Task::MaxPool {
        check_window(design, &geometry, &place, problems);
    }
    let side = geometry.height.max(geometry.width);
    // An image may be stored in phases, which are smaller: its registers tell.
    if planned.input.is_some() && side > design.map_side as usize {
        problems.add(
            &place,
            format!(
                "its input map is {side} pixels high or wide, and map_side = {}",
                design.map_side
            ),
            format!("write map_side = {side} or more"),
        );
    }
    check_reach(&geometry, &place, problems);
}

/// Refuses a max-pool that the rows of the design cannot do.
fn check_window(design: &Design, geometry: &LayerGeometry, place: &str, problems: &mut Problems) {
    if !design.max_pool {
        let what = "it is a max-pool, and max_pool = false";
        problems.add(place, what, "write max_pool = true in the design");
    }
    let side = geometry.kernel_width;
    if side > LARGEST_WINDOW as usize {
        problems.add(
            place,
            format!("its window is {side} pixels high and wide"),
            format!("use windows of at most {LARGEST_WINDOW} pixels"),
        );
    }
}

/// Refuses a layer of a size beyond all designs: whether it is none.
pub(super) fn check_size(
    network: &Network,
    planned: &PlannedLayer,
    problems: &mut Problems,
) -> bool {
    let Err(error) = geometry(network, planned).check() else {
        return true;
    };
    let place = format!("layer {}", planned.name);
    let fix = "give every size a value from 1 to 16384, and less padding than kernel";
    problems.add(place, error.to_string(), fix);
    false
}

/// Refuses a network whose values do not fit the memories they are kept in.
pub(super) fn check_memories(design: &Design, allocation: &Allocation, problems: &mut Problems) {
    let needs = [
        (
            "code_depth",
            design.code_depth,
            allocation.code_words,
            "codes fill",
            "code bank",
        ),
        (
            "stream_depth",
            design.stream_depth,
            allocation.stream_words,
            "residual stream fills",
            "column's stream",
        ),
    ];
    for (field, given, needed, what, unit) in needs {
        if needed > given as usize {
            problems.add(
                "network",
                format!("its {what} {needed} words of every {unit}, and {field} = {given}"),
                format!("write {field} = {needed} or more"),
            );
        }
    }
}

/// Refuses layers that the machine has no registers for. What is left is rare; the design's own words must do.
pub(super) fn check_registers<'a>(
    design: &Design,
    layers: impl Iterator<Item = (&'a str, &'a LayerRegisters)>,
    problems: &mut Problems,
) {
    for (name, registers) in layers {
        let faults = registers.validate(design);
        for fault in faults.err().unwrap_or_default() {
            let place = format!("layer {name}");
            problems.add(place, fault, "give the design larger memories");
        }
    }
}

/// Taps and strides that a coordinate cannot reach.
fn check_reach(geometry: &LayerGeometry, place: &str, problems: &mut Problems) {
    let margin = COORDINATE_MARGIN as usize;
    if geometry.stride >= margin || geometry.padding >= margin {
        problems.add(
            place,
            format!(
                "its stride is {} and its padding {} pixels",
                geometry.stride, geometry.padding
            ),
            format!("use strides and paddings below {margin}"),
        );
    }
}

/// The batch-norm a layer reads, and the tensors.
fn activated(layer: &PlannedLayer) -> Option<(usize, Vec<usize>)> {
    let (norm, tensors) = layer.input.as_ref()?;
    Some(((*norm)?, tensors.clone()))
}

/// Beyond this |b/a| a rectified channel's error exceeds the spread of its signal (numerics §9).
const STEEP: f64 = 6.0;

/// What the format and form lose, by batch-norm.
pub(super) fn notes(
    network: &Network,
    design: &Design,
    plan: &Plan,
    choices: &Choices,
) -> Vec<Problem> {
    let rounded = rounding(choices.image_digits);
    let lost = losses(network, design, plan);
    rounded.into_iter().chain(lost).collect()
}

/// What pixels lose in fewer digits than they need.
fn rounding(digits: usize) -> Option<Problem> {
    if digits >= PIXEL_BEATS {
        return None;
    }
    let errors = (0..=255).map(|p| (f64::from(pixel(p, digits)) + 128.0 - f64::from(p)).abs());
    let (largest, sum) = errors.fold((0.0, 0.0), |(most, sum): (f64, f64), error| {
        (most.max(error), sum + error)
    });
    Some(Problem::new(
        "image",
        format!(
            "pixels are rounded to {digits} signed digits, by up to {largest} of 255, {:.2} on average over all of them",
            sum / 256.0
        ),
        "--image-digits 4 takes them as they are",
    ))
}

fn losses(network: &Network, design: &Design, plan: &Plan) -> Vec<Problem> {
    let what = match design.affine {
        Affine::Exact => return vec![],
        Affine::Rectified if design.format.is_integer() => return vec![],
        Affine::Rectified => "lose most of their signal",
        Affine::Snapped | Affine::Recentred => "are cut outside the range of codes",
    };
    let limit = |tensor: &usize| {
        let format = plan.tensors[*tensor].storage.format(design);
        match design.affine {
            Affine::Rectified => STEEP,
            _ => value(format, from_order(format, format.codes() - 1)),
        }
    };
    let note = |(node, tensors): (usize, Vec<usize>)| {
        let affines = affines(network, plan, node, &tensors);
        let limit = tensors.iter().map(limit).fold(f64::INFINITY, f64::min);
        let far = |&c: &usize| {
            let Coefficients { a, b } = affines[c];
            let alive = ChannelForm::new(design, design.format, a, b)
                .is_ok_and(|form| form.reading.a[0] != 0.0);
            let active = design.affine != Affine::Rectified || b > 0.0;
            alive && active && (b / a).abs() > limit
        };
        let channels: Vec<usize> = (0..affines.len()).filter(far).collect();
        (!channels.is_empty()).then(|| {
            Problem::new(
                format!("node `{}`", network.nodes[node].name),
                format!("{} |shift/scale| above {limit} and {what}", have(&channels)),
                "affine = \"exact\" or a format of more bits keeps them",
            )
        })
    };
    let mut read: Vec<(usize, Vec<usize>)> = plan.layers.iter().filter_map(activated).collect();
    read.sort_unstable();
    read.dedup();
    let coded = |tensor: &usize| plan.tensors[*tensor].storage != Storage::Integers;
    read.retain(|(_, tensors)| tensors.iter().all(coded));
    read.into_iter().filter_map(note).collect()
}
