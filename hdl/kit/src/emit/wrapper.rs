//! Modules that give another one's ports new names and widths.

use super::body::range;
use super::names::{Names, is_reserved, legal};
use super::scope::{Port, Scope};
use super::{EmitError, Module};
use rust_hdl_core::prelude::*;
use std::collections::BTreeSet;

/// A module around another that is wiring only. Words of the kit have at most 64 bits; a wrapper
/// gangs ports of a block to one wide port, gives them other names, ties inputs down, and leaves outputs open.
///
/// ```
/// use cromulent_kit::emit::{self, Wrapper};
/// # use cromulent_kit::{Describe, Interpreter, Net, logic};
/// # use rust_hdl_core::prelude::*;
/// # #[derive(LogicBlock)]
/// # struct Pass { from: Vec<Net<In>>, to: Vec<Net<Out>> }
/// # impl Describe for Pass {
/// #     fn module(&self) -> String { "pass".into() }
/// #     fn about(&self) -> String { "Passes on".into() }
/// #     fn describe<I: Interpreter>(&self, i: &mut I) {
/// #         for (to, from) in self.to.iter().zip(&self.from) { i.connect(to, from); }
/// #     }
/// # }
/// # logic!(Pass);
/// let mut pass = Pass { from: Net::array(4, 32, false), to: Net::array(4, 32, false) };
/// pass.connect_all();
/// let lanes = |port: &str| (0..4).map(|n| format!("{port}_{n}")).collect::<Vec<_>>();
/// let wrapper = Wrapper::new("wide", "Passes on").gang("from", lanes("from")).gang("to", lanes("to"));
/// let module = wrapper.around(&pass, "pass").unwrap();
/// assert!(module.text.contains("input wire [127:0] from"));
/// assert!(module.text.contains(".to_1(to[63:32])"));
/// ```
#[derive(Clone, Debug)]
pub struct Wrapper {
    name: String,
    about: String,
    gangs: Vec<(String, Vec<String>)>,
    ties: Vec<(String, u64)>,
    open: Vec<String>,
}

/// A port of the wrapper, and what it is connected to.
struct Wide {
    name: String,
    output: bool,
    width: usize,
    signed: bool,
    lanes: usize,
}

impl Wrapper {
    /// A wrapper module of this name, with a comment of one or more lines. Without further calls
    /// its ports are those of what it is put around.
    pub fn new(name: &str, about: &str) -> Wrapper {
        Wrapper {
            name: name.to_string(),
            about: about.to_string(),
            gangs: vec![],
            ties: vec![],
            open: vec![],
        }
    }

    /// Makes the `lanes`, lowest first, one port. They are named as in the Verilog of the block; a
    /// single one is just renamed.
    pub fn gang(
        mut self,
        port: &str,
        lanes: impl IntoIterator<Item = impl Into<String>>,
    ) -> Wrapper {
        let lanes = lanes.into_iter().map(Into::into).collect();
        self.gangs.push((port.to_string(), lanes));
        self
    }

    /// Holds an input of the block at a number.
    pub fn tie(mut self, input: &str, number: u64) -> Wrapper {
        self.ties.push((input.to_string(), number));
        self
    }

    /// Leaves outputs of the block unconnected.
    pub fn leave(mut self, outputs: impl IntoIterator<Item = impl Into<String>>) -> Wrapper {
        self.open.extend(outputs.into_iter().map(Into::into));
        self
    }

    /// The module, around an instance of `block`, whose own module is `inner`.
    ///
    /// # Errors
    /// [`EmitError::Wrapper`]: a lane, tied input or open output the block does not have, or that is named twice;
    /// lanes of both directions; two ports of one name.
    pub fn around<B: Block>(&self, block: &B, inner: &str) -> Result<Module, EmitError> {
        let mut own = OwnPorts::default();
        block.accept("block", &mut own);
        let mut names = Names::default();
        let named = |port: Port| (names.claim(&port.path, &port.path), port);
        let ports: Vec<(String, Port)> = own.ports.into_iter().map(named).collect();
        self.check(&ports)?;
        let mut wide: Vec<Wide> = vec![];
        let (mut connections, mut unused) = (vec![], String::new());
        for (name, port) in &ports {
            if self.open.contains(name) {
                unused += &format!("  wire {}unused_{name};\n", range(port.width, port.signed));
                connections.push(format!("    .{name}(unused_{name})"));
                continue;
            }
            let connection = match self.ties.iter().find(|(input, _)| input == name) {
                Some((_, number)) => format!("{}'h{number:x}", port.width),
                None => self.connect(&mut wide, name, port)?,
            };
            connections.push(format!("    .{name}({connection})"));
        }
        self.distinct(&wide)?;
        Ok(Module {
            name: self.name.clone(),
            text: self.text(inner, &wide, &unused, &connections),
        })
    }

