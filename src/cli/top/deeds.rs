//! What keys ask for, carried out beside the view; what came of it goes back to the view.

use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{JoinSet, spawn_blocking, spawn_local};

use super::state::{About, Detail, Input};
use crate::cli::control::done as control_words;
use crate::cli::exit::{Exit, Failure};
use crate::cli::job::{READ, Tale, words};
use crate::cli::page::{Line, Tone, block};
use crate::cli::stack::in_words;
use crate::cli::worker::failure;
use crate::job::WorkerName;
use crate::job::calendar::Zone;
use crate::store::{Overview, Rearranged, Store, StoreError, Story, Wanted};
use crate::supervisor::control::{self, DaemonStatus, Reply, Request};
use crate::supervisor::{self, Delivery};

/// How long a daemon of this machine may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a look at a process may take, and the way through Redis.
const LOOKING: Duration = Duration::from_secs(20);

/// Who does it, and where what came of it goes.
#[derive(Clone)]
pub(super) struct Deeds {
    pub(super) store: Store,
    pub(super) tell: UnboundedSender<Input>,
}

impl Deeds {
    /// Looks at Redis and at the daemons of this machine.
    pub(super) fn look(&self, wanted: Wanted, before: Overview) {
        let Self { store, tell } = self.clone();
        spawn_local(async move {
            let (seen, daemons) = tokio::join!(store.overview(&wanted, &before), daemons());
            // Nobody listens once the view is closed.
            let _ = tell.send(Input::Daemons(daemons));
            let _ = tell.send(match seen {
                Ok(seen) => Input::Seen(Box::new(seen)),
                Err(error) => Input::Lost(message(&error)),
            });
        });
    }

    /// Finds the story of a job.
    pub(super) fn tell(&self, job: String) {
        let Self { store, tell } = self.clone();
        spawn_local(async move {
            let lines = match store.story(&job, READ).await {
                Ok(Some(story)) => told_aside(story).await,
                Ok(None) => vec![Line::of(Tone::Bad, &format!("the job {job} is not there any more"))],
                Err(error) => vec![Line::of(Tone::Bad, &message(&error))],
            };
            let _ = tell.send(Input::Detail(Detail { about: About::Job(job), lines }));
        });
    }

    /// Finds the Python stack of a job, wherever it runs.
    pub(super) fn stack(&self, job: String) {
        let Self { store, tell } = self.clone();
        spawn_local(async move {
            let lines = match supervisor::ask_for_stack(&store, &job, LOOKING).await {
                Ok(Delivery::Answered(reply)) => match *reply {
                    Reply::Stack(stack) => block("", Tone::Plain, &in_words(&stack)),
                    other => vec![Line::of(Tone::Bad, &control_words(&other, "", ""))],
                },
                Ok(Delivery::Failed(why)) => vec![Line::of(Tone::Bad, &why)],
                Ok(Delivery::Heard) => vec![Line::of(Tone::Bad, "the worker did not answer")],
                Err(error) => vec![Line::of(Tone::Bad, &failure(&error).message())],
            };
            let _ = tell.send(Input::Detail(Detail { about: About::Stack(job), lines }));
        });
    }

    /// Gives RQ's command to stop a job.
    pub(super) fn stop(&self, job: String, worker: String) {
        let store = self.store.clone();
        self.act(async move {
            let command = json!({"command": "stop-job", "job_id": job});
            match store.give_command(&WorkerName::new(worker.clone()), &command).await {
                Ok(true) => Ok(format!("the worker {worker} was told to stop the job {job}")),
                Ok(false) => Err(format!("the worker {worker} hears no commands: {job} was not stopped")),
                Err(error) => Err(message(&error)),
            }
        });
    }

    pub(super) fn requeue(&self, job: String) {
        let store = self.store.clone();
        self.act(async move { told(&job, "is back in its queue", store.requeue(&job).await) });
    }

    pub(super) fn delete(&self, job: String) {
        let store = self.store.clone();
        self.act(async move { told(&job, "is deleted", store.discard(&job).await) });
    }

    fn act(&self, deed: impl Future<Output = Result<String, String>> + 'static) {
        let tell = self.tell.clone();
        spawn_local(async move { drop(tell.send(Input::Done(deed.await))) });
    }
}

/// A story in words. It may take long to unpack, and keys are heard meanwhile.
async fn told_aside(story: Story) -> Vec<Line> {
    let telling = spawn_blocking(move || words(&Tale::of(&story, None), &Zone::local()));
    // One that is not told any more is not looked at any more.
    telling.await.unwrap_or_default()
}

/// What became of a wish, in words.
fn told(job: &str, done: &str, rearranged: Result<Rearranged, StoreError>) -> Result<String, String> {
    match rearranged {
        Ok(Rearranged::Done) => Ok(format!("{job} {done}")),
        Ok(Rearranged::Gone) => Err(format!("the job {job} is not there any more")),
        Ok(Rearranged::Elsewhere(status)) => {
            Err(format!("{job} is not among the failed jobs: it is {status}"))
        }
        Err(error) => Err(message(&error)),
    }
}

pub(super) fn message(error: &StoreError) -> String {
    Failure::of(Exit::Failed, error).message()
}

/// How the daemons of this user on this machine are. One that does not say is left out.
pub(super) async fn daemons() -> Vec<DaemonStatus> {
    let mut asking = JoinSet::new();
    for daemon in control::daemons(&control::places()) {
        asking.spawn(async move { control::ask(&daemon.path, &Request::Status, PATIENCE).await });
    }
    let answers = asking.join_all().await.into_iter();
    let mut told: Vec<DaemonStatus> = answers
        .filter_map(|answer| match answer {
            Ok(Reply::Status(status)) => Some(status),
            _ => None,
        })
        .collect();
    told.sort_by_key(|daemon| daemon.pid);
    told
}
