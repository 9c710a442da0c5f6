//! One connection to Redis, logged in, whose driver ends with it.

use std::future::Future;
use std::io;
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection, PubSub};
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisConnectionInfo, RedisError, Value};
use tokio::task::AbortHandle;

use super::address::{Address, Login, Target};
use super::dial::{self, DialError, Wire};
use super::error::StoreError;
use super::sentinel;
use super::tap::{self, Traffic};

/// A live connection. Dropping it closes the socket, whatever is still under way on it.
pub(super) struct Link {
    /// Sends without a time limit of its own.
    pub(super) connection: MultiplexedConnection,
    /// What `CLIENT ID` said, when the server lets us ask.
    pub(super) id: Option<i64>,
    driver: AbortHandle,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Link {
    /// Connects, logs in, and names the connection.
    pub(super) async fn open(address: &Address, name: Option<&str>) -> Result<Self, StoreError> {
        within(address, async {
            let wire = wire(address).await?;
            let config = AsyncConnectionConfig::new().set_response_timeout(None);
            let settings = settings(&address.login, address.login.resp3);
            let (connection, driver) =
                MultiplexedConnection::new_with_config(&settings, wire, config).await?;
            // From here on the driver ends with the link, also when this future is dropped.
            let driver = tokio::spawn(driver).abort_handle();
            let mut link = Self { connection, id: None, driver };
            if let Target::Sentinel { .. } = address.target {
                sentinel::check_master(&mut link.connection).await?;
            }
            link.id = introduce(&mut link.connection, name.or(address.login.client_name.as_deref())).await?;
            Ok(link)
        })
        .await
    }

    /// Closes the socket: whatever still waits for an answer hears at once that there will be none.
    pub(super) fn close(&self) {
        self.driver.abort();
    }

    /// Whether the socket is known to be gone.
    pub(super) fn is_closed(&self) -> bool {
        self.driver.is_finished()
    }
}

/// Opens a connection for subscriptions, which cannot do anything else.
pub(super) async fn pubsub(address: &Address) -> Result<PubSub, StoreError> {
    within(address, async {
        let wire = wire(address).await?;
        Ok(PubSub::new(&settings(&address.login, false), wire).await?)
    })
    .await
}

/// Why a connection could not be made, before the address is put to it.
pub(super) enum Trouble {
    Redis(RedisError),
    Store(StoreError),
}

impl From<RedisError> for Trouble {
    fn from(error: RedisError) -> Self {
        Self::Redis(error)
    }
}

impl From<DialError> for Trouble {
    fn from(error: DialError) -> Self {
        match error {
            DialError::Io(error) => Self::Redis(error.into()),
            DialError::Address(error) => Self::Store(error.into()),
        }
    }
}

/// Gives the whole of connecting the time that the address allows.
async fn within<T>(
    address: &Address,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, StoreError> {
    let limit = address.login.connect_timeout;
    let made = match tokio::time::timeout(limit, work).await {
        Ok(Ok(made)) => {
            tap::tell(Traffic::Connected);
            return Ok(made);
        }
        Ok(Err(Trouble::Store(error))) => Err(error),
        Ok(Err(Trouble::Redis(error))) => Err(StoreError::sort(&address.to_string(), error)),
        Err(_) => Err(StoreError::sort(&address.to_string(), timed_out("no connection", limit))),
    };
    made.map_err(tap::told)
}

/// The error of something that took too long.
pub(super) fn timed_out(what: &str, limit: Duration) -> RedisError {
    io::Error::new(io::ErrorKind::TimedOut, format!("{what} within {limit:?}")).into()
}

/// A stream to the server, or to the one that is master now.
async fn wire(address: &Address) -> Result<Box<dyn Wire>, Trouble> {
    match &address.target {
        Target::Tcp { host, port } => Ok(dial::tcp(host, *port, &address.login).await?),
        Target::Unix { path } => Ok(dial::unix(path).await?),
        Target::Sentinel { instances, master_name, login } => {
            let (host, port) = sentinel::master(instances, master_name, login).await?;
            Ok(dial::tcp(&host, port, &address.login).await?)
        }
    }
}

/// What the client library says first on a connection.
pub(super) fn settings(login: &Login, resp3: bool) -> RedisConnectionInfo {
    let (library, version) = &login.library;
    let mut settings = RedisConnectionInfo::default()
        .set_db(login.db)
        .set_lib_name(library, version)
        .set_protocol(if resp3 { ProtocolVersion::RESP3 } else { ProtocolVersion::RESP2 });
    if let Some(username) = &login.username {
        settings = settings.set_username(username);
    }
    if let Some(password) = login.password() {
        settings = settings.set_password(password);
    }
    settings
}

/// Asks for the connection's id and names it; a server that refuses the name is used without one (as RQ does).
async fn introduce(
    connection: &mut MultiplexedConnection,
    name: Option<&str>,
) -> Result<Option<i64>, RedisError> {
    let mut pipeline = redis::pipe();
    pipeline.cmd("CLIENT").arg("ID");
    if let Some(name) = name {
        pipeline.cmd("CLIENT").arg("SETNAME").arg(name);
    }
    let answers = connection.req_packed_commands(&pipeline, 0, pipeline.len()).await?;
    match answers.into_iter().next() {
        Some(Value::Int(id)) => Ok(Some(id)),
        // A server that wants a password says so to any command.
        Some(Value::ServerError(error)) if error.code() == "NOAUTH" => Err(error.into()),
        _ => Ok(None),
    }
}
