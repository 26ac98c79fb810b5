//! A search for the cheapest formats with which a network keeps an accuracy.

use std::collections::BTreeSet;

use cromulent_design::Design;
use cromulent_engine::compile::coded_maps;
use cromulent_engine::{Choices, FastRunner, compile_with};
use cromulent_network::images::Example;
use cromulent_network::{Network, Op};
use cromulent_number::Format;

use super::label;
use super::mixed::Wish;
use super::tally::Answer;
use crate::Error;

/// Assignments cheaper than the one found that are tried, at most, to find the cheapest of all.
pub(super) const TRIES: usize = 2000;

/// Images that are run before it is asked whether too many are wrong already.
const CHUNK: usize = 50;

/// A search for the cheapest formats with which a network keeps an accuracy.
pub(super) struct Search<'a> {
    pub network: &'a Network,
    pub design: &'a Design,
    /// Everything but formats.
    pub choices: &'a Choices,
    /// Images that decide.
    pub examples: &'a [Example],
    /// Per cent of them that have to be right.
    pub wanted: f64,
    /// Cheaper assignments that are tried, at most.
    pub tries: usize,
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
    /// Whether every cheaper assignment was tried, and none keeps the accuracy.
    pub cheapest: bool,
}

/// Batch-norms that take one format together, for they read each other's values, directly or by way of others.
struct Group {
    norms: Vec<usize>,
    /// Values stored for them.
    values: u64,
    /// Bits of these in the formats chosen so far.
    bits: u64,
}

impl Search<'_> {
    /// Beginning with the design's own format throughout, goes over the groups of batch-norms, that with the most values
    /// first (of those with as many, the last one in the network first, as the paper finds early layers most sensitive), and
    /// gives each the narrowest format with which the accuracy is still kept; again and again, until none takes a narrower
    /// one. Then it exchanges: one group is given a wider format if another can then take one so narrow that bits
    /// are saved. What is found so cannot be bettered by one narrower format, or by one such exchange.
    ///
    /// If there are few enough cheaper assignments, all of them are tried, the cheapest first, until one keeps the
    /// accuracy: that is the cheapest of all. Nothing is taken for granted of how accuracy follows formats.
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
        let mut descent = Descent::new(self, wishes, accuracy)?;
        let own = descent.bits(&descent.places);
        while descent.narrow()? || descent.exchange()? {}
        let cheapest = match descent.cheaper(self.tries) {
            Some(cheaper) => {
                for places in cheaper {
                    if descent.take(places)? {
                        break;
                    }
                }
                true
            }
            None => false,
        };
        Ok(Found {
            bits: [descent.bits(&descent.places), own],
            accuracy: descent.accuracy,
            wishes: descent.wishes(&descent.places),
            cheapest,
        })
    }

    /// What the compiler is told.
    fn choices(&self, wishes: &[Wish]) -> Choices {
        Choices {
            formats: wishes.to_vec(),
            ..self.choices.clone()
        }
    }

    /// Per cent of the images named rightly; `None` if that does not compile.
    fn accuracy(&self, wishes: &[Wish]) -> Result<Option<f64>, Error> {
        self.accuracy_above(wishes, 0.0)
    }

    /// The same; `None` too as soon as it cannot be so many per cent.
    fn accuracy_above(&self, wishes: &[Wish], least: f64) -> Result<Option<f64>, Error> {
        let choices = self.choices(wishes);
        let Ok(compiled) = compile_with(self.network, self.design, &choices) else {
            return Ok(None);
        };
        let runner = FastRunner::new(&compiled.image);
        let percent = |count: usize| 100.0 * count as f64 / self.examples.len().max(1) as f64;
        let mut right = self.examples.len();
        for examples in self.examples.chunks(CHUNK) {
            let images = examples.iter();
            let images: Vec<&[u8]> = images.map(|e| e.image.pixels.as_slice()).collect();
            let runs = runner.run_all(&images, || ())?;
            let wrong = runs.iter().zip(examples);
            let wrong =
                wrong.filter(|(run, example)| Answer::of(&run.scores, label(example)).rank != 0);
            right -= wrong.count();
            if percent(right) < least {
                return Ok(None);
            }
        }
        Ok(Some(percent(right)))
    }

    /// The groups that are free, in the order they are tried, and bits of what is stored beside theirs. What the file or
    /// the user has chosen for a batch-norm stays.
    fn groups(&self, wishes: &[Wish]) -> Result<(Vec<Group>, u64), Error> {
        let is_chosen = |&node: &usize| {
            let name = &self.network.nodes[node].name;
            let own = match &self.network.nodes[node].op {
                Op::BatchNorm(norm) => norm.format.is_some(),
                _ => false,
            };
            own || wishes.iter().any(|(known, _)| known == name)
        };
        let maps = coded_maps(self.network, self.design, &self.choices(wishes))?;
        let (mut groups, mut fixed): (Vec<Group>, u64) = (vec![], 0);
        for map in &maps {
            if map.format == Format::I8 {
                fixed += map.bits();
                continue;
            }
            let mut own = Group {
                norms: map.norms.clone(),
                values: map.values,
                bits: map.bits(),
            };
            let touches = |group: &Group| group.norms.iter().any(|norm| map.norms.contains(norm));
            let (same, others) = groups.into_iter().partition::<Vec<_>, _>(touches);
            for group in same {
                own.norms.extend(group.norms);
                own.values += group.values;
                own.bits += group.bits;
            }
            groups = others;
            groups.push(own);
        }
        let has_choice = |group: &Group| group.norms.iter().any(is_chosen);
        let (chosen, mut free) = groups.into_iter().partition::<Vec<_>, _>(has_choice);
        fixed += chosen.iter().map(|group| group.bits).sum::<u64>();
        for group in &mut free {
            group.norms.sort_unstable();
            group.norms.dedup();
        }
        free.sort_by_key(|group| std::cmp::Reverse((group.values, group.norms.last().copied())));
        Ok((free, fixed))
    }
}

