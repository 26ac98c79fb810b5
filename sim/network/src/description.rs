//! The description file: what the network is made of, before its weights are read.
//!
//! `docs/network-files.md` documents every key; the lists of keys below are the source of truth.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeValue;

use crate::fields::{Fields, Source};
use crate::graph::{Examples, Input, Op};
use crate::images::Layout;
use crate::shape::MAX_SIZE;

const NETWORK_KEYS: [&str; 5] = ["name", "weights", "input", "examples", "nodes"];
const INPUT_KEYS: [&str; 5] = ["channels", "height", "width", "mean", "std"];
const EXAMPLE_KEYS: [&str; 3] = ["images", "labels", "layout"];
const OPS: [&str; 9] = [
    "convolution",
    "linear",
    "batch-norm",
    "relu",
    "add",
    "concat",
    "average-pool",
    "global-average-pool",
    "max-pool",
];

/// Epsilon of a batch-norm that gives none.
const DEFAULT_EPSILON: f64 = 1e-5;

/// A description file; what is `None` has been reported.
pub(crate) struct Description {
    /// The network's name.
    pub(crate) name: String,
    /// The weights file, and where the description names it.
    pub(crate) weights: Option<PathBuf>,
    /// The input.
    pub(crate) input: Option<Input>,
    /// The nodes after the image.
    pub(crate) nodes: Vec<Entry>,
}

/// A node as described.
pub(crate) struct Entry {
    /// Its name, or a stand-in if it has none.
    pub(crate) name: String,
    /// Where it starts in the file.
    pub(crate) offset: usize,
    /// What it computes.
    pub(crate) kind: Option<Kind>,
    /// The nodes it reads, the image being 0.
    pub(crate) inputs: Option<Vec<usize>>,
    /// What its tensors' names begin with.
    pub(crate) tensor: String,
}

impl Entry {
    /// A stand-in for a node that is no table, so that the others keep their places.
    fn unknown(name: &str, offset: usize) -> Entry {
        let (name, tensor) = (name.to_owned(), name.to_owned());
        Entry {
            name,
            offset,
            kind: None,
            inputs: None,
            tensor,
        }
    }
}

/// What a node computes, its weights still in their file.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Convolution { stride: usize, padding: usize },
    Linear,
    BatchNorm { epsilon: f64 },
    Weightless(Op),
}

