//! Values as Python's `repr` tells them.

use std::fmt::Write as _;

use super::plain::Plain;

/// The text of a value.
pub(super) fn of(value: &Plain) -> String {
    let all = |items: &[Plain]| items.iter().map(of).collect::<Vec<_>>().join(", ");
    match value {
        Plain::None => "None".to_owned(),
        Plain::Bool(true) => "True".to_owned(),
        Plain::Bool(false) => "False".to_owned(),
        Plain::Int(number) => number.to_string(),
        Plain::Float(number) => float(*number),
        Plain::Text(text) => quoted(text),
        Plain::Bytes(bytes) => bytes_of(bytes),
        Plain::List(items) => format!("[{}]", all(items)),
        Plain::Tuple(items) if items.len() == 1 => format!("({},)", all(items)),
        Plain::Tuple(items) => format!("({})", all(items)),
        Plain::Set(items) if items.is_empty() => "set()".to_owned(),
        Plain::Set(items) => format!("{{{}}}", all(items)),
        Plain::Table(table) => {
            let pairs = table.iter().map(|(key, value)| format!("{}: {}", of(key), of(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}

/// Python writes an exponent of two digits at least, from 1e16 up and below 1e-4.
pub(super) fn float(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
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

fn bytes_of(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    let mut whole = format!("b{}", char::from(quote));
    for byte in bytes {
        match byte {
            b'\n' => whole.push_str("\\n"),
            b'\r' => whole.push_str("\\r"),
            b'\t' => whole.push_str("\\t"),
            b'\\' => whole.push_str("\\\\"),
            byte if *byte == quote => whole.extend(['\\', char::from(quote)]),
            b' '..=b'~' => whole.push(char::from(*byte)),
            // Writing to a string cannot fail.
            byte => drop(write!(whole, "\\x{byte:02x}")),
        }
    }
    whole.push(char::from(quote));
    whole
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
