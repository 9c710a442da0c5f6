//! `rq jobs`, `rq queues`, `rq workers`, and the other names of the binary.

use std::{io::Write, os::unix::fs::symlink, path::Path, process::Stdio};

use serde_json::{Value, json};

use super::folder::assert_refused;
use crate::harness::{Exit, Subject, Terminal, World};

/// Jobs in several states, whose ids tell which.
fn furnished() -> World {
    let world = World::new();
    world.client.exec(
        "import time
q.enqueue('jobs.raising.plain', job_id='failed')
low = queue('low')
low.enqueue('jobs.returns.value', 1, job_id='finished')",
    );
    world.work(&["default", "low"]);
    world.client.exec(
        "first = q.enqueue('jobs.returns.value', 1, job_id='queued')
q.enqueue('jobs.returns.add', 1, 2, job_id='queued-2', description='words')
q.enqueue('jobs.returns.value', 1, job_id='deferred', depends_on=first)
q.enqueue_in(timedelta(hours=1), 'jobs.returns.value', 1, job_id='scheduled')
queue('low').enqueue('jobs.returns.value', 1, job_id='old')
conn.hset('rq:job:old', 'enqueued_at', '2026-01-01T00:00:00.000000Z')
q.enqueue('jobs.returns.value', 1, job_id='canceled').cancel()
running = q.enqueue('jobs.returns.value', 1, job_id='started')
conn.lrem('rq:queue:default', 1, 'started')
conn.hset('rq:job:started', mapping={'status': 'started', 'started_at': '2026-11-22T07:33:16.378843Z'})
conn.zadd('rq:wip:default', {'started:execution': time.time() + 90})",
    );
    world
}

fn ids(world: &World, arguments: &[&str]) -> Vec<String> {
    let exit = world.rq_of(Subject::Ours, "jobs", &[arguments, &["--ids"]].concat());
    assert_eq!((exit.code(), exit.stderr.as_str()), (0, ""), "{arguments:?}");
    exit.stdout.lines().map(str::to_owned).collect()
}

