//! Overviews of a real Redis.

use redis::Value;

use super::*;
use crate::store::tests::server::{Server, run};
use crate::store::{Address, Client, Keys, Store};

fn store(server: &Server, prefix: &str) -> Store {
    Store::new(Client::new(Address::from_url(&server.url()).unwrap(), None), Keys::new(prefix))
}

async fn send(store: &Store, words: &[&str]) -> Value {
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    store.client().run(&command).await.unwrap()
}

/// How many commands the server has taken in.
async fn commands(store: &Store) -> u64 {
    let Value::BulkString(text) = send(store, &["INFO", "stats"]).await else { panic!("a text") };
    let text = String::from_utf8(text).unwrap();
    text.lines().find_map(|line| line.strip_prefix("total_commands_processed:")?.trim().parse().ok()).unwrap()
}

#[test]
fn an_empty_redis_is_seen_to_be_empty() {
    let server = Server::start(&[]);
    run(async {
        let seen = store(&server, "rq").overview(&Wanted::default(), &Overview::default()).await.unwrap();

        assert_eq!(Overview { now: 0.0, ..seen }, Overview { now: 0.0, ..Overview::default() });
    });
}

#[test]
fn one_look_sees_queues_workers_and_jobs_of_every_release() {
    let server = Server::start(&[]);
    run(async {
        let store = store(&server, "{my}");
        send(&store, &["SADD", "{my}:queues", "{my}:queue:a", "{my}:queue:b", "junk"]).await;
        send(&store, &["RPUSH", "{my}:queue:a", "waits", "x"]).await;
        send(&store, &["ZADD", "{my}:wip:a", "50", "new:e1", "60", "old"]).await;
        send(&store, &["ZADD", "{my}:failed:b", "9", "broken"]).await;
        send(
            &store,
            &["HSET", "{my}:job:waits", "status", "queued", "enqueued_at", "2026-11-22T07:31:55.000000Z"],
        )
        .await;
        send(&store, &["HSET", "{my}:job:broken", "status", "failed", "description", "f()"]).await;
        send(
            &store,
            &["XADD", "{my}:results:broken", "*", "exc_string", "Traceback:\n  File x\nValueError: no\nmore"],
        )
        .await;
        send(&store, &["SADD", "{my}:workers", "{my}:worker:w3", "{my}:worker:w2", "{my}:worker:dead"]).await;
        send(&store, &["HSET", "{my}:worker:w3", "state", "busy", "successful_job_count", "7"]).await;
        send(&store, &["SADD", "{my}:worker:w3:executions", "new:e1"]).await;
        send(&store, &["HSET", "{my}:worker:w2", "state", "busy", "current_job", "old"]).await;
        send(&store, &["SET", "{my}:suspended", "1"]).await;

        let seen = store.overview(&Wanted::default(), &Overview::default()).await.unwrap();

        assert_eq!(seen.queues.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((seen.queues["a"].waiting, seen.queues["a"].running, seen.queues["b"].failed), (2, 2, 1));
        assert_eq!(seen.queues["a"].head.as_deref(), Some("waits"));
        assert!(seen.suspended && seen.jobs["waits"].enqueued_at.is_some());
        let running: Vec<_> =
            seen.running.iter().map(|it| (it.job.as_str(), it.execution.as_deref())).collect();
        assert_eq!(running, [("new", Some("e1")), ("old", None)]);
        assert_eq!(seen.workers.keys().collect::<Vec<_>>(), ["w2", "w3"]);
        assert_eq!((seen.workers["w3"].done, seen.workers["w3"].jobs[0].as_str()), (7, "new"));
        assert_eq!(seen.workers["w2"].jobs, ["old"]);
        assert_eq!(seen.failed, [FailedJob { job: "broken".to_owned(), queue: "b".to_owned() }]);
        assert_eq!(seen.jobs["broken"].reason.as_deref(), Some("ValueError: no"));
    });
}

#[test]
fn a_second_look_at_the_same_asks_no_more_than_it_must() {
    let server = Server::start(&[]);
    run(async {
        let store = store(&server, "rq");
        for number in 0..1000 {
            let name = format!("rq:queue:q{number}");
            send(&store, &["SADD", "rq:queues", &name]).await;
        }
        for number in 0..300 {
            send(&store, &["ZADD", "rq:failed:q0", &number.to_string(), &format!("j{number}")]).await;
            send(&store, &["HSET", &format!("rq:job:j{number}"), "data", "d"]).await;
        }
        let wanted = Wanted { queue: Some("q0".to_owned()), offset: 100 };
        let first = store.overview(&wanted, &Overview::default()).await.unwrap();
        assert_eq!((first.queues.len(), first.queues_in_all, first.failed.len()), (1000, 1000, 100));
        assert_eq!((first.failed[0].job.as_str(), first.jobs.len()), ("j199", 100));
        let before = commands(&store).await;

        let second = store.overview(&wanted, &first).await.unwrap();

        let asked = commands(&store).await - before - 1;
        // Eleven for each queue, one for each failed job, and what is asked once.
        assert!(asked <= 11 * 1000 + 100 + 10, "{asked}");
        assert_eq!(Overview { now: first.now, ..second }, first);
    });
}

#[test]
fn what_has_gone_is_not_seen_any_more_and_what_cannot_be_read_is_empty() {
    let server = Server::start(&[]);
    run(async {
        let store = store(&server, "rq");
        send(&store, &["SADD", "rq:queues", "rq:queue:a", "rq:queue:b"]).await;
        send(&store, &["SADD", "rq:workers", "rq:worker:w"]).await;
        send(&store, &["HSET", "rq:worker:w", "state", "idle"]).await;
        for key in ["rq:queue:a", "rq:wip:a", "rq:failed:a"] {
            send(&store, &["SET", key, "junk"]).await;
        }
        let first = store.overview(&Wanted::default(), &Overview::default()).await.unwrap();
        assert_eq!((first.queues["a"].waiting, first.workers.len()), (0, 1));

        send(&store, &["SREM", "rq:queues", "rq:queue:b"]).await;
        send(&store, &["SREM", "rq:workers", "rq:worker:w"]).await;
        let second = store.overview(&Wanted::default(), &first).await.unwrap();

        assert_eq!(second.queues.keys().collect::<Vec<_>>(), ["a"]);
        assert!(second.workers.is_empty());
    });
}
