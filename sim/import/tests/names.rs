//! Weights without a graph: state dicts with torchvision's names, their widths small.

mod torchvision;

use std::collections::BTreeMap;
use std::path::Path;

use cromulent_import::{Graph, Normalisation, Shortcuts, onnx, rewrite, torch, write};
use cromulent_network::{
    Evaluator, Generator, Image, Input, Network, Op, Tensor, check, safetensors, topology,
};

/// A state dict of random numbers.
struct State {
    tensors: BTreeMap<String, Tensor>,
    generator: Generator,
}

impl State {
    fn new() -> State {
        State {
            tensors: BTreeMap::new(),
            generator: Generator::new(1),
        }
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) {
        let count = shape.iter().product();
        let mut number = |_| self.generator.range(1, 1000) as f32 / 2000.0;
        let values = (0..count).map(&mut number).collect();
        let shape = shape.to_vec();
        self.tensors
            .insert(name.to_owned(), Tensor { shape, values });
    }

    fn conv(&mut self, name: &str, [inputs, outputs, kernel]: [usize; 3]) {
        self.tensor(
            &format!("{name}.weight"),
            &[outputs, inputs, kernel, kernel],
        );
    }

    fn norm(&mut self, name: &str, channels: usize) {
        for part in ["weight", "bias", "running_mean", "running_var"] {
            self.tensor(&format!("{name}.{part}"), &[channels]);
        }
    }

    fn linear(&mut self, name: &str, inputs: usize, outputs: usize) {
        self.tensor(&format!("{name}.weight"), &[outputs, inputs]);
        self.tensor(&format!("{name}.bias"), &[outputs]);
    }
}

/// torchvision's `DenseNet`; `old` are the names of its first files, `norm.1` for `norm1`.
fn densenet(blocks: &[usize], old: bool) -> State {
    const GROWTH: usize = 2;
    let dot = if old { "." } else { "" };
    let mut state = State::new();
    let mut channels = 4;
    state.conv("features.conv0", [3, channels, 7]);
    state.norm("features.norm0", channels);
    for (block, &layers) in blocks.iter().enumerate() {
        for layer in 1..=layers {
            let name = format!("features.denseblock{}.denselayer{layer}", block + 1);
            state.norm(&format!("{name}.norm{dot}1"), channels);
            state.conv(&format!("{name}.conv{dot}1"), [channels, 4, 1]);
            state.norm(&format!("{name}.norm{dot}2"), 4);
            state.conv(&format!("{name}.conv{dot}2"), [4, GROWTH, 3]);
            channels += GROWTH;
        }
        if block + 1 < blocks.len() {
            let name = format!("features.transition{}", block + 1);
            state.norm(&format!("{name}.norm"), channels);
            state.conv(&format!("{name}.conv"), [channels, channels / 2, 1]);
            channels /= 2;
        }
    }
    state.norm("features.norm5", channels);
    state.linear("classifier", channels, 5);
    state
}

/// torchvision's `VGG`, by the convolutions of each group; a max-pool follows each.
fn vgg(groups: [usize; 5], normalised: bool) -> State {
    let mut state = State::new();
    let (mut place, mut channels) = (0, 3);
    for (width, convolutions) in [2, 3, 4, 4, 4].into_iter().zip(groups) {
        for _ in 0..convolutions {
            let name = format!("features.{place}");
            state.conv(&name, [channels, width, 3]);
            state.tensor(&format!("{name}.bias"), &[width]);
            if normalised {
                state.norm(&format!("features.{}", place + 1), width);
            }
            place += if normalised { 3 } else { 2 };
            channels = width;
        }
        place += 1;
    }
    state.linear("classifier.0", channels * 49, 6);
    state.linear("classifier.3", 6, 6);
    state.linear("classifier.6", 6, 5);
    state
}

/// torchvision's `ResNet`, of basic blocks or bottlenecks.
fn resnet(blocks: [usize; 4], bottleneck: bool) -> State {
    let mut state = State::new();
    let (mut channels, growth) = (2, if bottleneck { 2 } else { 1 });
    state.conv("conv1", [3, channels, 7]);
    state.norm("bn1", channels);
    for (stage, count) in blocks.into_iter().enumerate() {
        let width = 2 + stage;
        for block in 0..count {
            let name = format!("layer{}.{block}", stage + 1);
            let kernels: &[usize] = if bottleneck { &[1, 3, 1] } else { &[3, 3] };
            let mut inputs = channels;
            for (number, &kernel) in (1..).zip(kernels) {
                let last = number == kernels.len();
                let outputs = if last { width * growth } else { width };
                state.conv(&format!("{name}.conv{number}"), [inputs, outputs, kernel]);
                state.norm(&format!("{name}.bn{number}"), outputs);
                inputs = outputs;
            }
            if block == 0 && (stage > 0 || bottleneck) {
                state.conv(&format!("{name}.downsample.0"), [channels, inputs, 1]);
                state.norm(&format!("{name}.downsample.1"), inputs);
            }
            channels = inputs;
        }
    }
    state.linear("fc", channels, 5);
    state
}

