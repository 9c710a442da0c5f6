//! Tells when the files that the configuration comes from have changed: by content, and once for a whole burst.
//!
//! A thread of its own looks at them, so that a file system which hangs does not hang the daemon. The kernel's hints make it
//! fast; a look at fixed intervals finds what the kernel does not tell (NFS, a lost watch, no watches left).

mod content;
mod folders;
mod notifier;
mod patrol;
mod snapshot;

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use tokio::sync::watch;

use patrol::{Order, Patrol};
pub(crate) use snapshot::Snapshot;

use crate::event::Event;
use crate::telemetry::emit;

/// How often the files are looked at without a hint.
#[cfg(test)]
const INTERVAL: Duration = Duration::from_secs(30);

/// How long the thread may take for an answer; it takes longer only when a file system hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// Watches a set of files and folders. The thread behind it ends when this is dropped.
pub(crate) struct Watch {
    orders: Sender<Order>,
    changes: watch::Receiver<()>,
}

impl Watch {
    /// Watches nothing yet. It looks every `interval`, and at once where the kernel gives a hint.
    pub(crate) fn new(interval: Duration) -> Self {
        Self::start(interval, true)
    }

    /// The same, without asking the kernel for hints.
    #[cfg(test)]
    pub(crate) fn polling(interval: Duration) -> Self {
        Self::start(interval, false)
    }

    fn start(interval: Duration, hints: bool) -> Self {
        let (orders, receive) = mpsc::channel();
        let (report, changes) = watch::channel(());
        let patrol = Patrol::new(interval, receive, hints.then(|| orders.clone()), report);
        let spawned = thread::Builder::new().name("rq-watch".to_owned()).spawn(move || patrol.run());
        if let Err(error) = spawned {
            tell_blind(&error);
        }
        Self { orders, changes }
    }

    /// Names the files and folders to watch, those too that are not there yet. Of a folder, the files count that the
    /// configuration would read as drop-ins. What was watched before stays measured against what was last seen of it; what is
    /// new, against what it is now.
    ///
    /// What comes back does it, and waits until it is done: on a thread that may wait.
    pub(crate) fn setting(&self, paths: Vec<PathBuf>) -> impl FnOnce() + Send + 'static {
        let orders = self.orders.clone();
        move || {
            let (answer, done) = mpsc::channel();
            if orders.send(Order::Set(paths, answer)).is_ok() {
                // One that hangs is told by nothing, and the look at intervals finds what it misses.
                let _ = done.recv_timeout(PATIENCE);
            }
        }
    }

    /// Comes back once when something has changed by content and then been quiet for a moment. May be dropped and called
    /// again: no change is lost by that.
    pub(crate) async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            // There is no thread to look; a reload is still to be had by asking for it.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // A thread that is gone needs no word.
        let _ = self.orders.send(Order::Stop);
    }
}

/// Without a thread nothing is looked at at all.
fn tell_blind(error: &io::Error) {
    emit(Event::ConfigurationDoubted {
        warning: format!("changes of the configuration are not noticed: no thread: {error}"),
    });
}
