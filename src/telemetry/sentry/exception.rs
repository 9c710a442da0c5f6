//! What a job raised, as Sentry's exceptions.

use serde_json::{Value, json};

use super::event::Placing;
use crate::job::{Evidence, Frame, Thrown};

/// The most exceptions of an event, and the most frames of one.
const EXCEPTIONS: usize = 50;
const FRAMES: usize = 100;
/// The most characters of what an exception says: Sentry cuts what is longer.
const MESSAGE: usize = 8_192;

/// The values of an event's `exception`.
pub(super) fn values(evidence: &Evidence, placing: &Placing<'_>) -> Vec<Value> {
    let skipped = evidence.exceptions.len().saturating_sub(EXCEPTIONS);
    evidence.exceptions[skipped..].iter().map(|thrown| value(thrown, placing)).collect()
}

fn value(thrown: &Thrown, placing: &Placing<'_>) -> Value {
    let skipped = thrown.frames.len().saturating_sub(FRAMES);
    let frames: Vec<Value> = thrown.frames[skipped..].iter().map(|it| frame(it, placing)).collect();
    let mut value = json!({
        "type": thrown.kind,
        "module": thrown.module,
        "value": cut(&thrown.value),
        "mechanism": mechanism(thrown),
    });
    if !frames.is_empty() {
        value["stacktrace"] = json!({"frames": frames});
    }
    value
}

/// How it came to be told, and its place in a group.
fn mechanism(thrown: &Thrown) -> Value {
    let mut mechanism = json!({"type": "rq", "handled": false});
    if let Some(id) = thrown.id {
        mechanism["exception_id"] = id.into();
        if let Some(parent) = thrown.parent.filter(|_| id != 0) {
            mechanism["parent_id"] = parent.into();
            mechanism["type"] = "chained".into();
        }
    }
    if let Some(number) = thrown.errno {
        mechanism["meta"] = json!({"errno": {"number": number}});
    }
    if let Some(source) = &thrown.source {
        mechanism["source"] = source.as_str().into();
    }
    if thrown.group {
        mechanism["is_exception_group"] = true.into();
    }
    mechanism
}

fn frame(frame: &Frame, placing: &Placing<'_>) -> Value {
    // Texts, numbers and lists always have a JSON form.
    let mut value = serde_json::to_value(frame).unwrap_or_default();
    if let Some(in_app) = placing.in_app(frame.module.as_deref(), &frame.abs_path) {
        value["in_app"] = in_app.into();
    }
    value
}

/// The one exception that can be made of a traceback's text alone.
pub(super) fn of_text(traceback: &str) -> Value {
    let is_head = |line: &&str| !line.is_empty() && !line.starts_with([' ', '\t']);
    let last = traceback.lines().rev().find(is_head).unwrap_or("an exception without a text");
    let (kind, words) = last.split_once(": ").unwrap_or((last, ""));
    let (module, kind) = match kind.rsplit_once('.') {
        Some((module, kind)) => (Some(module), kind),
        None => (None, kind),
    };
    json!({
        "type": cut(kind), "module": module.map(cut), "value": cut(words),
        "mechanism": {"type": "rq", "handled": false},
    })
}

/// A text that Sentry does not cut.
pub(super) fn cut(text: &str) -> &str {
    text.char_indices().nth(MESSAGE).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOWHERE: Placing<'_> = Placing { root: "", include: &[], exclude: &[] };

    #[test]
    fn the_place_in_a_group_stands_in_the_mechanism() {
        let one = |id, parent, source: Option<&str>| Thrown {
            id: Some(id),
            parent,
            source: source.map(str::to_owned),
            group: id == 0,
            ..Thrown::default()
        };
        let exceptions = vec![one(1, Some(0), Some("exceptions[0]")), one(0, None, None)];

        let told = values(&Evidence { exceptions, ..Evidence::default() }, &NOWHERE);

        let member = json!({
            "type": "chained", "handled": false, "exception_id": 1, "parent_id": 0, "source": "exceptions[0]",
        });
        let root = json!({"type": "rq", "handled": false, "exception_id": 0, "is_exception_group": true});
        assert_eq!((&told[0]["mechanism"], &told[1]["mechanism"]), (&member, &root));
    }

    #[test]
    fn a_horse_cannot_make_an_event_of_any_size() {
        let thrown =
            Thrown { frames: vec![Frame::default(); 500], value: "é".repeat(9_000), ..Thrown::default() };

        let told = values(&Evidence { exceptions: vec![thrown; 60], ..Evidence::default() }, &NOWHERE);

        assert_eq!(told.len(), EXCEPTIONS);
        assert_eq!(told[0]["stacktrace"]["frames"].as_array().unwrap().len(), FRAMES);
        assert_eq!(told[0]["value"].as_str().unwrap().chars().count(), MESSAGE);
    }

    #[test]
    fn a_text_alone_gives_type_module_and_words() {
        let table = [
            ("Traceback:\n  File x\nValueError: bad: worse\n", json!(["ValueError", null, "bad: worse"])),
            ("app.errors.Odd\n", json!(["Odd", "app.errors", ""])),
            ("", json!(["an exception without a text", null, ""])),
        ];

        for (text, told) in table {
            let value = of_text(text);
            assert_eq!(json!([value["type"], value["module"], value["value"]]), told, "{text}");
        }
    }
}
