//! What is pooled of a layer's codes as they leave.

use super::LayerRegisters;

impl LayerRegisters {
    /// Codes of a channel that are written, of all images: its words, or the windows if they are pooled as they leave.
    pub fn codes_of_channel(&self) -> u32 {
        match self.output_pool {
            true => self.output_plane,
            false => self.positions,
        }
    }

    /// Words of a channel that are written to the residual stream, of all images.
    pub fn stream_words_of_channel(&self) -> u32 {
        match self.pool_stream {
            true => self.output_plane,
            false => self.positions,
        }
    }

    /// The rows and the columns of the output map at which windows end, if codes are pooled as they leave: a pooled
    /// code leaves with each position that lies in both.
    pub fn window_ends(&self) -> Option<[Vec<u32>; 2]> {
        let ends = |length: u32, cut: bool| {
            let step = self.window_stride.max(1) as usize;
            let mut ends: Vec<u32> = (self.window_first..length).step_by(step).collect();
            if cut {
                ends.push(length.saturating_sub(1));
            }
            ends
        };
        self.output_pool.then(|| {
            [
                ends(self.output_height, self.cut_below),
                ends(self.output_width, self.cut_right),
            ]
        })
    }
}
