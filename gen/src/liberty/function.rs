//! What an output pin computes.

/// A Boolean function of a few pins, as its table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Function {
    /// The pins, by name, in the order they come up.
    pub inputs: Vec<String>,
    /// Its value where the pins are the bits of the place, the first pin the lowest.
    pub table: Vec<bool>,
}

/// Functions of more pins are not tabulated.
const MOST_INPUTS: usize = 8;

impl Function {
    /// Reads the text of a `function` attribute; `None` if it is no such expression, or one of too many pins.
    pub fn parse(text: &str) -> Option<Function> {
        let symbols = symbols(text)?;
        let mut inputs: Vec<String> = vec![];
        for symbol in &symbols {
            if let Symbol::Pin(name) = symbol
                && !inputs.contains(name)
            {
                inputs.push(name.clone());
            }
        }
        if inputs.len() > MOST_INPUTS {
            return None;
        }
        let value = |place: usize| {
            let mut reader = Reader {
                symbols: &symbols,
                at: 0,
                pin: &|name| {
                    let pin = inputs.iter().position(|input| input == name);
                    pin.is_some_and(|pin| place >> pin & 1 == 1)
                },
            };
            let value = reader.or()?;
            (reader.at == symbols.len()).then_some(value)
        };
        let table: Option<Vec<bool>> = (0..1 << inputs.len()).map(value).collect();
        Some(Function {
            inputs,
            table: table?,
        })
    }

    /// Whether it depends on how many of exactly so many pins are 1 alone, and is `value` of that number.
    pub fn counts(&self, pins: usize, value: impl Fn(u32) -> bool) -> bool {
        let places = self.table.iter().enumerate();
        self.inputs.len() == pins
            && places
                .into_iter()
                .all(|(place, &is)| is == value(place.count_ones()))
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Symbol {
    Pin(String),
    Constant(bool),
    Mark(char),
}

fn symbols(text: &str) -> Option<Vec<Symbol>> {
    let mut found = vec![];
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_[]".contains(c);
        let count = match first {
            _ if is_name(first) => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
            '(' | ')' | '!' | '\'' | '&' | '*' | '|' | '+' | '^' => 1,
            _ => return None,
        };
        let (word, after) = rest.split_at(count);
        found.push(match word {
            "0" | "1" => Symbol::Constant(word == "1"),
            _ if is_name(first) => Symbol::Pin(word.to_owned()),
            _ => Symbol::Mark(first),
        });
        rest = after.trim_start();
    }
    Some(found)
}

/// Negation binds closest, then `^`, then `&`, `*` or nothing, then `|` or `+`.
struct Reader<'a> {
    symbols: &'a [Symbol],
    at: usize,
    pin: &'a dyn Fn(&str) -> bool,
}

impl Reader<'_> {
    fn takes(&mut self, marks: &str) -> bool {
        let takes =
            matches!(self.symbols.get(self.at), Some(Symbol::Mark(mark)) if marks.contains(*mark));
        self.at += usize::from(takes);
        takes
    }

    fn or(&mut self) -> Option<bool> {
        let mut value = self.and()?;
        while self.takes("|+") {
            value |= self.and()?;
        }
        Some(value)
    }

    fn and(&mut self) -> Option<bool> {
        let mut value = self.xor()?;
        loop {
            let next = self.symbols.get(self.at);
            let juxtaposed = matches!(
                next,
                Some(Symbol::Pin(_) | Symbol::Constant(_) | Symbol::Mark('(' | '!'))
            );
            if !self.takes("&*") && !juxtaposed {
                return Some(value);
            }
            value &= self.xor()?;
        }
    }

    fn xor(&mut self) -> Option<bool> {
        let mut value = self.not()?;
        while self.takes("^") {
            value ^= self.not()?;
        }
        Some(value)
    }

    fn not(&mut self) -> Option<bool> {
        // As many as there are, without recursion.
        let mut inverted = false;
        while self.takes("!") {
            inverted = !inverted;
        }
        let value = match self.symbols.get(self.at)? {
            Symbol::Constant(value) => *value,
            Symbol::Pin(name) => (self.pin)(name),
            Symbol::Mark('(') if self.at < DEEPEST => {
                self.at += 1;
                let inner = self.or()?;
                matches!(self.symbols.get(self.at), Some(Symbol::Mark(')'))).then_some(inner)?
            }
            Symbol::Mark(_) => return None,
        };
        self.at += 1;
        while self.takes("'") {
            inverted = !inverted;
        }
        Some(value ^ inverted)
    }
}

/// No parenthesis opens behind so many symbols, lest a file choose how deep the stack grows.
const DEEPEST: usize = 2000;

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> String {
        let function = Function::parse(text).unwrap();
        let bits = function
            .table
            .iter()
            .map(|&bit| if bit { '1' } else { '0' });
        bits.collect()
    }

    #[test]
    fn operators_bind_as_liberty_has_them() {
        assert_eq!(table("A"), "01");
        assert_eq!(table("!A"), "10");
        assert_eq!(table("A'"), "10");
        assert_eq!(table("!A'"), "01");
        assert_eq!(table("A & B | C"), table("(A*B)+C"));
        assert_eq!(table("A B + C"), table("(A&B)|C"));
        assert_eq!(table("A & B ^ C"), table("A & (B ^ C)"));
        assert_eq!(table("(A|B)'"), "1000");
        assert_eq!(table("1"), "1");
        for text in ["", "A &", "(A", "A)", "A ? B", "& A"] {
            assert_eq!(Function::parse(text), None, "{text}");
        }
        assert_eq!(Function::parse(&"(".repeat(100_000)), None);
    }

    #[test]
    fn adders_are_known_by_what_they_count() {
        let majority = Function::parse("(A&B) | (A&CIN) | (B&CIN)").unwrap();
        assert!(majority.counts(3, |ones| ones >= 2));
        assert!(!majority.counts(3, |ones| ones % 2 == 1));
        let parity = Function::parse("(A^B)^C").unwrap();
        assert!(parity.counts(3, |ones| ones % 2 == 1));
        assert!(
            !Function::parse("A^B")
                .unwrap()
                .counts(3, |ones| ones % 2 == 1)
        );
    }
}
