//! The heart of a worker: its life sign in Redis, and the lease of what it has in hand.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use super::{Options, lease, lease_of};
use crate::event::Event;
use crate::horse::Window;
use crate::job::{Claim, ExecutionId};
use crate::store::{Backoff, Beaten, GRACE, InHand, Registered, Registration, Store};
use crate::telemetry::emit;

/// RQ: an idle worker beats this much before its key would be due.
pub(super) const MARGIN: Duration = Duration::from_secs(15);

/// So many times slower at most does the heart of a worker beat that has nothing in hand: nobody waits for what it would tell.
const CALM: u32 = 4;

/// What the heart tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pulse {
    /// Somebody else owns this execution now.
    Lost(ExecutionId),
}

/// What a worker does, for others to see.
#[derive(Default)]
pub(crate) struct Doing {
    /// What it has in hand, and since when.
    pub(crate) in_hand: RefCell<Option<(Claim, Instant)>>,
    /// How far the horse is with it, once it has got it.
    pub(crate) at_work: RefCell<Option<AtWork>>,
    pub(crate) jobs_done: Cell<u64>,
}

/// A horse at work.
#[derive(Clone)]
pub(crate) struct AtWork {
    pub(crate) window: Window,
    /// What it is about: `preparing`, `function`, `success callback`, … or `ending`.
    pub(crate) phase: String,
    /// The dotted name of the job's function, once that is known.
    pub(crate) function: Option<String>,
    /// How long that may take.
    pub(crate) limit: Option<Duration>,
    /// Since when.
    pub(crate) since: Instant,
}

/// How a heart beats, and for whom.
pub(super) struct Beat {
    registration: Registration,
    interval: Duration,
    /// How often while nothing is in hand.
    calm: Duration,
    lease: Duration,
}

impl Beat {
    pub(super) fn of(options: &Options, registration: &Registration) -> Self {
        let (interval, calm) = rhythm(options.monitoring_interval, options.ttl);
        Self { registration: registration.clone(), interval, calm, lease: lease(options) }
    }
}

/// How often a heart beats with a job in hand, and without.
fn rhythm(monitoring: Duration, ttl: Duration) -> (Duration, Duration) {
    let idle = ttl.saturating_sub(MARGIN).max(Duration::from_secs(1));
    let interval = monitoring.min(idle).max(Duration::from_secs(1));
    // A claim leaves the worker's key no longer than its lease, also one that comes right after a beat.
    let calm = (monitoring * CALM).min(lease_of(monitoring).saturating_sub(MARGIN)).min(idle);
    (interval, calm)
}

/// How the jobs of a daemon ended.
#[derive(Default)]
pub(crate) struct Tally {
    ended: Cell<u64>,
    failed: Cell<u64>,
}

impl Tally {
    pub(super) fn count(&self, failed: bool) {
        self.ended.set(self.ended.get() + 1);
        self.failed.set(self.failed.get() + u64::from(failed));
    }

    /// How many ended, and how many of these failed.
    pub(crate) fn numbers(&self) -> (u64, u64) {
        (self.ended.get(), self.failed.get())
    }
}

/// A worker's heart; it beats in a task of its own, because a beat may have to wait for Redis.
pub(super) struct Heart {
    pub(super) beat: watch::Receiver<Beat>,
    pub(super) store: Store,
    pub(super) doing: Rc<Doing>,
    pub(super) tell: mpsc::Sender<Pulse>,
}

impl Heart {
    /// Beats for as long as it is not dropped.
    pub(super) async fn go_on(mut self) {
        let mut backoff = Backoff::new();
        let (mut last, mut looked) = (Instant::now(), Instant::now());
        loop {
            let (interval, calm) = {
                let beat = self.beat.borrow_and_update();
                (beat.interval, beat.calm)
            };
            tokio::select! {
                () = sleep_until(looked + interval) => {}
                Ok(()) = self.beat.changed() => continue,
            }
            looked = Instant::now();
            let is_idle = self.doing.in_hand.borrow().is_none();
            if is_idle && last.elapsed() + interval <= calm {
                continue;
            }
            while let Err(error) = self.beat_once().await {
                let retry_in = backoff.next();
                let worker = self.name();
                emit(Event::RedisLost { worker, error: error.to_string(), retry_in });
                sleep(retry_in).await;
            }
            backoff.reset();
            last = Instant::now();
        }
    }

    async fn beat_once(&self) -> Result<(), crate::store::StoreError> {
        let in_hand = self.doing.in_hand.borrow().clone();
        let (registration, lease) = {
            let beat = self.beat.borrow();
            (beat.registration.clone(), beat.lease)
        };
        let lifetime = if in_hand.is_some() { lease } else { registration.ttl + GRACE };
        let held = in_hand.as_ref().map(|(claim, since)| InHand { claim, worked: since.elapsed() });
        match self.store.beat(&registration, "", lifetime, held.as_ref()).await? {
            Beaten::Alive { held: true, .. } => {
                let worker = self.name();
                emit(Event::HeartbeatSent { worker, ttl: lifetime });
            }
            Beaten::Alive { held: false, .. } => {
                if let Some((claim, _)) = in_hand {
                    let _ = self.tell.send(Pulse::Lost(claim.execution)).await;
                }
            }
            Beaten::Unregistered => self.register_again(&registration, in_hand.is_some()).await?,
        }
        Ok(())
    }

    /// A worker whose key was lost (a Redis without its data, a long stall) enters itself again.
    async fn register_again(
        &self,
        registration: &Registration,
        busy: bool,
    ) -> Result<(), crate::store::StoreError> {
        let state = if busy { "busy" } else { "idle" };
        if self.store.register(registration, state, "").await? == Registered::Yes {
            emit(Event::WorkerReregistered { worker: registration.name.to_string() });
        }
        Ok(())
    }

    fn name(&self) -> String {
        self.beat.borrow().registration.name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calm_heart_beats_before_the_lease_of_a_claim_since_its_last_beat_is_over() {
        for (monitoring, ttl) in
            [(1, 420), (5, 420), (30, 420), (30, 60), (300, 420), (600, 3600), (3600, 40)]
        {
            let monitoring = Duration::from_secs(monitoring);
            let (_, calm) = rhythm(monitoring, Duration::from_secs(ttl));

            assert!(calm < lease_of(monitoring), "{monitoring:?}: {calm:?}");
        }
    }

    #[test]
    fn a_calm_heart_is_slower_and_not_too_slow_for_the_workers_key() {
        let secs = Duration::from_secs;

        assert_eq!(rhythm(secs(30), secs(420)), (secs(30), secs(75)));
        assert_eq!(rhythm(secs(5), secs(420)), (secs(5), secs(20)));
        assert_eq!(rhythm(secs(30), secs(40)), (secs(25), secs(25)));
        assert_eq!(rhythm(secs(30), secs(1)), (secs(1), secs(1)));
    }
}
