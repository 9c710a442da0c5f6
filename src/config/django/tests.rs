use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use super::queue::connection as mapped;
use super::*;
use crate::config::{Address, Environment, Resolved, Sources};

fn table(value: &Raw) -> Map<String, Raw> {
    value.as_object().cloned().unwrap()
}

/// The URL that an entry becomes.
fn url(entry: &Raw) -> String {
    let found = mapped(&table(entry), None).unwrap();
    assert_eq!(found[0].0, "redis.url");
    found[0].2.as_str().unwrap().to_owned()
}

#[test]
fn a_url_beats_the_names_beside_it() {
    let cases = [
        (json!({"URL": "redis://h:1/2", "DB": 3}), "redis://h:1/2"),
        (json!({"URL": "redis://h:1", "DB": 3}), "redis://h:1?db=3"),
        (json!({"URL": "redis://h:1/", "DB": 3}), "redis://h:1/?db=3"),
        (json!({"URL": "redis://h?db=1", "DB": 3, "HOST": "other"}), "redis://h?db=1"),
        (json!({"URL": "redis://h/0", "SSL_CERT_REQS": null}), "redis://h/0"),
        (json!({"URL": "rediss://h/0", "SSL_CERT_REQS": null}), "rediss://h/0?ssl_cert_reqs=none"),
        (
            json!({"URL": "rediss://h/0?ssl_cert_reqs=required", "SSL_CERT_REQS": 0}),
            "rediss://h/0?ssl_cert_reqs=required",
        ),
        (json!({"UNIX_SOCKET_PATH": "/run/r.sock", "DB": 2}), "unix:///run/r.sock?db=2"),
        (json!({"UNIX_SOCKET_PATH": "/r", "PASSWORD": "a&b", "DB": 0}), "unix:///r?db=0&password=a%26b"),
    ];

    for (entry, expected) in cases {
        assert_eq!(url(&entry), expected);
    }
}

#[test]
fn host_and_port_become_our_keys() {
    let entry = json!({
        "HOST": "h", "PORT": "7000", "DB": null, "USERNAME": "", "PASSWORD": "secret", "SSL": true,
        "SSL_CERT_REQS": null, "DEFAULT_TIMEOUT": 360, "ASYNC": false,
        "REDIS_CLIENT_KWARGS": {"ssl_ca_certs": "/ca.pem", "health_check_interval": 30},
    });

    let found: Vec<(&str, Raw)> =
        mapped(&table(&entry), None).unwrap().into_iter().map(|(key, _, value)| (key, value)).collect();

    let expected = [
        ("redis.host", json!("h")),
        ("redis.port", json!("7000")),
        ("redis.password", json!("secret")),
        ("redis.ssl", json!(true)),
        ("redis.ssl_cert_reqs", json!("none")),
        ("redis.ssl_ca_certs", json!("/ca.pem")),
    ];
    assert_eq!(found, expected);
}

#[test]
fn sentinels_become_rqs_table() {
    let entry = json!({
        "SENTINELS": [["s1", 26379], ["s2", 26379]], "MASTER_NAME": "m", "SOCKET_TIMEOUT": 0.3, "DB": 0,
        "CONNECTION_KWARGS": {"socket_connect_timeout": 0.5, "password": "p", "ssl": true},
        "SENTINEL_KWARGS": {"username": "u"},
    });

    let found = mapped(&table(&entry), None).unwrap();

    let expected = json!({
        "instances": [["s1", 26379], ["s2", 26379]], "master_name": "m", "socket_timeout": 0.3, "db": 0,
        "password": "p", "ssl": true, "connection_kwargs": {"socket_connect_timeout": 0.5},
        "sentinel_kwargs": {"username": "u"},
    });
    assert_eq!((found[0].0, &found[0].2), ("redis.sentinel", &expected));
    assert!(crate::config::sentinel::read(&expected).is_ok());
}

