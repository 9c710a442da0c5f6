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
        "error: cannot use logging from /x/rq.yaml, line 6: must be a table, found \"loud\"",
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
        .file("d.ini", "[worker]\nttl = 5\n[horse]\npreload = a\n[worker]\nburst = 1\n");

    assert!(place.refused("a.toml").contains("cannot use redis.url from /x/a.toml, line 3: the same is said by REDIS_URL from /x/a.toml, line 1"), "{}", place.refused("a.toml"));
    assert!(
        place
            .refused("b.json")
            .contains("cannot use QUEUES from /x/b.json, line 2: it stands on line 1 already")
    );
    assert!(place.refused("c.yaml").contains("/x/c.yaml, line 2"), "{}", place.refused("c.yaml"));
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
        .default_file("usr.toml", "[worker]\nttl = 1\nresults_ttl = 1")
        .default_file("etc.toml", "[worker]\nttl = 2");
    place.defaults.push(place.path("none.toml"));

    let worker = place.resolve().settings.worker;

    assert_eq!((worker.ttl.as_secs(), worker.results_ttl), (2, 1));
}

mod environment {
    use super::*;

    #[test]
    fn text_stays_text_and_lists_are_split() {
        let place = place()
            .variable("NAME", "007")
            .variable("QUEUES", "high, low")
            .variable("RQ_HORSE__PRELOAD", "[\"a,b\", \"c\"]")
            .variable("RQ_WORKER__MAX_JOBS", "5")
            .variable("RQ_PYTHON", "/usr/bin/python3")
            .variable("RQ_LOGGING__LEVEL", "WARNING");

        let Settings { worker, horse, logging, .. } = place.resolve().settings;

        assert_eq!(worker.name.as_deref(), Some("007"));
        assert!(worker.name_from_environment);
        assert_eq!(worker.queues, ["high", "low"]);
        assert_eq!(horse.preload, ["a,b", "c"]);
        assert_eq!(worker.max_jobs, Some(5));
        assert_eq!(horse.python.as_deref(), Some(Path::new("/usr/bin/python3")));
        assert_eq!(logging.level, Level::Warning);
    }

    #[test]
    fn only_the_bare_name_variable_is_a_wish() {
        let place = place().variable("NAME", "wsl").variable("RQ_WORKER__NAME", "mail");

        let worker = place.resolve().settings.worker;

        assert_eq!((worker.name.as_deref(), worker.name_from_environment), (Some("mail"), false));
    }

    #[test]
    fn an_empty_variable_is_unset_but_an_empty_prefix_is_wrong() {
        let place = place().variable("REDIS_URL", "").variable("NAME", "").variable("REDIS_URL_FILE", "");
        assert_eq!(options(&place.resolve()).host, "localhost");

        let place = place.variable("RQ_KEY_PREFIX", "");
        let told = place.sources().resolve().err().unwrap().to_string();
        assert!(
            told.contains("redis.key_prefix from environment variable RQ_KEY_PREFIX: must be one or more"),
            "{told}"
        );
    }

    #[test]
    fn a_prefix_has_only_the_characters_of_rq() {
        let prefix = |text: &str| place().variable("RQ_KEY_PREFIX", text).sources().resolve().is_ok();

        assert!(prefix("{rq}") && prefix("my-app.rq:1_"));
        assert!(!prefix("my app") && !prefix("rq%s") && !prefix("rq\n") && !prefix("é"));
    }

    #[test]
    fn a_secret_may_stand_in_a_file() {
        let place = place().file("url", "redis://:hunter2@h\n").variable("RQ_REDIS_URL_FILE", "url");
        let resolved = place.resolve();
        assert_eq!(url(&resolved), "redis://:hunter2@h");
        assert!(
            resolved
                .origin("redis.url")
                .unwrap()
                .to_string()
                .ends_with("/url (named by environment variable RQ_REDIS_URL_FILE)")
        );

        let place = place.variable("RQ_REDIS_URL", "redis://b");
        let told = place.sources().resolve().err().unwrap().to_string();
        assert!(told.contains("environment variable RQ_REDIS_URL: RQ_REDIS_URL_FILE is set too"), "{told}");
    }

    #[test]
    fn names_of_others_are_left_alone() {
        let place =
            place().variable("RQ_JOB_ID", "x").variable("RQ_WORKER_CLASS", "x").variable("MY__VAR", "x");

        assert!(place.sources().resolve().is_ok());
    }

