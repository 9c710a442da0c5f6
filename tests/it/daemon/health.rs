//! Whether a daemon lives, whether it takes jobs, and what probes make of it.

use std::fs;
use std::time::Instant;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::metrics::watched;
use super::reload_stage::{Stage, run, save, settings};
use crate::harness::{Exit, Gate, SOON, Setup, Site, World, free_port, wait_until};

#[track_caller]
fn check(stage: &Stage, arguments: &[&str]) -> Exit {
    stage.rq(&[&["healthcheck"], arguments].concat())
}

#[test]
fn a_daemon_that_is_well_passes_every_check_and_is_not_found_when_it_has_ended() {
    let (mut stage, site) =
        watched("[health]\nheartbeat_file = \"heartbeat\"\nheartbeat_interval = \"1s\"\n");
    let Site::Port(port) = site else { unreachable!() };
    let url = format!("http://127.0.0.1:{port}");
    let pid = stage.daemon.pid().to_string();
    wait_until(SOON, "a ready heart", || check(&stage, &["--file", "heartbeat"]).code() == 0);
    let ways: [&[&str]; 4] = [&[], &[&pid], &["--url", &url], &["--file", "heartbeat"]];

    for way in ways {
        for kind in ["--live", "--ready"] {
            let exit = check(&stage, &[way, &[kind]].concat());
            assert_eq!(exit.code(), 0, "{way:?} {kind}: {}{}", exit.stdout, exit.stderr);
        }
    }
    let told: Value = serde_json::from_str(&check(&stage, &["--json"]).stdout).unwrap();
    assert_eq!((&told[0]["pid"], &told[0]["ready"]), (&stage.daemon.pid().as_raw().into(), &true.into()));
    assert_eq!(check(&stage, &["--url", "ftp://nowhere"]).code(), 2);
    assert_eq!(check(&stage, &["--live", "--ready"]).code(), 2);
    stage.daemon.stop();
    for way in ways {
        let exit = check(&stage, way);
        assert_eq!(exit.code(), 1, "{way:?}");
        assert!(exit.stdout.contains("not live: "), "{way:?}: {}", exit.stdout);
    }
    assert!(!stage.world.path("heartbeat").exists());
    stage.world.finish();
}

