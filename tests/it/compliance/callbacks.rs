//! Callbacks on success, failure and stop: when they are called, with what, and what becomes of the job when they raise.

use serde_json::{Value, json};

use crate::harness::{SOON, Version, World, for_every_client, wait_until};

/// What the callbacks of `jobs.callbacks` noted, in order.
pub(super) fn calls(world: &World) -> Vec<Value> {
    let noted = std::fs::read_to_string(world.path("calls")).unwrap_or_default();
    noted.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

for_every_client! {
    fn the_success_callback_gets_job_connection_and_result(world: &World) {
        let job = world.enqueue("'jobs.returns.value', [1, 2], on_success='jobs.callbacks.success'");

        world.work(&[]);

        let [call] = &calls(world)[..] else { panic!("one call expected: {:?}", calls(world)) };
        assert_eq!(call["job"], job.as_str());
        assert_eq!(call["arguments"], json!([[1, 2]]));
        assert_eq!(call["result"], json!([1, 2]));
        assert_eq!(call["own_result"], json!([1, 2]));
        assert_eq!(call["stored"], "started");
        assert_eq!((&call["ended"], &call["current"]), (&json!(true), &json!(false)));
        assert_eq!(world.view(&job)["status"], "finished");
        assert_eq!(world.view(&job)["result"], json!([1, 2]));
    }

    fn the_failure_callback_gets_the_exception(world: &World) {
        let job = world.enqueue("'jobs.raising.plain', on_failure='jobs.callbacks.failure'");

        world.work(&[]);

        let [call] = &calls(world)[..] else { panic!("one call expected: {:?}", calls(world)) };
        assert_eq!((&call["job"], &call["stored"]), (&json!(job), &json!("started")));
        assert_eq!((&call["same"], &call["ended"]), (&json!(true), &json!(true)));
        let view = world.view(&job);
        assert_eq!(view["status"], "failed");
        let told = format!("{}: {}\n", call["kind"].as_str().unwrap(), call["value"].as_str().unwrap());
        assert!(view["exc_info"].as_str().unwrap().ends_with(&told), "{told} in {}", view["exc_info"]);
    }

    fn a_success_callback_that_raises_fails_the_job(world: &World) {
        let job = world.enqueue(
            "'jobs.returns.value', 1, on_success='jobs.callbacks.raising', on_failure='jobs.callbacks.failure'",
        );

        world.work(&[]);

        let view = world.view(&job);
        assert_eq!(view["status"], "failed");
        let text = view["exc_info"].as_str().unwrap();
        assert!(text.ends_with(&format!("RuntimeError: from the callback of {job}\n")), "{text}");
        let [call] = &calls(world)[..] else { panic!("one call expected: {:?}", calls(world)) };
        assert_eq!((&call["callback"], &call["kind"]), (&json!("failure"), &json!("RuntimeError")));
        assert_eq!(world.redis.field(&world.key("worker:w1"), "failed_job_count").as_deref(), Some("1"));
    }

    fn a_failure_callback_that_raises_replaces_the_exception(world: &World) {
        let job = world.enqueue("'jobs.raising.plain', on_failure='jobs.callbacks.raising'");

        world.work(&[]);

        let view = world.view(&job);
        assert_eq!(view["status"], "failed");
        let text = view["exc_info"].as_str().unwrap();
        assert!(text.contains("\nDuring handling of the above exception, another exception occurred:\n"), "{text}");
        assert!(text.ends_with(&format!("RuntimeError: from the callback of {job}\n")), "{text}");
    }

    fn a_stopped_job_has_its_callback_called(world: &World) {
        let mut gate = world.gate("gate");
        let job = world.enqueue(&format!(
            "'jobs.waits.at', {}, on_stopped='jobs.callbacks.stopped', on_failure='jobs.callbacks.failure'",
            gate.literal()
        ));
        let mut worker = world.worker(&["--name", "w1"]);
        gate.wait_for_arrival();

        world.client.exec(&format!("send_stop_job_command(conn, {job:?})"));

        wait_until(SOON, "the job to be stopped", || world.view(&job)["status"] == "stopped");
        assert_eq!(calls(world), [json!({ "callback": "stopped", "job": job, "stored": "started" })]);
        worker.stop();
    }
}

#[test]
fn callbacks_see_the_outcome_in_memory() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, on_success='jobs.callbacks.success'");
    world.enqueue("'jobs.raising.plain', on_failure='jobs.callbacks.failure'");

    world.work(&[]);

    let seen: Vec<_> = calls(&world).iter().map(|call| call["in_memory"].clone()).collect();
    assert_eq!(seen, ["finished", "failed"]);
    world.finish();
}

#[test]
fn the_failure_callback_is_called_on_every_attempt() {
    let world = World::new();
    world.enqueue("'jobs.raising.plain', retry=Retry(max=2), on_failure='jobs.callbacks.failure'");

    world.work(&[]);

    assert_eq!(calls(&world).len(), 3);
    world.finish();
}

#[test]
fn a_payload_that_cannot_be_read_is_a_failure_to_the_callback() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.value', 1, on_failure='jobs.callbacks.failure'");
    world.client.exec(&format!("conn.hset('rq:job:{job}', 'data', b'junk')"));

    world.work(&[]);

    assert_eq!(calls(&world)[0]["kind"], "DeserializationError");
    assert_eq!(world.view(&job)["status"], "failed");
    world.finish();
}

