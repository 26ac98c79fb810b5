//! Calibration: the statistics of normalisations that were put in, from images.
//!
//! The affine undoes whatever mean and deviation are taken, so both are free. They are the mean of all values, and the
//! standard deviation of those above 0: a ReLU follows, and codes are best spread over what it leaves.

use cromulent_network::{Evaluator, Image, Op, Problem, Problems};
use rayon::prelude::*;

use crate::graph::Graph;
use crate::rewrite::Inserted;

/// A variance below this share of the mean square is taken for none.
const NOTHING: f64 = 1e-12;

/// Gives normalisations that were put in the mean of the values they are for and the standard deviation of those above
/// 0, over all positions of all images, and the affine that undoes them.
///
/// The same images give the same numbers, on any number of threads.
///
/// # Errors
/// No images, or images of another size than the network's; nodes that do not fit each other.
pub fn calibrate(
    graph: &mut Graph,
    inserted: &[Inserted],
    images: &[Image],
) -> Result<(), Problems> {
    if inserted.is_empty() {
        return Ok(());
    }
    if images.is_empty() {
        let what = format!(
            "{} normalisations were put in, and there is no image for their statistics",
            inserted.len()
        );
        let fix = "give --calibrate a file of images like those the network was trained with";
        return Err(Problem::new(format!("network `{}`", graph.name), what, fix).into());
    }
    let network = graph.network()?;
    let evaluator = Evaluator::new(&network);
    let nodes: Vec<usize> = inserted
        .iter()
        .map(|inserted| network.node(graph.name(inserted.of)).unwrap_or(0))
        .collect();
    let sums = |image: &Image| -> Result<Vec<Vec<Sum>>, Problems> {
        let maps = evaluator.all(image)?;
        let of_node = |&node: &usize| Sum::of(&maps[node], network.nodes[node].shape.channels);
        Ok(nodes.iter().map(of_node).collect())
    };
    let each: Vec<Vec<Vec<Sum>>> = images.par_iter().map(sums).collect::<Result<_, _>>()?;
    for (place, inserted) in inserted.iter().enumerate() {
        let mut total = vec![Sum::default(); each[0][place].len()];
        for image in &each {
            total
                .iter_mut()
                .zip(&image[place])
                .for_each(|(total, sum)| total.add(sum));
        }
        if let Some(Op::BatchNorm(norm)) = graph.op_mut(inserted.norm) {
            for (c, sum) in total.iter().enumerate() {
                let (mean, sigma) = sum.statistics();
                // As the file will have them, so that the affine undoes what is read back.
                let (mean, variance) = (f64::from(mean as f32), f64::from((sigma * sigma) as f32));
                let sigma = f64::from(variance.sqrt() as f32);
                (norm.mean[c], norm.variance[c]) = (mean, variance);
                (norm.shift[c], norm.scale[c]) = (mean, sigma);
            }
        }
    }
    Ok(())
}

/// What statistics are made of.
#[derive(Clone, Copy, Default)]
struct Sum {
    count: f64,
    sum: f64,
    /// Of values above 0 alone.
    positive: Moments,
}

#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Sum {
    /// One for each channel of a map, channel fastest.
    fn of(map: &[f32], channels: usize) -> Vec<Sum> {
        let mut sums = vec![Sum::default(); channels];
        for position in map.chunks(channels) {
            for (sum, &x) in sums.iter_mut().zip(position) {
                let x = f64::from(x);
                sum.count += 1.0;
                sum.sum += x;
                if x > 0.0 {
                    sum.positive.count += 1.0;
                    sum.positive.sum += x;
                    sum.positive.squares += x * x;
                }
            }
        }
        sums
    }

    fn add(&mut self, other: &Sum) {
        self.count += other.count;
        self.sum += other.sum;
        self.positive.count += other.positive.count;
        self.positive.sum += other.positive.sum;
        self.positive.squares += other.positive.squares;
    }

    /// Mean and standard deviation; a channel that never varies above 0 gets the deviation 1.
    fn statistics(&self) -> (f64, f64) {
        let mean = self.sum / self.count;
        let count = self.positive.count.max(1.0);
        let square = self.positive.squares / count;
        let variance = square - (self.positive.sum / count).powi(2);
        match variance > NOTHING * square && variance > f64::from(f32::MIN_POSITIVE) {
            true => (mean, variance.sqrt()),
            false => (mean, 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_those_of_all_positions() {
        let sums = Sum::of(&[1.0, 5.0, -7.0, 3.0, 5.0, -2.0, -1.0, 5.0, -9.0], 3);
        assert_eq!(sums[0].statistics(), (1.0, 1.0));
        // They never vary above 0.
        assert_eq!(sums[1].statistics(), (5.0, 1.0));
        assert_eq!(sums[2].statistics(), (-6.0, 1.0));
    }
}
