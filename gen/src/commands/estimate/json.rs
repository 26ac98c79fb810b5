//! An estimate as JSON.

use cromulent_cost::Parts;
use cromulent_cost::energy::{PARTS, rules};
use cromulent_engine::timing::Causes;
use serde_json::{Map, Value, json};

use super::mapping::Mapped;
use super::{Estimate, Row};
use crate::commands::simulate::weight_load;

impl Estimate {
    pub(in crate::commands) fn json(&self) -> Value {
        let layers: Vec<Value> = self.rows.iter().map(|row| self.row(row)).collect();
        let stored = &self.stored;
        json!({
            "network": self.network,
            "design": self.design.name,
            "array": {
                "rows": self.design.rows,
                "columns": self.design.columns,
                "pe": self.design.pe.name(),
                "format": self.design.format.name(),
                "affine": self.design.affine.name(),
                "bus_bits": self.design.bus_bits,
                "batch": self.design.batch,
            },
            "clock_mhz": self.clock,
            "cycles": self.cycles,
            "utilization": millionths(self.program_busy()),
            "stalls": stalls(&self.causes),
            "area": self.area.as_ref().map(|area| area.json()),
            "energy_pj": self.energy().map(|parts| energy(&parts)),
            "dram_bytes": self.dram_json(),
            "activations": {
                "coded_values": stored.coded_values,
                "coded_bytes": stored.coded_bytes,
                "fp32_bytes": stored.coded_in(32),
                "int8_bytes": stored.coded_in(8),
                "int4_bytes": stored.coded_in(4),
                "stream_values": stored.stream_values,
                "stream_bytes": stored.stream_bytes,
            },
            "layers": layers,
            "mapping": self.mapped.as_ref().map(Mapped::json),
            "sources": self.sources(),
            "notes": self.notes,
        })
    }

    fn dram_json(&self) -> Value {
        let sum = |count: fn(&Row) -> u64| self.bytes(self.rows.iter().map(count).sum());
        json!({
            "total": self.all_dram(),
            "weights": sum(|row| row.activity.traffic.dram.weights),
            "inputs": sum(|row| row.activity.traffic.dram.inputs),
            "outputs": sum(|row| row.activity.traffic.dram.outputs),
            "commands": self.bytes(self.command_beats),
        })
    }

    fn row(&self, row: &Row) -> Value {
        let dram = self.dram(row);
        json!({
            "name": row.name,
            "macs": row.macs,
            "start": row.start,
            "cycles": row.cycles,
            "utilization": millionths(self.busy(row.macs, row.cycles)),
            "stalls": stalls(&row.causes),
            "energy_pj": row.energy.map(|parts| energy(&parts)),
            "dram_bytes": dram,
            "sram_bytes": self.sram_bits(row).div_ceil(8),
            "dram_gb_per_s": self.rate(dram, row.cycles),
        })
    }

    /// Where every number comes from.
    pub(super) fn sources(&self) -> Vec<String> {
        let area = self.area.as_ref().map(|area| area.sources());
        let Some(technology) = &self.technology else {
            return area.into_iter().collect();
        };
        let entries = technology.entries().map(|(kind, entry)| {
            let size = match entry.bytes {
                0 => String::new(),
                bytes => format!(" in {bytes} bytes"),
            };
            let energy = match (entry.energy.low, entry.energy.high) {
                (low, high) if low == high => format!("{low}"),
                (low, high) => format!("{low} to {high}"),
            };
            format!(
                "{kind} {} bit{size}: {energy} pJ; {}",
                entry.bits, entry.source
            )
        });
        let rules = rules().map(str::to_owned);
        entries.chain(rules).chain(area).collect()
    }
}

fn millionths(share: u64) -> f64 {
    share as f64 / 1e6
}

/// Cycles without a beat, by cause; `command` are those without a layer.
fn stalls(causes: &Causes) -> Value {
    json!({
        "weight_load": weight_load(causes),
        "bandwidth": causes.stall_bandwidth,
        "output": causes.stall_output,
        "fill": causes.stall_fill,
        "drain": causes.stall_drain,
        "input": causes.stall_input,
        "maps": causes.stall_maps,
        "command": causes.stall_command,
    })
}

/// Energy in whole picojoules: half way between the least and the most, and these two. Parts add up to the total.
fn energy(parts: &Parts) -> Value {
    let named = PARTS.iter().zip(parts.0);
    let middle: Map<String, Value> = named
        .clone()
        .map(|(&name, part)| (name.to_owned(), json!(part.middle())))
        .collect();
    let ranges: Map<String, Value> = named
        .map(|(&name, part)| (name.to_owned(), json!([part.low, part.high])))
        .collect();
    let total = parts.total();
    json!({
        "total": parts.middle(),
        "parts": middle,
        "range": { "total": [total.low, total.high], "parts": ranges },
    })
}
