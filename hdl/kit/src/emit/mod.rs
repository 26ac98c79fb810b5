//! From a rust_hdl circuit to Verilog-2005: each distinct module once.
//!
//! rust_hdl's own generator prints a module per instance and knows no widths. This one is a
//! rust_hdl `Probe`: it walks the circuit bottom up, links each block's [`body`](body::body) with
//! its parts, and prints a module only if no equal one has been printed.

mod body;
mod expression;
mod link;
mod names;
mod scope;
mod wrapper;

pub use body::body;
pub use wrapper::Wrapper;

use rust_hdl_core::check_error::{CheckError, PathedName};
use rust_hdl_core::prelude::*;
use scope::{Part, Scope};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

/// One Verilog module, to be written to `<name>.v`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Name of the module.
    pub name: String,
    /// The whole file.
    pub text: String,
}

/// Why a circuit cannot be emitted: a mistake in its description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmitError {
    /// rust_hdl's `check_all` objects: nets that no `connect` claimed, or a fault in a block that is
    /// not of the kit. It cannot look into descriptions: their loops show when simulation does not
    /// settle, and in any lint of the Verilog.
    Check(String),
    /// A net is driven more than once.
    DrivenTwice {
        /// Module.
        module: String,
        /// Path of the net in it.
        net: String,
    },
    /// A net is never driven.
    Undriven {
        /// Module.
        module: String,
        /// Path of the net in it.
        net: String,
    },
    /// A net is driven from the wrong side: an input by its own block, or an output by the parent.
    ReadOnly {
        /// Module.
        module: String,
        /// Path of the net in it.
        net: String,
    },
    /// A block's `hdl` was not made by [`logic!`](crate::logic): rust_hdl kernels written with
    /// `#[hdl_gen]` carry no widths and are refused.
    Foreign {
        /// Path of the block.
        block: String,
    },
    /// A [`Wrapper`] does not fit what it is put around.
    Wrapper {
        /// Name of the wrapper.
        module: String,
        /// The port it is about.
        port: String,
        /// What is wrong.
        why: &'static str,
    },
}

impl fmt::Display for EmitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EmitError::Check(what) => write!(f, "rust_hdl check: {what}"),
            EmitError::DrivenTwice { module, net } => {
                write!(f, "module {module}: {net} is driven twice")
            }
            EmitError::Undriven { module, net } => {
                write!(f, "module {module}: {net} is not driven")
            }
            EmitError::ReadOnly { module, net } => {
                write!(f, "module {module}: {net} may only be read here")
            }
            EmitError::Foreign { block } => {
                write!(
                    f,
                    "block {block} is not described through the kit: use `logic!`"
                )
            }
            EmitError::Wrapper { module, port, why } => {
                write!(f, "wrapper {module}: {port}: {why}")
            }
        }
    }
}

impl std::error::Error for EmitError {}

/// Emits `block` and all its parts, parts before those that use them; the last module is the top,
/// named as `block` names itself.
///
/// # Errors
/// See [`EmitError`]. The block must have been connected (`connect_all`).
pub fn verilog<B: Block>(block: &B) -> Result<Vec<Module>, EmitError> {
    check_all(block).map_err(|e| EmitError::Check(explain(&e)))?;
    let mut emitter = Emitter::default();
    block.accept("top", &mut emitter);
    match emitter.error {
        Some(error) => Err(error),
        None => Ok(emitter.modules),
    }
}

/// What rust_hdl's check found, in one line that is the same every time.
fn explain(error: &CheckError) -> String {
    let (what, mut nets) = match error {
        CheckError::OpenSignal(nets) => ("not driven", nets.values().map(full_name).collect()),
        CheckError::LogicLoops(nets) => ("in a loop", nets.iter().map(full_name).collect()),
        CheckError::WritesToInputs(nets) => {
            ("an input, but driven", nets.iter().map(full_name).collect())
        }
    };
    let nets: &mut Vec<String> = &mut nets;
    nets.sort();
    format!("{what}: {}", nets.join(", "))
}

/// Path of a net below the top block.
fn full_name(net: &PathedName) -> String {
    let path = format!("{}.{}", net.path, net.name).replace([':', '$'], ".");
    path.strip_prefix("uut.").unwrap_or(&path).to_string()
}

#[derive(Default)]
struct Emitter {
    scopes: Vec<Scope>,
    modules: Vec<Module>,
    /// Module name by base name and body.
    known: HashMap<(String, String), String>,
    used: BTreeSet<String>,
    variants: BTreeMap<String, usize>,
    error: Option<EmitError>,
}

impl Emitter {
    /// The name of the module with this body, printing it if it is new.
    fn module(&mut self, base: &str, about: &[String], body: String) -> String {
        let key = (base.to_string(), body);
        if let Some(name) = self.known.get(&key) {
            return name.clone();
        }
        let variant = self.variants.entry(base.to_string()).or_insert(0);
        let name = loop {
            *variant += 1;
            let name = if *variant == 1 {
                base.to_string()
            } else {
                format!("{base}_{variant}")
            };
            if !names::is_reserved(&name) && self.used.insert(name.clone()) {
                break name;
            }
        };
        let about: String = about.iter().map(|line| format!("// {line}\n")).collect();
        let text = format!(
            "{about}`default_nettype none\nmodule {name} (\n{}endmodule\n`default_nettype wire\n",
            key.1
        );
        self.modules.push(Module {
            name: name.clone(),
            text,
        });
        self.known.insert(key, name.clone());
        name
    }

    fn finish(&mut self, scope: &Scope) -> Result<Part, EmitError> {
        if scope.is_register() {
            return Ok(scope.part(None));
        }
        let body = scope.body()?;
        let module = self.module(&scope.module, &scope.about, body);
        Ok(scope.part(Some(module)))
    }
}

impl Probe for Emitter {
    fn visit_start_scope(&mut self, name: &str, node: &dyn Block) {
        match Scope::parse(name, &node.hdl()) {
            Some(scope) => self.scopes.push(scope),
            None => {
                let block = self
                    .scopes
                    .iter()
                    .map(|s| s.instance.as_str())
                    .chain([name])
                    .collect::<Vec<_>>()
                    .join(".");
                self.error.get_or_insert(EmitError::Foreign { block });
                self.scopes.push(Scope::empty(name));
            }
        }
    }

    fn visit_atom(&mut self, name: &str, atom: &dyn Atom) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.net(name, atom);
        }
    }

    fn visit_end_scope(&mut self, _: &str, _: &dyn Block) {
        let Some(scope) = self.scopes.pop() else {
            return;
        };
        if self.error.is_some() {
            return;
        }
        match self.finish(&scope) {
            Ok(part) => {
                if let Some(parent) = self.scopes.last_mut() {
                    parent.parts.push(part);
                }
            }
            Err(error) => self.error = Some(error),
        }
    }
}
