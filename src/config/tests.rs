//! The layers together, on real files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::*;

/// A directory with files and an environment, read as the program would.
struct Place {
    directory: TempDir,
    environment: Vec<(String, String)>,
    defaults: Vec<PathBuf>,
}

fn place() -> Place {
    Place { directory: tempfile::tempdir().unwrap(), environment: Vec::new(), defaults: Vec::new() }
}

impl Place {
    fn file(self, name: &str, text: &str) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn default_file(mut self, name: &str, text: &str) -> Self {
        self.defaults.push(self.path(name));
        self.file(name, text)
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
        Sources::new(environment, self.directory.path().to_owned()).default_files(self.defaults.clone())
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
        self.short(refused.expect("it should be refused"))
    }

    /// The text of problems, with paths as seen from the directory.
    fn short(&self, problems: Problems) -> String {
        problems.to_string().replace(&format!("{}/", self.directory.path().display()), "/x/")
    }
}

fn url(resolved: &Resolved) -> &str {
    match &resolved.settings.redis.address {
        Address::Url(url) => url.expose_secret(),
        other => panic!("not a URL: {other:?}"),
    }
}

fn options(resolved: &Resolved) -> &Options {
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
    let mut place =
        place().default_file("etc.toml", "[worker]\nttl = 1\nresults_ttl = 1\nqueues = 'a'\nburst = true");
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
fn a_wrong_value_is_told_with_its_place_and_a_way_out() {
    let place = place().file("rq.toml", "[worker]\nttl = '0s'\n");

    let told = place.refused("rq.toml");

    assert!(told.starts_with("error: cannot use worker.ttl from /x/rq.toml"), "{told}");
    assert!(
        told.contains(": must be at least 1s, found \"0s\"\nhint: remove it to use the default, 420s"),
        "{told}"
    );
}
