//! One module: its body linked with its parts.

use super::EmitError;
use super::body::{LOCAL, range};
use super::names::{Names, tokens};
use crate::register::MARK;
use rust_hdl_core::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A net as the emitter sees it.
#[derive(Clone)]
struct Port {
    path: String,
    output: bool,
    width: usize,
    signed: bool,
}

/// A part of a module: an instance, or a register when it has no module.
pub(super) struct Part {
    instance: String,
    module: Option<String>,
    ports: Vec<(Port, String)>,
}

/// A module being put together.
pub(super) struct Scope {
    pub(super) instance: String,
    pub(super) module: String,
    pub(super) about: Vec<String>,
    pub(super) parts: Vec<Part>,
    lines: Vec<String>,
    registered: BTreeSet<String>,
    ports: Vec<Port>,
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

    fn undriven(&self, path: &str) -> EmitError {
        let (module, net) = self.place(path);
        EmitError::Undriven { module, net }
    }

    /// Module and net, for messages.
    fn place(&self, path: &str) -> (String, String) {
        (self.module.clone(), path.replace('$', "."))
    }

    /// Paths that this module must drive: its outputs, unless its body stores them, and its parts'
    /// inputs.
    fn sinks(&self) -> impl Iterator<Item = String> {
        let stored = |port: &&Port| port.output && !self.registered.contains(&port.path);
        let outputs = self.ports.iter().filter(stored).map(|p| p.path.clone());
        outputs.chain(self.parts.iter().flat_map(Part::inputs))
    }
}

impl Part {
    fn path(&self, port: &Port) -> String {
        format!("{}${}", self.instance, port.path)
    }

    fn inputs(&self) -> impl Iterator<Item = String> {
        let inputs = self.ports.iter().filter(|(port, _)| !port.output);
        inputs.map(|(port, _)| self.path(port))
    }

    fn port(&self, path: &str) -> Option<String> {
        let port = self.ports.iter().find(|(port, _)| port.path == path)?;
        Some(self.path(&port.0))
    }
}

struct Link<'a> {
    scope: &'a Scope,
    names: Names,
    /// Expression by driven path.
    driven: BTreeMap<String, String>,
    /// Paths that some expression reads.
    read: BTreeSet<String>,
    duplicate: Option<String>,
}

impl<'a> Link<'a> {
    fn new(scope: &'a Scope) -> Self {
        let mut link = Link {
            scope,
            names: Names::default(),
            driven: BTreeMap::new(),
            read: BTreeSet::new(),
            duplicate: None,
        };
        for line in &scope.lines {
            link.note(line);
        }
        for port in &scope.ports {
            link.names.claim(&port.path, &port.path);
        }
        for part in &scope.parts {
            link.name_part(part);
        }
        for name in scope.lines.iter().filter_map(|line| local(line)) {
            link.names.claim(name, name.trim_start_matches(LOCAL));
        }
        link
    }

    fn note(&mut self, line: &str) {
        let Some((left, right)) = line.split_once(" = ") else {
            return;
        };
        if line.starts_with("//") {
            return;
        }
        self.read.extend(tokens(right).map(str::to_string));
        if let Some(path) = left.strip_prefix("assign ") {
            let expression = right.trim_end_matches(';').to_string();
            if self.driven.insert(path.to_string(), expression).is_some() {
                self.duplicate.get_or_insert(path.to_string());
            }
        }
    }

    fn name_part(&mut self, part: &Part) {
        if part.module.is_none() {
            // A register is known by what it stores.
            self.names
                .claim(&format!("{}$q", part.instance), &part.instance);
            return;
        }
        self.names.claim(&part.instance, &part.instance);
        for (port, _) in &part.ports {
            let path = part.path(port);
            let unused = port.output && !self.read.contains(&path);
            let wanted = if unused {
                format!("unused_{path}")
            } else {
                path.clone()
            };
            if port.output || self.plain(&path).is_none() {
                self.names.claim(&path, &wanted);
            }
        }
    }

    /// The name or constant that alone drives `path`: nothing to declare then.
    fn plain(&self, path: &str) -> Option<&str> {
        let expression = self.driven.get(path)?;
        let mut pieces = tokens(expression);
        let first = pieces.next()?;
        (pieces.next().is_none() && first != "(").then_some(expression)
    }

    fn name(&self, path: &str) -> String {
        self.names.get(path).unwrap_or(path).to_string()
    }

    fn expression(&self, path: &str) -> Result<String, EmitError> {
        let text = self
            .driven
            .get(path)
            .ok_or_else(|| self.scope.undriven(path))?;
        Ok(self.names.rename(strip(text)))
    }

    fn print(&self) -> Result<String, EmitError> {
        self.check()?;
        let mut text = self.ports();
        text += &self.declarations();
        for line in &self.scope.lines {
            text += &self.line(line)?;
        }
        for part in &self.scope.parts {
            text += &self.instance(part)?;
        }
        Ok(text)
    }

