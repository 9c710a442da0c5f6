//! Who hears of lines for an appender of the kind `sentry`.

use std::sync::{Arc, PoisonError, RwLock};

use super::Record;

/// Somebody who makes something else of lines, in the thread of the workers: it takes note, and does its work elsewhere.
pub(crate) trait LineListener: Send + Sync {
    /// Hears a line that an appender takes. Neither fails nor waits.
    fn hear_line(&self, record: &Record<'_>);
}

/// Who hears of them; nobody where nothing is sent to Sentry.
static SEATED: RwLock<Option<Arc<dyn LineListener>>> = RwLock::new(None);

/// Puts somebody there in place of who was before, or nobody.
pub(crate) fn seat(listener: Option<Arc<dyn LineListener>>) {
    *SEATED.write().unwrap_or_else(PoisonError::into_inner) = listener;
}

/// Tells a line.
pub(super) fn tell(record: &Record<'_>) {
    if let Some(listener) = &*SEATED.read().unwrap_or_else(PoisonError::into_inner) {
        listener.hear_line(record);
    }
}
