//! The page: one file, its style and pictures in it, without scripts.

use std::fmt::Write;

use super::chart::COLOURS;
use super::read::Results;

/// A page that is put together.
pub(super) struct Page {
    name: String,
    body: String,
    /// What sections are called, and their ids.
    sections: Vec<(String, String)>,
    figures: Vec<String>,
}

/// A table.
pub(super) struct Table {
    pub caption: String,
    pub head: Vec<&'static str>,
    /// The first cell of a row is its name.
    pub rows: Vec<Vec<String>>,
}

impl Page {
    pub fn new(name: &str) -> Page {
        Page {
            name: name.to_owned(),
            body: String::new(),
            sections: vec![],
            figures: vec![],
        }
    }

    /// The ids of all figures.
    pub fn figures(&self) -> impl Iterator<Item = &str> {
        self.figures.iter().map(String::as_str)
    }

    pub fn section(&mut self, title: &str) {
        let id = self.fresh(&slug(title), |page, id| {
            page.sections.iter().any(|(_, other)| other == id)
        });
        _ = writeln!(self.body, "<h2 id=\"{id}\">{}</h2>", escaped(title));
        self.sections.push((title.to_owned(), id));
    }

    pub fn heading(&mut self, title: &str) {
        _ = writeln!(self.body, "<h3>{}</h3>", escaped(title));
    }

    pub fn paragraph(&mut self, text: &str) {
        _ = writeln!(self.body, "<p>{}</p>", escaped(text));
    }

    pub fn list(&mut self, texts: &[&str]) {
        let items = texts
            .iter()
            .map(|text| format!("<li>{}</li>\n", escaped(text)));
        _ = writeln!(
            self.body,
            "<ul class=\"small\">\n{}</ul>",
            items.collect::<String>()
        );
    }

    /// Begins a row of figures, which stand side by side where there is room.
    pub fn begin_figures(&mut self) {
        self.body.push_str("<div class=\"figures\">\n");
    }

    pub fn end_figures(&mut self) {
        self.body.push_str("</div>\n");
    }

    /// A figure; `origin` is where its numbers come from.
    pub fn figure(&mut self, id: &str, svg: &str, caption: &str, origin: &str) {
        let id = self.fresh(&format!("figure-{}", slug(id)), |page, id| {
            page.figures.iter().any(|other| other == id)
        });
        let label = format!("<svg role=\"img\" aria-label=\"{}\" ", escaped(caption));
        let svg = svg.replacen("<svg ", &label, 1);
        _ = writeln!(
            self.body,
            "<figure id=\"{id}\">\n{svg}<figcaption>{} <span class=\"origin\">{}</span></figcaption>\n</figure>",
            escaped(caption),
            escaped(origin)
        );
        self.figures.push(id);
    }

    pub fn table(&mut self, table: &Table) {
        let cells = |tag: &str, cells: &[String]| -> String {
            let cell = |(place, cell): (usize, &String)| {
                let tag = if place == 0 { "th" } else { tag };
                format!("<{tag}>{}</{tag}>", escaped(cell))
            };
            cells.iter().enumerate().map(cell).collect()
        };
        let head: Vec<String> = table.head.iter().map(|&name| name.to_owned()).collect();
        let rows = table
            .rows
            .iter()
            .map(|row| format!("<tr>{}</tr>\n", cells("td", row)));
        _ = writeln!(
            self.body,
            "<div class=\"scroll\" tabindex=\"0\"><table>\n<caption>{}</caption>\n<thead><tr>{}</tr></thead>\n<tbody>\n{}</tbody>\n</table></div>",
            escaped(&table.caption),
            cells("th", &head),
            rows.collect::<String>()
        );
    }

    /// This name, with a number behind it if it is taken.
    fn fresh(&self, name: &str, taken: impl Fn(&Page, &str) -> bool) -> String {
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        let mut names = std::iter::once(name.to_owned()).chain(numbered);
        names.find(|name| !taken(self, name)).unwrap_or_default()
    }

    /// The whole page.
    pub fn html(&self, files: &[Results]) -> String {
        let title = escaped(&format!("Cromulent: {}", self.name));
        let contents = self.sections.iter();
        let contents = contents
            .map(|(title, id)| format!("<li><a href=\"#{id}\">{}</a></li>", escaped(title)));
        let inputs = files.iter().map(|file| {
            format!(
                "<tr><th>{}</th><td><code>{}</code></td></tr>\n",
                escaped(&file.name),
                file.sha256
            )
        });
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n\
             <title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n\
             <nav><ul>{}</ul></nav>\n{}<h2 id=\"inputs\">What this is made of</h2>\n\
             <p>By <code>cromulent report</code> {}, from these files alone; the same files give the same page.</p>\n\
             <div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr><th>file</th><th>SHA-256</th></tr></thead>\n<tbody>\n{}</tbody>\n\
             </table></div>\n</main>\n</body>\n</html>\n",
            styles(),
            contents.collect::<String>(),
            self.body,
            env!("CARGO_PKG_VERSION"),
            inputs.collect::<String>()
        )
    }
}

/// The style, with the colours of figures exchanged in the dark.
fn styles() -> String {
    const LIGHTER: [&str; 8] = [
        "#56a8e0", "#ff8a3d", "#2fcf9f", "#e59cc6", "#f0b73a", "#8fd0f5", "#b999dd", "#a8a8a8",
    ];
    let dark = COLOURS.iter().zip(LIGHTER).map(|(colour, lighter)| {
        let name = format!("#{:02X}{:02X}{:02X}", colour.0, colour.1, colour.2);
        format!("  svg [fill=\"{name}\"] {{ fill: {lighter} }}\n  svg [stroke=\"{name}\"] {{ stroke: {lighter} }}\n")
    });
    let dark: String = dark.collect();
    format!("{STYLE}@media screen and (prefers-color-scheme: dark) {{\n{DARK}{dark}}}\n{PRINT}")
}

const STYLE: &str = include_str!("page.css");

const DARK: &str = "  :root { --ink: #e8e8e8; --ground: #16181b; --line: #3a3d42; --quiet: #a9adb3; --link: #8ab8ff }\n";

const PRINT: &str = "@media print {
  main { max-width: none; padding: 0 }
  nav { display: none }
  .scroll { max-height: none; overflow: visible }
  table { font-size: 8pt }
  figure, tr { break-inside: avoid }
  h2, h3 { break-after: avoid }
}
";

/// Letters, digits and hyphens.
fn slug(text: &str) -> String {
    let letters = text.to_lowercase();
    let letters = letters
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' });
    let words: String = letters.collect();
    words.split_whitespace().collect::<Vec<_>>().join("-")
}

/// A text as HTML, also between quotes.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
