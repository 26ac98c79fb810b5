//! One row's address generator: im2col without a copy.

use crate::counting::delay;
use crate::position::{FLAG_BITS, Position, position_bits};
use crate::shape::Shape;
use cromulent_design::RowWord;
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Cycles from a position to the row edge: the code bank and its register.
const EDGE_DELAY: usize = 2;

/// Takes positions from the row above (or the sequencer), passes them to the row below a cycle
/// later, and adds its own tap and channel: one adder for the address, two compares for the border.
/// While maps move to memory all rows read one address, which takes the place of position and tap.
#[derive(LogicBlock)]
pub struct RowFeeder {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset of flags and tokens.
    pub reset: Net<In>,
    /// Height of the map.
    pub height: Net<In>,
    /// Width of the map.
    pub width: Net<In>,
    /// Tap and channel words; `load_in` of a row says which is its own.
    pub tap_word: Net<In>,
    /// Position from above.
    pub position_in: Net<In>,
    /// Position to below.
    pub position_out: Net<Out>,
    /// Flags from above.
    pub flags_in: Net<In>,
    /// Flags to below.
    pub flags_out: Net<Out>,
    /// Load token from above: take the tap word a cycle later.
    pub load_in: Net<In>,
    /// Load token to below.
    pub load_out: Net<Out>,
    /// Swap token from above.
    pub swap_in: Net<In>,
    /// Swap token to below.
    pub swap_out: Net<Out>,
    /// Between layers: read the code at `read_address`.
    pub read: Net<In>,
    /// Where it lies.
    pub read_address: Net<In>,
    /// Address for this row's code bank.
    pub address: Net<Out>,
    /// For the row edge, a cycle after the bank's data, in step with their register: the tap lies on
    /// the map.
    pub inside: Net<Out>,
    /// For the row edge, in step with that: first beat of an operand.
    pub fresh: Net<Out>,
    /// For the row edge: the load token, a cycle later than to below.
    pub edge_load: Net<Out>,
    /// For the row edge: the swap token, a cycle later than to below.
    pub edge_swap: Net<Out>,
    position: Register,
    flags: Register,
    load: Register,
    swap: Register,
    shadow: Register,
    tap: Register,
    on_map: [Register; EDGE_DELAY],
    first_beat: [Register; EDGE_DELAY],
    load_late: Register,
    swap_late: Register,
    _shape: Shape,
}

/// Bits of the fields of a row word that the feeder keeps: base, dy, dx.
pub(crate) fn tap_bits(shape: &Shape) -> usize {
    RowWord::fields(&shape.design)[..3]
        .iter()
        .map(|field| field.bits as usize)
        .sum()
}

impl RowFeeder {
    /// A feeder for one row.
    pub fn new(shape: &Shape) -> RowFeeder {
        let (position, tap) = (position_bits(shape), tap_bits(shape));
        let side = map_side_bits(shape);
        let flags = || std::array::from_fn(|_| Register::data(1, false));
        RowFeeder {
            clock: Net::flag(),
            reset: Net::flag(),
            height: Net::bits(side),
            width: Net::bits(side),
            tap_word: Net::bits(tap),
            position_in: Net::bits(position),
            position_out: Net::bits(position),
            flags_in: Net::bits(FLAG_BITS),
            flags_out: Net::bits(FLAG_BITS),
            load_in: Net::flag(),
            load_out: Net::flag(),
            swap_in: Net::flag(),
            swap_out: Net::flag(),
            read: Net::flag(),
            read_address: Net::bits(shape.address_bits()),
            address: Net::bits(shape.address_bits()),
            inside: Net::flag(),
            fresh: Net::flag(),
            edge_load: Net::flag(),
            edge_swap: Net::flag(),
            position: Register::data(position, false),
            flags: Register::control(FLAG_BITS),
            load: Register::control(1),
            swap: Register::control(1),
            shadow: Register::enabled(tap, false),
            tap: Register::enabled(tap, false),
            on_map: flags(),
            first_beat: flags(),
            load_late: Register::control(1),
            swap_late: Register::control(1),
            _shape: shape.clone(),
        }
    }

    fn pass_down<I: Interpreter>(&self, i: &mut I) {
        let (read, none) = (i.read(&self.read), i.constant(1, 0));
        let corner = i.constant(self._shape.coordinate_bits(), 0);
        let stored = Position {
            fresh: none,
            y: corner,
            x: corner,
            address: i.read(&self.read_address),
        };
        let position = read.mux(stored.pack(), i.read(&self.position_in));
        self.position.load(i, &self.clock, position);
        i.connect(&self.position_out, &self.position.q);
        let stages = [
            (&self.flags, &self.flags_in, &self.flags_out),
            (&self.load, &self.load_in, &self.load_out),
            (&self.swap, &self.swap_in, &self.swap_out),
        ];
        for (register, from, to) in stages {
            let word = i.read(from);
            register.update_from(i, &self.clock, &self.reset, word);
            i.connect(to, &register.q);
        }
        for (register, from, to) in [
            (&self.load_late, &self.load, &self.edge_load),
            (&self.swap_late, &self.swap, &self.edge_swap),
        ] {
            let token = from.read(i);
            register.update_from(i, &self.clock, &self.reset, token);
            i.connect(to, &register.q);
        }
    }
}

/// Bits of the map's height and width.
pub(crate) fn map_side_bits(shape: &Shape) -> usize {
    cromulent_design::register_bits(&shape.design)[0].1 as usize
}

impl Describe for RowFeeder {
    fn module(&self) -> String {
        "row_feeder".to_string()
    }
    fn about(&self) -> String {
        "Address generator of one row: the position's address plus the row's own tap and channel.\n\
         Positions reach row r after r cycles; the tap swaps a cycle before a tile's first position."
            .to_string()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        self.pass_down(i);
        i.comment("The tap of the next tile waits in the shadow");
        let (load, word) = (self.load.read(i), i.read(&self.tap_word));
        self.shadow.load_if(i, &self.clock, load, word);
        let (swap, next) = (self.swap.read(i), self.shadow.read(i));
        let (read, none) = (i.read(&self.read), i.constant(next.width(), 0));
        self.tap
            .load_if(i, &self.clock, swap | read, read.mux(none, next));

        let (address, side) = (self._shape.address_bits(), self._shape.coordinate_bits());
        let tap = self.tap.read(i);
        let (base, dy, dx) = (
            tap.slice(0, address),
            tap.slice(address, side),
            tap.slice(address + side, side),
        );
        let packed = self.position.read(i);
        let at = Position::unpack(packed, &self._shape);
        i.drive(&self.address, at.address + base);

        i.comment("A coordinate left of or above the map is negative, so as unsigned it is too large as well");
        let (height, width) = (
            i.read(&self.height).resize(side),
            i.read(&self.width).resize(side),
        );
        let inside = (at.y + dy).less_than(height) & (at.x + dx).less_than(width);
        for (registers, flag, port) in [
            (&self.on_map, inside, &self.inside),
            (&self.first_beat, at.fresh, &self.fresh),
        ] {
            let late = delay(i, &self.clock, registers, flag);
            i.drive(port, late);
        }
    }
}
logic!(RowFeeder);
