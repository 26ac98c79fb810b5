//! Registers in blocks at any depth do not race: a shift register that goes down, sideways and up
//! through the hierarchy delays by exactly as many cycles as it has registers.

use cromulent_kit::{Describe, Interpreter, Net, Register, logic};
use rust_hdl_core::prelude::*;
use std::collections::VecDeque;

/// A register, `depth` blocks deeper than its ports, with registers before and after on the way.
#[derive(LogicBlock)]
struct Stage {
    clock: Net<In>,
    from: Net<In>,
    to: Net<Out>,
    before: Vec<Register>,
    inner: Vec<Stage>,
    after: Vec<Register>,
}

impl Stage {
    /// `inner` stages side by side, between registers before and after them.
    fn new(before: usize, inner: Vec<Stage>, after: usize) -> Stage {
        Stage {
            clock: Net::flag(),
            from: Net::bits(16),
            to: Net::bits(16),
            before: Register::data_array(before, 16, false),
            inner,
            after: Register::data_array(after, 16, false),
        }
    }

    /// Registers from `from` to `to`.
    fn length(&self) -> usize {
        let inner: usize = self.inner.iter().map(Stage::length).sum();
        self.before.len() + inner + self.after.len()
    }
}

impl Describe for Stage {
    fn module(&self) -> String {
        "stage".into()
    }
    fn about(&self) -> String {
        "Part of a shift register".into()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let mut word = i.read(&self.from);
        for register in &self.before {
            register.load(i, &self.clock, word);
            word = register.read(i);
        }
        for stage in &self.inner {
            i.connect(&stage.clock, &self.clock);
            // Through an inverter on the way down and another on the way up.
            i.drive(&stage.from, !word);
            word = !i.read(&stage.to);
        }
        for register in &self.after {
            register.load(i, &self.clock, word);
            word = register.read(i);
        }
        i.drive(&self.to, word);
    }
}
logic!(Stage);

fn leaf() -> Stage {
    Stage::new(1, vec![], 0)
}

/// `depth` blocks around a leaf.
fn nested(depth: usize) -> Stage {
    (0..depth).fold(leaf(), |inner, _| Stage::new(0, vec![inner], 0))
}

fn check(mut stage: Stage) {
    stage.connect_all();
    assert!(check_all(&stage).is_ok());
    let mut model: VecDeque<i64> = vec![0; stage.length()].into();
    for cycle in 1..200 {
        let word = (cycle * 40_503) & 0xffff;
        stage.from.set(word);
        for clock in [0, 1] {
            stage.clock.set(clock);
            assert!(simulate(&mut stage, 100));
        }
        model.push_back(word);
        model.pop_front();
        // Before the first word arrives, inverters show in what the registers held at first.
        if cycle > stage.length() as i64 {
            assert_eq!(stage.to.value().number(), model[0], "cycle {cycle}");
        }
    }
}

#[test]
fn down() {
    check(Stage::new(2, vec![nested(4)], 0));
}

#[test]
fn up() {
    check(Stage::new(0, vec![nested(4)], 2));
}

#[test]
fn sideways_between_blocks_of_different_depth() {
    check(Stage::new(
        0,
        vec![leaf(), nested(5), nested(1), leaf(), nested(3)],
        0,
    ));
}

#[test]
fn down_sideways_and_up_together() {
    let deep = || Stage::new(1, vec![nested(3), leaf(), nested(2)], 1);
    let wide = Stage::new(2, vec![deep(), leaf(), deep()], 1);
    check(Stage::new(1, vec![wide, nested(4), deep()], 2));
}

#[test]
fn through_every_shape_of_tree() {
    for code in 0..64usize {
        let bit = |n: usize| code >> n & 1;
        let pair = vec![
            nested(2 * bit(0)),
            Stage::new(bit(1), vec![nested(bit(2))], bit(3)),
        ];
        check(Stage::new(bit(4), pair, bit(5)));
    }
}
