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
