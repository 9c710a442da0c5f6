//! The envelope that travels: <https://develop.sentry.dev/sdk/data-model/envelopes/>.

use std::io::Write as _;
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::job::Timestamp;

/// What an envelope holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Event,
    Transaction,
    CheckIn,
}

impl Item {
    /// Its type, as an envelope names it.
    fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Transaction => "transaction",
            Self::CheckIn => "check_in",
        }
    }

    /// What limits call it.
    pub(super) fn category(self) -> &'static str {
        match self {
            Self::Event => "error",
            Self::Transaction => "transaction",
            Self::CheckIn => "monitor",
        }
    }
}

/// An envelope with one thing in it, compressed.
pub(super) fn pack(item: Item, payload: &Value) -> Vec<u8> {
    let text = payload.to_string();
    let mut head = json!({"sent_at": Timestamp::from(SystemTime::now()).iso()});
    if let Some(id) = payload.get("event_id") {
        head["event_id"] = id.clone();
    }
    let of_item = json!({"type": item.name(), "content_type": "application/json", "length": text.len()});
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    write!(encoder, "{head}\n{of_item}\n{text}\n").expect("writing to memory cannot fail");
    encoder.finish().expect("writing to memory cannot fail")
}

/// A time as Sentry takes it.
pub(super) fn time(at: SystemTime) -> Value {
    Timestamp::from(at).iso().into()
}