    #[test]
    fn what_is_not_text_is_refused_only_where_it_matters() {
        use std::os::unix::ffi::OsStringExt;
        let variable = |name: &str| (name.into(), std::ffi::OsString::from_vec(vec![b'a', 0xff]));
        let resolve = |name: &str| {
            let environment: Environment = [variable(name)].into_iter().collect();
            Sources::new(environment, "/".into()).default_files(Vec::new()).resolve()
        };

        assert!(resolve("LS_COLORS").is_ok());
        let told = resolve("REDIS_URL").err().unwrap().to_string();
        assert_eq!(told, "error: cannot use environment variable REDIS_URL: it is not UTF-8 text");
    }

    #[test]
    fn the_link_of_a_kubernetes_service_is_no_port() {
        let resolved = place().variable("REDIS_PORT", "tcp://10.0.0.1:6379").resolve();

        assert_eq!(options(&resolved).port, 6379);
        assert!(resolved.warnings[0].to_string().contains("Kubernetes service"));
    }
}

mod connections {
    use serde_json::json;

    use super::*;

    fn module(values: serde_json::Value) -> PythonModule {
        PythonModule {
            name: "settings".into(),
            file: Some("/x/settings.py".into()),
            values: values.as_object().unwrap().clone(),
            opaque: std::collections::BTreeMap::new(),
        }
    }

    fn with_module(place: &Place, values: serde_json::Value) -> Result<Resolved, Problems> {
        place.sources().explicit("settings").unwrap().python(module(values)).resolve()
    }

    #[test]
    fn the_order_is_that_of_rq() {
        let mut place = place().default_file("etc.toml", "REDIS_URL = 'redis://etc'");
        assert_eq!(url(&place.resolve()), "redis://etc");
        place = place.variable("REDIS_URL", "redis://bare");
        assert_eq!(url(&place.resolve()), "redis://bare");
        let file = json!({"REDIS_URL": "redis://module"});
        assert_eq!(url(&with_module(&place, file.clone()).unwrap()), "redis://module");
        place = place.variable("RQ_REDIS_URL", "redis://prefixed");
        assert_eq!(url(&with_module(&place, file).unwrap()), "redis://prefixed");
        let sources = place.sources().option("redis.url", "--url", "redis://option");
        assert_eq!(url(&sources.resolve().unwrap()), "redis://option");
    }

    #[test]
    fn in_one_place_a_url_beats_sentinel_and_sentinel_beats_a_host() {
        let sentinel =
            json!({"INSTANCES": [["s1", 1], ["s2", "2"]], "MASTER_NAME": "m", "SOCKET_TIMEOUT": 0.5});

        let all =
            with_module(&place(), json!({"REDIS_URL": "redis://u", "SENTINEL": sentinel, "REDIS_HOST": "h"}))
                .unwrap();
        let two = with_module(&place(), json!({"REDIS_URL": null, "SENTINEL": sentinel, "REDIS_HOST": "h"}))
            .unwrap();

        assert_eq!(url(&all), "redis://u");
        assert_eq!(
            all.warnings[0].to_string(),
            "REDIS_HOST, SENTINEL from Python module settings (/x/settings.py): not used, as REDIS_URL from Python module settings (/x/settings.py) counts higher"
        );
        let Address::Sentinel(found) = two.settings.redis.address else { panic!("not Sentinel") };
        assert_eq!(found.instances, [("s1".to_owned(), 1), ("s2".to_owned(), 2)]);
        assert_eq!(
            (found.master_name.as_str(), found.socket_timeout),
            ("m", Some(Duration::from_millis(500)))
        );
    }

    #[test]
    fn a_module_without_a_connection_means_localhost_as_in_rq() {
        let place = place().variable("REDIS_URL", "redis://bare").variable("REDIS_DB", "3");

        let resolved = with_module(&place, json!({"QUEUES": ["a"]})).unwrap();

        assert_eq!((options(&resolved).host.as_str(), options(&resolved).db), ("localhost", 0));
        assert!(
            resolved.warnings[0].to_string().contains("REDIS_DB, REDIS_URL from the environment: not used"),
            "{}",
            resolved.warnings[0]
        );
    }

    #[test]
    fn a_file_without_a_connection_leaves_the_environment_its_say() {
        let place = place().variable("REDIS_URL", "redis://bare").file("a.toml", "QUEUES = 'a'");

        assert_eq!(url(&place.with("a.toml")), "redis://bare");
    }

