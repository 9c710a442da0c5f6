//! A world with a proxy between the worker and Redis, and what many claims of this folder ask.

use std::{fs, process::Command};

use nix::sys::signal::Signal;

use crate::harness::{Leaves, Match, Proxy, SOON, Worker, World, wait_until};

/// A world whose workers may be cut off from Redis; the test itself talks to Redis directly.
pub(super) struct Stage {
    pub(super) world: World,
    pub(super) proxy: Proxy,
}

impl Stage {
    pub(super) fn new() -> Self {
        let world = World::new();
        let proxy = Proxy::unix(&world.path("proxy.sock"), &world.redis.socket());
        Self { world, proxy }
    }

    /// A worker named `w1` that reaches Redis through the proxy only.
    pub(super) fn worker(&self, arguments: &[&str]) -> Worker {
        let url = self.proxy.url();
        let all: Vec<&str> = ["--name", "w1", "--url", &url].iter().chain(arguments).copied().collect();
        self.world.worker(&all)
    }

    /// The same, once it waits for a job on each of its queues.
    #[track_caller]
    pub(super) fn waiting_worker(&self, arguments: &[&str], queues: usize) -> Worker {
        let worker = self.worker(arguments);
        wait_until_waiting(&self.world, queues);
        worker
    }

    #[track_caller]
    pub(super) fn finish(self) {
        self.finish_leaving(&[]);
    }

    #[track_caller]
    pub(super) fn finish_leaving(self, left: &[Leaves]) {
        drop(self.proxy);
        self.world.finish_leaving(left);
    }
}

/// Waits until that many connections are blocked in a wait for jobs.
#[track_caller]
pub(super) fn wait_until_waiting(world: &World, count: usize) {
    wait_until(SOON, "the worker to wait for jobs", || waiting(world) == count);
}

/// How many connections wait for jobs now.
pub(super) fn waiting(world: &World) -> usize {
    let clients: String = world.redis.command(&["CLIENT", "LIST"]);
    clients.lines().filter(|line| line.contains(" flags=b") && line.contains(" cmd=blmove")).count()
}

/// A run of the transition of that name.
pub(super) fn transition(name: &str) -> Match {
    Match::script(&format!("-- {name}\n"))
}

/// A run of the transition of that name that names this job (or anything else) in its arguments.
pub(super) fn transition_of(name: &'static str, argument: &str) -> Match {
    let (marker, argument) = (format!("-- {name}\n"), argument.as_bytes().to_vec());
    Match::new(name, move |request| {
        request.script.is_some_and(|text| text.contains(&marker)) && request.argv.contains(&argument)
    })
}

/// The arguments of `enqueue` for a job that leaves a mark.
pub(super) fn marking(world: &World, id: &str) -> String {
    format!("'jobs.marks.leave', {:?}, job_id='{id}'", world.path("marks").display().to_string())
}

/// How often jobs left a mark.
pub(super) fn marks(world: &World) -> usize {
    fs::read_to_string(world.path("marks")).unwrap_or_default().lines().count()
}

/// A field of the hash of worker `w1`, "" when there is none.
pub(super) fn of_worker(world: &World, field: &str) -> String {
    world.redis.field(&world.key("worker:w1"), field).unwrap_or_default()
}

/// Kills a worker as a crash would, and takes it off the process table.
#[track_caller]
pub(super) fn crash(worker: &mut Worker) {
    worker.signal(Signal::SIGKILL);
    worker.wait_exit();
}

/// Runs a second worker, `w2`, in burst mode.
#[track_caller]
pub(super) fn burst_of_another(world: &World, queues: &[&str]) {
    burst_of_another_named(world, "w2", queues);
}

/// Runs another worker in burst mode.
#[track_caller]
pub(super) fn burst_of_another_named(world: &World, name: &str, queues: &[&str]) {
    let arguments: Vec<&str> = ["--burst", "--name", name].iter().chain(queues).copied().collect();
    let exit = world.worker(&arguments).wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
}

/// Asserts that a job ran once, and is finished and counted once.
#[track_caller]
pub(super) fn assert_ran_once(world: &World, job: &str) {
    assert_eq!(marks(world), 1, "runs of {job}");
    assert_eq!(world.view(job)["status"], "finished");
    assert_eq!(world.redis.stream(&world.key(&format!("results:{job}"))).len(), 1, "results of {job}");
    assert_eq!(world.client.eval("registries()['failed']"), serde_json::json!([]));
}

/// A library that sets the wall clock of whoever loads it ahead.
const CLOCK: &str = "
#define _GNU_SOURCE
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
int clock_gettime(clockid_t id, struct timespec *at) {
    int result = syscall(SYS_clock_gettime, id, at);
    if (result == 0 && id == CLOCK_REALTIME) at->tv_sec += atol(getenv(\"CLOCK_AHEAD\"));
    return result;
}
";

/// Lets a command run with the wall clock of another host, so many seconds ahead (or behind); false without a C compiler.
#[must_use]
pub(super) fn set_clock_ahead(world: &World, command: &mut Command, seconds: i64) -> bool {
    let (source, library) = (world.path("clock.c"), world.path(&format!("clock{seconds}.so")));
    fs::write(&source, CLOCK).unwrap();
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
    command.env("LD_PRELOAD", &library).env("CLOCK_AHEAD", seconds.to_string());
    built.is_ok_and(|status| status.success())
}
