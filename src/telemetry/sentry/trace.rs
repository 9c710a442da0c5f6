//! Traces: the one that a job was enqueued within goes on, another one begins with it.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::job::TraceHeaders;

/// Where a job stands in a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trace {
    id: String,
    /// The job's own part in it.
    span: String,
    /// The part that enqueued it.
    parent: Option<String>,
    /// Whether the trace is sent, when that was decided where it began.
    pub(super) sampled: Option<bool>,
}

impl Trace {
    /// The trace of the headers, or a new one.
    pub(super) fn of(headers: Option<&TraceHeaders>) -> Self {
        let span = Uuid::new_v4().simple().to_string()[..16].to_owned();
        let known = headers.and_then(|headers| continued(&headers.parent));
        let (id, parent, sampled) = match known {
            Some((id, parent, sampled)) => (id, Some(parent), sampled),
            None => (Uuid::new_v4().simple().to_string(), None, None),
        };
        Self { id, span, parent, sampled }
    }

    /// As the context of an event.
    pub(super) fn context(&self) -> Value {
        json!({"trace_id": self.id, "span_id": self.span, "parent_span_id": self.parent})
    }
}

/// `TRACE-SPAN`, with `-1` or `-0` behind it where it is decided whether the trace is sent.
fn continued(header: &str) -> Option<(String, String, Option<bool>)> {
    let mut parts = header.trim().split('-');
    let number = |text: Option<&str>, length| {
        let text = text?.to_ascii_lowercase();
        let is_number = text.len() == length && text.bytes().all(|c| c.is_ascii_hexdigit());
        (is_number && text.bytes().any(|c| c != b'0')).then_some(text)
    };
    let (trace, span) = (number(parts.next(), 32)?, number(parts.next(), 16)?);
    let sampled = match parts.next() {
        Some("1") => Some(true),
        Some("0") => Some(false),
        _ => None,
    };
    Some((trace, span, sampled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_goes_on_when_its_header_makes_sense() {
        let (trace, span) = ("0123456789abcdef0123456789ABCDEF", "0123456789abcdef");
        let of = |parent: String| Trace::of(Some(&TraceHeaders { parent }));

        let known = of(format!("{trace}-{span}-1"));
        assert_eq!((known.id.as_str(), known.parent.as_deref()), (&*trace.to_lowercase(), Some(span)));
        assert_eq!(known.sampled, Some(true));
        assert_eq!(of(format!("{trace}-{span}-0")).sampled, Some(false));
        assert_eq!(of(format!("{trace}-{span}")).sampled, None);
        for strange in ["", "x", &format!("{trace}-{}", "0".repeat(16)), &format!("{trace}x-{span}")] {
            let fresh = of(strange.to_owned());
            assert_eq!((fresh.parent, fresh.sampled), (None, None), "{strange}");
            assert_eq!((fresh.id.len(), fresh.span.len()), (32, 16));
        }
    }
}
