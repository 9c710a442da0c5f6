//! `rq config check --connect`: tries what a start would do, and leaves no trace in Redis.

use std::io;
use std::time::Duration;

use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use super::SupervisorError;
use super::base::Base;
use super::loaded::{Means, whole_application};
use super::redis::Patience;
use super::refusal::attributed;
use super::settling::{Purpose, Settled, load_settings};
use super::wanted::{Scope, Wanted};
use crate::config::{Origin, Problem, Resolved, Sources};
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
    let Some(dsn) = tried.resolved.settings.sentry.dsn.clone() else { return };
    let (host, port) = match sentry_server(dsn.expose_secret()) {
        Ok(server) => server,
        Err(text) => {
            let problem: Problem = tried.resolved.problem("sentry.dsn", text);
            let problem = problem.hint("it stands in the settings of the project at Sentry");
            return tried.failures.push((SupervisorError::Config(problem.into()), None));
        }
    };
    let late = |_| io::Error::from(io::ErrorKind::TimedOut);
    match timeout(SENTRY, TcpStream::connect((host.as_str(), port))).await.map_err(late).and_then(|it| it) {
        Ok(_) => tried.works.push(format!("Sentry at {host} takes connections")),
        Err(error) => tried.doubts.push(format!("Sentry at {host}, port {port}, cannot be reached: {error}")),
    }
}

/// Host and port of a Sentry address, or what is wrong with it, without its key.
fn sentry_server(dsn: &str) -> Result<(String, u16), &'static str> {
    let url = Url::parse(dsn).map_err(|_| "must be a Sentry address (https://KEY@HOST/PROJECT)")?;
    let project = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or_default();
    match (url.scheme(), url.host_str(), url.port_or_known_default()) {
        ("http" | "https", _, _) if url.username().is_empty() => Err("has no key: https://KEY@HOST/PROJECT"),
        ("http" | "https", _, _) if project.is_empty() || !project.bytes().all(|c| c.is_ascii_digit()) => {
            Err("names no project: its path must end in a number")
        }
        ("http" | "https", Some(host), Some(port)) => {
            // Brackets belong to addresses in URLs only.
            Ok((host.trim_matches(['[', ']']).to_owned(), port))
        }
        _ => Err("must begin with https:// or http://, and name a host"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentry_address_has_a_key_a_host_and_a_project() {
        let server = |dsn: &str| sentry_server(dsn).ok();

        assert_eq!(server("https://k@h/1"), Some(("h".to_owned(), 443)));
        assert_eq!(server("http://k:s@[::1]:9000/sub/42"), Some(("::1".to_owned(), 9000)));
        for wrong in ["https://h/1", "https://k@h/", "https://k@h/p", "ftp://k@h/1", "k@h/1", "https://k@/1"]
        {
            assert_eq!(server(wrong), None, "{wrong}");
        }
    }
}
