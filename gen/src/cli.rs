//! The command line.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};
use cromulent_engine::timing::Memory;
use cromulent_import::Normalisation;

pub use accuracy::{AccuracyArgs, Form, Wanted, Weights};
pub use choices::{ChoiceArgs, First, Maps};
pub use compare::{Asked, CompareArgs, Which};
pub use estimate::{EstimateArgs, MapFor};
pub use explore::ExploreArgs;
pub use memory::{Kept, MemoryCommand};
pub use report::ReportArgs;

mod accuracy;
mod choices;
mod compare;
mod estimate;
mod explore;
mod memory;
mod report;

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
    /// What formats and weights cost in accuracy: bit-exact results over a set of images, a row for each combination.
    Accuracy(AccuracyArgs),
    /// Say whether a network is cromulent, whether a design is sound, and whether one fits the other.
    Check(CheckArgs),
    /// Synthesise arrays of several formats side by side: tables, flip-flops, square micrometres, and accuracy beside them.
    Compare(CompareArgs),
    /// Compile a network for a design: the program image, and where everything lies in memory.
    Compile(CompileArgs),
    /// Estimate what a network costs on a design: energy by part, bytes on the memory bus and on chip, each number with its
    /// source.
    Estimate(EstimateArgs),
    /// Measure many designs on many networks, at once or in parts, and say which of them nothing else is better than.
    Explore(ExploreArgs),
    /// Write the Verilog of a design, its register map and a test bench.
    Generate(GenerateArgs),
    /// Read a trained network of another tool (ONNX, or safetensors of a known topology), rewrite it into the cromulent form
    /// and write it as a network file.
    Import(ImportArgs),
    /// Count the bytes that activations take, at test time and in training, by format.
    Memory(MemoryCommand),
    /// Show results of other commands as one page of HTML, with plots.
    Report(ReportArgs),
    /// Run a network: its values at the speed of the CPU, and cycles, utilisation, stalls by the timing model.
    Simulate(SimulateArgs),
    /// Write the waveform of a window of cycles, as the cycle model computes it.
    Trace(TraceArgs),
    /// Run a network on several executors and compare every word, every cycle and the results.
    Verify(VerifyArgs),
}

