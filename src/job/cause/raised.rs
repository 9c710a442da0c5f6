//! What explains an exception, beside its traceback: that stays as RQ keeps it, because tools read its last line.

use std::fmt::Write as _;

use super::Cause;
use super::deaths::whose_limit;
use crate::job::{Job, Raised};

/// What a horse found out about an exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Clue {
    Missing(Missing),
    Payload(Payload),
}

/// A function that could not be found, and where it was looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Missing {
    /// Its dotted name.
    pub(crate) name: String,
    /// The current directory.
    pub(crate) directory: String,
    /// The head of `sys.path`.
    pub(crate) path: Vec<String>,
    pub(crate) interpreter: String,
    /// Modules that are there, and whose import failed.
    pub(crate) tried: Vec<Tried>,
    /// What comes nearest to the name.
    pub(crate) near: Option<String>,
}

/// A module whose import failed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Tried {
    pub(crate) module: String,
    /// The exception with its place.
    pub(crate) error: String,
}

/// A payload that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Payload {
    /// The serializer of this worker.
    pub(crate) serializer: String,
    pub(crate) size: u64,
    /// What the bytes seem to be: `pickle`, `json`, `empty` or `unknown`.
    pub(crate) looks_like: String,
    /// The protocol of a pickle.
    pub(crate) protocol: Option<u8>,
    /// The first classes and functions that a pickle names.
    pub(crate) names: Vec<String>,
    /// The one that is not there, and what comes nearest to it.
    pub(crate) missing: Option<String>,
    pub(crate) near: Option<String>,
    pub(crate) python: String,
}

/// What is known of an exception beside its traceback, in lines; empty where that says it all.
pub(crate) fn known_of(raised: &Raised, job: &Job) -> String {
    let mut notes = match raised.clue.as_deref() {
        Some(Clue::Missing(missing)) => of_missing(missing),
        Some(Clue::Payload(payload)) => of_payload(payload),
        None => String::new(),
    };
    if raised.cause == Cause::TimeLimit {
        let _ = writeln!(notes, "{}.", capitalized(whose_limit(job.limit_by)));
    }
    notes.trim_end().to_owned()
}

fn of_missing(missing: &Missing) -> String {
    let Missing { name, directory, path, interpreter, tried, near } = missing;
    let mut text = String::new();
    // Writing to a string cannot fail.
    for Tried { module, error } in tried {
        let _ = writeln!(text, "The module {module} is there, but its import failed: {error}.");
    }
    if let Some(near) = near {
        let _ = writeln!(text, "Did you mean {near}?");
    }
    let _ = writeln!(text, "{name} was looked for by {interpreter} in {directory}, with sys.path {path:?}.");
    text
}

fn of_payload(payload: &Payload) -> String {
    let Payload { serializer, size, looks_like, protocol, names, missing, near, python } = payload;
    let mut text = String::new();
    let is_mismatch =
        matches!((serializer.as_str(), looks_like.as_str()), ("pickle", "json") | ("json", "pickle"));
    if is_mismatch {
        let _ = writeln!(
            text,
            "The payload is {looks_like}, and this worker reads {serializer}: client and worker need the same serializer \
             (worker.serializer)."
        );
    } else if looks_like == "empty" {
        let _ = writeln!(text, "The payload is empty.");
    } else {
        let _ = writeln!(
            text,
            "The payload of {size} bytes was read as {serializer}, and looks like {looks_like}."
        );
    }
    if let Some(missing) = missing {
        let near = near.as_ref().map(|near| format!(" Did you mean {near}?")).unwrap_or_default();
        let _ = writeln!(text, "It needs {missing}, which is not there.{near}");
    }
    if let Some(protocol) = protocol {
        let _ = writeln!(
            text,
            "It is a pickle of protocol {protocol}, {}; this is Python {python}.",
            writer(*protocol)
        );
    }
    if !names.is_empty() {
        let _ = writeln!(text, "It names {}.", names.join(", "));
    }
    text
}

/// Who writes pickles of a protocol: RQ's clients use the newest that their Python knows.
fn writer(protocol: u8) -> &'static str {
    match protocol {
        0..=2 => "as Python 2 writes it, or a client that asks for an old one",
        3 => "which only a client writes that asks for it",
        4 => "as RQ writes it with Python 3.4 to 3.7",
        5 => "as RQ writes it with Python 3.8 or newer",
        _ => "which is newer than any that is known here",
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{JobId, LimitBy, QueueName};

    fn told(raised: &Raised) -> String {
        let job = Job { limit_by: LimitBy::Queue, ..Job::bare(JobId::new("j"), QueueName::new("q")) };
        known_of(raised, &job)
    }

    #[test]
    fn an_exception_of_the_jobs_own_needs_no_explaining() {
        assert_eq!(told(&Raised::default()), "");
    }

    #[test]
    fn a_limit_is_told_with_who_set_it() {
        let text = told(&Raised { cause: Cause::TimeLimit, ..Raised::default() });

        assert_eq!(text, "The limit is that of the job's queue in the worker's configuration.");
    }

    #[test]
    fn a_missing_function_is_told_with_where_it_was_looked_for() {
        let missing = Missing {
            name: "tasks.send".to_owned(),
            directory: "/srv".to_owned(),
            path: vec!["/srv".to_owned()],
            interpreter: "/usr/bin/python3".to_owned(),
            tried: vec![Tried {
                module: "tasks".to_owned(),
                error: "ImportError: no numpy (tasks.py:3)".to_owned(),
            }],
            near: Some("app.tasks.send".to_owned()),
        };

        let text = told(&Raised { clue: Some(Box::new(Clue::Missing(missing))), ..Raised::default() });

        assert_eq!(
            text,
            "The module tasks is there, but its import failed: ImportError: no numpy (tasks.py:3).\n\
             Did you mean app.tasks.send?\n\
             tasks.send was looked for by /usr/bin/python3 in /srv, with sys.path [\"/srv\"]."
        );
    }

    #[test]
    fn a_payload_that_cannot_be_read_is_told_by_what_it_is() {
        let payload = |serializer: &str, looks_like: &str, protocol| Payload {
            serializer: serializer.to_owned(),
            size: 7,
            looks_like: looks_like.to_owned(),
            protocol,
            python: "3.13.0".to_owned(),
            ..Payload::default()
        };
        let missing = Payload {
            names: vec!["app.Old".to_owned()],
            missing: Some("app.Old".to_owned()),
            near: Some("app.Odd".to_owned()),
            ..payload("pickle", "pickle", Some(5))
        };
        let table = [
            (
                payload("pickle", "json", None),
                "The payload is json, and this worker reads pickle: client and worker need",
            ),
            (payload("pickle", "empty", None), "The payload is empty."),
            (
                payload("json", "unknown", None),
                "The payload of 7 bytes was read as json, and looks like unknown.",
            ),
            (payload("pickle", "pickle", Some(2)), "protocol 2, as Python 2 writes it"),
            (
                payload("pickle", "pickle", Some(9)),
                "newer than any that is known here; this is Python 3.13.0.",
            ),
            (
                missing,
                "It needs app.Old, which is not there. Did you mean app.Odd?\nIt is a pickle of protocol 5",
            ),
        ];

        for (payload, expected) in table {
            let text = told(&Raised { clue: Some(Box::new(Clue::Payload(payload))), ..Raised::default() });
            assert!(text.contains(expected), "{text}");
        }
    }
}