#[test]
fn a_job_that_returns_a_retry_has_no_callback_called() {
    let world = World::new();
    world.enqueue(
        "'jobs.callbacks.note', on_success='jobs.callbacks.success', on_failure='jobs.callbacks.failure'",
    );
    world.enqueue(
        "'rq.Retry', max=1, interval=3600, on_success='jobs.callbacks.success', on_failure='jobs.callbacks.failure'",
    );

    world.work(&[]);

    let callbacks: Vec<_> = calls(&world).iter().filter_map(|call| call.get("callback").cloned()).collect();
    assert_eq!(callbacks, ["success"]);
    world.finish();
}

#[test]
fn a_killed_job_has_no_callback_called() {
    let world = World::new();
    let job = world.enqueue("'jobs.exits.by_signal', 'SIGKILL', on_failure='jobs.callbacks.failure'");

    world.work(&["--exception-handler", "jobs.callbacks.handle_first"]);

    assert_eq!(world.view(&job)["status"], "failed");
    assert_eq!(calls(&world), [] as [Value; 0]);
    world.finish();
}

#[test]
fn a_callback_has_a_limit_of_its_own() {
    let world = World::new();
    let job =
        world.enqueue("'jobs.returns.value', 1, on_success=Callback('jobs.callbacks.endless', timeout=1)");
    world.enqueue("'jobs.returns.value', 1, on_success='jobs.callbacks.limit', job_timeout=5");
    let unlimited =
        world.enqueue("'jobs.raising.plain', on_failure=Callback('jobs.callbacks.limit', timeout=30)");
    world.client.exec(&format!("conn.hdel('rq:job:{unlimited}', 'failure_callback_timeout')"));

    world.work(&[]);

    let view = world.view(&job);
    assert_eq!(view["status"], "failed");
    let text = view["exc_info"].as_str().unwrap();
    let told = "rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (1 seconds)\n";
    assert!(text.ends_with(told), "{text}");
    #[expect(clippy::cast_possible_truncation, reason = "a few seconds")]
    let limits: Vec<_> =
        calls(&world).iter().map(|call| call["limit"].as_f64().unwrap().ceil() as i64).collect();
    assert_eq!(limits, [1, 60, 60]);
    world.finish();
}

#[test]
fn a_coroutine_is_refused_as_a_callback() {
    let world = World::new();
    let success = world.enqueue("'jobs.returns.value', 1, on_success='jobs.callbacks.coroutine'");
    let failure = world.enqueue("'jobs.raising.plain', on_failure='jobs.callbacks.coroutine'");

    world.work(&[]);

    for (job, kind) in [(success, "success"), (failure, "failure")] {
        let view = world.view(&job);
        let told = format!("TypeError: Coroutine {kind} callbacks are not supported\n");
        assert!(view["exc_info"].as_str().unwrap().ends_with(&told), "{}", view["exc_info"]);
    }
    assert_eq!(calls(&world), [] as [Value; 0]);
    world.finish();
}

#[test]
fn a_callback_that_does_not_exist_fails_the_job() {
    let world = World::new();
    let success = world.enqueue("'jobs.returns.value', 1, on_success='jobs.callbacks.missing'");
    let failure = world.enqueue("'jobs.raising.plain', on_failure='nowhere.at_all'");

    world.work(&[]);

    for (job, name) in [(success, "missing"), (failure, "nowhere.at_all")] {
        let view = world.view(&job);
        assert_eq!(view["status"], "failed");
        let text = view["exc_info"].as_str().unwrap();
        assert!(text.ends_with(&format!("ValueError: Invalid attribute name: {name}\n")), "{text}");
    }
    world.finish();
}

#[test]
fn a_failure_callback_that_raises_is_told() {
    let world = World::new();
    let job = world.enqueue("'jobs.raising.plain', on_failure='jobs.callbacks.raising'");

    let exit = world.work(&["-v"]);

    let told = format!("Job {job}: error while executing failure callback");
    assert!(exit.stderr.contains(&told) || exit.stdout.contains(&told), "{}\n{}", exit.stdout, exit.stderr);
    assert!(exit.stdout.contains(&format!("Job {job}: running failure callback...")), "{}", exit.stdout);
    world.finish();
}

#[test]
fn a_stopped_callback_that_raises_is_told_and_changes_nothing() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let job =
        world.enqueue(&format!("'jobs.waits.at', {}, on_stopped='jobs.callbacks.raising'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();

    world.client.exec(&format!("send_stop_job_command(conn, {job:?})"));

    wait_until(SOON, "the job to be stopped", || world.view(&job)["status"] == "stopped");
    assert_eq!(world.view(&job)["exc_info"], "Job stopped by user, work-horse terminated.");
    let told = format!("Worker w1: stopped callback for job {job} raised");
    worker.stderr.wait_for_line(&told, SOON);
    worker.stop();
    world.finish();
}

#[test]
fn a_stopped_callback_has_its_limit() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let callback = "Callback('jobs.callbacks.endless', timeout=1)";
    let job = world.enqueue(&format!("'jobs.waits.at', {}, on_stopped={callback}", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();

    world.client.exec(&format!("send_stop_job_command(conn, {job:?})"));

    wait_until(SOON, "the job to be stopped", || world.view(&job)["status"] == "stopped");
    assert_eq!(calls(&world).len(), 1);
    worker.stop();
    world.finish();
}

#[test]
fn callbacks_of_older_clients_have_their_limits() {
    World::try_claim(Version::V1_16_2, |world| {
        let job = world
            .enqueue("'jobs.returns.value', 1, on_success=Callback('jobs.callbacks.endless', timeout=1)");

        world.work(&[]);

        assert_eq!(world.view(&job)["status"], "failed");
    });
}
