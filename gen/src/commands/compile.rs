//! `cromulent compile`.

use std::fs;
use std::path::Path;

use cromulent_engine::timing;
use cromulent_engine::{Image, Program, compile_with};

use crate::cli::CompileArgs;
use crate::executors::MemoryMap;
use crate::memory_map::{self, Layout};
use crate::output::write_folder;
use crate::progress::Progress;
use crate::workload::{load_both, notes};
use crate::{Error, Outcome};

/// Compiles a network for a design and writes what a host needs: the program as it goes into memory, the map
/// of the memory as page and JSON, and the program image that `verify --image` reads.
///
/// # Errors
/// Bad input, a network that does not fit the design, or a folder that exists or cannot be written.
pub fn run(args: &CompileArgs, progress: &Progress) -> Result<Outcome, Error> {
    let (design, source) = load_both(&args.design, &args.network, args.seed)?;
    let step = progress.step("compiling");
    let compiled = compile_with(&source.network, &design, &(&args.choices).into())?;
    let image = &compiled.image;
    let program = Program::of(image);
    let fetched = program.fetch.map_or(0, |fetch| fetch.beats);
    let input_bytes = u64::from(fetched) * u64::from(design.bus_bits / 8);
    let map = MemoryMap::new(&design, args.base, &program, input_bytes)?;
    step.say("counting cycles");
    let fastest = timing::Memory {
        latency: 1,
        interval: 1,
    };
    let layout = Layout {
        image,
        program: &program,
        map,
        timing: timing::run(&design, &program.steps, fastest),
        notes: notes(&source, &compiled),
    };
    write_folder(&args.out, |folder| write(folder, image, &layout))?;
    let text = format!(
        "{}\n{}: {}",
        memory_map::summary(&layout),
        args.out.display(),
        FILES.join(", ")
    );
    let mut json = memory_map::json(&layout);
    json["synthetic"] = serde_json::json!(source.seed.is_some());
    json["folder"] = serde_json::json!(args.out);
    json["files"] = serde_json::json!(FILES);
    Ok(Outcome::good(text, json))
}

/// What is written.
const FILES: [&str; 4] = ["image.crom", "memory.json", "memory.md", "program.bin"];

fn write(folder: &Path, image: &Image, layout: &Layout) -> Result<(), Error> {
    let object = format!("{:#}\n", memory_map::json(layout));
    let (bytes, page) = (image.to_bytes(), memory_map::page(layout));
    let files: [(&str, &[u8]); 4] = [
        (FILES[0], &bytes),
        (FILES[1], object.as_bytes()),
        (FILES[2], page.as_bytes()),
        (FILES[3], &layout.program.bytes),
    ];
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|error| Error::io("be written", &path, &error))?;
    }
    Ok(())
}
