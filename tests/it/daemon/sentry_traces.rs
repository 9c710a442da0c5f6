//! What Sentry is told beside failures: traces, the runs of cron jobs, lines of the log; and the way there by TLS.

use std::fs;
use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::harness::{SOON, Sink, World, free_port, make_certificates, wait_until};

/// Settings that report to a sink, and `more`.
fn settings(world: &World, dsn: &str, more: &str) {
    let text = format!("REDIS_URL = {:?}\nSENTRY_DSN = {dsn:?}\n{more}", world.redis.url());
    fs::write(world.path("settings.py"), text).unwrap();
}

const TRACE: &str = "0123456789abcdef0123456789abcdef";
const SPAN: &str = "fedcba9876543210";

fn traced(sampled: u8) -> String {
    format!("meta={{'_sentry_trace_headers': {{'sentry-trace': '{TRACE}-{SPAN}-{sampled}'}}}}")
}

#[test]
fn a_trace_that_a_job_was_enqueued_within_goes_on() {
    let (world, sink) = (World::new(), Sink::open());
    settings(&world, &sink.dsn("key"), "RQ_SENTRY = {'traces_sample_rate': 1.0}\n");
    world.enqueue(&format!("'jobs.returns.value', 1, job_id='j1', {}", traced(1)));
    world.enqueue(&format!("'jobs.returns.value', 1, job_id='j2', {}", traced(0)));
    world.enqueue(&format!("'jobs.failing.plain', 1, job_id='j3', {}", traced(1)));
    world.enqueue("'jobs.returns.value', 1, job_id='j4', meta={'other': 1}");

    world.work(&[]);

    let spans = sink.items("transaction");
    let told = |at: usize| {
        let trace = &spans[at]["contexts"]["trace"];
        (trace["data"]["messaging.message.id"].as_str().unwrap(), trace["status"].as_str().unwrap())
    };
    assert_eq!(spans.len(), 3, "{spans:#?}");
    assert_eq!([told(0), told(1), told(2)], [("j1", "ok"), ("j3", "internal_error"), ("j4", "ok")]);
    let trace = &spans[0]["contexts"]["trace"];
    assert_eq!((&trace["trace_id"], &trace["parent_span_id"]), (&json!(TRACE), &json!(SPAN)));
    assert_eq!(
        (&trace["op"], &spans[0]["transaction"]),
        (&json!("queue.task.rq"), &json!("jobs.returns.value"))
    );
    let of_error = &sink.events()[0]["contexts"]["trace"];
    let of_job = &spans[1]["contexts"]["trace"];
    assert_eq!((&of_error["trace_id"], &of_error["span_id"]), (&json!(TRACE), &of_job["span_id"]));
    assert_ne!(spans[2]["contexts"]["trace"]["trace_id"], TRACE);
    world.finish();
}

#[test]
fn no_trace_is_sent_unless_that_is_asked_for() {
    let (world, sink) = (World::new(), Sink::open());
    settings(&world, &sink.dsn("key"), "");
    world.enqueue(&format!("'jobs.failing.plain', 1, job_id='j1', {}", traced(1)));

    world.work(&[]);

    assert!(sink.items("transaction").is_empty());
    assert_eq!(sink.events()[0]["contexts"]["trace"]["trace_id"], TRACE);
    world.finish();
}

#[test]
fn runs_of_cron_jobs_check_in_when_they_begin_and_end() {
    let (world, sink) = (World::new(), Sink::open());
    let tables = "[cron.nightly]\nfunction = 'jobs.returns.value'\nargs = [1]\ninterval = '2h'\n\
                  [cron.broken]\nfunction = 'jobs.failing.plain'\nargs = [1]\ncron = '0 3 * * *'\ntime_zone = 'Europe/Berlin'\n";
    let on = format!("SENTRY_DSN = {:?}\n[sentry]\ncron_check_ins = true\n", sink.dsn("key"));
    fs::write(world.path("rq.toml"), format!("{on}{tables}")).unwrap();
    let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
    command.args(["cron", "-c", "rq.toml", "-u", &world.redis.url()]);
    let mut cron = world.start(command);
    wait_until(SOON, "the first run", || world.redis.list("rq:queue:default").len() == 1);
    cron.signal(Signal::SIGTERM);
    cron.wait_exit();
    let first = world.redis.list("rq:queue:default").remove(0);
    let mark = world.redis.field(&format!("rq:job:{first}"), "rqd_cron").unwrap();
    // A run of the other entry, which is not due.
    world.enqueue("'jobs.failing.plain', 1, job_id='j2'");
    let other = r#"{"monitor":"Broken one","crontab":"0 3 * * *","interval":null,"zone":"Europe/Berlin"}"#;
    let _: i64 = world.redis.command(&["HSET", "rq:job:j2", "rqd_cron", other]);

    world.work(&["-c", "rq.toml"]);

    let told = sink.items("check_in");
    let words: Vec<_> = told.iter().map(|one| (&one["monitor_slug"], &one["status"])).collect();
    assert_eq!(
        words,
        [
            (&json!("nightly"), &json!("in_progress")),
            (&json!("nightly"), &json!("ok")),
            (&json!("broken-one"), &json!("in_progress")),
            (&json!("broken-one"), &json!("error")),
        ],
        "{mark}"
    );
    assert_eq!(told[0]["check_in_id"], told[1]["check_in_id"]);
    let two_hours = json!({"schedule": {"type": "interval", "value": 2, "unit": "hour"}});
    assert_eq!((&told[0]["monitor_config"], &told[0]["duration"]), (&two_hours, &Value::Null));
    assert!(told[1]["duration"].is_f64(), "{told:?}");
    let nightly = json!({"schedule": {"type": "crontab", "value": "0 3 * * *"}, "timezone": "Europe/Berlin"});
    assert_eq!(told[3]["monitor_config"], nightly);
    world.finish();
}

