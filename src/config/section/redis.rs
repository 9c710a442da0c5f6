//! `[redis]`: the connection, as RQ's `REDIS_*` names and our own say it.

use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;

use super::{Key, section};
use crate::config::kind::{Kind, Value};
use crate::config::problem::Mismatch;

section! {
    /// Where Redis is and how it is reached: by `url`, else through `sentinel`, else by host, port and so on.
    RedisKeys as "redis" {
        /// URL of the Redis server: `redis://[user][:password]@host:port/db`, `rediss://` for TLS,
        /// `unix://path?db=n` for a socket; query options as in redis-py.
        url: Option<SecretString> = Key::new(Kind::Url).rq("REDIS_URL").variable("RQ_REDIS_URL")
            .option("--url, -u").example("\"redis://localhost:6379/0\""), NewConnection;
        /// Redis Sentinel, used when there is no URL: a table of `instances` (pairs of host and port),
        /// `master_name`, `db`, `username`, `password`, `socket_timeout`, `ssl`, `connection_kwargs` and
        /// `sentinel_kwargs`. Upper-case names are accepted too.
        sentinel: Option<String> = Key::new(Kind::Sentinel).rq_in_files("SENTINEL")
            .example("{\"instances\": [[\"localhost\", 26379]], \"master_name\": \"mymaster\"}"), NewConnection;
        /// Host of the Redis server, used when there is neither URL nor Sentinel.
        host: String = Key::new(Kind::Text).rq("REDIS_HOST").default("\"localhost\"").check(host), NewConnection;
        /// Port of the Redis server.
        port: u16 = Key::integer(1, 65_535).rq("REDIS_PORT").default("6379"), NewConnection;
        /// Number of the database.
        db: i64 = Key::integer(0, i32::MAX as i64).rq("REDIS_DB").default("0"), NewConnection;
        /// User name, for a server with access control lists.
        username: Option<String> = Key::new(Kind::Text).example("\"worker\""), NewConnection;
        /// Password.
        password: Option<SecretString> = Key::new(Kind::Secret).rq("REDIS_PASSWORD")
            .example("\"secret\""), NewConnection;
        /// Whether to speak TLS.
        ssl: bool = Key::new(Kind::Boolean).rq("REDIS_SSL").default("false"), NewConnection;
        /// File of the certificates that may sign the server's; the system's when unset.
        ssl_ca_certs: Option<PathBuf> = Key::new(Kind::Path).rq("REDIS_SSL_CA_CERTS")
            .example("\"/etc/ssl/redis-ca.pem\""), NewConnection;
        /// Whether the server's certificate is checked: `required`, `optional` or `none`.
        ssl_cert_reqs: String = Key::new(Kind::Choice(CERT_REQS)).rq("REDIS_SSL_CERT_REQS")
            .default("\"required\""), NewConnection;
        /// The certificates that may sign the server's, as PEM text.
        ssl_ca_data: Option<String> = Key::new(Kind::Text).rq("REDIS_SSL_CA_DATA")
            .example("\"-----BEGIN CERTIFICATE-----\""), NewConnection;
        /// File of the private key that belongs to `ssl_certfile`.
        ssl_keyfile: Option<PathBuf> = Key::new(Kind::Path).rq("REDIS_SSL_KEYFILE")
            .example("\"/etc/rq/client.key\""), NewConnection;
        /// File of the certificate that we show to the server.
        ssl_certfile: Option<PathBuf> = Key::new(Kind::Path).rq("REDIS_SSL_CERTFILE")
            .example("\"/etc/rq/client.pem\""), NewConnection;
        /// How long to try to reach Redis at start before giving up with exit code 69. A worker in burst mode
        /// gives up at once. Redis going away later is never a reason to exit.
        start_timeout: Duration = Key::span(0).default("\"30s\""), Restart;
        /// What every key in Redis starts with. All processes that share a Redis must use the same, Python
        /// clients included, which read it from the environment variable `RQ_KEY_PREFIX` alone.
        key_prefix: String = Key::new(Kind::Text).variable("RQ_KEY_PREFIX").default("\"rq\"")
            .check(key_prefix), Restart;
    }
}

/// redis-py's words for the check of certificates.
const CERT_REQS: &[(&str, &str)] = &[
    ("required", "required"),
    ("optional", "optional"),
    ("none", "none"),
    // The numbers of Python's ssl.CERT_NONE and its like.
    ("2", "required"),
    ("1", "optional"),
    ("0", "none"),
];

fn host(value: &Value) -> Result<(), Mismatch> {
    match value {
        Value::Text(text) if text.contains("://") => {
            Err(Mismatch::new("a host name", "a URL").hint("give a URL as redis.url or REDIS_URL"))
        }
        Value::Text(text) if text.is_empty() => Err(Mismatch::new("a host name", "an empty text")),
        _ => Ok(()),
    }
}

/// RQ: the prefix is spliced into templates and scripts, so that only these characters are safe.
fn key_prefix(value: &Value) -> Result<(), Mismatch> {
    let Value::Text(text) = value else { return Ok(()) };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.:{}-".contains(c);
    if !text.is_empty() && text.chars().all(allowed) {
        return Ok(());
    }
    Err(Mismatch::new("one or more letters, digits and _ . : { } -", format!("{text:?}")))
}
