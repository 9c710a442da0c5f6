//! Workers that are registered and gone, and those that are silent.

use super::finding::{Finding, counted, some};
use crate::job::Timestamp;
use crate::store::{CountedWorker, Leftovers, OtherDaemon, WorkerLeft};

/// After so many seconds without a sign of life a worker is silent: RQ's idle workers give one every 7 minutes.
const SILENT: f64 = 420.0;

/// RQ: its key outlasts the time in which a worker means to give the next sign of life by a minute.
const OVERDUE: u64 = 60;

/// What this machine knows of processes.
pub(super) trait Machine {
    /// What it is called.
    fn hostname(&self) -> &str;
    /// Whether there is no process of that number.
    fn is_gone(&self, pid: u32) -> bool;
    /// Whether the holder of a name of ours is provably dead.
    fn is_dead(&self, identity: &str) -> bool;
}

/// A worker that is registered and dead beyond doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dead {
    pub(super) name: String,
    pub(super) queues: Vec<String>,
    /// Its last sign of life, as it stands there; empty when its key is gone.
    pub(super) last_heartbeat: String,
}

/// The workers that are dead beyond doubt: their keys are gone; or they ran on this machine, their processes are not there, and nobody
/// listens for their commands (a container may share the name of the machine, and not its process numbers).
pub(super) fn dead(left: &Leftovers, machine: &dyn Machine) -> Vec<Dead> {
    let is_dead = |worker: &&WorkerLeft| !worker.is_there || is_proven(worker, known(left, worker), machine);
    let dead = left.workers.iter().filter(is_dead).map(|worker| Dead {
        name: worker.name.clone(),
        queues: queues_of(left, worker),
        last_heartbeat: worker.last_heartbeat.clone().unwrap_or_default(),
    });
    dead.collect()
}

/// Whether a worker of Python's that may live serves a queue.
pub(super) fn python_serves(left: &Leftovers, queue: &str, machine: &dyn Machine) -> bool {
    let dead = dead(left, machine);
    let mut serving = left.inventory.queues.iter().filter(|it| it.name == queue).flat_map(|it| &it.workers);
    serving.any(|name| {
        let is_pythons = left.inventory.workers.get(name).is_some_and(|worker| worker.rqd_version.is_none());
        is_pythons && !dead.iter().any(|dead| dead.name == *name)
    })
}

/// The daemons that are provably dead.
pub(super) fn dead_daemons<'a>(left: &'a Leftovers, machine: &dyn Machine) -> Vec<&'a OtherDaemon> {
    left.daemons.iter().filter(|daemon| machine.is_dead(&daemon.card.identity)).collect()
}

/// What there is to say of workers.
pub(super) fn check(left: &Leftovers, machine: &dyn Machine) -> Vec<Finding> {
    let dead = dead(left, machine);
    let mut found: Vec<Finding> =
        [gone(&dead), silent(left, &dead), daemons(left, machine)].into_iter().flatten().collect();
    let alive = left.workers.iter().filter(|worker| worker.is_there && !worker.has_left).count();
    if found.is_empty() && alive > 0 {
        let told = format!(
            "{} registered, and none of them is silent",
            counted(alive as u64, "worker is", "workers are")
        );
        found.push(Finding::ok("workers", told));
    }
    found
}

fn gone(dead: &[Dead]) -> Option<Finding> {
    let names: Vec<&str> = dead.iter().map(|dead| dead.name.as_str()).collect();
    let is = counted(names.len() as u64, "worker is", "workers are");
    (!names.is_empty()).then(|| {
        Finding::warning("workers.dead", format!("{is} registered and dead: {}", some(&names)))
            .because("monitors count them, and ids that they had taken wait until nobody takes them for alive")
            .advise("rq doctor --fix takes them out of the registers; RQ's maintenance does so when their keys have expired")
            .fixable()
    })
}

