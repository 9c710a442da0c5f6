//! Waiting for something to become true: the only place in the tests that lets time pass.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Longer than anything healthy takes, even on a busy machine; a test that reaches it has failed.
pub(crate) const SOON: Duration = Duration::from_secs(60);

const PARK: Duration = Duration::from_millis(5);

/// Asks `attempt` again and again until it gives a value; panics naming `what` at the deadline.
#[track_caller]
pub(crate) fn wait_for<T>(deadline: Duration, what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + deadline;
    loop {
        if let Some(value) = attempt() {
            return value;
        }
        assert!(Instant::now() < end, "waited {deadline:?} in vain for {what}");
        thread::park_timeout(PARK);
    }
}

/// Waits until `condition` holds; panics naming `what` at the deadline.
#[track_caller]
pub(crate) fn wait_until(deadline: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    wait_for(deadline, what, || condition().then_some(()));
}
