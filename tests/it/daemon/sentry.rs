//! Reports to Sentry that the daemon makes: what jobs raise, what kills them, and what goes wrong in the daemon itself.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::reload_stage::Stage as Reloads;
use crate::harness::{Exit, Sink, Venv, World, skipped};

/// Settings that report to a sink, and `more`.
fn settings(world: &World, sink: &Sink, more: &str) {
    let text = format!("REDIS_URL = {:?}\nSENTRY_DSN = {:?}\n{more}", world.redis.url(), sink.dsn("key"));
    fs::write(world.path("settings.py"), text).unwrap();
}

/// The one event that came.
#[track_caller]
fn only(sink: &Sink) -> Value {
    let events = sink.events();
    let [event] = &events[..] else { panic!("{} events: {events:#?}", events.len()) };
    event.clone()
}

/// The types of an event's exceptions.
fn types(event: &Value) -> Vec<&str> {
    let values = event["exception"]["values"].as_array().unwrap();
    values.iter().map(|value| value["type"].as_str().unwrap()).collect()
}

#[test]
fn what_a_job_raises_is_an_event_of_python() {
    let (world, sink) = (World::new(), Sink::open());
    let more = "RQ_SENTRY = {'tags': {'team': 'mail'}, 'release': 'shop@2', 'server_name': 'm1'}\n";
    settings(&world, &sink, more);
    world.enqueue("'jobs.failing.caused', job_id='j1'");
    world.enqueue("'jobs.returns.value', 1, job_id='j2'");

    world.work(&[]);

    let event = only(&sink);
    assert_eq!(types(&event), ["ZeroDivisionError", "KeyError", "RuntimeError"]);
    let tags = json!({"team": "mail", "queue": "default", "worker": "w1", "function": "jobs.failing.caused"});
    assert_eq!(event["tags"], tags);
    assert_eq!(event["transaction"], "jobs.failing.caused");
    assert_eq!((&event["release"], &event["server_name"]), (&json!("shop@2"), &json!("m1")));
    let frame = &event["exception"]["values"][2]["stacktrace"]["frames"][0];
    assert_eq!((&frame["in_app"], &frame["vars"]), (&json!(true), &Value::Null));
    assert_eq!(event["modules"]["rq"], "3.0.0");
    let envelope = &sink.envelopes()[0];
    assert_eq!(envelope.line, "POST /api/1/envelope/ HTTP/1.1");
    assert_eq!(envelope.header("content-type"), Some("application/x-sentry-envelope"));
    assert!(envelope.header("x-sentry-auth").unwrap().contains("sentry_key=key"));
    world.finish();
}

#[test]
fn arguments_and_variables_are_told_only_when_asked_and_never_under_names_of_secrets() {
    let (world, sink) = (World::new(), Sink::open());
    let job = "'jobs.failing.öffne', 'geheimnis-1', größe={'token': 'geheimnis-2', 'n': 7}";
    settings(&world, &sink, "");
    world.enqueue(&format!("{job}, job_id='j1'"));
    world.work(&[]);
    settings(&world, &sink, "RQ_SENTRY = {'include_arguments': True, 'include_variables': True}\n");
    world.enqueue(&format!("{job}, job_id='j2'"));

    world.work(&[]);

    let [silent, open] = &sink.events()[..] else { panic!("two events") };
    assert!(!silent.to_string().contains("geheimnis"), "{silent:#}");
    assert_eq!(silent["extra"]["rq-job"]["description"], "jobs.failing.öffne([Filtered])");
    let told = &open["extra"]["rq-job"];
    assert_eq!(told["args"], json!(["geheimnis-1"]));
    assert_eq!(told["kwargs"], json!({"größe": {"token": "[Filtered]", "n": 7}}));
    assert!(told["description"].as_str().unwrap().starts_with("jobs.failing.öffne('geheimnis-1', "));
    let vars = &open["exception"]["values"][0]["stacktrace"]["frames"][0]["vars"];
    assert_eq!(*vars, json!({"password": "[Filtered]", "größe": {"token": "[Filtered]", "n": "7"}}));
    world.finish();
}

