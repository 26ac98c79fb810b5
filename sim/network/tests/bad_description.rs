//! Every wrong description is refused with its place, what is wrong and what would be right.

mod common;

use common::{Folder, TOML, safetensors, tensors};

/// The messages for the small network with `from` replaced by `to`.
fn replaced(test: &str, from: &str, to: &str) -> String {
    assert!(TOML.contains(from), "{from}");
    refused(test, &TOML.replace(from, to))
}

fn refused(test: &str, toml: &str) -> String {
    let folder = Folder::new(test);
    match folder.load(toml, &safetensors(&tensors())) {
        Ok(_) => panic!("accepted:\n{toml}"),
        Err(problems) => folder.relative(&problems),
    }
}

#[test]
fn the_small_network_is_right() {
    let folder = Folder::new("right");
    let network = folder
        .load(TOML, &safetensors(&tensors()))
        .expect("it is right");
    assert_eq!(network.name, "small");
    assert_eq!(network.node("fc"), Some(5));
    assert_eq!(network.nodes[1].shape.to_string(), "2 × 6 × 6");
}

#[test]
fn not_toml() {
    assert_eq!(
        replaced("syntax", "name = \"small\"", "name = small"),
        "small.toml:1:8: not TOML: string values must be quoted, expected literal string; \
         write `key = value`, strings in quotes"
    );
}

#[test]
fn unknown_keys() {
    assert_eq!(
        replaced("key", "name = \"small\"", "nmae = \"small\""),
        "small.toml:1:1: a network has no key `nmae`; \
         its keys are name, weights, input, examples, nodes"
    );
    assert_eq!(
        replaced("node-key", "op = \"relu\"", "op = \"relu\", stride = 2"),
        "small.toml:7:33: node `relu` (relu) has no key `stride`; its keys are name, op, inputs"
    );
    assert_eq!(
        replaced("input-key", "width = 6,", "width = 6, depth = 1,"),
        "small.toml:3:48: `input` has no key `depth`; \
         its keys are channels, height, width, mean, std"
    );
}

#[test]
fn wrong_types() {
    assert_eq!(
        replaced("type", "padding = 1", "padding = \"1\""),
        "small.toml:5:50: `padding` is of type string; give a whole number from 0 to 65536"
    );
    assert_eq!(
        replaced("weights-type", "\"small.safetensors\"", "7"),
        "small.toml:2:11: `weights` is of type integer; give a string in quotes"
    );
    assert_eq!(
        replaced("mean-type", "[0.5]", "0.5"),
        "small.toml:3:55: `mean` is of type float; \
         give an array of numbers from 0 to 1 (fractions of 255)"
    );
    assert_eq!(
        refused(
            "nodes-type",
            "weights = \"small.safetensors\"\ninput = 3\nnodes = \"conv\"\n"
        ),
        "small.toml:2:9: `input` is of type integer; give a table\n\
         small.toml:3:9: `nodes` is of type string; give an array of tables, one per node"
    );
}

#[test]
fn nodes_that_are_no_tables() {
    assert_eq!(
        replaced("no-table", "{ name = \"relu\", op = \"relu\" }", "\"relu\""),
        "small.toml:7:3: `nodes` is of type string; give a table"
    );
    assert_eq!(
        replaced("no-tables", "nodes = [", "nodes = [ 1, 2,"),
        "small.toml:4:11: `nodes` is of type integer; give a table\n\
         small.toml:4:14: `nodes` is of type integer; give a table"
    );
}

#[test]
fn nothing_too_deep_or_too_long() {
    let message = refused("deep", &format!("a = {}", "[".repeat(100_000)));
    assert!(message.contains("not TOML: "), "{}", &message[..200]);
    let folder = Folder::new("long");
    let problems = folder
        .load(&"#".repeat(2 << 20), &[])
        .expect_err("too long");
    assert_eq!(
        folder.relative(&problems),
        "small.toml: is longer than 1048576 bytes; give a network file (TOML)"
    );
}

