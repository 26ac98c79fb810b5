//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

const EXIT_CODES: &str = "Exit codes: 0 all is well, 1 a mismatch, 2 bad input, 3 a tool is missing or too old, \
4 a tool failed.";

/// Generates, simulates and proves a multiplier-free systolic accelerator for log-coded activations.
#[derive(Parser, Debug)]
#[command(name = "cromulent", version, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Say whether a network is cromulent, whether a design is sound, and whether one fits the other.
    Check(CheckArgs),
    /// Write the Verilog of a design.
    Generate(GenerateArgs),
    /// Run a network on the cycle model: words, cycles, utilisation, stalls.
    Simulate(SimulateArgs),
    /// Run layers on several executors and compare every output word and its cycle.
    Verify(VerifyArgs),
}

/// Arguments of `check`: a design, a network, or both.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("subject").args(["design", "network"]).required(true).multiple(true),
    after_help = "Examples:
  cromulent check --design constraints/designs/small-8x8.toml
  cromulent check --network docs/examples/fashion-resnet8.toml"
)]
pub struct CheckArgs {
    /// Design file; on its own, prints every width that follows from it.
    #[arg(long, value_name = "FILE")]
    pub design: Option<PathBuf>,
    /// Network file; prints its modules and what breaks the cromulent form.
    #[arg(long, value_name = "FILE")]
    pub network: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `generate`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  cromulent generate --design constraints/designs/small-8x8.toml --out build/small-8x8")]
pub struct GenerateArgs {
    /// Design file.
    #[arg(long, value_name = "FILE")]
    pub design: PathBuf,
    /// Folder to write, which must not exist yet.
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What runs on what, shared by `simulate` and `verify`.
#[derive(Args, Debug)]
pub struct Workload {
    /// Design file.
    #[arg(long, value_name = "FILE")]
    pub design: PathBuf,
    /// Network file.
    #[arg(long, value_name = "FILE")]
    pub network: PathBuf,
    /// Only this layer, by its name in the network; all layers if absent.
    #[arg(long, value_name = "NAME")]
    pub layer: Option<String>,
    /// Images to run on; the network's own examples if absent.
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// How many images, from the first on.
    #[arg(long, value_name = "K", default_value = "1")]
    pub images: NonZeroUsize,
}

/// Arguments of `simulate`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  cromulent simulate --design constraints/designs/small-8x8.toml \\
      --network docs/examples/fashion-resnet8.toml --json")]
pub struct SimulateArgs {
    /// What runs on what.
    #[command(flatten)]
    pub workload: Workload,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `verify`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  cromulent verify --design constraints/designs/small-8x8.toml \\
      --network docs/examples/fashion-resnet8.toml --layer blocks.0.conv1

Set CROMULENT_VERILATOR to the program if it is not on the PATH; builds are kept in CROMULENT_CACHE, by default
~/.cache/cromulent.")]
pub struct VerifyArgs {
    /// What runs on what.
    #[command(flatten)]
    pub workload: Workload,
    /// Verilog to check in place of what the design generates: a folder `generate` wrote.
    #[arg(long, value_name = "FOLDER")]
    pub rtl: Option<PathBuf>,
    /// Which executors to run, separated by commas; all are compared with the first that ran.
    #[arg(
        long,
        value_name = "LIST",
        value_enum,
        value_delimiter = ',',
        default_values_t = Executor::ALL
    )]
    pub executors: Vec<Executor>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Something that runs a program image.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Executor {
    /// Plain integers, no clock.
    Reference,
    /// The cycle model.
    Model,
    /// The circuit description, simulated by rust_hdl.
    RustHdl,
    /// The emitted Verilog in Verilator.
    Verilator,
}

impl Executor {
    /// All four, in the order they are compared.
    pub const ALL: [Executor; 4] = [
        Executor::Reference,
        Executor::Model,
        Executor::RustHdl,
        Executor::Verilator,
    ];

    /// The name on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Executor::Reference => "reference",
            Executor::Model => "model",
            Executor::RustHdl => "rust_hdl",
            Executor::Verilator => "verilator",
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound_and_every_command_has_an_example() {
        Cli::command().debug_assert();
        for command in Cli::command().get_subcommands() {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains(&format!("cromulent {} --", command.get_name())),
                "{help}"
            );
        }
    }

    #[test]
    fn executors_are_named_as_in_json() {
        for executor in Executor::ALL {
            let value = executor.to_possible_value().unwrap();
            assert_eq!(value.get_name(), executor.name());
        }
        let line = "cromulent verify --design d --network n --executors model,rust_hdl";
        let Command::Verify(args) = Cli::parse_from(line.split(' ')).command else {
            panic!("verify")
        };
        assert_eq!(args.executors, [Executor::Model, Executor::RustHdl]);
        assert_eq!(args.workload.images.get(), 1);
    }

    #[test]
    fn check_wants_something_to_check() {
        let error = Cli::try_parse_from(["cromulent", "check"]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("--design"));
    }
}
