//! What a horse found out about an exception, kept within bounds: its words come from a process that a job may have broken.

use serde::Deserialize;

use crate::job::{Cause, Clue, Missing, Payload, Tried};

/// The longest text that is kept, in characters.
const LONGEST: usize = 500;
/// The longest list.
const MOST: usize = 10;

/// What an exception came from.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RaisedBy {
    /// The job's own code.
    #[default]
    Code,
    TimeLimit,
    Memory,
    /// The search for the function.
    Import,
    /// The reading of the payload.
    Payload,
}

/// What is known of a function that was not found.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MissingHead {
    pub(super) name: String,
    pub(super) directory: String,
    pub(super) path: Vec<String>,
    pub(super) interpreter: String,
    pub(super) tried: Vec<(String, String)>,
    pub(super) near: Option<String>,
}

/// What is known of a payload that could not be read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PayloadHead {
    pub(super) serializer: String,
    pub(super) size: u64,
    pub(super) looks_like: String,
    pub(super) protocol: Option<u8>,
    pub(super) names: Vec<String>,
    pub(super) missing: Option<String>,
    pub(super) near: Option<String>,
    pub(super) python: String,
}

/// Why, in one word.
pub(super) fn cause(by: RaisedBy) -> Cause {
    match by {
        RaisedBy::Code => Cause::Raised,
        RaisedBy::TimeLimit => Cause::TimeLimit,
        RaisedBy::Memory => Cause::OutOfMemory,
        RaisedBy::Import => Cause::ImportFailed,
        RaisedBy::Payload => Cause::Undecodable,
    }
}

/// The clue that it left, if it left one.
pub(super) fn of(missing: Option<MissingHead>, payload: Option<PayloadHead>) -> Option<Box<Clue>> {
    let clue = match (missing, payload) {
        (Some(missing), _) => Clue::Missing(of_missing(missing)),
        (None, Some(payload)) => Clue::Payload(of_payload(payload)),
        (None, None) => return None,
    };
    Some(Box::new(clue))
}

fn of_missing(head: MissingHead) -> Missing {
    let MissingHead { name, directory, path, interpreter, tried, near } = head;
    let tried =
        tried.iter().take(MOST).map(|(module, error)| Tried { module: cut(module), error: cut(error) });
    Missing {
        name: cut(&name),
        directory: cut(&directory),
        path: cut_all(&path),
        interpreter: cut(&interpreter),
        tried: tried.collect(),
        near: near.as_deref().map(cut),
    }
}

fn of_payload(head: PayloadHead) -> Payload {
    let PayloadHead { serializer, size, looks_like, protocol, names, missing, near, python } = head;
    Payload {
        serializer: cut(&serializer),
        size,
        looks_like: cut(&looks_like),
        protocol,
        names: cut_all(&names),
        missing: missing.as_deref().map(cut),
        near: near.as_deref().map(cut),
        python: cut(&python),
    }
}

fn cut_all(texts: &[String]) -> Vec<String> {
    texts.iter().take(MOST).map(|text| cut(text)).collect()
}

/// One line of a text.
fn cut(text: &str) -> String {
    text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_horse_says_is_short_and_in_one_line() {
        let head = MissingHead {
            name: "x\n".repeat(9000),
            path: vec![String::new(); 9000],
            tried: vec![(String::new(), String::new()); 9000],
            ..MissingHead::default()
        };

        let Clue::Missing(missing) = *of(Some(head), None).unwrap() else { panic!("another clue") };

        assert_eq!((missing.name.len(), missing.path.len(), missing.tried.len()), (LONGEST, MOST, MOST));
        assert!(!missing.name.contains('\n'));
    }
}
