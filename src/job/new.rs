//! A job that is about to be enqueued, as RQ's clients write it.

use super::call::packed;

/// RQ: the limit of a job that names none.
pub(crate) const TIMEOUT: i64 = 180;

/// What a job is made of, but for its times and its status. Numbers are seconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewJob {
    /// The serialized call.
    pub(crate) payload: Vec<u8>,
    pub(crate) queue: String,
    pub(crate) description: String,
    pub(crate) timeout: i64,
    pub(crate) result_ttl: Option<i64>,
    pub(crate) failure_ttl: Option<i64>,
    pub(crate) ttl: Option<i64>,
    /// How often it may be retried, and after which times.
    pub(crate) retry: Option<(i64, Vec<i64>)>,
    /// The jobs that it waits for.
    pub(crate) depends_on: Vec<String>,
    /// Whether it is to go to the front when its time comes.
    pub(crate) at_front: bool,
}

impl NewJob {
    /// The fields that RQ's client would write.
    pub(crate) fn fields(&self) -> Vec<(String, Vec<u8>)> {
        // RQ: these are there from the start, and empty: some readers miss them otherwise.
        let empty = [
            "success_callback_name",
            "failure_callback_name",
            "stopped_callback_name",
            "started_at",
            "ended_at",
            "last_heartbeat",
            "worker_name",
            "group_id",
        ];
        let mut fields: Vec<(String, Vec<u8>)> = empty.map(|name| (name.to_owned(), Vec::new())).to_vec();
        fields.push(("data".to_owned(), packed(&self.payload)));
        let mut add = |name: &str, value: String| fields.push((name.to_owned(), value.into_bytes()));
        add("origin", self.queue.clone());
        add("description", self.description.clone());
        add("timeout", self.timeout.to_string());
        let ttls = [("result_ttl", self.result_ttl), ("failure_ttl", self.failure_ttl), ("ttl", self.ttl)];
        for (name, ttl) in ttls {
            if let Some(ttl) = ttl {
                add(name, ttl.to_string());
            }
        }
        if let Some((most, intervals)) = &self.retry {
            add("retries_left", most.to_string());
            let intervals: Vec<String> = intervals.iter().map(i64::to_string).collect();
            add("retry_intervals", format!("[{}]", intervals.join(", ")));
        }
        if let Some(first) = self.depends_on.first() {
            // RQ: old readers know one alone. Ids need no escapes.
            add("dependency_id", first.clone());
            add("dependency_ids", format!("[\"{}\"]", self.depends_on.join("\", \"")));
        }
        if self.at_front {
            add("enqueue_at_front", "1".to_owned());
        }
        fields
    }
}
