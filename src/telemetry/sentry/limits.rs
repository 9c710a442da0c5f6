//! What Sentry says of how much it takes: <https://develop.sentry.dev/sdk/expected-features/rate-limiting/>.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long nothing is sent when Sentry says no more than that it is too much.
const DEFAULT: Duration = Duration::from_secs(60);
/// The longest that Sentry is believed.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);
/// The most categories that are kept.
const CATEGORIES: usize = 64;

/// The categories that are not to be sent, and until when. The empty one is all of them.
#[derive(Debug, Default)]
pub(super) struct Limits(HashMap<String, Instant>);

impl Limits {
    /// Whether something of a category may be sent.
    pub(super) fn allow(&self, category: &str, now: Instant) -> bool {
        ["", category].iter().all(|name| self.0.get(*name).is_none_or(|until| *until <= now))
    }

    /// Takes note of an answer: `rate_limits` and `retry_after` are its headers of those names.
    pub(super) fn heed(
        &mut self,
        status: u16,
        rate_limits: Option<&str>,
        retry_after: Option<&str>,
        now: Instant,
    ) {
        match (rate_limits, status) {
            (Some(limits), _) => limits.split(',').for_each(|limit| self.limit(limit.trim(), now)),
            (None, 429) => {
                let seconds = retry_after.and_then(|text| text.trim().parse().ok());
                self.note("", seconds.map_or(DEFAULT, span), now);
            }
            (None, _) => {}
        }
    }

    /// One limit: `SECONDS:CATEGORY;CATEGORY:SCOPE…`, where no category is all.
    fn limit(&mut self, text: &str, now: Instant) {
        let mut parts = text.split(':');
        let Some(seconds) = parts.next().and_then(|seconds| seconds.trim().parse().ok()) else { return };
        for category in parts.next().unwrap_or_default().split(';') {
            self.note(category.trim(), span(seconds), now);
        }
    }

    fn note(&mut self, category: &str, pause: Duration, now: Instant) {
        if self.0.len() < CATEGORIES || self.0.contains_key(category) {
            self.0.insert(category.to_owned(), now + pause);
        }
    }
}

fn span(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(LONGEST).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold_for_their_categories_and_their_time() {
        let (now, mut limits) = (Instant::now(), Limits::default());
        let after = |seconds| now + Duration::from_secs(seconds);

        limits.heed(
            200,
            Some("60:error;transaction:key, 2700:monitor:organization:reason, junk, x:y"),
            None,
            now,
        );

        assert!(!limits.allow("error", after(59)) && !limits.allow("transaction", now));
        assert!(limits.allow("error", after(60)));
        assert!(!limits.allow("monitor", after(2_699)) && limits.allow("default", now));
    }

    #[test]
    fn too_many_requests_stop_everything() {
        let (now, table) = (Instant::now(), [(Some("7"), 7), (None, 60), (Some("Wed, 21 Oct 2026"), 60)]);

        for (retry_after, seconds) in table {
            let mut limits = Limits::default();
            limits.heed(429, None, retry_after, now);

            assert!(!limits.allow("error", now + Duration::from_secs(seconds - 1)));
            assert!(limits.allow("error", now + Duration::from_secs(seconds)));
        }
        let mut limits = Limits::default();
        limits.heed(429, Some("1e300::organization"), None, now);
        assert!(!limits.allow("error", now + Duration::from_secs(3_600)));
        limits.heed(500, None, None, now);
    }
}
