//! Commands to workers elsewhere, through Redis.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use uuid::Uuid;

use super::SupervisorError;
use super::control::{Reply, Request, read_reply};
use super::looking::look;
use crate::config::{Sources, nearest};
use crate::job::{QueueName, WorkerName};
use crate::store::{Kind, Standing, Store};
use crate::worker::WorkError;

/// How many running jobs are looked at for an id that is none.
const RUNNING: usize = 1000;

/// What became of a command to one worker.
#[derive(Debug)]
pub(crate) enum Delivery {
    /// It was heard; whether it was obeyed was not waited for, or not told in time.
    Heard,
    Answered(Box<Reply>),
    /// It was not given, or nobody heard it.
    Failed(String),
}

/// Gives a command to these workers, or to all that are registered. With patience, their answers are waited for.
pub(crate) async fn command_workers(
    sources: Sources,
    names: &[String],
    request: &Request,
    patience: Option<Duration>,
) -> Result<Vec<(String, Delivery)>, SupervisorError> {
    let store = reach(sources).await?;
    let names = match names {
        [] => store.worker_names().await.map_err(WorkError::from)?,
        names => names.iter().map(WorkerName::new).collect(),
    };
    let deadline = patience.map(|patience| Instant::now() + patience);
    let mut given = Vec::new();
    for name in names {
        // An answer that nobody waits for is not asked for.
        let id = patience.map(|_| Uuid::new_v4().simple().to_string());
        given.push((name.to_string(), give(&store, &name, request, id.as_deref()).await?, id));
    }
    let mut told = Vec::new();
    for (name, mut delivery, id) in given {
        if let (Delivery::Heard, Some(deadline), Some(id)) = (&delivery, deadline, id) {
            delivery = answered(&store, &id, deadline.saturating_duration_since(Instant::now())).await?;
        }
        told.push((name, delivery));
    }
    Ok(told)
}

/// Looks at a job by its id, or at that of a worker by its name.
pub(crate) async fn look_elsewhere(
    sources: Sources,
    of: &str,
    patience: Duration,
) -> Result<Delivery, SupervisorError> {
    ask_for_stack(&reach(sources).await?, of, patience).await
}

/// The same, in a Redis that was reached already.
pub(crate) async fn ask_for_stack(
    store: &Store,
    of: &str,
    patience: Duration,
) -> Result<Delivery, SupervisorError> {
    let worker = match store.place_of(of).await.map_err(WorkError::from)? {
        Some((status, worker)) if status == "started" && !worker.is_empty() => WorkerName::new(worker),
        Some((status, _)) => {
            return Ok(Delivery::Failed(format!("job {of} does not run: its status is {status}")));
        }
        None => WorkerName::new(of),
    };
    if worker.as_str() == of && store.kind_of(&worker).await.map_err(WorkError::from)?.is_none() {
        let near = meant(store, of, &running(store).await).await;
        return Ok(Delivery::Failed(format!(
            "there is no job {of} in that Redis, and no worker of that name{near}"
        )));
    }
    let id = Uuid::new_v4().simple().to_string();
    let request = Request::Stack { of: of.to_owned() };
    let of_worker = |why: String| Delivery::Failed(format!("worker {worker}: {why}"));
    Ok(match give(store, &worker, &request, Some(&id)).await? {
        Delivery::Heard => match answered(store, &id, patience).await? {
            Delivery::Failed(why) => of_worker(why),
            answered => answered,
        },
        Delivery::Failed(why) => of_worker(why),
        answered @ Delivery::Answered(_) => answered,
    })
}

/// The Redis of that configuration, once it answers.
async fn reach(sources: Sources) -> Result<Store, SupervisorError> {
    Ok(look(sources).await?.store().clone())
}

/// The jobs that run, as far as one may see them.
async fn running(store: &Store) -> Vec<String> {
    let queues = store.queue_names().await.unwrap_or_default().into_iter().map(QueueName::new);
    store.newest(&queues.collect::<Vec<_>>(), &[Standing::Started], RUNNING).await.unwrap_or_default()
}

/// What was probably meant by a name that no worker has, in words.
async fn meant(store: &Store, name: &str, others: &[String]) -> String {
    let workers = store.worker_names().await.unwrap_or_default();
    let known = workers.iter().map(WorkerName::as_str).chain(others.iter().map(String::as_str));
    nearest(name, known).map(|near| format!("; did you mean {near}?")).unwrap_or_default()
}

/// `id` is where an answer is waited for.
async fn give(
    store: &Store,
    name: &WorkerName,
    request: &Request,
    id: Option<&str>,
) -> Result<Delivery, WorkError> {
    let is_rqs_own = matches!(request, Request::Stop { cold: false, .. });
    Ok(match store.kind_of(name).await? {
        None => {
            let near = meant(store, name.as_str(), &[]).await;
            Delivery::Failed(format!("there is no such worker{near}"))
        }
        Some(Kind::Pythons) if !is_rqs_own => {
            Delivery::Failed("this is a worker of Python's, which does not know the command".to_owned())
        }
        Some(Kind::Ours | Kind::Pythons) if store.give_command(name, &payload(request, id)).await? => {
            Delivery::Heard
        }
        Some(Kind::Ours | Kind::Pythons) => Delivery::Failed("it hears no commands now".to_owned()),
    })
}

async fn answered(store: &Store, id: &str, patience: Duration) -> Result<Delivery, WorkError> {
    Ok(match store.await_answer(id, patience).await? {
        Some(text) => {
            read_reply(&text).map_or_else(Delivery::Failed, |reply| Delivery::Answered(Box::new(reply)))
        }
        None => Delivery::Failed("it did not answer in time".to_owned()),
    })
}

/// What is published. RQ: `shutdown` is its own command, and what it does not know of it, it passes over.
fn payload(request: &Request, id: Option<&str>) -> Value {
    match request {
        Request::Reload { code } => json!({"command": "reload", "id": id, "code": code}),
        Request::Quiet { .. } => json!({"command": "quiet", "id": id}),
        Request::Resume { .. } => json!({"command": "unquiet", "id": id}),
        Request::Stop { cold, .. } => json!({"command": "shutdown", "id": id, "cold": cold}),
        // How well a daemon is, is asked for on its own machine only.
        Request::Status | Request::Health => json!({"command": "status", "id": id}),
        Request::Configuration => json!({"command": "configuration", "id": id}),
        Request::Difference => json!({"command": "difference", "id": id}),
        Request::Stack { of } => json!({"command": "stack", "id": id, "of": of}),
    }
}
