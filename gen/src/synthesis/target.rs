//! What is synthesised for.

use std::sync::Arc;

use super::adders::techmap;
use super::netlist::Cells;
use super::resources::Resources;
use crate::liberty::Library;

/// A family of FPGAs, or a library of standard cells.
#[derive(Clone, Debug)]
pub enum Target {
    /// An FPGA.
    Fpga(Vendor),
    /// Standard cells.
    Cells(Arc<Library>),
}

/// A family of FPGAs that Yosys maps to. What multiplies is in tables, too, unless the source asks for DSP blocks.
/// iCE40: tables of four inputs, block RAM of 4 kbit. ECP5: tables of four inputs; a cell of carry logic (CCU2C) takes
/// two, one of distributed RAM (TRELLIS_DPR16X4) six; block RAM of 16 kbit. Xilinx 7: tables of up to six inputs; cells
/// of distributed RAM take what they are made of; block RAM of 18 kbit, and one of 36 kbit is two.
pub use cromulent_cost::area::Vendor;

/// How Yosys maps to a family.
trait Flow {
    /// Yosys' flow for a top module.
    fn flow(self, top: &str, flatten: bool, dsp: bool) -> String;
    /// Tables, flip-flops, block RAMs and DSP blocks that a cell is.
    fn counts(self, cell: &str) -> [u64; 4];
}

impl Flow for Vendor {
    fn flow(self, top: &str, flatten: bool, dsp: bool) -> String {
        let mut words = match self {
            Vendor::Ice40 => vec!["synth_ice40"],
            Vendor::Ecp5 => vec!["synth_ecp5", "-nowidelut"],
            Vendor::Xilinx7 => vec!["synth_xilinx", "-noiopad", "-noclkbuf"],
        };
        // Only the iCE40's flow leaves DSP blocks alone by itself, and only that of Xilinx the modules as they are.
        match (self, dsp) {
            (Vendor::Ice40, true) => words.push("-dsp"),
            (Vendor::Ecp5 | Vendor::Xilinx7, false) => words.push("-nodsp"),
            _ => {}
        }
        match (self, flatten) {
            (Vendor::Xilinx7, true) => words.push("-flatten"),
            (Vendor::Ice40 | Vendor::Ecp5, false) => words.push("-noflatten"),
            _ => {}
        }
        format!("{} -top {top}; check -assert", words.join(" "))
    }

    fn counts(self, cell: &str) -> [u64; 4] {
        match (self, cell) {
            (Vendor::Ice40, "SB_LUT4") | (Vendor::Ecp5, "LUT4") => [1, 0, 0, 0],
            (Vendor::Ice40, _) if cell.starts_with("SB_DFF") => [0, 1, 0, 0],
            (Vendor::Ice40, _) if cell.starts_with("SB_RAM40_4K") => [0, 0, 1, 0],
            (Vendor::Ice40, "SB_MAC16") => [0, 0, 0, 1],
            (Vendor::Ecp5, "CCU2C") => [2, 0, 0, 0],
            (Vendor::Ecp5, "TRELLIS_DPR16X4") => [6, 0, 0, 0],
            (Vendor::Ecp5, "TRELLIS_FF") => [0, 1, 0, 0],
            (Vendor::Ecp5, "DP16KD" | "PDPW16KD") => [0, 0, 1, 0],
            (Vendor::Ecp5, "MULT18X18D" | "ALU54B") => [0, 0, 0, 1],
            (Vendor::Xilinx7, "LUT1" | "LUT2" | "LUT3" | "LUT4" | "LUT5" | "LUT6") => [1, 0, 0, 0],
            (Vendor::Xilinx7, "SRL16E" | "SRLC16E" | "SRLC32E" | "RAM32X1S" | "RAM64X1S") => {
                [1, 0, 0, 0]
            }
            (Vendor::Xilinx7, "RAM32X1D" | "RAM64X1D" | "RAM128X1S") => [2, 0, 0, 0],
            (Vendor::Xilinx7, "RAM32M" | "RAM64M" | "RAM128X1D" | "RAM256X1S") => [4, 0, 0, 0],
            (Vendor::Xilinx7, "FDRE" | "FDSE" | "FDCE" | "FDPE") => [0, 1, 0, 0],
            (Vendor::Xilinx7, "RAMB18E1") => [0, 0, 1, 0],
            (Vendor::Xilinx7, "RAMB36E1") => [0, 0, 2, 0],
            (Vendor::Xilinx7, "DSP48E1") => [0, 0, 0, 1],
            _ => [0; 4],
        }
    }
}

/// The library, and the map of adders, beside the Verilog.
pub(super) const LIBRARY_FILE: &str = "cells.lib";
pub(super) const ADDERS_FILE: &str = "adders.v";

impl Target {
    /// How reports call it.
    pub fn name(&self) -> &str {
        match self {
            Target::Fpga(vendor) => vendor.name(),
            Target::Cells(library) => library.name(),
        }
    }

