//! Finding the line of a key in a text that was parsed already.
//!
//! A scanner knows less than a parser; where it is not sure, it knows no line.

use std::collections::BTreeMap;

use super::{DEEPEST, Format, yaml};

/// The levels whose keys' lines are of interest: `logging`, `appender`, its name, its keys.
pub(crate) const LEVELS: usize = 4;

/// The lines on which keys of the outer levels stand.
#[derive(Debug, Default)]
pub(crate) struct Keys(BTreeMap<Vec<String>, Vec<Option<usize>>>);

impl Keys {
    /// The keys of a text.
    pub(crate) fn of(format: Format, text: &str) -> Self {
        match format {
            Format::Toml => toml(text),
            Format::Yaml => yaml::keys(text),
            Format::Json | Format::Json5 | Format::Ron => braces(text).keys,
            Format::Ini => ini(text),
        }
    }

    pub(crate) fn add(&mut self, path: &[&str], line: Option<usize>) {
        self.0.entry(path.iter().map(ToString::to_string).collect()).or_default().push(line);
    }

    /// The line of a key, when there is just one.
    pub(crate) fn line(&self, path: &[&str]) -> Option<usize> {
        let path: Vec<String> = path.iter().map(ToString::to_string).collect();
        match self.0.get(&path)?.as_slice() {
            [line] => *line,
            _ => None,
        }
    }

    /// Keys that stand there more than once, with the first two lines of each.
    pub(crate) fn doubles(&self) -> impl Iterator<Item = (String, usize, usize)> {
        self.0.iter().filter_map(|(path, lines)| match lines.as_slice() {
            [Some(first), Some(second), ..] => Some((path.join("."), *first, *second)),
            _ => None,
        })
    }
}

/// The number of the line that holds a byte, from 1.
pub(crate) fn line_at(text: &str, byte: usize) -> usize {
    text.as_bytes().iter().take(byte).filter(|byte| **byte == b'\n').count() + 1
}

/// The column of a byte in its line, in characters from 1.
pub(crate) fn column_at(text: &str, byte: usize) -> usize {
    let before = text.get(..byte).unwrap_or(text);
    before.rsplit('\n').next().unwrap_or_default().chars().count() + 1
}

fn toml(text: &str) -> Keys {
    let mut keys = Keys::default();
    let Ok(table) = toml::de::DeTable::parse(text) else { return keys };
    add_toml(&mut keys, text, &mut Vec::new(), table.get_ref());
    keys
}

fn add_toml<'a>(keys: &mut Keys, text: &str, path: &mut Vec<&'a str>, table: &'a toml::de::DeTable<'_>) {
    for (name, value) in table {
        path.push(name.get_ref());
        keys.add(path, Some(line_at(text, name.span().start)));
        if let toml::de::DeValue::Table(fields) = value.get_ref()
            && path.len() < LEVELS
        {
            add_toml(keys, text, path, fields);
        }
        path.pop();
    }
}

/// INI, unless a quoted value may go over several lines.
fn ini(text: &str) -> Keys {
    let mut keys = Keys::default();
    if text.lines().any(|line| line.matches(['"', '\'']).count() % 2 == 1 || line.ends_with('\\')) {
        return keys;
    }
    let mut section = None;
    for (line, number) in text.lines().map(str::trim).zip(1..) {
        if line.starts_with(['#', ';']) {
        } else if let Some(name) = line.strip_prefix('[') {
            let name = name.trim_end_matches(']').trim();
            keys.add(&[name], Some(number));
            section = Some(name);
        } else if let Some((name, _)) = line.split_once(['=', ':']) {
            let path: Vec<&str> = section.into_iter().chain([name.trim()]).collect();
            keys.add(&path, Some(number));
        }
    }
    keys
}

/// What is known of a text in JSON, JSON5 or RON.
#[derive(Default)]
pub(crate) struct Braces {
    pub(crate) keys: Keys,
    /// How deep it is nested at most.
    pub(crate) depth: usize,
}

