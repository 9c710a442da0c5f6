//! What people do with failed jobs, one at a time and in one step each.

use super::{Store, StoreError, scripts};
use crate::job::{QueueName, Timestamp};

/// RQ: an empty text, packed.
const NOTHING: &[u8] = &[0x78, 0x9c, 0x03, 0, 0, 0, 0, 0x01];

/// What became of the wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rearranged {
    Done,
    /// There is no such job.
    Gone,
    /// It is not among the failed ones, but has this status.
    Elsewhere(String),
}

impl Store {
    /// Puts a failed job back on its queue.
    pub(crate) async fn requeue(&self, job: &str) -> Result<Rearranged, StoreError> {
        self.requeue_of(None, job).await
    }

    /// The same of a job that has to be of this queue. An id without a job is forgotten among the failed ones there.
    pub(crate) async fn requeue_of(
        &self,
        queue: Option<&QueueName>,
        job: &str,
    ) -> Result<Rearranged, StoreError> {
        let mut args = self.args([job, &Timestamp::now().iso()]);
        args.extend([NOTHING.to_vec(), queue.map_or("", QueueName::as_str).into()]);
        let reply = self.call(&scripts::REQUEUE, &[self.keys.job(job)], &args).await?;
        self.rearranged(reply)
    }

    /// Deletes a failed job.
    pub(crate) async fn discard(&self, job: &str) -> Result<Rearranged, StoreError> {
        let args = self.args([job, &Timestamp::now().iso()]);
        let reply = self.call(&scripts::DISCARD, &[self.keys.job(job)], &args).await?;
        self.rearranged(reply)
    }

    fn rearranged(&self, mut reply: super::Reply) -> Result<Rearranged, StoreError> {
        match reply.status() {
            "requeued" | "deleted" => Ok(Rearranged::Done),
            "gone" => Ok(Rearranged::Gone),
            "foreign" => {
                let queue = reply.text().unwrap_or_default();
                Ok(Rearranged::Elsewhere(format!("a job of the queue {queue}")))
            }
            "elsewhere" => Ok(Rearranged::Elsewhere(reply.text().unwrap_or_default())),
            _ => Err(self.malformed("rearranging")),
        }
    }
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::*;
    use crate::store::tests::server::{Server, run};
    use crate::store::{Address, Client, Keys};

    fn store(server: &Server) -> Store {
        Store::new(Client::new(Address::from_url(&server.url()).unwrap(), None), Keys::new("rq"))
    }

    async fn send(store: &Store, words: &[&str]) -> Value {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        store.client().run(&command).await.unwrap()
    }

    async fn field(store: &Store, name: &str) -> Option<String> {
        redis::from_redis_value(send(store, &["HGET", "rq:job:j", name]).await).unwrap()
    }

    async fn fail(store: &Store, fields: &[&str]) {
        let job = ["HSET", "rq:job:j", "status", "failed", "origin", "q", "data", "d", "ended_at", "x"];
        send(store, &[&job, fields].concat()).await;
        send(store, &["ZADD", "rq:failed:q", "1", "j"]).await;
    }

    #[test]
    fn a_failed_job_goes_to_the_end_of_its_queue_once() {
        let server = Server::start(&[]);
        run(async {
            let store = store(&server);
            fail(&store, &["ttl", "100"]).await;
            send(&store, &["RPUSH", "rq:queue:q", "other"]).await;

            assert_eq!(store.requeue("j").await.unwrap(), Rearranged::Done);
            assert_eq!(store.requeue("j").await.unwrap(), Rearranged::Elsewhere("queued".to_owned()));

            let queue: Vec<String> =
                redis::from_redis_value(send(&store, &["LRANGE", "rq:queue:q", "0", "-1"]).await).unwrap();
            assert_eq!(queue, ["other", "j"]);
            assert_eq!(
                (field(&store, "status").await.as_deref(), field(&store, "ended_at").await.as_deref()),
                (Some("queued"), Some(""))
            );
            assert_eq!(field(&store, "timeout").await.as_deref(), Some("180"));
            assert!(matches!(send(&store, &["TTL", "rq:job:j"]).await, Value::Int(1..=100)));
            assert_eq!(send(&store, &["ZCARD", "rq:failed:q"]).await, Value::Int(0));
        });
    }