#[test]
fn a_job_that_is_tried_again_is_reported_when_it_fails_for_good() {
    let (world, sink) = (World::new(), Sink::open());
    settings(&world, &sink, "");
    world.enqueue("'jobs.failing.plain', 1, job_id='j1', retry=Retry(max=2)");

    world.work(&[]);

    assert_eq!(types(&only(&sink)), ["ValueError"]);
    assert_eq!(world.view("j1")["status"], "failed");
    world.finish();
}

#[test]
fn the_deaths_of_work_horses_are_reported_with_what_killed_them() {
    let (world, sink) = (World::new(), Sink::open());
    settings(&world, &sink, "RQ_HORSE = {'timeout_grace': '1s'}\n");
    world.enqueue("'jobs.exits.by_signal', 'SIGKILL', job_id='j1'");
    world.enqueue("'jobs.exits.by_segfault', job_id='j2'");
    world.enqueue("'jobs.exits.by_os_exit', 3, job_id='j3'");
    world.enqueue("'jobs.stubborn.forever', job_id='j4', job_timeout=1");

    world.work(&[]);

    let events = sink.events();
    let told: Vec<_> = events.iter().map(|event| (types(event)[0], &event["fingerprint"])).collect();
    assert_eq!(
        told,
        [
            ("WorkHorseKilled", &json!(["rq", "WorkHorseKilled", "signal 9", "jobs.exits.by_signal"])),
            ("WorkHorseKilled", &json!(["rq", "WorkHorseKilled", "signal 11", "jobs.exits.by_segfault"])),
            ("WorkHorseExited", &json!(["rq", "WorkHorseExited", "exit code 3", "jobs.exits.by_os_exit"])),
            ("TimeLimitIgnored", &json!(["rq", "TimeLimitIgnored", "", "jobs.stubborn.forever"])),
        ]
    );
    let frames = events[1]["exception"]["values"][0]["stacktrace"]["frames"].as_array().unwrap();
    let last = frames.last().unwrap();
    let python = json!(["string_at", "by_segfault"]);
    assert!(python.as_array().unwrap().contains(&last["function"]), "{frames:?}");
    assert!(frames.iter().any(|frame| frame["filename"] == "jobs/exits.py" && frame["in_app"] == true));
    assert!(events[0]["exception"]["values"][0]["value"].as_str().unwrap().contains("killed by SIGKILL"));
    world.finish();
}

#[test]
fn a_time_limit_is_grouped_by_the_function_as_the_sdk_does_it() {
    let (world, sink) = (World::new(), Sink::open());
    settings(&world, &sink, "");
    world.enqueue("'jobs.failing.too_slow', job_timeout=1");

    world.work(&[]);

    let event = only(&sink);
    assert_eq!(event["fingerprint"], json!(["rq", "JobTimeoutException", "jobs.failing.too_slow"]));
    world.finish();
}

#[test]
fn a_job_that_a_user_stops_is_not_reported() {
    let (world, sink) = (World::new(), Sink::open());
    settings(&world, &sink, "");
    let mut gate = world.gate("gate");
    let call = format!("'jobs.waits.at', {}, job_id='j1'", gate.literal());
    world.enqueue(&call);
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();

    world.client.exec("send_stop_job_command(conn, 'j1')");

    world.wait_for_status("j1", "stopped");
    world.stop(&mut worker);
    assert!(sink.events().is_empty(), "{:?}", sink.events());
    world.finish();
}