    /// Everything that must be driven is, once, and nothing else.
    fn check(&self) -> Result<(), EmitError> {
        if let Some(path) = &self.duplicate {
            let (module, net) = self.scope.place(path);
            return Err(EmitError::DrivenTwice { module, net });
        }
        let sinks: BTreeSet<String> = self.scope.sinks().collect();
        if let Some(path) = self.driven.keys().find(|path| !sinks.contains(*path)) {
            let (module, net) = self.scope.place(path);
            return Err(EmitError::ReadOnly { module, net });
        }
        match sinks.iter().find(|path| !self.driven.contains_key(*path)) {
            Some(path) => Err(self.scope.undriven(path)),
            None => Ok(()),
        }
    }

    fn ports(&self) -> String {
        let port = |port: &Port| {
            let kind = match (port.output, self.scope.registered.contains(&port.path)) {
                (false, _) => "input wire",
                (true, false) => "output wire",
                (true, true) => "output reg",
            };
            format!(
                "  {kind} {}{}",
                range(port.width, port.signed),
                self.name(&port.path)
            )
        };
        let ports: Vec<String> = self.scope.ports.iter().map(port).collect();
        ports.join(",\n") + "\n);\n"
    }

    /// Wires between parts and registers, those alike on one line.
    fn declarations(&self) -> String {
        let mut alike: Vec<(String, Vec<String>)> = vec![];
        let mut declare =
            |kind: String, name: String| match alike.iter_mut().find(|(k, _)| *k == kind) {
                Some((_, names)) => names.push(name),
                None => alike.push((kind, vec![name])),
            };
        for part in &self.scope.parts {
            let register = part.module.is_none();
            for (port, _) in &part.ports {
                let path = part.path(port);
                let keyword = if register { "reg" } else { "wire" };
                if port.output || (!register && self.plain(&path).is_none()) {
                    declare(
                        format!("{keyword} {}", range(port.width, port.signed)),
                        self.name(&path),
                    );
                }
            }
        }
        let line = |(kind, names): &(String, Vec<String>)| -> String {
            names
                .chunks(8)
                .map(|names| format!("  {kind}{};\n", names.join(", ")))
                .collect()
        };
        alike.iter().map(line).collect()
    }

    /// One line of the body: kept, turned into an `always` block, or folded into an instance.
    fn line(&self, line: &str) -> Result<String, EmitError> {
        let Some((left, right)) = line
            .strip_prefix("assign ")
            .and_then(|rest| rest.split_once(" = "))
        else {
            return Ok(format!(
                "  {}\n",
                if line.starts_with("//") {
                    line.to_string()
                } else {
                    self.names.rename(line)
                }
            ));
        };
        if let Some(part) = self.register_of(left) {
            let last = left.ends_with("$d");
            return if last {
                self.always(part)
            } else {
                Ok(String::new())
            };
        }
        let folded = self.is_part_input(left) && self.plain(left).is_some();
        if folded {
            return Ok(String::new());
        }
        let expression = strip(right.trim_end_matches(';'));
        Ok(format!(
            "  assign {} = {};\n",
            self.name(left),
            self.names.rename(expression)
        ))
    }

    fn register_of(&self, path: &str) -> Option<&Part> {
        let mut registers = self.scope.parts.iter().filter(|part| part.module.is_none());
        registers.find(|part| {
            path.rsplit_once('$')
                .is_some_and(|(instance, _)| instance == part.instance)
        })
    }

    fn is_part_input(&self, path: &str) -> bool {
        let input = |part: &Part| {
            part.ports
                .iter()
                .any(|(port, _)| !port.output && part.path(port) == path)
        };
        self.scope
            .parts
            .iter()
            .any(|part| path.starts_with(&part.instance) && input(part))
    }

    fn always(&self, part: &Part) -> Result<String, EmitError> {
        let get = |name: &str| {
            part.port(name)
                .map(|path| self.expression(&path))
                .transpose()
        };
        let missing = || self.scope.undriven(&part.instance);
        let clock = get("clock")?.ok_or_else(missing)?;
        let next = get("d")?.ok_or_else(missing)?;
        let name = self.name(&format!("{}$q", part.instance));
        let load = match get("enable")? {
            Some(enable) => format!("if ({enable}) {name} <= {next};"),
            None => format!("{name} <= {next};"),
        };
        let event = format!("  always @(posedge {clock}) ");
        Ok(match get("reset")? {
            Some(reset) => format!("{event}if ({reset}) {name} <= 0; else {load}\n"),
            None => format!("{event}{load}\n"),
        })
    }

    fn instance(&self, part: &Part) -> Result<String, EmitError> {
        let Some(module) = &part.module else {
            return Ok(String::new());
        };
        let mut ports = vec![];
        for (port, name) in &part.ports {
            let path = part.path(port);
            let net = match self.names.get(&path) {
                Some(net) => net.to_string(),
                None => self.expression(&path)?,
            };
            ports.push(format!(".{name}({net})"));
        }
        Ok(format!(
            "  {module} {} ({});\n",
            self.name(&part.instance),
            ports.join(", ")
        ))
    }
}

/// The path a `wire` line of a body declares.
fn local(line: &str) -> Option<&str> {
    let (left, _) = line.strip_prefix("wire ")?.split_once(" = ")?;
    left.rsplit(' ').next()
}

/// Without the brackets around the whole.
fn strip(text: &str) -> &str {
    let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) else {
        return text;
    };
    let mut depth = 0;
    for c in inner.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return text;
        }
    }
    inner
}