fn silent(left: &Leftovers, dead: &[Dead]) -> Option<Finding> {
    let now = left.inventory.now;
    let silent: Vec<String> = left
        .workers
        .iter()
        .filter(|worker| {
            worker.is_there && !worker.has_left && !dead.iter().any(|dead| dead.name == worker.name)
        })
        .filter_map(|worker| {
            let beat = Timestamp::parse(worker.last_heartbeat.as_deref()?)?;
            let seconds = now.since(beat).as_secs_f64();
            let host =
                known(left, worker).and_then(|known| known.hostname.as_deref()).unwrap_or("an unknown host");
            (seconds > SILENT && worker.lasts.is_none_or(|lasts| lasts < OVERDUE))
                .then(|| format!("{} on {host} ({:.0} min)", worker.name, seconds / 60.0))
        })
        .collect();
    let gave = counted(silent.len() as u64, "worker has", "workers have");
    (!silent.is_empty()).then(|| {
        Finding::warning("workers.silent", format!("{gave} given no sign of life for long: {}", some(&silent)))
            .because("it hangs, its machine is gone, or its clock is wrong: its jobs wait for the ends of their leases")
            .advise("look at its host; the key of a worker that is gone expires by itself")
    })
}

fn daemons(left: &Leftovers, machine: &dyn Machine) -> Option<Finding> {
    const CHECK: &str = "workers.daemons";
    let dead: Vec<String> =
        dead_daemons(left, machine).iter().flat_map(|daemon| daemon.card.workers.clone()).collect();
    let is_dead = left.daemons.iter().any(|daemon| machine.is_dead(&daemon.card.identity));
    let silent: Vec<String> = left
        .daemons
        .iter()
        .filter(|daemon| !daemon.is_alive && !machine.is_dead(&daemon.card.identity))
        .flat_map(|daemon| daemon.card.workers.clone())
        .collect();
    if is_dead {
        return Some(
            Finding::warning(
                CHECK,
                format!(
                    "a daemon died, and nobody has taken on what it had in hand (workers {})",
                    some(&dead)
                ),
            )
            .because(
                "its jobs wait for the ends of their leases, a minute and a half, and for somebody who looks",
            )
            .advise("start a daemon, which does it at once, or rq doctor --fix")
            .fixable(),
        );
    }
    left.daemons.iter().any(|daemon| !daemon.is_alive).then(|| {
        Finding::warning(CHECK, format!("a daemon gives no sign of life (workers {})", some(&silent)))
            .because("it hangs, cannot reach Redis, or died on another machine; its jobs are taken on by the next daemon that looks")
            .advise("start a daemon, or look at the machine of that one")
    })
}

fn is_proven(worker: &WorkerLeft, known: Option<&CountedWorker>, machine: &dyn Machine) -> bool {
    if worker.has_left {
        return false;
    }
    if let Some(identity) = &worker.identity {
        return machine.is_dead(identity);
    }
    let Some(known) = known else { return false };
    let is_here = known.hostname.as_deref() == Some(machine.hostname());
    let pid = known.pid.as_ref().and_then(|pid| pid.parse().ok());
    is_here && worker.listeners == Some(0) && pid.is_some_and(|pid| machine.is_gone(pid))
}

fn known<'a>(left: &'a Leftovers, worker: &WorkerLeft) -> Option<&'a CountedWorker> {
    left.inventory.workers.get(&worker.name)
}

