use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::constants::Constants;
use crate::{cycle_model, reference};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn reference_and_cycle_model_agree(seed in any::<u64>()) {
        let case = case(seed, &Limits::default());
        prop_assert_eq!(case.design.validate(), Ok(()));
        prop_assert_eq!(case.layer.registers.validate(&case.design), Ok(()));
        let expected = reference::run(&case.design, &case.layer, &case.activations).unwrap();
        let run = cycle_model::run(&case.design, &case.layer, &case.activations).unwrap();
        prop_assert_eq!(&run.words, &expected);
        let last = run.leaves.iter().max().unwrap();
        // The last column may idle, and its word still counts.
        prop_assert!(last + u64::from(case.design.columns) >= run.counters.cycles);
        prop_assert!(*last < run.counters.cycles);
    }

    #[test]
    fn constants_survive_their_words(seed in any::<u64>()) {
        let case = case(seed, &Limits::default());
        let constants = Constants::read(&case.design, &case.layer);
        let (layer, design) = (&case.layer, &case.design);
        let again = constants.assemble(
            design, &layer.name, layer.geometry, layer.mode, layer.input, layer.output.clone(),
        );
        prop_assert_eq!(again.as_ref(), Ok(layer));
    }
}

#[test]
fn cases_cover_every_kind_of_layer() {
    let mut kinds = BTreeSet::new();
    let mut words = BTreeSet::new();
    for seed in 0..10_000 {
        let case = case(seed, &Limits::default());
        let (design, mode) = (&case.design, case.layer.mode);
        let integers = mode.operands == Operands::Integers;
        kinds.insert((
            design.format,
            design.affine,
            design.image_digits,
            integers,
            mode.pool,
        ));
        if !mode.raw {
            let run = reference::run(design, &case.layer, &case.activations).unwrap();
            words.extend(run.iter().map(|word| (design.format, word.value)));
        }
    }
    // 4 L formats × 3 forms and 4 R formats, each without digits or with (2 kinds of layer); I8 has 2.
    assert_eq!(kinds.len(), (4 * 3 + 4) * 3 * 2 + 2 * 2);
    for format in cromulent_number::Format::ALL {
        let codes = words.iter().filter(|(f, _)| *f == format).count() as u32;
        assert_eq!(codes, format.codes(), "{format}: a code never appears");
    }
}

#[test]
fn a_seed_gives_the_same_case_again() {
    assert_eq!(case(7, &Limits::default()), case(7, &Limits::default()));
}

#[test]
fn a_given_design_keeps_its_arithmetic() {
    let mut design = Design::new(
        3,
        5,
        cromulent_number::Format::L5,
        cromulent_design::Affine::Exact,
    );
    design.image_digits = true;
    for seed in 0..200 {
        let case = case_for(seed, &design, &Limits::default());
        assert_eq!(case.design.validate(), Ok(()));
        assert_eq!((case.design.rows, case.design.columns), (3, 5));
        assert_eq!(case.design.format, design.format);
        let words = reference::run(&case.design, &case.layer, &case.activations).unwrap();
        let run = cycle_model::run(&case.design, &case.layer, &case.activations).unwrap();
        assert_eq!(run.words, words, "seed {seed}");
    }
}