/// Walks over a text with braces: keys are names or quoted texts before a colon.
pub(crate) fn braces(text: &str) -> Braces {
    let mut found = Braces::default();
    let mut path: Vec<Option<String>> = Vec::new();
    let mut last = None;
    let mut depth = 0_usize;
    for token in (Scanner { text, at: 0 }) {
        match token {
            Token::Word(start, name) => last = Some((start, name)),
            Token::Mark(b'{' | b'[' | b'(') => {
                depth += 1;
                found.depth = found.depth.max(depth);
                if depth > DEEPEST {
                    return found;
                }
                path.resize(depth, None);
                last = None;
            }
            Token::Mark(b'}' | b']' | b')') => {
                depth = depth.saturating_sub(1);
                path.truncate(depth);
                last = None;
            }
            Token::Mark(b':') => {
                if let (Some((start, name)), Some(slot)) = (last.take(), path.last_mut()) {
                    *slot = Some(name.to_owned());
                    let whole: Option<Vec<&str>> = path.iter().map(Option::as_deref).collect();
                    if let Some(whole) = whole.filter(|whole| whole.len() <= LEVELS) {
                        found.keys.add(&whole, Some(line_at(text, start)));
                    }
                }
            }
            Token::Mark(b',') => {
                // What follows in a list has no name.
                if let Some(slot) = path.last_mut() {
                    *slot = None;
                }
                last = None;
            }
            Token::Mark(_) => last = None,
        }
    }
    found
}

enum Token<'a> {
    /// A name or a quoted text, with its place.
    Word(usize, &'a str),
    Mark(u8),
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = &self.text[self.at..];
            let first = rest.chars().next()?;
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            } else if first.is_whitespace() {
                self.at += first.len_utf8();
            } else {
                return Some(self.token(rest, first));
            }
        }
    }
}

impl<'a> Scanner<'a> {
    fn token(&mut self, rest: &'a str, first: char) -> Token<'a> {
        let start = self.at;
        let in_word = |c: char| c.is_alphanumeric() || "_$-+.".contains(c);
        if let Some((inside, whole)) = raw_text(rest) {
            self.at += whole;
            Token::Word(start, inside)
        } else if first == '"' || first == '\'' {
            let (inside, whole) = quoted(rest, first);
            self.at += whole;
            Token::Word(start, inside)
        } else if in_word(first) {
            let end = rest.find(|c: char| !in_word(c)).unwrap_or(rest.len());
            self.at += end;
            Token::Word(start, &rest[..end])
        } else {
            self.at += first.len_utf8();
            Token::Mark(u8::try_from(first).unwrap_or(b'?'))
        }
    }
}

/// The inside of a quoted text and the length of the whole. An escape is kept as it is written.
fn quoted(rest: &str, quote: char) -> (&str, usize) {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return (&rest[1..at], at + 1),
            _ => {}
        }
    }
    (&rest[1..], rest.len())
}

/// RON's `r"…"` and `r#"…"#`.
fn raw_text(rest: &str) -> Option<(&str, usize)> {
    let hashes = rest.strip_prefix('r')?.chars().take_while(|c| *c == '#').count();
    let body = rest[1 + hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&close)?;
    Some((&body[..end], 1 + hashes + 1 + end + close.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_each_key_is_found_in_every_format() {
        let cases = [
            (Format::Toml, "# c\nREDIS_URL = 'x'\n[worker]\nttl = 5\n"),
            (Format::Json, "{\n\"REDIS_URL\": \"x: {\",\n\"worker\": {\n\"ttl\": 5}}"),
            (Format::Json5, "{ // c: 1\nREDIS_URL: 'x\\': {',\nworker: {\nttl: 5,},}"),
            (Format::Ron, "(\nREDIS_URL: r#\"x\": {\"#,\nworker: (\nttl: 5))"),
            (Format::Ini, "; a = 1\nREDIS_URL = x\n[worker]\nttl = 5\n"),
            (Format::Yaml, "# c\nREDIS_URL: x\nworker:\n  ttl: 5\n"),
        ];

        for (format, text) in cases {
            let keys = Keys::of(format, text);
            let lines = [keys.line(&["REDIS_URL"]), keys.line(&["worker"]), keys.line(&["worker", "ttl"])];
            assert_eq!(lines, [Some(2), Some(3), Some(4)], "{format:?}");
        }
    }

    #[test]
    fn a_key_of_the_same_name_further_in_is_not_confused() {
        let keys = Keys::of(
            Format::Json,
            "{\"a\": [{\"ttl\": 1}],\n\"worker\": {\"x\": {\"ttl\": 1},\n\"ttl\": 2}}",
        );

        assert_eq!(keys.line(&["worker", "ttl"]), Some(3));
        assert_eq!(keys.line(&["ttl"]), None);
    }

    #[test]
    fn a_key_that_stands_twice_is_told() {
        let keys = Keys::of(Format::Json, "{\"a\": 1,\n\"b\": 2,\n\"a\": 3}");

        assert_eq!(keys.doubles().collect::<Vec<_>>(), [("a".to_owned(), 1, 3)]);
        assert_eq!(keys.line(&["a"]), None);
    }
}
