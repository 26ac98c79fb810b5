//! Whether a machine can run a layer.

use super::*;

impl LayerRegisters {
    /// Whether the machine of this design can run the layer.
    ///
    /// # Errors
    /// What is out of range, one sentence each, naming the register and the design's field.
    pub fn validate(&self, design: &Design) -> Result<(), Vec<String>> {
        let mut faults = self.too_wide(design);
        let mut require = |holds: bool, fault: String| {
            if !holds {
                faults.push(fault);
            }
        };
        for (field, value) in REGISTERS.iter().zip(self.values()) {
            let name = field.name;
            require(
                !field.counts_in(design) || value > 0,
                format!("{name} is 0, at least 1 is needed"),
            );
        }
        self.check_memories(design, &mut require);
        self.check_counts(design, &mut require);
        self.check_batch(design, &mut require);
        self.check_modes(design, &mut require);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }

    /// Registers whose value needs more bits than they have.
    fn too_wide(&self, design: &Design) -> Vec<String> {
        let registers = register_bits(design).into_iter().zip(self.values());
        registers
            .filter(|&((_, bits), value)| value.checked_shr(bits).unwrap_or(0) > 0)
            .map(|((name, bits), value)| format!("{name} = {value} does not fit its {bits} bits"))
            .collect()
    }

    fn check_memories(&self, design: &Design, require: &mut impl FnMut(bool, String)) {
        for (name, side) in [("height", self.height), ("width", self.width)] {
            let limit = design.map_side;
            require(
                side <= limit,
                format!("{name} = {side} exceeds map_side = {limit}"),
            );
        }
        let (positions, depth) = (self.pass_positions, design.tile_depth);
        let kept = match self.pool {
            true => u64::from(positions) / self.image_positions(),
            false => positions.into(),
        };
        require(
            self.max_pool || kept <= u64::from(depth),
            format!("pass_positions = {positions} exceeds tile_depth = {depth}"),
        );
        let written = self.stream_words_of_channel();
        let streams = [
            ("stream_read", self.add, self.stream_read, self.positions),
            ("stream_write", self.stream, self.stream_write, written),
        ];
        for (name, used, base, words) in streams {
            let words = u64::from(words) * u64::from(self.column_tiles);
            let (end, depth) = (u64::from(base) + words, design.stream_depth);
            require(
                !used || end <= u64::from(depth),
                format!("{name} = {base} and {words} words exceed stream_depth = {depth}"),
            );
        }
        let channels = self.channels(design.columns);
        let planes = match self.max_pool {
            true => u64::from(self.column_tiles),
            false => (u64::from(self.output_rotation) + channels).div_ceil(u64::from(design.rows)),
        };
        let end = u64::from(self.output_address) + planes * u64::from(self.output_plane);
        let depth = design.code_depth;
        require(
            !self.codes || end <= u64::from(depth),
            format!("the output ends at code {end} of a bank, code_depth = {depth}"),
        );
    }

    fn check_counts(&self, design: &Design, require: &mut impl FnMut(bool, String)) {
        let (rotation, rows) = (self.output_rotation, design.rows);
        require(
            rotation < rows,
            format!("output_rotation = {rotation} is no bank of {rows} rows"),
        );
        let (last, columns) = (self.last_columns, design.columns);
        require(
            last <= columns,
            format!("last_columns = {last} exceeds columns = {columns}"),
        );
        let (all, image) = (self.all_positions(), self.image_positions());
        let words = if self.pool { all / image } else { all };
        let given = self.positions;
        require(
            u64::from(given) == words,
            format!("positions = {given}, and the passes have {words}"),
        );
        let lines = u64::from(self.passes) * u64::from(self.row_tiles) * u64::from(rows);
        let given = self.tile_lines;
        require(
            u64::from(given) == lines,
            format!("tile_lines = {given}, and the tiles have {lines}"),
        );
        let (last, usual) = (self.last_positions, self.pass_positions);
        require(
            last <= usual,
            format!("last_positions = {last} exceeds pass_positions = {usual}"),
        );
    }

    /// The positions of the images that are computed together.
    fn check_batch(&self, design: &Design, require: &mut impl FnMut(bool, String)) {
        if !design.has_batch() {
            let (height, step) = (self.output_height, self.image_step);
            let none = (height == 0 || self.output_pool) && step == 0;
            return require(
                none,
                format!("output_height = {height} and image_step = {step} need batch above 1"),
            );
        }
        let (all, image, batch) = (self.all_positions(), self.image_positions(), design.batch);
        require(
            all == image * u64::from(batch),
            format!("the passes have {all} positions, not {batch} times the {image} of an image"),
        );
        let passes = [self.pass_positions, self.last_positions].map(u64::from);
        require(
            !self.pool || passes.iter().all(|pass| pass.is_multiple_of(image)),
            format!(
                "a pooled layer has {} positions in a pass, no multiple of the {image} of an image",
                self.pass_positions
            ),
        );
    }

