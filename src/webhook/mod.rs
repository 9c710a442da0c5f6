//! Webhooks: HTTP requests that a job asks for when it has ended for good.
//!
//! They are noted in Redis by the step that ends the job, sent after it, each from a thread of its own, and struck out then: what a
//! daemon did not live to send is sent by another. A receiver that is slow or gone holds up nothing. No more than [`AT_ONCE`] jobs
//! are told of at a time; the others wait.

mod message;
mod request;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};

use crate::event::Event;
use crate::job::DaemonId;
use crate::store::{Backoff, Note, Store};
use crate::telemetry::emit;
use message::Hook;
pub(crate) use message::{End, Message, Status};
use request::Sender;

/// How many jobs' webhooks are sent at once.
const AT_ONCE: usize = 8;
/// How many jobs' webhooks may wait, as memory is not endless; what comes beyond stays noted, for a daemon with less to do.
const MOST_WAITING: usize = 10_000;

/// Whoever sends webhooks, for all workers of a daemon.
pub(crate) struct Courier {
    store: Store,
    daemon: DaemonId,
    room: Rc<Semaphore>,
    sender: Arc<OnceLock<Sender>>,
    waiting: Rc<Cell<usize>>,
}

impl Courier {
    pub(crate) fn new(store: Store, daemon: DaemonId) -> Self {
        let room = Rc::new(Semaphore::new(AT_ONCE));
        Self { store, daemon, room, sender: Arc::default(), waiting: Rc::default() }
    }

    /// What is to be noted in Redis before a message is sent; nothing when there is nothing to send.
    pub(crate) fn note(&self, message: &Message) -> Option<Note> {
        if message.hooks().is_ok_and(|hooks| hooks.is_empty()) {
            return None;
        }
        let text = serde_json::to_string(message).expect("texts are always JSON");
        Some(Note { member: message.member(), daemon: self.daemon.clone(), text })
    }

    /// Sends what another daemon noted and did not live to send.
    pub(crate) async fn adopt(&self, note: &Note) {
        if note.daemon == self.daemon || !self.store.adopt_webhooks(note, &self.daemon).await.unwrap_or(false)
        {
            return;
        }
        match serde_json::from_str(&note.text) {
            Ok(message) => self.send(message),
            Err(_) => drop(self.store.strike_webhooks(&note.member).await),
        }
    }

    /// Sends a message that is noted, one request after the other. It never fails: what goes wrong is told.
    pub(crate) fn send(&self, message: Message) {
        let hooks = message.hooks().unwrap_or_else(|reason| {
            emit(Event::WebhooksUnreadable { job: message.job.clone(), reason });
            Vec::new()
        });
        if self.waiting.get() >= MOST_WAITING {
            for hook in hooks {
                failed(
                    &message.job,
                    &hook.url,
                    "too many webhooks are waiting; another daemon sends it".to_owned(),
                );
            }
            return;
        }
        self.waiting.set(self.waiting.get() + 1);
        let (room, sender, waiting) =
            (Rc::clone(&self.room), Arc::clone(&self.sender), Rc::clone(&self.waiting));
        let store = self.store.clone();
        tokio::task::spawn_local(async move {
            let _place = room.acquire().await.expect("the semaphore is never closed");
            for hook in hooks {
                send_one(&sender, &message, hook).await;
            }
            strike(&store, &message).await;
            waiting.set(waiting.get() - 1);
        });
    }

    /// Waits until all is sent, but no longer than this.
    pub(crate) async fn rest(&self, limit: Duration) {
        if self.waiting.get() == 0 {
            return;
        }
        let all = u32::try_from(AT_ONCE).expect("it is small");
        // The semaphore is fair: who comes last goes last.
        if timeout(limit, self.room.acquire_many(all)).await.is_err() {
            emit(Event::WebhooksLeft { jobs: self.waiting.get() });
        }
    }
}

async fn send_one(sender: &Arc<OnceLock<Sender>>, message: &Message, hook: Hook) {
    let (job, url) = (message.job.clone(), hook.url.clone());
    emit(Event::WebhookBegan { job, status: message.status.to_string(), url: url.clone() });
    let body = message.body();
    let (tell, told) = oneshot::channel();
    let sender = Arc::clone(sender);
    let thread = std::thread::Builder::new().name("webhook".to_owned());
    let spawned = thread.spawn(move || {
        let _ = tell.send(sender.get_or_init(Sender::new).send(&hook, &body));
    });
    let sent = match spawned {
        Ok(_) => told.await.unwrap_or_else(|_| Err("its thread ended without a word".to_owned())),
        Err(error) => Err(format!("cannot start a thread: {error}")),
    };
    if let Err(error) = sent {
        failed(&message.job, &url, error);
    }
}

/// RQ: what failed is not sent again, so that it is struck out as well.
async fn strike(store: &Store, message: &Message) {
    let mut backoff = Backoff::new();
    while store.strike_webhooks(&message.member()).await.is_err_and(|error| error.is_away()) {
        sleep(backoff.next()).await;
    }
}

fn failed(job: &str, url: &str, error: String) {
    emit(Event::WebhookFailed { job: job.to_owned(), url: url.to_owned(), error });
}
