//! Which Redis it is: several layers may name one, and RQ has rules for that.
//!
//! A connection is a whole. Within one source a URL beats Sentinel, and Sentinel beats host and port. Between
//! sources the highest that names a connection wins, and takes nothing from those below when it is one of RQ's
//! own (the bare environment, `-c`): a password must not travel to a host that it was not meant for. Only among
//! default files, files with secrets, prefixed variables and options do host, port and the rest add up key by key.

use secrecy::{ExposeSecret as _, SecretString};

use super::layer::{Entry, Layer, Standing};
use super::origin::Origin;
use super::problem::{Problem, Problems};
use super::secret::names_a_secret;
use super::section::RedisKeys;
use super::sentinel::Sentinel;

/// Where Redis is.
#[derive(Debug, Clone)]
pub(crate) enum Address {
    /// By a URL of redis-py's grammar.
    Url(SecretString),
    /// By host, port and so on.
    Options(Box<Options>),
    /// By asking Sentinel.
    Sentinel(Box<Sentinel>),
}

/// A Redis by host and port, with RQ's `REDIS_*` names.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) db: i64,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<SecretString>,
    pub(crate) ssl: bool,
    pub(crate) ssl_ca_certs: Option<std::path::PathBuf>,
    /// `required`, `optional` or `none`.
    pub(crate) ssl_cert_reqs: String,
    pub(crate) ssl_ca_data: Option<String>,
    pub(crate) ssl_keyfile: Option<std::path::PathBuf>,
    pub(crate) ssl_certfile: Option<std::path::PathBuf>,
}

impl Address {
    /// The address that the merged keys say.
    pub(crate) fn of(keys: RedisKeys) -> Result<Self, Problems> {
        if let Some(url) = keys.url {
            return Ok(Self::Url(url));
        }
        if let Some(text) = keys.sentinel {
            let refused = |_| Problem::with_key("redis.sentinel", Origin::Default, "it lost its form").into();
            return serde_json::from_str(&text)
                .map(|sentinel| Self::Sentinel(Box::new(sentinel)))
                .map_err(refused);
        }
        Ok(Self::Options(Box::new(Options {
            host: keys.host,
            port: keys.port,
            db: keys.db,
            username: keys.username,
            password: keys.password,
            ssl: keys.ssl,
            ssl_ca_certs: keys.ssl_ca_certs,
            ssl_cert_reqs: keys.ssl_cert_reqs,
            ssl_ca_data: keys.ssl_ca_data,
            ssl_keyfile: keys.ssl_keyfile,
            ssl_certfile: keys.ssl_certfile,
        })))
    }
}

impl Address {
    /// The passwords in it, as they may be met elsewhere.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let plain =
            |secret: &Option<SecretString>| secret.iter().map(|it| it.expose_secret().to_owned()).collect();
        match self {
            Self::Url(url) => secrets_in_url(url.expose_secret()),
            Self::Options(options) => plain(&options.password),
            Self::Sentinel(sentinel) => {
                let mut found: Vec<String> = plain(&sentinel.password);
                let arguments = sentinel.connection_kwargs.0.iter().chain(&sentinel.sentinel_kwargs.0);
                let secrets = arguments.filter(|(name, _)| names_a_secret(name));
                found.extend(secrets.filter_map(|(_, value)| value.as_str().map(str::to_owned)));
                found
            }
        }
    }
}

/// The password, as it is written and as it is meant, and the values of options that are secrets.
fn secrets_in_url(url: &str) -> Vec<String> {
    let Some((_, rest)) = url.split_once("://") else { return Vec::new() };
    let login = rest.rsplit_once('@').map(|(login, _)| login);
    let password = login.and_then(|login| login.split_once(':')).map(|(_, password)| password);
    let options = rest.split_once('?').map(|(_, options)| options).unwrap_or_default();
    let secret = |option: &'_ str| {
        let (name, value) = option.split_once('=')?;
        names_a_secret(name).then(|| value.to_owned())
    };
    let written = password.map(str::to_owned).into_iter().chain(options.split('&').filter_map(secret));
    let meant = |text: &String| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    written.flat_map(|text| [meant(&text), text]).filter(|text| !text.is_empty()).collect()
}

/// The three ways to name a Redis, the stronger first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Url,
    Sentinel,
    Options,
}

fn form_of(key: &str) -> Option<Form> {
    match key {
        "redis.url" => Some(Form::Url),
        "redis.sentinel" => Some(Form::Sentinel),
        "redis.start_timeout" | "redis.key_prefix" => None,
        _ => key.starts_with("redis.").then_some(Form::Options),
    }
}

/// Whether a layer says anything of where Redis is.
pub(crate) fn names_one(layer: &Layer) -> bool {
    layer.entries.values().any(is_part)
}

