//! Very many of anything: no script holds Redis up for long, and all of them get their turn.

use crate::harness::World;

/// How many scripts the server has run.
fn scripts_run(world: &World) -> u64 {
    let stats: String = world.redis.command(&["INFO", "commandstats"]);
    let calls = stats.lines().find_map(|line| line.strip_prefix("cmdstat_evalsha:calls="));
    calls.map_or(0, |rest| rest.split(',').next().unwrap().parse().unwrap())
}

#[test]
fn ids_of_jobs_that_are_gone_are_passed_over_a_few_at_a_time() {
    let world = World::new();
    world
        .client
        .exec("for i in range(50): conn.rpush('rq:queue:default', *range(1000 * i, 1000 * i + 1000))");
    let job = world.enqueue("'jobs.returns.value', 1");

    world.work(&[]);

    assert_eq!(world.view(&job)["status"], "finished");
    assert!(!world.redis.exists("rq:queue:default"));
    let run = scripts_run(&world);
    assert!(run >= 50_000 / 500, "{run} scripts");
    world.finish();
}
