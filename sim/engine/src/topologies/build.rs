//! Puts a topology together, layer by layer.

use super::{LeftOut, Topology, TopologyLayer};
use crate::geometry::LayerGeometry;
use crate::image::MapShape;
use crate::layer::{LayerInput, LayerMode, LayerOutput, Operands, ResidualStep};

/// A square kernel with stride and padding, pixels.
#[derive(Clone, Copy)]
pub(super) struct Kernel {
    side: usize,
    stride: usize,
    padding: usize,
}

/// k × k, so padded that stride 1 keeps the size.
pub(super) const fn same(side: usize, stride: usize) -> Kernel {
    Kernel {
        side,
        stride,
        padding: side / 2,
    }
}

/// 2 × 2 with stride 2: a 1 × 1 convolution and an average pool of 2 × 2 in one, as both are linear. A quarter of
/// the positions, four times the taps, so as many multiply-accumulates as the convolution alone.
pub(super) const POOLED: Kernel = Kernel {
    side: 2,
    stride: 2,
    padding: 0,
};

/// The number of a code tensor.
#[derive(Clone, Copy)]
pub(super) struct Tensor(usize);

/// The number of a value of the residual stream.
#[derive(Clone, Copy)]
pub(super) struct Stream(usize);

/// A topology that grows.
pub(super) struct Builder(Topology);

const CODES: LayerMode = LayerMode {
    operands: Operands::Codes,
    pool: false,
    raw: false,
};

impl Builder {
    /// A topology of a square image in three colours.
    pub fn new(name: &'static str, side: usize) -> Builder {
        Builder(Topology {
            name,
            image: map(3, side),
            layers: vec![],
            tensors: vec![],
            streams: vec![],
            left_out: vec![],
        })
    }

    pub fn finish(self) -> Topology {
        self.0
    }

    /// The image layer: its codes.
    pub fn image(&mut self, name: &str, channels: usize, kernel: Kernel) -> Tensor {
        let geometry = geometry(self.0.image, channels, kernel);
        let mode = LayerMode {
            operands: Operands::Integers,
            ..CODES
        };
        let codes = self.tensor(output(&geometry));
        let output = LayerOutput::Codes(codes.0);
        self.layer(name, geometry, mode, LayerInput::Image, output);
        codes
    }

    /// A max-pool of stride 2, which the machine cannot do: the codes it would give.
    pub fn max_pool(&mut self, name: &'static str, from: Tensor) -> Tensor {
        let MapShape {
            channels, height, ..
        } = self.0.tensors[from.0];
        self.0.left_out.push(LeftOut {
            name,
            why: "the machine has no max-pool yet",
        });
        self.tensor(map(channels, height.div_ceil(2)))
    }

    /// A convolution of code tensors, one after the other: its codes.
    pub fn codes(
        &mut self,
        name: &str,
        from: &[Tensor],
        channels: usize,
        kernel: Kernel,
    ) -> Tensor {
        let geometry = geometry(self.input(from), channels, kernel);
        let codes = self.tensor(output(&geometry));
        let output = LayerOutput::Codes(codes.0);
        self.layer(name, geometry, CODES, read(from), output);
        codes
    }

    /// A convolution that begins the residual stream, or is added to it: the value there, and its codes.
    pub fn residual(
        &mut self,
        name: &str,
        from: Tensor,
        channels: usize,
        kernel: Kernel,
        base: Option<Stream>,
    ) -> (Stream, Tensor) {
        let geometry = geometry(self.input(&[from]), channels, kernel);
        let codes = self.tensor(output(&geometry));
        let result = self.stream(output(&geometry));
        let step = ResidualStep {
            base: base.map(|stream| stream.0),
            result: result.0,
            clamp: false,
            codes: Some(codes.0),
        };
        self.layer(
            name,
            geometry,
            CODES,
            read(&[from]),
            LayerOutput::Residual(step),
        );
        (result, codes)
    }

    /// A 1 × 1 convolution into the residual stream, of which no codes are made.
    pub fn shortcut(&mut self, name: &str, from: Tensor, channels: usize, stride: usize) -> Stream {
        let geometry = geometry(self.input(&[from]), channels, same(1, stride));
        let result = self.stream(output(&geometry));
        let step = ResidualStep {
            base: None,
            result: result.0,
            clamp: false,
            codes: None,
        };
        let mode = LayerMode { raw: true, ..CODES };
        self.layer(
            name,
            geometry,
            mode,
            read(&[from]),
            LayerOutput::Residual(step),
        );
        result
    }

    /// A value that lies in the stream from the beginning, with these codes.
    pub fn beginning(&mut self, codes: Tensor) -> Stream {
        self.stream(self.0.tensors[codes.0])
    }

    /// A global average pool and a linear layer in one.
    pub fn scores(&mut self, name: &str, from: &[Tensor], classes: usize) {
        let geometry = geometry(self.input(from), classes, same(1, 1));
        let mode = LayerMode {
            pool: true,
            raw: true,
            ..CODES
        };
        let output = LayerOutput::Scores { unit: 1.0 };
        self.layer(name, geometry, mode, read(from), output);
    }

    fn input(&self, from: &[Tensor]) -> MapShape {
        let shapes = from.iter().map(|tensor| self.0.tensors[tensor.0]);
        let joined = shapes.reduce(|all, one| MapShape {
            channels: all.channels + one.channels,
            ..all
        });
        joined.unwrap_or(self.0.image)
    }

    fn tensor(&mut self, shape: MapShape) -> Tensor {
        self.0.tensors.push(shape);
        Tensor(self.0.tensors.len() - 1)
    }

    fn stream(&mut self, shape: MapShape) -> Stream {
        self.0.streams.push(shape);
        Stream(self.0.streams.len() - 1)
    }

    fn layer(
        &mut self,
        name: &str,
        geometry: LayerGeometry,
        mode: LayerMode,
        input: LayerInput,
        output: LayerOutput,
    ) {
        self.0.layers.push(TopologyLayer {
            name: name.to_owned(),
            geometry,
            mode,
            input,
            output,
        });
    }
}

fn map(channels: usize, side: usize) -> MapShape {
    MapShape {
        channels,
        height: side,
        width: side,
    }
}

fn read(from: &[Tensor]) -> LayerInput {
    LayerInput::Codes(from.iter().map(|tensor| tensor.0).collect())
}

fn geometry(input: MapShape, out_channels: usize, kernel: Kernel) -> LayerGeometry {
    LayerGeometry {
        height: input.height,
        width: input.width,
        channels: input.channels,
        out_channels,
        kernel_height: kernel.side,
        kernel_width: kernel.side,
        stride: kernel.stride,
        padding: kernel.padding,
    }
}

fn output(geometry: &LayerGeometry) -> MapShape {
    MapShape {
        channels: geometry.out_channels,
        height: geometry.out_height(),
        width: geometry.out_width(),
    }
}
