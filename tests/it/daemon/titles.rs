//! What `ps` shows of the daemon and of a work horse.

use std::fs;

use crate::harness::{SOON, World, wait_until};

/// The command line, or the short name where the kernel takes no title.
pub(super) fn title(pid: impl std::fmt::Display) -> String {
    let read = |file: &str| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let line = read("cmdline");
    let line = String::from_utf8_lossy(line.split(|byte| *byte == 0).next().unwrap()).into_owned();
    if line.starts_with("rq:") { line } else { String::from_utf8_lossy(&read("comm")).trim().to_owned() }
}

/// A title begins with these words, or with as many of them as there is room for.
fn begins(title: &str, words: &str) -> bool {
    title.starts_with(words) || (title.len() == 15 && words.starts_with(title))
}

#[test]
fn the_titles_are_rqs() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let mut worker = world.idle_worker(&["--name", "w1", "high", "default"]);
    let pid = worker.pid();

    wait_until(SOON, "the title of an idle worker", || {
        begins(&title(pid), "rq:worker:w1: Listening on high,default")
    });
    let environment = fs::read(format!("/proc/{pid}/environ")).unwrap();
    assert!(environment.windows(5).any(|bytes| bytes == b"HOME="), "the environment stays readable");

    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    gate.wait_for_arrival();

    let busy = title(pid);
    assert!(begins(&busy, "rq:worker:w1: Forked "), "{busy}");
    if let Some(words) = busy.strip_prefix("rq:worker:w1: Forked ") {
        let (horse, since) = words.split_once(" at ").unwrap();
        assert!(since.parse::<f64>().is_ok(), "{busy}");
        let horse = title(horse);
        assert!(
            horse == "rq:at" || horse.starts_with("rq:worker:w1: Processing jobs.waits.at from"),
            "{horse}"
        );
    }
    gate.open();
    world.stop(&mut worker);
    world.finish();
}

#[test]
fn a_title_longer_than_its_room_is_cut() {
    let world = World::new();
    let queues: Vec<String> = (0..200).map(|number| format!("queue-number-{number}")).collect();
    let mut worker = world.idle_worker(&queues.iter().map(String::as_str).collect::<Vec<_>>());

    wait_until(SOON, "the title", || title(worker.pid()).starts_with("rq:worker:"));

    assert!(title(worker.pid()).len() < 1024);
    world.stop(&mut worker);
    world.finish();
}
