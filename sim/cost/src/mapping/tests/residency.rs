//! What stays on chip in small networks, against all choices.

use proptest::prelude::*;

use super::tilings::{array, objectives, prices, rooms, works};
use crate::mapping::residency::Residency;
use crate::mapping::values::Uses;
use crate::mapping::*;

/// A random network of values: layers read maps written before, and add to values of the stream.
fn network(numbers: &[u8], work: &[Work]) -> (Vec<Value>, Vec<Uses>) {
    let mut values: Vec<Value> = vec![];
    let mut uses = vec![];
    for (layer, work) in work.iter().enumerate() {
        let pick = |n: usize| usize::from(numbers[(5 * layer + n) % numbers.len()]);
        let maps = (0..values.len()).filter(|&v| !values[v].stream);
        let inputs: Vec<usize> = maps.filter(|v| (pick(0) >> (v % 8)) & 1 == 1).collect();
        let base = (0..values.len()).rfind(|&v| values[v].stream && pick(1) % 2 == 0);
        inputs
            .iter()
            .chain(&base)
            .for_each(|&value| values[value].readers.push(layer));
        let mut write = |stream: bool, words: u64| {
            values.push(Value {
                stream,
                number: values.len(),
                words,
                planes: 1 + words % 2,
                written: layer,
                readers: vec![],
            });
            values.len() - 1
        };
        let output = (work.output > 0).then(|| write(false, 20 * (1 + pick(2) as u64 % 2)));
        let result = (pick(3) % 2 == 0).then(|| write(true, 30));
        uses.push(Uses {
            image: inputs.is_empty(),
            inputs,
            output,
            base,
            result,
        });
    }
    // A value that nobody reads is none.
    let dead = |value: &Option<usize>| value.is_some_and(|v| values[v].readers.is_empty());
    for uses in &mut uses {
        uses.output = uses.output.filter(|&v| !dead(&Some(v)));
        uses.result = uses.result.filter(|&v| !dead(&Some(v)));
    }
    (values, uses)
}

/// The least that all choices of what stays come to: each value stays, or does not.
fn all_choices(residency: &Residency) -> Option<(u128, u64)> {
    let values = residency.values;
    let choices = (0..1u32 << values.len()).filter_map(|bits| {
        let stays = |value: usize| (bits >> value) & 1 == 1;
        let dead = |value: &Value| value.readers.is_empty();
        if (0..values.len()).any(|v| stays(v) && dead(&values[v])) {
            return None;
        }
        let mut sum = (0, 0);
        for (layer, uses) in residency.uses.iter().enumerate() {
            let mut taken = [0; 2];
            for (number, value) in values.iter().enumerate().filter(|&(v, _)| stays(v)) {
                let last = *value.readers.last()?;
                if value.written <= layer && layer <= last {
                    taken[usize::from(value.stream)] += value.words;
                }
                let in_place = uses.result == Some(number)
                    && uses.base.is_some_and(|base| {
                        let base_value = &values[base];
                        stays(base)
                            && base_value.words == value.words
                            && base_value.readers.last() == Some(&layer)
                    });
                if in_place {
                    taken[1] -= value.words;
                }
            }
            let gone = |value: Option<usize>| value.is_some_and(|value| !stays(value));
            let planes = uses
                .inputs
                .iter()
                .filter(|&&v| !stays(v))
                .map(|&v| values[v].planes);
            let planes = planes.sum::<u64>() + u64::from(uses.image);
            let moved = Moved {
                planes: planes.min(residency.work[layer].input_planes()),
                output: gone(uses.output),
                base: gone(uses.base),
                result: gone(uses.result),
            };
            let all = Depths::of(residency.machine.design);
            let room = Depths {
                codes: all.codes.checked_sub(taken[0])?,
                stream: all.stream.checked_sub(taken[1])?,
                ..all
            };
            let found =
                Case::new(residency.machine, &residency.work[layer], moved, room).search()?;
            sum = (sum.0 + found.value, sum.1 + found.cost.beats.total());
        }
        Some(sum)
    });
    choices.min()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_stays_on_chip_is_the_best_of_all_choices(
        work in prop::collection::vec(works(), 1..5),
        numbers in prop::collection::vec(any::<u8>(), 25),
        room in rooms(),
        objective in objectives(),
    ) {
        let design = Design {
            code_depth: room.codes as u32,
            weight_depth: room.weights as u32,
            tile_depth: room.sums as u32,
            stream_depth: room.stream as u32,
            ..array()
        };
        let prices = prices(&design);
        let machine = Machine { design: &design, interval: 1, prices: Some(&prices), objective };
        let (values, uses) = network(&numbers, &work);
        let residency = Residency { machine: &machine, work: &work, values: &values, uses: &uses };
        let found = residency.search().ok().map(|(_, decided)| {
            let sum = |count: fn(&Found) -> u128| decided.iter().map(|d| count(&d.found)).sum::<u128>();
            (sum(|found| found.value), sum(|found| found.cost.beats.total().into()) as u64)
        });
        prop_assert_eq!(found, all_choices(&residency));
    }
}
