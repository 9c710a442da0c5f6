//! `rq jobs`.

mod filter;
mod told;

use std::collections::HashSet;
use std::io::Read as _;

use super::args::JobsArgs;
use super::exit::{Exit, Failure};
use super::outcomes::{for_programs, refusals, refused};
use super::progress::{Progress, confirmed};
use super::reach::at_redis;
use super::{meant, output};
use crate::job::QueueName;
use crate::store::{Listed, Rearranged, Store, StoreError, Withdrawal};
use filter::Filter;

/// How many jobs one question asks for.
const PAGE: usize = 500;

/// How many are shown unless more are asked for.
const SHOWN: usize = 100;

/// The most that is read of standard input.
const LARGEST: u64 = 256 << 20;

/// What is to be done with jobs.
#[derive(Clone, Copy)]
enum Deed {
    /// Failed ones go back to their queues.
    Requeue,
    Withdraw(Withdrawal),
}

/// The jobs that fit.
struct Found {
    jobs: Vec<Listed>,
    /// Whether there may be more.
    is_cut: bool,
    /// Ids that were given, and are there no more.
    gone: Vec<String>,
}

/// Lists jobs, or does something with them.
pub(super) fn run(args: &JobsArgs) -> Result<Exit, Failure> {
    let filter = Filter::of(args)?;
    let deed = deed(args);
    if deed.is_some() && args.ids.is_empty() && filter.is_open() {
        return Err(Failure::new(Exit::Usage, "it is not said which jobs")
            .with_hint("name ids, or say --queue, --state, --function, --older-than or --newer-than"));
    }
    let ids = ids(&args.ids)?;
    let limit = match (args.limit, deed) {
        (Some(0), _) | (None, Some(_)) => usize::MAX,
        (Some(limit), _) => limit,
        (None, None) => SHOWN,
    };
    at_redis(&args.sources, async |store| {
        let found = match &ids {
            Some(ids) => named(store, ids, &filter, limit).await?,
            None => searched(store, &args.queue, &filter, limit).await?,
        };
        if ids.is_none() && found.jobs.is_empty() {
            meant::queues(store, &args.queue).await;
        }
        match deed.filter(|_| !args.dry_run) {
            Some(deed) => change(store, args, &found, deed).await,
            None => Ok(show(args, &found)),
        }
    })
}

fn deed(args: &JobsArgs) -> Option<Deed> {
    if args.retry {
        Some(Deed::Requeue)
    } else if args.cancel {
        Some(Deed::Withdraw(Withdrawal::Cancel))
    } else {
        args.delete.then_some(Deed::Withdraw(Withdrawal::Delete))
    }
}

/// The ids that were given, here or on standard input; nothing when jobs are searched for.
fn ids(given: &[String]) -> Result<Option<Vec<String>>, Failure> {
    if given.is_empty() {
        return Ok(None);
    }
    let mut ids: Vec<String> = given.iter().filter(|id| *id != "-").cloned().collect();
    if given.iter().any(|id| id == "-") {
        let mut text = String::new();
        std::io::stdin()
            .take(LARGEST)
            .read_to_string(&mut text)
            .map_err(|error| Failure::new(Exit::Failed, format!("cannot read standard input: {error}")))?;
        ids.extend(text.split_whitespace().map(str::to_owned));
    }
    Ok(Some(ids))
}

async fn named(store: &Store, ids: &[String], filter: &Filter, limit: usize) -> Result<Found, StoreError> {
    let mut found = Found { jobs: Vec::new(), is_cut: false, gone: Vec::new() };
    for ids in ids.chunks(PAGE) {
        for (id, job) in ids.iter().zip(store.listed(ids).await?) {
            match job {
                None => found.gone.push(id.clone()),
                Some(job) if !filter.fits(&job) => {}
                Some(_) if found.jobs.len() >= limit => found.is_cut = true,
                Some(job) => found.jobs.push(job),
            }
        }
    }
    Ok(found)
}

async fn searched(
    store: &Store,
    queues: &[String],
    filter: &Filter,
    limit: usize,
) -> Result<Found, StoreError> {
    let mut found = Found { jobs: Vec::new(), is_cut: false, gone: Vec::new() };
    let queues = if queues.is_empty() { store.queue_names().await? } else { queues.to_vec() };
    let queues: Vec<QueueName> = queues.into_iter().map(QueueName::new).collect();
    // A job may stand in two places, or move while it is looked for.
    let mut seen = HashSet::new();
    for shelf in store.shelves(&queues, &filter.places()).await? {
        let mut offset = 0;
        loop {
            let ids = store.ids_at(&shelf, offset, PAGE).await?;
            for job in store.listed(&ids).await?.into_iter().flatten() {
                if !filter.fits(&job) || !seen.insert(job.id.clone()) {
                    continue;
                }
                if found.jobs.len() >= limit {
                    found.is_cut = true;
                    return Ok(found);
                }
                found.jobs.push(job);
            }
            if ids.len() < PAGE {
                break;
            }
            offset += PAGE;
        }
    }
    Ok(found)
}

fn show(args: &JobsArgs, found: &Found) -> Exit {
    output::print(&told::jobs(args, &found.jobs));
    if found.is_cut && !args.json {
        output::error("There are more; --limit says how many are shown, and 0 is all.\n");
    }
    for id in &found.gone {
        output::error(&format!("{}: there is no such job\n", output::safe(id)));
    }
    if found.gone.is_empty() { Exit::Done } else { Exit::Failed }
}

async fn change(store: &Store, args: &JobsArgs, found: &Found, deed: Deed) -> Result<Exit, StoreError> {
    let (verb, done) = match deed {
        Deed::Requeue => ("Put back on their queues", "requeued"),
        Deed::Withdraw(Withdrawal::Cancel) => ("Cancel", "canceled"),
        Deed::Withdraw(Withdrawal::Delete) => ("Delete", "deleted"),
    };
    let mut ids: Vec<String> = found.jobs.iter().map(|job| job.id.clone()).collect();
    let question = format!("{verb} {} jobs?", ids.len());
    if args.ids.is_empty() && !ids.is_empty() && !args.yes && !confirmed(&question) {
        output::error("Nothing was done.\n");
        return Ok(Exit::Failed);
    }
    let mut progress = Progress::of(ids.len() as u64);
    let done_more = |count| progress.add(count);
    let mut told = match deed {
        Deed::Requeue => store.requeue_all(&ids, None, done_more).await?,
        Deed::Withdraw(how) => store.withdraw_all(&found.jobs, how, done_more).await?,
    };
    drop(progress);
    ids.extend(found.gone.iter().cloned());
    told.resize(ids.len(), Rearranged::Gone);
    let refused = refused(&told);
    if args.json {
        output::print(&for_programs(&ids, &told));
    } else {
        refusals(&ids, &told, done);
        output::print(&format!("{} jobs {done}\n", ids.len() - refused));
    }
    Ok(if refused == 0 { Exit::Done } else { Exit::Failed })
}