    fn text(&self, inner: &str, wide: &[Wide], unused: &str, connections: &[String]) -> String {
        let about: String = self.about.lines().map(|l| format!("// {l}\n")).collect();
        let port = |port: &Wide| {
            let kind = if port.output { "output" } else { "input" };
            let range = range(port.width, port.signed);
            format!("  {kind} wire {range}{}", port.name)
        };
        let ports: Vec<String> = wide.iter().map(port).collect();
        let instance = (0..)
            .map(|n| "inner".to_string() + &"_".repeat(n))
            .find(|name| wide.iter().all(|port| port.name != *name))
            .unwrap_or_default();
        format!(
            "{about}`default_nettype none\nmodule {} (\n{}\n);\n{unused}  {inner} {instance} (\n{}\n  );\nendmodule\n\
             `default_nettype wire\n",
            self.name,
            ports.join(",\n"),
            connections.join(",\n")
        )
    }

    /// What a port of the block is connected to; adds to the wrapper's own ports.
    fn connect(&self, wide: &mut Vec<Wide>, name: &str, port: &Port) -> Result<String, EmitError> {
        let ganged = |(_, lanes): &&(String, Vec<String>)| lanes.iter().any(|lane| lane == name);
        let Some((to, lanes)) = self.gangs.iter().find(ganged) else {
            wide.push(Wide::new(name, port, 1));
            return Ok(name.to_string());
        };
        if lanes.len() == 1 {
            wide.push(Wide::new(to, port, 1));
            return Ok(to.clone());
        }
        let Some(gang) = wide.iter_mut().find(|gang| gang.name == *to) else {
            if lanes.first().is_none_or(|first| first != name) {
                return Err(self.error(to, "its lanes are not in the order of the block's ports"));
            }
            wide.push(Wide {
                signed: false,
                ..Wide::new(to, port, 1)
            });
            return Ok(slice(to, 0, port.width));
        };
        if gang.output != port.output {
            return Err(self.error(to, "its lanes have both directions"));
        }
        if lanes.get(gang.lanes).is_none_or(|lane| lane != name) {
            return Err(self.error(to, "its lanes are not in the order of the block's ports"));
        }
        let low = gang.width;
        gang.width += port.width;
        gang.lanes += 1;
        Ok(slice(to, low, port.width))
    }

    /// Everything named here is a port of the block, once.
    fn check(&self, ports: &[(String, Port)]) -> Result<(), EmitError> {
        let lanes = self.gangs.iter().flat_map(|(_, lanes)| lanes);
        let tied = self.ties.iter().map(|(input, _)| input);
        let mut seen = BTreeSet::new();
        for name in lanes.chain(tied).chain(&self.open) {
            if !ports.iter().any(|(port, _)| port == name) {
                return Err(self.error(name, "the block has no such port"));
            }
            if !seen.insert(name) {
                return Err(self.error(name, "it is connected twice"));
            }
        }
        let output = |name: &str| ports.iter().any(|(own, port)| own == name && port.output);
        if let Some((input, _)) = self.ties.iter().find(|(input, _)| output(input)) {
            return Err(self.error(input, "an output cannot be tied"));
        }
        match self.open.iter().find(|name| !output(name)) {
            Some(name) => Err(self.error(name, "an input cannot be left open")),
            None => Ok(()),
        }
    }

    fn distinct(&self, wide: &[Wide]) -> Result<(), EmitError> {
        let mut seen = BTreeSet::new();
        for port in wide {
            if is_reserved(&port.name) || legal(&port.name) != port.name {
                return Err(self.error(&port.name, "that is no name for a port"));
            }
            if !seen.insert(&port.name) {
                return Err(self.error(&port.name, "two ports have this name"));
            }
        }
        Ok(())
    }

    fn error(&self, port: &str, why: &'static str) -> EmitError {
        EmitError::Wrapper {
            module: self.name.clone(),
            port: port.to_string(),
            why,
        }
    }
}

impl Wide {
    fn new(name: &str, port: &Port, lanes: usize) -> Wide {
        Wide {
            name: name.to_string(),
            output: port.output,
            width: port.width,
            signed: port.signed,
            lanes,
        }
    }
}

/// Bits of a wide port; it has others as well.
fn slice(port: &str, low: usize, width: usize) -> String {
    match width {
        1 => format!("{port}[{low}]"),
        _ => format!("{port}[{}:{low}]", low + width - 1),
    }
}

/// The ports of the topmost block.
#[derive(Default)]
struct OwnPorts {
    depth: usize,
    ports: Vec<Port>,
}

impl Probe for OwnPorts {
    fn visit_start_scope(&mut self, _: &str, _: &dyn Block) {
        self.depth += 1;
    }
    fn visit_atom(&mut self, name: &str, atom: &dyn Atom) {
        if self.depth == 1 {
            let mut scope = Scope::empty("");
            scope.net(name, atom);
            self.ports.append(&mut scope.ports);
        }
    }
    fn visit_end_scope(&mut self, _: &str, _: &dyn Block) {
        self.depth -= 1;
    }
}
