//! What was probably meant by a name that is none.

use super::output;
use crate::config::nearest;
use crate::job::QueueName;
use crate::os::terminal::Stream;
use crate::store::{Standing, Store};

/// How many jobs are looked at for an id.
const JOBS: usize = 1000;

/// Says of each name that no queue has which queue was probably meant. RQ takes any name: this is advice, and whoever may not
/// read the names of queues has none.
pub(super) async fn queues(store: &Store, names: &[String]) {
    if names.is_empty() {
        return;
    }
    let known = store.queue_names().await.unwrap_or_default();
    for name in names.iter().filter(|name| !known.contains(name)) {
        if let Some(near) = nearest(name, known.iter().map(String::as_str)) {
            let head = output::painted("\x1b[1;36m", "hint:", Stream::Error.wants_colour());
            let words = format!("there is no queue {name}; did you mean {near}?");
            output::error(&format!("{head} {}\n", output::safe(&words)));
        }
    }
}

/// The job that was probably meant, of those that run, wait or ended last; or nothing.
pub(super) async fn job(store: &Store, id: &str) -> Option<String> {
    let queues = store.queue_names().await.ok()?.into_iter().map(QueueName::new).collect::<Vec<_>>();
    let standings = [Standing::Started, Standing::Queued, Standing::Failed, Standing::Finished];
    let known = store.newest(&queues, &standings, JOBS).await.ok()?;
    // Ids are long: their beginning, as lists and logs may cut them, is enough.
    let mut begun = known.iter().filter(|known| known.starts_with(id));
    match (begun.next(), begun.next()) {
        (Some(one), None) => Some(one.clone()),
        _ => nearest(id, known.iter().map(String::as_str)).map(str::to_owned),
    }
}
