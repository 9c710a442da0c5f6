//! What is known of each job in hand, and what of it is worth a report.
//!
//! As the SDK's integration for RQ, it reports a job when it failed for good, and not when it is tried again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use uuid::Uuid;

use super::Options;
use super::check_in::CheckIn;
use super::daemon::of_event;
use super::report::{Crumb, JobFacts, Parcel, Report, Span, Subject};
use super::trace::Trace;
use crate::event::{Event, JobEnd, UnreadableFate};
use crate::job::{Cause, Evidence, Lineage};
use crate::telemetry::About;
use crate::telemetry::listener::Fact;

/// How many jobs are remembered; of more in hand at once, less is told.
const ROOM: usize = 10_000;

/// The most characters of a logger's name and of a message that are kept.
const NAME: usize = 200;
const MESSAGE: usize = 1_000;

/// What is wanted beside reports of failures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wishes {
    spans: bool,
    check_ins: bool,
    /// How many log records are kept of a job.
    crumbs: usize,
}

impl Wishes {
    pub(super) fn of(options: &Options) -> Self {
        let crumbs = options.max_breadcrumbs;
        Self { spans: options.traces_sample_rate > 0.0, check_ins: options.cron_check_ins, crumbs }
    }
}

/// What is known of the jobs in hand.
#[derive(Debug, Default)]
pub(super) struct Jobs(HashMap<String, Known>);

/// What is known of a job.
#[derive(Debug, Default)]
struct Known {
    facts: JobFacts,
    /// How its execution ended, until it is known whether it is tried again.
    end: Option<Subject>,
    overran: bool,
    stopped: bool,
    /// The dotted name of its function, where only its end tells it.
    function: Option<String>,
    /// The run of a cron entry that it is, once that was told to begin.
    check_in: Option<CheckIn>,
}

impl Jobs {
    /// Takes note of a fact; what comes back is to be sent.
    pub(super) fn hear(&mut self, fact: &Fact<'_>, wishes: Wishes) -> Vec<Parcel> {
        let report = match fact.event {
            Event::JobSettled { job, end, .. } => return self.settled(job, *end, fact, wishes),
            Event::FunctionBegan { job, lineage, .. } => {
                return self.began(job, lineage.as_deref(), fact, wishes).into_iter().collect();
            }
            Event::JobFailed { job, reason, cause, .. } => self.failed(job, reason, *cause, fact),
            Event::JobLogged { job: Some(job), level, logger, message, created, .. } => {
                let crumb = Crumb {
                    at: *created,
                    level: *level,
                    logger: logger.chars().take(NAME).collect(),
                    message: message.chars().take(MESSAGE).collect(),
                };
                self.keep(job, crumb, wishes.crumbs);
                None
            }
            event => self.note(event, fact.created).map_or_else(|| of_event(fact), |()| None),
        };
        report.map(|report| Parcel::Report(Box::new(report))).into_iter().collect()
    }

    /// Keeps a log record of a job in hand, and no more than so many.
    fn keep(&mut self, job: &str, crumb: Crumb, most: usize) {
        let Some(known) = self.0.get_mut(job).filter(|_| most > 0) else { return };
        while known.facts.crumbs.len() >= most {
            known.facts.crumbs.pop_front();
        }
        known.facts.crumbs.push_back(crumb);
    }

    /// The function began; a run of a cron entry checks in.
    fn began(
        &mut self,
        job: &str,
        lineage: Option<&Lineage>,
        fact: &Fact<'_>,
        wishes: Wishes,
    ) -> Option<Parcel> {
        let known = self.known(job);
        known.facts.started_at = Some(fact.created);
        known.facts.trace = Some(Trace::of(lineage.and_then(|lineage| lineage.trace.as_ref())));
        let mark = lineage?.cron.clone().filter(|_| wishes.check_ins)?;
        let id = Uuid::new_v4().simple().to_string();
        let check_in = CheckIn { id, mark, status: "in_progress", duration: None };
        known.check_in = Some(check_in.clone());
        Some(Parcel::CheckIn(Box::new(check_in)))
    }

