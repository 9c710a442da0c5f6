//! Which Redis one entry of django-rq's `RQ_QUEUES` means, in the words of `[redis]`.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value as Raw, json};

/// Keys of `[redis]`, each with the name in the entry that said it, and its value.
pub(super) type Connection = Vec<(&'static str, String, Raw)>;

/// What cannot be used of an entry: the names that lead to it, and why.
#[derive(Debug, PartialEq)]
pub(super) struct Unusable {
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// What TLS of redis-py knows, and so do we.
const CLIENT_NAMES: [(&str, &str); 5] = [
    ("ssl_ca_certs", "redis.ssl_ca_certs"),
    ("ssl_certfile", "redis.ssl_certfile"),
    ("ssl_keyfile", "redis.ssl_keyfile"),
    ("ssl_ca_data", "redis.ssl_ca_data"),
    ("ssl_cert_reqs", "redis.ssl_cert_reqs"),
];
/// Names of connection arguments that stand in a `SENTINEL` table themselves.
const SENTINEL_NAMES: [&str; 5] = ["db", "username", "password", "socket_timeout", "ssl"];

/// The connection of an entry. The order of the forms is django-rq's.
pub(super) fn connection(entry: &Map<String, Raw>, caches: Option<&Raw>) -> Result<Connection, Unusable> {
    if let Some(url) = given(entry, "URL") {
        return Ok(vec![("redis.url", "URL".to_owned(), completed(url, &of_url(entry)))]);
    }
    if let Some(cache) = given(entry, "USE_REDIS_CACHE") {
        let url = of_cache(cache, caches).map_err(|text| Unusable { name: "USE_REDIS_CACHE", text })?;
        return Ok(vec![("redis.url", "USE_REDIS_CACHE".to_owned(), url)]);
    }
    if let Some(path) = given(entry, "UNIX_SOCKET_PATH") {
        let url = Raw::String(format!("unix://{}", path.as_str().unwrap_or_default()));
        let url = completed(&url, &fallbacks(entry, &["DB", "USERNAME", "PASSWORD"]));
        return Ok(vec![("redis.url", "UNIX_SOCKET_PATH".to_owned(), url)]);
    }
    if entry.contains_key("SENTINELS") {
        return Ok(vec![("redis.sentinel", "SENTINELS".to_owned(), sentinel(entry))]);
    }
    let Some(host) = given(entry, "HOST") else {
        let text = "it names no Redis: URL, USE_REDIS_CACHE, UNIX_SOCKET_PATH, SENTINELS or HOST".to_owned();
        return Err(Unusable { name: "", text });
    };
    Ok(by_host(entry, host))
}

/// A value that is there: Python's `None` and empty texts are not.
fn given<'a>(table: &'a Map<String, Raw>, name: &str) -> Option<&'a Raw> {
    table.get(name).filter(|value| !value.is_null() && value.as_str() != Some(""))
}

fn by_host(entry: &Map<String, Raw>, host: &Raw) -> Connection {
    let mut found: Connection = vec![("redis.host", "HOST".to_owned(), host.clone())];
    for (name, key) in [
        ("PORT", "redis.port"),
        ("DB", "redis.db"),
        ("USERNAME", "redis.username"),
        ("PASSWORD", "redis.password"),
        ("SSL", "redis.ssl"),
    ] {
        found.extend(given(entry, name).map(|value| (key, name.to_owned(), value.clone())));
    }
    let client = entry.get("REDIS_CLIENT_KWARGS").and_then(Raw::as_object);
    let has_tls = given(entry, "SSL").is_some_and(|ssl| *ssl != Raw::Bool(false));
    if has_tls && let Some(checked) = entry.get("SSL_CERT_REQS") {
        found.push(("redis.ssl_cert_reqs", "SSL_CERT_REQS".to_owned(), cert_reqs(checked)));
    }
    for (name, key) in CLIENT_NAMES {
        let Some(value) = client.and_then(|client| given(client, name)) else { continue };
        let value = if name == "ssl_cert_reqs" { cert_reqs(value) } else { value.clone() };
        found.retain(|(known, _, _)| *known != key);
        found.push((key, format!("REDIS_CLIENT_KWARGS\"][\"{name}"), value));
    }
    found
}

/// Python's `None` and the numbers of its module ssl, as words.
fn cert_reqs(value: &Raw) -> Raw {
    match value {
        Raw::Null => "none".into(),
        Raw::Number(number) => number.to_string().into(),
        other => other.clone(),
    }
}

