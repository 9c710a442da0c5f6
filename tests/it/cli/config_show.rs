//! `rq config show`.

use serde_json::json;

use super::Folder;
use super::folder::{assert_refused, run};

#[test]
fn each_value_stands_beside_its_origin_and_what_it_shadows() {
    let folder = Folder::with(&[("rq.toml", "\n[worker]\nttl = \"7m\"\nmax_jobs = 5\n")]);
    let mut command = folder.rq(&["config", "show", "-c", "rq.toml", "-P", "app"]);
    command.env("RQ_WORKER__TTL", "60");

    let exit = run(command);

    assert_eq!((exit.code(), exit.stderr.contains("error")), (0, false), "{}", exit.stderr);
    let line = |key: &str| {
        let mut lines = exit.stdout.lines().skip_while(|line| !line.starts_with(key));
        [lines.next().unwrap_or_default(), lines.next().unwrap_or_default()]
    };
    let file = folder.path("rq.toml").display().to_string();
    let [ttl, shadowed] = line("worker.ttl");
    assert!(ttl.contains(" 60s ") && ttl.contains("RQ_WORKER__TTL"), "{ttl}");
    assert!(shadowed.contains("shadows") && shadowed.contains(&format!("{file}, line 3")), "{shadowed}");
    assert!(line("worker.max_jobs")[0].contains("5  "), "{}", line("worker.max_jobs")[0]);
    assert!(line("worker.max_jobs")[0].ends_with(&format!("{file}, line 4")));
    assert!(line("horse.path")[0].contains("app") && line("horse.path")[0].contains("--path"));
    assert!(
        line("worker.results_ttl")[0].contains("500") && line("worker.results_ttl")[0].contains("default")
    );
}

#[test]
fn programs_get_typed_values_with_origin_and_shadows() {
    let folder = Folder::with(&[("rq.toml", "QUEUES = [\"a\"]\n")]);
    let mut command = folder.rq(&["config", "show", "--json", "-c", "rq.toml"]);
    command.env("QUEUES", "b,c");

    let shown = super::folder::shown(command, &[]);

    let queues = shown.of("worker.queues");
    assert_eq!(queues["value"], json!(["a"]));
    assert!(queues["origin"].as_str().unwrap().ends_with("rq.toml, line 1"));
    let lost = queues["shadows"].as_array().unwrap();
    assert!(lost[0].as_str().unwrap().contains("QUEUES") && lost.len() == 2, "{queues}");
    assert_eq!(shown.of("worker.results_ttl")["value"], 500);
    assert_eq!(shown.of("worker.burst")["value"], false);
    assert_eq!(shown.of("worker.name")["value"], json!(null));
}

#[test]
fn every_setting_of_the_reference_is_shown() {
    let reference = include_str!("../../../etc/rq/rq.toml");
    let folder = Folder::new();
    let shown = folder.run(&["config", "show"]).stdout;
    let mut section = "";

    // Tables that users name come last, and are there only when somebody named one.
    for line in reference.lines().take_while(|line| !line.starts_with("#[")) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
        }
        let key = line.trim_start_matches('#').split_once(" = ").map_or("", |(key, _)| key);
        // Of a connection only the parts in force are shown.
        if section != "redis" && !key.is_empty() && key.bytes().all(|c| c.is_ascii_lowercase() || c == b'_') {
            assert!(shown.contains(&format!("{section}.{key} ")), "{section}.{key} is not in\n{shown}");
        }
    }
}

#[test]
fn a_bad_configuration_is_not_shown() {
    let folder = Folder::with(&[("rq.toml", "QUEUE = []\n")]);

    for arguments in
        [&["config", "show", "-c", "rq.toml"][..], &["config", "show", "--json", "-c", "rq.toml"]]
    {
        let exit = folder.run(arguments);

        assert_refused(&exit, 78, &["did you mean QUEUES?"]);
        assert_eq!(exit.stdout, "");
    }
}
