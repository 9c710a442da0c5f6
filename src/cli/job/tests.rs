//! Whole stories in words.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::outlook::tests::story;
use super::*;
use crate::job::call::{Call, Format};
use crate::store::{Entry, Story, WorkerCard};

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn result(fields: &[(&str, &[u8])]) -> Entry {
    Entry {
        id: "1795332715000-0".to_owned(),
        fields: fields.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect(),
        lengths: fields.iter().map(|(name, value)| ((*name).to_owned(), value.len() as u64)).collect(),
    }
}

/// A job that failed at its second try.
fn failed() -> Story {
    let mut told = story(&[
        ("status", "failed"),
        ("origin", "mails"),
        ("description", "app.send('a\x1b[2J')"),
        ("created_at", "2026-11-22T07:31:00.000000Z"),
        ("started_at", "2026-11-22T07:31:50.000000Z"),
        ("ended_at", "2026-11-22T07:31:55.500000Z"),
        ("timeout", "-1"),
        ("retries_left", "0"),
        ("retry_intervals", "[5]"),
        ("worker_name", "w1"),
        ("failure_callback_name", "app.sorry"),
        ("failure_callback_timeout", "60"),
        (
            "webhooks",
            r#"[{"url": "https://u:secret@h/x?token=secret", "job_status": "failed", "method": "POST", "headers": {"A": "secret"}}]"#,
        ),
        ("group_id", "g1"),
    ]);
    let call =
        Call { function: "app.send".to_owned(), args: vec!["secret".into()], kwargs: serde_json::Map::new() };
    told.fields.insert("data".to_owned(), zlib(&call.payload(Format::Pickle)));
    told.sizes.insert("data", 40);
    told.place.registries = vec![("failed", 1_826_868_754.0)];
    let text =
        "Traceback (most recent call last):\n  File \"/app.py\", line 3, in send\nValueError: no\x1b[2J way";
    let packed = BASE64.encode(zlib(text.as_bytes()));
    told.results = vec![result(&[
        ("type", b"2"),
        ("worker_name", b"w1"),
        ("exc_string", packed.as_bytes()),
        ("execution_started_at", b"1795332710.0"),
        ("execution_ended_at", b"1795332715.5"),
        ("output", b"printed"),
        ("cause", br#"{"kind": "raised"}"#),
    ])];
    told.results_in_all = 1;
    told.worker = Some(WorkerCard { name: "w1".to_owned(), ..WorkerCard::default() });
    told
}

#[test]
fn a_failed_job_is_told_with_its_traceback_and_without_secrets() {
    let told = page::text(&words(&Tale::of(&failed(), None), &Zone::named("UTC").unwrap()), false);

    let expected = r#"job j1  failed
queue           mails
function        app.send
description     app.send('a\x1b[2J')
created         2026-11-22 07:31:00+00:00 (1m 0s ago)
started         2026-11-22 07:31:50+00:00 (10s ago)
ended           2026-11-22 07:31:55+00:00 (4s ago)
took            5.500s
time limit      none
kept            result the worker's default, failure 365d 0h
retries left    0, after 5s
stands          registry of failed jobs
last worker     w1, not there any more

results
  failed  2026-11-22 07:31:55+00:00 (5s ago)  worker w1  in 5.500s
    cause: kind raised
    Traceback (most recent call last):
      File "/app.py", line 3, in send
    ValueError: no\x1b[2J way
    the end of its output:
    | printed

on failure      app.sorry, at most 60s
webhook         POST https://h/x?... when failed
group           g1
call            40 bytes of pickle; --decode shows it

next
  it stays failed, until somebody requeues or deletes it
"#;
    assert_eq!(told, expected);
}

#[test]
fn as_data_a_story_has_every_key_whatever_is_known() {
    let bare = serde_json::to_value(Tale::of(&story(&[]), None)).unwrap();
    let whole = serde_json::to_value(Tale::of(&failed(), None)).unwrap();

    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&bare), keys(&whole));
    assert_eq!(bare["status"], "created");
    assert_eq!(whole["results"][0]["seconds"], 5.5);
    assert_eq!(whole["results"][0]["cause"]["kind"], "raised");
    assert_eq!(whole["place"]["registries"]["failed"], "2027-11-22T07:32:34.000000Z");
    assert!(!whole.to_string().contains("secret"), "{whole}");
}

#[test]
fn a_value_that_was_cut_is_told_as_far_as_it_goes() {
    let mut story = failed();
    let long = BASE64.encode(zlib("x".repeat(10_000).as_bytes()));
    story.results[0].fields.insert("exc_string".to_owned(), long.as_bytes()[..40].to_vec());
    story.results[0].lengths.insert("exc_string".to_owned(), 100);
    story.results[0].fields.insert("return_value".to_owned(), b"gAVL".to_vec());
    story.results[0].lengths.insert("return_value".to_owned(), 4_000_000);

    let told = Tale::of(&story, None);

    assert!(told.results[0].traceback.as_deref().unwrap().starts_with("xxx"));
    assert_eq!(told.results[0].return_value.as_ref().unwrap().bytes, 3_000_000);
    assert_eq!(told.results[0].return_value.as_ref().unwrap().format, None);
}
