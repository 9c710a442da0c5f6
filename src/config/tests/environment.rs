//! Variables.

use super::places::Places;
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
    let place = place().variable("RQ_JOB_ID", "x").variable("RQ_WORKER_CLASS", "x").variable("MY__VAR", "x");

    assert!(place.sources().resolve().is_ok());
}

#[test]
fn what_is_not_text_is_refused_only_where_it_matters() {
    use std::os::unix::ffi::OsStringExt;
    let variable = |name: &str| (name.into(), std::ffi::OsString::from_vec(vec![b'a', 0xff]));
    let resolve = |name: &str| {
        let environment: Environment = [variable(name)].into_iter().collect();
        Sources::new(environment, "/".into()).places(Places::default()).resolve()
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
