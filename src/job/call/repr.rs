//! Values as Python's `repr` tells them.

use std::fmt::Write as _;

use serde_json::{Number, Value};

/// The text of a value.
pub(super) fn of(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => self::number(number),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(of).collect::<Vec<_>>().join(", ")),
        Value::Object(table) => {
            let pairs = table.iter().map(|(name, value)| format!("{}: {}", quoted(name), of(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Python writes an exponent of two digits at least, from 1e16 up and below 1e-4.
fn number(number: &Number) -> String {
    if !number.is_f64() {
        return number.to_string();
    }
    let value = number.as_f64().unwrap_or_default();
    if value != 0.0 && !(1e-4..1e16).contains(&value.abs()) {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let exponent: i32 = exponent.parse().unwrap_or_default();
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let text = value.to_string();
    if text.contains('.') { text } else { text + ".0" }
}

fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut whole = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => whole.push_str("\\n"),
            '\r' => whole.push_str("\\r"),
            '\t' => whole.push_str("\\t"),
            '\\' => whole.push_str("\\\\"),
            c if c == quote => whole.extend(['\\', c]),
            c if is_printable(c) => whole.push(c),
            // Writing to a string cannot fail.
            c if u32::from(c) < 0x100 => drop(write!(whole, "\\x{:02x}", u32::from(c))),
            c if u32::from(c) < 0x1_0000 => drop(write!(whole, "\\u{:04x}", u32::from(c))),
            c => drop(write!(whole, "\\U{:08x}", u32::from(c))),
        }
    }
    whole.push(quote);
    whole
}

/// The standard library knows control characters and blanks, but not every mark without a shape.
fn is_printable(c: char) -> bool {
    let shapeless = matches!(u32::from(c), 0xad | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff | 0xe000..=0xf8ff);
    c == ' ' || !(c.is_control() || c.is_whitespace() || shapeless)
}
