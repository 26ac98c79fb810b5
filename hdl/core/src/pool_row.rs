//! Max-pooling in one row: from the codes of a window to the one that goes back to the row's bank.

use crate::row_edge::code_order;
use crate::shape::Shape;
use cromulent_kit::{Describe, Interpreter, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;

/// Cycles from a position in the row to its code, in a register.
const CODE_DELAY: usize = 2;

/// Keeps the largest code of a window, or the smallest where the affine descends, and writes it to the
/// row's own bank. Taps off the map are passed over, so padding never wins; a row whose taps all are
/// writes nothing.
#[derive(LogicBlock)]
pub struct PoolRow {
    /// Clock.
    pub clock: Net<In>,
    /// Synchronous reset: no window is under way.
    pub reset: Net<In>,
    /// The stored code, in a register.
    pub code: Net<In>,
    /// In step with it: the tap lies on the map.
    pub inside: Net<In>,
    /// In step with it: it is the first of its window.
    pub fresh: Net<In>,
    /// In step with it: the smallest code is wanted.
    pub descending: Net<In>,
    /// From above, in step with the position: it is the last of its window.
    pub last_in: Net<In>,
    /// The same to below, a cycle later.
    pub last_out: Net<Out>,
    /// From above: where this row writes.
    pub address_in: Net<In>,
    /// The same to below, a cycle later.
    pub address_out: Net<Out>,
    /// A window has ended: its code is there.
    pub done: Net<Out>,
    /// Write it to the row's bank at `address_in`.
    pub write: Net<Out>,
    /// The code written.
    pub pooled: Net<Out>,
    last: Register,
    last_late: [Register; CODE_DELAY],
    address: Register,
    kept: Register,
    seen: Register,
    ended: Register,
    _shape: Shape,
}

impl PoolRow {
    /// The pooling of one row.
    pub fn new(shape: &Shape) -> PoolRow {
        let (code, address) = (
            shape.design.format.code_bits() as usize,
            shape.address_bits(),
        );
        PoolRow {
            clock: Net::flag(),
            reset: Net::flag(),
            code: Net::bits(code),
            inside: Net::flag(),
            fresh: Net::flag(),
            descending: Net::flag(),
            last_in: Net::flag(),
            last_out: Net::flag(),
            address_in: Net::bits(address),
            address_out: Net::bits(address),
            done: Net::flag(),
            write: Net::flag(),
            pooled: Net::bits(code),
            last: Register::control(1),
            last_late: std::array::from_fn(|_| Register::control(1)),
            address: Register::data(address, false),
            kept: Register::data(code, false),
            seen: Register::data(1, false),
            ended: Register::control(1),
            _shape: shape.clone(),
        }
    }

    /// Marks and addresses travel down a row a cycle.
    fn pass_down<I: Interpreter>(&self, i: &mut I) -> I::Word {
        let (last, address) = (i.read(&self.last_in), i.read(&self.address_in));
        self.last.update_from(i, &self.clock, &self.reset, last);
        i.connect(&self.last_out, &self.last.q);
        self.address.load(i, &self.clock, address);
        i.connect(&self.address_out, &self.address.q);
        let mut last = self.last.read(i);
        for register in &self.last_late {
            register.update_from(i, &self.clock, &self.reset, last);
            last = register.read(i);
        }
        last
    }
}

impl Describe for PoolRow {
    fn module(&self) -> String {
        "pool_row".to_string()
    }
    fn about(&self) -> String {
        format!(
            "Max-pooling in one row: the largest {} code of a window, or the smallest.",
            self._shape.design.format
        )
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let last = self.pass_down(i);
        let format = self._shape.design.format;
        let (code, kept) = (i.read(&self.code), self.kept.read(i));
        let (inside, fresh) = (i.read(&self.inside), i.read(&self.fresh));
        let [new, old] = [code, kept].map(|code| code_order(format, code));
        let (new, old) = (i.name("new_order", new), i.name("kept_order", old));
        let (larger, smaller) = (old.less_than(new), new.less_than(old));
        let better = i.read(&self.descending).mux(smaller, larger);
        i.comment("The first tap on the map is taken as it is");
        let known = self.seen.read(i) & !fresh;
        let takes = i.name("takes", inside & (!known | better));
        self.kept.load(i, &self.clock, takes.mux(code, kept));
        let seen = i.name("any", known | inside);
        self.seen.load(i, &self.clock, seen);
        self.ended.update_from(i, &self.clock, &self.reset, last);
        let write = self.ended.read(i) & self.seen.read(i);
        i.drive(&self.write, write);
        i.connect(&self.done, &self.ended.q);
        i.connect(&self.pooled, &self.kept.q);
    }
}
logic!(PoolRow);

#[cfg(test)]
mod tests {
    use super::*;
    use cromulent_design::{Affine, Design};
    use cromulent_number::{Code, Format, order};

    /// Clocks a tap into a row; the mark of the last one goes ahead of its code. What the row writes.
    fn tap(row: &mut PoolRow, tap: Option<(u32, bool)>, first: bool, last: bool) -> Option<i64> {
        let (code, inside) = tap.unwrap_or((0, false));
        row.code.set(code.into());
        row.inside.set(inside.into());
        row.fresh.set(first.into());
        row.last_in.set(last.into());
        for clock in [0, 1] {
            row.clock.set(clock);
            assert!(simulate(row, 20));
        }
        (row.write.value().number() == 1).then(|| row.pooled.value().number())
    }

    /// What a row writes for a window, if anything.
    fn pooled(row: &mut PoolRow, window: &[Option<u32>]) -> Option<i64> {
        let ahead = CODE_DELAY + 1;
        let mut written = None;
        for step in 0..window.len() + ahead {
            let at = step.checked_sub(ahead);
            let code = at.and_then(|at| window[at]).map(|code| (code, true));
            written = tap(row, code, at == Some(0), step + 1 == window.len());
        }
        written
    }

    #[test]
    fn every_pair_of_codes_is_ordered_by_value() {
        for format in Format::ALL {
            let affine = match format.is_signed() {
                true => Affine::Snapped,
                false => Affine::Rectified,
            };
            let shape = Shape::of(&Design {
                max_pool: true,
                ..Design::new(2, 2, format, affine)
            });
            let mut row = PoolRow::new(&shape);
            row.connect_all();
            let codes = [0, 1, format.codes() / 2, format.codes() - 1];
            for (one, two) in codes.iter().flat_map(|one| codes.map(|two| (*one, two))) {
                let place = |code: &u32| order(format, Code(*code as u8));
                for descending in [false, true] {
                    row.descending.set(descending.into());
                    let pair = [one, two];
                    let best = match descending {
                        true => pair.iter().min_by_key(|code| place(code)),
                        false => pair.iter().max_by_key(|code| place(code)),
                    };
                    let found = pooled(&mut row, &[None, Some(one), None, Some(two)]);
                    assert_eq!(
                        found,
                        best.map(|&code| i64::from(code)),
                        "{format} {pair:?}"
                    );
                }
            }
            assert_eq!(pooled(&mut row, &[None, None]), None, "{format}");
        }
    }
}
