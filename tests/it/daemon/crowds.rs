//! Very many of anything: no script holds Redis up for long, and all of them get their turn.

use std::fs;

use nix::sys::signal::Signal;

use super::stage::wait_until_waiting;
use crate::harness::{Redis, SOON, Setup, Worker, World, wait_until};

/// How many scripts the server has run.
fn scripts_run(world: &World) -> u64 {
    let stats: String = world.redis.command(&["INFO", "commandstats"]);
    let calls = stats.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
    calls.map_or(0, |rest| rest.split(',').next().unwrap().parse().unwrap())
}

/// Enqueues job `p` with these further arguments, and so many jobs on the queue `many` that wait for it and for `others`.
fn crowd(world: &World, arguments: &str, count: usize, others: &[&str]) {
    world.client.exec(&format!(
        "p = q.enqueue('jobs.returns.value', 1, job_id='p', {arguments})
waited_for = ['p', *{others:?}]
own = {{'status': 'deferred', 'origin': 'many', 'dependency_id': 'p', 'dependency_ids': json.dumps(waited_for)}}
fields = {{**conn.hgetall('rq:job:p'), **own}}
for start in range(0, {count}, 1000):
    pipe = conn.pipeline()
    for i in range(start, min(start + 1000, {count})):
        id = 'd%d' % i
        pipe.hset('rq:job:' + id, mapping=fields)
        pipe.sadd('rq:job::%s:dependencies' % id, *waited_for)
        for other in waited_for:
            pipe.sadd('rq:job:%s:dependents' % other, id)
        pipe.zadd('rq:deferred:many', {{id: 1}})
    pipe.execute()"
    ));
}

fn released(world: &World) -> usize {
    world.redis.command(&["LLEN", "rq:queue:many"])
}

/// Stops the worker's process in the middle of a release of so many.
#[track_caller]
fn freeze_while_releasing(world: &World, worker: &Worker, count: usize) {
    wait_until(SOON, "the release to begin", || released(world) >= count / 10);
    worker.signal(Signal::SIGSTOP);
    let so_far = released(world);
    assert!(so_far < count, "{so_far} of {count} are released already");
}

#[test]
fn ids_of_jobs_that_are_gone_are_passed_over_a_few_at_a_time() {
    let world = World::new();
    world
        .client
        .exec("for i in range(50): conn.rpush('rq:queue:default', *range(1000 * i, 1000 * i + 1000))");
    let job = world.enqueue("'jobs.returns.value', 1");

    world.work(&[]);

    assert_eq!(world.view(&job)["status"], "finished");
    assert!(!world.redis.exists("rq:queue:default"));
    let run = scripts_run(&world);
    assert!(run >= 50_000 / 500, "{run} scripts");
    world.finish();
}

#[test]
fn a_restart_of_redis_in_the_middle_of_a_release_leaves_no_dependent_behind() {
    let mut world = World::new();
    crowd(&world, "", 20_000, &[]);
    let mut worker = world.worker(&["--name", "w1"]);
    freeze_while_releasing(&world, &worker, 20_000);

    // The order of a set's members is another one afterwards.
    world.redis.stop_and_keep_data();
    world.redis.start_again();
    worker.signal(Signal::SIGCONT);

    wait_until(SOON, "all dependents to be queued", || released(&world) == 20_000);
    wait_until(SOON, "the release to be over", || !world.redis.exists("rq:rqd:releasing"));
    assert!(!world.redis.exists("rq:deferred:many"));
    worker.stop();
    world.finish();
}

#[test]
fn a_failover_in_the_middle_of_a_release_leaves_no_dependent_behind() {
    let mut world = World::with(&Setup { tcp: true, ..Setup::default() }).unwrap();
    let replica = Redis::start(&world.path("replica"), None);
    let port = world.redis.port().to_string();
    let _: () = replica.command(&["REPLICAOF", "127.0.0.1", &port]);
    wait_until(SOON, "the replica to follow", || {
        replica.command::<String>(&["INFO", "replication"]).contains("master_link_status:up")
    });
    crowd(&world, "", 20_000, &[]);
    let mut worker = world.worker(&["--name", "w1"]);
    freeze_while_releasing(&world, &worker, 20_000);

    let left = |redis: &Redis| redis.command::<usize>(&["SCARD", "rq:job:p:dependents"]);
    wait_until(SOON, "the replica to have all", || left(&replica) == left(&world.redis));
    world.redis.kill();
    let _: () = replica.command(&["REPLICAOF", "NO", "ONE"]);
    fs::rename(replica.socket(), world.redis.socket()).unwrap();
    worker.signal(Signal::SIGCONT);

    wait_until(SOON, "all dependents to be queued", || released(&world) == 20_000);
    worker.stop();
    world.finish();
}

