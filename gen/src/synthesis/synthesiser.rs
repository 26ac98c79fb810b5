//! Yosys, with a cache before it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::cache::{Cache, key};
use super::netlist::Netlist;
use super::source::Source;
use super::target::Target;
use crate::Error;
use crate::tools::yosys::{self, YOSYS};
use crate::tools::{Found, Scratch, cache_root};

/// One synthesis takes this long at most, on a machine that does other things too.
const LIMIT: Duration = Duration::from_secs(3600);

/// The files that a script reads and writes.
const VERILOG_FILE: &str = "design.v";
const STATISTICS_FILE: &str = "cells.json";

/// What synthesises.
#[derive(Clone, Debug)]
pub struct Synthesiser {
    yosys: Found,
    cache: Cache,
}

impl Synthesiser {
    /// Yosys from where it is, results kept in the cache of the user.
    ///
    /// # Errors
    /// [`Error::ToolMissing`] without Yosys; [`Error::ToolFailed`] if there is no place for a cache.
    pub fn new() -> Result<Synthesiser, Error> {
        Ok(Synthesiser::within(YOSYS.find()?, &cache_root()?))
    }

    /// This Yosys, results kept in this folder.
    pub fn within(yosys: Found, cache: &Path) -> Synthesiser {
        Synthesiser {
            yosys,
            cache: Cache::within(cache),
        }
    }

    /// Maps a source; with `flatten` as one module, else each module on its own.
    ///
    /// # Errors
    /// Yosys fails or says something else than it should, or the cache cannot be written.
    pub fn run(&self, target: &Target, source: &Source, flatten: bool) -> Result<Netlist, Error> {
        let script = script(target, source, flatten);
        let (digest, files) = (target.digest(), target.files());
        let mut parts: Vec<&[u8]> = vec![
            self.yosys.version_text.as_bytes(),
            script.as_bytes(),
            &digest,
        ];
        parts.push(source.verilog.as_bytes());
        // The library is in the digest already, the map of adders is not.
        parts.extend(files.iter().skip(1).map(|(_, text)| text.as_bytes()));
        let key = key(&parts);
        if let Some(found) = self.cache.get(&key) {
            return Ok(found);
        }
        let (log, statistics) = self.yosys(source, &files, &script)?;
        let netlist = Netlist::from_statistics(&statistics, &source.top);
        let netlist = netlist.ok_or_else(|| Error::ToolFailed {
            tool: self.yosys.name.to_owned(),
            what: format!("wrote no statistics of {}", source.top),
            output: last_lines(&log),
        })?;
        self.cache.put(&key, &netlist)?;
        Ok(netlist)
    }

    /// Maps a source as one module and writes it as Yosys' JSON, for place and route.
    ///
    /// # Errors
    /// Yosys fails, or the file cannot be written.
    pub fn write(&self, target: &Target, source: &Source, file: &Path) -> Result<(), Error> {
        let own = script(target, source, true);
        let script = format!("{own}; write_json \"{}\"", file.display());
        self.yosys(source, &target.files(), &script).map(drop)
    }

    /// Runs a script on a source and further files; the log, and the statistics it wrote.
    fn yosys(
        &self,
        source: &Source,
        files: &[(&str, String)],
        script: &str,
    ) -> Result<(String, String), Error> {
        let folder = Scratch::new()?;
        let own = [(VERILOG_FILE, source.verilog.as_str())].into_iter();
        for (name, text) in own.chain(files.iter().map(|(name, text)| (*name, text.as_str()))) {
            let path = folder.path().join(name);
            fs::write(&path, text).map_err(|error| scratch_failed(&path, &error))?;
        }
        let log = yosys::script(&self.yosys, script, folder.path(), LIMIT)?;
        let statistics = fs::read_to_string(folder.path().join(STATISTICS_FILE));
        Ok((log, statistics.unwrap_or_default()))
    }
}

/// A full disk is no fault of the input.
fn scratch_failed(path: &Path, error: &std::io::Error) -> Error {
    Error::ToolFailed {
        tool: "the folder for temporary files".to_owned(),
        what: format!("cannot be written: {}: {error}", path.display()),
        output: String::new(),
    }
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

fn script(target: &Target, source: &Source, flatten: bool) -> String {
    let top = &source.top;
    let keep = match source.kept.as_slice() {
        [] => String::new(),
        kept => format!("setattr -mod -set keep_hierarchy 1 {}; ", kept.join(" ")),
    };
    format!(
        "read_verilog {VERILOG_FILE}; hierarchy -check -top {top}; {keep}{}; \
         tee -q -o {STATISTICS_FILE} stat -json",
        target.passes(top, flatten, source.dsp)
    )
}
