//! Running Yosys and Verilator on emitted modules.

#![allow(dead_code, reason = "each test uses some of it")]

use cromulent_kit::emit::Module;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

/// An empty folder for one test's files.
pub fn folder(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder for test files");
    folder
}

/// Writes each module to a file of its own and returns the file names in order.
pub fn write(folder: &Path, modules: &[Module]) -> Vec<String> {
    let file = |module: &Module| {
        let name = format!("{}.v", module.name);
        std::fs::write(folder.join(&name), &module.text).expect("a Verilog file is written");
        name
    };
    modules.iter().map(file).collect()
}

/// What the tool prints, errors after the rest, and whether it succeeded. None, loudly, when it is
/// not installed.
///
/// # Panics
/// The tool is not installed and the variable `CI` is set.
pub fn run(tool: &str, arguments: &[String], folder: &Path) -> Option<(bool, String)> {
    match Command::new(tool)
        .args(arguments)
        .current_dir(folder)
        .output()
    {
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            Some((
                output.status.success(),
                String::from_utf8_lossy(&text).into(),
            ))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
            assert!(!ci, "CI must not skip: {tool} is not installed");
            eprintln!("SKIPPED: {tool} is not installed (apt-get install {tool})");
            None
        }
        Err(error) => panic!("{tool}: {error}"),
    }
}

/// Asserts that Verilator has nothing to say about the modules, the last being the top.
pub fn assert_lint_clean(test: &str, modules: &[Module], more: &[&str]) {
    let folder = folder(test);
    let mut arguments: Vec<String> = ["--lint-only", "-Wall"].map(String::from).to_vec();
    arguments.extend(more.iter().map(|option| option.to_string()));
    arguments.extend(write(&folder, modules));
    if let Some((success, text)) = run("verilator", &arguments, &folder) {
        assert!(success && text.trim().is_empty(), "{text}");
    }
}
