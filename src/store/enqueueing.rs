//! Making jobs, as RQ's clients do.

use super::{Store, StoreError, scripts};
use crate::job::{JobId, NewJob, QueueName, Timestamp};

impl Store {
    /// Enqueues a job, or lets it wait: until its time, or for other jobs. Tells the status that it has got. RQ: a job of the
    /// same id is written over.
    pub(crate) async fn enqueue(
        &self,
        id: &JobId,
        job: &NewJob,
        due: Option<Timestamp>,
        at_front: bool,
    ) -> Result<String, StoreError> {
        let queue = QueueName::new(&job.queue);
        let keys = [
            self.keys.queues(),
            self.keys.queue(&queue),
            self.keys.job(id.as_str()),
            self.keys.scheduled(&queue),
            self.keys.registry("deferred", &queue),
        ];
        let text = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
        let mut args = self.args([
            id.as_str(),
            &Timestamp::now().iso(),
            &text(job.ttl),
            if at_front { "front" } else { "back" },
            &text(due.map(|due| due.micros() / 1_000_000)),
            &job.depends_on.len().to_string(),
        ]);
        args.extend(job.depends_on.iter().map(|id| id.clone().into_bytes()));
        args.extend(job.fields().into_iter().flat_map(|(name, value)| [name.into_bytes(), value]));
        let mut reply = self.call(&scripts::ENQUEUE, &keys, &args).await?;
        match reply.status() {
            status @ ("queued" | "scheduled" | "deferred") => Ok(status.to_owned()),
            "already" => Ok(reply.text().unwrap_or_default()),
            _ => Err(self.malformed("enqueueing")),
        }
    }
}
