//! `cromulent accuracy`: what formats, forms and weights cost, bit-exact, over a set of images.

mod combinations;
mod layers;
mod mixed;
mod report;
mod search;
mod single;
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
use crate::output::{refuse_existing, write_text};
use crate::progress::Progress;
use crate::workload::read_back;
use crate::{Error, Outcome, Problem};
use combinations::{Combination, combinations};
use mixed::Wish;
use report::{Report, Row};
use search::Search;
pub(super) use single::{Judge, top1};
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
    if let Some(file) = &args.plot {
        refuse_existing(file)?;
    }
    let wishes = mixed::wishes(&network, &args.format)?;
    let deciding = deciding(args, &network, &examples)?;
    let pool = pool(args.threads)?;
    let (outcome, svg) = pool.install(|| -> Result<(Outcome, Option<String>), Error> {
        let step = progress.step("compiling");
        let programs = programs(args, &network, template.as_ref(), &wishes, &deciding)?;
        drop(step);
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
        let svg = args.plot.as_ref().map(|_| report.plot()).transpose()?;
        Ok((Outcome::good(report.text(), report.json()), svg))
    })?;
    if let (Some(file), Some(svg)) = (&args.plot, svg) {
        write_text(file, &svg)?;
    }
    Ok(outcome)
}

/// The images that decide what `--auto` gives up.
fn deciding(
    args: &AccuracyArgs,
    network: &Network,
    examples: &[Example],
) -> Result<Vec<Example>, Error> {
    if args.auto.is_none() {
        return Ok(vec![]);
    }
    let examples = match &args.calibrate {
        Some(file) => {
            network.read_images(file, args.calibrate_labels.as_deref(), None, DECIDING)?
        }
        None => examples.iter().take(DECIDING).cloned().collect(),
    };
    if let Some(place) = examples.iter().position(|example| example.label.is_none()) {
        let what = format!("image {place} has no label, so nobody knows what is right");
        let fix = "give the labels with --calibrate-labels";
        return Err(Error::bad_input("--calibrate", what, fix));
    }
    Ok(examples)
}

/// Images that decide, at most: the first ones.
const DECIDING: usize = 500;

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
    /// Formats that are not the row's own.
    formats: Vec<Wish>,
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
    wishes: &[Wish],
    deciding: &[Example],
) -> Result<Vec<Program>, Error> {
    let (mut programs, mut problems) = (vec![], Shared::default());
    for combination in combinations(args) {
        let name = format!("{}, {}", combination.format, combination.affine);
        match program(args, network, template, combination, (wishes, deciding)) {
            Ok(program) => programs.push(program),
            Err(Error::BadInput(found)) => problems.add(&name, found),
            Err(error) => return Err(error),
        }
    }
    problems.or(programs)
}

/// Problems, each once, with the rows that have it.
#[derive(Default)]
struct Shared(Vec<(Vec<String>, Problem)>);

impl Shared {
    fn add(&mut self, row: &str, found: Vec<Problem>) {
        for problem in found {
            match self.0.iter_mut().find(|(_, known)| *known == problem) {
                Some((rows, _)) if rows.iter().any(|known| known == row) => {}
                Some((rows, _)) => rows.push(row.to_owned()),
                None => self.0.push((vec![row.to_owned()], problem)),
            }
        }
    }

    fn or<T>(self, value: T) -> Result<T, Error> {
        if self.0.is_empty() {
            return Ok(value);
        }
        let problems = self.0.into_iter().map(|(rows, problem)| Problem {
            place: format!("{}: {}", rows.join("; "), problem.place),
            ..problem
        });
        Err(Error::BadInput(problems.collect()))
    }
}

/// Compiles one row, its formats those wanted or, with `--auto`, those a search finds.
fn program(
    args: &AccuracyArgs,
    network: &Network,
    template: Option<&Design>,
    combination: Combination,
    (wishes, deciding): (&[Wish], &[Example]),
) -> Result<Program, Error> {
    let design = combination.design(template);
    design.validate()?;
    let mut choices = combination.choices();
    let mut found = None;
    choices.formats = wishes.to_vec();
    if let Some(wanted) = args.auto {
        let search = Search {
            network,
            design: &design,
            choices: &choices,
            examples: deciding,
            wanted,
            tries: search::TRIES,
        };
        let best = search.run(wishes)?;
        choices.formats.clone_from(&best.wishes);
        found = Some((best, deciding.len()));
    }
    let compiled = compile_with(network, &design, &choices)?;
    let mut program = Program::new(combination, compiled)?;
    program.formats = choices.formats;
    if let Some((best, images)) = found {
        let rank = match best.cheapest {
            true => "no cheaper assignment keeps it".to_owned(),
            false => format!(
                "the cheapest but for more than {} assignments that were not tried",
                search::TRIES
            ),
        };
        program.notes.push(format!(
            "--auto: {:.2} per cent of the {images} images that decide, {} bits of codes an image in place of {}; {rank}",
            best.accuracy, best.bits[0], best.bits[1]
        ));
    }
    Ok(program)
}

impl Program {
    fn new(combination: Combination, compiled: Compiled) -> Result<Program, Error> {
        let (image, _) = read_back(&compiled.image)?;
        let notes = compiled.notes.iter();
        Ok(Program {
            combination,
            image,
            probes: compiled.probes,
            formats: vec![],
            notes: notes
                .map(|note| format!("{}: {}", note.place, note.what))
                .collect(),
        })
    }
}

/// The threads that everything is computed on.
pub(super) fn pool(threads: Option<NonZeroUsize>) -> Result<rayon::ThreadPool, Error> {
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
        stream_bits: program.image.design.stream_bits,
        combination: program.combination.clone(),
        tally: Tally::of(&answers, float),
        saturations: runs.iter().map(|run| run.saturations).sum(),
        formats: program.formats.clone(),
        notes: program.notes.clone(),
        layers: vec![],
    })
}
