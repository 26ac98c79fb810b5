//! Area of single processing elements, as Markdown on standard output:
//!
//! ```text
//! cargo run --release -p cromulent-testbenches --example pe_area
//! ```
//!
//! iCE40 LUT4s by Yosys' `synth_ice40`, flattened; square micrometres by the Liberty file
//! `liberty/sky130hd_tt.lib.gz` below `CROMULENT_DATA`, if that is set. The int8 baseline multiplies by
//! radix-4 Booth rows, from the same generator.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cromulent::Error;
use cromulent::tools::{Found, Scratch, yosys};
use cromulent_core::{Pe, PeShape};
use cromulent_design::{Affine, Design};
use cromulent_kit::emit;
use cromulent_number::Format;
use rust_hdl_core::prelude::Block;

const LIMIT: Duration = Duration::from_secs(600);

/// Rows of the array whose derived sum width is shown.
const ROWS: u32 = 32;

fn main() -> Result<(), Error> {
    let yosys = yosys::YOSYS.find()?;
    let scratch = Scratch::new()?;
    let liberty = liberty(scratch.path())?;
    println!(
        "| element | sum bits | LUT4, bare | LUT4, with shadow | µm², bare | µm², with shadow | flip-flops, bare |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (name, design) in elements() {
        for sum_bits in [24, design.sum_bits() as usize] {
            let row = row(&yosys, &scratch, liberty.as_deref(), &design, sum_bits)?;
            println!("| {name} | {sum_bits} | {row} |");
        }
    }
    Ok(())
}

/// The elements of the table, 8-bit constants.
fn elements() -> Vec<(String, Design)> {
    let kinds = [
        (Format::L4, Affine::Exact, false),
        (Format::L4, Affine::Recentred, false),
        (Format::L5, Affine::Exact, false),
        (Format::L3, Affine::Exact, false),
        (Format::L2, Affine::Exact, false),
        (Format::R2, Affine::Rectified, false),
        (Format::R3, Affine::Rectified, false),
        (Format::R3, Affine::Rectified, true),
        (Format::R4, Affine::Rectified, false),
        (Format::R5, Affine::Rectified, false),
        (Format::I8, Affine::Rectified, false),
    ];
    let element = |(format, affine, image_digits)| {
        let design = Design {
            image_digits,
            ..Design::new(ROWS, ROWS, format, affine)
        };
        let digits = if image_digits { " with digits" } else { "" };
        (format!("{format} {affine}{digits}"), design)
    };
    kinds.map(element).into()
}

/// The cells of one row of the table after the sum's width.
fn row(
    yosys: &Found,
    scratch: &Scratch,
    liberty: Option<&Path>,
    design: &Design,
    sum_bits: usize,
) -> Result<String, Error> {
    let mut luts = vec![];
    let mut areas = vec![];
    let mut flip_flops = String::new();
    for shadow in [false, true] {
        let shape = PeShape {
            shadow,
            sum_bits,
            ..PeShape::of(design)
        };
        let folder = Scratch::within(scratch.path())?;
        write(&shape, folder.path())?;
        let log = yosys::script(
            yosys,
            "read_verilog pe.v; synth_ice40 -top pe; stat",
            folder.path(),
            LIMIT,
        )?;
        luts.push(count(&log, "SB_LUT4").to_string());
        if !shadow {
            flip_flops = ["SB_DFF", "SB_DFFE"]
                .map(|cell| count(&log, cell))
                .iter()
                .sum::<u64>()
                .to_string();
        }
        areas.push(match liberty {
            Some(liberty) => area(yosys, folder.path(), liberty)?,
            None => "-".to_owned(),
        });
    }
    Ok(format!(
        "{} | {} | {flip_flops}",
        luts.join(" | "),
        areas.join(" | ")
    ))
}

fn write(shape: &PeShape, folder: &Path) -> Result<(), Error> {
    let mut pe = Pe::new(shape);
    pe.connect_all();
    let failed = |what: String| Error::ToolFailed {
        tool: "the emitter".to_owned(),
        what,
        output: String::new(),
    };
    let modules = emit::verilog(&pe).map_err(|error| failed(error.to_string()))?;
    let text: String = modules.into_iter().map(|module| module.text).collect();
    let path = folder.join("pe.v");
    fs::write(&path, text).map_err(|error| Error::io("be written", &path, &error))
}

/// Square micrometres after mapping to the library.
fn area(yosys: &Found, folder: &Path, liberty: &Path) -> Result<String, Error> {
    let file = liberty.display();
    let script = format!(
        "read_verilog pe.v; synth -flatten -top pe; dfflibmap -liberty {file}; opt; abc -liberty {file}; \
         opt_clean -purge; stat -liberty {file}"
    );
    let log = yosys::script(yosys, &script, folder, LIMIT)?;
    let line = log.lines().rev().find(|line| line.contains("Chip area"));
    let number = line
        .and_then(|line| line.rsplit(' ').next())
        .and_then(|text| text.parse::<f64>().ok());
    Ok(number.map_or("-".to_owned(), |area| format!("{area:.0}")))
}

/// How many cells of a type the last statistics count.
fn count(log: &str, cell: &str) -> u64 {
    let numbers = log.lines().rev().filter_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some(cell))
            .then(|| words.next()?.parse::<u64>().ok())
            .flatten()
    });
    numbers.take(1).sum()
}

/// The Liberty file, unpacked; none without `CROMULENT_DATA`, and that is said.
fn liberty(folder: &Path) -> Result<Option<std::path::PathBuf>, Error> {
    let Some(data) = std::env::var_os("CROMULENT_DATA") else {
        eprintln!("SKIPPED the areas in µm²: CROMULENT_DATA is not set");
        return Ok(None);
    };
    let packed = Path::new(&data).join("liberty/sky130hd_tt.lib.gz");
    let mut child = Command::new("gzip")
        .arg("-dc")
        .arg(&packed)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .map_err(|error| Error::io("be unpacked", &packed, &error))?;
    let mut text = vec![];
    if let Some(output) = &mut child.stdout {
        output
            .read_to_end(&mut text)
            .map_err(|error| Error::io("be read", &packed, &error))?;
    }
    let _ = child.wait();
    let path = folder.join("cells.lib");
    fs::write(&path, text).map_err(|error| Error::io("be written", &path, &error))?;
    Ok(Some(path))
}
