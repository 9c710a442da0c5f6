//! Webhooks: what is sent when a job ends for good, and what happens when nobody takes it. Clients have them since 2.12.

use serde_json::{Value, json};

use crate::harness::{Receiver, SOON, Version, Worker, World, make_certificates, wait_until};

/// The argument `webhooks` of `enqueue`: a list of one webhook for that end.
fn hook(url: &str, end: &str, more: &str) -> String {
    format!("webhooks=[rq.webhook.Webhook({url:?}, {end:?}{more})]")
}

fn world() -> (World, Receiver) {
    let world = World::new();
    world.client.exec("import rq.webhook");
    (world, Receiver::start())
}

#[test]
fn a_finished_job_is_told_by_get() {
    let (world, receiver) = world();
    let hook = hook(&receiver.url("/done"), "finished", ", headers={'X-Token': 's3cret'}");
    world.enqueue(&format!("'jobs.returns.value', 1, {hook}"));

    world.work(&[]);

    let request = receiver.next();
    assert_eq!(request.line, "GET /done HTTP/1.1");
    assert_eq!(request.header("x-token"), Some("s3cret"));
    assert_eq!((request.header("content-type"), request.body.as_str()), (None, ""));
    assert!(receiver.is_quiet());
    world.finish();
}

#[test]
fn webhooks_of_an_older_client_are_sent() {
    World::try_claim(Version::V2_12_0, |world| {
        world.client.exec("import rq.webhook");
        let receiver = Receiver::start();
        let hook = hook(&receiver.url("/done"), "finished", ", method='POST'");
        let job = world.enqueue(&format!("'jobs.returns.value', 1, {hook}"));

        world.work(&[]);

        let body: Value = serde_json::from_str(&receiver.next().body).unwrap();
        assert_eq!((&body["job_id"], &body["status"]), (&json!(job), &json!("finished")));
    });
}

#[test]
fn a_finished_job_is_told_by_post() {
    let (world, receiver) = world();
    let hook = hook(&receiver.url("/done"), "finished", ", method='POST'");
    let job = world.enqueue(&format!("'jobs.returns.value', 1, {hook}"));

    world.work(&[]);

    let request = receiver.next();
    assert_eq!(request.line, "POST /done HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/json"));
    let expected = world.client.eval(&format!(
        "__import__('json').dumps(rq.webhook.Webhook('http://a/', 'finished').get_payload(fetch({job:?})))"
    ));
    assert_eq!(request.body, expected.as_str().unwrap());
    world.finish();
}

#[test]
fn a_failed_job_is_told_with_its_traceback() {
    let (world, receiver) = world();
    let hook = hook(
        &receiver.url("/failed"),
        "failed",
        ", method='POST', headers={'Content-Type': 'application/vnd.mine'}",
    );
    let job = world.enqueue(&format!("'jobs.raising.unicode', {hook}"));

    world.work(&[]);

    let request = receiver.next();
    assert_eq!(request.header("content-type"), Some("application/vnd.mine"));
    let text = format!("fetch({job:?}).latest_result().exc_string");
    let expected = world.client.eval(&format!(
        "__import__('json').dumps(rq.webhook.Webhook('http://a/', 'failed').get_payload(fetch({job:?}), exc_string={text}))"
    ));
    assert_eq!(request.body, expected.as_str().unwrap());
    world.finish();
}

#[test]
fn only_a_failure_for_good_is_told() {
    let (world, receiver) = world();
    let hook = hook(&receiver.url("/failed"), "failed", ", method='POST'");
    world.enqueue(&format!("'jobs.raising.plain', retry=Retry(max=2), {hook}"));

    world.work(&[]);

    assert_eq!(world.redis.field(&world.key("worker:w1"), "failed_job_count").as_deref(), Some("3"));
    receiver.next();
    assert!(receiver.is_quiet());
    world.finish();
}

#[test]
fn a_job_that_asked_for_too_many_retries_is_told_without_a_text() {
    let (world, receiver) = world();
    let hook = hook(&receiver.url("/failed"), "failed", ", method='POST'");
    world.enqueue(&format!("'rq.Retry', max=1, {hook}"));

    world.work(&[]);

    let body: Value = serde_json::from_str(&receiver.next().body).unwrap();
    assert_eq!((&body["status"], &body["exc_info"]), (&json!("failed"), &json!("")));
    assert!(receiver.is_quiet());
    world.finish();
}

#[test]
fn a_killed_job_is_told() {
    let (world, receiver) = world();
    let hook = hook(&receiver.url("/failed"), "failed", ", method='POST'");
    let job = world.enqueue(&format!("'jobs.exits.by_signal', 'SIGKILL', {hook}"));

    world.work(&[]);

    let body: Value = serde_json::from_str(&receiver.next().body).unwrap();
    assert_eq!(body["job_id"], job.as_str());
    assert_eq!(body["func_name"], "jobs.exits.by_signal");
    assert!(body["exc_info"].as_str().unwrap().starts_with("Work-horse terminated unexpectedly"), "{body}");
    world.finish();
}

#[test]
fn a_stopped_job_is_not_told() {
    let (world, receiver) = world();
    let mut gate = world.gate("gate");
    let hook = hook(&receiver.url("/failed"), "failed", "");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1', {hook}", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();

    world.client.exec("send_stop_job_command(conn, 'j1')");

    wait_until(SOON, "the job to be stopped", || world.view("j1")["status"] == "stopped");
    worker.stop();
    assert!(receiver.is_quiet());
    world.finish();
}

