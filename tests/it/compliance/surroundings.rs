//! The process that a job finds itself in.

use serde_json::json;

use crate::harness::{World, for_every_client};

for_every_client! {
    fn the_environment_names_worker_and_job(world: &World) {
        let job = world.enqueue("'jobs.surroundings.environment', 'RQ_WORKER_ID', 'RQ_JOB_ID', 'OF_THE_USER'");
        let mut command = world.worker_command();
        command.args(["-c", "settings", "--burst", "--name", "w1"]).env("OF_THE_USER", "kept");

        assert_eq!(world.start(command).wait_exit().code(), 0);

        assert_eq!(world.view(&job)["result"], json!(["w1", job, "kept"]));
    }

    fn the_environment_has_a_key_prefix_only_where_the_user_set_one(world: &World) {
        let unset = world.enqueue("'jobs.surroundings.environment', 'RQ_KEY_PREFIX'");
        world.work(&[]);
        let set = world.enqueue("'jobs.surroundings.environment', 'RQ_KEY_PREFIX'");
        let mut command = world.worker_command();
        command.args(["-c", "settings", "--burst", "--name", "w1"]).env("RQ_KEY_PREFIX", "rq");

        assert_eq!(world.start(command).wait_exit().code(), 0);

        assert_eq!(world.view(&unset)["result"], json!([null]));
        assert_eq!(world.view(&set)["result"], json!(["rq"]));
    }
}

#[test]
fn a_job_has_a_process_group_of_its_own() {
    let world = World::new();
    let first = world.enqueue("'jobs.surroundings.processes'");
    let second = world.enqueue("'jobs.surroundings.processes'");

    world.work(&[]);

    let (first, second) = (world.view(&first), world.view(&second));
    assert_eq!(first["result"]["pid"], first["result"]["group"]);
    assert_ne!(first["result"]["pid"], second["result"]["pid"], "one process per job");
    world.finish();
}

#[test]
fn a_job_that_reads_stdin_does_not_wait() {
    let world = World::new();
    let job = world.enqueue("'jobs.surroundings.stdin'");

    world.work(&[]);

    assert_eq!(world.view(&job)["result"], json!(["/dev/null", ""]));
    world.finish();
}

#[test]
fn a_job_runs_in_the_workers_directory_and_finds_modules_there() {
    let world = World::new();
    let job = world.enqueue("'jobs.surroundings.path_and_directory'");

    world.work(&[]);

    let result = world.view(&job)["result"].clone();
    assert_eq!(result[1], world.path("").display().to_string().trim_end_matches('/'));
    assert_eq!(result[0].as_array().unwrap().last().unwrap(), ".", "RQ appends its path to Python's");
    world.finish();
}

#[test]
fn signals_are_as_rq_leaves_them() {
    let world = World::new();
    let job = world.enqueue("'jobs.surroundings.signals'");
    let blocked = world.enqueue("'jobs.surroundings.blocked_signals'");

    world.work(&[]);

    let expected = json!({
        "SIGINT": "Handlers.SIG_IGN", "SIGTERM": "Handlers.SIG_DFL",
        "SIGCHLD": "Handlers.SIG_DFL", "SIGPIPE": "Handlers.SIG_IGN",
    });
    assert_eq!(named(&world.view(&job)["result"]), named(&expected));
    assert_eq!(world.view(&blocked)["result"], json!([]));
    world.finish();
}

/// The handlers by name; Python prints them as numbers since 3.11.
fn named(handlers: &serde_json::Value) -> Vec<String> {
    let names = handlers.as_object().unwrap().values().map(|value| value.as_str().unwrap());
    names.map(|name| name.replace("Handlers.SIG_DFL", "0").replace("Handlers.SIG_IGN", "1")).collect()
}

#[test]
fn each_job_draws_its_own_random_numbers() {
    let world = World::new();
    let jobs = [0, 1, 2].map(|_| world.enqueue("'jobs.surroundings.random_number'"));

    world.work(&[]);

    let [a, b, c] = jobs.map(|job| world.view(&job)["result"].to_string());
    assert!(a != b && b != c && a != c, "{a} {b} {c}");
    world.finish();
}
