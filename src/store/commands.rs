//! Commands to workers, from the side of who gives them, and the way back for an answer.
//!
//! RQ: a command is a message on the worker's channel, and nobody answers. One of ours may carry an id; whoever obeys leaves
//! its answer in a list of that id for a while.

use std::time::Duration;

use redis::Value;

use super::{Store, StoreError};
use crate::job::WorkerName;

/// How long an answer waits for whoever asked.
const ANSWER_LASTS: Duration = Duration::from_secs(60);

/// The longest id; it comes from elsewhere and becomes part of a key.
const LONGEST_ID: usize = 64;

/// Whose worker has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    /// Python RQ's: it knows RQ's commands only.
    Pythons,
}

impl Store {
    /// The names of all workers that are registered.
    pub(crate) async fn worker_names(&self) -> Result<Vec<WorkerName>, StoreError> {
        let mut command = redis::cmd("SMEMBERS");
        command.arg(self.keys.workers());
        let keys: Vec<Vec<u8>> = redis::from_redis_value(self.client.run(&command).await?)
            .map_err(|_| self.malformed("the set of workers"))?;
        let before = format!("{}:worker:", self.keys.prefix());
        let name = |key: Vec<u8>| Some(String::from_utf8(key).ok()?.strip_prefix(&before)?.to_owned());
        let mut names: Vec<String> = keys.into_iter().filter_map(name).collect();
        names.sort();
        Ok(names.into_iter().map(WorkerName::new).collect())
    }

    /// Whose worker this is; `None` when there is none of that name.
    pub(crate) async fn kind_of(&self, worker: &WorkerName) -> Result<Option<Kind>, StoreError> {
        let mut command = redis::cmd("HMGET");
        command.arg(self.keys.worker(worker)).arg("birth").arg("rqd_version");
        let fields = self.client.run(&command).await?;
        let (birth, ours): (Option<Vec<u8>>, Option<Vec<u8>>) =
            redis::from_redis_value(fields).map_err(|_| self.malformed("a worker"))?;
        Ok(birth.map(|_| if ours.is_some() { Kind::Ours } else { Kind::Pythons }))
    }

    /// A job's status and its worker, as its hash tells them; nothing where there is no such job.
    pub(crate) async fn place_of(&self, job: &str) -> Result<Option<(String, String)>, StoreError> {
        let mut command = redis::cmd("HMGET");
        command.arg(self.keys.job(job)).arg("status").arg("worker_name");
        let fields = self.client.run(&command).await?;
        let (status, worker): (Option<Vec<u8>>, Option<Vec<u8>>) =
            redis::from_redis_value(fields).map_err(|_| self.malformed("a job"))?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(status.map(|status| (text(status), worker.map(text).unwrap_or_default())))
    }

    /// Gives a worker a command; says whether anybody heard it.
    pub(crate) async fn give_command(
        &self,
        worker: &WorkerName,
        payload: &serde_json::Value,
    ) -> Result<bool, StoreError> {
        let mut command = redis::cmd("PUBLISH");
        command.arg(self.keys.channel(worker)).arg(payload.to_string());
        match self.client.run(&command).await? {
            Value::Int(ears) => Ok(ears > 0),
            _ => Err(self.malformed("PUBLISH")),
        }
    }

    /// Answers the command with this id. One whose id cannot be used gets no answer.
    pub(crate) async fn answer(&self, id: &str, text: &str) -> Result<(), StoreError> {
        if !is_usable(id) {
            return Ok(());
        }
        let key = self.keys.reply(id);
        let mut pipeline = redis::pipe();
        pipeline.atomic().cmd("RPUSH").arg(&key).arg(text);
        pipeline.cmd("EXPIRE").arg(&key).arg(ANSWER_LASTS.as_secs());
        self.client.run_all(&pipeline).await.map(drop)
    }

