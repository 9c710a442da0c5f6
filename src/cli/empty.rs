//! `rq empty`.

use super::args::EmptyArgs;
use super::exit::{Exit, Failure};
use super::output;
use super::progress::{LONG, Progress, confirmed};
use super::reach::at_redis;
use crate::job::QueueName;
use crate::store::{Store, StoreError};

/// How many jobs one step deletes: few enough that nobody else has to wait for it.
const AT_ONCE: u64 = 500;

/// Deletes the jobs that wait in queues.
pub(super) fn run(args: &EmptyArgs) -> Result<Exit, Failure> {
    at_redis(&args.sources, async |store| {
        let names = if args.all { store.queue_names().await? } else { args.queues.clone() };
        if names.is_empty() {
            output::print("Nothing to do\n");
            return Ok(Exit::Done);
        }
        let queues: Vec<QueueName> = names.into_iter().map(QueueName::new).collect();
        let lengths = store.lengths(&queues).await?;
        if args.dry_run {
            for (queue, length) in queues.iter().zip(&lengths) {
                output::print(&line(*length, "would be removed", queue));
            }
            return Ok(Exit::Done);
        }
        let total: u64 = lengths.iter().sum();
        let from = if queues.len() == 1 { queues[0].to_string() } else { format!("{} queues", queues.len()) };
        let question = format!("Delete {total} jobs from {}?", output::safe(&from));
        if total >= LONG && !args.yes && !confirmed(&question) {
            output::error("Nothing was deleted.\n");
            return Ok(Exit::Failed);
        }
        let mut progress = Progress::of(total);
        for (queue, length) in queues.iter().zip(lengths) {
            let removed = empty(store, queue, length, &mut progress).await?;
            // RQ: these words.
            progress.print(&line(removed, "removed", queue));
        }
        Ok(Exit::Done)
    })
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

fn line(count: u64, what: &str, queue: &QueueName) -> String {
    format!("{count} jobs {what} from {} queue\n", output::safe(queue.as_str()))
}
