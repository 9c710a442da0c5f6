//! Where Redis is and how to get in: a resolved address.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::keywords::{self, Class, boolean, integer, seconds, text, wrong};
use super::tls::Tls;
use super::url;

mod error;

pub(crate) use error::AddressError;

/// Where `SENTINEL` tells how to connect to the sentinels themselves.
const SENTINEL_KWARGS: &str = "SENTINEL_KWARGS";

/// Everything that is needed to connect. Neither `Display` nor `Debug` shows a secret.
///
/// See the documentation of `keywords` for what becomes of each option of redis-py.
#[derive(Clone)]
pub(crate) struct Address {
    pub(super) target: Target,
    pub(super) login: Login,
    /// The horse's way to the same server, as the user wrote it.
    horse: Value,
}

/// The server.
#[derive(Clone)]
pub(super) enum Target {
    Tcp { host: String, port: u16 },
    Unix { path: PathBuf },
    Sentinel { instances: Vec<(String, u16)>, master_name: String, login: Box<Login> },
}

/// What is said on a connection when it begins, and how it is made.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) db: i64,
    pub(super) username: Option<String>,
    pub(super) password: Option<SecretString>,
    pub(super) client_name: Option<String>,
    pub(super) library: (String, String),
    pub(super) resp3: bool,
    pub(super) tls: Option<Tls>,
    pub(super) keepalive: bool,
    pub(super) connect_timeout: Duration,
    pub(super) response_timeout: Duration,
}

/// The `REDIS_HOST` … `REDIS_SSL_CERTFILE` settings.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) db: i64,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) ssl: bool,
    pub(crate) ssl_ca_certs: Option<String>,
    pub(crate) ssl_cert_reqs: Option<String>,
    pub(crate) ssl_ca_data: Option<String>,
    pub(crate) ssl_keyfile: Option<String>,
    pub(crate) ssl_certfile: Option<String>,
}

impl Default for Options {
    /// RQ's defaults: `localhost`, 6379, database 0, certificates required.
    fn default() -> Self {
        Self {
            host: "localhost".into(),
            port: 6379,
            db: 0,
            username: None,
            password: None,
            ssl: false,
            ssl_ca_certs: None,
            ssl_cert_reqs: Some("required".into()),
            ssl_ca_data: None,
            ssl_keyfile: None,
            ssl_certfile: None,
        }
    }
}

/// The `SENTINEL` dictionary.
#[derive(Clone)]
#[expect(clippy::struct_field_names, reason = "RQ calls it so")]
pub(crate) struct Sentinel {
    pub(crate) instances: Vec<(String, u16)>,
    pub(crate) master_name: String,
    pub(crate) db: i64,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) socket_timeout: Option<f64>,
    pub(crate) ssl: bool,
    pub(crate) connection_kwargs: Map<String, Value>,
    pub(crate) sentinel_kwargs: Map<String, Value>,
}

impl Default for Sentinel {
    /// RQ's defaults: one sentinel on `localhost`, the master `mymaster`.
    fn default() -> Self {
        Self {
            instances: vec![("localhost".into(), 26379)],
            master_name: "mymaster".into(),
            db: 0,
            username: None,
            password: None,
            socket_timeout: None,
            ssl: false,
            connection_kwargs: Map::new(),
            sentinel_kwargs: Map::new(),
        }
    }
}

impl Address {
    /// Reads a URL by redis-py's grammar; files that it names are not opened yet.
    pub(crate) fn from_url(url: &str) -> Result<Self, AddressError> {
        let (class, keywords) = url::parse(url)?;
        let login = Login::from_keywords(class, &keywords)?;
        let target = match class {
            Class::Unix => match text(&keywords, "path")? {
                Some(path) => Target::Unix { path: path.into() },
                // What stands before the third slash is a host, which no socket has.
                None => {
                    return Err(AddressError::Grammar(
                        "no path: write unix:///run/redis.sock, with three slashes",
                    ));
                }
            },
            Class::Tcp | Class::Tls => tcp(&keywords)?,
        };
        Ok(Self { target, login, horse: json!({ "url": url }) })
    }

