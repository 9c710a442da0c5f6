//! `rq requeue`.

use super::args::RequeueArgs;
use super::exit::{Exit, Failure};
use super::outcomes::{for_programs, refusals, refused};
use super::progress::Progress;
use super::reach::at_redis;
use super::{meant, output};
use crate::job::QueueName;
use crate::os::terminal::Stream;
use crate::store::{Rearranged, Standing, Store, StoreError};

/// How many ids one question asks for.
const PAGE: usize = 5000;

/// Puts failed jobs back on their queue.
pub(super) fn run(args: &RequeueArgs) -> Result<Exit, Failure> {
    at_redis(&args.sources, async |store| {
        let queue = QueueName::new(&args.queue);
        let ids = if args.all { failed(store, &queue).await? } else { args.ids.clone() };
        if ids.is_empty() {
            output::print(if args.json { "[]\n" } else { "Nothing to do\n" });
            meant::queues(store, std::slice::from_ref(&args.queue)).await;
            return Ok(Exit::Done);
        }
        if !args.json {
            // RQ: these words, and those at the end.
            output::print(&format!("Requeueing {} jobs from failed queue\n", ids.len()));
        }
        let mut progress = Progress::of(ids.len() as u64);
        let told = of_queue(store, &ids, &queue, &mut progress).await?;
        drop(progress);
        let refused = refused(&told);
        if args.json {
            output::print(&for_programs(&ids, &told));
        } else if refused > 0 {
            refusals(&ids, &told, "requeued");
            let words = format!("Unable to requeue {refused} jobs from failed job registry");
            output::print(&(output::painted("\x1b[31m", &words, Stream::Out.wants_colour()) + "\n"));
        }
        Ok(if refused > 0 { Exit::Failed } else { Exit::Done })
    })
}

async fn failed(store: &Store, queue: &QueueName) -> Result<Vec<String>, StoreError> {
    let mut ids = Vec::new();
    for shelf in store.shelves(std::slice::from_ref(queue), &[Standing::Failed]).await? {
        loop {
            let page = store.ids_at(&shelf, ids.len(), PAGE).await?;
            let is_last = page.len() < PAGE;
            ids.extend(page);
            if is_last {
                break;
            }
        }
    }
    Ok(ids)
}

/// RQ: a job of another queue is not among the failed ones of this queue.
async fn of_queue(
    store: &Store,
    ids: &[String],
    queue: &QueueName,
    progress: &mut Progress,
) -> Result<Vec<Rearranged>, StoreError> {
    let mut told = Vec::with_capacity(ids.len());
    for ids in ids.chunks(500) {
        let listed = store.listed(ids).await?;
        let own: Vec<String> = listed
            .iter()
            .flatten()
            .filter(|job| job.queue == queue.as_str())
            .map(|job| job.id.clone())
            .collect();
        let mut done = store.requeue_all(&own, |_| ()).await?.into_iter();
        for job in listed {
            told.push(match job {
                None => Rearranged::Gone,
                Some(job) if job.queue != queue.as_str() => {
                    Rearranged::Elsewhere(format!("a job of the queue {}", job.queue))
                }
                Some(_) => done.next().unwrap_or(Rearranged::Gone),
            });
        }
        progress.add(ids.len() as u64);
    }
    Ok(told)
}
