//! `rq enqueue`.

mod arguments;
mod times;

pub(super) use times::seconds;

use serde::Serialize;

use super::args::EnqueueArgs;
use super::exit::{Exit, Failure};
use super::output;
use super::reach::at_redis_with;
use super::settings_table::as_json;
use crate::job::call::{Call, Format, Sequence};
use crate::job::{JobId, NewJob, TIMEOUT, Timestamp};
use crate::os::terminal::Stream;

/// What is to be enqueued, as far as the command line tells.
struct Wish {
    call: Call,
    id: JobId,
    job: NewJob,
    due: Option<Timestamp>,
}

/// What was enqueued, for programs.
#[derive(Serialize)]
struct Enqueued<'a> {
    id: &'a str,
    /// RQ's word: `queued`, `scheduled` or `deferred`.
    status: &'a str,
    queue: &'a str,
    description: &'a str,
    /// When it is to be queued.
    due: Option<String>,
}

/// Enqueues a job.
pub(super) fn run(args: &EnqueueArgs) -> Result<Exit, Failure> {
    if let Some((option, class)) = args.own_class() {
        return Err(Failure::new(
            Exit::Usage,
            format!("the class {class} of {option} cannot be used without Python"),
        )
        .with_hint("leave the option out where RQ's own class does, or enqueue from Python"));
    }
    let mut wish = wish(args)?;
    let overrides = args.overrides();
    let status = at_redis_with(&args.sources, overrides, async |looking| {
        let payload = payload(&wish.call, looking.serializer());
        wish.job.payload = match payload {
            Ok(payload) => payload,
            Err(failure) => return Ok(Err(failure)),
        };
        looking.store().enqueue(&wish.id, &wish.job, wish.due, args.at_front).await.map(Ok)
    })?;
    let status = status?;
    if args.json {
        output::print(&as_json(&Enqueued {
            id: wish.id.as_str(),
            status: &status,
            queue: &wish.job.queue,
            description: &wish.job.description,
            due: wish.due.map(Timestamp::iso),
        }));
    } else if !args.quiet {
        // RQ: the colour of its log lines, and its words.
        let (blue, reset) =
            if Stream::Out.wants_colour() { ("\x1b[34m", "\x1b[39;49;00m") } else { ("", "") };
        let call = wish.call.text();
        output::print(&format!("Enqueued {blue}{}{reset} with job-id '{}'.\n", output::safe(&call), wish.id));
    }
    Ok(Exit::Done)
}

fn wish(args: &EnqueueArgs) -> Result<Wish, Failure> {
    let (positional, kwargs) = arguments::parse(&args.arguments)?;
    let call = Call { function: args.function.clone(), args: positional, sequence: Sequence::List, kwargs };
    let description = args.description.clone().filter(|text| !text.is_empty()).unwrap_or_else(|| call.text());
    let due = times::due(args.schedule_in.as_deref(), args.schedule_at.as_deref(), Timestamp::now())?;
    let job = NewJob {
        payload: Vec::new(),
        queue: args.queue.clone(),
        description,
        timeout: times::timeout(args.timeout.as_deref())?.unwrap_or(TIMEOUT),
        result_ttl: times::seconds("--result-ttl", args.result_ttl.as_deref())?,
        failure_ttl: times::seconds("--failure-ttl", args.failure_ttl.as_deref())?,
        ttl: times::ttl(args.ttl.as_deref())?,
        retry: times::retry(args.retry_max, &args.retry_interval)?,
        depends_on: args.depends_on.clone(),
        // RQ: of a job that waits for its time, the hash says so.
        at_front: args.at_front && due.is_some(),
    };
    let id = args.job_id.as_deref().map_or_else(JobId::random, JobId::new);
    for id in job.depends_on.iter().map(JobId::new).chain([id.clone()]) {
        if !id.is_valid() {
            return Err(Failure::new(Exit::Usage, format!("{:?} cannot be the id of a job", id.as_str()))
                .with_hint("ids are made of letters, digits, underscores and dashes"));
        }
    }
    Ok(Wish { call, id, job, due })
}

fn payload(call: &Call, serializer: Option<&str>) -> Result<Vec<u8>, Failure> {
    let Some(format) = Format::of(serializer) else {
        let name = serializer.unwrap_or_default();
        return Err(Failure::new(
            Exit::Usage,
            format!("the serializer {name} cannot be used without Python"),
        )
        .with_hint("use -S json or -S pickle, or enqueue from Python"));
    };
    call.payload(format).map_err(|error| {
        Failure::of(Exit::Usage, &error)
            .with_hint("use another value, or -S pickle where the workers do, too")
    })
}
