//! Reading an overview: one pipeline asks for the names and for all that is known by name already, another one for what was
//! new. Where nothing begins and ends, the first one is all.

use std::collections::{BTreeMap, BTreeSet};

use tokio::task::spawn_blocking;

use super::{FailedJob, Overview, RunningJob, Wanted, ask};
use crate::store::story::{Answers, Entry};
use crate::store::{Store, StoreError};

/// The most queues and workers that are looked at.
const NAMES: usize = 5000;

/// The most failed jobs that are looked at together.
pub(crate) const PAGE: u64 = 100;

/// The most queues whose failed jobs are looked at together.
const QUEUES: usize = 50;

/// The most jobs that are looked at.
const JOBS: usize = 2000;

/// The most reasons that are looked up at a time, and how long a traceback may be for it.
const REASONS: usize = 100;
const TRACEBACK: u64 = 256 << 10;

/// What is asked by name.
#[derive(Default)]
struct Names {
    queues: Vec<String>,
    workers: Vec<String>,
    /// Queues whose failed jobs are wanted, from where on, and how many.
    failed: Vec<(String, u64, u64)>,
    jobs: BTreeSet<String>,
}

/// What was found under names.
#[derive(Default)]
struct Found {
    overview: Overview,
    failed: BTreeMap<String, Vec<FailedJob>>,
    running: BTreeMap<String, Vec<RunningJob>>,
    /// The names that were asked for, whether there was something or not.
    asked_workers: BTreeSet<String>,
}

impl Store {
    /// Looks again; `before` is what was seen the last time.
    pub(crate) async fn overview(&self, wanted: &Wanted, before: &Overview) -> Result<Overview, StoreError> {
        let mut found = Found::default();
        let known = Names {
            queues: before.queues.keys().cloned().collect(),
            workers: before.workers.keys().cloned().collect(),
            failed: pages(wanted, before),
            jobs: named_jobs(before),
        };
        let (queues, workers) = self.ask_with_names(&known, &mut found, before).await?;
        found.overview.queues.retain(|name, _| queues.contains(name));
        found.overview.workers.retain(|name, _| workers.contains(name));
        (found.overview.queues_in_all, found.overview.workers_in_all) = (queues.len(), workers.len());
        let is_new = |name: &String| !found.overview.queues.contains_key(name);
        let mut new = Names {
            queues: queues.iter().take(NAMES).filter(|name| is_new(name)).cloned().collect(),
            workers: workers.into_iter().take(NAMES).filter(|it| !found.asked_workers.contains(it)).collect(),
            ..Names::default()
        };
        if !new.queues.is_empty() || !new.workers.is_empty() {
            self.ask_by_names(&new, &mut found, before).await?;
        }
        found.settle(&queues);
        new = Names {
            failed: pages(wanted, &found.overview)
                .into_iter()
                .filter(|(name, ..)| !found.failed.contains_key(name))
                .collect(),
            ..Names::default()
        };
        let named = |overview: &Overview| -> BTreeSet<String> {
            named_jobs(overview).into_iter().filter(|id| !overview.jobs.contains_key(id)).collect()
        };
        found.overview.failed = found.listed(wanted);
        new.jobs = named(&found.overview);
        if !new.failed.is_empty() || !new.jobs.is_empty() {
            self.ask_by_names(&new, &mut found, before).await?;
            found.overview.failed = found.listed(wanted);
        }
        // The pages that came last name jobs, too: of the first look alone.
        let jobs = named(&found.overview);
        if !jobs.is_empty() {
            self.ask_by_names(&Names { jobs, ..Names::default() }, &mut found, before).await?;
        }
        let mut overview = found.overview;
        self.find_reasons(&mut overview).await?;
        let named = named_jobs(&overview);
        overview.jobs.retain(|id, _| named.contains(id));
        Ok(overview)
    }

    /// Asks for all names, and by those that are known.
    async fn ask_with_names(
        &self,
        known: &Names,
        found: &mut Found,
        before: &Overview,
    ) -> Result<(BTreeSet<String>, BTreeSet<String>), StoreError> {
        let mut pipeline = redis::pipe();
        pipeline.ignore_errors();
        self.ask_names(&mut pipeline);
        self.ask_known(&mut pipeline, known);
        let mut told = Answers::new(self.client.run_all(&pipeline).await?);
        let names = self.read_names(&mut told)?;
        found.overview.now = names.now.seconds();
        found.overview.suspended = names.is_suspended;
        found.take(known, &mut told, before);
        Ok((names.queues.into_iter().collect(), names.workers.into_iter().collect()))
    }

