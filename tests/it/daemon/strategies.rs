//! The dequeue strategy that only ours has.

use crate::harness::World;

/// The queues of finished jobs, in the order in which they were run by a worker with these weights.
#[track_caller]
fn turns(world: &World, queues: &[&str], weights: &str) -> Vec<String> {
    let mut command = world.worker_command();
    command
        .args(["-c", "settings", "--burst", "--name", "w1", "--dequeue-strategy", "weighted"])
        .args(queues);
    command.env("RQ_WORKER__QUEUE_WEIGHTS", weights);
    let exit = world.start(command).wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    let line =
        |line: &str| line.split("Worker w1: ").nth(1)?.split_once(": jobs.").map(|(q, _)| q.to_owned());
    exit.stdout.lines().filter_map(line).collect()
}

fn fill(world: &World, queue: &str, count: usize) {
    world.client.exec(&format!("for i in range({count}): queue({queue:?}).enqueue('jobs.returns.value', i)"));
}

#[test]
fn a_heavy_queue_is_mostly_served_first_and_a_light_one_not_starved() {
    let world = World::new();
    fill(&world, "heavy", 60);
    fill(&world, "light", 60);

    let turns = turns(&world, &["light", "heavy"], r#"["heavy=3"]"#);

    // 45 of the first 60 are of the heavy queue on average; fewer than 28, or all of them, once in a million runs.
    let heavy = turns.iter().take(60).filter(|queue| *queue == "heavy").count();
    assert!((28..60).contains(&heavy), "{turns:?}");
    assert_eq!(turns.len(), 120);
    world.finish();
}

#[test]
fn a_queue_without_a_weight_weighs_one() {
    let world = World::new();
    fill(&world, "named", 30);
    fill(&world, "unnamed", 30);

    let turns = turns(&world, &["named", "unnamed"], r#"["named=1"]"#);

    // Both in turn by chance: neither is emptied before the other has begun, but once in 2^29 runs.
    assert_eq!(turns.len(), 60);
    for queue in ["named", "unnamed"] {
        assert!(turns.iter().take(30).any(|taken| taken == queue), "{turns:?}");
    }
    world.finish();
}
