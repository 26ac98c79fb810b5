//! `cromulent estimate`: what a network costs on a design.

mod area;
mod json;
mod mapping;
mod roofline;
mod text;

use cromulent_cost::mapping::with_buffers;
use cromulent_cost::{Activity, Parts, Prices, Stored, Technology, activity};
use cromulent_design::{Design, PeKind};
use cromulent_engine::timing::{Causes, Memory};
use cromulent_engine::traffic::SramWords;
use cromulent_engine::{Outline, outline_with};

use self::mapping::Mapped;
use super::simulate::{time, unfit};
use crate::cli::EstimateArgs;
use crate::error::together;
use crate::output::write_text;
use crate::progress::Progress;
use crate::workload::load_shapes;
use crate::{Error, Outcome};

/// Counts what every layer does and moves, what that costs in a technology, and what the design takes of a target.
///
/// # Errors
/// Bad input.
pub fn run(args: &EstimateArgs, progress: &Progress) -> Result<Outcome, Error> {
    let technology = args.technology.as_deref().map(Technology::load).transpose();
    let technology = technology.map_err(Error::from);
    let tables = together(technology, area::model(args));
    let loaded = load_shapes(&args.design, &args.network, None);
    let ((technology, model), (design, source)) = together(tables, loaded)?;
    let design = match args.buffer_kib {
        None => design,
        Some(kib) => buffers(&design, kib)?,
    };
    if model.is_some() && design.pe == PeKind::Table {
        let what = "pe = \"table\" is in no model of areas";
        let fix =
            "leave --target and --liberty out, and measure it with `cromulent compare --pe all`";
        return Err(Error::bad_input(
            format!("design {}, pe", design.name),
            what,
            fix,
        ));
    }
    priced(&design, technology.as_ref())?;
    let _step = progress.step("counting");
    let outline = outline_with(&source.network, &design, &(&args.choices).into())?;
    let settings = Settings {
        memory: args.memory.into(),
        clock: args.clock,
    };
    let mapped = Mapped::of(args, &design, &outline, technology.as_ref())?;
    let mut estimate = Estimate::of(settings, design, outline, technology)?;
    estimate.mapped = mapped;
    if let Some(model) = &model {
        estimate = estimate.with_area(model);
    }
    if let Some(file) = &args.plot {
        let svg = estimate.roofline()?;
        write_text(file, &svg)?;
    }
    Ok(Outcome::good(estimate.text(), estimate.json()))
}

/// The design with all buffers of one size.
///
/// # Errors
/// Too small for what the design always has to hold, or too large for an address.
fn buffers(design: &Design, kib: u32) -> Result<Design, Error> {
    let design = with_buffers(design, kib);
    design.validate().map_err(|problems| {
        let first = problems.0.first();
        let what = first.map_or(String::new(), |problem| {
            format!("{}: {}", problem.place, problem.what)
        });
        let fix = "choose another size, or leave it out for the design's own memories";
        Error::bad_input("--buffer-kib", format!("{kib} KiB: {what}"), fix)
    })?;
    Ok(design)
}

/// Whether a technology has a price for a design.
fn priced(design: &Design, technology: Option<&Technology>) -> Result<(), Error> {
    if technology.is_none() || design.pe != PeKind::Table {
        return Ok(());
    }
    let place = format!("design {}, pe", design.name);
    let what =
        "pe = \"table\" has no energy: no technology table knows memories made of an FPGA's tables";
    let fix = "leave --technology out, or write pe = \"shift\"";
    Err(Error::bad_input(place, what, fix))
}

/// What a design stands in.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    pub memory: Memory,
    /// Megahertz.
    pub clock: u64,
}

/// A layer, counted.
struct Row {
    name: String,
    /// Multiply-accumulates, over all images of a batch.
    macs: u64,
    /// The cycle in which it starts.
    start: u64,
    cycles: u64,
    causes: Causes,
    activity: Activity,
    /// None without a technology.
    energy: Option<Parts>,
}

/// All that is estimated.
pub(super) struct Estimate {
    network: String,
    design: Design,
    notes: Vec<String>,
    technology: Option<Technology>,
    /// Megahertz.
    clock: u64,
    rows: Vec<Row>,
    /// Of the whole program.
    cycles: u64,
    causes: Causes,
    /// Beats of the program that are commands.
    command_beats: u64,
    /// What they cost.
    commands: Option<Parts>,
    stored: Stored,
    /// None without a target.
    area: Option<area::Predicted>,
    /// How it could be mapped, if that was asked for.
    mapped: Option<Mapped>,
}

