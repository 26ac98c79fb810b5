//! The images a network is given: those its description names, or others.

use std::path::Path;

use crate::graph::{Network, Shape};
use crate::images::{self, Example, Image, Layout};
use crate::problem::{Problem, Problems};

impl Network {
    /// The first `count` example images the description names (all if there are fewer).
    ///
    /// # Errors
    /// No examples named, or what [`Network::read_images`] refuses.
    pub fn examples(&self, count: usize) -> Result<Vec<Example>, Problems> {
        let Some(examples) = &self.input.examples else {
            let what = "the description names no example images";
            let fix = "name them under `examples`, or give a file of images";
            return Err(Problem::new(format!("network `{}`", self.name), what, fix).into());
        };
        self.read_images(
            &examples.images,
            examples.labels.as_deref(),
            examples.layout,
            count,
        )
    }

    /// The first `count` images of a file, held against the network's input and output.
    ///
    /// # Errors
    /// What [`images::read`] refuses, images of another size, labels beyond the outputs.
    pub fn read_images(
        &self,
        images: &Path,
        labels: Option<&Path>,
        layout: Option<Layout>,
        count: usize,
    ) -> Result<Vec<Example>, Problems> {
        let Shape {
            channels,
            height,
            width,
        } = self.input.shape();
        let shape = Some([channels, height, width]);
        let examples = images::read_as(images, labels, layout, shape, count)?;
        let place = images.display().to_string();
        if examples.is_empty() && count > 0 {
            return Err(Problem::new(place, "holds no image", "give at least one").into());
        }
        let classes = self.nodes.last().map_or(0, |node| node.shape.values());
        for (i, example) in examples.iter().enumerate() {
            self.fits(&example.image, &format!("{place}: image {i}"))?;
            if let Some(label) = example.label.filter(|&label| usize::from(label) >= classes) {
                let place = labels.map_or(place, |labels| labels.display().to_string());
                let what = format!("image {i} has label {label}");
                let fix = format!("the network has {classes} outputs, counted from 0");
                return Err(Problem::new(place, what, fix).into());
            }
        }
        Ok(examples)
    }

    /// Whether `image` is of the network's size.
    ///
    /// # Errors
    /// The size it is of, and the size it should be of.
    pub fn accept(&self, image: &Image) -> Result<(), Problems> {
        self.fits(image, "image")
    }

    fn fits(&self, image: &Image, place: &str) -> Result<(), Problems> {
        let wanted = self.input.shape();
        let Image {
            channels,
            height,
            width,
            pixels,
        } = image;
        let same = (*channels, *height, *width) == (wanted.channels, wanted.height, wanted.width);
        if same && pixels.len() == wanted.values() {
            return Ok(());
        }
        let what = format!(
            "is {channels} × {height} × {width} with {} pixels",
            pixels.len()
        );
        let fix = format!("the network takes {wanted} (channels × height × width)");
        Err(Problem::new(place, what, fix).into())
    }
}
