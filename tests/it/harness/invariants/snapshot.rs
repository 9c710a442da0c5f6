//! All keys at one moment.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{inspect::Hash, redis_server::Redis};

/// What a key holds.
pub(super) enum Content {
    Text,
    List(Vec<String>),
    Set(BTreeSet<String>),
    Sorted(Vec<(String, f64)>),
    Hash(Hash),
    Stream,
}

impl Content {
    /// Redis' name of the type.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::List(_) => "list",
            Self::Set(_) => "set",
            Self::Sorted(_) => "zset",
            Self::Hash(_) => "hash",
            Self::Stream => "stream",
        }
    }
}

/// A key's content and seconds to live (−1: for ever).
pub(super) struct Key {
    pub(super) ttl: i64,
    pub(super) content: Content,
}

/// All keys, named without the prefix, and Redis' time.
pub(super) struct Snapshot {
    pub(super) prefix: String,
    pub(super) now: f64,
    pub(super) keys: BTreeMap<String, Key>,
    /// Keys that do not start with the prefix.
    pub(super) foreign: Vec<String>,
}

impl Snapshot {
    /// Reads everything.
    pub(super) fn take(redis: &Redis, prefix: &str) -> Self {
        let start = format!("{prefix}:");
        let (ours, foreign): (Vec<_>, Vec<_>) =
            redis.keys().into_iter().partition(|key| key.starts_with(&start));
        let keys =
            ours.iter().filter_map(|key| Some((key[start.len()..].to_owned(), read(redis, key)?))).collect();
        Self { prefix: prefix.to_owned(), now: redis.now(), keys, foreign }
    }

    /// The hash of that name.
    pub(super) fn hash(&self, name: &str) -> Option<&Hash> {
        match self.keys.get(name) {
            Some(Key { content: Content::Hash(hash), .. }) => Some(hash),
            _ => None,
        }
    }

    /// The members of a set; none when there is no such key.
    pub(super) fn set(&self, name: &str) -> BTreeSet<String> {
        match self.keys.get(name) {
            Some(Key { content: Content::Set(members), .. }) => members.clone(),
            _ => BTreeSet::new(),
        }
    }

    /// The members of a sorted set; none when there is no such key.
    pub(super) fn sorted(&self, name: &str) -> &[(String, f64)] {
        match self.keys.get(name) {
            Some(Key { content: Content::Sorted(members), .. }) => members,
            _ => &[],
        }
    }

    /// All keys that start so, with the rest of their names.
    pub(super) fn starting<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a str, &'a Key)> {
        self.keys.iter().filter_map(move |(name, key)| Some((name.strip_prefix(start)?, key)))
    }
}

/// None when the key expired meanwhile.
fn read(redis: &Redis, key: &str) -> Option<Key> {
    let kind: String = redis.command(&["TYPE", key]);
    let content = match kind.as_str() {
        "none" => return None,
        "string" => Content::Text,
        "list" => Content::List(redis.list(key)),
        "set" => Content::Set(redis.set(key)),
        "zset" => Content::Sorted(redis.sorted_set(key)),
        "hash" => Content::Hash(redis.hash(key)),
        "stream" => Content::Stream,
        other => panic!("{key} is a {other}"),
    };
    Some(Key { ttl: redis.ttl(key), content })
}

/// A field as text; "" when absent.
pub(crate) fn text(hash: &Hash, field: &str) -> String {
    hash.get(field).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

/// Whether a text is a time in RQ's form with exactly six digits of a second.
pub(crate) fn is_timestamp(text: &str) -> bool {
    let form = "dddd-dd-ddTdd:dd:dd.ddddddZ";
    text.len() == form.len()
        && text.chars().zip(form.chars()).all(|(c, f)| if f == 'd' { c.is_ascii_digit() } else { c == f })
}
