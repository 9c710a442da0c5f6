//! A call of a Python function as RQ's clients write it into a job: payload and description, without any Python.
//!
//! Only plain values can be written. Reading is of the command line's two notations alone: JSON and Python's literals.

mod dumps;
mod glance;
mod json;
mod literal;
mod pickle;
mod plain;
mod repr;
mod whole;

pub(crate) use glance::{function, glance};
pub(crate) use json::parse as from_json;
pub(crate) use literal::parse as from_literal;
pub(crate) use plain::Plain;

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// RQ: how much of an argument a description shows.
const SHOWN: usize = 75;

/// The function that a description names. RQ: by default that is the call, `app.tasks.add(1, y=2)`. What is no call was written
/// by somebody for people to read.
pub(crate) fn named(description: &str) -> Option<&str> {
    let (name, _) = description.split_once('(')?;
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || "_<".contains(c))
            && part.chars().all(|c| c.is_alphanumeric() || "_<>".contains(c))
    };
    name.split('.').all(is_part).then_some(name)
}

/// How a payload is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// What RQ's clients use when nothing else is said.
    Pickle,
    /// RQ's `JSONSerializer`.
    Json,
}

impl Format {
    /// The one that a serializer's name stands for; nothing when only Python could write it.
    pub(crate) fn of(serializer: Option<&str>) -> Option<Self> {
        match serializer {
            None
            | Some(
                "pickle"
                | "rq.serializers.DefaultSerializer"
                | "rq.serializers.PickleSerializer"
                | "rq.serializers.pickle",
            ) => Some(Self::Pickle),
            Some("json" | "rq.serializers.JSONSerializer") => Some(Self::Json),
            Some(_) => None,
        }
    }
}

/// What the positional arguments are to Python.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sequence {
    /// As from RQ's clients.
    Tuple,
    /// As from RQ's command line.
    List,
}

/// A function and what it is called with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    /// The dotted name.
    pub(crate) function: String,
    pub(crate) args: Vec<Plain>,
    pub(crate) sequence: Sequence,
    pub(crate) kwargs: Vec<(String, Plain)>,
}

/// An argument that a serializer cannot write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("JSON cannot hold {0}")]
pub(crate) struct Unwritable(&'static str);

impl Call {
    /// The serialized payload: function, no instance, arguments.
    pub(crate) fn payload(&self, format: Format) -> Result<Vec<u8>, Unwritable> {
        match format {
            Format::Pickle => Ok(pickle::call(self)),
            Format::Json => dumps::call(self).map_err(Unwritable),
        }
    }

    /// The call as Python would write it, each argument cut short: `tasks.add(1, y=2)`.
    pub(crate) fn description(&self) -> String {
        self.written(shown)
    }

    /// The same with whole arguments.
    pub(crate) fn text(&self) -> String {
        self.written(repr::of)
    }

    fn written(&self, shown: impl Fn(&Plain) -> String) -> String {
        let mut arguments: Vec<String> = self.args.iter().map(&shown).collect();
        let mut named: Vec<String> =
            self.kwargs.iter().map(|(name, value)| format!("{name}={}", shown(value))).collect();
        // RQ: sorted as texts.
        named.sort();
        arguments.append(&mut named);
        let mut text = self.function.clone();
        // Writing to a string cannot fail.
        let _ = write!(text, "({})", arguments.join(", "));
        text
    }
}

/// A payload as it stands in a job's hash.
pub(crate) fn packed(payload: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(payload).and_then(|()| encoder.finish()).expect("writing to memory cannot fail")
}

/// An argument as Python's `repr` tells it, cut short.
fn shown(value: &Plain) -> String {
    let whole = repr::of(value);
    match whole.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}...", &whole[..cut]),
        None => whole,
    }
}

#[cfg(test)]
mod tests;
