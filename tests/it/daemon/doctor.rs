//! `rq doctor` on what real workers leave behind when they are killed.

use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::stage::wait_until_waiting;
use crate::harness::{
    Exit, SOON, Skew, Subject, Terminal, Worker, World, for_every_client, skipped, wait_until,
};

/// Runs `rq doctor` with the project of the world's folder.
fn doctor(world: &World, arguments: &[&str]) -> Exit {
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["doctor", "-c", "settings", "--python"]).arg(world.venv.python()).args(arguments);
    world.start(command).wait_exit()
}

/// The same as data.
#[track_caller]
fn report(world: &World, arguments: &[&str]) -> Value {
    let exit = doctor(world, &[arguments, &["--json"]].concat());
    serde_json::from_str(&exit.stdout).unwrap_or_else(|_| panic!("{}{}", exit.stdout, exit.stderr))
}

/// The severity of a check's first finding.
fn severity<'a>(report: &'a Value, check: &str) -> Option<&'a str> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["check"] == check)?["severity"].as_str()
}

fn found<'a>(report: &'a Value, check: &str) -> &'a str {
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["check"] == check);
    finding.unwrap_or_else(|| panic!("no {check} in {report:#}"))["found"].as_str().unwrap()
}

/// What was repaired, as `check outcome`.
fn repairs(report: &Value) -> Vec<String> {
    let repairs = report["repairs"].as_array().unwrap().iter();
    repairs
        .map(|it| format!("{} {}", it["check"].as_str().unwrap(), it["outcome"].as_str().unwrap()))
        .collect()
}

/// A worker of Python's in the world's folder.
fn python_worker(world: &World, arguments: &[&str]) -> Worker {
    let mut command = world.command(&world.venv.program("rq"));
    command.args(["worker", "-u", &world.redis.url(), "--name", "theirs"]).args(arguments);
    world.start(command)
}

/// Kills a worker of Python's, with its work horse, while it runs the job `cut`.
fn kill_python_worker_at_work(world: &World, options: &str) {
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='cut'{options}", gate.literal()));
    let worker = python_worker(world, &["default"]);
    gate.wait_for_arrival();
    kill(world, worker);
}

/// Kills a worker of Python's with all that it started.
fn kill(world: &World, worker: Worker) {
    worker.signal(Signal::SIGKILL);
    drop(worker);
    wait_until(SOON, "its connection to be gone", || {
        let heard: Vec<redis::Value> =
            world.redis.command(&["PUBSUB", "NUMSUB", &world.key("pubsub:theirs")]);
        heard[1] == redis::Value::Int(0)
    });
}

for_every_client! {
    fn a_killed_python_workers_job_and_registration_are_mended(world: &World) {
        kill_python_worker_at_work(world, ", retry=Retry(max=1)");
        world.end_leases("default");

        let before = report(world, &[]);
        let foretold = report(world, &["--fix", "--dry-run"]);
        assert!(world.redis.exists("rq:workers"), "a dry run changed something");
        let after = report(world, &["--fix"]);

        assert_eq!(found(&before, "workers.dead"), "1 worker is registered and dead: theirs");
        assert_eq!(severity(&before, "jobs.abandoned"), Some("warning"));
        assert_eq!(repairs(&foretold), ["workers.dead would", "jobs.abandoned would"]);
        assert_eq!(repairs(&after), ["workers.dead done", "jobs.abandoned done"]);
        assert_eq!((severity(&after, "workers.dead"), severity(&after, "jobs.abandoned")), (None, None));
        assert_eq!(
            world.client.eval("(q.job_ids, fetch('cut').get_status())"),
            serde_json::json!([["cut"], "queued"])
        );
        assert_eq!(world.client.eval("[w.name for w in Worker.all(connection=conn)]"), serde_json::json!([]));
    }
}

#[test]
fn a_job_without_retries_fails_as_the_maintenance_of_a_daemon_has_it() {
    let world = World::new();
    kill_python_worker_at_work(&world, "");
    world.end_leases("default");

    let after = report(&world, &["--fix"]);

    assert_eq!(repairs(&after), ["workers.dead done", "jobs.abandoned done"]);
    let view = world.view("cut");
    assert_eq!(view["status"], "failed");
    assert!(
        view["exc_info"]
            .as_str()
            .unwrap()
            .starts_with("Moved to FailedJobRegistry, due to AbandonedJobError")
    );
    assert_eq!(world.client.eval("registries()['failed']"), serde_json::json!(["cut"]));
}

