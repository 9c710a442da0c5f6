//! What is secret is told nowhere: on no stream, in no error, in no list of processes.

use std::{collections::BTreeSet, fs, process::Command};

use nix::unistd::Pid;

use super::Folder;
use super::folder::run;
use crate::harness::{Exit, SOON, Setup, World};

/// What is planted wherever a secret may stand.
const SECRET: &str = "pl4ntedS3cret";

/// Asserts that the secret is in neither stream.
#[track_caller]
fn assert_silent(exit: &Exit, what: &str) {
    for (stream, text) in [("stdout", &exit.stdout), ("stderr", &exit.stderr)] {
        assert!(!text.contains(SECRET), "{what} told it on {stream}:\n{text}");
    }
}

/// All processes that descend from one, itself included.
fn family(root: Pid) -> BTreeSet<i32> {
    let parents: Vec<(i32, i32)> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid: i32| {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
            Some((pid, stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?))
        })
        .collect();
    let mut found = BTreeSet::from([root.as_raw()]);
    loop {
        let more: BTreeSet<i32> =
            parents.iter().filter(|(_, parent)| found.contains(parent)).map(|(pid, _)| *pid).collect();
        if more.is_subset(&found) {
            return found;
        }
        found.extend(more);
    }
}

/// Every place where the configuration can hold the secret, as a command that reads it.
fn planted(folder: &Folder, arguments: &[&str]) -> Vec<(&'static str, Command)> {
    let url = format!("redis://user:{SECRET}@127.0.0.1:1/0");
    let dsn = format!("https://{SECRET}@sentry.example/1");
    folder.write("url.toml", &format!("REDIS_URL = {url:?}\n"));
    folder.write("password.toml", &format!("REDIS_PASSWORD = {SECRET:?}\nREDIS_PORT = 1\n"));
    folder.write(
        "sentinel.json",
        &format!(
            "{{\"SENTINEL\": {{\"INSTANCES\": [[\"127.0.0.1\", 1]], \"PASSWORD\": {SECRET:?}, \
         \"SENTINEL_KWARGS\": {{\"password\": {SECRET:?}}}}}}}"
        ),
    );
    folder.write(
        "module.py",
        &format!(
            "REDIS_HOST = '127.0.0.1'\nREDIS_PORT = 1\nREDIS_PASSWORD = {SECRET:?}\nSENTRY_DSN = {dsn:?}\n"
        ),
    );
    folder.write("secret", SECRET);
    let with = |more: &[&str], variables: &[(&str, &str)]| {
        let mut command = folder.rq(&[arguments, more].concat());
        command.envs(variables.iter().copied());
        command
    };
    vec![
        ("RQ_REDIS_URL", with(&[], &[("RQ_REDIS_URL", &url)])),
        ("REDIS_URL", with(&[], &[("REDIS_URL", &url)])),
        ("REDIS_PASSWORD", with(&[], &[("REDIS_PASSWORD", SECRET), ("REDIS_PORT", "1")])),
        ("RQ_REDIS__PASSWORD_FILE", with(&[], &[("RQ_REDIS__PASSWORD_FILE", "secret"), ("REDIS_PORT", "1")])),
        ("--url", with(&["--url", &url], &[])),
        ("a password in the query", with(&["--url", &format!("redis://127.0.0.1:1?password={SECRET}")], &[])),
        ("url.toml", with(&["-c", "url.toml"], &[])),
        ("password.toml", with(&["-c", "password.toml"], &[])),
        ("sentinel.json", with(&["-c", "sentinel.json"], &[])),
        ("module.py", with(&["-c", "module"], &[])),
        (
            "a shadowed URL",
            with(&["--url", "redis://127.0.0.1:1"], &[("RQ_REDIS_URL", &url), ("REDIS_URL", &url)]),
        ),
        ("RQ_SENTRY_DSN", with(&[], &[("RQ_SENTRY_DSN", &dsn), ("REDIS_PORT", "1")])),
    ]
}

