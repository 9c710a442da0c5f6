//! Jobs, and what became of them, as people and programs are told.

use serde::Serialize;

use super::filter::age;
use crate::cli::args::JobsArgs;
use crate::cli::columns::{plain, table};
use crate::cli::page::{self, Tone};
use crate::cli::settings_table::as_json;
use crate::cli::{output, span};
use crate::job::Timestamp;
use crate::os::terminal::Stream;
use crate::store::{Addressed, Listed};

/// A job of a list.
#[derive(Serialize)]
struct ToldJob<'a> {
    id: &'a str,
    status: &'a str,
    queue: &'a str,
    function: Option<&'a str>,
    description: Option<&'a str>,
    created_at: Option<String>,
    enqueued_at: Option<String>,
    started_at: Option<String>,
    ended_at: Option<String>,
    worker: Option<&'a str>,
}

/// The list, in the form that was asked for.
pub(super) fn jobs(args: &JobsArgs, jobs: &[Listed]) -> String {
    if args.json {
        return as_json(&jobs.iter().map(told).collect::<Vec<_>>());
    }
    if args.ids_only {
        return String::new();
    }
    let now = Timestamp::now();
    let rows: Vec<_> = jobs.iter().map(|job| row(job, now)).collect();
    let lines = table(&["JOB", "STATE", "QUEUE", "AGE", "CALL"], &[3], &rows);
    page::text(&lines, Stream::Out.wants_colour())
}

/// The ids alone, a line each.
pub(super) fn ids(jobs: &[Addressed]) -> String {
    jobs.iter().flat_map(|job| [output::safe(&job.id), "\n".into()]).collect()
}

fn row(job: &Listed, now: Timestamp) -> Vec<(Tone, String)> {
    let age = age(job, now).and_then(|age| u64::try_from(age).ok()).map(span::span);
    let call = job.description.clone().or_else(|| job.function.clone()).unwrap_or_default();
    vec![
        (Tone::Name, job.id.clone()),
        (Tone::of_state(&job.status), job.status.clone()),
        plain(&job.queue),
        plain(age.unwrap_or_default()),
        plain(call),
    ]
}

fn told(job: &Listed) -> ToldJob<'_> {
    let moment = |moment: Option<Timestamp>| moment.map(Timestamp::iso);
    ToldJob {
        id: &job.id,
        status: &job.status,
        queue: &job.queue,
        function: job.function.as_deref(),
        description: job.description.as_deref(),
        created_at: moment(job.created_at),
        enqueued_at: moment(job.enqueued_at),
        started_at: moment(job.started_at),
        ended_at: moment(job.ended_at),
        worker: job.worker.as_deref(),
    }
}