impl Estimate {
    /// Counts a network that is laid out for a design.
    ///
    /// # Errors
    /// Its program hangs, or the technology has no price for its elements.
    pub(super) fn of(
        settings: Settings,
        design: Design,
        outline: Outline,
        technology: Option<Technology>,
    ) -> Result<Estimate, Error> {
        priced(&design, technology.as_ref())?;
        let timing = time(&design, &outline.steps, settings.memory)?;
        let macs = outline.layers.iter();
        let macs: Vec<u64> = macs.map(|l| u64::from(design.batch) * l.macs).collect();
        let prices = technology.as_ref().map(|t| Prices::of(&design, t));
        let counted = activity(&design, &outline.steps, &macs);
        let weights: u64 = counted.iter().map(|layer| layer.traffic.dram.weights).sum();
        let command_beats = timing.program_beats.saturating_sub(weights);
        let layers = outline.layers.iter().zip(&timing.layers);
        let rows = layers.zip(counted).zip(macs);
        let rows = rows.map(|(((layer, timing), activity), macs)| Row {
            name: layer.name.clone(),
            macs,
            start: timing.start,
            cycles: timing.cycles,
            causes: timing.causes,
            energy: prices.as_ref().map(|prices| prices.energy(&activity)),
            activity,
        });
        Ok(Estimate {
            rows: rows.collect(),
            commands: prices.map(|prices| prices.commands(command_beats)),
            stored: Stored::of(&design, &outline),
            area: None,
            notes: unfit(&outline.problems.0),
            network: outline.network,
            cycles: timing.cycles,
            causes: timing.causes,
            clock: settings.clock,
            command_beats,
            technology,
            design,
            mapped: None,
        })
    }

    /// Multiply-accumulates per element and cycle, in millionths, rounded down.
    fn busy(&self, macs: u64, cycles: u64) -> u64 {
        let elements = u128::from(self.design.rows) * u128::from(self.design.columns);
        let whole = u128::from(macs) * 1_000_000;
        let share = whole.checked_div(elements * u128::from(cycles));
        share.map_or(0, |share| u64::try_from(share).unwrap_or(u64::MAX))
    }

    /// Of the whole program.
    fn program_busy(&self) -> u64 {
        self.busy(self.rows.iter().map(|row| row.macs).sum(), self.cycles)
    }

    /// Energy by part, of all layers and the commands.
    fn energy(&self) -> Option<Parts> {
        let mut total = self.commands?;
        for row in &self.rows {
            total += row.energy?;
        }
        Some(total)
    }

    /// Bytes of beats.
    fn bytes(&self, beats: u64) -> u64 {
        beats * u64::from(self.design.bus_bits) / 8
    }

    /// Bytes of a layer on the memory bus.
    fn dram(&self, row: &Row) -> u64 {
        self.bytes(row.activity.traffic.dram.total())
    }

    /// Bytes of all layers and the commands on the memory bus.
    fn all_dram(&self) -> u64 {
        let layers: u64 = self.rows.iter().map(|row| self.dram(row)).sum();
        layers + self.bytes(self.command_beats)
    }

    /// Bits of a layer that the memories on chip read and write.
    fn sram_bits(&self, row: &Row) -> u64 {
        let design = &self.design;
        let SramWords {
            weights,
            inputs,
            sums,
            outputs,
            residual,
        } = row.activity.traffic.sram;
        // A line of the queue is a row word and a weight word of each column.
        let lines = weights.total() / u64::from(design.columns + 1);
        let codes = inputs.total() + outputs.total();
        lines * u64::from(design.tile_line_bits())
            + codes * u64::from(design.code_word_bits())
            + sums.total() * u64::from(design.accumulator_bits)
            + residual.total() * u64::from(design.stream_bits)
    }

    /// Gigabytes a second that so many bytes are in so many cycles.
    fn rate(&self, bytes: u64, cycles: u64) -> f64 {
        bytes as f64 / cycles.max(1) as f64 * self.clock as f64 / 1000.0
    }
}
