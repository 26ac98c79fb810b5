//! Formats per normalisation: selections of batch-norms, and a search for the cheapest that keep an accuracy.

use std::collections::BTreeSet;

use cromulent_design::Design;
use cromulent_engine::compile::{First, WeightValues};
use cromulent_engine::{Choices, FastRunner, compile_with};
use cromulent_network::images::Example;
use cromulent_network::{Network, Op};
use cromulent_number::Format;

use super::label;
use super::tally::Answer;
use crate::{Error, Problem};

/// A batch-norm by name, and the format of what it normalises.
pub(super) type Wish = (String, Format);

/// The batch-norms of a network, in its order.
fn norms(network: &Network) -> Vec<usize> {
    let is_norm = |&node: &usize| matches!(network.nodes[node].op, Op::BatchNorm(_));
    (0..network.nodes.len()).filter(is_norm).collect()
}

/// The batch-norms that `SELECTION=FORMAT` means: `first:N` and `last:N` in the order of the network, a name, or the
/// beginning of names before a `*`.
///
/// # Errors
/// Selections that mean no batch-norm.
pub(super) fn wishes(network: &Network, selections: &[Wish]) -> Result<Vec<Wish>, Error> {
    let norms = norms(network);
    let names: Vec<&str> = norms
        .iter()
        .map(|&node| network.nodes[node].name.as_str())
        .collect();
    let (mut found, mut problems) = (vec![], vec![]);
    for (selection, format) in selections {
        let count = |text: &str| text.parse::<usize>().ok().filter(|&n| n <= names.len());
        let some: &[&str] = match selection.split_once(':') {
            Some(("first", n)) => count(n).map_or(&[], |n| &names[..n]),
            Some(("last", n)) => count(n).map_or(&[], |n| &names[names.len() - n..]),
            _ => &names,
        };
        let fits = |name: &&&str| match selection.strip_suffix('*') {
            _ if selection.contains(':') => true,
            Some(start) => name.starts_with(start),
            None => **name == selection,
        };
        let meant: Vec<&&str> = some.iter().filter(fits).collect();
        if meant.is_empty() {
            let what = "means no batch-norm of the network";
            let fix = format!(
                "write a name, the beginning of one and *, or first:N or last:N with N from 1 to {}",
                names.len()
            );
            problems.push(Problem::new(format!("--format {selection}"), what, fix));
        }
        found.extend(meant.into_iter().map(|name| (name.to_string(), *format)));
    }
    match problems.is_empty() {
        true => Ok(found),
        false => Err(Error::BadInput(problems)),
    }
}

/// A search for the cheapest formats with which a network keeps an accuracy.
pub(super) struct Search<'a> {
    pub network: &'a Network,
    pub design: &'a Design,
    pub first: First,
    pub weights: WeightValues,
    /// Images that decide.
    pub examples: &'a [Example],
    /// Per cent of them that have to be right.
    pub wanted: f64,
}

/// What a search found.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Found {
    /// Formats that are not the design's own.
    pub wishes: Vec<Wish>,
    /// Per cent of the images that decide.
    pub accuracy: f64,
    /// Bits of codes written for an image, and those with the design's own format throughout.
    pub bits: [u64; 2],
}

