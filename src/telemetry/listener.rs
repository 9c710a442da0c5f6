//! Who hears of facts as facts, not as lines: what counts them, and what reports them.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use super::About;
use crate::event::Event;

/// A fact, when it happened, and what is known of whom it concerns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fact<'event> {
    pub(crate) created: SystemTime,
    pub(crate) event: &'event Event,
    pub(crate) about: &'event About,
}

/// Somebody who hears every fact, in the thread of the workers: it takes note, and does its work elsewhere.
pub(crate) trait Listener: Send + Sync {
    /// Hears one fact. Neither fails nor waits.
    fn hear(&self, fact: &Fact<'_>);
}

/// The listeners there may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Seat {
    #[expect(dead_code, reason = "nobody counts yet")]
    Metrics,
    Sentry,
}

/// How many seats there are.
const SEATS: usize = 2;

/// Who sits where.
static SEATED: RwLock<[Option<Arc<dyn Listener>>; SEATS]> = RwLock::new([const { None }; SEATS]);

/// Puts a listener into a seat in place of who sat there, or leaves it empty.
pub(crate) fn seat(seat: Seat, listener: Option<Arc<dyn Listener>>) {
    SEATED.write().unwrap_or_else(PoisonError::into_inner)[seat as usize] = listener;
}

/// Tells every listener.
pub(super) fn tell(fact: &Fact<'_>) {
    for listener in SEATED.read().unwrap_or_else(PoisonError::into_inner).iter().flatten() {
        listener.hear(fact);
    }
}
