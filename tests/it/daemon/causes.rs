//! Why jobs failed, by real jobs: in one word in the result's record, and in words with evidence on the job.

use std::path::Path;

use super::processes::wait_until_gone;
use crate::harness::{Exit, SOON, World, text};

/// A burst of the worker `w1` with these settings.
#[track_caller]
fn work(world: &World, settings: &[(&str, &str)]) -> Exit {
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--burst", "--name", "w1"]);
    command.envs(settings.iter().map(|(name, value)| (format!("RQ_HORSE__{name}"), *value)));
    let exit = world.start(command).wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    exit
}

/// The last result of a job: its word, and its text with what is known beside it.
#[track_caller]
fn told(world: &World, job: &str) -> (String, String) {
    let results = world.redis.stream(&world.key(&format!("results:{job}")));
    let result = results.last().expect("a result");
    let view = world.view(job);
    assert_eq!(view["latest"]["type"], "FAILED", "{view}");
    let words = format!("{}\n{}", view["exc_info"].as_str().unwrap(), text(result, "evidence"));
    (text(result, "cause"), words.trim_end().to_owned())
}

#[track_caller]
fn assert_cause(call: &str, settings: &[(&str, &str)], cause: &str, evidence: &[&str]) {
    let world = World::new();
    let job = world.enqueue(call);
    work(&world, settings);
    let (slug, text) = told(&world, &job);
    assert_eq!(slug, cause, "{text}");
    for part in evidence {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    world.finish();
}

#[test]
fn an_exception_is_the_jobs_own_and_nothing_is_added() {
    assert_cause("'jobs.raising.plain'", &[], "raised", &["\nValueError: "]);
}

#[test]
fn a_limit_is_told_with_who_set_it() {
    let own =
        "JobTimeoutException: Task exceeded maximum timeout value (1 seconds)\n\nThe limit is the job's own";
    assert_cause("'jobs.timing.endless', job_timeout=1", &[], "time_limit", &[own]);
}

#[test]
fn a_job_that_ignores_its_limit_is_told_by_limit_and_grace() {
    assert_cause(
        "'jobs.stubborn.forever', job_timeout=1",
        &[("TIMEOUT_GRACE", "100ms")],
        "time_limit",
        &[
            "Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); ",
            "it outlived its limit of 1s by 0.1s",
            "killed after horse.timeout_grace",
        ],
    );
}

#[test]
fn an_exit_is_told_by_its_code() {
    let told =
        "waitpid returned 768; exit code 3; its code ended the process, by os._exit or in C; peak memory";
    assert_cause("'jobs.exits.by_os_exit', 3", &[], "exited", &[told]);
}

#[test]
fn a_signal_that_somebody_sent_is_told_by_name_and_meaning() {
    let told = "(signal 15); killed by SIGTERM; somebody asked it to end; peak memory";
    assert_cause("'jobs.exits.by_signal', 'SIGTERM'", &[], "killed", &[told]);
}

#[test]
fn a_crash_is_told_with_its_python_stack() {
    for (call, named, fault) in [
        ("'jobs.exits.by_segfault'", "killed by SIGSEGV; segmentation fault", "Segmentation fault"),
        ("'jobs.exits.by_signal', 'SIGABRT'", "killed by SIGABRT; C code gave up", "Aborted"),
        ("'jobs.exits.by_signal', 'SIGBUS'", "killed by SIGBUS; bus error", "Bus error"),
        ("'jobs.exits.by_signal', 'SIGFPE'", "killed by SIGFPE; ", "Floating"),
        ("'jobs.exits.by_signal', 'SIGILL'", "killed by SIGILL; illegal instruction", "Illegal instruction"),
    ] {
        let line = if call.contains("by_signal") { "in by_signal" } else { "in by_segfault" };
        assert_cause(call, &[], "crashed", &[named, &format!("Fatal Python error: {fault}"), line]);
    }
}

#[test]
fn too_much_cpu_time_is_told_with_the_limit() {
    let told = "it reached its limit of CPU time, horse.cpu_time of 1s";
    assert_cause("'jobs.limits.spin'", &[("CPU_TIME", "1s")], "cpu_limit", &[told]);
}

#[test]
fn a_memory_error_is_told_with_the_limit() {
    let settings = [("MEMORY_LIMIT", "200MiB")];
    assert_cause(
        "'jobs.limits.allocate', 400",
        &settings,
        "out_of_memory",
        &["horse.memory_limit is 209715200"],
    );
}

#[test]
fn a_function_that_is_not_there_is_told_with_the_nearest_one() {
    assert_cause(
        "'jobs.returnz.value', 1",
        &[],
        "import_failed",
        &[
            "ValueError: ",
            "Did you mean jobs.returns.value?\njobs.returnz.value was looked for by /",
            "with sys.path [",
        ],
    );
}

#[test]
fn a_payload_of_another_serializer_is_told_as_that() {
    let world = World::new();
    let queue = "Queue('default', connection=conn, serializer=JSONSerializer)";
    world.client.exec(&format!("{queue}.enqueue('jobs.returns.value', 1, job_id='j1')"));

    work(&world, &[]);

    let (cause, text) = told(&world, "j1");
    assert_eq!(cause, "undecodable");
    assert!(text.contains("The payload is json, and this worker reads pickle"), "{text}");
    world.finish();
}

#[test]
fn a_class_that_is_gone_is_told_by_its_name() {
    let world = World::new();
    world.client.exec(
        "import sys, types\nshop = sys.modules['shop'] = types.ModuleType('shop')\n\
         exec('class Cart: pass', shop.__dict__)\nq.enqueue('jobs.returns.value', shop.Cart(), job_id='j1')",
    );

    work(&world, &[]);

    let (cause, text) = told(&world, "j1");
    assert_eq!(cause, "undecodable");
    assert!(
        text.contains("No module named 'shop'") && text.contains("It needs shop.Cart, which is not there."),
        "{text}"
    );
    assert!(
        text.contains("It is a pickle of protocol 5, as RQ writes it with Python 3.8 or newer"),
        "{text}"
    );
    world.finish();
}

#[test]
fn a_stop_is_told_by_what_is_known_of_it() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let job = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();

    world.client.exec(&format!("send_stop_job_command(conn, {job:?})"));
    world.wait_for_status(&job, "stopped");

    // RQ: these very words.
    assert_eq!(world.view(&job)["exc_info"], "Job stopped by user, work-horse terminated.");
    assert_eq!(told(&world, &job).0, "stopped");
    let evidence = text(&world.redis.stream(&world.key(&format!("results:{job}")))[0], "evidence");
    let known = "a command to stop it came over the channel rq:pubsub:w1, and Redis does not tell from whom; its process ";
    assert!(evidence.starts_with(known) && evidence.ends_with(" was killed"), "{evidence}");
    worker.stdout.wait_for_line(&evidence, SOON);
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn a_cold_shutdown_is_told_as_an_interruption() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let job = world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    let horse = gate.wait_for_arrival();

    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["stop", "--now", "w1"]);
    assert_eq!(world.start(command).wait_exit().code(), 0);
    worker.wait_exit();

    let (cause, text) = told(&world, &job);
    assert_eq!(cause, "interrupted");
    assert!(text.contains("while it ran: worker w1 was shut down cold"), "{text}");
    wait_until_gone(horse);
    world.finish();
}

