//! How often a network is right.

/// What a network says of one image.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Answer {
    /// The class with the largest score, the first of them if there are several.
    pub class: usize,
    /// How many classes come before the true one: 0 if the network is right.
    pub rank: usize,
}

impl Answer {
    /// The answer that scores are, to an image of this class.
    pub fn of<T: PartialOrd>(scores: &[T], label: usize) -> Answer {
        let before = |class: usize, other: usize| {
            scores[other] > scores[class] || (scores[other] == scores[class] && other < class)
        };
        let rank = |class: usize| (0..scores.len()).filter(|&i| before(class, i)).count();
        let best =
            (0..scores.len()).reduce(|best, i| if scores[i] > scores[best] { i } else { best });
        Answer {
            class: best.unwrap_or(0),
            rank: if label < scores.len() {
                rank(label)
            } else {
                scores.len()
            },
        }
    }

    fn is_right(self) -> bool {
        self.rank == 0
    }
}

/// Right and wrong answers over a set of images, beside those in floating point.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Tally {
    pub images: usize,
    /// Images whose class has the largest score.
    pub top1: usize,
    /// Images whose class is among the five largest scores.
    pub top5: usize,
    /// Images of which both say the same.
    pub agreed: usize,
    /// Images on which only floating point is right.
    pub lost: usize,
    /// Images on which only this is right.
    pub gained: usize,
}

impl Tally {
    /// Counts answers beside those in floating point to the same images.
    pub fn of(answers: &[Answer], float: &[Answer]) -> Tally {
        let mut tally = Tally {
            images: answers.len(),
            ..Tally::default()
        };
        for (answer, float) in answers.iter().zip(float) {
            tally.top1 += usize::from(answer.is_right());
            tally.top5 += usize::from(answer.rank < 5);
            tally.agreed += usize::from(answer.class == float.class);
            tally.lost += usize::from(float.is_right() && !answer.is_right());
            tally.gained += usize::from(answer.is_right() && !float.is_right());
        }
        tally
    }

    /// A count in per cent of the images.
    pub fn percent(&self, count: usize) -> f64 {
        100.0 * count as f64 / self.images.max(1) as f64
    }

    /// The 95 % interval of the top-1 accuracy by Wilson's score, in per cent.
    pub fn interval(&self) -> [f64; 2] {
        wilson(self.top1, self.images).map(|bound| 100.0 * bound)
    }
}

/// Wilson's score interval of a share, at 95 %.
fn wilson(count: usize, total: usize) -> [f64; 2] {
    /// The standard normal distribution has 95 % within so many standard deviations.
    const Z: f64 = 1.959_963_984_540_054;
    let n = total.max(1) as f64;
    let share = count as f64 / n;
    let centre = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    [
        ((centre - half) / whole).max(0.0),
        ((centre + half) / whole).min(1.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_the_first_of_the_largest_scores() {
        let scores = [3, 7, 7, -1];
        let ranks = [0, 1, 2, 3, 4].map(|label| Answer::of(&scores, label).rank);
        assert_eq!(ranks, [2, 0, 1, 3, 4]);
        assert_eq!(Answer::of(&scores, 0).class, 1);
        assert_eq!(Answer::of(&[0.5f32, 0.25], 1), Answer { class: 0, rank: 1 });
    }

    #[test]
    fn answers_are_counted_beside_those_in_floating_point() {
        let answer = |class, rank| Answer { class, rank };
        let own = [answer(1, 0), answer(2, 4), answer(0, 5), answer(3, 0)];
        let float = [answer(1, 0), answer(0, 0), answer(0, 7), answer(4, 1)];
        let tally = Tally::of(&own, &float);
        let expected = Tally {
            images: 4,
            top1: 2,
            top5: 3,
            agreed: 2,
            lost: 1,
            gained: 1,
        };
        assert_eq!(tally, expected);
        assert_eq!(tally.percent(tally.top5), 75.0);
    }

    #[test]
    fn the_interval_is_wilsons() {
        // Worked by hand from the formula, and as published for 10 of 20.
        let [low, high] = wilson(10, 20);
        assert!((low - 0.2993).abs() < 1e-4 && (high - 0.7007).abs() < 1e-4);
        let [low, high] = wilson(0, 10);
        assert!(low < 1e-12 && (high - 0.2775).abs() < 1e-4);
        let [low, high] = wilson(10, 10);
        assert!((low - 0.7225).abs() < 1e-4 && high > 1.0 - 1e-12);
    }
}
