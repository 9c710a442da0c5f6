//! Files: rotation under load, and what each format writes.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use super::{read, work};
use crate::harness::World;

#[test]
fn every_line_is_in_one_file_while_a_hundred_horses_work_and_files_are_rotated() {
    let world = World::new();
    fs::create_dir(world.path("logs")).unwrap();
    let jobs = world.client.eval("[q.enqueue('jobs.returns.value', 'x' * n).id for n in range(300)]");
    let jobs: BTreeSet<String> = serde_json::from_value(jobs).unwrap();
    let file = super::config(
        &world,
        "[worker]\ncount = 100\n[logging.appender.f]\nkind = 'file'\npath = 'logs/a.log'\nmax_size = '8KiB'\n\
         keep = 1000\ncompress = true\nformat = 'json'\n",
    );
    let mut command = world.command_named("worker-pool");
    command.arg("-c").arg(&file).arg("--burst");

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    let (mut taken, mut done) = (BTreeSet::new(), BTreeSet::new());
    let files: Vec<_> =
        fs::read_dir(world.path("logs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() > 10, "{files:?}");
    for file in &files {
        let mut text = String::new();
        if file.extension().is_some_and(|ending| ending == "gz") {
            flate2::read::GzDecoder::new(fs::File::open(file).unwrap()).read_to_string(&mut text).unwrap();
        } else {
            text = read(file);
        }
        assert!(text.len() <= 8 << 10, "{} has {} bytes", file.display(), text.len());
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o640);
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("torn: {line}"));
            let (message, job) =
                (line["message"].as_str().unwrap(), line["job"].as_str().unwrap_or_default());
            if message.contains("jobs.returns.value") && !message.contains("Successfully") {
                assert!(taken.insert(job.to_owned()), "{line} stands there twice");
            }
            if message.contains("Job OK") {
                assert!(done.insert(job.to_owned()), "{line} stands there twice");
            }
        }
    }
    assert_eq!((taken, done), (jobs.clone(), jobs));
    world.finish();
}

#[test]
fn each_place_takes_what_its_level_and_targets_say_in_its_own_format() {
    let world = World::new();
    let job = world.enqueue("'jobs.raising.plain'");

    work(
        &world,
        "[logging.appender.all]\nkind = 'file'\npath = 'all.log'\nlevel = 'debug'\nformat = 'logfmt'\n\
         [logging.appender.errors]\nkind = 'file'\npath = 'errors.log'\nlevel = 'error'\nformat = 'text'\n\
         [logging.appender.some]\nkind = 'file'\npath = 'some.log'\ntargets = ['rq.worker=off', 'rq.horse']\n\
         line = '%(levelname)s|%(name)s|%(message)s'\n\
         [logging.appender.nothing]\nkind = 'null'\n[logging.appender.sentry]\nkind = 'sentry'\nlevel = 'error'\n\
         [logging.appender.days]\nkind = 'rolling'\nrotate = 'daily'\npath = 'days.log'\n",
    );

    let all = read(world.path("all.log"));
    assert!(
        all.contains(" level=debug logger=rq.worker msg=\"Worker w1: registering birth\" worker=w1\n"),
        "{all}"
    );
    assert!(all.contains(&format!(" job={job} queue=default worker=w1 horse=")), "{all}");
    let errors = read(world.path("errors.log"));
    assert!(
        errors.contains(" ERROR rq.worker: Worker w1: job") && errors.contains("\nValueError: it broke"),
        "{errors}"
    );
    assert!(!errors.contains("INFO"), "{errors}");
    let some = read(world.path("some.log"));
    assert!(
        some.lines().all(|line| line.starts_with("INFO|rq.horse|")) && some.lines().count() > 0,
        "{some}"
    );
    let days =
        fs::read_dir(world.path("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let days: Vec<String> = days.filter(|name| name.starts_with("days.log.20")).collect();
    assert!(read(world.path(&days[0])).contains("Worker w1: done, quitting"), "{days:?}");
    world.finish();
}
