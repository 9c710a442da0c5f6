//! `rq status`, `rq reload`, `rq quiet` and `rq stop`.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::thread;

use serde_json::{Value, json};

use super::Folder;
use super::folder::{assert_refused, run};
use crate::harness::{SOON, World, wait_until};

/// `rq` that looks for daemons nowhere but in a folder of this test.
fn rq(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = folder.rq(arguments);
    command.env("RQ_RUNTIME_DIR", folder.path("run"));
    command
}

/// Stands for a daemon: answers each question by its command.
fn daemon(folder: &Folder, answer: fn(&str) -> Value) {
    let sockets = folder.path("run");
    std::fs::create_dir_all(&sockets).unwrap();
    let listener = UnixListener::bind(sockets.join("7.sock")).unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = BufReader::new(client.unwrap());
            let mut line = String::new();
            client.read_line(&mut line).unwrap();
            // Whoever only looks whether somebody listens asks nothing.
            let Ok(question) = serde_json::from_str::<Value>(&line) else { continue };
            let reply = answer(question["message"]["command"].as_str().unwrap());
            writeln!(client.get_mut(), "{}", json!({"version": 1, "message": reply})).unwrap();
        }
    });
}

fn answers(command: &str) -> Value {
    let reload =
        |outcome: &str| json!({"reply": "reload", "outcome": outcome, "asked_by": "rq reload", "at": 1.0});
    match command {
        "status" => json!({
            "reply": "status", "pid": 7, "version": "0.1.0", "started_at": 1.0, "state": "running", "generation": 1,
            "application": "Python 3.12", "groups": [{"name": "default", "wanted": 1, "workers": [
                {"name": "w1", "queues": ["high"], "state": "busy", "job": "j1", "since": 1.0, "jobs_done": 3}
            ]}]
        }),
        "reload" => reload("refused"),
        "quiet" => json!({"reply": "done", "workers": ["w1"]}),
        _ => json!({"reply": "refused", "error": "not now"}),
    }
}

#[test]
fn where_no_daemon_runs_it_is_said_and_is_a_failure() {
    let folder = Folder::new();
    for command in ["status", "reload", "quiet", "stop"] {
        assert_refused(&run(rq(&folder, &[command])), 1, &["no rq daemon runs here (of this user)"]);
    }

    let exit = run(rq(&folder, &["status", "--json"]));

    assert_eq!((exit.code(), exit.stdout.as_str()), (1, "[]\n"));
}

#[test]
fn a_daemon_of_this_machine_answers() {
    let folder = Folder::new();
    daemon(&folder, answers);

    let status = run(rq(&folder, &["status"]));
    assert_eq!(status.code(), 0, "{}", status.stderr);
    assert!(status.stdout.contains("daemon 7 (rqd 0.1.0): running since"), "{}", status.stdout);
    assert!(status.stdout.contains("default  w1      busy   high    j1"), "{}", status.stdout);

    let status: Value = serde_json::from_str(&run(rq(&folder, &["status", "--json"])).stdout).unwrap();
    assert_eq!(status[0]["groups"][0]["workers"][0]["job"], "j1");

    let quiet = run(rq(&folder, &["quiet", "w1"]));
    assert_eq!((quiet.code(), quiet.stdout.as_str()), (0, "daemon 7: w1 takes no new jobs\n"));

    let reload = run(rq(&folder, &["reload", "7"]));
    assert_eq!(
        (reload.code(), reload.stdout.as_str()),
        (78, "daemon 7: the configuration is refused, nothing was changed\n")
    );

    assert_refused(&run(rq(&folder, &["stop"])), 1, &["daemon 7: not now"]);
}

#[test]
fn answers_for_programs_are_in_json() {
    let folder = Folder::new();
    daemon(&folder, answers);

    let exit = run(rq(&folder, &["quiet", "--json"]));

    let told: Value = serde_json::from_str(&exit.stdout).unwrap();
    let reply = json!({"reply": "done", "workers": ["w1"]});
    assert_eq!(told, json!([{"pid": 7, "worker": null, "reply": reply, "error": null}]));
}

#[test]
fn a_socket_that_a_dead_daemon_left_is_no_daemon() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("run")).unwrap();
    drop(UnixListener::bind(folder.path("run/7.sock")).unwrap());

    assert_refused(&run(rq(&folder, &["status"])), 1, &["no rq daemon runs here"]);

    assert!(!folder.path("run/7.sock").exists());
}

