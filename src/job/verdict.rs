//! What becomes of a job.

use super::{AskedRetry, Job, Keep, Outcome};

/// What becomes of a job whose execution is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes to the finished registry, or is deleted at once; it may run again all the same.
    Finish(Keep, Option<Repeat>),
    /// It goes to the failed registry.
    Fail,
    /// It goes to the failed registry too, but as stopped: its dependents go on waiting.
    Stop,
    /// It goes back to the head of its queue, because it was cut off.
    PutBack {
        /// How often that happened to it.
        interruptions: u32,
    },
    /// It failed or was stopped, and by the user's wish nothing but its status tells.
    Unrecorded {
        /// Whether a user stopped it.
        stopped: bool,
    },
    /// It runs again because it failed; this is how many retries are left then.
    Retry(Again, u32),
    /// It runs again because it asked to; this is how often it has asked then.
    RetryAsAsked(Again, u32),
    /// It asked for more retries than it may have, and failed.
    Exhausted,
}

/// When a job runs again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Again {
    /// Seconds to wait before it is queued; 0 queues it at once.
    pub(crate) delay: u64,
    /// Whether it goes to the head of its queue.
    pub(crate) at_front: bool,
}

impl Verdict {
    /// Whether callbacks hear of it as a failure, also when the job is retried.
    pub(crate) fn is_failure(&self) -> bool {
        match self {
            Self::Fail | Self::Unrecorded { stopped: false } | Self::Retry(..) => true,
            Self::Finish(..)
            | Self::Stop
            | Self::PutBack { .. }
            | Self::Unrecorded { stopped: true }
            | Self::RetryAsAsked(..)
            | Self::Exhausted => false,
        }
    }
}

/// A repetition of a job that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Repeat {
    pub(crate) again: Again,
    /// The repetitions that are left then.
    pub(crate) left: u32,
    /// The intervals that are left then.
    pub(crate) intervals: Vec<u64>,
}

/// What the worker says for jobs that say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Defaults {
    pub(crate) result_ttl: Keep,
    /// Whether failures are recorded. RQ: `--disable-default-exception-handler` says no.
    pub(crate) record_failures: bool,
}

/// What becomes of a job, given how its execution ended.
pub(crate) fn verdict(job: Option<&Job>, outcome: &Outcome, defaults: &Defaults) -> Verdict {
    let verdict = as_recorded(job, outcome, defaults);
    match (&verdict, outcome) {
        // RQ: a `Retry` that came too often is recorded in any case.
        (_, Outcome::AskedRetry(_)) => verdict,
        (Verdict::Fail | Verdict::Stop, _) if !defaults.record_failures => {
            Verdict::Unrecorded { stopped: verdict == Verdict::Stop }
        }
        _ => verdict,
    }
}

fn as_recorded(job: Option<&Job>, outcome: &Outcome, defaults: &Defaults) -> Verdict {
    match (job, outcome) {
        (Some(job), Outcome::Returned(_)) => {
            Verdict::Finish(job.result_ttl.unwrap_or(defaults.result_ttl), repeat(job))
        }
        (Some(job), Outcome::Raised(_) | Outcome::Died(_)) => abandoned(job),
        (Some(job), Outcome::AskedRetry(asked)) => retry_as_asked(job, asked),
        (Some(_), Outcome::Stopped(_)) => Verdict::Stop,
        (Some(_), Outcome::Interrupted(interrupted)) => interrupted.verdict.clone(),
        (_, Outcome::Unreadable(_) | Outcome::Unwritten(_)) | (None, _) => Verdict::Fail,
    }
}

fn repeat(job: &Job) -> Option<Repeat> {
    let left = job.repeats_left.checked_sub(1)?;
    let delay = job.repeat_intervals.first().copied().unwrap_or(0);
    // RQ: the last interval is never used up.
    let rest =
        if job.repeat_intervals.len() > 1 { &job.repeat_intervals[1..] } else { &job.repeat_intervals[..] };
    Some(Repeat { again: Again { delay, at_front: false }, left, intervals: rest.to_vec() })
}

/// RQ: what becomes of a job whose worker is gone, as far as its own retries say.
pub(crate) fn abandoned(job: &Job) -> Verdict {
    if job.retries_left == 0 {
        return Verdict::Fail;
    }
    // RQ: the index counts from the end of the list, so that a list shorter than the retries repeats its first interval.
    let index = job.retry_intervals.len().saturating_sub(job.retries_left as usize);
    let delay = job.retry_intervals.get(index).copied().unwrap_or(0);
    Verdict::Retry(Again { delay, at_front: job.retry_at_front }, job.retries_left - 1)
}

