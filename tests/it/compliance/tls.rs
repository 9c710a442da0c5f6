//! A Redis that is reached by TLS: by the worker, by its subscription, and by the work horse.

use serde_json::json;

use crate::harness::{SOON, Worker, World, for_every_client, free_port, make_certificates};

/// Lets the world's Redis speak TLS too; the answer is the URL for a client that trusts its authority.
fn speak_tls(world: &World, clients: &str) -> String {
    make_certificates(&world.path("."));
    let file = |name: &str| world.path(name).to_str().unwrap().to_owned();
    let port = free_port();
    for (setting, value) in [
        ("tls-cert-file", file("server.pem")),
        ("tls-key-file", file("server.key")),
        ("tls-ca-cert-file", file("ca.pem")),
        ("tls-auth-clients", clients.to_owned()),
        ("tls-port", port.to_string()),
    ] {
        let _: String = world.redis.command(&["CONFIG", "SET", setting, &value]);
    }
    format!("rediss://127.0.0.1:{port}/0?ssl_ca_certs={}", file("ca.pem"))
}

fn start(world: &World, url: &str) -> Worker {
    let mut command = world.worker_command();
    command.args(["--name", "w1", "--url", url]);
    world.start(command)
}

/// Asserts that a job, which saves its meta by itself, and a shutdown command reach each other by this URL.
#[track_caller]
fn assert_works_by(world: &World, url: &str) {
    let mut gate = world.gate("gate");
    world.enqueue("'jobs.raising.plain', job_id='j1'");
    let meta = "job_id='j2', progress=50, meta={'from': 'client'}";
    world.enqueue(&format!("'jobs.context.save_meta_and_wait', {}, {meta}", gate.literal()));
    let mut worker = start(world, url);

    gate.wait_for_arrival();
    world.client.exec("send_shutdown_command(conn, 'w1')");
    worker.stdout.wait_for_line("Received shutdown command, sending SIGINT signal.", SOON);
    gate.open();

    let exit = worker.wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    let view = world.view("j2");
    assert_eq!((&view["status"], &view["result"]), (&json!("finished"), &json!("through")));
    assert_eq!(view["meta"], json!({ "from": "client", "progress": 50 }));
    assert_eq!(world.view("j1")["latest"]["type"], "FAILED");
}

for_every_client! {
    fn a_worker_and_its_jobs_work_by_tls(world: &World) {
        let url = speak_tls(world, "no");

        assert_works_by(world, &url);
    }
}

#[test]
fn a_worker_and_its_jobs_show_their_certificate_to_a_redis_that_asks() {
    let world = World::new();
    let url = speak_tls(&world, "yes");
    let file = |name: &str| world.path(name).display().to_string();
    let shown = format!("{url}&ssl_certfile={}&ssl_keyfile={}", file("client.pem"), file("client.key"));

    assert_works_by(&world, &shown);

    world.finish();
}
