//! Affine and ReLU on codes: a threshold on the value order, decided once per row.

/// Where the ReLU of one input channel cuts the codes: ReLU(a·v + b) against v.
///
/// The affine a·v + b crosses zero once, so on value order (see [`order`](crate::order)) the active
/// codes are all from a position on (a > 0) or all before it (a < 0). In the snapped and re-centred
/// forms the position is the place of t̂ = −b/a itself and codes are clamped there instead.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Threshold {
    /// The cut, `0..=2^code_bits` in value order: 2^b + 1 positions, hence b + 1 bits.
    pub position: u32,
    /// Whether the affine descends (a < 0): active below the cut.
    pub descending: bool,
}

impl Threshold {
    /// Whether a code at this place of value order passes the ReLU: `(place ≥ position) ⊕ descending`.
    ///
    /// Ascending, position 0 is always active and 2^b never; descending it is the other way round.
    pub fn is_active(self, place: u32) -> bool {
        (place >= self.position) ^ self.descending
    }

    /// The place clamped at t̂, for the snapped and re-centred forms:
    /// ReLU(a·v + b) = a·(clamp(v) − t̂), a maximum for a > 0 and a minimum for a < 0.
    pub fn clamp(self, place: u32) -> u32 {
        if self.descending {
            place.min(self.position)
        } else {
            place.max(self.position)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, Value, decode, from_order};

    /// Values of a format in ascending order.
    fn values(format: Format) -> Vec<f64> {
        let value = |place| match decode(format, from_order(format, place)) {
            Value::Zero => 0.0,
            Value::Integer(value) => f64::from(value),
            Value::Level(value) => f64::from(value),
            Value::Power { negative, quarters } => {
                let size = (f64::from(quarters) / 4.0).exp2();
                if negative { -size } else { size }
            }
        };
        (0..format.codes()).map(value).collect()
    }

    /// A zero crossing just below the value at a position; beyond the last value for the last position.
    fn crossing(values: &[f64], position: usize) -> f64 {
        match position.checked_sub(1) {
            None => values[0] - 1.0,
            Some(below) => values
                .get(position)
                .map_or(values[below] + 1.0, |v| (values[below] + v) / 2.0),
        }
    }

    #[test]
    fn every_position_and_direction_is_a_relu_of_an_affine() {
        for format in Format::ALL {
            let values = values(format);
            for position in 0..=values.len() {
                let t = crossing(&values, position);
                for (place, v) in (0u32..).zip(&values) {
                    for (descending, a) in [(false, 1.5), (true, -1.5)] {
                        let threshold = Threshold {
                            position: position as u32,
                            descending,
                        };
                        assert_eq!(
                            threshold.is_active(place),
                            a * (v - t) > 0.0,
                            "{format} {threshold:?} {place}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_ends_are_always_and_never() {
        for format in Format::ALL {
            let end = 1 << format.code_bits();
            for place in 0..format.codes() {
                let active = |position, descending| {
                    Threshold {
                        position,
                        descending,
                    }
                    .is_active(place)
                };
                assert!(active(0, false) && active(end, true));
                assert!(!active(end, false) && !active(0, true));
            }
        }
    }

    #[test]
    fn clamping_at_every_code_is_the_relu_less_its_constant() {
        for format in Format::ALL {
            let values = values(format);
            for (position, t) in (0u32..).zip(&values) {
                for (place, v) in (0u32..).zip(&values) {
                    for (descending, a) in [(false, 2.0), (true, -2.0)] {
                        let clamped = Threshold {
                            position,
                            descending,
                        }
                        .clamp(place);
                        let relu = f64::max(a * v - a * t, 0.0);
                        assert_eq!(
                            a * values[clamped as usize] - a * t,
                            relu,
                            "{format} {position} {place}"
                        );
                    }
                }
            }
        }
    }
}
