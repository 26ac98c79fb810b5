//! Area of the processing element alone, by synthesis with Yosys.

use cromulent::Error;
use cromulent::tools::{Found, Scratch, yosys};
use cromulent_core::{Pe, PeShape};
use cromulent_kit::emit;
use rust_hdl_core::prelude::Block;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// One synthesis takes this long at most.
const LIMIT: Duration = Duration::from_secs(600);

/// Where the adders of `synth` become full and half adder cells.
const ADDERS: &str = include_str!("sky130_adders.v");

/// A folder with the emitted element, and what measures it.
pub struct Bench {
    yosys: Found,
    folder: Scratch,
    liberty: Option<PathBuf>,
}

/// Cells of an FPGA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cells {
    /// Tables of four inputs.
    pub luts: u64,
    /// Flip-flops.
    pub flip_flops: u64,
}

/// Square micrometres of standard cells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Adders of full and half adder cells, the rest by abc.
    pub adder_cells: f64,
    /// All by abc.
    pub gates: f64,
}

impl Bench {
    /// A bench with this Yosys. Without the variable `CROMULENT_DATA` it measures no standard cells, and
    /// says so.
    ///
    /// # Errors
    /// No temporary folder, or the Liberty file cannot be unpacked.
    pub fn new(yosys: Found) -> Result<Bench, Error> {
        let folder = Scratch::new()?;
        let liberty = match env::var_os("CROMULENT_DATA") {
            Some(data) => Some(unpack(Path::new(&data), folder.path())?),
            None => {
                eprintln!("SKIPPED the standard cells: CROMULENT_DATA is not set");
                None
            }
        };
        write(&folder.path().join("adders.v"), ADDERS)?;
        Ok(Bench {
            yosys,
            folder,
            liberty,
        })
    }

    /// Emits the element that the next measurements are of.
    ///
    /// # Errors
    /// It cannot be emitted or written.
    pub fn load(&self, shape: &PeShape) -> Result<(), Error> {
        let mut pe = Pe::new(shape);
        pe.connect_all();
        let modules = emit::verilog(&pe).map_err(|error| Error::ToolFailed {
            tool: "the emitter".to_owned(),
            what: "refused the element".to_owned(),
            output: error.to_string(),
        })?;
        let text: String = modules.into_iter().map(|module| module.text).collect();
        write(&self.folder.path().join("pe.v"), &text)
    }

    /// Lattice iCE40.
    ///
    /// # Errors
    /// Yosys fails.
    pub fn ice40(&self) -> Result<Cells, Error> {
        let log = self.run("synth_ice40 -flatten -top pe; stat")?;
        Ok(Cells {
            luts: count(&log, |cell| cell == "SB_LUT4"),
            flip_flops: count(&log, |cell| cell.starts_with("SB_DFF")),
        })
    }

    /// Lattice ECP5, without DSP blocks and wide multiplexers; a cell of carry logic holds two tables.
    ///
    /// # Errors
    /// Yosys fails.
    pub fn ecp5(&self) -> Result<Cells, Error> {
        let log = self.run("synth_ecp5 -nodsp -nowidelut -top pe; stat")?;
        Ok(Cells {
            luts: count(&log, |cell| cell == "LUT4") + 2 * count(&log, |cell| cell == "CCU2C"),
            flip_flops: count(&log, |cell| cell == "TRELLIS_FF"),
        })
    }

    /// Blocks of an element that multiplies in one: MULT18X18D of Lattice ECP5, DSP48E1 of Xilinx 7; each with the
    /// tables that are left beside it.
    ///
    /// # Errors
    /// Yosys fails.
    pub fn dsp(&self) -> Result<[(u64, u64); 2], Error> {
        let ecp5 = self.run("synth_ecp5 -nowidelut -top pe; stat")?;
        let xilinx = self.run("synth_xilinx -noiopad -top pe; stat")?;
        let carry = 2 * count(&ecp5, |cell| cell == "CCU2C");
        Ok([
            (
                count(&ecp5, |cell| cell == "MULT18X18D"),
                count(&ecp5, |cell| cell == "LUT4") + carry,
            ),
            (
                count(&xilinx, |cell| cell == "DSP48E1"),
                count(&xilinx, |cell| cell.starts_with("LUT")),
            ),
        ])
    }

    /// SkyWater 130 nm, high density, typical corner; `None` without `CROMULENT_DATA`.
    ///
    /// # Errors
    /// Yosys fails, or reports no area.
    pub fn sky130(&self) -> Result<Option<Area>, Error> {
        let Some(liberty) = &self.liberty else {
            return Ok(None);
        };
        let map = |adders: &str| -> Result<f64, Error> {
            let file = liberty.display();
            let log = self.run(&format!(
                "synth -flatten -top pe -run begin:fine; {adders}synth -run fine:check; \
                 dfflibmap -liberty {file}; opt; abc -liberty {file}; opt_clean -purge; stat -liberty {file}"
            ))?;
            chip_area(&log)
        };
        Ok(Some(Area {
            adder_cells: map("maccmap; techmap -map adders.v; opt; ")?,
            gates: map("")?,
        }))
    }

    fn run(&self, passes: &str) -> Result<String, Error> {
        let script = format!("read_verilog pe.v; hierarchy -check -top pe; {passes}");
        yosys::script(&self.yosys, &script, self.folder.path(), LIMIT)
    }
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    fs::write(path, text).map_err(|error| Error::io("be written", path, &error))
}

/// Unpacks `liberty/sky130hd_tt.lib.gz` of the data into a folder.
fn unpack(data: &Path, folder: &Path) -> Result<PathBuf, Error> {
    let packed = data.join("liberty/sky130hd_tt.lib.gz");
    let run = Command::new("gzip").arg("-dc").arg(&packed).output();
    let output = run.map_err(|error| Error::io("be unpacked", &packed, &error))?;
    if !output.status.success() {
        return Err(Error::ToolFailed {
            tool: "gzip".to_owned(),
            what: format!("could not unpack {}", packed.display()),
            output: String::from_utf8_lossy(&output.stderr).into_owned(),
        });
    }
    let path = folder.join("cells.lib");
    fs::write(&path, output.stdout).map_err(|error| Error::io("be written", &path, &error))?;
    Ok(path)
}

/// Cells in the last statistics of a log.
fn count(log: &str, counts: impl Fn(&str) -> bool) -> u64 {
    let last = log.rsplit("Number of cells:").next().unwrap_or_default();
    let cells = last.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (cell, number) = (words.next()?, words.next()?);
        (counts(cell)).then(|| number.parse::<u64>().ok()).flatten()
    });
    cells.sum()
}

fn chip_area(log: &str) -> Result<f64, Error> {
    let line = log.lines().rev().find(|line| line.contains("Chip area"));
    let area = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
    area.ok_or_else(|| Error::ToolFailed {
        tool: "Yosys".to_owned(),
        what: "reported no area".to_owned(),
        output: log.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_statistics_are_read() {
        let log = "   Number of cells:  9\n     SB_LUT4   7\n\n   Number of cells:   5\n     SB_DFF   2\n     \
                   SB_DFFE   1\n     SB_LUT4   3\n\n   Chip area for module '\\pe': 12.500000\n";
        assert_eq!(count(log, |cell| cell == "SB_LUT4"), 3);
        assert_eq!(count(log, |cell| cell.starts_with("SB_DFF")), 3);
        assert_eq!(chip_area(log).ok(), Some(12.5));
        assert!(chip_area("").is_err());
    }
}
