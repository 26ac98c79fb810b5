//! Files that are damaged or meant to do harm: an error that says where, soon, and no panic.

use std::path::Path;
use std::time::{Duration, Instant};

use cromulent_import::{Graph, Shortcuts, onnx, rewrite, torch};
use cromulent_network::{Generator, Problems};

fn file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    std::fs::read(folder.join(name)).unwrap()
}

fn decode(bytes: &[u8]) -> Result<Graph, Problems> {
    onnx::decode(bytes, "x.onnx", "x", Path::new("/nowhere"), None)
}

/// A field of bytes of a protobuf message.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    varint(&mut bytes, content.len() as u64);
    bytes.extend(content);
    bytes
}

/// A field of a number.
fn number(number: u8, value: u64) -> Vec<u8> {
    let mut bytes = vec![number << 3];
    varint(&mut bytes, value);
    bytes
}

fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 128 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// A model of opset 17 with this graph.
fn model(graph: &[Vec<u8>]) -> Vec<u8> {
    [field(7, &graph.concat()), field(8, &number(2, 17))].concat()
}

/// An input of 1 × 3 × 4 × 4.
fn image() -> Vec<u8> {
    let extents: Vec<u8> = [1, 3, 4, 4]
        .iter()
        .flat_map(|&n| field(1, &number(1, n)))
        .collect();
    let kind = field(1, &field(2, &extents));
    field(11, &[field(1, b"image"), field(2, &kind)].concat())
}

fn node(op: &str, inputs: &[&str], output: &str) -> Vec<u8> {
    let inputs = inputs.iter().flat_map(|name| field(1, name.as_bytes()));
    let parts = [
        inputs.collect(),
        field(2, output.as_bytes()),
        field(4, op.as_bytes()),
    ];
    field(1, &parts.concat())
}

fn output(name: &str) -> Vec<u8> {
    field(12, &field(1, name.as_bytes()))
}

/// What is wrong with a file, which must be said within a second.
fn message(bytes: &[u8]) -> String {
    let start = Instant::now();
    let problems = decode(bytes).unwrap_err().to_string();
    assert!(start.elapsed() < Duration::from_secs(1), "{problems}");
    problems
}

#[test]
fn a_file_that_ends_early_is_refused() {
    let whole = file("pre-resnet-9.onnx");
    for length in (0..whole.len()).step_by(97).chain([0, 1, whole.len() - 1]) {
        message(&whole[..length]);
    }
}

#[test]
fn no_damage_panics() {
    let mut generator = Generator::new(6);
    for name in [
        "post-resnet-17.onnx",
        "vgg-9.onnx",
        "densenet-18-dynamo.onnx",
    ] {
        let whole = file(name);
        for _ in 0..300 {
            let mut bytes = whole.clone();
            for _ in 0..generator.range(1, 4) {
                let place = generator.range(0, bytes.len() as i64 - 1) as usize;
                bytes[place] = generator.bits() as u8;
            }
            if let Ok(mut graph) = decode(&bytes) {
                let _ = rewrite(&mut graph, Shortcuts::Streams);
            }
        }
    }
}

#[test]
fn an_operator_that_is_not_known_is_named_with_its_output() {
    let bytes = model(&[
        image(),
        node("Relu", &["image"], "a"),
        node("Erf", &["a"], "b"),
        output("b"),
    ]);
    let problems = message(&bytes);
    assert!(
        problems
            .starts_with("x.onnx: node (Erf), output `b`: the operator Erf cannot be imported; "),
        "{problems}"
    );
    // All of them are, and what follows from them is not.
    let bytes = model(&[
        image(),
        node("Erf", &["image"], "a"),
        node("Tan", &["image"], "b"),
        node("Add", &["a", "b"], "c"),
        output("c"),
    ]);
    assert_eq!(message(&bytes).lines().count(), 2);
}

#[test]
fn cycles_are_refused() {
    let bytes = model(&[
        image(),
        node("Add", &["image", "b"], "a"),
        node("Relu", &["a"], "b"),
        output("b"),
    ]);
    let problems = message(&bytes);
    assert!(
        problems.contains("reads `b`, which no node before it gives"),
        "{problems}"
    );
    let bytes = model(&[image(), node("Relu", &["image"], "image"), output("image")]);
    assert!(message(&bytes).contains("gives `image` again"));
}

