//! The team after a reload: numbers, names, groups and queues, as Redis and `rq status` show them.

use std::collections::{BTreeMap, BTreeSet};

use super::reload_load::Load;
use super::reload_stage::Stage;
use crate::harness::{SOON, World, text, wait_until};

/// The registered workers with their queues.
pub(super) fn workers(world: &World) -> BTreeMap<String, String> {
    let keys = world.redis.set("rq:workers");
    let of = |key: &String| (key.replace("rq:worker:", ""), text(&world.redis.hash(key), "queues"));
    keys.iter().map(of).collect()
}

/// Waits until these workers are registered for these queues, and no others.
#[track_caller]
fn assert_workers(world: &World, expected: &[(&str, &str)]) {
    let expected: BTreeMap<_, _> =
        expected.iter().map(|(name, queues)| ((*name).to_owned(), (*queues).to_owned())).collect();
    let mut found = BTreeMap::new();
    wait_until(SOON, &format!("{expected:?}"), || {
        found = workers(world);
        found == expected
    });
    let mut of_queues = BTreeMap::<&str, BTreeSet<String>>::new();
    for (name, queues) in &expected {
        for queue in queues.split(',') {
            of_queues.entry(queue).or_default().insert(format!("rq:worker:{name}"));
        }
    }
    let registered =
        world.redis.keys().into_iter().filter_map(|key| key.strip_prefix("rq:workers:").map(String::from));
    let registered: BTreeMap<_, _> =
        registered.map(|queue| (queue.clone(), world.redis.set(&format!("rq:workers:{queue}")))).collect();
    let of_queues: BTreeMap<_, _> =
        of_queues.into_iter().map(|(queue, names)| (queue.to_owned(), names)).collect();
    assert_eq!(registered, of_queues);
}

#[test]
fn workers_come_and_go_with_their_number() {
    let with = |count: u32| format!("reload.watch = false\nworker.name = \"w-%i\"\nworker.count = {count}\n");
    let mut stage = Stage::new(&with(1));
    let all = [("w-1", "default"), ("w-2", "default"), ("w-3", "default")];

    for count in [3, 1, 2, 0, 3] {
        stage.apply(&with(count));
        assert_workers(&stage.world, &all[..count as usize]);
        assert_eq!(stage.status()["groups"][0]["wanted"], count);
    }

    stage.finish();
}

#[test]
fn a_new_name_counts_at_the_next_idle_moment() {
    let with = |name: &str| format!("reload.watch = false\nworker.name = \"{name}\"\n");
    let mut stage = Stage::new(&with("old"));
    let mut gate = stage.world.gate("gate");
    let job = stage.world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    gate.wait_for_arrival();

    stage.apply(&with("new"));
    assert_workers(&stage.world, &[("old", "default")]);
    gate.open();

    stage.world.wait_for_status(&job, "finished");
    assert_eq!(stage.world.view(&job)["worker_name"], "old");
    assert_workers(&stage.world, &[("new", "default")]);
    assert_eq!(stage.job("'jobs.returns.value', 1")["worker_name"], "new");
    stage.finish();
}

#[test]
fn groups_may_swap_their_names() {
    let with = |one: &str, two: &str| {
        let group =
            |group: &str, name: &str| format!("[group.{group}]\nname = \"{name}\"\nqueues = [\"{group}\"]\n");
        format!("[reload]\nwatch = false\n{}{}", group("a", one), group("b", two))
    };
    let mut stage = Stage::new(&with("x", "y"));
    assert_workers(&stage.world, &[("x", "a"), ("y", "b")]);

    stage.apply(&with("y", "x"));

    assert_workers(&stage.world, &[("y", "a"), ("x", "b")]);
    assert_eq!(stage.count("already"), 0);
    stage.finish();
}

#[test]
fn queues_are_shown_as_they_are_served() {
    let with =
        |queues: &str| format!("reload.watch = false\nworker.name = \"w1\"\nworker.queues = {queues}\n");
    let mut stage = Stage::new(&with("[\"default\"]"));

    for (queues, shown) in
        [("[\"b\", \"a\"]", "b,a"), ("[\"a\", \"b\"]", "a,b"), ("[\"default\"]", "default")]
    {
        stage.apply(&with(queues));
        assert_workers(&stage.world, &[("w1", shown)]);
    }

    assert_eq!(stage.job("'jobs.returns.value', 1")["worker_name"], "w1");
    stage.finish();
}

#[test]
fn groups_appear_and_vanish() {
    let groups = |groups: &[(&str, &str, u32)]| {
        let of = |(name, queues, workers): &(&str, &str, u32)| {
            format!("[group.{name}]\nname = \"%g-%i\"\nqueues = {queues}\nworkers = {workers}\n")
        };
        format!("[reload]\nwatch = false\n{}", groups.iter().map(of).collect::<String>())
    };
    let mut stage = Stage::new(&groups(&[("one", "[\"a\"]", 1)]));
    assert_workers(&stage.world, &[("one-1", "a")]);

    stage.apply(&groups(&[("one", "[\"a\"]", 2), ("two", "[\"b\", \"a\"]", 1)]));
    assert_workers(&stage.world, &[("one-1", "a"), ("one-2", "a"), ("two-1", "b,a")]);

    stage.apply(&groups(&[("two", "[\"b\"]", 1)]));
    assert_workers(&stage.world, &[("two-1", "b")]);

    // None at all is what [worker] says.
    stage.apply("[reload]\nwatch = false\n[worker]\nname = \"w1\"\n");
    assert_workers(&stage.world, &[("w1", "default")]);
    assert_eq!(stage.job("'jobs.returns.value', 1")["worker_name"], "w1");
    stage.finish();
}

#[test]
fn groups_come_and_go_under_load() {
    let base = "[reload]\nwatch = false\n[worker]\nqueues = [\"q1\", \"q2\"]\n";
    let both = "[group.one]\nqueues = [\"q1\"]\nworkers = 2\n[group.two]\nqueues = [\"q2\", \"q1\"]\n";
    let preloading = "[group.one]\nqueues = [\"q1\", \"q2\"]\npreload = [\"jobs.returns\"]\n";
    let mut stage = Stage::new(base);
    let load = Load::begin(&stage.world, &["q1", "q2"]);

    for _ in 0..2 {
        for groups in [both, preloading, ""] {
            let line = stage.apply(&format!("{base}{groups}"));
            assert!(line.contains("Configuration reloaded (SIGHUP)"), "{line}");
            load.goes_on();
        }
    }

    load.end(&stage.world);
    stage.finish();
}

#[test]
fn a_burst_that_is_called_off_goes_on() {
    let mut stage = Stage::new("reload.watch = false\n");
    let mut gate = stage.world.gate("gate");
    let held = stage.world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    gate.wait_for_arrival();
    stage.apply("reload.watch = false\nworker.burst = true\n");

    stage.apply("reload.watch = false\n");
    gate.open();

    stage.world.wait_for_status(&held, "finished");
    stage.job("'jobs.returns.value', 1");
    assert!(stage.daemon.is_running());
    stage.finish();
}

#[test]
fn a_daemon_that_is_to_burst_ends_when_all_is_done() {
    let mut stage = Stage::new("reload.watch = false\nworker.count = 2\n");

    stage.apply("reload.watch = false\nworker.count = 2\nworker.burst = true\n");

    assert_eq!(stage.daemon.wait_exit().code(), 0);
    stage.world.finish();
}
