//! The words of a line: which one is meant, and which may be shown.

use std::ops::Range;

use super::super::file::Format;
use super::super::kind::Kind;
use super::super::problem::Problem;
use super::super::secret::{MASK, names_a_secret};
use super::super::section::{self, Key, SECTIONS, TABLES};
use super::Spot;

/// A line in its words.
pub(super) struct Line<'a> {
    raw: &'a str,
    format: Format,
    words: Vec<Word>,
}

/// A name, a value or a mark, with its bytes in the line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    place: Range<usize>,
    role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Key,
    Value,
    /// Between key and value.
    Separator,
    /// Brackets and commas.
    Mark,
}

/// A line without secrets, and the characters to mark in it.
pub(super) struct Shown {
    pub(super) text: String,
    pub(super) mark: Range<usize>,
}

impl<'a> Line<'a> {
    pub(super) fn of(raw: &'a str, format: Format) -> Self {
        let mut line = Self { raw, format, words: Vec::new() };
        let mut at = 0;
        while let Some(first) = line.raw[at..].chars().next() {
            if line.is_comment(at) {
                break;
            }
            let end = at + first.len_utf8();
            at = if first.is_whitespace() { end } else { line.take(at, first) };
        }
        line
    }

    /// Takes the word that begins there, and tells where it ends.
    fn take(&mut self, at: usize, first: char) -> usize {
        let rest = &self.raw[at..];
        let (role, length) = if self.is_separator(at) {
            if let Some(last) = self.words.last_mut().filter(|last| last.role == Role::Value) {
                last.role = Role::Key;
            }
            (Role::Separator, first.len_utf8())
        } else if self.format == Format::Ini && self.words.iter().any(|word| word.role == Role::Separator) {
            // INI has no comments there, but people write some.
            let end = [" #", " ;"].iter().filter_map(|mark| rest.find(mark)).min();
            (Role::Value, rest[..end.unwrap_or(rest.len())].trim_end().len())
        } else if first == '"' || first == '\'' {
            (Role::Value, quoted(rest, first))
        } else if is_mark(first) {
            (Role::Mark, first.len_utf8())
        } else {
            let ends = |(offset, c): (usize, char)| {
                c.is_whitespace() || is_mark(c) || "\"'".contains(c) || self.is_separator(at + offset)
            };
            let end = rest.char_indices().find(|place| ends(*place)).map_or(rest.len(), |(offset, _)| offset);
            (Role::Value, end)
        };
        self.words.push(Word { place: at..at + length, role });
        at + length
    }

    fn is_comment(&self, at: usize) -> bool {
        let rest = &self.raw[at..];
        match self.format {
            Format::Toml | Format::Yaml => rest.starts_with('#'),
            Format::Ini => rest.starts_with(['#', ';']),
            Format::Json | Format::Json5 | Format::Ron => rest.starts_with("//") || rest.starts_with("/*"),
        }
    }

    fn is_separator(&self, at: usize) -> bool {
        let mut rest = self.raw[at..].chars();
        let (first, second) = (rest.next(), rest.next());
        match self.format {
            Format::Toml => first == Some('='),
            Format::Yaml => first == Some(':') && second.is_none_or(char::is_whitespace),
            Format::Ini => {
                matches!(first, Some('=' | ':'))
                    && !self.words.iter().any(|word| word.role == Role::Separator)
            }
            Format::Json | Format::Json5 | Format::Ron => first == Some(':'),
        }
    }

    /// The bytes of the line that a problem is about.
    pub(super) fn place(&self, problem: &Problem) -> Option<Range<usize>> {
        let whole = || Some(self.words.first()?.place.start..self.words.last()?.place.end);
        if let Spot::Column(column) = problem.spot {
            let at = self.raw.char_indices().nth(column.saturating_sub(1));
            return Some(at.map_or(self.raw.len()..self.raw.len(), |(at, c)| at..at + c.len_utf8()));
        }
        let named = problem.key.as_deref().and_then(|key| self.named(key));
        let Some(named) = named else { return whole() };
        let value = (problem.spot == Spot::Value).then(|| self.value_behind(named)).flatten();
        Some(value.unwrap_or_else(|| self.words[named].place.clone()))
    }

    /// The word that is the key of a problem, which is spelled with the names of its tables.
    fn named(&self, key: &str) -> Option<usize> {
        let spelled = |word: &Word| {
            let text = self.text(word);
            !text.is_empty() && (text == key || key.ends_with(&format!(".{text}")))
        };
        let at = |role| self.words.iter().position(|word| word.role == role && spelled(word));
        at(Role::Key).or_else(|| at(Role::Value))
    }

    /// From behind the separator to where the value ends, or the line.
    fn value_behind(&self, key: usize) -> Option<Range<usize>> {
        let behind = self.words.get(key + 2..)?;
        let braces = matches!(self.format, Format::Json | Format::Json5 | Format::Ron);
        let nested = braces || self.words[..key].iter().any(|word| self.opens(word));
        let mut depth = 0_usize;
        let end = behind.iter().take_while(|word| {
            if self.opens(word) {
                depth += 1;
            } else if nested && depth == 0 && word.role == Role::Mark {
                return false;
            } else if self.closes(word) {
                depth = depth.saturating_sub(1);
            }
            true
        });
        Some(behind.first()?.place.start..end.last()?.place.end)
    }