    /// The address that the `REDIS_*` settings tell.
    pub(crate) fn from_options(options: Options) -> Result<Self, AddressError> {
        let ssl = options.ssl;
        let mut all = keywords_of(vec![
            ("host", options.host.into()),
            ("port", options.port.into()),
            ("db", options.db.into()),
            ("username", options.username.into()),
            ("password", options.password.into()),
            ("ssl_ca_certs", options.ssl_ca_certs.into()),
            ("ssl_cert_reqs", options.ssl_cert_reqs.into()),
            ("ssl_ca_data", options.ssl_ca_data.into()),
            ("ssl_keyfile", options.ssl_keyfile.into()),
            ("ssl_certfile", options.ssl_certfile.into()),
        ]);
        let class = class_of(ssl, &mut all);
        let login = Login::from_keywords(class, &all)?;
        let target = tcp(&all)?;
        all.insert("ssl".into(), json!(ssl));
        Ok(Self { target, login, horse: json!({ "options": all }) })
    }

    /// The master that sentinels name.
    pub(crate) fn from_sentinel(sentinel: Sentinel) -> Result<Self, AddressError> {
        let mut all = keywords_of(vec![
            ("db", json!(sentinel.db)),
            ("username", json!(sentinel.username)),
            ("password", json!(sentinel.password)),
            ("socket_timeout", json!(sentinel.socket_timeout)),
            ("ssl", json!(sentinel.ssl)),
        ]);
        let own: Vec<String> = sentinel.connection_kwargs.keys().cloned().collect();
        all.extend(sentinel.connection_kwargs);
        let horse = json!({ "sentinel": {
            "instances": sentinel.instances,
            "master_name": sentinel.master_name,
            "options": all,
            "sentinel_options": sentinel.sentinel_kwargs,
        }});
        let target = Target::Sentinel {
            instances: sentinel.instances,
            master_name: sentinel.master_name,
            login: Box::new(
                Login::from_dictionary(sentinel.sentinel_kwargs)
                    .map_err(|error| error.within(SENTINEL_KWARGS))?,
            ),
        };
        let login = Login::from_dictionary(all).map_err(|error| {
            let is_own = error.option().is_some_and(|option| own.iter().any(|own| own == option));
            if is_own { error.within("CONNECTION_KWARGS") } else { error }
        })?;
        Ok(Self { target, login, horse })
    }

    /// What is wrong with the files that TLS needs, all of it.
    ///
    /// They are read anew for each connection; this is to be told before the first one.
    pub(crate) fn unusable_files(&self) -> Vec<AddressError> {
        let mut found: Vec<_> = self.login.tls.iter().flat_map(Tls::faults).collect();
        if let Target::Sentinel { login, .. } = &self.target {
            let faults = login.tls.iter().flat_map(Tls::faults);
            found.extend(faults.map(|fault| fault.within(SENTINEL_KWARGS)));
        }
        found
    }

    /// The user that we log in as, where one is named.
    pub(super) fn user(&self) -> Option<&str> {
        self.login.username.as_deref()
    }

    /// How a job reaches the same server with redis-py: the `connection` of the horse protocol. It holds secrets.
    pub(crate) fn for_horse(&self) -> Value {
        self.horse.clone()
    }
}

impl PartialEq for Address {
    /// Equal when written alike: the description for the horse holds all that was given.
    fn eq(&self, other: &Self) -> bool {
        self.horse == other.horse
    }
}

