//! When everything happens: the cycles of a layer, from its registers alone.
//!
//! Cycle 0 is the cycle in which `start` is high. The array computes one tile of weights after another
//! while the next one loads into shadow registers, so a tile is known by three cycles:
//!
//! - load_i: the first of its rows is read (load_0 = 1; a load takes LR = max(rows, 2) cycles and has to
//!   wait for the shadow registers: load_{i+1} = max(load_i + LR, V_i));
//! - V_i: its weights replace the ones before (V_0 = load_0 + 1,
//!   V_{i+1} = max(S_i + P_i − 1, load_{i+1} + 1));
//! - S_i = V_i + 1: its first position is issued. It then issues one beat a cycle for P_i = positions·beats
//!   cycles.
//!
//! A beat issued at cycle t leaves column j at t + rows + j + `LATENCY`.

use cromulent_design::{Design, LATENCY, LayerRegisters};

/// One tile of weights over one pass of positions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tile {
    /// Which output channels: the column tile.
    pub column_tile: u32,
    /// Which output positions: the pass.
    pub pass: u32,
    /// Which part of the inner dimension: the row tile.
    pub row_tile: u32,
    /// The first output position of the pass.
    pub first_position: u64,
    /// The positions of the pass.
    pub positions: u64,
    /// The cycle in which loading its weights starts.
    pub load: u64,
    /// The cycle in which its weights take over, V.
    pub swap: u64,
    /// The cycle in which its first position is issued, S.
    pub issue: u64,
}

/// The cycles of a layer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// The tiles, in the order they are computed.
    pub tiles: Vec<Tile>,
    /// Cycles an operand takes.
    pub beats: u64,
    /// Rows of the array.
    rows: u64,
    /// From `start` to the last word, both included.
    pub cycles: u64,
    /// Cycles before the first issue.
    pub fill: u64,
    /// Cycles without an issue between tiles: the next tile's weights were not there yet.
    pub weight_load: u64,
    /// Cycles after the last issue.
    pub drain: u64,
}

/// The schedule of a layer with these registers on this design.
pub fn schedule(registers: &LayerRegisters, design: &Design) -> Schedule {
    let beats = u64::from(registers.beats);
    let rows = u64::from(design.rows);
    let mut clock = Clock::new(rows);
    let mut tiles = Vec::new();
    for (column_tile, pass, row_tile) in order(registers) {
        let positions = u64::from(if pass + 1 == registers.passes {
            registers.last_positions
        } else {
            registers.pass_positions
        });
        let (load, swap) = clock.next(positions * beats);
        tiles.push(Tile {
            column_tile,
            pass,
            row_tile,
            first_position: u64::from(pass) * u64::from(registers.pass_positions),
            positions,
            load,
            swap,
            issue: swap + 1,
        });
    }
    let fill = tiles.first().map_or(0, |tile| tile.issue);
    let end = clock.end;
    let issued: u64 = tiles.iter().map(|tile| tile.positions * beats).sum();
    // The last word is that of the last column, from the last beat; cycles count from 0.
    let drain = rows + u64::from(design.columns) - 1 + u64::from(LATENCY);
    Schedule {
        tiles,
        beats,
        rows,
        cycles: end + drain,
        fill,
        weight_load: end - fill - issued,
        drain,
    }
}

/// Column tiles, in each passes, in each row tiles.
fn order(registers: &LayerRegisters) -> impl Iterator<Item = (u32, u32, u32)> {
    let (passes, row_tiles) = (registers.passes, registers.row_tiles);
    (0..registers.column_tiles)
        .flat_map(move |n| (0..passes).map(move |pass| (n, pass)))
        .flat_map(move |(n, pass)| (0..row_tiles).map(move |t| (n, pass, t)))
}

/// The recurrence of the module's page.
struct Clock {
    rows: u64,
    /// load and V of the tile before, if there was one.
    last: Option<(u64, u64)>,
    /// The first cycle after its last issue, S + P.
    end: u64,
}

impl Clock {
    fn new(rows: u64) -> Clock {
        Clock {
            rows,
            last: None,
            end: 0,
        }
    }

    /// load and V of the next tile, which issues for `issues` cycles.
    fn next(&mut self, issues: u64) -> (u64, u64) {
        let (load, swap) = match self.last {
            None => (1, 2),
            Some((load, swap)) => {
                let load = swap.max(load + self.rows.max(2));
                (load, (self.end - 1).max(load + 1))
            }
        };
        self.last = Some((load, swap));
        self.end = swap + 1 + issues;
        (load, swap)
    }
}

impl Schedule {
    /// The cycle in which a tile's word for a position of its pass (counted from 0) leaves a column.
    pub fn leaves(&self, tile: &Tile, position: u64, column: u32) -> u64 {
        let last_beat = tile.issue + (position + 1) * self.beats - 1;
        last_beat + self.rows + u64::from(column) + u64::from(LATENCY)
    }

    /// Cycles in which a beat is issued.
    pub fn issued(&self) -> u64 {
        self.cycles - self.fill - self.weight_load - self.drain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cromulent_design::Affine;
    use cromulent_number::Format;

    fn registers(positions: u32, row_tiles: u32) -> LayerRegisters {
        LayerRegisters {
            pass_positions: positions,
            last_positions: positions,
            passes: 1,
            row_tiles,
            column_tiles: 2,
            beats: 1,
            ..LayerRegisters::default()
        }
    }

    fn design() -> Design {
        Design::new(8, 4, Format::L4, Affine::Exact)
    }

    #[test]
    fn many_positions_hide_every_load() {
        let schedule = schedule(&registers(20, 3), &design());
        assert_eq!((schedule.fill, schedule.weight_load), (3, 0));
        assert_eq!(schedule.issued(), 120);
        let issues: Vec<_> = schedule.tiles.iter().map(|tile| tile.issue).collect();
        assert_eq!(issues, [3, 23, 43, 63, 83, 103]);
        let last = schedule.tiles[5];
        assert_eq!(schedule.leaves(&last, 19, 3) + 1, schedule.cycles);
    }

    #[test]
    fn few_positions_wait_for_the_load() {
        let schedule = schedule(&registers(5, 3), &design());
        // One tile every 8 cycles, 5 of them used.
        let issues: Vec<_> = schedule.tiles.iter().map(|tile| tile.issue).collect();
        assert_eq!(issues, [3, 11, 19, 27, 35, 43]);
        assert_eq!(schedule.weight_load, 15);
        assert_eq!(schedule.issued(), 30);
    }

    #[test]
    fn one_row_and_one_position_still_take_two_cycles_a_tile() {
        let design = Design::new(1, 1, Format::R3, Affine::Rectified);
        let schedule = schedule(&registers(1, 2), &design);
        let issues: Vec<_> = schedule.tiles.iter().map(|tile| tile.issue).collect();
        assert_eq!(issues, [3, 5, 7, 9]);
    }
}
