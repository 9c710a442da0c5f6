//! Asking sentinels which server is the master.

use std::io;
use std::time::Duration;

use redis::{AsyncConnectionConfig, RedisError, Value, aio::MultiplexedConnection};

use super::address::Login;
use super::dial;
use super::link::{Trouble, settings};

/// The longest that one sentinel may take: there are others to ask.
const PATIENCE: Duration = Duration::from_secs(1);

/// Asks one sentinel after the other for the master's address.
pub(super) async fn master(
    instances: &[(String, u16)],
    name: &str,
    login: &Login,
) -> Result<(String, u16), Trouble> {
    let mut last = Trouble::Redis(io::Error::new(io::ErrorKind::NotFound, "no sentinel is given").into());
    for (host, port) in instances {
        let patience = login.connect_timeout.min(PATIENCE);
        match tokio::time::timeout(patience, ask(host, *port, name, login)).await {
            Ok(Ok(Some(found))) => return Ok(found),
            Ok(Ok(None)) => {
                last = Trouble::Redis(trouble(host, *port, &format!("knows no master {name:?}")));
            }
            Ok(Err(Trouble::Redis(error))) => last = Trouble::Redis(trouble(host, *port, &error.to_string())),
            Ok(Err(error @ Trouble::Store(_))) => return Err(error),
            Err(_) => last = Trouble::Redis(trouble(host, *port, "does not answer")),
        }
    }
    Err(last)
}

fn trouble(host: &str, port: u16, what: &str) -> RedisError {
    io::Error::new(io::ErrorKind::NotConnected, format!("sentinel {host}:{port}: {what}")).into()
}

async fn ask(host: &str, port: u16, name: &str, login: &Login) -> Result<Option<(String, u16)>, Trouble> {
    let wire = dial::tcp(host, port, login).await?;
    let config = AsyncConnectionConfig::new().set_response_timeout(None);
    let (mut connection, driver) =
        MultiplexedConnection::new_with_config(&settings(login, false), wire, config).await?;
    let mut command = redis::cmd("SENTINEL");
    command.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
    let answer = tokio::select! {
        answer = command.query_async::<Value>(&mut connection) => answer?,
        () = driver => return Err(Trouble::Redis(trouble(host, port, "closed the connection"))),
    };
    if answer == Value::Nil {
        return Ok(None);
    }
    let (host, port): (String, u16) = redis::from_redis_value(answer).map_err(RedisError::from)?;
    Ok(Some((host, port)))
}

/// Checks that a server which sentinels call master is one: they may be a moment behind.
///
/// A server that does not let us ask is taken at the sentinels' word.
pub(super) async fn check_master(connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
    let answer = connection.send_packed_command(&redis::cmd("ROLE")).await?;
    match answer {
        Value::Array(parts)
            if parts.first().is_some_and(|role| *role != Value::BulkString(b"master".into())) =>
        {
            let text = "the sentinels name a server that is no master yet";
            Err(io::Error::new(io::ErrorKind::NotConnected, text).into())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
