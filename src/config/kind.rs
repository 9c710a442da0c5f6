//! The kinds of value that a key may have, and how each is read from what people write.

use std::time::Duration;

use serde_json::Value as Raw;

use super::dsn::Dsn;
use super::problem::Mismatch;
use super::secret::{MASK, mask_dsn, mask_table, mask_url};
use super::section::Count;
use super::{duration, sentinel, size};

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// Any text; it is never taken for anything else.
    Text,
    /// Text that is never shown.
    Secret,
    /// A Redis URL, shown without its password.
    Url,
    /// A Sentry address, shown without its key; the empty text is none.
    Dsn,
    /// A part of the whole, from 0 to 1.
    Rate,
    /// A path; a relative one starts from the working directory.
    Path,
    /// One of a few words, in any case. The second of each pair is what the first means.
    Choice(&'static [(&'static str, &'static str)]),
    /// Yes or no.
    Boolean,
    /// A whole number within bounds.
    Integer { least: i64, most: i64 },
    /// Whole seconds as a number, where -1 has a meaning of its own.
    Seconds { least: i64 },
    /// A span of time.
    Duration { least: Duration },
    /// A number of bytes.
    Size { least: u64, most: u64 },
    /// Texts in order.
    List,
    /// Where Redis Sentinel listens, as RQ's `SENTINEL`.
    Sentinel,
    /// A table that somebody else understands.
    Table,
    /// A list of anything, for somebody else.
    Values,
    /// How many of a kind there are: a number, or the least and the most.
    Count,
    /// Variables of the environment and their values, which are never shown.
    Environment,
}

/// A value after reading: the same whatever format it was written in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    Text(String),
    Boolean(bool),
    Integer(i64),
    Duration(Duration),
    Size(u64),
    List(Vec<String>),
    Table(Raw),
}

impl Kind {
    /// Reads what was written. Typed kinds also take their text form; text is never retyped.
    pub(crate) fn read(self, raw: &Raw) -> Result<Value, Mismatch> {
        match self {
            Self::Text | Self::Secret | Self::Url | Self::Dsn | Self::Path => {
                self.read_text(raw).map(Value::Text)
            }
            Self::Rate => read_rate(raw).map(Value::Text),
            Self::Choice(words) => read_choice(raw, words).map(Value::Text),
            Self::Boolean => read_boolean(raw).map(Value::Boolean),
            Self::Integer { least, most } => read_integer(raw, least, most).map(Value::Integer),
            Self::Seconds { least } => read_seconds(raw, least).map(Value::Integer),
            Self::Duration { least } => duration::read(raw, least).map(Value::Duration),
            Self::Size { least, most } => size::read(raw, least, most).map(Value::Size),
            Self::List => read_list(raw).map(Value::List),
            Self::Sentinel => sentinel::read(raw).map(Value::Table),
            Self::Table => read_json(raw, '{').ok_or_else(|| Mismatch::new("a table", describe_type(raw))),
            Self::Count => Count::read(raw),
            Self::Environment => read_environment(raw),
            Self::Values => read_json(raw, '[').ok_or_else(|| Mismatch::new("a list", describe_type(raw))),
        }
    }

    fn read_text(self, raw: &Raw) -> Result<String, Mismatch> {
        let found = |text: &str| match self {
            Self::Secret => MASK.to_owned(),
            Self::Dsn => match Dsn::parse(text) {
                Err(reason) => format!("{}, which {reason}", mask_dsn(text)),
                Ok(_) => mask_dsn(text),
            },
            _ => describe(&text.into()),
        };
        let text = match raw {
            Raw::String(text) => text,
            // A number written without quotes has lost its spelling (007 would be 7), except in a secret of digits,
            // where refusing is the only honest answer too.
            other if matches!(self, Self::Secret | Self::Dsn) => {
                return Err(Mismatch::new("text", describe_type(other)).hint("put it in quotes"));
            }
            Raw::Number(_) | Raw::Bool(_) => {
                return Err(Mismatch::new("text", describe(raw)).hint("put it in quotes"));
            }
            other => return Err(Mismatch::new("text", describe(other))),
        };
        let fits = match self {
            Self::Url => ["redis://", "rediss://", "unix://"].iter().any(|scheme| text.starts_with(scheme)),
            Self::Dsn => text.is_empty() || Dsn::parse(text).is_ok(),
            Self::Path => !text.is_empty() && !text.contains('\0'),
            _ => true,
        };
        if fits { Ok(text.clone()) } else { Err(Mismatch::new(self.expected(), found(text))) }
    }

