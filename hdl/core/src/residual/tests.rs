use super::*;
use cromulent_design::{Affine, Design};
use cromulent_number::Format;

/// One word of a layer.
#[derive(Clone, Copy, Debug)]
struct Word {
    total: i64,
    mean: i64,
    align: i64,
    floor: i64,
}

/// Flags of a layer.
#[derive(Clone, Copy)]
struct Mode {
    add: bool,
    stream: bool,
    clamp: bool,
}

/// What should leave: the value, whether it saturated, and what is stored.
fn expected(bits: u32, word: Word, mode: Mode, stored: i64) -> (i64, bool, i64) {
    let difference = i128::from(word.total - word.mean);
    let aligned = match word.align {
        0 => difference,
        left if left < 0 => difference << -left,
        right => (difference + (1 << (right - 1))) >> right,
    };
    let sum = aligned + i128::from(if mode.add { stored } else { 0 });
    let beyond = 1 << (bits - 1);
    let kept = sum.clamp(-beyond, beyond - 1);
    let raised = if mode.clamp {
        kept.max(word.floor.into())
    } else {
        kept
    };
    let value = if mode.stream { raised } else { difference };
    (
        value as i64,
        mode.stream && kept != sum,
        if mode.stream { raised as i64 } else { stored },
    )
}

struct Bench {
    block: Residual,
    bits: u32,
    memory: Vec<i64>,
}

impl Bench {
    fn new(accumulator_bits: u32, stream_bits: u32) -> Bench {
        let mut design = Design::new(4, 4, Format::R2, Affine::Rectified);
        design.accumulator_bits = accumulator_bits;
        design.stream_bits = stream_bits;
        let block = Residual::new(&Shape::of(&design));
        Bench {
            block,
            bits: stream_bits,
            memory: vec![0; design.stream_depth as usize],
        }
    }

    /// Sends a word a cycle, read from and written to the places from 0 on, and compares.
    fn run(&mut self, words: &[Word], mode: Mode) {
        let block = &mut self.block;
        block.add.set(mode.add.into());
        block.stream.set(mode.stream.into());
        block.clamp.set(mode.clamp.into());
        for now in 0..words.len() + 7 {
            let at = |late: usize| now.checked_sub(late).filter(|&n| n < words.len());
            let total = at(0).map(|n| words[n]);
            block.valid.set(total.is_some().into());
            if let Some(word) = total {
                block.total.set(word.total);
                block.mean.set(word.mean);
                block.align.set(word.align);
            }
            block.read_address.set(at(1).unwrap_or(0) as i64);
            block.write_address.set(at(6).unwrap_or(0) as i64);
            block.floor.set(at(5).map_or(0, |n| words[n].floor));
            block.clock.set(0);
            assert!(simulate(block, 20));
            assert_eq!(block.value_valid.value().is_true(), at(6).is_some());
            if let Some(n) = at(5) {
                let (_, saturated, _) = expected(self.bits, words[n], mode, self.memory[n]);
                assert_eq!(
                    block.saturated.value().is_true(),
                    saturated,
                    "{:?}",
                    words[n]
                );
            }
            if let Some(n) = at(6) {
                let (value, _, stored) = expected(self.bits, words[n], mode, self.memory[n]);
                self.memory[n] = stored;
                assert_eq!(block.value.value().number(), value, "{:?}", words[n]);
            }
            block.clock.set(1);
            assert!(simulate(block, 20));
        }
    }
}

/// Words of all alignments and magnitudes.
fn words(accumulator_bits: u32, stream_bits: u32, seed: u64) -> Vec<Word> {
    let mut state = seed;
    let mut random = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 16).cast_signed()
    };
    let wide = move |random: &mut dyn FnMut() -> i64, bits: u32| {
        let kept = 1 + random().rem_euclid(i64::from(bits)) as u32;
        random() << (64 - kept) >> (64 - kept)
    };
    (0..3000)
        .map(|_| Word {
            total: wide(&mut random, accumulator_bits),
            mean: wide(&mut random, accumulator_bits),
            align: random().rem_euclid(64) - 32,
            floor: wide(&mut random, stream_bits),
        })
        .collect()
}

#[test]
fn every_word_is_aligned_added_and_saturated_as_integers_are() {
    let streams = [16, 16, 16, 16, 16, 8, 11, 8];
    for (accumulator_bits, stream_bits) in [16, 18, 24, 32, 48, 16, 24, 48].into_iter().zip(streams)
    {
        let mut bench = Bench::new(accumulator_bits, stream_bits);
        for (seed, (add, stream, clamp)) in [
            (1, (false, true, false)),
            (2, (true, true, false)),
            (3, (true, true, true)),
            (4, (false, false, false)),
            (5, (true, true, false)),
        ] {
            let mode = Mode { add, stream, clamp };
            bench.run(&words(accumulator_bits, stream_bits, seed), mode);
        }
    }
}

#[test]
fn corners_of_every_alignment() {
    let corners = [
        0,
        1,
        -1,
        2,
        -2,
        3,
        63,
        128,
        -129,
        511,
        512,
        16383,
        16384,
        32767,
        32768,
        -32768,
        -32769,
        65535,
        65536,
        131_071,
        131_072,
        -131_072,
        -131_073,
        (1 << 31) - 1,
        -(1 << 31),
    ];
    let mut words = vec![];
    for align in -32..32 {
        for total in corners {
            words.push(Word {
                total,
                mean: 0,
                align,
                floor: 0,
            });
        }
    }
    let mode = |add| Mode {
        add,
        stream: true,
        clamp: false,
    };
    let forth = words.clone();
    words.reverse();
    for stream_bits in [16, 8] {
        let mut bench = Bench::new(32, stream_bits);
        bench.run(&forth, mode(false));
        bench.run(&words, mode(true));
        bench.run(&words, mode(true));
    }
}