/// Reads the description in `source`; `folder` is what its paths are relative to.
pub(crate) fn read(source: &Source<'_>, path: &Path) -> Option<Description> {
    let table = source.parse()?;
    // The fields borrow the parsed table, the description owns all it needs.
    let fields = Fields {
        source,
        table: table.get_ref(),
        offset: 0,
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    fields.refuse_others("a network", &NETWORK_KEYS);
    let name = fields
        .get("name")
        .and_then(|value| fields.text("name", value));
    let stem = || {
        path.file_stem()
            .map_or("network".into(), |stem| stem.to_string_lossy())
    };
    let name = name.map_or_else(|| stem().into_owned(), str::to_owned);
    let weights = fields
        .require(
            "weights",
            "name the safetensors file, relative to this file",
        )
        .and_then(|value| fields.text("weights", value))
        .map(|weights| folder.join(weights));
    let input = fields.require(
        "input",
        "describe the image: channels, height, width, mean, std",
    );
    let input = input
        .and_then(|value| fields.table("input", value))
        .and_then(read_input);
    let examples = fields
        .get("examples")
        .and_then(|value| fields.table("examples", value));
    let examples = examples.and_then(|fields| read_examples(&fields, folder));
    let input = input.map(|input| Input { examples, ..input });
    Some(Description {
        name,
        weights,
        input,
        nodes: read_nodes(&fields),
    })
}

fn read_input(fields: Fields<'_>) -> Option<Input> {
    fields.refuse_others("`input`", &INPUT_KEYS);
    let side = |key| {
        let value = fields.require(key, "give the image's size in channels, height and width")?;
        fields.size(key, value, 1..=MAX_SIZE)
    };
    let (channels, height, width) = (side("channels"), side("height"), side("width"));
    let mean = |x| (0.0..=1.0).contains(&x);
    let mean = per_channel(
        &fields,
        "mean",
        channels,
        mean,
        "numbers from 0 to 1 (fractions of 255)",
    );
    let std = |x| x > 0.0 && x <= 10.0;
    let std = per_channel(
        &fields,
        "std",
        channels,
        std,
        "numbers above 0, fractions of 255",
    );
    Some(Input {
        channels: channels?,
        height: height?,
        width: width?,
        mean: mean?,
        std: std?,
        examples: None,
    })
}

/// An array with one number per channel.
fn per_channel(
    fields: &Fields<'_>,
    key: &str,
    channels: Option<usize>,
    right: impl Fn(f64) -> bool,
    wanted: &str,
) -> Option<Vec<f64>> {
    let value = fields.require(key, "give an array with one number per channel")?;
    let wanted = format!("an array of {wanted}");
    let array = fields.array(key, value, &wanted)?;
    if let Some(channels) = channels.filter(|&channels| channels != array.len()) {
        let what = format!(
            "`{key}` has {} numbers for {channels} channels",
            array.len()
        );
        fields
            .source
            .note(value.span().start, what, "give one number per channel");
        return None;
    }
    let numbers = array
        .iter()
        .map(|value| fields.number(key, value, &right, &wanted));
    // Collected twice so that every wrong number is reported, not only the first.
    numbers.collect::<Vec<_>>().into_iter().collect()
}

fn read_examples(fields: &Fields<'_>, folder: &Path) -> Option<Examples> {
    fields.refuse_others("`examples`", &EXAMPLE_KEYS);
    let file = |key, value| fields.text(key, value).map(|path| folder.join(path));
    let images = fields.require("images", "name the file of images, relative to this file");
    let images = images.and_then(|value| file("images", value));
    let labels = fields.get("labels").and_then(|value| file("labels", value));
    let layout = fields.get("layout").and_then(|value| {
        let name = fields.text("layout", value)?;
        let layout = Layout::from_name(name);
        if layout.is_none() {
            let what = format!("`layout` is `{name}`");
            let fix = "give idx or cifar10, or leave the key out: it is recognised by content";
            fields.source.note(value.span().start, what, fix);
        }
        layout
    });
    Some(Examples {
        images: images?,
        labels,
        layout,
    })
}

fn read_nodes(fields: &Fields<'_>) -> Vec<Entry> {
    let wanted = "an array of tables, one per node";
    let Some(value) = fields.require("nodes", "list the nodes in the order they are computed")
    else {
        return vec![];
    };
    let array = fields.array("nodes", value, wanted).unwrap_or_default();
    if array.is_empty() && value.get_ref().is_array() {
        fields.source.note(
            value.span().start,
            "`nodes` is empty",
            "list at least one node",
        );
    }
    let names = node_names(fields, &array);
    let nodes = array.iter().enumerate();
    nodes
        .map(|(i, value)| match fields.table("nodes", value) {
            Some(node) => read_node(&node, i, &names),
            None => Entry::unknown(&names[i + 1], value.span().start),
        })
        .collect()
}

/// The names of all nodes, the image's first, so that a node that reads a later one can be told
/// from one that reads a name nobody has.
fn node_names(fields: &Fields<'_>, array: &[&Spanned<DeValue<'_>>]) -> Vec<String> {
    let mut names = vec!["image".to_owned()];
    let mut seen = BTreeMap::from([("image", 0)]);
    for (i, value) in array.iter().enumerate() {
        let name = value.get_ref().get("name");
        let text = name.and_then(|name| name.get_ref().as_str());
        names.push(text.map_or_else(|| format!("#{}", i + 1), str::to_owned));
        let (Some(name), Some(text)) = (name, text) else {
            continue;
        };
        if seen.insert(text, i).is_some() {
            let what = format!("the name `{text}` is taken");
            let fix = "give every node a name of its own (the image's is `image`)";
            fields.source.note(name.span().start, what, fix);
        }
        if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            let what = format!("{text:?} is no name for a node");
            fields
                .source
                .note(name.span().start, what, "give a name without spaces");
        }
    }
    names
}

fn read_node(fields: &Fields<'_>, i: usize, names: &[String]) -> Entry {
    if let Some(value) = fields.require("name", "give every node a name of its own") {
        fields.text("name", value);
    }
    let name = names[i + 1].clone();
    let tensor = fields
        .get("tensor")
        .and_then(|value| fields.text("tensor", value));
    Entry {
        tensor: tensor.map_or_else(|| name.clone(), str::to_owned),
        kind: read_kind(fields, &name),
        inputs: read_inputs(fields, i, names),
        offset: fields.offset,
        name,
    }
}

