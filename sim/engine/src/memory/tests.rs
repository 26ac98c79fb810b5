use cromulent_design::{Affine, Design, Direction};
use cromulent_number::Format;
use proptest::prelude::*;

use super::*;
use crate::layout::Place;
use crate::random::Generator;

fn shape(channels: usize, height: usize, width: usize) -> MapShape {
    MapShape {
        channels,
        height,
        width,
    }
}

/// A random program of values: layers read tensors of one size written before, and write one.
fn program(seed: u64) -> (Values, Vec<Uses>) {
    let mut generator = Generator::new(seed);
    let mut pick = |low: i64, high: i64| generator.range(low, high) as usize;
    let mut values = Values {
        image: Some(pick(1, 60)),
        ..Values::default()
    };
    let mut layers: Vec<Uses> = Vec::new();
    for _ in 0..pick(1, 14) {
        let mut uses = Uses::default();
        let written = values.tensors.len();
        if written == 0 || pick(0, 9) == 0 {
            uses.image = true;
        } else {
            // All that are read have the size of one of them.
            let size = values.tensors[pick(0, written as i64 - 1)];
            let same = |t: &usize| values.tensors[*t].height == size.height;
            let mut read: Vec<usize> = (0..written).filter(same).collect();
            read.retain(|_| pick(0, 2) > 0);
            uses.tensors = read;
        }
        if let ([tensor], true) = (&uses.tensors[..], pick(0, 2) == 0) {
            let channels = values.tensors[*tensor].channels;
            uses.max_pool = true;
            uses.codes = Some(written);
            let height = pick(1, 3);
            values.tensors.push(shape(channels, height, height + 1));
            layers.push(uses);
            continue;
        }
        let height = pick(1, 3);
        let output = shape(pick(1, 9), height, height + 1);
        if pick(0, 1) == 0 {
            let fitting = |s: &usize| values.streams[*s] == output;
            uses.base = (0..values.streams.len()).rfind(fitting);
            uses.result = Some(values.streams.len());
            values.streams.push(output);
        }
        if uses.result.is_none() || pick(0, 1) == 0 {
            uses.codes = Some(written);
            values.tensors.push(output);
        }
        layers.push(uses);
    }
    (values, layers)
}

/// The banks and addresses of a code map.
fn cells(rows: usize, shape: &MapShape, place: Place) -> Vec<(usize, usize)> {
    let plane = shape.height * shape.width;
    let cell = |c: usize| {
        let (number, bank) = place.seat(rows, c);
        (0..plane).map(move |at| (bank, place.address + number * plane + at))
    };
    (0..shape.channels).flat_map(cell).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Plays the program: whatever is read was written last by the value's own layer.
    #[test]
    fn nothing_that_lives_is_overwritten(
        seed in any::<u64>(), rows in 1usize..6, columns in 1usize..6, bus in 0u32..4, mode in 0usize..3
    ) {
        let (values, layers) = program(seed);
        let mut design = design(rows, columns);
        design.bus_bits = 32 << bus;
        design.code_depth = [u32::MAX, u32::MAX, 1][mode];
        let maps = [Maps::Chip, Maps::Memory, Maps::Chip][mode];
        let allocation = allocate(&design, maps, &values, &layers);
        prop_assert!(mode > 0 || allocation.moves.is_empty());
        let (slots, parts) = (design.map_lines_per_beat() as usize, design.map_line_beats() as usize);
        let mut scratch = std::collections::BTreeMap::new();
        let mut moves = allocation.moves.iter().peekable();
        let image_words = values.image.unwrap_or(0);
        let mut codes = vec![vec![usize::MAX; allocation.code_words]; rows];
        for bank in &mut codes {
            bank[..image_words].fill(1000);
        }
        let mut stream = vec![usize::MAX; allocation.stream_words];
        for (number, uses) in layers.iter().enumerate() {
            while let Some(next) = moves.next_if(|next| next.before == number) {
                let lines = &next.lines;
                prop_assert_eq!(lines.offset % (design.bus_bits / 8), 0);
                let first = lines.offset as usize / (design.bus_bits as usize / 8);
                for line in 0..lines.lines as usize {
                    let (address, place) = (lines.address as usize + line, (first + line / slots * parts, line % slots));
                    for (row, bank) in codes.iter_mut().enumerate() {
                        match lines.direction {
                            Direction::Store => { scratch.insert((place, row), bank[address]); }
                            Direction::Fetch => bank[address] = scratch[&(place, row)],
                        }
                    }
                }
            }
            if uses.max_pool {
                let ends = uses.tensors.iter().chain(&uses.codes);
                prop_assert!(ends.into_iter().all(|&t| allocation.tensors[t].rotation == 0));
            }
            let written = uses.codes.map(|t| (t, cells(rows, &values.tensors[t], allocation.tensors[t])));
            // Writing begins before reading ends.
            if let Some((tensor, cells)) = &written {
                for (bank, address) in cells {
                    codes[*bank][*address] = *tensor;
                }
            }
            for &tensor in &uses.tensors {
                for (bank, address) in cells(rows, &values.tensors[tensor], allocation.tensors[tensor]) {
                    prop_assert_eq!(codes[bank][address], tensor);
                }
            }
            if uses.image {
                prop_assert!(codes.iter().all(|bank| bank[..image_words].iter().all(|&v| v == 1000)));
            }
            let words = |s: usize| {
                let first = allocation.streams[s];
                first..first + stream_words(columns, &values.streams[s])
            };
            if let Some(base) = uses.base {
                prop_assert!(stream[words(base)].iter().all(|&value| value == base));
                // Word by word, each read before it is written.
                let result = uses.result.map(words).unwrap_or_default();
                let in_place = allocation.streams[base] == result.start;
                prop_assert!(in_place || result.end <= words(base).start || words(base).end <= result.start);
            }
            if let Some(result) = uses.result {
                stream[words(result)].fill(result);
            }
        }
        prop_assert!(moves.next().is_none());
    }
}

