//! What numbers of a library are in.

use super::read::Group;
use crate::Problem;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quantity {
    /// Seconds: `time_unit`.
    Time,
    /// Volts: `voltage_unit`.
    Voltage,
    /// Amperes: `current_unit`.
    Current,
    /// Watts: `leakage_power_unit`.
    Leakage,
    /// Farads: `capacitive_load_unit`.
    Capacitance,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Quantity; 5] = [
        Quantity::Time,
        Quantity::Voltage,
        Quantity::Current,
        Quantity::Leakage,
        Quantity::Capacitance,
    ];

    /// The attribute of a library that says it.
    pub fn attribute(self) -> &'static str {
        match self {
            Quantity::Time => "time_unit",
            Quantity::Voltage => "voltage_unit",
            Quantity::Current => "current_unit",
            Quantity::Leakage => "leakage_power_unit",
            Quantity::Capacitance => "capacitive_load_unit",
        }
    }

    /// Its letter behind the prefix.
    fn symbol(self) -> &'static str {
        match self {
            Quantity::Time => "s",
            Quantity::Voltage => "v",
            Quantity::Current => "a",
            Quantity::Leakage => "w",
            Quantity::Capacitance => "f",
        }
    }
}

/// What 1 is worth in seconds, volts, amperes, watts or farads; `None` if the library does not say.
///
/// # Errors
/// It says something that is no unit.
pub fn unit(library: &Group, quantity: Quantity, file: &str) -> Result<Option<f64>, Problem> {
    let Some(attribute) = library.attribute(quantity.attribute()) else {
        return Ok(None);
    };
    let text = attribute.values.concat();
    worth(&text, quantity.symbol()).map(Some).ok_or_else(|| {
        Problem::new(
            format!("{file}:{}", attribute.line),
            format!("{} = {text:?} is no unit that is known", attribute.name),
            format!(
                "write a number, a prefix (f, p, n, u, m or none) and {}",
                quantity.symbol()
            ),
        )
    })
}

/// `1ns`, `10ps`, `1.0pf`, `1mA`, in any case.
fn worth(text: &str, symbol: &str) -> Option<f64> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let text = text.to_ascii_lowercase();
    let digits = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(digits);
    let number: f64 = if number.is_empty() {
        1.0
    } else {
        number.parse().ok()?
    };
    let scale = match unit.strip_suffix(symbol)? {
        "" => 1.0,
        "m" => 1e-3,
        "u" => 1e-6,
        "n" => 1e-9,
        "p" => 1e-12,
        "f" => 1e-15,
        _ => return None,
    };
    (number.is_finite() && number > 0.0).then_some(number * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_as_libraries_write_them() {
        let near = |text, symbol, worth: f64| {
            let found = super::worth(text, symbol).unwrap();
            assert!((found / worth - 1.0).abs() < 1e-12, "{text}: {found}");
        };
        near("1ns", "s", 1e-9);
        near("10ps", "s", 1e-11);
        near("1.0000000000pf", "f", 1e-12);
        near("1ff", "f", 1e-15);
        near("1uA", "a", 1e-6);
        near("1pW", "w", 1e-12);
        near("1V", "v", 1.0);
        for text in ["1 parsec", "ns1", "0ns", "-1ns", "infns", "1xs", "1", ""] {
            assert_eq!(worth(text, "s"), None, "{text}");
        }
    }
}
