//! Talking to the service manager: systemd's protocol of datagrams (`sd_notify(3)`).

use std::cell::Cell;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// What a service manager hands to the process that it started, and to no other: programs that are started get none of it.
const OWN_VARIABLES: [&str; 6] =
    ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"];

/// The longest status line; it is for a person who looks at one line.
const LONGEST: usize = 512;

/// Whether a variable of the environment is the service manager's word to this process alone.
pub(super) fn is_own(variable: &OsStr) -> bool {
    OWN_VARIABLES.iter().any(|own| variable == *own)
}

/// The service manager, if there is one that listens.
///
/// Nothing here waits: a manager that does not read loses a message. A failure is returned the first time only, for somebody to
/// tell; whoever ignores it ignores nothing that could be helped.
#[derive(Debug)]
pub(crate) struct ServiceManager {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
    failed: Cell<bool>,
}

impl ServiceManager {
    /// The one that started this process. What it left in the environment stays there, but `os::spawn` passes none of it on.
    ///
    /// An address that we cannot use is an error; a watchdog is of no use without one.
    pub(crate) fn from_environment() -> io::Result<Self> {
        Self::new(|name| std::env::var_os(name), std::process::id())
    }

    /// Nobody.
    pub(crate) fn none() -> Self {
        Self { socket: None, watchdog: None, failed: Cell::new(false) }
    }

    fn new(variable: impl Fn(&str) -> Option<OsString>, pid: u32) -> io::Result<Self> {
        let Some(address) = variable("NOTIFY_SOCKET").filter(|address| !address.is_empty()) else {
            return Ok(Self::none());
        };
        let address = parsed(&address)?;
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        let number = |name| variable(name)?.to_str()?.parse::<u64>().ok();
        let is_meant = variable("WATCHDOG_PID").is_none_or(|meant| meant.to_str() == Some(&pid.to_string()));
        let limit = number("WATCHDOG_USEC").filter(|&limit| is_meant && limit > 0);
        let watchdog = limit.map(Duration::from_micros);
        Ok(Self { socket: Some((socket, address)), watchdog, failed: Cell::new(false) })
    }

    /// The daemon is up, or has done with a reload, whether that changed anything or not.
    pub(crate) fn ready(&self, status: &str) -> io::Result<()> {
        self.send(&format!("READY=1\nSTATUS={}", one_line(status)))
    }

    /// A reload begins; `ready` ends it.
    pub(crate) fn reloading(&self) -> io::Result<()> {
        let now = Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC)?);
        // In one message: systemd takes the time for that of this very reload, and fails one without it.
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={}", now.as_micros()))
    }

    /// The daemon takes no new work and is about to end.
    pub(crate) fn stopping(&self, status: &str) -> io::Result<()> {
        self.send(&format!("STOPPING=1\nSTATUS={}", one_line(status)))
    }

    /// What `systemctl status` shows.
    pub(crate) fn status(&self, text: &str) -> io::Result<()> {
        self.send(&format!("STATUS={}", one_line(text)))
    }

    /// The daemon is alive; to be said by the loop that does the work.
    pub(crate) fn watchdog(&self) -> io::Result<()> {
        if self.watchdog.is_some() { self.send("WATCHDOG=1") } else { Ok(()) }
    }

    /// What is going on (a start, a reload, a stop) takes so long from now on.
    pub(crate) fn extend_timeout(&self, by: Duration) -> io::Result<()> {
        self.send(&format!("EXTEND_TIMEOUT_USEC={}", by.as_micros()))
    }

    /// How often `watchdog` is to be said: twice as often as it must be.
    pub(crate) fn watchdog_interval(&self) -> Option<Duration> {
        self.watchdog.map(|limit| limit / 2)
    }

    fn send(&self, message: &str) -> io::Result<()> {
        let Some((socket, address)) = &self.socket else { return Ok(()) };
        match socket.send_to_addr(message.as_bytes(), address) {
            Err(error) if !self.failed.replace(true) => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// A path, or a name that begins with `@` and is in no file system.
fn parsed(address: &OsStr) -> io::Result<SocketAddr> {
    match address.as_bytes() {
        [b'/', ..] => SocketAddr::from_pathname(address),
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("NOTIFY_SOCKET is neither a path nor a name with @: {}", address.display()),
        )),
    }
}

