//! Entries that a cron module of RQ's registers: their jobs were made by rq itself.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::entry::{CatchUp, Entry, checksum};
use crate::horse::CronJob;
use crate::job::QueueName;
use crate::job::calendar::{CronExpression, Schedule, Zone};

/// A registration that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unusable {
    pub(crate) function: String,
    pub(crate) reason: String,
}

/// The entries of a module, in its order.
pub(crate) fn entries(jobs: Vec<CronJob>) -> Vec<Result<Entry, Unusable>> {
    let mut seen: HashMap<String, u32> = HashMap::new();
    jobs.into_iter()
        .map(|job| {
            let function = job.head.function.clone();
            let schedule = schedule(&job).map_err(|reason| Unusable { function, reason })?;
            let fence = fence(&job, &mut seen);
            Ok(entry(job, schedule, fence))
        })
        .collect()
}

fn schedule(job: &CronJob) -> Result<Schedule, String> {
    if let Some(cron) = &job.head.cron {
        let expression =
            CronExpression::parse(cron).map_err(|error| format!("[{cron}] is not acceptable, {error}"))?;
        return Ok(Schedule::Cron(Box::new(expression), Zone::local()));
    }
    let interval = job.head.interval.filter(|interval| *interval > 0.0);
    let interval = interval.and_then(|interval| Duration::try_from_secs_f64(interval).ok());
    interval.map(Schedule::Interval).ok_or_else(|| "its interval is no number of seconds".to_owned())
}

/// RQ: several entries may share a name. What they are told apart by must be the same for every scheduler that loads
/// the module, so it is what they do; of equal ones, their order counts.
fn fence(job: &CronJob, seen: &mut HashMap<String, u32>) -> String {
    let head = &job.head;
    let what = json!([
        head.function,
        head.queue,
        head.interval,
        head.cron,
        head.shown.get("args").unwrap_or(&Value::Null),
        head.shown.get("kwargs").unwrap_or(&Value::Null),
    ]);
    let fence = format!("{}:{:08x}", head.name, checksum(what.to_string().as_bytes()));
    let nth = seen.entry(fence.clone()).or_insert(0);
    *nth += 1;
    if *nth == 1 { fence } else { format!("{fence}:{nth}") }
}

fn entry(job: CronJob, schedule: Schedule, fence: String) -> Entry {
    let CronJob { mut head, fields } = job;
    head.shown.remove("latest_enqueue_time");
    head.shown.remove("next_enqueue_time");
    Entry {
        name: head.name,
        fence,
        function: head.function,
        queue: QueueName::new(head.queue),
        schedule,
        jitter: Duration::ZERO,
        // RQ: what was missed is missed.
        catch_up: CatchUp::Skip,
        no_overlap: false,
        ttl: head.ttl,
        fields,
        shown: head.shown,
    }
}
