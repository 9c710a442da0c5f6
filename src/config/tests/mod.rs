//! The layers together, on real files.

mod appenders;
mod connections;
mod credentials;
mod doubts;
mod environment;
mod laws;
mod matrix;
mod queues;
mod schema;
mod tables;
mod telling;

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::places::Places;
use super::*;

/// A directory with files and an environment, read as the program would.
struct Place {
    directory: TempDir,
    environment: Vec<(String, String)>,
    places: Places,
}

fn place() -> Place {
    Place { directory: tempfile::tempdir().unwrap(), environment: Vec::new(), places: Places::default() }
}

impl Place {
    fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// A folder of the system with an `rq.toml`.
    fn system(mut self, folder: &str, text: &str) -> Self {
        self.places.system.push(self.path(folder));
        self.file(&format!("{folder}/rq.toml"), text)
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn sources(&self) -> Sources {
        let environment: Environment = self.environment.iter().cloned().collect();
        Sources::new(environment, self.directory.path().to_owned()).places(self.places.clone())
    }

    fn resolve(&self) -> Resolved {
        self.sources().resolve().unwrap_or_else(|problems| panic!("{problems}"))
    }

    fn with(&self, name: &str) -> Resolved {
        self.sources()
            .explicit(name)
            .and_then(|s| s.resolve())
            .unwrap_or_else(|problems| panic!("{problems}"))
    }

    fn refused(&self, name: &str) -> String {
        let refused = self.sources().explicit(name).and_then(|sources| sources.resolve()).err();
        self.short(&refused.expect("it should be refused"))
    }

    /// The text of problems, with paths as seen from the directory.
    fn short(&self, problems: &Problems) -> String {
        problems.to_string().replace(&format!("{}/", self.directory.path().display()), "/x/")
    }
}

fn url(resolved: &Resolved) -> &str {
    match &resolved.settings.redis.address {
        Address::Url(url) => url.expose_secret(),
        other => panic!("not a URL: {other:?}"),
    }
}

fn options(resolved: &Resolved) -> &super::connection::Options {
    match &resolved.settings.redis.address {
        Address::Options(options) => options,
        other => panic!("not options: {other:?}"),
    }
}

#[test]
fn with_nothing_said_the_defaults_are_those_of_rq() {
    let settings = place().resolve().settings;

    assert_eq!(settings.worker.queues, ["default"]);
    assert_eq!(settings.worker.results_ttl, 500);
    assert_eq!(settings.worker.ttl, Duration::from_secs(420));
    assert_eq!(settings.worker.maintenance_interval, Duration::from_secs(600));
    assert_eq!(settings.worker.job_monitoring_interval, Duration::from_secs(30));
    assert_eq!(settings.worker.name, None);
    assert!(settings.worker.describe_jobs);
    assert_eq!(settings.horse.path, ["."]);
    assert_eq!(settings.logging.level, Level::Info);
    assert_eq!(settings.logging.format, "%(asctime)s %(message)s");
    assert_eq!(settings.logging.date_format, "%H:%M:%S");
    assert_eq!(settings.redis.key_prefix, "rq");
    assert_eq!(settings.redis.start_timeout, Duration::from_secs(30));
    let Address::Options(redis) = settings.redis.address else { panic!("not options") };
    assert_eq!((redis.host.as_str(), redis.port, redis.db, redis.ssl), ("localhost", 6379, 0, false));
}

#[test]
fn each_layer_beats_those_below_it() {
    let mut place = place().system("etc", "[worker]\nttl = 1\nresults_ttl = 1\nqueues = 'a'\nburst = true");
    let seen = |place: &Place, option: bool| {
        let sources = place.sources().explicit("rq.toml").unwrap();
        let sources =
            if option { sources.option("worker.queues", "QUEUES", vec!["e".to_owned()]) } else { sources };
        let resolved = sources.resolve().unwrap();
        (resolved.settings.worker.queues[0].clone(), resolved.origin("worker.queues").unwrap().to_string())
    };

    place = place.file("rq.toml", "");
    assert_eq!(seen(&place, false).0, "a");
    place = place.variable("QUEUES", "b");
    assert_eq!(seen(&place, false), ("b".into(), "environment variable QUEUES".into()));
    place = place.file("rq.toml", "QUEUES = ['c']");
    assert_eq!(seen(&place, false).0, "c");
    place = place.variable("RQ_WORKER__QUEUES", "d");
    assert_eq!(seen(&place, false), ("d".into(), "environment variable RQ_WORKER__QUEUES".into()));
    assert_eq!(seen(&place, true), ("e".into(), "option QUEUES".into()));
}

#[test]
fn a_wrong_value_is_told_with_its_line_and_a_way_out() {
    let place = place().file("rq.toml", "[worker]\nttl = '0s'\n");

    let told = place.refused("rq.toml");

    assert_eq!(
        told,
        "error: cannot use worker.ttl from /x/rq.toml, line 2: must be at least 1s, found \"0s\"\n\
         hint: remove it to use the default, 420s"
    );
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let place = place()
        .file("rq.yaml", "QUEUES: ['', a]\nREDIS_PORT: many\nworker:\n  tll: 5\nwroker: {}\nlogging: loud\n")
        .variable("RQ_WORKER__BURST", "perhaps")
        .variable("RQ_WORKER__TLL", "5");

    let told = place.refused("rq.yaml");

    let expected = [
        "error: cannot use worker.tll from /x/rq.yaml, line 4: there is no such key\nhint: did you mean ttl?",
        "error: cannot use wroker from /x/rq.yaml, line 5: there is no such key\nhint: did you mean worker?",
        "error: cannot use logging from /x/rq.yaml, line 6: must be a table, found text",
        "error: cannot use environment variable RQ_WORKER__TLL: there is no such setting\nhint: did you mean RQ_WORKER__TTL?",
        "error: cannot use REDIS_PORT from /x/rq.yaml, line 2: must be a whole number from 1 to 65535, found \"many\"",
        "error: cannot use QUEUES from /x/rq.yaml, line 1: must be names of queues, found an empty name in [\"\", \"a\"]",
        "error: cannot use worker.burst from environment variable RQ_WORKER__BURST: must be true or false, found \"perhaps\"",
    ];
    for line in expected {
        assert!(told.contains(line), "missing: {line}\n{told}");
    }
    assert_eq!(told.matches("error: ").count(), expected.len(), "{told}");
}

#[test]
fn the_same_key_means_the_same_in_every_format() {
    let files = [
        (
            "a.toml",
            "REDIS_URL = 'redis://h/1'\nQUEUES = ['high', '007', 'no', 'on']\n[worker]\nttl = '2m'\nburst = true\n[horse]\npreload = 'a,b'",
        ),
        (
            "a.json",
            r#"{"REDIS_URL": "redis://h/1", "QUEUES": "high,007,no,on", "worker": {"ttl": 120, "burst": "yes"}, "horse": {"preload": ["a", "b"]}}"#,
        ),
        (
            "a.json5",
            "{REDIS_URL: 'redis://h/1', QUEUES: ['high', '007', 'no', 'on'], worker: {ttl: 120.0, burst: true,}, horse: {preload: 'a,b'}}",
        ),
        (
            "a.yaml",
            "REDIS_URL: redis://h/1\nQUEUES: [high, 007, no, on]\nworker:\n  ttl: 2m\n  burst: yes\nhorse:\n  preload: [a, b]",
        ),
        (
            "a.yml",
            "REDIS_URL: redis://h/1\nQUEUES: high,007,no,on\nworker: {ttl: 120s, burst: true}\nhorse: {preload: 'a,b'}",
        ),
        (
            "a.ini",
            "REDIS_URL = redis://h/1\nQUEUES = high, 007, no, on\n[worker]\nttl = 120\nburst = yes\n[horse]\npreload = [\\\"a\\\", \\\"b\\\"]",
        ),
        (
            "a.ron",
            "(REDIS_URL: \"redis://h/1\", QUEUES: [\"high\", \"007\", \"no\", \"on\"], worker: (ttl: \"2m\", burst: true), horse: (preload: [\"a\", \"b\"]))",
        ),
    ];

    for (name, text) in files {
        let resolved = place().file(name, text).with(name);
        let Settings { worker, horse, .. } = &resolved.settings;
        assert_eq!(url(&resolved), "redis://h/1", "{name}");
        assert_eq!(worker.queues, ["high", "007", "no", "on"], "{name}");
        assert_eq!(worker.ttl, Duration::from_secs(120), "{name}");
        assert!(worker.burst, "{name}");
        assert_eq!(horse.preload, ["a", "b"], "{name}");
    }
}

#[test]
fn a_key_that_is_said_twice_is_refused() {
    let place = place()
        .file("a.toml", "REDIS_URL = 'redis://a'\n[redis]\nurl = 'redis://b'\n")
        .file("b.json", "{\"QUEUES\": \"a\",\n\"QUEUES\": \"b\"}")
        .file("c.yaml", "QUEUES: a\nQUEUES: b\n")
        .file("d.ini", "[worker]\nttl = 5\n[horse]\npreload = a\n[worker]\nburst = 1\n")
        .file("e.toml", "[worker]\nttl = 5\n[horse]\n[worker]\nburst = true\n");

    assert!(place.refused("a.toml").contains("cannot use redis.url from /x/a.toml, line 3: the same is said by REDIS_URL from /x/a.toml, line 1"), "{}", place.refused("a.toml"));
    assert!(
        place
            .refused("b.json")
            .contains("cannot use QUEUES from /x/b.json, line 2: it stands on line 1 already")
    );
    for (name, line) in [("c.yaml", 2), ("e.toml", 4)] {
        let told = place.refused(name);

        assert!(told.contains(&format!("/x/{name}, line {line}")), "{told}");
        assert!(told.contains("hint: ") && told.contains("keep one of them"), "{told}");
        assert!(!told.contains("DuplicateKeyPolicy"), "{told}");
    }
    assert!(
        place.refused("d.ini").contains("cannot use worker from /x/d.ini, line 5"),
        "{}",
        place.refused("d.ini")
    );
}

#[test]
fn a_file_that_cannot_be_read_says_why() {
    let place =
        place().file("long.toml", &"#".repeat(1024 * 1024 + 1)).file("conf/x.toml", "").file("x.conf", "");
    std::fs::write(place.path("bytes.toml"), b"a = '\xff'").unwrap();
    std::fs::create_dir(place.path("dir.toml")).unwrap();

    assert!(place.refused("long.toml").contains("/x/long.toml: it is longer than 1 MiB"));
    assert!(place.refused("bytes.toml").contains("/x/bytes.toml: it is not UTF-8 text (byte 5)"));
    assert!(place.refused("./none.toml").contains("none.toml: it does not exist"));
    assert!(place.refused("./dir.toml").contains("dir.toml: it is a directory"));
    assert!(place.refused("./x.conf").contains("x.conf: its ending tells no format"));
}

#[test]
fn default_files_are_read_when_they_are_there() {
    let mut place = place()
        .system("usr", "[worker]\nttl = 1\nresults_ttl = 1\nmax_jobs = 1")
        .system("etc", "[worker]\nttl = 2")
        .file("usr/rq.toml.d/50-more.toml", "[worker]\nresults_ttl = 3\nmax_jobs = 3")
        .file("home/rq.toml", "[worker]\nmax_jobs = 4");
    place.places.system.push(place.path("none"));
    place.places.user = Some(place.path("home"));

    let worker = place.resolve().settings.worker;

    assert_eq!((worker.ttl.as_secs(), worker.results_ttl, worker.max_jobs), (2, 3, Some(4)));
}

#[test]
fn of_several_explicit_files_the_later_beats_the_earlier_key_by_key() {
    let place =
        place().file("a.toml", "[worker]\nttl = 1\nresults_ttl = 1").file("b.toml", "[worker]\nttl = 2");

    let sources = place.sources().explicit("a.toml").and_then(|sources| sources.explicit("b.toml"));

    let worker =
        sources.and_then(|sources| sources.resolve()).unwrap_or_else(|it| panic!("{it}")).settings.worker;
    assert_eq!((worker.ttl.as_secs(), worker.results_ttl), (2, 1));
}

#[test]
fn a_second_python_module_is_refused() {
    let place = place().file("a.py", "").file("b.py", "");

    let refused = place.sources().explicit("a").and_then(|sources| sources.explicit("b")).err().unwrap();

    assert!(refused.to_string().contains("b is a second Python module"), "{refused}");
}
