//! `cromulent generate`.

use cromulent_design::Design;
use serde_json::json;

use crate::cli::GenerateArgs;
use crate::executors::{harness_files, verilator};
use crate::output::{Files, write_files, write_folder};
use crate::progress::Progress;
use crate::{Error, Outcome};

/// Writes the Verilog of a design, its file list, and a test bench's C++ in `tb/`.
///
/// # Errors
/// A bad design, or a folder that exists or cannot be written.
pub fn run(args: &GenerateArgs, progress: &Progress) -> Result<Outcome, Error> {
    let design = Design::load(&args.design)?;
    let _step = progress.step("generating Verilog");
    let verilog = verilator::emit(&design)?;
    let (modules, lines) = (
        verilog.len(),
        verilog
            .values()
            .map(|text| text.lines().count())
            .sum::<usize>(),
    );
    let mut files = verilog.clone();
    files.insert("files.f".into(), file_list(&verilog));
    files.insert("design.toml".into(), design.to_toml());
    files.extend(
        harness_files(&design)
            .into_iter()
            .map(|(name, text)| (std::path::Path::new("tb").join(name), text)),
    );
    write_folder(&args.out, |folder| write_files(folder, &files))?;
    let names: Vec<String> = files
        .keys()
        .map(|name| name.display().to_string())
        .collect();
    let text = format!(
        "{}: {modules} modules, {lines} lines of Verilog, top {}",
        args.out.display(),
        verilator::TOP
    );
    Ok(Outcome::good(
        text,
        json!({ "design": design.name, "top": verilator::TOP, "folder": args.out, "files": names, "lines": lines }),
    ))
}

/// The Verilog files, one a line, as `verilator -f` and Yosys scripts read them.
fn file_list(verilog: &Files) -> String {
    verilog
        .keys()
        .map(|name| format!("{}\n", name.display()))
        .collect()
}
