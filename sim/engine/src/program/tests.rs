use cromulent_design::{COMMAND_LANES, Command, PROGRAM_MAGIC, PROGRAM_VERSION};

use super::*;
use crate::random::{Limits, case};

/// Takes a program apart again, line by line, as the machine does.
struct Taker<'a> {
    design: &'a Design,
    bytes: &'a [u8],
    beats: u32,
}

impl Taker<'_> {
    /// The bits of the next line, which must be zero behind its end.
    fn line(&mut self, bits: u32) -> Vec<bool> {
        let beats = self.design.beats(bits);
        let (line, rest) = self
            .bytes
            .split_at((beats * self.design.bus_bits / 8) as usize);
        self.bytes = rest;
        self.beats += beats;
        let mut all: Vec<bool> = line
            .iter()
            .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 != 0))
            .collect();
        assert!(all[bits as usize..].iter().all(|bit| !bit));
        all.truncate(bits as usize);
        all
    }

    fn lanes(&mut self) -> [u32; COMMAND_LANES] {
        let line = self.line(32 * COMMAND_LANES as u32);
        let mut bits = line.as_slice();
        std::array::from_fn(|_| take(&mut bits, 32) as u32)
    }
}

/// The next word of a line.
fn take(line: &mut &[bool], bits: u32) -> u64 {
    let (word, rest) = line.split_at(bits as usize);
    *line = rest;
    word.iter()
        .rev()
        .fold(0, |word, &bit| word << 1 | u64::from(bit))
}

/// Checks that what follows a LAYER are the layer's own words, in order of use.
fn assert_lines(taker: &mut Taker, layer: &Layer) {
    let (design, registers) = (taker.design, &layer.registers);
    let rows = design.rows as usize;
    for column_tile in 0..registers.column_tiles as usize {
        let line = taker.line(design.constant_line_bits());
        let mut bits = line.as_slice();
        for column in 0..design.columns as usize {
            let offset = take(&mut bits, OffsetWord::bits(design));
            assert_eq!(offset, layer.offset_words[column][column_tile]);
            let norm = take(&mut bits, NormWord::bits(design));
            assert_eq!(norm, layer.norm_words[column][column_tile]);
            for thetas in &layer.theta_words {
                let theta = take(&mut bits, ThetaWord::bits(design));
                assert_eq!(theta, thetas[column][column_tile]);
            }
        }
        let tiles = registers.row_tiles as usize;
        for number in 0..registers.tile_lines as usize {
            // Pass by pass the same.
            let mut row = number % (tiles * rows);
            if registers.max_pool {
                row += column_tile * rows;
            }
            let line = taker.line(design.tile_line_bits());
            let mut bits = line.as_slice();
            assert_eq!(take(&mut bits, RowWord::bits(design)), layer.row_words[row]);
            for column in 0..design.columns as usize {
                let weights = take(&mut bits, WeightWord::bits(design));
                let line = column_tile * tiles * rows + number % (tiles * rows);
                assert_eq!(weights, layer.weight_words.word(line, column));
            }
        }
    }
}

#[test]
fn programs_are_the_words_of_their_layers() {
    for seed in 0..300 {
        let case = case(seed, &Limits::default());
        let design = &case.design;
        let (program, input) = single(design, &case.layer, &case.activations).unwrap();
        let whole = (design.bus_bits / 8 * BURST_BEATS) as usize;
        assert!(program.bytes.len().is_multiple_of(whole));
        let mut taker = Taker {
            design,
            bytes: &program.bytes,
            beats: 0,
        };
        let header = taker.lanes();
        assert_eq!(header[..2], [PROGRAM_MAGIC, PROGRAM_VERSION]);
        let fingerprint = u64::from(header[3]) << 32 | u64::from(header[2]);
        assert_eq!(fingerprint, design.fingerprint());
        for step in &program.steps {
            assert_eq!(Command::from_lanes(&taker.lanes()).as_ref(), Some(step));
            match step {
                Step::Layer(registers) => {
                    assert_eq!(registers.validate(design), Ok(()));
                    assert_lines(&mut taker, &case.layer.alone());
                }
                Step::Fetch(fetch) => {
                    let bytes = fetch.beats * design.bus_bits / 8;
                    assert_eq!(input.len(), bytes as usize);
                }
                Step::Move(_) | Step::End => {}
            }
        }
        assert_eq!((header[4], program.beats()), (taker.beats, taker.beats));
        assert!(taker.bytes.len() < whole && taker.bytes.iter().all(|&byte| byte == 0));
    }
}

#[test]
fn code_lines_hold_a_word_for_every_bank() {
    for seed in 0..300 {
        let case = case(seed, &Limits::default());
        let design = &case.design;
        let (program, input) = single(design, &case.layer, &case.activations).unwrap();
        let mut taker = Taker {
            design,
            bytes: &input,
            beats: 0,
        };
        let layout = case.layer.layout(design);
        let lines = case.activations.lines(design, &layout);
        let fetch = program.fetch.unwrap();
        assert_eq!(fetch.address as usize, layout.range().start);
        assert_eq!(fetch.lines as usize, lines.len());
        for expected in lines {
            let line = taker.line(design.code_line_bits());
            let mut bits = line.as_slice();
            let words = expected
                .iter()
                .map(|_| take(&mut bits, design.code_word_bits()));
            assert_eq!(words.collect::<Vec<_>>(), expected);
        }
        assert!(taker.bytes.is_empty());
    }
}
