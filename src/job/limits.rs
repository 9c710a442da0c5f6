//! How long a job may run: its own word, and the rules of its queue.

use std::collections::HashMap;
use std::time::Duration;

use super::{Job, LONGEST, QueueName};

/// Who says how long a job may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LimitBy {
    /// Its own hash.
    Job,
    /// Nobody: RQ's 180 seconds.
    Default,
    /// The rules of its queue.
    Queue,
}

/// The rules of one queue, in RQ's numbers: seconds, and -1 for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TimeRules {
    /// The limit of jobs that name none.
    pub(crate) timeout: Option<i64>,
    /// The limit of jobs that count as naming none.
    pub(crate) unset: Option<i64>,
    /// The longest limit.
    pub(crate) most: Option<i64>,
}

/// The rules of all queues that have some.
#[derive(Debug, Clone, Default)]
pub(crate) struct TimeLimits(pub(crate) HashMap<QueueName, TimeRules>);

impl TimeLimits {
    /// Gives a job the limit that its queue's rules say, if they say another one than it has.
    pub(crate) fn impose(&self, job: &mut Job) {
        let Some(rules) = self.0.get(&job.origin) else { return };
        let limit = rules.limit(job);
        if limit != job.timeout {
            (job.timeout, job.limit_by) = (limit, LimitBy::Queue);
        }
    }
}

impl TimeRules {
    fn limit(&self, job: &Job) -> Option<Duration> {
        let is_unset = match job.limit_by {
            LimitBy::Default => true,
            LimitBy::Job => self.unset.is_some_and(|unset| span(unset) == job.timeout),
            LimitBy::Queue => false,
        };
        let limit = self.timeout.filter(|_| is_unset).map_or(job.timeout, span);
        match (limit, self.most.and_then(span)) {
            (Some(limit), Some(most)) => Some(limit.min(most)),
            (None, most) => most,
            (limit, None) => limit,
        }
    }
}

fn span(seconds: i64) -> Option<Duration> {
    u64::try_from(seconds).ok().map(|seconds| Duration::from_secs(seconds.min(LONGEST)))
}

#[cfg(test)]
mod tests {
    use super::super::JobId;
    use super::*;

    fn job(timeout: Option<u64>, limit_by: LimitBy) -> Job {
        let timeout = timeout.map(Duration::from_secs);
        Job { timeout, limit_by, ..Job::bare(JobId::new("j"), QueueName::new("mail")) }
    }

    #[test]
    fn the_rules_of_its_queue_count_for_what_a_job_does_not_say() {
        let rules = |timeout, unset, most| TimeRules { timeout, unset, most };
        let plain = rules(Some(600), None, None);
        let telling = rules(Some(600), Some(180), None);
        let capped = rules(None, None, Some(60));
        let table = [
            (plain, job(Some(180), LimitBy::Default), Some(600)),
            (plain, job(Some(180), LimitBy::Job), Some(180)),
            (plain, job(None, LimitBy::Job), None),
            (telling, job(Some(180), LimitBy::Job), Some(600)),
            (telling, job(Some(181), LimitBy::Job), Some(181)),
            (rules(Some(-1), Some(180), None), job(Some(180), LimitBy::Job), None),
            (rules(Some(600), Some(-1), None), job(None, LimitBy::Job), Some(600)),
            (rules(None, Some(180), None), job(Some(180), LimitBy::Job), Some(180)),
            (capped, job(Some(180), LimitBy::Default), Some(60)),
            (capped, job(Some(30), LimitBy::Job), Some(30)),
            (capped, job(None, LimitBy::Job), Some(60)),
            (rules(Some(-1), None, Some(60)), job(Some(180), LimitBy::Default), Some(60)),
        ];

        for (rules, mut job, expected) in table {
            TimeLimits(HashMap::from([(QueueName::new("mail"), rules)])).impose(&mut job);
            assert_eq!(job.timeout, expected.map(Duration::from_secs), "{rules:?}");
        }
    }

    #[test]
    fn other_queues_go_by_rqs_rules() {
        let rules = TimeRules { timeout: Some(600), ..TimeRules::default() };
        let mut job = job(Some(180), LimitBy::Default);

        TimeLimits(HashMap::from([(QueueName::new("other"), rules)])).impose(&mut job);

        assert_eq!((job.timeout, job.limit_by), (Some(Duration::from_secs(180)), LimitBy::Default));
    }
}
