//! In which order, and how long, a layer goes over its positions: what follows from its registers.

use super::LayerRegisters;

impl LayerRegisters {
    /// Output positions of the layer, over all passes and images.
    pub fn all_positions(&self) -> u64 {
        u64::from(self.passes.saturating_sub(1)) * u64::from(self.pass_positions)
            + u64::from(self.last_positions)
    }

    /// Output channels of the layer, in a design of so many columns; not of a max-pool.
    pub fn channels(&self, columns: u32) -> u64 {
        u64::from(self.column_tiles.saturating_sub(1)) * u64::from(columns)
            + u64::from(self.last_columns)
    }

    /// Beats of an output position in a row tile: those of an operand, or the taps of a max-pool's window.
    pub fn position_beats(&self) -> u64 {
        let beats = u64::from(self.beats);
        if self.max_pool { beats * beats } else { beats }
    }

    /// Output positions of an image, at least 1; without `batch` all of them.
    pub fn image_positions(&self) -> u64 {
        let positions = match self.output_height {
            0 => self.all_positions(),
            height => u64::from(height) * u64::from(self.output_width),
        };
        positions.max(1)
    }

    /// The image, and the row and column of the output map, of a position.
    pub fn place(&self, position: u64) -> (u64, u64, u64) {
        let (image, rest) = match self.output_height {
            0 => (0, position),
            _ => (
                position / self.image_positions(),
                position % self.image_positions(),
            ),
        };
        let width = u64::from(self.output_width.max(1));
        (image, rest / width, rest % width)
    }

    /// Beats of an image in the last row tile of a layer of scores, with `batch`: its words have to leave a design of so
    /// many columns one at a time, and so no sooner than that many cycles after those of the image before. `None` where
    /// beats follow one another.
    pub fn paced_beats(&self, columns: u32) -> Option<u64> {
        let paced = self.scores && self.output_height > 0;
        let before = (self.image_positions() - 1) * self.position_beats();
        let apart = u64::from(columns.saturating_sub(1));
        paced.then(|| before.max(apart) + self.position_beats())
    }

    /// Beats of a tile of so many positions in a design of so many columns; `last`: it is the last along K.
    pub fn tile_beats(&self, columns: u32, positions: u64, last: bool) -> u64 {
        match self.paced_beats(columns).filter(|_| last) {
            Some(image) => positions / self.image_positions() * image,
            None => positions * self.position_beats(),
        }
    }

    /// Whether a beat is issued in a cycle of a tile, counted from 0, and not held back; `last` as in
    /// [`LayerRegisters::tile_beats`].
    pub fn issues(&self, columns: u32, cycle: u64, last: bool) -> bool {
        let Some(image) = self.paced_beats(columns).filter(|_| last) else {
            return true;
        };
        let (at, beats) = (cycle % image, self.position_beats());
        at < (self.image_positions() - 1) * beats || at >= image - beats
    }

    /// Tiles of the layer: column tiles × passes × row tiles.
    pub fn tiles(&self) -> u64 {
        u64::from(self.column_tiles) * u64::from(self.passes) * u64::from(self.row_tiles)
    }
}
