//! Writing JSON as Python's `json.dumps` does, to the byte.

use std::fmt::Write as _;

use super::plain::Plain;
use super::{Call, repr};

/// `[function, None, args, kwargs]`, or what in it has no form in JSON.
pub(super) fn call(call: &Call) -> Result<Vec<u8>, &'static str> {
    let mut out = String::from("[");
    quoted(&call.function, &mut out);
    out.push_str(", null, ");
    items(&call.args, &mut out)?;
    out.push_str(", {");
    for (at, (name, item)) in call.kwargs.iter().enumerate() {
        out.push_str(if at == 0 { "" } else { ", " });
        quoted(name, &mut out);
        out.push_str(": ");
        value(item, &mut out)?;
    }
    out.push_str("}]");
    Ok(out.into_bytes())
}

fn value(of: &Plain, out: &mut String) -> Result<(), &'static str> {
    match of {
        Plain::Text(text) => quoted(text, out),
        Plain::Bytes(_) => return Err("bytes"),
        Plain::Set(_) => return Err("a set"),
        Plain::List(list) | Plain::Tuple(list) => items(list, out)?,
        Plain::Table(pairs) => {
            out.push('{');
            for (at, (key, item)) in pairs.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { ", " });
                match key {
                    Plain::Text(key) => quoted(key, out),
                    // Python makes texts of these.
                    key => quoted(&scalar(key).ok_or("a key of that type")?, out),
                }
                out.push_str(": ");
                value(item, out)?;
            }
            out.push('}');
        }
        other => out.push_str(&scalar(other).ok_or("a value of that type")?),
    }
    Ok(())
}

fn scalar(of: &Plain) -> Option<String> {
    Some(match of {
        Plain::None => "null".to_owned(),
        Plain::Bool(flag) => flag.to_string(),
        Plain::Int(number) => number.to_string(),
        Plain::Float(number) if number.is_nan() => "NaN".to_owned(),
        Plain::Float(number) if number.is_infinite() => {
            if *number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
        }
        Plain::Float(number) => repr::float(*number),
        _ => return None,
    })
}

fn items(list: &[Plain], out: &mut String) -> Result<(), &'static str> {
    out.push('[');
    for (at, item) in list.iter().enumerate() {
        out.push_str(if at == 0 { "" } else { ", " });
        value(item, out)?;
    }
    out.push(']');
    Ok(())
}

/// Python escapes all that is not ASCII.
fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}
