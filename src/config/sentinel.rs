//! RQ's `SENTINEL` table: where Redis Sentinel listens and which master to ask it for.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Raw, json};

use super::kind::{Kind, Value, describe, describe_type};
use super::problem::{Mismatch, nearest};
use super::secret::mask_table;

/// A Redis that is found by asking Sentinel.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Sentinel {
    /// Host and port of each Sentinel.
    pub(crate) instances: Vec<(String, u16)>,
    /// Name of the master.
    pub(crate) master_name: String,
    /// Number of the database.
    pub(crate) db: i64,
    /// User name for Redis.
    pub(crate) username: Option<String>,
    /// Password for Redis.
    pub(crate) password: Option<SecretString>,
    /// How long one exchange may take.
    pub(crate) socket_timeout: Option<Duration>,
    /// Whether Redis speaks TLS.
    pub(crate) ssl: bool,
    /// Further arguments of redis-py for connections to Redis.
    pub(crate) connection_kwargs: Arguments,
    /// Arguments of redis-py for connections to Sentinel.
    #[expect(clippy::struct_field_names, reason = "RQ's name, and the one users write")]
    pub(crate) sentinel_kwargs: Arguments,
}

/// Keyword arguments of redis-py; passwords among them are not printed.
#[derive(Clone, Default, Deserialize, Serialize)]
pub(crate) struct Arguments(pub(crate) Map<String, Raw>);

impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", mask_table(&Raw::Object(self.0.clone())))
    }
}

const NAMES: [&str; 9] = [
    "instances",
    "master_name",
    "db",
    "username",
    "password",
    "socket_timeout",
    "ssl",
    "connection_kwargs",
    "sentinel_kwargs",
];

/// Reads the table with names in either case, and fills what is missing with RQ's defaults. INI has no tables in tables,
/// so that it may be JSON text as well.
pub(crate) fn read(raw: &Raw) -> Result<Raw, Mismatch> {
    let text = raw.as_str().filter(|text| text.trim_start().starts_with('{'));
    let parsed = text.and_then(|text| serde_json::from_str(text).ok());
    let Raw::Object(given) = parsed.as_ref().unwrap_or(raw) else {
        return Err(Mismatch::new("a table with INSTANCES and MASTER_NAME", describe_type(raw)));
    };
    let mut table = defaults();
    for (spelled, value) in given {
        let name = spelled.to_lowercase();
        if !NAMES.contains(&name.as_str()) {
            let hint = nearest(&name, NAMES).map(|known| format!("did you mean {}?", known.to_uppercase()));
            let expected = format!("a table of {}", NAMES.join(", ").to_uppercase());
            let mismatch = Mismatch::new(expected, format!("{spelled:?} in it"));
            return Err(hint.into_iter().fold(mismatch, Mismatch::hint));
        }
        if !value.is_null() {
            let value = entry(&name, value).map_err(|(expected, found)| {
                Mismatch::new(format!("a table whose {spelled} is {expected}"), found)
            })?;
            table.insert(name, value);
        }
    }
    Ok(Raw::Object(table))
}

/// The table without what RQ does not look at: in a Python module it may hold anything.
pub(crate) fn known_only(raw: &Raw) -> Raw {
    match raw {
        Raw::Object(given) => {
            let known = given.iter().filter(|(name, _)| NAMES.contains(&name.to_lowercase().as_str()));
            Raw::Object(known.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        other => other.clone(),
    }
}

fn defaults() -> Map<String, Raw> {
    let table = json!({
        "instances": [["localhost", 26379]], "master_name": "mymaster", "db": 0, "ssl": false,
        "connection_kwargs": {}, "sentinel_kwargs": {},
    });
    table.as_object().cloned().unwrap_or_default()
}

fn entry(name: &str, value: &Raw) -> Result<Raw, (String, String)> {
    let kind = match name {
        "instances" => return instances(value),
        "db" => Kind::Integer { least: 0, most: 65_535 },
        "ssl" => Kind::Boolean,
        "socket_timeout" => Kind::Duration { least: Duration::from_millis(1) },
        "connection_kwargs" | "sentinel_kwargs" => Kind::Table,
        "password" => Kind::Secret,
        _ => Kind::Text,
    };
    let found = match kind {
        Kind::Secret | Kind::Table => describe_type(value).to_owned(),
        _ => describe(value),
    };
    match kind.read(value).map_err(|_| (kind.expected(), found))? {
        Value::Text(text) => Ok(text.into()),
        Value::Boolean(flag) => Ok(flag.into()),
        Value::Integer(number) => Ok(number.into()),
        Value::Size(bytes) => Ok(bytes.into()),
        Value::Duration(span) => Ok(json!({"secs": span.as_secs(), "nanos": span.subsec_nanos()})),
        Value::List(items) => Ok(items.into()),
        Value::Table(table) => Ok(table),
    }
}

/// `[["host", 26379], …]`, `["host:26379", …]` or `host:26379,host:26379`.
fn instances(value: &Raw) -> Result<Raw, (String, String)> {
    let refuse = |found: &Raw| ("a list of (host, port)".to_owned(), describe(found));
    let items: Vec<Raw> = match value {
        Raw::Array(items) => items.clone(),
        Raw::String(text) => text.split(',').map(|item| item.trim().into()).collect(),
        other => return Err(refuse(other)),
    };
    let pair = |item: &Raw| -> Option<Raw> {
        let (host, port) = match item {
            Raw::Array(pair) => match pair.as_slice() {
                [Raw::String(host), port] => (host.clone(), port.clone()),
                _ => return None,
            },
            Raw::String(text) => match text.rsplit_once(':') {
                Some((host, port)) => (host.to_owned(), port.into()),
                None => (text.clone(), 26_379.into()),
            },
            _ => return None,
        };
        let Ok(Value::Integer(port)) = (Kind::Integer { least: 1, most: 65_535 }).read(&port) else {
            return None;
        };
        (!host.is_empty()).then(|| json!([host.trim_matches(['[', ']']), port]))
    };
    if items.is_empty() {
        return Err(refuse(value));
    }
    items
        .iter()
        .map(|item| pair(item).ok_or_else(|| refuse(item)))
        .collect::<Result<Vec<_>, _>>()
        .map(Raw::Array)
}
