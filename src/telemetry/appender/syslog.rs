//! Syslog: a datagram for each message, or a stream of messages with their lengths.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use super::{Piece, Sink, Trouble};

/// How long to wait for a connection, and for one that does not take anything.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest datagram; more is cut off.
const LONGEST: usize = 8 << 10;

/// Where syslog listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// A socket of this machine.
    Path(PathBuf),
    /// `HOST:PORT`.
    Udp(String),
    /// `HOST:PORT`.
    Tcp(String),
}

impl Address {
    /// Reads what a setting says.
    pub(crate) fn read(text: &str) -> Self {
        match text.split_once("://") {
            Some(("udp", place)) => Self::Udp(place.to_owned()),
            Some(("tcp", place)) => Self::Tcp(place.to_owned()),
            _ => Self::Path(text.into()),
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Udp(place) => write!(f, "udp://{place}"),
            Self::Tcp(place) => write!(f, "tcp://{place}"),
        }
    }
}

/// Sends to syslog.
#[derive(Debug)]
pub(super) struct Syslog {
    address: Address,
    link: Option<Link>,
}

/// A way that is open.
#[derive(Debug)]
enum Link {
    Datagram(UnixDatagram),
    Stream(UnixStream),
    Udp(UdpSocket),
    Tcp(TcpStream),
}

impl Syslog {
    pub(super) fn new(address: Address) -> Self {
        Self { address, link: None }
    }

    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        if self.link.as_mut().is_none_or(Link::is_closed) {
            self.link = Some(Link::open(&self.address)?);
        }
        match &mut self.link {
            Some(link) => link.send(message),
            None => Ok(()),
        }
    }
}

impl Sink for Syslog {
    fn take(&mut self, piece: &Piece) -> Result<(), Trouble> {
        self.send(&piece.bytes).map_err(|error| {
            self.link = None;
            Trouble::passing(format_args!("cannot send to {}", self.address), &error)
        })
    }

    fn reopen(&mut self) {
        self.link = None;
    }
}

impl Link {
    fn open(address: &Address) -> io::Result<Self> {
        match address {
            Address::Path(path) => {
                let socket = UnixDatagram::unbound()?;
                match socket.connect(path) {
                    Ok(()) => {
                        socket.set_write_timeout(Some(PATIENCE))?;
                        Ok(Self::Datagram(socket))
                    }
                    // EPROTOTYPE: that of a stream, as some daemons have it.
                    Err(error) if error.raw_os_error() == Some(91) => {
                        let stream = UnixStream::connect(path)?;
                        stream.set_write_timeout(Some(PATIENCE))?;
                        Ok(Self::Stream(stream))
                    }
                    Err(error) => Err(error),
                }
            }
            Address::Udp(place) => first_of(place, |to| {
                let any: SocketAddr = if to.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
                let socket = UdpSocket::bind(any)?;
                socket.connect(to)?;
                Ok(Self::Udp(socket))
            }),
            Address::Tcp(place) => first_of(place, |to| {
                let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
                stream.set_write_timeout(Some(PATIENCE))?;
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }),
        }
    }

    /// Whether the other end has closed the connection: what is written then is lost without an error.
    fn is_closed(&mut self) -> bool {
        let Self::Tcp(stream) = self else { return false };
        let mut bytes = [0; 64];
        let looked = stream.set_nonblocking(true).and_then(|()| stream.read(&mut bytes));
        let is_open = match looked {
            // A receiver of messages has nothing to say.
            Ok(read) => read > 0,
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        };
        stream.set_nonblocking(false).is_err() || !is_open
    }

    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let short = message.get(..cut(message)).unwrap_or(message);
        match self {
            Self::Datagram(socket) => socket.send(short).map(drop),
            Self::Udp(socket) => socket.send(short).map(drop),
            // The zero byte is how local daemons part messages.
            Self::Stream(stream) => stream.write_all(&[message, b"\0"].concat()),
            // RFC 6587, 3.4.1: a line break in a message parts nothing.
            Self::Tcp(stream) => {
                stream.write_all(&[format!("{} ", message.len()).as_bytes(), message].concat())
            }
        }
    }
}

/// The first address of a place that can be reached.
fn first_of<T>(place: &str, open: impl Fn(SocketAddr) -> io::Result<T>) -> io::Result<T> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in place.to_socket_addrs()? {
        match open(address) {
            Ok(opened) => return Ok(opened),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// Where a datagram is cut off: not within a character.
fn cut(message: &[u8]) -> usize {
    let mut end = message.len().min(LONGEST);
    while end < message.len() && end > 0 && message.get(end).is_some_and(|byte| byte & 0xC0 == 0x80) {
        end -= 1;
    }
    end
}
