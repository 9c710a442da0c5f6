//! Writing pickles, protocol 4, which every Python that RQ runs on reads; byte by byte as Python writes them, but for values
//! that stand in them twice and containers of a thousand items.

use super::plain::Plain;
use super::{Call, Sequence};

/// How many items Python puts into a container at a time.
const BATCH: usize = 1000;

/// From how many bytes on Python begins another frame; such a pickle is written without any.
const FRAME: usize = 64 * 1024;

/// Puts what stands on top into the memory of whoever reads it. Nothing here comes back to it, but Python writes it.
const MEMOIZE: u8 = 0x94;

/// `(function, None, args, kwargs)`.
pub(super) fn call(call: &Call) -> Vec<u8> {
    let mut out = vec![b'('];
    text(&call.function, &mut out);
    out.push(b'N');
    match call.sequence {
        Sequence::Tuple => tuple(&call.args, &mut out),
        Sequence::List => list(&call.args, &mut out),
    }
    table(call.kwargs.iter().map(|(name, value)| (Name(name), value)), call.kwargs.len(), &mut out);
    out.extend([b't', MEMOIZE, b'.']);
    framed(&out)
}

fn framed(body: &[u8]) -> Vec<u8> {
    let mut out = vec![0x80, 4];
    if body.len() < FRAME {
        out.push(0x95);
        out.extend((body.len() as u64).to_le_bytes());
    }
    out.extend(body);
    out
}

/// What can be a key.
trait Write {
    fn write(&self, out: &mut Vec<u8>);
}

struct Name<'a>(&'a str);

impl Write for Name<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        text(self.0, out);
    }
}

impl Write for &Plain {
    fn write(&self, out: &mut Vec<u8>) {
        value(self, out);
    }
}

fn value(of: &Plain, out: &mut Vec<u8>) {
    match of {
        Plain::None => out.push(b'N'),
        Plain::Bool(flag) => out.push(if *flag { 0x88 } else { 0x89 }),
        Plain::Int(number) => whole(number, out),
        Plain::Float(number) => {
            out.push(b'G');
            out.extend(number.to_be_bytes());
        }
        Plain::Text(of) => text(of, out),
        Plain::Bytes(of) => {
            sized([b'C', b'B', 0x8e], of.len(), out);
            out.extend(of);
            out.push(MEMOIZE);
        }
        Plain::List(items) => list(items, out),
        Plain::Tuple(items) => tuple(items, out),
        Plain::Set(items) => {
            out.extend([0x8f, MEMOIZE]);
            for batch in items.chunks(BATCH) {
                out.push(b'(');
                for item in batch {
                    value(item, out);
                }
                out.push(0x90);
            }
        }
        Plain::Table(pairs) => table(pairs.iter().map(|(key, value)| (key, value)), pairs.len(), out),
    }
}

fn list(items: &[Plain], out: &mut Vec<u8>) {
    out.extend([b']', MEMOIZE]);
    for batch in items.chunks(BATCH) {
        if let [item] = batch {
            value(item, out);
            out.push(b'a');
        } else {
            out.push(b'(');
            for item in batch {
                value(item, out);
            }
            out.push(b'e');
        }
    }
}

fn tuple(items: &[Plain], out: &mut Vec<u8>) {
    let end = match items.len() {
        // There is one empty tuple alone, which needs no memory.
        0 => return out.push(b')'),
        1 => 0x85,
        2 => 0x86,
        3 => 0x87,
        _ => b't',
    };
    if end == b't' {
        out.push(b'(');
    }
    for item in items {
        value(item, out);
    }
    out.extend([end, MEMOIZE]);
}

fn table<'a, K: Write>(pairs: impl Iterator<Item = (K, &'a Plain)>, count: usize, out: &mut Vec<u8>) {
    out.extend([b'}', MEMOIZE]);
    for (at, (key, item)) in pairs.enumerate() {
        let (first, is_alone) = (at % BATCH == 0, count - at / BATCH * BATCH == 1);
        let last = at + 1 == count || (at + 1) % BATCH == 0;
        if first && !is_alone {
            out.push(b'(');
        }
        key.write(out);
        value(item, out);
        if last {
            out.push(if is_alone { b's' } else { b'u' });
        }
    }
}

fn text(of: &str, out: &mut Vec<u8>) {
    sized([0x8c, b'X', 0x8d], of.len(), out);
    out.extend(of.as_bytes());
    out.push(MEMOIZE);
}

/// The instruction for so many bytes: of a byte of length, of four, or of eight.
fn sized(codes: [u8; 3], length: usize, out: &mut Vec<u8>) {
    if let Ok(length) = u8::try_from(length) {
        out.extend([codes[0], length]);
    } else if let Ok(length) = u32::try_from(length) {
        out.push(codes[1]);
        out.extend(length.to_le_bytes());
    } else {
        out.push(codes[2]);
        out.extend((length as u64).to_le_bytes());
    }
}

fn whole(number: &super::whole::Whole, out: &mut Vec<u8>) {
    let small = number.small();
    if let Some(small) = small.and_then(|small| u8::try_from(small).ok()) {
        out.extend([b'K', small]);
    } else if let Some(middle) = small.and_then(|small| u16::try_from(small).ok()) {
        out.push(b'M');
        out.extend(middle.to_le_bytes());
    } else if let Some(middle) = small.and_then(|small| i32::try_from(small).ok()) {
        out.push(b'J');
        out.extend(middle.to_le_bytes());
    } else {
        let bytes = number.complement();
        if let Ok(length) = u8::try_from(bytes.len()) {
            out.extend([0x8a, length]);
        } else {
            // No number that can be read has more than a few thousand bytes.
            out.push(0x8b);
            out.extend(u32::try_from(bytes.len()).unwrap_or_default().to_le_bytes());
        }
        out.extend(bytes);
    }
}