    fn check_modes(&self, design: &Design, require: &mut impl FnMut(bool, String)) {
        let (passes, beats) = (self.passes, self.beats);
        require(
            !self.pool || passes == 1 || design.has_batch(),
            format!("a pooled layer is one pass, not {passes}"),
        );
        let takes_integers = design.takes_integers();
        require(
            !self.digits || takes_integers,
            "the layer streams integers, which needs image_digits = true or int8 with pe = \"multiply\""
                .to_owned(),
        );
        require(
            beats <= 1
                || self.max_pool
                || (self.digits && !design.takes_whole_integers())
                || (!self.digits && beats == design.format.beats()),
            format!("beats = {beats}: only digits and windows of a max-pool take more than one"),
        );
        require(
            !(self.add || self.clamp) || self.stream,
            "add and clamp work on the residual stream, and stream is not set".to_owned(),
        );
        require(
            !self.scores || (self.raw && self.positions == design.batch),
            "scores are raw words of one position of an image".to_owned(),
        );
        require(
            !(self.raw && self.codes),
            "raw words are no codes to be written".to_owned(),
        );
        require(
            !self.integers || design.image_digits,
            "integers left uncoded need image_digits = true".to_owned(),
        );
        require(
            !self.integers || self.codes,
            "only what is written to the code banks can be left uncoded".to_owned(),
        );
        let (largest, spacing) = (self.largest, self.spacing);
        let mut formats = Format::ALL.into_iter();
        require(
            !self.codes
                || self.integers
                || self.max_pool
                || formats.any(|format| design.codes_of(format) == Some((largest, spacing))),
            format!(
                "largest = {largest} and spacing = {spacing} are of no format that {} codes hold",
                design.format
            ),
        );
        if self.max_pool {
            self.check_max_pool(design, require);
        }
        self.check_output_pool(design, require);
    }

    /// Pooling of codes and of words of the stream on their way out.
    fn check_output_pool(&self, design: &Design, require: &mut impl FnMut(bool, String)) {
        require(
            !self.pool_stream || (self.output_pool && self.stream && !self.add),
            "words of the stream are pooled only as codes are, where nothing is added".to_owned(),
        );
        let (side, stride, first) = (self.window, self.window_stride, self.window_first);
        let Some([rows, columns]) = self.window_ends() else {
            let window = (self.cut_right, self.cut_below, side, stride, first);
            return require(
                window == (false, false, 0, 0, 0),
                "codes are not pooled as they leave, and there is a window".to_owned(),
            );
        };
        require(
            self.codes && !(self.max_pool || self.pool),
            "only codes of single positions can be pooled as they leave".to_owned(),
        );
        let (height, width) = (self.output_height, self.output_width);
        let map = self.image_positions();
        let images = u64::from(self.positions) / map;
        require(
            images * map == u64::from(self.positions) && (images == 1 || design.has_batch()),
            format!(
                "positions = {}, and the map that is pooled is {height} × {width}",
                self.positions
            ),
        );
        // A position ends at most one window each way, and begins at most one.
        let padding = side.checked_sub(1 + first);
        require(
            side <= stride + 1 && padding.is_some_and(|padding| padding < stride),
            format!(
                "windows of {side} positions, {stride} apart, the first ending at {first}, cannot be pooled"
            ),
        );
        require(
            width >= 2,
            "a map that is pooled is at least 2 positions wide".to_owned(),
        );
        let cut = |length: u32| {
            let reached = length.saturating_add(2 * padding.unwrap_or(0));
            let last = reached
                .checked_sub(side)
                .map(|room| room / stride.max(1) * stride);
            last.is_some_and(|last| last + first >= length)
        };
        require(
            (self.cut_below, self.cut_right) == (cut(height), cut(width)),
            "the last windows end where they do not".to_owned(),
        );
        let [rows, columns] = [rows, columns].map(|ends| ends.len() as u64);
        let plane = images * rows * columns;
        require(
            plane == u64::from(self.output_plane) && plane > 0,
            format!(
                "output_plane = {}, and there are {plane} windows",
                self.output_plane
            ),
        );
        let limit = design.map_side;
        require(
            columns <= u64::from(limit),
            format!("the pooled map is {columns} wide, which exceeds map_side = {limit}"),
        );
    }

    fn check_max_pool(&self, design: &Design, require: &mut impl FnMut(bool, String)) {
        require(
            design.max_pool,
            "the layer is a max-pool, which needs max_pool = true".to_owned(),
        );
        let others = [
            self.digits,
            self.pool,
            self.raw,
            self.add,
            self.stream,
            self.clamp,
            self.scores,
            self.integers,
        ];
        require(
            self.codes && !others.contains(&true),
            "a max-pool takes codes and gives codes, and does nothing else".to_owned(),
        );
        require(
            (self.passes, self.row_tiles, self.output_rotation) == (1, 1, 0),
            "a max-pool has one pass, one row tile in each column tile, and begins in bank 0"
                .to_owned(),
        );
    }
}