#[test]
fn a_failure_with_a_callback_is_left_to_a_daemon_that_can_call_it() {
    let world = World::new();
    kill_python_worker_at_work(&world, ", on_failure=Callback('jobs.callbacks.failure')");
    world.end_leases("default");

    let after = report(&world, &["--fix"]);

    assert_eq!(repairs(&after), ["workers.dead done", "jobs.abandoned left"]);
    assert_eq!(world.view("cut")["status"], "started");
    assert_eq!(severity(&after, "jobs.abandoned"), Some("warning"));
}

#[test]
fn an_id_between_queue_and_worker_is_put_back() {
    let world = World::new();
    let worker = python_worker(&world, &["default"]);
    wait_until_waiting(&world, 1);
    worker.signal(Signal::SIGSTOP);
    let job = world.enqueue("'jobs.returns.value', 7");
    let (queue, between) = (world.key("queue:default"), world.key("queue:default:intermediate"));
    // The worker that is served first hears nothing of it any more.
    wait_until(SOON, "Redis to give the id to the worker", || world.redis.list(&between) == [job.as_str()]);

    let alive = report(&world, &["--fix", "--no-import"]);
    kill(&world, worker);
    let before = report(&world, &["--no-import"]);
    let foretold = report(&world, &["--fix", "--dry-run", "--no-import"]);
    let after = report(&world, &["--fix", "--no-import"]);

    assert_eq!(severity(&before, "jobs.stranded"), Some("problem"));
    assert_eq!(repairs(&alive), ["jobs.stranded left"]);
    assert_eq!(repairs(&foretold), ["workers.dead would", "jobs.stranded would"]);
    assert_eq!(repairs(&after), ["workers.dead done", "jobs.stranded done"]);
    assert_eq!(world.redis.list(&queue), [job.as_str()]);
    world.work(&[]);
    assert_eq!(world.view(&job)["result"], 7);
    world.finish();
}

#[test]
fn what_a_killed_daemon_of_ours_had_in_hand_is_taken_on() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='cut', retry=Retry(max=1)", gate.literal()));
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["worker", "-c", "settings", "--name", "ours", "--python"]).arg(world.venv.python());
    let worker = world.start(command);
    gate.wait_for_arrival();
    worker.signal(Signal::SIGKILL);
    drop(worker);

    let before = report(&world, &["--no-import"]);
    let after = report(&world, &["--fix", "--no-import"]);

    assert_eq!(severity(&before, "workers.daemons"), Some("warning"));
    assert_eq!(repairs(&after), ["workers.daemons done", "workers.daemons done"]);
    assert_eq!(world.client.eval("fetch('cut').get_status()"), "queued");
    assert_eq!(severity(&after, "workers.daemons"), None);
    assert!(world.redis.set(&world.key("workers")).is_empty());
}

#[test]
fn a_dead_daemon_whose_jobs_have_callbacks_or_handlers_is_left_to_the_next_one() {
    for (options, arguments) in [
        (", on_failure=Callback('jobs.callbacks.failure')", &[][..]),
        ("", &["--exception-handler", "jobs.callbacks.handle_first"]),
    ] {
        let world = World::new();
        let mut gate = world.gate("gate");
        world.enqueue(&format!("'jobs.waits.at', {}, job_id='cut'{options}", gate.literal()));
        let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
        command.args(["worker", "-c", "settings", "--name", "ours"]).args(arguments);
        command.arg("--python").arg(world.venv.python());
        let worker = world.start(command);
        gate.wait_for_arrival();
        worker.signal(Signal::SIGKILL);
        drop(worker);

        let after = report(&world, &["--fix", "--no-import"]);

        assert_eq!(repairs(&after), ["workers.daemons left", "workers.daemons left"], "{arguments:?}");
        let findings = after["findings"].as_array().unwrap();
        let finding = findings.iter().find(|it| it["check"] == "workers.daemons").unwrap();
        assert_eq!(finding["fixable"], false, "{finding}");
        assert_eq!(world.view("cut")["status"], "started");
    }
}

#[test]
fn ids_whose_jobs_are_gone_are_taken_out() {
    let world = World::new();
    world.client.exec(
        "q.enqueue('jobs.returns.value', 1, job_id='stays')
gone = q.enqueue('jobs.returns.value', 1, job_id='gone')
child = q.enqueue('jobs.returns.value', 2, job_id='child', depends_on=gone)
conn.delete('rq:job:gone', 'rq:job:gone:dependents')",
    );

    let before = report(&world, &["--no-import"]);
    let after = report(&world, &["--fix", "--no-import"]);

    assert_eq!(severity(&before, "jobs.dangling"), Some("note"));
    assert_eq!(found(&before, "jobs.deferred"), "1 job waits for jobs that are gone, and so for ever: child");
    assert_eq!(severity(&before, "queues.unserved"), Some("problem"));
    assert_eq!(repairs(&after), ["jobs.dangling done"]);
    assert_eq!(world.redis.list(&world.key("queue:default")), ["stays"]);
    assert_eq!(severity(&after, "jobs.deferred"), Some("problem"));
}

