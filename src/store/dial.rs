//! Making a byte stream to a server: TCP, Unix socket, TLS.
//!
//! This is done here and not by the client library because its TLS knows only half of redis-py's options.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use redis::io::tcp::socket2::{SockRef, TcpKeepalive};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::address::{AddressError, Login};
use super::tls::Tls;

/// A connection's bytes, whatever carries them.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Why a stream could not be made.
#[derive(Debug)]
pub(super) enum DialError {
    Io(io::Error),
    Address(AddressError),
}

impl From<io::Error> for DialError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<AddressError> for DialError {
    fn from(error: AddressError) -> Self {
        Self::Address(error)
    }
}

/// Connects to a Unix socket.
pub(super) async fn unix(path: &Path) -> Result<Box<dyn Wire>, DialError> {
    Ok(Box::new(UnixStream::connect(path).await?))
}

/// Connects to the first of the host's addresses that answers, and starts TLS there when it is asked for.
pub(super) async fn tcp(host: &str, port: u16, login: &Login) -> Result<Box<dyn Wire>, DialError> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, format!("host {host:?} has no address"));
    let addresses: Vec<_> = lookup_host((host, port)).await?.collect();
    // One that swallows everything must not use up the time of the others.
    let share = login.connect_timeout / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    for address in addresses {
        match tokio::time::timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                tune(&stream, login.keepalive)?;
                return match &login.tls {
                    Some(tls) => secure(stream, host, tls).await,
                    None => Ok(Box::new(stream)),
                };
            }
            Ok(Err(error)) => last = io::Error::new(error.kind(), format!("{address}: {error}")),
            Err(_) => last = io::Error::new(io::ErrorKind::TimedOut, format!("{address} does not answer")),
        }
    }
    Err(last.into())
}

/// Small commands leave at once, and a peer that vanished is noticed within half a minute.
fn tune(stream: &TcpStream, keepalive: bool) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    if keepalive {
        let probes = TcpKeepalive::new()
            .with_time(Duration::from_secs(15))
            .with_interval(Duration::from_secs(5))
            .with_retries(3);
        socket.set_tcp_keepalive(&probes)?;
    }
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(Duration::from_secs(30)))?;
    Ok(())
}

async fn secure(stream: TcpStream, host: &str, tls: &Tls) -> Result<Box<dyn Wire>, DialError> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| AddressError::Tls(format!("{host:?} is not a name that a certificate can have")))?;
    let tls = tls.clone();
    let config = tokio::task::spawn_blocking(move || tls.config())
        .await
        .map_err(|error| AddressError::Tls(error.to_string()))??;
    Ok(Box::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
}
