//! All that Redis tells of one job, whoever wrote it. Reading changes nothing.

mod glance;
mod read;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::read::ZlibDecoder;

use crate::job::Timestamp;

pub(super) use read::{Answers, dependency_ids};

/// What every zlib stream of RQ's begins with.
const ZLIB: u8 = 0x78;

/// How much of a packed text is looked at.
const UNPACKED: usize = 16 << 20;

/// The bytes in a zlib stream, as many as are asked for; what is none is taken as it is, as RQ does.
pub(crate) fn inflated(bytes: &[u8], most: usize) -> Vec<u8> {
    let mut plain = Vec::new();
    // What came before a mistake counts.
    let read = ZlibDecoder::new(bytes).take(most as u64).read_to_end(&mut plain);
    if read.is_err() && plain.is_empty() { bytes[..bytes.len().min(most)].to_vec() } else { plain }
}

/// A hash or an entry as it stands in Redis; values may be cut.
pub(crate) type Texts = BTreeMap<String, Vec<u8>>;

/// All that Redis tells of a job.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Story {
    pub(crate) id: String,
    /// The server's clock when it was read.
    pub(crate) now: Timestamp,
    /// The fields that are there; long ones only when they fit.
    pub(crate) fields: Texts,
    /// How many bytes the long fields have.
    pub(crate) sizes: BTreeMap<&'static str, u64>,
    /// When the job goes away by itself.
    pub(crate) expires_in: Option<Duration>,
    /// The newest results, the newest first.
    pub(crate) results: Vec<Entry>,
    pub(crate) results_in_all: u64,
    pub(crate) place: Place,
    /// Those that run now, as far as their leases tell.
    pub(crate) executions: Vec<Execution>,
    pub(crate) dependencies: Vec<Relative>,
    pub(crate) dependents: Vec<Relative>,
    pub(crate) dependents_in_all: u64,
    /// The worker that the job names.
    pub(crate) worker: Option<WorkerCard>,
}

/// Where a job stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Place {
    /// How many jobs of its queue come before it.
    pub(crate) ahead: Option<u64>,
    pub(crate) queue_length: u64,
    /// Whether a worker has taken its id, and nobody has begun it.
    pub(crate) is_between: bool,
    /// Registries by RQ's names, and the scores in them.
    pub(crate) registries: Vec<(&'static str, f64)>,
    /// How many jobs wait for the same limit before it.
    pub(crate) limit_ahead: Option<u64>,
    /// How many workers listen to its queue.
    pub(crate) listeners: u64,
    /// Whether somebody moves the due jobs of its queue.
    pub(crate) has_scheduler: bool,
    pub(crate) is_suspended: bool,
}

/// One entry of the result stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Redis' id: milliseconds of its clock, and a number.
    pub(crate) id: String,
    pub(crate) fields: Texts,
    /// How many bytes each field has; more than are there where it was cut.
    pub(crate) lengths: BTreeMap<String, u64>,
}

/// One run that goes on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Execution {
    pub(crate) id: String,
    pub(crate) worker: Option<String>,
    pub(crate) created_at: Option<f64>,
    pub(crate) last_heartbeat: Option<f64>,
    /// When others may take it for abandoned.
    pub(crate) lease_ends: Option<f64>,
}

/// A job that this one waits for, or that waits for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Relative {
    pub(crate) id: String,
    /// Nothing when there is no such job.
    pub(crate) status: Option<String>,
    pub(crate) queue: Option<String>,
}

/// What a worker says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct WorkerCard {
    pub(crate) name: String,
    pub(crate) fields: Texts,
}

impl WorkerCard {
    /// A field as text.
    pub(crate) fn text(&self, field: &str) -> Option<String> {
        text(&self.fields, field)
    }
}

impl Story {
    /// A field as text; an empty one is none.
    pub(crate) fn text(&self, field: &str) -> Option<String> {
        text(&self.fields, field)
    }
}

impl Entry {
    /// A field as text.
    pub(crate) fn text(&self, field: &str) -> Option<String> {
        text(&self.fields, field)
    }

    /// A text that stands in it packed, or as it is; as far as it is there.
    pub(crate) fn packed(&self, field: &str) -> Option<String> {
        let value = self.fields.get(field).filter(|value| !value.is_empty())?;
        // One that was cut has whole groups of four before the cut.
        let groups = &value[..value.len() / 4 * 4];
        let packed = BASE64.decode(groups).ok().filter(|packed| packed.first() == Some(&ZLIB));
        let bytes = packed.map_or_else(|| value.clone(), |packed| inflated(&packed, UNPACKED));
        Some(String::from_utf8_lossy(&bytes).trim_end().to_owned()).filter(|text| !text.is_empty())
    }

    /// The line of its traceback that names the exception, or what became of its work horse.
    pub(crate) fn reason(&self) -> Option<String> {
        let traceback = self.packed("exc_string")?;
        // The stack below such a text is evidence: what happened stands first.
        if traceback.starts_with("Work-horse ") {
            return traceback.lines().next().map(str::to_owned);
        }
        let lines: Vec<&str> = traceback.lines().collect();
        // What the exception says may have lines of its own: those behind the last one that is indented.
        let last = lines.iter().rposition(|line| line.starts_with("  ")).map_or(0, |at| at + 1);
        lines.get(last).or(lines.last()).map(|line| (*line).to_owned())
    }

    /// Whether a field is there whole.
    pub(crate) fn is_whole(&self, field: &str) -> bool {
        let there = self.fields.get(field).map_or(0, Vec::len) as u64;
        self.lengths.get(field).is_none_or(|length| *length == there)
    }
}

pub(super) fn text(fields: &Texts, name: &str) -> Option<String> {
    let value = fields.get(name).filter(|value| !value.is_empty())?;
    Some(String::from_utf8_lossy(value).into_owned())
}
