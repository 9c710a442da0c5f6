//! What the daemon survives: the loss of its fork server at any moment, and a machine that has nothing left to give.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::control_group::Group;
use super::processes::{children, fork_server, sigkill};
use super::stage::marks;
use crate::harness::{Lack, SOON, Worker, World, skipped, wait_until};

/// Enqueues so many jobs of both ends; the names of those that return.
fn load(world: &World, count: usize) -> Vec<String> {
    (0..count).map(|number| world.enqueue(&format!("'jobs.returns.value', {number}"))).collect()
}

fn assert_all_finished(world: &World, jobs: &[String]) {
    for job in jobs {
        world.wait_for_status(job, "finished");
    }
}

/// Lets a moment pass, whatever happens in it.
fn let_pass(moment: Duration) {
    let since = Instant::now();
    wait_until(SOON, "a moment to pass", || since.elapsed() > moment);
}

/// Sets a limit of a process by `prlimit`; counts the test as skipped where that is not there.
fn limit(pid: Pid, what: &str) -> Option<()> {
    let limited = Command::new("prlimit").args(["--pid", &pid.to_string(), what]).status();
    if limited.is_ok_and(|status| status.success()) {
        return Some(());
    }
    skipped(&Lack::OfMachine(format!("prlimit cannot set {what} of another process")));
    None
}

#[test]
fn a_fork_server_that_is_killed_again_and_again_under_load_costs_no_job() {
    let world = World::new();
    let mut pool = world.pool(&["-n", "3"]);
    world.wait_for_idle(3);
    let jobs = load(&world, 300);

    for _ in 0..8 {
        if let Some(server) = children(pool.pid()).into_iter().find(|child| !children(*child).is_empty()) {
            sigkill(server);
        }
        let_pass(Duration::from_millis(120));
    }

    assert_all_finished(&world, &jobs);
    assert!(pool.is_running());
    pool.stop();
    world.finish();
}

/// How many descriptors a process has open.
fn descriptors(pid: Pid) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

fn cpu_time(pid: Pid) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn a_daemon_without_descriptors_waits_for_some_and_is_quiet_meanwhile() {
    let world = World::new();
    let mut pool = world.pool(&["-n", "2"]);
    world.wait_for_idle(2);
    let all = load(&world, 4);
    assert_all_finished(&world, &all);
    world.wait_for_idle(2);

    if limit(pool.pid(), "--nofile=3:4096").is_none() {
        return;
    }
    // It cannot make a process, and not hear a question.
    let mut asking = world.command(std::path::Path::new(env!("CARGO_BIN_EXE_rq")));
    asking.arg("status");
    let asking = world.start(asking);
    let jobs = load(&world, 20);
    let before = cpu_time(pool.pid());
    let_pass(Duration::from_secs(2));
    let spent = cpu_time(pool.pid()) - before;
    assert!(pool.is_running());
    // Of 200 ticks that a core has in this time.
    assert!(spent < 100, "it spent {spent} ticks");
    limit(pool.pid(), "--nofile=1024:4096").unwrap();

    drop(asking);
    assert_all_finished(&world, &jobs);
    wait_until(SOON, "what was open to be closed", || descriptors(pool.pid()) < 100);
    pool.stop();
    world.finish();
}

#[test]
fn a_fork_server_without_descriptors_is_no_end_either() {
    let world = World::new();
    let mut pool = world.pool(&["-n", "2"]);
    world.wait_for_idle(2);

    if limit(fork_server(&pool), "--nofile=3:4096").is_none() {
        return;
    }

    let jobs = load(&world, 20);
    assert_all_finished(&world, &jobs);
    pool.stop();
    world.finish();
}

#[test]
fn a_machine_that_has_no_room_for_processes_is_waited_for() {
    let world = World::new();
    let name = format!("rqd-test-{}", std::process::id());
    let Some(group) = Group::of_processes(&name, "0") else {
        return skipped(&Lack::OfMachine(
            "no control group with a limit of processes can be made".to_owned(),
        ));
    };
    let mut pool = world.pool(&["-n", "2"]);
    world.wait_for_idle(2);

    // Neither it nor its successors can make a process.
    group.take_in(fork_server(&pool));
    group.take_in(pool.pid());
    let jobs = load(&world, 10);
    let before = cpu_time(pool.pid());
    let_pass(Duration::from_secs(2));
    let spent = cpu_time(pool.pid()) - before;
    assert!(spent < 100, "it spent {spent} ticks");
    assert!(pool.is_running());
    let failed = jobs.iter().filter(|job| world.view(job)["status"] == "failed").count();
    assert_eq!(failed, 0, "nobody can help it");
    group.allow_processes();

    assert_all_finished(&world, &jobs);
    pool.stop();
    world.finish();
}

