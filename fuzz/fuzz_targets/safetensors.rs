//! Weights in safetensors, by the names of their tensors (akamaster's, torchvision's, this project's): read, a network made
//! of them, rewritten, written.
#![no_main]

use cromulent_import::{Shortcuts, rewrite, torch, write};
use cromulent_network::Input;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let path = std::env::temp_dir().join(format!("cromulent-fuzz-{}", std::process::id()));
    std::fs::write(&path, bytes).expect("a temporary file");
    let Ok(tensors) = cromulent_network::safetensors(&path) else {
        return;
    };
    let input = Input {
        channels: 3,
        height: 32,
        width: 32,
        mean: vec![0.5; 3],
        std: vec![0.5; 3],
        examples: None,
    };
    if let Ok(mut graph) = torch::build(&tensors, input, "fuzz", "fuzz.safetensors") {
        let _ = rewrite(&mut graph, Shortcuts::Streams);
        if let Ok(network) = graph.network() {
            let _ = write(&network, "fuzz.safetensors", &[]);
        }
    }
});
