//! How long the event loop was held up.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::time::sleep;

/// How often it is measured.
const STEP: Duration = Duration::from_millis(500);

/// How long a delay is remembered.
const MINUTE: Duration = Duration::from_secs(60);

/// The delays of late.
#[derive(Debug, Default)]
pub(super) struct Lag(RefCell<VecDeque<(Instant, Duration)>>);

impl Lag {
    /// Measures for as long as it is not dropped.
    pub(super) async fn measure(&self) {
        loop {
            let began = Instant::now();
            sleep(STEP).await;
            self.note(Instant::now(), began.elapsed().saturating_sub(STEP));
        }
    }

    fn note(&self, now: Instant, late: Duration) {
        let mut delays = self.0.borrow_mut();
        while delays.front().is_some_and(|(at, _)| now.duration_since(*at) > MINUTE) {
            delays.pop_front();
        }
        delays.push_back((now, late));
    }

    /// The longest delay of the last minute.
    pub(super) fn longest(&self) -> Duration {
        self.0.borrow().iter().map(|(_, late)| *late).max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_remembered_for_a_minute() {
        let (lag, start) = (Lag::default(), Instant::now());
        let note = |at, late| lag.note(start + Duration::from_secs(at), Duration::from_millis(late));

        note(0, 300);
        note(50, 10);
        assert_eq!(lag.longest(), Duration::from_millis(300));
        note(61, 20);

        assert_eq!(lag.longest(), Duration::from_millis(20));
    }
}
