//! Images computed together, in the emitted Verilog: a whole network, word by word and cycle by cycle.

use std::path::Path;

use cromulent::cli::Executor;
use cromulent::executors::Memory;
use cromulent::progress::Progress;
use cromulent::verification::{Bench, Subject, text};
use cromulent_design::Design;
use cromulent_engine::{Executor as EngineExecutor, Runner, compile};
use cromulent_network::Network;
use cromulent_testbenches::{against, tools};

/// The Fashion ResNet-8 on small-8x8 with memories for two images.
#[test]
fn a_network_runs_two_images_at_a_time() {
    if tools::verilator().is_none() {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let small = Design::load(&root.join("constraints/designs/small-8x8.toml"))
        .unwrap_or_else(|problems| panic!("{problems}"));
    let design = Design {
        batch: 2,
        code_depth: 2 * small.code_depth,
        stream_depth: 2 * small.stream_depth,
        tile_depth: 2 * small.tile_depth,
        ..small.clone()
    };
    let network = Network::load(&root.join("docs/examples/fashion-resnet8.toml"))
        .unwrap_or_else(|problems| panic!("{problems}"));
    let compiled = |design| {
        compile(&network, design)
            .unwrap_or_else(|p| panic!("{p}"))
            .image
    };
    let (image, one) = (compiled(&design), compiled(&small));
    let (runner, alone) = (Runner::new(&image), Runner::new(&one));
    let progress = Progress::silent();
    let conditions = against(Executor::Verilator, None);
    let mut bench = Bench::new(&design, conditions, &progress).unwrap_or_else(|e| panic!("{e}"));
    let examples = network.examples(4).unwrap_or_else(|p| panic!("{p}"));
    for (number, pair) in examples.chunks(2).enumerate() {
        let pixels: Vec<&[u8]> = pair.iter().map(|e| e.image.pixels.as_slice()).collect();
        let all = image.fill_batch(&pixels);
        let subject = Subject::network(&image, &runner, &all).unwrap_or_else(|e| panic!("{e}"));
        // A memory that answers at once, and one that pauses at random.
        bench.set_memory(Memory {
            seed: number as u64,
            ..Memory::default()
        });
        let check = bench.check(&subject).unwrap_or_else(|e| panic!("{e}"));
        let found = text(&design, "two images", std::slice::from_ref(&check));
        assert_eq!(check.mismatches(), 0, "{found}");
        for (pixels, results) in pixels.into_iter().zip(&check.results) {
            let expected = alone
                .run(pixels, EngineExecutor::Reference)
                .expect("its image");
            assert_eq!(results, &expected.scores);
        }
    }
}
