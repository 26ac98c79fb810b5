//! Simulated cycles per second of a chain of multiply-accumulate cells:
//! `cargo run --release -p cromulent-kit --example systolic_chain`.

use cromulent_kit::{Describe, Interpreter, Net, Register, Word, logic};
use rust_hdl_core::prelude::*;
use std::time::Instant;

const CELLS: usize = 64;
const CYCLES: i64 = 20_000;

/// Adds operand × weight to the sum from the left and passes both on.
#[derive(LogicBlock)]
struct Cell {
    clock: Net<In>,
    operand_in: Net<In>,
    operand_out: Net<Out>,
    sum_in: Net<In>,
    sum_out: Net<Out>,
    operand: Register,
    sum: Register,
    _weight: i64,
}

impl Cell {
    fn new(weight: i64) -> Cell {
        Cell {
            clock: Net::flag(),
            operand_in: Net::new(8, true),
            operand_out: Net::new(8, true),
            sum_in: Net::new(24, true),
            sum_out: Net::new(24, true),
            operand: Register::data(8, true),
            sum: Register::data(24, true),
            _weight: weight,
        }
    }
}

impl Describe for Cell {
    fn module(&self) -> String {
        "cell".into()
    }
    fn about(&self) -> String {
        format!("Adds operand x {} to the sum", self._weight)
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let operand = i.read(&self.operand_in);
        self.operand.load(i, &self.clock, operand);
        i.connect(&self.operand_out, &self.operand.q);
        let weight = i.literal(8, true, self._weight);
        let product = operand.multiply(weight).resize(24);
        let sum = i.read(&self.sum_in) + product;
        self.sum.load(i, &self.clock, sum);
        i.connect(&self.sum_out, &self.sum.q);
    }
}
logic!(Cell);

/// Cells in a row.
#[derive(LogicBlock)]
struct Chain {
    clock: Net<In>,
    operand: Net<In>,
    sum: Net<Out>,
    cells: Vec<Cell>,
}

impl Describe for Chain {
    fn module(&self) -> String {
        "chain".into()
    }
    fn about(&self) -> String {
        "Cells in a row".into()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let mut operand = i.read(&self.operand);
        let mut sum = i.literal(24, true, 0);
        for cell in &self.cells {
            i.connect(&cell.clock, &self.clock);
            i.drive(&cell.operand_in, operand);
            i.drive(&cell.sum_in, sum);
            operand = i.read(&cell.operand_out);
            sum = i.read(&cell.sum_out);
        }
        i.unused(operand);
        i.drive(&self.sum, sum);
    }
}
logic!(Chain);

fn main() {
    let mut chain = Chain {
        clock: Net::flag(),
        operand: Net::new(8, true),
        sum: Net::new(24, true),
        cells: (0..CELLS as i64).map(|n| Cell::new(n - 30)).collect(),
    };
    chain.connect_all();
    let mut checksum = 0i64;
    let start = Instant::now();
    for cycle in 0..CYCLES {
        chain.operand.set(cycle.wrapping_mul(37) ^ (cycle >> 3));
        for clock in [0, 1] {
            chain.clock.set(clock);
            assert!(simulate(&mut chain, 100), "the chain settles");
        }
        checksum = checksum
            .wrapping_mul(31)
            .wrapping_add(chain.sum.value().number());
    }
    let seconds = start.elapsed().as_secs_f64();
    let rate = CYCLES as f64 / seconds;
    println!("{CELLS} cells: {rate:.0} cycles/s, checksum {checksum:x}");
}
