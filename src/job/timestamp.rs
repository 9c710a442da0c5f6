//! Moments, and the two forms in which RQ writes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// A moment, to the microsecond, as RQ counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(i64);

/// The last moment that RQ's text form can write (the end of year 9999).
const LAST: i64 = 253_402_300_799_999_999;

impl Timestamp {
    /// The moment of the call, by this machine's clock.
    pub(crate) fn now() -> Self {
        Self::from(SystemTime::now())
    }

    /// A moment in Unix seconds, or nothing when the number is not a moment between 1970 and 9999.
    pub(crate) fn from_seconds(seconds: f64) -> Option<Self> {
        let micros = (seconds * 1e6).round();
        #[expect(clippy::cast_precision_loss, reason = "the bound need not be exact")]
        let valid = micros >= 0.0 && micros <= LAST as f64;
        #[expect(clippy::cast_possible_truncation, reason = "checked to be in range")]
        valid.then_some(Self(micros as i64))
    }

    /// A moment in microseconds since 1970, or nothing when it is none between 1970 and 9999.
    pub(crate) fn from_micros(micros: i64) -> Option<Self> {
        (0..=LAST).contains(&micros).then_some(Self(micros))
    }

    /// Microseconds since 1970.
    pub(crate) fn micros(self) -> i64 {
        self.0
    }

    /// A later moment, at most the end of year 9999.
    pub(crate) fn plus(self, span: Duration) -> Self {
        let span = i64::try_from(span.as_micros()).unwrap_or(LAST);
        Self(self.0.saturating_add(span).min(LAST))
    }

    /// The moment so many microseconds later, or earlier; within the years that can be written.
    pub(crate) fn moved(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros).clamp(0, LAST))
    }

    /// RQ's text form, for example `2026-11-22T07:31:55.880802Z`: readers refuse more than six digits.
    pub(crate) fn iso(self) -> String {
        let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1000)
            .ok()
            .and_then(|moment| moment.format(form).ok())
            .unwrap_or_else(|| "1970-01-01T00:00:00.000000Z".to_owned())
    }

    /// The moment that RQ's text form tells.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        Self::from_micros(i64::try_from(moment.unix_timestamp_nanos() / 1000).ok()?)
    }

    /// Unix seconds as Python's `repr` writes a float.
    pub(crate) fn float(self) -> String {
        float(self.seconds())
    }

    /// Unix seconds.
    pub(crate) fn seconds(self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "microseconds of this era fit in 53 bits")]
        let micros = self.0 as f64;
        micros / 1e6
    }

    /// The time from an earlier moment to this one; nothing when the clock went backwards.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let micros = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        Self(i64::try_from(micros).unwrap_or(LAST).min(LAST))
    }
}

/// A float as Python's `repr` writes it: the shortest text that reads back the same.
pub(crate) fn float(value: f64) -> String {
    format!("{value:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_has_six_digits_always() {
        let moment = Timestamp::from_seconds(1_795_332_715.88).unwrap();

        assert_eq!(moment.iso(), "2026-11-22T07:31:55.880000Z");
    }

    #[test]
    fn the_text_form_reads_back() {
        let moment = Timestamp::from_micros(1_763_796_715_880_802).unwrap();

        assert_eq!(Timestamp::parse(&moment.iso()), Some(moment));
        for text in ["", "now", "2026-13-01T00:00:00Z", "1969-12-31T23:59:59Z"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn floats_are_written_as_python_writes_them() {
        let table = [(1_795_332_715.865_783, "1795332715.865783"), (1_795_332_715.0, "1795332715.0")];

        for (seconds, text) in table {
            assert_eq!(Timestamp::from_seconds(seconds).unwrap().float(), text);
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for seconds in [f64::NAN, f64::INFINITY, -1.0, 1e18] {
            assert_eq!(Timestamp::from_seconds(seconds), None);
        }
    }
}
