//! What is due: a pure function of an entry, what is known of it, and the time.

use std::time::Duration;

use super::entry::{CatchUp, Entry};
use crate::job::Timestamp;
use crate::job::calendar::Schedule;
use crate::store::Known;

/// How late a run may be and still count as on time: a restart, or a Redis that fails over, drops none.
const GRACE: Duration = Duration::from_secs(60);

/// How far back missed times are looked for, in steps, until there are enough.
const WINDOWS: [u64; 5] = [120, 7_200, 172_800, 5_356_800, u64::MAX / 2];

/// What to do for an entry now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// The runs to enqueue, the oldest first.
    pub(super) due: Vec<Timestamp>,
    /// The newest of those that came due, whether enqueued or dropped; they need not be looked at again.
    pub(super) passed: Option<Timestamp>,
    /// When to look again.
    pub(super) next: Option<Timestamp>,
}

/// What is believed of what is known: a last run from the far future would silence the entry for so long. An interval then runs as
/// if for the first time, an expression at its next time.
pub(super) fn believed(entry: &Entry, known: Known, now: Timestamp) -> Known {
    let since = known.since.min(now);
    if known.last.is_none_or(|last| last <= now.plus(entry.lead())) {
        return Known { since, ..known };
    }
    let last = match entry.schedule {
        Schedule::Interval(_) => None,
        Schedule::Cron(..) => Some(now),
    };
    Known { last, since }
}

/// What is due of an entry.
pub(super) fn plan(entry: &Entry, known: &Known, now: Timestamp) -> Plan {
    let due = match &entry.schedule {
        Schedule::Interval(interval) => overdue(entry, *interval, known, now),
        Schedule::Cron(..) => missed(entry, known.last.unwrap_or(known.since), now),
    };
    let passed = due.last().copied();
    let first_interval = matches!(entry.schedule, Schedule::Interval(_)) && known.last.is_none();
    let next = match passed.or(known.last) {
        None if first_interval => Some(known.since),
        last => entry.schedule.after(last.unwrap_or(known.since)),
    };
    let next = next.map(|next| entry.due(next));
    Plan { due: keep(entry, due, now), passed, next }
}

/// The runs of an interval that are due. RQ: an overdue one comes at once, and the next so long after that.
fn overdue(entry: &Entry, interval: Duration, known: &Known, now: Timestamp) -> Vec<Timestamp> {
    let first = known.last.map_or(known.since, |last| last.plus(interval));
    if now < first.plus(interval) {
        return if entry.due(first) <= now { vec![first] } else { Vec::new() };
    }
    let CatchUp::All(limit) = entry.catch_up else { return vec![now] };
    let interval = i64::try_from(interval.as_micros()).unwrap_or(i64::MAX).max(1);
    let whole = (now.micros() - first.micros()) / interval;
    let skipped = (whole + 1).saturating_sub(i64::try_from(limit).unwrap_or(i64::MAX)).max(0);
    (skipped..=whole).filter_map(|nth| Timestamp::from_micros(first.micros() + nth * interval)).collect()
}

/// The newest times of a cron expression that have come due since another one, as many as anybody may want.
fn missed(entry: &Entry, base: Timestamp, now: Timestamp) -> Vec<Timestamp> {
    let wanted = if let CatchUp::All(limit) = entry.catch_up { limit } else { 1 };
    let mut found = Vec::new();
    for window in WINDOWS {
        let back = i64::try_from(Duration::from_secs(window).saturating_add(entry.jitter).as_micros());
        let start = now.micros().saturating_sub(back.unwrap_or(i64::MAX));
        let start = Timestamp::from_micros(start).filter(|start| *start > base).unwrap_or(base);
        let times = std::iter::successors(entry.schedule.after(start), |time| entry.schedule.after(*time));
        found = times.take_while(|time| entry.due(*time) <= now).collect();
        if found.len() >= wanted || start == base {
            break;
        }
    }
    found.split_off(found.len().saturating_sub(wanted))
}

