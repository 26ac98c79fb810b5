use super::*;

#[test]
fn a_driven_value_is_seen_at_once_and_settles_in_two_updates() {
    let mut net = Net::<In>::new(4, true);
    assert!(simulate(&mut net, 2));
    net.set(-5);
    assert_eq!(net.value(), Value::new(4, true, -5));
    assert!(net.has_changed());
    net.update_all();
    assert!(net.has_changed(), "changed in this update");
    net.update_all();
    assert!(!net.has_changed());
}

#[test]
fn a_number_is_taken_modulo_the_width() {
    let (signed, unsigned) = (Net::<In>::new(4, true), Net::<In>::bits(4));
    signed.set(9);
    unsigned.set(-1);
    assert_eq!(signed.value().number(), -7);
    assert_eq!(unsigned.value().number(), 15);
}

#[test]
fn a_clock_rises_in_one_update() {
    let mut clock = Net::<In>::flag();
    clock.set(1);
    assert!(clock.rises());
    clock.update_all();
    assert!(!clock.rises(), "high already");
    clock.set(0);
    assert!(!clock.rises(), "falling");
}

#[test]
fn rust_hdl_sees_width_sign_direction_and_claim() {
    let (input, output) = (Net::<In>::new(12, true), Net::<Out>::bits(3));
    assert_eq!(Atom::bits(&input), 12);
    assert_eq!(input.kind(), AtomKind::InputParameter);
    assert_eq!(output.kind(), AtomKind::OutputParameter);
    assert!(matches!(input.descriptor().kind, TypeKind::Signed(12)));
    assert!(matches!(output.descriptor().kind, TypeKind::Bits(3)));
    assert_ne!(Atom::id(&input), Atom::id(&output));
    assert!(!output.connected());
    output.claim();
    assert!(output.connected());
}

#[test]
#[should_panic(expected = "a net of 4 signed bits is driven with 5 signed bits")]
fn driven_with_another_width() {
    Net::<In>::new(4, true).drive(Value::new(5, true, 0));
}

#[test]
#[should_panic(expected = "a net of 1 unsigned bit is driven with 1 signed bit")]
fn driven_with_another_sign() {
    Net::<Out>::flag().drive(Value::new(1, true, 0));
}

#[test]
#[should_panic(expected = "a word has 1 to 64 bits, not 65")]
fn too_wide() {
    Net::<In>::bits(65);
}
