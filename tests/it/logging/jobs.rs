//! What jobs log and print, in the places that the daemon's lines go to.

use serde_json::Value;

use super::{read, work};
use crate::harness::World;

/// The lines of a file in JSON.
fn objects(world: &World, file: &str) -> Vec<Value> {
    read(world.path(file)).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const PLACES: &str = "[logging.appender.screen]\nkind = 'console'\n\
                      [logging.appender.file]\nkind = 'file'\npath = 'jobs.log'\nformat = 'json'\n";

#[test]
fn what_nobody_handles_comes_to_a_file_with_its_job_and_to_stderr_as_ever() {
    let world = World::new();
    let job = world.enqueue("'jobs.logs.raised'");

    let exit = work(&world, &format!("{PLACES}targets = ['jobs']\n"));

    let lines = objects(&world, "jobs.log");
    assert_eq!(lines.iter().map(|line| line["logger"].clone()).collect::<Vec<_>>(), ["jobs.logs"; 2]);
    assert_eq!(lines[1]["message"], "it went wrong");
    assert_eq!(lines[1]["job"].as_str(), Some(job.as_str()));
    assert_eq!((lines[1]["queue"].as_str(), lines[1]["worker"].as_str()), (Some("default"), Some("w1")));
    assert_eq!(lines[1]["function"], "jobs.logs.raised");
    assert!(lines[1]["traceback"].as_str().unwrap().ends_with("ValueError: caught"), "{}", lines[1]);
    assert!(
        exit.stderr.starts_with("said while the module was imported\nit went wrong\nTraceback"),
        "{}",
        exit.stderr
    );
    assert!(!exit.stdout.contains("it went wrong"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn output_comes_to_a_file_of_its_own() {
    let world = World::new();
    let job = world.enqueue("'jobs.prints.lines', 1");

    work(&world, &format!("{PLACES}targets = ['rq.job.stdout', 'rq.job.stderr']\n[horse]\noutput = 'log'\n"));

    let mut lines = objects(&world, "jobs.log");
    lines.sort_by_key(|line| line["logger"].to_string());
    let told: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(told, [format!("Job {job}: to stderr"), format!("Job {job}: line 0")]);
    assert!(lines.iter().all(|line| line["job"].as_str() == Some(job.as_str())));
    world.finish();
}

#[test]
fn a_console_in_json_has_all_records_when_all_are_asked_for() {
    let world = World::new();
    world.enqueue("'jobs.logs.unhandled'");
    let screen = "[logging]\nrecords = 'all'\n[logging.appender.screen]\nkind = 'console'\nstream = 'stdout'\nformat = 'json'\n";

    let exit = work(&world, screen);

    let lines = exit.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let told: Vec<_> =
        lines.filter(|line| line["logger"] == "jobs.logs").map(|line| line["level"].clone()).collect();
    assert_eq!(told.len(), 4);
    assert_eq!(exit.stderr, "");
    world.finish();
}
