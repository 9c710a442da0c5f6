//! `reload.canary`: a configuration that is right in form and fails every job goes again.

use super::reload_stage::Stage;

const CANARY: &str = "[reload]\ncanary = \"1h\"\n";

/// Settings under which every job fails.
fn refusing() -> String {
    format!("{CANARY}[horse]\nbefore_job = \"jobs.hooks.refusing\"\n")
}

#[test]
fn a_configuration_that_fails_every_job_is_taken_back() {
    let mut stage = Stage::new(CANARY);
    stage.put(&refusing());
    stage
        .told("Configuration reloaded (a file changed), the application was loaded anew: horse.before_job *");

    for _ in 0..5 {
        let failed = stage.world.enqueue("'jobs.returns.value', 1");
        stage.world.wait_for_status(&failed, "failed");
    }

    stage.told("All 5 jobs since the last reload have failed*");
    stage.told("Configuration reloaded (reload.canary)*: horse.before_job from * to null *");
    assert_eq!(stage.job("'jobs.returns.value', 1")["status"], "finished");
    // The file says still what was taken back: it counts again when somebody asks.
    stage.put(&format!("{}[worker]\nresults_ttl = 77\n", refusing()));
    stage.put(&format!("{CANARY}[worker]\nresults_ttl = 78\n"));
    assert_eq!(stage.rq(&["reload"]).code(), 0);
    stage.told("Configuration reloaded (rq reload): worker.results_ttl from 500 to 78 *");
    stage.finish();
}

#[test]
fn one_job_that_succeeds_is_enough() {
    let mut stage = Stage::new(CANARY);
    stage.put(&format!("{CANARY}[worker]\nresults_ttl = 77\n"));
    stage.told("Configuration reloaded (a file changed): worker.results_ttl *");
    assert_eq!(stage.job("'jobs.returns.value', 1")["status"], "finished");

    for _ in 0..6 {
        let failed = stage.world.enqueue("'jobs.raising.plain'");
        stage.world.wait_for_status(&failed, "failed");
    }

    stage.assert_results_ttl(77);
    assert_eq!(stage.count("have failed"), 0);
    stage.finish();
}
