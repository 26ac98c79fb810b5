//! The block structure of a circuit as a graph for Graphviz, read from what Yosys' `write_json` says of it.
//!
//! Instances alike in name (`code_bank_0`, `code_bank_1`, …) are one block; an arrow's number is the bits that go
//! from block to block, through whatever logic lies between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Map, Value};

/// Nets that go everywhere.
const GLOBAL: [&str; 2] = ["clock", "reset"];

/// How a drawing is made.
pub struct Drawing<'a> {
    /// Blocks whose inside is shown.
    pub opened: &'a [&'a str],
    /// Arrows of fewer bits are left out.
    pub least_bits: usize,
}

/// Blocks alike of one module.
struct Group {
    module: String,
    count: usize,
}

/// A driver or a reader of nets: a group of instances by name.
type Name = String;

impl Drawing<'_> {
    /// The graph of a module and all that is open below it; `None` if the netlist lacks what it names.
    pub fn graph(&self, netlist: &Value, top: &str) -> Option<String> {
        let modules = netlist.get("modules")?.as_object()?;
        let mut text = String::from(
            "digraph {\n  compound=true rankdir=LR ranksep=0.6 nodesep=0.15 bgcolor=white\n  \
             node [shape=box style=filled fillcolor=white fontname=Helvetica fontsize=11]\n  \
             edge [fontname=Helvetica fontsize=8]\n  graph [fontname=Helvetica fontsize=12]\n",
        );
        let top = Group {
            module: top.to_owned(),
            count: 1,
        };
        self.block(modules, "", &top.module, &top, &mut text)?;
        self.arrows(modules, "", &top.module, &top.module, &mut text)?;
        text.push_str("}\n");
        Some(text)
    }

    fn is_open(&self, module: &str) -> bool {
        self.opened.contains(&module)
    }

    fn block(
        &self,
        modules: &Map<String, Value>,
        path: &str,
        name: &str,
        group: &Group,
        text: &mut String,
    ) -> Option<()> {
        let own = format!("{path}__{name}");
        let label = label(name, group);
        if !self.is_open(&group.module) {
            return writeln!(text, "  {own} [label=\"{label}\"]").ok();
        }
        writeln!(text, "  subgraph cluster_{own} {{ label=\"{label}\"").ok()?;
        for (child, group) in groups(modules, &group.module)? {
            self.block(modules, &own, &child, &group, text)?;
        }
        text.push_str("  }\n");
        Some(())
    }

    fn arrows(
        &self,
        modules: &Map<String, Value>,
        path: &str,
        name: &str,
        module: &str,
        text: &mut String,
    ) -> Option<()> {
        let own = format!("{path}__{name}");
        let inside = groups(modules, module)?;
        if !self.is_open(module) {
            return Some(());
        }
        for ((from, to), bits) in links(modules, module)? {
            if from == to || bits < self.least_bits {
                continue;
            }
            let (tail, tail_frame) = self.end(modules, &own, &from, &inside[&from])?;
            let (head, head_frame) = self.end(modules, &own, &to, &inside[&to])?;
            let mut with = format!("label=\"{bits}\"");
            if let Some(frame) = tail_frame {
                write!(with, " ltail={frame}").ok()?;
            }
            if let Some(frame) = head_frame {
                write!(with, " lhead={frame}").ok()?;
            }
            writeln!(text, "  {tail} -> {head} [{with}]").ok()?;
        }
        for (child, group) in &inside {
            self.arrows(modules, &own, child, &group.module, text)?;
        }
        Some(())
    }

    /// Where an arrow ends: a block, and its frame if the block is open, of which any inner block will do.
    fn end(
        &self,
        modules: &Map<String, Value>,
        path: &str,
        name: &str,
        group: &Group,
    ) -> Option<(String, Option<String>)> {
        let own = format!("{path}__{name}");
        if !self.is_open(&group.module) {
            return Some((own, None));
        }
        let inside = groups(modules, &group.module)?;
        let (child, group) = inside.iter().max_by_key(|(_, group)| group.count)?;
        let (node, _) = self.end(modules, &own, child, group)?;
        Some((node, Some(format!("cluster_{own}"))))
    }
}

/// What a block is called: its name, how many there are, and the size of a memory.
fn label(name: &str, group: &Group) -> String {
    let name = name.strip_prefix("cromulent_").unwrap_or(name);
    let mut label = match group.count {
        1 => name.to_owned(),
        count => format!("{name} × {count}"),
    };
    let module = &group.module;
    let size = module
        .strip_prefix("memory_")
        .or_else(|| module.strip_prefix("lookup_"));
    if let Some(size) = size {
        label += &format!("\\n{} bits", size.replace('x', " × "));
    }
    label
}

/// A name without the number at its end.
fn stem(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((stem, number)) if number.bytes().all(|b| b.is_ascii_digit()) => stem,
        _ => name,
    }
}

/// The blocks in a module, by name.
fn groups(modules: &Map<String, Value>, module: &str) -> Option<BTreeMap<Name, Group>> {
    let mut groups: BTreeMap<Name, Group> = BTreeMap::new();
    for (name, cell) in modules.get(module)?.get("cells")?.as_object()? {
        let kind = cell.get("type")?.as_str()?;
        if modules.contains_key(kind) {
            let group = groups.entry(stem(name).to_owned()).or_insert(Group {
                module: kind.to_owned(),
                count: 0,
            });
            group.count += 1;
        }
    }
    Some(groups)
}

