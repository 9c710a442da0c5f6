//! Direct looks into the test's Redis.

use std::collections::{BTreeMap, BTreeSet};

use redis::{FromRedisValue, ToRedisArgs};

use super::redis_server::Redis;

/// A hash as bytes: values may be compressed or pickled.
pub(crate) type Hash = BTreeMap<String, Vec<u8>>;

impl Redis {
    /// Sends one command.
    #[track_caller]
    pub(crate) fn command<T: FromRedisValue>(&self, words: &[impl ToRedisArgs]) -> T {
        let mut command = redis::Cmd::new();
        for word in words {
            command.arg(word);
        }
        command.query(&mut self.connection()).expect("a reply of the expected type")
    }

    /// All fields of a hash; empty when there is none.
    pub(crate) fn hash(&self, key: &str) -> Hash {
        self.command(&["HGETALL", key])
    }

    /// One field of a hash as text.
    pub(crate) fn field(&self, key: &str, field: &str) -> Option<String> {
        let value: Option<Vec<u8>> = self.command(&["HGET", key, field]);
        value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// A list from head to tail.
    pub(crate) fn list(&self, key: &str) -> Vec<String> {
        self.command(&["LRANGE", key, "0", "-1"])
    }

    /// The members of a set.
    pub(crate) fn set(&self, key: &str) -> BTreeSet<String> {
        self.command(&["SMEMBERS", key])
    }

    /// The members of a sorted set with their scores, lowest first.
    pub(crate) fn sorted_set(&self, key: &str) -> Vec<(String, f64)> {
        self.command(&["ZRANGE", key, "0", "-1", "WITHSCORES"])
    }

    /// The entries of a stream, oldest first, each as its fields.
    pub(crate) fn stream(&self, key: &str) -> Vec<Hash> {
        let entries: Vec<(String, Hash)> = self.command(&["XRANGE", key, "-", "+"]);
        entries.into_iter().map(|(_, fields)| fields).collect()
    }

    /// Seconds to live: −1 for ever, −2 no such key.
    pub(crate) fn ttl(&self, key: &str) -> i64 {
        self.command(&["TTL", key])
    }

    /// Whether the key exists.
    pub(crate) fn exists(&self, key: &str) -> bool {
        self.command(&["EXISTS", key])
    }

    /// The server's clock in Unix seconds.
    pub(crate) fn now(&self) -> f64 {
        let (seconds, micros): (u32, u32) = self.command(&["TIME"]);
        f64::from(seconds) + f64::from(micros) / 1e6
    }

    /// Every key, in order.
    pub(crate) fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.command(&["KEYS", "*"]);
        keys.sort();
        keys
    }
}
