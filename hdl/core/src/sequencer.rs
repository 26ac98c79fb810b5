//! Issues the positions of every tile, one beat a cycle.

mod batch;

use crate::counting::stepped;
use crate::images::Images;
use crate::position::{FLAG_BITS, Flags, Position, position_bits};
use crate::shape::Shape;
use crate::window::Window;
use cromulent_kit::{Describe, Interpreter, Net, Optional, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Width of a layer register, by its name.
pub(crate) fn register_width(shape: &Shape, name: &str) -> usize {
    let registers = cromulent_design::register_bits(&shape.design);
    registers
        .iter()
        .find(|(register, _)| *register == name)
        .map_or(1, |(_, bits)| *bits as usize)
}

/// Name and width of each layer register that the design has.
pub(crate) fn layer_registers(shape: &Shape) -> impl Iterator<Item = (&'static str, usize)> {
    let registers = cromulent_design::register_bits(&shape.design);
    let registers = registers.into_iter().filter(|(_, bits)| *bits > 0);
    registers.map(|(name, bits)| (name, bits as usize))
}

/// Walks the positions of a pass once per row tile, then the next pass, then the next column tile.
/// A tile starts in the cycle after its swap, without a gap when its weights wait in time and its
/// words will find room.
#[derive(LogicBlock)]
pub struct Sequencer {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset.
    pub reset: Net<In>,
    /// Begin a layer; its registers are there from the next cycle on.
    pub start: Net<In>,
    /// A tile's weights wait.
    pub waiting: Net<In>,
    /// A further tile's words will find room.
    pub output_ready: Net<In>,
    /// Pixels, and addresses, between output positions in a row; pixels between output rows.
    pub stride: Net<In>,
    /// Addresses between output rows.
    pub y_step: Net<In>,
    /// Output positions in a row.
    pub output_width: Net<In>,
    /// Positions of a pass.
    pub pass_positions: Net<In>,
    /// Positions of the last pass.
    pub last_positions: Net<In>,
    /// Passes.
    pub passes: Net<In>,
    /// Tiles along K.
    pub row_tiles: Net<In>,
    /// Tiles along the output channels.
    pub column_tiles: Net<In>,
    /// Beats of an operand.
    pub beats: Net<In>,
    /// All positions of a pass add into one word.
    pub pool: Net<In>,
    /// The layer is a max-pool: no word leaves the columns.
    pub max_pool: Optional<Net<In>>,
    /// Addresses between the rows of the map.
    pub width: Optional<Net<In>>,
    /// Rows of the output of an image.
    pub output_height: Optional<Net<In>>,
    /// Addresses from an image to the next.
    pub image_step: Optional<Net<In>>,
    /// The layer's words are scores.
    pub scores: Optional<Net<In>>,
    /// This cycle's beat is the last of a max-pool's window.
    pub window_last: Optional<Net<Out>>,
    /// The next tile's first position is issued in the next cycle.
    pub swap: Net<Out>,
    /// Position of this cycle's beat.
    pub position: Net<Out>,
    /// Flags of this cycle's beat.
    pub flags: Net<Out>,
    /// A beat is issued, or held back.
    pub issuing: Net<Out>,
    /// The layer has beats left to issue.
    pub pending: Net<Out>,
    active: Register,
    unfinished: Register,
    tile: Register,
    pass: Register,
    column: Register,
    beat: Register,
    word: Register,
    corner: [Register; 5],
    pass_corner: [Register; 5],
    greatest: [Register; 7],
    window: Optional<Window>,
    images: Optional<Images>,
    _shape: Shape,
}

/// The counts of a layer whose last value each is kept in a register, in the order of
/// `Sequencer::greatest`.
const COUNTS: [&str; 7] = [
    "beats",
    "pass_positions",
    "last_positions",
    "row_tiles",
    "passes",
    "column_tiles",
    "output_width",
];

/// The registers that say where a window is: y, x, place in the output row, address, address of the
/// output row's first window.
#[derive(Clone, Copy)]
struct Corner<W>([W; 5]);

impl Sequencer {
    /// The sequencer of a design.
    pub fn new(shape: &Shape) -> Sequencer {
        let bits = |name: &str| register_width(shape, name);
        let input = |name: &str| Net::bits(bits(name));
        let corner = || {
            let (side, address) = (shape.coordinate_bits(), shape.address_bits());
            [side, side, bits("output_width"), address, address]
                .map(|width| Register::data(width, false))
        };
        Sequencer {
            clock: Net::flag(),
            reset: Net::flag(),
            start: Net::flag(),
            waiting: Net::flag(),
            output_ready: Net::flag(),
            stride: input("stride"),
            y_step: input("y_step"),
            output_width: input("output_width"),
            pass_positions: input("pass_positions"),
            last_positions: input("last_positions"),
            passes: input("passes"),
            row_tiles: input("row_tiles"),
            column_tiles: input("column_tiles"),
            beats: input("beats"),
            pool: input("pool"),
            max_pool: Optional::when(shape.design.max_pool, Net::flag),
            width: Optional::when(shape.design.max_pool, || input("width")),
            output_height: Optional::when(shape.design.has_batch(), || input("output_height")),
            image_step: Optional::when(shape.design.has_batch(), || input("image_step")),
            scores: Optional::when(shape.design.has_batch(), Net::flag),
            window_last: Optional::when(shape.design.max_pool, Net::flag),
            swap: Net::flag(),
            position: Net::bits(position_bits(shape)),
            flags: Net::bits(FLAG_BITS),
            issuing: Net::flag(),
            pending: Net::flag(),
            active: Register::control(1),
            unfinished: Register::control(1),
            tile: Register::data(bits("row_tiles"), false),
            pass: Register::data(bits("passes"), false),
            column: Register::data(bits("column_tiles"), false),
            beat: Register::data(bits("beats"), false),
            word: Register::data(bits("pass_positions"), false),
            corner: corner(),
            pass_corner: corner(),
            greatest: COUNTS.map(|name| Register::data(bits(name), false)),
            window: Optional::when(shape.design.max_pool, || Window::new(shape)),
            images: Optional::when(shape.design.has_batch(), || Images::new(shape)),
            _shape: shape.clone(),
        }
    }

    /// The ports that hold layer registers, by the register's name.
    pub(crate) fn layer_ports(&self) -> Vec<(&'static str, &Net<In>)> {
        let some = [
            ("max_pool", self.max_pool.get()),
            ("width", self.width.get()),
            ("output_height", self.output_height.get()),
            ("image_step", self.image_step.get()),
            ("scores", self.scores.get()),
        ];
        let ports = [
            ("stride", &self.stride),
            ("y_step", &self.y_step),
            ("output_width", &self.output_width),
            ("pass_positions", &self.pass_positions),
            ("last_positions", &self.last_positions),
            ("passes", &self.passes),
            ("row_tiles", &self.row_tiles),
            ("column_tiles", &self.column_tiles),
            ("beats", &self.beats),
            ("pool", &self.pool),
        ];
        let some = some
            .into_iter()
            .filter_map(|(name, port)| Some((name, port?)));
        ports.into_iter().chain(some).collect()
    }

    /// Rows, columns and addresses from the window's corner to the tap that is read, in a max-pool.
    fn tap<I: Interpreter>(&self, i: &mut I) -> Option<[I::Word; 3]> {
        let window = self.window.get()?;
        Some([&window.y, &window.x, &window.offset].map(|port| i.read(port)))
    }

    /// Connects the window; the first and the last beat of a position.
    fn position_ends<I: Interpreter>(&self, i: &mut I, last_beat: I::Word) -> [I::Word; 2] {
        let beat = self.beat.read(i);
        let (Some(window), Some(max_pool), Some(width)) =
            (self.window.get(), self.max_pool.get(), self.width.get())
        else {
            return [!beat.any(), last_beat];
        };
        i.connect(&window.clock, &self.clock);
        i.connect(&window.start, &self.start);
        i.connect(&window.max_pool, max_pool);
        i.connect(&window.width, width);
        i.connect(&window.step, &self.active.q);
        i.connect(&window.beat, &self.beat.q);
        i.connect(&window.greatest, &self.greatest[0].q);
        i.drive(&window.last_beat, last_beat);
        if let Some(port) = self.window_last.get() {
            let pools = i.read(max_pool) & self.active.read(i) & i.read(&window.last);
            i.drive(port, pools);
        }
        [i.read(&window.first), i.read(&window.last)]
    }

    /// A counter that starts a layer at zero, and steps or wraps to zero when told.
    fn count<I: Interpreter>(&self, i: &mut I, register: &Register, step: I::Word, wrap: I::Word) {
        let start = i.read(&self.start);
        let next = stepped(i, register, step, wrap);
        register.load_or_zero(i, &self.clock, start, next);
    }

    /// The position is the last of its row of the output.
    fn row_done<I: Interpreter>(&self, i: &mut I) -> I::Word {
        let done = self.corner[2].read(i).equals(self.greatest[6].read(i));
        i.name("row_done", done)
    }

    /// The corner one output position further.
    fn next_corner<I: Interpreter>(
        &self,
        i: &mut I,
        wrap: I::Word,
        at: Corner<I::Word>,
    ) -> Corner<I::Word> {
        let [y, x, place, address, line] = at.0;
        let stride = i.read(&self.stride);
        let (x_step, y_step) = (stride.resize(address.width()), i.read(&self.y_step));
        let stride = stride.resize(y.width());
        let (zero, none, one) = (
            i.constant(x.width(), 0),
            i.constant(place.width(), 0),
            i.constant(place.width(), 1),
        );
        let next_line = i.name("next_line", line + y_step);
        let [next_y, next_line] = self.next_image(i, y + stride, next_line);
        Corner([
            wrap.mux(next_y, y),
            wrap.mux(zero, x + stride),
            wrap.mux(none, place + one),
            wrap.mux(next_line, address + x_step),
            wrap.mux(next_line, line),
        ])
    }

    /// Moves on with every word; a further row tile goes over the same pass again.
    fn walk<I: Interpreter>(
        &self,
        i: &mut I,
        step: I::Word,
        again: I::Word,
        pass_done: I::Word,
        column_done: I::Word,
        fresh: I::Word,
    ) {
        let wrap = self.row_done(i);
        let now = Corner([0, 1, 2, 3, 4].map(|n: usize| self.corner[n].read(i)));
        let next = self.next_corner(i, wrap, now);
        let start = i.read(&self.start);
        let restart = i.name("restart", start | column_done);
        self.walk_images(i, [restart, step, again, pass_done, wrap]);
        for n in 0..5 {
            let zero = i.constant(now.0[n].width(), 0);
            let first = self.pass_corner[n].read(i);
            let moved = step.mux(next.0[n], now.0[n]);
            let moved = again.mux(first, moved);
            self.corner[n].load(i, &self.clock, restart.mux(zero, moved));
            let kept = pass_done.mux(next.0[n], first);
            self.pass_corner[n].load(i, &self.clock, restart.mux(zero, kept));
        }
        let [mut y, mut x, _, mut address, _] = now.0;
        if let Some([rows, columns, addresses]) = self.tap(i) {
            (y, x) = (y + rows.resize(y.width()), x + columns.resize(x.width()));
            address = address + addresses;
        }
        i.drive(
            &self.position,
            Position {
                fresh,
                y,
                x,
                address,
            }
            .pack(),
        );
    }

    /// Whether beats flow.
    fn control<I: Interpreter>(&self, i: &mut I, tile_done: I::Word, finished: I::Word) {
        let (start, waiting) = (i.read(&self.start), i.read(&self.waiting));
        let (active, unfinished) = (self.active.read(i), self.unfinished.read(i));
        let ready = waiting & i.read(&self.output_ready);
        let swap = unfinished & ready & (!active | tile_done) & !finished;
        let swap = i.name("swap_now", swap);
        let (clock, reset) = (&self.clock, &self.reset);
        self.active
            .update_from(i, clock, reset, swap | (active & !tile_done));
        self.unfinished
            .update_from(i, clock, reset, start | (unfinished & !finished));
        i.drive(&self.swap, swap);
        i.drive(&self.issuing, active);
        i.drive(&self.pending, unfinished);
    }

    fn flags<I: Interpreter>(&self, i: &mut I, ends: &Ends<I::Word>, goes: I::Word) {
        let pool = i.read(&self.pool);
        let first_beat = ends.first_beat;
        let first_word = !self.word.read(i).any();
        let [first_pooled, last_pooled] = self.pooled(i, first_word, ends.word);
        let initial = !self.tile.read(i).any();
        let first_pass = !self.pass.read(i).any();
        let tile_start = i.name("tile_start", first_beat & first_word);
        let mut last = ends.position & (last_pooled | !pool);
        if let Some(max_pool) = self.max_pool.get() {
            i.comment("No word of a max-pool ends in the columns");
            last = last & !i.read(max_pool);
        }
        let flags = Flags {
            valid: goes,
            tile_start,
            first: first_beat & (first_pooled | !pool),
            last,
            initial,
            terminal: ends.tile,
            column_start: tile_start & initial & first_pass,
        };
        i.drive(&self.flags, flags.pack());
    }

    /// The last value of each counter: in the second cycle of a layer, when the first beat may be issued.
    fn greatest<I: Interpreter>(&self, i: &mut I) {
        let counts = [
            &self.beats,
            &self.pass_positions,
            &self.last_positions,
            &self.row_tiles,
            &self.passes,
            &self.column_tiles,
            &self.output_width,
        ];
        for (register, count) in self.greatest.iter().zip(counts) {
            let (count, one) = (i.read(count), i.constant(count.width(), 1));
            register.load(i, &self.clock, count - one);
        }
    }

    fn ends<I: Interpreter>(&self, i: &mut I) -> Ends<I::Word> {
        self.greatest(i);
        let [beat, usual, rest, tile, pass, column, _] =
            [0, 1, 2, 3, 4, 5, 6].map(|n: usize| self.greatest[n].read(i));
        let pass = self.pass.read(i).equals(pass);
        let pass = i.name("last_pass", pass);
        let word = self.word.read(i);
        let word = pass.mux(word.equals(rest), word.equals(usual));
        let [beat, tile, column] = [
            (&self.beat, beat, "last_beat"),
            (&self.tile, tile, "last_tile"),
            (&self.column, column, "last_column"),
        ]
        .map(|(counter, last, name)| {
            let stands = counter.read(i).equals(last);
            i.name(name, stands)
        });
        let [first_beat, position] = self.position_ends(i, beat);
        Ends {
            first_beat,
            beat,
            position,
            word: i.name("last_word", word),
            tile,
            pass,
            column,
        }
    }
}

/// Each counter stands at its last value.
struct Ends<W> {
    /// First beat of a position.
    first_beat: W,
    beat: W,
    /// Last beat of a position.
    position: W,
    word: W,
    tile: W,
    pass: W,
    column: W,
}

impl Describe for Sequencer {
    fn module(&self) -> String {
        "sequencer".to_string()
    }
    fn about(&self) -> String {
        "Issues one beat a cycle: for each column tile, for each pass over the positions, for each row tile,\n\
         for each position, for each beat."
            .to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let ends = self.ends(i);
        let goes = self.goes(i, &ends);
        let word_done = i.name("word_done", goes & ends.position);
        let tile_done = i.name("tile_done", word_done & ends.word);
        let pass_done = i.name("pass_done", tile_done & ends.tile);
        let column_done = i.name("column_done", pass_done & ends.pass);
        let finished = i.name("layer_done", column_done & ends.column);
        self.count(i, &self.beat, goes, ends.beat);
        self.count(i, &self.word, word_done, ends.word);
        self.count(i, &self.tile, tile_done, ends.tile);
        self.count(i, &self.pass, pass_done, ends.pass);
        self.count(i, &self.column, column_done, ends.column);
        self.walk(
            i,
            word_done,
            tile_done & !pass_done,
            pass_done,
            column_done,
            ends.first_beat,
        );
        self.flags(i, &ends, goes);
        self.control(i, tile_done, finished);
    }
}
logic!(Sequencer);

#[cfg(test)]
mod tests;
