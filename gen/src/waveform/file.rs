//! Waveforms as files: FST, as GTKWave and Surfer read it, or VCD.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use fst_writer::{
    FstFileType, FstInfo, FstScopeType, FstSignalType, FstVarDirection, FstVarType, FstWriteError,
    open_fst,
};
use vcd::{IdCode, TimescaleUnit, Value};

use super::{Signal, Waveform};

/// How a waveform is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Format {
    /// GTKWave's compressed format.
    Fst,
    /// Value change dump: text.
    Vcd,
}

impl Format {
    /// The format that a file's name ends in.
    pub fn of(path: &Path) -> Option<Format> {
        match path.extension()?.to_str()? {
            "fst" => Some(Format::Fst),
            "vcd" => Some(Format::Vcd),
            _ => None,
        }
    }
}

/// The scope that signals stand in.
const SCOPE: &str = "cromulent";
/// A cycle is a nanosecond.
const EXPONENT: i8 = -9;

/// Writes a waveform to a new file.
///
/// # Errors
/// A file that cannot be written.
pub fn write(waveform: &Waveform, path: &Path, format: Format) -> io::Result<()> {
    match format {
        Format::Fst => fst(waveform, path).map_err(io::Error::other),
        Format::Vcd => vcd(waveform, path),
    }
}

/// The numbers of signals that change in a cycle, with their new values.
type Changes = Vec<(usize, Option<u64>)>;

/// The cycles in which something changes; in the first everything does.
fn changes(waveform: &Waveform) -> impl Iterator<Item = (u64, Changes)> {
    let cycles = waveform.cycles.clone().enumerate();
    cycles.filter_map(|(at, cycle)| {
        let changed = |(number, signal): (usize, &Signal)| {
            let value = signal.values[at];
            (at == 0 || signal.values[at - 1] != value).then_some((number, value))
        };
        let signals = waveform.signals.iter().enumerate();
        let found: Changes = signals.filter_map(changed).collect();
        (!found.is_empty()).then_some((cycle, found))
    })
}

/// A value as digits, highest first.
fn digits(bits: u32, value: Option<u64>) -> String {
    match value {
        Some(value) => format!("{value:0width$b}", width = bits as usize),
        None => "x".repeat(bits as usize),
    }
}

fn fst(waveform: &Waveform, path: &Path) -> Result<(), FstWriteError> {
    let info = FstInfo {
        start_time: waveform.cycles.start,
        timescale_exponent: EXPONENT,
        version: concat!("cromulent ", env!("CARGO_PKG_VERSION")).to_owned(),
        // The same input gives the same bytes.
        date: String::new(),
        file_type: FstFileType::Verilog,
    };
    let mut header = open_fst(path, &info)?;
    header.scope(SCOPE, "", FstScopeType::Module)?;
    let mut ids = vec![];
    for signal in &waveform.signals {
        let width = FstSignalType::bit_vec(signal.bits);
        let (kind, direction) = (FstVarType::Wire, FstVarDirection::Implicit);
        ids.push(header.var(&signal.name, width, kind, direction, None)?);
    }
    header.up_scope()?;
    let mut body = header.finish()?;
    for (cycle, found) in changes(waveform) {
        body.time_change(cycle)?;
        for (number, value) in found {
            let bits = digits(waveform.signals[number].bits, value);
            body.signal_change(ids[number], bits.as_bytes())?;
        }
    }
    body.time_change(waveform.cycles.end)?;
    body.finish()?;
    Ok(())
}

fn vcd(waveform: &Waveform, path: &Path) -> io::Result<()> {
    let mut writer = vcd::Writer::new(BufWriter::new(File::create(path)?));
    writer.version(concat!("cromulent ", env!("CARGO_PKG_VERSION")))?;
    writer.timescale(1, TimescaleUnit::NS)?;
    writer.add_module(SCOPE)?;
    let mut ids: Vec<IdCode> = vec![];
    for signal in &waveform.signals {
        ids.push(writer.add_wire(signal.bits, &signal.name)?);
    }
    writer.upscope()?;
    writer.enddefinitions()?;
    for (cycle, found) in changes(waveform) {
        writer.timestamp(cycle)?;
        for (number, value) in found {
            let bits = digits(waveform.signals[number].bits, value);
            let mut values = bits.chars().map(|digit| match digit {
                '0' => Value::V0,
                '1' => Value::V1,
                _ => Value::X,
            });
            match bits.len() {
                1 => writer.change_scalar(ids[number], values.next().unwrap_or(Value::X))?,
                _ => writer.change_vector(ids[number], values)?,
            }
        }
    }
    writer.timestamp(waveform.cycles.end)?;
    writer.flush()?;
    writer.writer().flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waveform() -> Waveform {
        let signal = |name: &str, bits, values: &[Option<u64>]| Signal {
            name: name.to_owned(),
            bits,
            values: values.to_vec(),
        };
        let (yes, no) = (Some(1), Some(0));
        Waveform {
            cycles: 1000..1005,
            signals: vec![
                signal("flag", 1, &[no, yes, yes, no, no]),
                signal(
                    "word",
                    33,
                    &[None, Some(1 << 32 | 5), None, Some(7), Some(7)],
                ),
            ],
        }
    }

    /// The digits of a signal in each cycle, as a reader of waveforms sees them.
    fn read_back(path: &Path, name: &str) -> Vec<String> {
        let mut waves = wellen::simple::read(path).expect("a waveform");
        let variable = waves.hierarchy().lookup_var(&[SCOPE], name);
        let signal = waves.hierarchy()[variable.expect("the signal")].signal_ref();
        waves.load_signals(&[signal]);
        let times = waves.time_table().to_vec();
        let signal = waves.get_signal(signal).expect("loaded");
        let changes = signal.iter_changes();
        let changes: Vec<(u64, String)> = changes
            .map(|(at, value)| (times[at as usize], value.to_string()))
            .collect();
        let value = |cycle: u64| {
            let since = changes.iter().rfind(|(since, _)| *since <= cycle);
            since.map_or(String::new(), |(_, value)| value.clone())
        };
        waveform().cycles.map(value).collect()
    }

    #[test]
    fn both_formats_are_read_back_by_others() {
        let folder = tempfile::tempdir().expect("a folder");
        for (format, name) in [(Format::Fst, "w.fst"), (Format::Vcd, "w.vcd")] {
            let path = folder.path().join(name);
            assert_eq!(Format::of(&path), Some(format));
            write(&waveform(), &path, format).expect("written");
            for signal in waveform().signals {
                let values = signal.values.iter();
                let values: Vec<String> = values.map(|&v| digits(signal.bits, v)).collect();
                assert_eq!(read_back(&path, &signal.name), values, "{name}");
            }
        }
        assert_eq!(Format::of(Path::new("w.txt")), None);
    }
}
