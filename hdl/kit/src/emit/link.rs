//! One module: its body linked with its parts.

use super::EmitError;
use super::body::{LOCAL, range};
use super::names::{Names, tokens};
use super::scope::{Part, Port, Scope};
use std::collections::{BTreeMap, BTreeSet};

/// A scope with its names and what drives what.
pub(super) struct Link<'a> {
    scope: &'a Scope,
    names: Names,
    /// Expression by driven path.
    driven: BTreeMap<String, String>,
    /// Paths that some expression reads.
    read: BTreeSet<String>,
    duplicate: Option<String>,
}

impl<'a> Link<'a> {
    pub(super) fn new(scope: &'a Scope) -> Self {
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

    /// Everything after `module NAME (`.
    pub(super) fn print(&self) -> Result<String, EmitError> {
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
        if line.starts_with("//") {
            return Ok(format!("  {line}\n"));
        }
        let Some((left, right)) = line.split_once(" = ") else {
            return Ok(format!("  {}\n", self.names.rename(line)));
        };
        let right = self.names.rename(strip(right.trim_end_matches(';')));
        let Some(left) = left.strip_prefix("assign ") else {
            return Ok(format!("  {} = {right};\n", self.names.rename(left)));
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
        Ok(format!("  assign {} = {right};\n", self.name(left)))
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
