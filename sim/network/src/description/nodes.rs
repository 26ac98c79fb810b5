//! The nodes of a description file.

use std::collections::BTreeMap;

use cromulent_number::{Format, UnknownFormat};
use toml::Spanned;
use toml::de::DeValue;

use super::{Entry, Kind};
use crate::fields::Fields;
use crate::graph::Op;
use crate::shape::MAX_SIZE;

/// The operations, as they are named.
pub(super) const OPS: [&str; 9] = [
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

/// Every node listed; what is wrong with one is noted.
pub(super) fn read_nodes(fields: &Fields<'_>) -> Vec<Entry> {
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
            format: read_format(fields),
        },
        "relu" => Kind::Weightless(Op::Relu),
        "add" => Kind::Weightless(Op::Add),
        "concat" => Kind::Weightless(Op::Concat),
        "global-average-pool" => Kind::Weightless(Op::GlobalAveragePool),
        pool => Kind::Weightless(read_pool(fields, pool)?),
    })
}

/// The keys an operation has beyond name, op and inputs; `None` if there is no such operation.
pub(super) fn keys_of(op: &str) -> Option<&'static [&'static str]> {
    Some(match op {
        "convolution" => &["tensor", "stride", "padding"],
        "linear" => &["tensor"],
        "batch-norm" => &["tensor", "epsilon", "format"],
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

/// A format by its name.
fn read_format(fields: &Fields<'_>) -> Option<Format> {
    let value = fields.get("format")?;
    let text = fields.text("format", value)?;
    let unknown = |error: UnknownFormat| {
        let names = Format::ALL.map(Format::name).join(", ");
        let what = format!("there is no format `{}`", error.given);
        let fix = format!("give one of {names}");
        fields.source.note(value.span().start, what, fix);
    };
    text.parse().map_err(unknown).ok()
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