    /// What belongs there, for people.
    pub(crate) fn expected(self) -> String {
        match self {
            Self::Text | Self::Secret => "text".to_owned(),
            Self::Url => "a URL that starts with redis://, rediss:// or unix://".to_owned(),
            Self::Dsn => "a Sentry address (https://KEY@HOST/PROJECT)".to_owned(),
            Self::Rate => "a number from 0 to 1".to_owned(),
            Self::Path => "a path".to_owned(),
            Self::Choice(words) => {
                let plain = words.iter().filter(|(word, meant)| word == meant).map(|(word, _)| *word);
                format!("one of {}", plain.collect::<Vec<_>>().join(", "))
            }
            Self::Boolean => "true or false".to_owned(),
            Self::Integer { .. } => "a whole number".to_owned(),
            Self::Seconds { .. } => "whole seconds".to_owned(),
            Self::Duration { .. } => "a span of time".to_owned(),
            Self::Size { .. } => "a number of bytes".to_owned(),
            Self::List => "a list of texts".to_owned(),
            Self::Values => "a list".to_owned(),
            Self::Count => "a number, or a least and a most one".to_owned(),
            Self::Sentinel | Self::Table | Self::Environment => "a table".to_owned(),
        }
    }

    /// The value for people and for JSON, without secrets.
    pub(crate) fn shown(self, value: &Value) -> Raw {
        match (self, value) {
            (Self::Secret, _) => MASK.into(),
            (Self::Environment, Value::Table(Raw::Object(table))) => {
                Raw::Object(table.keys().map(|name| (name.clone(), MASK.into())).collect())
            }
            (Self::Url, Value::Text(url)) => mask_url(url).into(),
            (Self::Dsn, Value::Text(dsn)) if dsn.is_empty() => "".into(),
            (Self::Dsn, Value::Text(dsn)) => mask_dsn(dsn).into(),
            (Self::Rate, Value::Text(rate)) => rate.parse::<f64>().map_or(Raw::Null, Raw::from),
            (Self::Count, Value::Table(table)) => Count::shown(table),
            (_, Value::Text(text)) => text.as_str().into(),
            (_, Value::Boolean(flag)) => (*flag).into(),
            (_, Value::Integer(number)) => (*number).into(),
            (_, Value::Duration(span)) => duration::show(*span).into(),
            (_, Value::Size(bytes)) => size::show(*bytes).into(),
            (_, Value::List(items)) => items.clone().into(),
            // It is in a Python module, and means what it means there.
            (Self::Table, Value::Table(Raw::Array(_))) => true.into(),
            (_, Value::Table(table)) => mask_table(table),
        }
    }
}

/// What was found, short enough for a message and without passwords.
pub(crate) fn describe(raw: &Raw) -> String {
    match raw {
        Raw::String(text) => {
            let mut shown = mask_url(text);
            if let Some((cut, _)) = shown.char_indices().nth(80) {
                shown.truncate(cut);
                shown.push('…');
            }
            format!("{shown:?}")
        }
        Raw::Bool(_) | Raw::Number(_) => raw.to_string(),
        other => describe_type(other).to_owned(),
    }
}

/// What sort of thing was found, without its value.
pub(crate) fn describe_type(raw: &Raw) -> &'static str {
    match raw {
        Raw::Null => "nothing",
        Raw::Bool(_) => "true or false",
        Raw::Number(_) => "a number",
        Raw::String(_) => "text",
        Raw::Array(_) => "a list",
        Raw::Object(_) => "a table",
    }
}

fn read_choice(raw: &Raw, words: &'static [(&'static str, &'static str)]) -> Result<String, Mismatch> {
    let mismatch = || Mismatch::new(Kind::Choice(words).expected(), describe(raw));
    let text = match raw {
        Raw::String(text) => text.trim().to_lowercase(),
        Raw::Number(number) => number.to_string(),
        _ => return Err(mismatch()),
    };
    let (_, meant) = words.iter().find(|(word, _)| *word == text).ok_or_else(mismatch)?;
    Ok((*meant).to_owned())
}

/// RQ: y, yes, t, true and n, no, f, false and the empty text are its forms; on, off, 1 and 0 are ours.
fn read_boolean(raw: &Raw) -> Result<bool, Mismatch> {
    let word = match raw {
        Raw::Bool(flag) => return Ok(*flag),
        Raw::Number(number) => number.to_string(),
        Raw::String(text) => text.trim().to_lowercase(),
        _ => String::from("neither"),
    };
    match word.as_str() {
        "y" | "yes" | "t" | "true" | "on" | "1" => Ok(true),
        "n" | "no" | "f" | "false" | "off" | "0" | "" => Ok(false),
        _ => Err(Mismatch::new("true or false", describe(raw))),
    }
}

