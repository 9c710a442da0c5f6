//! Whatever a horse sends, what is remembered of a job is its own and bounded.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd as _;

use serde_json::{Value, json};

use super::*;

/// The job whose execution is this one.
fn run(execution: &str) -> Run<'_> {
    Run {
        job_id: "j1",
        execution_id: execution,
        worker_name: "w1",
        queue: "default",
        timeout: None,
        timeout_counts: false,
        keeps_result: true,
        last: true,
        records: None,
        report: None,
        fields: Vec::new(),
    }
}

fn logged(execution: &str, message: &str) -> Value {
    json!({
        "execution": execution, "level": 30, "logger": "app", "message": message, "traceback": "trace\n",
        "created": 1.5, "shown": false, "unprinted": true, "lost": 0
    })
}

/// An ear, the horse's end of its socket, and a sender of messages on it.
fn ear() -> (Hearing, OwnedFd) {
    let (ours, theirs) = os::message_pair().unwrap();
    (Hearing::new(ours), theirs)
}

fn send(socket: &OwnedFd, message: &[u8]) {
    os::send_with_descriptors(socket.as_fd(), message, &[]).unwrap();
}

/// Where descriptors can be watched.
fn on_a_loop(act: impl AsyncFnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, act());
}

#[test]
fn the_last_records_and_lines_of_a_job_are_remembered_and_no_more() {
    on_a_loop(async || {
        let (mut hearing, socket) = ear();
        let mut ends = hearing.begin(&run("e1"), Output::Keep(10)).into_iter().map(File::from);
        for number in 0..RECORDS + 5 {
            send(
                &socket,
                logged("e1", &format!("{number} {}", "é".repeat(REMEMBERED))).to_string().as_bytes(),
            );
            hearing.take_records(1);
        }
        let mut out = ends.next().unwrap();
        (0..LINES + 5).for_each(|number| writeln!(out, "line {number}").unwrap());
        write!(out, "the last").unwrap();

        let heard = hearing.finish();

        assert_eq!(heard.records.len(), RECORDS);
        assert!(heard.records[0].message.starts_with("5 é"));
        assert!(heard.records.iter().all(|record| record.message.len() <= REMEMBERED));
        assert_eq!(heard.lines.len(), LINES);
        assert_eq!([heard.lines[0].as_str(), heard.lines[LINES - 1].as_str()], ["line 6", "the last"]);
        assert_eq!(heard.output.as_deref(), Some("4\nthe last"));
        assert_eq!(hearing.finish(), Heard::default(), "nothing is left for the next job");
    });
}

#[test]
fn what_is_unprinted_joins_the_output_that_is_kept_as_python_prints_it() {
    on_a_loop(async || {
        let (mut hearing, socket) = ear();
        let _ends = hearing.begin(&run("e1"), Output::Keep(100));
        send(&socket, logged("e1", "said").to_string().as_bytes());

        let heard = hearing.finish();

        assert_eq!(heard.output.as_deref(), Some("said\ntrace\n"));
        assert_eq!(heard.lines, [""; 0]);
    });
}

#[test]
fn junk_and_the_words_of_other_executions_are_nobodys() {
    on_a_loop(async || {
        let (mut hearing, socket) = ear();
        send(&socket, logged("e0", "before any job").to_string().as_bytes());
        let _ends = hearing.begin(&run("e1"), Output::Inherit);
        for message in [&b"{"[..], b"\xff\xfe", b"[]", &vec![b' '; 70_000]] {
            send(&socket, message);
        }
        send(&socket, logged("e0", "too late").to_string().as_bytes());
        let mut huge = logged("e1", "well");
        huge["level"] = json!(4000);
        send(&socket, huge.to_string().as_bytes());
        send(&socket, logged("e1", "well").to_string().as_bytes());
        hearing.take_records(100);

        assert_eq!(hearing.strays, 7);
        let heard = hearing.finish();
        assert_eq!(heard.records.iter().map(|record| record.message.as_str()).collect::<Vec<_>>(), ["well"]);
        assert_eq!((heard.lines.len(), heard.output), (0, None));
    });
}

#[test]
fn a_horse_that_is_gone_is_no_reason_to_listen_for_ever() {
    on_a_loop(async || {
        let (mut hearing, socket) = ear();
        let ends = hearing.begin(&run("e1"), Output::Log);
        drop((socket, ends));

        let heard = hearing.finish();

        assert_eq!(heard, Heard::default());
    });
}
