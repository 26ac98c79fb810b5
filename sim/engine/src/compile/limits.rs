//! Whether a network fits a design, before any weight is quantised.

use cromulent_design::{Affine, COORDINATE_MARGIN, Design, PeKind};
use cromulent_network::{BatchNorm, Network, Op, Problem, Problems};

use super::form::{ChannelForm, FormError};
use super::layers::{geometry, mode};
use super::plan::{Plan, PlannedLayer};
use crate::geometry::LayerGeometry;
use crate::layer::registers;

/// The batch-norm a node is.
pub(super) fn norm(network: &Network, node: usize) -> Option<&BatchNorm> {
    match &network.nodes[node].op {
        Op::BatchNorm(norm) => Some(norm),
        _ => None,
    }
}

/// Refuses batch-norms that the design's affine form cannot express.
pub(super) fn check_norms(
    network: &Network,
    design: &Design,
    plan: &Plan,
    problems: &mut Problems,
) {
    for &node in &plan.tensors {
        let Some(norm) = norm(network, node) else {
            continue;
        };
        let constant = |&c: &usize| {
            let form = ChannelForm::new(design, norm.scale[c], norm.shift[c]);
            form == Err(FormError::ConstantOutput)
        };
        let channels: Vec<usize> = (0..norm.channels()).filter(constant).collect();
        if !channels.is_empty() {
            problems.add(
                format!("node `{}`", network.nodes[node].name),
                format!(
                    "{} scale 0 and a shift above 0, a constant that affine = \"{}\" cannot express",
                    have(&channels),
                    design.affine
                ),
                "write affine = \"exact\" with an L format, or prune these channels",
            );
        }
    }
}

/// "channel 3 has" or "channels 3, 7, 9 have".
fn have(channels: &[usize]) -> String {
    let list = list(channels);
    match channels {
        [_] => format!("channel {list} has"),
        _ => format!("channels {list} have"),
    }
}

/// The first few of a list of channels.
fn list(channels: &[usize]) -> String {
    const SHOWN: usize = 8;
    let shown = channels.iter().take(SHOWN).map(ToString::to_string);
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if channels.len() > SHOWN {
        text += &format!(" and {} more", channels.len() - SHOWN);
    }
    text
}

/// Refuses a layer that the memories of the design do not hold.
pub(super) fn check_layer(
    network: &Network,
    design: &Design,
    planned: &PlannedLayer,
    problems: &mut Problems,
) {
    let place = format!("layer {}", network.nodes[planned.node].name);
    let geometry = geometry(network, planned);
    if let Err(error) = geometry.check() {
        let fix = "give every size a value from 1 to 16384, and less padding than kernel";
        return problems.add(place, error.to_string(), fix);
    }
    let before = problems.0.len();
    let digits = design.pe == PeKind::Multiply || design.image_digits;
    if planned.input.is_none() && !digits {
        let what = "it is fed with an image, and image_digits = false";
        problems.add(&place, what, "write image_digits = true in the design");
    }
    check_memories(design, &geometry, &place, problems);
    check_reach(&geometry, &place, problems);
    if problems.0.len() == before {
        // What is left is rare; the design's own words must do.
        let registers = registers(design, &geometry, mode(planned));
        for fault in registers.validate(design).err().unwrap_or_default() {
            problems.add(&place, fault, "give the design larger memories");
        }
    }
}

fn check_memories(design: &Design, geometry: &LayerGeometry, place: &str, problems: &mut Problems) {
    let rows = design.rows as usize;
    let column_tiles = geometry.column_tiles(design.columns as usize);
    let weights = geometry.row_tiles(rows) * rows * column_tiles;
    let side = geometry.height.max(geometry.width);
    let codes = geometry.bank_words(rows);
    // Field, its value, what the layer needs, and the two halves of the sentence around that.
    #[rustfmt::skip]
    let needs = [
        ("code_depth", design.code_depth, codes, "its input fills", "words of every code bank"),
        ("weight_depth", design.weight_depth, weights, "its weights fill", "words of every column's bank"),
        ("channel_depth", design.channel_depth, column_tiles, "its channels take", "sets of constants in every column"),
        ("map_side", design.map_side, side, "its input map is", "pixels high or wide"),
    ];
    for (field, given, needed, what, unit) in needs {
        if needed > given as usize {
            problems.add(
                place,
                format!("{what} {needed} {unit}, and {field} = {given}"),
                format!("write {field} = {needed} or more"),
            );
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

/// Beyond this |b/a| a rectified channel's error exceeds the spread of its signal (numerics §9).
const STEEP: f64 = 6.0;

/// What the format and form lose, by batch-norm.
pub(super) fn notes(network: &Network, design: &Design, plan: &Plan) -> Vec<Problem> {
    let (limit, what) = match design.affine {
        Affine::Exact => return vec![],
        Affine::Rectified if design.pe == PeKind::Multiply => return vec![],
        Affine::Rectified => (STEEP, "lose most of their signal"),
        Affine::Snapped | Affine::Recentred => {
            let format = design.format;
            let top = format.exponent_quarters(format.magnitudes() - 1);
            (
                (f64::from(top) / 4.0).exp2(),
                "are cut outside the range of codes",
            )
        }
    };
    let note = |&node: &usize| {
        let norm = norm(network, node)?;
        let far = |&c: &usize| {
            let (a, b) = (norm.scale[c], norm.shift[c]);
            let alive = ChannelForm::new(design, a, b).is_ok_and(|form| form.reading.a[0] != 0.0);
            let active = design.affine != Affine::Rectified || b > 0.0;
            alive && active && (b / a).abs() > limit
        };
        let channels: Vec<usize> = (0..norm.channels()).filter(far).collect();
        (!channels.is_empty()).then(|| {
            Problem::new(
                format!("node `{}`", network.nodes[node].name),
                format!("{} |shift/scale| above {limit} and {what}", have(&channels)),
                "affine = \"exact\" or a format of more bits keeps them",
            )
        })
    };
    plan.tensors.iter().filter_map(note).collect()
}
