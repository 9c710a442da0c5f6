use super::super::tests::server::{Server, run};
use super::super::{Address, Client, Keys, Store};
use super::*;

fn store(server: &Server) -> Store {
    Store::new(Client::new(Address::from_url(&server.url()).unwrap(), None), Keys::new("rq"))
}

async fn send(store: &Store, words: &[&str]) {
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    store.client().run(&command).await.unwrap();
}

#[test]
fn what_has_expired_or_died_is_not_counted_and_is_left_there() {
    let server = Server::start(&[]);
    run(async {
        let store = store(&server);
        send(&store, &["SADD", "rq:queues", "rq:queue:b", "rq:queue:a", "strange"]).await;
        send(&store, &["RPUSH", "rq:queue:a", "j1", "j2"]).await;
        send(&store, &["HSET", "rq:job:j1", "enqueued_at", "2026-11-22T07:33:16.383547Z"]).await;
        send(&store, &["ZADD", "rq:wip:a", "5", "old:e", "+inf", "new:e"]).await;
        send(&store, &["ZADD", "rq:finished:a", "5", "x", "+inf", "y", "9999999999", "z"]).await;
        send(&store, &["ZADD", "rq:failed:a", "-1", "x", "5", "y"]).await;
        send(&store, &["SADD", "rq:workers:a", "rq:worker:alive", "rq:worker:gone"]).await;
        send(&store, &["SADD", "rq:workers", "rq:worker:alive", "rq:worker:gone", "rq:worker:other"]).await;
        send(&store, &["HSET", "rq:worker:alive", "state", "busy", "queues", "a,b", "pid", "7"]).await;
        send(&store, &["HSET", "rq:worker:other", "birth", "nonsense"]).await;

        let inventory = store.inventory(&[]).await.unwrap();

        let a = &inventory.queues[0];
        assert_eq!((a.name.as_str(), a.waiting, a.started, a.abandoned), ("a", 2, 1, 1));
        assert_eq!((a.finished, a.failed, a.workers.as_slice()), (2, 1, ["alive".to_owned()].as_slice()));
        assert_eq!(a.oldest.unwrap().iso(), "2026-11-22T07:33:16.383547Z");
        assert_eq!(inventory.queues[1], CountedQueue { name: "b".to_owned(), ..CountedQueue::default() });
        assert_eq!(inventory.workers.keys().collect::<Vec<_>>(), ["alive", "other"]);
        assert_eq!(inventory.workers["alive"].queues, ["a", "b"]);
        assert_eq!(inventory.workers["other"], CountedWorker::default());
        let left = store.client().run(&redis::cmd("ZCARD").arg("rq:wip:a").to_owned()).await.unwrap();
        assert_eq!(left, redis::Value::Int(2));
    });
}

#[test]
fn a_thousand_queues_and_many_workers_take_a_few_round_trips() {
    let server = Server::start(&[]);
    run(async {
        let store = store(&server);
        let mut fill = redis::pipe();
        for number in 0..1000 {
            fill.cmd("SADD").arg("rq:queues").arg(format!("rq:queue:q{number:04}"));
            fill.cmd("RPUSH").arg(format!("rq:queue:q{number:04}")).arg("job");
            fill.cmd("SADD").arg("rq:workers").arg(format!("rq:worker:w{number}"));
            fill.cmd("SADD").arg(format!("rq:workers:q{number:04}")).arg(format!("rq:worker:w{number}"));
            fill.cmd("HSET").arg(format!("rq:worker:w{number}")).arg("state").arg("idle");
        }
        store.client().run_all(&fill).await.unwrap();

        let inventory = store.inventory(&[]).await.unwrap();

        assert_eq!((inventory.queues.len(), inventory.workers.len()), (1000, 1000));
        assert!(inventory.queues.iter().all(|queue| queue.waiting == 1 && queue.workers.len() == 1));
    });
}

#[test]
fn keys_of_other_types_count_as_nothing() {
    let server = Server::start(&[]);
    run(async {
        let store = store(&server);
        send(&store, &["SADD", "rq:queues", "rq:queue:a"]).await;
        for key in ["rq:queue:a", "rq:wip:a", "rq:workers", "rq:workers:a"] {
            send(&store, &["SET", key, "text"]).await;
        }

        let inventory = store.inventory(&["a".to_owned()]).await.unwrap();

        assert_eq!(inventory.queues, [CountedQueue { name: "a".to_owned(), ..CountedQueue::default() }]);
        assert!(inventory.workers.is_empty());
    });
}
