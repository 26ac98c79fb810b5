//! Where a compiled network lies: in the memory on the bus, and in the memories on chip. As JSON, as a page and
//! as a few lines.

mod page;

pub use page::page;

use cromulent_design::Direction;
use cromulent_engine::layout::Stored;
use cromulent_engine::timing::{LayerTiming, Timing};
use cromulent_engine::{Image, Layer, LayerInput, LayerOutput, Program};
use serde_json::{Value, json};

use crate::executors::{MemoryMap, Region};

/// A compiled network and everything that is known of its places.
pub struct Layout<'a> {
    /// The network for the design.
    pub image: &'a Image,
    /// The program in memory.
    pub program: &'a Program,
    /// Where it lies.
    pub map: MemoryMap,
    /// What it takes behind a memory that is as fast as can be.
    pub timing: Timing,
    /// What compiling found worth knowing.
    pub notes: Vec<String>,
}

impl Layout<'_> {
    /// What a result of 1 is worth.
    fn unit(&self) -> Option<f64> {
        self.image
            .layers
            .iter()
            .find_map(|layer| match layer.output {
                LayerOutput::Scores { unit } => Some(unit),
                _ => None,
            })
    }

    /// Bytes of a code line on the bus.
    fn line_bytes(&self) -> u32 {
        let design = &self.image.design;
        design.beats(design.code_line_bits()) * (design.bus_bits / 8)
    }

    /// Each layer with its timing.
    fn layers(&self) -> impl Iterator<Item = (&Layer, Option<&LayerTiming>)> {
        let timings = self.timing.layers.iter().map(Some);
        let timings = timings.chain(std::iter::repeat(None));
        self.image.layers.iter().zip(timings)
    }

    /// Multiply-accumulates per element and cycle of the whole program, in millionths.
    fn utilization_millionths(&self) -> u64 {
        let macs: u64 = self
            .image
            .layers
            .iter()
            .map(|layer| macs(self.image, layer))
            .sum();
        utilization(self.image, macs, self.timing.cycles)
    }
}

/// Multiply-accumulates of a layer, of all images that are computed together.
fn macs(image: &Image, layer: &Layer) -> u64 {
    image.batch() as u64 * layer.macs
}

/// The images that a run takes, in words.
fn images(image: &Image) -> String {
    match image.batch() {
        1 => "an image".to_owned(),
        batch => format!("for {batch} images"),
    }
}

/// Multiply-accumulates per element and cycle, in millionths.
fn utilization(image: &Image, macs: u64, cycles: u64) -> u64 {
    let elements = u64::from(image.design.rows) * u64::from(image.design.columns);
    let whole = u128::from(macs) * 1_000_000;
    let share = whole.checked_div(u128::from(elements) * u128::from(cycles));
    share.unwrap_or(0) as u64
}

/// Where a layer's input comes from, in a word or two.
fn source(input: &LayerInput) -> String {
    match input {
        LayerInput::Image => "image".to_owned(),
        LayerInput::Codes(tensors) => {
            let numbers: Vec<String> = tensors.iter().map(|n| format!("map {n}")).collect();
            numbers.join(" + ")
        }
    }
}

/// What becomes of a layer's words, in a word or two.
fn target(output: &LayerOutput) -> String {
    match output {
        LayerOutput::Codes(tensor) => format!("map {tensor}"),
        LayerOutput::Residual(step) => {
            let base = step.base.map_or(String::new(), |n| format!("value {n} + "));
            let codes = step.codes.map_or(String::new(), |n| format!(", map {n}"));
            format!("{base}words = value {}{codes}", step.result)
        }
        LayerOutput::Scores { .. } => "results".to_owned(),
        LayerOutput::Nothing => "nothing".to_owned(),
    }
}

