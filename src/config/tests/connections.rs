//! Which Redis it is, and what a Python module says about it.

use serde_json::json;

use super::*;

fn module(values: &serde_json::Value) -> PythonModule {
    PythonModule {
        name: "settings".into(),
        file: Some("/x/settings.py".into()),
        values: values.as_object().unwrap().clone(),
        opaque: std::collections::BTreeMap::new(),
    }
}

fn with_module(place: &Place, values: impl Into<serde_json::Value>) -> Result<Resolved, Problems> {
    place.sources().explicit("settings").unwrap().python(module(&values.into())).resolve()
}

#[test]
fn the_order_is_that_of_rq() {
    let mut place = place().system("etc", "REDIS_URL = 'redis://etc'");
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
    let sentinel = json!({"INSTANCES": [["s1", 1], ["s2", "2"]], "MASTER_NAME": "m", "SOCKET_TIMEOUT": 0.5});

    let all =
        with_module(&place(), json!({"REDIS_URL": "redis://u", "SENTINEL": sentinel, "REDIS_HOST": "h"}))
            .unwrap();
    let two =
        with_module(&place(), json!({"REDIS_URL": null, "SENTINEL": sentinel, "REDIS_HOST": "h"})).unwrap();

    assert_eq!(url(&all), "redis://u");
    assert_eq!(
        all.warnings[0].to_string(),
        "REDIS_HOST, SENTINEL from Python module settings (/x/settings.py): not used, as REDIS_URL from Python module settings (/x/settings.py) counts higher"
    );
    let Address::Sentinel(found) = two.settings.redis.address else { panic!("not Sentinel") };
    assert_eq!(found.instances, [("s1".to_owned(), 1), ("s2".to_owned(), 2)]);
    assert_eq!((found.master_name.as_str(), found.socket_timeout), ("m", Some(Duration::from_millis(500))));
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
        .system("etc", "REDIS_HOST = 'etc'\nREDIS_PASSWORD = 'secret'\nREDIS_DB = 7")
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
        options(&with_module(&place(), json!({"REDIS_SSL_CERT_REQS": value})).unwrap()).ssl_cert_reqs.clone()
    };
    assert_eq!(
        (check(json!(null)), check(json!("optional")), check(json!(0))),
        ("none".into(), "optional".into(), "none".into())
    );
}

#[test]
fn a_module_may_hold_what_is_not_ours() {
    let mut module =
        module(&json!({"DEBUG": true, "RQ_QUEUES": {}, "SENTINEL": null, "_1": 2, "DATABASES": {"a": {}}}));
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
    assert_eq!(resolved.settings.logging.dict_config, Some(DictConfig::InModule(serde_json::Value::Null)));
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