    async fn ask_by_names(
        &self,
        names: &Names,
        found: &mut Found,
        before: &Overview,
    ) -> Result<(), StoreError> {
        let mut pipeline = redis::pipe();
        pipeline.ignore_errors();
        self.ask_known(&mut pipeline, names);
        let mut told = Answers::new(self.client.run_all(&pipeline).await?);
        found.take(names, &mut told, before);
        Ok(())
    }

    fn ask_known(&self, pipeline: &mut redis::Pipeline, names: &Names) {
        for name in &names.queues {
            ask::queue(pipeline, &self.keys, name);
        }
        for name in &names.workers {
            ask::worker(pipeline, &self.keys, name);
        }
        for (name, offset, most) in &names.failed {
            ask::failed(pipeline, &self.keys, name, *offset, *most);
        }
        for id in &names.jobs {
            ask::job(pipeline, &self.keys, id);
        }
    }

    /// Looks up why jobs failed of which it is not known yet.
    async fn find_reasons(&self, overview: &mut Overview) -> Result<(), StoreError> {
        let unknown = |id: &&str| overview.jobs.get(*id).is_some_and(|card| card.reason.is_none());
        let ids: Vec<String> = overview
            .failed
            .iter()
            .map(|failed| failed.job.as_str())
            .filter(unknown)
            .take(REASONS)
            .map(str::to_owned)
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        let asked: Vec<&str> = ids.iter().map(String::as_str).collect();
        let results = self.newest_results(&asked, 1, TRACEBACK).await?;
        // They may take long to unpack, and whoever looks has more to do meanwhile.
        let unpacking = spawn_blocking(move || {
            results.iter().map(|(entries, _)| entries.first().and_then(Entry::reason)).collect::<Vec<_>>()
        });
        for (id, reason) in ids.iter().zip(unpacking.await.unwrap_or_default()) {
            if let Some(card) = overview.jobs.get_mut(id) {
                // One that cannot be found is not looked for at each refresh.
                card.reason = Some(reason.unwrap_or_default());
            }
        }
        Ok(())
    }
}

impl Found {
    fn take(&mut self, names: &Names, told: &mut Answers, before: &Overview) {
        for name in &names.queues {
            let (card, running) = ask::read_queue(told, name);
            self.overview.queues.insert(name.clone(), card);
            self.running.insert(name.clone(), running);
        }
        for name in &names.workers {
            self.asked_workers.insert(name.clone());
            self.overview.workers.extend(ask::read_worker(told).map(|worker| (name.clone(), worker)));
        }
        for (name, ..) in &names.failed {
            self.failed.insert(name.clone(), ask::read_failed(told, name));
        }
        for id in &names.jobs {
            let card = ask::read_job(told, before.jobs.get(id));
            self.overview.jobs.insert(id.clone(), card);
        }
    }

    /// Lists what runs in the queues that are there.
    fn settle(&mut self, queues: &BTreeSet<String>) {
        let running = std::mem::take(&mut self.running).into_iter();
        let there = running.filter(|(name, _)| queues.contains(name));
        self.overview.running = there.flat_map(|(_, running)| running).take(JOBS).collect();
    }

    /// The failed jobs that were found of what is wanted.
    fn listed(&self, wanted: &Wanted) -> Vec<FailedJob> {
        let pages = pages(wanted, &self.overview);
        pages.iter().filter_map(|(name, ..)| self.failed.get(name)).flatten().cloned().collect()
    }
}

/// Whose failed jobs are wanted: those of one queue, or a few of each.
fn pages(wanted: &Wanted, seen: &Overview) -> Vec<(String, u64, u64)> {
    if let Some(queue) = &wanted.queue {
        return vec![(queue.clone(), wanted.offset, PAGE)];
    }
    let failing: Vec<&String> =
        seen.queues.iter().filter(|(_, card)| card.failed > 0).map(|(name, _)| name).take(QUEUES).collect();
    let each = (PAGE / failing.len().max(1) as u64).max(5);
    failing.into_iter().map(|name| (name.clone(), 0, each)).collect()
}

/// The jobs that lists show.
fn named_jobs(overview: &Overview) -> BTreeSet<String> {
    let heads = overview.queues.values().filter_map(|card| card.head.as_ref());
    let of_workers = overview.workers.values().flat_map(|worker| &worker.jobs);
    let running = overview.running.iter().map(|running| &running.job);
    let failed = overview.failed.iter().map(|failed| &failed.job);
    failed.chain(of_workers).chain(running).chain(heads).take(JOBS).cloned().collect()
}
