//! Tables by the names of queues: `[queue.NAME]`.

use super::*;

#[test]
fn every_format_can_say_a_table_for_a_queue_of_any_name() {
    let texts = [
        ("a.toml", "[queue.\"mail.high\"]\ntimeout = 60\n[queue.\"Ä: b/c\"]\nmax_timeout = '1h'\n"),
        ("a.yaml", "queue:\n  mail.high: {timeout: 60}\n  'Ä: b/c':\n    max_timeout: 1h\n"),
        ("a.json", r#"{"queue": {"mail.high": {"timeout": 60}, "Ä: b/c": {"max_timeout": "1h"}}}"#),
        ("a.json5", "{queue: {'mail.high': {timeout: 60}, 'Ä: b/c': {max_timeout: '1h'}}}"),
        ("a.ini", "[queue.mail.high]\ntimeout = 60\n[queue.\"Ä: b/c\"]\nmax_timeout = 1h\n"),
        ("a.ron", r#"{"queue": {"mail.high": {"timeout": 60}, "Ä: b/c": {"max_timeout": "1h"}}}"#),
    ];
    for (file, text) in texts {
        let resolved = place().file(file, text).with(file);

        let queues = &resolved.settings.queues;
        assert_eq!(queues["mail.high"].timeout, Some(60), "{file}");
        assert_eq!(queues["Ä: b/c"].max_timeout, Some(3600), "{file}");
        assert_eq!(queues.len(), 2, "{file}");
        let origin = resolved.origin("queue.mail.high.timeout").unwrap().to_string();
        assert!(origin.contains(file), "{origin}");
    }
}

#[test]
fn a_variable_means_the_queue_of_a_table_or_one_that_is_served() {
    let place = place()
        .file("rq.toml", "[worker]\nqueues = ['mail.high', 'a-b']\n[queue.'Big Ones']\ntimeout = 5\n")
        .variable("RQ_QUEUE__MAIL_HIGH__TIMEOUT", "60")
        .variable("RQ_QUEUE__A_B__TIMEOUT", "61")
        .variable("RQ_QUEUE__BIG_ONES__TIMEOUT", "62")
        .variable("RQ_QUEUE__LOW__TIMEOUT", "63")
        .variable("RQ_QUEUE__c.d__TIMEOUT", "64");

    let sources = place.sources().explicit("rq.toml").unwrap();
    let queues = sources.option("worker.queues", "QUEUES", vec!["c.d"]).resolve().unwrap().settings.queues;

    let timeouts: Vec<_> =
        queues.iter().map(|(name, queue)| (name.as_str(), queue.timeout.unwrap())).collect();
    assert_eq!(timeouts, [("Big Ones", 62), ("a-b", 61), ("c.d", 64), ("low", 63), ("mail.high", 60)]);
}

#[test]
fn layers_add_to_the_table_of_a_queue_with_a_dot() {
    let place = place()
        .system("etc", "[queue.'a.b']\ntimeout = 1\nmax_timeout = 9\n[queue.a]\ntimeout = 2\n")
        .file("rq.toml", "[queue.'a.b']\ntimeout = 3\n");

    let resolved = place.with("rq.toml");

    let queues = &resolved.settings.queues;
    assert_eq!((queues["a.b"].timeout, queues["a.b"].max_timeout), (Some(3), Some(9)));
    assert_eq!(queues["a"].timeout, Some(2));
    let row = resolved.origins.iter().find(|row| row.key == "queue.a.b.timeout").unwrap();
    assert_eq!((row.value.as_i64(), row.shadowed.len()), (Some(3), 1));
}

#[test]
fn what_is_wrong_with_a_queue_is_told_with_its_place() {
    let cases = [
        ("[queue.'']\ntimeout = 5", "must be the name of a queue, found \"\""),
        ("[queue.\"a\\u0001\"]\ntimeout = 5", "must be the name of a queue"),
        ("[queue.a]\ntimeot = 5", "hint: did you mean timeout?"),
        (
            "[queue.a]\ntimeout = 0",
            "cannot use queue.a.timeout from /x/rq.toml, line 2: must be -1 or at least 1",
        ),
        ("[queue.a]\nmax_timeout = -1", "must be whole seconds, at least 1"),
        ("[queue]\ntimeout = 5", "write [queue.NAME] and the keys below it"),
    ];
    for (text, told) in cases {
        let refused = place().file("rq.toml", text).refused("rq.toml");

        assert!(refused.contains(told), "{text}: {refused}");
    }
}

#[test]
fn a_module_may_have_a_queue_of_its_own() {
    let module = |value: serde_json::Value| {
        let serde_json::Value::Object(values) = serde_json::json!({"RQ_QUEUE": value}) else {
            unreachable!()
        };
        PythonModule { name: "settings".to_owned(), file: None, values, opaque: BTreeMap::new() }
    };
    let resolve = |value| {
        let sources = place().file("settings.py", "").sources().explicit("settings.py").unwrap();
        sources.python(module(value)).resolve().unwrap().settings.queues
    };

    assert!(resolve(serde_json::json!("mails")).is_empty());
    assert_eq!(resolve(serde_json::json!({"mail.high": {"timeout": 5}}))["mail.high"].timeout, Some(5));
}