/// Those of the due runs that the entry's policy asks for.
fn keep(entry: &Entry, due: Vec<Timestamp>, now: Timestamp) -> Vec<Timestamp> {
    match (&entry.schedule, entry.catch_up) {
        (Schedule::Cron(..), CatchUp::Skip) => {
            due.into_iter().filter(|time| now <= entry.due(*time).plus(GRACE)).collect()
        }
        (Schedule::Cron(..), CatchUp::Once | CatchUp::All(_)) | (Schedule::Interval(_), _) => due,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::calendar::{CronExpression, Zone};

    /// Some midnight in UTC, in seconds.
    const MIDNIGHT: i64 = 1_795_305_600;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros((MIDNIGHT + seconds) * 1_000_000).unwrap()
    }

    fn every(seconds: u64, catch_up: CatchUp) -> Entry {
        let schedule = Schedule::Interval(Duration::from_secs(seconds));
        Entry { catch_up, ..Entry::of_test(schedule) }
    }

    fn cron(expression: &str, catch_up: CatchUp) -> Entry {
        let expression = CronExpression::parse(expression).unwrap();
        Entry {
            catch_up,
            ..Entry::of_test(Schedule::Cron(Box::new(expression), Zone::named("UTC").unwrap()))
        }
    }

    fn known(last: Option<i64>, since: i64) -> Known {
        Known { last: last.map(at), since: at(since) }
    }

    /// The due times and the next one, in seconds after midnight.
    fn planned(entry: &Entry, known: Known, now: i64) -> (Vec<i64>, Option<i64>) {
        let seconds = |time: Timestamp| time.micros() / 1_000_000 - MIDNIGHT;
        let plan = plan(entry, &known, at(now));
        (plan.due.into_iter().map(seconds).collect(), plan.next.map(seconds))
    }

    #[test]
    fn an_interval_runs_at_once_when_its_last_run_is_older() {
        let entry = every(60, CatchUp::Skip);

        assert_eq!(planned(&entry, known(None, 10), 10), (vec![10], Some(70)));
        assert_eq!(planned(&entry, known(None, 10), 500), (vec![500], Some(560)));
        assert_eq!(planned(&entry, known(Some(100), 10), 159), (vec![], Some(160)));
        assert_eq!(planned(&entry, known(Some(100), 10), 165), (vec![160], Some(220)));
        assert_eq!(planned(&entry, known(Some(100), 10), 300), (vec![300], Some(360)));
    }

    #[test]
    fn an_interval_makes_up_for_every_run_up_to_its_limit() {
        let whole = planned(&every(60, CatchUp::All(100)), known(Some(100), 10), 300);
        let newest = planned(&every(60, CatchUp::All(2)), known(Some(100), 10), 300);

        assert_eq!(whole, (vec![160, 220, 280], Some(340)));
        assert_eq!(newest, (vec![220, 280], Some(340)));
    }

    #[test]
    fn a_cron_expression_waits_for_its_time() {
        let entry = cron("*/10 * * * *", CatchUp::Once);

        assert_eq!(planned(&entry, known(None, 10), 10), (vec![], Some(600)));
        assert_eq!(planned(&entry, known(Some(600), 10), 1_199), (vec![], Some(1_200)));
        assert_eq!(planned(&entry, known(Some(600), 10), 1_200), (vec![1_200], Some(1_800)));
    }

    #[test]
    fn missed_times_are_dropped_made_up_for_once_or_each() {
        let after_an_hour = |catch_up| planned(&cron("*/10 * * * *", catch_up), known(Some(600), 0), 4_300);

        assert_eq!(after_an_hour(CatchUp::Skip), (vec![], Some(4_800)));
        assert_eq!(after_an_hour(CatchUp::Once), (vec![4_200], Some(4_800)));
        assert_eq!(
            after_an_hour(CatchUp::All(100)),
            (vec![1_200, 1_800, 2_400, 3_000, 3_600, 4_200], Some(4_800))
        );
        assert_eq!(after_an_hour(CatchUp::All(2)), (vec![3_600, 4_200], Some(4_800)));
    }

    #[test]
    fn a_short_absence_drops_nothing() {
        let entry = cron("*/10 * * * *", CatchUp::Skip);

        assert_eq!(planned(&entry, known(Some(600), 0), 1_259), (vec![1_200], Some(1_800)));
        assert_eq!(planned(&entry, known(Some(600), 0), 1_261), (vec![], Some(1_800)));
    }

    #[test]
    fn a_last_run_in_the_far_future_is_not_believed() {
        let (every, cron) = (every(60, CatchUp::Skip), cron("*/10 * * * *", CatchUp::Once));
        let believed = |entry: &Entry, last, now| believed(entry, known(Some(last), 0), at(now));

        assert_eq!(believed(&every, 159, 100), known(Some(159), 0));
        assert_eq!(believed(&every, 161, 100), known(None, 0));
        assert_eq!(planned(&every, believed(&every, 9_999_999, 100), 100).0, [100]);
        // An hour, by which the clocks of hosts may differ, delays its runs and repeats none.
        assert_eq!(believed(&cron, 3_700, 100), known(Some(3_700), 0));
        assert_eq!(planned(&cron, believed(&cron, 9_999_999, 100), 100), (vec![], Some(600)));
    }

    #[test]
    fn years_of_absence_are_looked_through_in_no_time() {
        let year = 365 * 86_400;
        let secondly = cron("* * * * * *", CatchUp::Once);
        let yearly = cron("0 0 1 1 *", CatchUp::Once);

        assert_eq!(planned(&secondly, known(Some(0), 0), 10 * year).0, [10 * year]);
        assert_eq!(planned(&yearly, known(Some(0), 0), 10 * year).0.len(), 1);
    }

    #[test]
    fn jitter_delays_within_its_bound_and_never_drops_a_run() {
        let entry = Entry { jitter: Duration::from_secs(120), ..cron("*/10 * * * *", CatchUp::Skip) };
        let mut delays = Vec::new();
        for nth in 1..100 {
            let time = nth * 600;
            let due = planned(&entry, known(Some(time - 600), 0), time - 600).1.unwrap();

            assert!((time..time + 120).contains(&due), "{due} for {time}");
            assert_eq!(planned(&entry, known(Some(time - 600), 0), due - 1).0, [0_i64; 0]);
            assert_eq!(planned(&entry, known(Some(time - 600), 0), due + 1).0, [time]);
            delays.push(due - time);
        }

        assert!(delays.iter().min() < Some(&15) && delays.iter().max() > Some(&105), "{delays:?}");
    }
}
