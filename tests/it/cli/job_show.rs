//! `rq job show`: the story of a job, whichever RQ wrote it.

use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::harness::{Exit, SOON, Setup, World, for_every_client, wait_until};

/// Runs `rq job show` of ours on that world's Redis.
fn show(world: &World, arguments: &[&str]) -> Exit {
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["job", "show", "-u", &world.redis.url()]).args(arguments);
    world.start(command).wait_exit()
}

/// The story as data.
#[track_caller]
fn tale(world: &World, job: &str) -> Value {
    let exit = show(world, &[job, "--json"]);
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    serde_json::from_str(&exit.stdout).unwrap()
}

for_every_client! {
    fn a_job_that_ended_is_told_with_its_outcome(world: &World) {
        world.enqueue("'jobs.returns.value', 'seven', job_id='good'");
        world.enqueue("'jobs.raising.plain', job_id='bad'");
        world.work(&[]);

        let good = tale(world, "good");
        assert_eq!((&good["status"], &good["function"]), (&"finished".into(), &"jobs.returns.value".into()));
        assert_eq!(good["results"][0]["return_value"]["value"], "'seven'");
        assert!(good["place"]["registries"]["finished"].is_string(), "{good}");
        assert!(good["expires_in"].as_f64().unwrap() > 400.0, "{good}");

        let bad = tale(world, "bad");
        assert_eq!(bad["results"][0]["outcome"], "failed");
        let traceback = bad["results"][0]["traceback"].as_str().unwrap();
        assert!(traceback.starts_with("Traceback (most recent call last)"), "{traceback}");

        let words = show(world, &["bad"]).stdout;
        assert!(words.starts_with("job bad  failed\nqueue           default\n"), "{words}");
        assert!(words.contains("registry of failed jobs") && words.contains(", in plain"), "{words}");
        assert!(words.contains("it stays failed, until somebody requeues or deletes it"), "{words}");
    }

    fn a_job_that_waits_is_told_with_what_it_waits_for(world: &World) {
        world.enqueue("'jobs.returns.value', 1, job_id='first'");
        world.enqueue("'jobs.returns.value', 2, job_id='second'");
        world.enqueue("'jobs.returns.value', 3, job_id='third', depends_on='second'");
        world.client.exec("q.enqueue_in(timedelta(seconds=1000), 'jobs.returns.value', 4, job_id='fourth')");

        let second = tale(world, "second");
        assert_eq!((&second["place"]["ahead"], &second["dependents"][0]["id"]), (&1.into(), &"third".into()));
        assert_eq!(second["outlook"][0], "1 job of its queue comes before it");
        assert_eq!(second["outlook"][1], "no worker listens to the queue default");
        assert_eq!(tale(world, "third")["outlook"][0], "it waits for 1 of 1 dependencies");
        let fourth = tale(world, "fourth");
        assert!(fourth["outlook"][0].as_str().unwrap().starts_with("it will be queued in 16m"), "{fourth}");
        assert!(fourth["outlook"][1].as_str().unwrap().starts_with("no scheduler is at work"), "{fourth}");
    }

    fn a_job_that_runs_is_told_with_its_worker(world: &World) {
        let mut gate = world.gate("gate");
        world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
        let mut worker = world.worker(&["--name", "w1"]);
        gate.wait_for_arrival();

        let told = tale(world, "j1");
        assert_eq!((&told["status"], &told["worker"]["name"], &told["worker"]["state"]), (&"started".into(), &"w1".into(), &"busy".into()));
        // RQ: version 1 has no executions.
        let runs = told["executions"].as_array().unwrap();
        assert!(runs.iter().all(|run| run["worker"] == "w1" && run["lease_left"].as_f64().unwrap() > 0.0), "{told}");
        assert!(!runs.is_empty() || told["place"]["registries"]["started"].is_string(), "{told}");

        gate.open();
        world.wait_for_status("j1", "finished");
        worker.stop();
    }
}

#[test]
fn a_job_that_is_not_there_is_said_to_be_unknown() {
    let world = World::new();

    let exit = show(&world, &["none such"]);

    assert_eq!((exit.code(), exit.stdout.as_str()), (1, ""));
    assert!(
        exit.stderr.starts_with("error: there is no job none such in that Redis\nhint: "),
        "{}",
        exit.stderr
    );
    world.finish();
}

#[test]
fn the_key_prefix_is_respected() {
    let world = World::with(&Setup { prefix: Some("{my}"), ..Setup::default() }).unwrap();
    let job = world.enqueue("'jobs.returns.value', 1");

    assert_eq!(tale(&world, &job)["status"], "queued");

    world.finish();
}

#[test]
fn code_of_the_project_runs_only_when_it_is_asked_for() {
    let world = World::new();
    std::fs::write(
        world.path("thing.py"),
        "open('imported', 'w').close()\nclass Thing:\n    def __repr__(self): return 'a thing\\x1b[2J'\n",
    )
    .unwrap();
    world.client.exec("import thing");
    std::fs::remove_file(world.path("imported")).unwrap();
    world.enqueue("'jobs.returns.value', thing.Thing(), 2, job_id='j1', meta={'k': 1}");

    let told = show(&world, &["j1"]);
    assert!(told.stdout.contains("--decode shows it") && !world.path("imported").exists(), "{}", told.stdout);

    let python = world.venv.python();
    let told = show(&world, &["j1", "--decode", "--python", python.to_str().unwrap()]);
    assert_eq!(told.code(), 0, "{}", told.stderr);
    assert!(told.stdout.contains("args[0]        a thing\\x1b[2J\n"), "{}", told.stdout);
    assert!(told.stdout.contains("meta           {'k': 1}\n"), "{}", told.stdout);
    assert!(world.path("imported").exists());
    world.finish();
}

#[test]
fn what_cannot_be_decoded_is_told_in_its_place() {
    let world = World::new();
    world.client.exec("import sys, types; gone = types.ModuleType('gone'); sys.modules['gone'] = gone");
    world.client.exec("exec('class Thing: pass', gone.__dict__); gone.Thing.__module__ = 'gone'");
    world.enqueue("'jobs.returns.value', gone.Thing(), job_id='j1', meta={'k': 1}");
    let python = world.venv.python();

    let told = show(&world, &["j1", "--decode", "--python", python.to_str().unwrap()]);

    assert_eq!(told.code(), 0, "{}", told.stderr);
    assert!(told.stdout.contains("No module named 'gone'"), "{}", told.stdout);
    assert!(told.stdout.contains("meta           {'k': 1}\n"), "{}", told.stdout);
    world.finish();
}

#[test]
fn a_job_whose_worker_was_killed_is_told_to_be_abandoned() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();
    worker.signal(Signal::SIGKILL);
    worker.wait_exit();

    world.end_leases("default");

    wait_until(SOON, "the lease's end", || {
        let outlook = tale(&world, "j1")["outlook"].to_string();
        outlook.contains("maintenance will take it for abandoned")
    });
    world.redis.command::<()>(&["FLUSHALL"]);
    world.finish();
}
