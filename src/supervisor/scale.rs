//! How many workers a group has, where the settings leave that to the work: more when jobs wait, fewer when workers idle.

use std::time::{Duration, Instant};

use crate::config::Count;

/// How often it is looked at.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// What a group looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Load {
    /// How many of its workers have a job in hand.
    pub(super) busy: u32,
    /// How many jobs wait, when that was asked: it matters only where nobody is free.
    pub(super) waiting: u64,
    /// For how long the first of them has waited.
    pub(super) oldest: Duration,
}

/// The size of one group.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) size: u32,
    /// Since when there was a worker too many.
    spare_since: Option<Instant>,
}

impl Scale {
    pub(super) fn new(count: Count) -> Self {
        Self { size: count.min, spare_since: None }
    }

    /// Keeps the size within its bounds, which a reload may have moved.
    pub(super) fn bounded(self, count: Count) -> Self {
        Self { size: self.size.clamp(count.min, count.max), ..self }
    }

    /// Whether jobs that wait would have to wait on.
    pub(super) fn is_full(&self, busy: u32) -> bool {
        busy >= self.size
    }

    /// The size from now on. It grows by as many as there are, at most, when jobs have waited for a moment; it shrinks by one
    /// after workers were idle for `patience`.
    pub(super) fn next(mut self, count: Count, load: Load, patience: Duration, now: Instant) -> Self {
        let wanting = self.is_full(load.busy) && load.waiting > 0;
        if wanting {
            self.spare_since = None;
            // One that waits for less than a tick may well be the next of a worker that is about to be free.
            if self.size == 0 || load.oldest >= TICK || load.waiting > u64::from(self.size) {
                let more = u32::try_from(load.waiting).unwrap_or(u32::MAX).min(self.size.max(1));
                self.size = self.size.saturating_add(more);
            }
        } else if load.busy < self.size && self.size > count.min {
            let since = *self.spare_since.get_or_insert(now);
            if now.duration_since(since) >= patience {
                self.size -= 1;
                self.spare_since = Some(now);
            }
        } else {
            self.spare_since = None;
        }
        self.bounded(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNT: Count = Count { min: 1, max: 8 };
    const PATIENCE: Duration = Duration::from_secs(30);

    fn load(busy: u32, waiting: u64) -> Load {
        Load { busy, waiting, oldest: TICK }
    }

    fn sizes(count: Count, loads: &[(u64, Load)]) -> Vec<u32> {
        let start = Instant::now();
        let mut scale = Scale::new(count);
        let step = |(at, load): &(u64, Load)| {
            scale = scale.next(count, *load, PATIENCE, start + Duration::from_secs(*at));
            scale.size
        };
        loads.iter().map(step).collect()
    }

    #[test]
    fn a_group_grows_by_doubling_while_jobs_wait() {
        let loads = [(1, load(1, 100)), (2, load(2, 100)), (3, load(4, 100)), (4, load(8, 100))];

        assert_eq!(sizes(COUNT, &loads), [2, 4, 8, 8]);
    }

    #[test]
    fn a_group_grows_by_no_more_than_what_waits() {
        assert_eq!(sizes(COUNT, &[(1, load(1, 9)), (2, load(2, 1))]), [2, 3]);
    }

    #[test]
    fn a_job_that_has_just_come_is_left_to_those_who_are_there() {
        let fresh = Load { busy: 1, waiting: 1, oldest: Duration::from_millis(10) };

        assert_eq!(sizes(COUNT, &[(1, fresh), (2, load(1, 1))]), [1, 2]);
    }

    #[test]
    fn an_empty_group_grows_at_once() {
        let fresh = Load { busy: 0, waiting: 3, oldest: Duration::ZERO };

        assert_eq!(sizes(Count { min: 0, max: 4 }, &[(1, fresh)]), [1]);
    }

    #[test]
    fn a_group_shrinks_by_one_after_its_patience_and_again_after_as_long() {
        let grown = [(1, load(1, 100)), (2, load(2, 100))];
        let idle = [(10, load(3, 0)), (39, load(3, 0)), (40, load(2, 0)), (69, load(2, 0)), (70, load(0, 0))];

        assert_eq!(sizes(COUNT, &[&grown[..], &idle[..]].concat()), [2, 4, 4, 4, 3, 3, 2]);
    }

    #[test]
    fn a_burst_in_between_begins_the_patience_anew() {
        let loads =
            [(1, load(1, 100)), (2, load(1, 0)), (20, load(2, 0)), (40, load(1, 0)), (60, load(1, 0))];

        assert_eq!(sizes(COUNT, &loads), [2, 2, 2, 2, 2]);
    }

    #[test]
    fn a_fixed_group_stays_as_it_is() {
        let count = Count { min: 2, max: 2 };

        assert_eq!(sizes(count, &[(1, load(2, 100)), (100, load(0, 0)), (200, load(0, 0))]), [2, 2, 2]);
    }
}