#[test]
fn a_cache_gives_its_url_or_a_reason() {
    let redis = "django_redis.cache.RedisCache";
    let own = "django.core.cache.backends.redis.RedisCache";
    let cases = [
        (json!({"BACKEND": redis, "LOCATION": "redis://h/1"}), Ok("redis://h/1")),
        (json!({"BACKEND": redis, "LOCATION": ["redis://a/1", "redis://b/1"]}), Ok("redis://a/1")),
        (
            json!({"BACKEND": redis, "LOCATION": "redis://h/1", "OPTIONS": {"PASSWORD": "p"}}),
            Ok("redis://h/1?password=p"),
        ),
        (
            json!({"BACKEND": own, "LOCATION": "redis://a;redis://b", "OPTIONS": {"db": "10"}}),
            Ok("redis://a?db=10"),
        ),
        (json!({"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}), Err("is no Redis")),
        (json!({"BACKEND": redis, "LOCATION": "h:6379"}), Err("is no URL")),
        (
            json!({"BACKEND": redis, "LOCATION": "redis://m/0", "OPTIONS": {"SENTINELS": []}}),
            Err("through Sentinel"),
        ),
        (json!(null), Err("that can be read")),
    ];

    for (cache, expected) in cases {
        let caches = json!({"c": cache});
        match (mapped(&table(&json!({"USE_REDIS_CACHE": "c"})), Some(&caches)), expected) {
            (Ok(found), Ok(url)) => assert_eq!(found[0].2, url),
            (Err(unusable), Err(told)) => assert!(unusable.text.contains(told), "{unusable:?}"),
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    }
}

fn resolve(values: &Raw, options: &[(&'static str, Raw)]) -> Result<Resolved, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.py"), "").unwrap();
    let sources = Sources::new(
        Environment::from_iter([("REDIS_URL".to_owned(), "redis://bare".to_owned())]),
        folder.path().to_owned(),
    );
    let sources =
        options.iter().fold(sources, |sources, (key, value)| sources.option(key, "--it", value.clone()));
    let module = PythonModule {
        name: "s".to_owned(),
        file: None::<PathBuf>,
        values: table(values),
        opaque: BTreeMap::new(),
    };
    sources.explicit("s").unwrap().python(module).resolve().map_err(|problems| problems.to_string())
}

fn host(resolved: &Resolved) -> &str {
    match &resolved.settings.redis.address {
        Address::Options(options) => &options.host,
        Address::Url(_) | Address::Sentinel(_) => "",
    }
}

#[test]
fn the_connection_is_that_of_the_queues_that_are_served() {
    let queues = json!({"RQ_QUEUES": {"a": {"HOST": "a"}, "default": {"HOST": "d"}, "e": {"HOST": "d", "PORT": 6379}}});

    assert_eq!(host(&resolve(&queues, &[]).unwrap()), "d");
    for (served, expected) in [(json!(["a"]), "a"), (json!(["e", "default"]), "d")] {
        assert_eq!(host(&resolve(&queues, &[("worker.queues", served)]).unwrap()), expected);
    }
}

#[test]
fn queues_that_cannot_share_a_worker_are_told() {
    let queues =
        json!({"RQ_QUEUES": {"low": {"HOST": "h", "DB": 0}, "high": {"HOST": "h", "DB": 1}, "odd": {}}});
    let cases = [
        (json!(["high", "low"]), "the queues high and low have different connections, and a worker has one"),
        (json!(["lwo"]), "it has no queue lwo, only high, low, odd"),
        (json!(["odd"]), "RQ_QUEUES[\"odd\"] from Python module s: it names no Redis"),
    ];

    for (served, told) in cases {
        let problems = resolve(&queues, &[("worker.queues", served)]).err().unwrap();
        assert!(problems.contains(told), "{problems}");
    }
}

#[test]
fn rqs_own_names_and_options_beat_the_queues() {
    let queues = json!({"RQ_QUEUES": {"default": {"HOST": "d"}}, "REDIS_HOST": "own"});
    assert_eq!(host(&resolve(&queues, &[]).unwrap()), "own");

    let different = json!({"RQ_QUEUES": {"a": {"HOST": "a"}, "b": {"HOST": "b"}}});
    let options = [("worker.queues", json!(["a", "b"])), ("redis.url", json!("redis://given"))];
    assert!(matches!(resolve(&different, &options).unwrap().settings.redis.address, Address::Url(_)));
}

#[test]
fn another_redis_in_the_queues_is_told_and_the_same_is_not() {
    for (db, count) in [(3, 1), (0, 0)] {
        let values =
            json!({"RQ_QUEUES": {"default": {"HOST": "h", "DB": db}}, "REDIS_HOST": "h", "REDIS_DB": 0});
        let resolved = resolve(&values, &[]).unwrap();

        let told =
            resolved.warnings.iter().filter(|warning| warning.to_string().contains("names another Redis"));
        assert_eq!(told.count(), count);
    }
}

#[test]
fn classes_and_handlers_of_django_rq_count() {
    let values =
        json!({"RQ": {"JOB_CLASS": "app.Job", "AUTOCOMMIT": true}, "RQ_EXCEPTION_HANDLERS": ["app.handle"]});

    let worker = resolve(&values, &[]).unwrap().settings.worker;

    assert_eq!(worker.job_class.as_deref(), Some("app.Job"));
    assert_eq!(worker.exception_handlers, ["app.handle"]);
}
