//! What makes a daemon read its configuration again: each way in which files change.

use std::fs;
use std::os::unix::fs::symlink;

use super::reload_stage::{Stage, run, save, settings};
use crate::harness::{SOON, World};

const TTL: &str = "[worker]\nresults_ttl = 77\n";

/// Waits until the daemon tells of the change, and asserts that it counts.
#[track_caller]
fn assert_in_force(stage: &mut Stage, from: i64, to: i64) {
    stage.told(&format!("Configuration reloaded (a file changed): worker.results_ttl from {from} to {to} ("));
    stage.assert_results_ttl(to);
}

#[test]
fn a_file_that_is_written_in_place_is_read_again() {
    let mut stage = Stage::new("");

    fs::write(stage.file(), stage.text(TTL)).unwrap();

    let line = stage.told("Configuration reloaded (a file changed): worker.results_ttl from 500 to 77");
    assert!(line.contains("rq.toml, line 3)"), "{line}");
    stage.assert_results_ttl(77);
    stage.finish();
}

#[test]
fn a_file_that_is_saved_by_a_rename_is_read_again_each_time() {
    let mut stage = Stage::new("");

    stage.put(TTL);
    assert_in_force(&mut stage, 500, 77);
    stage.put("[worker]\nresults_ttl = 88\n");
    assert_in_force(&mut stage, 77, 88);

    stage.finish();
}

#[test]
fn a_file_that_was_cut_short_and_is_written_again_is_read_once() {
    let mut stage = Stage::new("[worker]\nresults_ttl = 66\n");

    fs::write(stage.file(), "").unwrap();
    fs::write(stage.file(), stage.text(TTL)).unwrap();

    assert_in_force(&mut stage, 66, 77);
    assert_eq!(stage.count("Configuration "), 1);
    stage.finish();
}

#[test]
fn a_swapped_folder_of_kubernetes_is_read_again() {
    let world = World::new();
    let version = |name: &str, text: &str| {
        fs::create_dir_all(world.path(&format!("conf/{name}"))).unwrap();
        fs::write(world.path(&format!("conf/{name}/rq.toml")), settings(&world, text)).unwrap();
    };
    version("..1", "");
    symlink("..1", world.path("conf/..data")).unwrap();
    symlink("..data/rq.toml", world.path("conf/rq.toml")).unwrap();
    version("..2", TTL);
    let command = run(&world, &["-c", "conf/rq.toml"]);
    let mut stage = Stage::of(world, command);

    symlink("..2", stage.world.path("conf/..data_tmp")).unwrap();
    fs::rename(stage.world.path("conf/..data_tmp"), stage.world.path("conf/..data")).unwrap();
    fs::remove_dir_all(stage.world.path("conf/..1")).unwrap();

    assert_in_force(&mut stage, 500, 77);
    stage.finish();
}

#[test]
fn a_link_that_moves_is_followed() {
    let world = World::new();
    save(&world.path("a.toml"), &settings(&world, ""));
    save(&world.path("b.toml"), &settings(&world, TTL));
    symlink("a.toml", world.path("rq.toml")).unwrap();
    let command = run(&world, &["-c", "rq.toml"]);
    let mut stage = Stage::of(world, command);

    symlink("b.toml", stage.world.path("next")).unwrap();
    fs::rename(stage.world.path("next"), stage.file()).unwrap();
    assert_in_force(&mut stage, 500, 77);
    // From now on it is the new target that counts.
    save(&stage.world.path("b.toml"), &stage.text("[worker]\nresults_ttl = 99\n"));
    assert_in_force(&mut stage, 77, 99);

    stage.finish();
}

#[test]
fn a_drop_in_counts_when_it_appears_and_no_more_when_it_vanishes() {
    let mut stage = Stage::new("");
    let folder = stage.world.path(".config/rq/rq.toml.d");
    fs::create_dir_all(&folder).unwrap();

    save(&folder.join("10-ttl.toml"), TTL);
    assert_in_force(&mut stage, 500, 77);
    fs::remove_file(folder.join("10-ttl.toml")).unwrap();
    assert_in_force(&mut stage, 77, 500);

    stage.finish();
}

