//! Tables that users name: `[cron.NAME]`.

use super::*;
use crate::config::{CatchUp, Overlap};

const NIGHTLY: &str = "[cron.nightly]\nfunction = 'app.clean'\ncron = '30 4 * * *'\n";

#[test]
fn a_table_has_its_defaults_and_its_own_values() {
    let resolved = place().file("rq.toml", NIGHTLY).with("rq.toml");

    let nightly = &resolved.settings.cron["nightly"];
    assert_eq!(nightly.function.as_deref(), Some("app.clean"));
    assert_eq!(nightly.queue, "default");
    assert_eq!((nightly.catch_up, nightly.overlap, nightly.enabled), (CatchUp::Skip, Overlap::Allow, true));
    assert_eq!(resolved.origin("cron.nightly.queue").unwrap().to_string(), "the built-in default");
    assert!(resolved.origin("cron.nightly.cron").unwrap().to_string().ends_with("rq.toml, line 3"));
}

#[test]
fn every_format_can_say_a_table() {
    let texts = [
        ("a.toml", "[cron.a-b]\nfunction = 'm.f'\ninterval = '1m'\nargs = [1, 'x']\nkwargs = {y = true}\n"),
        (
            "a.yaml",
            "cron:\n  a-b:\n    function: m.f\n    interval: 1m\n    args: [1, x]\n    kwargs: {y: true}\n",
        ),
        (
            "a.json",
            r#"{"cron": {"a-b": {"function": "m.f", "interval": 60, "args": [1, "x"], "kwargs": {"y": true}}}}"#,
        ),
        ("a.json5", "{cron: {'a-b': {function: 'm.f', interval: 60, args: [1, 'x'], kwargs: {y: true}}}}"),
        ("a.ini", "[cron.a-b]\nfunction = m.f\ninterval = 60\nargs = [1, \"x\"]\nkwargs = {\"y\": true}\n"),
        (
            "a.ron",
            r#"{"cron": {"a-b": {"function": "m.f", "interval": 60, "args": [1, "x"], "kwargs": {"y": true}}}}"#,
        ),
    ];
    for (file, text) in texts {
        let resolved = place().file(file, text).with(file);

        let table = &resolved.settings.cron["a-b"];
        assert_eq!(table.interval, Some(Duration::from_secs(60)), "{file}");
        assert_eq!(table.args.as_ref().unwrap().0, serde_json::json!([1, "x"]), "{file}");
        assert_eq!(table.kwargs.as_ref().unwrap().0, serde_json::json!({"y": true}), "{file}");
    }
}

#[test]
fn layers_add_to_a_table_and_variables_find_it_in_any_case() {
    let place = place()
        .system("etc", "[cron.Nightly-Run]\nfunction = 'app.clean'\nqueue = 'low'\ncron = '@daily'\n")
        .file("rq.toml", "[cron.Nightly-Run]\nqueue = 'high'\n")
        .variable("RQ_CRON__NIGHTLY_RUN__CRON", "@hourly")
        .variable("RQ_CRON__OTHER__FUNCTION", "app.other")
        .variable("RQ_CRON__OTHER__INTERVAL", "5m")
        .variable("RQ_CRON__OTHER__ARGS", "[1]");

    let cron = place.with("rq.toml").settings.cron;

    let nightly = &cron["Nightly-Run"];
    assert_eq!((nightly.queue.as_str(), nightly.cron.as_deref()), ("high", Some("@hourly")));
    assert_eq!(cron["other"].interval, Some(Duration::from_secs(300)));
    assert_eq!(cron.len(), 2);
}

#[test]
fn what_is_wrong_with_a_table_is_told_with_its_place() {
    let cases = [
        ("[cron.a]\ncron = '@daily'", "cannot use cron.a from /x/rq.toml, line 2: it has no function"),
        ("[cron.a]\nfunction = 'm.f'", "it does not say when"),
        ("[cron.a]\nfunction = 'm.f'\ncron = '@daily'\ninterval = 5", "it has both a cron and an interval"),
        ("[cron.a]\nfunction = 'm.f'\ninterval = 5\njitter = 6", "its jitter is longer than its interval"),
        ("[cron.a]\nfuntion = 'm.f'", "hint: did you mean function?"),
        ("[cron.a]\ncron = '61 * * * *'", "hint: 61 is no minute, which goes from 0 to 59"),
        ("[cron.a]\ntime_zone = 'Berlin'", "must be the IANA name of a time zone"),
        ("[cron.a]\nfunction = 'jobs/tasks.py'", "must be the dotted name of a function"),
        ("[cron.a]\ninterval = 0.5", "must be at least 1s"),
        ("[cron.'a b']\ninterval = 5", "must be a name of letters, digits, _ and -"),
        ("[cron]\nfunction = 'm.f'", "write [cron.NAME] and the keys below it"),
        ("cron = 5", "must be a table, found a number"),
        ("[corn.a]\ninterval = 5", "hint: did you mean cron?"),
    ];
    for (text, told) in cases {
        let refused = place().file("rq.toml", text).refused("rq.toml");

        assert!(refused.contains(told), "{text}: {refused}");
    }
}

#[test]
fn an_unknown_variable_of_a_table_is_told() {
    let refused = place().file("rq.toml", NIGHTLY).variable("RQ_CRON__NIGHTLY__QUEU", "x").refused("rq.toml");

    assert!(refused.contains("RQ_CRON__NIGHTLY__QUEU: there is no such setting"), "{refused}");
}

#[test]
fn a_python_module_says_tables_as_dictionaries() {
    let place = place();
    let values = serde_json::json!({"RQ_CRON": {"a": {"function": "m.f", "interval": 60, "quue": 1}}});
    let serde_json::Value::Object(values) = values else { panic!("not a table") };
    let module = PythonModule { name: "settings".to_owned(), file: None, values, opaque: BTreeMap::new() };
    let sources = place.file("settings.py", "").sources().explicit("settings.py").unwrap();

    let refused = sources.python(module).resolve().err().unwrap().to_string();

    assert!(refused.contains("cannot use RQ_CRON[\"a\"][\"quue\"] from Python module settings"), "{refused}");
    assert!(refused.contains("did you mean queue?"), "{refused}");
}