impl Search<'_> {
    /// Beginning with the design's own format throughout, goes over the batch-norms, that with the most values first
    /// (of those with as many, the last one in the network first, as the paper finds early layers most sensitive), and gives
    /// each the narrowest format with which the accuracy is still kept; again and again, until none takes a narrower
    /// one. Then it exchanges: one batch-norm is given a wider format if another can then take one so narrow that bits
    /// are saved.
    ///
    /// What is found cannot be bettered by one narrower format, or by one such exchange. It need not be the cheapest of
    /// all.
    ///
    /// # Errors
    /// An accuracy that the design's own format does not have; images that are not the network's.
    pub fn run(&self, wishes: &[Wish]) -> Result<Found, Error> {
        let accuracy = self.accuracy(wishes)?.unwrap_or(0.0);
        if accuracy < self.wanted {
            let what = format!(
                "{} without narrower formats gives {accuracy:.2} per cent of the images that decide",
                self.design.format
            );
            return Err(Error::bad_input(
                "--auto",
                what,
                "ask for less, or for a wider format",
            ));
        }
        let mut descent = Descent::new(self, wishes, accuracy);
        while descent.narrow()? || descent.exchange()? {}
        let wishes = descent.wishes(&descent.places);
        Ok(Found {
            bits: [self.bits(&wishes), self.bits(&descent.given)],
            accuracy: descent.accuracy,
            wishes,
        })
    }

    /// Per cent of the images named rightly; `None` if that does not compile.
    fn accuracy(&self, wishes: &[Wish]) -> Result<Option<f64>, Error> {
        let choices = Choices {
            formats: wishes.to_vec(),
            first: self.first,
            weights: self.weights,
            ..Choices::default()
        };
        let Ok(compiled) = compile_with(self.network, self.design, &choices) else {
            return Ok(None);
        };
        let runner = FastRunner::new(&compiled.image);
        let images: Vec<&[u8]> = self
            .examples
            .iter()
            .map(|e| e.image.pixels.as_slice())
            .collect();
        let runs = runner.run_all(&images, || ())?;
        let right = runs.iter().zip(self.examples);
        let right =
            right.filter(|(run, example)| Answer::of(&run.scores, label(example)).rank == 0);
        Ok(Some(
            100.0 * right.count() as f64 / self.examples.len().max(1) as f64,
        ))
    }

    /// The batch-norm whose values are left uncoded.
    fn uncoded(&self) -> Option<usize> {
        let first = norms(self.network).first().copied();
        first.filter(|_| self.first == First::Uncoded)
    }

    /// Values that a batch-norm normalises.
    fn values(&self, node: usize) -> u64 {
        self.network.nodes[node].shape.values() as u64
    }

    /// Bits of all that is normalised.
    fn bits(&self, wishes: &[Wish]) -> u64 {
        let bits = |node: usize| {
            let name = &self.network.nodes[node].name;
            let wish = wishes.iter().rfind(|(wanted, _)| wanted == name);
            let format = match wish {
                _ if self.uncoded() == Some(node) => Format::I8,
                Some((_, format)) => *format,
                None => self.design.format,
            };
            self.values(node) * u64::from(format.code_bits())
        };
        norms(self.network).into_iter().map(bits).sum()
    }
}

/// An assignment on its way down.
struct Descent<'a> {
    search: &'a Search<'a>,
    /// Formats that are not to be changed.
    given: Vec<Wish>,
    /// The batch-norms that are free, in the order they are tried.
    free: Vec<usize>,
    /// The formats there are, the design's own last; within a family they are listed by width.
    formats: Vec<Format>,
    /// By free batch-norm: the place of its format.
    places: Vec<usize>,
    accuracy: f64,
    /// Assignments that do not keep the accuracy.
    refused: BTreeSet<Vec<usize>>,
}

