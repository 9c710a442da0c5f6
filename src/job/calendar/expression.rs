//! Cron expressions, as croniter reads them: minute, hour, day of month, month, day of week, then second and year.

use std::collections::BTreeSet;
use std::fmt;

/// The fields, in the order in which they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
    Second,
    Year,
}

const FIELDS: [Field; 7] =
    [Field::Minute, Field::Hour, Field::Day, Field::Month, Field::Weekday, Field::Second, Field::Year];

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Names for whole expressions.
const ALIASES: [(&str, &str); 7] = [
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

impl Field {
    fn range(self) -> (u32, u32) {
        match self {
            Self::Minute | Self::Second => (0, 59),
            Self::Hour => (0, 23),
            Self::Day => (1, 31),
            Self::Month => (1, 12),
            Self::Weekday => (0, 6),
            Self::Year => (1970, 2099),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day of the month",
            Self::Month => "month",
            Self::Weekday => "day of the week",
            Self::Second => "second",
            Self::Year => "year",
        }
    }

    /// A number, or the name of a month or a day.
    fn number(self, text: &str) -> Option<u32> {
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let number = text.parse().ok()?;
            // Sunday has two numbers.
            return Some(if self == Self::Weekday && number == 7 { 0 } else { number });
        }
        let place = |names: &[&str]| names.iter().position(|name| *name == text);
        let (place, first) = match self {
            Self::Month => (place(&MONTHS)?, 1),
            Self::Weekday => (place(&WEEKDAYS)?, 0),
            _ => return None,
        };
        u32::try_from(place).ok().map(|place| place + first)
    }
}

/// A text that is no cron expression, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NotCron(String);

/// The values that fit a field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Values {
    /// Whether every value fits.
    pub(super) any: bool,
    pub(super) numbers: BTreeSet<u32>,
}

impl Values {
    pub(super) fn fit(&self, number: u32) -> bool {
        self.any || self.numbers.contains(&number)
    }
}

/// Which of the weekdays of a month: `fri#2` is the second, `L5` the last Friday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nth {
    pub(super) weekday: u32,
    /// `None` is the last one.
    pub(super) nth: Option<u32>,
}

/// When the wall clock fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CronExpression {
    text: String,
    pub(super) minutes: Values,
    pub(super) hours: Values,
    pub(super) days: Values,
    /// Whether the last day of the month fits too.
    pub(super) last_day: bool,
    /// The weekday that is nearest to this day of the month, and no other day.
    pub(super) nearest: Option<u32>,
    pub(super) months: Values,
    pub(super) weekdays: Values,
    pub(super) nth: Vec<Nth>,
    /// `None` when the expression has no seconds: it then fits at the full minute.
    pub(super) seconds: Option<Values>,
    pub(super) years: Values,
}

impl fmt::Display for CronExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl CronExpression {
    /// Reads an expression of 5, 6 or 7 fields, or an alias such as `@daily`.
    pub(crate) fn parse(text: &str) -> Result<Self, NotCron> {
        let lower = text.to_lowercase();
        let known = ALIASES.iter().find(|(alias, _)| *alias == lower).map(|(_, meant)| *meant);
        let fields: Vec<&str> = known.unwrap_or(&lower).split_ascii_whitespace().collect();
        if !(5..=7).contains(&fields.len()) {
            return Err(NotCron(format!("it has {} fields, and 5, 6 or 7 are needed", fields.len())));
        }
        let mut read = Vec::new();
        for (field, text) in FIELDS.into_iter().zip(&fields) {
            read.push(Reading::of(field, text)?);
        }
        // A list of all days counts as a star only beside a star: `1-31` with a weekday means every day.
        let starred = |at: usize| fields[at].contains('*');
        for (at, other) in [(2, Some(4)), (4, Some(2)), (0, None), (1, None), (3, None), (5, None), (6, None)]
        {
            if let Some(reading) = read.get_mut(at).filter(|_| other.is_none_or(starred)) {
                reading.all_is_any(FIELDS[at]);
            }
        }
        check_weekdays(&read[4])?;
        let mut read = read.into_iter();
        let mut next = || read.next().unwrap_or_default();
        let (minutes, hours, days, months, weekdays) = (next(), next(), next(), next(), next());
        Ok(Self {
            text: text.to_owned(),
            minutes: minutes.values,
            hours: hours.values,
            days: days.values,
            last_day: days.last,
            nearest: days.nearest,
            months: months.values,
            weekdays: weekdays.values,
            nth: weekdays.nth,
            seconds: (fields.len() > 5).then(|| next().values),
            years: if fields.len() > 6 { next().values } else { Values { any: true, ..Values::default() } },
        })
    }
}

/// What has been read of a field.
#[derive(Debug, Default)]
struct Reading {
    values: Values,
    last: bool,
    nearest: Option<u32>,
    nth: Vec<Nth>,
}

impl Reading {
    fn of(field: Field, text: &str) -> Result<Self, NotCron> {
        let mut reading = Self::default();
        let days = matches!(field, Field::Day | Field::Weekday);
        let items: Vec<&str> = if days && text == "?" { vec!["*"] } else { text.split(',').collect() };
        for item in &items {
            let read = if field == Field::Day && items.len() == 1 { reading.nearest(item)? } else { false };
            if !read {
                reading.item(field, item)?;
            }
        }
        Ok(reading)
    }