    /// The passes that map a top module.
    pub(super) fn passes(&self, top: &str, flatten: bool, dsp: bool) -> String {
        let Target::Cells(library) = self else {
            return match self {
                Target::Fpga(vendor) => vendor.flow(top, flatten, dsp),
                Target::Cells(_) => String::new(),
            };
        };
        let flat = if flatten { "-flatten " } else { "" };
        let adders = match techmap(library) {
            Some(_) => format!("maccmap; techmap -map {ADDERS_FILE}; opt; "),
            None => String::new(),
        };
        // Memories are left to a memory compiler. What drives what is checked before there are cells of the library,
        // whose pins Yosys does not know.
        format!(
            "blackbox memory_*; synth {flat}-top {top} -run begin:fine; check -assert; {adders}synth -run fine:check; \
             dfflibmap -liberty {LIBRARY_FILE}; opt; abc -liberty {LIBRARY_FILE}; opt_clean -purge"
        )
    }

    /// The files that the passes read beside the Verilog.
    pub(super) fn files(&self) -> Vec<(&'static str, String)> {
        match self {
            Target::Fpga(_) => vec![],
            Target::Cells(library) => {
                let adders = techmap(library).map(|text| (ADDERS_FILE, text));
                let text = library.source.text.clone();
                [(LIBRARY_FILE, text)].into_iter().chain(adders).collect()
            }
        }
    }

    /// What tells it from others, for the cache.
    pub(super) fn digest(&self) -> Vec<u8> {
        match self {
            Target::Fpga(vendor) => vendor.name().as_bytes().to_vec(),
            Target::Cells(library) => library.source.digest().to_vec(),
        }
    }

    /// What cells amount to.
    pub fn resources(&self, cells: &Cells) -> Resources {
        match self {
            Target::Fpga(vendor) => {
                let mut all = [0; 4];
                for (cell, count) in cells {
                    let each = vendor.counts(cell);
                    all.iter_mut()
                        .zip(each)
                        .for_each(|(all, each)| *all += each * count);
                }
                let [luts, flip_flops, block_rams, dsps] = all;
                Resources {
                    luts: Some(luts),
                    flip_flops,
                    block_rams: Some(block_rams),
                    dsps: Some(dsps),
                    ..Resources::default()
                }
            }
            Target::Cells(library) => standard_cells(library, cells),
        }
    }
}

fn standard_cells(library: &Library, cells: &Cells) -> Resources {
    let mut resources = Resources {
        area_um2: Some(0.0),
        memory_bits: Some(0),
        ..Resources::default()
    };
    for (name, &count) in cells {
        let bits = memory_bits(name).map(|bits| bits * count);
        resources.memory_bits = resources
            .memory_bits
            .zip(bits.or(Some(0)))
            .map(|(a, b)| a + b);
        if let Some(cell) = library.cell(name) {
            resources.area_um2 = resources
                .area_um2
                .map(|area| area + cell.area * count as f64);
            resources.flip_flops += u64::from(cell.is_flip_flop) * count;
        }
    }
    resources
}

/// Bits of `memory_512x37`.
fn memory_bits(module: &str) -> Option<u64> {
    let (depth, width) = module.strip_prefix("memory_")?.split_once('x')?;
    Some(depth.parse::<u64>().ok()? * width.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::liberty::tests::{SMALL, library};

    fn cells<const N: usize>(cells: [(&str, u64); N]) -> Cells {
        cells.map(|(name, count)| (name.to_owned(), count)).into()
    }

    #[test]
    fn tables_are_what_a_cell_is_made_of() {
        let luts = |vendor, cells: Cells| Target::Fpga(vendor).resources(&cells).luts;
        assert_eq!(
            luts(
                Vendor::Ecp5,
                cells([("LUT4", 3), ("CCU2C", 2), ("TRELLIS_DPR16X4", 1)])
            ),
            Some(13)
        );
        assert_eq!(
            luts(Vendor::Ice40, cells([("SB_LUT4", 3), ("SB_CARRY", 2)])),
            Some(3)
        );
        assert_eq!(
            luts(
                Vendor::Xilinx7,
                cells([("LUT6", 3), ("RAM32M", 2), ("CARRY4", 9)])
            ),
            Some(11)
        );
        let all = Target::Fpga(Vendor::Xilinx7).resources(&cells([
            ("RAMB36E1", 2),
            ("RAMB18E1", 1),
            ("FDRE", 7),
        ]));
        assert_eq!(
            (all.block_rams, all.flip_flops, all.area_um2),
            (Some(5), 7, None)
        );
        assert_eq!("ecp5".parse(), Ok(Vendor::Ecp5));
        assert!(
            "ecp6"
                .parse::<Vendor>()
                .unwrap_err()
                .contains("ice40, ecp5, xilinx7")
        );
    }

    #[test]
    fn cells_have_the_area_of_the_library_and_memories_bits() {
        let target = Target::Cells(Arc::new(library(SMALL).unwrap()));
        let found = target.resources(&cells([("fa_1", 2), ("dff_1", 3), ("memory_16x8", 2)]));
        assert_eq!((found.area_um2, found.flip_flops), (Some(44.0), 3));
        assert_eq!((found.memory_bits, found.luts), (Some(256), None));
        assert!(
            target
                .passes("pe", true, false)
                .contains("techmap -map adders.v")
        );
    }
}
