//! Several of a kind: tables that users name themselves, such as `[cron.nightly]`.
//!
//! A section whose name ends in `.*` defines the keys of every such table. The key of one table, `cron.nightly.queue`,
//! is made of the definition when its name is first met, and kept for as long as the program runs: names come from
//! configurations, of which there are few.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::{Key, Section, TABLES};

/// How long a name may be.
const LONGEST: usize = 64;

static MADE: Mutex<BTreeMap<String, &'static Key>> = Mutex::new(BTreeMap::new());

impl Section {
    /// What stands before the name of a table: `cron` of `cron.*`.
    pub(crate) fn parent(&self) -> &'static str {
        self.name.strip_suffix(".*").unwrap_or(self.name)
    }

    /// The key of a field in one table.
    pub(crate) fn key_of(&self, table: &str, field: &str) -> Option<&'static Key> {
        let key = self.keys.iter().find(|key| key.field == field)?;
        let name = format!("{}.{table}.{field}", self.parent());
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        Some(made.entry(name).or_insert_with_key(|name| {
            let name: &'static str = name.clone().leak();
            Box::leak(Box::new(Key { name, ..*key }))
        }))
    }

    /// The table that a key belongs to: `nightly` of `cron.nightly.queue`.
    pub(crate) fn table_of<'a>(&self, key: &'a str) -> Option<&'a str> {
        let (table, _) = key.strip_prefix(self.parent())?.strip_prefix('.')?.rsplit_once('.')?;
        Some(table)
    }
}

/// The definition of the tables below a name: that of `cron.*` for `cron`.
pub(crate) fn tables(parent: &str) -> Option<&'static Section> {
    TABLES.into_iter().find(|tables| tables.parent() == parent)
}

/// Whether a table may be called so: the name must fit into keys and variables.
pub(crate) fn is_table_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    !name.is_empty() && name.len() <= LONGEST && name.chars().all(fits)
}
