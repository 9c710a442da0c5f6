//! When something is to happen again: every so often, or when the clock on the wall fits a cron expression.
//!
//! Expressions are those of Python's croniter, which RQ uses, to the letter: the fields in its order, its ranges that
//! wrap around, its rule for days of month and week. Wall clocks jump: a time that is left out by a jump forward
//! happens as much later as the jump is wide, and a time that comes twice happens the first time only (RQ).

mod expression;
mod search;

pub(crate) use expression::CronExpression;

use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::Timestamp;

/// A rule for the next time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Schedule {
    /// So long after the last time.
    Interval(Duration),
    /// When the wall clock of a zone fits.
    Cron(Box<CronExpression>, Zone),
}

impl Schedule {
    /// The first time after a moment; nothing when there is none within fifty years.
    pub(crate) fn after(&self, moment: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Interval(interval) => Some(moment.plus(*interval)),
            Self::Cron(expression, zone) => zone.after(expression, moment),
        }
    }
}

/// The wall clock that counts.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Zone(TimeZone);

/// A name that no time zone has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no time zone")]
pub(crate) struct NoSuchZone(String);

impl Zone {
    /// The zone of this machine, as `TZ` or `/etc/localtime` says.
    pub(crate) fn local() -> Self {
        Self(TimeZone::system())
    }

    /// A zone by its name in the IANA database: `Europe/Berlin`, `UTC`.
    pub(crate) fn named(name: &str) -> Result<Self, NoSuchZone> {
        TimeZone::get(name).map(Self).map_err(|_| NoSuchZone(name.to_owned()))
    }

    /// A moment as this zone's clock tells it, with its offset: `2026-11-22T08:30:00+01:00`.
    pub(crate) fn tell(&self, moment: Timestamp) -> String {
        let form = "%Y-%m-%dT%H:%M:%S%:z";
        instant(moment).to_zoned(self.0.clone()).strftime(form).to_string()
    }

    /// A moment as this zone's clock tells it, as Python writes it: `2026-11-22 08:30:00.025747`.
    pub(crate) fn wall(&self, moment: Timestamp) -> String {
        // Python leaves out a fraction of nothing.
        let form =
            if moment.micros() % 1_000_000 == 0 { "%Y-%m-%d %H:%M:%S" } else { "%Y-%m-%d %H:%M:%S%.6f" };
        instant(moment).to_zoned(self.0.clone()).strftime(form).to_string()
    }

    /// The moment at which this zone's clock shows a time, `2026-11-22T08:30:00`; nothing when that is none. A time that a jump
    /// leaves out is as much later as the jump is wide, and one that comes twice means its first coming.
    pub(crate) fn moment(&self, wall: &str) -> Option<Timestamp> {
        let (date, time) = wall.split_once('T')?;
        let numbers = |text: &str, by: char| -> Option<Vec<i16>> {
            let digits =
                |part: &str| (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            text.split(by).map(|part| digits(part).then(|| part.parse().ok()).flatten()).collect()
        };
        let (date, time) = (numbers(date, '-')?, numbers(time, ':')?);
        let (&[year, month, day], &[hour, minute, second]) = (&date[..], &time[..]) else { return None };
        let [month, day, hour, minute, second] =
            [month, day, hour, minute, second].map(|part| i8::try_from(part).ok());
        let wall = jiff::civil::DateTime::new(year, month?, day?, hour?, minute?, second?, 0).ok()?;
        let found = self.0.to_ambiguous_timestamp(wall).compatible().ok()?;
        Timestamp::from_micros(found.as_microsecond())
    }

    /// RQ: the expression is followed on the wall clock alone, and what it gives is then put into the zone. A wall time
    /// that comes twice means its first coming, which may lie before the moment.
    fn after(&self, expression: &CronExpression, moment: Timestamp) -> Option<Timestamp> {
        let mut wall = instant(moment).to_zoned(self.0.clone()).datetime();
        loop {
            wall = search::next(expression, wall)?;
            let found = self.0.to_ambiguous_timestamp(wall).compatible().ok()?;
            let found = Timestamp::from_micros(found.as_microsecond())?;
            if found > moment {
                return Some(found);
            }
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("local"))
    }
}

fn instant(moment: Timestamp) -> jiff::Timestamp {
    // Both count from the same moment, and jiff's years reach as far.
    jiff::Timestamp::from_microsecond(moment.micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
