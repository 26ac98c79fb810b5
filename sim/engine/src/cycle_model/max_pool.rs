//! A max-pool: every row walks its windows and writes to its own bank.

use cromulent_design::RowWord;
use cromulent_number::{Code, order};

use super::CycleRun;
use super::machine::Machine;
use super::order::{Tile, tiles};
use crate::layer::Layer;
use crate::word::OutputWord;

impl Machine<'_> {
    /// Runs a max-pool on what the code banks hold.
    pub(super) fn max_pool(&mut self, layer: &Layer) -> CycleRun {
        let registers = &layer.registers;
        let mut run = CycleRun::default();
        for tile in tiles(registers) {
            for position in 0..tile.positions {
                run.counters.beats += registers.position_beats();
                for row in 0..self.banks.len() {
                    if let Some(code) = self.window(layer, &tile, row, position) {
                        self.keep(layer, &tile, row, position, code);
                        run.words.push(OutputWord {
                            column_tile: tile.column_tile,
                            position: position as u32,
                            column: row as u32,
                            value: code.cast_signed(),
                        });
                    }
                }
            }
        }
        run
    }

    /// The code a row keeps of a window; `None` if no tap lies on the map.
    fn window(&self, layer: &Layer, tile: &Tile, row: usize, position: u64) -> Option<u64> {
        let (design, registers) = (self.design, &layer.registers);
        let at = tile.column_tile as usize * self.banks.len() + row;
        let word = layer.row_words.get(at).copied().unwrap_or(0);
        let word = RowWord::unpack(word, design);
        let (image, oy, ox) = registers.place(position);
        let stride = u64::from(registers.stride);
        let first = image * u64::from(registers.image_step);
        let corner = first + oy * u64::from(registers.y_step) + ox * stride;
        let mask = (1u64 << design.address_bits()) - 1;
        let side = u64::from(registers.beats);
        let mut kept = None;
        for (ky, kx) in (0..side).flat_map(|ky| (0..side).map(move |kx| (ky, kx))) {
            let y = (oy * stride + ky).checked_add_signed(word.dy.into());
            let x = (ox * stride + kx).checked_add_signed(word.dx.into());
            let on_map = y.is_some_and(|y| y < u64::from(registers.height))
                && x.is_some_and(|x| x < u64::from(registers.width));
            if !on_map {
                continue;
            }
            let tap = corner + ky * u64::from(registers.width) + kx;
            let address = (tap + u64::from(word.base)) & mask;
            let code = self.banks[row].get(address as usize).copied().unwrap_or(0);
            let place = |code: u64| order(design.format, Code(code as u8));
            let better = |kept: u64| match word.descending {
                true => place(code) < place(kept),
                false => place(code) > place(kept),
            };
            if kept.is_none_or(better) {
                kept = Some(code);
            }
        }
        kept
    }

    /// Writes a code to the bank of its row.
    fn keep(&mut self, layer: &Layer, tile: &Tile, row: usize, position: u64, code: u64) {
        let registers = &layer.registers;
        let plane = u64::from(tile.column_tile) * u64::from(registers.output_plane);
        let at = u64::from(registers.output_address) + plane + position;
        if let Some(kept) = self.banks[row].get_mut(at as usize) {
            *kept = code;
        }
    }
}
