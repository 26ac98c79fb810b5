//! Models from their files.

use std::fs;
use std::path::Path;

use cromulent_design::{Problem, Problems, line_and_column};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::blocks::BLOCKS;
use super::fit::Fit;
use super::{Group, Metric, Model};

/// The models that are built in, by name of the target.
pub const SHIPPED: [(&str, &str); 2] = [
    (
        "ecp5",
        include_str!("../../../../constraints/area/ecp5.toml"),
    ),
    (
        "sky130_fd_sc_hd__tt_025C_1v80",
        include_str!("../../../../constraints/area/sky130_fd_sc_hd__tt_025C_1v80.toml"),
    ),
];

type Item<'a> = Spanned<DeValue<'a>>;

impl Model {
    /// Whether there is a model of a target of this name.
    pub fn is_shipped(target: &str) -> bool {
        SHIPPED.iter().any(|(name, _)| *name == target)
    }

    /// The model of a target: a family of FPGAs or a cell library by its name, or the one in a file.
    ///
    /// # Errors
    /// There is none of this name; every problem of the file, placed at `file:line:column`.
    pub fn load(target: &str) -> Result<Model, Problems> {
        if let Some((_, text)) = SHIPPED.iter().find(|(name, _)| *name == target) {
            return Model::parse(text, target);
        }
        let problem = |what: String, fix: String| {
            let place = target.to_owned();
            Problems(vec![Problem { place, what, fix }])
        };
        let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        if !Path::new(target).is_file() {
            return Err(problem(
                "has no area model, and is no file of one".to_owned(),
                format!(
                    "there are models of {names}; calibrate one (`cargo run --release -p cromulent-testbenches --example \
                     calibrate-area`) and give its file"
                ),
            ));
        }
        let text = fs::read_to_string(target).map_err(|error| {
            problem(
                format!("cannot be read: {error}"),
                format!("give a file of text, or one of {names}"),
            )
        })?;
        Model::parse(&text, target)
    }

    /// Reads the text of a file; `file` is how errors call it.
    ///
    /// # Errors
    /// The first problem, placed at `file:line:column`.
    pub fn parse(text: &str, file: &str) -> Result<Model, Problems> {
        let reader = Reader { text, file };
        let table = DeTable::parse(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            let what = error
                .message()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned();
            reader.problem(at, format!("is no TOML: {what}"))
        })?;
        reader.model(table.get_ref())
    }
}

/// A text on the way to a model.
struct Reader<'a> {
    text: &'a str,
    file: &'a str,
}

impl Reader<'_> {
    fn problem(&self, at: usize, what: String) -> Problems {
        let (line, column) = line_and_column(self.text, at);
        Problems(vec![Problem {
            place: format!("{}:{line}:{column}", self.file),
            what,
            fix: "give a file that `calibrate-area` wrote".to_owned(),
        }])
    }

    fn model(&self, table: &DeTable<'_>) -> Result<Model, Problems> {
        let missing = |name: &str| self.problem(self.text.len(), format!("`{name}` is missing"));
        let of = |name: &str| table.get(name).ok_or_else(|| missing(name));
        let text = |item: &Item<'_>| match item.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            _ => Err(self.problem(item.span().start, "is no text".to_owned())),
        };
        let vendor = table.get("vendor").map(|item| {
            let parsed = text(item)?.parse();
            parsed.map_err(|what| self.problem(item.span().start, what))
        });
        let mut model = Model {
            target: text(of("target")?)?,
            vendor: vendor.transpose()?,
            source: text(of("source")?)?,
            errors: super::Errors::default(),
            sizes: Default::default(),
            scale: Default::default(),
        };
        for (name, item) in self.table(of("errors")?)? {
            let error = self.number(item)?;
            match name.get_ref().as_ref() {
                "designs" => model.errors.designs = error as u64,
                "luts" => model.errors.luts = Some(error),
                "ffs" => model.errors.ffs = Some(error),
                "brams" => model.errors.brams = Some(error),
                "area_um2" => model.errors.um2 = Some(error),
                other => return Err(self.unknown(name.span().start, other)),
            }
        }
        for (name, item) in self.table(of("scale")?)? {
            let group = Group::ALL.into_iter().find(|g| g.name() == name.get_ref());
            let group = group.ok_or_else(|| self.unknown(name.span().start, name.get_ref()))?;
            for (name, item) in self.table(item)? {
                let metric = self.metric(name)?;
                model.scale.insert((group, metric), self.number(item)?);
            }
        }
        for (name, item) in self.table(of("blocks")?)? {
            let block = BLOCKS.iter().find(|block| block.name == name.get_ref());
            let block = block.ok_or_else(|| self.unknown(name.span().start, name.get_ref()))?;
            let sizes = model.sizes.entry(block.name.to_owned()).or_default();
            for (name, item) in self.table(item)? {
                let metric = self.metric(name)?;
                sizes.insert(metric, self.fit(block.features, item)?);
            }
        }
        for block in &BLOCKS {
            if !model.sizes.contains_key(block.name) {
                return Err(missing(&format!("blocks.{}", block.name)));
            }
        }
        Ok(model)
    }

    fn fit(&self, features: &[&str], item: &Item<'_>) -> Result<Fit, Problems> {
        let mut fit = Fit {
            coefficients: vec![0.0; features.len()],
            ..Fit::default()
        };
        for (name, item) in self.table(item)? {
            match name.get_ref().as_ref() {
                "features" => {
                    for (name, item) in self.table(item)? {
                        let at = features.iter().position(|known| known == name.get_ref());
                        let at =
                            at.ok_or_else(|| self.unknown(name.span().start, name.get_ref()))?;
                        fit.coefficients[at] = self.number(item)?;
                    }
                }
                "kinds" => {
                    for (name, item) in self.table(item)? {
                        fit.kinds
                            .insert(name.get_ref().to_string(), self.number(item)?);
                    }
                }
                other => return Err(self.unknown(name.span().start, other)),
            }
        }
        Ok(fit)
    }

    fn metric(&self, name: &Spanned<std::borrow::Cow<'_, str>>) -> Result<Metric, Problems> {
        let found = Metric::ALL.into_iter().find(|m| m.name() == name.get_ref());
        found.ok_or_else(|| self.unknown(name.span().start, name.get_ref()))
    }

    fn table<'t, 'a>(&self, item: &'t Item<'a>) -> Result<&'t DeTable<'a>, Problems> {
        let table = item.get_ref().as_table();
        table.ok_or_else(|| self.problem(item.span().start, "is no table".to_owned()))
    }

    fn number(&self, item: &Item<'_>) -> Result<f64, Problems> {
        let number = match item.get_ref() {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => None,
        };
        let finite = number.filter(|number: &f64| number.is_finite());
        finite.ok_or_else(|| self.problem(item.span().start, "is no number".to_owned()))
    }

    fn unknown(&self, at: usize, name: &str) -> Problems {
        self.problem(at, format!("unknown key `{name}`"))
    }
}