/// The queues that it says it serves, and those that list it.
fn queues_of(left: &Leftovers, worker: &WorkerLeft) -> Vec<String> {
    let mut queues = known(left, worker).map(|known| known.queues.clone()).unwrap_or_default();
    for queue in &left.inventory.queues {
        if queue.workers.contains(&worker.name) && !queues.contains(&queue.name) {
            queues.push(queue.name.clone());
        }
    }
    queues
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::super::tests::{ThisMachine, left};
    use super::*;

    fn worker(name: &str, seconds_ago: i64) -> WorkerLeft {
        let beat = left().inventory.now.micros() - seconds_ago * 1_000_000;
        WorkerLeft {
            name: name.to_owned(),
            is_there: true,
            listeners: Some(1),
            last_heartbeat: Some(Timestamp::from_micros(beat).unwrap().iso()),
            ..WorkerLeft::default()
        }
    }

    /// A worker of Python's on a host, with a process number that is gone when it is above 1000.
    fn known_on(host: &str, pid: u32) -> CountedWorker {
        CountedWorker {
            hostname: Some(host.to_owned()),
            pid: Some(pid.to_string()),
            queues: vec!["q".to_owned()],
            ..CountedWorker::default()
        }
    }

    #[test]
    fn a_worker_of_pythons_is_dead_when_everything_says_so() {
        for (host, pid, listeners, expected) in [
            ("here", 1001, Some(0), true),
            ("here", 1001, Some(1), false),
            ("here", 1001, None, false),
            ("here", 7, Some(0), false),
            ("elsewhere", 1001, Some(0), false),
        ] {
            let mut left = left();
            left.workers = vec![WorkerLeft { listeners, ..worker("w", 30) }];
            left.inventory.workers.insert("w".to_owned(), known_on(host, pid));

            let dead = dead(&left, &ThisMachine);

            assert_eq!(dead.len(), usize::from(expected), "{host} {pid} {listeners:?}");
            assert_eq!(check(&left, &ThisMachine)[0].fixable, expected);
        }
    }

    #[test]
    fn a_queue_is_pythons_while_one_of_its_workers_may_live() {
        for (pid, ours, expected) in [(7, None, true), (7, Some("0.1.0"), false), (1001, None, false)] {
            let mut left = left();
            left.workers = vec![WorkerLeft { listeners: Some(0), ..worker("w", 30) }];
            let known = CountedWorker { rqd_version: ours.map(str::to_owned), ..known_on("here", pid) };
            left.inventory.workers.insert("w".to_owned(), known);
            left.inventory.queues[0].workers = vec!["w".to_owned()];

            assert_eq!(python_serves(&left, "q", &ThisMachine), expected, "{pid} {ours:?}");
            assert!(!python_serves(&left, "other", &ThisMachine));
        }
    }

    #[test]
    fn one_of_ours_is_dead_when_its_holder_is_proven_to_be() {
        let mut left = left();
        let ours = |identity: &str| WorkerLeft { identity: Some(identity.to_owned()), ..worker(identity, 1) };
        left.workers =
            vec![ours("dead"), ours("alive"), WorkerLeft { is_there: false, ..worker("key-gone", 1) }];

        let names: Vec<String> = dead(&left, &ThisMachine).into_iter().map(|dead| dead.name).collect();

        assert_eq!(names, ["dead", "key-gone"]);
    }

    #[test]
    fn silence_is_told_after_seven_minutes() {
        let mut left = left();
        // One of them said that its next sign may take longer, as one in the midst of a long job does.
        let patient = WorkerLeft { lasts: Some(61), ..worker("patient", 600) };
        left.workers =
            vec![worker("lively", 400), patient, WorkerLeft { lasts: Some(59), ..worker("silent", 600) }];

        let found = check(&left, &ThisMachine);

        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .found
                .contains("1 worker has given no sign of life for long: silent on an unknown host (10 min)")
        );
        left.workers.truncate(2);
        assert_eq!(check(&left, &ThisMachine)[0].severity, Severity::Ok);
    }

    #[test]
    fn daemons_that_are_dead_can_be_buried_and_silent_ones_cannot() {
        let daemon = |identity: &str, is_alive| OtherDaemon {
            daemon: crate::job::DaemonId::new(identity),
            card: serde_json::from_value(serde_json::json!({"identity": identity})).unwrap(),
            is_alive,
        };
        let mut left = left();
        for (others, expected) in [
            (vec![daemon("alive", true)], None),
            (vec![daemon("alive", false)], Some(false)),
            (vec![daemon("dead", true), daemon("alive", true)], Some(true)),
        ] {
            left.daemons = others;
            assert_eq!(check(&left, &ThisMachine).first().map(|finding| finding.fixable), expected);
        }
    }
}
