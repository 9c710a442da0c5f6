//! The parsers, all brought to one form. YAML has a file of its own.

use config::{FileFormat, Format as _, ValueKind};
use serde_json::{Map, Value as Raw};

use super::{DEEPEST, Format, scan, yaml};

/// Why a text is not what its format asks, without the text itself, which may hold secrets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) line: Option<usize>,
    /// In characters, from 1.
    pub(crate) column: Option<usize>,
    pub(crate) text: String,
}

/// Parses a text whose outermost level is a table.
pub(crate) fn parse(format: Format, text: &str) -> Result<Map<String, Raw>, Fault> {
    let parser = match format {
        Format::Toml => FileFormat::Toml,
        Format::Json => FileFormat::Json,
        Format::Json5 => FileFormat::Json5,
        Format::Ini => FileFormat::Ini,
        Format::Ron => FileFormat::Ron,
        Format::Yaml => {
            return yaml::parse(text).map_err(|fault| discreet(format, text, &fault)).and_then(shallow);
        }
    };
    // Unlike the others, the JSON5 parser follows any depth down its stack.
    if format == Format::Json5 && scan::braces(text).depth > DEEPEST {
        return Err(too_deep());
    }
    let table =
        parser.parse(None, text).map_err(|error| discreet(format, text, &fault(error.as_ref(), text)))?;
    shallow(Raw::Object(table.into_iter().map(|(name, value)| (name, plain(value.kind))).collect()))
}

fn shallow(value: Raw) -> Result<Map<String, Raw>, Fault> {
    match value {
        value if depth(&value) > DEEPEST => Err(too_deep()),
        Raw::Object(table) => Ok(table),
        Raw::Null => Ok(Map::new()),
        other => Err(Fault {
            line: None,
            column: None,
            text: format!("must be a table, found {}", crate::config::kind::describe_type(&other)),
        }),
    }
}

fn too_deep() -> Fault {
    Fault { line: None, column: None, text: format!("it is nested deeper than {DEEPEST} levels") }
}