#[test]
fn a_worker_anywhere_is_stopped_through_redis() {
    let world = World::new();
    let folder = Folder::new();
    let url = &world.redis.url();
    for wanted in [["stop", "w1", "-u", url], ["stop", "--all", "-u", url]] {
        let mut worker = world.idle_worker(&["--name", "w1"]);

        let exit = run(rq(&folder, &wanted));

        assert_eq!((exit.code(), exit.stdout.as_str()), (0, "worker w1: was told\n"), "{}", exit.stderr);
        assert_eq!(worker.wait_exit().code(), 0);
    }
    world.finish();
}

#[test]
fn a_worker_that_is_not_among_this_machines_is_looked_for_in_redis() {
    let world = World::new();
    let folder = Folder::new();
    let mut worker = world.idle_worker(&["--name", "w1"]);
    let mut command = rq(&folder, &["stop", "w1"]);
    command.env("RQ_REDIS_URL", world.redis.url());

    assert_eq!(run(command).code(), 0);

    assert_eq!(worker.wait_exit().code(), 0);
    world.finish();
}

#[test]
fn workers_that_cannot_obey_are_told_by_name() {
    let world = World::new();
    let folder = Folder::new();
    let url = &world.redis.url();
    world.client.exec("conn.hset('rq:worker:theirs', 'birth', '2026-01-01T00:00:00.000000Z')");
    world.client.exec("conn.expire('rq:worker:theirs', 100)");
    wait_until(SOON, "the worker's hash", || world.client.eval("conn.exists('rq:worker:theirs')") == 1);

    assert_refused(&run(rq(&folder, &["stop", "w9", "-u", url])), 1, &["worker w9: there is no such worker"]);
    assert_refused(&run(rq(&folder, &["reload", "theirs", "-u", url])), 1, &["this is a worker of Python's"]);
    assert_refused(
        &run(rq(&folder, &["stop", "theirs", "-u", url])),
        1,
        &["worker theirs: it hears no commands now"],
    );
    assert_refused(&run(rq(&folder, &["stop", "--all", "-u", url])), 1, &["no worker is registered"]);
}

#[test]
fn a_command_through_redis_needs_to_know_for_whom_and_where() {
    let folder = Folder::new();

    assert_refused(
        &run(rq(&folder, &["quiet", "-u", "redis://127.0.0.1:1"])),
        2,
        &["no worker is named", "--all"],
    );
    assert_refused(
        &run(rq(&folder, &["quiet", "w1", "-u", "redis://127.0.0.1:1"])),
        69,
        &["redis did not answer"],
    );
    assert_refused(&run(rq(&folder, &["quiet", "w1", "--all"])), 2, &["cannot be used with"]);
}

/// Stands for a worker elsewhere that answers a command by what it heard.
const ANSWERING: &str = r"
import threading
ear = conn.pubsub(ignore_subscribe_messages=True)
ear.subscribe('rq:pubsub:w1')
conn.hset('rq:worker:w1', mapping={'birth': 'now', 'rqd_version': '0.1.0'})
conn.expire('rq:worker:w1', 100)

def answer():
    message = next(ear.listen())
    heard = json.loads(message['data'])
    change = {'key': 'heard', 'from': None, 'to': heard['command'], 'origin': 'test', 'applies': str(heard['code'])}
    reply = {'reply': 'reload', 'outcome': 'applied', 'asked_by': 'w1', 'at': 1.0, 'changes': [change]}
    conn.rpush('rq:rqd:reply:' + heard['id'], json.dumps({'version': 1, 'message': reply}))

threading.Thread(target=answer, daemon=True).start()
";

#[test]
fn the_answer_of_a_worker_elsewhere_can_be_waited_for() {
    let world = World::new();
    let folder = Folder::new();
    world.client.exec(ANSWERING);
    let subscribed = "conn.pubsub_numsub('rq:pubsub:w1')[0][1]";
    wait_until(SOON, "the subscription", || world.client.eval(subscribed) == 1);

    let exit = run(rq(&folder, &["reload", "--code", "--wait", "w1", "-u", &world.redis.url()]));

    let told = "worker w1: the configuration is applied\n  heard changed: - -> reload (test), True\n";
    assert_eq!((exit.code(), exit.stdout.as_str()), (0, told), "{}", exit.stderr);
}
