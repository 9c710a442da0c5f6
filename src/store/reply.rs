//! What scripts answer: a list that begins with the name of what happened.

use redis::Value;

/// A script's answer, taken apart from its front.
#[derive(Debug)]
pub(super) struct Reply {
    status: String,
    rest: std::vec::IntoIter<Value>,
}

impl Reply {
    /// Nothing when the answer is no list that begins with a name.
    pub(super) fn read(value: Value) -> Option<Self> {
        let Value::Array(items) = value else { return None };
        let mut rest = items.into_iter();
        let status = text(rest.next()?)?;
        Some(Self { status, rest })
    }

    pub(super) fn status(&self) -> &str {
        &self.status
    }

    /// The next item as text; what is not UTF-8 is shown, not refused.
    pub(super) fn text(&mut self) -> Option<String> {
        text(self.rest.next()?)
    }

    /// The next item as it is.
    pub(super) fn bytes(&mut self) -> Option<Vec<u8>> {
        bytes(self.rest.next()?)
    }

    pub(super) fn integer(&mut self) -> Option<i64> {
        match self.rest.next()? {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    /// The next item as the pairs of a hash.
    pub(super) fn fields(&mut self) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
        let items = match self.rest.next()? {
            Value::Array(items) => items,
            Value::Map(pairs) => pairs.into_iter().flat_map(|(name, value)| [name, value]).collect(),
            _ => return None,
        };
        let mut items = items.into_iter();
        let mut fields = Vec::with_capacity(items.len() / 2);
        while let Some(name) = items.next() {
            fields.push((bytes(name)?, bytes(items.next()?)?));
        }
        Some(fields)
    }

    /// The next item as a list of texts.
    pub(super) fn list(&mut self) -> Option<Vec<String>> {
        match self.rest.next()? {
            Value::Array(items) | Value::Set(items) => items.into_iter().map(text).collect(),
            _ => None,
        }
    }

    /// All items that are left, as text.
    pub(super) fn texts(self) -> Vec<String> {
        self.rest.filter_map(text).collect()
    }
}

fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.into_bytes()),
        Value::Int(number) => Some(number.to_string().into_bytes()),
        _ => None,
    }
}

fn text(value: Value) -> Option<String> {
    bytes(value).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
