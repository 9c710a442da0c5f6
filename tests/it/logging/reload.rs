//! Appenders come, go and change while the daemon runs.

use std::fs;

use nix::sys::signal::Signal;

use super::{config, read};
use crate::harness::{SOON, World, wait_until};

#[test]
fn appenders_come_and_go_and_one_that_stays_keeps_its_file() {
    let world = World::new();
    let stays = "[reload]\nwatch = false\n[logging.appender.stays]\nkind = 'file'\npath = 'stays.log'\n";
    let mut command = world.worker_command();
    command.arg("-c").arg(config(&world, stays)).args(["--name", "w1"]);
    let mut worker = world.start(command);
    world.wait_until_idle(&worker);
    wait_until(SOON, "the first lines", || read(world.path("stays.log")).contains("Listening"));
    let descriptor = || {
        let folder = format!("/proc/{}/fd", worker.pid());
        let open = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mine =
            open.into_iter().find(|path| fs::read_link(path).is_ok_and(|to| to == world.path("stays.log")));
        mine.unwrap_or_else(|| panic!("stays.log is not open"))
    };
    let before = descriptor();
    let reload = |tables: &str, times: usize| {
        config(&world, tables);
        worker.signal(Signal::SIGHUP);
        wait_until(SOON, "the reload", || {
            read(world.path("stays.log")).matches("Configuration reloaded (SIGHUP)").count() == times
        });
    };
    let run = || {
        let job = world.enqueue("'jobs.returns.nothing'");
        world.wait_for_status(&job, "finished");
        wait_until(SOON, "the line of the job", || read(world.path("stays.log")).contains(&job));
        job
    };

    reload(
        &format!(
            "{stays}level = 'debug'\nformat = 'json'\n[logging.appender.more]\nkind = 'file'\npath = 'more.log'\n"
        ),
        1,
    );
    let with_more = run();
    wait_until(SOON, "the new file", || read(world.path("more.log")).contains(&with_more));
    assert!(read(world.path("stays.log")).contains("\"level\":\"DEBUG\""));
    assert_eq!(descriptor(), before);
    reload(stays, 2);
    let without = run();
    wait_until(SOON, "the other file to be closed", || {
        let open = fs::read_dir(format!("/proc/{}/fd", worker.pid())).unwrap();
        !open
            .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
            .any(|path| path == world.path("more.log"))
    });

    assert!(!read(world.path("more.log")).contains(&without));
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn what_an_appender_could_not_write_is_told_after_it_is_gone() {
    let world = World::new();
    let stays = "[reload]\nwatch = false\n[logging.appender.stays]\nkind = 'file'\npath = 'stays.log'\n";
    let full = format!("{stays}[logging.appender.full]\nkind = 'file'\npath = '/dev/full'\n");
    let mut command = world.worker_command();
    command.arg("-c").arg(config(&world, &full)).args(["--name", "w1"]);
    let mut worker = world.start(command);
    world.wait_until_idle(&worker);

    config(&world, stays);
    worker.signal(Signal::SIGHUP);

    wait_until(SOON, "the loss", || {
        let text = read(world.path("stays.log"));
        text.lines().any(|line| line.contains("Log appender full: ") && line.contains("lines were lost"))
    });
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn a_reload_that_cannot_be_used_leaves_the_log_as_it_was() {
    let world = World::new();
    let table = "[reload]\nwatch = false\n[logging.appender.f]\nkind = 'file'\npath = 'a.log'\n";
    let mut command = world.worker_command();
    command.arg("-c").arg(config(&world, table)).args(["--name", "w1"]);
    let mut worker = world.start(command);
    world.wait_until_idle(&worker);

    config(&world, &table.replace("a.log", "nowhere/a.log"));
    worker.signal(Signal::SIGHUP);

    wait_until(SOON, "the refusal", || read(world.path("a.log")).contains("there is no folder nowhere"));
    assert!(read(world.path("a.log")).contains("logging.appender.f.path"), "{}", read(world.path("a.log")));
    world.stop(&mut worker);
    world.finish();
}
