//! The Sentry SDK, initialised in the settings module, reports what jobs raise.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use flate2::read::GzDecoder;
use serde_json::Value;

use crate::harness::{SOON, Subject, Venv, World, skipped};

/// A place for Sentry's envelopes, on loopback; it lives as long as the test's process.
struct Sink {
    port: u16,
    events: Arc<Mutex<Vec<Value>>>,
}

impl Sink {
    fn open() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let events = Arc::default();
        let kept = Arc::clone(&events);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                thread::spawn(move || take(stream, &kept));
            }
        });
        Self { port, events }
    }

    /// The types of the exceptions that arrived.
    fn exceptions(&self) -> Vec<Value> {
        let events = self.events.lock().unwrap();
        events.iter().map(|event| event["exception"]["values"][0]["type"].clone()).collect()
    }
}

/// Answers one request and keeps the events in it.
fn take(mut stream: TcpStream, kept: &Mutex<Vec<Value>>) {
    stream.set_read_timeout(Some(SOON)).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut length, mut zipped, mut line) = (0, false, String::new());
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        let header = line.to_ascii_lowercase();
        if let Some(text) = header.strip_prefix("content-length:") {
            length = text.trim().parse().unwrap();
        }
        zipped |= header.starts_with("content-encoding: gzip");
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut text = String::new();
    if zipped {
        GzDecoder::new(body.as_slice()).read_to_string(&mut text).unwrap();
    } else {
        text = String::from_utf8(body).unwrap();
    }
    let lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let events = lines.windows(2).filter(|pair| pair[0]["type"] == "event").map(|pair| pair[1].clone());
    kept.lock().unwrap().extend(events);
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
}

/// Runs all jobs by a worker in an environment with the Sentry SDK, whose settings module initialises it.
fn work(world: &World, venv: &Venv, sink: &Sink, arguments: &[&str]) -> String {
    let settings = fs::read_to_string(world.path("settings.py")).unwrap();
    let init = format!(
        "import sentry_sdk\nfrom sentry_sdk.integrations.rq import RqIntegration\n\
         sentry_sdk.init(dsn='http://key@127.0.0.1:{}/1', integrations=[RqIntegration()])\n",
        sink.port
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

        assert_eq!(sink.exceptions(), ["ValueError"]);
        let event = &sink.events.lock().unwrap()[0];
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
        assert_eq!(sink.exceptions(), ["ValueError", "ZeroDivisionError"]);
        assert_eq!(world.view("j2")["status"], "failed");
    });
}
