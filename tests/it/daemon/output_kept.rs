//! The end of a job's output, kept with its result.

use std::process::Command;

use serde_json::json;

use crate::harness::{Worker, World, for_every_client};

/// A worker that keeps the output of its jobs.
fn command(world: &World, settings: &[(&str, &str)]) -> Command {
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w1"]).env("RQ_HORSE__OUTPUT", "keep");
    for (name, value) in settings {
        command.env(name, value);
    }
    command
}

fn keeping(world: &World, settings: &[(&str, &str)]) -> Worker {
    world.start(command(world, settings))
}

/// What is kept with the last result of a job, read as `docs/output.md` says.
#[track_caller]
fn kept(world: &World, job: &str) -> Option<String> {
    let read = format!(
        "(lambda entry: entry and __import__('zlib').decompress(__import__('base64').b64decode(entry)).decode())\
         (conn.xrevrange('rq:results:{job}', count=1)[0][1].get(b'output'))"
    );
    world.client.eval(&read).as_str().map(str::to_owned)
}

/// What is kept of a job of `jobs.prints` that ends by itself with this status.
#[track_caller]
fn kept_of(call: &str, status: &str, settings: &[(&str, &str)]) -> Option<String> {
    let world = World::new();
    world.enqueue(&format!("'jobs.prints.{call}, job_id='j1'"));
    let mut worker = keeping(&world, settings);
    world.wait_for_status("j1", status);
    let output = kept(&world, "j1");
    world.stop(&mut worker);
    world.finish();
    output
}

#[test]
fn the_output_of_a_job_that_returned_is_kept() {
    let output = kept_of("lines', 2", "finished", &[]).unwrap();

    let mut lines: Vec<_> = output.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["line 0", "line 1", "to stderr"]);
}

#[test]
fn a_job_that_wrote_nothing_has_no_such_field() {
    assert_eq!(kept_of("much', 0", "finished", &[]), None);
}

#[test]
fn the_output_of_a_job_that_raised_is_kept() {
    assert_eq!(kept_of("raising'", "failed", &[]).unwrap(), "before it broke\n");
}

#[test]
fn the_output_of_a_job_that_was_killed_is_kept() {
    let output = kept_of("killed_in_the_middle_of_a_line'", "failed", &[]);

    assert_eq!(output.unwrap(), "a whole line\nhalf a l");
}

#[test]
fn the_output_of_a_job_whose_time_was_up_is_kept() {
    assert_eq!(kept_of("sleeping', job_timeout=1", "failed", &[]).unwrap(), "before it sleeps\n");
}

#[test]
fn the_output_of_a_job_that_overran_its_grace_is_kept() {
    let grace = [("RQ_HORSE__TIMEOUT_GRACE", "0s")];

    assert_eq!(kept_of("deaf', job_timeout=1", "failed", &grace).unwrap(), "before it is deaf\n");
}

#[test]
fn the_output_of_a_job_that_was_stopped_is_kept() {
    let world = World::new();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.prints.until_stopped', {}, job_id='j1'", gate.literal()));
    let mut worker = keeping(&world, &[]);
    gate.wait_for_arrival();

    world.client.exec("send_stop_job_command(conn, 'j1')");

    world.wait_for_status("j1", "stopped");
    assert_eq!(kept(&world, "j1").unwrap(), "before it waits\n");
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn the_output_of_a_job_that_ran_out_of_memory_is_kept() {
    let limit = [("RQ_HORSE__MEMORY_LIMIT", "300MiB")];

    assert_eq!(kept_of("eating'", "failed", &limit).unwrap(), "before it eats\n");
}

#[test]
fn no_more_is_kept_than_asked_for() {
    let output = kept_of("lines', 1000", "finished", &[("RQ_HORSE__OUTPUT_KEEP", "20B")]).unwrap();

    assert_eq!(output.len(), 20);
    assert!(output.ends_with("to stderr\n") || output.ends_with("line 999\n"), "{output}");
}

#[test]
fn what_nobody_handles_stands_among_the_output() {
    let output = kept_of("logging_too'", "finished", &[]).unwrap();

    let mut lines: Vec<_> = output.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["in two lines", "logged", "printed", "printed again"]);
}

#[test]
fn jobs_of_one_horse_keep_their_own_output() {
    let world = World::new();
    let mut worker = keeping(&world, &[("RQ_HORSE__MAX_JOBS", "0")]);
    for job in ["j1", "j2", "j3"] {
        world.enqueue(&format!("'jobs.prints.pid', job_id='{job}'"));
        world.wait_for_status(job, "finished");
    }

    let pid = world.view("j1")["result"].clone();
    for job in ["j1", "j2", "j3"] {
        assert_eq!(world.view(job)["result"], pid);
        assert_eq!(kept(&world, job).unwrap(), format!("the process is {pid}\n"));
    }
    world.stop(&mut worker);
    world.finish();
}

for_every_client! {
    fn rqs_clients_read_such_results_as_ever(world: &World) {
        world.enqueue("'jobs.prints.lines', 2, job_id='j1'");
        world.enqueue("'jobs.prints.raising', job_id='j2'");
        let mut worker = keeping(world, &[]);
        world.wait_for_status("j2", "failed");

        let (good, bad) = (world.view("j1"), world.view("j2"));

        assert_eq!((&good["status"], &good["result"]), (&json!("finished"), &json!(2)));
        assert_eq!(good["latest"]["type"], "SUCCESSFUL");
        assert!(bad["latest"]["exc_string"].as_str().unwrap().trim_end().ends_with("ValueError: it broke"));
        assert!(kept(world, "j1").is_some());
        world.stop(&mut worker);
    }
}
