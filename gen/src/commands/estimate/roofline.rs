//! The roofline: multiply-accumulates a cycle against those per byte from and to memory.

use super::Estimate;
use crate::Error;
use crate::plot::{self, Chart, Line};

impl Estimate {
    /// Draws it, both axes as powers of two: what the array and the bus allow, and a mark for each layer.
    pub(super) fn roofline(&self) -> Result<String, Error> {
        let peak = f64::from(self.design.rows) * f64::from(self.design.columns);
        let bytes = f64::from(self.design.bus_bits) / 8.0;
        let layers: Vec<(f64, f64)> = self
            .rows
            .iter()
            .filter(|row| row.macs > 0 && row.cycles > 0)
            .filter_map(|row| {
                let moved = Some(self.dram(row)).filter(|&moved| moved > 0)?;
                let intensity = (row.macs as f64 / moved as f64).log2();
                Some((intensity, (row.macs as f64 / row.cycles as f64).log2()))
            })
            .collect();
        let ridge = (peak / bytes).log2();
        let ends =
            |from: f64, best: fn(f64, f64) -> f64| layers.iter().map(|&(x, _)| x).fold(from, best);
        let (left, right) = (ends(ridge, f64::min) - 1.0, ends(ridge, f64::max) + 1.0);
        let gap = (f64::NAN, f64::NAN);
        plot::lines(&Chart {
            title: format!("{} on {}", self.network, self.design.name),
            x: "log2 of multiply-accumulates a byte of memory".to_owned(),
            y: "log2 of multiply-accumulates a cycle".to_owned(),
            lines: vec![
                Line {
                    name: "array and bus".to_owned(),
                    points: vec![
                        (left, left + bytes.log2()),
                        (ridge, peak.log2()),
                        (right, peak.log2()),
                    ],
                },
                Line {
                    name: "layers".to_owned(),
                    points: layers.into_iter().flat_map(|at| [at, gap]).collect(),
                },
            ],
            marks: true,
            ticks: vec![],
        })
    }
}
