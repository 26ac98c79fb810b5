//! Damages files of both importers, ONNX and weights by name, for as long as is asked, and prints what it saw. A panic
//! ends it, with the seed.
//!
//!     cargo run -p cromulent-import --example fuzz-import -- --seconds 300
//!
//! `--corpus FOLDER` writes the files as they are instead, for the targets in `fuzz`.

#[path = "../tests/torchvision/mod.rs"]
mod torchvision;

use std::path::Path;
use std::time::{Duration, Instant};

use cromulent_import::{Shortcuts, onnx, rewrite, torch, write};
use cromulent_network::Generator;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (mut seconds, mut first, mut seeds) = (Some(10), Some(0), None);
    for pair in arguments.chunks(2) {
        match pair {
            [option, number] if option == "--seconds" => seconds = number.parse().ok(),
            [option, number] if option == "--seed" => first = number.parse().ok(),
            [option, folder] if option == "--corpus" => seeds = Some(Path::new(folder)),
            _ => seconds = None,
        }
    }
    let (Some(seconds), Some(first)) = (seconds, first) else {
        eprintln!("write --seconds N, and --seed N for the first file; or --corpus FOLDER");
        std::process::exit(2);
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let names = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = names
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "onnx"))
        .collect();
    files.sort();
    let corpus: Vec<Vec<u8>> = files
        .iter()
        .filter_map(|path| std::fs::read(path).ok())
        .collect();
    let scratch = std::env::temp_dir().join(format!("cromulent-fuzz-{}", std::process::id()));
    let _ = std::fs::create_dir_all(&scratch);
    for (name, each) in [
        ("onnx", onnx_once as fn(&[u8], &Path) -> bool),
        ("safetensors", weights_once),
        ("safetensors, torchvision's names", weights_once),
    ] {
        let corpus = match name {
            "onnx" => corpus.clone(),
            "safetensors" => weights(&corpus),
            _ => by_name(&corpus, &scratch),
        };
        if let Some(folder) = seeds {
            keep(
                &corpus,
                &folder.join(name.split(',').next().unwrap_or(name)),
            );
            continue;
        }
        let (start, mut slowest, mut count, mut sound) =
            (Instant::now(), (Duration::ZERO, 0), first, 0u64);
        while start.elapsed() < Duration::from_secs(seconds) {
            let mut generator = Generator::new(count);
            let bytes = damaged(&corpus, &mut generator);
            let once = Instant::now();
            let result = std::panic::catch_unwind(|| each(&bytes, &scratch));
            slowest = slowest.max((once.elapsed(), count));
            match result {
                Ok(read) => sound += u64::from(read),
                Err(_) => {
                    eprintln!("{name}: panic with seed {count}");
                    std::process::exit(1);
                }
            }
            count += 1;
        }
        println!(
            "{name}: {} files, {sound} of them read, the slowest in {:.1?} with seed {}, no panic",
            count - first,
            slowest.0,
            slowest.1
        );
    }
    let _ = std::fs::remove_dir_all(scratch);
}

/// Writes a corpus to a folder, beside what is there.
fn keep(corpus: &[Vec<u8>], folder: &Path) {
    let written = std::fs::create_dir_all(folder).and_then(|()| {
        let there = std::fs::read_dir(folder)?.count();
        let mut files = corpus.iter().enumerate();
        files.try_for_each(|(number, bytes)| {
            std::fs::write(folder.join(format!("seed-{}", there + number)), bytes)
        })
    });
    if let Err(error) = written {
        eprintln!("{}: {error}", folder.display());
        std::process::exit(2);
    }
}

/// A file of the corpus with bytes changed, taken out, put in, or of another file.
fn damaged(corpus: &[Vec<u8>], generator: &mut Generator) -> Vec<u8> {
    let mut bytes = generator.pick(corpus).clone();
    for _ in 0..generator.range(1, 6) {
        let place = generator.range(0, bytes.len() as i64 - 1) as usize;
        let end = (place + generator.range(1, 40) as usize).min(bytes.len());
        match generator.range(0, 5) {
            0 => bytes.truncate(place.max(1)),
            1 => drop(bytes.drain(place..end)),
            2 => drop(bytes.splice(place..place, vec![generator.bits() as u8; end - place])),
            3 => bytes[place..end].fill(255),
            4 => {
                let other = generator.pick(corpus);
                let from = generator.range(0, other.len() as i64 - 1) as usize;
                let part = other[from..(from + end - place).min(other.len())].to_vec();
                drop(bytes.splice(place..end, part));
            }
            _ => bytes[place] = generator.bits() as u8,
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
    bytes
}

fn onnx_once(bytes: &[u8], scratch: &Path) -> bool {
    match onnx::decode(bytes, "fuzz.onnx", "fuzz", scratch, None) {
        Ok(mut graph) => {
            let _ = rewrite(&mut graph, Shortcuts::Streams);
            true
        }
        Err(_) => false,
    }
}

fn weights_once(bytes: &[u8], scratch: &Path) -> bool {
    let path = scratch.join("fuzz.safetensors");
    let _ = std::fs::write(&path, bytes);
    let Ok(tensors) = cromulent_network::safetensors(&path) else {
        return false;
    };
    let input = cromulent_network::topology("resnet20").map(|network| network.input);
    input.is_some_and(
        |input| match torch::build(&tensors, input, "fuzz", "fuzz.safetensors") {
            Ok(mut graph) => {
                let _ = rewrite(&mut graph, Shortcuts::Streams);
                true
            }
            Err(_) => false,
        },
    )
}

/// The weights of the networks of a corpus.
fn weights(corpus: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let read = |bytes: &Vec<u8>| {
        let graph = onnx::decode(bytes, "", "fuzz", Path::new(""), None).ok()?;
        Some(write(&graph.network().ok()?, "", &[]).weights)
    };
    corpus.iter().filter_map(read).collect()
}

/// Weights of the networks of a corpus that torchvision has, by its names.
fn by_name(corpus: &[Vec<u8>], scratch: &Path) -> Vec<Vec<u8>> {
    let path = scratch.join("plain.safetensors");
    let renamed = |bytes: &Vec<u8>| {
        let input = onnx::decode(bytes, "", "fuzz", Path::new(""), None)
            .ok()?
            .input;
        std::fs::write(&path, weights(std::slice::from_ref(bytes)).first()?).ok()?;
        let tensors = cromulent_network::safetensors(&path).ok()?.into_iter();
        let tensors = tensors.map(|(name, tensor)| (torchvision::name(&name), tensor));
        let tensors = tensors.collect();
        let graph = torch::build(&tensors, input, "fuzz", "fuzz.safetensors").ok()?;
        Some(write(&graph.network().ok()?, "", &[]).weights)
    };
    corpus.iter().filter_map(renamed).collect()
}
