//! What is to be reported, before it has Sentry's form.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::SystemTime;

use super::check_in::CheckIn;
use super::trace::Trace;
use crate::job::Evidence;
use crate::telemetry::About;

/// What goes to whoever sends.
pub(super) enum Parcel {
    Report(Box<Report>),
    Span(Box<Span>),
    CheckIn(Box<CheckIn>),
}

/// The time of a job, for its trace.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) began: SystemTime,
    pub(super) ended: SystemTime,
    pub(super) about: About,
    pub(super) trace: Trace,
    /// How it ended, in a word of Sentry's.
    pub(super) status: &'static str,
}

/// Something that went wrong.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) at: SystemTime,
    pub(super) about: About,
    /// Of the job that it is about, when there is one.
    pub(super) job: Option<JobFacts>,
    pub(super) subject: Subject,
}

/// What is known of a job.
#[derive(Debug, Clone, Default)]
pub(super) struct JobFacts {
    /// With its arguments, as RQ's clients write it.
    pub(super) description: Option<String>,
    pub(super) enqueued_at: Option<SystemTime>,
    pub(super) started_at: Option<SystemTime>,
    /// Where it stands in a trace, once its function has begun.
    pub(super) trace: Option<Trace>,
    /// Its last log records, the oldest first.
    pub(super) crumbs: VecDeque<Crumb>,
}

/// A log record of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Crumb {
    pub(super) at: SystemTime,
    /// Python's number.
    pub(super) level: u8,
    pub(super) logger: String,
    pub(super) message: String,
}

/// What went wrong.
#[derive(Debug)]
pub(super) enum Subject {
    /// The job raised; the evidence is missing when the job broke what it takes to give it.
    Raised { evidence: Option<Arc<Evidence>>, traceback: String },
    /// The work horse died; `overran` when it was killed because it outlived its limit.
    Died { status: Option<i32>, reason: String, overran: bool },
    /// The job failed without having raised; `kind` is what stands for an exception's type.
    Failed { kind: &'static str, reason: String },
    /// Something is wrong with the daemon, or with what it is told.
    Daemon { cause: &'static str, level: &'static str, words: String },
    /// A line of the log, for an appender that makes messages of lines.
    Logged { level: &'static str, logger: String, words: String },
    /// A mistake of our own.
    Panicked { message: String, place: String },
}

impl Report {
    /// One that is about no job.
    pub(super) fn of_daemon(at: SystemTime, subject: Subject) -> Self {
        Self { at, about: About::default(), job: None, subject }
    }
}
