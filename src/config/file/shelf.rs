//! The parsers, all brought to one form.

use config::{FileFormat, Format as _, ValueKind};
use serde_json::{Map, Value as Raw};

use super::Format;

/// Why a text is not what its format asks, without the text itself, which may hold secrets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) line: Option<usize>,
    pub(crate) text: String,
}

/// Parses a text whose outermost level is a table.
pub(crate) fn parse(format: Format, text: &str) -> Result<Map<String, Raw>, Fault> {
    let format = match format {
        Format::Toml => FileFormat::Toml,
        Format::Json => FileFormat::Json,
        Format::Json5 => FileFormat::Json5,
        Format::Ini => FileFormat::Ini,
        Format::Ron => FileFormat::Ron,
        Format::Yaml => return Err(Fault { line: None, text: "YAML".to_owned() }),
    };
    let table = format.parse(None, text).map_err(|error| Fault { line: None, text: error.to_string() })?;
    Ok(table.into_iter().map(|(name, value)| (name, plain(value.kind))).collect())
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
