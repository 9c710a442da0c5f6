//! The clock that counts: that of Redis, because those of the hosts differ.

use std::time::Duration;

use crate::job::Timestamp;

/// A difference that is worth telling.
const NOTABLE: Duration = Duration::from_secs(60);

/// Redis' clock, as far as this machine's can tell it.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// How far Redis is ahead of this machine, in microseconds.
    ahead: i64,
}

impl Clock {
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::now().moved(self.ahead)
    }

    /// Sets it; the difference in seconds comes back when it is notable and new.
    pub(super) fn set(&mut self, redis: Timestamp, here: Timestamp) -> Option<i64> {
        let was_notable = self.is_notable();
        self.ahead = redis.micros() - here.micros();
        (self.is_notable() && !was_notable)
            .then_some((self.ahead + self.ahead.signum() * 500_000) / 1_000_000)
    }

    fn is_notable(&self) -> bool {
        u128::from(self.ahead.unsigned_abs()) > NOTABLE.as_micros()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_once() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000).unwrap();
        let mut clock = Clock::default();

        assert_eq!(clock.set(at(10_000), at(10_059)), None);
        assert_eq!(clock.set(at(10_000), at(13_600)), Some(-3_600));
        assert_eq!(clock.set(at(10_010), at(13_609)), None);
        assert_eq!(clock.set(at(10_020), at(10_020)), None);
        assert_eq!(clock.set(at(13_600), at(10_000)), Some(3_600));
    }

    #[test]
    fn it_tells_the_time_of_redis() {
        let mut clock = Clock::default();
        let here = Timestamp::now();
        clock.set(here.plus(Duration::from_secs(3_600)), here);

        let off = clock.now().since(Timestamp::now());

        assert!((3_599..=3_600).contains(&off.as_secs()), "{off:?}");
    }
}
