//! Whether the daemon is well, and if not, why.

use serde::{Deserialize, Serialize};

use super::control::{DaemonStatus, GroupStatus, State};

/// The most reasons that are told.
const MOST: usize = 20;

const STARTING: &str = "the daemon is starting";

/// How the daemon is, for whoever restarts it or sends it work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Health {
    /// Its event loop turns.
    pub(crate) live: bool,
    /// It takes jobs.
    pub(crate) ready: bool,
    /// Why it is not live, or takes no jobs or fewer than it should.
    #[serde(default)]
    pub(crate) reasons: Vec<String>,
}

impl Health {
    /// That of a daemon whose loop does not answer.
    pub(crate) fn hung(reason: String) -> Self {
        Self { live: false, ready: false, reasons: vec![reason] }
    }

    /// That of a daemon which nobody has looked at yet.
    pub(crate) fn starting() -> Self {
        Self { live: true, ready: false, reasons: vec![STARTING.to_owned()] }
    }

    /// That of a daemon which says how it is; `redis` is what was wrong with Redis just now.
    pub(crate) fn of(status: &DaemonStatus, redis: Option<&str>) -> Self {
        let state = match status.state {
            State::Starting => Some(STARTING),
            State::Running => None,
            State::Quiet => Some("the daemon is quiet: it takes no new jobs"),
            State::Stopping => Some("the daemon is stopping"),
        };
        let groups = status.groups.iter().flat_map(missing).filter(|_| status.state == State::Running);
        let all = state.map(str::to_owned).into_iter().chain(redis.map(str::to_owned)).chain(groups);
        let mut reasons: Vec<String> = all.collect();
        if reasons.len() > MOST {
            let others = reasons.len() - MOST;
            reasons.truncate(MOST);
            reasons.push(format!("and {others} more"));
        }
        Self { live: true, ready: reasons.is_empty(), reasons }
    }

    /// In one line.
    pub(crate) fn in_words(&self) -> String {
        match (self.live, self.ready) {
            (true, true) => "ready".to_owned(),
            (true, false) => format!("live, not ready: {}", self.reasons.join("; ")),
            (false, _) => format!("not live: {}", self.reasons.join("; ")),
        }
    }
}

/// Which workers of a group do not listen. Those that leave are missed only where nobody has taken their place.
fn missing(group: &GroupStatus) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut staying = 0;
    for worker in &group.workers {
        let why = match worker.state.as_str() {
            "started" => "does not stand in redis yet",
            "failed" => "failed and waits to be replaced",
            "quiet" => "is quiet: it takes no new jobs",
            "stopping" => continue,
            _ => {
                staying += 1;
                continue;
            }
        };
        staying += 1;
        reasons.push(format!("worker {} {why}", worker.name));
    }
    if staying < group.wanted {
        let name =
            if group.name.is_empty() { "there are".to_owned() } else { format!("group {} has", group.name) };
        reasons.push(format!("{name} {staying} of {} workers", group.wanted));
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::control::WorkerStatus;

    fn status(state: State, wanted: u64, workers: &[&str]) -> DaemonStatus {
        let worker = |state: &&str| WorkerStatus {
            name: format!("w-{state}"),
            queues: Vec::new(),
            state: (*state).to_owned(),
            job: None,
            function: None,
            since: None,
            jobs_done: 0,
        };
        DaemonStatus {
            pid: 7,
            version: String::new(),
            started_at: 0.0,
            state,
            generation: 1,
            last_reload: None,
            application: String::new(),
            groups: vec![GroupStatus {
                name: "g".to_owned(),
                wanted,
                workers: workers.iter().map(worker).collect(),
            }],
        }
    }

    #[test]
    fn a_daemon_is_ready_when_redis_answers_and_every_worker_listens() {
        type Case = (State, u64, &'static [&'static str], Option<&'static str>, &'static str);
        let cases: [Case; 9] = [
            (State::Running, 2, &["idle", "busy"], None, "ready"),
            (State::Running, 1, &["idle", "stopping"], None, "ready"),
            (State::Running, 0, &[], None, "ready"),
            (State::Running, 1, &["idle"], Some("redis is away"), "live, not ready: redis is away"),
            (State::Running, 2, &["idle", "stopping"], None, "live, not ready: group g has 1 of 2 workers"),
            (
                State::Running,
                1,
                &["started"],
                None,
                "live, not ready: worker w-started does not stand in redis yet",
            ),
            (
                State::Running,
                1,
                &["failed"],
                None,
                "live, not ready: worker w-failed failed and waits to be replaced",
            ),
            (State::Stopping, 2, &["stopping"], None, "live, not ready: the daemon is stopping"),
            (State::Starting, 2, &["started"], None, "live, not ready: the daemon is starting"),
        ];

        for (state, wanted, workers, redis, words) in cases {
            assert_eq!(Health::of(&status(state, wanted, workers), redis).in_words(), words);
        }
    }

    #[test]
    fn no_more_reasons_are_told_than_somebody_reads() {
        let health = Health::of(&status(State::Running, 100, &["failed"; 100]), None);

        assert_eq!((health.reasons.len(), health.reasons[MOST].as_str()), (MOST + 1, "and 80 more"));
    }
}