fn from_stdin(world: &World, arguments: &[&str], text: &str) -> Exit {
    let mut command = world.rq_command(Subject::Ours, "jobs", arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    Exit::of(&child.wait_with_output().unwrap())
}

#[test]
fn jobs_are_found_by_queue_state_function_and_age() {
    let world = furnished();
    for (arguments, expected) in [
        (&["--state", "failed"][..], &["failed"][..]),
        (&["-s", "queued", "-s", "deferred", "-q", "default"], &["queued", "queued-2", "deferred"]),
        (&["-q", "low"], &["old", "finished"]),
        (&["-f", "jobs.returns.add"], &["queued-2"]),
        (&["-f", "jobs.rais*", "-q", "default"], &["failed"]),
        (&["--older-than", "30d", "--state", "queued"], &["old"]),
        (&["--newer-than", "1h", "--state", "queued"], &["queued", "queued-2"]),
        (&["-s", "started"], &["started"]),
        (&["-s", "scheduled", "-s", "canceled"], &["scheduled", "canceled"]),
        (&["-s", "stopped"], &[]),
        (&["-q", "no-such-queue"], &[]),
        (&["queued", "failed", "-s", "failed"], &["failed"]),
        (&["-s", "queued", "-n", "0"], &["queued", "queued-2", "old"]),
    ] {
        assert_eq!(ids(&world, arguments), expected, "{arguments:?}");
    }
}

#[test]
fn jobs_are_found_wherever_they_wait() {
    let world = World::new();
    world.client.exec(
        "from rq.rate_limit import RateLimit
limit = RateLimit('k', 1)
for name in 'abc': q.enqueue('jobs.returns.value', 1, job_id=name, rate_limit=limit)
queue('low').enqueue('jobs.returns.value', 1, job_id='d', rate_limit=limit)
for name in ['taken', 'ready']: q.enqueue('jobs.returns.value', 1, job_id=name)
conn.lrem('rq:queue:default', 1, 'taken')
conn.rpush('rq:queue:default:intermediate', 'taken')
conn.lrem('rq:queue:default', 1, 'ready')
conn.hset('rq:job:ready', 'status', 'ready_to_enqueue')
conn.zadd('rq:ready:default', {'ready': 1})
conn.zadd('rq:failed:default', {'a': 9999999999})",
    );
    for (arguments, expected) in [
        (&["-s", "queued"][..], &["a", "taken"][..]),
        (&["-s", "rate_limited"], &["b", "c", "d"]),
        (&["-s", "rate-limited", "-q", "low"], &["d"]),
        (&["-s", "ready"], &["ready"]),
        (&["-s", "ready_to_enqueue", "-s", "rate_limited", "-q", "default"], &["ready", "b", "c"]),
        (&["-q", "default"], &["a", "taken", "ready", "b", "c"]),
    ] {
        assert_eq!(ids(&world, arguments), expected, "{arguments:?}");
    }

    let canceled = world.rq_of(Subject::Ours, "jobs", &["-q", "default", "--cancel"]);

    assert_eq!((canceled.code(), canceled.stdout.as_str()), (0, "5 jobs canceled\n"));
    // Nobody else had the slot.
    assert_eq!(world.client.eval("[q.job_ids, queue('low').job_ids]"), json!([[], ["d"]]));
}

#[test]
fn what_was_done_is_told_to_programs() {
    let world = furnished();
    let told = |command: &str, arguments: &[&str]| -> Value {
        let exit = world.rq_of(Subject::Ours, command, &[arguments, &["--json"]].concat());
        assert!(exit.stderr.is_empty(), "{command} {arguments:?}: {}", exit.stderr);
        serde_json::from_str(&exit.stdout)
            .unwrap_or_else(|error| panic!("{command}: {error}: {}", exit.stdout))
    };

    assert_eq!(told("suspend", &[]), json!({"suspended": true, "duration": null}));
    assert_eq!(told("suspend", &["--duration", "60"]), json!({"suspended": true, "duration": 60}));
    assert_eq!(told("resume", &[]), json!({"suspended": false}));
    assert_refused(&world.rq_of(Subject::Ours, "suspend", &["--json", "--duration", "0"]), 1, &["duration"]);
    assert_eq!(
        told("enqueue", &["--job-id", "new", "f", "x"]),
        json!({"id": "new", "status": "queued", "queue": "default", "description": "f('x')", "due": null})
    );
    let later = told("enqueue", &["-q", "low", "--job-id", "later", "--schedule-in", "1h", "f"]);
    assert_eq!((&later["status"], later["due"].is_string()), (&json!("scheduled"), true));
    assert_eq!(
        told("requeue", &["--queue", "default", "failed", "queued", "nobody"]),
        json!([
            {"id": "failed", "done": true, "reason": null},
            {"id": "queued", "done": false, "reason": "queued"},
            {"id": "nobody", "done": false, "reason": "gone"},
        ])
    );
    assert_eq!(told("requeue", &["--queue", "default", "--all"]), json!([]));
    assert_eq!(
        told("empty", &["low", "default", "--dry-run"]),
        json!([
            {"queue": "low", "waiting": 1, "removed": 0},
            {"queue": "default", "waiting": 4, "removed": 0},
        ])
    );
    assert_eq!(told("empty", &["low"]), json!([{"queue": "low", "waiting": 1, "removed": 1}]));
    assert_eq!(told("empty", &[]), json!([]));
}

#[test]
fn a_mistyped_name_is_answered_with_the_right_one() {
    let world = furnished();
    for (command, arguments) in [
        ("empty", &["defualt"][..]),
        ("info", &["defualt"]),
        ("queues", &["defualt"]),
        ("workers", &["--queue", "defualt"]),
        ("jobs", &["-q", "defualt"]),
        ("requeue", &["--all", "--queue", "defualt"]),
    ] {
        let exit = world.rq_of(Subject::Ours, command, arguments);

        assert_eq!(exit.code(), 0, "{command}");
        assert_eq!(exit.stderr, "hint: there is no queue defualt; did you mean default?\n", "{command}");
        let other =
            world.rq_of(Subject::Ours, command, &[&arguments[..arguments.len() - 1], &["other"]].concat());
        assert!(!other.stderr.contains("did you mean"), "{command}: {}", other.stderr);
    }
    world.client.exec(
        "conn.sadd('rq:workers', 'rq:worker:mailer-1')
conn.hset('rq:worker:mailer-1', mapping={'birth': '2026-01-01T00:00:00.000000Z', 'queues': 'mail'})",
    );
    let run = |words: &[&str]| {
        let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
        Exit::of(&command.args(words).args(["-u", &world.redis.url()]).output().unwrap())
    };
    for id in ["finis", "finihsed"] {
        assert_refused(&run(&["job", "show", id]), 1, &["there is no job", "hint: did you mean finished?"]);
    }
    assert_refused(&run(&["job", "show", "nothing-like-it"]), 1, &["is it the right Redis"]);
    assert_refused(&run(&["stop", "mialer-1"]), 1, &["no such worker; did you mean mailer-1?"]);
    assert_refused(&run(&["stack", "mialer-1"]), 1, &["did you mean mailer-1?"]);
    assert_refused(&run(&["stack", "statred"]), 1, &["did you mean started?"]);
}

#[test]
fn a_list_is_for_people_and_for_programs() {
    let world = furnished();

    let table = world.rq_of(Subject::Ours, "jobs", &["-q", "default", "-s", "queued"]).stdout;
    let told: Value =
        serde_json::from_str(&world.rq_of(Subject::Ours, "jobs", &["queued-2", "--json"]).stdout).unwrap();
    let cut = world.rq_of(Subject::Ours, "jobs", &["--limit", "1"]);

    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["JOB", "STATE", "QUEUE", "AGE", "CALL"]);
    assert_eq!(
        (rows[1][0], rows[1][1], rows[1][2], rows[1][4]),
        ("queued", "queued", "default", "jobs.returns.value(1)")
    );
    assert_eq!(rows[2][4], "words");
    assert_eq!(told[0]["function"], "jobs.returns.add");
    assert_eq!((told[0]["status"].as_str(), told[0]["ended_at"].clone()), (Some("queued"), Value::Null));
    assert_eq!(cut.stdout.lines().count(), 2);
    assert!(cut.stderr.contains("--limit"), "{}", cut.stderr);
    let missing = world.rq_of(Subject::Ours, "jobs", &["nobody"]);
    assert_eq!(missing.code(), 1);
    assert!(missing.stderr.contains("nobody: there is no such job"), "{}", missing.stderr);
}

