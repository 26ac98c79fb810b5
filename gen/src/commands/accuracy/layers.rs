//! Where it breaks: the signal-to-quantisation-noise ratio of every value that is kept between layers.

use cromulent_engine::Image;
use cromulent_engine::compile::{Kept, Probe};
use cromulent_engine::fast::{FastRunner, Workspace};
use cromulent_network::images::Example;
use cromulent_network::{Evaluator, Network};
use rayon::prelude::*;

use crate::Error;

/// Images the ratios are measured on: the first ones. A map has thousands of values, so these are enough.
pub(super) const IMAGES: usize = 32;

/// One value that is kept, over some images.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Ratio {
    /// The layer that reads it, or the node in the residual stream.
    pub name: String,
    /// `"codes"` or `"stream"`.
    pub kind: &'static str,
    /// By channel.
    channels: Vec<Power>,
}

/// Powers of a channel, summed over positions and images.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
struct Power {
    signal: f64,
    noise: f64,
    /// The sum of the errors themselves.
    error: f64,
    count: f64,
}

impl Ratio {
    fn new(probe: &Probe, channels: usize) -> Ratio {
        Ratio {
            name: probe.name.clone(),
            kind: match probe.kept {
                Kept::Codes { .. } => "codes",
                Kept::Stream { .. } => "stream",
            },
            channels: vec![Power::default(); channels],
        }
    }

    fn add(&mut self, place: usize, signal: f32, kept: f32) {
        let channels = self.channels.len();
        let power = &mut self.channels[place % channels];
        let error = f64::from(kept) - f64::from(signal);
        power.signal += f64::from(signal).powi(2);
        power.noise += error.powi(2);
        power.error += error;
        power.count += 1.0;
    }

    fn merge(&mut self, other: &Ratio) {
        for (power, other) in self.channels.iter_mut().zip(&other.channels) {
            power.signal += other.signal;
            power.noise += other.noise;
            power.error += other.error;
            power.count += other.count;
        }
    }

    /// How many channels.
    pub fn width(&self) -> usize {
        self.channels.len()
    }

    fn sum(&self, of: impl Fn(&Power) -> f64) -> f64 {
        self.channels.iter().map(of).sum()
    }

    /// Signal over noise in decibels; `None` without either.
    pub fn decibels(&self) -> Option<f64> {
        let ratio = self.sum(|power| power.signal) / self.sum(|power| power.noise);
        (ratio.is_finite() && ratio > 0.0).then(|| 10.0 * ratio.log10())
    }

    /// The share of the noise that is a constant offset of each channel, 0 to 1.
    pub fn offset_share(&self) -> f64 {
        let offset = self.sum(|power| power.error.powi(2) / power.count.max(1.0));
        let noise = self.sum(|power| power.noise);
        if noise > 0.0 { offset / noise } else { 0.0 }
    }

    /// Channels whose noise is above their signal, which is not nothing.
    pub fn lost(&self) -> Vec<usize> {
        let lost = |c: &usize| {
            let power = &self.channels[*c];
            power.signal > 0.0 && power.noise > power.signal
        };
        (0..self.channels.len()).filter(lost).collect()
    }
}

/// The ratios of every probe of a program, in the order of the network.
///
/// # Errors
/// Images that are not the network's.
pub(super) fn ratios(
    network: &Network,
    image: &Image,
    probes: &[Probe],
    examples: &[Example],
) -> Result<Vec<Ratio>, Error> {
    let evaluator = Evaluator::new(network);
    let runner = FastRunner::new(image);
    let one = |example: &Example| -> Result<Vec<Ratio>, Error> {
        let float = evaluator.all(&example.image)?;
        let mut codes: Vec<Vec<u8>> = vec![vec![]; image.tensors.len()];
        let mut streams: Vec<Vec<i16>> = vec![vec![]; image.streams.len()];
        runner.observe(
            &example.image.pixels,
            &mut Workspace::new(),
            1,
            |place, values| {
                let output = &image.layers[place].output;
                if let Some(tensor) = output.codes() {
                    codes[tensor] = values.codes.to_vec();
                }
                if let Some(step) = output.residual() {
                    streams[step.result] = values.stream.to_vec();
                }
            },
        )?;
        let ratio = |probe: &Probe| {
            let mut ratio = Ratio::new(probe, network.nodes[probe.node].shape.channels);
            let kept = kept(image, probe, &codes, &streams);
            for (place, (signal, kept)) in float[probe.node].iter().zip(kept).enumerate() {
                let signal = if probe.rectified {
                    signal.max(0.0)
                } else {
                    *signal
                };
                ratio.add(place, signal, kept);
            }
            ratio
        };
        Ok(probes.iter().map(ratio).collect())
    };
    let found: Result<Vec<Vec<Ratio>>, Error> = examples.par_iter().map(one).collect();
    let mut found = found?.into_iter();
    let mut total = found.next().unwrap_or_default();
    for ratios in found {
        total
            .iter_mut()
            .zip(&ratios)
            .for_each(|(all, one)| all.merge(one));
    }
    Ok(total)
}

/// What is kept, as real numbers by \[position·channels + channel\].
fn kept(image: &Image, probe: &Probe, codes: &[Vec<u8>], streams: &[Vec<i16>]) -> Vec<f32> {
    match &probe.kept {
        Kept::Stream { stream, unit } => {
            let words = streams[*stream].iter();
            words.map(|&word| (f64::from(word) * unit) as f32).collect()
        }
        Kept::Codes { tensors, values } => {
            let channels: Vec<usize> = tensors
                .iter()
                .map(|&t| image.tensors[t].shape.channels)
                .collect();
            let positions = tensors
                .first()
                .map_or(0, |&t| codes[t].len() / channels[0].max(1));
            let mut all = Vec::with_capacity(positions * values.len());
            for position in 0..positions {
                let mut tables = values.iter();
                for (&tensor, &channels) in tensors.iter().zip(&channels) {
                    let codes = &codes[tensor][position * channels..(position + 1) * channels];
                    let value =
                        |(&code, table): (&u8, &Vec<f32>)| table.get(usize::from(code)).copied();
                    all.extend(
                        codes
                            .iter()
                            .zip(&mut tables)
                            .map(|pair| value(pair).unwrap_or(0.0)),
                    );
                }
            }
            all
        }
    }
}
