//! What is wrong with a configuration, told so that its reader can mend it.

use std::fmt;

use serde::Serialize;

use super::excerpt::Spot;
use super::origin::Origin;

/// One thing that is wrong: the key, where it was read, what is wrong with it and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub(crate) struct Problem {
    /// The key as its author spelled it; none when the whole source is meant.
    pub(crate) key: Option<String>,
    /// Where it was read.
    pub(crate) origin: Option<Origin>,
    /// What is wrong, without secrets.
    pub(crate) text: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    /// What in the line of a file is meant.
    #[serde(skip)]
    pub(crate) spot: Spot,
}

impl Problem {
    /// Something wrong with one key.
    pub(crate) fn with_key(key: impl Into<String>, origin: Origin, text: impl Into<String>) -> Self {
        Self { key: Some(key.into()), origin: Some(origin), text: text.into(), hint: None, spot: Spot::Key }
    }

    /// Something wrong with a whole file or variable.
    pub(crate) fn with_source(origin: Origin, text: impl Into<String>) -> Self {
        Self { key: None, origin: Some(origin), text: text.into(), hint: None, spot: Spot::Key }
    }

    /// Something wrong, in words that name what it is about.
    pub(crate) fn in_words(text: impl Into<String>) -> Self {
        Self { key: None, origin: None, text: text.into(), hint: None, spot: Spot::Key }
    }

    /// Says what in the line of a file is meant.
    pub(crate) fn spot(mut self, spot: Spot) -> Self {
        self.spot = spot;
        self
    }

    /// Adds advice.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.key, &self.origin) {
            (Some(key), Some(origin)) => write!(f, "cannot use {key} from {origin}: {}", self.text),
            (Some(key), None) => write!(f, "cannot use {key}: {}", self.text),
            (None, Some(origin)) => write!(f, "cannot use {origin}: {}", self.text),
            (None, None) => f.write_str(&self.text),
        }
    }
}

/// Everything that is wrong, found in one go: at least one problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    /// The problems, or the value when there are none.
    pub(crate) fn or<T>(problems: Vec<Problem>, value: T) -> Result<T, Self> {
        if problems.is_empty() { Ok(value) } else { Err(Self(problems)) }
    }

    /// The problems in the order of the layers that they were found in.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// The lines that a user reads: `error: …` and `hint: …` for each problem, without a final newline.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            write!(f, "error: {problem}")?;
            if let Some(hint) = &problem.hint {
                write!(f, "\nhint: {hint}")?;
            }
        }
        Ok(())
    }
}

/// A value that does not fit its key: both ends of the disagreement, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mismatch {
    expected: String,
    found: String,
    hint: Option<String>,
}

impl Mismatch {
    pub(crate) fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { expected: expected.into(), found: found.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The problem that this is for a key read somewhere.
    pub(crate) fn at(&self, key: &str, origin: &Origin, otherwise: Option<String>) -> Problem {
        let text = format!("must be {}, found {}", self.expected, self.found);
        let mut problem = Problem::with_key(key, origin.clone(), text).spot(Spot::Value);
        problem.hint = self.hint.clone().or(otherwise);
        problem
    }
}

/// The known name that a misspelled one most likely meant.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    let slips = name.chars().count().div_ceil(4);
    known
        .into_iter()
        .map(|candidate| {
            let lower = candidate.to_lowercase();
            (strsim::jaro_winkler(&name, &lower), strsim::osa_distance(&name, &lower), candidate)
        })
        .filter(|(likeness, distance, _)| *likeness > 0.85 || *distance <= slips)
        .max_by(|a, b| b.1.cmp(&a.1).then(a.0.total_cmp(&b.0)))
        .map(|(_, _, candidate)| candidate)
}
