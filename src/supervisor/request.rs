//! Requests to reload, and what becomes of them.

use serde::Serialize;

use super::SupervisorError;
use super::change::{Change, Changes};
use crate::event::Event;
use crate::store::Store;
use crate::telemetry::emit;

/// Somebody wants the configuration to be read again.
pub(super) struct Request {
    /// A signal, a command, or the files themselves.
    pub(super) by: String,
    /// Whether the application is to be loaded anew in any case.
    pub(super) code: bool,
    pub(super) answers: Answers,
}

impl Request {
    pub(super) fn of(by: &str, code: bool) -> Self {
        Self { by: by.to_owned(), code, answers: Answers::default() }
    }

    /// One reload serves several.
    pub(super) fn join(&mut self, mut other: Self) {
        self.code |= other.code;
        if !self.by.contains(&other.by) {
            self.by = format!("{}, {}", self.by, other.by);
        }
        self.answers.0.append(&mut other.answers.0);
    }

    /// Tells everybody what became of it.
    pub(super) async fn answer(self, outcome: Outcome) {
        emit(outcome.event(self.by));
        for (store, id) in self.answers.0 {
            let text = serde_json::to_string(&outcome).expect("texts are always JSON");
            let _ = store.answer(&id, &text).await;
        }
    }
}

/// Where answers are waited for.
#[derive(Default)]
pub(super) struct Answers(Vec<(Store, String)>);

impl Answers {
    /// Whoever asked through Redis, if an answer is wanted.
    pub(super) fn redis(store: &Store, id: Option<String>) -> Self {
        Self(id.into_iter().map(|id| (store.clone(), id)).collect())
    }

    /// Something is done that needs no more words.
    pub(super) async fn done(self) {
        for (store, id) in self.0 {
            let _ = store.answer(&id, r#"{"outcome":"done"}"#).await;
        }
    }
}

/// What became of a reload.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Outcome {
    /// `applied`, `unchanged` or `refused`.
    pub(crate) outcome: &'static str,
    pub(crate) changes: Vec<Told>,
    /// What waits for another start of the daemon.
    pub(crate) pending: Vec<Told>,
    /// What was changed where something else is stronger.
    pub(crate) shadowed: Vec<Told>,
    /// Whether the application was loaded anew.
    pub(crate) renewed: bool,
    pub(crate) errors: Vec<String>,
}

/// One setting that has another value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Told {
    pub(crate) key: String,
    pub(crate) from: serde_json::Value,
    pub(crate) to: serde_json::Value,
    pub(crate) origin: String,
    pub(crate) applies: &'static str,
}

impl Outcome {
    pub(super) fn refused(error: &SupervisorError) -> Self {
        let errors = match error {
            SupervisorError::Config(problems) => problems.iter().map(ToString::to_string).collect(),
            error => vec![error.to_string()],
        };
        Self { outcome: "refused", errors, ..Self::default() }
    }

    pub(super) fn of(changes: &Changes, renewed: bool) -> Self {
        let told = |change: &Change| Told {
            key: change.key.clone(),
            from: change.from.clone(),
            to: change.to.clone(),
            origin: change.origin.clone(),
            applies: change.class.words(),
        };
        let is_change = renewed || !changes.made.is_empty();
        Self {
            outcome: if is_change { "applied" } else { "unchanged" },
            changes: changes.applied().map(told).collect(),
            pending: changes.pending().map(told).collect(),
            shadowed: changes.shadowed.iter().map(told).collect(),
            renewed,
            errors: Vec::new(),
        }
    }

    pub(super) fn is_change(&self) -> bool {
        self.outcome == "applied"
    }

    fn event(&self, asked_by: String) -> Event {
        let words = |changes: &[Told]| changes.iter().map(Told::words).collect();
        match self.outcome {
            "refused" => Event::ReloadRefused { asked_by, errors: self.errors.clone() },
            "unchanged" => Event::ReloadChangedNothing { asked_by, shadowed: words(&self.shadowed) },
            _ => Event::Reloaded {
                asked_by,
                changes: words(&self.changes),
                pending: words(&self.pending),
                shadowed: words(&self.shadowed),
                renewed: self.renewed,
            },
        }
    }
}

impl Told {
    fn words(&self) -> String {
        format!("{} from {} to {} ({})", self.key, self.from, self.to, self.origin)
    }
}
