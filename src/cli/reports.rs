//! Reports to Sentry, as the settings want them.

use crate::config::{Resolved, Settings};
use crate::os;
use crate::supervisor::SupervisorError;
use crate::telemetry::sentry::{self, Options, Prepared, SentryError};

/// Makes ready what the settings ask for.
pub(super) fn prepare(resolved: &Resolved) -> Result<Prepared, SupervisorError> {
    sentry::prepare(options(&resolved.settings)).map_err(|error| {
        let key = match error {
            SentryError::Certificates(_) | SentryError::NoCertificate => "sentry.ca_certs",
            SentryError::Thread(_) => "sentry.dsn",
        };
        SupervisorError::Config(resolved.problem(key, error.to_string()).into())
    })
}

fn options(settings: &Settings) -> Option<Options> {
    let sentry = &settings.sentry;
    Some(Options {
        dsn: sentry.address()?,
        environment: sentry.environment.clone(),
        release: sentry.release.clone(),
        server_name: sentry.server_name.clone().unwrap_or_else(os::hostname),
        tags: sentry.tags.0.clone(),
        sample_rate: sentry.sample_rate.0,
        traces_sample_rate: sentry.traces_sample_rate.0,
        cron_check_ins: sentry.cron_check_ins,
        include_arguments: sentry.include_arguments,
        max_breadcrumbs: usize::try_from(sentry.max_breadcrumbs).unwrap_or(usize::MAX),
        in_app_include: sentry.in_app_include.clone(),
        in_app_exclude: sentry.in_app_exclude.clone(),
        shutdown_timeout: sentry.shutdown_timeout,
        ca_certs: sentry.ca_certs.clone(),
        debug: sentry.debug,
        secrets: secrets(settings),
    })
}

/// What the settings hold that is nobody's business.
fn secrets(settings: &Settings) -> Vec<String> {
    let sentry = settings.sentry.address();
    let keys = sentry.iter().flat_map(|dsn| {
        let (key, secret) = dsn.keys();
        [Some(key.to_owned()), secret.map(str::to_owned)].into_iter().flatten()
    });
    keys.chain(settings.redis.address.secrets()).chain(settings.horse.environment.secrets()).collect()
}