#[test]
fn an_appender_of_the_kind_sentry_makes_messages_of_lines() {
    let (world, sink) = (World::new(), Sink::open());
    settings(&world, &sink.dsn("key"), "RQ_HORSE = {'timeout_grace': '1s'}\n");
    fs::write(
        world.path("rq.toml"),
        "[logging.appender.screen]\nkind = 'console'\n[logging.appender.reports]\nkind = 'sentry'\nlevel = 'warning'\n",
    )
    .unwrap();
    world.enqueue("'jobs.exits.by_os_exit', 3, job_id='j1'");

    world.work(&["-c", "rq.toml"]);

    let events = sink.events();
    let line = events.iter().find(|event| event["logentry"]["formatted"].is_string());
    let line = line.unwrap_or_else(|| panic!("{events:#?}"));
    assert_eq!((&line["logger"], &line["level"]), (&json!("rq.worker"), &json!("warning")));
    assert_eq!(line["tags"]["worker"], "w1");
    assert!(events.iter().any(|event| event["exception"]["values"][0]["type"] == "WorkHorseExited"));
    world.finish();
}

#[test]
fn what_rqs_own_code_settles_is_reported_when_it_failed_for_good() {
    let (world, sink) = (World::new(), Sink::open());
    settings(&world, &sink.dsn("key"), "RQ_HORSE = {'engine': 'rq'}\n");
    world.enqueue("'jobs.failing.during', job_id='j1', retry=Retry(max=1)");
    world.enqueue("'jobs.exits.by_signal', 'SIGKILL', job_id='j2'");
    world.enqueue("'jobs.returns.value', 1, job_id='j3'");

    world.work(&[]);

    let events = sink.events();
    let mut told: Vec<_> = events
        .iter()
        .map(|event| {
            let last = event["exception"]["values"].as_array().unwrap().last().unwrap();
            (event["extra"]["rq-job"]["job_id"].as_str().unwrap(), last["type"].as_str().unwrap())
        })
        .collect();
    told.sort_unstable();
    assert_eq!(told, [("j1", "KeyError"), ("j2", "WorkHorseKilled")], "{events:#?}");
    let raised = events.iter().find(|event| event["extra"]["rq-job"]["job_id"] == "j1").unwrap();
    assert_eq!(raised["transaction"], "jobs.failing.during");
    world.finish();
}

/// A sink that speaks TLS; it writes the line of each request to `requests`.
const SECURE: &str = "
import http.server, ssl, sys
class Sink(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        with open('requests', 'a') as file:
            file.write(self.requestline + '\\n')
        self.send_response(200)
        self.send_header('Content-Length', '0')
        self.end_headers()
server = http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), Sink)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain('server.pem', 'server.key')
server.socket = context.wrap_socket(server.socket, server_side=True)
print('listening', flush=True)
server.serve_forever()
";

#[test]
fn sentrys_certificate_is_checked_against_the_authorities_that_count() {
    let (world, port) = (World::new(), free_port());
    make_certificates(&world.path(""));
    let mut command = world.command(&world.venv.python());
    command.args(["-c", SECURE, &port.to_string()]);
    let sink = world.start(command);
    sink.stdout.wait_for_line("listening", SOON);
    let dsn = format!("https://key@127.0.0.1:{port}/1");
    settings(&world, &dsn, "");
    world.enqueue("'jobs.failing.plain', 1");
    let strange = world.work(&[]);
    settings(&world, &dsn, "RQ_SENTRY = {'ca_certs': 'ca.pem'}\n");
    world.enqueue("'jobs.failing.plain', 1");

    // No variable takes the check away.
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--burst"]).env("SSL_VERIFY", "false");
    let known = world.start(command).wait_exit();

    assert!(strange.stdout.contains("1 Sentry cannot be reached"), "{}", strange.stdout);
    assert!(!known.stdout.contains("not sent"), "{}", known.stdout);
    assert_eq!(fs::read_to_string(world.path("requests")).unwrap(), "POST /api/1/envelope/ HTTP/1.1\n");
    world.finish();
}

#[test]
fn a_job_whose_daemon_died_is_reported_as_abandoned() {
    let (world, sink) = (World::new(), Sink::open());
    settings(&world, &sink.dsn("key"), "");
    world.enqueue("'jobs.poison.kill_daemon', job_id='j1'");
    let mut doomed = world.worker(&["--name", "w1"]);
    doomed.wait_exit();
    let mut command = world.worker_command();
    command.args(["-c", "settings", "--name", "w2"]).env("RQ_MAINTENANCE__LIVENESS", "1s");
    let mut heir = world.start(command);

    let event = sink.wait_for_events(1).remove(0);

    assert_eq!(event["exception"]["values"][0]["type"], "AbandonedJob");
    assert_eq!(event["extra"]["rq-job"]["job_id"], "j1");
    let words = event["exception"]["values"][0]["value"].as_str().unwrap();
    assert!(words.contains("the daemon of worker w1 "), "{words}");
    world.wait_for_status("j1", "failed");
    world.stop(&mut heir);
    world.finish();
}
