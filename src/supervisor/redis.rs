//! From the configuration's Redis to the store's.

use std::time::{Duration, Instant};

use secrecy::ExposeSecret as _;
use tokio::time::sleep;

use super::SupervisorError;
use crate::config;
use crate::event::Event;
use crate::store::{self, AddressError, Backoff, Store, StoreError};
use crate::telemetry::emit;

/// The address that the settings name.
pub(super) fn address(address: &config::Address) -> Result<store::Address, AddressError> {
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

/// Takes no result that this server would refuse: one that is written in base64 is a third longer.
pub(super) async fn fit_results(store: &Store, most: &mut u64) {
    // A server that does not tell has Redis' own limit, which the configuration keeps to.
    let Ok(Some(largest)) = store.client().largest_value().await else { return };
    let fitting = largest / 4 * 3;
    if fitting < *most {
        let warning = format!(
            "horse.max_result_size of {most} bytes is more than Redis takes, as its proto-max-bulk-len is {largest}: \
             results may have {fitting} bytes"
        );
        emit(Event::ConfigurationDoubted { warning });
        *most = fitting;
    }
}

/// Waits until Redis answers, up to a limit; what it answers with an error is final at once.
pub(super) async fn reach(store: &Store, worker: &str, limit: Duration) -> Result<bool, SupervisorError> {
    let began = Instant::now();
    let mut backoff = Backoff::new();
    loop {
        let error = match store.is_suspended().await {
            Ok(suspended) => return Ok(suspended),
            Err(error @ StoreError::Away { .. }) => error,
            Err(error) => return Err(crate::worker::WorkError::Store(error).into()),
        };
        let left = limit.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Err(SupervisorError::Unreachable(limit, error));
        }
        let retry_in = backoff.next().min(left);
        emit(Event::RedisLost { worker: worker.to_owned(), error: error.to_string(), retry_in });
        sleep(retry_in).await;
    }
}
