//! Ids and names that no client would choose, wherever they may stand: the worker goes on, and what it can run, it runs.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::harness::{SOON, World, wait_until};

/// No text in UTF-8, and neither is any part of it.
const GARBAGE: &[u8] = b"\xff\xfe\x80";

/// A key or member that ends, or begins, in garbage.
fn garbage(before: &str, after: &str) -> Vec<u8> {
    [before.as_bytes(), GARBAGE, after.as_bytes()].concat()
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// Makes a sound job whose id is garbage: like one that a client enqueued, but in no list.
fn garbled_job(world: &World) {
    world.enqueue("'jobs.returns.value', 1, job_id='model'");
    let _: i64 = world.redis.command(&[bytes("COPY"), bytes("rq:job:model"), garbage("rq:job:", "")]);
    world.client.exec("fetch('model').delete()");
}

#[test]
fn an_id_that_is_not_utf_8_is_put_aside_and_told() {
    let world = World::new();
    garbled_job(&world);
    let _: i64 = world.redis.command(&[bytes("RPUSH"), bytes("rq:queue:default"), GARBAGE.to_vec()]);
    let next = world.enqueue("'jobs.returns.value', 2");

    let exit = world.work(&[]);

    assert_eq!(world.view(&next)["result"], 2);
    let aside: Vec<Vec<u8>> = world.redis.command(&["LRANGE", "rq:rqd:aside", "0", "-1"]);
    assert_eq!(aside, [garbage("default ", "")]);
    assert!(exit.stderr.contains("not UTF-8") || exit.stdout.contains("not UTF-8"), "{}", exit.stderr);
    for key in [garbage("rq:job:", ""), bytes("rq:rqd:aside")] {
        let _: i64 = world.redis.command(&[bytes("DEL"), key]);
    }
    world.finish();
}

#[test]
fn garbage_in_every_list_and_set_is_survived() {
    let world = World::new();
    garbled_job(&world);
    for (command, key, score) in [
        ("RPUSH", "queue:default", None),
        ("RPUSH", "queue:default:intermediate", None),
        ("ZADD", "scheduled:default", Some("1")),
        ("ZADD", "finished:default", Some("1")),
        ("ZADD", "failed:default", Some("1")),
        ("ZADD", "deferred:default", Some("1")),
        ("ZADD", "ready:default", Some("1")),
        ("ZADD", "wip:default", Some("1")),
        ("ZADD", "rl:k:rate_limited", Some("1")),
        ("ZADD", "rl:k:allowed", Some("1")),
        ("SADD", "rl-keys", None),
        ("SADD", "groups", None),
        ("SADD", "group:g1", None),
        ("SADD", "queues", None),
        ("SADD", "workers", None),
        ("SADD", "workers:default", None),
    ] {
        let mut words = vec![bytes(command), bytes(&world.key(key))];
        words.extend(score.map(bytes));
        words.push(GARBAGE.to_vec());
        let _: i64 = world.redis.command(&words);
    }
    let _: i64 =
        world.redis.command(&[bytes("ZADD"), bytes("rq:wip:default"), bytes("1"), garbage("", ":e1")]);
    let _: i64 =
        world.redis.command(&[bytes("HSET"), bytes("rq:rqd:daemons"), GARBAGE.to_vec(), GARBAGE.to_vec()]);
    let _: i64 = world.redis.command(&["SADD", "rq:groups", "g1"]);
    let _: i64 = world.redis.command(&["SADD", "rq:rl-keys", "k"]);
    world.enqueue("'jobs.returns.value', 1, job_id='p'");
    world.enqueue("'jobs.returns.value', 2, job_id='c', depends_on='p'");
    let _: i64 = world.redis.command(&[bytes("SADD"), bytes("rq:job:p:dependents"), GARBAGE.to_vec()]);
    let mut worker = world.worker(&["--name", "w1", "--with-scheduler"]);

    world.wait_for_status("c", "finished");
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    gate.wait_for_arrival();
    gate.open();
    world.wait_for_status("j1", "finished");
    for list in ["queue:default", "queue:default:intermediate", "wip:default", "ready:default"] {
        wait_until(SOON, &format!("{list} to be cleaned"), || !world.redis.exists(&world.key(list)));
    }

    assert_eq!(worker.stop().code(), 0);
    let aside: Vec<Vec<u8>> = world.redis.command(&["LRANGE", "rq:rqd:aside", "0", "-1"]);
    assert!(!aside.is_empty());
    assert!(aside.iter().all(|entry| *entry == garbage("default ", "")), "{aside:?}");
    // Garbage that stands where nothing runs from may stay; no client could look at it either.
}

#[test]
fn a_queue_whose_name_is_not_utf_8_is_refused_at_the_start() {
    let world = World::new();
    let mut named = world.worker_command();
    named.args(["-c", "settings", "--burst"]).arg(OsStr::from_bytes(GARBAGE));
    let mut meant = world.worker_command();
    meant.args(["-c", "settings", "--burst"]).env("QUEUES", OsStr::from_bytes(GARBAGE));

    let named = world.start(named).wait_exit();
    let meant = world.start(meant).wait_exit();

    assert_eq!(named.code(), 2, "{}", named.stderr);
    assert!(named.stderr.contains("invalid UTF-8"), "{}", named.stderr);
    assert_eq!(meant.code(), 78, "{}", meant.stderr);
    assert!(meant.stderr.contains("QUEUES: it is not UTF-8 text"), "{}", meant.stderr);
    world.finish();
}
