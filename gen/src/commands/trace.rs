//! `cromulent trace`.

use std::ops::Range;

use cromulent_engine::timing::{self, Timing};
use cromulent_engine::{Executor, Program, Runner};
use serde_json::json;

use crate::cli::TraceArgs;
use crate::output::write_file;
use crate::progress::Progress;
use crate::waveform::{Format, MOST_SAMPLES, Waveform, ran, signal_count, write};
use crate::workload::Workload;
use crate::{Error, Outcome};

/// Writes the waveform of a window of cycles, as the cycle model computes it.
///
/// # Errors
/// Bad input: also a window that holds no cycle of the run, or more than fit a file.
pub fn run(args: &TraceArgs, progress: &Progress) -> Result<Outcome, Error> {
    let format = Format::of(&args.out).ok_or_else(|| {
        let what = "ends neither in .fst nor in .vcd";
        Error::bad_input(args.out.display(), what, "name a file that does")
    })?;
    let workload = Workload::load(&args.workload, None)?;
    let image = &workload.image;
    let _step = progress.step("simulating");
    let timing = timing::run(&image.design, &Program::steps_of(image), args.memory.into());
    let window = window(args, &workload, &timing)?;
    let number = args.workload.images.get() - 1;
    // With a batch, the run that the image is part of.
    let first = number / image.batch() * image.batch();
    let examples = &workload.examples[first..=number];
    let pixels: Vec<&[u8]> = examples.iter().map(|e| e.image.pixels.as_slice()).collect();
    let run = Runner::new(image).run(&image.fill_batch(&pixels), Executor::CycleModel)?;
    let words = run.layers.iter().map(|layer| layer.words.as_slice());
    let layers = ran(image, &timing.layers, words);
    let waveform = Waveform::of(&image.design, &layers, window.clone());
    write_file(&args.out, |path| {
        write(&waveform, path, format).map_err(|error| Error::io("be written", path, &error))
    })?;
    let text = format!(
        "{}: {} signals, cycles {}..{} of {}",
        args.out.display(),
        waveform.signals.len(),
        window.start,
        window.end,
        timing.cycles
    );
    let names: Vec<&str> = waveform.signals.iter().map(|s| s.name.as_str()).collect();
    let json = json!({
        "file": args.out,
        "first_cycle": window.start,
        "end_cycle": window.end,
        "signals": names,
        "synthetic": workload.synthetic,
    });
    Ok(Outcome::good(text, json))
}

/// The window asked for, in cycles of the whole program.
fn window(args: &TraceArgs, workload: &Workload, timing: &Timing) -> Result<Range<u64>, Error> {
    let (origin, length, what) = match workload.layer {
        Some(layer) => {
            let layer = &timing.layers[layer];
            (layer.start, layer.cycles, "the layer")
        }
        None => (0, timing.cycles, "the program"),
    };
    let asked = args.cycles.clone().unwrap_or(0..length);
    let refuse = |what: String, fix: String| Err(Error::bad_input("--cycles", what, fix));
    if asked.is_empty() {
        let what = format!("{}..{} holds no cycle", asked.start, asked.end);
        return refuse(what, "write FIRST..END, END being larger".to_owned());
    }
    if asked.end > length {
        let what = format!("{what} has {length} cycles and no cycle {}", asked.end - 1);
        return refuse(what, format!("write a window within 0..{length}"));
    }
    let most = MOST_SAMPLES / signal_count(&workload.image.design);
    if asked.end - asked.start > most {
        let what = format!("{} cycles are too many", asked.end - asked.start);
        return refuse(what, format!("write a window of {most} cycles or fewer"));
    }
    Ok(origin + asked.start..origin + asked.end)
}
