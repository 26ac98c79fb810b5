//! What differs between two executors.

use std::time::Duration;

use cromulent_engine::OutputWord;

use crate::cli::Executor;

/// What one executor did with a layer.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Which.
    pub executor: Executor,
    /// Its words, in the engine's order.
    pub words: Vec<OutputWord>,
    /// The cycle in which each leaves; none without a clock.
    pub leaves: Option<Vec<u64>>,
    /// Cycles of the layer; none without a clock. Of hardware: its own counter.
    pub cycles: Option<u64>,
    /// Beats issued and cycles waited for weights; of hardware: its own counters.
    pub counters: Option<(u64, u64)>,
    /// It never came to an end.
    pub hung: bool,
    /// How long it took.
    pub seconds: Duration,
}

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
    /// How many words there are.
    Count {
        /// What should be.
        wanted: usize,
        /// What is.
        found: usize,
    },
    /// The count of cycles.
    Cycles {
        /// What should be.
        wanted: u64,
        /// What is.
        found: u64,
    },
    /// The counts of beats issued and of cycles waited for weights.
    Counters {
        /// What should be.
        wanted: (u64, u64),
        /// What is.
        found: (u64, u64),
    },
    /// It was still busy long after it should have been done.
    Hung,
}

/// How one executor compares with the first (its words) and with the first that has a clock (cycles).
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Which.
    pub executor: Executor,
    /// The one it is compared with.
    pub with: Executor,
    /// Words compared.
    pub words: usize,
    /// Words that differ, missing and surplus ones included.
    pub different_words: usize,
    /// Equal words that leave in another cycle, and a count of cycles that differs.
    pub different_cycles: usize,
    /// What differs first.
    pub first: Option<Difference>,
}

impl Comparison {
    /// Everything that differs.
    pub fn mismatches(&self) -> usize {
        self.different_words + self.different_cycles
    }
}

/// Compares `trace` with `first`, and its cycles with the first of `all` that has a clock.
pub fn compare(first: &Trace, all: &[Trace], trace: &Trace) -> Comparison {
    let clocked = all
        .iter()
        .find(|other| other.leaves.is_some())
        .filter(|other| other.executor != trace.executor);
    let mut result = Comparison {
        executor: trace.executor,
        with: first.executor,
        words: first.words.len(),
        different_words: 0,
        different_cycles: 0,
        first: None,
    };
    compare_words(first, trace, &mut result);
    if let Some(clocked) = clocked {
        compare_cycles(clocked, trace, &mut result);
    }
    if trace.hung {
        result.different_cycles += 1;
        result.first.get_or_insert(Difference::Hung);
    }
    result
}

fn compare_words(wanted: &Trace, found: &Trace, result: &mut Comparison) {
    let pairs = wanted.words.iter().zip(&found.words).enumerate();
    for (n, (&wanted, &word)) in pairs.filter(|(_, (wanted, found))| wanted != found) {
        result.different_words += 1;
        let cycle = found
            .leaves
            .as_ref()
            .and_then(|leaves| leaves.get(n).copied());
        result.first.get_or_insert(Difference::Word {
            wanted,
            found: word,
            cycle,
        });
    }
    let (wanted, found) = (wanted.words.len(), found.words.len());
    if wanted != found {
        result.different_words += wanted.abs_diff(found);
        result
            .first
            .get_or_insert(Difference::Count { wanted, found });
    }
}

fn compare_cycles(wanted: &Trace, found: &Trace, result: &mut Comparison) {
    let (Some(own), Some(leaves)) = (&wanted.leaves, &found.leaves) else {
        return;
    };
    for ((&word, &wanted), &found) in wanted.words.iter().zip(own).zip(leaves) {
        if wanted != found {
            result.different_cycles += 1;
            result.first.get_or_insert(Difference::Cycle {
                word,
                wanted,
                found,
            });
        }
    }
    if let (Some(wanted), Some(found)) = (wanted.cycles, found.cycles)
        && wanted != found
    {
        result.different_cycles += 1;
        result
            .first
            .get_or_insert(Difference::Cycles { wanted, found });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(executor: Executor, values: &[i64], first_cycle: Option<u64>) -> Trace {
        let word = |(n, &value): (usize, &i64)| OutputWord {
            column_tile: 0,
            position: n as u32,
            column: 0,
            value,
        };
        Trace {
            executor,
            words: values.iter().enumerate().map(word).collect(),
            leaves: first_cycle.map(|first| (first..).take(values.len()).collect()),
            cycles: first_cycle.map(|first| first + values.len() as u64),
            counters: None,
            hung: false,
            seconds: Duration::ZERO,
        }
    }

    #[test]
    fn the_first_differing_word_is_named() {
        let all = [
            trace(Executor::Reference, &[1, 2, 3], None),
            trace(Executor::Model, &[1, 2, 3], Some(9)),
            trace(Executor::Verilator, &[1, 7, 8], Some(9)),
        ];
        assert_eq!(compare(&all[0], &all, &all[1]).mismatches(), 0);
        let comparison = compare(&all[0], &all, &all[2]);
        assert_eq!(
            (comparison.different_words, comparison.different_cycles),
            (2, 0)
        );
        let Some(Difference::Word {
            wanted,
            found,
            cycle,
        }) = comparison.first
        else {
            panic!("a word differs")
        };
        assert_eq!(
            (wanted.value, found.value, found.position, cycle),
            (2, 7, 1, Some(10))
        );
    }

    #[test]
    fn late_missing_and_endless_words_differ_too() {
        let all = [
            trace(Executor::Model, &[1, 2], Some(9)),
            trace(Executor::RustHdl, &[1, 2], Some(10)),
        ];
        let late = compare(&all[0], &all, &all[1]);
        assert_eq!((late.different_words, late.different_cycles), (0, 3));
        let short = trace(Executor::RustHdl, &[1], Some(9));
        assert_eq!(compare(&all[0], &all, &short).different_words, 1);
        let endless = Trace {
            hung: true,
            ..all[0].clone()
        };
        assert_eq!(
            compare(&all[0], &all, &endless).first,
            Some(Difference::Hung)
        );
    }
}