    /// What is told of a job on its way; nothing when the event is none of these.
    fn note(&mut self, event: &Event, created: SystemTime) -> Option<()> {
        match event {
            Event::JobClaimed { job, description, waited, .. } => {
                let enqueued_at = waited.and_then(|waited| created.checked_sub(waited));
                let description = Some(description.clone());
                let facts = JobFacts { description, enqueued_at, ..JobFacts::default() };
                if self.0.len() < ROOM {
                    self.0.insert(job.clone(), Known { facts, ..Known::default() });
                }
            }
            Event::JobStopped { job, .. } => self.known(job).stopped = true,
            Event::HorseOverran { job, .. } => self.known(job).overran = true,
            Event::JobRaised { job, traceback, evidence, .. } => {
                let (traceback, evidence) = (traceback.clone(), evidence.as_ref().map(Arc::clone));
                self.known(job).end = Some(Subject::Raised { evidence, traceback });
            }
            Event::FailureLeft { job, function, evidence, .. } => {
                let known = self.known(job);
                known.function.clone_from(function);
                let evidence = Some(Arc::clone(evidence));
                known.end = Some(Subject::Raised { evidence, traceback: String::new() });
            }
            Event::HorseEnded { job, status, .. } => {
                let known = self.known(job);
                let reason = format!("the work horse ended with the wait status {status}");
                known.end = Some(Subject::Died {
                    status: Some(*status),
                    reason,
                    cause: known.overran.then_some(Cause::TimeLimit),
                });
            }
            Event::HorseDied { job, status, reason, cause, .. } => {
                let (reason, cause) = (reason.clone(), Some(*cause));
                self.known(job).end = Some(Subject::Died { status: *status, reason, cause });
            }
            Event::JobUnreadable { job, reason, fate: UnreadableFate::Failed, .. } => {
                let reason = reason.clone();
                self.known(job).end = Some(Subject::Failed { kind: "JobUnreadable", reason });
            }
            _ => return None,
        }
        Some(())
    }

    /// A job that is not remembered is told of with what its event says.
    fn known(&mut self, job: &str) -> &mut Known {
        if self.0.len() >= ROOM && !self.0.contains_key(job) {
            // Rather the newest than none: its end is what is told next.
            self.0.clear();
        }
        self.0.entry(job.to_owned()).or_default()
    }

    fn failed(&mut self, job: &str, reason: &str, cause: Cause, fact: &Fact<'_>) -> Option<Report> {
        let known = self.known(job);
        if known.stopped {
            return None;
        }
        let other = || Subject::Failed { kind: "JobFailed", reason: reason.to_owned() };
        let subject = known.end.take().unwrap_or_else(other);
        let facts = JobFacts { cause: Some(cause), ..known.facts.clone() };
        report(fact, Some(facts), subject)
    }

    /// The end of an execution. RQ's own code tells itself what it has to say; of a horse that died there, and of what its job raised,
    /// the daemon tells.
    fn settled(&mut self, job: &str, end: JobEnd, fact: &Fact<'_>, wishes: Wishes) -> Vec<Parcel> {
        let Some(mut known) = self.0.remove(job) else { return Vec::new() };
        let left = known.end.take().filter(|_| end == JobEnd::Left);
        let function = fact.about.function.clone().or_else(|| known.function.take());
        let about = About { function, ..fact.about.clone() };
        let fact = Fact { about: &about, ..*fact };
        let span = wishes.spans.then(|| span(&known.facts, end, &fact)).flatten();
        let check_in = known.check_in.and_then(|check_in| over(check_in, known.facts.started_at, end, &fact));
        let report = left.and_then(|subject| report(&fact, Some(known.facts), subject));
        let report = report.map(|report| Parcel::Report(Box::new(report)));
        [report, span, check_in].into_iter().flatten().collect()
    }
}

/// The time of a job whose function began.
fn span(facts: &JobFacts, end: JobEnd, fact: &Fact<'_>) -> Option<Parcel> {
    let status = match end {
        JobEnd::Finished => "ok",
        JobEnd::Failed | JobEnd::Retried => "internal_error",
        JobEnd::Stopped => "cancelled",
        JobEnd::PutBack => "aborted",
        JobEnd::Dropped | JobEnd::Left => "unknown",
    };
    let (began, ended, about) = (facts.started_at?, fact.created, fact.about.clone());
    Some(Parcel::Span(Box::new(Span { began, ended, about, trace: facts.trace.clone()?, status })))
}

/// The end of a run of a cron entry. One that is tried again has failed: the next try is a run of its own.
fn over(check_in: CheckIn, began: Option<SystemTime>, end: JobEnd, fact: &Fact<'_>) -> Option<Parcel> {
    let status = match end {
        JobEnd::Finished => "ok",
        JobEnd::Failed | JobEnd::Retried | JobEnd::Stopped | JobEnd::PutBack => "error",
        // Nobody here knows.
        JobEnd::Dropped | JobEnd::Left => return None,
    };
    let took = began.and_then(|began| fact.created.duration_since(began).ok());
    let duration = took.map(|took| took.as_secs_f64());
    Some(Parcel::CheckIn(Box::new(CheckIn { status, duration, ..check_in })))
}

/// A report, unless somebody else has made it.
fn report(fact: &Fact<'_>, job: Option<JobFacts>, subject: Subject) -> Option<Report> {
    let is_elsewhere = |evidence: &Option<Arc<Evidence>>| evidence.as_ref().is_some_and(|it| it.elsewhere);
    if matches!(&subject, Subject::Raised { evidence, .. } if is_elsewhere(evidence)) {
        return None;
    }
    Some(Report { at: fact.created, about: fact.about.clone(), job, subject })
}

#[cfg(test)]
mod tests;
