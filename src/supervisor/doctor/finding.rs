//! What an examination found: one thing, how bad it is, why it matters, and what to do.

use serde::Serialize;

/// How bad it is, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    Ok,
    /// Good to know; nothing has to be done.
    Note,
    /// It does harm now or may do so soon.
    Warning,
    /// Jobs are lost, stand still, or cannot run.
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// Which check, for programs: `server.eviction`.
    pub(crate) check: &'static str,
    pub(crate) severity: Severity,
    /// What was found, in a sentence.
    pub(crate) found: String,
    /// Why it matters.
    pub(crate) why: Option<String>,
    /// What to do.
    pub(crate) advice: Option<String>,
    /// Whether `--fix` can do it.
    pub(crate) fixable: bool,
}

impl Finding {
    pub(super) fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self::of(check, Severity::Ok, found)
    }

    pub(super) fn note(check: &'static str, found: impl Into<String>) -> Self {
        Self::of(check, Severity::Note, found)
    }

    pub(super) fn warning(check: &'static str, found: impl Into<String>) -> Self {
        Self::of(check, Severity::Warning, found)
    }

    pub(super) fn problem(check: &'static str, found: impl Into<String>) -> Self {
        Self::of(check, Severity::Problem, found)
    }

    fn of(check: &'static str, severity: Severity, found: impl Into<String>) -> Self {
        Self { check, severity, found: found.into(), why: None, advice: None, fixable: false }
    }

    pub(super) fn because(self, why: impl Into<String>) -> Self {
        Self { why: Some(why.into()), ..self }
    }

    pub(super) fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    pub(super) fn fixable(self) -> Self {
        Self { fixable: true, ..self }
    }

    /// The same where `--fix` has just left it to a daemon.
    pub(super) fn left(self) -> Self {
        let advice = "start a daemon that serves the queue (rq worker QUEUE): --fix left it to that";
        Self { fixable: false, ..self }.advise(advice)
    }
}

/// The first few of many names, for a sentence.
pub(super) fn some<T: AsRef<str>>(names: &[T]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    match names.len().checked_sub(SHOWN) {
        Some(more) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

/// A number with its noun.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {many}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_names_some_are_told() {
        assert_eq!(some(&["a", "b"]), "a, b");
        assert_eq!(some(&["a", "b", "c", "d", "e", "f", "g"]), "a, b, c, d, e and 2 more");
    }
}
