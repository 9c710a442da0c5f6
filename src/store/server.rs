//! What the server tells of itself, as far as it may be asked.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use redis::{Pipeline, Value};

use super::{Store, StoreError};
use crate::job::Timestamp;

/// Names and values, as the server writes them.
pub(crate) type Facts = BTreeMap<String, String>;

/// The settings of the server that are asked for. Before version 7, one command asks for one.
const SETTINGS: [&str; 7] = [
    "maxmemory",
    "maxmemory-policy",
    "save",
    "appendonly",
    "stop-writes-on-bgsave-error",
    "timeout",
    "client-output-buffer-limit",
];

/// How often the clock is asked for: the quickest answer tells the most.
const CLOCK_LOOKS: usize = 5;

/// How long an answer to a command in a trial may take.
const TRIAL: Duration = Duration::from_secs(10);

/// The server's word for what a user may not do.
const NO_PERMISSION: &str = "NOPERM";

/// What came of trying commands out.
#[derive(Debug, PartialEq)]
pub(super) enum Trial {
    /// Of each in what words it was refused, if it was.
    Judged(Vec<Option<String>>),
    /// We may not even begin a transaction.
    Forbidden,
    /// The server has no transactions as we know them.
    Impossible,
}

/// What the server tells of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Server {
    /// INFO, flat; nothing where we may not ask.
    pub(crate) info: Option<Facts>,
    /// CONFIG GET; nothing where we may not ask.
    pub(crate) settings: Option<Facts>,
    pub(crate) skew: Option<Skew>,
}

/// Which program the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerKind {
    Redis,
    Valkey,
    KeyDb,
    Dragonfly,
}

/// How far the server's clock is ahead of ours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Skew {
    /// Seconds; negative when it is behind.
    pub(crate) ahead: f64,
    /// By how much that may be wrong: half the time that the answer took.
    pub(crate) margin: f64,
}

impl Server {
    /// What INFO tells under a name.
    pub(crate) fn fact(&self, name: &str) -> Option<&str> {
        self.info.as_ref()?.get(name).map(String::as_str)
    }

    /// The same as a number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.fact(name)?.parse().ok()
    }

    /// A setting of the server.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        self.settings.as_ref()?.get(name).map(String::as_str)
    }

    pub(crate) fn kind(&self) -> ServerKind {
        let is_called = |name: &str| self.fact("server_name").is_some_and(|told| told == name);
        if self.fact("dragonfly_version").is_some() {
            ServerKind::Dragonfly
        } else if is_called("valkey") || self.fact("valkey_version").is_some() {
            ServerKind::Valkey
        } else if self.fact("mvcc_depth").is_some()
            || self.fact("executable").is_some_and(|path| path.contains("keydb"))
        {
            ServerKind::KeyDb
        } else {
            ServerKind::Redis
        }
    }

    /// The version of Redis whose commands it has: others than Redis itself tell it, too.
    pub(crate) fn level(&self) -> Option<(u32, u32)> {
        version(self.fact("redis_version")?)
    }
}

impl Skew {
    /// From our clock before a question, the server's in its answer, and how long that took.
    fn of(before: Timestamp, server: Timestamp, took: f64) -> Self {
        Self { ahead: server.seconds() - (before.seconds() + took / 2.0), margin: took / 2.0 }
    }
}

/// Its first two numbers.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next().flatten().unwrap_or(0)))
}

impl Store {
    /// Asks the server about itself. What it refuses to tell is not there.
    pub(crate) async fn server(&self) -> Result<Server, StoreError> {
        let mut ask = redis::pipe();
        ask.ignore_errors();
        ask.cmd("INFO");
        for setting in SETTINGS {
            ask.cmd("CONFIG").arg("GET").arg(setting);
        }
        let mut told = self.client.run_all(&ask).await?.into_iter();
        let info: Option<String> = told.next().and_then(|text| redis::from_redis_value(text).ok());
        let settings: Vec<Facts> =
            told.filter_map(|pairs| redis::from_redis_value::<Facts>(unless_error(pairs)?).ok()).collect();
        Ok(Server {
            info: info.map(|text| facts(&text)),
            settings: (!settings.is_empty()).then(|| settings.into_iter().flatten().collect()),
            skew: self.skew().await?,
        })
    }

    /// How far the server's clock is ahead of ours; nothing when it refuses to tell.
    async fn skew(&self) -> Result<Option<Skew>, StoreError> {
        let mut best: Option<Skew> = None;
        for _ in 0..CLOCK_LOOKS {
            let (before, began) = (Timestamp::from(SystemTime::now()), Instant::now());
            let server = match self.clock().await {
                Ok(server) => server,
                Err(error @ StoreError::Away { .. }) => return Err(error),
                Err(_) => return Ok(None),
            };
            let skew = Skew::of(before, server, began.elapsed().as_secs_f64());
            if best.is_none_or(|best| skew.margin < best.margin) {
                best = Some(skew);
            }
        }
        Ok(best)
    }