#[test]
fn a_module_that_ends_the_interpreter_does_not_keep_others_from_being_looked_for() {
    let world = World::new();
    std::fs::write(world.path("jobs/deadly.py"), "import os\nos._exit(3)\n").unwrap();
    for function in ["deadly.function", "returns.value", "returns.no_such_function"] {
        world.enqueue(&format!("'jobs.{function}', 1"));
    }

    let told = report(&world, &[]);

    let findings = told["findings"].as_array().unwrap().iter();
    let mut troubles: Vec<&str> = findings
        .filter(|finding| finding["check"] == "jobs.functions")
        .map(|finding| finding["found"].as_str().unwrap())
        .collect();
    troubles.sort_unstable();
    let [deadly, missing] = troubles[..] else { panic!("{troubles:#?}") };
    assert!(deadly.contains("ended during the import of jobs.deadly.function"), "{deadly}");
    assert!(missing.starts_with("jobs.returns.no_such_function cannot be imported"), "{missing}");
}

#[test]
fn a_clock_that_is_off_is_told() {
    let world = World::new();
    for (ahead, how) in [(-3600, "3600.0s behind that of Redis"), (3600, "3600.0s ahead of that of Redis")] {
        let mut command = world.rq_command(Subject::Ours, "doctor", &["--no-import", "--json"]);
        match Skew::new(&world) {
            Ok(skew) => skew.apply(&mut command, ahead),
            Err(missing) => return skipped(&missing),
        }

        let exit = Exit::of(&command.output().unwrap());

        let told: Value = serde_json::from_str(&exit.stdout).unwrap();
        assert_eq!(severity(&told, "clock.skew"), Some("warning"));
        let text = found(&told, "clock.skew");
        // The way to Redis takes a part of a second.
        assert!(text.contains(how) || text.contains("3599.9s") || text.contains("3600.1s"), "{text}");
    }
}

#[test]
fn a_person_sees_colours_unless_they_are_unwanted() {
    let world = World::new();
    for (value, is_coloured) in [("1", false), ("", true)] {
        let mut command = world.rq_command(Subject::Ours, "doctor", &["--no-import"]);
        command.env("NO_COLOR", value);

        let mut terminal = Terminal::run(&command);
        terminal.wait_for("1 warning");
        assert_eq!(terminal.wait_exit(), Some(1));

        assert_eq!(terminal.screen().contains("\x1b[33mwarning"), is_coloured, "{}", terminal.screen());
    }
}

#[test]
fn functions_of_waiting_jobs_are_looked_for_in_the_projects_interpreter() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1");
    world.enqueue("'jobs.returns.valeu', 1, job_id='wrong'");

    let told = report(&world, &[]);
    let without = report(&world, &["--no-import"]);

    let text = found(&told, "jobs.functions");
    assert!(text.starts_with("jobs.returns.valeu cannot be imported: "), "{text}");
    assert!(text.contains("(1 of 2 jobs that wait, of queue default, such as wrong)"), "{text}");
    let advice =
        told["findings"].as_array().unwrap().iter().find(|it| it["check"] == "jobs.functions").unwrap();
    assert!(advice["advice"].as_str().unwrap().starts_with("did you mean jobs.returns.value?"), "{advice}");
    assert_eq!(severity(&told, "python.libraries"), Some("ok"));
    assert_eq!(severity(&without, "jobs.functions"), None);
}

#[test]
fn a_healthy_redis_with_workers_gives_no_problem() {
    let world = World::new();
    let _: String = world.redis.command(&["CONFIG", "SET", "appendonly", "yes"]);
    world.enqueue("'jobs.returns.value', 1");
    let mut worker = world.idle_worker(&["--name", "w1", "--with-scheduler"]);
    wait_until(SOON, "the job to be done", || world.redis.list(&world.key("queue:default")).is_empty());

    let exit = doctor(&world, &[]);

    assert_eq!(exit.code(), 0, "{}{}", exit.stdout, exit.stderr);
    assert!(exit.stdout.contains("Nothing is wrong.") || exit.stdout.contains("note"), "{}", exit.stdout);
    assert!(!exit.stdout.contains('\x1b'));
    world.stop(&mut worker);
}

