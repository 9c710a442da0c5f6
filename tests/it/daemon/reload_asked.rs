//! Asking for a reload: by signals, by `rq reload` over the socket and through Redis; and how the service manager hears of it.

use std::os::unix::net::UnixDatagram;
use std::thread;

use nix::sys::signal::Signal;

use super::reload_stage::{Stage, run, save, settings};
use crate::harness::{SOON, World};

const UNWATCHED: &str = "[reload]\nwatch = false\n";

fn unwatched(more: &str) -> String {
    format!("{UNWATCHED}{more}")
}

#[test]
fn a_hangup_reads_the_configuration_again() {
    let mut stage = Stage::new(UNWATCHED);

    let line = stage.apply(&unwatched("[worker]\nresults_ttl = 77\n"));

    assert!(line.contains("Configuration reloaded (SIGHUP): worker.results_ttl from 500 to 77 ("), "{line}");
    stage.assert_results_ttl(77);
    stage.daemon.signal(Signal::SIGHUP);
    stage.told("Configuration unchanged (SIGHUP)");
    stage.finish();
}

#[test]
fn a_hangup_during_the_start_is_not_forgotten() {
    let world = World::new();
    let mut gate = world.gate("gate");
    save(&world.path("slow.py"), &format!("from jobs import waits\nwaits.at({})\n", gate.literal()));
    save(&world.path("rq.toml"), &settings(&world, &unwatched("[horse]\npreload = [\"slow\"]\n")));
    let command = run(&world, &["-c", "rq.toml"]);
    let mut stage = Stage::unready(world, command);
    gate.wait_for_arrival();

    stage.put(&unwatched("[horse]\npreload = [\"slow\"]\n[worker]\nresults_ttl = 77\n"));
    stage.daemon.signal(Signal::SIGHUP);
    // The next preload must not wait, should there be one.
    save(&stage.world.path("slow.py"), "");
    gate.open();

    stage.told("Configuration reloaded (SIGHUP): worker.results_ttl from 500 to 77");
    stage.assert_results_ttl(77);
    stage.finish();
}

#[test]
fn many_who_ask_at_once_all_get_an_answer_and_the_last_configuration_counts() {
    let stage = Stage::new(UNWATCHED);
    for ttl in 60..80 {
        stage.put(&unwatched(&format!("[worker]\nresults_ttl = {ttl}\n")));
        stage.daemon.signal(Signal::SIGHUP);
    }

    let exits = thread::scope(|scope| {
        let stage = &stage;
        let asked: Vec<_> = (0..5).map(|_| scope.spawn(|| stage.rq(&["reload"]))).collect();
        asked.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>()
    });

    for exit in exits {
        assert_eq!(exit.code(), 0, "{}{}", exit.stdout, exit.stderr);
    }
    stage.assert_results_ttl(79);
    assert!(stage.count("Configuration ") < 15, "they were not joined");
    assert!(stage.rq(&["reload"]).stdout.contains("nothing has changed"));
    stage.finish();
}

#[test]
fn the_command_waits_and_tells_what_changed() {
    let stage = Stage::new(UNWATCHED);
    let pid = stage.daemon.pid();

    let exit = stage.rq(&["reload"]);
    let told = format!("daemon {pid}: nothing has changed");
    assert_eq!((exit.code(), exit.stdout.as_str()), (0, told.as_str()), "{}", exit.stderr);

    stage.put(&unwatched("[worker]\nresults_ttl = 77\n"));
    let exit = stage.rq(&["reload"]);
    let told =
        format!("daemon {pid}: the configuration is applied\n  worker.results_ttl changed: 500 -> 77 (");
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(exit.stdout.starts_with(&told), "{}", exit.stdout);
    assert!(exit.stdout.ends_with("rq.toml, line 5), before the next job is taken"), "{}", exit.stdout);
    stage.assert_results_ttl(77);

    stage.put(&unwatched("[worker]\nresults_tl = 88\n"));
    let exit = stage.rq(&["reload"]);
    assert_eq!(exit.code(), 78, "{}", exit.stdout);
    for told in ["the configuration is refused, nothing was changed", "worker.results_tl", "rq.toml, line 5"]
    {
        assert!(exit.stdout.contains(told), "{told}: {}", exit.stdout);
    }
    let status = stage.status();
    assert_eq!((&status["generation"], &status["last_reload"]["outcome"]), (&2.into(), &"refused".into()));
    stage.assert_results_ttl(77);
    stage.finish();
}

#[test]
fn a_worker_is_asked_through_redis_and_answers() {
    let stage = Stage::new(&unwatched("[worker]\nname = \"w1\"\n"));
    let url = stage.world.redis.url();
    stage.put(&unwatched("[worker]\nname = \"w1\"\nresults_ttl = 77\n"));

    let exit = stage.rq(&["reload", "w1", "-u", &url, "--wait"]);

    assert_eq!(exit.code(), 0, "{}{}", exit.stdout, exit.stderr);
    let told = "worker w1: the configuration is applied\n  worker.results_ttl changed: 500 -> 77 (";
    assert!(exit.stdout.starts_with(told), "{}", exit.stdout);
    stage.assert_results_ttl(77);

    stage.put("[worker\n");
    let exit = stage.rq(&["reload", "w1", "-u", &url, "--wait"]);
    assert_eq!(exit.code(), 78, "{}{}", exit.stdout, exit.stderr);
    assert!(exit.stdout.contains("rq.toml"), "{}", exit.stdout);
    stage.finish();
}

#[test]
fn the_service_manager_hears_of_a_reload_in_its_own_protocol() {
    let world = World::new();
    let manager = UnixDatagram::bind(world.path("notify")).unwrap();
    manager.set_read_timeout(Some(SOON)).unwrap();
    let hear = |wanted: &str| {
        let mut buffer = [0; 4096];
        loop {
            let length = manager.recv(&mut buffer).unwrap_or_else(|error| panic!("no {wanted}: {error}"));
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if message.lines().any(|line| line == wanted) {
                return message;
            }
        }
    };
    save(&world.path("rq.toml"), &settings(&world, UNWATCHED));
    let mut command = run(&world, &["-c", "rq.toml"]);
    command.env("NOTIFY_SOCKET", world.path("notify"));
    let mut stage = Stage::of(world, command);
    hear("READY=1");

    for (text, said) in [
        (unwatched("[worker]\nresults_ttl = 77\n"), "reload applied"),
        (unwatched("[worker]\nresults_tl = 77\n"), "reload refused: "),
    ] {
        stage.apply(&text);

        let begins = hear("RELOADING=1");
        assert!(begins.lines().any(|line| line.starts_with("MONOTONIC_USEC=")), "{begins}");
        let ends = hear("READY=1");
        assert!(ends.lines().any(|line| line.starts_with("STATUS=") && line.contains(said)), "{ends}");
    }
    stage.finish();
}
