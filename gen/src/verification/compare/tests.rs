use super::*;
use crate::executors::Counters;

fn run(executor: Executor, values: &[i64], first_cycle: Option<u64>) -> RunTrace {
    let word = |(n, &value): (usize, &i64)| OutputWord {
        column_tile: 0,
        position: n as u32,
        column: 0,
        value,
    };
    let words: Vec<OutputWord> = values.iter().enumerate().map(word).collect();
    let mut run = RunTrace::of_engine(executor, vec![words], vec![values[0]]);
    run.layers[0].clock = first_cycle.map(|first| Clock {
        leaves: (first..).take(values.len()).collect(),
        start: 0,
        cycles: first + values.len() as u64,
        counted: first + values.len() as u64,
    });
    run
}

#[test]
fn the_first_differing_word_is_named() {
    let all = [
        run(Executor::Reference, &[1, 2, 3], None),
        run(Executor::Model, &[1, 2, 3], Some(9)),
        run(Executor::Verilator, &[1, 7, 8], Some(9)),
    ];
    let comparisons = compare_layer(&all, 0);
    assert_eq!(comparisons[0].mismatches(), 0);
    let verilator = &comparisons[1];
    assert_eq!(
        (verilator.different_words, verilator.different_cycles),
        (2, 0)
    );
    let Some(Difference::Word {
        wanted,
        found,
        cycle,
    }) = verilator.first
    else {
        panic!("a word differs")
    };
    assert_eq!(
        (wanted.value, found.value, found.position, cycle),
        (2, 7, 1, Some(10))
    );
}

#[test]
fn late_and_missing_words_differ_too() {
    let all = [
        run(Executor::Model, &[1, 2], Some(9)),
        run(Executor::RustHdl, &[1, 2], Some(10)),
        run(Executor::Verilator, &[1], Some(9)),
    ];
    let [late, short] = compare_layer(&all, 0).try_into().unwrap();
    assert_eq!((late.different_words, late.different_cycles), (0, 4));
    assert_eq!(short.different_words, 1);
    // A layer that nobody ran is equal, one that only one ran is not.
    assert!(compare_layer(&all, 1).iter().all(|c| c.mismatches() == 0));
}

#[test]
fn results_counters_and_bad_ends_are_of_the_whole_run() {
    let counters = |cycles, beats| {
        Some(Counters::new([
            ("cycles".to_owned(), cycles),
            ("beats".to_owned(), beats),
        ]))
    };
    let mut all = [
        run(Executor::Model, &[5], Some(9)),
        run(Executor::Verilator, &[6], Some(9)),
    ];
    all[0].totals = counters(10, 4);
    all[1].totals = counters(11, 4);
    let timed = &compare_run(&all, true)[0];
    assert_eq!((timed.different_words, timed.different_cycles), (1, 1));
    assert_eq!(compare_run(&all, false)[0].different_cycles, 0);
    all[1].failure = Some("hung".to_owned());
    let first = compare_run(&all, true)[0].first.clone();
    assert_eq!(first, Some(Difference::Failure("hung".to_owned())));
}