#[test]
fn a_job_of_a_python_worker_that_vanished_is_abandoned() {
    let world = World::new();
    let past = format!("{:.0}", world.redis.now() - 9.0);
    let job = world.enqueue("'jobs.returns.value', 1");
    let key = |rest: &str| world.key(rest);
    let _: i64 = world.redis.command(&["LREM", &key("queue:default"), "0", &job]);
    let _: i64 = world.redis.command(&[
        "HSET",
        &key(&format!("job:{job}")),
        "status",
        "started",
        "worker_name",
        "theirs",
    ]);
    let _: i64 = world.redis.command(&["ZADD", &key("wip:default"), &past, &format!("{job}:e1")]);
    let fields =
        ["HSET", &key("worker:theirs"), "hostname", "web-3", "pid", "4711", "last_heartbeat", "then"];
    let _: i64 = world.redis.command(&fields);

    work(&world, &[]);

    let (cause, text) = told(&world, &job);
    assert_eq!(cause, "abandoned");
    assert!(text.starts_with("Moved to FailedJobRegistry, due to AbandonedJobError, at "), "{text}");
    assert!(text.ends_with("(it was process 4711 on web-3, last seen at then)"), "{text}");
    let _: i64 = world.redis.command(&["DEL", &key("worker:theirs")]);
    world.finish();
}

#[test]
fn a_job_is_shown_with_its_cause_and_what_is_known_of_it() {
    let world = World::new();
    let job = world.enqueue("'jobs.returnz.value', 1");
    work(&world, &[]);

    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["job", "show", &job, "-u", &world.redis.url()]);
    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(exit.stdout.contains("cause: import_failed\n"), "{}", exit.stdout);
    assert!(exit.stdout.contains("Did you mean jobs.returns.value?\n"), "{}", exit.stdout);
    world.finish();
}