#[test]
fn an_address_counts_from_the_reload_that_brings_it_until_the_one_that_takes_it_away() {
    let sink = Sink::open();
    let mut stage = Reloads::new("");
    let fail = |stage: &Reloads, job: &str| {
        stage.world.enqueue(&format!("'jobs.failing.plain', 1, job_id={job:?}"));
        stage.world.wait_for_status(job, "failed");
    };
    let on = format!("SENTRY_DSN = {:?}\n", sink.dsn("key"));

    fail(&stage, "before");
    stage.apply(&on);
    fail(&stage, "during");
    let events = sink.wait_for_events(1);
    stage.apply("SENTRY_DSN = \"\"\n");
    fail(&stage, "after");
    stage.apply("SENTRY_DSN = \"nonsense\"\n");
    stage.finish();

    assert_eq!(events[0]["extra"]["rq-job"]["job_id"], "during");
    assert!(events[0]["exception"]["values"][0]["stacktrace"]["frames"].is_array());
    assert_eq!(sink.events().len(), 1, "{:?}", sink.events());
}

#[test]
fn a_refused_reload_is_reported() {
    let sink = Sink::open();
    let on = format!("SENTRY_DSN = {:?}\n", sink.dsn("key"));
    let mut stage = Reloads::new(&on);

    stage.apply(&format!("{on}worker.ttl = \"soon\"\n"));

    let event = sink.wait_for_events(1).remove(0);
    assert_eq!((&event["fingerprint"], &event["level"]), (&json!(["rq", "reload refused"]), &json!("error")));
    assert!(event["logentry"]["formatted"].as_str().unwrap().contains("worker.ttl"), "{event:#}");
    stage.finish();
}

#[test]
fn no_variable_revives_what_a_file_has_switched_off() {
    let (world, sink) = (World::new(), Sink::open());
    fs::write(world.path("rq.toml"), format!("REDIS_URL = {:?}\nSENTRY_DSN = \"\"\n", world.redis.url()))
        .unwrap();
    for name in ["SENTRY_DSN", "RQ_SENTRY_DSN", "RQ_SENTRY__DSN"] {
        world.enqueue("'jobs.failing.plain', 1");
        let mut command = world.worker_command();
        command.args(["-c", "rq.toml", "--burst"]).env(name, sink.dsn("key"));

        let exit = world.start(command).wait_exit();

        assert_eq!(exit.code(), 0, "{name}: {}", exit.stderr);
    }
    assert!(sink.envelopes().is_empty());
    world.finish();
}

#[test]
fn an_empty_variable_switches_off_what_a_lower_place_names() {
    let (world, sink) = (World::new(), Sink::open());
    settings(&world, &sink, "");
    world.enqueue("'jobs.failing.plain', 1");
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--burst"]).env("RQ_SENTRY_DSN", "");

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(sink.envelopes().is_empty());
    world.finish();
}

/// Runs a worker with this address, which must be refused.
fn refused(world: &World, more: &[&str]) -> Exit {
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.arg("worker").arg("--python").arg(world.venv.python());
    command.args(["-c", "settings", "--burst"]).args(more);
    let exit = world.start(command).wait_exit();
    assert_eq!(exit.code(), 78, "{}", exit.stderr);
    exit
}

#[test]
fn an_address_that_is_none_and_certificates_that_are_none_end_the_start() {
    let world = World::new();
    fs::write(world.path("none.pem"), "no certificate").unwrap();

    let no_project = refused(&world, &["--sentry-dsn", "https://hunter22@sentry.example/shop"]);
    let no_file = refused(&world, &["--sentry-dsn", "https://k@h/1", "--sentry-ca-certs", "/nowhere.pem"]);
    let none = refused(&world, &["--sentry-dsn", "https://k@h/1", "--sentry-ca-certs", "none.pem"]);

    assert!(no_project.stderr.contains("names no project") && !no_project.stderr.contains("hunter22"));
    assert!(
        no_file.stderr.contains("sentry.ca_certs") && no_file.stderr.contains("cannot read"),
        "{}",
        no_file.stderr
    );
    assert!(none.stderr.contains("there is no certificate in it"), "{}", none.stderr);
    world.finish();
}

