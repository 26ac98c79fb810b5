//! One module as rust_hdl shows it: what its body says, its ports and its parts.

use super::EmitError;
use super::link::Link;
use super::names::Names;
use crate::register::MARK;
use rust_hdl_core::prelude::*;
use std::collections::BTreeSet;

/// A net as the emitter sees it.
#[derive(Clone)]
pub(super) struct Port {
    pub(super) path: String,
    pub(super) output: bool,
    pub(super) width: usize,
    pub(super) signed: bool,
}

/// A part of a module: an instance, or a register when it has no module.
pub(super) struct Part {
    pub(super) instance: String,
    pub(super) module: Option<String>,
    /// Ports with their names in the part's own module.
    pub(super) ports: Vec<(Port, String)>,
}

/// A module being put together.
pub(super) struct Scope {
    pub(super) instance: String,
    pub(super) module: String,
    pub(super) about: Vec<String>,
    pub(super) parts: Vec<Part>,
    pub(super) lines: Vec<String>,
    /// Outputs that the body stores.
    pub(super) registered: BTreeSet<String>,
    pub(super) ports: Vec<Port>,
    register: bool,
}

impl Scope {
    pub(super) fn empty(instance: &str) -> Scope {
        Scope {
            instance: instance.to_string(),
            module: String::new(),
            about: vec![],
            parts: vec![],
            lines: vec![],
            registered: BTreeSet::new(),
            ports: vec![],
            register: false,
        }
    }

    /// Reads what a block of the kit says of itself; none for other blocks.
    pub(super) fn parse(instance: &str, hdl: &Verilog) -> Option<Scope> {
        let Verilog::Custom(text) = hdl else {
            return None;
        };
        let mut scope = Scope::empty(instance);
        scope.register = text == MARK;
        for line in text.lines() {
            match line
                .strip_prefix("//! ")
                .map(|header| header.split_once(' ').unwrap_or((header, "")))
            {
                Some(("module", name)) => scope.module = name.to_string(),
                Some(("about", about)) => scope.about.push(about.to_string()),
                Some(("registered", port)) => drop(scope.registered.insert(port.to_string())),
                Some(_) => {}
                None => scope.lines.push(line.to_string()),
            }
        }
        (scope.register || !scope.module.is_empty()).then_some(scope)
    }

    pub(super) fn is_register(&self) -> bool {
        self.register
    }

    pub(super) fn net(&mut self, name: &str, atom: &dyn Atom) {
        self.ports.push(Port {
            path: name.to_string(),
            output: atom.kind() == AtomKind::OutputParameter,
            width: atom.bits(),
            signed: matches!(atom.descriptor().kind, TypeKind::Signed(_)),
        });
    }

    /// This scope as a part of its parent.
    pub(super) fn part(&self, module: Option<String>) -> Part {
        let mut names = Names::default();
        let named = |port: &Port| (port.clone(), names.claim(&port.path, &port.path));
        Part {
            instance: self.instance.clone(),
            module,
            ports: self.ports.iter().map(named).collect(),
        }
    }

    /// Everything after `module NAME (`.
    pub(super) fn body(&self) -> Result<String, EmitError> {
        Link::new(self).print()
    }

    pub(super) fn undriven(&self, path: &str) -> EmitError {
        let (module, net) = self.place(path);
        EmitError::Undriven { module, net }
    }

    /// Module and net, for messages.
    pub(super) fn place(&self, path: &str) -> (String, String) {
        (self.module.clone(), path.replace('$', "."))
    }

    /// Paths that this module must drive: its outputs, unless its body stores them, and its parts'
    /// inputs.
    pub(super) fn sinks(&self) -> impl Iterator<Item = String> {
        let stored = |port: &&Port| port.output && !self.registered.contains(&port.path);
        let outputs = self.ports.iter().filter(stored).map(|p| p.path.clone());
        outputs.chain(self.parts.iter().flat_map(Part::inputs))
    }
}

impl Part {
    pub(super) fn path(&self, port: &Port) -> String {
        format!("{}${}", self.instance, port.path)
    }

    pub(super) fn inputs(&self) -> impl Iterator<Item = String> {
        let inputs = self.ports.iter().filter(|(port, _)| !port.output);
        inputs.map(|(port, _)| self.path(port))
    }

    pub(super) fn port(&self, path: &str) -> Option<String> {
        let port = self.ports.iter().find(|(port, _)| port.path == path)?;
        Some(self.path(&port.0))
    }
}
