//! A real rq-dashboard over what the worker left: its pages know workers, queues and jobs.

use std::net::TcpStream;

use crate::harness::{SOON, Setup, Venv, World, free_port, get, skipped, wait_until};

#[test]
fn rq_dashboard_shows_worker_queues_and_jobs() {
    let dashboard = match Venv::named("rq-dashboard-0.9.0") {
        Ok(venv) => venv,
        Err(missing) => return skipped(&missing),
    };
    let world = World::with(&Setup { tcp: true, ..Setup::default() }).unwrap();
    world.enqueue("'jobs.returns.add', 1, y=2, job_id='fine'");
    world.enqueue("'jobs.raising.plain', job_id='broken'");
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='running'", gate.literal()));
    world.client.exec("queue('other').enqueue('jobs.returns.value', 1, job_id='waiting')");
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();
    let port = free_port();
    let mut command = world.command(&dashboard.program("rq-dashboard"));
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--redis-url", &world.redis.tcp_url()]);
    let mut site = world.start(command);
    wait_until(SOON, "rq-dashboard to listen", || {
        assert!(site.is_running(), "{}", site.stderr.text());
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });

    for (page, contents) in [
        ("/", &["RQ"][..]),
        ("/0/view/workers", &["RQ"]),
        ("/0/view/jobs", &["RQ"]),
        ("/0/view/jobs/default/started/8/asc/1", &["RQ"]),
        ("/0/view/jobs/default/finished/8/asc/1", &["RQ"]),
        ("/0/view/jobs/default/failed/8/asc/1", &["RQ"]),
        ("/0/view/jobs/other/queued/8/asc/1", &["RQ"]),
        ("/0/view/job/fine", &["fine"]),
        ("/0/view/job/broken", &["broken"]),
        ("/0/view/job/running", &["running"]),
        ("/0/data/queues.json", &["\"default\"", "\"other\""]),
        ("/0/data/workers.json", &["\"w1\"", "\"busy\"", "\"job_id\":\"running\""]),
        ("/0/data/jobs/default/started/8/asc/1.json", &["\"running\""]),
        ("/0/data/jobs/default/finished/8/asc/1.json", &["\"fine\"", "jobs.returns.add(1, y=2)"]),
        ("/0/data/jobs/default/failed/8/asc/1.json", &["\"broken\"", "ValueError: it broke"]),
        ("/0/data/jobs/other/queued/8/asc/1.json", &["\"waiting\""]),
        ("/0/data/job/fine.json", &["\"status\":\"finished\"", "\"result\":3", "jobs.returns.add(1, y=2)"]),
        ("/0/data/job/broken.json", &["\"status\":\"failed\"", "ValueError: it broke"]),
        ("/0/data/job/running.json", &["\"status\":\"started\""]),
    ] {
        let answer = get(port, page);
        assert_eq!(answer.status, 200, "{page}: {}\n{}", answer.body, site.stderr.text());
        let dense = answer.body.replace("\": ", "\":");
        for content in contents {
            assert!(dense.contains(content), "{page} lacks {content}: {dense}");
        }
    }
    assert!(!site.stderr.text().contains("Traceback"), "{}", site.stderr.text());

    gate.open();
    world.stop(&mut worker);
    world.finish();
}
