//! A model as the file it is read from.

use std::fmt::Write as _;

use super::blocks::BLOCKS;
use super::{Group, Metric, Model};

impl Model {
    /// The file: TOML.
    pub fn to_toml(&self) -> String {
        let mut text = String::from(
            "# Written by `cargo run --release -p cromulent-testbenches --example calibrate-area`; docs/area.md says how.\n\n",
        );
        let _ = writeln!(text, "target = {:?}", self.target);
        if let Some(vendor) = self.vendor {
            let _ = writeln!(text, "vendor = \"{vendor}\"");
        }
        let _ = writeln!(text, "source = {:?}", self.source);
        let errors = &self.errors;
        text += "\n# The largest errors on designs that were held out, per cent.\n[errors]\n";
        let _ = writeln!(text, "designs = {}", errors.designs);
        for (name, error) in errors.named() {
            if let Some(error) = error {
                let _ = writeln!(text, "{name} = {error:.1}");
            }
        }
        text += "\n# What flattening leaves of blocks that were mapped on their own.\n";
        for group in Group::ALL {
            let _ = writeln!(text, "[scale.{}]", group.name());
            for metric in Metric::ALL {
                if let Some(scale) = self.scale.get(&(group, metric)) {
                    let _ = writeln!(text, "{} = {scale:.4}", metric.name());
                }
            }
        }
        for block in &BLOCKS {
            self.block_to_toml(block, &mut text);
        }
        text
    }

    fn block_to_toml(&self, block: &super::blocks::Block, text: &mut String) {
        let _ = writeln!(text, "\n[blocks.{}]", block.name);
        for (metric, fit) in self.sizes.get(block.name).into_iter().flatten() {
            let terms = block.features.iter().zip(&fit.coefficients);
            let terms: Vec<String> = terms
                .filter(|(_, coefficient)| coefficient.abs() >= 0.0005)
                .map(|(name, coefficient)| format!("{name} = {coefficient:.3}"))
                .collect();
            let _ = writeln!(text, "[blocks.{}.{}]", block.name, metric.name());
            let _ = writeln!(text, "features = {{ {} }}", terms.join(", "));
            if fit.kinds.len() > 1 {
                let _ = writeln!(text, "[blocks.{}.{}.kinds]", block.name, metric.name());
                for (kind, more) in &fit.kinds {
                    let _ = writeln!(text, "{kind:?} = {more:.2}");
                }
            }
        }
    }
}

impl super::Errors {
    /// Each with its name.
    pub fn named(&self) -> [(&'static str, Option<f64>); 4] {
        [
            ("luts", self.luts),
            ("ffs", self.ffs),
            ("brams", self.brams),
            ("area_um2", self.um2),
        ]
    }
}