#[test]
fn missing_keys() {
    assert_eq!(
        refused("missing", ""),
        "small.toml:1:1: `weights` is missing; \
         name the safetensors file, relative to this file\n\
         small.toml:1:1: `input` is missing; \
         describe the image: channels, height, width, mean, std\n\
         small.toml:1:1: `nodes` is missing; list the nodes in the order they are computed"
    );
    assert_eq!(
        replaced("no-op", ", op = \"relu\"", ""),
        "small.toml:7:3: `op` is missing; give one of convolution, linear, batch-norm, relu, \
         add, concat, average-pool, global-average-pool, max-pool"
    );
    assert_eq!(
        replaced("no-kernel", "global-average-pool", "max-pool"),
        "small.toml:8:3: `kernel` is missing; give the side of the window in pixels"
    );
}

#[test]
fn numbers_out_of_range() {
    assert_eq!(
        replaced("stride", "padding = 1", "padding = 1, stride = 0"),
        "small.toml:5:62: `stride` is 0; give a whole number from 1 to 65536"
    );
    assert_eq!(
        replaced("height", "height = 6", "height = -6"),
        "small.toml:3:34: `height` is -6; give a whole number from 1 to 65536"
    );
    assert_eq!(
        replaced("mean", "[0.5]", "[127.5]"),
        "small.toml:3:56: `mean` holds 127.5; \
         give an array of numbers from 0 to 1 (fractions of 255)"
    );
    assert_eq!(
        replaced("std", "[0.25]", "[0.0]"),
        "small.toml:3:69: `std` holds 0.0; give an array of numbers above 0, fractions of 255"
    );
    assert_eq!(
        replaced("std-nan", "[0.25]", "[nan]"),
        "small.toml:3:69: `std` holds nan; give an array of numbers above 0, fractions of 255"
    );
    assert_eq!(
        replaced("means", "[0.5]", "[0.5, 0.5]"),
        "small.toml:3:55: `mean` has 2 numbers for 1 channels; give one number per channel"
    );
    assert_eq!(
        replaced(
            "epsilon",
            "\"batch-norm\"",
            "\"batch-norm\", epsilon = -1e-5"
        ),
        "small.toml:6:47: `epsilon` holds -1e-5; give a number from 0, below 1"
    );
    assert_eq!(
        replaced(
            "format",
            "\"batch-norm\"",
            "\"batch-norm\", format = \"L9\""
        ),
        "small.toml:6:46: there is no format `L9`; give one of L2, L3, L4, L5, R2, R3, R4, R5, I8, I4, I3, U4, U5, U8, O4"
    );
}

#[test]
fn unknown_op() {
    assert_eq!(
        replaced("op", "\"relu\" }", "\"gelu\" }"),
        "small.toml:7:25: node `relu`: there is no op `gelu`; give one of convolution, linear, \
         batch-norm, relu, add, concat, average-pool, global-average-pool, max-pool"
    );
}

#[test]
fn names() {
    assert_eq!(
        replaced("duplicate", "\"relu\", op", "\"bn\", op"),
        "small.toml:7:12: the name `bn` is taken; \
         give every node a name of its own (the image's is `image`)"
    );
    assert_eq!(
        replaced("image", "\"relu\", op", "\"image\", op"),
        "small.toml:7:12: the name `image` is taken; \
         give every node a name of its own (the image's is `image`)"
    );
    assert_eq!(
        replaced("blank", "\"relu\", op", "\"my relu\", op"),
        "small.toml:7:12: \"my relu\" is no name for a node; give a name without spaces"
    );
}

