//! The files around the metrics: rules, dashboard, textfile; each held against a real scrape, and against promtool.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::metrics::{wait_for_metric, watched};
use super::reload_stage::Stage;
use crate::harness::{Lack, SOON, Site, skipped, wait_until};

const RULES: &str = "etc/prometheus/rqd.rules.yml";
const DASHBOARD: &str = "etc/grafana/rqd.json";

fn of_project(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// promtool, or a test that is counted as skipped.
fn promtool() -> Option<Command> {
    let named =
        env::var_os("RQ_TEST_PROMTOOL").map_or_else(|| of_project("build/bin/promtool"), PathBuf::from);
    if named.exists() {
        return Some(Command::new(named));
    }
    skipped(&Lack::OfMachine("promtool".to_owned()));
    None
}

/// What promtool says of a text; it must be content.
#[track_caller]
fn assert_content(mut promtool: Command, text: &str) {
    let mut child = promtool
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{}\n{text}", String::from_utf8_lossy(&said));
}

/// A daemon of which every kind of number has been seen.
#[track_caller]
fn eventful() -> (Stage, Site) {
    let (stage, site) = watched("");
    let world = &stage.world;
    for call in ["'jobs.returns.value', 1", "'jobs.raising.plain'", "'jobs.exits.by_os_exit', 3"] {
        let job = world.enqueue(call);
        wait_until(SOON, call, || {
            world.view(&job)["status"] != "queued" && world.view(&job)["status"] != "started"
        });
    }
    wait_for_metric(&site, "rqd_horse_deaths_total{cause=\"exit\"}", 1.0);
    (stage, site)
}

/// The words in a text that are names of ours.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    words.filter(|word| word.starts_with("rqd_") && !word.contains(':')).map(str::to_owned).collect()
}

/// The families that a scrape declares, and the names of their samples.
fn declared(scrape: &str) -> BTreeSet<String> {
    let types = scrape.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let all = types.flat_map(|(name, kind)| match kind {
        "histogram" => ["_bucket", "_count", "_sum", ""].map(|suffix| format!("{name}{suffix}")).to_vec(),
        _ => vec![name.to_owned()],
    });
    all.collect()
}

#[test]
fn a_real_scrape_is_as_promtool_wants_it() {
    let (mut stage, site) = eventful();

    let scrape = site.get("/metrics").body;

    if let Some(promtool) = promtool() {
        assert_content(promtool, &scrape);
    }
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn what_rules_and_dashboard_name_is_there() {
    let (mut stage, site) = eventful();

    let declared = declared(&site.get("/metrics").body);

    for file in [RULES, DASHBOARD] {
        let named = names(&fs::read_to_string(of_project(file)).unwrap());
        assert!(named.len() > 15, "{file}: {named:?}");
        let unknown: Vec<_> = named.difference(&declared).collect();
        assert!(unknown.is_empty(), "{file} names what no scrape has: {unknown:?}");
    }
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn every_metric_is_in_the_documentation_and_on_the_dashboard() {
    let (mut stage, site) = watched("");
    let scrape = site.get("/metrics").body;
    let pages = ["docs/metrics.md", DASHBOARD].map(|file| fs::read_to_string(of_project(file)).unwrap());

    for line in scrape.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap();
        assert!(pages[0].contains(&format!("`{name}`")), "{name} is not in docs/metrics.md");
        let few = ["rqd_config_generation", "rqd_processes", "rqd_queues_left_out", "rqd_suspended"];
        assert!(few.contains(&name) || pages[1].contains(name), "{name} is not on the dashboard");
    }
    stage.daemon.stop();
    stage.world.finish();
}

#[test]
fn the_rules_say_what_they_should() {
    let Some(mut check) = promtool() else { return };
    let Some(mut test) = promtool() else { return };

    for output in [
        check.args(["check", "rules"]).arg(of_project(RULES)).output().unwrap(),
        test.args(["test", "rules"]).arg(of_project("tests/prometheus/rqd.test.yml")).output().unwrap(),
    ] {
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    }
}

#[test]
fn every_alert_tells_what_to_do_and_every_panel_has_a_query() {
    let rules = fs::read_to_string(of_project(RULES)).unwrap();
    let alerts: Vec<&str> = rules.split("- alert: ").skip(1).collect();
    assert!(alerts.len() > 10);
    for alert in alerts {
        for part in ["severity: ", "summary: ", "description: ", "action: "] {
            assert!(alert.contains(part), "{part} is missing in {alert}");
        }
    }

    let dashboard: Value = serde_json::from_str(&fs::read_to_string(of_project(DASHBOARD)).unwrap()).unwrap();

    let panels = dashboard["panels"].as_array().unwrap().iter().filter(|panel| panel["type"] != "row");
    for panel in panels {
        assert!(panel["targets"][0]["expr"].as_str().is_some_and(|expr| !expr.is_empty()), "{panel}");
    }
}

#[test]
fn a_textfile_is_written_whole_and_goes_with_the_daemon() {
    let mut stage = Stage::new("[metrics]\nfile = \"rqd.prom\"\ninterval = \"1s\"\n");
    let path = stage.world.path("rqd.prom");
    let job = stage.world.enqueue("'jobs.returns.value', 1");
    stage.world.wait_for_status(&job, "finished");
    let done = "rqd_jobs_ended_total{queue=\"default\",outcome=\"finished\"} 1\n";
    wait_until(SOON, "the job in the file", || {
        fs::read_to_string(&path).is_ok_and(|text| text.contains(done))
    });

    let text = fs::read_to_string(&path).unwrap();

    assert!(text.contains("rqd_redis_up 1") && !text.contains("# EOF"), "{text}");
    if let Some(promtool) = promtool() {
        assert_content(promtool, &text);
    }
    stage.apply("[metrics]\nfile = \"other.prom\"\ninterval = \"1s\"\n");
    let other = stage.world.path("other.prom");
    wait_until(SOON, "the other file", || fs::read_to_string(&other).is_ok_and(|text| text.contains(done)));
    assert!(!path.exists());
    stage.daemon.stop();
    assert!(!other.exists());
    stage.world.finish();
}

#[test]
fn a_textfile_that_cannot_be_written_is_told_once_and_harms_nothing() {
    let mut stage = Stage::new("[metrics]\nfile = \"nowhere/rqd.prom\"\ninterval = \"1s\"\n");

    stage.told("*Cannot write *nowhere/rqd.prom*");

    let job = stage.world.enqueue("'jobs.returns.value', 1");
    stage.world.wait_for_status(&job, "finished");
    fs::create_dir(stage.world.path("nowhere")).unwrap();
    wait_until(SOON, "the file", || stage.world.path("nowhere/rqd.prom").exists());
    assert_eq!(stage.count("Cannot write"), 1);
    stage.daemon.stop();
    stage.world.finish();
}
