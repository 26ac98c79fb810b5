use super::*;
use proptest::prelude::*;

fn edge(memory: &mut Memory) -> u64 {
    for clock in [0, 1] {
        memory.clock.set(clock);
        assert!(simulate(memory, 10));
    }
    memory.read_data.value().pattern()
}

fn cycle(memory: &mut Memory, write: Option<(i64, i64)>, read: i64) -> u64 {
    memory.write_enable.set(i64::from(write.is_some()));
    let (address, data) = write.unwrap_or((read, 0));
    memory.write_address.set(address);
    memory.write_data.set(data);
    memory.read_address.set(read);
    edge(memory)
}

#[test]
fn a_word_that_is_read_while_it_is_written_is_wrong() {
    let mut memory = Memory::new(4, 8);
    assert_eq!(cycle(&mut memory, Some((2, 17)), 2), 255);
    assert_eq!(cycle(&mut memory, Some((2, 18)), 2), 255 - 17);
    assert_eq!(cycle(&mut memory, Some((1, 5)), 2), 18);
    assert_eq!(cycle(&mut memory, None, 2), 18);
    assert_eq!(cycle(&mut memory, None, 2), 18, "write_enable is low");
}

#[test]
fn an_address_outside_changes_nothing() {
    let mut memory = Memory::new(3, 8);
    cycle(&mut memory, Some((3, 99)), 0);
    for address in 0..3 {
        assert_eq!(cycle(&mut memory, None, address), 0);
    }
}

#[test]
fn addresses_have_at_least_one_bit() {
    let bits = [
        (1, 1),
        (2, 1),
        (3, 2),
        (4, 2),
        (5, 3),
        (1024, 10),
        (1025, 11),
    ];
    for (depth, expected) in bits {
        assert_eq!(address_bits(depth), expected, "{depth} words");
    }
}

#[test]
#[should_panic(expected = "a memory has at least one word")]
fn no_words() {
    Memory::new(0, 8);
}

proptest! {
    #[test]
    fn behaves_as_a_list(
        depth in 1usize..9,
        cycles in prop::collection::vec((any::<bool>(), 0i64..8, any::<i64>(), 0i64..8), 1..40),
    ) {
        let depth_of = |address: i64| address % depth as i64;
        let mut memory = Memory::new(depth, 64);
        let mut words = vec![0u64; depth];
        for (write, to, data, from) in cycles {
            let (to, from) = (depth_of(to), depth_of(from));
            let old = words[from as usize];
            let expected = if write && to == from { !old } else { old };
            if write {
                words[to as usize] = data as u64;
            }
            let read = cycle(&mut memory, write.then_some((to, data)), from);
            prop_assert_eq!(read, expected);
        }
    }
}
