//! A mapping as text.

use cromulent_cost::mapping::{Bound, LayerMapping, NEAR, Verdict, Want, Weights};

use super::{Mapped, loops, memory};

impl Mapped {
    pub(in super::super) fn text(&self) -> Vec<String> {
        let mut lines = vec![
            format!(
                "mapping for the least {}, by search: {} of {} layers within {NEAR} % of their bounds",
                self.wanted.name(),
                self.near(),
                self.mapping.layers.len()
            ),
            format!("  {}", self.memories()),
            format!(
                "  {:<22} {:<34} {:<8} {:>8} {:>6} {:>6} {:>10} {:>7} {:>12} {:>7}  needs",
                "layer",
                "loops, outermost first",
                "weights",
                "input",
                "codes",
                "stream",
                "cycles",
                "over",
                "DRAM bytes",
                "over"
            ),
        ];
        lines.extend(self.mapping.layers.iter().map(|layer| self.line(layer)));
        let all = |name: &str, found: Bound, bound: Bound| {
            format!(
                "  {name:<96} {:>10} {:>7} {:>12} {:>7}",
                found.cycles,
                over(found.cycles, bound.cycles),
                found.beats * self.beat,
                over(found.beats, bound.beats)
            )
        };
        lines.push(all("layers", self.mapping.total(), self.mapping.bound()));
        lines.push(all(
            "with everything on chip, at least",
            self.mapping.floor,
            self.mapping.floor,
        ));
        lines.push(self.standing());
        lines.extend(self.legend());
        lines.extend(self.short_memories());
        lines.extend(self.resident());
        lines
    }

    fn memories(&self) -> String {
        let sizes = self.bytes.iter().enumerate();
        let sizes: Vec<String> = sizes
            .map(|(number, bytes)| format!("{} of {bytes} bytes", memory(number)))
            .collect();
        sizes.join(", ")
    }

    fn line(&self, layer: &LayerMapping) -> String {
        let found = &layer.found;
        let loops: Vec<String> = loops(layer)
            .into_iter()
            .map(|(what, pieces, size)| format!("{pieces}x{size} {what}"))
            .collect();
        let loops = if loops.is_empty() {
            "whole".to_owned()
        } else {
            loops.join(", ")
        };
        let wants: Vec<&str> = layer.wants.iter().map(|want| want.name()).collect();
        let (beats, bound) = (found.cost.beats.total(), layer.bound);
        format!(
            "  {:<22} {loops:<34} {:<8} {:>8} {:>6} {:>6} {:>10} {:>7} {:>12} {:>7}  {}",
            layer.name,
            weights(found.shape.weights),
            input(layer),
            if layer.moved.output { "memory" } else { "" },
            match (layer.moved.base, layer.moved.result) {
                (false, false) => "",
                (true, false) => "read",
                (false, true) => "stored",
                (true, true) => "both",
            },
            found.cost.cycles,
            over(found.cost.cycles, bound.cycles),
            beats * self.beat,
            over(beats, bound.beats),
            if wants.is_empty() {
                "nothing".to_owned()
            } else {
                wants.join(", ")
            },
        )
    }

    /// Which of the numbers are of what runs.
    fn standing(&self) -> String {
        let text = match (self.runs(), self.compiles) {
            (true, _) => "this mapping runs as it is: the cycles of the table above are its own",
            (false, true) => {
                "the table above is of the mapping that the compiler writes and the machine runs; this one is of a machine \
                 that can do what it needs:"
            }
            (false, false) => {
                "the compiler's own mapping, in the table above, does not compile for these memories, as said there; this one is \
                 of a machine that can do what it needs:"
            }
        };
        format!("  {text}")
    }

    /// What the layers need, each once.
    fn legend(&self) -> Vec<String> {
        let wants = self.mapping.layers.iter().flat_map(|layer| &layer.wants);
        let wants: std::collections::BTreeSet<Want> = wants.copied().collect();
        let wants = wants.into_iter();
        wants
            .map(|want| format!("    {}: {}", want.name(), want.meaning()))
            .collect()
    }

    /// The memories that keep layers from their bounds.
    fn short_memories(&self) -> Vec<String> {
        let layers = self.mapping.layers.iter().zip(&self.verdicts);
        let short = layers.filter_map(|(layer, verdict)| match verdict {
            Verdict::Near => None,
            Verdict::TooSmall(larger) => {
                let larger: Vec<String> = larger
                    .iter()
                    .map(|to| format!("{} = {} ({} bytes)", memory(to.memory), to.depth, to.bytes))
                    .collect();
                Some(format!(
                    "  {}: too small; within {NEAR} % of its bound with {}",
                    layer.name,
                    larger.join(" and ")
                ))
            }
            Verdict::Never => Some(format!(
                "  {}: no memory brings it within {NEAR} % of its bound: it is too short for its fill and drain",
                layer.name
            )),
        });
        short.collect()
    }

    /// The values that stay on chip, by the layers that write them.
    fn resident(&self) -> Vec<String> {
        let of = |stream: bool| {
            let values = self.values.iter().zip(&self.mapping.values);
            let values = values.filter(|((_, of), _)| *of == stream);
            let all = values.clone().count();
            let staying: Vec<&str> = values
                .filter(|(_, (_, stays))| *stays)
                .map(|((name, _), _)| name.as_str())
                .collect();
            let what = if stream {
                "values of the residual stream"
            } else {
                "maps of codes"
            };
            let which = match staying.len() {
                0 => String::new(),
                count if count == all => ": all".to_owned(),
                _ => format!(": those of {}", staying.join(", ")),
            };
            (all > 0).then(|| {
                format!(
                    "  on chip all their lives, {} of {all} {what}{which}",
                    staying.len()
                )
            })
        };
        [false, true].into_iter().filter_map(of).collect()
    }
}

fn weights(held: Weights) -> &'static str {
    match held {
        Weights::Streamed => "streamed",
        Weights::ForPasses => "passes",
        Weights::ForBands => "bands",
    }
}

/// Planes of the input that come from memory.
fn input(layer: &LayerMapping) -> String {
    match layer.moved.planes {
        0 => String::new(),
        planes => format!("{planes} pl."),
    }
}

/// By how much more than the bound.
fn over(found: u64, bound: u64) -> String {
    format!(
        "{:.1} %",
        (found as f64 / bound.max(1) as f64 - 1.0) * 100.0
    )
}