#[test]
fn a_check_starts_no_python_and_reads_no_configuration() {
    let (mut stage, _) = watched("");
    let mut command = stage.world.command(env!("CARGO_BIN_EXE_rq").as_ref());
    command.arg("healthcheck").env("RQ_WORKER__TTL", "nonsense").env("PATH", "/nowhere");
    command.env("RQ_PYTHON", "/nowhere").env("RQ_CONFIG", "/nowhere.toml");

    let exit = stage.world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{}{}", exit.stdout, exit.stderr);
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn readiness_ends_with_redis_and_comes_back_with_it() {
    let (mut stage, site) = watched("");
    assert_eq!(site.json("/readyz?format=json"), serde_json::json!({"ready": true, "reasons": []}));

    stage.world.redis.stop_and_keep_data();

    wait_until(SOON, "the outage to be told", || site.get("/readyz").status == 503);
    let reasons = site.json("/readyz?format=json")["reasons"].to_string();
    assert!(reasons.contains("redis at ") && reasons.contains("away"), "{reasons}");
    assert_eq!(site.get("/livez").status, 200);
    let exit = check(&stage, &[]);
    assert_eq!(exit.code(), 1);
    assert!(exit.stdout.contains("live, not ready: redis at "), "{}", exit.stdout);
    assert_eq!(check(&stage, &["--live"]).code(), 0);
    stage.world.redis.start_again();
    wait_until(SOON, "the daemon to be ready", || site.get("/readyz").status == 200);
    assert_eq!(check(&stage, &[]).code(), 0);
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn a_redis_that_hangs_is_no_reason_to_wait() {
    let (mut stage, site) = watched("");
    wait_until(SOON, "the daemon to be ready", || site.get("/readyz").status == 200);

    stage.world.redis.freeze();

    wait_until(SOON, "the outage to be told", || site.get("/readyz").status == 503);
    assert_eq!(site.get("/livez").status, 200);
    assert_eq!(site.get("/metrics").status, 200);
    stage.world.redis.thaw();
    wait_until(SOON, "the daemon to be ready", || site.get("/readyz").status == 200);
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn a_quiet_daemon_and_one_that_stops_say_so() {
    let (mut stage, site) = watched("");
    let mut gate = stage.world.gate("gate");
    stage.world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    gate.wait_for_arrival();
    assert_eq!(site.get("/readyz").status, 200);

    stage.rq(&["quiet"]);

    wait_until(SOON, "the quiet", || site.get("/readyz").body.contains("the daemon is quiet"));
    stage.rq(&["quiet", "--off"]);
    wait_until(SOON, "the daemon to be ready", || site.get("/readyz").status == 200);
    stage.daemon.signal(Signal::SIGTERM);
    wait_until(SOON, "the stop", || site.get("/readyz").body.contains("the daemon is stopping"));
    assert_eq!(site.get("/livez").status, 200);
    Gate::open(&mut gate);
    assert_eq!(stage.daemon.wait_exit().code(), 0);
    stage.world.finish();
}

#[test]
fn a_daemon_that_waits_for_redis_at_its_start_lives_and_is_not_ready() {
    let mut world = World::with(&Setup { tcp: true, ..Setup::default() }).unwrap();
    let port = free_port();
    let text = format!(
        "[http]\nlisten = \"127.0.0.1:{port}\"\n[health]\nheartbeat_file = \"heartbeat\"\nheartbeat_interval = \"1s\"\n"
    );
    save(&world.path("rq.toml"), &settings(&world, &text));
    world.redis.stop_and_keep_data();
    let command = run(&world, &["-c", "rq.toml"]);
    let mut stage = Stage::unready(world, command);
    let site = Site::Port(port);

    wait_until(SOON, "the pages", || {
        site.try_ask("GET", "/livez", &[]).is_ok_and(|shown| shown.status == 200)
    });

    assert_eq!(site.get("/readyz").body, "not ready\nthe daemon is starting\n");
    assert_eq!(site.get("/metrics").status, 200);
    wait_until(SOON, "a heartbeat", || check(&stage, &["--live", "--file", "heartbeat"]).code() == 0);
    assert_eq!(check(&stage, &["--file", "heartbeat"]).code(), 1);
    stage.world.redis.start_again();
    wait_until(SOON, "the daemon to be ready", || site.get("/readyz").status == 200);
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn a_loop_that_stands_still_is_found_out() {
    let (mut stage, site) =
        watched("[health]\nheartbeat_file = \"heartbeat\"\nheartbeat_interval = \"100ms\"\n");
    let Site::Port(port) = site else { unreachable!() };
    let url = format!("http://127.0.0.1:{port}");
    wait_until(SOON, "a ready heart", || check(&stage, &["--file", "heartbeat"]).code() == 0);

    stage.daemon.signal(Signal::SIGSTOP);

    wait_until(SOON, "the heart to be missed", || {
        check(&stage, &["--live", "--file", "heartbeat"]).code() == 1
    });
    let told = check(&stage, &["--live", "--file", "heartbeat"]).stdout;
    assert!(told.contains("last wrote"), "{told}");
    let began = Instant::now();
    for way in [&["--live", "--timeout", "0.2"][..], &["--live", "--timeout", "0.2", "--url", &url]] {
        let exit = check(&stage, way);
        assert_eq!(exit.code(), 1, "{way:?}: {}", exit.stdout);
    }
    assert!(began.elapsed() < SOON);
    stage.daemon.signal(Signal::SIGCONT);
    wait_until(SOON, "the heart to beat", || check(&stage, &["--live", "--file", "heartbeat"]).code() == 0);
    assert_eq!(site.get("/livez").status, 200);
    // The delay is remembered.
    wait_until(SOON, "the delay", || site.metric("rqd_event_loop_lag_seconds").unwrap() > 0.1);
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn a_heartbeat_file_moves_with_a_reload() {
    let mut stage = Stage::new("[health]\nheartbeat_file = \"one\"\nheartbeat_interval = \"100ms\"\n");
    wait_until(SOON, "a heartbeat", || stage.world.path("one").exists());

    stage.apply("[health]\nheartbeat_file = \"two\"\nheartbeat_interval = \"200ms\"\n");

    wait_until(SOON, "the other file", || stage.world.path("two").exists());
    wait_until(SOON, "the old one to go", || !stage.world.path("one").exists());
    let beat: Value = serde_json::from_str(&fs::read_to_string(stage.world.path("two")).unwrap()).unwrap();
    assert_eq!((&beat["interval"], &beat["pid"]), (&0.2.into(), &stage.daemon.pid().as_raw().into()));
    stage.daemon.stop();
    assert!(!stage.world.path("two").exists());
    stage.world.finish();
}