/// An assignment on its way down.
struct Descent<'a> {
    search: &'a Search<'a>,
    /// Formats that are not to be changed.
    given: Vec<Wish>,
    /// The groups that are free, in the order they are tried.
    free: Vec<Group>,
    /// Bits of what has no format to choose.
    fixed: u64,
    /// The formats there are, the design's own last; within a family they are listed by width.
    formats: Vec<Format>,
    /// By free group: the place of its format.
    places: Vec<usize>,
    accuracy: f64,
    /// Assignments that do not keep the accuracy.
    refused: BTreeSet<Vec<usize>>,
}

impl<'a> Descent<'a> {
    fn new(search: &'a Search, given: &[Wish], accuracy: f64) -> Result<Descent<'a>, Error> {
        let (free, fixed) = search.groups(given)?;
        let own = search.design.format;
        let formats: Vec<Format> = own.narrower().chain([own]).collect();
        Ok(Descent {
            search,
            given: given.to_vec(),
            places: vec![formats.len() - 1; free.len()],
            free,
            fixed,
            formats,
            accuracy,
            refused: BTreeSet::new(),
        })
    }

    /// The formats that are not the design's own, in the order of the network.
    fn wishes(&self, places: &[usize]) -> Vec<Wish> {
        let own = self.formats.len() - 1;
        let chosen = self.free.iter().zip(places);
        let chosen = chosen.filter(|(_, place)| **place != own);
        let norms = chosen.flat_map(|(group, &place)| group.norms.iter().map(move |&n| (n, place)));
        let norms: BTreeSet<(usize, usize)> = norms.collect();
        let name = |node: usize| self.search.network.nodes[node].name.clone();
        let chosen = norms.into_iter();
        let chosen = chosen.map(|(norm, place)| (name(norm), self.formats[place]));
        self.given.iter().cloned().chain(chosen).collect()
    }

    /// Bits of a group in a format.
    fn group_bits(&self, group: usize, place: usize) -> u64 {
        self.free[group].values * u64::from(self.formats[place].code_bits())
    }

    /// Bits of codes written for an image.
    fn bits(&self, places: &[usize]) -> u64 {
        let groups = places.iter().enumerate();
        let groups = groups.map(|(group, &place)| self.group_bits(group, place));
        self.fixed + groups.sum::<u64>()
    }

    /// Takes an assignment if it keeps the accuracy.
    fn take(&mut self, places: Vec<usize>) -> Result<bool, Error> {
        if self.refused.contains(&places) {
            return Ok(false);
        }
        let wishes = self.wishes(&places);
        match self.search.accuracy_above(&wishes, self.search.wanted)? {
            Some(found) => {
                (self.accuracy, self.places) = (found, places);
                Ok(true)
            }
            None => {
                self.refused.insert(places);
                Ok(false)
            }
        }
    }

    /// Goes over the groups once, and gives each the narrowest format there is; whether any took one.
    fn narrow(&mut self) -> Result<bool, Error> {
        let mut any = false;
        for group in 0..self.free.len() {
            for place in 0..self.places[group] {
                let mut places = self.places.clone();
                places[group] = place;
                if self.take(places)? {
                    any = true;
                    break;
                }
            }
        }
        Ok(any)
    }

    /// Gives one group a wider format and another a narrower one, the first two with which bits are saved; whether
    /// there are such.
    fn exchange(&mut self) -> Result<bool, Error> {
        let mut tries = vec![];
        for wide in 0..self.free.len() {
            for narrow in (0..self.free.len()).filter(|&narrow| narrow != wide) {
                for up in self.places[wide] + 1..self.formats.len() {
                    for down in 0..self.places[narrow] {
                        let mut places = self.places.clone();
                        (places[wide], places[narrow]) = (up, down);
                        if self.bits(&places) < self.bits(&self.places) {
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

    /// Every assignment of fewer bits, those with the fewest first; `None` if there are more than `limit`.
    fn cheaper(&self, limit: usize) -> Option<Vec<Vec<usize>>> {
        let bound = self.bits(&self.places);
        let mut begun: Vec<Vec<usize>> = vec![vec![]];
        for _ in &self.free {
            let mut longer = vec![];
            for places in begun {
                for place in 0..self.formats.len() {
                    let mut places = places.clone();
                    places.push(place);
                    // The rest takes at least its narrowest formats.
                    let mut whole = places.clone();
                    whole.resize(self.free.len(), 0);
                    if self.bits(&whole) < bound {
                        longer.push(places);
                    }
                }
            }
            // Each can be finished, so there are at least as many assignments.
            if longer.len() > limit {
                return None;
            }
            begun = longer;
        }
        begun.retain(|places| self.bits(places) < bound);
        begun.sort_by_key(|places| (self.bits(places), places.clone()));
        Some(begun)
    }
}

#[cfg(test)]
mod tests;
