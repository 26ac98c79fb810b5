//! The memories that live from layer to layer: code banks and residual stream.

use std::collections::BTreeMap;

use cromulent_design::{Design, Direction, LayerRegisters, Move};

use super::CycleRun;
use super::array::Array;
use super::order::tiles;
use crate::activations::{Activations, InputError};
use crate::layer::Layer;

/// An accelerator with what its memories hold. All of them begin with zeros.
pub struct Machine<'a> {
    pub(super) design: &'a Design,
    /// Code banks by \[row\]\[address\].
    pub(super) banks: Vec<Vec<u64>>,
    /// Residual stream by \[column\]\[address\].
    pub(super) streams: Vec<Vec<i16>>,
    /// Code lines of the scratch region, by the beats before them and the lines before them in theirs.
    scratch: BTreeMap<(u64, u64), Vec<u64>>,
}

impl<'a> Machine<'a> {
    /// A machine of this design.
    pub fn new(design: &'a Design) -> Machine<'a> {
        Machine {
            design,
            banks: vec![vec![0; design.code_depth as usize]; design.rows as usize],
            streams: vec![vec![0; design.stream_depth as usize]; design.columns as usize],
            scratch: BTreeMap::new(),
        }
    }

    /// Moves code lines to or from the scratch region. A line that nobody stored is 0.
    pub fn move_lines(&mut self, given: &Move) {
        let slots = u64::from(self.design.map_lines_per_beat());
        let parts = u64::from(self.design.map_line_beats());
        let first = u64::from(given.offset / (self.design.bus_bits / 8));
        for line in 0..u64::from(given.lines) {
            let place = (first + line / slots * parts, line % slots);
            let address = given.address as usize + line as usize;
            match given.direction {
                Direction::Store => {
                    let word = |bank: &Vec<u64>| bank.get(address).copied().unwrap_or(0);
                    let words = self.banks.iter().map(word).collect();
                    self.scratch.insert(place, words);
                }
                Direction::Fetch => {
                    let words = self.scratch.get(&place);
                    for (row, bank) in self.banks.iter_mut().enumerate() {
                        if let Some(kept) = bank.get_mut(address) {
                            *kept = words.map_or(0, |words| words[row]);
                        }
                    }
                }
            }
        }
    }

    /// Puts an input where a layer reads it.
    ///
    /// # Errors
    /// Activations that are no input of the layer.
    pub fn fetch(&mut self, layer: &Layer, activations: &Activations) -> Result<(), InputError> {
        activations.check(self.design, layer)?;
        let layout = layer.layout(self.design);
        let lines = activations.lines(self.design, &layout);
        for (address, line) in layout.range().zip(lines) {
            for (bank, word) in self.banks.iter_mut().zip(line) {
                if let Some(kept) = bank.get_mut(address) {
                    *kept = word;
                }
            }
        }
        Ok(())
    }

    /// Puts a value of the residual stream where a layer adds to it: \[position·channels + channel\].
    ///
    /// # Errors
    /// A value that is missing or of another size, in a layer that adds.
    pub fn preset(&mut self, layer: &Layer, base: Option<&[i16]>) -> Result<(), InputError> {
        let registers = &layer.registers;
        let (channels, columns) = (layer.geometry.out_channels, self.streams.len());
        let words = registers.positions as usize * channels;
        for (place, &word) in layer
            .base(base, words)?
            .unwrap_or_default()
            .iter()
            .enumerate()
        {
            let (position, channel) = (place / channels, place % channels);
            let number = channel / columns * registers.positions as usize + position;
            let at = registers.stream_read as usize + number;
            if let Some(kept) = self.streams[channel % columns].get_mut(at) {
                *kept = word;
            }
        }
        Ok(())
    }

    /// Runs a layer on what the memories hold.
    pub fn run(&mut self, layer: &Layer) -> CycleRun {
        if layer.mode.max_pool() {
            return self.max_pool(layer);
        }
        let mut array = Array::new(self, layer);
        for tile in tiles(&layer.registers) {
            array.tile(&tile);
        }
        array.run
    }

    /// Writes the codes of one position of a column tile to the code banks. The bank of column 0 moves on by
    /// `columns` with each column tile, and to the next plane when it has been round.
    pub(super) fn write_back(
        &mut self,
        registers: &LayerRegisters,
        column_tile: u32,
        position: usize,
        codes: &[i64],
    ) {
        let (rows, columns) = (self.banks.len(), self.streams.len());
        let (mut rotation, mut address) = (
            registers.output_rotation as usize,
            registers.output_address as usize,
        );
        for _ in 0..column_tile {
            rotation += columns;
            if rotation >= rows {
                rotation -= rows;
                address += registers.output_plane as usize;
            }
        }
        for (bank, words) in self.banks.iter_mut().enumerate() {
            let column = (bank + rows - rotation) % rows;
            let wrapped = bank < rotation;
            let at = address + position + usize::from(wrapped) * registers.output_plane as usize;
            if let (Some(&code), Some(kept)) = (codes.get(column), words.get_mut(at)) {
                *kept = code.cast_unsigned();
            }
        }
    }
}
