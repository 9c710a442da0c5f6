//! The next wall time that fits an expression.

use jiff::civil::{Date, DateTime, Time, Weekday, date};

use super::expression::{CronExpression, Nth, Values};

/// RQ: how far ahead is looked; an expression that fits on no day (30 February) never ends the search otherwise.
const YEARS: i16 = 50;

/// What is asked of a day: its place in the month, its place in the week, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Days {
    Both,
    OfMonth,
    OfWeek,
}

/// The first wall time after another that fits.
///
/// RQ: where both days of month and of week are given, either will do, and one side may fit never. With `#`, `L5` or
/// `W`, which are asked in any case, a side that fits never makes the whole fit never.
pub(super) fn next(expression: &CronExpression, after: DateTime) -> Option<DateTime> {
    if expression.days.any || expression.weekdays.any {
        return next_on(expression, Days::Both, after);
    }
    let of_month = next_on(expression, Days::OfMonth, after);
    let of_week = next_on(expression, Days::OfWeek, after);
    if expression.nth.is_empty() && expression.nearest.is_none() {
        return of_month.into_iter().chain(of_week).min();
    }
    Some(of_month?.min(of_week?))
}

fn next_on(expression: &CronExpression, days: Days, after: DateTime) -> Option<DateTime> {
    let from = step(expression, after)?;
    let today = fits_on(expression, days, from.date()).then(|| time_from(expression, from.time())).flatten();
    if let Some(time) = today {
        return Some(from.date().to_datetime(time));
    }
    let midnight = time_from(expression, Time::midnight())?;
    let last_year = from.year().checked_add(YEARS)?;
    let mut day = from.date().tomorrow().ok()?;
    while day.year() <= last_year {
        if !expression.years.fit(number(day.year())) {
            day = date(day.year().checked_add(1)?, 1, 1);
        } else if !expression.months.fit(number(day.month())) {
            day = day.last_of_month().tomorrow().ok()?;
        } else if fits_on(expression, days, day) {
            return Some(day.to_datetime(midnight));
        } else {
            day = day.tomorrow().ok()?;
        }
    }
    None
}

/// The next whole second, or minute where the expression has no seconds.
fn step(expression: &CronExpression, after: DateTime) -> Option<DateTime> {
    let whole = after.with().subsec_nanosecond(0);
    let (whole, unit) = if expression.seconds.is_some() {
        (whole, jiff::SignedDuration::from_secs(1))
    } else {
        (whole.second(0), jiff::SignedDuration::from_mins(1))
    };
    whole.build().ok()?.checked_add(unit).ok()
}

/// The first time of day, not before another one, that fits.
fn time_from(expression: &CronExpression, from: Time) -> Option<Time> {
    let on_the_minute = Values { any: false, numbers: [0].into() };
    let seconds = expression.seconds.as_ref().unwrap_or(&on_the_minute);
    let first =
        |values: &Values, least: i8, below: i8| (least..below).find(|value| values.fit(number(*value)));
    for hour in (from.hour()..24).filter(|hour| expression.hours.fit(number(*hour))) {
        let least = if hour == from.hour() { from.minute() } else { 0 };
        for minute in (least..60).filter(|minute| expression.minutes.fit(number(*minute))) {
            let at_start = hour == from.hour() && minute == from.minute();
            if let Some(second) = first(seconds, if at_start { from.second() } else { 0 }, 60) {
                return Time::new(hour, minute, second, 0).ok();
            }
        }
    }
    None
}

fn fits_on(expression: &CronExpression, days: Days, day: Date) -> bool {
    let by_month = match expression.nearest {
        Some(nearest) => number(day.day()) == nearest_weekday(day, nearest),
        None => {
            days == Days::OfWeek
                || expression.days.fit(number(day.day()))
                || (expression.last_day && day.day() == day.days_in_month())
        }
    };
    let by_week = if expression.nth.is_empty() {
        days == Days::OfMonth || expression.weekdays.fit(weekday(day))
    } else {
        expression.nth.iter().any(|nth| is_nth(day, *nth))
    };
    by_month
        && by_week
        && expression.years.fit(number(day.year()))
        && expression.months.fit(number(day.month()))
}

/// Whether a day is the second Friday of its month, or the last.
fn is_nth(day: Date, wanted: Nth) -> bool {
    let before = number(day.day() - 1) / 7 + 1;
    let is_last = day.day() > day.days_in_month() - 7;
    weekday(day) == wanted.weekday && wanted.nth.map_or(is_last, |nth| nth == before)
}

/// The day from Monday to Friday that is nearest to a day of this month, and in it.
fn nearest_weekday(of: Date, wanted: u32) -> u32 {
    let last = number(of.days_in_month());
    let wanted = wanted.min(last);
    let day = i8::try_from(wanted).ok().and_then(|day| Date::new(of.year(), of.month(), day).ok());
    match day.map(Date::weekday) {
        Some(Weekday::Saturday) if wanted > 1 => wanted - 1,
        Some(Weekday::Saturday) => wanted + 2,
        Some(Weekday::Sunday) if wanted < last => wanted + 1,
        Some(Weekday::Sunday) => wanted - 2,
        _ => wanted,
    }
}

fn weekday(day: Date) -> u32 {
    number(day.weekday().to_sunday_zero_offset())
}

/// Parts of dates and times of this era are never negative.
fn number(part: impl TryInto<u32>) -> u32 {
    part.try_into().unwrap_or(0)
}
