//! Runs of Yosys that a model is calibrated and judged by, and the table they are recorded in.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use cromulent::Error;
use cromulent::synthesis::measure::{blocks, whole};
use cromulent::synthesis::{Resources, Synthesiser, Target};
use cromulent_cost::area::blocks::BLOCKS;
use cromulent_design::{Design, PeKind};

use super::{bundle, designs};

/// Which designs a run is of, and what of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Set {
    /// Single blocks of [`designs::kinds`].
    Kinds,
    /// Every block of [`designs::fitted`].
    Blocks,
    /// All of [`designs::whole`], flattened.
    Whole,
    /// All of [`designs::held_out`], flattened.
    HeldOut,
}

impl Set {
    /// All of them.
    pub const ALL: [Set; 4] = [Set::Kinds, Set::Blocks, Set::Whole, Set::HeldOut];

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Set::Kinds => "kinds",
            Set::Blocks => "blocks",
            Set::Whole => "whole",
            Set::HeldOut => "held-out",
        }
    }

    /// Its designs.
    ///
    /// # Errors
    /// A shipped design cannot be read.
    pub fn designs(self) -> Result<Vec<Design>, Error> {
        Ok(match self {
            Set::Kinds => designs::kinds(),
            Set::Blocks => designs::fitted(),
            Set::Whole => designs::whole(),
            Set::HeldOut => designs::held_out()?,
        })
    }
}

/// What a block, or all, of a design took.
#[derive(Clone, PartialEq, Debug)]
pub struct Run {
    /// The set.
    pub set: Set,
    /// The design's place in it.
    pub place: usize,
    /// The block, or `all`.
    pub block: String,
    /// How often it is there.
    pub instances: u64,
    /// What one takes.
    pub each: Resources,
}

/// What a whole design is called in place of a block.
pub const ALL: &str = "all";

/// Blocks whose kinds differ in more than widths, by the sizes they are looked at in.
const KINDS: [&[&str]; designs::SIZES] = [
    &[
        "pe",
        "row_edge",
        "sign_counter",
        "column_foot",
        "quantizer",
        "pool_row",
    ],
    &["pe", "quantizer"],
    &["pe"],
];
/// What pools words of the residual stream, in designs that have it.
const POOLS: &[&str] = &["stream_pool", "stream_windows"];
/// Designs of [`Set::Kinds`] that one run of Yosys takes.
const TOGETHER: usize = 24;

/// Runs Yosys for a target, or asks its cache; `say` is told what is at hand.
///
/// # Errors
/// Yosys fails.
pub fn measure(
    synthesiser: &Synthesiser,
    target: &Target,
    sets: &[Set],
    say: &dyn Fn(&str),
) -> Result<Vec<Run>, Error> {
    let mut all = vec![];
    for &set in sets {
        let designs = set.designs()?;
        if set == Set::Kinds {
            all.extend(measure_kinds(synthesiser, target, designs, say)?);
            continue;
        }
        for (place, design) in designs.iter().enumerate() {
            say(&format!("{} {} {}", target.name(), set.name(), design.name));
            let run = |block: &str, instances, each| Run {
                set,
                place,
                block: block.to_owned(),
                instances,
                each,
            };
            if set == Set::Blocks {
                let kept = BLOCKS.map(|block| block.name);
                let found = blocks(synthesiser, target, design, &kept)?;
                let found = found
                    .into_iter()
                    .filter(|m| m.block.each != Resources::default());
                all.extend(found.map(|m| run(&m.name, m.block.instances, m.block.each)));
            } else {
                all.push(run(ALL, 1, whole(synthesiser, target, design)?));
            }
        }
    }
    Ok(all)
}

