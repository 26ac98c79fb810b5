//! A network as the two files of a network file.

use std::fmt::Write;

use cromulent_network::{Network, Node, Op};
use serde_json::{Map, Value, json};

/// The two files of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Files {
    /// The description (TOML).
    pub description: String,
    /// The weights (safetensors).
    pub weights: Vec<u8>,
}

/// Writes a network; `weights` is the name of the file of its weights, beside the description. `said` becomes a comment
/// at its head.
pub fn write(network: &Network, weights: &str, said: &[String]) -> Files {
    let mut tensors = Tensors::default();
    let mut nodes = String::new();
    for (number, node) in network.nodes.iter().enumerate().skip(1) {
        tensors.of(node);
        let _ = writeln!(nodes, "  {{ {} }},", entry(network, number).join(", "));
    }
    let input = &network.input;
    let comment: String = said
        .iter()
        .flat_map(|text| text.lines())
        .map(|line| format!("# {line}\n"))
        .collect();
    let description = format!(
        "{comment}name = {}\nweights = {}\ninput = {{ channels = {}, height = {}, width = {}, mean = {:?}, std = {:?} }}\n\n\
         nodes = [\n{nodes}]\n",
        quoted(&network.name),
        quoted(weights),
        input.channels,
        input.height,
        input.width,
        input.mean,
        input.std,
    );
    Files {
        description,
        weights: tensors.bytes(),
    }
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// The keys of a node.
fn entry(network: &Network, number: usize) -> Vec<String> {
    let node = &network.nodes[number];
    let mut keys = vec![
        format!("name = {}", quoted(&node.name)),
        format!("op = {:?}", node.op.name()),
    ];
    let mut key = |name: &str, value: usize, default: usize| {
        if value != default {
            keys.push(format!("{name} = {value}"));
        }
    };
    match &node.op {
        Op::Convolution(c) => {
            key("stride", c.stride, 1);
            key("padding", c.padding, 0);
        }
        &Op::AveragePool { kernel, stride } => {
            key("kernel", kernel, 0);
            key("stride", stride, kernel);
        }
        &Op::MaxPool {
            kernel,
            stride,
            padding,
        } => {
            key("kernel", kernel, 0);
            key("stride", stride, kernel);
            key("padding", padding, 0);
        }
        Op::BatchNorm(norm) => {
            if norm.epsilon != 1e-5 {
                keys.push(format!("epsilon = {:?}", norm.epsilon));
            }
            if let Some(format) = norm.format {
                keys.push(format!("format = \"{format}\""));
            }
        }
        _ => {}
    }
    if node.inputs != [number - 1] {
        let names: Vec<String> = node
            .inputs
            .iter()
            .map(|&input| quoted(&network.nodes[input].name))
            .collect();
        keys.push(match &names[..] {
            [one] => format!("inputs = {one}"),
            several => format!("inputs = [{}]", several.join(", ")),
        });
    }
    keys
}

/// Tensors for a safetensors file.
#[derive(Default)]
struct Tensors {
    header: Map<String, Value>,
    values: Vec<u8>,
}

impl Tensors {
    /// Adds those of a node.
    fn of(&mut self, node: &Node) {
        let name = &node.name;
        match &node.op {
            Op::Convolution(c) => {
                self.add(
                    name,
                    "weight",
                    &c.weight.shape,
                    c.weight.values.iter().copied(),
                );
                if !c.bias.is_empty() {
                    self.add(name, "bias", &[c.bias.len()], c.bias.iter().copied());
                }
            }
            Op::Linear(linear) => {
                self.add(
                    name,
                    "weight",
                    &linear.weight.shape,
                    linear.weight.values.iter().copied(),
                );
                self.add(
                    name,
                    "bias",
                    &[linear.bias.len()],
                    linear.bias.iter().copied(),
                );
            }
            Op::BatchNorm(norm) => {
                let parts = [
                    ("weight", &norm.scale),
                    ("bias", &norm.shift),
                    ("running_mean", &norm.mean),
                    ("running_var", &norm.variance),
                ];
                for (part, values) in parts {
                    self.add(
                        name,
                        part,
                        &[values.len()],
                        values.iter().map(|&value| value as f32),
                    );
                }
            }
            _ => {}
        }
    }

    fn add(&mut self, name: &str, part: &str, shape: &[usize], values: impl Iterator<Item = f32>) {
        let start = self.values.len();
        values.for_each(|value| self.values.extend(value.to_le_bytes()));
        let entry =
            json!({ "dtype": "F32", "shape": shape, "data_offsets": [start, self.values.len()] });
        self.header.insert(format!("{name}.{part}"), entry);
    }

    /// The file.
    fn bytes(self) -> Vec<u8> {
        let mut header = Value::Object(self.header).to_string();
        // Values are aligned to eight bytes.
        while !header.len().is_multiple_of(8) {
            header.push(' ');
        }
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(self.values);
        bytes
    }
}
