//! What is secret is told nowhere: on no stream, in no error, in no list of processes.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

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

/// All files in a folder, at any depth; those of links are not among them.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let below = |entry: fs::DirEntry| match entry.file_type().unwrap() {
        kind if kind.is_dir() => files_below(&entry.path()),
        kind if kind.is_file() => vec![entry.path()],
        _ => Vec::new(),
    };
    entries.flat_map(below).collect()
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
    folder.write("dsn", &dsn);
    folder.write("credentials/redis.password", SECRET);
    folder.write("credentials/sentry_dsn", &dsn);
    folder.write("home/rq/rq.toml", &format!("[redis]\nport = 1\npassword = {SECRET:?}\n"));
    folder.write("home/rq/rq.toml.d/sentry.yaml", &format!("sentry:\n  dsn: {dsn}\n"));
    folder.write("all.yaml", &format!("redis: {{port: 1, password: {SECRET}}}\nSENTRY_DSN: {dsn}\n"));
    folder.write("all.ini", &format!("[redis]\nport = 1\npassword = {SECRET}\n[sentry]\ndsn = {dsn}\n"));
    folder.write("all.json5", &format!("{{redis: {{port: 1, password: '{SECRET}'}}, SENTRY_DSN: '{dsn}'}}"));
    folder.write("all.ron", &format!("(redis: (port: 1, password: {SECRET:?}), SENTRY_DSN: {dsn:?})"));
    let home = folder.path("home").display().to_string();
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
        ("RQ_SENTRY__DSN", with(&[], &[("RQ_SENTRY__DSN", &dsn), ("REDIS_PORT", "1")])),
        ("SENTRY_DSN", with(&[], &[("SENTRY_DSN", &dsn), ("REDIS_PORT", "1")])),
        ("SENTRY_DSN_FILE", with(&[], &[("SENTRY_DSN_FILE", "dsn"), ("REDIS_PORT", "1")])),
        ("REDIS_PASSWORD_FILE", with(&[], &[("REDIS_PASSWORD_FILE", "secret"), ("REDIS_PORT", "1")])),
        ("a credential", with(&[], &[("CREDENTIALS_DIRECTORY", "credentials"), ("REDIS_PORT", "1")])),
        ("the user's files", with(&[], &[("XDG_CONFIG_HOME", &home)])),
        ("all.yaml", with(&["-c", "all.yaml"], &[])),
        ("all.ini", with(&["-c", "all.ini"], &[])),
        ("all.json5", with(&["-c", "all.json5"], &[])),
        ("all.ron", with(&["-c", "all.ron"], &[])),
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
    // Each has a mistake in the line of the secret or beside it, and the line is shown.
    let beside = [
        ("one.json", format!("{{\"worker\": {{\"ttl\": 0}}, \"redis\": {{\"password\": {SECRET:?}}}}}")),
        ("other.json", format!("{{\"redis\": {{\"password\": {SECRET:?}}}, \"worker\": {{\"ttl\": 0}}}}")),
        ("comment.toml", format!("[worker]\nttl = 0 # {SECRET}\n")),
        ("misspelled.yaml", format!("redis:\n  pasword: {SECRET}\nSENTRY_DNS: https://{SECRET}@h/1\n")),
        ("open.json5", format!("{{redis: {{password: '{SECRET}}}}}")),
        ("open.yaml", format!("redis: {{password: {SECRET}\nworker: [\n")),
        ("open.ini", format!("[redis\npassword = {SECRET}\n")),
        ("double.ini", format!("[redis]\npassword = {SECRET}\npassword = {SECRET}\n")),
    ];
    for (name, text) in &beside {
        folder.write(name, text);
    }
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
    commands.extend(beside.iter().map(|(name, _)| (*name, with(&["-c", name]))));
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
        &["config", "check", "--connect"],
        &["config", "explain", "redis.url"],
        &["config", "explain", "redis.password", "--json"],
        &["config", "explain", "redis.sentinel"],
        &["config", "explain", "sentry.dsn"],
        &["config", "explain", "sentry.dsn", "--json"],
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
    command.args(["--name", "w1", "-v", "--pid", "worker.pid"]);
    command.env("RQ_REDIS_URL", format!("redis://worker:{SECRET}@127.0.0.1:{}/0", world.redis.port()));
    command.env("RQ_SENTRY_DSN", format!("https://{SECRET}@sentry.example/1"));
    let mut worker = world.start(command);
    gate.wait_for_arrival();

    let family = family(worker.pid());
    assert!(family.len() >= 3, "daemon, fork server and horse: {family:?}");
    for (pid, file) in family.iter().flat_map(|pid| ["cmdline", "comm", "stat"].map(|file| (pid, file))) {
        let told = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let told = String::from_utf8_lossy(&told).into_owned();
        assert!(!told.contains(SECRET), "{file} of process {pid} shows it: {told}");
    }
    assert!(world.path("worker.pid").exists());
    for file in files_below(&world.path("")) {
        let told = fs::read(&file).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&told).contains(SECRET), "{} holds it", file.display());
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
