use super::*;

fn edge(register: &mut Register) -> i64 {
    for clock in [0, 1] {
        register.clock.set(clock);
        assert!(simulate(register, 10));
    }
    register.q.value().number()
}

#[test]
fn stores_on_the_rising_edge_only() {
    let mut register = Register::data(4, true);
    register.d.set(-3);
    assert_eq!(edge(&mut register), -3);
    register.d.set(5);
    assert!(simulate(&mut register, 10));
    assert_eq!(register.q.value().number(), -3, "the clock stays high");
    register.clock.set(0);
    assert!(simulate(&mut register, 10));
    assert_eq!(register.q.value().number(), -3, "the clock falls");
    assert_eq!(edge(&mut register), 5);
}

#[test]
fn keeps_its_value_without_enable() {
    let mut register = Register::enabled(4, false);
    let stored = [(1, 9, 9), (0, 4, 9), (0, 2, 9), (1, 2, 2)];
    for (enable, next, expected) in stored {
        register.enable.get().unwrap().set(enable);
        register.d.set(next);
        assert_eq!(edge(&mut register), expected);
    }
}

#[test]
fn reset_is_synchronous_and_goes_first() {
    let mut register = Register::control(4);
    register.d.set(7);
    assert_eq!(edge(&mut register), 7);
    register.reset.get().unwrap().set(1);
    register.clock.set(0);
    assert!(simulate(&mut register, 10));
    assert_eq!(register.q.value().number(), 7, "no edge yet");
    assert_eq!(edge(&mut register), 0);
    register.reset.get().unwrap().set(0);
    assert_eq!(edge(&mut register), 7);
}

#[test]
fn an_array_is_of_registers_alike() {
    let registers = Register::data_array(3, 5, true);
    assert_eq!(registers.len(), 3);
    for register in &registers {
        assert_eq!((register.q.width(), register.q.is_signed()), (5, true));
        assert!(!register.reset.is_present() && !register.enable.is_present());
    }
}
