//! Reading Python's literals as `ast.literal_eval` does: texts, bytes, numbers, tuples, lists, dictionaries, sets, `None`,
//! `True` and `False`. What only Python itself could make of it (complex numbers, names of characters, `...`) is refused.

mod number;
mod string;

use super::plain::Plain;

/// How deep brackets may stand in each other. Python's own limit is 200.
const DEEP: usize = 200;

/// The value of a text, or what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Plain, String> {
    // Python counts \r\n and \r as the ends of lines, too, also within texts.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut reader = Reader { text: &text, at: 0 };
    reader.skip_blanks();
    let value = reader.sequence("")?;
    reader.skip_blanks();
    if reader.at < text.len() { Err(reader.wrong("the end was expected")) } else { Ok(value) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// What stands between brackets.
struct Items {
    items: Vec<Plain>,
    /// Whether a comma follows the last one, or stands between them.
    has_comma: bool,
}

impl Reader<'_> {
    /// One value, or several with commas, which are a tuple. Up to that bracket, or to the end.
    fn sequence(&mut self, end: &str) -> Result<Plain, String> {
        let Items { mut items, has_comma } = self.items(end, 0)?;
        match items.pop() {
            None if end.is_empty() => Err(self.wrong("a value was expected")),
            Some(item) if items.is_empty() && !has_comma => Ok(item),
            last => {
                items.extend(last);
                Ok(Plain::Tuple(items))
            }
        }
    }

    /// Values with commas between them.
    fn items(&mut self, end: &str, depth: usize) -> Result<Items, String> {
        let (mut items, mut has_comma) = (Vec::new(), false);
        loop {
            self.skip_blanks();
            if self.ends(end) {
                return Ok(Items { items, has_comma });
            }
            if !items.is_empty() && !has_comma {
                return Err(self.wrong("a comma was expected"));
            }
            items.push(self.value(depth)?);
            self.skip_blanks();
            if self.take(",") {
                has_comma = true;
            } else if self.ends(end) {
                return Ok(Items { items, has_comma });
            } else {
                return Err(self.wrong("a comma or the end was expected"));
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Plain, String> {
        if depth > DEEP {
            return Err(format!("it is nested more than {DEEP} deep"));
        }
        let value = match self.peek() {
            Some('(') => self.parentheses(depth)?,
            Some('[') => {
                self.at += 1;
                let Items { items, .. } = self.items("]", depth + 1)?;
                self.at += 1;
                Plain::List(items)
            }
            Some('{') => self.braces(depth)?,
            Some('+' | '-') => self.signed(depth)?,
            Some('0'..='9' | '.') => self.number()?,
            _ => match self.string()? {
                Some(text) => text,
                None => self.word()?,
            },
        };
        self.skip_blanks();
        if matches!(value, Plain::Int(_) | Plain::Float(_)) && matches!(self.peek(), Some('+' | '-')) {
            return Err(self.wrong("complex numbers and sums cannot be written without Python"));
        }
        Ok(value)
    }

    fn parentheses(&mut self, depth: usize) -> Result<Plain, String> {
        self.at += 1;
        let Items { mut items, has_comma } = self.items(")", depth + 1)?;
        self.at += 1;
        Ok(if items.len() == 1 && !has_comma { items.remove(0) } else { Plain::Tuple(items) })
    }

    /// A dictionary or a set.
    fn braces(&mut self, depth: usize) -> Result<Plain, String> {
        let start = self.at;
        self.at += 1;
        self.skip_blanks();
        if self.take("}") {
            return Ok(Plain::Table(Vec::new()));
        }
        let first = self.value(depth + 1)?;
        self.skip_blanks();
        if self.peek() != Some(':') {
            self.at = start + 1;
            let Items { items, .. } = self.items("}", depth + 1)?;
            self.at += 1;
            return Plain::set(items)
                .ok_or_else(|| self.wrong("a list, dictionary or set cannot be in a set, before this"));
        }
        let (mut pairs, mut key) = (Vec::new(), first);
        loop {
            self.skip_blanks();
            self.expect(":")?;
            self.skip_blanks();
            pairs.push((key, self.value(depth + 1)?));
            self.skip_blanks();
            let more = self.take(",");
            self.skip_blanks();
            if self.take("}") {
                return Plain::table(pairs)
                    .ok_or_else(|| self.wrong("a list, dictionary or set cannot be a key, before this"));
            }
            if !more {
                return Err(self.wrong("a comma or \"}\" was expected"));
            }
            key = self.value(depth + 1)?;
        }
    }

    /// A number with a sign, of which there is one at most.
    fn signed(&mut self, depth: usize) -> Result<Plain, String> {
        let is_negative = self.peek() == Some('-');
        self.at += 1;
        self.skip_blanks();
        if matches!(self.peek(), Some('+' | '-')) {
            return Err(self.wrong("a number was expected"));
        }
        match self.value(depth + 1)? {
            Plain::Int(number) => Ok(Plain::Int(if is_negative { number.negated() } else { number })),
            Plain::Float(number) => Ok(Plain::Float(if is_negative { -number } else { number })),
            _ => Err(self.wrong("a number was expected before this")),
        }
    }

    fn word(&mut self) -> Result<Plain, String> {
        let length =
            self.rest().find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(self.rest().len());
        let value = match &self.rest()[..length] {
            "None" => Plain::None,
            "True" => Plain::Bool(true),
            "False" => Plain::Bool(false),
            "set" => return self.empty_set(),
            "" if self.rest().starts_with("...") => {
                return Err(self.wrong("an ellipsis cannot be written without Python"));
            }
            "" => return Err(self.wrong("a value was expected")),
            name => return Err(self.wrong(&format!("{name} is no literal: a name or a call"))),
        };
        self.at += length;
        Ok(value)
    }

    /// `set()`, the one call among literals.
    fn empty_set(&mut self) -> Result<Plain, String> {
        self.at += "set".len();
        self.skip_blanks();
        self.expect("(")?;
        self.skip_blanks();
        self.expect(")")?;
        Ok(Plain::Set(Vec::new()))
    }

    /// Blanks, ends of lines and comments.
    fn skip_blanks(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\u{c}']);
            let trimmed = trimmed.strip_prefix("\\\n").unwrap_or(trimmed);
            let trimmed = match trimmed.strip_prefix('#') {
                Some(comment) => &comment[comment.find('\n').unwrap_or(comment.len())..],
                None => trimmed,
            };
            if trimmed.len() == rest.len() {
                return;
            }
            self.at = self.text.len() - trimmed.len();
        }
    }

    fn ends(&self, end: &str) -> bool {
        if end.is_empty() { self.rest().is_empty() } else { self.rest().starts_with(end) }
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn take(&mut self, word: &str) -> bool {
        let there = self.rest().starts_with(word);
        self.at += if there { word.len() } else { 0 };
        there
    }

    fn expect(&mut self, word: &str) -> Result<(), String> {
        if self.take(word) { Ok(()) } else { Err(self.wrong(&format!("{word:?} was expected"))) }
    }

    fn wrong(&self, what: &str) -> String {
        format!("{what} at character {}", self.text[..self.at].chars().count() + 1)
    }
}
