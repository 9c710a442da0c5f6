//! Looking at serialized bytes without loading them: no code of anybody's runs for it.

/// How much of a text is shown.
const SHOWN: usize = 1000;

/// How many bytes are looked at.
const FAR: usize = 1 << 20;

/// What serialized bytes hold, as far as a look tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glance {
    /// `pickle`, `json`, or `unknown`.
    pub(crate) format: &'static str,
    /// Python's name of the type: `int`, `list`, `app.models.User`.
    pub(crate) kind: Option<String>,
    /// The value as Python writes it, of plain values alone.
    pub(crate) text: Option<String>,
}

/// Looks at a value.
pub(crate) fn glance(bytes: &[u8]) -> Glance {
    let bytes = &bytes[..bytes.len().min(FAR)];
    if is_pickle(bytes) {
        let found = Steps::new(bytes).value();
        let (kind, text) = found.map_or((None, None), |(kind, text)| (Some(kind), text));
        return Glance { format: "pickle", kind, text };
    }
    match serde_json::from_slice::<serde_json::Value>(bytes) {
        Ok(value) => Glance {
            format: "json",
            kind: Some(json_kind(&value)),
            text: Some(cut(&super::repr::of(&(&value).into()))),
        },
        Err(_) => Glance { format: "unknown", kind: None, text: None },
    }
}

/// The function that a payload names: it is the first thing in it, whichever serializer wrote it.
pub(crate) fn function(payload: &[u8]) -> Option<String> {
    if is_pickle(payload) {
        let mut steps = Steps::new(payload);
        return match (steps.next()?, steps.next()?) {
            (Step::Mark, Step::Text(name)) => Some(cut(&name)),
            _ => None,
        };
    }
    // Only the beginning may be here, in which the function is the first of the list.
    let list = payload.trim_ascii_start().strip_prefix(b"[")?;
    let name = serde_json::Deserializer::from_slice(list).into_iter::<String>().next()?.ok()?;
    Some(cut(&name))
}

/// Every protocol since 2 says which it is.
fn is_pickle(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80, 2..=5, ..])
}