    /// What the server says to these commands. They are queued in a transaction that is thrown away: the server judges them as it
    /// takes them in, and runs none.
    pub(super) async fn try_out(&self, commands: &Pipeline) -> Result<Trial, StoreError> {
        let mut dedicated = self.client.dedicated().await?;
        // Outside of a transaction the commands would be run.
        match dedicated.run(&redis::cmd("MULTI"), Some(TRIAL)).await {
            Ok(Value::Okay) => {}
            Err(error @ StoreError::Away { .. }) => return Err(error),
            Err(error) if error.code() == Some(NO_PERMISSION) => return Ok(Trial::Forbidden),
            Ok(_) | Err(_) => return Ok(Trial::Impossible),
        }
        let mut refused = Vec::new();
        for command in commands.cmd_iter() {
            refused.push(match dedicated.run(command, Some(TRIAL)).await {
                Ok(_) => None,
                Err(error @ StoreError::Away { .. }) => return Err(error),
                Err(error) => {
                    let words = error.to_string();
                    (error.code() == Some(NO_PERMISSION) || is_unknown(&words)).then_some(words)
                }
            });
        }
        // Closing the connection throws it away just as well, where we may not say so.
        let _ = dedicated.run(&redis::cmd("DISCARD"), Some(TRIAL)).await;
        Ok(Trial::Judged(refused))
    }
}

/// Whether the server says that it has no such command.
pub(super) fn is_unknown(words: &str) -> bool {
    words.contains("unknown command") || words.contains("nknown subcommand")
}

fn unless_error(value: Value) -> Option<Value> {
    value.extract_error().ok()
}

/// The lines of INFO that name something.
fn facts(text: &str) -> Facts {
    let pair = |line: &str| {
        let (name, value) = line.trim_end().split_once(':')?;
        Some((name.to_owned(), value.to_owned()))
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::server::Server as RealServer;
    use super::super::{Address, Client, Keys};
    use super::*;

    fn told(info: &str) -> Server {
        Server { info: Some(facts(info)), ..Server::default() }
    }

    #[test]
    fn servers_are_told_apart() {
        for (info, kind, level) in [
            ("# Server\r\nredis_version:7.0.15\r\n", ServerKind::Redis, Some((7, 0))),
            (
                "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n",
                ServerKind::Valkey,
                Some((7, 2)),
            ),
            ("redis_version:6.3.4\r\nexecutable:/usr/bin/keydb-server\r\n", ServerKind::KeyDb, Some((6, 3))),
            ("redis_version:7.4.0\r\ndragonfly_version:df-v1.25\r\n", ServerKind::Dragonfly, Some((7, 4))),
            ("redis_version:5\r\n", ServerKind::Redis, Some((5, 0))),
            ("redis_version:unknown\r\n", ServerKind::Redis, None),
        ] {
            let server = told(info);
            assert_eq!((server.kind(), server.level()), (kind, level), "{info}");
        }
    }

    #[test]
    fn half_of_the_way_is_taken_off_the_skew() {
        let at = |micros: i64| Timestamp::from_micros(1_700_000_000_000_000 + micros).unwrap();

        let skew = Skew::of(at(0), at(3_100_000), 0.2);

        assert!((skew.ahead - 3.0).abs() < 1e-6 && (skew.margin - 0.1).abs() < 1e-9, "{skew:?}");
    }

    #[tokio::test]
    async fn a_server_is_asked_about_itself_and_runs_nothing_of_a_transaction_that_is_thrown_away() {
        let server = RealServer::start(&["--maxmemory", "100mb", "--timeout", "60"]);
        let store = Store::new(Client::new(Address::from_url(&server.url()).unwrap(), None), Keys::new("rq"));
        let mut commands = redis::pipe();
        commands.cmd("SET").arg("rq:a").arg(1);

        let told = store.server().await.unwrap();
        let tried = store.try_out(&commands).await.unwrap();

        assert_eq!((told.setting("maxmemory"), told.setting("timeout")), (Some("104857600"), Some("60")));
        assert_eq!(told.fact("role"), Some("master"));
        assert!(told.skew.is_some_and(|skew| skew.ahead.abs() <= skew.margin + 1.0), "{told:?}");
        assert_eq!(tried, Trial::Judged(vec![None]));
        let there = store.client().run(redis::cmd("EXISTS").arg("rq:a")).await.unwrap();
        assert_eq!(there, Value::Int(0));
    }
}
