//! `cromulent import`: a network of another tool, as a network file.

use std::path::Path;

use cromulent_import::{
    Files, Graph, Normalisation, Rewritten, calibrate, onnx, rewrite, torch, write,
};
use cromulent_network::{Image, Network, Problems, Report, check};
use serde_json::{Value, json};

use crate::cli::{ImportArgs, Shortcuts};
use crate::output::write_together;
use crate::progress::Progress;
use crate::{Error, Outcome, Problem};

/// Reads a network, rewrites and calibrates it, and writes a network file and its weights.
///
/// # Errors
/// Bad input, or a file that exists or cannot be written.
pub fn run(args: &ImportArgs, progress: &Progress) -> Result<Outcome, Error> {
    let names = names(&args.out)?;
    let step = progress.step("reading");
    let mut graph = read(args)?;
    step.say("rewriting");
    let rewritten = rewrite(&mut graph, args.shortcuts.into()).map_err(Problems::from)?;
    let images = match (&args.calibrate, rewritten.inserted.is_empty()) {
        (Some(data), false) => {
            step.say("reading images");
            images(&graph, data, args.images.get())?
        }
        _ => vec![],
    };
    step.say("calibrating");
    calibrate(&mut graph, &rewritten.inserted, &images)?;
    let network = graph.network()?;
    let report = Imported {
        args,
        names: &names,
        network: &network,
        rewritten: &rewritten,
        images: images.len(),
        report: check(&network),
    };
    let Files {
        description,
        weights,
    } = write(&network, &names.1, &report.said());
    let files = [
        (names.1.clone(), weights),
        (names.0.clone(), description.into_bytes()),
    ];
    let folder = args.out.parent().unwrap_or(Path::new(""));
    write_together(folder, &files, |draft| {
        // What cannot be read back is not worth writing.
        Network::load(&draft.join(&names.0))?;
        Ok(())
    })?;
    Ok(Outcome::good(report.text(), report.json()))
}

/// The names of the description and of the weights.
fn names(out: &Path) -> Result<(String, String), Error> {
    let name = |path: &Path| {
        path.file_name()
            .and_then(|name| name.to_str())
            .map(str::to_owned)
    };
    match (name(out), name(&out.with_extension("safetensors"))) {
        (Some(description), Some(weights)) if description.ends_with(".toml") => {
            Ok((description, weights))
        }
        _ => Err(Error::bad_input(
            out.display(),
            "is no name for a network file",
            "end it with .toml",
        )),
    }
}

fn read(args: &ImportArgs) -> Result<Graph, Problems> {
    let normalisation: Option<&Normalisation> = args.normalize.as_ref();
    match &args.topology {
        Some(topology) => torch::read(&args.network, topology, normalisation),
        None => onnx::read(&args.network, normalisation),
    }
}

/// The images to calibrate with.
fn images(graph: &Graph, data: &Path, count: usize) -> Result<Vec<Image>, Problems> {
    let examples = graph.network()?.read_images(data, None, None, count)?;
    Ok(examples.into_iter().map(|example| example.image).collect())
}

impl From<Shortcuts> for cromulent_import::Shortcuts {
    fn from(shortcuts: Shortcuts) -> cromulent_import::Shortcuts {
        match shortcuts {
            Shortcuts::Streams => cromulent_import::Shortcuts::Streams,
            Shortcuts::Codes => cromulent_import::Shortcuts::Codes,
        }
    }
}

/// What there is to say.
struct Imported<'a> {
    args: &'a ImportArgs,
    names: &'a (String, String),
    network: &'a Network,
    rewritten: &'a Rewritten,
    images: usize,
    report: Report,
}

impl Imported<'_> {
    /// What a reader of the file wants to know.
    fn said(&self) -> Vec<String> {
        let from = self.args.network.file_name().unwrap_or_default();
        let mut said = vec![format!("Imported from {}.", from.to_string_lossy())];
        for change in &self.rewritten.changes {
            said.push(format!(
                "{}: {} ({})",
                change.rule,
                change.what,
                change.nodes.len()
            ));
        }
        if self.images > 0 {
            said.push(format!("calibrated with {} images", self.images));
        }
        said
    }

    fn text(&self) -> String {
        let input = &self.network.input;
        let mut lines = vec![
            format!(
                "{}: {} nodes, {} multiply-accumulates an image",
                self.network.name,
                self.network.nodes.len() - 1,
                self.network.macs()
            ),
            format!(
                "pixels enter as (pixel/255 − {:?})/{:?}",
                input.mean, input.std
            ),
        ];
        for change in &self.rewritten.changes {
            lines.push(format!("{}: {}", change.rule, change.what));
            lines.push(format!("  {}", change.nodes.join(", ")));
        }
        if self.rewritten.changes.is_empty() {
            lines.push("nothing had to be rewritten".into());
        }
        if self.images > 0 {
            lines.push(format!("calibrated with {} images", self.images));
        }
        match self.report.cromulent {
            true => lines.push("cromulent".into()),
            false => {
                let problems = self.report.problems.iter();
                lines.push("not cromulent:".into());
                lines.extend(problems.map(|problem| format!("  {problem}")));
            }
        }
        lines.push(format!(
            "{}: {}, {}",
            self.args.out.display(),
            self.names.0,
            self.names.1
        ));
        lines.join("\n")
    }

    fn json(&self) -> Value {
        let input = &self.network.input;
        let changes = self.rewritten.changes.iter().map(
            |change| json!({ "rule": change.rule, "what": change.what, "nodes": change.nodes }),
        );
        let problems = self.report.problems.iter().cloned().map(Problem::from);
        json!({
            "network": self.network.name,
            "file": self.args.out,
            "weights": self.args.out.with_extension("safetensors"),
            "normalization": { "mean": input.mean, "std": input.std },
            "calibration_images": self.images,
            "changes": changes.collect::<Vec<_>>(),
            "macs": self.network.macs(),
            "cromulent": self.report.cromulent,
            "problems": problems.map(|problem| problem.to_json()).collect::<Vec<_>>(),
        })
    }
}
