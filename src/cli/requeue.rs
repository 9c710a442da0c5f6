//! `rq requeue`.

use std::collections::HashSet;

use super::args::RequeueArgs;
use super::exit::{Exit, Failure};
use super::outcomes::{for_programs, refusals, refused};
use super::progress::Progress;
use super::reach::at_redis;
use super::{meant, output};
use crate::job::QueueName;
use crate::os::terminal::Stream;
use crate::store::{Store, StoreError};

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
        // RQ: a job of another queue is not among the failed ones of this queue.
        let told = store.requeue_all(&ids, Some(&queue), |more| progress.add(more)).await?;
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

/// Those whose time is over are left to those who clean.
async fn failed(store: &Store, queue: &QueueName) -> Result<Vec<String>, StoreError> {
    let (mut ids, mut seen) = (Vec::new(), HashSet::new());
    for shelf in store.failures(queue).await? {
        let mut walk = store.walk(&shelf, PAGE);
        while let Some(page) = walk.next().await? {
            ids.extend(page.into_iter().filter(|id| seen.insert(id.clone())));
        }
    }
    Ok(ids)
}
