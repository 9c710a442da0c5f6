//! Stories against a real Redis.

use redis::Value;

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

#[test]
fn there_is_no_story_without_a_payload() {
    let server = Server::start(&[]);
    run(async {
        let store = store(&server, "rq");
        send(&store, &["HSET", "rq:job:half", "status", "queued"]).await;

        assert_eq!(store.story("none", 100).await.unwrap(), None);
        assert_eq!(store.story("half", 100).await.unwrap(), None);
    });
}

/// What stands around the job `j 1` of the queue `q`.
async fn furnish(store: &Store) {
    send(store, &["HSET", "{my}:job:p", "status", "finished", "origin", "other"]).await;
    send(store, &["SADD", "{my}:job:j 1:dependents", "c"]).await;
    send(store, &["ZADD", "{my}:executions:j 1", "99", "e"]).await;
    send(store, &["HSET", "{my}:execution:j 1:e", "worker_name", "w", "created_at", "1.5"]).await;
    send(store, &["ZADD", "{my}:wip:q", "77", "j 1:e"]).await;
    send(store, &["ZADD", "{my}:finished:q", "+inf", "j 1"]).await;
    send(store, &["RPUSH", "{my}:queue:q", "x", "j 1"]).await;
    send(store, &["XADD", "{my}:results:j 1", "1-1", "type", "1", "return_value", &"r".repeat(300)]).await;
    send(store, &["HSET", "{my}:worker:w", "state", "busy"]).await;
}

#[test]
fn a_story_has_what_stands_under_every_key_of_a_job() {
    let server = Server::start(&[]);
    run(async {
        let store = store(&server, "{my}");
        send(
            &store,
            &[
                "HSET",
                "{my}:job:j 1",
                "status",
                "started",
                "origin",
                "q",
                "data",
                "d",
                "worker_name",
                "w",
                "dependency_ids",
                r#"["p", "gone"]"#,
                "meta",
                &"m".repeat(200),
                "odd",
                "x",
            ],
        )
        .await;
        send(&store, &["EXPIRE", "{my}:job:j 1", "1000"]).await;
        furnish(&store).await;

        let found = store.story("j 1", 100).await.unwrap().unwrap();

        assert_eq!(
            (found.text("status").unwrap().as_str(), found.text("data").unwrap().as_str()),
            ("started", "d")
        );
        assert_eq!((found.text("meta"), found.sizes["meta"]), (None, 200));
        assert!(found.expires_in.is_some_and(|left| left.as_secs() > 900));
        assert_eq!((found.place.ahead, found.place.queue_length), (Some(1), 2));
        assert_eq!(found.place.registries, [("finished", f64::INFINITY)]);
        let execution = &found.executions[0];
        assert_eq!(
            (execution.worker.as_deref(), execution.created_at, execution.lease_ends),
            (Some("w"), Some(1.5), Some(77.0))
        );
        let states: Vec<_> =
            found.dependencies.iter().map(|it| (it.id.as_str(), it.status.as_deref())).collect();
        assert_eq!(states, [("p", Some("finished")), ("gone", None)]);
        assert_eq!((found.dependents[0].id.as_str(), found.dependents_in_all), ("c", 1));
        assert_eq!(
            (found.results[0].fields["return_value"].len(), found.results[0].lengths["return_value"]),
            (100, 300)
        );
        assert!(!found.results[0].is_whole("return_value") && found.results[0].is_whole("type"));
        assert_eq!(found.worker.unwrap().text("state").as_deref(), Some("busy"));
    });
}

#[test]
fn keys_of_other_types_are_as_good_as_absent_and_stay_as_they_are() {
    let server = Server::start(&[]);
    run(async {
        let store = store(&server, "rq");
        send(
            &store,
            &["HSET", "rq:job:j", "status", "queued", "origin", "q", "data", "d", "worker_name", "w"],
        )
        .await;
        let others = [
            "rq:results:j",
            "rq:executions:j",
            "rq:job:j:dependents",
            "rq:queue:q",
            "rq:failed:q",
            "rq:worker:w",
        ];
        for key in others {
            send(&store, &["SET", key, "x"]).await;
        }

        let found = store.story("j", 100).await.unwrap().unwrap();

        assert_eq!((found.place.ahead, found.results.len(), found.worker), (None, 0, None));
        for key in others {
            assert_eq!(send(&store, &["GET", key]).await, Value::BulkString(b"x".to_vec()), "{key}");
        }
    });
}
