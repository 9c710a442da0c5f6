//! Every metric there is: the one definition, from which the registry, the pages and the table in `docs/metrics.md` are made.

use std::fmt::Write as _;

/// What stands before every name.
pub(super) const PREFIX: &str = "rqd";

/// From when a wait or a run of a job counts as how long, in seconds.
const SPANS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 3600.0,
];

/// The same for a question to Redis and its answer.
const ROUND_TRIPS: &[f64] =
    &[0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// What is known of a metric.
#[derive(Debug)]
pub(super) struct Definition {
    /// Without prefix, unit and suffix.
    name: &'static str,
    pub(super) kind: Kind,
    /// Empty, `seconds` or `bytes`.
    pub(super) unit: &'static str,
    pub(super) labels: &'static [&'static str],
    pub(super) help: &'static str,
}

/// How a metric behaves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts how many were at most so large.
    Histogram(&'static [f64]),
}

use Kind::{Counter, Gauge, Histogram};

macro_rules! catalogue {
    ($($(#[doc = $help:literal])+ $metric:ident: $kind:expr, $name:literal, $unit:literal, [$($label:literal),*];)+) => {
        /// A metric, by its place in the catalogue.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Metric { $($metric),+ }

        pub(super) const CATALOGUE: &[Definition] = &[$(Definition {
            name: $name,
            kind: $kind,
            unit: $unit,
            labels: &[$($label),*],
            help: concat!($($help),+),
        }),+];

        #[cfg(test)]
        const ALL: &[Metric] = &[$(Metric::$metric),+];
    };
}

catalogue! {
    /// The release that runs, in a label.
    BuildInfo: Gauge, "build_info", "", ["version"];
    /// When the daemon started, in seconds of the epoch.
    ProcessStartTime: Gauge, "process_start_time", "seconds", [];
    /// The longest that the event loop was held up in the last minute.
    EventLoopLag: Gauge, "event_loop_lag", "seconds", [];
    /// Jobs of a queue by their status: queued is what waits, the others are the sizes of the registries.
    QueueJobs: Gauge, "queue_jobs", "", ["queue", "status"];
    /// For how long the first job of a queue has waited; 0 when none waits.
    QueueOldestJobAge: Gauge, "queue_oldest_job_age", "seconds", ["queue"];
    /// Queues that are left out of the two metrics of queues, as there are too many.
    QueuesLeftOut: Gauge, "queues_left_out", "", [];
    /// Jobs that workers of this daemon took from a queue.
    JobsClaimed: Counter, "jobs_claimed", "", ["queue"];
    /// Executions of jobs that ended, by what became of the job: finished, failed, retried, stopped, put_back, dropped (somebody
    /// else has it, or it was deleted) or left (RQ's own code settled it).
    JobsEnded: Counter, "jobs_ended", "", ["queue", "outcome"];
    /// How long jobs had waited in their queue when they were taken.
    JobWait: Histogram(SPANS), "job_wait", "seconds", ["queue"];
    /// How long jobs were in hand, by what became of them.
    JobRun: Histogram(SPANS), "job_run", "seconds", ["queue", "outcome"];
    /// Executions that somebody else took over while they ran here.
    LeaseLosses: Counter, "lease_losses", "", ["queue"];
    /// Jobs that maintenance put back into their queue: stranded ones stood between queue and registry, interrupted ones were cut off.
    JobsPutBack: Counter, "jobs_put_back", "", ["queue", "kind"];
    /// Jobs that the scheduler queued, as their time had come.
    DueJobsQueued: Counter, "due_jobs_queued", "", ["queue"];
    /// Webhooks of jobs that could not be sent, or were not welcome.
    WebhookFailures: Counter, "webhook_failures", "", [];
    /// Workers by what they do: idle, busy, quiet, stopping, started (not in Redis yet) or failed (to be replaced after a while).
    Workers: Gauge, "workers", "", ["group", "state"];
    /// Jobs that can run at a time.
    Slots: Gauge, "slots", "", ["group"];
    /// Jobs that run.
    SlotsUsed: Gauge, "slots_used", "", ["group"];
    /// Workers that ended by an error and are replaced.
    WorkerRestarts: Counter, "worker_restarts", "", [];
    /// Work horses that live, the warm ones too.
    Horses: Gauge, "horses", "", [];
    /// Work horses that were forked.
    HorseForks: Counter, "horse_forks", "", [];
    /// Work horses that died before their job was over: by the time limit, a signal, an exit, or in a way that nobody saw.
    HorseDeaths: Counter, "horse_deaths", "", ["cause"];
    /// Fork servers that took the place of a lost one.
    ForkServerRestarts: Counter, "fork_server_restarts", "", [];
    /// Attempts to start a fork server, or to fork a work horse, that failed.
    ForkServerFailures: Counter, "fork_server_failures", "", [];
    /// Reloads of the configuration by how they ended: applied, unchanged or refused.
    ConfigReloads: Counter, "config_reloads", "", ["outcome"];
    /// Whether the last reload of the configuration was not refused; 1 when there was none.
    ConfigLastReloadSuccessful: Gauge, "config_last_reload_successful", "", [];
    /// When the configuration was last read again, in seconds of the epoch; the start of the daemon when it never was.
    ConfigLastReloadTimestamp: Gauge, "config_last_reload_timestamp", "seconds", [];
    /// How many configurations were in force, the first one being 1.
    ConfigGeneration: Gauge, "config_generation", "", [];
    /// Settings of the last reload that wait for a restart of the daemon.
    ConfigPendingSettings: Gauge, "config_pending_settings", "", [];
    /// Whether Redis answers.
    RedisUp: Gauge, "redis_up", "", [];
    /// Whether RQ is suspended, so that no worker takes jobs.
    Suspended: Gauge, "suspended", "", [];
    /// How long Redis takes to answer commands and scripts; waits for jobs are not counted.
    RedisRoundTrip: Histogram(ROUND_TRIPS), "redis_round_trip", "seconds", [];
    /// Errors in talking to Redis: away (no connection, no answer), refused, insecure (TLS) or malformed.
    RedisErrors: Counter, "redis_errors", "", ["kind"];
    /// Connections to Redis that were opened.
    RedisConnections: Counter, "redis_connections", "", [];
    /// How often a worker found Redis again after it was away.
    RedisReconnects: Counter, "redis_reconnects", "", [];
    /// Log lines that were lost, by appender.
    LogLinesDropped: Counter, "log_lines_dropped", "", ["appender"];
    /// Reports to Sentry that were lost.
    SentryEventsDropped: Counter, "sentry_events_dropped", "", [];
    /// Processes: daemon, fork_server, or horse with all that jobs start.
    Processes: Gauge, "processes", "", ["kind"];
    /// Memory of these processes that is in use, pages that they share being counted for each.
    ResidentMemory: Gauge, "resident_memory", "bytes", ["kind"];
    /// Memory of these processes that is in use, pages that they share being shared out. Not told where the kernel does not tell.
    ProportionalMemory: Gauge, "proportional_memory", "bytes", ["kind"];
}

impl Metric {
    pub(super) fn definition(self) -> &'static Definition {
        &CATALOGUE[self as usize]
    }
}

impl Definition {
    /// The name without the suffixes of samples, as `OpenMetrics` wants it.
    pub(super) fn family(&self) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!("_{}", self.unit) };
        format!("{PREFIX}_{}{unit}", self.name)
    }

    /// The name that users ask for.
    pub(super) fn shown(&self) -> String {
        let total = if matches!(self.kind, Counter) { "_total" } else { "" };
        self.family() + total
    }

    /// The part of the name that the registry is told.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn help(&self) -> String {
        self.help.trim().trim_end_matches('.').to_owned()
    }
}

