//! The body of one module, written by its description.

use super::expression::Expression;
use super::names::legal;
use crate::describe::{Describe, Interpreter};
use crate::net::Net;
use crate::value::Value;
use crate::word::Word;
use rust_hdl_core::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fmt::Display;

/// Prefix of names that exist only in the body; the emitter takes it off. No path starts with `$`.
pub(super) const LOCAL: &str = "$local$";

#[derive(Default)]
struct Piece {
    text: String,
    /// A name, which may be indexed.
    name: bool,
    constant: Option<Value>,
    /// Bits of a name, from this one up: a slice of it is a slice of the name.
    part: Option<(String, usize)>,
    /// The piece that this one reads with the other sign.
    cast: Option<usize>,
}

/// The pieces of one body and the lines written so far.
#[derive(Default)]
pub struct Arena {
    pieces: RefCell<Vec<Piece>>,
    lines: RefCell<Vec<String>>,
    temporaries: Cell<usize>,
    unused: Cell<usize>,
    /// How often each name was asked for.
    names: RefCell<HashMap<String, usize>>,
}

impl Arena {
    fn push(&self, piece: Piece, width: usize, signed: bool) -> Expression<'_> {
        let mut pieces = self.pieces.borrow_mut();
        pieces.push(piece);
        Expression::new(self, pieces.len() - 1, width, signed)
    }

    pub(super) fn expression(&self, width: usize, signed: bool, text: String) -> Expression<'_> {
        self.push(
            Piece {
                text,
                ..Piece::default()
            },
            width,
            signed,
        )
    }

    fn name(&self, width: usize, signed: bool, text: String) -> Expression<'_> {
        self.push(
            Piece {
                text,
                name: true,
                ..Piece::default()
            },
            width,
            signed,
        )
    }

    pub(super) fn literal(&self, value: Value) -> Expression<'_> {
        let sign = if value.is_signed() { "s" } else { "" };
        let text = match value.width() {
            width @ 1..=4 => format!("{width}'{sign}b{:0width$b}", value.pattern()),
            width => format!("{width}'{sign}h{:x}", value.pattern()),
        };
        self.push(
            Piece {
                text,
                constant: Some(value),
                ..Piece::default()
            },
            value.width(),
            value.is_signed(),
        )
    }

    pub(super) fn text(&self, id: usize) -> String {
        self.pieces.borrow()[id].text.clone()
    }

    /// The text without the cast, where there is one: concatenations do not look at signs.
    pub(super) fn bits(&self, id: usize) -> String {
        let pieces = self.pieces.borrow();
        let plain = pieces[id].cast.unwrap_or(id);
        pieces[plain].text.clone()
    }

    pub(super) fn constant(&self, id: usize) -> Option<Value> {
        self.pieces.borrow()[id].constant
    }

    /// `word`'s bits with the other sign: `$signed(…)` and `$unsigned(…)` undo each other.
    pub(super) fn cast<'a>(&'a self, word: Expression<'a>) -> Expression<'a> {
        let (width, signed) = (word.width(), !word.is_signed());
        if let Some(id) = self.pieces.borrow()[word.id].cast {
            return Expression::new(self, id, width, signed);
        }
        let function = if signed { "$signed" } else { "$unsigned" };
        let text = format!("{function}({})", word.text());
        self.push(
            Piece {
                text,
                cast: Some(word.id),
                ..Piece::default()
            },
            width,
            signed,
        )
    }

    /// Bits `low..low + width` of `word`, which is wider.
    pub(super) fn slice<'a>(
        &'a self,
        word: Expression<'a>,
        low: usize,
        width: usize,
    ) -> Expression<'a> {
        let (name, base) = self.indexable(word);
        let low = base + low;
        let text = match width {
            1 => format!("{name}[{low}]"),
            _ => format!("{name}[{}:{low}]", low + width - 1),
        };
        self.push(
            Piece {
                text,
                part: Some((name, low)),
                ..Piece::default()
            },
            width,
            false,
        )
    }

    /// A name with bit `0` of `word` at the given index.
    fn indexable<'a>(&'a self, word: Expression<'a>) -> (String, usize) {
        // A slice has no sign: look behind the cast.
        let plain = match self.pieces.borrow()[word.id].cast {
            Some(id) => Expression::new(self, id, word.width(), !word.is_signed()),
            None => word,
        };
        let part = self.pieces.borrow()[plain.id].part.clone();
        part.unwrap_or_else(|| (self.named(plain), 0))
    }

    /// A name for `word`, made up if it has none.
    fn named(&self, word: Expression<'_>) -> String {
        if self.pieces.borrow()[word.id].name {
            return word.text();
        }
        let number = self.temporaries.get() + 1;
        self.temporaries.set(number);
        let name = self.declare(&format!("t{number}"), word);
        // The same word indexed again finds the same name.
        let piece = &mut self.pieces.borrow_mut()[word.id];
        piece.text.clone_from(&name);
        piece.name = true;
        name
    }

    fn declare(&self, name: &str, word: Expression<'_>) -> String {
        let name = format!("{LOCAL}{}", self.distinct(name));
        let line = format!(
            "wire {}{name} = {};",
            range(word.width(), word.is_signed()),
            word.text()
        );
        self.lines.borrow_mut().push(line);
        name
    }

    /// `name`, numbered from the second time on; a legal word in any case.
    fn distinct(&self, name: &str) -> String {
        let name = legal(name);
        let mut names = self.names.borrow_mut();
        let count = names.entry(name.clone()).or_insert(0);
        *count += 1;
        match *count {
            1 => name,
            // With a `$`, which no name asked for has.
            more => format!("{name}${more}"),
        }
    }
}

