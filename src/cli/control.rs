//! Asking daemons that run already: those of this machine by their sockets, others through Redis.

use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinSet;

use super::args::ReachArgs;
use super::exit::{Exit, Failure};
use super::output;
use super::worker::{failure, sources};
use crate::supervisor::control::{self, DaemonStatus, Found, Outcome, Reply, Request};
use crate::supervisor::{self, Delivery};

/// How long a daemon may take to say how it is.
pub(super) const STATUS_PATIENCE: Duration = Duration::from_secs(5);

/// How long what is asked for may take: a reload may load the application.
const PATIENCE: Duration = Duration::from_secs(60);

/// What somebody answered: a daemon of this machine, or a worker wherever it is.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Answer {
    pub(super) pid: Option<u32>,
    pub(super) worker: Option<String>,
    /// What it says; nothing when it was only told.
    pub(super) reply: Option<Reply>,
    pub(super) error: Option<String>,
}

/// What a daemon says, or why it says nothing.
pub(super) type Heard = Result<Reply, String>;

/// There is no daemon to ask.
pub(super) fn nobody() -> Failure {
    Failure::new(Exit::Failed, "no rq daemon runs here (of this user)").with_hint(
        "another user's is asked as that user, one elsewhere by rq reload, quiet or stop with -u or --all",
    )
}

/// What a daemon says that does what it was asked for: itself, or some of its workers.
pub(super) fn done(reply: &Reply, one: &str, several: &str) -> String {
    match reply {
        Reply::Done { workers } if workers.len() == 1 => format!("{} {one}", workers.concat()),
        Reply::Done { workers } if !workers.is_empty() => format!("{} {several}", workers.join(", ")),
        Reply::Done { .. } => one.to_owned(),
        Reply::Refused { error } => error.clone(),
        Reply::Status(_)
        | Reply::Health(_)
        | Reply::Reload(_)
        | Reply::Configuration { .. }
        | Reply::Stack(_) => "it answered something else".to_owned(),
    }
}

/// Asks daemons or workers, tells what they said by `words`, and says how well it went.
pub(super) fn carry_out(
    reach: &ReachArgs,
    names: &[String],
    request: &Request,
    waits: bool,
    words: fn(&Reply) -> String,
) -> Result<Exit, Failure> {
    let answers = if reach.is_remote() {
        elsewhere(reach, names, request, waits)?
    } else {
        here(reach, names, request, waits)?
    };
    if reach.json {
        output::print(&super::settings_table::as_json(&answers));
    } else {
        for answer in &answers {
            tell(answer, words);
        }
    }
    Ok(exit(&answers))
}

/// Asks the daemons of this machine, and workers that are not among theirs through Redis.
fn here(reach: &ReachArgs, names: &[String], request: &Request, waits: bool) -> Result<Vec<Answer>, Failure> {
    let found = control::daemons(&control::places());
    if names.is_empty() {
        if found.is_empty() {
            return Err(nobody());
        }
        return asked(found.into_iter().map(|daemon| (daemon, request.clone())).collect(), PATIENCE);
    }
    let mut statuses = Vec::new();
    let mut answers = Vec::new();
    let questions = found.into_iter().map(|daemon| (daemon, Request::Status)).collect();
    for (daemon, reply) in ask(questions, STATUS_PATIENCE)? {
        match reply {
            Ok(Reply::Status(status)) => statuses.push((daemon, status)),
            Ok(other) => answers.push(unexpected(&daemon, other)),
            Err(error) => answers.push(failed(&daemon, error)),
        }
    }
    let (orders, missing) = assigned(names, statuses);
    answers.extend(asked(
        orders.into_iter().map(|(daemon, to)| (daemon, meant(request, to))).collect(),
        PATIENCE,
    )?);
    if !missing.is_empty() {
        answers.extend(elsewhere(reach, &missing, request, waits)?);
    }
    Ok(answers)
}

