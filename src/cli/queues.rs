//! `rq queues` and `rq workers`.

use super::args::{QueuesArgs, WorkersArgs};
use super::columns::{count, plain, table};
use super::exit::{Exit, Failure};
use super::info::{ToldQueue, ToldWorker};
use super::page::{self, Line, Tone};
use super::reach::at_redis;
use super::settings_table::as_json;
use super::{meant, output, span};
use crate::os::terminal::Stream;

/// Tells queues by their numbers.
pub(super) fn queues(args: &QueuesArgs) -> Result<Exit, Failure> {
    let inventory = at_redis(&args.sources, async |store| {
        let inventory = store.inventory(&args.queues).await?;
        meant::queues(store, &inventory.idle_among(&args.queues)).await;
        Ok(inventory)
    })?;
    let told: Vec<ToldQueue> =
        inventory.queues.iter().map(|queue| ToldQueue::of(queue, inventory.now)).collect();
    output::print(&if args.json { as_json(&told) } else { text(&queue_lines(&told)) });
    Ok(Exit::Done)
}

/// Tells workers.
pub(super) fn workers(args: &WorkersArgs) -> Result<Exit, Failure> {
    let inventory = at_redis(&args.sources, async |store| {
        if args.queue.is_empty() {
            return store.workers().await;
        }
        let inventory = store.inventory(&args.queue).await?;
        meant::queues(store, &inventory.idle_among(&args.queue)).await;
        Ok(inventory)
    })?;
    let told = ToldWorker::all(&inventory);
    output::print(&if args.json { as_json(&told) } else { text(&worker_lines(&told)) });
    Ok(Exit::Done)
}

fn text(lines: &[Line]) -> String {
    page::text(lines, Stream::Out.wants_colour())
}

fn queue_lines(queues: &[ToldQueue]) -> Vec<Line> {
    let head =
        ["QUEUE", "WAITING", "OLDEST", "STARTED", "FAILED", "DEFERRED", "SCHEDULED", "FINISHED", "WORKERS"];
    let rows: Vec<_> = queues
        .iter()
        .map(|queue| {
            let workers = queue.workers.len() as u64;
            // Jobs that wait for nobody need a look.
            let lonely = workers == 0 && queue.waiting > 0;
            vec![
                (Tone::Name, queue.name.clone()),
                count(queue.waiting, Tone::Plain),
                plain(queue.oldest_waits.map(span::span_of).unwrap_or_default()),
                count(queue.started, Tone::Good),
                count(queue.failed, Tone::Bad),
                count(queue.deferred, Tone::Plain),
                count(queue.scheduled, Tone::Plain),
                count(queue.finished, Tone::Plain),
                if lonely { (Tone::Bad, "0".to_owned()) } else { count(workers, Tone::Plain) },
            ]
        })
        .collect();
    table(&head, &[1, 2, 3, 4, 5, 6, 7, 8], &rows)
}

fn worker_lines(workers: &[ToldWorker]) -> Vec<Line> {
    let head = ["WORKER", "STATE", "QUEUES", "HOST", "PID", "HEARTBEAT", "DONE", "FAILED", "VERSION"];
    let rows: Vec<_> = workers
        .iter()
        .map(|worker| {
            let state = worker.state.as_deref().unwrap_or("?");
            let version = match (&worker.rqd_version, &worker.version) {
                (Some(ours), _) => format!("rqd {ours}"),
                (None, Some(rq)) => format!("rq {rq}"),
                (None, None) => String::new(),
            };
            vec![
                (Tone::Name, worker.name.clone()),
                (Tone::of_state(state), state.to_owned()),
                plain(worker.queues.join(",")),
                plain(worker.hostname.clone().unwrap_or_default()),
                plain(worker.pid.map(|pid| pid.to_string()).unwrap_or_default()),
                plain(worker.heartbeat_age.map(|age| span::span_of(age) + " ago").unwrap_or_default()),
                count(worker.successful, Tone::Plain),
                count(worker.failed, Tone::Bad),
                plain(version),
            ]
        })
        .collect();
    table(&head, &[4, 5, 6, 7], &rows)
}