/// The table of `docs/metrics.md`.
pub(crate) fn reference() -> String {
    let mut text = "| Metric | Type | Labels | Meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for definition in CATALOGUE {
        let kind = match definition.kind {
            Counter => "counter",
            Gauge => "gauge",
            Histogram(_) => "histogram",
        };
        let labels: Vec<String> = definition.labels.iter().map(|label| format!("`{label}`")).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {kind} | {} | {} |",
            definition.shown(),
            labels.join(", "),
            definition.help()
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_metric_finds_its_own_definition() {
        let mut names: Vec<String> = ALL.iter().map(|metric| metric.definition().shown()).collect();
        assert_eq!(names.len(), CATALOGUE.len());

        names.sort();
        names.dedup();

        assert_eq!(names.len(), CATALOGUE.len());
        assert_eq!(Metric::JobsEnded.definition().shown(), "rqd_jobs_ended_total");
        assert_eq!(Metric::JobWait.definition().shown(), "rqd_job_wait_seconds");
    }

    #[test]
    fn the_generated_table_of_metrics_is_up_to_date() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
        let page = std::fs::read_to_string(&path).unwrap();
        let (head, rest) = page.split_once("<!-- generated -->\n").expect("the mark before the table");
        let (_, tail) = rest.split_once("<!-- end of generated -->").expect("the mark after the table");
        let expected = format!("{head}<!-- generated -->\n{}<!-- end of generated -->{tail}", reference());
        if std::env::var_os("UPDATE_GENERATED").is_some() {
            std::fs::write(&path, &expected).unwrap();
        }

        assert!(
            std::fs::read_to_string(&path).unwrap() == expected,
            "docs/metrics.md is stale; write it anew by: UPDATE_GENERATED=1 cargo test generated"
        );
    }
}
