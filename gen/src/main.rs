//! The `cromulent` program: a parse and a match.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use cromulent::cli::{Cli, Command};
use cromulent::progress::Progress;
use cromulent::{Error, Outcome, commands};

fn main() -> ExitCode {
    let progress = Progress::stderr();
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(error) => return refuse(&error),
    };
    let (result, json) = match command {
        Command::Accuracy(args) => (commands::accuracy::run(&args, &progress), args.json),
        Command::Check(args) => (commands::check::run(&args), args.json),
        Command::Compare(args) => (commands::compare::run(&args, &progress), args.json),
        Command::Compile(args) => (commands::compile::run(&args, &progress), args.json),
        Command::Estimate(args) => (commands::estimate::run(&args, &progress), args.json),
        Command::Explore(args) => (commands::explore::run(&args, &progress), args.json),
        Command::Generate(args) => (commands::generate::run(&args, &progress), args.json),
        Command::Import(args) => (commands::import::run(&args, &progress), args.json),
        Command::Memory(args) => (commands::memory::run(&args), args.json),
        Command::Report(args) => (commands::report::run(&args), args.json),
        Command::Simulate(args) => (commands::simulate::run(&args, &progress), args.json),
        Command::Trace(args) => (commands::trace::run(&args, &progress), args.json),
        Command::Verify(args) => (commands::verify::run(&args, &progress), args.json),
    };
    ExitCode::from(report(&result, json))
}

/// Answers a command line that is wrong, or that only asks for help.
fn refuse(error: &clap::Error) -> ExitCode {
    let json = std::env::args_os().any(|argument| argument == "--json");
    if json && error.use_stderr() {
        let message = error.to_string();
        let what = message.trim_start_matches("error: ").trim_end();
        let fix = "see --help";
        print(&Error::bad_input("command line", what, fix).to_json());
    }
    let _ = error.print();
    ExitCode::from(error.exit_code() as u8)
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
            if json {
                print(&error.to_json());
            }
            let _ = writeln!(std::io::stderr(), "{error}");
            error.exit_code()
        }
    }
}

/// Prints an object on standard output.
fn print(object: &serde_json::Value) {
    let _ = writeln!(std::io::stdout(), "{object:#}");
}