#[test]
fn a_burst_of_files_is_one_reload() {
    let mut stage = Stage::new("");
    let folder = stage.world.path(".config/rq/rq.toml.d");
    fs::create_dir_all(&folder).unwrap();

    save(&folder.join("10-a.toml"), TTL);
    save(&folder.join("20-b.toml"), "[worker]\nttl = 99\n");
    stage.put("[worker]\nmax_interruptions = 7\n");

    let line = stage.told("Configuration reloaded (a file changed)");
    for key in ["worker.results_ttl", "worker.ttl", "worker.max_interruptions"] {
        assert!(line.contains(key), "{line}");
    }
    stage.apply("[worker]\nmax_interruptions = 7\n");
    assert_eq!(stage.count("Configuration "), 2);
    stage.finish();
}

#[test]
fn a_file_that_a_variable_names_is_watched_too() {
    let world = World::new();
    save(&world.path("rq.toml"), &settings(&world, ""));
    save(&world.path("ttl"), "66\n");
    let mut command = run(&world, &["-c", "rq.toml"]);
    command.env("RQ_WORKER__RESULTS_TTL_FILE", world.path("ttl"));
    let mut stage = Stage::of(world, command);

    save(&stage.world.path("ttl"), "77\n");

    assert_in_force(&mut stage, 66, 77);
    stage.finish();
}

#[test]
fn a_file_that_vanishes_changes_nothing_until_it_is_back() {
    let mut stage = Stage::new(TTL);

    fs::remove_file(stage.file()).unwrap();
    let line = stage.told("Configuration refused (a file changed), everything stays as it was: ");
    assert!(line.contains("rq.toml"), "{line}");
    stage.assert_results_ttl(77);
    stage.put("[worker]\nresults_ttl = 88\n");

    assert_in_force(&mut stage, 77, 88);
    stage.finish();
}

#[test]
fn a_settings_module_and_what_it_imports_are_read_again() {
    let world = World::new();
    let module = |more: &str| format!("REDIS_URL = {:?}\n{more}", world.redis.url());
    let plain = module("RQ_WORKER = {'results_ttl': 66}\n");
    let importing = module("from ours import TTL\nRQ_WORKER = {'results_ttl': TTL}\n");
    save(&world.path("settings.py"), &plain);
    let command = run(&world, &["-c", "settings"]);
    let mut stage = Stage::of(world, command);

    save(&stage.world.path("ours.py"), "TTL = 77\n");
    save(&stage.world.path("settings.py"), &importing);
    stage.told("Configuration reloaded (a file changed), the application was loaded anew: worker.results_ttl from 66 to 77");
    stage.assert_results_ttl(77);

    save(&stage.world.path("ours.py"), "# More of it.\nTTL = 88\n");
    stage.told("Configuration reloaded (a file changed), the application was loaded anew: worker.results_ttl from 77 to 88");
    stage.assert_results_ttl(88);
    stage.finish();
}

#[test]
fn files_are_not_watched_when_they_are_not_to_be() {
    let world = World::new();
    save(&world.path("rq.toml"), &settings(&world, "[reload]\nwatch = false\n"));
    let mut command = run(&world, &["-c", "rq.toml"]);
    command.env("RQ_RELOAD__WATCH", "true");
    let mut watching = world.start(command);
    let command = run(&world, &["-c", "rq.toml"]);
    let mut stage = Stage::of(world, command);
    stage.world.wait_until_idle(&watching);

    stage.put(&format!("[reload]\nwatch = false\n{TTL}"));
    watching.stdout.wait_for_line("Configuration reloaded (a file changed)", SOON);

    assert_eq!(stage.count("Configuration "), 0);
    watching.stop();
    // It can be had again: by asking for it once.
    stage.apply("");
    stage.put(TTL);
    assert_in_force(&mut stage, 500, 77);
    stage.finish();
}
