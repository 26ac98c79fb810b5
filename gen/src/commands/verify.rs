//! `cromulent verify`.

use std::fs;
use std::path::Path;

use cromulent_design::Design;
use cromulent_engine::Runner;
use cromulent_network::images::Example;

use crate::cli::VerifyArgs;
use crate::executors::Memory;
use crate::output::Files;
use crate::progress::Progress;
use crate::verification::{Bench, Conditions, RunCheck, Subject, json, text};
use crate::workload::Workload;
use crate::{Error, Outcome};

/// Runs the network, image by image, or batch by batch, on each executor asked for, and compares every layer; with `--layer`
/// that layer alone, on what the reference makes of the image up to there.
///
/// # Errors
/// Bad input, or a tool that is missing or fails. A difference is no error but an outcome.
pub fn run(args: &VerifyArgs, progress: &Progress) -> Result<Outcome, Error> {
    let workload = Workload::load(&args.workload, args.image.as_deref())?;
    let image = &workload.image;
    let rtl = args.rtl.as_deref();
    let conditions = Conditions {
        memory: Memory {
            latency: args.memory.latency,
            interval: args.memory.interval,
            seed: args.stall_seed.unwrap_or(0),
        },
        executors: args.executors.clone(),
        rtl: rtl
            .map(|folder| read_verilog(folder, &image.design))
            .transpose()?,
    };
    let mut bench = Bench::new(&image.design, conditions, progress)?;
    let runner = Runner::new(image);
    let mut checks = vec![];
    for (number, examples) in workload.examples.chunks(image.batch()).enumerate() {
        let pixels: Vec<&[u8]> = examples.iter().map(|e| e.image.pixels.as_slice()).collect();
        let pixels = image.fill_batch(&pixels);
        let mut subject = match workload.layer {
            None => Subject::network(image, &runner, &pixels)?,
            Some(place) => {
                let activations = runner.layer_input(&pixels, place)?;
                Subject::layer(&image.design, &image.layers[place], activations)?
            }
        };
        subject.image = number * image.batch();
        let label = |example: &Example| example.label.filter(|_| workload.layer.is_none());
        subject.labels = examples.iter().map(label).collect();
        checks.push(bench.check(&subject)?);
    }
    let mut text = text(&image.design, &image.network, &checks);
    let mut json = json(&checks);
    json["synthetic"] = serde_json::json!(workload.synthetic);
    if workload.synthetic {
        text += "\nnote: weights and images are random";
    }
    let good = checks
        .iter()
        .all(|check: &RunCheck| check.mismatches() == 0);
    Ok(if good {
        Outcome::good(text, json)
    } else {
        Outcome::mismatch(text, json)
    })
}

/// The Verilog files of a folder that `generate` wrote for this design, by name.
fn read_verilog(folder: &Path, design: &Design) -> Result<Files, Error> {
    let own = folder.join("design.toml");
    if own.exists() {
        let found = Design::load(&own)?;
        if found.fingerprint() != design.fingerprint() {
            let what = format!("is Verilog of another design, {}", found.name);
            let fix = format!("generate it for {}, or give --design its own", design.name);
            return Err(Error::bad_input(folder.display(), what, fix));
        }
    }
    let failed = |error: std::io::Error| Error::io("be read", folder, &error);
    let mut files = Files::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "v")
            && let Some(name) = path.file_name()
        {
            let text =
                fs::read_to_string(&path).map_err(|error| Error::io("be read", &path, &error))?;
            files.insert(name.into(), text);
        }
    }
    if files.is_empty() {
        let fix = "give a folder that `cromulent generate` wrote";
        return Err(Error::bad_input(
            folder.display(),
            "holds no Verilog (.v) file",
            fix,
        ));
    }
    Ok(files)
}
