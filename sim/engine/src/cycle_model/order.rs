//! The order of a layer's tiles: column tiles, in each passes, in each row tiles.

use cromulent_design::LayerRegisters;

/// One tile of weights over one pass of positions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tile {
    /// Which output channels: the column tile.
    pub column_tile: u32,
    /// Which part of the inner dimension: the row tile.
    pub row_tile: u32,
    /// The first output position of the pass.
    pub first_position: u64,
    /// The positions of the pass.
    pub positions: u64,
}

/// The tiles of a layer, one after another.
pub(super) fn tiles(registers: &LayerRegisters) -> impl Iterator<Item = Tile> + use<> {
    let LayerRegisters {
        passes,
        row_tiles,
        pass_positions,
        last_positions,
        ..
    } = *registers;
    let tile = move |column_tile, pass, row_tile| Tile {
        column_tile,
        row_tile,
        first_position: u64::from(pass) * u64::from(pass_positions),
        positions: u64::from(if pass + 1 == passes {
            last_positions
        } else {
            pass_positions
        }),
    };
    (0..registers.column_tiles)
        .flat_map(move |n| (0..passes).map(move |pass| (n, pass)))
        .flat_map(move |(n, pass)| (0..row_tiles).map(move |t| tile(n, pass, t)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_tiles_run_fastest_and_the_last_pass_is_short() {
        let registers = LayerRegisters {
            passes: 2,
            pass_positions: 5,
            last_positions: 4,
            row_tiles: 3,
            column_tiles: 2,
            ..LayerRegisters::default()
        };
        let order: Vec<_> = tiles(&registers)
            .map(|t| (t.column_tile, t.first_position, t.positions, t.row_tile))
            .collect();
        assert_eq!(order.len(), 12);
        assert_eq!(
            order[..4],
            [(0, 0, 5, 0), (0, 0, 5, 1), (0, 0, 5, 2), (0, 5, 4, 0)]
        );
        assert_eq!(order[6], (1, 0, 5, 0));
    }
}
