//! `cromulent simulate`.

mod report;
mod shapes;
mod table;
mod values;

use cromulent_design::{Command, Design};
use cromulent_engine::peers::{self, LayerShape};
use cromulent_engine::timing::{self, Memory, Timing};
use cromulent_engine::traffic::traffic;
use cromulent_engine::{Image, Layer, LayerInput, Pooling, Program, outline_with};
use cromulent_network::Problem;

use crate::cli::{Dataflow, Maps, SimulateArgs, Workload};
use crate::progress::Progress;
use crate::workload::{self, load_shapes};
use crate::{Error, Outcome};
use report::Report;
pub(super) use report::weight_load;

/// Runs the whole network: every value, and every cycle by the timing model. With `--layer`, only that
/// layer's row is printed; with `--timing-only`, only cycles are counted, and of a topology of shapes alone (CSV)
/// nothing else can be.
///
/// # Errors
/// Bad input.
pub fn run(args: &SimulateArgs, progress: &Progress) -> Result<Outcome, Error> {
    let network = &args.workload.network;
    match args.dataflow {
        Some(Dataflow::ScaleSim) => {
            shapes::scale_sim(&args.workload.design, network, args.memory.into())
        }
        None if args.timing_only || shapes::is_topology(network) => only_timing(args, progress),
        None => everything(args, progress),
    }
}

/// A layer as the report names it.
struct Named {
    name: String,
    /// Of all images that are computed together.
    macs: u64,
    /// Whether it is fed with the image.
    image: bool,
    /// How its codes are pooled as they leave.
    pooling: Option<Pooling>,
}

fn everything(args: &SimulateArgs, progress: &Progress) -> Result<Outcome, Error> {
    let workload = workload::Workload::load(&args.workload, None)?;
    let image = &workload.image;
    let values = values::compute(&workload, args.threads, progress)?;
    let steps = Program::steps_of(image);
    let labels = workload.examples.iter().map(|example| example.label);
    let report = Report {
        network: &image.network,
        design: &image.design,
        layers: named(image),
        shown: workload.layers(),
        timing: time(&image.design, &steps, args.memory.into())?,
        traffic: traffic(&image.design, &steps),
        program_bytes: Some(workload.image_bytes),
        values: Some(&values),
        labels: labels.collect(),
        notes: &workload.notes,
        synthetic: workload.synthetic,
    };
    outcome(&report, args.csv)
}

/// What is printed: a table for a person, or with `csv` for a spreadsheet.
fn outcome(report: &Report, csv: bool) -> Result<Outcome, Error> {
    let text = if csv {
        report.csv().map_err(|error| Error::ToolFailed {
            tool: "the report".to_owned(),
            what: format!("could not be written as CSV: {error}"),
            output: String::new(),
        })?
    } else {
        report.text()
    };
    Ok(Outcome::good(text, report.json()))
}

/// The layers of an image.
fn named(image: &Image) -> Vec<Named> {
    let layer = |layer: &Layer| Named {
        name: layer.name.clone(),
        macs: u64::from(image.design.batch) * layer.macs,
        image: layer.input == LayerInput::Image,
        pooling: layer.mode.pooling,
    };
    image.layers.iter().map(layer).collect()
}

/// What is timed: a name, its layers, the commands, and what is worth knowing.
struct Timed {
    design: Design,
    network: String,
    layers: Vec<Named>,
    steps: Vec<Command>,
    notes: Vec<String>,
    synthetic: bool,
}

fn only_timing(args: &SimulateArgs, progress: &Progress) -> Result<Outcome, Error> {
    let _step = progress.step("counting cycles");
    let timed = if shapes::is_topology(&args.workload.network) {
        Timed::shapes(args)?
    } else {
        Timed::network(args)?
    };
    let report = Report {
        network: &timed.network,
        design: &timed.design,
        shown: (0..timed.layers.len()).collect(),
        timing: time(&timed.design, &timed.steps, args.memory.into())?,
        traffic: traffic(&timed.design, &timed.steps),
        layers: timed.layers,
        program_bytes: None,
        values: None,
        labels: vec![],
        notes: &timed.notes,
        synthetic: timed.synthetic,
    };
    outcome(&report, args.csv)
}

impl Timed {
    /// A network, also on a design whose memories are too small for it: that changes no cycle.
    fn network(args: &SimulateArgs) -> Result<Timed, Error> {
        let Workload {
            design,
            network,
            seed,
            choices,
            ..
        } = &args.workload;
        let (design, source) = load_shapes(design, network, *seed)?;
        let outline = outline_with(&source.network, &design, &choices.into())?;
        let unfit = unfit(&outline.problems.0);
        let layers = outline.layers.iter().map(|layer| Named {
            name: layer.name.clone(),
            macs: u64::from(design.batch) * layer.macs,
            image: layer.input == LayerInput::Image,
            pooling: layer.mode.pooling,
        });
        Ok(Timed {
            layers: layers.collect(),
            notes: unfit,
            network: outline.network,
            steps: outline.steps,
            synthetic: source.seed.is_some(),
            design,
        })
    }

    /// A topology of shapes alone.
    fn shapes(args: &SimulateArgs) -> Result<Timed, Error> {
        let design = Design::load(&args.workload.design)?;
        let network = &args.workload.network;
        let choices = &args.workload.choices;
        let chosen = [
            ("--first", choices.first.is_some()),
            ("--format", !choices.format.is_empty()),
        ];
        if let Some((option, _)) = chosen.into_iter().find(|(_, given)| *given) {
            let what = "layer shapes alone have no normalisation";
            let fix = "leave it out, or give a network";
            return Err(Error::bad_input(option, what, fix));
        }
        let shapes = shapes::topology_of(network)?;
        if args.workload.choices.maps == Some(Maps::Memory) {
            let what = "the layers of a file of shapes do not say which reads which";
            return Err(Error::bad_input(
                "--maps memory",
                what,
                "give a network instead",
            ));
        }
        let layer = |shape: &LayerShape| Named {
            name: shape.name.clone(),
            macs: u64::from(design.batch) * shape.geometry.macs(false),
            image: false,
            pooling: None,
        };
        Ok(Timed {
            network: network.display().to_string(),
            layers: shapes.iter().map(layer).collect(),
            steps: peers::commands(&design, &shapes),
            notes: vec!["layers read codes and write codes; the first one reads an image, if it has at most 4 channels and the design has digits".to_owned()],
            synthetic: true,
            design,
        })
    }
}

/// Why a network would not compile, the first few reasons.
pub(super) fn unfit(problems: &[Problem]) -> Vec<String> {
    const SHOWN: usize = 3;
    let shown = problems.iter().take(SHOWN);
    let mut notes: Vec<String> = shown
        .map(|problem| format!("does not compile for this design: {problem}"))
        .collect();
    if problems.len() > SHOWN {
        let more = problems.len() - SHOWN;
        notes.push(format!(
            "{more} more such reasons; `compile` names them all"
        ));
    }
    notes
}

/// The cycles of a program behind a memory.
pub(super) fn time(design: &Design, steps: &[Command], memory: Memory) -> Result<Timing, Error> {
    let timing = timing::run(design, steps, memory);
    if timing.finished {
        return Ok(timing);
    }
    Err(Error::ToolFailed {
        tool: "the timing model".to_owned(),
        what: "came to no end: the program hangs".to_owned(),
        output: String::new(),
    })
}
