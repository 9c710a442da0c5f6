//! Entries for the journal, in its native protocol.

use super::fields::context;
use super::syslog::severity;
use crate::telemetry::Record;

/// All fields of one entry.
pub(super) fn entry(record: &Record<'_>, identifier: &str, text: &str) -> Vec<u8> {
    let mut entry = Vec::with_capacity(text.len() + 256);
    put(&mut entry, "MESSAGE", text);
    put(&mut entry, "PRIORITY", &severity(record.line.level).to_string());
    put(&mut entry, "SYSLOG_IDENTIFIER", identifier);
    put(&mut entry, "RQ_LOGGER", &super::logger(record.line));
    for (name, value) in context(record.about) {
        put(&mut entry, &format!("RQ_{}", name.to_uppercase()), &value);
    }
    entry
}

/// A value of several lines is told with its length.
fn put(entry: &mut Vec<u8>, name: &str, value: &str) {
    entry.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        entry.push(b'\n');
        entry.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        entry.push(b'=');
    }
    entry.extend_from_slice(value.as_bytes());
    entry.push(b'\n');
}
