use cromulent_number::Quantizer;

use super::*;
use crate::layer::{LayerInput, LayerOutput, Normalisation, ResidualStep};
use crate::random::{Case, Generator, Limits, case};

/// An image of one layer that takes integers and gives them.
fn image_of(case: Case) -> Image {
    let Case {
        design, mut layer, ..
    } = case;
    layer.output = LayerOutput::Scores { unit: 0.5 };
    let g = layer.geometry;
    Image {
        design,
        network: "test".to_owned(),
        input: MapShape {
            channels: g.channels,
            height: g.height,
            width: g.width,
        },
        tensors: vec![],
        streams: vec![],
        layers: vec![layer],
    }
}

/// A small image that can run: integers in, scores out.
fn small() -> Image {
    let limits = Limits {
        rows: 3,
        columns: 2,
        side: 3,
        channels: 2,
        out_channels: 2,
    };
    let integers = |case: &Case| case.layer.input == LayerInput::Image && case.layer.mode.raw;
    let mut cases = (0..).map(|seed| case(seed, &limits));
    image_of(cases.find(integers).expect("seeds do not end"))
}

#[test]
fn images_survive_their_bytes() {
    for seed in 0..300 {
        let case = case(seed, &Limits::default());
        if case.layer.input == LayerInput::Image && case.layer.mode.raw {
            let image = image_of(case);
            assert_eq!(Image::from_bytes(&image.to_bytes()), Ok(image));
        }
    }
}

#[test]
fn every_truncation_is_refused() {
    let bytes = small().to_bytes();
    for length in 0..bytes.len() {
        let error = Image::from_bytes(&bytes[..length]).unwrap_err();
        assert!(
            matches!(error, ImageError::Truncated { .. }),
            "{length}: {error}"
        );
    }
    let mut longer = bytes;
    longer.push(0);
    assert!(matches!(
        Image::from_bytes(&longer),
        Err(ImageError::Malformed { .. })
    ));
}

#[test]
fn other_files_versions_and_designs_are_named() {
    let image = small();
    let mut bytes = image.to_bytes();
    assert_eq!(Image::from_bytes(b"PNG!"), Err(ImageError::NotAnImage));
    bytes[4] = 9;
    let message = Image::from_bytes(&bytes).unwrap_err().to_string();
    assert!(
        message.contains("has version 9, and only version 1"),
        "{message}"
    );
    let mut other = image.design.clone();
    other.name = "renamed".to_owned();
    assert_eq!(image.require_design(&other), Ok(()));
    other.tile_depth += 1;
    let message = image.require_design(&other).unwrap_err().to_string();
    assert!(
        message.contains("compiled for design random ("),
        "{message}"
    );
}

#[test]
fn every_flipped_bit_is_noticed() {
    let bytes = small().to_bytes();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(Image::from_bytes(&damaged).is_err(), "byte {at}");
    }
}

/// Bytes that pass the checksum and are wrong inside must be refused or run, never panic.
#[test]
fn hostile_bodies_do_no_harm() {
    let bytes = small().to_bytes();
    let mut generator = Generator::new(3);
    let mut accepted = 0;
    for _ in 0..20_000 {
        let mut body = bytes[32..].to_vec();
        for _ in 0..generator.range(1, 3) {
            let at = generator.range(0, body.len() as i64 - 1) as usize;
            body[at] = *generator.pick(&[0, 1, 2, 127, 128, 255]);
        }
        if let Ok(image) = Image::from_bytes(&with_header(&bytes, &body)) {
            accepted += 1;
            let layer = &image.layers[0];
            let values = vec![-128; image.input.values()];
            let activations = crate::Activations {
                channels: image.input.channels,
                height: image.input.height,
                width: image.input.width,
                values,
            };
            let words = crate::reference::run(&image.design, layer, &activations).unwrap();
            let run = crate::cycle_model::run(&image.design, layer, &activations).unwrap();
            assert_eq!(run.words, words);
        }
    }
    assert!(accepted > 100, "hardly anything got through: {accepted}");
}

/// A body with a header that fits it.
fn with_header(original: &[u8], body: &[u8]) -> Vec<u8> {
    let sum = body.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mut bytes = original[..16].to_vec();
    bytes.extend((body.len() as u64).to_le_bytes());
    bytes.extend(sum.to_le_bytes());
    bytes.extend(body);
    bytes
}

#[test]
fn residual_steps_survive_their_bytes_and_are_checked() {
    let mut image = small();
    let shape = check::output_shape(&image.layers[0]);
    let mut first = image.layers[0].clone();
    let theta = 1 << image.design.threshold_fraction_bits;
    let quantizer = Quantizer {
        mean: -3,
        exponent: 5,
        thetas: [theta; 4],
        fraction_bits: image.design.threshold_fraction_bits,
        negate: false,
    };
    first.output = LayerOutput::Residual(ResidualStep {
        shifts: vec![-1; shape.channels],
        base: None,
        result: 0,
        normalise: vec![Normalisation {
            tensor: 0,
            quantizers: vec![quantizer; shape.channels],
        }],
    });
    image.layers.insert(0, first);
    image.tensors = vec![shape];
    image.streams = vec![shape];
    assert_eq!(Image::from_bytes(&image.to_bytes()), Ok(image.clone()));
    image.streams = vec![];
    let message = image.check().unwrap_err().to_string();
    assert!(
        message.contains("stream value 0 is not declared"),
        "{message}"
    );
}
