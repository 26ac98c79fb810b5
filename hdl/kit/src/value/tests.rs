use super::*;
use proptest::prelude::*;

/// `number` modulo 2^width, in the range of the sign: what a `Value` must hold.
fn wrap(width: usize, signed: bool, number: i128) -> i128 {
    let low = number.rem_euclid(1 << width);
    if signed && low >> (width - 1) == 1 {
        low - (1 << width)
    } else {
        low
    }
}

/// The exact number of a word.
fn exact(value: Value) -> i128 {
    if value.is_signed() {
        i128::from(value.number())
    } else {
        i128::from(value.pattern())
    }
}

fn shift_right(number: i128, by: u64) -> i128 {
    number >> by.min(127)
}

fn shift_left(number: i128, by: u64) -> i128 {
    if by < 64 { number << by } else { 0 }
}

/// A word, checked against its shape and number.
#[track_caller]
fn expect(found: Value, width: usize, signed: bool, number: i128) {
    assert_eq!((found.width(), found.is_signed()), (width, signed));
    assert_eq!(exact(found), wrap(width, signed, number), "{found:?}");
}

/// Everything that takes one word.
fn check_one(a: Value) {
    let (width, signed, n) = (a.width(), a.is_signed(), exact(a));
    let pattern = wrap(width, false, n);
    expect(!a, width, signed, !n);
    expect(-a, width, signed, -n);
    expect(a.as_signed(), width, true, n);
    expect(a.as_unsigned(), width, false, n);
    expect(a.any(), 1, false, i128::from(n != 0));
    let ones = (1 << width) - 1;
    expect(a.all(), 1, false, i128::from(pattern == ones));
    expect(a.top(), 1, false, pattern >> (width - 1));
    assert_eq!(a.is_true(), n != 0);
    assert_eq!(i128::from(a.pattern()), pattern);
    for other in [1, width / 2 + 1, width, 63, 64] {
        expect(a.resize(other), other, signed, n);
    }
    for low in [0, width / 2, width - 1] {
        expect(a.bit(low), 1, false, pattern >> low);
        expect(
            a.slice(low, width - low),
            width - low,
            false,
            pattern >> low,
        );
    }
    let most = 64 / width;
    for times in [1, 2, 3, most].into_iter().filter(|n| *n <= most) {
        let copies = (0..times).fold(0, |word, _| (word << width) | pattern);
        expect(a.repeat(times), width * times, false, copies);
    }
}

/// Everything that takes two words of one shape.
fn check_two(a: Value, b: Value) {
    let (width, signed, m, n) = (a.width(), a.is_signed(), exact(a), exact(b));
    expect(a + b, width, signed, m + n);
    expect(a - b, width, signed, m - n);
    expect(a & b, width, signed, m & n);
    expect(a | b, width, signed, m | n);
    expect(a ^ b, width, signed, m ^ n);
    expect(a.equals(b), 1, false, i128::from(m == n));
    expect(a.less_than(b), 1, false, i128::from(m < n));
    expect(a.at_least(b), 1, false, i128::from(m >= n));
    for condition in [false, true] {
        let chosen = Value::flag(condition).mux(a, b);
        assert_eq!(chosen, if condition { a } else { b });
    }
}

/// Everything that takes two words of any shapes.
fn check_mixed(a: Value, b: Value) {
    let (width, signed, n) = (a.width(), a.is_signed(), exact(a));
    let by = b.pattern();
    expect(a.shift_left(b), width, signed, shift_left(n, by));
    expect(a.shift_right(b), width, signed, shift_right(n, by));
    let both = width + b.width();
    if both <= 64 {
        let joined = (wrap(width, false, n) << b.width()) | i128::from(b.pattern());
        expect(a.concat(b), both, false, joined);
        if signed == b.is_signed() {
            expect(a.multiply(b), both, signed, n * exact(b));
        }
    }
}

fn words(width: usize) -> impl Iterator<Item = Value> {
    let of_sign = move |signed| (0..1 << width).map(move |n| Value::new(width, signed, n));
    [false, true].into_iter().flat_map(of_sign)
}