#[test]
fn jobs_are_retried_canceled_and_deleted_in_bulk() {
    let world = furnished();

    let retried = world.rq_of(Subject::Ours, "jobs", &["-q", "default", "--retry"]);
    let canceled = world.rq_of(Subject::Ours, "jobs", &["-s", "scheduled", "-s", "deferred", "--cancel"]);
    let deleted = from_stdin(&world, &["-", "--delete"], "old\nfinished\n");

    assert_eq!((retried.code(), retried.stdout.as_str()), (0, "1 jobs requeued\n"));
    assert_eq!((canceled.code(), canceled.stdout.as_str()), (0, "2 jobs canceled\n"));
    assert_eq!((deleted.code(), deleted.stdout.as_str()), (0, "2 jobs deleted\n"));
    assert_eq!(world.client.eval("q.job_ids"), json!(["queued", "queued-2", "failed"]));
    assert_eq!(
        world.client.eval("sorted(CanceledJobRegistry(queue=q).get_job_ids())"),
        json!(["canceled", "deferred", "scheduled"])
    );
    for gone in [
        "rq:job:old",
        "rq:job:finished",
        "rq:results:finished",
        "rq:finished:low",
        "rq:queue:low",
        "rq:scheduled:default",
    ] {
        assert!(!world.redis.exists(gone), "{gone}");
    }
    assert_eq!(world.view("deferred")["status"], "canceled");
}

#[test]
fn what_is_named_twice_is_meant_once() {
    let world = furnished();

    let deleted = world.rq_of(Subject::Ours, "jobs", &["queued", "old", "queued", "--delete"]);
    let emptied = world.rq_of(Subject::Ours, "empty", &["default", "low", "default", "--json"]);

    assert_eq!((deleted.code(), deleted.stdout.as_str()), (0, "2 jobs deleted\n"));
    assert_eq!(
        serde_json::from_str::<Value>(&emptied.stdout).unwrap(),
        json!([
            {"queue": "default", "waiting": 1, "removed": 1},
            {"queue": "low", "waiting": 0, "removed": 0},
        ])
    );
}

