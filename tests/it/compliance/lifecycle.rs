//! When a worker takes jobs, in which order, and when it goes by itself.

use serde_json::json;

use crate::harness::{SOON, World, for_every_client, wait_until};

#[test]
fn a_burst_ends_when_the_queues_are_empty() {
    let world = World::new();
    let jobs = [1, 2, 3].map(|i| world.enqueue(&format!("'jobs.returns.value', {i}")));

    let exit = world.work(&[]);

    for job in jobs {
        assert_eq!(world.view(&job)["status"], "finished");
    }
    assert!(exit.stdout.contains("Worker w1: done, quitting"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn a_burst_on_empty_queues_ends_at_once() {
    let world = World::new();

    let exit = world.work(&["one", "two"]);

    assert!(exit.stdout.contains("done, quitting"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn an_idle_worker_takes_a_job_that_comes() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);

    let job = world.enqueue("'jobs.returns.value', 1");

    assert_eq!(world.client.eval(&format!("fetch({job:?}).latest_result(timeout=15).return_value")), 1);
    world.stop(&mut worker);
    world.finish();
}

for_every_client! {
    fn an_idle_worker_on_several_queues_takes_a_job_from_any(world: &World) {
        let mut worker = world.idle_worker(&["--name", "w1", "a", "b", "c"]);

        for queue in ["c", "a", "b"] {
            let job = world.client.eval(&format!("queue({queue:?}).enqueue('jobs.returns.value', 1).id"));
            assert_eq!(world.client.eval(&format!("fetch({job}).latest_result(timeout=15).return_value")), 1);
        }

        world.stop(&mut worker);
    }

    fn a_job_that_comes_later_on_a_higher_queue_runs_first(world: &World) {
        let mut gate = world.gate("gate");
        let at_gate = format!("queue('low').enqueue('jobs.waits.at', {})", gate.literal());
        world.client.exec(&at_gate);
        world.client.exec("queue('low').enqueue('jobs.returns.value', 1, job_id='l1')");
        let mut worker = world.worker(&["--burst", "--name", "w1", "high", "low"]);
        gate.wait_for_arrival();

        world.client.exec("queue('high').enqueue('jobs.returns.value', 1, job_id='h1')");
        gate.open();
        worker.wait_exit();

        let order = world.client.eval("sorted(('l1', 'h1'), key=lambda i: fetch(i).started_at)");
        assert_eq!(order, json!(["h1", "l1"]));
    }

    fn max_jobs_ends_the_worker_after_so_many(world: &World) {
        for i in [1, 2, 3] {
            world.enqueue(&format!("'jobs.returns.value', {i}"));
        }

        let mut worker = world.worker(&["--name", "w1", "--max-jobs", "2"]);
        let exit = worker.wait_exit();

        assert_eq!(exit.code(), 0);
        assert!(world.says_of_w1(&exit.stdout, "finished executing 2 jobs, quitting"), "{}", exit.stdout);
        assert_eq!(world.redis.list(&world.key("queue:default")).len(), 1);
    }

    fn max_idle_time_ends_an_idle_worker(world: &World) {
        let job = world.enqueue("'jobs.returns.value', 1");

        let mut worker = world.worker(&["--name", "w1", "--max-idle-time", "1"]);
        let exit = worker.wait_exit();

        assert_eq!(exit.code(), 0);
        assert!(world.says_of_w1(&exit.stdout, "idle for 1 seconds, quitting"), "{}", exit.stdout);
        assert_eq!(world.view(&job)["status"], "finished");
    }

    fn a_suspended_worker_waits_for_resume(world: &World) {
        let mut gate = world.gate("gate");
        world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
        let mut worker = world.worker(&["--name", "w1"]);
        gate.wait_for_arrival();

        world.client.exec("suspend(conn)");
        let job = world.enqueue("'jobs.returns.value', 1");
        gate.open();

        let line = worker.stdout.wait_for_line("suspended, run `rq resume` to resume", SOON);
        assert!(world.says_of_w1(&line, "suspended"), "{line}");
        let state = || world.redis.field(&world.key("worker:w1"), "state");
        wait_until(SOON, "the worker's state to be suspended", || state().as_deref() == Some("suspended"));
        assert_eq!(world.view(&job)["status"], "queued");
        world.client.exec("resume(conn)");
        assert_eq!(world.client.eval(&format!("fetch({job:?}).latest_result(timeout=15).return_value")), 1);
        world.stop(&mut worker);
    }
}

#[test]
fn a_queue_is_worked_from_its_head() {
    let world = World::new();
    for i in [1, 2, 3] {
        world.enqueue(&format!("'jobs.returns.value', {i}, job_id='j{i}'"));
    }
    world.enqueue("'jobs.returns.value', 0, job_id='first', at_front=True");

    world.work(&[]);

    let order = world.client.eval("sorted(('j1', 'j2', 'j3', 'first'), key=lambda i: fetch(i).started_at)");
    assert_eq!(order, json!(["first", "j1", "j2", "j3"]));
    world.finish();
}

#[test]
fn failed_jobs_count_for_max_jobs() {
    let world = World::new();
    for _ in [1, 2, 3] {
        world.enqueue("'jobs.raising.plain'");
    }

    let mut worker = world.worker(&["--name", "w1", "--max-jobs", "2"]);
    worker.wait_exit();

    assert_eq!(world.redis.list(&world.key("queue:default")).len(), 1);
    world.finish();
}

#[test]
fn a_burst_that_is_suspended_ends() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    let mut worker = world.worker(&["--burst", "--name", "w1"]);
    gate.wait_for_arrival();

    world.client.exec("suspend(conn)");
    let job = world.enqueue("'jobs.returns.value', 1");
    gate.open();

    let exit = worker.wait_exit();
    assert_eq!(exit.code(), 0);
    assert!(exit.stdout.contains("Worker w1: suspended in burst mode, exiting"), "{}", exit.stdout);
    assert!(
        exit.stdout.contains("Worker w1: note: there could still be unfinished jobs on the queue"),
        "{}",
        exit.stdout
    );
    assert_eq!(world.view(&job)["status"], "queued");
    world.finish();
}

#[test]
fn a_worker_does_not_start_while_suspended() {
    let world = World::new();
    world.client.exec("suspend(conn)");

    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w1"]);
    if world.subject.differs("a worker that starts while RQ is suspended waits") {
        command.env("RQ_WORKER__SUSPENDED_AT_START", "exit");
    }
    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 1);
    let told = "RQ is currently suspended, to resume job execution run \"rq resume\"";
    assert!(exit.stdout.contains(told), "{}", exit.stdout);
    assert!(!world.redis.exists(&world.key("worker:w1")));
    world.finish();
}

#[test]
fn a_worker_that_starts_while_suspended_waits_for_resume() {
    let world = World::new();
    if !world.subject.differs("a worker that starts while RQ is suspended waits") {
        return;
    }
    world.client.exec("suspend(conn)");
    let job = world.enqueue("'jobs.returns.value', 1");
    let mut worker = world.worker(&["--name", "w1"]);
    worker.stdout.wait_for_line("Worker w1: suspended, run `rq resume` to resume", SOON);

    world.client.exec("resume(conn)");

    assert_eq!(world.client.eval(&format!("fetch({job:?}).latest_result(timeout=15).return_value")), 1);
    world.stop(&mut worker);
    world.finish();
}

/// The queues of finished jobs, in the order in which they were run.
fn turns(world: &World, strategy: &str) -> Vec<String> {
    for queue in ["q1", "q2", "q3"] {
        world.client.exec(&format!("for i in range(4): queue({queue:?}).enqueue('jobs.returns.value', i)"));
    }
    let exit = world.work(&["--dequeue-strategy", strategy, "q1", "q2", "q3"]);
    let line =
        |line: &str| line.split("Worker w1: ").nth(1)?.split_once(": jobs.").map(|(q, _)| q.to_owned());
    exit.stdout.lines().filter_map(line).collect()
}

#[test]
fn the_default_strategy_empties_one_queue_after_the_other() {
    let world = World::new();

    assert_eq!(turns(&world, "default").join(" "), "q1 q1 q1 q1 q2 q2 q2 q2 q3 q3 q3 q3");

    world.finish();
}

#[test]
fn round_robin_takes_from_each_queue_in_turn() {
    let world = World::new();

    assert_eq!(turns(&world, "round_robin").join(" "), "q1 q2 q3 q1 q2 q3 q1 q2 q3 q1 q2 q3");

    world.finish();
}

#[test]
fn the_random_strategy_takes_every_job() {
    let world = World::new();

    let mut turns = turns(&world, "random");

    turns.sort();
    assert_eq!(turns.join(" "), "q1 q1 q1 q1 q2 q2 q2 q2 q3 q3 q3 q3");
    world.finish();
}

#[test]
fn several_workers_share_a_queue_without_running_a_job_twice() {
    let world = World::new();
    world.client.exec("jobs = [q.enqueue('jobs.returns.value', i) for i in range(12)]");

    let mut workers = ["w1", "w2", "w3"].map(|name| world.worker(&["--burst", "--name", name]));
    for worker in &mut workers {
        assert_eq!(worker.wait_exit().code(), 0);
    }

    assert_eq!(world.client.eval("[j.return_value() for j in jobs]"), json!((0..12).collect::<Vec<_>>()));
    assert_eq!(world.client.eval("[len(j.results()) for j in jobs]"), json!(vec![1; 12]));
    world.finish();
}
