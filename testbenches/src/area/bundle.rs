//! Blocks of many designs in one Verilog text, so that one run of Yosys maps them all.

use std::collections::BTreeSet;

use cromulent::Error;
use cromulent::synthesis::Source;
use cromulent_design::{Design, PeKind};

/// The module that has an instance of each.
const TOP: &str = "bundle";

/// What a block of the design of this number is called.
pub fn name(block: &str, n: usize) -> String {
    format!("{block}__{n}")
}

/// These blocks of these designs, by their numbers.
///
/// # Errors
/// A block is described wrongly: a fault of this program.
pub fn bundle(designs: &[(usize, Design, &[&str])]) -> Result<Source, Error> {
    let (mut verilog, mut instances, mut kept) = (String::new(), String::new(), vec![]);
    let dsp = designs.iter().any(|(_, d, _)| d.pe == PeKind::Dsp);
    for (n, design, blocks) in designs {
        let modules = cromulent_core::verilog(design).map_err(|error| Error::ToolFailed {
            tool: "the emitter".to_owned(),
            what: "refused a block".to_owned(),
            output: error.to_string(),
        })?;
        let names: BTreeSet<&str> = modules.iter().map(|m| m.name.as_str()).collect();
        let mut used = BTreeSet::new();
        for block in blocks.iter().filter(|block| names.contains(*block)) {
            used.insert(*block);
            let name = name(block, *n);
            instances += &format!("  (* keep *) {name} i_{name} ();\n");
            kept.push(name);
        }
        // Users stand behind what they use.
        for module in modules.iter().rev() {
            if used.contains(module.name.as_str()) {
                used.extend(words(&module.text).filter(|word| names.contains(word)));
            }
        }
        for module in modules.iter().filter(|m| used.contains(m.name.as_str())) {
            verilog += &renamed(&module.text, &used, *n);
        }
    }
    verilog += &format!("module {TOP} ();\n{instances}endmodule\n");
    Ok(Source {
        top: TOP.to_owned(),
        verilog,
        dsp,
        kept,
    })
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !is_word(c))
}

/// The text with a number behind each of these words, wherever it stands: also where it is the name of a signal.
fn renamed(text: &str, names: &BTreeSet<&str>, n: usize) -> String {
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        out += word;
        if names.contains(word) {
            out.truncate(out.len() - word.len());
            out += &name(word, n);
        }
        let gap = after.find(is_word).unwrap_or(after.len());
        out += &after[..gap];
        rest = &after[gap..];
    }
    out
}