/// The cells that drive a module's nets.
#[derive(Default)]
struct Drivers<'a> {
    blocks: BTreeMap<u64, BTreeSet<Name>>,
    logic: BTreeMap<u64, &'a Value>,
    found: BTreeMap<u64, BTreeSet<Name>>,
}

impl<'a> Drivers<'a> {
    fn new(modules: &'a Map<String, Value>, module: &str) -> Option<Drivers<'a>> {
        let mut drivers = Drivers::default();
        for (name, cell) in modules.get(module)?.get("cells")?.as_object()? {
            let is_block = modules.contains_key(cell.get("type")?.as_str()?);
            for bit in pins(cell, "output") {
                if is_block {
                    let blocks = drivers.blocks.entry(bit).or_default();
                    blocks.insert(stem(name).to_owned());
                } else {
                    drivers.logic.insert(bit, cell);
                }
            }
        }
        Some(drivers)
    }

    /// The blocks whose outputs reach a net through logic and registers.
    fn sources(&mut self, net: u64) -> BTreeSet<Name> {
        if let Some(found) = self.found.get(&net) {
            return found.clone();
        }
        let (mut seen, mut wanted) = (BTreeSet::new(), vec![net]);
        let mut sources = BTreeSet::new();
        while let Some(net) = wanted.pop() {
            if !seen.insert(net) {
                continue;
            }
            if let Some(blocks) = self.blocks.get(&net) {
                sources.extend(blocks.iter().cloned());
            } else if let Some(cell) = self.logic.get(&net) {
                wanted.extend(pins(cell, "input"));
            }
        }
        self.found.insert(net, sources.clone());
        sources
    }
}

/// The nets at a cell's pins of one direction, those of clock and reset left out.
fn pins<'a>(cell: &'a Value, direction: &'a str) -> impl Iterator<Item = u64> + 'a {
    let ports = cell.get("connections").and_then(Value::as_object);
    let ports = ports.into_iter().flatten().filter(move |(port, _)| {
        let found = &cell["port_directions"][port.as_str()];
        found == direction && !GLOBAL.contains(&port.as_str()) && *port != "CLK"
    });
    let nets = ports.filter_map(|(_, nets)| nets.as_array()).flatten();
    nets.filter_map(Value::as_u64)
}

/// Bits from block to block within a module, as one of several alike sees them.
fn links(modules: &Map<String, Value>, module: &str) -> Option<BTreeMap<(Name, Name), usize>> {
    let mut drivers = Drivers::new(modules, module)?;
    let (mut links, mut seen) = (BTreeMap::new(), BTreeSet::new());
    for (name, cell) in modules.get(module)?.get("cells")?.as_object()? {
        let is_block = modules.contains_key(cell.get("type")?.as_str()?);
        if !is_block || !seen.insert(stem(name)) {
            continue;
        }
        for net in pins(cell, "input") {
            for from in drivers.sources(net) {
                *links.entry((from, stem(name).to_owned())).or_default() += 1;
            }
        }
    }
    Some(links)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Two banks and a register between them and what reads it, two bits wide, and a clock.
    fn netlist() -> Value {
        let bank = |out: [u64; 2]| {
            json!({"type": "memory_4x2",
            "port_directions": {"clock": "input", "data": "output"},
            "connections": {"clock": [9], "data": out}})
        };
        json!({"modules": {
            "memory_4x2": {"cells": {}},
            "reader": {"cells": {}},
            "top": {"cells": {
                "bank_0": bank([2, 3]),
                "bank_1": bank([4, 5]),
                "$1": {"type": "$dff",
                    "port_directions": {"CLK": "input", "D": "input", "Q": "output"},
                    "connections": {"CLK": [9], "D": [2, 3], "Q": [6, 7]}},
                "reader": {"type": "reader",
                    "port_directions": {"clock": "input", "data": "input"},
                    "connections": {"clock": [9], "data": [6, 7, "0"]}},
            }},
        }})
    }

    #[test]
    fn blocks_alike_are_one_and_arrows_go_through_registers() {
        let drawing = Drawing {
            opened: &["top"],
            least_bits: 2,
        };
        let graph = drawing.graph(&netlist(), "top").unwrap();
        assert!(
            graph.contains(r#"__top__bank [label="bank × 2\n4 × 2 bits"]"#),
            "{graph}"
        );
        assert!(
            graph.contains(r#"__top__bank -> __top__reader [label="2"]"#),
            "{graph}"
        );
        assert_eq!(graph.matches("->").count(), 1, "{graph}");
    }

    #[test]
    fn narrow_arrows_are_left_out_and_closed_blocks_have_no_inside() {
        let narrow = Drawing {
            opened: &["top"],
            least_bits: 3,
        };
        let graph = narrow.graph(&netlist(), "top").unwrap();
        assert!(!graph.contains("->"), "{graph}");
        let closed = Drawing {
            opened: &[],
            least_bits: 1,
        };
        let graph = closed.graph(&netlist(), "top").unwrap();
        assert!(!graph.contains("bank"), "{graph}");
        assert_eq!(closed.graph(&netlist(), "other"), None);
    }
}
