//! What must hold between the keys of one `[logging.appender.NAME]`, and between all of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::excerpt::Spot;
use super::layer::Entry;
use super::origin::Origin;
use super::problem::Problem;
use super::resolved::Warning;
use super::section::{Appender, AppenderKind, Rotate, Sentry};
use super::stack::Stack;

use AppenderKind::{Console, File, Journald, Null, Rolling, Syslog};

/// Tells what is wrong with each table.
pub(super) fn check(stack: &Stack, tables: &BTreeMap<String, Appender>, problems: &mut Vec<Problem>) {
    let mut owners: BTreeMap<&PathBuf, &str> = BTreeMap::new();
    for (name, table) in tables {
        let mut refuse = |text: String, hint: &str| problems.push(problem(stack, name, text).hint(hint));
        let Some(kind) = table.kind else {
            refuse("it does not say its kind".to_owned(), "say what it is, such as kind = \"file\"");
            continue;
        };
        let writes = matches!(kind, File | Rolling);
        match &table.path {
            None if writes => {
                refuse("it has no path".to_owned(), "name the file: path = \"/var/log/rq/worker.log\"");
            }
            Some(path) if writes => {
                if let Some(other) = owners.insert(path, name) {
                    let text = format!("{other} writes to {}, too", path.display());
                    refuse(text, "each file has one appender; what it takes is for targets to say");
                }
            }
            _ => {}
        }
        if kind == Rolling && (table.rotate == Rotate::Size || table.max_size.is_some()) {
            refuse("the kind rolling knows no size".to_owned(), "use the kind file for that");
        }
        if kind == File && table.rotate == Rotate::Size && table.max_size.is_none() {
            refuse("it rotates by size and names none".to_owned(), "say max_size, such as \"100MiB\"");
        }
    }
}

/// A problem of a table as a whole, at the place of the first key that somebody gave it.
fn problem(stack: &Stack, name: &str, text: String) -> Problem {
    let origin = given(stack, name).next().map(|entry| entry.origin.clone());
    Problem { key: Some(format!("logging.appender.{name}")), origin, text, hint: None, spot: Spot::Key }
}

/// What somebody said of a table, the strongest first.
fn given<'a>(stack: &'a Stack, name: &'a str) -> impl Iterator<Item = &'a Entry> {
    let entries = stack.layers().iter().rev().flat_map(|layer| layer.entries.values());
    entries.filter(move |entry| {
        Appender::SECTION.table_of(entry.key.name) == Some(name) && entry.origin != Origin::Default
    })
}

/// What can be used and does nothing.
pub(super) fn doubts(stack: &Stack, tables: &BTreeMap<String, Appender>, sentry: &Sentry) -> Vec<Warning> {
    let mut doubts = Vec::new();
    for (name, table) in tables {
        let Some(kind) = table.kind else { continue };
        for entry in given(stack, name).filter(|entry| !concerns(entry.key.field, kind)) {
            let word = format!("{kind:?}").to_lowercase();
            doubts.push(Warning(format!(
                "{} from {} has no effect, as the kind of that appender is \"{word}\"",
                entry.spelled, entry.origin
            )));
        }
        if kind == AppenderKind::Sentry && sentry.dsn.is_none() {
            doubts.push(Warning(format!(
                "logging.appender.{name} has no effect, as sentry.dsn is not set: nothing is sent to Sentry"
            )));
        }
    }
    doubts
}

/// Whether a key means something to appenders of a kind.
fn concerns(field: &str, kind: AppenderKind) -> bool {
    match field {
        "level" | "targets" => kind != Null,
        "format" | "line" | "date_format" => !matches!(kind, AppenderKind::Sentry | Null),
        "stream" => kind == Console,
        "path" => matches!(kind, File | Rolling | Journald),
        "rotate" | "keep" => matches!(kind, File | Rolling),
        "max_size" | "compress" | "mode" => kind == File,
        "address" | "protocol" | "facility" => kind == Syslog,
        "app_name" => matches!(kind, Syslog | Journald),
        _ => true,
    }
}
