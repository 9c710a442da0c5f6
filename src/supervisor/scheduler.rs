//! The scheduler beside the workers of a daemon.

use std::pin::pin;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Daemon;
use crate::config::Settings;
use crate::job::QueueName;
use crate::scheduler::Scheduler;
use crate::store::Store;
use crate::worker::Stop;

/// A scheduler that works in a task of its own.
pub(super) struct Beside {
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Starts the daemon's scheduler, if it is to have one; for a burst, lets it do its work and end.
pub(super) async fn start(daemon: &Daemon, settings: &Settings, store: &Store) -> Option<Beside> {
    if !settings.scheduler.enabled {
        return None;
    }
    let queues = settings.worker.queues.iter().map(QueueName::new).collect();
    let scheduler = Scheduler::new(store.clone(), queues, settings.scheduler.interval);
    let mut stop = daemon.stop.subscribe();
    // RQ: it ends at the first signal, while the worker still has its job in hand, so that another one takes over at once.
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop != Stop::No).await;
    };
    if settings.worker.burst {
        scheduler.run_once(stopped).await;
        return None;
    }
    let (end, ended) = oneshot::channel::<()>();
    let task = tokio::task::spawn_local(scheduler.run(async move {
        let stopped = pin!(stopped);
        tokio::select! {
            () = stopped => {}
            _ = ended => {}
        }
    }));
    Some(Beside { end, task })
}

impl Beside {
    /// Ends the scheduler, whose locks are free then.
    pub(super) async fn end(self) {
        let _ = self.end.send(());
        let _ = self.task.await;
    }
}
