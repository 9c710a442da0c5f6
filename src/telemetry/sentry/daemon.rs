//! What is worth a report by itself: what went wrong in the daemon, and with jobs that nobody has in hand.

use super::report::{JobFacts, Report, Subject};
use crate::event::{Event, UnreadableFate};
use crate::job::Cause;
use crate::telemetry::About;
use crate::telemetry::listener::Fact;

/// The report of a fact, if it is worth one.
pub(super) fn of_event(fact: &Fact<'_>) -> Option<Report> {
    let abandoned = |reason: &str| Subject::Failed { kind: "AbandonedJob", reason: reason.to_owned() };
    let daemon = |cause, level, words| Subject::Daemon { cause, level, words };
    let subject = match fact.event {
        Event::AbandonedJobFailed { reason, .. } | Event::StrandedFailed { reason, .. } => abandoned(reason),
        Event::JobUnreadable { reason, fate: UnreadableFate::PutAside, .. } => {
            Subject::Failed { kind: "JobUnreadable", reason: reason.clone() }
        }
        Event::WorkerFailed { error, .. } => {
            daemon("worker failed", "error", format!("a worker ended by an error: {error}"))
        }
        Event::LoopBroke { error, .. } => {
            daemon("loop broke", "error", format!("a worker met an error that it has no answer to: {error}"))
        }
        Event::ForkServerLost { reason, .. } => {
            daemon("fork server lost", "error", format!("the fork server went away: {reason}"))
        }
        Event::ForkServerFailed { error, traceback, .. } => {
            let words = format!("the fork server could not start: {error}");
            let words = traceback.as_ref().map_or(words.clone(), |traceback| format!("{words}\n{traceback}"));
            daemon("fork server failed", "error", words)
        }
        Event::FailureNotPersisted { error, .. } => daemon(
            "failure not persisted",
            "error",
            format!("the failure of a job could not be written: {error}"),
        ),
        Event::ReloadRefused { errors, .. } => daemon(
            "reload refused",
            "error",
            format!("the configuration cannot be used:\n{}", errors.join("\n")),
        ),
        Event::ReloadTakenBack { failed } => {
            let words = format!("the new configuration is taken back: {failed} jobs failed, none succeeded");
            daemon("reload taken back", "error", words)
        }
        _ => return None,
    };
    let about = About { job: fact.about.job.clone(), ..fact.about.clone() };
    let cause = match fact.event {
        Event::AbandonedJobFailed { cause, .. } => Some(*cause),
        Event::StrandedFailed { .. } => Some(Cause::Abandoned),
        _ => None,
    };
    let job = about.job.is_some().then(|| JobFacts { cause, ..JobFacts::default() });
    Some(Report { at: fact.created, about, job, subject })
}