/// The names of the workers of this machine, and the numbers of their daemons; of those that answer in time.
pub(super) fn names_here(patience: Duration) -> Vec<String> {
    let questions = control::daemons(&control::places()).into_iter().map(|daemon| (daemon, Request::Status));
    let answers = ask(questions.collect(), patience).unwrap_or_default();
    let mut names = Vec::new();
    for (daemon, reply) in answers {
        names.push(daemon.pid.to_string());
        if let Ok(Reply::Status(status)) = reply {
            let workers = status.groups.into_iter().flat_map(|group| group.workers);
            names.extend(workers.map(|worker| worker.name));
        }
    }
    names
}

/// Which daemon has which of the named workers, all of them where its number was named; and who is in none of them.
fn assigned(
    names: &[String],
    daemons: Vec<(Found, DaemonStatus)>,
) -> (Vec<(Found, Vec<String>)>, Vec<String>) {
    let mut missing = names.to_vec();
    let mut orders = Vec::new();
    for (daemon, status) in daemons {
        let workers = status.groups.iter().flat_map(|group| &group.workers);
        let own: Vec<String> =
            workers.map(|worker| worker.name.clone()).filter(|name| names.contains(name)).collect();
        let number = [status.pid.to_string(), daemon.pid.to_string()];
        let is_whole = names.iter().any(|name| number.contains(name));
        missing.retain(|name| !own.contains(name) && !number.contains(name));
        if is_whole {
            orders.push((daemon, Vec::new()));
        } else if !own.is_empty() {
            orders.push((daemon, own));
        }
    }
    (orders, missing)
}

/// The question for these workers of a daemon.
fn meant(request: &Request, to: Vec<String>) -> Request {
    match request {
        Request::Quiet { .. } => Request::Quiet { workers: to },
        Request::Resume { .. } => Request::Resume { workers: to },
        Request::Stop { cold, .. } => Request::Stop { workers: to, cold: *cold },
        // These are the daemon's as a whole.
        Request::Status
        | Request::Health
        | Request::Reload { .. }
        | Request::Configuration
        | Request::Difference
        | Request::Stack { .. } => request.clone(),
    }
}

fn asked(questions: Vec<(Found, Request)>, patience: Duration) -> Result<Vec<Answer>, Failure> {
    let answers = ask(questions, patience)?.into_iter().map(|(daemon, reply)| {
        let (reply, error) = match reply {
            Ok(Reply::Refused { error }) | Err(error) => (None, Some(error)),
            Ok(reply) => (Some(reply), None),
        };
        Answer { pid: Some(daemon.pid), worker: None, reply, error }
    });
    Ok(answers.collect())
}

/// Asks daemons all at once; the answers are in the order of their numbers.
pub(super) fn ask(
    questions: Vec<(Found, Request)>,
    patience: Duration,
) -> Result<Vec<(Found, Heard)>, Failure> {
    let answers = supervisor::block_on(async {
        let mut asking = JoinSet::new();
        for (daemon, request) in questions {
            asking.spawn(async move {
                let reply = control::ask(&daemon.path, &request, patience).await;
                (daemon, reply.map_err(|error| Failure::of(Exit::Failed, &error).message()))
            });
        }
        let mut answers = asking.join_all().await;
        answers.sort_by_key(|(daemon, _)| daemon.pid);
        Ok(answers)
    });
    answers.map_err(|error| failure(&error))
}

fn unexpected(daemon: &Found, reply: Reply) -> Answer {
    match reply {
        Reply::Refused { error } => failed(daemon, error),
        Reply::Status(_)
        | Reply::Health(_)
        | Reply::Reload(_)
        | Reply::Done { .. }
        | Reply::Configuration { .. }
        | Reply::Stack(_) => failed(daemon, "it answered something else".to_owned()),
    }
}

fn failed(daemon: &Found, error: String) -> Answer {
    Answer { pid: Some(daemon.pid), error: Some(error), ..Answer::default() }
}

