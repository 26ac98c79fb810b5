//! `cromulent report`: results as one page of HTML, with plots.

mod chart;
mod comparison;
mod exploration;
mod numbers;
mod page;
mod read;
mod run;
mod runs;

use serde_json::json;

use crate::cli::ReportArgs;
use crate::output::{refuse_existing, write_text};
use crate::{Error, Outcome};
use page::Page;
use read::{Kind, read};

/// Writes the page of a folder or file of results.
///
/// # Errors
/// Bad input: what is no result of a command, an exploration that has not ended, a page that is there already.
pub fn run(args: &ReportArgs) -> Result<Outcome, Error> {
    refuse_existing(&args.out)?;
    let files = read(&args.results)?;
    let name = args
        .results
        .file_name()
        .map_or("results".into(), |name| name.to_string_lossy());
    let mut page = Page::new(&name);
    for file in &files {
        match file.kind {
            Kind::Exploration => exploration::show(&mut page, file)?,
            Kind::Details => runs::details(&mut page, file)?,
            Kind::Estimate | Kind::Simulation => runs::single(&mut page, file)?,
            Kind::Comparison => comparison::show(&mut page, file)?,
        }
    }
    let figures: Vec<String> = page.figures().map(str::to_owned).collect();
    write_text(&args.out, &page.html(&files))?;
    let text = format!(
        "{}: {} figures of {} files",
        args.out.display(),
        figures.len(),
        files.len()
    );
    let files: Vec<_> = files
        .iter()
        .map(|file| json!({ "name": file.name, "sha256": file.sha256 }))
        .collect();
    let json =
        json!({ "file": args.out.display().to_string(), "figures": figures, "inputs": files });
    Ok(Outcome::good(text, json))
}
