//! `cromulent check`: a design, a network, and whether one fits the other.

mod design;

use cromulent_design::Design;
use cromulent_engine::{Choices, compile_with};
use cromulent_network::{Module, Network, Report, check};
use serde_json::{Value, json};

use crate::cli::CheckArgs;
use crate::networks;
use crate::{Error, Outcome, Problem};

/// Checks what is given. With `--json`, problems are part of the answer.
///
/// # Errors
/// Bad input, unless the answer is JSON.
pub fn run(args: &CheckArgs) -> Result<Outcome, Error> {
    let loaded =
        load(args).map(|(design, network)| Findings::new(design, network, &(&args.choices).into()));
    match loaded {
        Err(Error::BadInput(problems)) if args.json => Ok(Findings {
            problems,
            ..Findings::default()
        }
        .outcome()),
        Err(error) => Err(error),
        Ok(findings) if args.json || findings.problems.is_empty() => Ok(findings.outcome()),
        Ok(findings) => Err(Error::BadInput(findings.problems)),
    }
}

/// Both files as far as they are given, or the problems of both.
fn load(args: &CheckArgs) -> Result<(Option<Design>, Option<Network>), Error> {
    let design = args
        .design
        .as_deref()
        .map(Design::load)
        .transpose()
        .map_err(Error::from);
    let network = args
        .network()
        .map(|network| networks::load(network, args.seed))
        .transpose()
        .map(|source| source.map(|source| source.network))
        .map_err(Error::from);
    match (design, network) {
        (Err(Error::BadInput(mut problems)), Err(Error::BadInput(more))) => {
            problems.extend(more);
            Err(Error::BadInput(problems))
        }
        (design, network) => Ok((design?, network?)),
    }
}

/// What a check found.
#[derive(Default)]
struct Findings {
    design: Option<Design>,
    network: Option<(Network, Report)>,
    problems: Vec<Problem>,
    /// What deserves a look, and is no problem.
    notes: Vec<Problem>,
}

impl Findings {
    fn new(design: Option<Design>, network: Option<Network>, choices: &Choices) -> Findings {
        let network = network.map(|network| {
            let report = check(&network);
            (network, report)
        });
        let (mut problems, mut notes) = (Vec::new(), Vec::new());
        if let Some((network, report)) = &network {
            problems.extend(report.problems.iter().cloned().map(Problem::from));
            // What is not cromulent has no program to fit anywhere.
            if let (true, Some(design)) = (report.cromulent, &design) {
                match compile_with(network, design, choices) {
                    Ok(compiled) => notes.extend(compiled.notes.into_iter().map(Problem::from)),
                    Err(found) => problems.extend(found.0.into_iter().map(Problem::from)),
                }
            }
        }
        Findings {
            design,
            network,
            problems,
            notes,
        }
    }

    /// `cromulent` is about the network's form; a design alone has nothing against it.
    fn is_cromulent(&self) -> bool {
        match &self.network {
            Some((_, report)) => report.cromulent,
            None => self.problems.is_empty(),
        }
    }

    fn outcome(&self) -> Outcome {
        let each = |problems: &[Problem]| problems.iter().map(Problem::to_json).collect::<Vec<_>>();
        let modules = self.network.iter().flat_map(|(network, report)| {
            report
                .modules
                .iter()
                .map(|module| module_json(network, module))
        });
        let mut json = json!({
            "cromulent": self.is_cromulent(),
            "modules": modules.collect::<Vec<_>>(),
            "problems": each(&self.problems),
            "notes": each(&self.notes),
        });
        if let Some(design) = &self.design {
            json["design"] = design::json(design);
        }
        match self.problems.is_empty() {
            true => Outcome::good(self.lines().join("\n"), json),
            false => Outcome::refused("", json),
        }
    }

    /// For a person.
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<_> = self.design.iter().flat_map(design::lines).collect();
        if let Some((network, report)) = &self.network {
            let count = report.modules.len();
            lines.push(format!(
                "{}: cromulent, {count} learnt layers",
                network.name
            ));
            lines.extend(
                report
                    .modules
                    .iter()
                    .map(|module| module_line(network, module)),
            );
        }
        if let (Some(design), Some((network, _))) = (&self.design, &self.network) {
            lines.push(format!("{} fits {}", network.name, design.name));
        }
        lines.extend(self.notes.iter().map(|note| format!("note: {note}")));
        lines
    }
}

/// A module as its path: source, batch-norm, ReLU, learnt layer.
fn module_line(network: &Network, module: &Module) -> String {
    let path = [
        Some(module.source),
        module.batch_norm,
        module.relu,
        Some(module.learnt),
    ];
    let names: Vec<_> = path
        .into_iter()
        .flatten()
        .map(|node| network.nodes[node].name.as_str())
        .collect();
    format!("  {}", names.join(" → "))
}

/// The nodes of a module by name; null where it has none.
fn module_json(network: &Network, module: &Module) -> Value {
    let name = |node: usize| network.nodes[node].name.as_str();
    json!({
        "source": name(module.source),
        "batch_norm": module.batch_norm.map(name),
        "relu": module.relu.map(name),
        "learnt": name(module.learnt),
    })
}