#[test]
fn what_cannot_be_done_is_told_by_job() {
    let world = furnished();

    let exit = world.rq_of(Subject::Ours, "jobs", &["started", "queued", "nobody", "--delete"]);
    let told = world.rq_of(Subject::Ours, "jobs", &["started", "queued-2", "nobody", "--cancel", "--json"]);
    let open = world.rq_of(Subject::Ours, "jobs", &["--delete"]);
    let dry = world.rq_of(Subject::Ours, "jobs", &["-s", "failed", "--delete", "--dry-run", "--ids"]);

    assert_eq!((exit.code(), exit.stdout.as_str()), (1, "1 jobs deleted\n"));
    assert_eq!(
        exit.stderr,
        "started was not deleted: it is started\nnobody was not deleted: there is no such job\n"
    );
    assert_eq!(told.code(), 1);
    assert_eq!(
        serde_json::from_str::<Value>(&told.stdout).unwrap(),
        json!([
            {"id": "started", "done": false, "reason": "started"},
            {"id": "queued-2", "done": true, "reason": null},
            {"id": "nobody", "done": false, "reason": "gone"},
        ])
    );
    assert_refused(&open, 2, &["it is not said which jobs", "--queue"]);
    assert_eq!((dry.code(), dry.stdout.as_str()), (0, "failed\n"));
    assert_eq!(world.view("failed")["status"], "failed");
}

#[test]
fn a_person_is_asked_before_jobs_are_changed() {
    let world = furnished();
    let mut terminal = Terminal::run(&world.rq_command(Subject::Ours, "jobs", &["-s", "failed", "--delete"]));
    terminal.wait_for("Delete 1 jobs? [y/N] ");
    terminal.press(b"n\n");
    assert_eq!(terminal.wait_exit(), Some(1));
    assert!(world.redis.exists("rq:job:failed"));

    let mut terminal =
        Terminal::run(&world.rq_command(Subject::Ours, "jobs", &["-s", "failed", "--delete", "--yes"]));
    terminal.wait_for("1 jobs deleted");
    assert_eq!(terminal.wait_exit(), Some(0));
    assert!(!world.redis.exists("rq:job:failed"));
}

#[test]
fn queues_are_told_by_their_numbers() {
    let world = furnished();

    let table = world.rq_of(Subject::Ours, "queues", &[]).stdout;
    let told: Value =
        serde_json::from_str(&world.rq_of(Subject::Ours, "queues", &["low", "--json"]).stdout).unwrap();

    let default: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!((default[0], default[1]), ("default", "2"));
    assert_eq!(default[3..], ["1", "1", "1", "1", "0", "0"]);
    assert_eq!((told[0]["name"].as_str(), told[0]["waiting"].as_u64()), (Some("low"), Some(1)));
    assert!(told[0]["oldest_waits"].as_f64().unwrap() > 86_400.0);
    assert_eq!(told.as_array().unwrap().len(), 1);
}

#[test]
fn workers_are_told_wherever_they_listen() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "w1", "mail", "low"]);

    let table = world.rq_of(Subject::Ours, "workers", &[]).stdout;
    let told = |arguments: &[&str]| -> Value {
        let arguments = [&["--json"], arguments].concat();
        serde_json::from_str(&world.rq_of(Subject::Ours, "workers", &arguments).stdout).unwrap()
    };

    let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!((row[0], row[1], row[2]), ("w1", "idle", "mail,low"));
    assert_eq!(told(&["-q", "low"])[0]["queues"], json!(["mail", "low"]));
    assert!(told(&[])[0]["heartbeat_age"].as_f64().is_some());
    assert_eq!(told(&["-q", "other"]), json!([]));
    world.stop(&mut worker);
    assert_eq!(told(&[]), json!([]));
    world.finish();
}

#[test]
fn the_binary_goes_by_rqs_other_names() {
    let world = World::new();
    for name in ["rqworker", "rqinfo"] {
        symlink(env!("CARGO_BIN_EXE_rq"), world.path(name)).unwrap();
    }
    let job = world.enqueue("'jobs.returns.value', 1");
    let run = |name: &str, arguments: &[&str]| {
        let mut command = world.command(Path::new(&world.path(name)));
        Exit::of(&command.args(arguments).args(["-u", &world.redis.url()]).output().unwrap())
    };

    let python = world.venv.python();
    let worker = run("rqworker", &["--burst", "--python", python.to_str().unwrap(), "-ds", "default"]);
    let info = run("rqinfo", &["-Q", "--raw"]);

    assert_eq!(worker.code(), 0, "{}", worker.stderr);
    assert_eq!(world.view(&job)["result"], 1);
    assert_eq!(info.stdout, "queue default 0, 0 executing, 1 finished, 0 failed\n");
    world.finish();
}
