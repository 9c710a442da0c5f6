//! From the configuration's Redis to the store's.

use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::config::{self, Problem, Problems, Resolved};
use crate::store::{self, AddressError, Client, Keys, Store};

/// The address that the settings name, or what is wrong with it.
pub(super) fn of(resolved: &Resolved) -> Result<store::Address, Problems> {
    parsed(&resolved.settings.redis.address).map_err(|error| problem(resolved, &error).into())
}

/// What is at the address, for somebody of that name.
pub(super) fn store(resolved: &Resolved, address: store::Address, name: &str) -> Store {
    let client = Client::new(address, Some(name.to_owned()));
    Store::new(client, Keys::new(resolved.settings.redis.key_prefix.clone()))
}

/// All that is wrong with the connection as far as it can be told without asking the server.
pub(super) fn problems(resolved: &Resolved) -> Vec<Problem> {
    match of(resolved) {
        Ok(address) => address.unusable_files().iter().map(|error| problem(resolved, error)).collect(),
        Err(problems) => problems.into_iter().collect(),
    }
}

/// Puts what is wrong with an address to the setting that says it.
fn problem(resolved: &Resolved, error: &AddressError) -> Problem {
    let option = error.option().unwrap_or_default();
    let whole = match &resolved.settings.redis.address {
        config::Address::Url(_) => "redis.url",
        config::Address::Sentinel(_) => "redis.sentinel",
        config::Address::Options(_) => "",
    };
    let own = config::key(&format!("redis.{option}")).filter(|_| whole.is_empty());
    let reason = match error.table() {
        _ if own.is_some() || option.is_empty() => error.reason(),
        Some(table) => format!("option {option} of its {table} {}", error.reason()),
        None => format!("option {option} {}", error.reason()),
    };
    let key = own.map_or(if whole.is_empty() { "redis.ssl" } else { whole }, |key| key.name);
    // A file tells already what was found.
    let found = (!matches!(error.root(), AddressError::File { .. } | AddressError::Tls(_)))
        .then(|| found(resolved.shown(key), error))
        .flatten();
    let found = found.map(|found| format!(", found {}", config::describe(found))).unwrap_or_default();
    let problem = resolved.problem(key, reason + &found);
    match error.advice() {
        Some(advice) => problem.hint(advice),
        None => problem,
    }
}

/// What was found, without secrets: the value, or of a table the option in it.
fn found<'a>(shown: &'a Value, error: &AddressError) -> Option<&'a Value> {
    let Some(table) = shown.as_object() else { return Some(shown).filter(|shown| !shown.is_null()) };
    let place = match error.table() {
        Some(name) => table.get(&name.to_lowercase()).and_then(Value::as_object),
        None => Some(table),
    };
    place?.get(error.option()?)
}

fn parsed(address: &config::Address) -> Result<store::Address, AddressError> {
    let secret = |secret: &Option<secrecy::SecretString>| {
        secret.as_ref().map(|secret| secret.expose_secret().to_owned())
    };
    let path =
        |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned());
    match address {
        config::Address::Url(url) => store::Address::from_url(url.expose_secret()),
        config::Address::Options(options) => store::Address::from_options(store::Options {
            host: options.host.clone(),
            port: options.port,
            db: options.db,
            username: options.username.clone(),
            password: secret(&options.password),
            ssl: options.ssl,
            ssl_ca_certs: path(&options.ssl_ca_certs),
            ssl_cert_reqs: Some(options.ssl_cert_reqs.clone()),
            ssl_ca_data: options.ssl_ca_data.clone(),
            ssl_keyfile: path(&options.ssl_keyfile),
            ssl_certfile: path(&options.ssl_certfile),
        }),
        config::Address::Sentinel(sentinel) => store::Address::from_sentinel(store::Sentinel {
            instances: sentinel.instances.clone(),
            master_name: sentinel.master_name.clone(),
            db: sentinel.db,
            username: sentinel.username.clone(),
            password: secret(&sentinel.password),
            socket_timeout: sentinel.socket_timeout.map(|timeout| timeout.as_secs_f64()),
            ssl: sentinel.ssl,
            connection_kwargs: sentinel.connection_kwargs.0.clone(),
            sentinel_kwargs: sentinel.sentinel_kwargs.0.clone(),
        }),
    }
}
