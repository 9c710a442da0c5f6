//! `rq run` and the groups of a configuration.

use std::fs;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::harness::{World, text};

/// Two groups that differ in all that can be seen.
const TWO: &str = r#"
[worker]
queues = ["default"]
name = "w"

[group.mail]
queues = ["mail", "default"]
workers = 2
dequeue_strategy = "round_robin"

[group.heavy]
queues = ["heavy"]
name = "heavy-%i"
preload = ["jobs.marks"]
"#;

/// A configuration in a file of this name, with the Redis of the test.
fn write(world: &World, name: &str, text: &str) {
    fs::write(world.path(name), text).unwrap();
}

/// `rq run`, or another command, by that file.
fn run(world: &World, command: &str, file: &str) -> Command {
    let mut command = world.command_named(command);
    command.args(["-c", file, "-u", &world.redis.url()]);
    command
}

/// The workers that are idle, by their names, and their queues.
fn queues(world: &World) -> Vec<(String, String)> {
    world.workers_that_are("idle").iter().map(|(name, hash)| (name.clone(), text(hash, "queues"))).collect()
}

fn named(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, queues)| ((*name).to_owned(), (*queues).to_owned())).collect()
}

#[test]
fn each_group_has_its_own_queues_counts_and_names() {
    let world = World::new();
    write(&world, "rq.toml", TWO);
    let mut daemon = world.start(run(&world, "run", "rq.toml"));
    world.wait_for_idle(3);

    assert_eq!(
        queues(&world),
        named(&[("heavy-1", "heavy"), ("w-mail-1", "mail,default"), ("w-mail-2", "mail,default")])
    );
    for (queue, worker) in [("mail", "w-mail-"), ("default", "w-mail-"), ("heavy", "heavy-1")] {
        let enqueued = format!("Queue({queue:?}, connection=conn).enqueue('jobs.returns.value', 1).id");
        let job = world.client.eval(&enqueued).as_str().unwrap().to_owned();
        world.wait_for_status(&job, "finished");
        assert!(world.view(&job)["worker_name"].as_str().unwrap().starts_with(worker), "{queue}");
    }
    daemon.signal(Signal::SIGTERM);
    assert_eq!(daemon.wait_exit().code(), 0);
    world.finish();
}

#[test]
fn a_preload_of_a_group_is_not_that_of_another() {
    let world = World::new();
    write(&world, "rq.toml", TWO);
    let mut daemon = world.start(run(&world, "run", "rq.toml"));
    world.wait_for_idle(3);

    for (queue, is_loaded) in [("mail", false), ("heavy", true)] {
        let call = format!(
            "Queue({queue:?}, connection=conn).enqueue('jobs.surroundings.modules', 'jobs.marks').id"
        );
        let job = world.client.eval(&call).as_str().unwrap().to_owned();
        world.wait_for_status(&job, "finished");
        assert_eq!(world.view(&job)["result"], json!([is_loaded]), "{queue}");
    }
    daemon.stop();
    world.finish();
}

#[test]
fn without_groups_it_runs_what_the_worker_table_says() {
    let world = World::new();
    write(&world, "rq.toml", "[worker]\nqueues = [\"high\", \"low\"]\ncount = 2\nname = \"w\"\n");
    let mut daemon = world.start(run(&world, "run", "rq.toml"));

    world.wait_for_idle(2);

    assert_eq!(queues(&world), named(&[("w-1", "high,low"), ("w-2", "high,low")]));
    assert!(!world.redis.exists("rq:scheduler-lock:high"), "nobody asked for a scheduler");
    daemon.stop();
    world.finish();
}

#[test]
fn a_worker_passes_over_groups_and_says_so() {
    let world = World::new();
    write(&world, "rq.toml", TWO);
    for command in ["worker", "worker-pool"] {
        let mut daemon = world.start(run(&world, command, "rq.toml"));
        world.wait_for_idle(1);

        assert_eq!(queues(&world), named(&[("w", "default")]));

        let exit = daemon.stop();
        let told = format!("{}{}", exit.stdout, exit.stderr);
        assert!(
            told.contains("groups of the configuration are not run, as only `rq run` does so: heavy, mail"),
            "{told}"
        );
    }
    let told = world.start(run(&world, "run", "rq.toml"));
    world.wait_for_idle(3);
    assert!(!told.stdout.text().contains("are not run"));
    drop(told);
}

