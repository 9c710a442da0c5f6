//! The Sentry SDK, initialised in the settings module, reports what jobs raise.

use std::fs;

use serde_json::Value;

use crate::harness::{Sink, Subject, Venv, World, skipped};

/// The types of the exceptions that arrived.
fn exceptions(sink: &Sink) -> Vec<Value> {
    sink.events().iter().map(|event| event["exception"]["values"][0]["type"].clone()).collect()
}

/// Runs all jobs by a worker in an environment with the Sentry SDK, whose settings module initialises it.
fn work(world: &World, venv: &Venv, sink: &Sink, arguments: &[&str]) -> String {
    let settings = fs::read_to_string(world.path("settings.py")).unwrap();
    let init = format!(
        "import sentry_sdk\nfrom sentry_sdk.integrations.rq import RqIntegration\n\
         sentry_sdk.init(dsn={:?}, integrations=[RqIntegration()])\n",
        sink.dsn("key")
    );
    fs::write(world.path("settings.py"), settings + &init).unwrap();
    let mut command = match world.subject {
        Subject::Ours => world.worker_command(),
        Subject::Theirs => world.command(&venv.program("rq")),
    };
    match world.subject {
        Subject::Ours => command.arg("--python").arg(venv.python()),
        Subject::Theirs => command.arg("worker"),
    };
    command.args(["-c", "settings", "--burst"]).args(arguments);
    let exit = world.start(command).wait_exit();
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    exit.stdout
}

fn with_sentry(claim: impl FnOnce(&World, &Venv, &Sink)) {
    match Venv::named("sentry-sdk") {
        Ok(venv) => {
            let world = World::new();
            claim(&world, &venv, &Sink::open());
            world.finish();
        }
        Err(missing) => skipped(&missing),
    }
}

#[test]
fn an_exception_arrives_exactly_once() {
    with_sentry(|world, venv, sink| {
        world.enqueue("'jobs.raising.plain', job_id='j1'");
        world.enqueue("'jobs.returns.value', 1, job_id='j2'");

        let told = work(world, venv, sink, &[]);

        assert_eq!(exceptions(sink), ["ValueError"]);
        let event = &sink.events()[0];
        assert_eq!(event["extra"]["rq-job"]["job_id"], "j1", "{event}");
        assert_eq!(world.view("j1")["status"], "failed");
        assert_eq!(world.view("j2")["result"], 1);
        if world.subject.differs("the engine is told at the start") {
            assert!(told.contains("sentry_sdk.integrations.rq has replaced Worker.perform_job"), "{told}");
        }
    });
}

#[test]
fn a_simple_worker_reports_too() {
    with_sentry(|world, venv, sink| {
        world.enqueue("'jobs.raising.plain', job_id='j1'");
        world.enqueue("'jobs.raising.nested', job_id='j2'");

        work(world, venv, sink, &["-w", "rq.SimpleWorker"]);

        // What is left to send is sent when the process ends.
        assert_eq!(exceptions(sink), ["ValueError", "ZeroDivisionError"]);
        assert_eq!(world.view("j2")["status"], "failed");
    });
}
