//! an execution that another has taken away is given up, and its outcome dropped.

use super::processes::wait_until_gone;
use super::stage::{Stage, marking, of_worker, transition};
use crate::harness::{Act, SOON, World, wait_until};

/// What Python RQ's own cleaner does when the lease of a job has ended.
const PYTHON_CLEANS: &str = "
key = 'rq:wip:default'
conn.zadd(key, {member: 1 for member in conn.zrange(key, 0, -1)})
StartedJobRegistry(connection=conn).cleanup()
";

#[track_caller]
fn assert_failed_by_the_cleaner(world: &World) {
    let view = world.view("j1");
    assert_eq!(view["status"], "failed");
    assert!(view["exc_info"].as_str().unwrap().contains("AbandonedJobError"), "{view}");
    assert_eq!(world.redis.stream(&world.key("results:j1")).len(), 1);
    assert!(!world.client.eval("registries()['finished']").as_array().unwrap().contains(&"j1".into()));
}

#[test]
fn a_job_that_was_taken_away_is_stopped_and_its_outcome_dropped() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1", "--job-monitoring-interval", "1"]);
    let horse = gate.wait_for_arrival();

    world.client.exec(PYTHON_CLEANS);

    wait_until_gone(horse);
    wait_until(SOON, "the worker to be idle", || of_worker(&world, "state") == "idle");
    assert_eq!(of_worker(&world, "current_job"), "");
    assert_failed_by_the_cleaner(&world);
    assert_eq!(of_worker(&world, "failed_job_count"), "");
    let next = world.enqueue("'jobs.returns.value', 2");
    world.wait_for_status(&next, "finished");
    worker.stop();
    world.finish();
}

#[test]
fn an_outcome_that_comes_too_late_is_dropped() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let settle = stage.proxy.on(transition("settle"), Act::PauseRequest);
    world.enqueue(&marking(world, "j1"));
    settle.wait();

    world.client.exec(PYTHON_CLEANS);
    settle.release();
    let next = world.enqueue("'jobs.returns.value', 2");
    world.wait_for_status(&next, "finished");

    assert_failed_by_the_cleaner(world);
    assert_eq!(of_worker(world, "successful_job_count"), "1");
    worker.stop();
    stage.finish();
}

#[test]
fn a_lease_that_an_old_cleaner_has_dropped_is_renewed() {
    // RQ 1.16 cannot read the members of RQ 2 and 3 and just removes them.
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1", "--job-monitoring-interval", "1"]);
    gate.wait_for_arrival();

    let _: i64 = world.redis.command(&["DEL", "rq:wip:default"]);

    wait_until(SOON, "the lease to be renewed", || world.redis.exists("rq:wip:default"));
    gate.open();
    world.wait_for_status("j1", "finished");
    worker.stop();
    world.finish();
}

#[test]
fn a_job_that_is_deleted_while_it_runs_is_stopped_and_stays_deleted() {
    // RQ writes its hash anew.
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1", "--job-monitoring-interval", "1"]);
    let horse = gate.wait_for_arrival();

    world.client.exec("fetch('j1').delete()");

    wait_until_gone(horse);
    wait_until(SOON, "the worker to be idle", || of_worker(&world, "state") == "idle");
    let next = world.enqueue("'jobs.returns.value', 2");
    world.wait_for_status(&next, "finished");
    let left: Vec<_> = world.redis.keys().into_iter().filter(|key| key.contains("j1")).collect();
    assert_eq!(left, [""; 0]);
    worker.stop();
    world.finish();
}

#[test]
fn a_job_that_another_worker_runs_again_is_not_failed_for_the_first_ones_lease() {
    // A client enqueues a job anew while the record of its dead first run is still there.
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut first = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();
    super::stage::crash(&mut first);
    world.client.exec("q.enqueue_job(fetch('j1'))");
    let mut second = world.worker(&["--name", "w2"]);
    gate.wait_for_arrival();
    let _: i64 = world.redis.command(&["ZADD", "rq:wip:default", "1", "j1:an-older-run"]);

    super::stage::burst_of_another_named(&world, "w3", &[]);

    assert_eq!(world.view("j1")["status"], "started");
    gate.open();
    world.wait_for_status("j1", "finished");
    assert_eq!(world.redis.stream("rq:results:j1").len(), 1);
    second.stop();
    world.finish();
}

#[test]
fn an_outcome_that_comes_too_late_is_dropped_also_when_the_answer_is_lost() {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let mut gate = world.gate("gate");
    let cut = stage.proxy.on(transition("settle"), Act::CutReply);
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    gate.wait_for_arrival();

    world.client.exec(PYTHON_CLEANS);
    gate.open();
    cut.wait();
    let next = world.enqueue("'jobs.returns.value', 2");
    world.wait_for_status(&next, "finished");

    assert_failed_by_the_cleaner(world);
    let exit = worker.stop();
    assert!(!exit.stdout.contains("Job OK (j1)"), "{}", exit.stdout);
    stage.finish();
}

#[test]
fn a_started_job_that_its_living_daemon_does_not_run_gets_one_reprieve() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);
    let daemon = world.redis.hash("rq:rqd:daemons").into_keys().next().unwrap();
    world.client.exec(&format!(
        "
job = Job.create('jobs.returns.value', (1,), id='j1', origin='default', connection=conn, status='started', timeout=180)
job.save()
conn.hset('rq:job:j1', mapping=dict(status='started', worker_name='w1', rqd_run='e1 {daemon} handed', last_heartbeat='2026-01-01T00:00:00.000000Z'))
conn.hset('rq:execution:j1:e1', mapping=dict(id='e1', job_id='j1', created_at='1', last_heartbeat='1', worker_name='w1', rqd_queue='default'))
conn.expire('rq:execution:j1:e1', 600)
conn.zadd('rq:executions:j1', {{'e1': 99999999999}})
conn.expire('rq:executions:j1', 600)
conn.zadd('rq:wip:default', {{'j1:e1': 1}})
"
    ));
    let score = || world.redis.sorted_set("rq:wip:default").first().map_or(0.0, |(_, score)| *score);

    wait_until(SOON, "the reprieve", || score() > world.redis.now());
    assert_eq!(world.view("j1")["status"], "started");
    let _: i64 = world.redis.command(&["ZADD", "rq:wip:default", "1.5", "j1:e1"]);

    world.wait_for_status("j1", "failed");
    worker.stop();
    world.finish();
}

/// Deletes the job `j1` while its outcome is on the way, and enqueues another of that name.
#[track_caller]
fn assert_its_successor_runs_by_itself(act: Act) {
    let stage = Stage::new();
    let world = &stage.world;
    let mut worker = stage.waiting_worker(&[], 1);
    let settle = stage.proxy.on(transition("settle"), act);
    world.enqueue("'jobs.returns.value', 'old', job_id='j1', unique=True");
    settle.wait();

    world.client.exec("fetch('j1').delete()");
    world.enqueue("'jobs.returns.value', 'new', job_id='j1', unique=True");
    settle.release();

    world.wait_for_status("j1", "finished");
    assert_eq!(world.view("j1")["result"], "new");
    assert_eq!(world.redis.stream("rq:results:j1").len(), 1);
    assert_eq!(world.client.eval("registries()['finished']"), serde_json::json!(["j1"]));
    worker.stop();
    stage.finish();
}

#[test]
fn the_outcome_of_a_deleted_job_is_not_written_to_the_next_of_its_name() {
    //
    assert_its_successor_runs_by_itself(Act::PauseRequest);
    assert_its_successor_runs_by_itself(Act::PauseReply);
}