/// Gives the command through Redis.
fn elsewhere(
    reach: &ReachArgs,
    names: &[String],
    request: &Request,
    waits: bool,
) -> Result<Vec<Answer>, Failure> {
    if names.is_empty() && !reach.all {
        return Err(Failure::new(Exit::Usage, "no worker is named")
            .with_hint("name workers, or say --all for every worker that is registered in that Redis"));
    }
    let sources = sources(reach.sources.config(), reach.sources.overrides())?;
    let patience = waits.then_some(PATIENCE);
    let told = supervisor::block_on(supervisor::command_workers(sources, names, request, patience));
    let told = told.map_err(|error| failure(&error))?;
    if told.is_empty() {
        return Err(Failure::new(Exit::Failed, "no worker is registered in that Redis"));
    }
    let answer = |(worker, delivery)| {
        let (reply, error) = match delivery {
            Delivery::Heard => (None, None),
            Delivery::Answered(reply) => match *reply {
                Reply::Refused { error } => (None, Some(error)),
                reply => (Some(reply), None),
            },
            Delivery::Failed(error) => (None, Some(error)),
        };
        Answer { pid: None, worker: Some(worker), reply, error }
    };
    Ok(told.into_iter().map(answer).collect())
}

fn tell(answer: &Answer, words: fn(&Reply) -> String) {
    let who = match (&answer.worker, answer.pid) {
        (Some(worker), _) => format!("worker {worker}"),
        (None, pid) => format!("daemon {}", pid.unwrap_or_default()),
    };
    let said = match (&answer.error, &answer.reply) {
        (Some(error), _) => {
            Failure::new(Exit::Failed, format!("{who}: {error}")).report();
            return;
        }
        (None, Some(reply)) => words(reply),
        (None, None) => "was told".to_owned(),
    };
    output::print(&format!("{}\n", output::safe(&format!("{who}: {said}"))));
}

/// A configuration that was refused is a mistake in the configuration, wherever it is.
fn exit(answers: &[Answer]) -> Exit {
    let is_refused = |answer: &Answer| matches!(&answer.reply, Some(Reply::Reload(reload)) if reload.outcome == Outcome::Refused);
    if answers.iter().any(|answer| answer.error.is_some()) {
        Exit::Failed
    } else if answers.iter().any(is_refused) {
        Exit::Config
    } else {
        Exit::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::control::{GroupStatus, ReloadOutcome, State, WorkerStatus};

    fn daemon(pid: u32, workers: &[&str]) -> (Found, DaemonStatus) {
        let workers = workers.iter().map(|name| WorkerStatus {
            name: (*name).to_owned(),
            queues: vec![],
            state: "idle".to_owned(),
            job: None,
            function: None,
            since: None,
            jobs_done: 0,
        });
        let group = GroupStatus { name: "default".to_owned(), wanted: 1, workers: workers.collect() };
        let status = DaemonStatus {
            pid,
            version: String::new(),
            started_at: 0.0,
            state: State::Running,
            generation: 1,
            last_reload: None,
            application: String::new(),
            groups: vec![group],
        };
        (Found { pid, path: format!("{pid}.sock").into() }, status)
    }

    #[test]
    fn each_daemon_is_asked_for_its_own_workers_and_the_rest_is_elsewhere() {
        let names = ["b", "c", "8", "far", "9"].map(str::to_owned);

        let (orders, missing) =
            assigned(&names, vec![daemon(7, &["a", "b", "c"]), daemon(8, &["d"]), daemon(6, &["e"])]);

        let orders: Vec<_> = orders.into_iter().map(|(daemon, to)| (daemon.pid, to)).collect();
        assert_eq!(orders, [(7, vec!["b".to_owned(), "c".to_owned()]), (8, vec![])]);
        assert_eq!(missing, ["far", "9"]);
    }

    #[test]
    fn the_exit_code_is_that_of_the_worst_answer() {
        let reload = |outcome| Answer {
            reply: Some(Reply::Reload(ReloadOutcome {
                outcome,
                asked_by: String::new(),
                at: 0.0,
                changes: vec![],
                pending: vec![],
                shadowed: vec![],
                renewed: false,
                errors: vec![],
            })),
            ..Answer::default()
        };
        let failed = || Answer { error: Some("it broke off".to_owned()), ..Answer::default() };

        assert_eq!(exit(&[reload(Outcome::Applied), reload(Outcome::Unchanged)]), Exit::Done);
        assert_eq!(exit(&[reload(Outcome::Applied), reload(Outcome::Refused)]), Exit::Config);
        assert_eq!(exit(&[reload(Outcome::Refused), failed()]), Exit::Failed);
        assert_eq!(exit(&[Answer::default()]), Exit::Done);
    }
}
