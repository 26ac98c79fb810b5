use std::path::Path;

use cromulent_design::Affine;
use cromulent_engine::compile::First;

use super::*;

fn network(name: &str) -> Network {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples");
    Network::load(&folder.join(name)).unwrap()
}

fn design(format: Format, affine: Affine) -> Design {
    let mut design = Design::new(32, 32, format, affine);
    (design.image_digits, design.code_depth) = (true, 1 << 16);
    design
}

#[test]
fn a_descent_keeps_the_accuracy_and_saves_bits() {
    let network = network("fashion-resnet8.toml");
    let examples = network.examples(60).unwrap();
    let design = design(Format::R4, Affine::Rectified);
    let choices = Choices::default();
    let search = |wanted| Search {
        network: &network,
        design: &design,
        choices: &choices,
        examples: &examples,
        wanted,
        tries: 0,
    };
    let found = search(86.0).run(&[]).unwrap();
    assert!(
        found.accuracy >= 86.0 && found.bits[0] < found.bits[1],
        "{found:?}"
    );
    assert!(!found.cheapest);
    assert_eq!(
        search(86.0).accuracy(&found.wishes).unwrap(),
        Some(found.accuracy)
    );
    assert_eq!(search(86.0).run(&[]).unwrap(), found);
    // The bits are those of what is stored.
    let maps = coded_maps(&network, &design, &search(86.0).choices(&found.wishes)).unwrap();
    assert_eq!(
        maps.iter().map(|map| map.bits()).sum::<u64>(),
        found.bits[0]
    );
    // No batch-norm takes a narrower format.
    for (place, (_, format)) in found.wishes.iter().enumerate() {
        for narrower in Format::R4
            .narrower()
            .take_while(|narrower| narrower != format)
        {
            let mut wishes = found.wishes.clone();
            wishes[place].1 = narrower;
            assert!(
                search(86.0).accuracy(&wishes).unwrap() < Some(86.0),
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

/// Every assignment of R2 and R3 to seven batch-norms.
#[test]
fn what_is_called_the_cheapest_is_the_cheapest_of_all() {
    let network = network("fashion-resnet8.toml");
    let examples = network.examples(30).unwrap();
    let design = design(Format::R3, Affine::Rectified);
    let choices = Choices::default();
    let search = |wanted| Search {
        network: &network,
        design: &design,
        choices: &choices,
        examples: &examples,
        wanted,
        tries: TRIES,
    };
    let all = search(0.0);
    let descent = Descent::new(&all, &[], 100.0).unwrap();
    assert_eq!((descent.free.len(), descent.formats.len()), (7, 2));
    let assignments = (0..128usize).map(|n| (0..7).map(|group| n >> group & 1).collect::<Vec<_>>());
    let known: Vec<(u64, f64)> = assignments
        .map(|places| {
            let accuracy = all.accuracy(&descent.wishes(&places)).unwrap().unwrap();
            (descent.bits(&places), accuracy)
        })
        .collect();
    let mut answers = BTreeSet::new();
    for wanted in [50.0, 70.0, 80.0, 85.0, 86.0, 90.0, 93.0] {
        let kept = known.iter().filter(|(_, accuracy)| *accuracy >= wanted);
        let Some(least) = kept.map(|&(bits, _)| bits).min() else {
            continue;
        };
        if known[127].1 < wanted {
            continue;
        }
        let found = search(wanted).run(&[]).unwrap();
        assert!(found.cheapest && found.accuracy >= wanted, "{found:?}");
        assert_eq!(found.bits[0], least, "{wanted}");
        answers.insert(least);
    }
    assert!(answers.len() > 1, "{answers:?}");
}

#[test]
fn cheaper_assignments_are_all_there_are_in_order() {
    let network = network("fashion-resnet8.toml");
    let design = design(Format::R4, Affine::Rectified);
    let choices = Choices::default();
    let search = Search {
        network: &network,
        design: &design,
        choices: &choices,
        examples: &[],
        wanted: 0.0,
        tries: 0,
    };
    let mut descent = Descent::new(&search, &[], 0.0).unwrap();
    let count = 3usize.pow(7);
    let all = (0..count).map(|n| (0..7).map(|group| n / 3usize.pow(group) % 3).collect());
    let all: Vec<Vec<usize>> = all.collect();
    for places in [&all[count - 1], &all[1000], &all[0]] {
        descent.places.clone_from(places);
        let bound = descent.bits(places);
        let wanted = all.iter().filter(|places| descent.bits(places) < bound);
        let found = descent.cheaper(count).unwrap();
        assert_eq!(found.len(), wanted.count());
        let bits: Vec<u64> = found.iter().map(|places| descent.bits(places)).collect();
        assert!(bits.is_sorted() && bits.iter().all(|&bits| bits < bound));
        if found.len() > 1 {
            assert_eq!(descent.cheaper(found.len() - 1), None);
        }
    }
}

/// What batch-norms of a DenseNet read of each other takes one format; what the user chose stays.
#[test]
fn batch_norms_that_share_values_take_one_format() {
    if std::env::var_os("CROMULENT_DATA").is_none() {
        eprintln!("skipped: CROMULENT_DATA is not set");
        return;
    }
    let network = network("fashion-densenet22.toml");
    let design = design(Format::L5, Affine::Exact);
    let groups = |choices: &Choices, wishes: &[Wish]| {
        let search = Search {
            network: &network,
            design: &design,
            choices,
            examples: &[],
            wanted: 0.0,
            tries: 0,
        };
        let (groups, fixed) = search.groups(wishes).unwrap();
        let sizes: Vec<usize> = groups.iter().map(|group| group.norms.len()).collect();
        let values: u64 = groups.iter().map(|group| group.values).sum();
        (sizes, values, fixed)
    };
    let first = Choices {
        first: First::Uncoded,
        ..Choices::default()
    };
    assert_eq!(
        groups(&Choices::default(), &[]),
        (vec![7, 7, 7], 111_720, 0)
    );
    // The first batch-norm has integers of its own, 16 channels of 28 × 28.
    assert_eq!(
        groups(&first, &[]),
        (vec![6, 7, 7], 111_720, 16 * 28 * 28 * 8)
    );
    let chosen = [("features.9.bn".to_owned(), Format::L3)];
    let (sizes, values, fixed) = groups(&Choices::default(), &chosen);
    assert_eq!(sizes, [7, 7]);
    // Maps that the ninth does not read stay as they are.
    let others = 111_720 - values;
    assert!((3 * others..5 * others).contains(&fixed), "{fixed}");
}