#[test]
fn every_operator_on_every_word_of_up_to_four_bits() {
    for a in (1..=4).flat_map(words) {
        check_one(a);
        for b in (1..=4).flat_map(words) {
            check_mixed(a, b);
            if a.width() == b.width() && a.is_signed() == b.is_signed() {
                check_two(a, b);
            }
        }
    }
}

/// Corners of the range as often as numbers inside it.
fn number() -> impl Strategy<Value = i64> {
    let corners = prop::sample::select(vec![0, 1, -1, i64::MIN, i64::MAX, 62, 63, 64, 65]);
    prop_oneof![corners, any::<i64>()]
}

fn width() -> impl Strategy<Value = usize> {
    prop_oneof![Just(1usize), Just(63), Just(64), 1usize..=64]
}

proptest! {
    #[test]
    fn every_operator_at_any_width(
        (width, other) in (width(), width()),
        signs: (bool, bool),
        (m, n) in (number(), number()),
    ) {
        let a = Value::new(width, signs.0, m);
        expect(a, width, signs.0, i128::from(m));
        check_one(a);
        check_two(a, Value::new(width, signs.0, n));
        check_mixed(a, Value::new(other, signs.1, n));
    }
}

#[test]
fn a_word_of_64_bits_shifted_out_is_zero() {
    let word = Value::unsigned(64, 1 << 63);
    for by in [64, 65, 127] {
        assert!(!word.shift_right(Value::unsigned(7, by)).is_true());
        assert!(!word.shift_left(Value::unsigned(7, by)).is_true());
    }
    let negative = word.as_signed().shift_right(Value::unsigned(7, 64));
    assert_eq!(negative.number(), -1);
}

/// One test per mistake: the panic must come in release builds too, so none is a debug assertion.
macro_rules! refused {
    ($($name:ident: $message:literal, $mistake:expr;)*) => {
        $(
            #[test]
            #[should_panic(expected = $message)]
            fn $name() {
                let _ = $mistake;
            }
        )*
    };
}

fn word(width: usize, signed: bool) -> Value {
    Value::new(width, signed, 1)
}

refused! {
    no_bits: "a word has 1 to 64 bits, not 0", word(0, false);
    too_many_bits: "a word has 1 to 64 bits, not 65", word(65, true);
    resized_to_nothing: "a word has 1 to 64 bits, not 0", word(3, true).resize(0);
    sum_of_two_widths: "add: 4 unsigned bits does not go with 5 unsigned bits", word(4, false) + word(5, false);
    sum_of_two_signs: "add: 4 signed bits does not go with 4 unsigned bits", word(4, true) + word(4, false);
    difference: "subtract: 1 unsigned bit does not go", word(1, false) - word(2, false);
    and: "and: 4 signed bits", word(4, true) & word(4, false);
    or: "or: 4 signed bits", word(4, true) | word(4, false);
    exclusive_or: "exclusive or: 4 signed bits", word(4, true) ^ word(4, false);
    equal: "compare: 4 signed bits", word(4, true).equals(word(4, false));
    less: "compare: 4 signed bits", word(4, true).less_than(word(5, true));
    at_least: "compare: 4 signed bits", word(4, true).at_least(word(5, true));
    choice_of_two_shapes: "choose: 4 signed bits", word(1, false).mux(word(4, true), word(4, false));
    wide_condition: "a condition has one bit, not 2", word(2, false).mux(word(4, true), word(4, true));
    product_of_two_signs: "multiply: 4 signed bits by 4 unsigned bits", word(4, true).multiply(word(4, false));
    product_too_wide: "a word has 1 to 64 bits, not 65", word(33, false).multiply(word(32, false));
    joined_too_wide: "a word has 1 to 64 bits, not 65", word(1, false).concat(word(64, false));
    repeated_never: "a word is repeated at least once", word(4, false).repeat(0);
    slice_past_the_end: "bits 2..5 of 4 unsigned bits", word(4, false).slice(2, 3);
    empty_slice: "bits 2..2 of 4 unsigned bits", word(4, false).slice(2, 0);
    bit_past_the_end: "bits 4..5 of 4 signed bits", word(4, true).bit(4);
}
