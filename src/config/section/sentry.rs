//! `[sentry]`: where failures are reported.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};

use super::{Key, section};
use crate::config::dsn::Dsn;
use crate::config::kind::{Kind, Value};
use crate::config::layer::{Layer, Standing};
use crate::config::origin::Origin;
use crate::config::problem::Mismatch;

section! {
    /// Where failures are reported; docs/sentry.md tells what is.
    Sentry as "sentry" {
        /// Address of the Sentry project; nothing is reported when it is unset or empty. An empty one in a file stands
        /// against any variable. Prefixes of raven's days (`sync+`, `threaded+`, `requests+`) are passed over.
        dsn: Option<SecretString> = Key::new(Kind::Dsn).rq("SENTRY_DSN").variable("RQ_SENTRY_DSN")
            .option("--sentry-dsn").example("\"https://key@sentry.example/1\""), Immediate;
        /// The environment that reports are filed under.
        environment: String = Key::new(Kind::Text).rq("SENTRY_ENVIRONMENT").check(name).default("\"production\""), Immediate;
        /// The release of the application that reports are filed under.
        release: Option<String> = Key::new(Kind::Text).rq("SENTRY_RELEASE").check(name)
            .example("\"shop@2.4.1\""), Immediate;
        /// The machine that reports name; its host name when unset.
        server_name: Option<String> = Key::new(Kind::Text).check(name).example("\"worker-3\""), Immediate;
        /// Tags for all reports, beside those of the job.
        tags: Tags = Key::new(Kind::Table).check(tags).default("{}"), Immediate;
        /// Which part of the reports is sent.
        sample_rate: Rate = Key::new(Kind::Rate).default("1.0"), Immediate;
        /// Which part of the jobs is reported as a transaction, with its time; none at 0. A job that was enqueued within a trace
        /// follows the decision of that trace.
        traces_sample_rate: Rate = Key::new(Kind::Rate).default("0.0"), Immediate;
        /// Whether the runs of cron jobs are told to Sentry's monitors, which miss those that do not come: `rq cron` marks the jobs,
        /// and the daemons that run them check in.
        cron_check_ins: bool = Key::new(Kind::Boolean).default("false"), Immediate;
        /// Whether reports show local variables. Values under names such as `password` are masked, but no others.
        include_variables: bool = Key::new(Kind::Boolean).default("false"), NextJob;
        /// Whether reports show the arguments of jobs, also in their description.
        include_arguments: bool = Key::new(Kind::Boolean).default("false"), NextJob;
        /// How many of a job's last log records a report shows: those that the daemon is told (`logging.records`).
        max_breadcrumbs: u64 = Key::integer(0, 100).default("100"), Immediate;
        /// Modules whose frames are the application's own wherever they stand.
        in_app_include: Vec<String> = Key::new(Kind::List).default("[]"), Immediate;
        /// Modules whose frames are not the application's own.
        in_app_exclude: Vec<String> = Key::new(Kind::List).default("[]"), Immediate;
        /// How long the end of the daemon waits for reports that are not sent yet.
        shutdown_timeout: Duration = Key::span(0).default("\"2s\""), Immediate;
        /// File of the certificates that may sign Sentry's; the system's when unset.
        ca_certs: Option<PathBuf> = Key::new(Kind::Path).variable("RQ_SENTRY_CA_CERTS").option("--sentry-ca-certs")
            .example("\"/etc/ssl/sentry-ca.pem\""), Immediate;
        /// Whether to log what is sent to Sentry.
        debug: bool = Key::new(Kind::Boolean).variable("RQ_SENTRY_DEBUG").option("--sentry-debug")
            .default("false"), Immediate;
    }
}

impl Sentry {
    /// Where reports go; nowhere when there is no address, or an empty one.
    pub(crate) fn address(&self) -> Option<Dsn> {
        Dsn::parse(self.dsn.as_ref()?.expose_secret()).ok()
    }

    /// Takes what variables say away where a file says that nothing is reported.
    pub(crate) fn keep_off(layers: &mut [Layer]) {
        let key = "sentry.dsn";
        let is_variable = |layer: &Layer| {
            let origin = layer.entries.get(key).map(|entry| &entry.origin);
            matches!(origin, Some(Origin::Variable(_) | Origin::VariableFile { .. }))
        };
        let said = layers.iter().rev().filter(|layer| !is_variable(layer));
        let entry =
            said.filter(|layer| layer.standing != Standing::Default).find_map(|it| it.entries.get(key));
        if entry.is_some_and(|entry| entry.value == Ok(Value::Text(String::new()))) {
            for layer in layers.iter_mut().filter(|layer| is_variable(layer)) {
                layer.entries.remove(key);
            }
        }
    }
}

/// A part of the whole, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate(pub(crate) f64);

/// Rates travel through the stack as text, because their kind keeps them so.
impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| serde::de::Error::custom("a rate lost its form"))
    }
}

/// Names and texts for every report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tags(pub(crate) BTreeMap<String, String>);

/// Tables travel through the stack as JSON text, so that layers replace them and do not mix them.
impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        serde_json::from_str(&text).map(Self).map_err(|_| serde::de::Error::custom("a table lost its form"))
    }
}

/// What Sentry takes as a tag; it would drop any other.
fn tags(value: &Value) -> Result<(), Mismatch> {
    let Value::Table(table) = value else { return Ok(()) };
    for (name, text) in table.as_object().into_iter().flatten() {
        let known = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
        if name.is_empty() || name.len() > 32 || !name.chars().all(known) {
            let found = format!("the tag {name:?}");
            return Err(Mismatch::new("names of 1 to 32 letters, digits, _ . : and -", found));
        }
        let text = text.as_str().ok_or_else(|| {
            Mismatch::new("a table of texts", format!("something else as {name}")).hint("put it in quotes")
        })?;
        if text.is_empty() || text.chars().count() > 200 || text.contains('\n') {
            let found = format!("a text of {} characters as {name}", text.chars().count());
            return Err(Mismatch::new("texts of 1 to 200 characters on one line", found));
        }
    }
    Ok(())
}

/// What Sentry takes as the name of a release, an environment or a server.
fn name(value: &Value) -> Result<(), Mismatch> {
    let Value::Text(text) = value else { return Ok(()) };
    let fits = !text.is_empty() && text.len() <= 200 && !text.contains(['/', '\\', '\n', '\r', '\t']);
    if fits {
        Ok(())
    } else {
        Err(Mismatch::new("a name without / and of 200 characters at most", format!("{text:?}")))
    }
}
