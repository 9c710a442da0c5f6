//! How many horses wait for a job that nobody has yet.

use std::time::Duration;

use tokio::time::Instant;

/// Horses that end so fast one after the other had short jobs: there, what a fork costs counts.
const BRISK: Duration = Duration::from_millis(20);
/// After so long without an end, the short jobs are over.
const OVER: Duration = Duration::from_secs(1);
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
    /// How long before it the end before was.
    pause: Option<Duration>,
}

impl Reserve {
    /// A horse ended.
    pub(super) fn ended(&mut self, now: Instant) {
        self.pause = self.last_end.map(|last| now.duration_since(last));
        self.last_end = Some(now);
    }

    /// Whether jobs are short, and still come.
    fn is_brisk(&self, now: Instant) -> bool {
        let is_recent = self.last_end.is_some_and(|last| now.duration_since(last) < OVER);
        is_recent && self.pause.is_some_and(|pause| pause < BRISK)
    }

    /// Whether there were jobs lately.
    fn has_jobs(&self, now: Instant) -> bool {
        self.last_end.is_some_and(|last| now.duration_since(last) < LATELY)
    }

    /// Whether a horse may use the time until its job, and the memory, to rehearse it. While it is brisk there is no such time.
    pub(super) fn rehearses(&self, now: Instant) -> bool {
        self.has_jobs(now) && !self.is_brisk(now)
    }

    /// How many horses are to be forked, `there` being warm or on their way, while so many are waited for.
    pub(super) fn lacking(&self, now: Instant, there: usize, waiting: usize) -> usize {
        if !self.is_brisk(now) {
            // Where there are no jobs, those who wait have theirs, and nobody will want another one at once.
            return (waiting + usize::from(self.has_jobs(now))).saturating_sub(there);
        }
        if there > waiting + ENOUGH { 0 } else { waiting + ENOUGH + BATCH - there }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reserve after ends with these pauses between them, in milliseconds, and the moment of the last one.
    fn after(pauses: &[u64]) -> (Reserve, Instant) {
        let (mut reserve, mut now) = (Reserve::default(), Instant::now());
        reserve.ended(now);
        for pause in pauses {
            now += Duration::from_millis(*pause);
            reserve.ended(now);
        }
        (reserve, now)
    }

    #[test]
    fn one_is_ahead_of_those_who_wait_where_there_are_jobs() {
        let (calm, now) = after(&[1000]);
        let later = now + LATELY;

        assert_eq!((calm.lacking(now, 0, 0), calm.lacking(now, 1, 0)), (1, 0));
        assert_eq!((calm.lacking(now, 0, 8), calm.lacking(now, 9, 8), calm.lacking(now, 12, 8)), (9, 0, 0));
        assert_eq!(
            (calm.lacking(later, 0, 0), calm.lacking(later, 0, 8), calm.lacking(later, 8, 8)),
            (0, 8, 0)
        );
    }

    #[test]
    fn short_jobs_get_theirs_in_batches() {
        let (brisk, now) = after(&[1000, 2]);

        assert_eq!((brisk.lacking(now, 3, 0), brisk.lacking(now, 2, 0)), (0, 4));
        assert_eq!((brisk.lacking(now, 2, 2), brisk.lacking(now, 8, 2)), (6, 0));
    }

    #[test]
    fn it_becomes_calm_again() {
        let (reserve, now) = after(&[2, 2, 500]);
        let (other, then) = after(&[2, 2]);

        assert_eq!(reserve.lacking(now, 1, 0), 0);
        assert_eq!(other.lacking(then + OVER, 1, 0), 0);
        assert!(other.rehearses(then + OVER));
    }

    #[test]
    fn the_first_end_tells_of_no_haste() {
        let (reserve, now) = after(&[]);

        assert_eq!(reserve.lacking(now, 1, 0), 0);
    }

    #[test]
    fn who_waits_for_a_job_that_may_come_rehearses_it() {
        let (calm, now) = after(&[1000]);
        let (brisk, soon) = after(&[2]);

        assert!(calm.rehearses(now) && calm.rehearses(now + LATELY - Duration::from_secs(1)));
        assert!(!calm.rehearses(now + LATELY));
        assert!(!brisk.rehearses(soon));
        assert!(!Reserve::default().rehearses(now));
    }
}