/// Nodes behind one that fits nothing are looked at as well; found by the fuzz target.
#[test]
fn a_node_that_fits_nothing_does_not_shift_the_others() {
    let bytes = model(&[
        image(),
        node("GlobalAveragePool", &["image"], "mean"),
        node("Concat", &["image", "mean"], "bad"),
        node("Add", &["image", "mean"], "worse"),
        node("Relu", &["image"], "a"),
        node("Relu", &["a"], "b"),
        node("GlobalAveragePool", &["b"], "c"),
        output("c"),
    ]);
    let problems = message(&bytes);
    assert!(problems.contains("(Add)"), "{problems}");
}

#[test]
fn tensors_that_claim_too_much_are_refused() {
    let tensor = |dims: &[u64], extra: &[Vec<u8>]| {
        let dims = dims.iter().flat_map(|&extent| number(1, extent));
        let parts = [dims.collect(), number(2, 1), field(8, b"w"), extra.concat()];
        model(&[
            field(5, &parts.concat()),
            image(),
            node("Relu", &["image"], "a"),
            output("a"),
        ])
    };
    for dims in [&[1 << 29][..], &[1 << 40, 1 << 40], &[u64::MAX], &[1 << 20]] {
        let problems = message(&tensor(dims, &[]));
        assert!(
            problems.starts_with("x.onnx: tensor `w`: has "),
            "{problems}"
        );
    }
    for location in ["/etc/passwd", "../x", ""] {
        let entry = [field(1, b"location"), field(2, location.as_bytes())].concat();
        let problems = message(&tensor(&[1], &[field(13, &entry), number(14, 1)]));
        assert!(
            problems.contains("outside the network's folder"),
            "{problems}"
        );
    }
}

/// A few bytes that ask for constants of gigabytes, at once or bit by bit.
#[test]
fn constants_that_grow_too_large_are_refused() {
    let shape = |dims: &[u64]| {
        let content = dims.iter().flat_map(|&extent| {
            let mut bytes = vec![];
            varint(&mut bytes, extent);
            bytes
        });
        let parts = [
            number(1, dims.len() as u64),
            number(2, 7),
            field(8, b"s"),
            field(7, &content.collect::<Vec<u8>>()),
        ];
        field(5, &parts.concat())
    };
    let claims = |dims: &[u64], nodes: usize| {
        let mut parts = vec![shape(dims), image()];
        let constant = |n: usize| node("ConstantOfShape", &["s"], &format!("c{n}"));
        parts.extend((0..nodes).map(constant));
        parts.extend([node("Relu", &["image"], "a"), output("a")]);
        model(&parts)
    };
    assert!(decode(&claims(&[1000, 1000], 1)).is_ok());
    let problems = message(&claims(&[4096, 4096], 1));
    let wanted = "output `c0`: makes a constant of the extents [4096, 4096]";
    assert!(problems.contains(wanted), "{problems}");
    let problems = message(&claims(&[500, 500], 8));
    let wanted = "output `c7`: makes a constant of the extents [500, 500], more values";
    assert!(problems.contains(wanted), "{problems}");
}

#[test]
fn parts_without_number_are_refused() {
    let bytes = model(&[[0x0a, 0].repeat(300_000)]);
    assert!(message(&bytes).contains("more than 200000 parts"));
    // A chain far longer than any network, and one name for all of it.
    let mut nodes = vec![image()];
    nodes.extend((0..50_000).map(|i| {
        let (from, to) = (format!("x{i}"), format!("x{}", i + 1));
        node("Relu", &[if i == 0 { "image" } else { &from }], &to)
    }));
    nodes.push(output("x50000"));
    assert!(message(&model(&nodes)).contains("give a smaller network"));
}

#[test]
fn damaged_weights_are_refused() {
    let folder = std::env::temp_dir().join(format!("cromulent-hostile-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("weights.safetensors");
    let header =
        br#"{"conv1.weight":{"dtype":"F32","shape":[536870912],"data_offsets":[0,2147483648]}}"#;
    let lies = [&(header.len() as u64).to_le_bytes()[..], header].concat();
    for bytes in [&b""[..], &[255; 8], &[255; 100], &lies] {
        std::fs::write(&path, bytes).unwrap();
        assert!(torch::read(&path, "resnet20", None).is_err());
    }
    assert!(
        torch::read(&path, "resnet19", None)
            .unwrap_err()
            .to_string()
            .contains("resnet20")
    );
    std::fs::remove_dir_all(folder).unwrap();
}