/// Where a mistake stands in or beside the secret.
fn mistaken(folder: &Folder, arguments: &[&str]) -> Vec<(&'static str, Command)> {
    folder.write("broken.toml", &format!("REDIS_PASSWORD = {SECRET}\n"));
    folder.write("list.toml", &format!("REDIS_PASSWORD = [{SECRET:?}]\nREDIS_URL = [{SECRET:?}]\n"));
    folder.write("object.py", &format!(
        "class Secret:\n    def __repr__(self): return {SECRET:?}\nREDIS_URL = Secret()\nREDIS_PASSWORD = Secret()\n"
    ));
    folder.write("kwargs.toml", &format!(
        "[SENTINEL]\nCONNECTION_KWARGS = {{db = \"x\", password = {SECRET:?}}}\nSENTINEL_KWARGS = {{password = {SECRET:?}}}\n"
    ));
    folder.write(
        "list_in_kwargs.toml",
        &format!("[SENTINEL]\nCONNECTION_KWARGS = {{password = [{SECRET:?}]}}\n"),
    );
    let url = |text: &str| format!("redis://user:{SECRET}@{text}");
    let with = |more: &[&str]| folder.rq(&[arguments, more].concat());
    let mut commands = vec![
        ("no TOML", with(&["-c", "broken.toml"])),
        ("a list", with(&["-c", "list.toml"])),
        ("an object", with(&["-c", "object"])),
        ("an option beside it", with(&["-c", "kwargs.toml"])),
        ("a list in a table", with(&["-c", "list_in_kwargs.toml"])),
        ("a query in it", with(&["--url", &format!("redis://user:x?db={SECRET}@h")])),
    ];
    for wrong in ["h:port", "h:99999999", "[::1", "h/0?no_such=1", "h?db=x", "h?ssl_cert_reqs=perhaps"] {
        commands.push(("a wrong URL", with(&["--url", &url(wrong)])));
    }
    for scheme in ["http", "reds", ""] {
        commands.push(("a wrong scheme", with(&["--url", &url("h").replacen("redis", scheme, 1)])));
    }
    let mut slashes = with(&["--url", &format!("redis://user:sl/ash{SECRET}@h")]);
    slashes.env("SENTRY_DSN", format!("{SECRET}@"));
    commands.push(("a password that is not encoded", slashes));
    commands
}

#[test]
fn the_configuration_commands_tell_no_secret() {
    let folder = Folder::new();
    for arguments in [
        &["config", "show"][..],
        &["config", "show", "--json"],
        &["config", "check"],
        &["config", "check", "--json"],
    ] {
        for (what, command) in planted(&folder, arguments).into_iter().chain(mistaken(&folder, arguments)) {
            assert_silent(&run(command), what);
        }
    }
}

#[test]
fn a_worker_that_cannot_start_tells_no_secret() {
    let folder = Folder::new();
    let arguments = ["worker", "--burst", "-v"];

    for (what, command) in planted(&folder, &arguments) {
        let exit = run(command);

        assert_silent(&exit, what);
        assert_eq!(exit.code(), 69, "{what}: {}", exit.stderr);
    }
    for (what, command) in mistaken(&folder, &arguments) {
        let exit = run(command);

        assert_silent(&exit, what);
        assert!([69, 78].contains(&exit.code()), "{what}: {}", exit.stderr);
    }
}

#[test]
fn a_worker_that_runs_tells_no_secret_and_shows_none_to_other_users() {
    let world = World::with(&Setup { tcp: true, ..Setup::default() }).unwrap();
    let _: () =
        world.redis.command(&["ACL", "SETUSER", "worker", "on", &format!(">{SECRET}"), "~*", "&*", "+@all"]);
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}", gate.literal()));
    let failed = world.enqueue("'jobs.raising.plain'");
    let died = world.enqueue("'jobs.exits.by_signal', 'SIGKILL'");
    let mut command = world.worker_command();
    command.args(["--name", "w1", "-v"]);
    command.env("RQ_REDIS_URL", format!("redis://worker:{SECRET}@127.0.0.1:{}/0", world.redis.port()));
    command.env("RQ_SENTRY_DSN", format!("https://{SECRET}@sentry.example/1"));
    let mut worker = world.start(command);
    gate.wait_for_arrival();

    let family = family(worker.pid());
    assert!(family.len() >= 3, "daemon, fork server and horse: {family:?}");
    for pid in family {
        let told = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let told = String::from_utf8_lossy(&told).into_owned();
        assert!(!told.contains(SECRET), "process {pid} shows it: {told}");
    }
    gate.open();
    worker.stdout.wait_for_line(&format!("*{died} failed"), SOON);
    let exit = worker.stop();

    assert_silent(&exit, "the worker");
    for key in world.redis.keys() {
        let dump: Vec<u8> = world.redis.command(&["DUMP", &key]);
        assert!(!String::from_utf8_lossy(&dump).contains(SECRET), "{key} holds it");
    }
    assert_eq!(world.view(&failed)["status"], "failed");
    world.finish();
}

#[test]
fn a_redis_that_goes_away_is_told_without_its_password() {
    let mut world = World::with(&Setup { tcp: true, ..Setup::default() }).unwrap();
    let _: () =
        world.redis.command(&["ACL", "SETUSER", "worker", "on", &format!(">{SECRET}"), "~*", "&*", "+@all"]);
    let mut command = world.worker_command();
    command.args(["--name", "w1", "-v", "--url"]);
    command.arg(format!("redis://worker:{SECRET}@127.0.0.1:{}/0", world.redis.port()));
    let worker = world.start(command);
    world.wait_until_idle(&worker);

    world.redis.kill();

    worker.stderr.wait_for_line("could not connect to Redis instance", SOON);
    for text in [worker.stdout.text(), worker.stderr.text()] {
        assert!(!text.contains(SECRET), "{text}");
    }
}
