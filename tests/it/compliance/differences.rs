//! Where ours deliberately differs from Python RQ's worker: each claim tells both behaviours.
//! The reasons are in `docs/compatibility.md`.

use std::time::Duration;

use serde_json::json;

use crate::harness::{SOON, Subject, World, wait_until};

#[test]
fn control_characters_of_a_job_do_not_reach_the_log() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, description='wipes\\x1b[2Jthe screen'");

    let exit = world.work(&[]);

    let escaped = world.subject.differs("control characters in log lines are escaped");
    assert_eq!(exit.stdout.contains("wipes\\x1b[2Jthe screen"), escaped, "{}", exit.stdout);
    assert_eq!(exit.stdout.contains('\x1b'), !escaped);
    world.finish();
}

#[test]
fn a_suspended_worker_that_was_waiting_takes_no_further_job() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);
    world.client.exec("suspend(conn)");

    let job = world.enqueue("'jobs.returns.value', 1");

    worker.stdout.wait_for_line("Worker w1: suspended, run `rq resume` to resume", SOON);
    // RQ: a worker that waits already takes one more.
    let expected =
        if world.subject.differs("a suspended worker takes no further job") { "queued" } else { "finished" };
    assert_eq!(world.view(&job)["status"], expected);
    worker.stop();
    world.finish();
}

#[test]
fn a_job_that_was_deleted_while_it_ran_stays_deleted() {
    //
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--burst", "--name", "w1"]);
    gate.wait_for_arrival();

    world.client.exec("fetch('j1').delete()");
    gate.open();
    worker.wait_exit();

    let stays = world.subject.differs("a job that is deleted while it runs stays deleted");
    assert_eq!(world.redis.exists(&world.key("job:j1")), !stays);
    if stays {
        world.finish();
    }
}

#[test]
fn a_failure_that_is_not_kept_leaves_no_entry() {
    let world = World::new();
    let job = world.enqueue("'jobs.raising.plain', failure_ttl=0");

    world.work(&[]);

    let nothing = world.subject.differs("a failure_ttl of 0 leaves no registry entry");
    assert_eq!(world.redis.sorted_set(&world.key("failed:default")).is_empty(), nothing);
    assert!(!world.redis.exists(&world.key(&format!("job:{job}"))));
    if nothing {
        world.finish();
    }
}

#[test]
fn the_hash_of_a_worker_has_five_fields_more() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1");
    world.work(&[]);
    let fields = world.redis.hash(&world.key("worker:w1"));

    let ours = world.subject.differs("the worker's hash has fields of ours");

    for field in ["rqd_version", "rqd_identity", "rqd_daemon", "rqd_settled", "rqd_turn"] {
        assert_eq!(fields.contains_key(field), ours, "{field}");
    }
    assert!(fields.keys().filter(|field| field.starts_with("rqd")).count() <= 5);
    world.finish();
}

#[test]
fn a_cold_shutdown_fails_the_job_in_hand_at_once() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();
    worker.signal(nix::sys::signal::Signal::SIGTERM);
    worker.stdout.wait_for_line("warm shut down requested", SOON);
    let asked = std::time::Instant::now();
    wait_until(SOON, "a second signal to count", || asked.elapsed() > Duration::from_millis(1100));

    worker.signal(nix::sys::signal::Signal::SIGTERM);
    worker.wait_exit();

    let settled = world.subject.differs("a cold shutdown fails the job in hand at once");
    let view = world.view("j1");
    assert_eq!(view["status"], if settled { "failed" } else { "started" });
    if settled {
        let text = view["exc_info"].as_str().unwrap();
        assert!(text.contains("while it ran: worker w1 was shut down cold"), "{text}");
        world.finish();
    }
}

#[test]
fn an_id_that_was_stranded_by_a_dead_worker_is_run() {
    let world = World::new();
    // RQ: a first look, a minute's wait and a second look, after which the job is failed.
    if world.subject == Subject::Theirs {
        return;
    }
    assert!(world.subject.differs("stranded jobs are put back instead of failed"));
    let job = world.enqueue("'jobs.returns.value', 1");
    let moved: Option<String> = world.redis.command(&[
        "LMOVE",
        &world.key("queue:default"),
        &world.key("queue:default:intermediate"),
        "LEFT",
        "RIGHT",
    ]);
    assert_eq!(moved.as_deref(), Some(job.as_str()));

    let mut worker = world.worker(&["--name", "w1"]);

    wait_until(SOON, "the job to be run", || world.view(&job)["status"] == "finished");
    worker.stop();
    world.finish();
}

