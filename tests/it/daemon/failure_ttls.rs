//! How long failures are kept by `worker.failure_ttl` and `worker.max_failure_ttl`.

use std::process::Command;

use serde_json::{Value, json};

use super::stage::crash;
use crate::harness::{SOON, World, wait_until};

/// Classes whose jobs are settled by our own code, and by RQ's.
const ENGINES: [&str; 2] = ["rq.Worker", "jobs.own.Performing"];

const YEAR: f64 = 31_536_000.0;

fn command(world: &World, name: &str, settings: &[(&str, &str)]) -> Command {
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", name]).envs(settings.iter().copied());
    command
}

#[track_caller]
fn work(world: &World, class: &str, settings: &[(&str, &str)]) {
    let mut command = command(world, "w1", settings);
    command.args(["--burst", "-w", class]);
    let exit = world.start(command).wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
}

/// How long a job, its results and its registry's entry stay; -1 is for ever. A few seconds do not count.
#[track_caller]
fn kept(world: &World, id: &str) -> Value {
    let entries = world.redis.sorted_set("rq:failed:default");
    let entry =
        entries.iter().find(|(member, _)| member == id).unwrap_or_else(|| panic!("{id} did not fail"));
    let stays = |seconds: f64| if seconds < 0.0 { -1.0 } else { (seconds / 20.0).ceil() * 20.0 };
    let score = if entry.1 < 0.0 { -1.0 } else { entry.1 - world.redis.now() };
    #[expect(clippy::cast_precision_loss, reason = "a few years at most")]
    let ttl = |key: &str| stays(world.redis.ttl(&format!("rq:{key}:{id}")) as f64);
    json!([ttl("job"), ttl("results"), stays(score)])
}

#[track_caller]
fn finish(world: World) {
    let _: i64 = world.redis.command(&["DEL", "trace"]);
    world.finish();
}

#[test]
fn failures_that_say_no_time_are_kept_as_the_worker_says() {
    for class in ENGINES {
        let world = World::new();
        world.enqueue("'jobs.raising.plain', job_id='none'");
        world.enqueue("'jobs.raising.plain', job_id='own', failure_ttl=300");
        world.enqueue("'jobs.exits.by_os_exit', 1, job_id='dead'");
        world.enqueue("'jobs.returns.value', 1, job_id='good'");

        work(&world, class, &[("RQ_WORKER__FAILURE_TTL", "100")]);

        assert_eq!(kept(&world, "none"), json!([100.0, 100.0, 100.0]), "{class}");
        assert_eq!(kept(&world, "own"), json!([300.0, 300.0, 300.0]), "{class}");
        assert_eq!(kept(&world, "dead"), json!([100.0, 100.0, 100.0]), "{class}");
        assert_eq!(world.redis.field("rq:job:good", "failure_ttl"), None, "{class}");
        finish(world);
    }
}

#[test]
fn no_failure_is_kept_for_longer_than_the_worker_allows() {
    for class in ENGINES {
        let world = World::new();
        for (id, own) in [("none", "None"), ("long", "300"), ("eternal", "-1"), ("short", "40")] {
            world.enqueue(&format!("'jobs.raising.plain', job_id={id:?}, failure_ttl={own}"));
        }

        work(&world, class, &[("RQ_WORKER__MAX_FAILURE_TTL", "200")]);

        assert_eq!(kept(&world, "none"), json!([200.0, 200.0, 200.0]), "{class}");
        assert_eq!(kept(&world, "long"), json!([200.0, 200.0, 200.0]), "{class}");
        assert_eq!(kept(&world, "eternal"), json!([200.0, 200.0, 200.0]), "{class}");
        assert_eq!(kept(&world, "short"), json!([40.0, 40.0, 40.0]), "{class}");
        finish(world);
    }
}

#[test]
fn without_a_word_failures_are_kept_as_rq_keeps_them() {
    for class in ENGINES {
        let world = World::new();
        world.enqueue("'jobs.raising.plain', job_id='none'");
        world.enqueue("'jobs.raising.plain', job_id='eternal', failure_ttl=-1");

        work(&world, class, &[]);

        assert_eq!(kept(&world, "none"), json!([YEAR, -1.0, YEAR]), "{class}");
        assert_eq!(kept(&world, "eternal"), json!([-1.0, -1.0, -1.0]), "{class}");
        finish(world);
    }
}

#[test]
fn an_abandoned_job_is_kept_as_the_worker_that_finds_it_says() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1', failure_ttl=300", gate.literal()));
    let mut worker = world.worker(&["-n", "w1"]);
    gate.wait_for_arrival();
    wait_until(SOON, "the handing over to be noted", || {
        world.redis.field("rq:job:j1", "rqd_run").is_some_and(|run| run.ends_with(" handed"))
    });

    crash(&mut worker);
    let mut other = world.start(command(&world, "w2", &[("RQ_WORKER__MAX_FAILURE_TTL", "60")]));

    world.wait_for_status("j1", "failed");
    assert_eq!(kept(&world, "j1"), json!([60.0, 60.0, 60.0]));
    other.stop();
    world.finish();
}