/// A design of so many rows and columns.
fn design(rows: usize, columns: usize) -> Design {
    Design {
        code_depth: u32::MAX,
        ..Design::new(rows as u32, columns as u32, Format::L4, Affine::Exact)
    }
}

/// The values of a chain: each layer reads the map of the one before, the last one the first map too.
fn long_way() -> (Values, Vec<Uses>) {
    let map = shape(8, 4, 4);
    let values = Values {
        image: Some(1),
        tensors: vec![map; 4],
        ..Values::default()
    };
    let uses = |tensors: &[usize], codes| Uses {
        image: tensors.is_empty(),
        tensors: tensors.to_vec(),
        codes,
        ..Uses::default()
    };
    let layers = vec![
        uses(&[], Some(0)),
        uses(&[0], Some(1)),
        uses(&[1], Some(2)),
        uses(&[2], Some(3)),
        uses(&[3], None),
        uses(&[0], None),
    ];
    (values, layers)
}

/// Before which layer which way how many lines move, and where in memory.
fn moves(allocation: &Allocation) -> Vec<(usize, Direction, u32, u32)> {
    let moves = allocation.moves.iter();
    let told = moves.map(|m| (m.before, m.lines.direction, m.lines.lines, m.lines.offset));
    told.collect()
}

#[test]
fn what_is_needed_last_goes_first() {
    use Direction::{Fetch, Store};
    let (values, layers) = long_way();
    let with = |code_depth| {
        let design = Design {
            code_depth,
            ..design(8, 8)
        };
        allocate(&design, Maps::Chip, &values, &layers)
    };
    assert_eq!((with(49).code_words, moves(&with(49))), (49, vec![]));
    // From the top down the image lies where later maps do.
    assert_eq!((with(48).code_words, moves(&with(48))), (48, vec![]));
    let small = with(47);
    assert_eq!(small.code_words, 32, "two maps");
    assert_eq!(moves(&small), [(2, Store, 16, 0), (5, Fetch, 16, 0)]);
    assert_eq!(with(1), small, "the least there is");
}

#[test]
fn in_memory_every_map_is_stored_once_and_fetched_by_each_reader() {
    use Direction::{Fetch, Store};
    let (values, layers) = long_way();
    let allocation = allocate(&design(8, 8), Maps::Memory, &values, &layers);
    let region = 256;
    let expected = [
        (1, Store, 16, 0),
        (1, Fetch, 16, 0),
        (2, Store, 16, region),
        (2, Fetch, 16, region),
        (3, Store, 16, 2 * region),
        (3, Fetch, 16, 2 * region),
        (4, Store, 16, region),
        (4, Fetch, 16, region),
        (5, Fetch, 16, 0),
    ];
    assert_eq!(moves(&allocation), expected);
}

#[test]
fn a_chain_of_sums_stays_in_place_and_codes_take_turns() {
    let map = shape(16, 4, 4);
    let values = Values {
        image: Some(16),
        tensors: vec![map; 4],
        streams: vec![map; 3],
        ..Values::default()
    };
    let uses = |tensors: &[usize], codes, base, result| Uses {
        image: tensors.is_empty(),
        tensors: tensors.to_vec(),
        codes,
        base,
        result,
        ..Uses::default()
    };
    let layers = [
        uses(&[], Some(0), None, Some(0)),
        uses(&[0], Some(1), None, None),
        uses(&[1], Some(2), Some(0), Some(1)),
        uses(&[2], Some(3), None, None),
        uses(&[3], None, Some(1), Some(2)),
    ];
    let allocation = allocate(&design(8, 8), Maps::Chip, &values, &layers);
    let addresses: Vec<_> = allocation.tensors.iter().map(|p| p.address).collect();
    // 32 words each; the image's 16 are free once tensor 0 is there.
    assert_eq!(addresses, [16, 48, 0, 32]);
    assert_eq!(allocation.streams, [0, 0, 0]);
    assert_eq!((allocation.code_words, allocation.stream_words), (80, 32));
}

#[test]
fn maps_that_are_read_together_are_packed() {
    let values = Values {
        image: Some(4),
        tensors: vec![shape(6, 2, 2), shape(5, 2, 2), shape(5, 2, 2)],
        ..Values::default()
    };
    let uses = |tensors: &[usize], codes| Uses {
        image: tensors.is_empty(),
        tensors: tensors.to_vec(),
        codes: Some(codes),
        ..Uses::default()
    };
    let layers = [
        uses(&[], 0),
        uses(&[0], 1),
        uses(&[0, 1], 2),
        uses(&[0, 1, 2], 3),
    ];
    let allocation = allocate(&design(4, 4), Maps::Chip, &values, &layers);
    let place = |address, rotation| Place { address, rotation };
    assert_eq!(allocation.tensors, [place(4, 0), place(8, 2), place(12, 3)]);
    assert_eq!(allocation.code_words, 20);
    // A max-pool's maps begin in bank 0: half a plane before the second one stays empty.
    let pool = Uses {
        max_pool: true,
        ..uses(&[0], 1)
    };
    let [first, _, third, fourth] = layers;
    let layers = [first, pool, third, fourth];
    let allocation = allocate(&design(4, 4), Maps::Chip, &values, &layers);
    assert_eq!(
        allocation.tensors,
        [place(4, 0), place(12, 0), place(16, 1)]
    );
    assert_eq!(allocation.code_words, 24);
}
