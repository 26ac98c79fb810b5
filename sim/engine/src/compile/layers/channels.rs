//! How the input channels of a layer are read, and what becomes of its output channels.

use super::*;

/// What an affine may give where it should give nothing, in standard deviations.
const NOTHING: f64 = 1e-3;

impl Compiler<'_> {
    /// How each input channel is read, and the bias of each output channel.
    pub(super) fn readings(&self, planned: &PlannedLayer) -> (Vec<Reading>, Vec<f64>) {
        let bias = match &self.network.nodes[planned.node].op {
            Op::Linear(l) => &l.bias[..],
            Op::Convolution(c) => &c.bias,
            _ => &[],
        };
        let bias = bias.iter().map(|&bias| bias.into()).collect();
        let readings = match &planned.input {
            Some((None, tensors)) => return self.linear(tensors),
            Some((Some(node), tensors)) => {
                let channels = tensors.iter().flat_map(|&tensor| {
                    let channels = 0..self.plan.tensors[tensor].shape.channels;
                    channels.map(move |channel| (tensor, channel))
                });
                affines(self.network, self.plan, *node, tensors)
                    .into_iter()
                    .zip(channels)
                    .filter_map(|(affine, (tensor, channel))| self.form(affine, tensor, channel))
                    .map(|form| form.reading)
                    .collect()
            }
            None => {
                let input = &self.network.input;
                let pixels = input.mean.iter().zip(&input.std);
                let digits = self.image.image_input.digits;
                pixels
                    .map(|(&mean, &std)| pixel(mean, std, digits))
                    .collect()
            }
        };
        (readings, bias)
    }

    /// How codes are read as the values they stand for: x = μ + σ·n, with what n the code is of.
    pub(super) fn linear(&self, tensors: &[usize]) -> (Vec<Reading>, Vec<f64>) {
        let stored = tensors.iter().flat_map(|&tensor| {
            let stored = self.plan.tensors[tensor].stored(self.network);
            let channels = stored.into_iter().enumerate();
            channels.map(move |(channel, stored)| (tensor, channel, stored))
        });
        let read = |(tensor, channel, stored): (usize, usize, Stored)| {
            let coding = self.form(stored.affine, tensor, channel)?.coding;
            let gain = stored.sigma * coding.scale;
            let gain = if coding.negate { -gain } else { gain };
            let bias = stored.mean - stored.sigma * coding.shift;
            let format = self.plan.tensors[tensor].storage.format(self.design);
            Some((Reading::linear(self.design, format, gain), bias))
        };
        stored.filter_map(read).unzip()
    }

    /// `None` only for what [`super::norms::check`] has refused.
    pub(super) fn form(
        &self,
        affine: Affine,
        tensor: usize,
        channel: usize,
    ) -> Option<ChannelForm> {
        if let Some(&step) = self.steps[tensor].get(channel) {
            return Some(ChannelForm::uncoded(affine.a, affine.b, step));
        }
        let format = self.plan.tensors[tensor].storage.format(self.design);
        let form = ChannelForm::new(self.design, format, affine.a, affine.b).ok()?;
        let stored = &self.lowest[tensor];
        Some(match stored.get(channel) {
            // Rounded, the affine may give a little at 0.
            Some(&n) if affine.a * n + affine.b <= affine.a.abs() * NOTHING => {
                form.silent_at(self.design, format, n)
            }
            _ => form,
        })
    }

    /// What becomes of each output channel's sum.
    pub(super) fn channels(
        &self,
        planned: &PlannedLayer,
        columns: &Columns,
    ) -> Result<Vec<Channel>, Vec<String>> {
        let mut channels = self.coded(planned, columns)?;
        if planned.pooling.is_some()
            && let Some(tensor) = output(planned, 1.0).codes()
        {
            let directions = self.descending(tensor);
            for (channel, descending) in channels.iter_mut().zip(directions) {
                channel.descending = descending;
            }
        }
        Ok(channels)
    }

    /// The same but for the direction of a max-pool.
    fn coded(
        &self,
        planned: &PlannedLayer,
        columns: &Columns,
    ) -> Result<Vec<Channel>, Vec<String>> {
        let offsets = columns.rests.iter().map(|rest| rest.saturating_neg());
        match planned.output {
            PlannedOutput::Scores => Ok(offsets.map(|offset| self.plain(offset)).collect()),
            PlannedOutput::Codes(tensor) => {
                let quantizers = self.quantizers(tensor, |c| Arrival {
                    unit: columns.units[c],
                    constant: columns.rests[c],
                    coded: Coded::Accumulator,
                })?;
                let channel = |quantizer: Quantizer| Channel {
                    offset: quantizer.mean,
                    quantizer: Quantizer {
                        mean: 0,
                        ..quantizer
                    },
                    ..Channel::default()
                };
                Ok(quantizers.into_iter().map(channel).collect())
            }
            PlannedOutput::Residual { result, codes, .. } => {
                let exponent = self.stream_exponents[result];
                let mut channels: Vec<_> = offsets.map(|offset| self.plain(offset)).collect();
                for (channel, align) in channels.iter_mut().zip(aligns(columns, exponent)?) {
                    channel.align = align;
                }
                if let Some(tensor) = codes {
                    let quantizers = self.quantizers(tensor, |_| Arrival {
                        unit: f64::from(exponent).exp2(),
                        constant: 0,
                        coded: Coded::Stream,
                    })?;
                    for (channel, quantizer) in channels.iter_mut().zip(quantizers) {
                        channel.quantizer = quantizer;
                    }
                }
                Ok(channels)
            }
        }
    }

    /// A channel whose words leave as integers.
    pub(super) fn plain(&self, offset: i64) -> Channel {
        Channel {
            offset,
            quantizer: raw(self.design),
            ..Channel::default()
        }
    }

    /// The quantizers of a tensor whose channels arrive like this.
    pub(super) fn quantizers(
        &self,
        tensor: usize,
        arrival: impl Fn(usize) -> Arrival,
    ) -> Result<Vec<Quantizer>, Vec<String>> {
        let storage = self.plan.tensors[tensor].storage;
        let stored = self.plan.tensors[tensor].stored(self.network);
        let mut faults = Vec::new();
        let mut quantizers = Vec::new();
        for (c, stored) in stored.iter().enumerate() {
            let Some(form) = self.form(stored.affine, tensor, c) else {
                continue;
            };
            let statistics = (stored.mean, stored.sigma);
            match quantizer(self.design, storage, form.coding, statistics, arrival(c)) {
                Ok(quantizer) => quantizers.push(quantizer),
                Err(what) => faults.push(format!("channel {c} has {what}")),
            }
        }
        if faults.is_empty() {
            Ok(quantizers)
        } else {
            Err(faults)
        }
    }
}
