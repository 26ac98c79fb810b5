//! What maps in memory cost on the bus, by the Verilog's own counters.

use std::path::Path;

use cromulent::executors::{Job, Memory, MemoryMap, verilator};
use cromulent_design::{Affine, Design, Direction};
use cromulent_engine::program::{Program, input_lines};
use cromulent_engine::timing;
use cromulent_engine::{Choices, Executor, Image, LayerInput, Maps, compile_with, run_network};
use cromulent_network::Network;
use cromulent_number::Format;
use cromulent_testbenches::tools;

/// The bytes that an accelerator of 32-bit numbers moves for the same network: every map written once, and read
/// once by each layer that reads it.
fn bytes_of_floats(image: &Image) -> (u64, u64) {
    let bytes = |tensor: usize| 4 * image.tensors[tensor].shape.values() as u64;
    let written = image.layers.iter().filter_map(|layer| layer.output.codes());
    let read = image.layers.iter().flat_map(|layer| match &layer.input {
        LayerInput::Image => &[],
        LayerInput::Codes(tensors) => tensors.as_slice(),
    });
    (
        written.map(bytes).sum(),
        read.map(|&tensor| bytes(tensor)).sum(),
    )
}

/// An eighth, and two in a hundred of it.
fn assert_eighth(what: &str, found: u64, floats: u64) {
    println!(
        "{what}: {found} bytes, {floats} in fp32, 1/{:.3}",
        floats as f64 / found as f64
    );
    assert!(
        800 * found <= 102 * floats,
        "{what}: {found} bytes of {floats}"
    );
}

/// DenseNet-22 in L4, every map in memory, on an array whose rows its 12 channels of growth fill.
#[test]
fn a_densenet_moves_an_eighth_of_the_bytes_of_fp32() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    if tools::verilator().is_none() {
        return;
    }
    if std::env::var_os("CROMULENT_DATA").is_none() {
        eprintln!("SKIPPED: CROMULENT_DATA is not set");
        return;
    }
    let network = Network::load(&root.join("docs/examples/fashion-densenet22.toml"))
        .unwrap_or_else(|problems| panic!("{problems}"));
    let design = Design {
        image_digits: true,
        code_depth: 1 << 15,
        map_side: 28,
        accumulator_bits: 36,
        ..Design::new(4, 4, Format::L4, Affine::Exact)
    };
    let choices = Choices {
        maps: Maps::Memory,
        ..Choices::default()
    };
    let compiled = compile_with(&network, &design, &choices);
    let image = compiled
        .unwrap_or_else(|problems| panic!("{problems}"))
        .image;
    let pixels = &network.examples(1).unwrap_or_else(|p| panic!("{p}"))[0]
        .image
        .pixels;
    let program = Program::of(&image);
    let input = input_lines(&image, pixels).expect("its own image");
    let expected = timing::run(
        &design,
        &program.steps,
        timing::Memory {
            latency: 1,
            interval: 1,
        },
    );
    let job = Job {
        design: &design,
        program: &program,
        input: &input,
        map: MemoryMap::new(&design, 0, &program, input.len() as u64).expect("it fits"),
        memory: Memory::default(),
        limit: 2 * expected.cycles,
    };
    let verilog = verilator::emit(&design).expect("a valid design");
    let simulator = verilator::Simulator::new(&design, verilog, &mut |_| ());
    let runs = simulator.expect("it builds").run(&[job]).expect("it runs");
    let run = &runs[0];
    assert!(!run.hung && run.broken.is_none(), "{:?}", run.broken);
    let reference = run_network(&image, pixels, Executor::Reference).expect("its own image");
    assert_eq!(run.results, reference.results);

    let beat = u64::from(design.bus_bits / 8);
    let counted = |name| beat * run.counters.get(name).expect("a counter");
    let (stored, fetched) = (counted("stored_beats"), counted("fetched_beats"));
    let (written, read) = bytes_of_floats(&image);
    assert_eighth("stored", stored, written);
    assert_eighth("fetched", fetched, read);
    let of = |way| image.moves.iter().filter(move |m| m.lines.direction == way);
    let beats = |way| {
        of(way)
            .map(|m| u64::from(m.lines.beats) * beat)
            .sum::<u64>()
    };
    assert_eq!(
        (stored, fetched),
        (beats(Direction::Store), beats(Direction::Fetch))
    );
    assert_eq!(
        run.counters.get("stall_maps"),
        Some(expected.causes.stall_maps)
    );
    assert_eq!(run.counters.get("cycles"), Some(expected.cycles));
}
