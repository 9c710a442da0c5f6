//! What becomes of a job.

use super::{Job, Keep, Outcome};

/// What becomes of a job whose execution is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It goes to the finished registry, or is deleted at once.
    Finish(Keep),
    /// It goes to the failed registry.
    Fail,
    /// It goes to the failed registry too, but as stopped: its dependents go on waiting.
    Stop,
    /// It goes back to the head of its queue, because it was cut off.
    PutBack {
        /// How often that happened to it.
        interruptions: u32,
    },
    /// It runs again.
    Retry {
        /// Seconds to wait before it is queued again; 0 queues it at once.
        delay: u64,
        /// Whether it goes to the head of its queue.
        at_front: bool,
        /// The retries that are left then.
        left: u32,
    },
}

/// What the worker says for jobs that say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Defaults {
    pub(crate) result_ttl: Keep,
}

/// What becomes of a job, given how its execution ended.
pub(crate) fn verdict(job: Option<&Job>, outcome: &Outcome, defaults: &Defaults) -> Verdict {
    match (job, outcome) {
        (Some(job), Outcome::Returned(_)) => Verdict::Finish(job.result_ttl.unwrap_or(defaults.result_ttl)),
        (Some(job), Outcome::Raised(_) | Outcome::Died(_)) => abandoned(job),
        (Some(_), Outcome::Stopped) => Verdict::Stop,
        (Some(_), Outcome::Interrupted(interrupted)) => interrupted.verdict.clone(),
        (_, Outcome::AskedRetry(_) | Outcome::Unreadable(_)) | (None, _) => Verdict::Fail,
    }
}

/// RQ: what becomes of a job whose worker is gone, as far as its own retries say.
pub(crate) fn abandoned(job: &Job) -> Verdict {
    if job.retries_left == 0 {
        return Verdict::Fail;
    }
    // RQ: the index counts from the end of the list, so that a list shorter than the retries repeats its first interval.
    let index = job.retry_intervals.len().saturating_sub(job.retries_left as usize);
    let delay = job.retry_intervals.get(index).copied().unwrap_or(0);
    Verdict::Retry { delay, at_front: job.retry_at_front, left: job.retries_left - 1 }
}

#[cfg(test)]
mod tests {
    use super::super::{JobId, QueueName, Returned};
    use super::*;

    fn job(retries_left: u32, retry_intervals: &[u64]) -> Job {
        Job {
            id: JobId::new("j"),
            origin: QueueName::new("default"),
            description: None,
            timeout: None,
            result_ttl: None,
            retries_left,
            retry_intervals: retry_intervals.to_vec(),
            retry_at_front: false,
            interruptions: 0,
            unsupported: Vec::new(),
            fields: Vec::new(),
        }
    }

    const DEFAULTS: Defaults = Defaults { result_ttl: Keep::Seconds(500) };

    #[test]
    fn a_jobs_own_time_to_live_wins_over_the_workers() {
        let own = Job { result_ttl: Some(Keep::Forever), ..job(0, &[]) };
        let returned = Outcome::Returned(Returned::default());

        assert_eq!(verdict(Some(&own), &returned, &DEFAULTS), Verdict::Finish(Keep::Forever));
        assert_eq!(verdict(Some(&job(0, &[])), &returned, &DEFAULTS), Verdict::Finish(Keep::Seconds(500)));
    }

    #[test]
    fn intervals_are_taken_as_rq_takes_them() {
        let raised = Outcome::Raised(super::super::Raised::default());
        let table: [(u32, &[u64], u64); 4] = [(2, &[0, 3], 0), (1, &[0, 3], 3), (3, &[7, 9], 7), (1, &[], 0)];

        for (left, intervals, delay) in table {
            let expected = Verdict::Retry { delay, at_front: false, left: left - 1 };
            assert_eq!(verdict(Some(&job(left, intervals)), &raised, &DEFAULTS), expected);
        }
    }

    #[test]
    fn a_job_that_cannot_be_read_fails() {
        let outcome = Outcome::Unreadable("its status is odd".to_owned());

        assert_eq!(verdict(None, &outcome, &DEFAULTS), Verdict::Fail);
    }
}