/// The table that RQ calls `SENTINEL`.
fn sentinel(entry: &Map<String, Raw>) -> Raw {
    let mut table = Map::new();
    for (name, ours) in [
        ("SENTINELS", "instances"),
        ("MASTER_NAME", "master_name"),
        ("DB", "db"),
        ("USERNAME", "username"),
        ("PASSWORD", "password"),
        ("SOCKET_TIMEOUT", "socket_timeout"),
        ("SENTINEL_KWARGS", "sentinel_kwargs"),
    ] {
        table.extend(given(entry, name).map(|value| (ours.to_owned(), value.clone())));
    }
    // django-rq: what stands there counts higher than the names of the entry.
    let further = entry.get("CONNECTION_KWARGS").and_then(Raw::as_object).cloned().unwrap_or_default();
    let (own, further): (Map<_, _>, Map<_, _>) =
        further.into_iter().partition(|(name, _)| SENTINEL_NAMES.contains(&name.as_str()));
    table.extend(own.into_iter().filter(|(_, value)| !value.is_null()));
    table.insert("connection_kwargs".to_owned(), Raw::Object(further));
    Raw::Object(table)
}

fn of_url(entry: &Map<String, Raw>) -> Vec<(&'static str, String)> {
    let mut weaker = fallbacks(entry, &["DB"]);
    let is_tls = given(entry, "URL").and_then(Raw::as_str).is_some_and(|url| url.starts_with("rediss://"));
    if is_tls && let Some(Raw::String(checked)) = entry.get("SSL_CERT_REQS").map(cert_reqs) {
        weaker.push(("ssl_cert_reqs", checked));
    }
    weaker
}

/// Options of a URL that names of the entry stand for.
fn fallbacks(entry: &Map<String, Raw>, names: &[&'static str]) -> Vec<(&'static str, String)> {
    let options = [("DB", "db"), ("USERNAME", "username"), ("PASSWORD", "password")];
    let wanted = options.into_iter().filter(|(name, _)| names.contains(name));
    wanted.filter_map(|(name, option)| Some((option, text(given(entry, name)?)?))).collect()
}

fn text(value: &Raw) -> Option<String> {
    match value {
        Raw::String(text) => Some(text.clone()),
        Raw::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The URL with options that count where it says nothing about them: redis-py lets a URL beat its arguments.
fn completed(url: &Raw, weaker: &[(&'static str, String)]) -> Raw {
    let Some(url) = url.as_str() else { return url.clone() };
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let has_path = !url.starts_with("unix://")
        && place
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('/'))
            .is_some_and(|(_, db)| !db.is_empty());
    let says = |name: &str| query.split('&').any(|option| option.split('=').next() == Some(name));
    let mut options: Vec<String> =
        Some(query.to_owned()).filter(|query| !query.is_empty()).into_iter().collect();
    for (name, value) in weaker {
        let said = says(name) || (*name == "db" && has_path);
        if !said {
            options.push(format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
        }
    }
    if options.is_empty() { json!(place) } else { json!(format!("{place}?{}", options.join("&"))) }
}

/// The URL of a cache that lies in Redis, of django-redis or of Django itself.
fn of_cache(name: &Raw, caches: Option<&Raw>) -> Result<Raw, String> {
    let name = name.as_str().unwrap_or_default();
    let cache = caches.and_then(|caches| caches.get(name)).and_then(Raw::as_object);
    let cache = cache.ok_or_else(|| format!("CACHES of the same module has no {name:?} that can be read"))?;
    let backend = cache.get("BACKEND").and_then(Raw::as_str).unwrap_or_default();
    if !backend.to_lowercase().contains("redis") {
        return Err(format!("the cache {name:?} is no Redis but {backend}"));
    }
    let options = cache.get("OPTIONS").and_then(Raw::as_object).cloned().unwrap_or_default();
    if options.contains_key("SENTINELS") {
        return Err(format!("the cache {name:?} is found through Sentinel; give SENTINELS here"));
    }
    // The first is the one that is written to.
    let first = match cache.get("LOCATION") {
        Some(Raw::Array(all)) => all.first(),
        other => other,
    };
    let url = first.and_then(Raw::as_str).and_then(|place| place.split([',', ';']).next());
    let known =
        |url: &&str| ["redis://", "rediss://", "unix://"].iter().any(|scheme| url.starts_with(scheme));
    let url =
        url.filter(known).ok_or_else(|| format!("LOCATION of the cache {name:?} is no URL of a Redis"))?;
    let mut weaker = Vec::new();
    for option in ["db", "username", "password"] {
        let value = given(&options, &option.to_uppercase()).or_else(|| given(&options, option));
        weaker.extend(value.and_then(text).map(|value| (option, value)));
    }
    Ok(completed(&json!(url), &weaker))
}
