//! What the service manager is told: systemd's protocol of datagrams, heard on a socket of the test's own.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::time::{ClockId, clock_gettime};

use serde_json::json;

use super::processes::{children, fork_server, horses};
use crate::harness::{Lack, SOON, World, skipped, wait_for, wait_until};

/// A service manager of the test's own.
struct Manager {
    socket: UnixDatagram,
    heard: Vec<String>,
}

impl Manager {
    fn new(world: &World) -> Self {
        let socket = UnixDatagram::bind(world.path("notify")).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        Self { socket, heard: Vec::new() }
    }

    /// A pool of two that knows the manager.
    fn pool(world: &World, arguments: &[&str]) -> Command {
        let mut command = world.command_named("worker-pool");
        command
            .args(["-c", "settings", "-n", "2"])
            .args(arguments)
            .env("NOTIFY_SOCKET", world.path("notify"));
        command
    }

    /// Hears whatever there is now.
    fn listen(&mut self) {
        let mut buffer = [0; 4096];
        while let Ok(length) = self.socket.recv(&mut buffer) {
            self.heard.push(String::from_utf8(buffer[..length].to_vec()).unwrap());
        }
    }

    /// The next message that begins so; what came before it counts as read.
    #[track_caller]
    fn next(&mut self, beginning: &str) -> String {
        wait_for(SOON, &format!("the message {beginning}"), || {
            let found = self.heard.iter().position(|message| message.starts_with(beginning));
            if found.is_none() {
                self.listen();
            }
            found.map(|at| self.heard.drain(..=at).next_back().unwrap())
        })
    }

    /// Asserts that nothing that begins so has been said.
    #[track_caller]
    fn assert_silent(&mut self, beginning: &str) {
        self.listen();
        let said = self.heard.iter().find(|message| message.starts_with(beginning));
        assert!(said.is_none(), "{said:?}");
    }
}

#[test]
fn it_is_ready_when_every_worker_stands_in_redis_and_stops_with_a_word() {
    let world = World::new();
    let mut manager = Manager::new(&world);
    world.redis.freeze();
    let mut pool = world.start(Manager::pool(&world, &["high", "low"]));

    // The interpreter is there before Redis is waited for.
    wait_until(SOON, "the daemon to wait for Redis", || {
        pool.stderr.text().contains("edis") || !children(pool.pid()).is_empty()
    });
    manager.assert_silent("READY=1");
    world.redis.thaw();

    let ready = manager.next("READY=1");
    assert_eq!(ready, "READY=1\nSTATUS=2 workers on high, low, 0 busy");
    assert_eq!(world.redis.set("rq:workers").len(), 2);
    pool.signal(Signal::SIGTERM);
    assert_eq!(manager.next("STOPPING=1"), "STOPPING=1\nSTATUS=stopping");
    assert_eq!(pool.wait_exit().code(), 0);
    world.finish();
}

#[test]
fn a_reload_is_told_with_its_time_and_its_end_whatever_came_of_it() {
    let world = World::new();
    let mut manager = Manager::new(&world);
    let file = world.path("rq.toml");
    fs::write(&file, "[worker]\nresults_ttl = 60\n").unwrap();
    let mut pool = world.start(Manager::pool(&world, &["-c", "rq.toml"]));
    manager.next("READY=1");

    for (text, told) in [
        ("[worker]\nresults_ttl = 70\n", "reload applied"),
        ("[worker]\nresults_ttl = 70\n", "reload changed nothing"),
        ("[worker]\nresults_ttl = \"soon\"\n", "reload refused: "),
    ] {
        fs::write(&file, text).unwrap();
        let before = Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC).unwrap());
        pool.signal(Signal::SIGHUP);

        let begun = manager.next("RELOADING=1");
        let time = begun.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap();
        assert!(Duration::from_micros(time.parse().unwrap()) >= before, "{begun}");
        let ended = manager.next("READY=1");
        assert!(ended.contains(told), "{ended}");
        assert_eq!(ended.lines().count(), 2, "the status is one line: {ended}");
    }
    pool.stop();
    world.finish();
}

