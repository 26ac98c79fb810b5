//! Groups and attributes of a Liberty text.

use crate::Problem;

/// `name : value;`, or `name (value, value);`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its values, without quotes.
    pub values: Vec<String>,
    /// Line of the file, from 1.
    pub line: usize,
}

/// `kind (name, name) { … }`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Group {
    /// What it is: `cell`, `pin`, `timing`.
    pub kind: String,
    /// Its names, without quotes.
    pub names: Vec<String>,
    /// Line of the file where it begins, from 1.
    pub line: usize,
    /// Its attributes, in order.
    pub attributes: Vec<Attribute>,
    /// The groups in it, in order.
    pub groups: Vec<Group>,
}

impl Group {
    /// Its first name, or nothing.
    pub fn name(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// The last attribute of this name, which is the one that counts.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().rev().find(|a| a.name == name)
    }

    /// The first value of an attribute.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.attribute(name)?.values.first().map(String::as_str)
    }

    /// Groups of a kind.
    pub fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Group> {
        self.groups.iter().filter(move |group| group.kind == kind)
    }
}

/// Groups in groups, at most: `library`, `cell`, `pin`, `timing`, a table are five.
const DEEPEST: usize = 64;

/// The one group of a text, `library`.
///
/// # Errors
/// Where the text is not Liberty: the file's name and the line.
pub fn parse(text: &str, file: &str) -> Result<Group, Problem> {
    let mut tokens = Tokens {
        text,
        at: 0,
        line: 1,
        file,
    };
    let mut root = Group::default();
    let first = tokens.next()?;
    let Some(Token::Word(kind)) = first else {
        return Err(tokens.problem("no library begins here", "begin with `library (name) {`"));
    };
    tokens.statement(kind, &mut root, 0)?;
    match (root.groups.pop(), tokens.next()?) {
        (Some(library), None) if library.kind == "library" => Ok(library),
        (Some(library), None) => Err(Problem::new(
            format!("{file}:{}", library.line),
            format!("the file is of a `{}`", library.kind),
            "give a file with one `library (name) { … }`",
        )),
        (_, Some(_)) => {
            Err(tokens.problem("something follows the library", "leave out what follows"))
        }
        (None, None) => Err(tokens.problem("there is no library", "begin with `library (name) {`")),
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Token<'a> {
    /// A name, number or expression without quotes.
    Word(&'a str),
    /// What stood between quotes.
    Quoted(String),
    /// One of `(){}:;,`.
    Mark(u8),
}

struct Tokens<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    file: &'a str,
}

impl<'a> Tokens<'a> {
    fn problem(&self, what: impl Into<String>, fix: impl Into<String>) -> Problem {
        Problem::new(format!("{}:{}", self.file, self.line), what, fix)
    }

    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn step(&mut self, count: usize) {
        let passed = &self.rest()[..count];
        self.line += passed.iter().filter(|&&byte| byte == b'\n').count();
        self.at += count;
    }

    /// Passes spaces, line ends that a `\` joins, and comments.
    fn blanks(&mut self) -> Result<(), Problem> {
        loop {
            let rest = self.rest();
            let count = rest
                .iter()
                .take_while(|&&byte| byte.is_ascii_whitespace() || byte == b'\\')
                .count();
            self.step(count);
            let rest = self.rest();
            if rest.starts_with(b"/*") {
                let begun = self.line;
                let end = rest.windows(2).skip(2).position(|two| two == b"*/");
                let Some(end) = end else {
                    let what = format!("the comment that begins in line {begun} never ends");
                    self.step(rest.len());
                    return Err(self.problem(what, "give a whole file"));
                };
                self.step(end + 4);
            } else if rest.starts_with(b"//") {
                let end = rest.iter().position(|&byte| byte == b'\n');
                self.step(end.unwrap_or(rest.len()));
            } else if count == 0 {
                return Ok(());
            }
        }
    }

    fn next(&mut self) -> Result<Option<Token<'a>>, Problem> {
        self.blanks()?;
        let rest = self.rest();
        let Some(&first) = rest.first() else {
            return Ok(None);
        };
        if b"(){}:;,".contains(&first) {
            self.step(1);
            return Ok(Some(Token::Mark(first)));
        }
        if first == b'"' {
            return self.quoted().map(Some);
        }
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"(){}:;,\"\\".contains(byte);
        let count = rest.iter().position(ends).unwrap_or(rest.len());
        let word = &self.text[self.at..self.at + count];
        self.step(count);
        Ok(Some(Token::Word(word)))
    }

    fn quoted(&mut self) -> Result<Token<'a>, Problem> {
        let begun = self.line;
        let rest = &self.rest()[1..];
        let Some(end) = rest.iter().position(|&byte| byte == b'"') else {
            let what = format!("the quotes that open in line {begun} are never closed");
            self.step(rest.len() + 1);
            return Err(self.problem(what, "give a whole file"));
        };
        let inside = &self.text[self.at + 1..self.at + 1 + end];
        self.step(end + 2);
        Ok(Token::Quoted(
            inside.replace("\\\r\n", "").replace("\\\n", ""),
        ))
    }

    /// What begins with a word: an attribute or a group of `into`.
    fn statement(&mut self, name: &'a str, into: &mut Group, depth: usize) -> Result<(), Problem> {
        let line = self.line;
        let name = name.to_owned();
        match self.next()? {
            Some(Token::Mark(b':')) => {
                let values = vec![self.simple(&name)?];
                into.attributes.push(Attribute { name, values, line });
                Ok(())
            }
            Some(Token::Mark(b'(')) => {
                let values = self.list(&name)?;
                let before = (self.at, self.line);
                if self.next()? == Some(Token::Mark(b'{')) {
                    let mut group = Group {
                        kind: name,
                        names: values,
                        line,
                        ..Group::default()
                    };
                    self.body(&mut group, depth + 1)?;
                    into.groups.push(group);
                } else {
                    // A semicolon, or whatever follows an attribute that lacks it.
                    (self.at, self.line) = before;
                    into.attributes.push(Attribute { name, values, line });
                }
                Ok(())
            }
            None => Err(self.cut_off(into)),
            Some(_) => Err(self.problem(
                format!("`{name}` is followed by neither `:` nor `(`"),
                "write `name : value;`, `name (values);` or `name (names) { … }`",
            )),
        }
    }

    /// The value behind a colon, up to the semicolon or the end of the line.
    fn simple(&mut self, name: &str) -> Result<String, Problem> {
        let line = self.line;
        let mut value = String::new();
        loop {
            let before = (self.at, self.line);
            let token = self.next()?;
            // Tools write attributes without a semicolon, too, one a line.
            if self.line != line && !value.is_empty() && token != Some(Token::Mark(b';')) {
                (self.at, self.line) = before;
                return Ok(value);
            }
            match token {
                Some(Token::Mark(b';')) => return Ok(value),
                Some(Token::Mark(b'}')) => {
                    (self.at, self.line) = before;
                    return Ok(value);
                }
                Some(Token::Mark(b'{')) => {
                    return Err(self.problem(
                        format!("a group begins within the value of `{name}`"),
                        "end the value with a semicolon",
                    ));
                }
                Some(Token::Mark(mark)) => value.push(char::from(mark)),
                Some(Token::Word(word)) => value.push_str(word),
                Some(Token::Quoted(text)) => value.push_str(&text),
                None => {
                    return Err(self.problem(
                        format!("the file ends within the value of `{name}`"),
                        "give a whole file",
                    ));
                }
            }
        }
    }

    /// What stands between parentheses; the first is passed already.
    fn list(&mut self, name: &str) -> Result<Vec<String>, Problem> {
        let mut values = vec![];
        let mut value: Option<String> = None;
        loop {
            match self.next()? {
                Some(Token::Mark(b')')) => {
                    values.extend(value);
                    return Ok(values);
                }
                Some(Token::Mark(b',')) => values.push(value.take().unwrap_or_default()),
                Some(Token::Word(word)) => value.get_or_insert_default().push_str(word),
                Some(Token::Quoted(text)) => value.get_or_insert_default().push_str(&text),
                Some(Token::Mark(b':')) => value.get_or_insert_default().push(':'),
                Some(Token::Mark(_)) => {
                    return Err(self.problem(
                        format!("the parentheses behind `{name}` are not closed"),
                        "close them",
                    ));
                }
                None => {
                    return Err(self.problem(
                        format!("the file ends within the parentheses behind `{name}`"),
                        "give a whole file",
                    ));
                }
            }
        }
    }

    /// What stands between braces; the first is passed already.
    fn body(&mut self, group: &mut Group, depth: usize) -> Result<(), Problem> {
        if depth > DEEPEST {
            return Err(self.problem(
                format!("groups lie in groups {DEEPEST} deep"),
                "give a Liberty file",
            ));
        }
        loop {
            match self.next()? {
                Some(Token::Mark(b'}')) => return Ok(()),
                Some(Token::Mark(b';')) => {}
                Some(Token::Word(name)) => self.statement(name, group, depth)?,
                Some(_) => {
                    return Err(self.problem(
                        format!("no attribute of `{}` begins here", group.kind),
                        "write `name : value;`, `name (values);` or `name (names) { … }`",
                    ));
                }
                None => return Err(self.cut_off(group)),
            }
        }
    }

    fn cut_off(&self, group: &Group) -> Problem {
        self.problem(
            format!(
                "the file ends within `{} ({})`, which begins in line {}",
                group.kind,
                group.names.join(", "),
                group.line
            ),
            "give a whole file",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "/* a\n comment */\nlibrary (\"small\") {\n  time_unit : \"1ns\";\n  \
        capacitive_load_unit (1, pf)\n  cell (inv) { // smallest\n    area : 1.5 ;\n    pin (Y) {\n      \
        function : \"!A\"\n      values (\"1, 2\", \\\n        \"3, 4\");\n    };\n  }\n}\n";

    #[test]
    fn groups_and_attributes_have_their_lines() {
        let library = parse(SMALL, "small.lib").unwrap();
        assert_eq!((library.name(), library.line), ("small", 3));
        assert_eq!(library.value("time_unit"), Some("1ns"));
        let load = library.attribute("capacitive_load_unit").unwrap();
        assert_eq!((load.values.join("|").as_str(), load.line), ("1|pf", 5));
        let cell = &library.groups[0];
        assert_eq!(
            (cell.name(), cell.value("area"), cell.line),
            ("inv", Some("1.5"), 6)
        );
        let pin = &cell.groups[0];
        assert_eq!(pin.value("function"), Some("!A"));
        assert_eq!(pin.attribute("values").unwrap().values, ["1, 2", "3, 4"]);
    }

    #[test]
    fn wherever_a_file_is_cut_off_it_is_refused_with_the_line() {
        let end = SMALL.trim_end().len();
        for cut in 0..end {
            let problem = parse(&SMALL[..cut], "small.lib").unwrap_err();
            assert!(problem.place.starts_with("small.lib:"), "{cut}: {problem}");
            assert!(!problem.what.is_empty() && !problem.fix.is_empty());
        }
        let problem = parse(&SMALL[..end - 4], "small.lib").unwrap_err();
        assert_eq!(
            problem.to_string(),
            "small.lib:13: the file ends within `cell (inv)`, which begins in line 6; give a whole file"
        );
    }

    #[test]
    fn what_is_no_liberty_is_refused() {
        let refused = |text: &str| parse(text, "x.lib").unwrap_err().to_string();
        assert!(refused("module x;").contains("x.lib:1: `module` is followed by neither"));
        assert!(refused("library (a) {} cell (b) {}").contains("something follows"));
        assert!(refused("cell (b) {}").contains("the file is of a `cell`"));
        assert!(refused("library : 3;").contains("there is no library"));
        assert!(refused("library (a) { x : 1 { } }").contains("a group begins within"));
        assert!(refused("library (a) { ( }").contains("no attribute of `library`"));
        assert!(refused(&"a () {".repeat(100)).contains("64 deep"));
    }
}
