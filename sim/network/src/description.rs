//! The description file: what the network is made of, before its weights are read.
//!
//! `docs/network-files.md` documents every key; the lists of keys below are the source of truth.

mod nodes;

use std::path::{Path, PathBuf};

use cromulent_number::Format;
use toml::Spanned;
use toml::de::DeValue;

use crate::fields::{Fields, Source};
use crate::graph::{Examples, Input, Op};
use crate::images::Layout;
use crate::paths;
use crate::shape::MAX_SIZE;

const NETWORK_KEYS: [&str; 5] = ["name", "weights", "input", "examples", "nodes"];
const INPUT_KEYS: [&str; 5] = ["channels", "height", "width", "mean", "std"];
const EXAMPLE_KEYS: [&str; 3] = ["images", "labels", "layout"];

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
    Convolution {
        stride: usize,
        padding: usize,
    },
    Linear,
    BatchNorm {
        epsilon: f64,
        format: Option<Format>,
    },
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
        .and_then(|value| read_path(&fields, "weights", value, folder));
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
        nodes: nodes::read_nodes(&fields),
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
    let file = |key, value| read_path(fields, key, value, folder);
    let images = fields.require("images", "name the file of images, relative to this file");
    let images = images.and_then(|value| file("images", value));
    let labels = fields.get("labels").and_then(|value| file("labels", value));
    let layout = fields.get("layout").and_then(|value| {
        let name = fields.text("layout", value)?;
        let layout = Layout::from_name(name);
        if layout.is_none() {
            let what = format!("`layout` is `{name}`");
            let fix =
                "give idx, cifar10 or folder, or leave the key out: it is recognised by content";
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

/// A path, ready to open.
fn read_path<'a>(
    fields: &Fields<'a>,
    key: &str,
    value: &'a Spanned<DeValue<'a>>,
    folder: &Path,
) -> Option<PathBuf> {
    let path = paths::resolve(fields.text(key, value)?, folder);
    path.map_err(|(what, fix)| fields.source.note(value.span().start, what, fix))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::nodes::{OPS, keys_of};
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