#[test]
fn inputs() {
    let relu = "op = \"relu\"";
    assert_eq!(
        replaced("unknown-input", relu, "op = \"relu\", inputs = \"bm\""),
        "small.toml:7:42: node `relu` reads `bm`, and no node has that name; \
         name a node listed above, such as `bn`"
    );
    assert_eq!(
        replaced("later-input", relu, "op = \"relu\", inputs = [\"fc\"]"),
        "small.toml:7:43: node `relu` reads `fc`, which is not before it; \
         list a node after all that it reads"
    );
    assert_eq!(
        replaced("unread", relu, "op = \"relu\", inputs = \"conv\""),
        "small.toml:6:3: nothing reads node `bn`; \
         only the last node may be an output: read it or remove it"
    );
}

#[test]
fn shapes_that_do_not_fit() {
    let relu = "op = \"relu\"";
    assert_eq!(
        replaced("add-one", relu, "op = \"add\""),
        "small.toml:7:3: node `relu` (add) reads one node; \
         name two or more with `inputs = [\"…\", \"…\"]`"
    );
    assert_eq!(
        replaced("two", relu, "op = \"relu\", inputs = [\"conv\", \"bn\"]"),
        "small.toml:7:3: node `relu` (relu) reads 2 nodes; name one: relu reads one"
    );
    assert_eq!(
        replaced("add", relu, "op = \"add\", inputs = [\"bn\", \"image\"]"),
        "small.toml:7:3: node `relu` (add) adds maps of 2 × 6 × 6 and 1 × 6 × 6; \
         add maps of one shape (channels × height × width)"
    );
    assert_eq!(
        replaced("window", relu, "op = \"max-pool\", kernel = 9"),
        "small.toml:7:3: node `relu` (max-pool) has a window of 9 pixels on a map of 6, \
         padding 0; the window must fit: give more padding or a smaller stride before"
    );
    assert_eq!(
        replaced("pad", relu, "op = \"max-pool\", kernel = 2, padding = 2"),
        "small.toml:7:59: `padding` is 2; give a whole number from 0 to 1"
    );
    assert_eq!(
        replaced(
            "huge",
            "height = 6, width = 6",
            "height = 65536, width = 65536"
        ),
        "small.toml:5:3: node `conv` (convolution) gives a map of 2 × 65536 × 65536 values; \
         at most 268435456 can be handled"
    );
}

#[test]
fn all_problems_at_once() {
    let toml = TOML
        .replace("height = 6", "height = 0")
        .replace("relu\" }", "gelu\" }");
    let messages = refused(
        "all",
        &toml.replace("\"linear\" }", "\"linear\", tensor = \"fd\" }"),
    );
    let places: Vec<&str> = messages
        .lines()
        .map(|line| line.split(": ").next().unwrap())
        .collect();
    assert_eq!(
        places,
        ["small.toml:3:34", "small.toml:7:25", "small.safetensors"],
        "{messages}"
    );
}

#[test]
fn examples_table() {
    let examples = "examples = { images = \"x\", layout = \"png\", lables = 1 }\nnodes = [";
    assert_eq!(
        replaced("examples", "nodes = [", examples),
        "small.toml:4:37: `layout` is `png`; \
         give idx, cifar10 or folder, or leave the key out: it is recognised by content\n\
         small.toml:4:44: `examples` has no key `lables`; its keys are images, labels, layout"
    );
}

#[test]
fn unreadable_files() {
    let folder = Folder::new("unreadable");
    let load = |path: &std::path::Path| {
        cromulent_network::Network::load(path).expect_err("it is not there")
    };
    let path = folder.write("none.toml", "");
    std::fs::remove_file(&path).expect("it was just written");
    let message = folder.relative(&load(&path));
    assert!(
        message.starts_with("none.toml: cannot be read ("),
        "{message}"
    );
    assert!(message.ends_with("; give a network file"), "{message}");
    let path = folder.write("latin.toml", b"name = \"caf\xe9\"");
    let message = folder.relative(&load(&path));
    assert_eq!(
        message,
        "latin.toml: is not text (UTF-8); give a network file (TOML)"
    );
}
