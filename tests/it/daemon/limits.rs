//! The limits of horses, and where and as whom the application runs.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::processes::wait_until_gone;
use super::stage::crash;
use crate::harness::{Exit, Lack, World, skipped};

/// The account that every system has, for those who give their rights up.
const NOBODY: &str = "nobody";

fn command(world: &World, settings: &[(&str, &str)]) -> Command {
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--burst", "--name", "w1"]);
    for (name, value) in settings {
        command.env(format!("RQ_HORSE__{}", name.to_uppercase()), value);
    }
    command
}

#[track_caller]
fn work(world: &World, settings: &[(&str, &str)]) -> Exit {
    let exit = world.start(command(world, settings)).wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    exit
}

/// What a job without arguments returns under these settings.
#[track_caller]
fn result(function: &str, settings: &[(&str, &str)]) -> Value {
    let world = World::new();
    let job = world.enqueue(&format!("'jobs.{function}'"));
    work(&world, settings);
    let view = world.view(&job);
    assert_eq!(view["status"], "finished", "{view}");
    world.finish();
    view["result"].clone()
}

/// The failure of a job under these settings.
#[track_caller]
fn failure(call: &str, settings: &[(&str, &str)]) -> String {
    let world = World::new();
    let job = world.enqueue(call);
    let after = world.enqueue("'jobs.returns.value', 1");
    work(&world, settings);
    let view = world.view(&job);
    assert_eq!(view["status"], "failed", "{view}");
    assert_eq!(world.view(&after)["status"], "finished");
    world.finish();
    view["exc_info"].as_str().unwrap().to_owned()
}

#[test]
fn jobs_have_the_limits_of_the_configuration() {
    let told = result(
        "limits.limits",
        &[
            ("memory_limit", "512MiB"),
            ("cpu_time", "1500ms"),
            ("max_open_files", "128"),
            ("max_processes", "4000"),
            ("nice", "7"),
        ],
    );

    let memory = 512 << 20;
    let expected = json!({
        "data": [memory, memory], "files": [128, 128], "processes": [4000, 4000], "cpu": 2, "nice": 7,
    });
    assert_eq!(told, expected);
}

#[test]
fn a_job_that_needs_too_much_memory_fails_and_is_told_the_limit() {
    let told = failure("'jobs.limits.allocate', 400", &[("memory_limit", "200MiB")]);

    assert!(told.contains("MemoryError\n"), "{told}");
    assert!(told.ends_with("horse.memory_limit is 209715200 bytes\n"), "{told}");
}

#[test]
fn a_job_that_uses_too_much_cpu_time_dies_and_its_death_is_explained() {
    let told = failure("'jobs.limits.spin'", &[("cpu_time", "1s")]);

    let expected = "waitpid returned 24 (signal 24); killed by SIGXCPU; it reached its limit of CPU time, ";
    // The wait status tells of a core file where the system writes one.
    assert!(told.replace("152", "24").contains(expected), "{told}");
}

#[test]
fn the_cpu_time_of_one_job_is_not_that_of_the_next_in_the_same_process() {
    let world = World::new();
    world.enqueue("'jobs.limits.burn', 1.1");
    let second = world.enqueue("'jobs.limits.limits'");

    work(&world, &[("cpu_time", "60s"), ("max_jobs", "0")]);

    assert_eq!(world.view(&second)["result"]["cpu"], 61);
    world.finish();
}

#[test]
fn a_job_that_opens_too_many_files_fails() {
    let told = failure("'jobs.limits.open_files', 100", &[("max_open_files", "64")]);

    assert!(told.contains("Too many open files"), "{told}");
}

/// The processes of three jobs of one worker that may use them again.
fn processes(settings: &[(&str, &str)], sizes: [u32; 3]) -> Vec<Value> {
    let world = World::new();
    let jobs = sizes.map(|size| world.enqueue(&format!("'jobs.limits.allocate', {size}")));
    work(&world, &[&[("max_jobs", "0")], settings].concat());
    let processes = jobs.iter().map(|job| world.view(job)["result"].clone()).collect();
    world.finish();
    processes
}