#[test]
fn nothing_is_taken_from_workers_that_live() {
    let world = World::new();
    let (mut gate, mut other) = (world.gate("gate"), world.gate("other"));
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='pythons'", gate.literal()));
    let mut theirs = python_worker(&world, &["default"]);
    gate.wait_for_arrival();
    world.client.exec(&format!("queue('low').enqueue('jobs.waits.at', {}, job_id='ours')", other.literal()));
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["worker", "-c", "settings", "--name", "ours", "low", "--python"]).arg(world.venv.python());
    let mut ours = world.start(command);
    other.wait_for_arrival();

    let told = report(&world, &["--fix", "--no-import"]);

    assert_eq!(repairs(&told), Vec::<String>::new());
    assert_eq!(found(&told, "workers"), "2 workers are registered, and none of them is silent");
    assert_eq!(found(&told, "jobs"), "no job is stranded, abandoned or lost");
    gate.open();
    other.open();
    for job in ["pythons", "ours"] {
        world.wait_for_status(job, "finished");
    }
    theirs.stop();
    ours.stop();
    world.finish();
}

#[test]
fn a_job_of_a_worker_whose_clock_is_behind_is_left_to_it() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='slow', retry=Retry(max=1)", gate.literal()));
    let mut command = world.command(&world.venv.program("rq"));
    command.args(["worker", "-u", &world.redis.url(), "--name", "theirs", "default"]);
    match Skew::new(&world) {
        Ok(skew) => skew.apply(&mut command, -3600),
        Err(missing) => return skipped(&missing),
    }
    let mut theirs = world.start(command);
    gate.wait_for_arrival();
    world.wait_for_status("slow", "started");

    let foretold = report(&world, &["--fix", "--dry-run", "--no-import"]);
    let told = report(&world, &["--fix", "--no-import"]);

    assert_eq!((repairs(&foretold), repairs(&told)), (Vec::new(), Vec::new()));
    assert_eq!(
        found(&told, "clock.leases"),
        "1 job runs under leases that are over by the clock of Redis: slow"
    );
    assert_eq!(severity(&told, "jobs.abandoned"), None);
    gate.open();
    world.wait_for_status("slow", "finished");
    theirs.stop();
    world.finish();
}

#[test]
fn a_job_that_runs_in_no_registry_is_told() {
    let world = World::new();
    kill_python_worker_at_work(&world, "");
    world.client.exec("conn.delete('rq:wip:default', 'rq:worker:theirs', *conn.keys('rq:execution:cut:*'))");

    let told = report(&world, &["--no-import"]);

    assert_eq!(found(&told, "jobs.lost"), "1 job says that it runs, and no worker has it in hand: cut");
}

#[test]
fn a_user_who_may_do_hardly_anything_is_told_what_is_missing() {
    let world = World::new();
    let user = ["ACL", "SETUSER", "app", "on", ">pw", "~rq:*", "-@all", "+ping", "+exists"];
    let _: String = world.redis.command(&user);
    let url = format!("unix://app:pw@{}", world.redis.socket().display());

    let exit = world.rq_with_url(&url, "doctor", &["--no-import"]);

    assert_eq!(exit.code(), 1, "{}", exit.stderr);
    assert!(exit.stdout.contains("problem  the user app is refused multi"), "{}", exit.stdout);
    assert!(exit.stdout.contains("ACL SETUSER app +multi"), "{}", exit.stdout);
    assert!(exit.stdout.contains("note     not all of the workers, queues and jobs"), "{}", exit.stdout);
    assert!(!exit.stdout.contains("no queues yet"), "{}", exit.stdout);
}

#[test]
fn codes_tell_apart_what_was_found_and_what_was_not_reached() {
    let world = World::new();
    let _: String = world.redis.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);

    let sick = doctor(&world, &[]);
    let away = doctor(&world, &["-u", "unix:///nowhere/redis.sock"]);
    let wrong = doctor(&world, &["--dry-run"]);
    let broken = doctor(&world, &["-c", "nothing.toml"]);
    let without_python = world.rq_of(Subject::Ours, "doctor", &["--python", "/nowhere/python"]);

    assert_eq!((sick.code(), away.code(), wrong.code(), broken.code()), (1, 69, 2, 78));
    assert!(sick.stdout.contains("problem  maxmemory-policy is allkeys-lru"), "{}", sick.stdout);
    assert_eq!(without_python.code(), 1);
    assert!(
        without_python.stdout.contains("there is no such executable file, found \"/nowhere/python\""),
        "{}",
        without_python.stdout
    );
    assert!(sick.stdout.contains("CONFIG SET maxmemory-policy noeviction"), "{}", sick.stdout);
}
