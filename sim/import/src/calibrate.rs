//! Calibration: the statistics of normalisations that were put in, from images.
//!
//! The affine undoes whatever mean and deviation are taken, so both are free: they are those with which codes lose
//! least ([`placement`]).

mod histogram;
mod placement;

use cromulent_network::{Evaluator, Image, Op, Problem, Problems};
use rayon::prelude::*;

use crate::graph::Graph;
use crate::rewrite::Inserted;
use histogram::Histogram;
use placement::placement;

/// Gives normalisations that were put in the mean and the standard deviation with which codes are nearest to what the
/// ReLU behind them leaves, over all positions of all images, and the affine that undoes them.
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
    let nodes: Vec<(usize, usize)> = inserted
        .iter()
        .map(|inserted| {
            let node = network.node(graph.name(inserted.of)).unwrap_or(0);
            (node, network.nodes[node].shape.channels)
        })
        .collect();
    let counted = counted(&evaluator, &nodes, images)?;
    for (place, inserted) in inserted.iter().enumerate() {
        // Sums are raised to 0 in the residual stream, before they are coded.
        let clamped = matches!(graph.op(inserted.of), Some(Op::Add));
        let placed: Vec<(f64, f64)> = counted[place]
            .par_iter()
            .map(|values| placement(values, clamped).unwrap_or(SILENT))
            .collect();
        if let Some(Op::BatchNorm(norm)) = graph.op_mut(inserted.norm) {
            for (c, &(mean, sigma)) in placed.iter().enumerate() {
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

/// Mean and deviation of a channel that never exceeds 0: far enough below that 0 is coded as what adds nothing.
const SILENT: (f64, f64) = (-1.0, 1.0);

/// How often values of the nodes are how large, by node and channel.
fn counted(
    evaluator: &Evaluator,
    nodes: &[(usize, usize)],
    images: &[Image],
) -> Result<Vec<Vec<Histogram>>, Problems> {
    let empty = || -> Vec<Vec<Histogram>> {
        let channels = nodes.iter().map(|&(_, channels)| channels);
        channels
            .map(|channels| vec![Histogram::default(); channels])
            .collect()
    };
    let count = |mut all: Vec<Vec<Histogram>>, image: &Image| -> Result<_, Problems> {
        let maps = evaluator.all(image)?;
        for (histograms, &(node, channels)) in all.iter_mut().zip(nodes) {
            for position in maps[node].chunks(channels) {
                let values = histograms.iter_mut().zip(position);
                values.for_each(|(histogram, &x)| histogram.add(x));
            }
        }
        Ok(all)
    };
    let merge = |mut all: Vec<Vec<Histogram>>, other: Vec<Vec<Histogram>>| {
        let both = all.iter_mut().flatten().zip(other.iter().flatten());
        both.for_each(|(histogram, other)| histogram.merge(other));
        Ok(all)
    };
    let images = images.par_iter();
    images.try_fold(empty, count).try_reduce(empty, merge)
}