#[test]
fn the_watchdog_is_fed() {
    let world = World::new();
    let mut manager = Manager::new(&world);
    let mut command = Manager::pool(&world, &[]);
    command.env("WATCHDOG_USEC", "400000");
    let mut pool = world.start(command);
    manager.next("READY=1");

    manager.next("WATCHDOG=1");
    manager.next("WATCHDOG=1");
    pool.stop();
    world.finish();
}

#[test]
fn a_stop_that_waits_for_a_job_asks_for_time_and_feeds_the_watchdog() {
    let world = World::new();
    let mut manager = Manager::new(&world);
    let mut gate = world.gate("gate");
    let mut command = Manager::pool(&world, &[]);
    command.env("WATCHDOG_USEC", "400000");
    let mut pool = world.start(command);
    manager.next("READY=1");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    gate.wait_for_arrival();

    pool.signal(Signal::SIGTERM);

    manager.next("STOPPING=1");
    for _ in 0..2 {
        let more = manager.next("EXTEND_TIMEOUT_USEC=");
        assert_eq!(more, "EXTEND_TIMEOUT_USEC=30000000");
        manager.next("WATCHDOG=1");
    }
    gate.open();
    assert_eq!(pool.wait_exit().code(), 0);
    assert_eq!(world.view("j1")["status"], "finished");
    world.finish();
}

#[test]
fn neither_the_fork_server_nor_a_horse_knows_the_service_manager() {
    let world = World::new();
    let mut manager = Manager::new(&world);
    let mut command = Manager::pool(&world, &[]);
    command.env("WATCHDOG_USEC", "60000000");
    let mut pool = world.start(command);
    manager.next("READY=1");
    let server = fork_server(&pool);

    for process in horses(server).into_iter().chain([server]) {
        let environment = fs::read(format!("/proc/{process}/environ")).unwrap();
        let environment = String::from_utf8_lossy(&environment);
        for variable in ["NOTIFY_SOCKET=", "WATCHDOG_USEC="] {
            assert!(
                !environment.split('\0').any(|entry| entry.starts_with(variable)),
                "{variable} in {process}"
            );
        }
    }
    let job = world.enqueue("'jobs.surroundings.environment', 'NOTIFY_SOCKET', 'WATCHDOG_USEC'");
    world.wait_for_status(&job, "finished");
    assert_eq!(world.view(&job)["result"], json!([null, null]));
    pool.stop();
    world.finish();
}

#[test]
fn quiet_is_told() {
    let world = World::new();
    let mut manager = Manager::new(&world);
    let mut pool = world.start(Manager::pool(&world, &[]));
    manager.next("READY=1");

    pool.signal(Signal::SIGTSTP);
    assert_eq!(manager.next("STATUS=quiet"), "STATUS=quiet");
    pool.signal(Signal::SIGCONT);
    assert_eq!(manager.next("STATUS=2"), "STATUS=2 workers on default, 0 busy");
    pool.stop();
    world.finish();
}

#[test]
fn a_socket_that_cannot_be_used_is_told_and_nothing_more() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.value', 1");
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--burst"]).env("NOTIFY_SOCKET", "vsock:2:1234");

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(
        format!("{}{}", exit.stdout, exit.stderr).contains("cannot speak to the service manager"),
        "{}",
        exit.stdout
    );
    assert_eq!(world.view(&job)["status"], "finished");
    world.finish();
}

#[test]
fn the_unit_is_what_systemd_takes() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/systemd/rq.service");
    let unit = fs::read_to_string(file).unwrap();
    for line in [
        "Type=notify\n",
        "KillMode=mixed",
        "WatchdogSec=",
        "RuntimeDirectory=rq",
        "ExecStart=/usr/bin/rq run",
    ] {
        assert!(unit.contains(line), "no {line}");
    }
    let folder = tempfile::tempdir().unwrap();
    // It must be there to be judged.
    let here = unit.replace("/usr/bin/rq", env!("CARGO_BIN_EXE_rq"));
    let file = folder.path().join("rq.service");
    fs::write(&file, here).unwrap();
    let Ok(verified) = Command::new("systemd-analyze").arg("verify").arg("--man=no").arg(&file).output()
    else {
        return skipped(&Lack::OfMachine("systemd-analyze is not installed".to_owned()));
    };

    let told = String::from_utf8_lossy(&verified.stderr);
    assert!(verified.status.success() && !told.contains("rq.service"), "{told}");
}
