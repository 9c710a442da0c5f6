//! Ids that a dead worker left between a queue and its registries, with `maintenance.stranded = "as_rq"`.

use serde_json::{Value, json};

use crate::harness::{Receiver, SOON, Worker, World, text, wait_until};

/// Enqueues a job and leaves its id as a worker does that dies before it claims it; it was seen there `ago` seconds ago.
#[track_caller]
fn strand(world: &World, arguments: &str, ago: Option<f64>) -> String {
    let job = world.enqueue(arguments);
    let (queue, intermediate) = (world.key("queue:default"), world.key("queue:default:intermediate"));
    let _: String = world.redis.command(&["LMOVE", &queue, &intermediate, "LEFT", "RIGHT"]);
    if let Some(ago) = ago {
        let seen = format!("{:?}", world.redis.now() - ago);
        let _: () = world.redis.command(&["SET", &mark(world, &job), &seen, "EX", "86400"]);
    }
    job
}

/// RQ's mark of when an id was first seen.
fn mark(world: &World, job: &str) -> String {
    world.key(&format!("queue:default:intermediate:first_seen:{job}"))
}

#[track_caller]
fn worker(world: &World, arguments: &[&str]) -> Worker {
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w1"]).args(arguments);
    command.env("RQ_MAINTENANCE__STRANDED", "as_rq").env("RQ_MAINTENANCE__LIVENESS", "1s");
    world.start(command)
}

#[test]
fn a_stranded_job_fails_after_rqs_minute_when_it_is_asked_for() {
    let world = World::new();
    world.client.exec("import rq.webhook");
    let receiver = Receiver::start();
    let hook =
        format!("webhooks=[rq.webhook.Webhook({:?}, 'failed', method='POST')]", receiver.url("/failed"));
    let job = strand(
        &world,
        &format!("'jobs.returns.value', 1, job_id='j1', on_failure='jobs.callbacks.failure', {hook}"),
        Some(61.0),
    );
    world.client.exec(
        "q.enqueue('jobs.returns.value', 2, job_id='j2', depends_on=Dependency('j1', allow_failure=True))",
    );

    let mut worker = worker(&world, &[]);

    world.wait_for_status(&job, "failed");
    world.wait_for_status("j2", "finished");
    assert_eq!(world.view(&job)["exc_info"], "Job was stuck in intermediate queue.");
    assert_eq!(world.client.eval("registries()['failed']"), json!([job]));
    let [entry] = &world.redis.stream(&world.key("results:j1"))[..] else { panic!("one entry expected") };
    let mut fields: Vec<_> = entry.keys().map(String::as_str).collect();
    if world.subject.differs("the entry of a failure has its cause") {
        assert_eq!(text(entry, "cause"), "abandoned");
        fields.retain(|field| *field != "cause");
    }
    assert_eq!(fields, ["exc_string", "type", "worker_name"]);
    assert_eq!(text(entry, "worker_name"), "w1");
    wait_until(SOON, "the id to leave", || !world.redis.exists(&world.key("queue:default:intermediate")));
    assert_eq!(world.redis.field(&world.key("worker:w1"), "failed_job_count").as_deref(), Some("1"));
    let body: Value = serde_json::from_str(&receiver.next().body).unwrap();
    assert_eq!(
        (&body["job_id"], &body["exc_info"]),
        (&json!("j1"), &json!("Job was stuck in intermediate queue."))
    );
    // RQ: nobody calls the callback.
    assert!(!world.path("calls").exists());
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn a_stranded_job_with_retries_is_retried() {
    let world = World::new();
    strand(&world, "'jobs.returns.value', 1, job_id='j1', retry=Retry(max=2)", Some(61.0));

    let mut worker = worker(&world, &[]);

    world.wait_for_status("j1", "finished");
    assert_eq!(world.redis.field(&world.key("job:j1"), "retries_left").as_deref(), Some("1"));
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn a_stranded_job_is_not_recorded_when_no_failure_is() {
    let world = World::new();
    strand(&world, "'jobs.returns.value', 1, job_id='j1'", Some(61.0));

    let mut worker = worker(&world, &["--disable-default-exception-handler"]);

    world.wait_for_status("j1", "failed");
    assert_eq!(world.client.eval("registries()['failed']"), json!([]));
    assert!(!world.redis.exists(&world.key("results:j1")));
    world.stop(&mut worker);
    let _: i64 = world.redis.command(&["DEL", &world.key("job:j1")]);
    world.finish();
}

#[test]
fn an_id_that_is_seen_for_the_first_time_is_left_alone_for_a_minute() {
    let world = World::new();
    strand(&world, "'jobs.returns.value', 1, job_id='j1'", None);

    let mut worker = worker(&world, &[]);

    wait_until(SOON, "the id to be seen", || world.redis.exists(&mark(&world, "j1")));
    assert_eq!(world.view("j1")["status"], "queued");
    assert_eq!(world.redis.list(&world.key("queue:default:intermediate")), ["j1"]);
    let past = format!("{:?}", world.redis.now() - 61.0);
    let _: () = world.redis.command(&["SET", &mark(&world, "j1"), &past, "KEEPTTL"]);
    if world.subject.differs("stranded jobs are looked at every few seconds") {
        world.wait_for_status("j1", "failed");
        assert!(!world.redis.exists(&mark(&world, "j1")));
    }
    world.stop(&mut worker);
    let _: i64 = world.redis.command(&["DEL", &world.key("queue:default:intermediate")]);
    if !world.redis.exists(&world.key("results:j1")) {
        let _: i64 = world.redis.command(&["DEL", &world.key("job:j1")]);
    }
    world.finish();
}

#[test]
fn the_id_of_a_job_that_has_ended_is_taken_out() {
    let world = World::new();
    strand(&world, "'jobs.returns.value', 1, job_id='j1'", Some(61.0));
    world.client.exec("fetch('j1').delete()");
    let (intermediate, id) = (world.key("queue:default:intermediate"), "j1");
    let _: i64 = world.redis.command(&["RPUSH", &intermediate, id]);

    let mut worker = worker(&world, &[]);

    wait_until(SOON, "the id to leave", || !world.redis.exists(&intermediate));
    assert_eq!(world.client.eval("registries()['failed']"), json!([]));
    world.stop(&mut worker);
    world.finish();
}
