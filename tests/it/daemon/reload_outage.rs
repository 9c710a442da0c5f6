//! A reload while Redis is away: the daemon stays able to answer, and goes on when Redis is back.

use nix::sys::signal::Signal;

use super::reload_stage::Stage;

#[test]
fn a_reload_while_redis_hangs_keeps_nobody_waiting() {
    let mut stage = Stage::new("reload.watch = false\nworker.name = \"w1\"\n");
    stage.world.redis.freeze();

    stage.put(
        "reload.watch = false\nworker.name = \"w1\"\nworker.queues = [\"default\", \"b\"]\nscheduler.enabled = true\n\
         maintenance.liveness = \"5s\"\n",
    );
    stage.daemon.signal(Signal::SIGHUP);
    // What it is asked meanwhile, it answers within the five seconds that `rq status` waits.
    for _ in 0..5 {
        assert_eq!(stage.status()["pid"], stage.daemon.pid().as_raw());
    }
    stage.told("Configuration reloaded (SIGHUP)");
    stage.world.redis.thaw();

    stage.job("'jobs.returns.value', 1");
    let other = stage.world.client.eval("queue('b').enqueue('jobs.returns.value', 2).id");
    stage.world.wait_for_status(other.as_str().unwrap(), "finished");
    stage.finish();
}

#[test]
fn a_stop_after_a_reload_while_redis_is_gone_still_ends_the_daemon() {
    let mut stage = Stage::new("reload.watch = false\nworker.name = \"w1\"\n");
    stage.world.redis.stop_and_keep_data();

    let line = stage
        .apply("reload.watch = false\nworker.name = \"w1\"\nworker.count = 2\nscheduler.enabled = true\n");
    assert!(line.contains("Configuration reloaded (SIGHUP)"), "{line}");
    stage.daemon.signal(Signal::SIGTERM);

    assert_eq!(stage.daemon.wait_exit().code(), 0);
}
