//! The `cromulent` program: a parse and a match.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use cromulent::cli::{Cli, Command};
use cromulent::progress::Progress;
use cromulent::{Error, Outcome, commands};

fn main() -> ExitCode {
    let progress = Progress::stderr();
    let (result, json) = match Cli::parse().command {
        Command::Check(args) => (commands::check::run(&args), args.json),
        Command::Generate(args) => (commands::generate::run(&args, &progress), args.json),
        Command::Simulate(args) => (commands::simulate::run(&args, &progress), args.json),
        Command::Verify(args) => (commands::verify::run(&args, &progress), args.json),
    };
    ExitCode::from(report(&result, json))
}

/// Prints the result where it belongs; the exit code.
fn report(result: &Result<Outcome, Error>, json: bool) -> u8 {
    match result {
        Ok(outcome) => {
            // A reader that has seen enough and hung up is no error.
            let _ = std::io::stdout().write_all(outcome.render(json).as_bytes());
            outcome.exit_code
        }
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            error.exit_code()
        }
    }
}