#[test]
fn a_horse_that_has_grown_too_large_gets_no_other_job() {
    let pids = processes(&[("max_memory", "100MiB")], [1, 150, 1]);

    assert_eq!(pids[0], pids[1]);
    assert_ne!(pids[1], pids[2]);
}

#[test]
fn a_horse_that_is_too_old_gets_no_other_job() {
    let old = processes(&[("max_age", "1ms")], [1, 1, 1]);
    let young = processes(&[("max_age", "1h")], [1, 1, 1]);

    assert!(old[0] != old[1] && old[1] != old[2], "{old:?}");
    assert!(young[0] == young[1] && young[1] == young[2], "{young:?}");
}

#[test]
fn the_application_runs_where_it_was_told_to() {
    let world = World::new();
    let elsewhere = world.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let job = world.enqueue("'jobs.limits.ground'");
    let seen = world.enqueue("'jobs.greeted.seen'");
    let folder = world.path("").display().to_string();
    let settings = [
        ("working_directory", elsewhere.to_str().unwrap()),
        ("umask", "027"),
        ("environment", "{\"GREETING\": \"sesame\"}"),
        ("path", &folder),
        ("preload", "jobs.greeted"),
    ];

    let exit = work(&world, &settings);

    let place = fs::canonicalize(&elsewhere).unwrap();
    let expected = json!({"directory": place, "umask": "0o27", "greeting": "sesame"});
    assert_eq!(world.view(&job)["result"], expected);
    assert_eq!(world.view(&seen)["result"][0], "sesame");
    assert_eq!(world.view(&seen)["result"][1], json!(place));
    assert!(!format!("{}{}", exit.stdout, exit.stderr).contains("sesame"));
    world.finish();
}

