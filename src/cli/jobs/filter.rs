//! Which jobs are meant.

use crate::cli::args::{JobsArgs, State};
use crate::cli::enqueue::seconds;
use crate::cli::exit::Failure;
use crate::job::Timestamp;
use crate::store::{Listed, Standing};

/// What a job has to be like.
pub(super) struct Filter {
    states: Vec<State>,
    /// Of which queues; any when empty.
    queues: Vec<String>,
    function: Option<String>,
    /// Seconds.
    older: Option<i64>,
    newer: Option<i64>,
    now: Timestamp,
}

impl Filter {
    pub(super) fn of(args: &JobsArgs) -> Result<Self, Failure> {
        let mut states = args.state.clone();
        if args.retry && states.is_empty() && args.ids.is_empty() {
            states = vec![State::Failed, State::Stopped];
        }
        Ok(Self {
            states,
            queues: args.queue.clone(),
            function: args.function.clone(),
            older: seconds("--older-than", args.older_than.as_deref())?,
            newer: seconds("--newer-than", args.newer_than.as_deref())?,
            now: Timestamp::now(),
        })
    }

    /// Whether every job fits.
    pub(super) fn is_open(&self) -> bool {
        self.states.is_empty()
            && self.queues.is_empty()
            && self.function.is_none()
            && self.older.is_none()
            && self.newer.is_none()
    }

    /// Whether it takes the payload of a job to know.
    pub(super) fn is_by_function(&self) -> bool {
        self.function.is_some()
    }

    /// Where such jobs stand.
    pub(super) fn places(&self) -> Vec<Standing> {
        if self.states.is_empty() {
            return Standing::ALL.to_vec();
        }
        let mut places: Vec<Standing> = Vec::new();
        for place in self.states.iter().flat_map(|state| standings(*state)) {
            if !places.contains(place) {
                places.push(*place);
            }
        }
        places
    }

    pub(super) fn fits(&self, job: &Listed) -> bool {
        let in_state = |state: &State| name(*state) == job.status;
        let age = age(job, self.now);
        (self.states.is_empty() || self.states.iter().any(in_state))
            && (self.queues.is_empty() || self.queues.contains(&job.queue))
            && self
                .function
                .as_ref()
                .is_none_or(|wanted| job.function.as_ref().is_some_and(|function| is_like(function, wanted)))
            && self.older.is_none_or(|older| age.is_some_and(|age| age >= older))
            && self.newer.is_none_or(|newer| age.is_some_and(|age| age < newer))
    }
}

/// How long a job has been in its state, in seconds, as far as it tells.
pub(super) fn age(job: &Listed, now: Timestamp) -> Option<i64> {
    let since = match job.status.as_str() {
        "queued" => job.enqueued_at,
        "started" => job.started_at,
        "finished" | "failed" | "stopped" => job.ended_at,
        _ => None,
    };
    let since = since.or(job.created_at)?;
    Some((now.micros() - since.micros()) / 1_000_000)
}

/// Where jobs of a state may stand.
fn standings(state: State) -> &'static [Standing] {
    match state {
        // RQ: one that a worker has taken is still called queued until its horse begins.
        State::Queued => &[Standing::Queued, Standing::Taken, Standing::Started],
        State::Started => &[Standing::Started],
        State::Deferred => &[Standing::Deferred],
        State::Ready => &[Standing::Ready],
        State::Scheduled => &[Standing::Scheduled],
        State::RateLimited => &[Standing::RateLimited],
        State::Finished => &[Standing::Finished],
        // RQ: those that were stopped are among the failed ones.
        State::Failed | State::Stopped => &[Standing::Failed],
        State::Canceled => &[Standing::Canceled],
    }
}

/// RQ's word.
fn name(state: State) -> &'static str {
    match state {
        State::Queued => "queued",
        State::Started => "started",
        State::Deferred => "deferred",
        State::Ready => "ready_to_enqueue",
        State::Scheduled => "scheduled",
        State::RateLimited => "rate_limited",
        State::Finished => "finished",
        State::Failed => "failed",
        State::Stopped => "stopped",
        State::Canceled => "canceled",
    }
}

/// Whether a text fits a pattern in which `*` stands for anything.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, fits) in [
            ("app.send", "app.send", true),
            ("app.send", "app.send2", false),
            ("app.*", "app.send", true),
            ("*send", "app.send", true),
            ("a*.*d", "app.send", true),
            ("*", "", true),
            ("a*a", "a", false),
            ("**", "x", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "acb", false),
        ] {
            assert_eq!(is_like(text, pattern), fits, "{pattern} {text}");
        }
    }
}