#[test]
fn a_user_who_may_not_ask_who_the_server_is_releases_all_dependents() {
    let world = World::new();
    crowd(&world, "", 1_000, &["o"]);
    world.client.exec("queue('other').enqueue('jobs.returns.value', 2, job_id='o')");
    let _: () = world.redis.command(&["ACL", "SETUSER", "default", "-info"]);

    world.work(&["default", "other"]);

    assert_eq!(released(&world), 1_000);
    world.finish();
}

#[test]
fn a_release_is_finished_by_another_daemon_when_its_own_dies() {
    let world = World::new();
    crowd(&world, "", 5_000, &[]);
    let mut worker = world.worker(&["--name", "w1"]);
    freeze_while_releasing(&world, &worker, 5_000);

    worker.signal(Signal::SIGKILL);
    worker.wait_exit();
    let mut other = world.idle_worker(&["--name", "w2"]);

    wait_until(SOON, "all dependents to be queued", || released(&world) == 5_000);
    other.stop();
    world.finish();
}

#[test]
fn a_warm_shutdown_finishes_the_release() {
    let world = World::new();
    crowd(&world, "", 5_000, &[]);
    let mut worker = world.worker(&["--name", "w1"]);
    wait_until(SOON, "the release to begin", || released(&world) > 0);

    worker.stop();

    assert_eq!(released(&world), 5_000);
    world.finish();
}

#[test]
fn dependents_are_released_though_their_parent_expires_meanwhile() {
    let world = World::new();
    crowd(&world, "result_ttl=1", 5_000, &[]);
    let mut worker = world.worker(&["--name", "w1"]);
    freeze_while_releasing(&world, &worker, 5_000);

    wait_until(SOON, "the parent to expire", || !world.redis.exists("rq:job:p"));
    worker.signal(Signal::SIGCONT);

    wait_until(SOON, "all dependents to be queued", || released(&world) == 5_000);
    wait_until(SOON, "the release to be over", || !world.redis.exists("rq:rqd:releasing"));
    assert!(!world.redis.exists("rq:job:p:dependents"));
    worker.stop();
    world.finish();
}

#[test]
fn dependents_that_wait_for_another_job_too_do_not_keep_the_set_of_a_job_that_is_gone() {
    let world = World::new();
    crowd(&world, "result_ttl=0", 1_000, &["o"]);
    world.client.exec("queue('other').enqueue('jobs.returns.value', 2, job_id='o')");

    world.work(&["default"]);

    let leftovers = ["rq:rqd:releasing", "rq:rqd:releaser", "rq:job:p:dependents"];
    assert!(leftovers.iter().all(|key| !world.redis.exists(key)));
    assert_eq!(released(&world), 0);
    world.work(&["other"]);
    assert_eq!(released(&world), 1_000);
    world.finish();
}

#[test]
fn a_dependent_of_thousands_of_jobs_is_decided_on_in_parts() {
    let world = World::new();
    crowd(&world, "", 0, &[]);
    world.client.exec(
        "pattern = conn.hgetall('rq:job:p')
finished = {**pattern, 'status': 'finished', 'result_ttl': -1}
waited_for = ['d%d' % i for i in range(5000)]
pipe = conn.pipeline()
for id in waited_for:
    pipe.hset('rq:job:' + id, mapping=finished)
    pipe.zadd('rq:finished:default', {id: '+inf'})
for id, more in (('ready', []), ('waiting', ['o'])):
    fields = {'status': 'deferred', 'origin': 'many', 'dependency_id': 'p', 'dependency_ids': json.dumps(['p'])}
    pipe.hset('rq:job:' + id, mapping={**pattern, **fields})
    pipe.sadd('rq:job::%s:dependencies' % id, 'p', *waited_for, *more)
    pipe.sadd('rq:job:p:dependents', id)
    pipe.zadd('rq:deferred:many', {id: 1})
pipe.execute()
queue('other').enqueue('jobs.returns.value', 2, job_id='o')",
    );
    let mut worker = world.worker(&["--name", "w1"]);
    wait_until_waiting(&world, 1);

    wait_until(SOON, "the dependents to be decided on", || !world.redis.exists("rq:rqd:deciding"));

    assert_eq!(world.redis.list("rq:queue:many"), ["ready"]);
    assert_eq!(world.view("waiting")["status"], "deferred");
    assert!(!world.redis.exists("rq:rqd:releaser"));
    worker.stop();
    world.finish();
}
