//! The locks of a scheduler: which it holds, when to see to them, and when another's may be taken over.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use super::names;
use crate::event::Event;
use crate::job::QueueName;
use crate::os::{self, Identity};
use crate::store::{Lock, SchedulerEntry, Store, StoreError};
use crate::telemetry::emit;

/// How often locks that are lacking are asked for. RQ: every two minutes.
const TRY: Duration = Duration::from_secs(5);
/// How often locks that are held are renewed; they live for a minute more than the interval.
const RENEW: Duration = Duration::from_secs(10);
/// How long a holder may be without its hash. RQ: it takes its locks first and writes its hash later, in another process.
const NAMELESS: Duration = Duration::from_secs(10);

/// What a scheduler knows of the locks of its queues.
#[derive(Debug, Default)]
pub(super) struct Locks {
    held: Vec<QueueName>,
    /// When all that are lacking were asked for.
    tried: Option<Instant>,
    /// When those that are held were renewed.
    renewed: Option<Instant>,
    /// Holders that were seen without a hash, and since when.
    nameless: HashMap<QueueName, (String, Instant)>,
}

impl Locks {
    pub(super) fn held(&self) -> &[QueueName] {
        &self.held
    }

    /// The queues whose locks are held; each time another one comes first, so that no queue with many due jobs holds up others.
    pub(super) fn in_turn(&mut self) -> Vec<QueueName> {
        if self.held.len() > 1 {
            self.held.rotate_left(1);
        }
        self.held.clone()
    }

    /// What is held may be so no more: it is seen to in the next round.
    pub(super) fn doubt(&mut self) {
        self.renewed = None;
    }

    /// How long the scheduler may rest.
    pub(super) fn rest(&self, entry: &SchedulerEntry) -> Duration {
        if self.has_all(entry) { entry.interval.min(RENEW) } else { entry.interval.min(TRY) }
    }

    /// Asks for what is lacking and renews what is held, as far as it is time to.
    pub(super) async fn keep(&mut self, store: &Store, entry: &SchedulerEntry) -> Result<(), StoreError> {
        let now = Instant::now();
        let due = |last: Option<Instant>, every: Duration| last.is_none_or(|last| now - last >= every);
        let tries = !self.has_all(entry) && due(self.tried, TRY);
        let renews = !self.held.is_empty() && due(self.renewed, RENEW);
        if tries {
            if self.tried.is_none() {
                emit(Event::SchedulerLocksWanted { queues: names(&entry.queues) });
            }
            self.ask(store, entry, &entry.queues).await?;
            self.tried = Some(now);
        } else if renews {
            let held = self.held.clone();
            self.ask(store, entry, &held).await?;
        } else {
            return Ok(());
        }
        self.renewed = Some(now);
        if !self.held.is_empty() {
            emit(Event::SchedulerHeartbeatSent { queues: names(&self.held) });
        }
        Ok(())
    }

    async fn ask(
        &mut self,
        store: &Store,
        entry: &SchedulerEntry,
        queues: &[QueueName],
    ) -> Result<(), StoreError> {
        let wanted: Vec<_> = queues.iter().map(|queue| (queue.clone(), String::new())).collect();
        let locks = store.hold_schedules(entry, &wanted).await?;
        let mut orphaned = Vec::new();
        let mut lost = Vec::new();
        for (queue, lock) in queues.iter().zip(&locks) {
            if let Some(gone) = self.gone_holder(queue, lock, Instant::now()) {
                orphaned.push((queue.clone(), gone));
            }
            if self.note(queue, lock) {
                lost.push(queue.to_string());
            }
        }
        if !lost.is_empty() {
            emit(Event::SchedulerLocksLost { queues: lost });
        }
        if orphaned.is_empty() {
            return Ok(());
        }
        let locks = store.hold_schedules(entry, &orphaned).await?;
        for ((queue, holder), lock) in orphaned.into_iter().zip(&locks) {
            if *lock == Lock::Acquired {
                emit(Event::SchedulerLockTakenOver { queue: queue.to_string(), holder });
            }
            self.note(&queue, lock);
        }
        Ok(())
    }

