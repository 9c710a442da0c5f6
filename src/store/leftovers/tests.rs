use super::super::tests::server::Server;
use super::super::{Address, Client, Keys, Store};
use super::*;
use crate::job::QueueName;

fn store(server: &Server) -> Store {
    Store::new(Client::new(Address::from_url(&server.url()).unwrap(), None), Keys::new("rq"))
}

async fn send(store: &Store, line: &str) {
    let mut words = line.split(' ');
    let mut command = redis::cmd(words.next().unwrap());
    command.arg(words.collect::<Vec<_>>());
    store.client().run(&command).await.unwrap();
}

async fn furnish(store: &Store) {
    for line in [
        "SADD rq:queues rq:queue:a rq:queue:b",
        "RPUSH rq:queue:a there gone1 there gone2",
        "HSET rq:job:there data x status queued",
        "HSET rq:job:empty status queued",
        "RPUSH rq:queue:a:intermediate between",
        "ZADD rq:deferred:a 1 waits 2 lost-parent 3 gone3",
        "HSET rq:job:waits data x status deferred",
        "SADD rq:job::waits:dependencies there nobody",
        "HSET rq:job:lost-parent data x status deferred dependency_ids [\"nobody\"] allow_dependency_failures 1",
        "ZADD rq:scheduled:a 1 gone4",
        "ZADD rq:failed:a +inf kept 1 expired",
        "HSET rq:job:kept data x status failed",
        "SADD rq:workers rq:worker:w1 rq:worker:w2",
        "HSET rq:worker:w1 birth x last_heartbeat y rqd_identity me",
        "HSET rq:rqd:daemons d1 {\"identity\":\"i\",\"workers\":[\"w1\"]} d2 junk",
        "SET rq:rqd:alive:d1 x",
        "SET rq:suspended 1",
        "ZADD rq:wip:b 1 slow:e1 2 dead:e2 3 ours:e3",
        "SET rq:execution:slow:e1 x EX 90",
        "SET rq:execution:ours:e3 x EX 90",
        "HSET rq:job:ours data x rqd_run e3~d1~handed",
        "SET rq:queue:b string",
    ] {
        send(store, line).await;
    }
}

#[tokio::test]
async fn what_stands_around_is_found_and_nothing_is_changed() {
    let server = Server::start(&[]);
    let store = store(&server);
    furnish(&store).await;

    let left = store.leftovers(&[]).await.unwrap();

    let [a, b] = &left.queues[..] else { panic!("two queues: {left:?}") };
    assert_eq!(a.intermediate, [b"between".to_vec()]);
    assert_eq!((a.overdue, a.has_scheduler, a.failed_for_ever), (1, false, 1));
    let dangling: Vec<_> = a.dangling.iter().map(|it| (it.place, it.looked, it.ids.join(" "))).collect();
    assert_eq!(
        dangling,
        [
            (Standing::Queued, 4, "gone1 gone2".to_owned()),
            (Standing::Deferred, 3, "gone3".to_owned()),
            (Standing::Scheduled, 1, "gone4".to_owned()),
        ]
    );
    assert_eq!(
        a.deferred[0].dependencies,
        [("nobody".to_owned(), None), ("there".to_owned(), Some("queued".to_owned()))]
    );
    assert_eq!((a.deferred[1].dependencies.len(), a.deferred[1].allows_failures), (1, true));
    let kept = vec!["slow".to_owned()];
    assert_eq!(*b, QueueLeft { name: "b".to_owned(), kept, ..QueueLeft::default() });
    let workers: Vec<_> =
        left.workers.iter().map(|worker| (worker.name.as_str(), worker.is_there, worker.listeners)).collect();
    assert_eq!(workers, [("w1", true, Some(0)), ("w2", false, Some(0))]);
    assert_eq!(left.workers[0].lasts, None);
    assert_eq!(left.workers[0].identity.as_deref(), Some("me"));
    let mut daemons: Vec<_> = left.daemons.iter().map(|it| (it.daemon.as_str(), it.is_alive)).collect();
    daemons.sort_unstable();
    assert_eq!(daemons, [("d1", true), ("d2", false)]);
    assert!(left.is_suspended_for_ever);
}

#[tokio::test]
async fn ids_are_taken_out_of_their_places_only_while_their_jobs_are_gone() {
    let server = Server::start(&[]);
    let store = store(&server);
    furnish(&store).await;
    let queue = QueueName::new("a");
    send(&store, "HSET rq:job:gone2 data x").await;
    let ids = ["gone1", "gone2", "there"].map(str::to_owned);

    let from_queue = store.prune(&queue, Standing::Queued, &ids).await.unwrap();
    let from_registry = store.prune(&queue, Standing::Deferred, &["gone3".to_owned()]).await.unwrap();

    assert_eq!((from_queue, from_registry), (1, 1));
    let shelves = store.shelves(&[queue], &[Standing::Queued, Standing::Deferred]).await.unwrap();
    assert_eq!(store.ids_at(&shelves[0], 0, 9).await.unwrap(), ["there", "there", "gone2"]);
    assert_eq!(store.ids_at(&shelves[1], 0, 9).await.unwrap(), ["waits", "lost-parent"]);
}

#[tokio::test]
async fn a_worker_is_dismissed_unless_it_gave_a_sign_of_life() {
    let server = Server::start(&[]);
    let store = store(&server);
    furnish(&store).await;
    send(&store, "SADD rq:workers:a rq:worker:w1").await;

    assert!(!store.dismiss("w1", &["a".to_owned()], "before").await.unwrap());
    assert_eq!(store.worker_names().await.unwrap().len(), 2);
    assert!(store.dismiss("w1", &["a".to_owned()], "y").await.unwrap());

    assert_eq!(store.worker_names().await.unwrap().len(), 1);
    assert!(store.leftovers(&[]).await.unwrap().queues[0].name == "a");
    let left = store.client().run(redis::cmd("SCARD").arg("rq:workers:a")).await.unwrap();
    assert_eq!(left, redis::Value::Int(0));
}

#[tokio::test]
async fn a_job_that_runs_in_no_registry_is_lost() {
    let server = Server::start(&[]);
    let store = store(&server);
    for line in [
        "HSET rq:job:fine data x status started origin a",
        "ZADD rq:executions:fine 1 e1",
        "ZADD rq:wip:a 99999999999 fine:e1",
        "HSET rq:job:old data x status started origin a",
        "ZADD rq:wip:a 99999999999 old",
        "HSET rq:job:between data x status started origin a",
        "RPUSH rq:queue:a:intermediate between",
        "HSET rq:job:lost data x status started origin a worker_name w",
        "ZADD rq:executions:lost 1 over",
        "HSET rq:job:beating data x status started origin a",
        "ZADD rq:executions:beating 1 e2",
        "HSET rq:execution:beating:e2 id e2",
        "HSET rq:job:in-hand data x status started origin a worker_name v1",
        "HSET rq:worker:v1 current_job in-hand",
        "HSET rq:job:done data x status finished origin a",
        "SADD rq:job:lost:dependents x",
        "SET rq:job:odd string",
    ] {
        send(&store, line).await;
    }

    let lost = store.lost().await.unwrap();

    let ids: Vec<_> = lost.jobs.iter().map(|job| job.id.as_str()).collect();
    assert_eq!((ids, lost.is_whole), (vec!["lost"], true));
    assert_eq!(store.still_lost(&lost.jobs).await.unwrap(), lost.jobs);
    send(&store, "HSET rq:job:lost status finished").await;
    assert_eq!(store.still_lost(&lost.jobs).await.unwrap(), []);
}
