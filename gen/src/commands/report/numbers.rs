//! Numbers for people.

/// A number to three digits, with a thousand, a million or more as a letter.
pub(super) fn short(number: f64) -> String {
    let steps = [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")];
    let size = number.abs();
    let (scale, letter) = steps
        .into_iter()
        .find(|(scale, _)| size >= *scale)
        .unwrap_or((1.0, ""));
    let scaled = number / scale;
    let places = match scaled.abs() {
        s if s >= 99.95 || s == 0.0 => 0,
        s if s >= 9.995 => 1,
        _ => 2,
    };
    let text = format!("{scaled:.places$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    format!("{text}{letter}")
}

/// Picojoules to three digits, in the unit that suits them.
pub(super) fn joules(picojoules: f64) -> String {
    let units = [(1e9, "mJ"), (1e6, "µJ"), (1e3, "nJ")];
    let fits = units
        .into_iter()
        .find(|(size, _)| picojoules.abs() >= *size);
    let (size, unit) = fits.unwrap_or((1.0, "pJ"));
    format!("{} {unit}", short(picojoules / size))
}

/// A share in per cent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_a_letter() {
        let texts = [
            0.0, 7.0, 0.25, 12.34, 99.96, 999.0, 1234.0, 15_000.0, 2.5e6, 3.0e9,
        ]
        .map(short);
        assert_eq!(
            texts,
            [
                "0", "7", "0.25", "12.3", "100", "999", "1.23 k", "15 k", "2.5 M", "3 G"
            ]
        );
        assert_eq!([5e8, 3e3, 12.0].map(joules), ["500 µJ", "3 nJ", "12 pJ"]);
        assert_eq!(percent(0.997), "99.7 %");
    }
}
