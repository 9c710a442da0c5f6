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
use crate::store::{Addressed, Functions, Listed, Rearranged, Store, StoreError, Withdrawal};
use filter::Filter;

/// How many jobs one question asks for.
const PAGE: usize = 500;

/// How many it asks for where few are to be shown: not every job fits.
const LEAST: usize = 50;

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
#[derive(Default)]
struct Found {
    /// Of which all is told, to be shown.
    told: Vec<Listed>,
    /// The others.
    jobs: Vec<Addressed>,
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
        let (found, seen) = (Found::default(), HashSet::new());
        let is_told = deed.is_none_or(|_| args.dry_run) && (args.json || !args.ids_only);
        let mut search = Search { store, filter: &filter, limit, is_told, found, seen };
        match &ids {
            Some(ids) => search.named(ids).await?,
            None => search.anywhere(&args.queue).await?,
        }
        let found = search.found;
        if ids.is_none() && found.told.is_empty() && found.jobs.is_empty() {
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
    let mut seen = HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    Ok(Some(ids))
}

/// Jobs being looked at.
struct Search<'a> {
    store: &'a Store,
    filter: &'a Filter,
    limit: usize,
    /// Whether all is told of the jobs: of very many that would take much memory.
    is_told: bool,
    found: Found,
    /// A job may stand in two places, or move while it is looked for.
    seen: HashSet<String>,
}

impl Search<'_> {
    async fn named(&mut self, ids: &[String]) -> Result<(), StoreError> {
        self.look_at(ids, true).await
    }

    async fn anywhere(&mut self, queues: &[String]) -> Result<(), StoreError> {
        let queues = if queues.is_empty() { self.store.queue_names().await? } else { queues.to_vec() };
        let queues: Vec<QueueName> = queues.into_iter().map(QueueName::new).collect();
        for shelf in self.store.shelves(&queues, &self.filter.places()).await? {
            let mut walk = self.store.walk(&shelf, PAGE);
            while let Some(ids) = walk.next().await? {
                self.look_at(&ids, false).await?;
                if self.found.is_cut {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn look_at(&mut self, ids: &[String], are_named: bool) -> Result<(), StoreError> {
        let functions = match (self.filter.is_by_function(), self.is_told) {
            (true, _) => Functions::OfAll,
            (false, true) => Functions::OfShort,
            (false, false) => Functions::Untold,
        };
        for ids in ids.chunks(self.limit.clamp(LEAST, PAGE)) {
            for (id, job) in ids.iter().zip(self.store.skimmed(ids, functions).await?) {
                match job {
                    Some(job) if self.filter.fits(&job) => self.add(job),
                    None if are_named => self.found.gone.push(id.clone()),
                    _ => {}
                }
            }
            if self.found.is_cut && !are_named {
                break;
            }
        }
        Ok(())
    }

    fn add(&mut self, job: Listed) {
        if self.seen.contains(&job.id) {
            return;
        }
        if self.seen.len() >= self.limit {
            self.found.is_cut = true;
            return;
        }
        self.seen.insert(job.id.clone());
        if self.is_told {
            self.found.told.push(job);
        } else {
            self.found.jobs.push(Addressed { id: job.id, queue: job.queue });
        }
    }
}

fn show(args: &JobsArgs, found: &Found) -> Exit {
    output::print(&if found.jobs.is_empty() {
        told::jobs(args, &found.told)
    } else {
        told::ids(&found.jobs)
    });
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
