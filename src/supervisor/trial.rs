//! `rq config check --connect`: tries what a start would do, and leaves no trace in Redis.

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::SupervisorError;
use super::base::Base;
use super::loaded::{Means, whole_application};
use super::redis::Patience;
use super::refusal::attributed;
use super::settling::{Purpose, Settled, load_settings};
use super::wanted::{Scope, Wanted};
use crate::config::{Origin, Resolved, Sources};
use crate::horse::Opened;

/// How long Sentry is waited for.
const SENTRY: Duration = Duration::from_secs(2);

/// What trying found.
pub(crate) struct Tried {
    pub(crate) resolved: Resolved,
    /// What works, in words.
    pub(crate) works: Vec<String>,
    /// What a start would end with, each with the settings that it is about.
    pub(crate) failures: Vec<(SupervisorError, Option<String>)>,
    /// What would not end a start.
    pub(crate) doubts: Vec<String>,
}

/// Reads the settings, asks Redis and Sentry, and loads the application of every group.
pub(crate) async fn try_out(sources: Sources) -> Result<Tried, SupervisorError> {
    let Settled { resolved, mut opened, imported, leash } = load_settings(sources, Purpose::Try).await?;
    let mut tried = Tried { resolved, works: Vec::new(), failures: Vec::new(), doubts: Vec::new() };
    let base = Base::new(&tried.resolved, "check")?;
    ask_redis(&base, &mut tried).await;
    ask_sentry(&mut tried).await;
    let imported = imported.as_ref();
    let means = Means { leash: &leash, base: &base, imported, morgues: &|_| {}, purpose: Purpose::Try };
    for wanted in Wanted::all(&tried.resolved, Scope::Everything) {
        match rehearsed(&wanted, opened.take(), &means).await {
            Ok(works) if !tried.works.contains(&works) => tried.works.push(works),
            Ok(_) => {}
            Err(error) => tried.failures.push((error, None)),
        }
    }
    Ok(tried)
}

/// Loads the application of a group, in the fork server that has imported the settings if that is the right one.
async fn rehearsed(
    wanted: &Wanted,
    opened: Option<Opened>,
    means: &Means<'_>,
) -> Result<String, SupervisorError> {
    let application = whole_application(&wanted.resolved, means).await?;
    let opened = means.opened(&application, opened).await;
    let opened = opened.map_err(|error| attributed(&wanted.resolved, error))?;
    let python = opened.python_version().split_whitespace().next().unwrap_or_default().to_owned();
    opened.rehearse(&application).await.map_err(|error| attributed(&wanted.resolved, error))?;
    Ok(format!("Python {python} loads the application"))
}

/// One attempt, which authenticates and asks what a start asks first.
async fn ask_redis(base: &Base, tried: &mut Tried) {
    match (Patience { worker: "check", limit: Duration::ZERO }).reach(&base.store).await {
        Ok(false) => tried.works.push("Redis answers".to_owned()),
        Ok(true) => tried.works.push("Redis answers; RQ is suspended".to_owned()),
        Err(error) => tried.failures.push((error, Some(connection(&tried.resolved)))),
    }
}

/// The settings that say where Redis is, with their places.
fn connection(resolved: &Resolved) -> String {
    let part =
        |key: &str| key.starts_with("redis.") && key != "redis.start_timeout" && key != "redis.key_prefix";
    let given = resolved.origins.iter().filter(|it| part(it.key) && it.origin != Origin::Default);
    let told: Vec<String> = given.map(|it| format!("{} from {}", it.spelled, it.origin)).collect();
    if told.is_empty() { "no setting says where Redis is".to_owned() } else { told.join(", ") }
}

async fn ask_sentry(tried: &mut Tried) {
    let Some(dsn) = tried.resolved.settings.sentry.address() else { return };
    let (host, port) = dsn.server();
    let late = |_| io::Error::from(io::ErrorKind::TimedOut);
    match timeout(SENTRY, TcpStream::connect((host.as_str(), port))).await.map_err(late).and_then(|it| it) {
        Ok(_) => tried.works.push(format!("Sentry at {host} takes connections")),
        Err(error) => tried.doubts.push(format!("Sentry at {host}, port {port}, cannot be reached: {error}")),
    }
}
