//! How long to wait before Redis is asked again.

use std::time::Duration;

/// The longest wait: an outage that ends is noticed within this time (and a little jitter).
const LONGEST: Duration = Duration::from_secs(5);
/// The first wait is short, because most losses are a restart or a failover of a moment.
const FIRST: Duration = Duration::from_millis(100);

/// The waits between attempts to reach Redis: a quick one, then 1, 2, 4 and from then on 5 seconds.
///
/// Up to a tenth is taken off each wait, so that a fleet does not knock in step.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    attempts: u32,
    /// State of the jitter; any value will do, as long as daemons differ.
    seed: u64,
}

impl Backoff {
    /// Starts over, with a jitter of this process' own.
    pub(crate) fn new() -> Self {
        Self::seeded(uuid::Uuid::new_v4().as_u64_pair().0)
    }

    /// Starts over with a known jitter.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self { attempts: 0, seed }
    }

    /// Gives the wait before the next attempt.
    pub(crate) fn next(&mut self) -> Duration {
        let whole = match self.attempts {
            0 => FIRST,
            n => Duration::from_secs(1 << (n - 1).min(10)).min(LONGEST),
        };
        self.attempts = self.attempts.saturating_add(1);
        whole.mul_f64(1.0 - self.share() / 10.0)
    }

    /// Forgets past failures; to be called when Redis answered.
    pub(crate) fn reset(&mut self) {
        self.attempts = 0;
    }

    /// A number from 0 up to 1 (a linear congruential step: jitter needs no better).
    fn share(&mut self) -> f64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let top = u32::try_from(self.seed >> 32).expect("32 bits are left");
        f64::from(top) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_five_seconds_and_keep_nine_tenths() {
        let expected = [0.1, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0];

        for seed in [0, 1, u64::MAX, 0x1234_5678_9abc_def0] {
            let mut backoff = Backoff::seeded(seed);
            for whole in expected {
                let wait = backoff.next().as_secs_f64();
                assert!(wait <= whole && wait >= whole * 0.9 - 1e-9, "{wait} for {whole}");
            }
        }
    }

    #[test]
    fn a_reset_makes_the_next_attempt_quick_and_no_count_overflows() {
        let mut backoff = Backoff { attempts: u32::MAX, seed: 7 };
        assert!(backoff.next() <= LONGEST);

        backoff.reset();

        assert!(backoff.next() <= FIRST);
    }

    #[test]
    fn daemons_differ() {
        let waits =
            |seed| (0..6).map(|_| 0).scan(Backoff::seeded(seed), |b, _| Some(b.next())).collect::<Vec<_>>();

        assert_ne!(waits(1), waits(2));
    }
}
