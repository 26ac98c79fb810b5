//! `cromulent accuracy`: what formats, forms and weights cost, bit-exact, over a set of images.

mod combinations;
mod layers;
mod report;
mod tally;

use std::num::NonZeroUsize;
use std::time::Instant;

use cromulent_design::Design;
use cromulent_engine::compile::Probe;
use cromulent_engine::fast::FastRunner;
use cromulent_engine::{Compiled, Image, compile_with};
use cromulent_network::images::Example;
use cromulent_network::{Evaluator, Network, Problems};
use rayon::prelude::*;

use crate::cli::{AccuracyArgs, Wanted};
use crate::networks;
use crate::progress::Progress;
use crate::workload::read_back;
use crate::{Error, Outcome, Problem};
use combinations::{Combination, combinations};
use report::{Report, Row};
use tally::{Answer, Tally};

/// Computes a table of accuracies: every row is what the hardware of that row would answer.
///
/// # Errors
/// Bad input: what is wrong with network, images or design; every row that cannot be compiled.
pub fn run(args: &AccuracyArgs, progress: &Progress) -> Result<Outcome, Error> {
    let started = Instant::now();
    let network = load(args)?;
    let examples = examples(args, &network)?;
    let template = args.design.as_deref().map(Design::load).transpose()?;
    let step = progress.step("compiling");
    let programs = programs(args, &network, template.as_ref())?;
    drop(step);
    let pool = pool(args.threads)?;
    pool.install(|| {
        let float = in_floating_point(&network, &examples, progress)?;
        let mut rows = vec![];
        for program in &programs {
            let mut row = row(program, &examples, &float, progress)?;
            if args.layers || args.json {
                let _step = progress.step("signal and noise, layer by layer");
                let examples = &examples[..examples.len().min(layers::IMAGES)];
                row.layers = layers::ratios(&network, &program.image, &program.probes, examples)?;
            }
            rows.push(row);
        }
        let report = Report {
            network: &network.name,
            float: Tally::of(&float, &float),
            float_wanted: args.formats.contains(&Wanted::Fp32),
            rows,
            seconds: started.elapsed().as_secs_f64(),
        };
        Ok(Outcome::good(report.text(), report.json()))
    })
}

/// The network, whose weights are its own: random ones are right by chance only.
fn load(args: &AccuracyArgs) -> Result<Network, Error> {
    let source = networks::load(&args.network, None)?;
    if source.seed.is_some() {
        let what = "is a network known by name, with random weights";
        let fix = "give a network file with weights that someone trained";
        return Err(Error::bad_input(args.network.display(), what, fix));
    }
    Ok(source.network)
}

/// The images, each with its class.
fn examples(args: &AccuracyArgs, network: &Network) -> Result<Vec<Example>, Error> {
    let count = args.images.map_or(usize::MAX, NonZeroUsize::get);
    let examples = match &args.data {
        Some(file) => network.read_images(file, args.labels.as_deref(), None, count)?,
        None => network.examples(count)?,
    };
    if let Some(wanted) = args.images.filter(|wanted| examples.len() < wanted.get()) {
        let what = format!("there are only {} images", examples.len());
        let fix = format!("ask for no more with --images, not {wanted}");
        return Err(Error::bad_input("--images", what, fix));
    }
    if let Some(place) = examples.iter().position(|example| example.label.is_none()) {
        let name = args.data.as_ref().map_or_else(
            || format!("the examples of {}", network.name),
            |file| file.display().to_string(),
        );
        let what = format!("image {place} has no label, so nobody knows what is right");
        return Err(Error::bad_input(
            name,
            what,
            "give the labels with --labels",
        ));
    }
    Ok(examples)
}

/// A row that can be run.
struct Program {
    combination: Combination,
    image: Image,
    probes: Vec<Probe>,
    notes: Vec<String>,
}

/// Compiles every row.
///
/// # Errors
/// The problems of all rows, each with the row it is of.
fn programs(
    args: &AccuracyArgs,
    network: &Network,
    template: Option<&Design>,
) -> Result<Vec<Program>, Error> {
    let (mut programs, mut problems) = (vec![], Vec::<Problem>::new());
    for combination in combinations(args) {
        let design = combination.design(template);
        let compiled = design
            .validate()
            .map_err(Error::from)
            .and_then(|()| Ok(compile_with(network, &design, &combination.choices())?));
        match compiled {
            Ok(compiled) => programs.push(Program::new(combination, compiled)?),
            Err(Error::BadInput(found)) => {
                problems.extend(found.into_iter().map(|problem| Problem {
                    place: format!(
                        "{}, {}: {}",
                        combination.format, combination.affine, problem.place
                    ),
                    ..problem
                }))
            }
            Err(error) => return Err(error),
        }
    }
    if problems.is_empty() {
        Ok(programs)
    } else {
        Err(Error::BadInput(problems))
    }
}

impl Program {
    fn new(combination: Combination, compiled: Compiled) -> Result<Program, Error> {
        let (image, _) = read_back(&compiled.image)?;
        let notes = compiled.notes.iter();
        Ok(Program {
            combination,
            image,
            probes: compiled.probes,
            notes: notes
                .map(|note| format!("{}: {}", note.place, note.what))
                .collect(),
        })
    }
}

/// The threads that everything is computed on.
fn pool(threads: Option<NonZeroUsize>) -> Result<rayon::ThreadPool, Error> {
    let threads = threads.or_else(|| std::thread::available_parallelism().ok());
    let threads = threads.map_or(1, NonZeroUsize::get);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| {
        let what = format!("{threads} threads cannot be had ({error})");
        Error::bad_input("--threads", what, "ask for fewer")
    })
}

/// The class of an example; every one has one.
fn label(example: &Example) -> usize {
    example.label.map_or(usize::MAX, usize::from)
}

/// What the network answers as it was trained.
fn in_floating_point(
    network: &Network,
    examples: &[Example],
    progress: &Progress,
) -> Result<Vec<Answer>, Error> {
    let step = progress.steps("floating point", examples.len() as u64);
    let evaluator = Evaluator::new(network);
    let answer = |example: &Example| {
        let scores = evaluator.output(&example.image)?;
        step.advance();
        Ok(Answer::of(&scores, label(example)))
    };
    let answers: Result<Vec<Answer>, Problems> = examples.par_iter().map(answer).collect();
    Ok(answers?)
}

/// Runs a row on all images.
fn row(
    program: &Program,
    examples: &[Example],
    float: &[Answer],
    progress: &Progress,
) -> Result<Row, Error> {
    let runner = FastRunner::new(&program.image);
    let name = format!(
        "{} {}",
        program.combination.format, program.combination.affine
    );
    let step = progress.steps(&name, examples.len() as u64);
    let images: Vec<&[u8]> = examples.iter().map(|e| e.image.pixels.as_slice()).collect();
    let runs = runner.run_all(&images, || step.advance())?;
    let answers = runs.iter().zip(examples);
    let answers = answers.map(|(run, example)| Answer::of(&run.scores, label(example)));
    let answers: Vec<Answer> = answers.collect();
    Ok(Row {
        combination: program.combination.clone(),
        tally: Tally::of(&answers, float),
        saturations: runs.iter().map(|run| run.saturations).sum(),
        notes: program.notes.clone(),
        layers: vec![],
    })
}
