//! A reload is whole or not at all: what cannot be used changes nothing, and the daemon goes on.

use super::reload_stage::{Stage, run, save};
use crate::harness::{World, free_port};

/// A configuration below the address of Redis, and what must be told of it.
const WRONG: [(&str, &[&str]); 8] = [
    ("[worker\n", &["rq.toml, line 2"]),
    ("[worker]\ntll = 3\n", &["cannot use worker.tll from ", "rq.toml, line 3", "did you mean ttl?"]),
    (
        "[worker]\nresults_ttl = \"soon\"\n",
        &["cannot use worker.results_ttl from ", "rq.toml, line 3", "found \"soon\""],
    ),
    (
        "[worker]\ntll = 3\nmax_jobs = \"many\"\n[horse]\nmax_jobs = -4\n",
        &["worker.tll", "line 3", "worker.max_jobs", "line 4", "horse.max_jobs", "line 6"],
    ),
    (
        "[horse]\npreload = [\"nowhere\"]\n",
        &["cannot preload the module nowhere", "horse.preload from ", "rq.toml, line 3"],
    ),
    (
        "[horse]\npreload = [\"broken\"]\n",
        &["cannot preload the module broken", "not today", "rq.toml, line 3"],
    ),
    ("[horse]\npython = \"/no/such/python\"\n[worker]\nresults_ttl = 88\n", &["/no/such/python"]),
    (
        "[worker]\nclass = \"nowhere.Worker\"\nresults_ttl = 88\n",
        &["nowhere.Worker", "worker.class from ", "rq.toml, line 3"],
    ),
];

#[test]
fn what_cannot_be_used_changes_nothing_and_is_told_with_its_place() {
    let good = "[worker]\nresults_ttl = 77\n";
    let world = World::new();
    save(&world.path("rq.toml"), &super::reload_stage::settings(&world, good));
    save(&world.path("broken.py"), "raise RuntimeError('not today')\n");
    // The interpreter is not an option here, so that the file has a say.
    let mut command = world.command(std::path::Path::new(env!("CARGO_BIN_EXE_rq")));
    command
        .args(["run", "-c", "rq.toml"])
        .env("VIRTUAL_ENV", world.venv.python().parent().unwrap().parent().unwrap());
    let mut stage = Stage::of(world, command);

    for (text, told) in WRONG {
        stage.put(text);
        let line = stage.told("Configuration refused (a file changed), everything stays as it was: ");
        for told in told {
            assert!(line.contains(told), "{text}: {told} is not in {line}");
        }
        stage.assert_results_ttl(77);
        let status = stage.status();
        assert_eq!(status["generation"], 1, "{text}");
        assert_eq!(status["last_reload"]["outcome"], "refused", "{text}");
    }
    // Each was tried once only.
    assert_eq!(stage.count("Configuration "), WRONG.len());
    stage.put("[worker]\nresults_ttl = 99\n");
    stage.told("Configuration reloaded (a file changed): worker.results_ttl from 77 to 99");
    stage.assert_results_ttl(99);
    stage.finish();
}

#[test]
fn what_is_refused_is_not_tried_again_until_it_changes() {
    let mut stage = Stage::new("[reload]\npoll = \"100ms\"\n");
    stage.put("[worker]\ntll = 1\n");
    stage.told("Configuration refused");

    // A further change takes longer to be noticed than several looks at the files.
    stage.put("[worker]\ntll = 2\n");
    stage.told("Configuration refused");

    assert_eq!(stage.count("Configuration refused"), 2);
    stage.put("[worker]\nttl = 99\n");
    stage.told("Configuration reloaded (a file changed): ");
    assert_eq!(stage.count("Configuration refused"), 2);
    stage.finish();
}

#[test]
fn a_redis_that_is_not_there_changes_nothing() {
    let mut stage = Stage::new("");
    let url = format!("redis://127.0.0.1:{}/0", free_port());

    save(&stage.file(), &format!("REDIS_URL = {url:?}\n[worker]\nresults_ttl = 88\n"));

    let line = stage.told("Configuration refused (a file changed), everything stays as it was: ");
    for told in ["cannot use this redis", "rq.toml, line 1", "redis is used as before"] {
        assert!(line.contains(told), "{line}");
    }
    stage.assert_results_ttl(500);
    stage.put("[worker]\nresults_ttl = 99\n");
    stage.told("Configuration reloaded (a file changed): worker.results_ttl from 500 to 99");
    stage.finish();
}

#[test]
fn a_settings_module_that_raises_changes_nothing() {
    let world = World::new();
    let command = run(&world, &["-c", "settings"]);
    let mut stage = Stage::of(world, command);
    let module = |more: &str| format!("REDIS_URL = {:?}\n{more}", stage.world.redis.url());
    let (broken, wrong, mended) = (
        module("raise RuntimeError('not today')\n"),
        module("RQ_WORKER = {'results_tl': 77}\n"),
        module("RQ_WORKER = {'results_ttl': 77}\n"),
    );

    save(&stage.world.path("settings.py"), &broken);
    let line = stage.told("Configuration refused (a file changed), everything stays as it was: ");
    assert!(line.contains("not today") && line.contains("settings"), "{line}");
    stage.assert_results_ttl(500);

    assert!(line.ends_with("settings.py, line 2"), "{line}");

    save(&stage.world.path("settings.py"), &wrong);
    let line = stage.told("Configuration refused (a file changed), everything stays as it was: ");
    assert!(line.contains("RQ_WORKER[\"results_tl\"]") && line.contains("settings.py"), "{line}");
    stage.assert_results_ttl(500);

    save(&stage.world.path("settings.py"), &mended);
    stage.told("Configuration reloaded (a file changed), the application was loaded anew: worker.results_ttl from 500 to 77");
    stage.assert_results_ttl(77);
    stage.finish();
}

#[test]
fn a_module_that_a_reload_failed_at_is_watched_until_it_is_mended() {
    let world = World::new();
    let command = run(&world, &["-c", "settings"]);
    let mut stage = Stage::of(world, command);
    let url = stage.world.redis.url();
    let module = format!("REDIS_URL = {url:?}\nfrom ours import TTL\nRQ_WORKER = {{'results_ttl': TTL}}\n");

    save(&stage.world.path("ours.py"), "TTL = \n");
    save(&stage.world.path("settings.py"), &module);
    let line = stage.told("Configuration refused (a file changed), everything stays as it was: ");
    assert!(line.ends_with("ours.py, line 1"), "{line}");
    stage.assert_results_ttl(500);
    // The module of the settings is as it was.
    save(&stage.world.path("ours.py"), "TTL = 77\n");

    stage.told("Configuration reloaded (a file changed), the application was loaded anew: worker.results_ttl from 500 to 77");
    stage.assert_results_ttl(77);
    stage.finish();
}
