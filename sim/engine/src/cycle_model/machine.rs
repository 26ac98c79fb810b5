//! The memories that live from layer to layer: code banks and residual stream.

use cromulent_design::{Design, LayerRegisters};

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
}

impl<'a> Machine<'a> {
    /// A machine of this design.
    pub fn new(design: &'a Design) -> Machine<'a> {
        Machine {
            design,
            banks: vec![vec![0; design.code_depth as usize]; design.rows as usize],
            streams: vec![vec![0; design.stream_depth as usize]; design.columns as usize],
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
