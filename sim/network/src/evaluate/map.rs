//! Feature maps in floating point, and windows over them.

use crate::graph::Shape;

/// A node's values with their shape, channel fastest.
#[derive(Clone, Copy)]
pub(crate) struct Map<'a> {
    pub shape: Shape,
    pub values: &'a [f32],
}

/// A window over a map: kernel extents, stride and padding in pixels.
#[derive(Clone, Copy)]
pub(crate) struct Window {
    pub height: usize,
    pub width: usize,
    pub stride: usize,
    pub padding: usize,
}

/// One position of a window: its index in the kernel, row by row, and the values there.
pub(crate) struct Tap<'a> {
    pub index: usize,
    pub channels: &'a [f32],
}

impl<'a> Map<'a> {
    /// The channels of one position.
    pub fn at(&self, y: usize, x: usize) -> &'a [f32] {
        let start = (y * self.shape.width + x) * self.shape.channels;
        &self.values[start..start + self.shape.channels]
    }

    /// The positions a window covers, from its output position; those in the padding left out.
    pub fn window(&self, out: (usize, usize), window: Window) -> impl Iterator<Item = Tap<'a>> {
        let map = *self;
        (0..window.height * window.width).filter_map(move |tap| {
            let (ky, kx) = (tap / window.width, tap % window.width);
            let y = (out.0 * window.stride + ky).checked_sub(window.padding)?;
            let x = (out.1 * window.stride + kx).checked_sub(window.padding)?;
            let inside = y < map.shape.height && x < map.shape.width;
            inside.then(|| Tap {
                index: tap,
                channels: map.at(y, x),
            })
        })
    }
}

impl Window {
    /// A square window.
    pub fn square(side: usize, stride: usize, padding: usize) -> Window {
        Window {
            height: side,
            width: side,
            stride,
            padding,
        }
    }
}

/// All positions of a map, row by row.
pub(super) fn positions(shape: Shape) -> impl Iterator<Item = (usize, usize)> {
    (0..shape.height * shape.width).map(move |p| (p / shape.width, p % shape.width))
}
