//! How many horses wait for a job that nobody has yet.

use std::time::Duration;

use tokio::time::Instant;

/// Horses that end so fast one after the other had short jobs: there, what a fork costs counts.
const BRISK: Duration = Duration::from_millis(20);
/// How many are forked at once while it is brisk: after a fork, the fork server copies each page of its memory that it writes
/// to, so that two forks in a row cost less than one after the other.
const BATCH: usize = 4;
/// With so many there, the next batch can wait.
const ENOUGH: usize = 2;

/// How long a job is a reason to expect another.
const LATELY: Duration = Duration::from_secs(600);

/// Whether one horse is enough.
#[derive(Debug, Default)]
pub(super) struct Reserve {
    last_end: Option<Instant>,
    brisk: bool,
}

impl Reserve {
    /// A horse ended.
    pub(super) fn ended(&mut self, now: Instant) {
        self.brisk = self.last_end.is_some_and(|last| now.duration_since(last) < BRISK);
        self.last_end = Some(now);
    }

    /// Whether there were jobs lately: then a horse that waits may use the time, and the memory, to rehearse the next one.
    pub(super) fn has_jobs(&self, now: Instant) -> bool {
        self.last_end.is_some_and(|last| now.duration_since(last) < LATELY)
    }

    /// How many horses are to be forked, `there` being warm or on their way, while so many are waited for.
    pub(super) fn lacking(&self, there: usize, waiting: usize) -> usize {
        if !self.brisk {
            return (waiting + 1).saturating_sub(there);
        }
        if there > waiting + ENOUGH { 0 } else { waiting + ENOUGH + BATCH - there }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(pauses: &[u64]) -> Reserve {
        let (mut reserve, mut now) = (Reserve::default(), Instant::now());
        reserve.ended(now);
        for pause in pauses {
            now += Duration::from_millis(*pause);
            reserve.ended(now);
        }
        reserve
    }

    #[test]
    fn one_is_ahead_of_those_who_wait() {
        let calm = after(&[1000]);

        assert_eq!((calm.lacking(0, 0), calm.lacking(1, 0)), (1, 0));
        assert_eq!((calm.lacking(0, 8), calm.lacking(9, 8), calm.lacking(12, 8)), (9, 0, 0));
    }

    #[test]
    fn short_jobs_get_theirs_in_batches() {
        let brisk = after(&[1000, 2]);

        assert_eq!((brisk.lacking(3, 0), brisk.lacking(2, 0)), (0, 4));
        assert_eq!((brisk.lacking(2, 2), brisk.lacking(8, 2)), (6, 0));
    }

    #[test]
    fn it_becomes_calm_again() {
        assert_eq!(after(&[2, 2, 500]).lacking(1, 0), 0);
    }

    #[test]
    fn jobs_are_expected_where_some_were_lately() {
        let now = Instant::now();
        let mut reserve = Reserve::default();
        assert!(!reserve.has_jobs(now));

        reserve.ended(now);

        assert!(reserve.has_jobs(now + Duration::from_secs(599)));
        assert!(!reserve.has_jobs(now + Duration::from_secs(600)));
    }

    #[test]
    fn the_first_end_tells_nothing() {
        assert_eq!(after(&[]).lacking(1, 0), 0);
    }
}
