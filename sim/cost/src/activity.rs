//! What a layer does, counted: the operations of each block and the words of each memory.
//!
//! All counts follow from the commands of a program, so that no value is looked at.

use cromulent_design::{Command, Design, LayerRegisters};
use cromulent_engine::traffic::{Traffic, traffic};

/// The counts of one layer, over all images of a batch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Activity {
    /// Operands met by a weight that is used: multiply-accumulates times the beats of an operand.
    pub products: u64,
    /// The same for every element, those without a channel or an output channel included.
    pub slots: u64,
    /// Sums of a column added to an accumulator, or put there.
    pub accumulations: u64,
    /// Values that a quantizer coded.
    pub coded: u64,
    /// Words that the residual stage aligned and added.
    pub aligned: u64,
    /// Words moved.
    pub traffic: Traffic,
}

/// The activity of each layer of a program. `macs` are its multiply-accumulates, by layer, over all images.
pub fn activity(design: &Design, steps: &[Command], macs: &[u64]) -> Vec<Activity> {
    let layers = steps.iter().filter_map(|step| match step {
        Command::Layer(registers) => Some(registers),
        _ => None,
    });
    let moved = traffic(design, steps);
    let layers = layers.zip(moved).zip(macs);
    layers
        .map(|((registers, traffic), &macs)| of_layer(design, registers, traffic, macs))
        .collect()
}

fn of_layer(design: &Design, registers: &LayerRegisters, traffic: Traffic, macs: u64) -> Activity {
    if registers.max_pool {
        // Codes are compared in the rows; nothing is computed.
        return Activity {
            traffic,
            ..Activity::default()
        };
    }
    let [rows, columns] = [design.rows, design.columns].map(u64::from);
    let beats = traffic.sram.inputs.read / rows;
    let channels = registers.channels(design.columns);
    let words = channels * u64::from(registers.positions);
    let sums =
        registers.all_positions() * registers.position_beats() * u64::from(registers.row_tiles);
    Activity {
        products: macs * u64::from(registers.beats),
        slots: beats * rows * columns,
        accumulations: sums * channels,
        coded: if registers.codes { words } else { 0 },
        aligned: if registers.stream { words } else { 0 },
        traffic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cromulent_engine::Program;
    use cromulent_engine::random::{Limits, network};

    #[test]
    fn no_element_does_more_than_it_has_beats_and_every_value_is_coded_once() {
        for seed in 0..200 {
            let image = network(seed, &Limits::default()).image;
            let design = &image.design;
            let macs: Vec<u64> = image
                .layers
                .iter()
                .map(|layer| image.batch() as u64 * layer.macs)
                .collect();
            let layers = activity(design, &Program::steps_of(&image), &macs);
            assert_eq!(layers.len(), image.layers.len());
            for (found, layer) in layers.iter().zip(&image.layers) {
                let what = format!("seed {seed}, {}", layer.name);
                assert!(found.products <= found.slots, "{what}");
                let g = &layer.geometry;
                let values = (image.batch() * g.positions() * g.out_channels) as u64;
                if !layer.mode.max_pool() && layer.output.codes().is_some() {
                    assert_eq!(found.coded, values, "{what}");
                }
                let streamed = layer.output.residual().map_or(0, |_| values);
                assert_eq!(found.aligned, streamed, "{what}");
                if !layer.mode.max_pool() && !layer.mode.pool {
                    let tiles = layer.layout(design).row_tiles() as u64;
                    let beats = u64::from(layer.registers.beats);
                    assert!(found.accumulations >= values * (tiles - 1), "{what}");
                    assert!(found.accumulations <= values * tiles * beats, "{what}");
                }
            }
        }
    }
}
