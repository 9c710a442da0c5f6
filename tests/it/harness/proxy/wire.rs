//! The proxy's sockets, and as much of Redis' protocol as it must understand.

use std::io::{self, BufRead, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;

/// Where a side of the proxy is.
#[derive(Clone, Debug)]
pub(crate) enum Endpoint {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

/// A stream of either kind (reading, writing and shutting down are the same calls, so one type of the
/// library serves both); clones are the same connection.
#[derive(Clone)]
pub(super) struct Socket(Arc<UnixStream>);

impl Socket {
    pub(super) fn connect(to: &Endpoint) -> io::Result<Self> {
        match to {
            Endpoint::Unix(path) => Ok(Self(Arc::new(UnixStream::connect(path)?))),
            Endpoint::Tcp(address) => Self::tcp(TcpStream::connect(address)?),
        }
    }

    fn tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self(Arc::new(OwnedFd::from(stream).into())))
    }

    pub(super) fn cut(&self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }

    pub(super) fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        (&*self.0).write_all(bytes)
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

pub(super) enum Listener {
    Unix(UnixListener),
    Tcp(TcpListener),
}

impl Listener {
    pub(super) fn bind(at: &Endpoint) -> io::Result<Self> {
        match at {
            Endpoint::Unix(path) => UnixListener::bind(path).map(Self::Unix),
            Endpoint::Tcp(address) => TcpListener::bind(address).map(Self::Tcp),
        }
    }

    /// Where it listens in fact: port 0 has become a real one.
    pub(super) fn endpoint(&self, asked: &Endpoint) -> io::Result<Endpoint> {
        match self {
            Self::Unix(_) => Ok(asked.clone()),
            Self::Tcp(listener) => listener.local_addr().map(Endpoint::Tcp),
        }
    }

    pub(super) fn accept(&self) -> io::Result<Socket> {
        match self {
            Self::Unix(listener) => Ok(Socket(Arc::new(listener.accept()?.0))),
            Self::Tcp(listener) => Socket::tcp(listener.accept()?.0),
        }
    }
}

/// Reads one value of the protocol: its bytes to `raw`, the strings in it to `strings`.
pub(super) fn read_value(
    from: &mut impl BufRead,
    raw: &mut Vec<u8>,
    strings: &mut Vec<Vec<u8>>,
) -> io::Result<()> {
    let start = raw.len();
    if from.read_until(b'\n', raw)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let line = String::from_utf8_lossy(&raw[start + 1..]).trim_end().to_owned();
    let count = || line.parse::<i64>().map_or(0, |count| usize::try_from(count).unwrap_or(0));
    match raw[start] {
        b'$' | b'=' | b'!' if line != "-1" => {
            let start = raw.len();
            raw.resize(start + count() + 2, 0);
            from.read_exact(&mut raw[start..])?;
            strings.push(raw[start..raw.len() - 2].to_vec());
        }
        b'*' | b'~' | b'>' => (0..count()).try_for_each(|_| read_value(from, raw, strings))?,
        b'%' => (0..2 * count()).try_for_each(|_| read_value(from, raw, strings))?,
        // Attributes come before the value that they are about.
        b'|' => (0..=2 * count()).try_for_each(|_| read_value(from, raw, strings))?,
        _ => {}
    }
    Ok(())
}

/// SHA-1, by which Redis names scripts.
#[expect(clippy::many_single_char_names, reason = "the standard's names")]
pub(super) fn sha1(text: &[u8]) -> String {
    let mut sum: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let mut padded = text.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((text.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks_exact(64) {
        let mut words: Vec<u32> = block
            .chunks_exact(4)
            .map(|four| u32::from_be_bytes(four.try_into().expect("chunks of four")))
            .collect();
        for at in 16..80 {
            let mixed = words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16];
            words.push(mixed.rotate_left(1));
        }
        let [mut a, mut b, mut c, mut d, mut e] = sum;
        for (at, word) in words.iter().enumerate() {
            let (mixed, constant) = match at / 20 {
                0 => ((b & c) | (!b & d), 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6),
            };
            let next =
                [a.rotate_left(5), mixed, e, constant, *word].into_iter().fold(0u32, u32::wrapping_add);
            (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
        }
        for (total, part) in sum.iter_mut().zip([a, b, c, d, e]) {
            *total = total.wrapping_add(part);
        }
    }
    sum.iter().map(|word| format!("{word:08x}")).collect::<Vec<_>>().concat()
}
