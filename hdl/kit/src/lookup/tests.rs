use super::*;
use proptest::prelude::*;

fn read(memory: &mut Lookup, address: i64) -> u64 {
    memory.read_address.set(address);
    assert!(simulate(memory, 10));
    memory.read_data.value().pattern()
}

/// Writes, and gives what is read of `from` before and after the edge.
fn write(memory: &mut Lookup, to: i64, data: i64, from: i64) -> [u64; 2] {
    memory.write_enable.set(1);
    memory.write_address.set(to);
    memory.write_data.set(data);
    memory.clock.set(0);
    let before = read(memory, from);
    memory.clock.set(1);
    let after = read(memory, from);
    memory.write_enable.set(0);
    [before, after]
}

#[test]
fn a_word_is_read_in_the_cycle_of_its_address_and_written_at_the_edge() {
    let mut memory = Lookup::new(4, 8);
    assert_eq!(write(&mut memory, 2, 17, 2), [0, 17]);
    assert_eq!(write(&mut memory, 1, 5, 2), [17, 17]);
    assert_eq!([1, 2, 3].map(|at| read(&mut memory, at)), [5, 17, 0]);
}

#[test]
#[should_panic(expected = "a memory has at least one word")]
fn no_words() {
    Lookup::new(0, 8);
}

proptest! {
    #[test]
    fn behaves_as_a_list(
        depth in 1usize..9,
        cycles in prop::collection::vec((0i64..8, any::<i64>(), 0i64..8), 1..40),
    ) {
        let mut memory = Lookup::new(depth, 64);
        let mut words = vec![0u64; depth];
        for (to, data, from) in cycles {
            let [to, from] = [to, from].map(|address| address % depth as i64);
            let before = words[from as usize];
            words[to as usize] = data as u64;
            prop_assert_eq!(write(&mut memory, to, data, from), [before, words[from as usize]]);
        }
    }
}