fn json_kind(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
    .to_owned()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

/// One instruction of a pickle, as far as it matters here.
#[derive(Debug, PartialEq)]
enum Step {
    /// A plain value: its type and how Python writes it.
    Plain(&'static str, String),
    Text(String),
    /// A container begins that is filled later, if at all.
    Container(&'static str),
    Mark,
    /// The two texts before it name a class or a function.
    Global,
    Stop,
    Other,
}

/// The instructions of a pickle in their order; what only helps the reader of a pickle is passed over.
struct Steps<'a> {
    rest: &'a [u8],
}

impl<'a> Steps<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The type of the value as a whole, and the value when it is plain.
    fn value(&mut self) -> Option<(String, Option<String>)> {
        let first = self.next()?;
        match (first, self.next()) {
            (Step::Plain(kind, text), Some(Step::Stop)) => Some((kind.to_owned(), Some(text))),
            (Step::Text(text), Some(Step::Stop)) => {
                Some(("str".to_owned(), Some(cut(&super::repr::of(&super::Plain::Text(text))))))
            }
            (Step::Text(module), Some(Step::Text(name))) => match self.next() {
                Some(Step::Global) if module == "builtins" => Some((cut(&name), None)),
                Some(Step::Global) => Some((cut(&format!("{module}.{name}")), None)),
                _ => Some(("tuple".to_owned(), None)),
            },
            (Step::Container(kind), _) => Some((kind.to_owned(), None)),
            (Step::Mark, _) => Some(("tuple".to_owned(), None)),
            _ => None,
        }
    }

    fn next(&mut self) -> Option<Step> {
        loop {
            let (&code, rest) = self.rest.split_first()?;
            self.rest = rest;
            match code {
                // Protocol, frame, and notes for later.
                0x80 | b'q' => drop(self.take(1)?),
                0x95 => drop(self.take(8)?),
                b'r' => drop(self.take(4)?),
                0x94 => {}
                code => return self.step(code),
            }
        }
    }

    fn step(&mut self, code: u8) -> Option<Step> {
        Some(match code {
            b'N' => Step::Plain("NoneType", "None".to_owned()),
            0x88 => Step::Plain("bool", "True".to_owned()),
            0x89 => Step::Plain("bool", "False".to_owned()),
            b'K' => Step::Plain("int", self.take(1)?[0].to_string()),
            b'M' => Step::Plain("int", u16::from_le_bytes(self.array()?).to_string()),
            b'J' => Step::Plain("int", i32::from_le_bytes(self.array()?).to_string()),
            0x8a => self.long()?,
            b'G' => Step::Plain("float", crate::job::float(f64::from_be_bytes(self.array()?))),
            0x8c => self.text(1)?,
            b'X' => self.text(4)?,
            0x8d => self.text(8)?,
            b'C' | b'B' | 0x8e => Step::Container("bytes"),
            b']' => Step::Container("list"),
            b'}' => Step::Container("dict"),
            b')' => Step::Container("tuple"),
            0x8f => Step::Container("set"),
            b'(' => Step::Mark,
            0x93 => Step::Global,
            b'.' => Step::Stop,
            _ => Step::Other,
        })
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// A whole number of up to eight bytes, the lowest first.
    fn long(&mut self) -> Option<Step> {
        let count = usize::from(self.take(1)?[0]);
        let bytes = self.take(count)?;
        if count > 8 {
            return Some(Step::Plain("int", format!("a number of {count} bytes")));
        }
        let sign = if bytes.last().is_some_and(|byte| *byte > 0x7f) { 0xff } else { 0 };
        let mut whole = [sign; 8];
        whole[..count].copy_from_slice(bytes);
        Some(Step::Plain("int", i64::from_le_bytes(whole).to_string()))
    }

    /// A text behind its length, which has so many bytes.
    fn text(&mut self, width: usize) -> Option<Step> {
        let mut length = [0; 8];
        length[..width].copy_from_slice(self.take(width)?);
        // One that does not end within what is looked at is shown as far as it goes.
        let length = usize::try_from(u64::from_le_bytes(length)).ok()?.min(self.rest.len());
        Some(Step::Text(String::from_utf8_lossy(self.take(length)?).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::job::call::{Call, Format, Sequence};

    /// What Python writes for an expression, in every protocol that it has.
    fn pickled(expression: &str) -> Vec<Vec<u8>> {
        let program = format!(
            "import pickle, json, datetime, decimal\nfor p in range(2, 6): print(pickle.dumps({expression}, protocol=p).hex())"
        );
        let out = std::process::Command::new("python3").args(["-c", &program]).output().unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        text.lines().map(|line| line.as_bytes().chunks(2).map(byte).collect()).collect()
    }

    #[test]
    fn plain_values_are_told_as_python_writes_them() {
        for (expression, kind) in [
            ("None", "NoneType"),
            ("True", "bool"),
            ("False", "bool"),
            ("0", "int"),
            ("65536", "int"),
            ("-1", "int"),
            ("-2**62", "int"),
            ("1.5", "float"),
            ("'it'", "str"),
            ("''", "str"),
        ] {
            for bytes in pickled(expression) {
                let told = glance(&bytes);
                assert_eq!(told.kind.as_deref(), Some(kind), "{expression} {bytes:?}");
                let expected = if expression == "-2**62" { "-4611686018427387904" } else { expression };
                assert_eq!(told.text.as_deref(), Some(expected));
            }
        }
    }

    #[test]
    fn of_other_values_the_type_is_told() {
        for (expression, kind) in [
            ("[1, 2]", "list"),
            ("{'a': 1}", "dict"),
            ("()", "tuple"),
            ("(1, 2, 3, 4)", "tuple"),
            ("b'x'", "bytes"),
            ("datetime.date(2026, 1, 2)", "datetime.date"),
            ("decimal.Decimal('1')", "decimal.Decimal"),
        ] {
            // Old protocols name classes in lines.
            let newest = pickled(expression).pop().unwrap();
            let told = glance(&newest);
            assert_eq!((told.kind.as_deref(), told.text), (Some(kind), None), "{expression}");
        }
    }

    #[test]
    fn a_payload_names_its_function() {
        let call = Call {
            function: "app.tasks.send".to_owned(),
            args: vec![1.into()],
            sequence: Sequence::Tuple,
            kwargs: vec![],
        };

        for format in [Format::Pickle, Format::Json] {
            assert_eq!(function(&call.payload(format).unwrap()).as_deref(), Some("app.tasks.send"));
        }
        for bytes in pickled("('app.tasks.send', None, (1,), {})") {
            assert_eq!(function(&bytes).as_deref(), Some("app.tasks.send"));
        }
        assert_eq!(function(b"\x80\x05."), None);
    }

    proptest! {
        #[test]
        fn nothing_makes_the_look_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = (glance(&bytes), function(&bytes));
            bytes.splice(0..0, [0x80, 4]);
            let _ = (glance(&bytes), function(&bytes));
        }
    }
}
