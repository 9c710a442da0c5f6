//! Metrics that add up: real jobs, real outages, real scrapes.

use std::path::Path;
use std::thread;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::reload_stage::Stage;
use crate::harness::{Gate, SOON, Site, World, free_port, wait_until};

/// A daemon `rq run` with these settings and pages at a port.
#[track_caller]
pub(super) fn watched(settings: &str) -> (Stage, Site) {
    let port = free_port();
    let stage = Stage::new(&format!("[http]\nlisten = \"127.0.0.1:{port}\"\n{settings}"));
    (stage, Site::Port(port))
}

/// Waits until a sample has a number.
#[track_caller]
pub(super) fn wait_for_metric(site: &Site, sample: &str, number: f64) {
    wait_until(SOON, &format!("{sample} to be {number}"), || site.metric(sample) == Some(number));
}

/// The number of executions that ended so.
fn ended(outcome: &str) -> String {
    format!("rqd_jobs_ended_total{{queue=\"default\",outcome=\"{outcome}\"}}")
}

fn at_gate(world: &World, name: &str) -> Gate {
    let gate = world.gate(name);
    world.enqueue(&format!("'jobs.waits.at', {}, job_id={name:?}", gate.literal()));
    gate
}

#[test]
fn every_end_of_a_job_is_counted_once() {
    let (mut stage, site) = watched("[horse]\nstop_grace = \"0s\"\ntimeout_grace = \"500ms\"\n");
    let world = &stage.world;
    for _ in 0..3 {
        let job = world.enqueue("'jobs.returns.value', 1");
        world.wait_for_status(&job, "finished");
    }
    let job = world.enqueue("'jobs.raising.plain'");
    world.wait_for_status(&job, "failed");
    let job = world.enqueue("'jobs.raising.plain', retry=Retry(max=1)");
    world.wait_for_status(&job, "failed");
    let job = world.enqueue("'jobs.exits.by_signal', 'SIGKILL'");
    world.wait_for_status(&job, "failed");
    let job = world.enqueue("'jobs.stubborn.forever', job_timeout=1");
    world.wait_for_status(&job, "failed");
    let mut gate = at_gate(world, "halted");
    gate.wait_for_arrival();
    world.client.exec("send_stop_job_command(conn, 'halted')");
    world.wait_for_status("halted", "stopped");

    wait_for_metric(&site, &ended("stopped"), 1.0);

    let shown = site.get("/metrics");
    for (outcome, count) in [("finished", 3.0), ("failed", 4.0), ("retried", 1.0), ("stopped", 1.0)] {
        assert_eq!(shown.number(&ended(outcome)), Some(count), "{outcome}\n{}", shown.body);
        let runs = format!("rqd_job_run_seconds_count{{queue=\"default\",outcome=\"{outcome}\"}}");
        assert_eq!(shown.number(&runs), Some(count), "{outcome}");
    }
    assert_eq!(shown.number("rqd_jobs_claimed_total{queue=\"default\"}"), Some(9.0));
    assert_eq!(shown.number("rqd_job_wait_seconds_count{queue=\"default\"}"), Some(9.0));
    assert_eq!(shown.number("rqd_horse_deaths_total{cause=\"signal\"}"), Some(1.0));
    assert_eq!(shown.number("rqd_horse_deaths_total{cause=\"time_limit\"}"), Some(1.0));
    // One horse for each job, and the next one is warm.
    assert!(shown.number("rqd_horse_forks_total").unwrap() >= 9.0, "{}", shown.body);
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn queues_workers_and_processes_are_shown_as_they_are() {
    let (mut stage, site) = watched("[group.mail]\nqueues = [\"mail\"]\nworkers = 2\n");
    let world = &stage.world;
    world.wait_for_idle(2);
    let mut gates = ["a", "b"].map(|name| {
        let gate = world.gate(name);
        let call = format!("'jobs.waits.at', {}, job_id={name:?}", gate.literal());
        world.client.exec(&format!("Queue('mail', connection=conn).enqueue({call})"));
        gate
    });
    for gate in &mut gates {
        gate.wait_for_arrival();
    }
    world.client.exec("for n in range(3): Queue('mail', connection=conn).enqueue('jobs.returns.value', n)");

    wait_for_metric(&site, "rqd_queue_jobs{queue=\"mail\",status=\"queued\"}", 3.0);

    wait_for_metric(&site, "rqd_queue_jobs{queue=\"mail\",status=\"started\"}", 2.0);
    let shown = site.get("/metrics");
    assert_eq!(shown.number("rqd_workers{group=\"mail\",state=\"busy\"}"), Some(2.0));
    assert_eq!(shown.number("rqd_slots{group=\"mail\"}"), Some(2.0));
    assert_eq!(shown.number("rqd_slots_used{group=\"mail\"}"), Some(2.0));
    assert!(shown.number("rqd_queue_oldest_job_age_seconds{queue=\"mail\"}").unwrap() > 0.0);
    assert_eq!(shown.number("rqd_redis_up"), Some(1.0));
    assert_eq!(shown.number("rqd_processes{kind=\"daemon\"}"), Some(1.0));
    assert!(shown.number("rqd_resident_memory_bytes{kind=\"daemon\"}").unwrap() > 1e6);
    wait_until(SOON, "the horses to be seen", || {
        site.metric("rqd_horses").unwrap() >= 2.0
            && site.metric("rqd_processes{kind=\"fork_server\"}") == Some(1.0)
    });
    gates.iter_mut().for_each(Gate::open);
    wait_for_metric(&site, "rqd_jobs_ended_total{queue=\"mail\",outcome=\"finished\"}", 5.0);
    wait_for_metric(&site, "rqd_queue_jobs{queue=\"mail\",status=\"finished\"}", 5.0);
    wait_for_metric(&site, "rqd_queue_oldest_job_age_seconds{queue=\"mail\"}", 0.0);
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn an_outage_of_redis_is_seen_and_what_it_held_is_not_guessed() {
    let (mut stage, site) = watched("");
    wait_for_metric(&site, "rqd_redis_up", 1.0);
    let queued = "rqd_queue_jobs{queue=\"default\",status=\"queued\"}";
    assert_eq!(site.metric(queued), Some(0.0));

    stage.world.redis.stop_and_keep_data();

    wait_for_metric(&site, "rqd_redis_up", 0.0);
    assert_eq!(site.metric(queued), None);
    assert!(site.metric("rqd_redis_errors_total{kind=\"away\"}").unwrap() > 0.0);
    stage.world.redis.start_again();
    wait_for_metric(&site, "rqd_redis_up", 1.0);
    assert_eq!(site.metric(queued), Some(0.0));
    wait_until(SOON, "a reconnect", || site.metric("rqd_redis_reconnects_total").unwrap() > 0.0);
    assert!(site.metric("rqd_redis_connections_total").unwrap() > 1.0);
    assert!(site.metric("rqd_redis_round_trip_seconds_count").unwrap() > 0.0);
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn what_became_of_reloads_is_counted_and_outlives_them() {
    let (mut stage, site) = watched("[worker]\nresults_ttl = 77\n");
    let job = stage.world.enqueue("'jobs.returns.value', 1");
    stage.world.wait_for_status(&job, "finished");
    wait_for_metric(&site, &ended("finished"), 1.0);
    let Site::Port(port) = site else { unreachable!() };
    let with = |rest: &str| format!("[http]\nlisten = \"127.0.0.1:{port}\"\n{rest}");
    let started = site.metric("rqd_config_last_reload_timestamp_seconds").unwrap();

    stage.apply(&with("[worker]\nresults_ttl = \"soon\"\n"));

    wait_for_metric(&site, "rqd_config_last_reload_successful", 0.0);
    assert!(site.metric("rqd_config_last_reload_timestamp_seconds").unwrap() > started);
    stage.apply(&with("[worker]\nresults_ttl = 88\npid_file = \"daemon.pid\"\n"));
    wait_for_metric(&site, "rqd_config_last_reload_successful", 1.0);
    let shown = site.get("/metrics");
    assert_eq!(shown.number("rqd_config_reloads_total{outcome=\"refused\"}"), Some(1.0));
    assert_eq!(shown.number("rqd_config_reloads_total{outcome=\"applied\"}"), Some(1.0));
    assert_eq!(shown.number("rqd_config_generation"), Some(2.0));
    assert_eq!(shown.number("rqd_config_pending_settings"), Some(1.0));
    assert_eq!(shown.number(&ended("finished")), Some(1.0));
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn a_lease_that_is_lost_and_a_fork_server_that_is_killed_are_counted() {
    let (mut stage, site) = watched("[worker]\njob_monitoring_interval = \"1s\"\n");
    let world = &stage.world;
    let mut gate = at_gate(world, "taken");
    gate.wait_for_arrival();
    wait_for_metric(&site, "rqd_lease_losses_total{queue=\"default\"}", 0.0);

    world.client.exec(
        "key = 'rq:wip:default'\nconn.zadd(key, {member: 1 for member in conn.zrange(key, 0, -1)})\n\
         StartedJobRegistry(connection=conn).cleanup()",
    );

    wait_for_metric(&site, "rqd_lease_losses_total{queue=\"default\"}", 1.0);
    wait_for_metric(&site, &ended("dropped"), 1.0);
    // What is lent or warm outlives its fork server, and is no fork server itself.
    let started = stage.told("Fork server started with PID *");
    let pid = started.split("PID ").nth(1).unwrap().split(':').next().unwrap().parse().unwrap();
    kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
    wait_for_metric(&site, "rqd_fork_server_restarts_total", 1.0);
    wait_until(SOON, "one fork server", || site.metric("rqd_processes{kind=\"fork_server\"}") == Some(1.0));
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn a_hundred_scrapes_at_once_ask_redis_a_few_times() {
    let (mut stage, site) = watched("");
    wait_for_metric(&site, "rqd_redis_up", 1.0);
    let asked = || {
        let stats: String = stage.world.redis.command(&["INFO", "commandstats"]);
        let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_zcard:calls="));
        line.and_then(|rest| rest.split(',').next()?.parse::<u64>().ok()).unwrap_or(0)
    };
    let before = asked();

    let scrapes: Vec<_> = (0..100)
        .map(|_| {
            let site = site.clone();
            thread::spawn(move || site.get("/metrics").status)
        })
        .collect();

    assert!(scrapes.into_iter().all(|scrape| scrape.join().unwrap() == 200));
    // Each look counts the six registries of the one queue.
    let looks = (asked() - before) / 6;
    assert!(before > 0 && looks <= 20, "{before}, then {looks} looks");
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn a_worker_that_nobody_watches_counts_nothing() {
    let mut stage = Stage::new("");
    let scripts = || -> String { stage.world.redis.command(&["INFO", "commandstats"]) };

    let job = stage.world.enqueue("'jobs.returns.value', 1");
    stage.world.wait_for_status(&job, "finished");

    assert!(!scripts().contains("cmdstat_zcard"), "{}", scripts());
    assert!(!Path::new(&stage.world.path("rqd.prom")).exists());
    stage.daemon.stop();
    stage.world.finish();
}
