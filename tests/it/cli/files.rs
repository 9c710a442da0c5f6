//! What `-c` may name, and how each format is read.

use std::fs;

use serde_json::json;

use super::Folder;
use super::folder::assert_refused;
use crate::harness::{SOON, World};

/// The same settings in every format: URL, queues, name, and one section.
fn every_format(url: &str) -> Vec<(&'static str, String)> {
    vec![
        (
            "rq.toml",
            format!(
                "REDIS_URL = {url:?}\nQUEUES = [\"a\", \"b\"]\nNAME = \"w9\"\n[worker]\nresults_ttl = 99\n"
            ),
        ),
        ("rq.yaml", format!("REDIS_URL: {url:?}\nQUEUES: [a, b]\nNAME: w9\nworker:\n  results_ttl: 99\n")),
        ("rq.yml", format!("REDIS_URL: {url:?}\nQUEUES:\n- a\n- b\nNAME: w9\nworker: {{results_ttl: 99}}\n")),
        (
            "rq.json",
            json!({"REDIS_URL": url, "QUEUES": ["a", "b"], "NAME": "w9", "worker": {"results_ttl": 99}})
                .to_string(),
        ),
        (
            "rq.json5",
            format!(
                "// ours\n{{REDIS_URL: {url:?}, QUEUES: ['a', 'b',], NAME: 'w9', worker: {{results_ttl: 99}}}}\n"
            ),
        ),
        ("rq.ini", format!("REDIS_URL = {url}\nQUEUES = a,b\nNAME = w9\n[worker]\nresults_ttl = 99\n")),
        (
            "rq.ron",
            format!(
                "(REDIS_URL: {url:?}, QUEUES: [\"a\", \"b\"], NAME: \"w9\", worker: (results_ttl: 99))\n"
            ),
        ),
        (
            "rq.py",
            format!(
                "REDIS_URL = {url:?}\nQUEUES = ['a', 'b']\nNAME = 'w9'\nRQ_WORKER = {{'results_ttl': 99}}\n"
            ),
        ),
    ]
}

/// Starts a worker on these settings and asserts that queues, name and the section count.
#[track_caller]
fn assert_counts(world: &World, named: &str) {
    let job = world.client.eval("queue('b').enqueue('jobs.returns.value', 5).id");
    let mut command = world.worker_command();
    command.args(["-c", named, "--burst"]);

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{named}: {}", exit.stderr);
    assert!(exit.stdout.contains("*** Listening on a, b..."), "{named}: {}", exit.stdout);
    assert!(exit.stdout.contains("Worker w9: "), "{named}: {}", exit.stdout);
    assert!(exit.stdout.contains("result is kept for 99 seconds"), "{named}: {}", exit.stdout);
    assert_eq!(world.view(job.as_str().unwrap())["result"], 5, "{named}");
}

#[test]
fn every_format_is_read_by_its_path() {
    let world = World::new();
    for (name, text) in every_format(&world.redis.url()) {
        fs::write(world.path(name), text).unwrap();

        assert_counts(&world, name);
        assert_counts(&world, world.path(name).to_str().unwrap());
    }
    world.finish();
}

#[test]
fn a_bare_name_means_the_one_file_of_that_name() {
    let world = World::new();
    for (name, text) in every_format(&world.redis.url()) {
        let file = world.path(&name.replace("rq.", "deploy."));
        fs::write(&file, text).unwrap();

        assert_counts(&world, "deploy");

        fs::remove_file(file).unwrap();
    }
    world.finish();
}

#[test]
fn a_module_wins_over_files_of_its_name_and_the_losers_are_told() {
    let world = World::new();
    fs::write(world.path("settings.toml"), "QUEUES = [\"from-toml\"]\n").unwrap();
    fs::write(world.path("settings.ini"), "QUEUES = from-ini\n").unwrap();
    let mut worker = world.worker(&["--name", "w1"]);

    worker.stdout.wait_for_line("*** Listening on default...", SOON);

    let warning = worker.stdout.wait_for_line("settings is read as a Python module; not used: ", SOON);
    assert!(warning.contains("settings.toml") && warning.contains("settings.ini"), "{warning}");
    worker.stop();
    world.finish();
}

#[test]
fn a_bare_name_that_fits_several_files_is_refused_with_their_names() {
    let folder = Folder::with(&[("deploy.toml", ""), ("deploy.yaml", "")]);

    let exit = folder.run(&["worker", "--burst", "-c", "deploy"]);

    let told = ["it fits several files", "deploy.toml", "deploy.yaml", "give the file's whole name"];
    assert_refused(&exit, 78, &told);
}