    #[test]
    fn connections_are_not_mixed() {
        let place = place()
            .default_file("etc.toml", "REDIS_HOST = 'etc'\nREDIS_PASSWORD = 'secret'\nREDIS_DB = 7")
            .variable("REDIS_HOST", "bare");
        let resolved = place.resolve();
        assert_eq!((options(&resolved).host.as_str(), options(&resolved).db), ("bare", 0));
        assert!(options(&resolved).password.is_none());

        let resolved = with_module(&place, json!({"REDIS_PORT": "6380"})).unwrap();
        assert_eq!((options(&resolved).host.as_str(), options(&resolved).port), ("localhost", 6380));
    }

    #[test]
    fn a_prefixed_password_adds_to_a_host_but_not_to_a_url() {
        let place = place()
            .variable("RQ_REDIS__PASSWORD", "secret")
            .file("a.toml", "REDIS_HOST = 'h'")
            .file("b.toml", "REDIS_URL = 'redis://h'");

        let resolved = place.with("a.toml");

        assert_eq!(options(&resolved).host, "h");
        assert_eq!(options(&resolved).password.as_ref().unwrap().expose_secret(), "secret");
        assert_eq!(
            place.refused("b.toml"),
            "error: cannot use redis.password from environment variable RQ_REDIS__PASSWORD: it is one part of a \
             connection, but the whole is given by REDIS_URL from /x/b.toml, line 1\n\
             hint: give redis.host beside redis.password, or the whole as one URL"
        );
    }

    #[test]
    fn a_wrong_value_that_plays_no_part_harms_nobody() {
        let place = place().variable("REDIS_PORT", "many").variable("RQ_REDIS_URL", "redis://h");

        assert_eq!(url(&with_module(&place, json!({"REDIS_DB": "x", "REDIS_URL": 7})).unwrap()), "redis://h");
    }

    #[test]
    fn the_words_for_ssl_are_those_of_rq() {
        let ssl = |text: &str| {
            place().variable("REDIS_SSL", text).sources().resolve().map(|found| options(&found).ssl).ok()
        };

        for (text, expected) in [
            ("y", true),
            ("Yes", true),
            ("T", true),
            ("true", true),
            ("n", false),
            ("NO", false),
            ("f", false),
            ("False", false),
            ("", false),
        ] {
            assert_eq!(ssl(text), Some(expected), "{text}");
        }
        assert_eq!(ssl("maybe"), None);
        let check = |value| {
            options(&with_module(&place(), json!({"REDIS_SSL_CERT_REQS": value})).unwrap())
                .ssl_cert_reqs
                .clone()
        };
        assert_eq!(
            (check(json!(null)), check(json!("optional")), check(json!(0))),
            ("none".into(), "optional".into(), "none".into())
        );
    }

    #[test]
    fn a_module_may_hold_what_is_not_ours() {
        let mut module = module(
            json!({"DEBUG": true, "RQ_QUEUES": {}, "SENTINEL": null, "_1": 2, "DATABASES": {"a": {}}}),
        );
        module.opaque.insert("CACHE".into(), "<object>".into());
        module.opaque.insert("DICT_CONFIG".into(), "<object>".into());
        module.opaque.insert("QUEUES".into(), "[Queue('high')]".into());
        let sources = place().sources().explicit("settings").unwrap().python(module);

        let told = sources.resolve().err().unwrap().to_string();
        let resolved = sources.option("worker.queues", "QUEUES", vec!["a".to_owned()]).resolve().unwrap();

        assert_eq!(
            told,
            "error: cannot use QUEUES from Python module settings (/x/settings.py): must be made of texts, numbers, \
             lists and dictionaries, found [Queue('high')]\nhint: remove it to use the default, [\"default\"]"
        );
        assert_eq!(resolved.settings.logging.dict_config, Some(DictConfig::InModule));
    }

    #[test]
    fn our_sections_stand_in_a_module_as_dictionaries() {
        let values =
            json!({"QUEUES": ["a"], "RQ_WORKER": {"ttl": 7, "burst": true}, "RQ_SENTRY": {"debug": "on"}});
        let settings = with_module(&place(), values).unwrap().settings;
        assert_eq!(
            (settings.worker.ttl.as_secs(), settings.worker.burst, settings.sentry.debug),
            (7, true, true)
        );

        let told = with_module(&place(), json!({"RQ_HORSE": {"python": "x", "preloads": []}}))
            .err()
            .unwrap()
            .to_string();
        assert!(
            told.contains(
                "RQ_HORSE[\"python\"] from Python module settings (/x/settings.py): it is needed before"
            ),
            "{told}"
        );
        assert!(told.contains("hint: use --python or RQ_HORSE__PYTHON"), "{told}");
        assert!(told.contains("RQ_HORSE[\"preloads\"]") && told.contains("did you mean preload?"), "{told}");
    }