/// A worker whose daemon counts as gone after a second, and whose jobs run again then.
fn impatient(world: &World, name: &str) -> Worker {
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", name]);
    command.env("RQ_MAINTENANCE__LIVENESS", "1s").env("RQ_WORKER__ON_INTERRUPT", "requeue");
    world.start(command)
}

#[test]
fn a_daemon_that_was_stopped_for_too_long_does_not_write_over_what_another_did() {
    let world = World::new();
    let mut gate = world.gate("gate");
    let path = world.path("marks").display().to_string();
    world.enqueue(&format!("'jobs.marks.leave_and_wait', {path:?}, {}, job_id='j1'", gate.literal()));
    let mut first = impatient(&world, "w1");
    let horse = gate.wait_for_arrival();

    first.signal(Signal::SIGSTOP);
    let mut second = impatient(&world, "w2");
    wait_until(SOON, "the job to be the other's", || world.view("j1")["worker_name"] == "w2");
    wait_until(SOON, "the second run", || marks(&world) == 2);
    // It may not have come to the gate.
    gate.open_for_good();
    world.wait_for_status("j1", "finished");
    first.signal(Signal::SIGCONT);

    wait_until(SOON, "the first one's work horse to be gone", || !crate::harness::process_exists(horse));
    let next = world.enqueue("'jobs.returns.value', 1");
    world.wait_for_status(&next, "finished");
    assert_eq!(world.view("j1")["worker_name"], "w2");
    assert_eq!(world.redis.stream("rq:results:j1").len(), 1, "one result");
    assert_eq!(world.redis.field("rq:job:j1", "rqd_interruptions").as_deref(), Some("1"));
    for worker in [&mut first, &mut second] {
        world.wait_until_idle(worker);
        worker.stop();
    }
    world.finish();
}

#[test]
fn a_full_disk_for_the_log_stops_no_job() {
    let world = World::new();
    let jobs = load(&world, 5);
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--burst"]);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "exec \"$@\" >/dev/full 2>&1", "sh"])
        .arg(command.get_program())
        .args(command.get_args());
    shell
        .current_dir(world.path(""))
        .env_clear()
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));

    let exit = world.start(shell).wait_exit();

    assert_eq!(exit.code(), 0);
    for job in &jobs {
        assert_eq!(world.view(job)["status"], "finished");
    }
    world.finish();
}

#[test]
fn a_full_disk_for_temporary_files_stops_no_job() {
    let world = World::new();
    let folder = world.path("tmp");
    fs::create_dir(&folder).unwrap();
    let Some(_mounted) = Mounted::full(&folder) else { return };
    let jobs = load(&world, 5);
    let mut command = world.worker_command();
    command
        .args(["-c", "settings", "--burst"])
        .env("TMPDIR", &folder)
        .env("RQ_RUNTIME_DIR", folder.join("run"));

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    for job in &jobs {
        assert_eq!(world.view(job)["status"], "finished");
    }
    world.finish();
}

/// A file system without room.
struct Mounted<'a>(&'a std::path::Path);

impl<'a> Mounted<'a> {
    /// Counts the test as skipped where it may not mount.
    fn full(folder: &'a std::path::Path) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=4k,nr_inodes=3", "tmpfs"])
            .arg(folder)
            .output();
        if !mounted.is_ok_and(|output| output.status.success()) {
            skipped(&Lack::OfMachine("no file system can be mounted".to_owned()));
            return None;
        }
        let mounted = Self(folder);
        fs::write(folder.join("full"), [0; 4096]).unwrap();
        Some(mounted)
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").args(["-l"]).arg(self.0).status();
    }
}

/// Resident memory of a process in KiB.
fn resident(pid: Pid) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn what_a_job_costs_the_daemon_is_given_back() {
    let world = World::new();
    let mut command = world.worker_command();
    command
        .args(["-c", "settings", "--name", "w1", "--results-ttl", "0", "-q"])
        .env("RQ_HORSE__MAX_JOBS", "0");
    let mut worker = world.start(command);
    let run = |count: usize| {
        let enqueue = format!("last = [q.enqueue('jobs.returns.value', 1).id for _ in range({count})][-1]");
        world.client.exec(&enqueue);
        wait_until(SOON, "the jobs to be done", || {
            !world.redis.exists("rq:queue:default") && world.workers_that_are("idle").len() == 1
        });
    };
    // What is there once for all jobs.
    run(1500);
    let before = resident(worker.pid());

    run(4000);

    let grown = resident(worker.pid()).saturating_sub(before);
    assert!(grown < 1024, "4000 jobs left {grown} KiB");
    worker.stop();
    world.finish();
}