#[test]
fn values_of_the_environment_are_never_shown() {
    let world = World::new();
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["config", "show"]).env("RQ_HORSE__ENVIRONMENT", "{\"GREETING\": \"sesame\"}");

    let exit = world.start(command).wait_exit();

    assert!(exit.stdout.contains("GREETING"), "{}", exit.stdout);
    assert!(!exit.stdout.contains("sesame"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn what_cannot_be_honoured_ends_the_worker_at_start() {
    let cases = [
        ("working_directory", "/nowhere/at/all", "cannot use horse.working_directory = /nowhere/at/all"),
        ("user", "no-such-user", "cannot use horse.user = no-such-user"),
        ("umask", "9", "must be octal digits from 0 to 777"),
        ("environment", "{\"A\": 1}", "must be a table of names and texts"),
    ];

    for (name, value, told) in cases {
        let world = World::new();
        let exit = world.start(command(&world, &[(name, value)])).wait_exit();
        assert_eq!(exit.code(), 78, "{name}: {}", exit.stderr);
        assert!(exit.stderr.contains(told), "{name}: {}", exit.stderr);
        world.finish();
    }
}

fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// An interpreter that everybody may use, when the tests run as root.
fn for_nobody(world: &World) -> Result<PathBuf, Lack> {
    if !is_root() {
        return Err(Lack::OfMachine("root, to become another user".to_owned()));
    }
    fs::set_permissions(world.path(""), Permissions::from_mode(0o755)).unwrap();
    let mut all = vec![world.venv.python(), "/usr/bin/python3".into(), "/usr/local/bin/python3".into()];
    all.retain(|python| {
        let mut command = Command::new(python);
        command
            .args(["-c", "import json, resource, sys; assert sys.version_info >= (3, 8)"])
            .uid(65534)
            .gid(65534);
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    });
    all.into_iter().next().ok_or_else(|| Lack::OfMachine("a Python that the user nobody may run".to_owned()))
}

/// Runs the burst as root with the jobs as nobody.
fn as_nobody(world: &World, settings: &[(&str, &str)]) -> Result<Exit, Lack> {
    let python = for_nobody(world)?;
    let mut command = command(world, settings);
    command.env("RQ_HORSE__USER", NOBODY).arg("--python").arg(python);
    Ok(world.start(command).wait_exit())
}

#[test]
fn the_application_is_loaded_and_run_as_the_user_it_was_told() {
    let world = World::new();
    let who = world.enqueue("'jobs.limits.identity'");
    let account = world.enqueue("'jobs.limits.account', 'nobody'");
    let seen = world.enqueue("'jobs.greeted.seen'");
    match as_nobody(&world, &[("preload", "jobs.greeted")]) {
        Err(lack) => skipped(&lack),
        Ok(exit) => {
            assert_eq!(exit.code(), 0, "{}", exit.stderr);
            let account = world.view(&account)["result"].clone();
            let (uid, gid) = (&account[0], &account[1]);
            let told = &world.view(&who)["result"];
            assert_eq!(told["ids"], json!([uid, uid, gid, gid]));
            assert!(!told["groups"].as_array().unwrap().contains(&json!(0)), "{told}");
            assert_eq!((&told["home"], &told["name"]), (&account[2], &json!(NOBODY)));
            assert_eq!(world.view(&seen)["result"][2], *uid);
        }
    }
    world.finish();
}

#[test]
fn a_job_that_makes_too_many_processes_fails() {
    let world = World::new();
    let job = world.enqueue("'jobs.limits.fork'");
    match as_nobody(&world, &[("max_processes", "1")]) {
        Err(lack) => {
            skipped(&lack);
            return;
        }
        Ok(exit) => assert_eq!(exit.code(), 0, "{}", exit.stderr),
    }
    let view = world.view(&job);
    assert!(view["exc_info"].as_str().unwrap().contains("BlockingIOError"), "{view}");
    world.finish();
}

#[test]
fn limits_that_only_root_could_give_end_the_worker_at_start() {
    let cases = [
        ("nice", "-5", "cannot use horse.nice = -5: it is below that of this process"),
        (
            "max_open_files",
            "2147483647",
            "cannot use horse.max_open_files = 2147483647: it is above the hard limit",
        ),
    ];

    for (name, value, told) in cases {
        let world = World::new();
        match as_nobody(&world, &[(name, value)]) {
            Err(lack) => skipped(&lack),
            Ok(exit) => {
                assert_eq!(exit.code(), 78, "{}", exit.stderr);
                assert!(exit.stderr.contains(told), "{}", exit.stderr);
                let variable = format!("RQ_HORSE__{}", name.to_uppercase());
                assert!(exit.stderr.contains(&variable), "{}", exit.stderr);
            }
        }
        world.finish();
    }
}

/// The leash is a pipe of root's, which each horse opens anew.
#[test]
fn horses_of_another_user_die_with_the_daemon_too() {
    let world = World::new();
    let python = match for_nobody(&world) {
        Ok(python) => python,
        Err(lack) => return skipped(&lack),
    };
    let mut gate = world.gate("gate");
    fs::set_permissions(world.path(""), Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(world.path("gate"), Permissions::from_mode(0o666)).unwrap();
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--python"]).arg(python).env("RQ_HORSE__USER", NOBODY);
    let mut worker = world.start(command);
    let horse = gate.wait_for_arrival();

    crash(&mut worker);

    wait_until_gone(horse);
    world.finish();
}

#[test]
fn only_root_can_give_the_application_to_another_user() {
    let world = World::new();
    let mut command = command(&world, &[("user", "root")]);
    if is_root() {
        match for_nobody(&world) {
            Ok(python) => command.arg("--python").arg(python).uid(65534).gid(65534),
            Err(lack) => {
                skipped(&lack);
                return;
            }
        };
    }

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 78, "{}", exit.stderr);
    let told = "cannot use horse.user = root: only root can change to another";
    assert!(exit.stderr.contains(told), "{}", exit.stderr);
    world.finish();
}