    #[test]
    fn a_limited_job_waits_for_its_slot_anew() {
        let server = Server::start(&[]);
        run(async {
            let store = store(&server);
            fail(
                &store,
                &["rate_limit_key", "k", "rate_limit_concurrency", "1", "enqueue_at_front_on_retry", "1"],
            )
            .await;
            send(&store, &["ZADD", "rq:rl:k:allowed", "1", "another"]).await;

            assert_eq!(store.requeue("j").await.unwrap(), Rearranged::Done);

            assert_eq!(field(&store, "status").await.as_deref(), Some("rate_limited"));
            assert_eq!(field(&store, "enqueue_at_front").await.as_deref(), Some("0"));
            assert_eq!(send(&store, &["ZCARD", "rq:rl:k:rate_limited"]).await, Value::Int(1));
            assert_eq!(send(&store, &["LLEN", "rq:queue:q"]).await, Value::Int(0));
        });
    }

    #[test]
    fn a_deleted_job_leaves_nothing_and_frees_its_slot() {
        let server = Server::start(&[]);
        run(async {
            let store = store(&server);
            fail(&store, &["group_id", "g", "rate_limit_key", "k"]).await;
            send(&store, &["SADD", "rq:group:g", "j", "other"]).await;
            send(&store, &["XADD", "rq:results:j", "*", "type", "2"]).await;
            send(&store, &["ZADD", "rq:executions:j", "1", "e"]).await;
            send(&store, &["HSET", "rq:execution:j:e", "worker_name", "w"]).await;
            send(&store, &["ZADD", "rq:rl:k:allowed", "1", "j"]).await;

            assert_eq!(store.discard("j").await.unwrap(), Rearranged::Done);
            assert_eq!(store.discard("j").await.unwrap(), Rearranged::Gone);

            let keys: Vec<String> = redis::from_redis_value(send(&store, &["KEYS", "*"]).await).unwrap();
            assert_eq!(keys, ["rq:group:g"]);
            assert_eq!(
                send(&store, &["SMEMBERS", "rq:group:g"]).await,
                Value::Array(vec![Value::BulkString(b"other".to_vec())])
            );
        });
    }

    #[test]
    fn an_entry_of_a_job_that_was_queued_again_goes_and_the_job_stays() {
        let server = Server::start(&[]);
        run(async {
            let store = store(&server);
            for again in [true, false] {
                fail(&store, &["status", "queued"]).await;

                let told = if again { store.requeue("j").await } else { store.discard("j").await };

                assert_eq!(told.unwrap(), Rearranged::Elsewhere("queued".to_owned()));
                assert_eq!(send(&store, &["EXISTS", "rq:queue:q", "rq:failed:q"]).await, Value::Int(0));
                assert_eq!(field(&store, "status").await.as_deref(), Some("queued"));
            }
        });
    }

    #[test]
    fn only_failed_jobs_are_touched() {
        let server = Server::start(&[]);
        run(async {
            let store = store(&server);
            send(&store, &["HSET", "rq:job:j", "status", "started", "origin", "q", "data", "d"]).await;

            assert_eq!(store.requeue("j").await.unwrap(), Rearranged::Elsewhere("started".to_owned()));
            assert_eq!(store.discard("j").await.unwrap(), Rearranged::Elsewhere("started".to_owned()));
            assert_eq!(store.requeue("k").await.unwrap(), Rearranged::Gone);

            assert_eq!(field(&store, "status").await.as_deref(), Some("started"));
        });
    }
}
