//! Writing pickles, protocol 4, which every Python that RQ runs on reads.

use serde_json::{Map, Number, Value};

/// `(function, None, args, kwargs)`.
pub(super) fn call(function: &str, args: &[Value], kwargs: &Map<String, Value>) -> Vec<u8> {
    let mut out = vec![0x80, 4, b'('];
    text(function, &mut out);
    out.push(b'N');
    out.push(b'(');
    for arg in args {
        value(arg, &mut out);
    }
    out.push(b't');
    table(kwargs, &mut out);
    out.extend([b't', b'.']);
    out
}

fn value(of: &Value, out: &mut Vec<u8>) {
    match of {
        Value::Null => out.push(b'N'),
        Value::Bool(flag) => out.push(if *flag { 0x88 } else { 0x89 }),
        Value::Number(of) => number(of, out),
        Value::String(of) => text(of, out),
        Value::Array(items) => {
            out.extend([b']', b'(']);
            for item in items {
                value(item, out);
            }
            out.push(b'e');
        }
        Value::Object(of) => table(of, out),
    }
}

fn table(of: &Map<String, Value>, out: &mut Vec<u8>) {
    out.extend([b'}', b'(']);
    for (name, item) in of {
        text(name, out);
        value(item, out);
    }
    out.push(b'u');
}

fn text(of: &str, out: &mut Vec<u8>) {
    let length = of.len();
    if let Ok(length) = u8::try_from(length) {
        out.extend([0x8c, length]);
    } else if let Ok(length) = u32::try_from(length) {
        out.push(b'X');
        out.extend(length.to_le_bytes());
    } else {
        out.push(0x8d);
        out.extend((length as u64).to_le_bytes());
    }
    out.extend(of.as_bytes());
}

fn number(of: &Number, out: &mut Vec<u8>) {
    let whole = of.as_i64().map(i128::from).or_else(|| of.as_u64().map(i128::from));
    let Some(whole) = whole else {
        out.push(b'G');
        out.extend(of.as_f64().unwrap_or_default().to_be_bytes());
        return;
    };
    if let Ok(small) = u8::try_from(whole) {
        out.extend([b'K', small]);
    } else if let Ok(middle) = i32::try_from(whole) {
        out.push(b'J');
        out.extend(middle.to_le_bytes());
    } else {
        // Nine bytes hold any of 64 bits with its sign.
        out.extend([0x8a, 9]);
        out.extend(&whole.to_le_bytes()[..9]);
    }
}
