//! A worker whose user in Redis has the rights that the documentation shows, and no others.

use std::fs;

use serde_json::json;

use crate::harness::{SOON, World, wait_until};

/// The rules that `docs/operations.md` shows.
fn documented_rules() -> Vec<String> {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md")).unwrap();
    let line = page.lines().find(|line| line.starts_with("ACL SETUSER rqd on >PASSWORD ")).unwrap();
    line.split(' ').skip(2).map(str::to_owned).collect()
}

/// Makes the user, and returns the URL by which it logs in.
fn make_user(world: &World) -> String {
    let rules = documented_rules();
    let command: Vec<&str> = ["ACL", "SETUSER"].into_iter().chain(rules.iter().map(String::as_str)).collect();
    let _: String = world.redis.command(&command);
    format!("unix://rqd:PASSWORD@{}", world.redis.socket().display())
}

/// What Redis has refused, in its own words.
fn refused(world: &World) -> Vec<Vec<String>> {
    let log: Vec<Vec<redis::Value>> = world.redis.command(&["ACL", "LOG"]);
    let words = |entry: Vec<redis::Value>| {
        entry.into_iter().filter_map(|value| redis::from_redis_value(value).ok()).collect()
    };
    log.into_iter().map(words).collect()
}

#[test]
fn a_worker_with_the_documented_rights_does_all_that_it_has_to() {
    let world = World::new();
    let url = make_user(&world);
    fs::write(
        world.path("rq.toml"),
        "[cron.often]\nfunction = 'jobs.returns.value'\nargs = ['cron']\ninterval = '1s'\nqueue = 'low'\n",
    )
    .unwrap();
    let mut worker = {
        let mut command = world.worker_command();
        command.args(["-c", "rq.toml", "-u", &url, "--name", "w1", "--with-scheduler", "default", "low"]);
        command.env("RQ_SCHEDULER__INTERVAL", "1s").env("RQ_MAINTENANCE__LIVENESS", "1s");
        world.start(command)
    };
    world.wait_until_idle(&worker);

    world.client.exec(
        "q.enqueue('jobs.returns.value', 1, job_id='good')
q.enqueue('jobs.raising.plain', job_id='bad')
q.enqueue('jobs.raising.plain', job_id='again', retry=Retry(max=1))
first = queue('low').enqueue('jobs.returns.value', 2, job_id='first')
q.enqueue('jobs.returns.value', 3, job_id='second', depends_on=first)
q.enqueue_in(timedelta(seconds=1), 'jobs.returns.value', 4, job_id='later')
q.enqueue('jobs.returns.value', 5, job_id='repeated', repeat=Repeat(times=1))",
    );
    for (job, status) in [
        ("good", "finished"),
        ("bad", "failed"),
        ("again", "failed"),
        ("second", "finished"),
        ("later", "finished"),
        ("repeated", "finished"),
    ] {
        world.wait_for_status(job, status);
    }
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='stopped'", gate.literal()));
    gate.wait_for_arrival();
    world.client.exec("send_stop_job_command(conn, 'stopped')");
    world.wait_for_status("stopped", "stopped");

    let status = world.rq_with_url(&url, "info", &["--json"]);
    assert_eq!(status.code(), 0, "{}", status.stderr);
    let examined = world.rq_with_url(&url, "doctor", &["--json"]);
    assert!(examined.stdout.contains("the user rqd may do all that is needed"), "{}", examined.stdout);
    assert_eq!(worker.stop().code(), 0);
    assert_eq!(world.view("good")["result"], json!(1));
    // Who the user is may be asked, and is not needed.
    let refused: Vec<_> =
        refused(&world).into_iter().filter(|entry| !entry.contains(&"acl|whoami".to_owned())).collect();
    assert_eq!(refused, Vec::<Vec<String>>::new());
    world.finish();
}

#[test]
fn cron_entries_are_enqueued_and_dead_workers_are_taken_on_with_the_documented_rights() {
    let world = World::new();
    let url = make_user(&world);
    fs::write(
        world.path("rq.toml"),
        "[cron.often]\nfunction = 'jobs.returns.value'\nargs = ['cron']\ninterval = '1s'\nqueue = 'default'\n",
    )
    .unwrap();
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='cut'", gate.literal()));
    let start = |name: &str| {
        let mut command = world.worker_command();
        command.args(["-u", &url, "--name", name]).env("RQ_MAINTENANCE__LIVENESS", "1s");
        world.start(command)
    };
    let first = start("w1");
    gate.wait_for_arrival();
    first.signal(nix::sys::signal::Signal::SIGKILL);
    drop(first);

    let mut second = start("w2");
    world.wait_for_status("cut", "failed");
    let mut command = world.command(std::path::Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["cron", "-c", "rq.toml", "-u", &url]);
    let mut cron = world.start(command);
    wait_until(SOON, "a cron entry to be worked off", || {
        world.redis.sorted_set("rq:finished:default").len() >= 2
    });

    cron.stop();
    second.stop();
    assert_eq!(refused(&world), Vec::<Vec<String>>::new());
}