#[test]
fn redirects_are_followed() {
    let (world, receiver) = world();
    let get = hook(&receiver.url("/302/there"), "finished", "");
    let post = hook(&receiver.url("/303/there"), "finished", ", method='POST'");
    world.enqueue(&format!("'jobs.returns.value', 1, {get}"));
    world.enqueue(&format!("'jobs.returns.value', 2, {post}"));

    world.work(&[]);

    let mut lines: Vec<_> = (0..4).map(|_| receiver.next().line).collect();
    lines.sort();
    let get = "GET /there HTTP/1.1";
    assert_eq!(lines, ["GET /302/there HTTP/1.1", get, get, "POST /303/there HTTP/1.1"]);
    world.finish();
}

/// Asserts that a job with this webhook ends well, and that the failure to send it is told.
#[track_caller]
fn assert_told(world: World, url: &str, more: &str) {
    let job = world.enqueue(&format!("'jobs.returns.value', 1, {}", hook(url, "finished", more)));

    let exit = world.work(&[]);

    assert_eq!(world.view(&job)["status"], "finished");
    let told = format!("Failed to send webhook to {url} for job {job}\n");
    assert!(exit.stderr.contains(&told), "{}", exit.stderr);
    assert_eq!(world.redis.stream(&world.key(&format!("results:{job}"))).len(), 1);
    world.finish();
}

#[test]
fn a_receiver_that_refuses_is_told_and_harms_nothing() {
    for path in ["/500/x", "/404/x"] {
        let (world, receiver) = world();
        assert_told(world, &receiver.url(path), "");
    }
}

#[test]
fn a_post_that_is_sent_elsewhere_with_its_body_is_told() {
    let (world, receiver) = world();
    assert_told(world, &receiver.url("/307/there"), ", method='POST'");
}

#[test]
fn a_receiver_that_is_not_there_is_told_and_harms_nothing() {
    let (world, _receiver) = world();
    let port = crate::harness::free_port();
    assert_told(world, &format!("http://127.0.0.1:{port}/"), "");
}

#[test]
fn a_receiver_that_never_answers_is_given_its_time() {
    let (world, receiver) = world();
    assert_told(world, &receiver.url("/silent"), ", timeout=1");
}

#[test]
fn webhooks_that_cannot_be_read_are_told_and_harm_nothing() {
    let (world, receiver) = world();
    let job =
        world.enqueue(&format!("'jobs.returns.value', 1, {}", hook(&receiver.url("/x"), "finished", "")));
    world.client.exec(&format!("conn.hset('rq:job:{job}', 'webhooks', '[3]')"));

    let exit = world.work(&["-v"]);

    assert_eq!(world.view(&job)["status"], "finished");
    let told = format!("Job {job}: failed to deserialize webhooks");
    assert!((exit.stdout + &exit.stderr).contains(&told), "{told}");
    assert!(receiver.is_quiet());
    world.finish();
}

#[test]
fn a_slow_receiver_does_not_hold_up_the_next_job() {
    let (world, receiver) = world();
    if !world.subject.differs("webhooks are sent aside") {
        return;
    }
    let hook = hook(&receiver.url("/silent"), "finished", ", timeout=3600");
    for _ in 0..12 {
        world.enqueue(&format!("'jobs.returns.value', 1, {hook}"));
    }
    let last = world.enqueue("'jobs.returns.value', 2");
    let mut worker = world.worker(&["--name", "w1"]);

    wait_until(SOON, "the last job to end", || world.view(&last)["status"] == "finished");

    for _ in 0..8 {
        receiver.next();
    }
    assert!(receiver.is_quiet(), "no more than eight at once");
    let exit = worker.stop();
    assert_eq!(exit.code(), 0);
    assert!(
        exit.stderr.contains("webhooks of 12 jobs are left for another worker to send"),
        "{}",
        exit.stderr
    );
    assert_eq!(world.redis.command::<i64>(&["HLEN", "rq:rqd:webhooks"]), 12);
    let _: i64 = world.redis.command(&["DEL", "rq:rqd:webhooks"]);
    world.finish();
}

/// A receiver that speaks TLS, for which `ca.pem` in the world's folder vouches; and its port.
fn secure_receiver(world: &World) -> (Worker, String) {
    make_certificates(&world.path("."));
    let mut command = world.command(&world.venv.python());
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/harness/https.py"));
    let receiver = world.start(command);
    let told = receiver.stdout.wait_for_line("port *", SOON);
    let port = told.trim_start_matches("port ").to_owned();
    (receiver, port)
}

#[test]
fn https_is_checked_against_the_authorities_of_the_system() {
    let world = World::new();
    world.client.exec("import rq.webhook");
    let (receiver, port) = secure_receiver(&world);
    let url = format!("https://127.0.0.1:{port}/done");
    let hook = hook(&url, "finished", ", method='POST'");
    let work = |job: &str, authorities: &str| {
        world.enqueue(&format!("'jobs.returns.value', 1, job_id={job:?}, {hook}"));
        let mut command = world.worker_command();
        command.args(["-c", "settings", "--burst"]).env("SSL_CERT_FILE", world.path(authorities));
        world.start(command).wait_exit()
    };

    let trusted = work("j1", "ca.pem");
    receiver.stdout.wait_for_line("body {\"job_id\": \"j1\"*", SOON);
    assert!(!trusted.stderr.contains("Failed to send webhook"), "{}", trusted.stderr);

    std::fs::write(world.path("none.pem"), "").unwrap();
    let unknown = work("j2", "none.pem");
    assert!(
        unknown.stderr.contains(&format!("Failed to send webhook to {url} for job j2\n")),
        "{}",
        unknown.stderr
    );
    world.finish();
}