/// A text as one line: each line of the protocol is a word of its own.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A service manager of the test's own at this address.
    fn listening(address: &str) -> (UnixDatagram, ServiceManager) {
        let server = UnixDatagram::bind_addr(&parsed(OsStr::new(address)).unwrap()).unwrap();
        server.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        (server, manager(&[("NOTIFY_SOCKET", address), ("WATCHDOG_USEC", "3000000")]).unwrap())
    }

    fn manager(variables: &[(&str, &str)]) -> io::Result<ServiceManager> {
        let find =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
        ServiceManager::new(find, 7)
    }

    fn heard(server: &UnixDatagram) -> String {
        let mut buffer = [0; 2048];
        let length = server.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn the_messages_reach_a_socket_with_a_path_and_one_without() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify").display().to_string();
        for address in [path, format!("@rq-test-{}", uuid::Uuid::new_v4())] {
            let (server, manager) = listening(&address);

            manager.ready("2 workers").unwrap();
            assert_eq!(heard(&server), "READY=1\nSTATUS=2 workers");
            manager.stopping("waiting for 1 job").unwrap();
            assert_eq!(heard(&server), "STOPPING=1\nSTATUS=waiting for 1 job");
            manager.status("two\nlines\x1b[2J").unwrap();
            assert_eq!(heard(&server), "STATUS=two lines [2J");
            manager.extend_timeout(Duration::from_millis(1500)).unwrap();
            assert_eq!(heard(&server), "EXTEND_TIMEOUT_USEC=1500000");
            manager.watchdog().unwrap();
            assert_eq!(heard(&server), "WATCHDOG=1");
        }
    }

    #[test]
    fn the_begin_of_a_reload_is_told_with_its_time_in_one_message() {
        let (server, manager) = listening(&format!("@rq-test-{}", uuid::Uuid::new_v4()));

        manager.reloading().unwrap();
        let first = heard(&server);
        manager.reloading().unwrap();
        let second = heard(&server);

        let time =
            |told: &str| told.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap().parse::<u64>().unwrap();
        assert!(time(&first) <= time(&second));
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
        let uptime: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
        #[expect(clippy::cast_precision_loss, reason = "seconds are enough here")]
        let told = time(&first) as f64 / 1e6;
        // A machine that slept counts that in its uptime only.
        assert!(told <= uptime + 1.0, "{told} is not on the clock of {uptime}");
    }

    #[test]
    fn the_watchdog_is_fed_twice_as_often_as_asked_and_only_by_whom_it_means() {
        let interval = |variables: &[(&str, &str)]| manager(variables).unwrap().watchdog_interval();
        let (socket, limit) = (("NOTIFY_SOCKET", "@x"), ("WATCHDOG_USEC", "3000000"));

        assert_eq!(interval(&[socket, limit]), Some(Duration::from_millis(1500)));
        assert_eq!(interval(&[socket, limit, ("WATCHDOG_PID", "7")]), Some(Duration::from_millis(1500)));
        assert_eq!(interval(&[socket, limit, ("WATCHDOG_PID", "8")]), None);
        assert_eq!(interval(&[socket, ("WATCHDOG_USEC", "soon")]), None);
        assert_eq!(interval(&[limit]), None);
    }

    #[test]
    fn a_manager_that_is_away_is_told_of_once_and_one_that_does_not_read_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify").display().to_string();
        let (server, manager) = listening(&path);

        // The queue of a socket that nobody reads has an end; from there on messages are lost.
        let failed = (0..100_000).filter_map(|_| manager.status("x").err()).count();
        assert_eq!(failed, 1);
        drop(server);
        assert!(manager.status("x").is_ok());

        let away = self::manager(&[("NOTIFY_SOCKET", "@rq-test-nobody")]).unwrap();
        assert!(away.ready("").is_err());
        assert!(away.ready("").is_ok());
    }

    #[test]
    fn without_a_manager_nothing_is_said() {
        assert!(manager(&[]).unwrap().ready("").is_ok());
        assert!(manager(&[("NOTIFY_SOCKET", "")]).unwrap().reloading().is_ok());
        assert!(ServiceManager::none().watchdog().is_ok());
        assert!(ServiceManager::from_environment().unwrap().watchdog().is_ok());
        assert!(manager(&[("NOTIFY_SOCKET", "vsock:2:1234")]).is_err());
    }
}
