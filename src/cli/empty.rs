//! `rq empty`.

use std::collections::HashSet;

use serde::Serialize;

use super::args::EmptyArgs;
use super::exit::{Exit, Failure};
use super::progress::{LONG, Progress, confirmed};
use super::reach::at_redis;
use super::settings_table::as_json;
use super::{meant, output};
use crate::job::QueueName;
use crate::store::{Store, StoreError};

/// How many jobs one step deletes: few enough that nobody else has to wait for it.
const AT_ONCE: u64 = 500;

/// What became of a queue, for programs.
#[derive(Serialize)]
struct Emptied<'a> {
    queue: &'a str,
    /// How many jobs waited there.
    waiting: u64,
    removed: u64,
}

/// Deletes the jobs that wait in queues.
pub(super) fn run(args: &EmptyArgs) -> Result<Exit, Failure> {
    at_redis(&args.sources, async |store| {
        let names = if args.all { store.queue_names().await? } else { args.queues.clone() };
        if names.is_empty() {
            output::print(if args.json { "[]\n" } else { "Nothing to do\n" });
            return Ok(Exit::Done);
        }
        let mut seen = HashSet::new();
        let names = names.into_iter().filter(|name| seen.insert(name.clone()));
        let queues: Vec<QueueName> = names.map(QueueName::new).collect();
        let lengths = store.lengths(&queues).await?;
        if !args.dry_run && !is_meant(args, &queues, lengths.iter().sum()) {
            output::error("Nothing was deleted.\n");
            return Ok(Exit::Failed);
        }
        let mut progress = Progress::of(lengths.iter().sum());
        let mut emptied = Vec::new();
        for (queue, waiting) in queues.iter().zip(lengths) {
            let removed = if args.dry_run { 0 } else { empty(store, queue, waiting, &mut progress).await? };
            if !args.json {
                // RQ: these words.
                let (count, what) =
                    if args.dry_run { (waiting, "would be removed") } else { (removed, "removed") };
                progress.print(&format!("{count} jobs {what} from {} queue\n", output::safe(queue.as_str())));
            }
            emptied.push(Emptied { queue: queue.as_str(), waiting, removed });
        }
        drop(progress);
        if args.json {
            output::print(&as_json(&emptied));
        }
        let idle: Vec<String> =
            emptied.iter().filter(|it| it.waiting == 0).map(|it| it.queue.to_owned()).collect();
        meant::queues(store, &idle).await;
        Ok(Exit::Done)
    })
}

/// Asks a person about many jobs.
fn is_meant(args: &EmptyArgs, queues: &[QueueName], total: u64) -> bool {
    let from = if let [queue] = queues { queue.to_string() } else { format!("{} queues", queues.len()) };
    let question = format!("Delete {total} jobs from {}?", output::safe(&from));
    total < LONG || args.yes || confirmed(&question)
}

/// Deletes as many as there were; what comes meanwhile is not chased.
async fn empty(
    store: &Store,
    queue: &QueueName,
    length: u64,
    progress: &mut Progress,
) -> Result<u64, StoreError> {
    let mut removed = 0;
    while removed < length {
        let (some, left) = store.empty_some(queue, AT_ONCE.min(length - removed)).await?;
        removed += some;
        progress.add(some);
        if some == 0 || left == 0 {
            break;
        }
    }
    Ok(removed)
}
