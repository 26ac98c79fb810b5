//! What rust_hdl does with any block, it does with blocks of the kit.

use cromulent_kit::{Describe, Interpreter, Net, Register, Word, logic};
use rust_hdl_core::check_error::CheckError;
use rust_hdl_core::prelude::*;

/// Counts, downwards in a signed word.
#[derive(LogicBlock)]
struct Counter {
    clock: Net<In>,
    reset: Net<In>,
    count: Net<Out>,
    odd: Net<Out>,
    held: Register,
}

impl Counter {
    fn new() -> Counter {
        let mut counter = Counter {
            clock: Net::flag(),
            reset: Net::flag(),
            count: Net::new(6, true),
            odd: Net::flag(),
            held: Register::control(6),
        };
        counter.connect_all();
        counter
    }
}

impl Describe for Counter {
    fn module(&self) -> String {
        "counter".into()
    }
    fn about(&self) -> String {
        "Counts downwards".into()
    }
    fn describe<I: Interpreter>(&self, i: &mut I) {
        let held = self.held.read(i);
        let next = held - i.constant(6, 1);
        self.held.update_from(i, &self.clock, &self.reset, next);
        i.drive(&self.count, held.as_signed());
        i.drive(&self.odd, held.bit(0));
    }
}
logic!(Counter);

#[test]
fn check_all_wants_the_block_connected() {
    assert!(check_all(&Counter::new()).is_ok());
    let mut open = Counter::new();
    open.held = Register::control(6);
    let Err(CheckError::OpenSignal(nets)) = check_all(&open) else {
        panic!("the new register is not connected");
    };
    assert_eq!(nets.len(), 4, "clock, reset, d and q");
}

#[test]
fn waveforms_are_recorded() {
    let mut counter = Counter::new();
    let mut waves = write_vcd_header(Vec::<u8>::new(), &counter);
    waves = write_vcd_dump(waves, &counter);
    for time in 0..6u64 {
        counter.clock.set((time % 2) as i64);
        assert!(simulate(&mut counter, 10));
        waves.timestamp(1000 * time).unwrap();
        waves = write_vcd_change(waves, &counter);
    }
    drop(waves);
    assert_eq!(counter.count.value().number(), -3);
}

#[test]
fn a_simulation_with_clock_and_testbench_runs_and_records() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("counter.vcd");
    let mut simulation: Simulation<Counter> = Simulation::new();
    simulation.add_clock(500, |x: &mut Box<Counter>| {
        x.clock.set(1 - x.clock.value().number());
    });
    simulation.add_testbench(|mut sim: Sim<Counter>| {
        let mut x = sim.init()?;
        x = sim.watch(|x| x.count.value().number() == -20, x)?;
        sim_assert!(sim, !x.odd.value().is_true(), x);
        sim.done(x)
    });
    let file = std::fs::File::create(&path).unwrap();
    let result = simulation.run_traced(Box::new(Counter::new()), 1_000_000, file);
    assert_eq!(result, Ok(()));
    let text = std::fs::read_to_string(&path).unwrap();
    // Width, any identifier, name; then -20 in six bits.
    assert!(text.contains("$var wire 6 "), "{text}");
    assert!(text.contains("count $end") && text.contains("held $end"));
    assert!(text.contains("b101100 "), "{text}");
}
