//! What synthesis made: cells by module.

use std::collections::BTreeMap;

use serde_json::Value;

/// Cells of a module, and instances of modules, by name.
pub type Cells = BTreeMap<String, u64>;

/// The modules of a mapped design.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Netlist {
    /// Name of the top module.
    pub top: String,
    /// The cells of each module.
    pub modules: BTreeMap<String, Cells>,
}

impl Netlist {
    /// Reads what Yosys' `stat -json` writes; `None` if it is something else or lacks the top.
    pub fn from_statistics(text: &str, top: &str) -> Option<Netlist> {
        // Yosys 0.23 prints a table of the hierarchy into its JSON.
        let is_json = |line: &&str| line.trim_start().starts_with(['"', '{', '}']);
        let lines: Vec<&str> = text.lines().filter(is_json).collect();
        let statistics: Value = serde_json::from_str(&lines.join("\n")).ok()?;
        let mut modules = BTreeMap::new();
        for (name, module) in statistics.get("modules")?.as_object()? {
            let cells = module.get("num_cells_by_type")?.as_object()?.iter();
            let cells: Option<Cells> = cells
                .map(|(cell, count)| Some((plain(cell), count.as_u64()?)))
                .collect();
            modules.insert(plain(name), cells?);
        }
        modules.contains_key(top).then(|| Netlist {
            top: top.to_owned(),
            modules,
        })
    }

    /// How often each module is there in all, the top once.
    pub fn instances(&self) -> Cells {
        let mut instances = Cells::new();
        self.count(&self.top, 1, &mut instances);
        instances
    }

    fn count(&self, name: &str, times: u64, instances: &mut Cells) {
        let Some(cells) = self.modules.get(name) else {
            return;
        };
        *instances.entry(name.to_owned()).or_default() += times;
        for (cell, &n) in cells {
            self.count(cell, n * times, instances);
        }
    }

    /// The cells of everything below the top, modules resolved.
    pub fn cells(&self) -> Cells {
        let mut all = Cells::new();
        for (module, times) in self.instances() {
            for (cell, n) in &self.modules[&module] {
                if !self.modules.contains_key(cell) {
                    *all.entry(cell.clone()).or_default() += n * times;
                }
            }
        }
        all
    }
}

/// A name without the `\` that Yosys puts before it.
fn plain(name: &str) -> String {
    name.trim_start_matches('\\').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATISTICS: &str = r#"{"creator": "Yosys", "modules": {
        "\\row": {"num_cells": 3, "num_cells_by_type": {"\\pe": 2, "LUT4": 1}},
        "\\pe": {"num_cells": 5, "num_cells_by_type": {"LUT4": 3, "FF": 2}},
        "\\top": {"num_cells": 4, "num_cells_by_type": {"\\row": 4}}},
           pe                            8
        "design": {}}"#;

    #[test]
    fn modules_are_counted_with_what_is_in_them() {
        let netlist = Netlist::from_statistics(STATISTICS, "top").unwrap();
        let expected = [("pe", 8), ("row", 4), ("top", 1)];
        let expected = expected.map(|(name, n)| (name.to_owned(), n));
        assert_eq!(netlist.instances(), Cells::from(expected));
        let expected = [("FF", 16), ("LUT4", 28)].map(|(name, n)| (name.to_owned(), n));
        assert_eq!(netlist.cells(), Cells::from(expected));
    }

    #[test]
    fn other_text_is_no_netlist() {
        assert_eq!(Netlist::from_statistics(STATISTICS, "other"), None);
        assert_eq!(Netlist::from_statistics("{}", "top"), None);
        assert_eq!(Netlist::from_statistics("Yosys", "top"), None);
    }
}
