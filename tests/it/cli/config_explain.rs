//! `rq config explain`, `default` and `schema`.

use serde_json::{Value, json};

use super::Folder;
use super::folder::run;

#[test]
fn a_setting_is_explained_with_its_value_and_where_that_comes_from() {
    let folder = Folder::with(&[("rq.toml", "[worker]\nttl = \"7m\"\n")]);
    let mut command = folder.rq(&["config", "explain", "worker.ttl", "-c", "rq.toml"]);
    command.env("RQ_WORKER__TTL", "60");

    let exit = run(command);

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    for part in [
        "still shown",
        "span of time",
        "\"420s\"",
        "takes effect at once (L0)",
        "RQ_WORKER__TTL, --worker-ttl",
        "60s",
        "rq.toml, line 2",
    ] {
        assert!(exit.stdout.contains(part), "{part} in {}", exit.stdout);
    }
}

#[test]
fn a_setting_is_found_by_rqs_name_too_and_programs_get_json() {
    let folder = Folder::with(&[("rq.toml", "QUEUES = [\"a\"]\n")]);

    let exit = folder.run(&["config", "explain", "QUEUES", "--json", "-c", "rq.toml"]);

    let document: Value = serde_json::from_str(&exit.stdout).unwrap();
    assert_eq!((&document["key"], &document["value"]), (&json!("worker.queues"), &json!(["a"])));
    assert_eq!(document["reload"]["class"], "L1");
    assert!(document["origin"].as_str().unwrap().ends_with("rq.toml, line 1"));
}

#[test]
fn a_setting_that_does_not_exist_is_a_usage_error_that_names_the_nearest() {
    let exit = Folder::new().run(&["config", "explain", "worker.tll"]);

    assert_eq!(exit.code(), 2);
    assert_eq!(exit.stderr, "error: there is no setting \"worker.tll\"\nhint: did you mean worker.ttl?\n");
}

#[test]
fn the_default_file_is_a_good_configuration() {
    let folder = Folder::new();
    let text = folder.run(&["config", "default"]).stdout;
    folder.write("mine.toml", &text);

    let exit = folder.run(&["config", "check", "-c", "mine.toml"]);

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
}

#[test]
fn the_schema_is_json_and_knows_rqs_names_and_our_sections() {
    let exit = Folder::new().run(&["config", "schema"]);

    let schema: Value = serde_json::from_str(&exit.stdout).unwrap();
    assert!(schema["properties"]["QUEUES"]["description"].is_string());
    assert_eq!(schema["properties"]["worker"]["properties"]["ttl"]["default"], "420s");
}