fn read_kind(fields: &Fields<'_>, node: &str) -> Option<Kind> {
    let value = fields.require("op", &format!("give one of {}", OPS.join(", ")))?;
    let op = fields.text("op", value)?;
    let Some(keys) = keys_of(op) else {
        let what = format!("node `{node}`: there is no op `{op}`");
        let fix = format!("give one of {}", OPS.join(", "));
        fields.source.note(value.span().start, what, fix);
        return None;
    };
    let known: Vec<&str> = ["name", "op", "inputs"]
        .iter()
        .chain(keys)
        .copied()
        .collect();
    fields.refuse_others(&format!("node `{node}` ({op})"), &known);
    Some(match op {
        "convolution" => Kind::Convolution {
            stride: fields.size_or("stride", 1..=MAX_SIZE, 1),
            padding: fields.size_or("padding", 0..=MAX_SIZE, 0),
        },
        "linear" => Kind::Linear,
        "batch-norm" => Kind::BatchNorm {
            epsilon: read_epsilon(fields),
        },
        "relu" => Kind::Weightless(Op::Relu),
        "add" => Kind::Weightless(Op::Add),
        "concat" => Kind::Weightless(Op::Concat),
        "global-average-pool" => Kind::Weightless(Op::GlobalAveragePool),
        pool => Kind::Weightless(read_pool(fields, pool)?),
    })
}

/// The keys an operation has beyond name, op and inputs; `None` if there is no such operation.
fn keys_of(op: &str) -> Option<&'static [&'static str]> {
    Some(match op {
        "convolution" => &["tensor", "stride", "padding"],
        "linear" => &["tensor"],
        "batch-norm" => &["tensor", "epsilon"],
        "average-pool" => &["kernel", "stride"],
        "max-pool" => &["kernel", "stride", "padding"],
        "relu" | "add" | "concat" | "global-average-pool" => &[],
        _ => return None,
    })
}

fn read_epsilon(fields: &Fields<'_>) -> f64 {
    let epsilon = fields.get("epsilon").and_then(|value| {
        fields.number(
            "epsilon",
            value,
            |x| (0.0..1.0).contains(&x),
            "a number from 0, below 1",
        )
    });
    epsilon.unwrap_or(DEFAULT_EPSILON)
}

fn read_pool(fields: &Fields<'_>, op: &str) -> Option<Op> {
    let value = fields.require("kernel", "give the side of the window in pixels")?;
    let kernel = fields.size("kernel", value, 1..=MAX_SIZE)?;
    let stride = fields.size_or("stride", 1..=MAX_SIZE, kernel);
    // More padding than half a window makes windows of padding only.
    Some(match op {
        "max-pool" => Op::MaxPool {
            kernel,
            stride,
            padding: fields.size_or("padding", 0..=kernel / 2, 0),
        },
        _ => Op::AveragePool { kernel, stride },
    })
}

/// The nodes that node `i` of the file reads: those named, or else the one before it.
fn read_inputs(fields: &Fields<'_>, i: usize, names: &[String]) -> Option<Vec<usize>> {
    let Some(value) = fields.get("inputs") else {
        return Some(vec![i]);
    };
    let values = match value.get_ref() {
        DeValue::String(_) => vec![value],
        _ => fields.array("inputs", value, "a node's name, or an array of them")?,
    };
    let inputs = values
        .iter()
        .map(|value| read_input_name(fields, value, i, names));
    inputs.collect::<Vec<_>>().into_iter().collect()
}

fn read_input_name<'a>(
    fields: &Fields<'a>,
    value: &'a Spanned<DeValue<'a>>,
    i: usize,
    names: &[String],
) -> Option<usize> {
    let input = fields.text("inputs", value)?;
    let node = &names[i + 1];
    match names.iter().position(|name| name == input) {
        Some(index) if index <= i => Some(index),
        Some(_) => {
            let what = format!("node `{node}` reads `{input}`, which is not before it");
            fields.source.note(
                value.span().start,
                what,
                "list a node after all that it reads",
            );
            None
        }
        None => {
            let what = format!("node `{node}` reads `{input}`, and no node has that name");
            let fix = format!("name a node listed above, such as `{}`", names[i]);
            fields.source.note(value.span().start, what, fix);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The user's page names every key and every operation.
    #[test]
    fn the_page_documents_every_key() {
        let page = include_str!("../../../docs/network-files.md");
        let of_ops = OPS.iter().flat_map(|op| keys_of(op).unwrap_or_default());
        let keys = NETWORK_KEYS.iter().chain(&INPUT_KEYS).chain(&EXAMPLE_KEYS);
        for word in keys.chain(&OPS).chain(of_ops) {
            assert!(
                page.contains(&format!("`{word}`")),
                "docs/network-files.md lacks `{word}`"
            );
        }
    }
}
