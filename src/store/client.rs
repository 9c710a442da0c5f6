//! The daemon's way to Redis: one shared connection, and others for what blocks.
//!
//! Nothing is ever sent twice by itself: a command whose connection broke may have taken effect, so
//! the caller hears `Away` and decides. The next call connects anew; waiting in between is the caller's too.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::{Arg, Cmd, Pipeline, RedisError, ToRedisArgs, Value};
use tokio::sync::Mutex;

use super::address::Address;
use super::dedicated::Dedicated;
use super::error::{self, StoreError};
use super::link::{self, Link};
use super::subscription::Subscription;
use super::tap::{self, Timed};

/// The server's name for how long a value may be.
const LARGEST_VALUE: &str = "proto-max-bulk-len";

/// A client of one Redis; clones share its connection. It does nothing until it is asked to.
#[derive(Clone)]
pub(crate) struct Client(Arc<Shared>);

struct Shared {
    address: Address,
    label: String,
    name: Option<String>,
    /// The lock is held while connecting: who comes meanwhile waits for that attempt.
    state: Mutex<State>,
    /// Attempts that ended, well or not.
    ended: AtomicU64,
}

#[derive(Default)]
struct State {
    link: Option<Arc<Link>>,
    failure: Option<StoreError>,
}

/// A Lua script and the name that Redis gives it.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    text: Arc<str>,
    sha1: Arc<str>,
}

/// Who we are talking to, as far as it tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Our end of the shared connection as Redis sees it (`ip:port`), or RQ's `unknown`.
    pub(crate) address: String,
    /// The server's version (`7.0.15`).
    pub(crate) version: Option<String>,
}

impl Script {
    /// Takes the whole text; its SHA-1 is over exactly these bytes.
    pub(crate) fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let sha1 = redis::Script::new(&text).get_hash().into();
        Self { text, sha1 }
    }

    /// The call by name.
    fn call(&self, keys: &[impl ToRedisArgs], args: &[impl ToRedisArgs]) -> Cmd {
        let mut command = redis::cmd("EVALSHA");
        command.arg(&*self.sha1).arg(keys.num_of_args()).arg(keys).arg(args);
        command
    }
}

impl Client {
    /// A client that will connect when first needed, under this `CLIENT SETNAME` name (else the address' own).
    pub(crate) fn new(address: Address, name: Option<String>) -> Self {
        let label = address.to_string();
        let state = Mutex::default();
        Self(Arc::new(Shared { address, label, name, state, ended: AtomicU64::new(0) }))
    }

    /// The server's address.
    pub(crate) fn address(&self) -> &Address {
        &self.0.address
    }

    /// Sends one command on the shared connection; a server's error is an `Err`.
    pub(crate) async fn run(&self, command: &Cmd) -> Result<Value, StoreError> {
        let link = self.link().await?;
        let mut connection = link.connection.clone();
        let limit = self.limit() + sending_time(command);
        let timing = Timed::begin();
        let answer = timed(limit, connection.send_packed_command(command)).await;
        timing.answered(&answer);
        self.judge(&link, answer.and_then(Value::extract_error)).await
    }

    /// Sends commands in one go (with `atomic()` as a transaction) and gives an answer for each that is not
    /// ignored; the first error of the server is an `Err`.
    pub(crate) async fn run_all(&self, pipeline: &Pipeline) -> Result<Vec<Value>, StoreError> {
        let link = self.link().await?;
        let mut connection = link.connection.clone();
        let sending_time = pipeline.cmd_iter().map(sending_time).sum::<Duration>();
        let timing = Timed::begin();
        let answers = timed(self.limit() + sending_time, pipeline.query_async(&mut connection)).await;
        timing.answered(&answers);
        self.judge(&link, answers).await
    }

    /// Runs a script by name. When the server does not know it, it is loaded and called once more: the first
    /// call did nothing then.
    pub(crate) async fn script(
        &self,
        script: &Script,
        keys: &[impl ToRedisArgs],
        args: &[impl ToRedisArgs],
    ) -> Result<Value, StoreError> {
        let call = script.call(keys, args);
        match self.run(&call).await {
            Err(error) if error.code() == Some("NOSCRIPT") => {
                self.run(redis::cmd("SCRIPT").arg("LOAD").arg(&*script.text)).await?;
                self.run(&call).await
            }
            answer => answer,
        }
    }

    /// Makes a script known to the server, so that its first call does not come later than what is sent after it.
    pub(crate) async fn load(&self, script: &Script) -> Result<(), StoreError> {
        self.run(redis::cmd("SCRIPT").arg("LOAD").arg(&*script.text)).await.map(drop)
    }

    /// Opens a connection of its own, for commands that block.
    pub(crate) async fn dedicated(&self) -> Result<Dedicated, StoreError> {
        let link = Link::open(&self.0.address, self.0.name.as_deref()).await?;
        Ok(Dedicated::new(link, self.0.label.clone(), self.limit().max(Duration::from_secs(5))))
    }

