use std::collections::BTreeSet;

use cromulent_number::Format;
use proptest::prelude::*;

use super::*;
use crate::constants::{Constants, Frame};
use crate::cycle_model::{CycleRun, Machine};
use crate::layer::{LayerOutput, Storage};
use crate::reference::{Outcome, Reference};
use crate::run::{Executor, Runner};

/// What the reference and the cycle model make of a case.
fn both(case: &Case) -> (Outcome, CycleRun) {
    let (design, layer, base) = (&case.design, &case.layer, case.base.as_deref());
    let expected = Reference::new(design, layer).run(&case.activations, base);
    let mut machine = Machine::new(design);
    machine.fetch(layer, &case.activations).unwrap();
    machine.preset(layer, base).unwrap();
    (expected.unwrap(), machine.run(layer))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn reference_and_cycle_model_agree(seed in any::<u64>()) {
        let case = case(seed, &Limits::default());
        prop_assert_eq!(case.design.validate(), Ok(()));
        prop_assert_eq!(case.layer.registers.validate(&case.design), Ok(()));
        let (expected, run) = both(&case);
        prop_assert_eq!(&run.words, &expected.words);
        prop_assert_eq!(run.counters.saturations, expected.saturations);
        let registers = &case.layer.registers;
        let positions = u64::from(registers.column_tiles) * registers.all_positions();
        let beats = positions * u64::from(registers.row_tiles) * registers.position_beats();
        prop_assert_eq!(run.counters.beats, beats);
    }

    #[test]
    fn constants_survive_their_words(seed in any::<u64>()) {
        let case = case(seed, &Limits::default());
        let constants = Constants::read(&case.design, &case.layer);
        let (layer, design) = (&case.layer, &case.design);
        let again = constants.assemble(design, &Frame::of(layer));
        prop_assert_eq!(again.as_ref(), Ok(layer));
    }
}

#[test]
fn cases_cover_every_kind_of_layer() {
    let mut kinds = BTreeSet::new();
    let mut words = BTreeSet::new();
    for seed in 0..16_000 {
        let case = case(seed, &Limits::default());
        let (design, mode) = (&case.design, case.layer.mode);
        kinds.insert((
            design.format,
            design.affine,
            design.image_digits,
            mode.operands,
            mode.pool,
            mode.max_pool(),
        ));
        if !mode.raw {
            let run = both(&case).0.words;
            let format = design.format;
            words.extend(run.iter().map(|w| (format, mode.storage, w.value)));
        }
    }
    // 4 L formats × 3 forms and 4 R formats, each without digits or with (3 kinds of layer); 4 level formats × 2 forms
    // with digits; I8 has 2; I4 and I3 are as R formats. Beside that max-pools, without digits or with.
    let pools = (4 * 3 + 4 + 2) * 2 + 4 * 2 + 1;
    let levels = 4 * 2 * 3 * 2;
    assert_eq!(
        kinds.len(),
        (4 * 3 + 4 + 2) * (1 + 3) * 2 + levels + 2 * 2 + pools
    );
    let seen = |format, storage| {
        let seen = words
            .iter()
            .filter(|&&(f, s, _)| (f, s) == (format, storage));
        seen.count() as u32
    };
    for format in Format::ALL {
        let codes = seen(format, Storage::Codes);
        assert_eq!(codes, format.codes(), "{format}: a code never appears");
    }
    for format in Format::ALL {
        for narrow in format.narrower() {
            let subset = format.subset(narrow).unwrap();
            let codes = match format.is_rectified() {
                true => subset.largest + 2,
                false => 2 * (subset.largest + 1),
            };
            let found = seen(format, Storage::Narrow(narrow));
            assert_eq!(found, codes, "{narrow} in {format}");
        }
    }
    let integers = words.iter().filter(|(_, s, _)| *s == Storage::Integers);
    let integers: BTreeSet<i64> = integers.map(|(_, _, value)| *value).collect();
    assert!(integers.into_iter().eq(0..=127), "an integer never appears");
}

#[test]
fn a_seed_gives_the_same_case_again() {
    assert_eq!(case(7, &Limits::default()), case(7, &Limits::default()));
}