fn measure_kinds(
    synthesiser: &Synthesiser,
    target: &Target,
    designs: Vec<Design>,
    say: &dyn Fn(&str),
) -> Result<Vec<Run>, Error> {
    let all = designs.into_iter().enumerate();
    let all = all.map(|(place, design)| (place, design, KINDS[place % designs::SIZES]));
    let (dsp, plain): (Vec<_>, Vec<_>) = all.partition(|(_, d, _)| d.pe == PeKind::Dsp);
    let pools = plain
        .iter()
        .filter(|(_, d, _)| d.max_pool && d.has_stream());
    let pools = pools.map(|(place, design, _)| (*place, design.clone(), POOLS));
    let pools: Vec<_> = pools.take(TOGETHER / 2).collect();
    let mut runs = vec![];
    for some in plain.chunks(TOGETHER).chain([dsp.as_slice(), &pools]) {
        say(&format!("{} kinds {}…", target.name(), some[0].1.name));
        let netlist = synthesiser.run(target, &bundle::bundle(some)?, true)?;
        for (place, _, blocks) in some {
            for block in *blocks {
                if let Some(cells) = netlist.modules.get(&bundle::name(block, *place)) {
                    runs.push(Run {
                        set: Set::Kinds,
                        place: *place,
                        block: (*block).to_owned(),
                        instances: 1,
                        each: target.resources(cells),
                    });
                }
            }
        }
    }
    Ok(runs)
}

/// The table: a line for each run, with the fingerprint of its design.
///
/// # Errors
/// A shipped design cannot be read.
pub fn to_table(runs: &[Run]) -> Result<String, Error> {
    let mut text = String::from(
        "set\tplace\tdesign\tblock\tinstances\tluts\tffs\tbrams\tdsps\tarea_um2\tmemory_bits\n",
    );
    for set in Set::ALL {
        let designs = set.designs()?;
        for run in runs.iter().filter(|run| run.set == set) {
            let Resources {
                luts,
                flip_flops,
                block_rams,
                dsps,
                area_um2,
                memory_bits,
            } = run.each;
            let count = |count: Option<u64>| count.map_or(String::new(), |count| count.to_string());
            let _ = writeln!(
                text,
                "{}\t{}\t{:016x}\t{}\t{}\t{}\t{flip_flops}\t{}\t{}\t{}\t{}",
                set.name(),
                run.place,
                designs[run.place].fingerprint(),
                run.block,
                run.instances,
                count(luts),
                count(block_rams),
                count(dsps),
                area_um2.map_or(String::new(), |area| format!("{area:.1}")),
                count(memory_bits),
            );
        }
    }
    Ok(text)
}

/// Reads a table.
///
/// # Errors
/// It cannot be read, or is of other designs than there are now.
pub fn from_table(file: &Path) -> Result<Vec<Run>, Error> {
    let text = fs::read_to_string(file).map_err(|error| Error::io("be read", file, &error))?;
    let bad = |line: usize, what: &str| {
        let place = format!("{}:{}", file.display(), line + 2);
        Error::bad_input(place, what, "run calibrate-area again, with Yosys")
    };
    let mut designs = vec![];
    for set in Set::ALL {
        designs.push(set.designs()?);
    }
    let mut runs = vec![];
    for (n, line) in text.lines().skip(1).enumerate() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [
            set,
            place,
            design,
            block,
            instances,
            luts,
            ffs,
            brams,
            dsps,
            area,
            bits,
        ] = fields[..]
        else {
            return Err(bad(n, "has other than 11 fields"));
        };
        let at = Set::ALL.iter().position(|known| known.name() == set);
        let at = at.ok_or_else(|| bad(n, "is of no set"))?;
        let place: usize = place.parse().map_err(|_| bad(n, "has no place"))?;
        let known = designs[at].get(place).map(Design::fingerprint);
        if known != u64::from_str_radix(design, 16).ok() {
            return Err(bad(n, "is of another design than there is now"));
        }
        let each = Resources {
            luts: luts.parse().ok(),
            flip_flops: ffs.parse().unwrap_or(0),
            block_rams: brams.parse().ok(),
            dsps: dsps.parse().ok(),
            area_um2: area.parse().ok(),
            memory_bits: bits.parse().ok(),
        };
        runs.push(Run {
            set: Set::ALL[at],
            place,
            block: block.to_owned(),
            instances: instances.parse().map_err(|_| bad(n, "has no instances"))?,
            each,
        });
    }
    Ok(runs)
}