/// Arguments of `check`: a design, a network, or both.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("subject").args(["design", "network", "file"]).required(true).multiple(true),
    group = ArgGroup::new("networks").args(["network", "file"]),
    after_help = "Examples:
  cromulent check --design constraints/designs/small-8x8.toml
  cromulent check docs/examples/fashion-resnet8.toml"
)]
pub struct CheckArgs {
    /// The network, as --network.
    #[arg(value_name = "NETWORK")]
    pub file: Option<PathBuf>,
    /// Design file; on its own, prints every width that follows from it.
    #[arg(long, value_name = "FILE")]
    pub design: Option<PathBuf>,
    /// Network file, or the name of a known network; prints its modules and what breaks the cromulent form.
    #[arg(long, value_name = "FILE")]
    pub network: Option<PathBuf>,
    /// Seed of the weights of a network known by name; 1 if absent.
    #[arg(long, value_name = "SEED", requires = "networks")]
    pub seed: Option<u64>,
    /// What is left to choose.
    #[command(flatten)]
    pub choices: ChoiceArgs,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

impl CheckArgs {
    /// The network, however it was given.
    pub fn network(&self) -> Option<&Path> {
        self.network.as_deref().or(self.file.as_deref())
    }
}

/// Arguments of `compile`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  cromulent compile --design constraints/designs/small-8x8.toml \\
      --network docs/examples/fashion-resnet8.toml --out build/fashion")]
pub struct CompileArgs {
    /// Design file.
    #[arg(long, value_name = "FILE")]
    pub design: PathBuf,
    /// Network file, or the name of a known network, which gets random weights.
    #[arg(long, value_name = "FILE")]
    pub network: PathBuf,
    /// Seed of the weights of a network known by name; 1 if absent.
    #[arg(long, value_name = "SEED")]
    pub seed: Option<u64>,
    /// What is left to choose.
    #[command(flatten)]
    pub choices: ChoiceArgs,
    /// Folder to write, which must not exist yet.
    #[arg(long, value_name = "FOLDER")]
    pub out: PathBuf,
    /// Where the memory map begins: a byte address, decimal or 0x….
    #[arg(long, value_name = "ADDRESS", default_value = "0", value_parser = address)]
    pub base: u64,
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

/// Arguments of `import`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cromulent import resnet20.onnx --normalize imagenet --calibrate cifar10-train.bin --out resnet20.toml
  cromulent import densenet.onnx --normalize 0.286,0.353 --out densenet.toml
  cromulent import resnet20.safetensors --topology resnet20 --calibrate cifar10-train.bin --out resnet20.toml")]
pub struct ImportArgs {
    /// The network: an ONNX file (opsets 9 to 21), or with --topology a safetensors file.
    #[arg(value_name = "FILE")]
    pub network: PathBuf,
    /// What the weights of a safetensors file belong to: a known network, its tensors named as PyTorch names them.
    #[arg(long, value_name = "NAME")]
    pub topology: Option<String>,
    /// How pixels enter the network, (pixel/255 − mean)/std: imagenet, cifar10, or MEAN,STD as fractions of 255, one of
    /// each for all channels or for each; imagenet if absent, for three channels.
    #[arg(long, value_name = "NAME|MEAN,STD")]
    pub normalize: Option<Normalisation>,
    /// Images for the statistics of normalisations that are put in, such as the training set.
    #[arg(long, value_name = "DATA")]
    pub calibrate: Option<PathBuf>,
    /// How many of them, from the first on.
    #[arg(long, value_name = "K", default_value = "1000", value_parser = images)]
    pub images: NonZeroUsize,
    /// What shortcuts without parameters become.
    #[arg(long, value_name = "KIND", value_enum, default_value = "streams")]
    pub shortcuts: Shortcuts,
    /// Network file to write, which must not exist yet; the weights go beside it, as *.safetensors.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// What shortcuts without parameters become.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Shortcuts {
    /// Residual streams of their own: exact, for some more multiplications.
    Streams,
    /// 1×1 convolutions of ones and zeros, which read codes.
    Codes,
}

/// What runs on what, shared by `simulate` and `verify`.
#[derive(Args, Debug)]
pub struct Workload {
    /// Design file.
    #[arg(long, value_name = "FILE")]
    pub design: PathBuf,
    /// Network file, or the name of a known network, which gets random weights. `simulate` also takes layer shapes
    /// alone, as SCALE-Sim does (CSV).
    #[arg(long, value_name = "FILE", visible_alias = "topology")]
    pub network: PathBuf,
    /// Seed of the weights of a network known by name; 1 if absent.
    #[arg(long, value_name = "SEED")]
    pub seed: Option<u64>,
    /// What is left to choose.
    #[command(flatten)]
    pub choices: ChoiceArgs,
    /// Only this layer, by its name in the network; all layers if absent.
    #[arg(long, value_name = "NAME")]
    pub layer: Option<String>,
    /// Images to run on; the network's own examples if absent.
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// How many images, from the first on.
    #[arg(long, value_name = "K", default_value = "1", value_parser = images)]
    pub images: NonZeroUsize,
}

/// The memory that program and input lie in.
#[derive(Args, Clone, Copy, Debug)]
pub struct MemoryArgs {
    /// Cycles from an address taken to its first beat, and from a write taken to its answer.
    #[arg(long, value_name = "CYCLES", default_value = "1", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub latency: u64,
    /// Cycles from one beat to the next: 1 is a beat a cycle.
    #[arg(long, value_name = "CYCLES", default_value = "1", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub interval: u64,
}

/// A number of images, at least one.
fn images(text: &str) -> Result<NonZeroUsize, String> {
    let count: usize = text
        .parse()
        .map_err(|_| "write a whole number, 1 or more".to_owned())?;
    NonZeroUsize::new(count)
        .ok_or_else(|| "there is nothing to do on no image; write 1 or more".to_owned())
}

/// A number of threads, 1 to 1024.
fn threads(text: &str) -> Result<NonZeroUsize, String> {
    let count = text.parse().ok().filter(|count| (1..=1024).contains(count));
    let count = count.and_then(NonZeroUsize::new);
    count.ok_or_else(|| "write a whole number of threads, 1 to 1024".to_owned())
}

/// A byte address, decimal or hexadecimal.
fn address(text: &str) -> Result<u64, String> {
    let digits = text.replace('_', "");
    let parsed = match digits.strip_prefix("0x") {
        Some(hexadecimal) => u64::from_str_radix(hexadecimal, 16),
        None => digits.parse(),
    };
    parsed.map_err(|_| "write a byte address, such as 65536 or 0x10000".to_owned())
}

/// Arguments of `simulate`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cromulent simulate --design constraints/designs/small-8x8.toml \\
      --network docs/examples/fashion-resnet8.toml --json
  cromulent simulate --design constraints/designs/small-8x8.toml \\
      --network docs/examples/fashion-resnet8.toml --images 100 --threads 2
  cromulent simulate --design constraints/designs/mid-32x32.toml --network resnet18 --timing-only --csv
  cromulent simulate --design constraints/designs/mid-32x32.toml --topology resnet18.csv --dataflow scale-sim

Known by name: fc1, fc2, fc4 … fc1024, vgg32, vgg64, resnet20, resnet44, wrn-40-4, densenet-40-12,
densenet-100-12 (CIFAR-10); resnet18, resnet50, wrn-18-2, densenet121, densenet201 (ImageNet). Their weights are
random. A side behind the name takes other images: resnet18@448.")]
pub struct SimulateArgs {
    /// What runs on what.
    #[command(flatten)]
    pub workload: Workload,
    /// The memory.
    #[command(flatten)]
    pub memory: MemoryArgs,
    /// Only cycles, no words: from the shapes of a network, also on a design that is too small for it.
    #[arg(long, conflicts_with_all = ["input", "images", "layer", "threads"])]
    pub timing_only: bool,
    /// Threads to compute values on; as many as the CPU runs at a time if absent. No value depends on it.
    #[arg(long, value_name = "N", value_parser = threads)]
    pub threads: Option<NonZeroUsize>,
    /// Count cycles another simulator's way, of a topology that one reads; ours stand beside them.
    #[arg(long, value_name = "NAME", value_enum, conflicts_with_all = ["input", "images", "layer", "seed", "first", "format", "image_digits", "maps", "weights", "timing_only", "threads"])]
    pub dataflow: Option<Dataflow>,
    /// Print the layers as CSV.
    #[arg(long, conflicts_with_all = ["json", "dataflow"])]
    pub csv: bool,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Whose rules cycles are counted by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, ValueEnum)]
pub enum Dataflow {
    /// SCALE-Sim 3, weight-stationary, without a memory.
    ScaleSim,
}

/// Arguments of `verify`.
#[derive(Args, Debug)]
#[command(after_help = "Examples:
  cromulent verify --design constraints/designs/small-8x8.toml \\
      --network docs/examples/fashion-resnet8.toml --images 3
  cromulent verify --design constraints/designs/small-8x8.toml \\
      --network docs/examples/fashion-resnet8.toml --layer blocks.0.conv1

Set CROMULENT_VERILATOR to the program if it is not on the PATH; builds are kept in CROMULENT_CACHE, by default
~/.cache/cromulent.")]
pub struct VerifyArgs {
    /// What runs on what. With --layer, that layer alone, fed with what the reference computes up to there.
    #[command(flatten)]
    pub workload: Workload,
    /// The memory.
    #[command(flatten)]
    pub memory: MemoryArgs,
    /// Pause every channel of both buses at random, by this seed; words and results are compared, cycles are
    /// not.
    #[arg(long, value_name = "SEED", value_parser = clap::value_parser!(u64).range(1..))]
    pub stall_seed: Option<u64>,
    /// A program image that `compile` wrote, in place of compiling the network again.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["first", "format", "image_digits", "maps", "weights"])]
    pub image: Option<PathBuf>,
    /// Verilog to check in place of what the design generates: a folder `generate` wrote.
    #[arg(long, value_name = "FOLDER")]
    pub rtl: Option<PathBuf>,
    /// Which executors to run, separated by commas; all are compared with the first that ran. All of them if
    /// absent, but rust_hdl only where it takes seconds.
    #[arg(long, value_name = "LIST", value_enum, value_delimiter = ',')]
    pub executors: Option<Vec<Executor>>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `trace`.
#[derive(Args, Debug)]
#[command(after_help = "Example:
  cromulent trace --design constraints/designs/small-8x8.toml \\
      --network docs/examples/fashion-resnet8.toml --layer blocks.0.conv1 --cycles 1000..1400 --out window.fst")]
pub struct TraceArgs {
    /// What runs on what. With --images, the last of them is traced.
    #[command(flatten)]
    pub workload: Workload,
    /// The memory.
    #[command(flatten)]
    pub memory: MemoryArgs,
    /// The window, FIRST..END: cycles from the start of the layer, or without --layer from that of the program. All of them
    /// if absent.
    #[arg(long, value_name = "FIRST..END", value_parser = cycles)]
    pub cycles: Option<Range<u64>>,
    /// File to write, which must not exist yet: *.fst or *.vcd.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// A window of cycles.
fn cycles(text: &str) -> Result<Range<u64>, String> {
    let ends = text.split_once("..");
    let window = ends.and_then(|(first, end)| Some(first.parse().ok()?..end.parse().ok()?));
    window.ok_or_else(|| "write FIRST..END, such as 1000..1400".to_owned())
}

impl From<MemoryArgs> for Memory {
    fn from(args: MemoryArgs) -> Memory {
        let cycles = |cycles: u64| u32::try_from(cycles).unwrap_or(u32::MAX);
        Memory {
            latency: cycles(args.latency),
            interval: cycles(args.interval),
        }
    }
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
                help.contains(&format!("cromulent {} ", command.get_name())),
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
        let executors = args.executors.unwrap();
        assert_eq!(executors, [Executor::Model, Executor::RustHdl]);
        assert_eq!(args.workload.images.get(), 1);
    }

    #[test]
    fn no_images_and_no_address_are_refused_with_a_reason() {
        let verify = "cromulent verify --design d --network n --images";
        let refused = |line: &str, last: &str| {
            let words = line.split(' ').chain([last]);
            Cli::try_parse_from(words).unwrap_err().to_string()
        };
        assert!(refused(verify, "0").contains("write 1 or more"));
        assert!(refused(verify, "two").contains("a whole number"));
        let compile = "cromulent compile --design d --network n --out o --base";
        assert!(refused(compile, "up").contains("0x10000"));
        assert_eq!(address("0x8000_0000"), Ok(1 << 31));
    }

    #[test]
    fn check_wants_something_to_check() {
        let error = Cli::try_parse_from(["cromulent", "check"]).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains("--design"));
    }
}