#[test]
fn an_address_of_ravens_days_is_taken() {
    let (world, sink) = (World::new(), Sink::open());
    let dsn = format!("sync+{}", sink.dsn("key"));
    fs::write(
        world.path("settings.py"),
        format!("REDIS_URL = {:?}\nSENTRY_DSN = {dsn:?}\n", world.redis.url()),
    )
    .unwrap();
    world.enqueue("'jobs.failing.plain', 1");

    world.work(&[]);

    assert_eq!(types(&only(&sink)), ["ValueError"]);
    world.finish();
}

#[test]
fn no_secret_of_the_daemon_is_in_an_event() {
    let (world, sink) = (World::new(), Sink::open());
    let text = format!(
        "REDIS_URL = {:?}\nSENTRY_DSN = {:?}\nRQ_SENTRY = {{'include_variables': True, 'include_arguments': True}}\n",
        world.redis.url(),
        sink.dsn("hunter22-key")
    );
    fs::write(world.path("settings.py"), text).unwrap();
    fs::write(world.path("rq.toml"), "[horse.environment]\nAPI_TOKEN = \"hunter22-token\"\n").unwrap();
    let told = "redis://:hunter22-password@h/0 and hunter22-token and hunter22-key";
    world.enqueue(&format!("'jobs.failing.saying', {told:?}"));

    world.work(&["-c", "rq.toml"]);

    let event = only(&sink);
    assert!(event["exception"]["values"][0]["value"].as_str().unwrap().contains(" and "), "{event:#}");
    let found = sink.envelopes().iter().any(|envelope| envelope.text.contains("hunter22"));
    assert!(!found, "{event:#}");
    world.finish();
}

#[test]
fn a_project_that_initialises_its_own_sdk_in_a_job_has_its_report_and_no_other() {
    let venv = match Venv::named("sentry-sdk") {
        Ok(venv) => venv,
        Err(missing) => return skipped(&missing),
    };
    let (world, ours, theirs) = (World::new(), Sink::open(), Sink::open());
    settings(&world, &ours, "");
    world.enqueue(&format!("'jobs.failing.with_own_sdk', {:?}, job_id='j1'", theirs.dsn("own")));
    world.enqueue("'jobs.failing.plain', 1, job_id='j2'");
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.arg("worker").arg("--python").arg(venv.python()).args(["-c", "settings", "--burst"]);

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    let [event] = &theirs.events()[..] else { panic!("one event: {:?}\n{}", theirs.events(), exit.stderr) };
    assert_eq!(
        (types(event), &event["transaction"]),
        (vec!["ValueError"], &json!("jobs.failing.with_own_sdk"))
    );
    assert_eq!(event["extra"]["rq-job"]["job_id"], "j1");
    assert_eq!(event["exception"]["values"][0]["mechanism"], json!({"type": "rq", "handled": false}));
    assert_eq!(only(&ours)["extra"]["rq-job"]["job_id"], "j2");
    world.finish();
}

#[test]
fn the_log_records_of_a_job_are_breadcrumbs_of_its_report() {
    let (world, sink) = (World::new(), Sink::open());
    settings(&world, &sink, "RQ_SENTRY = {'max_breadcrumbs': 2}\nRQ_LOGGING = {'records': 'all'}\n");
    world.enqueue("'jobs.failing.after_words', 3, job_id='j1'");

    world.work(&[]);

    let event = only(&sink);
    let crumbs = event["breadcrumbs"]["values"].as_array().unwrap_or_else(|| panic!("{event:#}"));
    let told: Vec<_> = crumbs.iter().map(|it| (&it["category"], &it["level"], &it["message"])).collect();
    let [app, warning] = [json!("app"), json!("warning")];
    assert_eq!(told, [(&app, &warning, &json!("word 1")), (&app, &warning, &json!("word 2"))]);
    assert!(crumbs[0]["timestamp"].as_str().unwrap().ends_with('Z'));
    world.finish();
}