    #[test]
    fn before_the_module_is_read_the_interpreter_is_known() {
        let place = place().variable("RQ_PYTHON", "/p").file("lib/settings.py", "").file("settings.toml", "");
        let sources =
            place.sources().option("horse.path", "-P", vec!["lib".to_owned()]).explicit("settings").unwrap();

        let first = sources.resolve().unwrap();

        assert_eq!(first.settings.horse.python.as_deref(), Some(Path::new("/p")));
        let wanted = sources.python_wanted().unwrap();
        assert_eq!((&wanted.source, wanted.certain), (&PythonSource::Module("settings".into()), true));
        assert!(first.warnings[0].to_string().starts_with("settings is read as a Python module; not used: "));
    }

    #[test]
    fn when_the_module_is_missing_the_file_of_its_name_is_read() {
        let place = place().file("settings.toml", "QUEUES = 'a'");
        let sources = place.sources().explicit("settings").unwrap();
        assert!(!sources.python_wanted().unwrap().certain);

        let sources = sources.module_is_missing().unwrap();

        assert!(sources.python_wanted().is_none());
        assert_eq!(sources.resolve().unwrap().settings.worker.queues, ["a"]);
    }
}

mod telling {
    use super::*;

    #[test]
    fn show_tells_origin_and_what_is_shadowed() {
        let place = place()
            .default_file("etc.toml", "[worker]\nttl = 5")
            .file("rq.toml", "REDIS_URL = 'redis://:pw@file'\n[worker]\nttl = 6")
            .variable("REDIS_URL", "redis://:pw@bare")
            .variable("QUEUES", "a")
            .variable("RQ_WORKER__TTL", "7");

        let resolved = place.with("rq.toml");

        let row = |key: &str| resolved.origins.iter().find(|row| row.key == key).unwrap();
        let ttl = row("worker.ttl");
        assert_eq!(
            (ttl.text().as_str(), ttl.origin.to_string().as_str()),
            ("7s", "environment variable RQ_WORKER__TTL")
        );
        let shadowed: Vec<String> =
            ttl.shadowed.iter().map(|lost| format!("{} {}", lost.key, lost.value)).collect();
        assert_eq!(shadowed, ["worker.ttl \"6s\"", "worker.ttl \"5s\"", "worker.ttl \"420s\""]);
        let url = row("redis.url");
        assert_eq!(url.text(), "redis://:***@file");
        assert_eq!(url.shadowed[0].value, "redis://:***@bare");
        assert!(!resolved.origins.iter().any(|row| row.key == "redis.host"));
        assert_eq!(row("worker.name").text(), "(not set)");
        let warnings: Vec<String> = resolved.warnings.iter().map(ToString::to_string).collect();
        let path = place.path("rq.toml").display().to_string();
        assert_eq!(
            warnings,
            [
                format!(
                    "REDIS_URL from the environment: not used, as REDIS_URL from {path}, line 1 counts higher"
                ),
                format!(
                    "worker.ttl from {path}, line 3 is not used: environment variable RQ_WORKER__TTL counts higher"
                ),
            ]
        );
    }

    #[test]
    fn no_secret_is_told_anywhere() {
        const SECRET: &str = "hunter2";
        let sentinel = format!(
            "{{password = '{SECRET}', connection_kwargs = {{password = '{SECRET}'}}, sentinel_kwargs = {{password = '{SECRET}'}}}}"
        );
        let good = [
            format!("REDIS_URL = 'redis://:{SECRET}@h?password={SECRET}'"),
            format!("REDIS_PASSWORD = '{SECRET}'\nSENTRY_DSN = 'https://{SECRET}@h/1'"),
            format!("SENTINEL = {sentinel}"),
        ];
        let bad = [
            format!("REDIS_URL = 'http://:{SECRET}@h'"),
            format!("REDIS_URL = '{SECRET}:{SECRET}@h'"),
            format!("REDIS_HOST = 'redis://:{SECRET}@h'"),
            format!("REDIS_PORT = 'redis://:{SECRET}@h'"),
            format!("REDIS_PASSWORD = ['{SECRET}']"),
            format!("REDIS_PASWORD = '{SECRET}'"),
            format!("SENTRY_DSN = '{SECRET}'"),
            format!("SENTINEL = {{password = ['{SECRET}']}}"),
            format!("REDIS_PASSWORD = {SECRET}"),
        ];

        for text in good {
            let resolved = place().file("a.toml", &text).with("a.toml");
            let rows = serde_json::to_string(&resolved.origins).unwrap();
            let all =
                format!("{:?} {rows} {:?} {:?}", resolved.settings, resolved.origins, resolved.warnings);
            assert!(!all.contains(SECRET), "{all}");
            assert!(rows.contains("***"), "{rows}");
        }
        for text in bad {
            let told = place().file("a.toml", &text).refused("a.toml");
            assert!(!told.contains(SECRET), "{told}");
        }
    }
}

