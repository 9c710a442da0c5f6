//! Another Redis: work in hand is settled on the old one, new work comes from the new one.

use super::reload_load::Load;
use super::reload_stage::{Stage, run, save};
use crate::harness::{Redis, SOON, Setup, World, text, wait_until};

const UNWATCHED: &str = "reload.watch = false\n";

/// Points the daemon at this address.
#[track_caller]
fn turn_to(stage: &mut Stage, url: &str, more: &str) {
    save(&stage.file(), &format!("REDIS_URL = {url:?}\n{UNWATCHED}{more}"));
    stage.daemon.signal(nix::sys::signal::Signal::SIGHUP);
    let line = stage.told("Configuration * (*SIGHUP*)");
    assert!(line.contains("Configuration reloaded (SIGHUP)"), "{line}");
}

#[test]
fn a_job_in_hand_is_settled_on_the_old_redis_and_new_work_comes_from_the_new_one() {
    let mut stage = Stage::new(&format!("{UNWATCHED}worker.name = \"w1\"\nscheduler.enabled = true\n"));
    let mut gate = stage.world.gate("gate");
    let held = stage.world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    gate.wait_for_arrival();
    let other = Redis::start(&stage.world.path("other"), None);
    let enqueue =
        format!("Queue(connection=Redis.from_url({:?})).enqueue('jobs.returns.value', 5).id", other.url());

    turn_to(&mut stage, &other.url(), "worker.name = \"w1\"\nscheduler.enabled = true\n");
    let left = stage.world.enqueue("'jobs.returns.value', 1");
    let new = stage.world.client.eval(&enqueue);
    gate.open();

    stage.world.wait_for_status(&held, "finished");
    let new = format!("rq:job:{}", new.as_str().unwrap());
    wait_until(SOON, "the new job", || other.field(&new, "status").as_deref() == Some("finished"));
    assert_eq!(text(&other.hash("rq:worker:w1"), "queues"), "default");
    // The old one is left in order: nobody is registered there, no lock is held, and what waits there, waits.
    let old = &stage.world.redis;
    let lives = |key: &String| key.contains("rqd:alive") || key.contains("scheduler-lock");
    wait_until(SOON, "the old one to be left", || {
        old.set("rq:workers").is_empty() && !old.keys().iter().any(lives)
    });
    assert_eq!(old.list("rq:queue:default"), [left.as_str()]);
    stage.finish();
}

#[test]
fn another_database_and_another_server_are_taken_under_load() {
    let mut stage = Stage::new(&format!("{UNWATCHED}worker.count = 2\n"));
    let more = "worker.count = 2\n";
    let other = Redis::start(&stage.world.path("other"), None);
    let here = stage.world.redis.url();
    let urls = [here.clone(), format!("{here}?db=3"), other.url()];
    let names = ["here", "database", "server"];
    let loads: Vec<_> = names
        .iter()
        .zip(&urls)
        .map(|(name, url)| Load::of_rate(&stage.world, name, (url, &["default"]), 40))
        .collect();

    for _ in 0..2 {
        for (url, load) in urls.iter().zip(&loads).skip(1).chain(urls.iter().zip(&loads).take(1)) {
            turn_to(&mut stage, url, more);
            load.goes_on();
        }
    }

    // Each is emptied in its turn.
    for (url, load) in urls.iter().zip(loads).rev() {
        turn_to(&mut stage, url, more);
        load.end(&stage.world);
    }
    stage.finish();
}

#[test]
fn another_database_of_the_same_server_has_the_worker_then() {
    let mut stage = Stage::new(&format!("{UNWATCHED}worker.name = \"w1\"\n"));
    let url = format!("{}?db=3", stage.world.redis.url());

    turn_to(&mut stage, &url, "worker.name = \"w1\"\n");

    let there = format!("[key.decode() for key in Redis.from_url({url:?}).smembers('rq:workers')]");
    wait_until(SOON, "the worker to move", || {
        stage.world.client.eval(&there) == serde_json::json!(["rq:worker:w1"])
            && stage.world.redis.set("rq:workers").is_empty()
    });
    let here = stage.world.redis.url();
    turn_to(&mut stage, &here, "worker.name = \"w1\"\n");
    assert_eq!(stage.job("'jobs.returns.value', 1")["worker_name"], "w1");
    stage.finish();
}

#[test]
fn a_rotated_password_is_used_for_new_connections_and_a_wrong_one_is_refused() {
    let world = World::with(&Setup { tcp: true, ..Setup::default() }).unwrap_or_else(|lack| panic!("{lack}"));
    let user = ["ACL", "SETUSER", "app", "on", "~*", "&*", "+@all", ">first-secret"];
    let _: String = world.redis.command(&user);
    save(&world.path("password"), "first-secret\n");
    let address =
        format!("[redis]\nhost = \"127.0.0.1\"\nport = {}\nusername = \"app\"\n", world.redis.port());
    save(&world.path("rq.toml"), &address);
    let mut command = run(&world, &["-c", "rq.toml"]);
    command.env("RQ_REDIS__PASSWORD_FILE", world.path("password"));
    let mut stage = Stage::of(world, command);
    stage.job("'jobs.returns.value', 1");

    save(&stage.world.path("password"), "wrong-secret\n");
    let line = stage.told("Configuration refused (a file changed), everything stays as it was: ");
    assert!(line.contains("cannot use this redis"), "{line}");
    stage.job("'jobs.returns.value', 1");

    let _: String = stage.world.redis.command(&["ACL", "SETUSER", "app", ">second-secret"]);
    save(&stage.world.path("password"), "second-secret\n");
    stage.told("Configuration reloaded (a file changed)");
    let _: String = stage.world.redis.command(&["ACL", "SETUSER", "app", "<first-secret"]);
    let _: i64 = stage.world.redis.command(&["CLIENT", "KILL", "USER", "app"]);
    stage.job("'jobs.returns.value', 1");

    assert_eq!(stage.count("-secret"), 0);
    stage.finish();
}