    /// Ends what a dedicated connection waits for; true when it was waiting. It then gets "nothing".
    pub(crate) async fn unblock(&self, id: i64) -> Result<bool, StoreError> {
        match self.run(redis::cmd("CLIENT").arg("UNBLOCK").arg(id)).await? {
            Value::Int(count) => Ok(count == 1),
            _ => Err(StoreError::unexpected(&self.0.label, "CLIENT UNBLOCK gave no number")),
        }
    }

    /// Subscribes to a channel, on a connection of its own.
    pub(crate) async fn subscribe(&self, channel: &str) -> Result<Subscription, StoreError> {
        let mut pubsub = link::pubsub(&self.0.address).await?;
        let label = self.0.label.clone();
        match timed(self.limit(), pubsub.subscribe(channel)).await {
            Ok(()) => Ok(Subscription::new(pubsub, label)),
            Err(error) => Err(StoreError::sort(&label, error)),
        }
    }

    /// Who we are to the server, and which version it is. What it does not tell (permissions) is unknown.
    pub(crate) async fn identity(&self) -> Result<Identity, StoreError> {
        let info = self.ask(redis::cmd("CLIENT").arg("INFO")).await?;
        let address = info.as_deref().and_then(|text| {
            text.split_ascii_whitespace().find_map(|field| field.strip_prefix("addr=")).map(str::to_owned)
        });
        let info = self.ask(redis::cmd("INFO").arg("server")).await?;
        let version = info.as_deref().and_then(|text| {
            text.lines()
                .find_map(|line| line.strip_prefix("redis_version:"))
                .map(|found| found.trim().to_owned())
        });
        // RQ: this is the word that its workers store when they cannot tell.
        Ok(Identity { address: address.unwrap_or_else(|| "unknown".to_owned()), version })
    }

    /// How long the server runs, when it tells.
    pub(crate) async fn uptime(&self) -> Result<Option<Duration>, StoreError> {
        let info = self.ask(redis::cmd("INFO").arg("server")).await?;
        let seconds = info.as_deref().and_then(|text| {
            text.lines().find_map(|line| line.strip_prefix("uptime_in_seconds:")?.trim().parse().ok())
        });
        Ok(seconds.map(Duration::from_secs))
    }

    /// The most bytes that the server takes as one value, when it tells.
    pub(crate) async fn largest_value(&self) -> Result<Option<u64>, StoreError> {
        match self.run(redis::cmd("CONFIG").arg("GET").arg(LARGEST_VALUE)).await {
            Ok(value) => {
                let told: HashMap<String, String> = redis::from_redis_value(value).unwrap_or_default();
                Ok(told.get(LARGEST_VALUE).and_then(|bytes| bytes.parse().ok()))
            }
            Err(StoreError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A text answer, or `None` when the server refuses to tell.
    async fn ask(&self, command: &Cmd) -> Result<Option<String>, StoreError> {
        match self.run(command).await {
            Ok(value) => Ok(redis::from_redis_value(value).ok()),
            Err(StoreError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The live connection; concurrent callers share one attempt and its failure.
    async fn link(&self) -> Result<Arc<Link>, StoreError> {
        let before = self.0.ended.load(Ordering::Relaxed);
        let mut state = self.0.state.lock().await;
        if let Some(link) = state.link.as_ref().filter(|link| !link.is_closed()) {
            return Ok(Arc::clone(link));
        }
        if let Some(failure) = &state.failure
            && self.0.ended.load(Ordering::Relaxed) != before
        {
            return Err(failure.clone());
        }
        state.link = None;
        let opened = Link::open(&self.0.address, self.0.name.as_deref()).await;
        self.0.ended.fetch_add(1, Ordering::Relaxed);
        match opened {
            Ok(link) => {
                state.failure = None;
                Ok(Arc::clone(state.link.insert(Arc::new(link))))
            }
            Err(failure) => {
                state.failure = Some(failure.clone());
                Err(failure)
            }
        }
    }

    /// Puts a failure into our terms, and lets go of a connection that is of no more use.
    async fn judge<T>(&self, link: &Arc<Link>, answer: Result<T, RedisError>) -> Result<T, StoreError> {
        let cause = match answer {
            Ok(answer) => return Ok(answer),
            Err(cause) => cause,
        };
        if error::breaks_connection(&cause) {
            link.close();
            let mut state = self.0.state.lock().await;
            if state.link.as_ref().is_some_and(|current| Arc::ptr_eq(current, link)) {
                state.link = None;
            }
        }
        Err(tap::told(StoreError::sort(&self.0.label, cause)))
    }

    fn limit(&self) -> Duration {
        self.0.address.login.response_timeout
    }
}

/// Gives an answer its time.
async fn timed<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, RedisError>>,
) -> Result<T, RedisError> {
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| Err(link::timed_out("no answer", limit)))
}

/// What a command's size adds to its time: a second per MiB, so that a huge result gets through at all.
fn sending_time(command: &Cmd) -> Duration {
    let size: usize =
        command.args_iter().map(|arg| if let Arg::Simple(bytes) = arg { bytes.len() } else { 0 }).sum();
    Duration::from_millis(u64::try_from(size / 1024).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
