//! ONNX files: read, rewritten, written.
#![no_main]

use std::path::Path;

use cromulent_import::{Shortcuts, onnx, rewrite, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(mut graph) = onnx::decode(bytes, "fuzz.onnx", "fuzz", Path::new("/nowhere"), None) {
        let _ = rewrite(&mut graph, Shortcuts::Streams);
        if let Ok(network) = graph.network() {
            let _ = write(&network, "fuzz.safetensors", &[]);
        }
    }
});