impl Login {
    /// Takes the keywords of one connection class.
    fn from_keywords(class: Class, keywords: &Map<String, Value>) -> Result<Self, AddressError> {
        keywords::check(class, keywords)?;
        let own = env!("CARGO_PKG_NAME").to_owned();
        let library = text(keywords, "lib_name")?.unwrap_or(own);
        let version = text(keywords, "lib_version")?.unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned());
        Ok(Self {
            db: integer(keywords, "db")?.unwrap_or(0),
            username: text(keywords, "username")?.filter(|name| !name.is_empty()),
            password: text(keywords, "password")?.filter(|word| !word.is_empty()).map(SecretString::from),
            client_name: text(keywords, "client_name")?.filter(|name| !name.is_empty()),
            library: (library, version),
            resp3: match integer(keywords, "protocol")? {
                None | Some(2) => false,
                Some(3) => true,
                Some(_) => return Err(wrong("protocol", "2 or 3")),
            },
            tls: (class == Class::Tls).then(|| Tls::from_keywords(keywords)).transpose()?,
            keepalive: boolean(keywords, "socket_keepalive")?.unwrap_or(true),
            connect_timeout: seconds(keywords, "socket_connect_timeout")?.unwrap_or(Duration::from_secs(5)),
            response_timeout: seconds(keywords, "socket_timeout")?.unwrap_or(Duration::from_secs(10)),
        })
    }

    /// Takes keywords among which `ssl` tells the class, as `redis.Redis` does.
    fn from_dictionary(mut keywords: Map<String, Value>) -> Result<Self, AddressError> {
        let ssl = boolean(&keywords, "ssl")?.unwrap_or(false);
        keywords.remove("ssl");
        let class = class_of(ssl, &mut keywords);
        Self::from_keywords(class, &keywords)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Login { db, username, password, tls, .. } = &self.login;
        let user = username.as_deref().map(escaped).unwrap_or_default();
        let user = match password {
            Some(_) => format!("{user}:***@"),
            None if user.is_empty() => String::new(),
            None => format!("{user}@"),
        };
        let s = if tls.is_some() { "s" } else { "" };
        match &self.target {
            Target::Tcp { host, port } => write!(f, "redis{s}://{user}{}:{port}/{db}", bracketed(host)),
            Target::Unix { path } => {
                let path = utf8_percent_encode(&path.to_string_lossy(), PATH).to_string();
                write!(f, "unix://{user}{path}?db={db}")
            }
            Target::Sentinel { instances, master_name, .. } => {
                let all: Vec<_> =
                    instances.iter().map(|(host, port)| format!("{}:{port}", bracketed(host))).collect();
                write!(f, "redis{s}+sentinel://{user}{}/{}/{db}", all.join(","), escaped(master_name))
            }
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

impl Login {
    /// What redis-py would send as password: a user name alone goes with an empty one.
    pub(super) fn password(&self) -> Option<&str> {
        let given = self.password.as_ref().map(ExposeSecret::expose_secret);
        given.or(self.username.as_ref().map(|_| ""))
    }
}

const WORD: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const PATH: &AsciiSet = &WORD.remove(b'/');

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, WORD).to_string()
}

/// A host as a URL shows it; control characters of a strange one do not reach a terminal.
fn bracketed(host: &str) -> String {
    let host = host.escape_default().to_string();
    if host.contains(':') { format!("[{host}]") } else { host }
}

fn tcp(keywords: &Map<String, Value>) -> Result<Target, AddressError> {
    let host = text(keywords, "host")?.unwrap_or_else(|| "localhost".to_owned());
    let port = integer(keywords, "port")?.unwrap_or(6379);
    let port = u16::try_from(port).map_err(|_| wrong("port", "a number from 0 to 65535"))?;
    Ok(Target::Tcp { host, port })
}

/// Nulls are defaults.
fn keywords_of(given: Vec<(&str, Value)>) -> Map<String, Value> {
    given
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// RQ: without `ssl`, redis-py's client drops the other `ssl_*` settings unread.
fn class_of(ssl: bool, keywords: &mut Map<String, Value>) -> Class {
    if ssl {
        return Class::Tls;
    }
    keywords.retain(|name, _| !name.starts_with("ssl_"));
    Class::Tcp
}

#[cfg(test)]
mod tests;
