//! Jobs as values: what a job is, how its execution ended and what becomes of it. Nothing here does anything.

pub(crate) mod calendar;
pub(crate) mod call;
mod evidence;
mod heard;
mod interruption;
mod keeping;
mod limits;
mod names;
mod outcome;
mod timestamp;
mod verdict;

pub(crate) use evidence::{CronMark, Evidence, Frame, Lineage, Python, Thrown, TraceHeaders};
pub(crate) use heard::{Heard, LogRecord};
pub(crate) use interruption::{Cut, InterruptRules, OnInterrupt, reason};
pub(crate) use keeping::FailureTtl;
pub(crate) use limits::{LimitBy, TimeLimits, TimeRules};
pub(crate) use names::{DaemonId, ExecutionId, JobId, QueueName, WorkerName};
pub(crate) use outcome::{AskedRetry, Death, Interrupted, Outcome, Raised, Returned, Usage};
pub(crate) use timestamp::{Timestamp, float};
pub(crate) use verdict::{Again, Defaults, Verdict, abandoned, verdict};

use std::time::Duration;

/// The most seconds that any number of RQ's can mean: a century. What is beyond is as good as that, and no clock overflows.
pub(crate) const LONGEST: u64 = 3_155_760_000;

/// How long something that RQ gives a time to live is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Not at all: it is deleted at once.
    Never,
    /// For this many seconds.
    Seconds(u64),
    /// Until somebody deletes it.
    Forever,
}

impl Keep {
    /// Reads RQ's number: 0 deletes at once, a negative one keeps for ever.
    pub(crate) fn from_seconds(seconds: i64) -> Self {
        match u64::try_from(seconds) {
            Ok(0) => Self::Never,
            Ok(seconds) => Self::Seconds(seconds.min(LONGEST)),
            Err(_) => Self::Forever,
        }
    }

    /// RQ's number for it.
    pub(crate) fn seconds(self) -> i64 {
        match self {
            Self::Never => 0,
            Self::Seconds(seconds) => i64::try_from(seconds).unwrap_or(i64::MAX),
            Self::Forever => -1,
        }
    }
}

/// Seconds to wait, as whole ones: a fraction waits for its end, and what is no time at all does not wait.
pub(crate) fn whole_seconds(seconds: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is out of range is clamped"
    )]
    let whole = seconds.ceil() as u64;
    whole.min(LONGEST)
}

/// The raw fields of a job hash, as Redis gave them: the horse builds its `rq.job.Job` of them.
pub(crate) type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// What the worker needs to know of a job; the payload in it stays unread.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Job {
    pub(crate) id: JobId,
    /// The queue whose registries list the job.
    pub(crate) origin: QueueName,
    pub(crate) description: Option<String>,
    /// `None` means no limit.
    pub(crate) timeout: Option<Duration>,
    /// Who says so.
    pub(crate) limit_by: LimitBy,
    /// `None` means the worker's default.
    pub(crate) result_ttl: Option<Keep>,
    pub(crate) retries_left: u32,
    /// Seconds to wait before each retry.
    pub(crate) retry_intervals: Vec<u64>,
    pub(crate) retry_at_front: bool,
    /// How often it was put back because its execution was cut off.
    pub(crate) interruptions: u32,
    /// How often the job has returned a `Retry`.
    pub(crate) asked_retries: u32,
    /// How often it is to run again after it succeeded.
    pub(crate) repeats_left: u32,
    /// Seconds to wait before each repeat, the next one first.
    pub(crate) repeat_intervals: Vec<u64>,
    pub(crate) fields: Fields,
}

/// A job that is ours to run: popped, started and leased in one step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Claim {
    pub(crate) execution: ExecutionId,
    /// The queue that the job was popped from.
    pub(crate) queue: QueueName,
    pub(crate) claimed_at: Timestamp,
    pub(crate) id: JobId,
    /// The queue whose registries list the job: its own word, or the queue it was popped from.
    pub(crate) origin: QueueName,
    /// The job, or why its hash cannot be read.
    pub(crate) job: Result<Job, String>,
}

impl Job {
    /// A field of its hash, when it is there and is text.
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        let (_, value) = self.fields.iter().find(|(name, _)| name == field.as_bytes())?;
        std::str::from_utf8(value).ok()
    }

    /// Whether its hash has that field, and not empty.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.fields.iter().any(|(name, value)| name == field.as_bytes() && !value.is_empty())
    }
}

#[cfg(test)]
impl Job {
    /// A job whose hash says nothing.
    pub(crate) fn bare(id: JobId, origin: QueueName) -> Self {
        Self {
            id,
            origin,
            description: None,
            timeout: None,
            limit_by: LimitBy::Default,
            result_ttl: None,
            retries_left: 0,
            retry_intervals: Vec::new(),
            retry_at_front: false,
            interruptions: 0,
            asked_retries: 0,
            repeats_left: 0,
            repeat_intervals: Vec::new(),
            fields: Vec::new(),
        }
    }
}

impl Claim {
    /// How long the job had waited in its queue, when it says since when.
    pub(crate) fn waited(&self) -> Option<Duration> {
        let since = self.job.as_ref().ok()?.text("enqueued_at").and_then(Timestamp::parse)?;
        Some(self.claimed_at.since(since))
    }

    /// What log lines call the job: its description, or its id where there is none.
    pub(crate) fn title(&self) -> String {
        self.job.as_ref().ok().and_then(|job| job.description.clone()).unwrap_or_else(|| self.id.to_string())
    }
}

/// An execution that is over.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_field_names, reason = "the moments have RQ's names")]
pub(crate) struct Ended {
    pub(crate) claim: Claim,
    pub(crate) outcome: Outcome,
    /// The dotted name of the job's function, when the work horse told it.
    pub(crate) function: Option<String>,
    /// When the job's function began, if it did.
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Timestamp,
    /// What it said beside that.
    pub(crate) heard: Heard,
}