/// How deep a value is nested. It may recurse: every parser has its own limit on depth.
fn depth(value: &Raw) -> usize {
    match value {
        Raw::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Raw::Object(table) => 1 + table.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn plain(kind: ValueKind) -> Raw {
    match kind {
        ValueKind::Nil => Raw::Null,
        ValueKind::Boolean(flag) => flag.into(),
        ValueKind::I64(number) => number.into(),
        ValueKind::U64(number) => number.into(),
        ValueKind::I128(number) => number.to_string().into(),
        ValueKind::U128(number) => number.to_string().into(),
        ValueKind::Float(number) => number.into(),
        ValueKind::String(text) => text.into(),
        ValueKind::Array(items) => items.into_iter().map(|item| plain(item.kind)).collect(),
        ValueKind::Table(table) => {
            Raw::Object(table.into_iter().map(|(name, value)| (name, plain(value.kind))).collect())
        }
    }
}

/// The line and the words of a parser's error.
fn fault(error: &(dyn std::error::Error + Send + Sync + 'static), text: &str) -> Fault {
    if let Some(error) = error.downcast_ref::<toml::de::Error>() {
        let start = error.span().map(|span| span.start);
        let line = start.map(|start| scan::line_at(text, start));
        let column = start.map(|start| scan::column_at(text, start));
        return Fault { line, column, text: error.message().to_owned() };
    }
    if let Some(error) = error.downcast_ref::<serde_json::Error>() {
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        let [line, column] = [error.line(), error.column()].map(|number| Some(number).filter(|it| *it > 0));
        return Fault { line, column, text: message.to_owned() };
    }
    let message = error.to_string();
    let (place, words) =
        leading_place(&message).or_else(|| trailing_place(&message)).unwrap_or(([None; 2], &message));
    let [line, column] = place;
    Fault { line, column, text: words.to_owned() }
}

/// `12:4 words` and `12:4-12:9: words`, as INI and RON have it.
fn leading_place(message: &str) -> Option<([Option<usize>; 2], &str)> {
    let (place, words) = message.split_once(' ')?;
    let (line, column) = place.split_once(':')?;
    Some(([Some(line.parse().ok()?), numbers(column).next()], words.trim()))
}

/// `words at line 12 column 4` or `words at 12:4`, as JSON5 has it.
fn trailing_place(message: &str) -> Option<([Option<usize>; 2], &str)> {
    // Each level that the error went up may have added a place; the first is the one meant.
    let (words, place) = message.split_once(" at ")?;
    let mut numbers = numbers(place);
    Some(([Some(numbers.next()?), numbers.next()], words))
}

fn numbers(text: &str) -> impl Iterator<Item = usize> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok())
}

/// Says which format was expected, and drops the parser's words when they repeat what stands after the key.
fn discreet(format: Format, text: &str, fault: &Fault) -> Fault {
    let line = fault.line.and_then(|line| text.lines().nth(line.saturating_sub(1))).unwrap_or(text);
    let value = line.split_once(['=', ':']).map_or(line, |(_, value)| value);
    let words = value.split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 3);
    let told = words.into_iter().any(|word| fault.text.contains(word));
    let name = format.name();
    let text = if told || fault.text.is_empty() {
        format!("it is not valid {name}")
    } else {
        format!("it is not valid {name}: {}", fault.text.replace('\n', ", "))
    };
    Fault { line: fault.line, column: fault.column, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(format: Format, text: &str) -> (Option<usize>, String) {
        let fault = parse(format, text).unwrap_err();
        (fault.line, fault.text)
    }

    #[test]
    fn every_format_tells_the_line_of_a_mistake() {
        let cases = [
            (Format::Toml, "a = 1\nb = [1,\n", 2),
            (Format::Json, "{\n\"a\": 1,\n\"b\": ]}", 3),
            (Format::Json5, "{\na: 1,\nb: ]}", 3),
            (Format::Ron, "(\na: 1,\nb: ])", 3),
            (Format::Yaml, "a: 1\nb: [1\nc: 2\n", 3),
            (Format::Ini, "a = 1\n[b\n", 2),
        ];

        for (format, text, line) in cases {
            let (told, words) = refused(format, text);
            assert!(told.is_some_and(|told| told.abs_diff(line) <= 1), "{format:?}: {told:?} {words}");
            assert!(words.starts_with(&format!("it is not valid {}", format.name())), "{words}");
        }
    }

    #[test]
    fn a_mistake_beside_a_secret_does_not_tell_the_secret() {
        let cases = [
            (Format::Toml, "REDIS_PASSWORD = hunter2secret"),
            (Format::Yaml, "REDIS_PASSWORD: *hunter2secret"),
            (Format::Yaml, "REDIS_PASSWORD: !hunter2secret x"),
            (Format::Yaml, "REDIS_PASSWORD: \"hunter2secret"),
            (Format::Json, "{\"REDIS_PASSWORD\": hunter2secret}"),
            (Format::Json5, "{REDIS_PASSWORD: hunter2secret}"),
            (Format::Ron, "(REDIS_PASSWORD: hunter2secret)"),
            (Format::Ron, "(REDIS_PASSWORD: \"hunter2secret)"),
            (Format::Ini, "[hunter2secret"),
        ];

        for (format, text) in cases {
            match parse(format, text) {
                Ok(table) => assert!(format == Format::Yaml || format == Format::Ron, "{format:?} {table:?}"),
                Err(fault) => assert!(!fault.text.contains("hunter2"), "{}", fault.text),
            }
        }
    }

    #[test]
    fn what_is_nested_too_deep_is_refused_without_harm() {
        let deep =
            |open: &str, close: &str, levels| format!("{}{}", open.repeat(levels), close.repeat(levels));
        for levels in [65, 100, 100_000] {
            let lists = deep("[", "]", levels);
            for (format, text) in [
                (Format::Toml, format!("a = {lists}")),
                (Format::Toml, format!("{}a = 1", "a.".repeat(levels))),
                (Format::Toml, format!("[{}a]", "a.".repeat(levels))),
                (Format::Json, format!("{{\"a\": {lists}}}")),
                (Format::Json5, format!("{{a: {lists}}}")),
                (Format::Ron, format!("(a: {lists})")),
                (Format::Yaml, format!("a: {lists}")),
                (Format::Yaml, format!("a:\n  {}x", "- ".repeat(levels))),
            ] {
                assert!(parse(format, &text).is_err(), "{format:?} {levels}");
            }
        }
    }

    #[test]
    fn the_shallow_is_not_taken_for_deep() {
        let brackets = "[".repeat(1_000);

        let table =
            parse(Format::Json5, &format!("{{a: '{brackets}', /* {brackets} */ b: [1] // {brackets}\n}}"));

        assert_eq!(table.unwrap()["b"], serde_json::json!([1]));
    }
}