    /// Takes note of how it stands with a lock; true when it was lost to somebody else.
    fn note(&mut self, queue: &QueueName, lock: &Lock) -> bool {
        let was_held = self.held.contains(queue);
        match lock {
            Lock::Acquired if was_held => {
                emit(Event::SchedulerLockReacquired { queue: queue.to_string() });
            }
            Lock::Acquired | Lock::Refreshed if !was_held => {
                emit(Event::SchedulerLockAcquired { queue: queue.to_string() });
                self.held.push(queue.clone());
            }
            Lock::Acquired | Lock::Refreshed => {}
            Lock::Taken { .. } => self.held.retain(|held| held != queue),
        }
        was_held && matches!(lock, Lock::Taken { .. })
    }

    /// The name of a lock's holder, when it is certain that it will never come back to it.
    fn gone_holder(&mut self, queue: &QueueName, lock: &Lock, now: Instant) -> Option<String> {
        let nameless = self.nameless.remove(queue);
        let Lock::Taken { holder, known, identity } = lock else { return None };
        if Identity::parse(identity).is_some_and(|identity| os::is_provably_dead(&identity)) {
            return Some(holder.clone());
        }
        if *known || !is_name(holder) {
            return None;
        }
        let since = nameless.filter(|(seen, _)| seen == holder).map_or(now, |(_, since)| since);
        self.nameless.insert(queue.clone(), (holder.clone(), since));
        (now - since >= NAMELESS).then(|| holder.clone())
    }

    fn has_all(&self, entry: &SchedulerEntry) -> bool {
        self.held.len() == entry.queues.len()
    }
}

/// Whether a holder is of a kind that has a hash. RQ before 2.10: a process number, without one.
fn is_name(holder: &str) -> bool {
    holder.len() == 32 && holder.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "2d63018a21574cb0a9f5fffc0b30bc79";

    fn taken(holder: &str, known: bool, identity: &str) -> Lock {
        Lock::Taken { holder: holder.to_owned(), known, identity: identity.to_owned() }
    }

    /// Whether the holder counts as gone at the first look, and at a second one after that time.
    fn looks(lock: &Lock, after: Duration) -> (bool, bool) {
        let (mut locks, queue, now) = (Locks::default(), QueueName::new("q"), Instant::now());
        let first = locks.gone_holder(&queue, lock, now).is_some();
        (first, locks.gone_holder(&queue, lock, now + after).is_some())
    }

    #[test]
    fn a_holder_without_a_hash_is_gone_only_when_it_stays_so() {
        let nameless = taken(NAME, false, "");

        assert_eq!(looks(&nameless, NAMELESS), (false, true));
        assert_eq!(looks(&nameless, NAMELESS / 2), (false, false));
    }

    #[test]
    fn a_holder_that_has_a_hash_or_never_had_one_is_waited_for() {
        let hour = Duration::from_secs(3600);

        assert_eq!(looks(&taken(NAME, true, ""), hour), (false, false));
        assert_eq!(looks(&taken("4711", false, ""), hour), (false, false));
        assert_eq!(looks(&taken("", false, ""), hour), (false, false));
    }

    #[test]
    fn another_holder_is_waited_for_anew() {
        let (mut locks, queue, now) = (Locks::default(), QueueName::new("q"), Instant::now());
        locks.gone_holder(&queue, &taken(NAME, false, ""), now);

        let other = taken(&NAME.replace('2', "3"), false, "");

        assert_eq!(locks.gone_holder(&queue, &other, now + NAMELESS), None);
    }

    #[test]
    fn a_holder_that_lives_is_never_gone() {
        let own = Identity::own().to_string();

        assert_eq!(looks(&taken(NAME, true, &own), Duration::from_secs(3600)), (false, false));
    }

    #[test]
    fn the_queues_take_turns() {
        let held = ["a", "b", "c"].map(QueueName::new).to_vec();
        let mut locks = Locks { held, ..Locks::default() };

        let first: Vec<String> = (0..4).map(|_| locks.in_turn()[0].to_string()).collect();

        assert_eq!(first, ["b", "c", "a", "b"]);
    }
}