#[test]
fn an_id_with_a_colon_is_put_aside_and_told() {
    let world = World::new();
    // RQ: clients of 1.x and 2.x may choose such an id; its parts are then taken for job and execution.
    if world.subject == Subject::Theirs {
        return;
    }
    assert!(
        world
            .subject
            .differs("ids with a colon, ids that are not UTF-8 and keys of another type are put aside")
    );
    let _: i64 = world.redis.command(&["HSET", &world.key("job:a:b"), "data", "x"]);
    let _: i64 = world.redis.command(&["RPUSH", &world.key("queue:default"), "a:b"]);
    let next = world.enqueue("'jobs.returns.value', 2");

    let exit = world.work(&[]);

    assert_eq!(world.redis.list(&world.key("rqd:aside")), ["default a:b"]);
    assert!((exit.stdout + &exit.stderr).contains("a:b"), "{}", exit.stderr);
    assert_eq!(world.view(&next)["result"], 2);
    let _: i64 = world.redis.command(&["DEL", &world.key("job:a:b")]);
    world.finish();
}

#[test]
fn any_negative_result_ttl_keeps_the_result_for_ever() {
    let world = World::new();
    if world.subject == Subject::Theirs {
        return;
    }
    assert!(world.subject.differs("every negative time to live means for ever"));
    let job = world.enqueue("'jobs.returns.value', 1, result_ttl=-5");

    world.work(&[]);

    assert_eq!(world.redis.ttl(&world.key(&format!("job:{job}"))), -1);
    assert_eq!(world.redis.sorted_set(&world.key("finished:default")), [(job.clone(), f64::INFINITY)]);
    world.client.exec(&format!("fetch({job:?}).delete()"));
    world.finish();
}

#[test]
fn a_command_that_finds_no_job_kills_nobody() {
    //
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);

    world.client.exec("send_kill_horse_command(conn, 'w1')");
    worker.stdout.wait_for_line("Worker is not working, kill horse command ignored", SOON);

    let job = world.enqueue("'jobs.returns.value', 1");
    assert_eq!(world.client.eval(&format!("fetch({job:?}).latest_result(timeout=15).return_value")), 1);
    assert_eq!(worker.stop().code(), 0);
    world.finish();
}

#[test]
fn dependents_run_after_their_parents() {
    let world = World::new();
    world.client.exec("parents = [q.enqueue('jobs.returns.value', i) for i in (1, 2)]");
    world.client.exec("child = q.enqueue('jobs.returns.value', 3, depends_on=parents)");
    world.client.exec("failing = q.enqueue('jobs.raising.plain')");
    world.client.exec("waits = q.enqueue('jobs.returns.value', 4, depends_on=failing)");
    world.client.exec("allows = Dependency(jobs=[failing], allow_failure=True)");
    world.client.exec("goes = q.enqueue('jobs.returns.value', 5, depends_on=allows)");

    world.work(&[]);

    let statuses = world.client.eval("[job.get_status() for job in (child, waits, goes)]");
    assert_eq!(statuses, serde_json::json!(["finished", "deferred", "finished"]));
    world.finish();
}

#[test]
fn a_job_does_not_speak_to_the_service_manager() {
    let world = World::new();
    let job = world.enqueue("'jobs.surroundings.environment', 'NOTIFY_SOCKET', 'WATCHDOG_USEC', 'OTHER'");
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--burst", "--name", "w1"]);
    command.env("NOTIFY_SOCKET", "@rq-test-nobody").env("WATCHDOG_USEC", "60000000").env("OTHER", "kept");

    assert_eq!(world.start(command).wait_exit().code(), 0);

    let kept = world.subject.differs("jobs have none of the service manager's variables");
    let expected =
        if kept { json!([null, null, "kept"]) } else { json!(["@rq-test-nobody", "60000000", "kept"]) };
    assert_eq!(world.view(&job)["result"], expected);
    world.finish();
}
