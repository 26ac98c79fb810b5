//! Attributes of a node.

use std::path::Path;

use super::constant::{Constant, Fault};
use super::proto;

/// A node's attributes, by name.
#[derive(Clone, Copy, Default)]
pub(super) struct Attributes<'a> {
    list: &'a [proto::Attribute],
    /// Where values in other files lie.
    folder: Option<&'a Path>,
}

impl<'a> Attributes<'a> {
    pub fn of(node: &'a proto::Node, folder: &'a Path) -> Attributes<'a> {
        Attributes {
            list: &node.attributes,
            folder: Some(folder),
        }
    }

    fn get(&self, name: &str) -> Option<&'a proto::Attribute> {
        self.list.iter().find(|attribute| attribute.name == name)
    }

    /// A whole number.
    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.get(name).map_or(default, |attribute| attribute.int)
    }

    /// A number.
    pub fn float(&self, name: &str, default: f32) -> f32 {
        self.get(name).map_or(default, |attribute| attribute.float)
    }

    /// Whole numbers.
    pub fn ints(&self, name: &str) -> Option<&'a [i64]> {
        self.get(name).map(|attribute| attribute.ints.as_slice())
    }

    /// A text; empty if it is not given.
    pub fn text(&self, name: &str) -> &'a str {
        let text = self.get(name).map(|attribute| attribute.text.as_slice());
        text.and_then(|text| std::str::from_utf8(text).ok())
            .unwrap_or_default()
    }

    /// A tensor.
    ///
    /// # Errors
    /// One that is wrong.
    pub fn constant(&self, name: &str) -> Result<Option<Constant>, Fault> {
        let tensor = self
            .get(name)
            .and_then(|attribute| attribute.tensor.as_ref());
        let read =
            tensor.map(|tensor| Constant::read(tensor, self.folder.unwrap_or(Path::new(""))));
        read.transpose()
    }

    /// What a Constant holds, in whichever of its attributes.
    ///
    /// # Errors
    /// None that is supported, or one that is wrong.
    pub fn held(&self) -> Result<Constant, Fault> {
        if let Some(constant) = self.constant("value")? {
            return Ok(constant);
        }
        let scalar = |constant: Constant| Constant {
            shape: vec![],
            ..constant
        };
        for attribute in self.list {
            match attribute.name.as_str() {
                "value_int" => return Ok(scalar(Constant::integers(vec![attribute.int]))),
                "value_ints" => return Ok(Constant::integers(attribute.ints.clone())),
                "value_float" => return Ok(scalar(Constant::floats(vec![attribute.float]))),
                "value_floats" => return Ok(Constant::floats(attribute.floats.clone())),
                _ => {}
            }
        }
        let what = "holds neither a dense tensor nor numbers";
        Err((what.into(), "store it as a tensor".into()))
    }
}
