//! A reload while Redis is away: the daemon stays able to answer, and goes on when Redis is back.

use nix::sys::signal::Signal;

use super::reload_stage::{Stage, save};
use crate::harness::{Gate, Redis, SOON, wait_until};

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

#[test]
fn a_redis_that_is_gone_is_left_for_another_one() {
    let mut stage = Stage::new("reload.watch = false\nworker.count = 2\nscheduler.enabled = true\n");
    let other = Redis::start(&stage.world.path("other"), None);
    stage.world.redis.kill();
    stage.told("*redis*");

    save(
        &stage.file(),
        &format!(
            "REDIS_URL = {:?}\nreload.watch = false\nworker.count = 2\nscheduler.enabled = true\n",
            other.url()
        ),
    );
    stage.daemon.signal(Signal::SIGHUP);
    stage.told("Configuration reloaded (SIGHUP)");

    let enqueue =
        format!("Queue(connection=Redis.from_url({:?})).enqueue('jobs.returns.value', 5).id", other.url());
    let job = format!("rq:job:{}", stage.world.client.eval(&enqueue).as_str().unwrap());
    wait_until(SOON, "the job on the other one", || {
        other.field(&job, "status").as_deref() == Some("finished")
    });
    wait_until(SOON, "both workers", || other.set("rq:workers").len() == 2);
    assert_eq!(stage.daemon.stop().code(), 0);
}

#[test]
fn a_redis_that_does_not_answer_is_refused_and_jobs_go_on_meanwhile() {
    let mut stage = Stage::new("reload.watch = false\n");
    let other = Redis::start(&stage.world.path("other"), None);
    other.freeze();

    save(&stage.file(), &format!("REDIS_URL = {:?}\nreload.watch = false\n", other.url()));
    stage.daemon.signal(Signal::SIGHUP);
    stage.job("'jobs.returns.value', 1");
    assert_eq!(stage.count("Configuration "), 0);

    let line = stage.told("Configuration refused (SIGHUP), everything stays as it was: ");
    assert!(line.contains("cannot use this redis") && line.contains("rq.toml, line 1"), "{line}");
    stage.job("'jobs.returns.value', 1");
    stage.finish();
}

/// A daemon that loads a module for a reload, which waits at the gate.
fn loading(gate: &mut Gate, stage: &mut Stage) {
    let slow = format!("from jobs import waits\nwaits.at({})\n", gate.literal());
    save(&stage.world.path("slow.py"), &slow);
    stage.put("reload.watch = false\nhorse.preload = [\"slow\"]\n");
    stage.daemon.signal(Signal::SIGHUP);
    gate.wait_for_arrival();
}

#[test]
fn jobs_go_on_while_the_new_application_is_loaded() {
    let mut stage = Stage::new("reload.watch = false\n");
    let mut gate = stage.world.gate("gate");
    loading(&mut gate, &mut stage);

    stage.job("'jobs.returns.value', 1");
    assert_eq!(stage.status()["generation"], 1);
    gate.open();

    stage.told("Configuration reloaded (SIGHUP), the application was loaded anew: horse.preload");
    stage.job("'jobs.returns.value', 1");
    stage.finish();
}

#[test]
fn a_stop_does_not_wait_for_the_new_application() {
    let mut stage = Stage::new("reload.watch = false\n");
    let mut gate = stage.world.gate("gate");
    loading(&mut gate, &mut stage);

    assert_eq!(stage.daemon.stop().code(), 0);
    assert_eq!(stage.count("Configuration "), 0);
    stage.world.finish();
}
