//! `rq stack` with jobs that really run: what is seen of them, and that they do not notice.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::{Exit, Gate, SOON, Worker, World, wait_until};

fn rq(world: &World, arguments: &[&str]) -> Exit {
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.arg("stack").args(arguments);
    world.start(command).wait_exit()
}

/// What is seen of a job that runs.
#[track_caller]
fn seen(world: &World, arguments: &[&str]) -> Value {
    let exit = rq(world, &[arguments, &["--json"]].concat());
    assert_eq!(exit.code(), 0, "{}{}", exit.stdout, exit.stderr);
    serde_json::from_str(&exit.stdout).unwrap()
}

#[track_caller]
fn assert_refused(world: &World, arguments: &[&str], why: &str) {
    let exit = rq(world, arguments);
    assert_eq!(exit.code(), 1, "{}{}", exit.stdout, exit.stderr);
    assert!(exit.stderr.contains(why), "{}", exit.stderr);
}

/// The functions of the main thread, the innermost first.
fn functions(stack: &Value) -> Vec<String> {
    let frames = stack["threads"][0]["frames"].as_array().unwrap();
    frames.iter().map(|frame| frame["function"].as_str().unwrap().to_owned()).collect()
}

/// An idle worker `w1` with these settings.
fn worker(world: &World, settings: &[(&str, &str)]) -> Worker {
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w1"]).envs(settings.iter().copied());
    let worker = world.start(command);
    world.wait_until_idle(&worker);
    worker
}

/// A job stands at a gate: `GATE` in the call is its path.
fn at_gate(world: &World, gate: &mut Gate, call: &str) -> String {
    let job = world.enqueue(&call.replace("GATE", &gate.literal()));
    gate.wait_for_arrival();
    job
}

#[test]
fn a_job_shows_where_it_is_and_runs_on() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let mut daemon = worker(&world, &[]);
    let job = at_gate(&world, &mut gate, "'jobs.waits.at', GATE, job_timeout=77");

    let stack = seen(&world, &[&job]);

    assert_eq!(functions(&stack), ["at"], "{stack}");
    assert!(stack["threads"][0]["frames"][0]["file"].as_str().unwrap().ends_with("jobs/waits.py"), "{stack}");
    let facts = (&stack["job"], &stack["worker"], &stack["function"], &stack["phase"], &stack["limit"]);
    assert_eq!(facts, (&json!(job), &json!("w1"), &json!("jobs.waits.at"), &json!("function"), &json!(77.0)));
    assert_eq!(stack["process"]["state"], "sleeping");
    assert!(stack["process"]["resident"].as_u64().unwrap() > 1 << 20, "{stack}");
    assert_eq!(seen(&world, &["w1"])["execution"], stack["execution"]);
    let told = rq(&world, &["w1"]).stdout;
    assert!(told.contains(&format!("job {job} of queue default: jobs.waits.at")), "{told}");
    assert!(!told.contains("<rqd>") && !told.contains(&gate.literal()), "{told}");
    gate.open();
    world.wait_for_status(&job, "finished");
    assert_eq!(world.view(&job)["result"], "through");
    world.stop(&mut daemon);
    world.finish();
}

#[test]
fn a_job_elsewhere_is_seen_through_redis() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let mut daemon = worker(&world, &[]);
    let job = at_gate(&world, &mut gate, "'jobs.waits.at', GATE");
    let url = world.redis.url();

    for of in [&job, "w1"] {
        assert_eq!(functions(&seen(&world, &[of, "-u", &url])), ["at"]);
    }

    gate.open();
    world.wait_for_status(&job, "finished");
    world.stop(&mut daemon);
    world.finish();
}

#[test]
fn a_job_of_rqs_own_code_is_seen_too() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let mut daemon = worker(&world, &[("RQ_HORSE__ENGINE", "rq")]);
    let job = at_gate(&world, &mut gate, "'jobs.waits.at', GATE");

    let stack = seen(&world, &[&job]);

    assert_eq!(functions(&stack)[0], "at", "{stack}");
    assert_eq!(stack["function"], "jobs.waits.at");
    gate.open();
    world.wait_for_status(&job, "finished");
    world.stop(&mut daemon);
    world.finish();
}

