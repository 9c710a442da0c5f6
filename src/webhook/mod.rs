//! Webhooks: HTTP requests that a job asks for when it has ended for good.
//!
//! They are sent after the outcome is in Redis, each from a thread of its own, so that a receiver that is slow or gone holds up
//! nothing. No more than [`AT_ONCE`] jobs are told of at a time; the others wait.

mod message;
mod request;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::event::Event;
use crate::telemetry::emit;
pub(crate) use message::{Message, Status};
use request::Sender;

/// How many jobs' webhooks are sent at once.
const AT_ONCE: usize = 8;
/// How many jobs' webhooks may wait; what comes beyond is told and dropped, as memory is not endless.
const MOST_WAITING: usize = 10_000;

/// Whoever sends webhooks, for all workers of a daemon.
pub(crate) struct Courier {
    room: Rc<Semaphore>,
    sender: Arc<OnceLock<Sender>>,
    waiting: Rc<Cell<usize>>,
}

impl Courier {
    pub(crate) fn new() -> Self {
        let room = Rc::new(Semaphore::new(AT_ONCE));
        Self { room, sender: Arc::default(), waiting: Rc::default() }
    }

    /// Sends what a job asked for when it ends like this, one request after the other. It never fails: what goes wrong is told.
    pub(crate) fn send(&self, message: Message) {
        let hooks = match message.hooks() {
            Ok(hooks) if hooks.is_empty() => return,
            Ok(hooks) => hooks,
            Err(reason) => return emit(Event::WebhooksUnreadable { job: message.job, reason }),
        };
        if self.waiting.get() >= MOST_WAITING {
            for hook in hooks {
                failed(&message.job, &hook.url, "too many webhooks are waiting already".to_owned());
            }
            return;
        }
        self.waiting.set(self.waiting.get() + 1);
        let (room, sender, waiting) =
            (Rc::clone(&self.room), Arc::clone(&self.sender), Rc::clone(&self.waiting));
        tokio::task::spawn_local(async move {
            let _place = room.acquire().await.expect("the semaphore is never closed");
            for hook in hooks {
                emit(Event::WebhookBegan {
                    job: message.job.clone(),
                    status: message.status.to_string(),
                    url: hook.url.clone(),
                });
                let body = message.body();
                let (tell, told) = oneshot::channel();
                let (sender, url) = (Arc::clone(&sender), hook.url.clone());
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

fn failed(job: &str, url: &str, error: String) {
    emit(Event::WebhookFailed { job: job.to_owned(), url: url.to_owned(), error });
}
