//! Max-pools that cost no pass: the layer that computes the codes pools them as they leave.
//!
//! A max-pool is done with the layer before it if that is the only one who writes what it reads, and it the only one who
//! reads that: then nobody misses the map that is not pooled, and it gets no place. Of several max-pools behind one
//! another the first is. A sum that reads the pooled value gets its words pooled too, as they enter the residual stream: no
//! layer of identities has to make words of codes. What else goes into the stream is not pooled. Windows that overlap by
//! more than a position stay what they are: layers of their own, in the rows ([`Pooling::is_possible`]).

use cromulent_network::{Network, Op};

use super::{Plan, PlannedLayer, PlannedOutput};
use crate::compile::weights::geometry;
use crate::layer::{Pooling, Task};

impl Plan {
    /// Does max-pools with the layers before them, where they can be.
    pub fn pool_on_the_way_out(&mut self, network: &Network) {
        let mut place = 0;
        while place < self.layers.len() {
            match self.pooled_before(network, place) {
                Some((writer, pooling)) => self.merge(writer, place, pooling),
                None => place += 1,
            }
        }
        let mut place = 0;
        while place < self.layers.len() {
            match self.stream_of_pool(place) {
                Some(writer) => self.pool_stream(writer, place),
                None => place += 1,
            }
        }
    }

    /// The layer that can write the pooled words which a layer of identities would make of pooled codes.
    fn stream_of_pool(&self, place: usize) -> Option<usize> {
        let identity = &self.layers[place];
        let begins = matches!(
            identity.output,
            PlannedOutput::Residual {
                base: None,
                codes: None,
                ..
            }
        );
        let Some((None, tensors)) = &identity.input else {
            return None;
        };
        let &[tensor] = &tensors[..] else {
            return None;
        };
        let pooled = self.tensors[tensor].pooled?;
        let value = pooled.from.is_none() && pooled.activated.is_none();
        if identity.task != Task::Identity || !begins || !value {
            return None;
        }
        let writer = self.layers[..place]
            .iter()
            .position(|l| l.codes() == Some(tensor))?;
        let before = &self.layers[writer];
        let free = match before.output {
            PlannedOutput::Codes(_) => true,
            PlannedOutput::Residual {
                base: None,
                result,
                pooled: false,
                ..
            } => !self.layers.iter().any(|layer| layer.adds_to(result)),
            _ => false,
        };
        (free && before.pooling.is_some()).then_some(writer)
    }

    /// Takes a layer of identities out, whose words another one writes; and the value which that has written before, if
    /// it has.
    fn pool_stream(&mut self, writer: usize, place: usize) {
        let mut output = self.layers.remove(place).output;
        let before = &mut self.layers[writer];
        let (clamps, unpooled) = match before.output {
            PlannedOutput::Residual { clamp, result, .. } => (clamp, Some(result)),
            _ => (false, None),
        };
        if let PlannedOutput::Residual {
            clamp,
            codes,
            pooled,
            ..
        } = &mut output
        {
            (*clamp, *codes, *pooled) = (clamps, before.codes(), true);
            before.output = output;
        }
        if let Some(unpooled) = unpooled {
            self.forget_stream(unpooled);
        }
    }

    /// Takes a value out of the stream that nobody writes or adds to.
    fn forget_stream(&mut self, value: usize) {
        self.streams.remove(value);
        self.groups.remove(value);
        let renumber = |other: &mut usize| *other -= usize::from(*other > value);
        self.groups.iter_mut().for_each(renumber);
        for layer in &mut self.layers {
            if let PlannedOutput::Residual { base, result, .. } = &mut layer.output {
                base.iter_mut().for_each(renumber);
                renumber(result);
            }
        }
    }

    /// The layer that can do a max-pool, and the windows.
    fn pooled_before(&self, network: &Network, place: usize) -> Option<(usize, Pooling)> {
        let pool = &self.layers[place];
        if pool.task != Task::MaxPool {
            return None;
        }
        let Op::MaxPool {
            kernel,
            stride,
            padding,
        } = network.nodes[pool.node].op
        else {
            return None;
        };
        let pooling = Pooling {
            side: kernel,
            stride,
            padding,
        };
        let read = *pool.tensors().first()?;
        let readers = self.layers.iter().filter(|l| l.tensors().contains(&read));
        let writer = self.layers.iter().position(|l| l.codes() == Some(read))?;
        let before = &self.layers[writer];
        let alone = readers.count() == 1;
        let free = before.task != Task::MaxPool && before.pooling.is_none() && !before.pooled;
        let shape = geometry(network, before);
        let possible = shape.check().is_ok() && pooling.is_possible(&shape);
        (alone && free && possible).then_some((writer, pooling))
    }

    /// Takes a max-pool out, and the tensor it reads.
    fn merge(&mut self, writer: usize, place: usize, pooling: Pooling) {
        let pool = self.layers.remove(place);
        let (Some(&unpooled), Some(pooled)) = (pool.tensors().first(), pool.codes()) else {
            return;
        };
        let before = &mut self.layers[writer];
        before.pooling = Some(pooling);
        match &mut before.output {
            PlannedOutput::Codes(tensor) => *tensor = pooled,
            PlannedOutput::Residual { codes, .. } => *codes = Some(pooled),
            PlannedOutput::Scores => {}
        }
        if let Some(made) = &mut self.tensors[pooled].pooled {
            made.from = None;
        }
        self.tensors.remove(unpooled);
        let renumber = |tensor: &mut usize| *tensor -= usize::from(*tensor > unpooled);
        for tensor in &mut self.tensors {
            if let Some(from) = tensor.pooled.as_mut().and_then(|made| made.from.as_mut()) {
                renumber(from);
            }
        }
        for layer in &mut self.layers {
            if let Some((_, tensors)) = &mut layer.input {
                tensors.iter_mut().for_each(renumber);
            }
            match &mut layer.output {
                PlannedOutput::Codes(tensor) => renumber(tensor),
                PlannedOutput::Residual { codes, .. } => codes.iter_mut().for_each(renumber),
                PlannedOutput::Scores => {}
            }
        }
    }
}

impl PlannedLayer {
    /// Whether it adds to a value of the stream.
    fn adds_to(&self, value: usize) -> bool {
        matches!(self.output, PlannedOutput::Residual { base: Some(base), .. } if base == value)
    }

    /// The tensors it reads.
    fn tensors(&self) -> &[usize] {
        self.input.as_ref().map_or(&[], |(_, tensors)| tensors)
    }

    /// The tensor it writes.
    fn codes(&self) -> Option<usize> {
        match self.output {
            PlannedOutput::Codes(tensor) => Some(tensor),
            PlannedOutput::Residual { codes, .. } => codes,
            PlannedOutput::Scores => None,
        }
    }
}
