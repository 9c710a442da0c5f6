//! The check itself finds what it should: a check that finds nothing proves nothing.

use super::{super::redis_server::Redis, Leaves, broken};

/// What the check says about a Redis with nothing but these commands' effects.
#[track_caller]
fn said_of(commands: &[&str], left: &[Leaves]) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    let redis = Redis::start(dir.path(), None);
    for command in commands {
        let words: Vec<_> =
            command.split_whitespace().map(|word| if word == "''" { "" } else { word }).collect();
        let _: redis::Value = redis.command(&words);
    }
    broken(&redis, "rq", left)
}

#[track_caller]
fn assert_finds(commands: &[&str], expected: &str) {
    let said = said_of(commands, &[]);
    assert!(said.iter().any(|line| line.contains(expected)), "{expected:?} not in {said:?}");
}

const QUEUED: &str = "HSET rq:job:j1 data x status queued created_at 2026-11-22T07:33:16.378843Z last_heartbeat '' timeout 180";

#[test]
fn an_empty_redis_and_a_queued_job_are_sound() {
    assert_eq!(said_of(&[], &[]), [""; 0]);
    assert_eq!(
        said_of(&["SADD rq:queues rq:queue:default", QUEUED, "RPUSH rq:queue:default j1"], &[]),
        [""; 0]
    );
}

#[test]
fn a_job_in_no_place_or_in_two_is_found() {
    assert_finds(&[QUEUED], "job j1: queued, so in queue, but it is in []");
    assert_finds(&[QUEUED, "RPUSH rq:queue:default j1 j1"], "but it is in [\"queue\", \"queue\"]");
    assert_finds(
        &[QUEUED, "RPUSH rq:queue:default j1", "ZADD rq:failed:default 1 j1"],
        "it is in [\"queue\", \"failed\"]",
    );
}

#[test]
fn a_job_in_the_wrong_place_is_found() {
    assert_finds(&[QUEUED, "ZADD rq:finished:default +inf j1"], "job j1: queued, so in queue");
}

#[test]
fn a_gone_job_in_a_list_is_found_unless_named() {
    assert_finds(&["RPUSH rq:queue:default j1"], "job j1: gone, but still in queue");
    assert_finds(&["RPUSH rq:queue:default:intermediate j1"], "job j1: gone, but still in intermediate");
    assert_eq!(said_of(&["RPUSH rq:queue:default:intermediate j1"], &[Leaves::GoneIds]), [""; 0]);
}

#[test]
fn entries_that_wait_for_the_next_purge_are_no_fault() {
    assert_eq!(said_of(&["ZADD rq:finished:default 1000 j1"], &[]), [""; 0]);
    assert_finds(&["ZADD rq:finished:default +inf j1"], "job j1: gone, but still in finished");
}

#[test]
fn orphans_without_a_time_to_live_are_found() {
    assert_finds(&["XADD rq:results:j1 * type 1"], "results:j1: outlives its job and never expires");
    assert_finds(&["SADD rq:job:j1:dependents j2"], "job:j1:dependents: outlives its job");
    assert_finds(&["HSET rq:execution:j1:e1 id e1"], "execution:j1:e1: has no time to live");
    assert_finds(&["SET rq:clean_registries:default 1"], "clean_registries:default: has no time to live");
}

#[test]
fn unknown_keys_and_wrong_types_are_found() {
    assert_finds(&["SET rq:something 1"], "something: not a key of RQ");
    assert_finds(&["SET other 1"], "other: outside the prefix rq");
    assert_finds(&["SADD rq:queue:default j1"], "queue:default: a set where RQ has a list");
}

#[test]
fn what_python_clients_choke_on_is_found() {
    assert_finds(&[QUEUED, "HSET rq:job:j1 created_at 2026-11-22T07:33:16.3788431Z"], "created_at is");
    assert_finds(&[QUEUED, "HSET rq:job:j1 status odd"], "unknown status \"odd\"");
    assert_finds(&[QUEUED, "HSET rq:job:j1 enqueue_at_front ''"], "enqueue_at_front is \"\"");
    assert_finds(&[QUEUED, "HSET rq:job:j1 timeout 5m"], "timeout is \"5m\"");
    assert_finds(&[QUEUED, "HDEL rq:job:j1 last_heartbeat"], "last_heartbeat is gone");
    assert_finds(&["SADD rq:queues default"], "queues: default breaks every client");
    assert_finds(&["SADD rq:workers w1"], "workers: w1 breaks every client");
    assert_finds(&["ZADD rq:wip:default 99999999999 j:1:e1"], "no client can split j:1:e1");
}

#[test]
fn executions_without_their_counterparts_are_found() {
    assert_finds(&["ZADD rq:wip:default 99999999999 j1:e1"], "wip:default: j1:e1 has no execution hash");
    assert_finds(&["ZADD rq:executions:j1 1 e1"], "executions:j1: e1 has no hash");
    assert_finds(
        &["HSET rq:execution:j1:e1 created_at 1.5 last_heartbeat 1.5"],
        "not listed in executions:j1",
    );
    assert_finds(&["SADD rq:worker:w1:executions j1:e1"], "worker:w1:executions: j1:e1 has no hash");
    assert_finds(&["ZADD rq:wip:default 1 j1:e1"], "the lease of j1:e1 has run out");
}

#[test]
fn workers_that_are_listed_wrongly_are_found() {
    assert_finds(&["SADD rq:workers rq:worker:w1"], "workers: w1 has no hash");
    assert_finds(&["HSET rq:worker:w1 pid 1"], "worker w1: dead is false, listed is false");
    assert_finds(
        &["HSET rq:worker:w1 pid 1 death 2026-11-22T07:33:16.378843Z", "SADD rq:workers rq:worker:w1"],
        "listed is true",
    );
    assert_finds(
        &["SADD rq:workers:default rq:worker:w1"],
        "workers:default: rq:worker:w1 is not in workers",
    );
}