fn retry_as_asked(job: &Job, asked: &AskedRetry) -> Verdict {
    if job.asked_retries >= asked.max {
        return Verdict::Exhausted;
    }
    let index = (job.asked_retries as usize).min(asked.intervals.len().saturating_sub(1));
    let delay = asked.intervals.get(index).copied().unwrap_or(0);
    Verdict::RetryAsAsked(
        Again { delay, at_front: job.retry_at_front || asked.at_front },
        job.asked_retries + 1,
    )
}

#[cfg(test)]
mod tests {
    use super::super::{JobId, QueueName, Raised, Returned};
    use super::*;

    fn job() -> Job {
        Job {
            id: JobId::new("j"),
            origin: QueueName::new("default"),
            description: None,
            timeout: None,
            limit_by: super::super::LimitBy::Job,
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

    const DEFAULTS: Defaults = Defaults { result_ttl: Keep::Seconds(500), record_failures: true };

    fn again(delay: u64) -> Again {
        Again { delay, at_front: false }
    }

    #[test]
    fn a_jobs_own_time_to_live_wins_over_the_workers() {
        let own = Job { result_ttl: Some(Keep::Forever), ..job() };
        let returned = Outcome::Returned(Returned::default());

        assert_eq!(verdict(Some(&own), &returned, &DEFAULTS), Verdict::Finish(Keep::Forever, None));
        assert_eq!(verdict(Some(&job()), &returned, &DEFAULTS), Verdict::Finish(Keep::Seconds(500), None));
    }

    #[test]
    fn intervals_are_taken_as_rq_takes_them() {
        let raised = Outcome::Raised(Raised::default());
        let table: [(u32, &[u64], u64); 4] = [(2, &[0, 3], 0), (1, &[0, 3], 3), (3, &[7, 9], 7), (1, &[], 0)];

        for (left, intervals, delay) in table {
            let job = Job { retries_left: left, retry_intervals: intervals.to_vec(), ..job() };
            assert_eq!(verdict(Some(&job), &raised, &DEFAULTS), Verdict::Retry(again(delay), left - 1));
        }
    }

    #[test]
    fn a_repeat_uses_up_its_intervals_but_the_last() {
        let returned = Outcome::Returned(Returned::default());
        let table: [(u32, &[u64], u64, &[u64]); 3] =
            [(3, &[0, 5], 0, &[5]), (2, &[5], 5, &[5]), (1, &[], 0, &[])];

        for (left, intervals, delay, rest) in table {
            let job = Job { repeats_left: left, repeat_intervals: intervals.to_vec(), ..job() };
            let repeat = Repeat { again: again(delay), left: left - 1, intervals: rest.to_vec() };
            let expected = Verdict::Finish(Keep::Seconds(500), Some(repeat));
            assert_eq!(verdict(Some(&job), &returned, &DEFAULTS), expected);
        }
    }

    #[test]
    fn a_returned_retry_counts_what_was_asked_before() {
        let asked = AskedRetry { max: 2, intervals: vec![1, 4], ..AskedRetry::default() };
        let outcome = Outcome::AskedRetry(asked);
        let table = [
            (0, Verdict::RetryAsAsked(again(1), 1)),
            (1, Verdict::RetryAsAsked(again(4), 2)),
            (2, Verdict::Exhausted),
        ];

        for (asked_retries, expected) in table {
            let job = Job { asked_retries, ..job() };
            assert_eq!(verdict(Some(&job), &outcome, &DEFAULTS), expected);
        }
    }

    #[test]
    fn a_job_that_cannot_be_read_fails() {
        let outcome = Outcome::Unreadable("its status is odd".to_owned());

        assert_eq!(verdict(None, &outcome, &DEFAULTS), Verdict::Fail);
    }

    #[test]
    fn failures_that_are_not_to_be_recorded_are_retried_all_the_same() {
        let unrecorded = Defaults { record_failures: false, ..DEFAULTS };
        let raised = Outcome::Raised(super::super::Raised::default());
        let table = [
            (job(), raised.clone(), Verdict::Unrecorded { stopped: false }),
            (job(), Outcome::Stopped(String::new()), Verdict::Unrecorded { stopped: true }),
            (Job { retries_left: 1, ..job() }, raised, Verdict::Retry(again(0), 0)),
        ];

        for (job, outcome, expected) in table {
            assert_eq!(verdict(Some(&job), &outcome, &unrecorded), expected);
        }
    }
}