impl<'a> Descent<'a> {
    fn new(search: &'a Search, given: &[Wish], accuracy: f64) -> Descent<'a> {
        let name = |node: usize| &search.network.nodes[node].name;
        let mut free = norms(search.network);
        // What is left uncoded has no format to choose.
        free.retain(|&node| search.uncoded() != Some(node));
        free.retain(|&node| given.iter().all(|(known, _)| known != name(node)));
        free.sort_by_key(|&node| std::cmp::Reverse((search.values(node), node)));
        let own = search.design.format;
        let formats: Vec<Format> = own.narrower().chain([own]).collect();
        Descent {
            search,
            given: given.to_vec(),
            places: vec![formats.len() - 1; free.len()],
            free,
            formats,
            accuracy,
            refused: BTreeSet::new(),
        }
    }

    /// The formats that are not the design's own.
    fn wishes(&self, places: &[usize]) -> Vec<Wish> {
        let own = self.formats.len() - 1;
        let name = |node: usize| self.search.network.nodes[node].name.clone();
        let chosen = self.free.iter().zip(places);
        let chosen = chosen.filter(|(_, place)| **place != own);
        let chosen = chosen.map(|(&node, &place)| (name(node), self.formats[place]));
        self.given.iter().cloned().chain(chosen).collect()
    }

    /// Takes an assignment if it keeps the accuracy. What batch-norms that share values do not agree on is no choice.
    fn take(&mut self, places: Vec<usize>) -> Result<bool, Error> {
        if self.refused.contains(&places) {
            return Ok(false);
        }
        match self.search.accuracy(&self.wishes(&places))? {
            Some(found) if found >= self.search.wanted => {
                (self.accuracy, self.places) = (found, places);
                Ok(true)
            }
            _ => {
                self.refused.insert(places);
                Ok(false)
            }
        }
    }

    /// Goes over the batch-norms once, and gives each the narrowest format there is; whether any took one.
    fn narrow(&mut self) -> Result<bool, Error> {
        let mut any = false;
        for norm in 0..self.free.len() {
            for place in 0..self.places[norm] {
                let mut places = self.places.clone();
                places[norm] = place;
                if self.take(places)? {
                    any = true;
                    break;
                }
            }
        }
        Ok(any)
    }

    /// Gives one batch-norm a wider format and another a narrower one, the first two with which bits are saved; whether
    /// there are such.
    fn exchange(&mut self) -> Result<bool, Error> {
        let bits = |norm: usize, place: usize| {
            self.search.values(self.free[norm]) * u64::from(self.formats[place].code_bits())
        };
        let mut tries = vec![];
        for wide in 0..self.free.len() {
            for narrow in (0..self.free.len()).filter(|&narrow| narrow != wide) {
                for up in self.places[wide] + 1..self.formats.len() {
                    for down in 0..self.places[narrow] {
                        let before =
                            bits(wide, self.places[wide]) + bits(narrow, self.places[narrow]);
                        if bits(wide, up) + bits(narrow, down) < before {
                            let mut places = self.places.clone();
                            (places[wide], places[narrow]) = (up, down);
                            tries.push(places);
                        }
                    }
                }
            }
        }
        for places in tries {
            if self.take(places)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use cromulent_design::Affine;

    use super::*;

    fn network() -> Network {
        let file =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/fashion-resnet8.toml");
        Network::load(&file).unwrap()
    }

    #[test]
    fn selections_mean_batch_norms() {
        let network = network();
        let meant = |selection: &str| {
            let wishes = wishes(&network, &[(selection.to_owned(), Format::L3)]);
            wishes.map(|wishes| {
                wishes
                    .into_iter()
                    .map(|(name, _)| name)
                    .collect::<Vec<_>>()
                    .join(" ")
            })
        };
        assert_eq!(meant("first:2").unwrap(), "blocks.0.bn1 blocks.0.bn2");
        assert_eq!(meant("last:1").unwrap(), "bn");
        assert_eq!(meant("blocks.2.*").unwrap(), "blocks.2.bn1 blocks.2.bn2");
        assert_eq!(meant("bn").unwrap(), "bn");
        assert_eq!(meant("*").unwrap().split(' ').count(), 7);
        for wrong in ["first:8", "last:x", "first:0", "conv1", "fc*"] {
            assert!(
                meant(wrong)
                    .unwrap_err()
                    .to_string()
                    .contains("first:N or last:N"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn the_search_keeps_the_accuracy_and_saves_bits() {
        let network = network();
        let examples = network.examples(60).unwrap();
        let mut design = Design::new(32, 32, Format::R4, Affine::Rectified);
        (design.image_digits, design.code_depth) = (true, 1 << 16);
        let search = |wanted| Search {
            network: &network,
            design: &design,
            first: First::Coded,
            weights: WeightValues::Whole,
            examples: &examples,
            wanted,
        };
        let found = search(80.0).run(&[]).unwrap();
        assert!(
            found.accuracy >= 80.0 && found.bits[0] < found.bits[1],
            "{found:?}"
        );
        assert_eq!(
            search(80.0).accuracy(&found.wishes).unwrap(),
            Some(found.accuracy)
        );
        assert_eq!(search(80.0).run(&[]).unwrap(), found);
        // No batch-norm takes a narrower format.
        for (place, (_, format)) in found.wishes.iter().enumerate() {
            for narrower in Format::R4
                .narrower()
                .take_while(|narrower| narrower != format)
            {
                let mut wishes = found.wishes.clone();
                wishes[place].1 = narrower;
                assert!(
                    search(80.0).accuracy(&wishes).unwrap() < Some(80.0),
                    "{wishes:?}"
                );
            }
        }
        let error = search(100.0).run(&[]).unwrap_err().to_string();
        assert!(
            error.contains("--auto: R4 without narrower formats gives"),
            "{error}"
        );
    }
}
