//! The look of a line: Python's `%(field)s` formats.

mod conversion;
mod field;

use std::time::SystemTime;

use conversion::Conversion;
use field::Field;

use super::level::Level;
use crate::os::clock::DateFormat;

/// Why a format is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormatError {
    /// There is no such field.
    #[error(
        "unknown field %({found}) in log format, expected one of {}{}",
        Field::names(),
        Field::suggestion(found)
    )]
    UnknownField {
        /// What stands between the parentheses.
        found: String,
    },
    /// A per cent sign starts nothing.
    #[error(
        "cannot read {found:?} in log format, expected %(field)s with optional flags and width, or %% for a per cent sign"
    )]
    Malformed {
        /// The text from the per cent sign on.
        found: String,
    },
    /// A field is not of the kind that its conversion is for.
    #[error("cannot show %({field}) as {conversion:?} in log format, it is {kind}: use {advice}")]
    WrongKind {
        /// The field.
        field: &'static str,
        /// The letter of the conversion.
        conversion: char,
        /// What the field is.
        kind: &'static str,
        /// Letters that suit it.
        advice: &'static str,
    },
    /// Nothing of the event would be shown.
    #[error("log format {found:?} shows no field, expected at least one, as in \"%(asctime)s %(message)s\"")]
    NoField {
        /// The whole format.
        found: String,
    },
    /// A width or precision is beyond sense.
    #[error("width or precision {found} in log format is too large, expected at most {}", conversion::WIDEST)]
    TooWide {
        /// The number.
        found: String,
    },
    /// A date format has a zero byte.
    #[error("date format {found:?} contains a zero byte")]
    ZeroByte {
        /// The date format.
        found: String,
    },
}

/// What a line is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'line> {
    /// When it happened.
    pub(crate) created: SystemTime,
    /// How `asctime` looks; `None` for Python's default.
    pub(crate) date_format: Option<&'line DateFormat>,
    /// How loud it is.
    pub(crate) level: Level,
    /// Whose line it is.
    pub(crate) logger: &'line str,
    /// What it says.
    pub(crate) message: &'line str,
}

/// A format that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineFormat(Vec<Piece>);

/// A stretch of a format.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    /// Text that stands for itself.
    Text(String),
    /// A field of the line.
    Field(Field, Conversion),
}

impl LineFormat {
    /// Reads a format.
    pub(crate) fn parse(format: &str) -> Result<Self, FormatError> {
        let mut pieces = Vec::new();
        let mut text = String::new();
        let mut rest = format;
        while let Some((before, after)) = rest.split_once('%') {
            text.push_str(before);
            if let Some(after) = after.strip_prefix('%') {
                text.push('%');
                rest = after;
                continue;
            }
            let (field, conversion, after) = field(after)?;
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(Piece::Field(field, conversion));
            rest = after;
        }
        if pieces.is_empty() {
            return Err(FormatError::NoField { found: format.to_owned() });
        }
        text.push_str(rest);
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(Self(pieces))
    }

    /// Makes a line, without the end of the line.
    pub(crate) fn render(&self, scene: &Scene<'_>) -> String {
        let mut line = String::with_capacity(scene.message.len() + 32);
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => line.push_str(text),
                Piece::Field(field, conversion) => conversion.write(&field.value(scene), &mut line),
            }
        }
        line
    }
}

/// Reads a date format; an empty one is Python's default, `None`.
pub(crate) fn date_format(format: &str) -> Result<Option<DateFormat>, FormatError> {
    if format.is_empty() {
        return Ok(None);
    }
    DateFormat::new(format).map(Some).ok_or_else(|| FormatError::ZeroByte { found: format.to_owned() })
}

/// Reads what follows a per cent sign: `(field)`, flags, width, precision, letter. Returns what follows that.
fn field(after: &str) -> Result<(Field, Conversion, &str), FormatError> {
    let malformed =
        || FormatError::Malformed { found: format!("%{}", after.chars().take(30).collect::<String>()) };
    let (name, specification) =
        after.strip_prefix('(').and_then(|inner| inner.split_once(')')).ok_or_else(malformed)?;
    let field = Field::named(name).ok_or_else(|| FormatError::UnknownField { found: name.to_owned() })?;
    let (conversion, rest) = Conversion::parse(specification)?.ok_or_else(malformed)?;
    let (kind, suits, advice) = field.kind();
    if !suits.contains(conversion.letter()) {
        return Err(FormatError::WrongKind {
            field: field.name(),
            conversion: conversion.letter(),
            kind,
            advice,
        });
    }
    Ok((field, conversion, rest))
}

#[cfg(test)]
mod tests;
