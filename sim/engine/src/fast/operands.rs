//! What each value of a layer's input becomes as operands, and the weights they are multiplied by.
//!
//! A weight is one constant or several: A, or A and A·√2, or all four roots, and B in the exact form. An
//! input becomes as many operands, its *parts*, of which one at most is not 0: the factor of that constant.
//! So a sum of the reference is one dot product. With `shift` added to each operand, they are bytes where
//! that is enough; what this adds to each sum is a constant of the column.

use cromulent_design::Design;

use crate::activations::pixel;
use crate::constants::Constants;
use crate::fast::{Instructions, Path};
use crate::geometry::LayerGeometry;
use crate::layer::{Layer, Operands};
use crate::term::{ConstantSet, Term, term};

/// The operands and weights of a layer, as plain integers.
pub(super) struct Plan {
    /// Operands an input becomes.
    pub parts: usize,
    /// Values an input may have: codes, or the bytes of pixels.
    pub values: usize,
    /// Added to every operand.
    pub shift: i32,
    /// Whether operands and weights are bytes.
    pub bytes: bool,
    /// What the inputs of a tap become; taps that do the same share one.
    pub taps: Vec<TapPlan>,
    /// The plan of each tap.
    pub tap_of: Vec<usize>,
    /// By \[(k·parts + part)·out_channels + j\].
    pub weights: Vec<i16>,
    /// The largest operand of each part, shift included.
    pub largest: Vec<u32>,
}

/// What the inputs of a tap become, without shift.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct TapPlan {
    /// By \[(channel·values + value)·parts + part\].
    pub operands: Vec<i32>,
    /// In the padding, by \[channel·parts + part\].
    pub padding: Vec<i32>,
}

impl Plan {
    /// The plan of a layer. Pooled layers want no shift: their operands are added up.
    pub fn new(design: &Design, layer: &Layer, constants: &Constants, path: Path) -> Plan {
        let mut source = Source::new(design, layer, constants);
        let (taps, tap_of) = source.taps();
        let weights = source.weights();
        let (low, high) = range(&taps);
        let heaviest = weights.iter().map(|weight| weight.unsigned_abs()).max();
        let heaviest = u32::from(heaviest.unwrap_or(0));
        let span = high.abs_diff(low.min(0));
        // Without VNNI, two products of bytes are added in 16 bits.
        let adds_pairs = matches!(
            path.instructions(),
            Instructions::Avx2 | Instructions::Avx512
        );
        let pairs_fit = !adds_pairs || 2 * span * heaviest <= i16::MAX as u32;
        let bytes = !layer.mode.pool && span <= 255 && heaviest <= 127 && pairs_fit;
        let shift = if bytes { -low.min(0) } else { 0 };
        Plan {
            parts: source.parts,
            values: source.values,
            shift,
            bytes,
            largest: largest(&taps, source.parts, shift),
            taps,
            tap_of,
            weights,
        }
    }
}

impl Plan {
    /// The same with other largest operands: for sums of some of them.
    pub fn with_largest(&self, largest: Vec<u32>) -> Plan {
        Plan {
            largest,
            taps: self.taps.clone(),
            tap_of: self.tap_of.clone(),
            weights: self.weights.clone(),
            ..*self
        }
    }
}

/// The smallest and the largest operand.
fn range(taps: &[TapPlan]) -> (i32, i32) {
    let all = taps
        .iter()
        .flat_map(|tap| tap.operands.iter().chain(&tap.padding));
    all.fold((0, 0), |(low, high), &operand| {
        (low.min(operand), high.max(operand))
    })
}

/// The largest magnitude of each part.
fn largest(taps: &[TapPlan], parts: usize, shift: i32) -> Vec<u32> {
    let mut largest = vec![0; parts];
    for tap in taps {
        for operands in tap.operands.chunks(parts).chain(tap.padding.chunks(parts)) {
            for (largest, operand) in largest.iter_mut().zip(operands) {
                *largest = (*largest).max((operand + shift).unsigned_abs());
            }
        }
    }
    largest
}

/// Where a plan comes from.
struct Source<'a> {
    design: &'a Design,
    geometry: &'a LayerGeometry,
    operands: Operands,
    digits: usize,
    constants: &'a Constants,
    values: usize,
    roots: usize,
    parts: usize,
}

impl<'a> Source<'a> {
    fn new(design: &'a Design, layer: &'a Layer, constants: &'a Constants) -> Source<'a> {
        let codes = layer.mode.operands == Operands::Codes;
        let roots = if codes { constants.a.len() } else { 1 };
        let bias = codes && !constants.b.is_empty();
        Source {
            design,
            geometry: &layer.geometry,
            operands: layer.mode.operands,
            digits: layer.places.digits(),
            constants,
            values: match layer.mode.operands {
                Operands::Codes => design.format.codes() as usize,
                Operands::Integers => 256,
                Operands::Uncoded => 128,
            },
            roots,
            parts: roots + usize::from(bias),
        }
    }

    /// What the reference is fed for a value of a map: a code, an integer, or a pixel less 128.
    fn input(&self, value: usize) -> i16 {
        match self.operands {
            Operands::Codes | Operands::Uncoded => value as i16,
            Operands::Integers => pixel(value as u8, self.digits),
        }
    }

    /// The plans of all taps, each once, and which is whose.
    fn taps(&mut self) -> (Vec<TapPlan>, Vec<usize>) {
        let channels = self.geometry.channels;
        let mut taps: Vec<TapPlan> = vec![];
        let mut tap_of: Vec<usize> = vec![];
        let edges: Vec<_> = self.constants.edges.chunks(channels).collect();
        for (tap, edge) in edges.iter().enumerate() {
            if let Some(same) = edges[..tap].iter().position(|other| other == edge) {
                tap_of.push(tap_of[same]);
                continue;
            }
            let plan = self.tap(tap);
            let known = taps.iter().position(|other| *other == plan);
            tap_of.push(known.unwrap_or(taps.len()));
            if known.is_none() {
                taps.push(plan);
            }
        }
        (taps, tap_of)
    }

    fn tap(&self, tap: usize) -> TapPlan {
        let channels = self.geometry.channels;
        let mut plan = TapPlan {
            operands: vec![0; channels * self.values * self.parts],
            padding: vec![0; channels * self.parts],
        };
        for channel in 0..channels {
            let edge = self.constants.edges[tap * channels + channel];
            let of = |value| term(self.design, self.operands, edge, value);
            for value in 0..self.values {
                let at = (channel * self.values + value) * self.parts;
                self.place(of(Some(self.input(value))), &mut plan.operands[at..]);
            }
            self.place(of(None), &mut plan.padding[channel * self.parts..]);
        }
        plan
    }

    /// Puts the factor of a term to the part of its constant.
    fn place(&self, term: Option<Term>, operands: &mut [i32]) {
        if let Some(Term { set, factor }) = term {
            let part = match set {
                ConstantSet::A(root) => root,
                ConstantSet::B => self.roots,
            };
            operands[part] = factor;
        }
    }

    fn weights(&self) -> Vec<i16> {
        let columns = self.geometry.out_channels;
        let bias = (self.parts > self.roots).then_some(&self.constants.b);
        let sets: Vec<&Vec<i32>> = self.constants.a[..self.roots].iter().chain(bias).collect();
        let mut weights = Vec::with_capacity(self.geometry.inner() * self.parts * columns);
        for k in 0..self.geometry.inner() {
            for set in &sets {
                // Constants have 12 bits at most.
                let row = &set[k * columns..][..columns];
                weights.extend(row.iter().map(|&weight| weight as i16));
            }
        }
        weights
    }
}
