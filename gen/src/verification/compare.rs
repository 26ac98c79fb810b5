//! What differs between two executors.

use cromulent_engine::OutputWord;

use super::trace::{Clock, RunTrace, Trace, UNTIMED};
use crate::cli::Executor;

/// The first thing that differs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Difference {
    /// A word.
    Word {
        /// What should be there.
        wanted: OutputWord,
        /// What is there.
        found: OutputWord,
        /// The cycle it leaves, if known.
        cycle: Option<u64>,
    },
    /// The cycle in which a word leaves.
    Cycle {
        /// The word.
        word: OutputWord,
        /// When it should leave.
        wanted: u64,
        /// When it leaves.
        found: u64,
    },
    /// Something that is counted.
    Count {
        /// What is counted.
        what: String,
        /// What should be.
        wanted: u64,
        /// What is.
        found: u64,
    },
    /// A result in memory.
    Result {
        /// Which, from 0.
        place: usize,
        /// What should be there.
        wanted: i64,
        /// What is there.
        found: i64,
    },
    /// It came to a bad end.
    Failure(String),
}

/// How one executor compares with the first (its words) and with the first that has a clock (cycles).
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Which.
    pub executor: Executor,
    /// The one its words are compared with.
    pub with: Executor,
    /// Words or results that differ, missing and surplus ones included.
    pub different_words: usize,
    /// Equal words that leave in another cycle, and counts that differ.
    pub different_cycles: usize,
    /// What differs first.
    pub first: Option<Difference>,
}

impl Comparison {
    fn new(executor: Executor, with: Executor) -> Comparison {
        Comparison {
            executor,
            with,
            different_words: 0,
            different_cycles: 0,
            first: None,
        }
    }

    /// Everything that differs.
    pub fn mismatches(&self) -> usize {
        self.different_words + self.different_cycles
    }

    fn count(&mut self, what: &str, wanted: u64, found: u64) {
        if wanted != found {
            self.different_cycles += 1;
            self.counted(what, wanted, found);
        }
    }

    /// How many words or results there are: each missing or surplus one differs.
    fn length(&mut self, what: &str, wanted: usize, found: usize) {
        if wanted != found {
            self.different_words += wanted.abs_diff(found);
            self.counted(what, wanted as u64, found as u64);
        }
    }

    fn counted(&mut self, what: &str, wanted: u64, found: u64) {
        let what = what.to_owned();
        self.first.get_or_insert(Difference::Count {
            what,
            wanted,
            found,
        });
    }
}

/// Compares each but the first with the first, layer `place` only.
pub fn compare_layer(all: &[RunTrace], place: usize) -> Vec<Comparison> {
    let none = Trace::default();
    let layer = |run: &RunTrace| run.layers.get(place).cloned().unwrap_or(none.clone());
    let traces: Vec<Trace> = all.iter().map(layer).collect();
    let clocked = traces.iter().position(|trace| trace.clock.is_some());
    let compare = |n: usize| {
        let mut result = Comparison::new(all[n].executor, all[0].executor);
        compare_words(&traces[0], &traces[n], &mut result);
        let clock = clocked.filter(|&first| first != n);
        if let Some(wanted) = clock.and_then(|first| traces[first].clock.as_ref())
            && let Some(found) = &traces[n].clock
        {
            compare_clocks(&traces[0].words, wanted, found, &mut result);
        }
        result
    };
    (1..all.len()).map(compare).collect()
}

fn compare_words(wanted: &Trace, found: &Trace, result: &mut Comparison) {
    let pairs = wanted.words.iter().zip(&found.words).enumerate();
    for (n, (&wanted, &word)) in pairs.filter(|(_, (wanted, found))| wanted != found) {
        result.different_words += 1;
        let leaves = found.clock.as_ref().map(|clock| &clock.leaves);
        result.first.get_or_insert(Difference::Word {
            wanted,
            found: word,
            cycle: leaves.and_then(|leaves| leaves.get(n).copied()),
        });
    }
    result.length("words", wanted.words.len(), found.words.len());
}

fn compare_clocks(words: &[OutputWord], wanted: &Clock, found: &Clock, result: &mut Comparison) {
    let pairs = wanted.leaves.iter().zip(&found.leaves);
    for (&word, (&wanted, &found)) in words.iter().zip(pairs) {
        if wanted != found {
            result.different_cycles += 1;
            result.first.get_or_insert(Difference::Cycle {
                word,
                wanted,
                found,
            });
        }
    }
    result.count("cycles", wanted.cycles, found.cycles);
    result.count("cycles by its own counter", wanted.counted, found.counted);
    result.count(
        "cycles from the first layer's start to this one's",
        wanted.start,
        found.start,
    );
}

/// Compares each but the first with the first in what is of the whole program: results, counters, its end.
/// Without `timed`, only counters of which no stall takes anything.
pub fn compare_run(all: &[RunTrace], timed: bool) -> Vec<Comparison> {
    let Some(first) = all.first() else {
        return vec![];
    };
    let clocked = all.iter().find(|run| run.totals.is_some());
    let compare = |run: &RunTrace| {
        let mut result = Comparison::new(run.executor, first.executor);
        if let Some(what) = &run.failure {
            result.different_words += 1;
            result.first = Some(Difference::Failure(what.clone()));
        }
        compare_results(first, run, &mut result);
        let clocked = clocked.filter(|other| other.executor != run.executor);
        if let (Some(wanted), Some(found)) = (clocked.and_then(|c| c.totals.as_ref()), &run.totals)
        {
            for (name, wanted) in wanted.all() {
                let found = found.get(name).unwrap_or(wanted);
                if timed || UNTIMED.contains(&name) {
                    result.count(name, wanted, found);
                }
            }
        }
        let (wanted, found) = (first.layers.len(), run.layers.len());
        result.count("layers begun", wanted as u64, found as u64);
        result
    };
    all.iter().skip(1).map(compare).collect()
}

fn compare_results(wanted: &RunTrace, found: &RunTrace, result: &mut Comparison) {
    let pairs = wanted.results.iter().zip(&found.results).enumerate();
    for (place, (&wanted, &found)) in pairs.filter(|(_, (wanted, found))| wanted != found) {
        result.different_words += 1;
        result.first.get_or_insert(Difference::Result {
            place,
            wanted,
            found,
        });
    }
    result.length("results", wanted.results.len(), found.results.len());
}

#[cfg(test)]
mod tests;
