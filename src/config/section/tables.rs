//! Several of a kind: tables that users name themselves, such as `[cron.nightly]` and `[queue."mail.high"]`.
//!
//! A section whose name ends in `.*` defines the keys of every such table. The key of one table, `cron.nightly.queue`,
//! is made of the definition when its name is first met, and kept for as long as the program runs: names come from
//! configurations, of which there are few.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{Key, Section, TABLES};
use crate::config::problem::Mismatch;

/// How long a name may be.
const LONGEST: usize = 64;

/// How long the name of a queue may be.
const LONGEST_QUEUE: usize = 1024;

/// Tables that have the names of queues, which clients choose.
const OF_QUEUES: &str = "queue.*";

/// Stands for a dot of a table's name where dots part levels; no name may have it.
const DOT: char = '\u{1}';

static MADE: Mutex<BTreeMap<String, &'static Key>> = Mutex::new(BTreeMap::new());

impl Section {
    /// What stands before the name of a table: `cron` of `cron.*`.
    pub(crate) fn parent(&self) -> &'static str {
        self.name.strip_suffix(".*").unwrap_or(self.name)
    }

    /// Whether its tables have the names of queues.
    pub(crate) fn is_of_queues(&self) -> bool {
        self.name == OF_QUEUES
    }

    /// The key of a field in one table.
    pub(crate) fn key_of(&self, table: &str, field: &str) -> Option<&'static Key> {
        let key = self.keys.iter().find(|key| key.field == field)?;
        let name = format!("{}.{table}.{field}", self.parent());
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        Some(made.entry(name).or_insert_with_key(|name| {
            let path = format!("{}.{}.{field}", self.parent(), in_path(table));
            Box::leak(Box::new(Key { name: name.clone().leak(), path: path.leak(), ..*key }))
        }))
    }

    /// The table that a key belongs to: `nightly` of `cron.nightly.queue`.
    pub(crate) fn table_of<'a>(&self, key: &'a str) -> Option<&'a str> {
        let (table, _) = key.strip_prefix(self.parent())?.strip_prefix('.')?.rsplit_once('.')?;
        Some(table)
    }

    /// Refuses what no table may be called: a name must fit into keys and variables, but a queue's is as it is.
    pub(crate) fn check_name(&self, name: &str) -> Result<(), Mismatch> {
        let (expected, fits) = if self.is_of_queues() {
            let fits = !name.trim().is_empty() && name.len() <= LONGEST_QUEUE;
            ("the name of a queue", fits && !name.contains(char::is_control))
        } else {
            let letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            let fits = !name.is_empty() && name.len() <= LONGEST && name.chars().all(letter);
            ("a name of letters, digits, _ and -", fits)
        };
        if fits { Ok(()) } else { Err(Mismatch::new(expected, format!("{name:?}"))) }
    }
}

/// The definition of the tables below a name: that of `cron.*` for `cron`.
pub(crate) fn tables(parent: &str) -> Option<&'static Section> {
    TABLES.into_iter().find(|tables| tables.parent() == parent)
}

/// The definition and the table that a name with dots means: `cron.*` and `nightly` of `cron.nightly`. Quotes around the
/// table are dropped, as INI has none there.
pub(crate) fn tables_above(name: &str) -> Option<(&'static Section, &str)> {
    TABLES.into_iter().find_map(|tables| {
        let table = name.strip_prefix(tables.parent())?.strip_prefix('.')?;
        let bare = table.strip_prefix('"').and_then(|table| table.strip_suffix('"'));
        Some((tables, bare.unwrap_or(table)))
    })
}

/// The key of a whole name in such a table.
pub(crate) fn key_of_table(name: &str) -> Option<&'static Key> {
    let (above, field) = name.rsplit_once('.')?;
    let (tables, table) = tables_above(above)?;
    tables.check_name(table).ok()?;
    tables.key_of(table, field)
}

/// A table's name as one level of a path.
fn in_path(table: &str) -> String {
    table.replace('.', &DOT.to_string())
}

/// The name of a table by its level in a path.
pub(crate) fn from_path(level: &str) -> String {
    level.replace(DOT, ".")
}
