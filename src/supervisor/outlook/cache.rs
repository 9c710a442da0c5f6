//! What was seen a moment ago, for all who want to see it.

use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

/// Something that is looked at once in a while, however many ask.
pub(super) struct Cache<T> {
    lasts: Duration,
    /// Whoever looks holds the lock, and the others wait for what is seen.
    seen: Mutex<Option<(Instant, Rc<T>)>>,
}

impl<T> Cache<T> {
    pub(super) fn new(lasts: Duration) -> Self {
        Self { lasts, seen: Mutex::new(None) }
    }

    /// What was seen, or is seen now where that is too long ago.
    pub(super) async fn get(&self, look: impl AsyncFnOnce() -> T) -> Rc<T> {
        let mut seen = self.seen.lock().await;
        if let Some((at, kept)) = &*seen
            && at.elapsed() < self.lasts
        {
            return Rc::clone(kept);
        }
        let fresh = Rc::new(look().await);
        *seen = Some((Instant::now(), Rc::clone(&fresh)));
        fresh
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn those_who_come_meanwhile_share_one_look() {
        let cache = Cache::new(Duration::from_secs(3600));
        let looks = Cell::new(0);
        let look = async || {
            tokio::task::yield_now().await;
            looks.set(looks.get() + 1);
            looks.get()
        };

        let (one, other) = tokio::join!(cache.get(look), cache.get(look));

        assert_eq!((*one, *other, *cache.get(look).await), (1, 1, 1));
    }

    #[tokio::test]
    async fn what_is_old_is_looked_at_again() {
        let cache = Cache::new(Duration::ZERO);

        assert_eq!(*cache.get(async || 1).await, 1);
        assert_eq!(*cache.get(async || 2).await, 2);
    }
}
