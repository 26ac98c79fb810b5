//! A mapping as JSON.

use cromulent_cost::mapping::{Bound, LayerMapping, Verdict, Weights};
use serde_json::{Map, Value, json};

use super::{Mapped, loops, memory};

impl Mapped {
    pub(in super::super) fn json(&self) -> Value {
        let layers = self.mapping.layers.iter().zip(&self.verdicts);
        let layers: Vec<Value> = layers
            .map(|(layer, verdict)| self.layer(layer, verdict))
            .collect();
        let values = self.values.iter().zip(&self.mapping.values);
        let values = values.map(|((layer, stream), (value, stays))| {
            json!({
                "layer": layer,
                "stream": stream,
                "words": value.words,
                "on_chip": stays,
            })
        });
        let buffers = self.bytes.iter().enumerate();
        let buffers: Map<String, Value> = buffers
            .map(|(number, &bytes)| (memory(number).to_owned(), json!(bytes)))
            .collect();
        json!({
            "objective": self.wanted.key(),
            "runs": self.runs(),
            "compiles": self.compiles,
            "buffer_bytes": buffers,
            "total": self.bound(self.mapping.total()),
            "bound": self.bound(self.mapping.bound()),
            "all_on_chip": self.bound(self.mapping.floor),
            "near": self.near(),
            "layers": layers,
            "values": values.collect::<Vec<Value>>(),
        })
    }

    /// Cycles, bytes and energy; the energy is null without a technology.
    fn bound(&self, bound: Bound) -> Value {
        json!({
            "cycles": bound.cycles,
            "dram_bytes": bound.beats * self.beat,
            "energy_pj": Some(bound.energy).filter(|&energy| energy > 0),
        })
    }

    fn layer(&self, layer: &LayerMapping, verdict: &Verdict) -> Value {
        let (found, moved) = (&layer.found, &layer.moved);
        let beats = &found.cost.beats;
        let loops = loops(layer)
            .into_iter()
            .map(|(over, pieces, size)| json!({ "over": over, "pieces": pieces, "size": size }));
        let larger = match verdict {
            Verdict::TooSmall(larger) => larger.clone(),
            Verdict::Near | Verdict::Never => vec![],
        };
        let larger = larger
            .iter()
            .map(|to| json!({ "field": memory(to.memory), "depth": to.depth, "bytes": to.bytes }));
        let needs: Vec<&str> = layer.wants.iter().map(|want| want.name()).collect();
        json!({
            "name": layer.name,
            "loops": loops.collect::<Vec<Value>>(),
            "band_lines": found.tiling.band,
            "planes": found.tiling.planes,
            "column_tiles": found.tiling.column_tiles,
            "pass_positions": found.shape.pass,
            "weights": match found.shape.weights {
                Weights::Streamed => "streamed",
                Weights::ForPasses => "passes",
                Weights::ForBands => "bands",
            },
            "moves": {
                "input_planes": moved.planes,
                "codes": moved.output,
                "stream_read": moved.base,
                "stream_stored": moved.result,
            },
            "cycles": found.cost.cycles,
            "dram_bytes": {
                "total": beats.total() * self.beat,
                "weights": beats.weights * self.beat,
                "inputs": beats.inputs * self.beat,
                "outputs": beats.outputs * self.beat,
                "sums": beats.sums * self.beat,
                "stream": beats.stream * self.beat,
            },
            "energy_pj": Some(found.energy).filter(|&energy| energy > 0),
            "bound": self.bound(layer.bound),
            "near": layer.is_near,
            "too_small": larger.collect::<Vec<Value>>(),
            "needs": needs,
        })
    }
}
