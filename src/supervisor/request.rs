//! Requests to reload, and what becomes of them.

use tokio::sync::oneshot;

use super::SupervisorError;
use super::change::{self, Changes};
use super::control::{Change, Outcome, ReloadOutcome, Reply, reply_text};
use super::refusal::places;
use crate::config::Problem;
use crate::event::Event;
use crate::job::Timestamp;
use crate::store::Store;
use crate::telemetry::emit;

/// Somebody wants the configuration to be read again.
pub(super) struct Request {
    /// A signal, a command, or the files themselves.
    pub(super) by: String,
    /// Whether the application is to be loaded anew in any case.
    pub(super) code: bool,
    pub(super) answers: Vec<Answer>,
}

/// Where an answer is waited for.
pub(super) enum Answer {
    /// In Redis, under this name.
    Redis(Store, String),
    Socket(oneshot::Sender<Reply>),
}

impl Request {
    pub(super) fn of(by: &str, code: bool) -> Self {
        Self { by: by.to_owned(), code, answers: Vec::new() }
    }

    pub(super) fn answering(self, answer: Option<Answer>) -> Self {
        Self { answers: answer.into_iter().collect(), ..self }
    }

    /// One reload serves several: joins the one that waits, or becomes it.
    pub(super) fn add_to(self, waiting: &mut Option<Self>) {
        match waiting {
            Some(waiting) => waiting.join(self),
            None => *waiting = Some(self),
        }
    }

    fn join(&mut self, mut other: Self) {
        self.code |= other.code;
        if !self.by.contains(&other.by) {
            self.by = format!("{}, {}", self.by, other.by);
        }
        self.answers.append(&mut other.answers);
    }

    /// Tells everybody what became of it.
    pub(super) async fn answer(self, outcome: ReloadOutcome) {
        emit(event(&outcome));
        for answer in self.answers {
            answer.send(Reply::Reload(outcome.clone())).await;
        }
    }
}

impl Answer {
    /// Who asked through Redis, if an answer is wanted.
    pub(super) fn redis(store: &Store, id: Option<String>) -> Option<Self> {
        id.map(|id| Self::Redis(store.clone(), id))
    }

    pub(super) async fn send(self, reply: Reply) {
        match self {
            Self::Socket(answer) => drop(answer.send(reply)),
            Self::Redis(store, id) => {
                // Redis may be away: whoever asked has stopped waiting by then.
                let _ = store.answer(&id, &reply_text(&reply)).await;
            }
        }
    }
}

/// A reload that was refused.
pub(super) fn refused(asked_by: &str, error: &SupervisorError) -> ReloadOutcome {
    let errors = match error {
        SupervisorError::Config(problems) => problems.iter().map(told_problem).collect(),
        error => vec![told_error(error)],
    };
    ReloadOutcome { outcome: Outcome::Refused, errors, ..outcome(asked_by, &Changes::default(), false) }
}

/// One that came too late.
pub(super) fn stopping(asked_by: &str) -> ReloadOutcome {
    let errors = vec!["the daemon is stopping".to_owned()];
    ReloadOutcome { outcome: Outcome::Refused, errors, ..outcome(asked_by, &Changes::default(), false) }
}

/// With the place in the application's files, where it was one of them.
fn told_error(error: &SupervisorError) -> String {
    match places(error).last() {
        Some((file, line)) => format!("{error}, raised in {}, line {line}", file.display()),
        None => error.to_string(),
    }
}

fn told_problem(problem: &Problem) -> String {
    match &problem.hint {
        Some(hint) => format!("{problem} ({hint})"),
        None => problem.to_string(),
    }
}

/// One that came into force, or found nothing to change. What waits for a restart is no change yet.
pub(super) fn outcome(asked_by: &str, changes: &Changes, renewed: bool) -> ReloadOutcome {
    let is_change = renewed || changes.applied().next().is_some();
    ReloadOutcome {
        outcome: if is_change { Outcome::Applied } else { Outcome::Unchanged },
        asked_by: asked_by.to_owned(),
        at: Timestamp::now().seconds(),
        changes: changes.applied().map(told).collect(),
        pending: changes.pending().map(told).collect(),
        shadowed: changes.shadowed.iter().map(told).collect(),
        renewed,
        errors: Vec::new(),
    }
}

fn told(change: &change::Change) -> Change {
    Change {
        key: change.key.clone(),
        from: change.from.clone(),
        to: change.to.clone(),
        origin: change.origin.clone(),
        applies: change.class.words().to_owned(),
    }
}

/// In a few words.
pub(super) fn summary(outcome: &ReloadOutcome) -> String {
    match (outcome.outcome, outcome.errors.first()) {
        (Outcome::Refused, Some(error)) => format!("reload refused: {error}"),
        (Outcome::Refused, None) => "reload refused".to_owned(),
        (Outcome::Applied, _) => "reload applied".to_owned(),
        (Outcome::Unchanged, _) => "reload changed nothing".to_owned(),
    }
}

fn event(outcome: &ReloadOutcome) -> Event {
    let words = |changes: &[Change]| changes.iter().map(in_words).collect();
    let asked_by = outcome.asked_by.clone();
    match outcome.outcome {
        Outcome::Refused => Event::ReloadRefused { asked_by, errors: outcome.errors.clone() },
        Outcome::Unchanged => Event::ReloadChangedNothing {
            asked_by,
            pending: words(&outcome.pending),
            shadowed: words(&outcome.shadowed),
        },
        Outcome::Applied => Event::Reloaded {
            asked_by,
            changes: words(&outcome.changes),
            pending: words(&outcome.pending),
            shadowed: words(&outcome.shadowed),
            renewed: outcome.renewed,
        },
    }
}

fn in_words(change: &Change) -> String {
    format!("{} from {} to {} ({})", change.key, change.from, change.to, change.origin)
}
