use super::*;
use crate::constants::{Constants, Frame};
use crate::image_input::ImageInput;
use crate::layer::{LayerInput, LayerOutput, ResidualStep, Storage};
use crate::layout::Place;
use crate::random::{Case, Generator, Limits, case};

/// Whether a case is an image of one layer: integers in, scores out.
fn is_image(case: &Case) -> bool {
    let scores = matches!(case.layer.output, LayerOutput::Scores { .. });
    case.layer.input == LayerInput::Image && scores
}

/// An image of one layer that takes integers and gives scores.
fn image_of(case: Case) -> Image {
    let Case { design, layer, .. } = case;
    let g = layer.geometry;
    Image {
        design,
        network: "test".to_owned(),
        input: MapShape {
            channels: g.channels,
            height: g.height,
            width: g.width,
        },
        input_address: layer.places.input[0].place.address,
        image_input: layer.places.image.unwrap_or(ImageInput::SHARED),
        tensors: vec![],
        streams: vec![],
        moves: vec![],
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
    let mut cases = (0..).map(|seed| case(seed, &limits));
    image_of(cases.find(is_image).expect("seeds do not end"))
}

#[test]
fn images_survive_their_bytes() {
    let cases = (0..12_000).map(|seed| case(seed, &Limits::default()));
    let images: Vec<_> = cases.filter(is_image).map(image_of).collect();
    assert!(images.len() > 20, "{}", images.len());
    for image in images {
        assert_eq!(Image::from_bytes(&image.to_bytes()), Ok(image));
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
        message.contains("has version 9, and only version 5"),
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
    let sum = container::checksum(body);
    let mut bytes = original[..16].to_vec();
    bytes.extend((body.len() as u64).to_le_bytes());
    bytes.extend(sum.to_le_bytes());
    bytes.extend(body);
    bytes
}

/// The small image with a layer before its last that feeds the residual stream and is coded.
fn residual() -> Image {
    let mut image = small();
    let design = image.design.clone();
    let last = image.layers[0].clone();
    let shape = output_shape(&last);
    let output = LayerOutput::Residual(ResidualStep {
        base: None,
        result: 0,
        clamp: true,
        codes: Some(0),
        pooled: false,
    });
    image.design.code_depth = design.code_depth + 40;
    image.design.stream_depth = 40;
    image.tensors = vec![Tensor {
        shape,
        place: Place {
            address: design.code_depth as usize,
            rotation: 1 % design.rows as usize,
        },
        storage: Storage::Codes,
    }];
    image.streams = vec![StreamValue { shape, base: 0 }];
    let mut layers = vec![];
    for (input, output) in [
        (last.input.clone(), output),
        (last.input.clone(), last.output.clone()),
    ] {
        let mut constants = Constants::read(&design, &last);
        for channel in &mut constants.channels {
            channel.floor = if output.residual().is_some() { -3 } else { 0 };
        }
        let mut mode = last.mode;
        mode.raw = output.codes().is_none();
        let frame = Frame {
            mode,
            places: &image.places(&input, &output),
            input: &input,
            output: &output,
            ..Frame::of(&last)
        };
        layers.push(constants.assemble(&image.design, &frame).unwrap());
    }
    image.layers = layers;
    image
}

#[test]
fn residual_steps_survive_their_bytes_and_are_checked() {
    let mut image = residual();
    assert_eq!(Image::from_bytes(&image.to_bytes()), Ok(image.clone()));
    image.streams = vec![];
    let message = image.check().unwrap_err().to_string();
    assert!(
        message.contains("stream value 0 is not declared"),
        "{message}"
    );
}

#[test]
fn values_in_one_place_are_refused() {
    let good = residual();
    let refusal = |change: &dyn Fn(&mut Image)| {
        let mut image = good.clone();
        change(&mut image);
        for layer in &mut image.layers {
            layer.places = good.places(&layer.input, &layer.output);
        }
        // As if read from bytes: places and registers follow from the values.
        Image::from_bytes(&image.to_bytes())
            .unwrap_err()
            .to_string()
    };
    let message = refusal(&|image| image.tensors[0].place.address = image.input_address);
    assert!(
        message.contains("the image and code tensor 0 lie in the same words"),
        "{message}"
    );
    let message = refusal(&|image| image.streams[0].base = 60_000);
    assert!(message.contains("stream"), "{message}");
    let message = refusal(&|image| image.tensors[0].place.rotation = 200);
    assert!(message.contains("output_rotation = 200"), "{message}");
}