/// Whether an entry says anything of where Redis is.
pub(crate) fn is_part(entry: &Entry) -> bool {
    form_of(entry.key.name).is_some()
}

/// Whether a layer says where Redis is, and not only a part that others could complete.
pub(crate) fn is_whole(layer: &Layer) -> bool {
    ["redis.url", "redis.sentinel", "redis.host"].iter().any(|key| layer.entries.contains_key(key))
}

/// What a choice among connections left aside, and what is wrong with it.
#[derive(Default)]
pub(crate) struct Choice {
    /// Entries that play no part, from the highest layer down.
    pub(crate) dropped: Vec<(Standing, Entry)>,
    /// The entry that decided, when anything but a default did.
    pub(crate) winner: Option<Winner>,
    pub(crate) problems: Vec<Problem>,
}

/// The entry that decided which connection it is.
pub(crate) struct Winner {
    pub(crate) standing: Standing,
    pub(crate) key: &'static str,
    pub(crate) spelled: String,
    pub(crate) origin: Origin,
}

/// Whether a key plays a part in the connection that was chosen, or in none.
pub(crate) fn in_force(key: &str, winner: Option<&Winner>) -> bool {
    let chosen = winner.and_then(|winner| form_of(winner.key)).unwrap_or(Form::Options);
    form_of(key).is_none_or(|form| form == chosen)
}

/// Takes out of the layers, which stand lowest first, every entry about connections that plays no part.
///
/// RQ: with a Python settings module (`module_alone`), the bare environment is not asked for a connection, even
/// when the module names none; nor are the files that its names lead to.
pub(crate) fn choose(layers: &mut [Layer], module_alone: bool) -> Choice {
    let mut choice = Choice::default();
    let mut settled: Option<Form> = None;
    let mut closed = false;
    let mut has_host = false;
    let forms: Vec<Option<Form>> = layers.iter().map(form_in).collect();
    for (place, layer) in layers.iter_mut().enumerate().rev() {
        let Some(own) = forms[place].filter(|_| layer.standing != Standing::Default) else { continue };
        let below = forms[..place].iter().rev().flatten().next().copied().unwrap_or(Form::Options);
        let barred = match layer.standing {
            Standing::Bare => module_alone,
            // The password for another program, perhaps: it cannot be put into a URL, and is no reason to refuse one.
            Standing::BareFile => {
                module_alone || (own == Form::Options && below != own && !names_host(layer))
            }
            _ => false,
        };
        if !barred && !closed && settled == Some(Form::Options) && own != Form::Options && !has_host {
            choice.problems.extend(part_of_a_connection(&choice, layer, own));
        }
        let keep = if barred || closed || settled.is_some_and(|form| form != own) { None } else { Some(own) };
        drop_others(layer, keep, &mut choice);
        let Some(kept) = keep else { continue };
        if settled.is_none() {
            choice.winner = first_of(layer, kept);
        }
        settled = Some(kept);
        has_host |= names_host(layer);
        closed = kept != Form::Options || matches!(layer.standing, Standing::Bare | Standing::Explicit);
    }
    choice
}

/// The strongest way in which a layer names a Redis.
fn form_in(layer: &Layer) -> Option<Form> {
    layer.entries.keys().filter_map(|name| form_of(name)).min()
}

fn names_host(layer: &Layer) -> bool {
    layer.entries.contains_key("redis.host") || layer.entries.contains_key("redis.port")
}

fn first_of(layer: &Layer, form: Form) -> Option<Winner> {
    let entry = layer.entries.values().find(|entry| form_of(entry.key.name) == Some(form))?;
    Some(Winner {
        standing: layer.standing,
        key: entry.key.name,
        spelled: entry.spelled.clone(),
        origin: entry.origin.clone(),
    })
}

fn drop_others(layer: &mut Layer, keep: Option<Form>, choice: &mut Choice) {
    let lost: Vec<&'static str> = layer
        .entries
        .keys()
        .copied()
        .filter(|name| form_of(name).is_some_and(|form| Some(form) != keep))
        .collect();
    for name in lost {
        choice.dropped.extend(layer.entries.remove(name).map(|entry| (layer.standing, entry)));
    }
}

/// A password or database alone cannot be put into a URL or Sentinel table that a lower layer gives.
fn part_of_a_connection(choice: &Choice, layer: &Layer, form: Form) -> Option<Problem> {
    let part = choice.winner.as_ref()?;
    let whole = first_of(layer, form)?;
    let text = format!(
        "it is one part of a connection, but the whole is given by {} from {}",
        whole.spelled, whole.origin
    );
    let problem = Problem::with_key(part.spelled.clone(), part.origin.clone(), text);
    Some(problem.hint(format!("give redis.host beside {}, or the whole as one URL", part.key)))
}