#[test]
fn a_burst_of_groups_ends_when_all_their_queues_are_empty() {
    let world = World::new();
    write(&world, "rq.toml", TWO);
    world.client.exec("jobs = [Queue(name, connection=conn).enqueue('jobs.returns.value', 1).id for name in ('mail', 'heavy') * 5]");
    let mut command = run(&world, "run", "rq.toml");
    command.arg("--burst");

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert_eq!(world.client.eval("{view(job)['status'] for job in jobs} == {'finished'}"), true);
    world.finish();
}

#[test]
fn groups_can_be_said_in_every_form() {
    let yaml = "group:\n  mail:\n    queues: [mail]\n    workers: {min: 2, max: 3}\n    name: m\n";
    let ini = "[group.mail]\nqueues = mail\nworkers = 2-3\nname = m\n";
    let json = r#"{"group": {"mail": {"queues": ["mail"], "workers": "2-3", "name": "m"}}}"#;
    for (file, text) in [("rq.yaml", yaml), ("rq.ini", ini), ("rq.json", json)] {
        let world = World::new();
        write(&world, file, text);
        let mut daemon = world.start(run(&world, "run", file));

        world.wait_for_idle(2);

        assert_eq!(queues(&world), named(&[("m-1", "mail"), ("m-2", "mail")]), "{file}");
        daemon.stop();
        world.finish();
    }
}

#[test]
fn groups_can_be_said_by_the_environment() {
    let world = World::new();
    let mut command = world.command_named("run");
    command
        .args(["-u", &world.redis.url()])
        .env("RQ_GROUP__MAIL__WORKERS", "1-3")
        .env("RQ_GROUP__MAIL__QUEUES", "mail");
    command.env("RQ_GROUP__MAIL__NAME", "m-%i");
    let mut daemon = world.start(command);

    world.wait_for_idle(1);

    assert_eq!(queues(&world), named(&[("m-1", "mail")]));
    daemon.stop();
    world.finish();
}

#[test]
fn mistakes_in_a_group_are_found_by_a_check() {
    let world = World::new();
    for (text, told) in [
        ("[group.mail]\nworker = 2\n", ["group.mail.worker", "workers"]),
        ("[group.mail]\nworkers = \"8-1\"\n", ["group.mail.workers", "8-1"]),
        ("[group.mail]\nqueues = []\n", ["group.mail.queues", "rq.toml, line 2"]),
        ("[group.mail]\npython = \"/nowhere/python\"\n", ["group.mail.python", "/nowhere/python"]),
    ] {
        write(&world, "rq.toml", text);
        let mut command = world.command(std::path::Path::new(env!("CARGO_BIN_EXE_rq")));
        command.args(["config", "check", "-c", "rq.toml", "--python"]).arg(world.venv.python());

        let exit = world.start(command).wait_exit();

        assert_eq!(exit.code(), 78, "{text}: {}{}", exit.stdout, exit.stderr);
        for told in told {
            assert!(exit.stderr.contains(told), "{told:?} is not in:\n{}", exit.stderr);
        }
    }
}

#[test]
fn the_status_tells_the_groups() {
    let world = World::new();
    write(&world, "rq.toml", TWO);
    let mut daemon = world.start(run(&world, "run", "rq.toml"));
    world.wait_for_idle(3);
    let mut command = world.command(std::path::Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["status", "--json"]);

    let status: Value = serde_json::from_str(&world.start(command).wait_exit().stdout).unwrap();

    let groups = status[0]["groups"].as_array().unwrap();
    let sizes: Vec<_> =
        groups.iter().map(|group| (&group["name"], group["workers"].as_array().unwrap().len())).collect();
    assert_eq!(sizes, [(&json!("heavy"), 1), (&json!("mail"), 2)]);
    daemon.stop();
    world.finish();
}