mod laws {
    use proptest::prelude::*;

    use super::*;

    /// Text as INI, TOML, JSON, JSON5, YAML and RON all quote it.
    fn quoted(text: &str) -> String {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_highest_layer_that_says_something_wins(said in proptest::array::uniform4(proptest::option::of(1_u64..100_000))) {
            let mut place = place();
            let table = |ttl: Option<u64>| ttl.map_or(String::new(), |ttl| format!("[worker]\nttl = {ttl}"));
            place = place.default_file("etc.toml", &table(said[0])).file("rq.toml", &table(said[1]));
            if let Some(ttl) = said[2] {
                place = place.variable("RQ_WORKER__TTL", &ttl.to_string());
            }
            let mut sources = place.sources().explicit("rq.toml").unwrap();
            if let Some(ttl) = said[3] {
                sources = sources.option("worker.ttl", "--worker-ttl", ttl);
            }

            let resolved = sources.resolve().unwrap();

            let expected = said.iter().rev().flatten().next().copied().unwrap_or(420);
            prop_assert_eq!(resolved.settings.worker.ttl, Duration::from_secs(expected));
            let row = resolved.origins.iter().find(|row| row.key == "worker.ttl").unwrap();
            prop_assert_eq!(row.shadowed.len(), said.iter().flatten().count());
        }

        #[test]
        fn a_text_and_a_number_are_the_same_in_every_format(name in "[ -~äß漢]{0,12}[!-~]", jobs in 1_u64..1 << 40) {
            let text = quoted(&name);
            let files = [
                ("a.toml", format!("NAME = {text}\n[worker]\nmax_jobs = {jobs}")),
                ("a.json", format!("{{\"NAME\": {text}, \"worker\": {{\"max_jobs\": {jobs}}}}}")),
                ("a.json5", format!("{{NAME: {text}, worker: {{max_jobs: {jobs}}}}}")),
                ("a.yaml", format!("NAME: {text}\nworker: {{max_jobs: {jobs}}}")),
                ("a.ini", format!("NAME = {text}\n[worker]\nmax_jobs = {jobs}")),
                ("a.ron", format!("(NAME: {text}, worker: (max_jobs: {jobs}))")),
            ];
            let mut found = vec![
                place().variable("NAME", &name).variable("RQ_WORKER__MAX_JOBS", &jobs.to_string()).resolve(),
            ];
            found.extend(files.iter().map(|(file, text)| place().file(file, text).with(file)));

            for resolved in found {
                let worker = resolved.settings.worker;
                prop_assert_eq!((worker.name.as_deref(), worker.max_jobs), (Some(name.as_str()), Some(jobs)));
            }
        }

        #[test]
        fn no_environment_makes_it_panic(
            names in proptest::collection::vec("(RQ_)?(REDIS|WORKER|HORSE|SENTRY|QUEUES|NAME)?_{0,2}(URL|HOST|PORT|TTL|QUEUES|DSN|PATH)?(_FILE)?", 0..6),
            values in proptest::collection::vec(any::<String>(), 6),
        ) {
            let environment: Environment = names.into_iter().zip(values).collect();

            let _ = Sources::new(environment, "/nonexistent".into()).default_files(Vec::new()).resolve().map(|r| r.warnings);
        }

        #[test]
        fn no_file_makes_it_panic(text in "([\\[\\](){}:=,\"'#/*\\\\\n a-z0-9.&-]|.){0,60}") {
            for ending in ["toml", "json", "json5", "yaml", "ini", "ron"] {
                let file = format!("a.{ending}");
                let _ = place().file(&file, &text).sources().explicit(&file).and_then(|sources| sources.resolve()).err().map(|p| p.to_string());
            }
        }
    }
}