/// Kept as text, because numbers with fractions cannot be compared as keys are.
fn read_rate(raw: &Raw) -> Result<String, Mismatch> {
    let number = match raw {
        Raw::Number(number) => number.as_f64(),
        Raw::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number
        .filter(|number: &f64| (0.0..=1.0).contains(number))
        .map(|number| number.to_string())
        .ok_or_else(|| Mismatch::new(Kind::Rate.expected(), describe(raw)))
}

fn read_integer(raw: &Raw, least: i64, most: i64) -> Result<i64, Mismatch> {
    let number = match raw {
        Raw::Number(number) => number.as_i64(),
        Raw::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let bounds = match most {
        i64::MAX => format!("a whole number of at least {least}"),
        most => format!("a whole number from {least} to {most}"),
    };
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or_else(|| Mismatch::new(bounds, describe(raw)))
}

fn read_seconds(raw: &Raw, least: i64) -> Result<i64, Mismatch> {
    let span = raw.as_str().and_then(|text| duration::parse(text.trim()));
    if let Some(span) = span.filter(|span| span.subsec_nanos() == 0 && *span <= duration::LONGEST) {
        return read_integer(&span.as_secs().into(), least, i64::MAX);
    }
    let most = i64::try_from(duration::LONGEST.as_secs()).unwrap_or(i64::MAX);
    read_integer(raw, least, most)
        .map_err(|_| Mismatch::new(format!("whole seconds, at least {least}"), describe(raw)))
}

/// A table or a list as it is, or as JSON text that starts with `{` or `[`: INI files and variables know nothing else.
fn read_json(raw: &Raw, opening: char) -> Option<Value> {
    let of_that_form = |raw: &Raw| matches!((raw, opening), (Raw::Object(_), '{') | (Raw::Array(_), '['));
    match raw {
        Raw::String(text) if text.trim_start().starts_with(opening) => {
            serde_json::from_str(text).ok().filter(of_that_form).map(Value::Table)
        }
        raw => of_that_form(raw).then(|| Value::Table(raw.clone())),
    }
}

/// Names and values as they can stand in an environment, as a table or JSON text. Nothing of a value is told.
fn read_environment(raw: &Raw) -> Result<Value, Mismatch> {
    let expected = "a table of names and texts";
    let Some(Value::Table(Raw::Object(table))) = read_json(raw, '{') else {
        return Err(Mismatch::new(expected, describe_type(raw)));
    };
    let mut variables = serde_json::Map::new();
    for (name, value) in table {
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(Mismatch::new(expected, format!("{name:?} as a name")));
        }
        let text = match value {
            Raw::String(text) if !text.contains('\0') => text,
            Raw::String(_) => return Err(Mismatch::new(expected, format!("a NUL in {name}"))),
            other => {
                let found = format!("{} as {name}", describe_type(&other));
                return Err(Mismatch::new(expected, found).hint("put it in quotes"));
            }
        };
        variables.insert(name, text.into());
    }
    Ok(Value::Table(Raw::Object(variables)))
}

/// Texts as a list, as `high,low`, or as JSON text that starts with `[`.
fn read_list(raw: &Raw) -> Result<Vec<String>, Mismatch> {
    match raw {
        Raw::Array(items) => items.iter().map(read_item).collect(),
        Raw::String(text) if text.trim_start().starts_with('[') => match serde_json::from_str::<Raw>(text) {
            Ok(Raw::Array(items)) => items.iter().map(read_item).collect(),
            _ => Err(Mismatch::new("a list in JSON, since it starts with \"[\"", describe(raw))),
        },
        Raw::String(text) if text.trim().is_empty() => Ok(Vec::new()),
        Raw::String(text) => Ok(text.split(',').map(|item| item.trim().to_owned()).collect()),
        other => Err(Mismatch::new("a list of texts", describe(other))),
    }
}

fn read_item(raw: &Raw) -> Result<String, Mismatch> {
    match raw {
        Raw::String(text) => Ok(text.clone()),
        other => {
            Err(Mismatch::new("a list of texts", format!("{} in it", describe(other)))
                .hint("put it in quotes"))
        }
    }
}
