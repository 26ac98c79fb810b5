//! Verilator: lint, and a simulator built from Verilog and a C++ harness, kept in a cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Found, Scratch, Tool, Version, cache_failed, cache_root, run};
use crate::Error;
use crate::output::{Files, write_files};

/// Debian 12 has 5.006.
pub const VERILATOR: Tool = Tool {
    name: "Verilator",
    program: "verilator",
    variable: Some("CROMULENT_VERILATOR"),
    version_argument: "--version",
    minimum: Version(5, 0),
};

/// What Verilator has its C++ compiled by.
const MAKE: Tool = Tool {
    name: "make",
    program: "make",
    variable: None,
    version_argument: "--version",
    minimum: Version(4, 0),
};

/// What make has it compiled by.
const GXX: Tool = Tool {
    name: "g++",
    program: "g++",
    variable: None,
    version_argument: "--version",
    minimum: Version(10, 0),
};

/// Looking for faults takes this long at most.
const LINT_LIMIT: Duration = Duration::from_secs(300);

/// Building takes this long at most.
const BUILD_LIMIT: Duration = Duration::from_secs(900);

/// Options of every build. The simulator is compiled for a short wait, not for a long run: a layer takes
/// seconds, and -O2 would take as long again to compile.
const BUILD_OPTIONS: [&str; 15] = [
    "--cc",
    "--exe",
    "--build",
    "--build-jobs",
    "2",
    "-O3",
    "--x-assign",
    "unique",
    "--x-initial",
    "unique",
    "--Mdir",
    "obj",
    "-o",
    PROGRAM,
    "-Wno-fatal",
];

/// Options of make: OPT_FAST compiles what runs every cycle, OPT_SLOW what runs once, OPT_GLOBAL
/// Verilator's own library. OBJCACHE would call ccache.
const MAKE_OPTIONS: &str = "OBJCACHE= OPT_FAST=-O1 OPT_SLOW=-O0 OPT_GLOBAL=-O0";

/// The program's name in its folder of the cache.
const PROGRAM: &str = "simulator";

/// What a simulator is built from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sources {
    /// The top module.
    pub top: String,
    /// Verilog files.
    pub verilog: Files,
    /// C++ files; `main` is in one of them, and headers may be among them.
    pub harness: Files,
    /// Further options for Verilator, such as `--trace`.
    pub options: Vec<String>,
}

/// Verilator's lint with every warning on.
///
/// # Errors
/// [`Error::ToolFailed`] with the last warnings.
pub fn lint(verilator: &Found, verilog: &[PathBuf], top: &str) -> Result<(), Error> {
    let mut command = Command::new(&verilator.path);
    command
        .args(["--lint-only", "-Wall", "--top-module", top])
        .args(verilog);
    run("Verilator's lint", &mut command, LINT_LIMIT, &mut |_| ()).map(drop)
}

/// The simulator of these sources: from the cache, or built; `say` is told what the build is at.
///
/// # Errors
/// [`Error::ToolMissing`] without make or g++. [`Error::ToolFailed`] with the last lines Verilator, make or
/// the compiler said, or if the cache cannot be written.
pub fn build(
    verilator: &Found,
    sources: &Sources,
    say: &mut dyn FnMut(&str),
) -> Result<PathBuf, Error> {
    build_in(&cache_root()?, verilator, sources, say)
}

/// [`build`] with the cache in this folder.
fn build_in(
    cache: &Path,
    verilator: &Found,
    sources: &Sources,
    say: &mut dyn FnMut(&str),
) -> Result<PathBuf, Error> {
    let folder = cache
        .join("verilator")
        .join(format!("{:016x}", key(verilator, sources)));
    let program = folder.join(PROGRAM);
    if program.is_file() {
        return Ok(program);
    }
    for tool in [MAKE, GXX] {
        tool.find()?;
    }
    let draft = Scratch::within(&cache.join("verilator")).map_err(cache_failed)?;
    compile(draft.path(), verilator, sources, say)?;
    install(draft.path(), &folder)?;
    Ok(program)
}

/// Builds the simulator as `obj/simulator` below a folder.
fn compile(
    folder: &Path,
    verilator: &Found,
    sources: &Sources,
    say: &mut dyn FnMut(&str),
) -> Result<(), Error> {
    write_files(&folder.join("v"), &sources.verilog).map_err(cache_failed)?;
    write_files(&folder.join("tb"), &sources.harness).map_err(cache_failed)?;
    let compiled = |name: &&PathBuf| {
        name.extension()
            .is_some_and(|e| e == "v" || e == "sv" || e == "cpp")
    };
    let mut command = Command::new(&verilator.path);
    command
        .current_dir(folder)
        .args(BUILD_OPTIONS)
        .args(["-MAKEFLAGS", MAKE_OPTIONS, "--top-module", &sources.top])
        .args(&sources.options)
        .args(
            sources
                .verilog
                .keys()
                .filter(compiled)
                .map(|name| Path::new("v").join(name)),
        )
        .args(
            sources
                .harness
                .keys()
                .filter(compiled)
                .map(|name| Path::new("tb").join(name)),
        );
    say("translating Verilog to C++");
    let mut told = |line: &str| {
        if let Some(file) = compiling(line) {
            say(&format!("compiling {file}"));
        }
    };
    run("Verilator", &mut command, BUILD_LIMIT, &mut told).map(drop)
}

/// The file a line of make's compiles.
fn compiling(line: &str) -> Option<&str> {
    let is_compilation = line.contains(" -c ");
    let source = line
        .split_whitespace()
        .rev()
        .find(|word| word.ends_with(".cpp"))?;
    is_compilation.then(|| source.rsplit('/').next().unwrap_or(source))
}

/// Moves the finished program to its place; whoever was faster with the same build is as right.
fn install(draft: &Path, folder: &Path) -> Result<(), Error> {
    let finished = draft.join("finished");
    let moved = fs::create_dir(&finished)
        .and_then(|()| fs::rename(draft.join("obj").join(PROGRAM), finished.join(PROGRAM)))
        .and_then(|()| fs::rename(&finished, folder));
    match moved {
        Err(_) if folder.join(PROGRAM).is_file() => Ok(()),
        Err(error) => Err(cache_failed(Error::io("be written", folder, &error))),
        Ok(()) => Ok(()),
    }
}

/// What tells one build from another: every byte of the sources, the options and Verilator's version, by
/// 64-bit FNV-1a, each part after its length.
fn key(verilator: &Found, sources: &Sources) -> u64 {
    let mut parts: Vec<&[u8]> = vec![verilator.version_text.as_bytes(), sources.top.as_bytes()];
    parts.extend(BUILD_OPTIONS.map(str::as_bytes));
    parts.push(MAKE_OPTIONS.as_bytes());
    parts.extend(sources.options.iter().map(String::as_bytes));
    for (folder, files) in [("v", &sources.verilog), ("tb", &sources.harness)] {
        for (name, text) in files {
            parts.extend([
                folder.as_bytes(),
                name.as_os_str().as_encoded_bytes(),
                text.as_bytes(),
            ]);
        }
    }
    let lengths = parts.iter().map(|part| part.len().to_le_bytes());
    let bytes = lengths
        .zip(&parts)
        .flat_map(|(length, part)| length.into_iter().chain(part.iter().copied()));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests;