    /// Waits for the answer to the command with this id; `None` when the time is over.
    pub(crate) async fn await_answer(
        &self,
        id: &str,
        patience: Duration,
    ) -> Result<Option<String>, StoreError> {
        let mut command = redis::cmd("BLPOP");
        // Zero would be without end.
        command.arg(self.keys.reply(id)).arg(patience.as_secs_f64().max(0.001));
        let mut connection = self.client.dedicated().await?;
        let answer = connection.run(&command, Some(patience + Duration::from_secs(5))).await?;
        let answer: Option<(String, String)> =
            redis::from_redis_value(answer).map_err(|_| self.malformed("an answer"))?;
        Ok(answer.map(|(_, text)| text))
    }
}

fn is_usable(id: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    !id.is_empty() && id.len() <= LONGEST_ID && id.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::tests::server::{Server, run};
    use crate::store::{Address, Client, Keys};

    fn store(server: &Server) -> Store {
        let client = Client::new(Address::from_url(&server.url()).unwrap(), None);
        Store::new(client, Keys::new("rq"))
    }

    async fn send(store: &Store, words: &[&str]) -> Value {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        store.client().run(&command).await.unwrap()
    }

    #[test]
    fn an_answer_finds_whoever_asked_before_or_after_it() {
        let server = Server::start(&[]);
        run(async {
            let store = store(&server);

            store.answer("early", "one").await.unwrap();
            assert_eq!(
                store.await_answer("early", Duration::from_secs(20)).await.unwrap(),
                Some("one".to_owned())
            );

            let waiting = store.await_answer("late", Duration::from_secs(20));
            let (answer, told) = tokio::join!(waiting, store.answer("late", "two"));
            told.unwrap();
            assert_eq!(answer.unwrap(), Some("two".to_owned()));
        });
    }

    #[test]
    fn an_answer_that_nobody_fetches_goes_away_and_none_is_awaited_for_ever() {
        let server = Server::start(&[]);
        run(async {
            let store = store(&server);

            store.answer("id", "text").await.unwrap();
            store.answer("no key: ", "text").await.unwrap();

            let Value::Int(lasts) = send(&store, &["TTL", "rq:rqd:reply:id"]).await else {
                panic!("a number")
            };
            assert!((1..=60).contains(&lasts), "{lasts}");
            assert_eq!(send(&store, &["DBSIZE"]).await, Value::Int(1));
            assert_eq!(store.await_answer("other", Duration::from_millis(10)).await.unwrap(), None);
        });
    }

    #[test]
    fn a_command_reaches_its_worker_and_it_is_told_when_nobody_hears() {
        let server = Server::start(&[]);
        run(async {
            let store = store(&server);
            let worker = WorkerName::new("w1");
            assert!(!store.give_command(&worker, &json!({"command": "quiet"})).await.unwrap());
            let mut ear = store.client().subscribe(&store.channel(&worker)).await.unwrap();

            assert!(store.give_command(&worker, &json!({"command": "quiet", "id": "i"})).await.unwrap());

            let heard: serde_json::Value = serde_json::from_slice(&ear.next().await.unwrap()).unwrap();
            assert_eq!(heard, json!({"command": "quiet", "id": "i"}));
        });
    }

    #[test]
    fn workers_are_told_apart_by_whose_they_are() {
        let server = Server::start(&[]);
        run(async {
            let store = store(&server);
            send(&store, &["SADD", "rq:workers", "rq:worker:b:2", "rq:worker:a", "other:worker:x"]).await;
            send(&store, &["HSET", "rq:worker:a", "birth", "x", "rqd_version", "0.1.0"]).await;
            send(&store, &["HSET", "rq:worker:b:2", "birth", "x"]).await;

            let names = store.worker_names().await.unwrap();

            assert_eq!(names, ["a", "b:2"].map(WorkerName::new));
            assert_eq!(store.kind_of(&names[0]).await.unwrap(), Some(Kind::Ours));
            assert_eq!(store.kind_of(&names[1]).await.unwrap(), Some(Kind::Pythons));
            assert_eq!(store.kind_of(&WorkerName::new("c")).await.unwrap(), None);
        });
    }
}
