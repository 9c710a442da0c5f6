//! What becomes of a job whose execution was cut off: by the death of its daemon, or by its worker's own stop.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::verdict::abandoned;
use super::{Job, QueueName, Verdict};

/// What to do with a job that was cut off in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnInterrupt {
    /// RQ: it fails as abandoned, unless it has retries left.
    AsRq,
    /// It runs again, from the head of its queue.
    Requeue,
    /// It fails, whatever retries it has.
    Fail,
}

/// The rules of a daemon for its jobs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InterruptRules {
    pub(crate) policy: OnInterrupt,
    /// Queues whose jobs are treated in a way of their own.
    pub(crate) of_queue: HashMap<QueueName, OnInterrupt>,
    /// How often a job is put back at most: one that kills its daemon each time must not do so for ever.
    pub(crate) budget: u32,
}

/// How an execution was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Before a horse had got it.
    Unbegun,
    /// While it ran, as far as anybody knows.
    Working,
    /// Anywhere, by the deadline of our own shutdown.
    Deadline,
}

/// What becomes of a job that was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remedy {
    pub(crate) verdict: Verdict,
    /// It fails only because it was cut off too often.
    pub(crate) is_spent: bool,
}

impl InterruptRules {
    fn policy_of(&self, queue: &QueueName) -> OnInterrupt {
        self.of_queue.get(queue).copied().unwrap_or(self.policy)
    }

    /// The rules of a daemon that was asked to stop: whoever kills it then, because time is up, means the daemon and not its
    /// jobs.
    pub(crate) fn of_leaving(&self) -> Self {
        let leaving = |policy: OnInterrupt| match policy {
            OnInterrupt::AsRq | OnInterrupt::Requeue => OnInterrupt::Requeue,
            OnInterrupt::Fail => OnInterrupt::Fail,
        };
        let of_queue = self.of_queue.iter().map(|(queue, policy)| (queue.clone(), leaving(*policy)));
        Self { policy: leaving(self.policy), of_queue: of_queue.collect(), budget: self.budget }
    }

    /// Decides on a job that was cut off.
    pub(crate) fn remedy(&self, job: &Job, cut: Cut) -> Remedy {
        match (cut, self.policy_of(&job.origin)) {
            // Its owner is who stopped it, and not the job; that it is stopped often is no sign of poison.
            (Cut::Deadline, _) => {
                Remedy { verdict: Verdict::PutBack { interruptions: job.interruptions }, is_spent: false }
            }
            (Cut::Unbegun, _) | (Cut::Working, OnInterrupt::Requeue) => self.put_back(job),
            (Cut::Working, OnInterrupt::AsRq) => Remedy { verdict: abandoned(job), is_spent: false },
            (Cut::Working, OnInterrupt::Fail) => Remedy { verdict: Verdict::Fail, is_spent: false },
        }
    }

    fn put_back(&self, job: &Job) -> Remedy {
        if job.interruptions >= self.budget {
            return Remedy { verdict: Verdict::Fail, is_spent: true };
        }
        Remedy { verdict: Verdict::PutBack { interruptions: job.interruptions + 1 }, is_spent: false }
    }
}

/// The reason with which such a job fails.
pub(crate) fn reason(why: &str, remedy: &Remedy, job: &Job) -> String {
    if remedy.is_spent {
        let times = job.interruptions;
        format!("{why}; it was put back {times} times before, and worker.max_interruptions allows no more")
    } else {
        why.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::JobId;
    use super::*;

    fn job(retries_left: u32, interruptions: u32) -> Job {
        Job {
            id: JobId::new("j"),
            origin: QueueName::new("default"),
            description: None,
            timeout: None,
            limit_by: super::super::LimitBy::Job,
            result_ttl: None,
            retries_left,
            retry_intervals: vec![7],
            retry_at_front: false,
            asked_retries: 0,
            repeats_left: 0,
            repeat_intervals: Vec::new(),
            interruptions,
            fields: Vec::new(),
        }
    }

    fn rules(policy: OnInterrupt) -> InterruptRules {
        InterruptRules { policy, of_queue: HashMap::new(), budget: 3 }
    }

    #[test]
    fn a_job_in_the_middle_is_treated_by_policy() {
        let retry = Verdict::Retry(super::super::Again { delay: 7, at_front: false }, 0);
        let table = [
            (OnInterrupt::AsRq, 0, Verdict::Fail),
            (OnInterrupt::AsRq, 1, retry),
            (OnInterrupt::Fail, 1, Verdict::Fail),
            (OnInterrupt::Requeue, 1, Verdict::PutBack { interruptions: 3 }),
        ];

        for (policy, retries, verdict) in table {
            assert_eq!(rules(policy).remedy(&job(retries, 2), Cut::Working).verdict, verdict, "{policy:?}");
        }
    }

    #[test]
    fn a_queue_may_have_a_policy_of_its_own() {
        let mut rules = rules(OnInterrupt::Fail);
        rules.of_queue.insert(QueueName::new("default"), OnInterrupt::Requeue);

        let verdict = rules.remedy(&job(0, 0), Cut::Working).verdict;

        assert_eq!(verdict, Verdict::PutBack { interruptions: 1 });
    }

    #[test]
    fn a_job_that_had_not_begun_is_put_back_until_its_budget_is_spent() {
        let fail = rules(OnInterrupt::Fail);

        assert_eq!(fail.remedy(&job(0, 2), Cut::Unbegun).verdict, Verdict::PutBack { interruptions: 3 });
        assert_eq!(fail.remedy(&job(0, 3), Cut::Unbegun), Remedy { verdict: Verdict::Fail, is_spent: true });
    }

    #[test]
    fn a_daemon_that_was_asked_to_stop_has_its_jobs_put_back_unless_they_are_to_fail() {
        let mut rules = rules(OnInterrupt::AsRq);
        rules.of_queue.insert(QueueName::new("once"), OnInterrupt::Fail);

        let leaving = rules.of_leaving();

        assert_eq!(leaving.remedy(&job(1, 2), Cut::Working).verdict, Verdict::PutBack { interruptions: 3 });
        let once = Job { origin: QueueName::new("once"), ..job(1, 2) };
        assert_eq!(leaving.remedy(&once, Cut::Working).verdict, Verdict::Fail);
    }

    #[test]
    fn our_own_deadline_costs_a_job_nothing() {
        let verdict = rules(OnInterrupt::Fail).remedy(&job(0, 9), Cut::Deadline).verdict;

        assert_eq!(verdict, Verdict::PutBack { interruptions: 9 });
    }

    #[test]
    fn the_reason_tells_a_spent_budget() {
        let spent = Remedy { verdict: Verdict::Fail, is_spent: true };

        assert!(reason("it died", &spent, &job(0, 3)).starts_with("it died; it was put back 3 times"));
    }
}