#[test]
fn a_given_design_keeps_its_arithmetic() {
    let mut design = Design::new(
        5,
        3,
        cromulent_number::Format::L5,
        cromulent_design::Affine::Exact,
    );
    design.image_digits = true;
    for seed in 0..200 {
        let case = case_for(seed, &design, &Limits::default());
        assert_eq!(case.design.validate(), Ok(()));
        assert_eq!((case.design.rows, case.design.columns), (5, 3));
        assert_eq!(case.design.format, design.format);
        let (expected, run) = both(&case);
        assert_eq!(run.words, expected.words, "seed {seed}");
    }
}

#[test]
fn cases_cover_everything_the_residual_stream_does() {
    let mut kinds = BTreeSet::new();
    let (mut saturated, mut joined, mut alone) = (0, 0, 0);
    for seed in 0..3000 {
        let case = case(seed, &Limits::default());
        let layer = &case.layer;
        joined += usize::from(layer.places.input.len() > 1);
        if let LayerOutput::Residual(step) = &layer.output {
            let in_place = layer.places.read == layer.places.write;
            kinds.insert((
                step.base.is_some(),
                in_place,
                step.clamp,
                step.codes.is_some(),
            ));
            saturated += usize::from(both(&case).0.saturations > 0);
        }
        let single = layer.alone();
        let words = crate::reference::run(&case.design, &single, &case.activations).unwrap();
        let run = crate::cycle_model::run(&case.design, &single, &case.activations).unwrap();
        assert_eq!(run.words, words, "seed {seed}");
        alone += usize::from(single != *layer);
    }
    // Base or none, clamped or not, coded or not; in place or apart only where there is a base.
    assert!(kinds.len() >= 12, "{kinds:?}");
    assert!(
        saturated > 100 && joined > 500 && alone > 300,
        "{saturated} {joined} {alone}"
    );
}

#[test]
fn whole_networks_are_the_same_in_both_executors() {
    let (mut joins, mut sums, mut reused, mut saturated, mut pools) = (0, 0, 0, 0, 0);
    for seed in 0..1500 {
        let NetworkCase { image, pixels } = network(seed, &Limits::default());
        assert_eq!(image.check(), Ok(()), "seed {seed}");
        let runner = Runner::new(&image);
        let reference = runner.run(&pixels, Executor::Reference).unwrap();
        let model = runner.run(&pixels, Executor::CycleModel).unwrap();
        for (a, b) in reference.layers.iter().zip(&model.layers) {
            assert_eq!(a.words, b.words, "seed {seed}, {}", a.name);
            assert_eq!(a.saturations, b.saturations, "seed {seed}, {}", a.name);
        }
        assert_eq!(reference.scores, model.scores, "seed {seed}");
        let layers = &image.layers;
        joins += layers.iter().filter(|l| l.places.input.len() > 1).count();
        sums += layers.iter().filter(|l| l.registers.add).count();
        let again = image.tensors.iter().filter(|t| t.place.address == 0);
        reused += again.count();
        pools += layers.iter().filter(|l| l.mode.max_pool()).count();
        saturated += usize::from(reference.layers.iter().any(|l| l.saturations > 0));
    }
    let seen = [joins, sums, reused, saturated, pools];
    assert!(seen.iter().all(|&n| n > 200), "{seen:?}");
}

#[test]
fn networks_fit_the_design_they_are_drawn_for() {
    let mut design = Design::new(
        4,
        3,
        cromulent_number::Format::R3,
        cromulent_design::Affine::Rectified,
    );
    design.image_digits = true;
    (design.code_depth, design.stream_depth) = (200, 100);
    let limits = Limits::default();
    for seed in 0..50 {
        let case = network_within(seed, &design, &limits).expect("one of a hundred fits");
        assert_eq!(case.image.design, design);
        assert_eq!(case.image.check(), Ok(()));
        assert_eq!(case, network_within(seed, &design, &limits).unwrap());
    }
    design.image_digits = false;
    assert_eq!(network_within(1, &design, &limits), None);
}