/// A few lines for the terminal.
pub fn summary(layout: &Layout) -> String {
    let (image, program, map) = (layout.image, layout.program, &layout.map);
    let mut lines = vec![format!(
        "{} on {}: {} layers, {} cycles {} where the memory never makes it wait, array {:.1} % busy",
        image.network,
        image.design.name,
        image.layers.len(),
        layout.timing.cycles,
        images(image),
        layout.utilization_millionths() as f64 / 1e4
    )];
    for (name, region) in [
        ("program", map.program),
        ("input", map.input),
        ("results", map.result),
        ("maps", map.scratch),
    ] {
        if name == "maps" && region.bytes == 0 {
            continue;
        }
        lines.push(format!(
            "  {name:<8} {:>9} bytes at {:#x}",
            region.bytes, region.address
        ));
    }
    let words = program.result_words;
    let unit = layout.unit().unwrap_or(1.0);
    lines.push(format!(
        "  {words} results of 64 bits, in units of {unit:e}"
    ));
    lines.extend(layout.notes.iter().map(|note| format!("note: {note}")));
    lines.join("\n")
}

/// What of the image lies in which bank.
fn planes(layout: &Layout) -> Vec<Stored> {
    let first = layout.image.image_readers().next();
    first.map_or(vec![], |layer| layer.layout(&layout.image.design).stored())
}

fn region(region: Region) -> Value {
    json!({ "address": region.address, "bytes": region.bytes })
}

/// The documented object of `compile --json`, and `memory.json`.
pub fn json(layout: &Layout) -> Value {
    let (image, program, map) = (layout.image, layout.program, &layout.map);
    let (design, timing) = (&image.design, &layout.timing);
    let shape = &image.input;
    let mut input = region(map.input);
    input["fetch"] = json!(program.fetch.map(|fetch| {
        json!({ "code_address": fetch.address, "lines": fetch.lines, "line_bytes": layout.line_bytes() })
    }));
    input["channels"] = json!(shape.channels);
    input["height"] = json!(shape.height);
    input["width"] = json!(shape.width);
    input["digits"] = json!(image.image_input.digits);
    input["planes"] = json!(planes(layout).iter().map(|plane| json!({
        "bank": plane.bank, "line": plane.address - image.input_address, "channel": plane.channel,
        "row": plane.phase.0, "column": plane.phase.1, "step": plane.step,
    })).collect::<Vec<_>>());
    let mut result = region(map.result);
    result["words"] = json!(program.result_words);
    result["unit"] = json!(layout.unit());
    let mut beats = region(map.program);
    beats["beats"] = json!(program.beats());
    json!({
        "network": image.network,
        "design": design.name,
        "batch": image.batch(),
        "fingerprint": format!("{:016x}", design.fingerprint()),
        "memory": { "program": beats, "input": input, "result": result, "scratch": region(map.scratch) },
        "cycles": timing.cycles,
        "utilization": layout.utilization_millionths() as f64 / 1e6,
        "layers": layout.layers().map(|(layer, timing)| layer_json(layout, layer, timing)).collect::<Vec<_>>(),
        "maps": image.tensors.iter().map(|tensor| json!({
            "channels": tensor.shape.channels, "height": tensor.shape.height, "width": tensor.shape.width,
            "address": tensor.place.address, "rotation": tensor.place.rotation,
            "format": tensor.storage.format(design).name(),
        })).collect::<Vec<_>>(),
        "moves": image.moves.iter().map(|given| json!({
            "before": image.layers.get(given.before).map(|layer| &layer.name),
            "direction": match given.lines.direction { Direction::Store => "store", Direction::Fetch => "fetch" },
            "address": given.lines.address, "lines": given.lines.lines,
            "offset": given.lines.offset, "beats": given.lines.beats,
        })).collect::<Vec<_>>(),
        "values": image.streams.iter().map(|value| json!({
            "channels": value.shape.channels, "height": value.shape.height, "width": value.shape.width,
            "address": value.base,
        })).collect::<Vec<_>>(),
        "notes": layout.notes,
    })
}

fn layer_json(layout: &Layout, layer: &Layer, timing: Option<&LayerTiming>) -> Value {
    let cycles = timing.map_or(0, |timing| timing.cycles);
    let registers = &layer.registers;
    json!({
        "name": layer.name,
        "input": source(&layer.input),
        "output": target(&layer.output),
        "macs": macs(layout.image, layer),
        "cycles": cycles,
        "utilization": utilization(layout.image, macs(layout.image, layer), cycles) as f64 / 1e6,
        "row_tiles": registers.row_tiles,
        "column_tiles": registers.column_tiles,
        "passes": registers.passes,
    })
}