/// `signed [7:0] `, with a trailing space unless empty.
pub(super) fn range(width: usize, signed: bool) -> String {
    let sign = if signed { "signed " } else { "" };
    match width {
        1 => sign.to_string(),
        _ => format!("{sign}[{}:0] ", width - 1),
    }
}

/// Writes the body of a module.
struct Emit<'a> {
    arena: &'a Arena,
    paths: HashMap<usize, String>,
}

impl Emit<'_> {
    fn path<D: Direction>(&self, net: &Net<D>) -> String {
        match self.paths.get(&Atom::id(net)) {
            Some(path) => path.clone(),
            None => panic!("a description may use only the block's own nets and its parts' ports"),
        }
    }
}

impl<'a> Interpreter for Emit<'a> {
    type Word = Expression<'a>;

    fn read<D: Direction>(&mut self, net: &Net<D>) -> Expression<'a> {
        self.arena
            .name(net.width(), net.is_signed(), self.path(net))
    }

    #[track_caller]
    fn drive<D: Direction>(&mut self, net: &Net<D>, value: Expression<'a>) {
        let path = self.path(net);
        assert!(
            net.width() == value.width() && net.is_signed() == value.is_signed(),
            "{} has {} and is driven with {}",
            path.replace('$', "."),
            net.value().shape(),
            value.shape()
        );
        self.arena
            .lines
            .borrow_mut()
            .push(format!("assign {path} = {};", value.text()));
    }

    fn literal(&mut self, width: usize, signed: bool, number: i64) -> Expression<'a> {
        self.arena.literal(Value::new(width, signed, number))
    }

    fn name(&mut self, name: impl Display, word: Expression<'a>) -> Expression<'a> {
        let text = self.arena.declare(&name.to_string(), word);
        self.arena.name(word.width(), word.is_signed(), text)
    }

    fn unused(&mut self, word: Expression<'a>) {
        let count = self.arena.unused.get() + 1;
        self.arena.unused.set(count);
        self.arena.declare(&format!("unused_{count}"), word.any());
    }

    fn comment(&mut self, text: &str) {
        let mut lines = self.arena.lines.borrow_mut();
        lines.extend(text.lines().map(|line| format!("// {line}")));
    }
}

/// Paths of a block's own nets and of its parts' ports, by net.
#[derive(Default)]
struct Paths {
    depth: usize,
    part: String,
    found: HashMap<usize, String>,
}

impl Probe for Paths {
    fn visit_start_scope(&mut self, name: &str, _: &dyn Block) {
        self.depth += 1;
        if self.depth == 2 {
            self.part = name.to_string();
        }
    }
    fn visit_atom(&mut self, name: &str, atom: &dyn Atom) {
        match self.depth {
            1 => drop(self.found.insert(atom.id(), name.to_string())),
            2 if atom.kind().is_parameter() => {
                drop(
                    self.found
                        .insert(atom.id(), format!("{}${name}", self.part)),
                );
            }
            _ => {}
        }
    }
    fn visit_end_scope(&mut self, _: &str, _: &dyn Block) {
        self.depth -= 1;
    }
}

/// The body of `block`'s module, in the form the emitter links: a header of `//!` lines, then
/// comments, named wires and one `assign` per driven net.
pub fn body<B: Describe + Block>(block: &B) -> String {
    let mut paths = Paths::default();
    block.accept("block", &mut paths);
    let arena = Arena::default();
    block.describe(&mut Emit {
        arena: &arena,
        paths: paths.found,
    });
    let mut text = format!("//! module {}\n", legal(&block.module()));
    for line in block.about().lines() {
        text += &format!("//! about {line}\n");
    }
    text + &arena.lines.into_inner().join("\n")
}
