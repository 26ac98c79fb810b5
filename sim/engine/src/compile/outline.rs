//! A network laid out for a design from its shapes alone: no weight is looked at and no word of a program written.
//!
//! Every cycle follows from the commands of a program, and those from shapes. So an [`Outline`] has what
//! [`mod@crate::timing`] asks for, in a thousandth of the time compiling takes. It is made by the steps that
//! `compile` takes too: its plan, its shapes, its allocation, its registers.

use cromulent_design::{Affine, Command, Design, LayerRegisters};
use cromulent_network::{
    Convolution, Linear, Network, Node, Op, Problem, Problems, Tensor as Weight,
};

use super::layers::{input, mode, output};
use super::places::{allocation, frame};
use super::plan::{Plan, plan};
use super::weights::geometry;
use super::{Choices, forms, limits, norms, storage};
use crate::geometry::LayerGeometry;
use crate::image::{Image, MapShape, StreamValue, Tensor};
use crate::layer::{LayerInput, LayerMode, LayerOutput, layout, registers};
use crate::program;

/// A network on a design, without its constants.
#[derive(Clone, PartialEq, Debug)]
pub struct Outline {
    /// The name of the network.
    pub network: String,
    /// The image the network takes.
    pub input: MapShape,
    /// The code tensors, by number.
    pub tensors: Vec<Tensor>,
    /// The values of the residual stream, by number.
    pub streams: Vec<StreamValue>,
    /// The layers, in the order they run.
    pub layers: Vec<OutlineLayer>,
    /// The commands of the program.
    pub steps: Vec<Command>,
    /// Why the network would not compile for the design, as far as that can be said without weights. Times are
    /// right all the same: none depends on an address.
    pub problems: Problems,
}

/// A layer as the machine runs it.
#[derive(Clone, PartialEq, Debug)]
pub struct OutlineLayer {
    /// Its name: that of the learnt layer or the pool in its network, or one made of it.
    pub name: String,
    /// Its shape.
    pub geometry: LayerGeometry,
    /// How it is run.
    pub mode: LayerMode,
    /// Where its input comes from.
    pub input: LayerInput,
    /// What becomes of its words; what a score is worth is left at 1.
    pub output: LayerOutput,
    /// What the machine is told.
    pub registers: LayerRegisters,
    /// Multiply-accumulates as the network counts them.
    pub macs: u64,
    /// Whether it computes what an earlier layer has computed, to store it in another form.
    pub again: bool,
}

/// Lays a network out, every normalisation coded.
///
/// # Errors
/// As [`outline_with`].
pub fn outline(network: &Network, design: &Design) -> Result<Outline, Problems> {
    outline_with(network, design, &Choices::default())
}

/// Lays a network out, whether or not it has weights.
///
/// # Errors
/// Every node that cannot run yet; layers of a size beyond all designs.
pub fn outline_with(
    network: &Network,
    design: &Design,
    choices: &Choices,
) -> Result<Outline, Problems> {
    let statistics = !network.is_hollow();
    let network = hollow(network);
    let mut plan = plan(&network, design, choices)?;
    let mut problems = Problems::default();
    limits::check_choices(design, choices, &mut problems);
    storage::apply(&network, design, choices, &mut plan, &mut problems);
    sizes(&network, &plan)?;
    let allocation = allocation(&network, design, &plan, choices);
    let image = frame(&network, design, &plan, &allocation);
    let outlined = 0..plan.layers.len();
    let outlined = outlined.map(|place| layer(&network, design, &plan, &image, place));
    let layers: Vec<OutlineLayer> = outlined.collect();
    let first = layers.iter().find(|layer| layer.input == LayerInput::Image);
    let fetch = first.map(|layer| {
        let places = image.places(&layer.input, &layer.output);
        let range = layout(design, &layer.geometry, &places).range();
        program::fetch(design, &range)
    });
    for planned in &plan.layers {
        limits::check_layer(&network, design, planned, &mut problems);
    }
    limits::check_memories(design, &allocation, &mut problems);
    if problems.0.is_empty() {
        let registers = layers.iter();
        let registers = registers.map(|layer| (layer.name.as_str(), &layer.registers));
        limits::check_registers(design, registers, &mut problems);
    }
    if statistics {
        norms::check(&network, design, &plan, &mut problems);
    } else {
        check_shared(design, &plan, &mut problems);
    }
    Ok(Outline {
        steps: program::steps(
            fetch,
            &image.moves,
            layers.iter().map(|layer| layer.registers),
        ),
        network: image.network,
        input: image.input,
        tensors: image.tensors,
        streams: image.streams,
        layers,
        problems,
    })
}

impl Outline {
    /// Multiply-accumulates of all layers.
    pub fn macs(&self) -> u64 {
        self.layers.iter().map(|layer| layer.macs).sum()
    }
}

impl OutlineLayer {
    /// The share of the rows that have work, over all row tiles, in millionths.
    pub fn busy_rows_millionths(&self, design: &Design) -> u64 {
        let slots = u64::from(self.registers.row_tiles) * u64::from(design.rows);
        let inner = self.geometry.inner() as u64;
        (inner * 1_000_000).checked_div(slots).unwrap_or(0)
    }
}

fn layer(
    network: &Network,
    design: &Design,
    plan: &Plan,
    image: &Image,
    place: usize,
) -> OutlineLayer {
    let planned = &plan.layers[place];
    let (geometry, mode) = (geometry(network, planned), mode(plan, planned));
    let (input, output) = (input(planned), output(planned, 1.0));
    let places = image.places(&input, &output);
    OutlineLayer {
        name: planned.name.clone(),
        registers: registers(design, &geometry, mode, &output, &places),
        macs: mode.macs(&geometry),
        geometry,
        mode,
        input,
        output,
        again: forms::again(plan, place),
    }
}

/// Refuses sizes that no registers can be made of.
fn sizes(network: &Network, plan: &Plan) -> Result<(), Problems> {
    let mut problems = Problems::default();
    for planned in &plan.layers {
        limits::check_size(network, planned, &mut problems);
    }
    problems.or(())
}

/// Refuses several batch-norms of a map where codes hold one, as those of a network without statistics will differ.
fn check_shared(design: &Design, plan: &Plan, problems: &mut Problems) {
    let shared = plan
        .tensors
        .iter()
        .filter(|tensor| tensor.readers.len() > 1 && tensor.is_coded());
    let shared = shared.count();
    if shared > 0 && matches!(design.affine, Affine::Recentred | Affine::Rectified) {
        problems.0.push(Problem::new(
            "network",
            format!(
                "{shared} maps are read by several batch-norms, and codes of affine = \"{}\" hold one",
                design.affine
            ),
            "write affine = \"exact\" or \"snapped\" with an L format",
        ));
    }
}

/// The network without values of weights.
fn hollow(network: &Network) -> Network {
    let node = |node: &Node| Node {
        name: node.name.clone(),
        op: without_values(&node.op),
        inputs: node.inputs.clone(),
        shape: node.shape,
    };
    Network {
        name: network.name.clone(),
        input: network.input.clone(),
        nodes: network.nodes.iter().map(node).collect(),
    }
}

fn without_values(op: &Op) -> Op {
    let hollow = |weight: &Weight| Weight {
        shape: weight.shape.clone(),
        values: vec![],
    };
    match op {
        Op::Convolution(c) => Op::Convolution(Convolution {
            weight: hollow(&c.weight),
            bias: c.bias.clone(),
            ..*c
        }),
        Op::Linear(l) => Op::Linear(Linear {
            weight: hollow(&l.weight),
            bias: l.bias.clone(),
        }),
        other => other.clone(),
    }
}
