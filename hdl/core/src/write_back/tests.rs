use super::*;
use cromulent_design::{Affine, Design};
use cromulent_number::Format;
use std::collections::BTreeMap;

fn settle(block: &mut WriteBack, clock: i64) {
    block.clock.set(clock);
    assert!(simulate(block, 20));
}

fn cycle(block: &mut WriteBack) {
    settle(block, 0);
    settle(block, 1);
}

/// A map of `channels` channels with `positions` positions.
struct Map {
    rows: usize,
    columns: usize,
    channels: usize,
    positions: usize,
    address: usize,
    rotation: usize,
}

impl Map {
    fn code(&self, channel: usize, position: usize) -> i64 {
        ((channel * 7 + position * 3 + 1) % 16) as i64
    }

    /// Where the map's codes must lie, by (bank, address).
    fn expected(&self) -> BTreeMap<(usize, i64), i64> {
        let mut codes = BTreeMap::new();
        for channel in 0..self.channels {
            for position in 0..self.positions {
                let place = self.rotation + channel;
                let address = self.address + place / self.rows * self.positions + position;
                codes.insert(
                    (place % self.rows, address as i64),
                    self.code(channel, position),
                );
            }
        }
        codes
    }

    fn block(&self) -> WriteBack {
        let design = Design::new(
            self.rows as u32,
            self.columns as u32,
            Format::L4,
            Affine::Exact,
        );
        let mut block = WriteBack::new(&Shape::of(&design));
        block.reset.set(1);
        cycle(&mut block);
        block.reset.set(0);
        block.start.set(1);
        block.first_rotation.set(self.rotation as i64);
        block.first_address.set(self.address as i64);
        cycle(&mut block);
        block.start.set(0);
        block.first_rotation.set(0);
        block.first_address.set(0);
        block.plane.set(self.positions as i64);
        block.codes.set(1);
        block
    }

    /// Sends the codes of one position after another, and writes down what is written, with the cycle.
    fn run(&self, gap: usize) -> BTreeMap<(usize, i64), (i64, usize)> {
        let mut block = self.block();
        let tiles = self.channels.div_ceil(self.columns);
        let mut written = BTreeMap::new();
        // The codes of position n come in cycle start(n).
        let start = |n: usize| n + n / self.positions * gap;
        let words = tiles * self.positions;
        for now in 0..start(words) + 3 {
            let last = (0..words).find(|&n| start(n) == now);
            for j in 0..self.columns {
                let code = last.map_or(0, |n| {
                    self.code(n / self.positions * self.columns + j, n % self.positions)
                });
                block.word[j].set(code);
            }
            let tile = last.map(|n| n / self.positions);
            let live = match tile {
                Some(tile) if tile + 1 == tiles => self.channels - tile * self.columns,
                _ => self.columns,
            };
            block.live.set(live as i64);
            block.word_valid.set(i64::from(last.is_some()));
            let ends = last.is_some_and(|n| n % self.positions + 1 == self.positions);
            block.tile_done.set(i64::from(ends));
            settle(&mut block, 0);
            for bank in 0..self.rows {
                if block.write[bank].value().is_true() {
                    let at = (bank, block.address[bank].value().number());
                    let code = block.code[bank].value().number();
                    assert_eq!(written.insert(at, (code, now)), None, "{at:?} twice");
                }
            }
            settle(&mut block, 1);
        }
        written
    }
}

#[test]
fn every_channel_goes_to_its_bank_and_plane() {
    let shapes = [(1, 1), (2, 1), (3, 2), (4, 4), (5, 3), (8, 8), (8, 5)];
    for (rows, columns) in shapes {
        for rotation in [0, 1, rows / 2, rows - 1] {
            let rotation = rotation % rows;
            for channels in [1, columns, columns + 1, 2 * rows + 1, 3 * rows] {
                let map = Map {
                    rows,
                    columns,
                    channels,
                    positions: 3,
                    address: 11,
                    rotation,
                };
                let written = map.run(2);
                let codes: BTreeMap<_, _> = written
                    .into_iter()
                    .map(|(at, (code, _))| (at, code))
                    .collect();
                let what = format!("{rows}x{columns}, {channels} channels from {rotation}");
                assert_eq!(codes, map.expected(), "{what}");
            }
        }
    }
}

#[test]
fn codes_are_written_a_cycle_after_they_came() {
    let map = Map {
        rows: 4,
        columns: 3,
        channels: 3,
        positions: 5,
        address: 0,
        rotation: 2,
    };
    for ((_, address), (_, now)) in map.run(0) {
        let position = address as usize % 5;
        assert_eq!(now, position + 1);
    }
}

#[test]
fn a_layer_without_codes_writes_none_and_input_goes_through() {
    let map = Map {
        rows: 4,
        columns: 4,
        channels: 4,
        positions: 1,
        address: 9,
        rotation: 0,
    };
    let mut block = map.block();
    block.codes.set(0);
    block.live.set(4);
    block.word_valid.set(1);
    cycle(&mut block);
    block.word_valid.set(0);
    settle(&mut block, 0);
    assert!(block.write.iter().all(|port| !port.value().is_true()));
    settle(&mut block, 1);
    block.fetched.set(1);
    block.fetched_address.set(77);
    for (row, port) in block.fetched_code.iter().enumerate() {
        port.set(row as i64 + 3);
    }
    settle(&mut block, 0);
    for row in 0..4 {
        assert!(block.write[row].value().is_true());
        assert_eq!(block.address[row].value().number(), 77);
        assert_eq!(block.code[row].value().number(), row as i64 + 3);
    }
}
