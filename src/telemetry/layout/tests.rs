use std::time::{Duration, UNIX_EPOCH};

use super::syslog::Style;
use super::*;
use crate::config::Facility;
use crate::event::Event;
use crate::telemetry::About;
use crate::telemetry::line::{Describe, lines};

/// A failed job whose names would break out of every format.
fn rendered(format: Format, envelope: Envelope) -> String {
    let event = Event::JobRaised {
        worker: "w1".to_owned(),
        job: "j \"1\"]".to_owned(),
        func_name: Some("tasks.add".to_owned()),
        traceback: "Traceback:\n  boom = \x1b[1m\n".to_owned(),
        evidence: None,
    };
    let about = About {
        worker: Some("w1".to_owned()),
        queue: Some("a=b\nc".to_owned()),
        job: Some("j \"1\"]".to_owned()),
        execution: None,
        horse: Some(77),
        function: Some("tasks.add".to_owned()),
    };
    let lines = lines(&event, Describe::Whole);
    let line = lines.iter().find(|line| line.level == crate::telemetry::Level::Error).unwrap();
    let created = UNIX_EPOCH + Duration::from_micros(1_795_332_720_000_120);
    let record = Record { created, line, about: &about };
    String::from_utf8(Layout { format, envelope }.render(&record)).unwrap()
}

#[test]
fn json_is_one_object_on_one_line_with_all_that_is_known() {
    let text = rendered(Format::Json, Envelope::LineEnd);

    assert_eq!(text.matches('\n').count(), 1, "{text}");
    let object: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        object,
        serde_json::json!({
            "ts": "2026-11-22T07:32:00.000120Z", "level": "ERROR", "logger": "rq.worker",
            "message": "Worker w1: job j \"1\"]: exception raised while executing (tasks.add)",
            "job": "j \"1\"]", "queue": "a=b\\nc", "worker": "w1", "horse": 77, "function": "tasks.add",
            "traceback": "Traceback:\n  boom = \\x1b[1m",
        })
    );
}

#[test]
fn logfmt_is_one_line_whose_values_are_quoted_where_they_must_be() {
    assert_eq!(
        rendered(Format::Logfmt, Envelope::LineEnd),
        "ts=2026-11-22T07:32:00.000120Z level=error logger=rq.worker \
         msg=\"Worker w1: job j \\\"1\\\"]: exception raised while executing (tasks.add)\" job=\"j \\\"1\\\"]\" \
         queue=\"a=b\\\\nc\" worker=w1 horse=77 function=tasks.add \
         traceback=\"Traceback:\\n  boom = \\\\x1b[1m\"\n"
    );
}

#[test]
fn text_reads_as_a_sentence_with_the_job_behind_it_and_the_traceback_below() {
    assert_eq!(
        rendered(Format::Text, Envelope::LineEnd),
        "2026-11-22T07:32:00.000120Z ERROR rq.worker: Worker w1: job j \"1\"]: exception raised while executing \
         (tasks.add) [job=\"j \\\"1\\\"]\" queue=\"a=b\\\\nc\" worker=w1 horse=77 function=tasks.add]\n\
         Traceback:\n  boom = \\x1b[1m\n"
    );
}

#[test]
fn syslog_has_a_header_and_structured_data_that_nothing_breaks_out_of() {
    let header = Header::new(Style::Rfc5424, Facility(16), "rq".to_owned());

    let text = rendered(Format::Bare, Envelope::Syslog(header));

    let pid = std::process::id();
    let host = crate::os::hostname();
    let start =
        format!("<131>1 2026-11-22T07:32:00.000120Z {host} rq {pid} - [rq@32473 logger=\"rq.worker\" ");
    assert!(text.starts_with(&start), "{text}");
    assert!(text.contains(r#"job="j \"1\"\]" queue="a=b\\nc" worker="w1" horse="77""#), "{text}");
    assert!(text.contains("] Worker w1: job j"), "{text}");
}

#[test]
fn python_sends_a_priority_and_a_zero_byte_to_syslog() {
    let header = Header::new(Style::Python, Facility(1), String::new());

    let text = rendered(Format::Bare, Envelope::Syslog(header));

    assert!(text.starts_with("<11>Worker w1: job") && text.ends_with('\0'), "{text}");
}

#[test]
fn the_journal_gets_a_value_of_several_lines_with_its_length() {
    let text = rendered(Format::Bare, Envelope::Journald { identifier: "rq".to_owned() });

    let message = "Worker w1: job j \"1\"]: exception raised while executing (tasks.add)\nTraceback:\n  boom = \\x1b[1m\n";
    let length = String::from_utf8((message.len() as u64).to_le_bytes().to_vec()).unwrap();
    assert!(text.starts_with(&format!("MESSAGE\n{length}{message}\nPRIORITY=3\n")), "{text:?}");
    assert!(
        text.contains("\nRQ_QUEUE=a=b\\nc\nRQ_WORKER=w1\nRQ_HORSE=77\nRQ_FUNCTION=tasks.add\n"),
        "{text:?}"
    );
}