    fn opens(&self, word: &Word) -> bool {
        word.role == Role::Mark && self.raw[word.place.clone()].starts_with(['{', '[', '('])
    }

    fn closes(&self, word: &Word) -> bool {
        word.role == Role::Mark && self.raw[word.place.clone()].starts_with(['}', ']', ')'])
    }

    /// A word without quotes.
    fn text(&self, word: &Word) -> &'a str {
        let raw = &self.raw[word.place.clone()];
        let quote = raw.chars().next().filter(|c| *c == '"' || *c == '\'');
        quote.map_or(raw, |quote| {
            let inside = &raw[1..];
            inside.strip_suffix(quote).unwrap_or(inside)
        })
    }

    /// The line with everything masked that may be a secret, and where in it the place stands.
    pub(super) fn shown(&self, problem: &Problem, place: &Range<usize>) -> Shown {
        let mut line = Masked { text: String::new(), read: 0, mark: None..None, place };
        let mut key = "";
        let mut masked = false;
        for word in &self.words {
            if holds_secrets(key) && word.role != Role::Separator {
                line.skip_to(self.raw, word.place.start);
                line.mask(self.raw.len());
                break;
            }
            let text = self.text(word);
            let open = match word.role {
                Role::Separator | Role::Mark => true,
                Role::Key => is_ours(text) || says(problem, text),
                Role::Value => (is_open(key) && !may_hide_more(text)) || is_ours(text) || says(problem, text),
            };
            if word.role == Role::Key {
                key = text;
            }
            match (open, masked) {
                (true, _) => line.copy(self.raw, word.place.end),
                (false, false) => {
                    line.skip_to(self.raw, word.place.start);
                    line.mask(word.place.end);
                }
                (false, true) => line.read = word.place.end,
            }
            masked = !open;
        }
        line.done()
    }
}

/// A line on the way from what it is to what is shown.
struct Masked<'a> {
    text: String,
    /// Up to where the line was read.
    read: usize,
    mark: Range<Option<usize>>,
    place: &'a Range<usize>,
}

impl Masked<'_> {
    /// Takes the line as it is up to a byte.
    fn copy(&mut self, raw: &str, end: usize) {
        for (offset, c) in raw[self.read..end].char_indices() {
            self.meet(self.read + offset);
            self.text.push(if c == '\t' { ' ' } else { c });
            if self.read + offset + c.len_utf8() >= self.place.end && self.mark.start.is_some() {
                self.mark.end.get_or_insert(self.text.chars().count());
            }
        }
        self.read = end;
    }

    /// Takes the blanks before a word.
    fn skip_to(&mut self, raw: &str, start: usize) {
        if self.read < start {
            self.copy(raw, start);
        }
    }

    /// Puts the mask in place of all up to a byte.
    fn mask(&mut self, end: usize) {
        if self.place.start < end {
            self.meet(self.place.start.max(self.read));
        }
        self.text.push_str(MASK);
        if end >= self.place.end && self.mark.start.is_some() {
            self.mark.end.get_or_insert(self.text.chars().count());
        }
        self.read = end;
    }

    /// Begins the mark where the place begins.
    fn meet(&mut self, at: usize) {
        if at >= self.place.start {
            self.mark.start.get_or_insert(self.text.chars().count());
        }
    }

    fn done(self) -> Shown {
        let length = self.text.chars().count();
        let start = self.mark.start.unwrap_or(length);
        Shown { mark: start..self.mark.end.unwrap_or(length).max(start), text: self.text }
    }
}

fn is_mark(c: char) -> bool {
    "{}[](),".contains(c)
}

/// How long a quoted text is, to the end of the line when it is not closed there.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Whether the problem itself has that word, so that everybody sees it anyway.
fn says(problem: &Problem, text: &str) -> bool {
    let key = problem.key.as_deref().unwrap_or_default();
    !text.is_empty() && (problem.text.contains(text) || key.contains(text))
}

/// The settings that a name at the end of a key may mean.
fn meant(key: &str) -> impl Iterator<Item = &'static Key> + use<'_> {
    let field = key.rsplit('.').next().unwrap_or(key);
    let all = section::keys().chain(TABLES.iter().flat_map(|tables| tables.keys));
    all.filter(move |key| key.field == field || key.rq_name == Some(field))
}

fn is_secret(kind: Kind) -> bool {
    matches!(kind, Kind::Secret | Kind::Url | Kind::Dsn | Kind::Sentinel | Kind::Table | Kind::Values)
}

/// Whether what stands behind a key is not shown at all.
fn holds_secrets(key: &str) -> bool {
    names_a_secret(key) || key.to_lowercase().contains("url") || meant(key).any(|key| is_secret(key.kind))
}

/// Whether what stands behind a key is no secret.
fn is_open(key: &str) -> bool {
    !holds_secrets(key) && meant(key).next().is_some()
}

/// Whether a value looks like an address, or like a text in another format than the file's, which may say anything.
fn may_hide_more(text: &str) -> bool {
    text.contains("://") || text.contains(['@', '"', '\'']) || names_a_secret(text)
}

/// Whether it is a name of ours, alone or with those of its tables.
fn is_ours(text: &str) -> bool {
    let of_section = |name: &str| {
        SECTIONS.iter().any(|section| section.name == name)
            || TABLES.iter().any(|tables| tables.parent().split('.').any(|part| part == name))
    };
    text.split('.').all(|part| of_section(part) || meant(part).next().is_some())
}
