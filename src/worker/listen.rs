//! Listening: waiting until some queue has a job, without a loop that polls.
//!
//! One blocked `BLMOVE queue queue:intermediate` per queue. The list is RQ's own, so an id that is in it when everything of ours
//! dies is found by our cleaner, and by Python's.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::job::QueueName;
use crate::store::{Dedicated, Store, StoreError, Surfaced};

/// How long one wait lasts; a new one follows.
const BLOCK: Duration = Duration::from_secs(60);
/// How often the queues are asked where waiting is not possible.
const POLL: Duration = Duration::from_millis(250);
/// The most queues that are waited for with a connection each.
const MOST_LINES: usize = 16;
/// How long a queue is not waited for after its wait failed: the claim that follows may well succeed, and must not spin.
const REST: Duration = Duration::from_millis(500);
/// How long waits may take to end before their connections are dropped.
const UNBLOCK: Duration = Duration::from_secs(2);
/// How often an end is asked for: a wait that has not begun yet cannot be ended.
const INSIST: Duration = Duration::from_millis(20);

/// What ended a wait: an id, or nothing but time, or a failure.
type Woken = (usize, Result<Option<Vec<u8>>, StoreError>);

/// The waits of one worker.
pub(super) struct Listener {
    store: Store,
    lines: Vec<Line>,
    woken: mpsc::Receiver<Woken>,
    tell: mpsc::Sender<Woken>,
    queues: Vec<QueueName>,
    tasks: JoinSet<()>,
}

/// The wait for one queue.
struct Line {
    arm: mpsc::Sender<()>,
    armed: bool,
    /// It failed, and is armed again from then on.
    rests_until: Option<Instant>,
    /// The connection that is blocked, by Redis' number.
    connection: Rc<Cell<Option<i64>>>,
}

impl Listener {
    /// `version` is the server's: one before 6.2 cannot wait as we need it, and is polled.
    pub(super) fn new(store: &Store, queues: &[QueueName], version: Option<&str>) -> Self {
        let (tell, woken) = mpsc::channel(MOST_LINES);
        let mut listener = Self {
            store: store.clone(),
            lines: Vec::new(),
            woken,
            tell,
            queues: queues.to_vec(),
            tasks: JoinSet::new(),
        };
        if queues.len() <= MOST_LINES && can_wait(version) {
            listener.open();
        }
        listener
    }

    /// Whether waiting is but a pause between two questions.
    pub(super) fn polls(&self) -> bool {
        self.lines.is_empty()
    }

    /// Waits until a queue had a job, or a while is over. Dropping the future loses nothing.
    pub(super) async fn wait(&mut self) -> Result<Option<Surfaced>, StoreError> {
        if self.lines.is_empty() {
            sleep(POLL).await;
            return Ok(None);
        }
        loop {
            self.arm();
            let rested = self.lines.iter().filter_map(|line| line.rests_until).min();
            tokio::select! {
                woken = self.woken.recv() => match woken {
                    Some(woken) => return self.surfaced(woken),
                    None => return Ok(None),
                },
                () = sleep_until(rested.unwrap_or_else(Instant::now)), if rested.is_some() => {}
            }
        }
    }

    fn arm(&mut self) {
        let now = Instant::now();
        for line in self.lines.iter_mut().filter(|line| !line.armed) {
            if line.rests_until.is_none_or(|until| until <= now) {
                line.rests_until = None;
                line.armed = line.arm.try_send(()).is_ok();
            }
        }
    }

    /// Ends all waits, and returns the ids that surfaced meanwhile.
    pub(super) async fn rest(&mut self) -> Vec<Surfaced> {
        let mut surfaced = Vec::new();
        if timeout(UNBLOCK, self.unblock(&mut surfaced)).await.is_err() {
            // What their waits moved from now on is found in the intermediate lists.
            self.tasks.abort_all();
            self.lines.clear();
            let (tell, woken) = mpsc::channel(MOST_LINES);
            (self.tell, self.woken) = (tell, woken);
            self.open();
        }
        surfaced
    }

    async fn unblock(&mut self, surfaced: &mut Vec<Surfaced>) {
        while self.lines.iter().any(|line| line.armed) {
            for line in self.lines.iter().filter(|line| line.armed) {
                if let Some(connection) = line.connection.get() {
                    let _ = self.store.client().unblock(connection).await;
                }
            }
            while let Ok(Some(woken)) = timeout(INSIST, self.woken.recv()).await {
                surfaced.extend(self.surfaced(woken).ok().flatten());
                if !self.lines.iter().any(|line| line.armed) {
                    return;
                }
            }
        }
    }

    fn surfaced(&mut self, (line, result): Woken) -> Result<Option<Surfaced>, StoreError> {
        self.lines[line].armed = false;
        self.lines[line].rests_until = result.is_err().then(|| Instant::now() + REST);
        Ok(result?.map(|id| Surfaced { queue: self.queues[line].clone(), id }))
    }

    fn open(&mut self) {
        for (number, queue) in self.queues.iter().enumerate() {
            let (arm, armed) = mpsc::channel(1);
            let connection = Rc::default();
            let waiting = Waiting {
                store: self.store.clone(),
                lists: self.store.waiting_lists(queue),
                connection: Rc::clone(&connection),
            };
            self.tasks.spawn_local(waiting.attend(number, armed, self.tell.clone()));
            self.lines.push(Line { arm, armed: false, rests_until: None, connection });
        }
    }
}

/// One queue's wait, in a task of its own, because a blocked command must not be interrupted.
struct Waiting {
    store: Store,
    lists: (String, String),
    connection: Rc<Cell<Option<i64>>>,
}

impl Waiting {
    async fn attend(self, number: usize, mut armed: mpsc::Receiver<()>, tell: mpsc::Sender<Woken>) {
        let mut dedicated = None;
        while armed.recv().await.is_some() {
            let woken = self.block(&mut dedicated).await;
            self.connection.set(None);
            if tell.send((number, woken)).await.is_err() {
                return;
            }
        }
    }

    async fn block(&self, dedicated: &mut Option<Dedicated>) -> Result<Option<Vec<u8>>, StoreError> {
        if dedicated.as_ref().is_none_or(Dedicated::is_closed) {
            *dedicated = Some(self.store.client().dedicated().await?);
        }
        let connection = dedicated.as_mut().expect("it was opened above");
        self.connection.set(connection.id());
        let (queue, intermediate) = &self.lists;
        connection.blmove(queue, intermediate, BLOCK.as_secs_f64()).await
    }
}

/// `BLMOVE` came with Redis 6.2; a server that does not tell its version is taken for an old one.
fn can_wait(version: Option<&str>) -> bool {
    let mut parts = version.unwrap_or("0").split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (6, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_before_6_2_are_polled() {
        let table = [("7.0.15", true), ("6.2.0", true), ("6.0.16", false), ("5.0.9", false), ("8", true)];

        for (version, waits) in table {
            assert_eq!(can_wait(Some(version)), waits, "{version}");
        }
        assert!(!can_wait(None));
    }
}
