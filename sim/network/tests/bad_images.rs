//! Every wrong image or label file is refused with its place, what is wrong and what is right.

mod common;

use std::io::Write;
use std::path::Path;

use common::{Folder, TOML, safetensors, tensors};
use cromulent_network::{Layout, Network, evaluate, images};
use flate2::write::GzEncoder;

/// An IDX file of these extents.
fn idx(extents: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, extents.len() as u8];
    file.extend(extents.iter().flat_map(|extent| extent.to_be_bytes()));
    file.extend(bytes);
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

fn small(folder: &Folder) -> Network {
    folder
        .load(TOML, &safetensors(&tensors()))
        .expect("the small network is right")
}

/// The messages for these image and label files.
fn refused(test: &str, bytes: &[u8], labels: Option<&[u8]>) -> String {
    let folder = Folder::new(test);
    let network = small(&folder);
    let path = folder.write("images", bytes);
    let labels = labels.map(|labels| folder.write("labels", labels));
    match network.read_images(&path, labels.as_deref(), None, 10) {
        Ok(_) => panic!("accepted"),
        Err(problems) => folder.relative(&problems),
    }
}

#[test]
fn idx_plain_and_gzip() {
    let folder = Folder::new("idx");
    let network = small(&folder);
    let pixels: Vec<u8> = (0..72).collect();
    let labels = folder.write("labels", gzip(&idx(&[2], &[1, 2])));
    for (name, bytes) in [
        ("plain", idx(&[2, 6, 6], &pixels)),
        ("gz", gzip(&idx(&[2, 6, 6], &pixels))),
    ] {
        let path = folder.write(name, bytes);
        let examples = network
            .read_images(&path, Some(&labels), None, 10)
            .expect("right");
        assert_eq!(examples.len(), 2);
        assert_eq!(examples[1].image.pixels, &pixels[36..]);
        assert_eq!(examples[1].label, Some(2));
        let first = network
            .read_images(&path, None, Some(Layout::Idx), 1)
            .expect("right");
        assert_eq!((first.len(), first[0].label), (1, None));
        evaluate(&network, &first[0].image).expect("it fits");
    }
}

#[test]
fn colour_idx_has_the_channel_last() {
    let folder = Folder::new("colour");
    let path = folder.write("images", idx(&[1, 1, 2, 3], &[1, 2, 3, 4, 5, 6]));
    let image = images::read(&path, None, None, 1)
        .expect("right")
        .remove(0)
        .image;
    assert_eq!((image.channels, image.height, image.width), (3, 1, 2));
    assert_eq!(image.pixels, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn cifar10_is_recognised_and_turned() {
    let folder = Folder::new("cifar");
    let mut record = vec![7];
    record.extend((0..3 * 1024).map(|i| (i / 1024 * 100 + i % 1024 % 100) as u8));
    let path = folder.write("images", [record.clone(), record].concat());
    let examples = images::read(&path, None, None, 10).expect("right");
    assert_eq!((examples.len(), examples[1].label), (2, Some(7)));
    let pixels = &examples[1].image.pixels;
    assert_eq!(pixels[..6], [0, 100, 200, 1, 101, 201]);
    let labels = images::read(&path, Some(Path::new("x")), None, 1).expect_err("no labels wanted");
    assert_eq!(
        folder.relative(&labels),
        "images: is in CIFAR-10's layout and holds its own labels; leave the labels out"
    );
}

#[test]
fn sizes_that_do_not_add_up() {
    assert_eq!(
        refused("short", &idx(&[3, 6, 6], &[0; 80]), None),
        "images: announces 3 × 6 × 6 = 108 bytes and has 80; \
         give the whole file, and nothing after it"
    );
    assert_eq!(
        refused("long", &idx(&[1, 6, 6], &[0; 37]), None),
        "images: announces 1 × 6 × 6 = 36 bytes and has more than 36; \
         give the whole file, and nothing after it"
    );
    assert_eq!(
        refused("header", &idx(&[3, 6, 6], &[])[..9], None),
        "images: ends within its header; give the whole file"
    );
    assert_eq!(
        refused("extents", &idx(&[1, u32::MAX, u32::MAX], &[]), None),
        "images: announces images of extents [4294967295, 4294967295]; \
         extents are from 1 to 65536"
    );
    assert_eq!(
        refused("many", &idx(&[u32::MAX, 6, 6], &[]), None),
        "images: announces 4294967295 × 6 × 6 = 154618822620 bytes and has 0; \
         give the whole file, and nothing after it"
    );
    assert_eq!(
        refused("none", &idx(&[0, 6, 6], &[]), None),
        "images: holds no image; give at least one"
    );
}

#[test]
fn images_of_another_size() {
    assert_eq!(
        refused("size", &idx(&[1, 6, 5], &[0; 30]), None),
        "images: image 0: is 1 × 6 × 5 with 30 pixels; \
         the network takes 1 × 6 × 6 (channels × height × width)"
    );
}

#[test]
fn broken_gzip() {
    let whole = gzip(&idx(&[4, 6, 6], &[9; 144]));
    let message = refused("gzip", &whole[..whole.len() - 9], None);
    assert!(message.starts_with("images: cannot be read"), "{message}");
    assert!(message.ends_with("; give the whole file"), "{message}");
}

#[test]
fn no_known_layout() {
    assert_eq!(
        refused("png", b"\x89PNG\r\n\x1a\n and so on", None),
        "images: is of no known layout (18 bytes); IDX images begin 00 00 08 03 or \
         00 00 08 04; CIFAR-10's binary layout has 3073 bytes an image"
    );
    let message = refused("empty", b"", None);
    assert!(
        message.starts_with("images: is of no known layout (0 bytes)"),
        "{message}"
    );
    assert_eq!(
        refused("floats", &[0, 0, 13, 3, 0, 0], None),
        "images: begins 00 00 0d 03, not as IDX images; \
         IDX images begin 00 00 08 03 or 00 00 08 04"
    );
    let mut record = vec![0; 3073];
    record[0] = 57;
    assert_eq!(
        refused("label-57", &record, None),
        "images: image 0 has label 57 in CIFAR-10's layout; \
         labels are from 0 to 9: is it another kind of file?"
    );
}

#[test]
fn wrong_labels() {
    let images = idx(&[2, 6, 6], &[0; 72]);
    assert_eq!(
        refused("count", &images, Some(&idx(&[3], &[0; 3]))),
        "labels: has 3 labels for 2 images; give the labels that belong to the images"
    );
    assert_eq!(
        refused("swapped", &images, Some(&images)),
        "labels: begins 00 00 08 03, not as IDX labels; IDX labels begin 00 00 08 01"
    );
    assert_eq!(
        refused("class", &images, Some(&idx(&[2], &[0, 3]))),
        "labels: image 1 has label 3; the network has 3 outputs, counted from 0"
    );
}

#[test]
fn no_examples_named() {
    let folder = Folder::new("no-examples");
    let problems = small(&folder).examples(1).expect_err("none are named");
    assert_eq!(
        problems.to_string(),
        "network `small`: the description names no example images; \
         name them under `examples`, or give a file of images"
    );
}

#[test]
fn evaluate_refuses_another_size() {
    let folder = Folder::new("evaluate");
    let image = images::Image {
        channels: 1,
        height: 2,
        width: 2,
        pixels: vec![0; 4],
    };
    let problems = evaluate(&small(&folder), &image).expect_err("it is too small");
    assert_eq!(
        problems.to_string(),
        "image: is 1 × 2 × 2 with 4 pixels; \
         the network takes 1 × 6 × 6 (channels × height × width)"
    );
}
