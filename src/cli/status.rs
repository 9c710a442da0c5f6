//! `rq status`.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use super::args::StatusArgs;
use super::control;
use super::exit::{Exit, Failure};
use super::output;
use super::reload::outcome;
use super::settings_table::as_json;
use super::span::span_of;
use crate::os::terminal::Stream;
use crate::supervisor::control::{
    DaemonStatus, GroupStatus, Reply, Request, State, WorkerStatus, daemons, places,
};

/// The columns of workers, by their heads.
const HEADS: [&str; 7] = ["GROUP", "WORKER", "STATE", "QUEUES", "JOB", "FOR", "DONE"];

/// Tells how the daemons of this machine are.
pub(super) fn run(args: &StatusArgs) -> Result<Exit, Failure> {
    let questions = daemons(&places()).into_iter().map(|daemon| (daemon, Request::Status)).collect();
    let mut statuses = Vec::new();
    for (daemon, reply) in control::ask(questions, control::STATUS_PATIENCE)? {
        match reply {
            Ok(Reply::Status(status)) => statuses.push(status),
            Ok(Reply::Refused { error }) | Err(error) => silent(daemon.pid, &error),
            Ok(
                Reply::Health(_)
                | Reply::Reload(_)
                | Reply::Done { .. }
                | Reply::Configuration { .. }
                | Reply::Stack(_),
            ) => {
                silent(daemon.pid, "it answered something else");
            }
        }
    }
    if args.json {
        output::print(&as_json(&statuses));
    } else if !statuses.is_empty() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        output::print(&in_words(&statuses, now, Stream::Out.wants_colour()));
    }
    if statuses.is_empty() { Err(control::nobody()) } else { Ok(Exit::Done) }
}

/// A daemon that is there and does not say how it is.
fn silent(pid: u32, why: &str) {
    Failure::new(Exit::Failed, format!("daemon {pid}: {why}")).report();
}

fn in_words(statuses: &[DaemonStatus], now: f64, colour: bool) -> String {
    let blocks: Vec<String> = statuses.iter().map(|status| daemon(status, now, colour)).collect();
    blocks.join("\n")
}

fn daemon(status: &DaemonStatus, now: f64, colour: bool) -> String {
    let DaemonStatus { pid, version, started_at, generation, application, .. } = status;
    let mut head = format!(
        "daemon {pid} (rqd {version}): {} since {}, configuration {generation}, {application}",
        state(status.state),
        span_of(now - started_at)
    );
    if let Some(reload) = &status.last_reload {
        let ago = span_of(now - reload.at);
        // Writing to a string cannot fail.
        let _ = write!(head, "\n  {ago} ago, {}: {}", reload.asked_by, outcome(reload.outcome));
        for pending in &reload.pending {
            let _ = write!(head, "\n  {} waits for a restart", pending.key);
        }
        for error in &reload.errors {
            let _ = write!(head, "\n  {error}");
        }
    }
    let rows =
        status.groups.iter().flat_map(|group| group.workers.iter().map(|worker| row(group, worker, now)));
    output::safe(&head).into_owned() + "\n" + &table(&rows.collect::<Vec<_>>(), colour)
}

fn row(group: &GroupStatus, worker: &WorkerStatus, now: f64) -> [String; 7] {
    let job = match (&worker.job, &worker.function) {
        (Some(job), Some(function)) => format!("{job} {function}"),
        (Some(job), None) => job.clone(),
        (None, _) => "-".to_owned(),
    };
    let since = worker.since.map_or_else(|| "-".to_owned(), |since| span_of(now - since));
    [
        group.name.clone(),
        worker.name.clone(),
        worker.state.clone(),
        worker.queues.join(","),
        job,
        since,
        worker.jobs_done.to_string(),
    ]
}

/// Rows below their heads, each column as wide as what is in it.
fn table(rows: &[[String; 7]], colour: bool) -> String {
    if rows.is_empty() {
        return "  no workers\n".to_owned();
    }
    let rows: Vec<_> = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| output::safe(cell).replace(['\n', '\t'], " ")))
        .collect();
    let line = |cells: [&str; 7]| {
        let mut line = String::from(" ");
        for (column, cell) in cells.iter().enumerate() {
            let cells = rows.iter().map(|row| row[column].chars().count());
            let width = cells.max().unwrap_or(0).max(HEADS[column].len());
            let _ = write!(line, " {cell:width$} ");
        }
        line.trim_end().to_owned()
    };
    let mut text = output::painted("\x1b[1m", &line(HEADS), colour) + "\n";
    for row in &rows {
        text += &(line(row.each_ref().map(String::as_str)) + "\n");
    }
    text
}

fn state(state: State) -> &'static str {
    match state {
        State::Starting => "starting",
        State::Running => "running",
        State::Quiet => "quiet",
        State::Stopping => "stopping",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(name: &str, job: Option<&str>, since: Option<f64>) -> WorkerStatus {
        WorkerStatus {
            name: name.to_owned(),
            queues: vec!["high".to_owned(), "low".to_owned()],
            state: if job.is_some() { "busy" } else { "idle" }.to_owned(),
            job: job.map(str::to_owned),
            function: job.map(|_| "app.work\x1b[2J".to_owned()),
            since,
            jobs_done: 3,
        }
    }

    #[test]
    fn a_daemon_is_told_with_its_workers_and_what_they_do() {
        let workers = vec![worker("w1", Some("j1"), Some(988.0)), worker("worker-2", None, None)];
        let status = DaemonStatus {
            pid: 7,
            version: "0.1.0".to_owned(),
            started_at: 10.0,
            state: State::Running,
            generation: 2,
            last_reload: None,
            application: "Python 3.12 (process 8)".to_owned(),
            groups: vec![GroupStatus { name: "default".to_owned(), wanted: 2, workers }],
        };

        let expected = "\
daemon 7 (rqd 0.1.0): running since 16m 30s, configuration 2, Python 3.12 (process 8)
  GROUP    WORKER    STATE  QUEUES    JOB                 FOR  DONE
  default  w1        busy   high,low  j1 app.work\\x1b[2J  12s  3
  default  worker-2  idle   high,low  -                   -    3
";
        assert_eq!(in_words(&[status], 1000.0, false), expected);
    }
}
