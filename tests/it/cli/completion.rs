//! Completion of words, as a shell asks for it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::Folder;
use super::folder::python;
use crate::harness::{Exit, SOON, World, wait_until};

/// What bash offers for the last of the words, in this order.
fn offered(mut shell: Command, words: &[&str]) -> Vec<String> {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let (index, last) = (words.len() - 1, quoted.last().unwrap());
    let script = format!(
        "source <(rq completions bash); COMP_WORDS=({}); COMP_CWORD={index}; \
         _clap_complete_rq rq {last} ''; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        quoted.join(" ")
    );
    let programs = Path::new(env!("CARGO_BIN_EXE_rq")).parent().unwrap();
    shell.args(["-c", &script]).env("PATH", format!("{}:/usr/bin:/bin", programs.display()));
    let Output { stdout, stderr, .. } =
        shell.env("RQ_PYTHON", python()).stdin(Stdio::null()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&stderr), "");
    let stdout = String::from_utf8(stdout).unwrap();
    stdout.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

fn bash(world: &World) -> Command {
    world.command(Path::new("bash"))
}

#[test]
fn commands_and_options_are_completed() {
    let world = World::new();

    assert_eq!(offered(bash(&world), &["rq", "worker-"]), ["worker-pool"]);
    assert_eq!(offered(bash(&world), &["rq", "config", "sh"]), ["show"]);
    assert_eq!(offered(bash(&world), &["rq", "worker", "--max-j"]), ["--max-jobs"]);
    assert_eq!(offered(bash(&world), &["rq", "config", "explain", "shutdown."]), ["shutdown.deadline"]);
    world.finish();
}

#[test]
fn queues_come_from_the_redis_that_the_words_so_far_name() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1");
    world.client.eval("queue('mail').enqueue('jobs.returns.value', 2).id");

    for words in [
        &["rq", "worker", "-u", &world.redis.url(), "ma"][..],
        &["rq", "worker", "-c", "settings", "--burst", "default", "ma"],
    ] {
        // A machine that is busy may not answer in time: then there is nothing, and one presses Tab again.
        wait_until(SOON, "the queue to be offered", || offered(bash(&world), words) == ["mail"]);
    }
    let shell = || {
        let mut shell = bash(&world);
        shell.env("RQ_REDIS_URL", world.redis.url());
        shell
    };
    wait_until(SOON, "both queues to be offered", || {
        let offered = offered(shell(), &["rq", "worker", "mail", ""]);
        ["default", "mail"].iter().all(|queue| offered.iter().any(|one| one == queue))
    });
    world.finish();
}

#[test]
fn workers_and_daemons_of_this_machine_and_workers_in_redis_are_completed() {
    let world = World::new();
    let mut worker = world.idle_worker(&["--name", "here"]);
    let pid = worker.pid().to_string();

    wait_until(SOON, "the worker to be offered", || offered(bash(&world), &["rq", "stop", "he"]) == ["here"]);
    wait_until(SOON, "the daemon to be offered", || {
        offered(bash(&world), &["rq", "quiet", &pid]) == [pid.clone()]
    });
    let elsewhere = || {
        let mut elsewhere = bash(&world);
        elsewhere.env("RQ_RUNTIME_DIR", world.path("none"));
        elsewhere
    };
    let words = ["rq", "reload", "-u", &world.redis.url(), "he"];
    wait_until(SOON, "the worker in Redis to be offered", || offered(elsewhere(), &words) == ["here"]);
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn ids_of_jobs_come_from_where_they_may_stand() {
    let world = World::new();
    world.client.exec(
        "q.enqueue('jobs.raising.plain', job_id='x-failed')
queue('low').enqueue('jobs.raising.plain', job_id='x-low')",
    );
    world.work(&["default", "low"]);
    world.client.exec(
        "q.enqueue('jobs.returns.value', 1, job_id='x-queued')
q.enqueue('jobs.returns.value', 1, job_id='x-runs')
conn.lrem('rq:queue:default', 1, 'x-runs')
conn.zadd('rq:wip:default', {'x-runs:execution': 9999999999})",
    );
    let url = world.redis.url();
    for (words, expected) in [
        (&["rq", "job", "show", "-u", &url, "x-"][..], &["x-failed", "x-low", "x-queued", "x-runs"][..]),
        (&["rq", "jobs", "-u", &url, "x-f"], &["x-failed"]),
        (&["rq", "requeue", "-u", &url, "x-"], &["x-failed", "x-low"]),
        (&["rq", "requeue", "-u", &url, "--queue", "low", "x-"], &["x-low"]),
        (&["rq", "requeue", "-u", &url, "-q", "low", "x-"], &["x-low"]),
        (&["rq", "stack", "-u", &url, "x-"], &["x-runs"]),
        (&["rq", "enqueue", "-u", &url, "--depends-on", "x-q"], &["x-queued"]),
        (&["rq", "jobs", "-u", &url, "--queue", "lo"], &["low"]),
        (&["rq", "jobs", "-u", &url, "--queue", ""], &["default", "low"]),
        (&["rq", "jobs", "-u", &url, "-q", ""], &["default", "low"]),
    ] {
        wait_until(SOON, &format!("{words:?}"), || offered(bash(&world), words) == expected);
    }
}

#[test]
fn where_redis_is_away_nothing_is_offered_and_nothing_is_said() {
    let world = World::new();

    for source in [["-u", "redis://localhost:1"], ["-u", "nonsense"], ["-c", "nowhere.toml"]] {
        assert_eq!(
            offered(bash(&world), &["rq", "worker", source[0], source[1], "x"]),
            [""; 0],
            "{source:?}"
        );
    }
    world.redis.freeze();
    for words in [&["rq", "worker", "-c", "settings", "x"][..], &["rq", "job", "show", "-c", "settings", "x"]]
    {
        assert_eq!(offered(bash(&world), words), [""; 0]);
    }
    world.redis.thaw();
    world.finish();
}

#[test]
fn there_is_a_script_for_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let Exit { stdout, stderr, .. } = Folder::new().run(&["completions", shell]);

        assert!(stdout.contains("RQ_COMPLETE") && stderr.is_empty(), "{shell}: {stdout}{stderr}");
    }
    assert_eq!(Folder::new().run(&["completions", "csh"]).code(), 2);
}
