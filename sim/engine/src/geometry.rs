//! The shape of one layer, and how its inner dimension is counted.
//!
//! The inner dimension K runs over (tap, channel), tap = ky·kernel_width + kx. How it is laid over the rows
//! of an array is a matter of [`crate::layout`].

use std::error::Error;
use std::fmt;

/// The dimensions of a convolution. A linear layer is a 1×1 convolution.
///
/// Square strides and paddings only; padding is zero padding on all four sides.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LayerGeometry {
    /// Height of the input map, pixels.
    pub height: usize,
    /// Width of the input map, pixels.
    pub width: usize,
    /// Input channels.
    pub channels: usize,
    /// Output channels.
    pub out_channels: usize,
    /// Height of the kernel, taps.
    pub kernel_height: usize,
    /// Width of the kernel, taps.
    pub kernel_width: usize,
    /// Step of the kernel in both directions, pixels.
    pub stride: usize,
    /// Pixels of padding on every side.
    pub padding: usize,
}

/// What one row of the array serves in one row tile: a place of the inner dimension.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Slot {
    /// ky·kernel_width + kx.
    pub tap: usize,
    /// Input channel.
    pub channel: usize,
}

/// The shape makes no layer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GeometryError {
    what: String,
}

impl fmt::Display for GeometryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for GeometryError {}

/// Larger than any dimension a design can run, small enough that no product of a few overflows.
const LARGEST: usize = 1 << 14;

impl LayerGeometry {
    /// Checks that there is an output and that every dimension is between 1 and 16384.
    ///
    /// # Errors
    /// Names the dimension that is wrong.
    pub fn check(&self) -> Result<(), GeometryError> {
        let sizes = [
            ("height", self.height),
            ("width", self.width),
            ("channels", self.channels),
            ("output channels", self.out_channels),
            ("kernel height", self.kernel_height),
            ("kernel width", self.kernel_width),
            ("stride", self.stride),
        ];
        for (name, size) in sizes {
            if !(1..=LARGEST).contains(&size) {
                return error(format!("{name} is {size}, must be 1 to {LARGEST}"));
            }
        }
        if self.padding >= self.kernel_height.max(self.kernel_width) {
            return error(format!(
                "padding is {}, must be smaller than the kernel",
                self.padding
            ));
        }
        let (height, width) = (self.padded(self.height), self.padded(self.width));
        if self.kernel_height > height || self.kernel_width > width {
            return error(format!(
                "a {}×{} kernel does not fit the padded {height}×{width} map",
                self.kernel_height, self.kernel_width
            ));
        }
        Ok(())
    }

    fn padded(&self, side: usize) -> usize {
        side + 2 * self.padding
    }

    /// Height of the output map, pixels.
    pub fn out_height(&self) -> usize {
        (self.padded(self.height) - self.kernel_height) / self.stride + 1
    }

    /// Width of the output map, pixels.
    pub fn out_width(&self) -> usize {
        (self.padded(self.width) - self.kernel_width) / self.stride + 1
    }

    /// Number of output positions.
    pub fn positions(&self) -> usize {
        self.out_height() * self.out_width()
    }

    /// Number of kernel taps.
    pub fn taps(&self) -> usize {
        self.kernel_height * self.kernel_width
    }

    /// Length of the inner dimension, taps × channels.
    pub fn inner(&self) -> usize {
        self.taps() * self.channels
    }

    /// Input row and column seen by a tap at an output position; may lie outside the map.
    pub fn source(&self, position: usize, tap: usize) -> (isize, isize) {
        let (oy, ox) = (position / self.out_width(), position % self.out_width());
        let (dy, dx) = self.tap_offset(tap);
        let at = |out: usize, d: isize| (out * self.stride).cast_signed() + d;
        (at(oy, dy), at(ox, dx))
    }

    /// The input value index of a tap and channel at an output position, in height × width × channel
    /// order; `None` in the padding.
    pub fn source_index(&self, position: usize, tap: usize, channel: usize) -> Option<usize> {
        let (y, x) = self.source(position, tap);
        let (y, x) = (usize::try_from(y).ok()?, usize::try_from(x).ok()?);
        let inside = y < self.height && x < self.width;
        inside.then(|| (y * self.width + x) * self.channels + channel)
    }

    /// The slot of an inner index.
    pub fn slot(&self, k: usize) -> Slot {
        Slot {
            tap: k / self.channels,
            channel: k % self.channels,
        }
    }

    /// The inner index of a slot: tap·channels + channel.
    pub fn inner_index(&self, slot: Slot) -> usize {
        slot.tap * self.channels + slot.channel
    }

    /// Where a tap lies relative to the upper left pixel of its output position: (dy, dx), each at least
    /// −padding.
    pub fn tap_offset(&self, tap: usize) -> (isize, isize) {
        let (ky, kx) = (tap / self.kernel_width, tap % self.kernel_width);
        let from_padding = |k: usize| k.cast_signed() - self.padding.cast_signed();
        (from_padding(ky), from_padding(kx))
    }

    /// Number of column tiles: how often an array with this many columns covers the output channels.
    pub fn column_tiles(&self, columns: usize) -> usize {
        self.out_channels.div_ceil(columns)
    }

    /// Multiply-accumulates of the layer as the network counts them: padding included, idle rows not.
    /// `pooled`: the positions are averaged first, so that each weight counts once.
    pub fn macs(&self, pooled: bool) -> u64 {
        let positions = if pooled { 1 } else { self.positions() };
        [positions, self.inner(), self.out_channels]
            .iter()
            .fold(1, |product: u64, &n| product.saturating_mul(n as u64))
    }
}

fn error(what: String) -> Result<(), GeometryError> {
    Err(GeometryError { what })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(channels: usize, kernel: usize, stride: usize, padding: usize) -> LayerGeometry {
        LayerGeometry {
            height: 5,
            width: 4,
            channels,
            out_channels: 3,
            kernel_height: kernel,
            kernel_width: kernel,
            stride,
            padding,
        }
    }

    #[test]
    fn outputs_follow_the_usual_formula() {
        let g = geometry(3, 3, 2, 1);
        assert_eq!((g.out_height(), g.out_width()), (3, 2));
        assert_eq!(g.source(0, 0), (-1, -1));
        assert_eq!(g.source(5, 8), (5, 3));
        assert_eq!(g.source_index(5, 8, 0), None);
        assert_eq!(g.source_index(5, 4, 2), Some((4 * 4 + 2) * 3 + 2));
    }

    #[test]
    fn impossible_shapes_are_named() {
        let mut g = geometry(3, 3, 1, 1);
        g.width = 0;
        assert_eq!(
            g.check().unwrap_err().to_string(),
            "width is 0, must be 1 to 16384"
        );
        let g = LayerGeometry {
            height: 1,
            ..geometry(3, 3, 1, 0)
        };
        let message = g.check().unwrap_err().to_string();
        assert_eq!(message, "a 3×3 kernel does not fit the padded 1×4 map");
    }
}
