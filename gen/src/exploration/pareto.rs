//! What nothing else is better than.

/// The places of points that no other dominates: none is as good in every number and better in one. Less is better.
/// Equal points are all there; a point with a number that is none is not.
pub fn front(points: &[Vec<f64>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len())
        .filter(|&place| points[place].iter().all(|number| !number.is_nan()))
        .collect();
    // What dominates a point comes before it, and is on the front or dominated by what is.
    order.sort_by(|&a, &b| {
        let numbers = points[a].iter().zip(&points[b]);
        let different = numbers
            .map(|(a, b)| a.total_cmp(b))
            .find(|order| order.is_ne());
        different.unwrap_or(a.cmp(&b))
    });
    let mut front: Vec<usize> = vec![];
    for place in order {
        if !front
            .iter()
            .any(|&other| dominates(&points[other], &points[place]))
        {
            front.push(place);
        }
    }
    front.sort_unstable();
    front
}

/// Whether one point is nowhere worse than another, and somewhere better.
pub fn dominates(one: &[f64], other: &[f64]) -> bool {
    let mut pairs = one.iter().zip(other);
    pairs.clone().all(|(a, b)| a <= b) && pairs.any(|(a, b)| a < b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_front_is_what_no_point_dominates() {
        let mut state = 1u64;
        let mut next = |limit: u64| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % limit
        };
        for round in 0..300 {
            let (count, dimensions, limit) = (next(60), 1 + next(4), 1 + next(30));
            let mut point = || (0..dimensions).map(|_| next(limit) as f64).collect();
            let points: Vec<Vec<f64>> = (0..count).map(|_| point()).collect();
            let none_dominates =
                |&place: &usize| !points.iter().any(|other| dominates(other, &points[place]));
            let expected: Vec<usize> = (0..points.len()).filter(none_dominates).collect();
            assert_eq!(front(&points), expected, "round {round}: {points:?}");
        }
    }

    #[test]
    fn equal_points_stay_and_what_has_no_number_goes() {
        let points = [
            [1.0, 2.0],
            [1.0, 2.0],
            [f64::NAN, 0.0],
            [2.0, 2.0],
            [0.0, 3.0],
        ];
        assert_eq!(front(&points.map(Vec::from)), [0, 1, 4]);
        assert_eq!(front(&[]), [] as [usize; 0]);
    }
}
