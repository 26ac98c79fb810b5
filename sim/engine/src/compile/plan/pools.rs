//! Max-pools and layers of identities.
//!
//! A max-pool reads values, or what a ReLU behind a batch-norm makes of them: it is *activated*. Either way it pools
//! the codes of the values. An activated one gives the smallest code where the affine descends, for there the
//! smallest code becomes the largest output.

use cromulent_network::Op;

use super::{PlannedLayer, PlannedOutput, PlannedTensor, Planner, Pooled, Reader};
use crate::compile::shape;
use crate::image::MapShape;
use crate::layer::{Storage, Task};

/// What a batch-norm reads channels of: a value, and the max-pools it went through.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Feature {
    /// The node that is the value.
    pub value: usize,
    /// The max-pools, the first one first.
    pub pools: Vec<usize>,
}

impl Feature {
    /// A value as it is.
    pub fn of(value: usize) -> Feature {
        Feature {
            value,
            pools: vec![],
        }
    }

    fn through(mut self, pools: &[usize]) -> Feature {
        self.pools.extend(pools);
        self
    }

    /// The node whose values it is, or a part of them.
    fn node(&self) -> usize {
        self.pools.last().copied().unwrap_or(self.value)
    }
}

impl Planner<'_> {
    fn is_max_pool(&self, node: usize) -> bool {
        matches!(self.op(node), Op::MaxPool { .. })
    }

    /// What a node reads channels of, concatenations and pools resolved.
    pub(super) fn features(&self, node: usize) -> Vec<Feature> {
        let resolve = |&input: &usize| match self.op(input) {
            Op::Concat => self.features(input),
            Op::MaxPool { .. } if self.activated(input).is_none() => self.pooled(input),
            _ => vec![Feature::of(input)],
        };
        self.inputs(node).iter().flat_map(resolve).collect()
    }

    /// What a max-pool gives.
    fn pooled(&self, pool: usize) -> Vec<Feature> {
        if let Some((_, features)) = self.activated(pool) {
            return features;
        }
        let features = self.features(pool).into_iter();
        features.map(|feature| feature.through(&[pool])).collect()
    }

    /// The batch-norm whose ReLU a node is, or pools, and the features that one reads, pooled likewise.
    pub(super) fn activated(&self, node: usize) -> Option<(usize, Vec<Feature>)> {
        let (mut relu, mut pools) = (node, vec![]);
        while self.is_max_pool(relu) {
            pools.insert(0, relu);
            relu = *self.inputs(relu).first()?;
        }
        let norm = *self.inputs(relu).first()?;
        if *self.op(relu) != Op::Relu || !self.is_norm(norm) {
            return None;
        }
        let features = self.features(norm).into_iter();
        let features = features.map(|feature| feature.through(&pools)).collect();
        Some((norm, features))
    }

    /// Whether a layer of identities gives a node's values: an activated one that no learnt layer reads, or a pooled
    /// value that enters a sum.
    pub(super) fn is_identity(&self, node: usize) -> bool {
        let mut readers = self.readers[node].iter().map(|&reader| self.op(reader));
        if self.activated(node).is_some() {
            readers.any(|op| matches!(op, Op::BatchNorm(_) | Op::Add | Op::Concat))
        } else {
            self.is_max_pool(node) && readers.any(|op| *op == Op::Add)
        }
    }

    /// What of a node's values has code tensors.
    pub(super) fn coded(&self, node: usize) -> Vec<Feature> {
        let mut coded = vec![];
        if !self.norms[node].is_empty() {
            coded.push(Feature::of(node));
        }
        if self.is_max_pool(node) {
            let pooled = self.pooled(node).into_iter();
            coded.extend(pooled.filter(|feature| !self.norms[feature.value].is_empty()));
        }
        coded
    }

    /// The tensor of a feature.
    pub(super) fn planned(&self, feature: &Feature) -> PlannedTensor {
        let node = feature.node();
        let pooled = feature.pools.split_last().map(|(&pool, before)| Pooled {
            from: Some(self.number(feature.value, before)),
            activated: self.activation(pool, feature),
        });
        PlannedTensor {
            node,
            value: feature.value,
            shape: self.map(feature),
            readers: self.norms[feature.value].clone(),
            pooled,
            storage: Storage::default(),
        }
    }

    /// The number of a feature's tensor.
    fn number(&self, value: usize, pools: &[usize]) -> usize {
        let feature = Feature::of(value).through(pools);
        self.tensor(&feature).unwrap_or(0)
    }

    /// The batch-norm before an activated pool, and where the feature's channels begin in it.
    fn activation(&self, pool: usize, feature: &Feature) -> Option<Reader> {
        let (norm, features) = self.activated(pool)?;
        let before = features.iter().take_while(|&other| other != feature);
        let channels = before.map(|other| self.network.nodes[other.value].shape.channels);
        Some(Reader {
            norm,
            offset: channels.sum(),
        })
    }

    /// The shape of a feature.
    fn map(&self, feature: &Feature) -> MapShape {
        MapShape {
            channels: self.network.nodes[feature.value].shape.channels,
            ..shape(self.network, feature.node())
        }
    }

    /// The layers of a max-pool, one for each map it reads; none for any other node.
    pub(super) fn pool_layers(&self, pool: usize) -> Vec<PlannedLayer> {
        if !self.is_max_pool(pool) {
            return vec![];
        }
        let features = self.pooled(pool);
        let several = features.len() > 1;
        let layer = |feature: &Feature| {
            let codes = self.tensor(feature)?;
            let before = &feature.pools[..feature.pools.len() - 1];
            let from = Feature::of(feature.value).through(before);
            let name = match several {
                true => format!("{}.{}", self.name(pool), self.name(feature.value)),
                false => self.name(pool).to_owned(),
            };
            Some(PlannedLayer {
                name,
                node: pool,
                task: Task::MaxPool,
                input: Some((None, vec![self.tensor(&from)?])),
                map: self.map(&from),
                pooled: false,
                average: None,
                pooling: None,
                output: PlannedOutput::Codes(codes),
            })
        };
        features.iter().filter_map(layer).collect()
    }

    /// The layer that gives a node's values where no learnt layer does.
    pub(super) fn identity_layer(&self, node: usize) -> PlannedLayer {
        let (norm, features) = match self.activated(node) {
            Some((norm, features)) => (Some(norm), features),
            None => (None, self.pooled(node)),
        };
        PlannedLayer {
            name: format!("{}.stream", self.name(node)),
            node,
            task: Task::Identity,
            input: Some((norm, self.tensors(&features))),
            map: shape(self.network, node),
            pooled: false,
            average: None,
            pooling: None,
            output: self.output(node),
        }
    }
}