/// The state dict of each name, and how many convolutions and max-pools its network has.
fn states() -> Vec<(&'static str, State, usize, usize)> {
    let mut all = vec![];
    for (name, blocks) in [
        ("densenet121", [6, 12, 24, 16]),
        ("densenet161", [6, 12, 36, 24]),
        ("densenet169", [6, 12, 32, 32]),
        ("densenet201", [6, 12, 48, 32]),
    ] {
        let old = name == "densenet161";
        let convolutions = 1 + 2 * blocks.iter().sum::<usize>() + 3;
        all.push((name, densenet(&blocks, old), convolutions, 1));
    }
    for (name, groups) in [
        ("vgg11", [1, 1, 2, 2, 2]),
        ("vgg13", [2; 5]),
        ("vgg16", [2, 2, 3, 3, 3]),
        ("vgg19", [2, 2, 4, 4, 4]),
        ("vgg11_bn", [1, 1, 2, 2, 2]),
        ("vgg13_bn", [2; 5]),
        ("vgg16_bn", [2, 2, 3, 3, 3]),
        ("vgg19_bn", [2, 2, 4, 4, 4]),
    ] {
        let state = vgg(groups, name.ends_with("_bn"));
        all.push((name, state, groups.iter().sum(), 5));
    }
    for (name, blocks, bottleneck) in [
        ("resnet18", [2; 4], false),
        ("resnet34", [3, 4, 6, 3], false),
        ("resnet50", [3, 4, 6, 3], true),
        ("resnet101", [3, 4, 23, 3], true),
        ("resnet152", [3, 8, 36, 3], true),
    ] {
        let layers = if bottleneck { 3 } else { 2 };
        let projections = if bottleneck { 4 } else { 3 };
        let convolutions = 1 + layers * blocks.iter().sum::<usize>() + projections;
        all.push((name, resnet(blocks, bottleneck), convolutions, 1));
    }
    all
}

fn imagenet() -> Input {
    topology("resnet18").unwrap().input
}

fn build(tensors: &BTreeMap<String, Tensor>, input: Input) -> Graph {
    torch::build(tensors, input, "weights", "file").unwrap_or_else(|problems| panic!("{problems}"))
}

#[test]
fn names_of_torchvision_make_its_networks() {
    let folder = std::env::temp_dir().join(format!("cromulent-names-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("weights.safetensors");
    let mut seen = vec!["resnet20", "resnet44"];
    let states = states();
    let names: Vec<&str> = states.iter().map(|(name, ..)| *name).collect();
    for (name, state, convolutions, pools) in &states {
        let network = build(&state.tensors, imagenet()).network().unwrap();
        // A file holds every tensor by the name it came with.
        std::fs::write(&file, write(&network, "", &[]).weights).unwrap();
        let written = safetensors(&file).unwrap();
        assert!(written.keys().eq(state.tensors.keys()), "{name}");
        let mut graph = torch::read(&file, name, None).unwrap_or_else(|found| panic!("{found}"));
        let network = graph.network().unwrap();
        let count = |is: fn(&Op) -> bool| network.nodes.iter().filter(|n| is(&n.op)).count();
        assert_eq!(
            count(|op| matches!(op, Op::Convolution(_))),
            *convolutions,
            "{name}"
        );
        assert_eq!(
            count(|op| matches!(op, Op::MaxPool { .. })),
            *pools,
            "{name}"
        );
        rewrite(&mut graph, Shortcuts::Streams).unwrap();
        let report = check(&graph.network().unwrap());
        assert!(report.cromulent, "{name}: {:?}", report.problems);
        // Another network's name is refused.
        for other in names.iter().filter(|other| *other != name) {
            assert!(
                torch::read(&file, other, None).is_err(),
                "{name} as {other}"
            );
        }
        seen.push(name);
    }
    seen.sort_unstable();
    let mut known: Vec<&str> = torch::known().collect();
    known.sort_unstable();
    assert_eq!(seen, known, "every name has a state dict here");
    std::fs::remove_dir_all(folder).unwrap();
}

/// What PyTorch's exporter wrote of a DenseNet and of a VGG, and the same weights by torchvision's names.
#[test]
fn weights_by_name_compute_what_the_graph_computes() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let normalisation: Normalisation = "0.45,0.25".parse().unwrap();
    let folder = std::env::temp_dir().join(format!("cromulent-graphs-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("weights.safetensors");
    for onnx_file in ["densenet-13.onnx", "vgg-9.onnx"] {
        let wanted = onnx::read(&data.join(onnx_file), Some(&normalisation)).unwrap();
        let wanted = wanted.network().unwrap();
        std::fs::write(&file, write(&wanted, "", &[]).weights).unwrap();
        let tensors = safetensors(&file).unwrap().into_iter();
        let tensors = tensors
            .map(|(name, tensor)| (torchvision::name(&name), tensor))
            .collect();
        let found = build(&tensors, wanted.input.clone()).network().unwrap();
        let pixels =
            (0..wanted.input.shape().values()).map(|i| ((i * 73 + i * i * 11) % 251) as u8);
        let image = Image {
            channels: wanted.input.channels,
            height: wanted.input.height,
            width: wanted.input.width,
            pixels: pixels.collect(),
        };
        let output = |network: &Network| Evaluator::new(network).output(&image).unwrap();
        let (found, wanted) = (output(&found), output(&wanted));
        for (found, wanted) in found.iter().zip(&wanted) {
            assert!(
                (found - wanted).abs() < 1e-5,
                "{onnx_file}: {found} {wanted}"
            );
        }
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_does_not_fit_is_named() {
    let state = densenet(&[2, 2], false);
    let mut tensors = state.tensors;
    tensors.remove("features.denseblock1.denselayer2.norm2.running_var");
    let problems = torch::build(&tensors, imagenet(), "weights", "file").unwrap_err();
    let wanted = "tensor `features.denseblock1.denselayer2.norm2.running_var`: is missing";
    assert!(problems.to_string().contains(wanted), "{problems}");
    // A classifier for maps of another size.
    let mut state = vgg([1; 5], true);
    state.linear("classifier.0", 4 * 25, 6);
    let problems = torch::build(&state.tensors, imagenet(), "weights", "file").unwrap_err();
    assert!(problems.to_string().contains("classifier.0"), "{problems}");
}