#[test]
fn a_job_in_a_call_of_c_code_is_seen() {
    let world = World::new();
    let mut daemon = worker(&world, &[]);
    let begun = world.path("begun");
    let job = world.enqueue(&format!("'jobs.standing.in_a_call', {:?}", begun.display().to_string()));
    wait_until(SOON, "the call", || begun.exists());

    let stack = seen(&world, &[&job]);

    assert_eq!(functions(&stack), ["in_a_call"], "{stack}");
    assert!(stack["note"].as_str().unwrap().contains("inside of a call of C code"), "{stack}");
    world.client.exec(&format!("send_stop_job_command(conn, {job:?})"));
    world.wait_for_status(&job, "stopped");
    world.stop(&mut daemon);
    world.finish();
}

#[test]
fn a_job_that_would_be_harmed_is_left_alone() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let mut daemon = worker(&world, &[]);
    let folder = world.path("own");
    std::fs::create_dir(&folder).unwrap();
    let calls = [
        (format!("'jobs.standing.alone_with_its_files', GATE, {folder:?}"), json!(vec![0; 20])),
        ("'jobs.standing.deaf', GATE".to_owned(), json!("through")),
    ];

    for (call, result) in calls {
        let job = at_gate(&world, &mut gate, &call);
        let stack = seen(&world, &[&job]);
        assert_eq!(stack["threads"], json!([]));
        assert!(stack["note"].as_str().unwrap().starts_with("no stack: its code has closed"), "{stack}");
        gate.open();
        world.wait_for_status(&job, "finished");
        assert_eq!(world.view(&job)["result"], result);
    }
    world.stop(&mut daemon);
    world.finish();
}

#[test]
fn the_jobs_of_one_process_are_told_apart() {
    let world = World::new();
    let mut gates = ["one", "two"].map(|name| world.gate(name));
    let mut daemon = worker(&world, &[("RQ_HORSE__MAX_JOBS", "0")]);
    let first = at_gate(&world, &mut gates[0], "'jobs.waits.at', GATE");
    let one = seen(&world, &["w1"]);
    gates[0].open();
    world.wait_for_status(&first, "finished");
    let second = at_gate(&world, &mut gates[1], "'jobs.waits.at', GATE");
    let two = seen(&world, &["w1"]);

    assert_eq!(one["process"]["pid"], two["process"]["pid"]);
    assert_eq!((one["job"].as_str(), two["job"].as_str()), (Some(&*first), Some(&*second)));
    assert_refused(&world, &[&first, "-u", &world.redis.url()], "does not run: its status is finished");
    gates[1].open();
    world.wait_for_status(&second, "finished");
    world.stop(&mut daemon);
    world.finish();
}

#[test]
fn what_does_not_run_is_told_with_the_reason() {
    let world = World::new();
    let mut daemon = worker(&world, &[]);
    let url = world.redis.url();
    let key = |rest: &str| world.key(rest);
    let _: i64 = world.redis.command(&["HSET", &key("worker:theirs"), "birth", "x"]);
    let _: i64 = world.redis.command(&["HSET", &key("worker:far"), "birth", "x", "rqd_version", "1"]);
    let job = ["HSET", &key("job:lost"), "status", "started", "worker_name", "far", "data", "x"];
    let _: i64 = world.redis.command(&job);

    assert_refused(&world, &["w1"], "worker w1 has no job in hand");
    assert_refused(&world, &["nobody", "-u", &url], "there is no job nobody in that Redis, and no worker");
    assert_refused(&world, &["theirs", "-u", &url], "worker theirs: this is a worker of Python's");
    assert_refused(&world, &["lost", "-u", &url], "worker far: it hears no commands now");

    for left in ["worker:theirs", "worker:far", "job:lost"] {
        let _: i64 = world.redis.command(&["DEL", &key(left)]);
    }
    world.stop(&mut daemon);
    world.finish();
}