    /// `15W` or `W15`.
    fn nearest(&mut self, item: &str) -> Result<bool, NotCron> {
        let day = item.strip_suffix('w').or_else(|| item.strip_prefix('w'));
        let Some(day) = day.and_then(|day| Field::Day.number(day)) else { return Ok(false) };
        check_range(Field::Day, day)?;
        self.nearest = Some(day);
        self.values.numbers.insert(day);
        Ok(true)
    }

    fn item(&mut self, field: Field, item: &str) -> Result<(), NotCron> {
        if item == "*" {
            self.values.any = true;
            return Ok(());
        }
        if field == Field::Day && item == "l" {
            self.last = true;
            return Ok(());
        }
        let (item, nth) = if field == Field::Weekday { split_nth(item)? } else { (item, Which::All) };
        for number in numbers(field, item)? {
            check_range(field, number)?;
            self.values.numbers.insert(number);
            match nth {
                Which::All => {}
                Which::Last => self.nth.push(Nth { weekday: number, nth: None }),
                Which::Nth(nth) => self.nth.push(Nth { weekday: number, nth: Some(nth) }),
            }
        }
        Ok(())
    }

    fn all_is_any(&mut self, field: Field) {
        let (first, last) = field.range();
        let all = usize::try_from(last - first + 1).unwrap_or(usize::MAX);
        self.values.any |= self.values.numbers.len() + usize::from(self.last) == all;
    }
}

/// Which of a weekday's days in a month an item means.
#[derive(Debug, Clone, Copy)]
enum Which {
    All,
    Last,
    Nth(u32),
}

/// `fri#2` is the second Friday, `L5` the last one.
fn split_nth(item: &str) -> Result<(&str, Which), NotCron> {
    if let Some(day) = item.strip_prefix('l').filter(|day| !day.is_empty()) {
        return Ok((day, Which::Last));
    }
    let Some((days, nth)) = item.split_once('#') else { return Ok((item, Which::All)) };
    let nth = nth.parse().ok().filter(|nth| (1..=5).contains(nth));
    let nth = nth.ok_or_else(|| unusable(Field::Weekday, item))?;
    // RQ: before `#` stands a number, a name or a range of names.
    let range = days.contains('-') && days.contains(|c: char| c.is_ascii_digit());
    if range || days.contains(['*', '/']) {
        return Err(unusable(Field::Weekday, item));
    }
    Ok((days, Which::Nth(nth)))
}

/// The numbers of `5`, `1-5`, `1-5/2`, `*/2` or `5/2`.
fn numbers(field: Field, item: &str) -> Result<Vec<u32>, NotCron> {
    let bad = || unusable(field, item);
    let (first, last) = field.range();
    let (range, step) = match item.split_once('/') {
        Some((range, step)) => {
            let digits = !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit());
            let step = step.parse::<usize>().ok().filter(|step| digits && *step > 0).ok_or_else(bad)?;
            (range, Some(step))
        }
        None => (item, None),
    };
    let (low, high, open) = match (range.split_once('-'), step) {
        _ if range == "*" => (first, last, false),
        (Some((low, "l")), _) if field == Field::Day => (field.number(low).ok_or_else(bad)?, 31, false),
        (Some((low, high)), _) => {
            (field.number(low).ok_or_else(bad)?, field.number(high).ok_or_else(bad)?, false)
        }
        (None, None) => return Ok(vec![field.number(range).ok_or_else(bad)?]),
        (None, Some(_)) => (field.number(range).ok_or_else(bad)?, last, true),
    };
    check_range(field, low.max(high))?;
    let step = step.unwrap_or(1);
    Ok(match low.cmp(&high) {
        std::cmp::Ordering::Less => (low..=high).step_by(step).collect(),
        std::cmp::Ordering::Equal if open => vec![low],
        // RQ: `jan-jan` is the whole year.
        std::cmp::Ordering::Equal => (first..=last).step_by(step).collect(),
        std::cmp::Ordering::Greater => wrapped(field, low, high, step),
    })
}

/// A range over the end of its field: `fri-mon`, `22-4/2`.
fn wrapped(field: Field, low: u32, high: u32, step: usize) -> Vec<u32> {
    let (first, last) = field.range();
    let mut numbers: Vec<u32> = (low..=last).step_by(step).collect();
    let reached = numbers.last().copied().unwrap_or(low);
    let rest = usize::try_from(last - reached).unwrap_or(0);
    let all = usize::try_from(last - first + 1).unwrap_or(usize::MAX);
    let skipped = if all - 1 - rest + step > all && rest < step { step - rest } else { 0 };
    // RQ: the step goes on beyond the end, but for one place.
    let from = first + u32::try_from(skipped).unwrap_or(last);
    numbers.extend((from..=high).step_by(step));
    numbers
}

fn check_range(field: Field, number: u32) -> Result<(), NotCron> {
    let (first, last) = field.range();
    if (first..=last).contains(&number) {
        return Ok(());
    }
    Err(NotCron(format!("{number} is no {}, which goes from {first} to {last}", field.name())))
}

/// RQ: `fri#2,mon` is refused, because its days would not be what they seem.
fn check_weekdays(read: &Reading) -> Result<(), NotCron> {
    let plain = read.values.numbers.iter().any(|day| !read.nth.iter().any(|nth| nth.weekday == *day));
    if read.nth.is_empty() || !plain || read.values.numbers.len() == 7 {
        return Ok(());
    }
    Err(NotCron("days of the week cannot stand both with and without # or L".to_owned()))
}

fn unusable(field: Field, item: &str) -> NotCron {
    NotCron(format!("{item:?} is no {}", field.name()))
}
