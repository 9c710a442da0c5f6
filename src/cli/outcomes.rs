//! What became of jobs that something was done to, as people and programs are told.

use serde::Serialize;

use super::output;
use super::settings_table::as_json;
use crate::store::Rearranged;

/// How many refusals are told one by one.
const TOLD: usize = 20;

/// What became of a job.
#[derive(Serialize)]
struct ToldOutcome<'a> {
    id: &'a str,
    done: bool,
    /// Why it was left alone: `gone`, or the status that it has.
    reason: Option<&'a str>,
}

/// Tells why jobs were left alone, some of them by name.
pub(super) fn refusals(ids: &[String], told: &[Rearranged], what: &str) {
    let refused: Vec<_> = ids.iter().zip(told).filter(|(_, told)| **told != Rearranged::Done).collect();
    for (id, told) in refused.iter().take(TOLD) {
        let reason = match told {
            Rearranged::Done => continue,
            Rearranged::Gone => "there is no such job".to_owned(),
            Rearranged::Elsewhere(status) => format!("it is {status}"),
        };
        let line = format!("{id} was not {what}: {reason}");
        output::error(&format!("{}\n", output::safe(&line)));
    }
    if refused.len() > TOLD {
        output::error(&format!("and {} more\n", refused.len() - TOLD));
    }
}

/// How many jobs were left alone.
pub(super) fn refused(told: &[Rearranged]) -> usize {
    told.iter().filter(|told| **told != Rearranged::Done).count()
}

/// What became of each, for programs.
pub(super) fn for_programs(ids: &[String], told: &[Rearranged]) -> String {
    let told: Vec<_> = ids
        .iter()
        .zip(told)
        .map(|(id, told)| ToldOutcome {
            id,
            done: *told == Rearranged::Done,
            reason: match told {
                Rearranged::Done => None,
                Rearranged::Gone => Some("gone"),
                Rearranged::Elsewhere(status) => Some(status),
            },
        })
        .collect();
    as_json(&told)
}