#[test]
fn a_name_that_fits_nothing_is_refused_with_all_that_was_looked_for() {
    let folder = Folder::new();
    folder.write("conf/rq.toml", "");
    for (named, told) in [
        ("setings", "no Python module of that name in"),
        ("settings.py", "a module is named without its ending: settings"),
        ("rq.toml", "there is no such file"),
        ("conf/rq", "did you mean"),
        ("conf/rq.tml", "it does not exist"),
        ("conf/", "it is a directory"),
    ] {
        for command in [&["worker", "--burst", "-c", named][..], &["config", "check", "-c", named]] {
            assert_refused(&folder.run(command), 78, &["error: ", told]);
        }
    }
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_one() {
    for (name, text, line, key, near) in [
        ("rq.toml", "# ours\nREDIS_URI = \"redis://h\"\n", 2, "REDIS_URI", "REDIS_URL"),
        ("rq.toml", "[worker]\n\ntll = 3\n", 3, "worker.tll", "ttl"),
        ("rq.toml", "[wrker]\nttl = 3\n", 1, "wrker", "worker"),
        ("rq.yaml", "worker:\n  max_job: 3\n", 2, "worker.max_job", "max_jobs"),
        ("rq.json", "{\n  \"QUEUE\": [\"a\"]\n}\n", 2, "QUEUE", "QUEUES"),
        ("rq.json5", "{\n  horse: {\n    pyton: 'x',\n  }\n}\n", 3, "horse.pyton", "python"),
        ("rq.ini", "[logging]\nlevl = info\n", 2, "logging.levl", "level"),
        ("rq.ron", "(\n  NAMES: \"x\",\n)\n", 2, "NAMES", "NAME"),
    ] {
        let folder = Folder::with(&[(name, text)]);

        let exit = folder.run(&["config", "check", "-c", name]);

        let place = format!("cannot use {key} from {}, line {line}: ", folder.path(name).display());
        assert_refused(&exit, 78, &[&place, &format!("did you mean {near}?")]);
    }
}

#[test]
fn a_value_of_a_wrong_type_is_told_with_file_line_key_and_both_types() {
    for (name, text, line, told) in [
        ("rq.toml", "\nREDIS_PORT = \"high\"\n", 2, "found \"high\""),
        ("rq.toml", "REDIS_PORT = 99999\n", 1, "found 99999"),
        ("rq.yaml", "worker:\n  ttl: soon\n", 2, "found \"soon\""),
        ("rq.json", "{\"worker\":\n {\"burst\": \"perhaps\"}}", 2, "must be true or false"),
        ("rq.ini", "[worker]\nmax_jobs = many\n", 2, "found \"many\""),
        ("rq.ron", "(logging: (\n  level: \"loud\"))", 2, "debug"),
        ("rq.toml", "QUEUES = [\"a\", 3]\n", 1, "QUEUES"),
        ("rq.toml", "worker = 3\n", 1, "worker"),
    ] {
        let folder = Folder::with(&[(name, text)]);

        let exit = folder.run(&["config", "check", "-c", name]);

        assert_refused(
            &exit,
            78,
            &[&format!("{}, line {line}: must be ", folder.path(name).display()), told],
        );
    }
}

#[test]
fn a_file_that_is_no_such_format_is_told_with_the_line() {
    for (name, text, line) in [
        ("rq.toml", "a = 1\nb = = 2\n", 2),
        ("rq.yaml", "a: 1\nb: [1\n", 2),
        ("rq.json", "{\n\"NAME\": }\n", 2),
        ("rq.json5", "{\nNAME: ]\n}\n", 2),
        ("rq.ron", "(\nNAME: ,)\n", 2),
    ] {
        let folder = Folder::with(&[(name, text)]);

        let exit = folder.run(&["worker", "--burst", "-c", name]);

        assert_refused(&exit, 78, &[&folder.path(name).display().to_string()]);
        let told = (line..=line + 1).any(|line| exit.stderr.contains(&format!("line {line}")));
        assert!(told, "{name}: {}", exit.stderr);
    }
}

#[test]
fn the_logging_of_jobs_may_be_configured_in_a_file() {
    let world = World::new();
    let logging = serde_json::json!({
        "version": 1,
        "formatters": {"f": {"format": "FROM JOB %(message)s"}},
        "handlers": {"h": {"class": "logging.StreamHandler", "formatter": "f", "stream": "ext://sys.stdout"}},
        "root": {"level": "INFO", "handlers": ["h"]},
    });
    let settings = json!({"REDIS_URL": world.redis.url(), "DICT_CONFIG": logging}).to_string();
    fs::write(world.path("rq.json"), settings).unwrap();
    world.enqueue("'jobs.speaks.to_log', 'hello'");
    let mut command = world.worker_command();
    command.args(["-c", "rq.json", "--burst", "--name", "w1"]);

    let exit = world.start(command).wait_exit();

    assert!(exit.stdout.contains("FROM JOB hello"), "{}{}", exit.stdout, exit.stderr);
    world.finish();
}

#[test]
fn the_users_own_file_and_its_drop_ins_are_read_unasked() {
    let folder = Folder::with(&[
        (".config/rq/rq.toml", "[worker]\nttl = \"5m\"\nmax_jobs = 1\n"),
        (".config/rq/rq.toml.d/10-more.yaml", "worker: {max_jobs: 2}\n"),
        ("rq.toml", "[worker]\nmax_jobs = 3\n"),
    ]);

    let shown = folder.shown(&[]);

    assert_eq!(shown.of("worker.ttl")["value"], "300s");
    let jobs = shown.of("worker.max_jobs");
    assert_eq!(jobs["value"], 2);
    assert!(jobs["origin"].as_str().unwrap().ends_with("rq.toml.d/10-more.yaml, line 1"), "{jobs}");
}

#[test]
fn nothing_of_the_current_directory_is_read_unasked() {
    let folder = Folder::with(&[
        ("rq.toml", "[worker]\nmax_jobs = 3\n"),
        ("rq.toml.d/a.toml", "[worker]\nmax_jobs = 4\n"),
        ("rq/rq.toml", "[worker]\nmax_jobs = 5\n"),
    ]);
    for module in ["settings", "sitecustomize", "usercustomize", "json", "rq", "redis", "socket"] {
        folder.write(&format!("{module}.py"), "raise SystemExit('it was read')\n");
    }

    let shown = folder.shown(&[]);
    let tried = folder.run(&["config", "check", "--connect", "--url", "redis://127.0.0.1:1"]);

    assert_eq!(shown.of("worker.max_jobs")["value"], json!(null));
    assert_eq!(tried.code(), 69, "{}", tried.stderr);
    assert!(tried.stdout.contains("loads the application"), "{}", tried.stdout);
    assert!(!(tried.stdout + &tried.stderr).contains("it was read"));
}
