//! Signs of life: given five times as often as others look for them, with a look around each time.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::recovery::Seen;
use super::{Options, Roll};
use crate::job::{InterruptRules, QueueName};
use crate::os::Identity;
use crate::store::{Card, Life, Store, Watched};

/// Gives a daemon's signs of life.
pub(super) struct Signs {
    /// Who we are, for others to read.
    identity: String,
    store: Store,
    life: Life,
    rules: InterruptRules,
    has_handlers: bool,
    roll: Roll,
    queues: Vec<QueueName>,
    liveness: Duration,
    calm: Rc<RefCell<Calm>>,
    /// Its daemon was asked to stop.
    leaves: bool,
}

/// Whether the silence of others means anything: after an outage everybody was silent.
#[derive(Debug, Clone, Default)]
pub(super) struct Calm {
    /// The longest time between two signs that is no outage.
    longest_gap: Duration,
    /// The last sign, by the clock that goes on while the machine sleeps.
    last: Option<SystemTime>,
    /// Since when signs came without a gap.
    since: Option<Instant>,
    /// Whether there was an outage, or this is but the start.
    after_outage: bool,
}

impl Calm {
    #[cfg(test)]
    fn new(longest_gap: Duration) -> Self {
        Self { longest_gap, ..Self::default() }
    }

    /// A sign got through.
    fn heard(&mut self, now: Instant, clock: SystemTime) {
        let gap = self.last.map(|last| clock.duration_since(last).unwrap_or_default());
        if gap.is_some_and(|gap| gap > self.longest_gap) {
            self.broken();
        }
        self.last = Some(clock);
        self.since.get_or_insert(now);
    }

    /// A sign did not get through.
    fn broken(&mut self) {
        self.after_outage |= self.last.is_some();
        self.since = None;
    }

    fn lasts_for(&self, now: Instant) -> Duration {
        self.since.map_or(Duration::ZERO, |since| now.duration_since(since))
    }
}

impl Signs {
    /// Signs go on where others ended that knew the same calm.
    pub(super) fn new(store: &Store, options: &Options, calm: Rc<RefCell<Calm>>, roll: Roll) -> Self {
        let life = options.life.clone();
        calm.borrow_mut().longest_gap = life.lasts;
        Self {
            identity: Identity::own().to_string(),
            store: store.clone(),
            calm,
            life,
            rules: options.rules.clone(),
            has_handlers: options.has_handlers,
            roll,
            queues: options.queues.clone(),
            liveness: options.liveness,
            leaves: false,
        }
    }

    /// Gives signs for as long as it is not dropped.
    pub(super) async fn go_on(mut self, tell: mpsc::Sender<Seen>, mut leaving: watch::Receiver<bool>) {
        let every = self.every();
        let mut ticks = interval_at(Instant::now() + every, every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                Ok(_) = leaving.wait_for(|leaving| *leaving), if !self.leaves => {
                    self.leaves = true;
                    self.rules = self.rules.of_leaving();
                }
            }
            // The mark of who looks ends just before that one's next turn.
            let seen = self.give(every * 9 / 10).await;
            self.tell(&tell, seen);
        }
    }

    /// Gives the first sign, and looks around in any case: whom a restart replaces may have had the last turn.
    pub(super) async fn give_first(&mut self) -> Option<Watched> {
        self.give(Duration::ZERO).await
    }

    /// Gives one sign; nothing is seen when it does not get through.
    async fn give(&mut self, turn: Duration) -> Option<Watched> {
        let card = Card::new(self.identity.clone(), &self.roll.borrow(), &self.rules, self.has_handlers);
        let watched = self.store.watch(&self.life, &card, turn, &self.queues).await.ok();
        if watched.is_some() {
            self.calm.borrow_mut().heard(Instant::now(), SystemTime::now());
        } else {
            self.calm.borrow_mut().broken();
        }
        watched
    }

    /// Passes on what was seen. While the last look is still being worked on this one is dropped: there is another soon.
    pub(super) fn tell(&self, tell: &mpsc::Sender<Seen>, watched: Option<Watched>) {
        let Some(watched) = watched else { return };
        let calm = self.calm.borrow();
        let is_calm = calm.lasts_for(Instant::now()) >= self.liveness;
        let seen = Seen { watched, is_calm, no_outage: is_calm || !calm.after_outage };
        let _ = tell.try_send(seen);
    }

    fn every(&self) -> Duration {
        self.liveness / 5
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_sign_that_fails_begins_the_calm_anew() {
        let (mut calm, now, clock) = (Calm::new(12 * SECOND), Instant::now(), SystemTime::UNIX_EPOCH);
        calm.heard(now, clock);
        calm.heard(now + 3 * SECOND, clock + 3 * SECOND);
        assert_eq!(calm.lasts_for(now + 3 * SECOND), 3 * SECOND);
        assert!(!calm.after_outage);

        calm.broken();
        calm.heard(now + 9 * SECOND, clock + 9 * SECOND);

        assert_eq!(calm.lasts_for(now + 10 * SECOND), SECOND);
        assert!(calm.after_outage);
    }

    #[test]
    fn a_machine_that_slept_begins_the_calm_anew() {
        let (mut calm, now, clock) = (Calm::new(12 * SECOND), Instant::now(), SystemTime::UNIX_EPOCH);
        calm.heard(now, clock);

        // The clock of tasks stands still meanwhile.
        calm.heard(now + 3 * SECOND, clock + 3600 * SECOND);

        assert_eq!(calm.lasts_for(now + 4 * SECOND), SECOND);
        assert!(calm.after_outage);
    }
}
