//! Starting programs without forking this process.

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd as _, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::spawn::{PosixSpawnAttr, PosixSpawnFileActions, PosixSpawnFlags, posix_spawn};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::stat::Mode;
use nix::unistd::Pid;

use super::notify_socket;

/// A program to start; its standard input is `/dev/null`, its outputs are ours.
pub(crate) struct Program<'a> {
    pub(crate) path: &'a Path,
    pub(crate) arguments: &'a [&'a str],
    /// Descriptors that it finds at 3, 4, … in this order; nothing else of ours is open in it.
    pub(crate) descriptors: Vec<OwnedFd>,
    /// Whether what it prints goes to our standard error, because our standard output is an answer for programs.
    pub(crate) aside: bool,
}

/// Where sources are moved before they take their places, so that none overwrites another.
const OUT_OF_THE_WAY: i32 = 100;

/// Starts a program in a process group of its own and returns its process number. The environment is ours, but
/// for what the service manager says to us alone.
pub(crate) fn spawn(program: &Program<'_>) -> io::Result<u32> {
    let mut actions = PosixSpawnFileActions::init()?;
    actions.add_open(0, "/dev/null", OFlag::O_RDONLY, Mode::empty())?;
    if program.aside {
        actions.add_dup2(2, 1)?;
    }
    let mut parked = Vec::new();
    for (place, descriptor) in (3..).zip(&program.descriptors) {
        let source = park(descriptor)?;
        actions.add_dup2(source.as_raw_fd(), place)?;
        parked.push(source);
    }
    let mut attributes = PosixSpawnAttr::init()?;
    let mut defaults = SigSet::empty();
    defaults.add(Signal::SIGPIPE);
    attributes.set_sigdefault(&defaults)?;
    attributes.set_sigmask(&SigSet::empty())?;
    attributes.set_pgroup(Pid::from_raw(0))?;
    attributes.set_flags(
        PosixSpawnFlags::POSIX_SPAWN_SETPGROUP
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGDEF
            | PosixSpawnFlags::POSIX_SPAWN_SETSIGMASK,
    )?;
    let arguments = std::iter::once(program.path.as_os_str())
        .chain(program.arguments.iter().map(OsStr::new))
        .map(|argument| c_string(argument.as_bytes().to_vec()))
        .collect::<io::Result<Vec<_>>>()?;
    let pid = posix_spawn(program.path, &actions, &attributes, &arguments, &environment()?)?;
    Ok(pid.as_raw().unsigned_abs())
}

#[expect(unsafe_code, reason = "fcntl returns the number of a new descriptor")]
fn park(descriptor: &OwnedFd) -> io::Result<OwnedFd> {
    let number = fcntl(descriptor, FcntlArg::F_DUPFD_CLOEXEC(OUT_OF_THE_WAY))?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows its number.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

fn environment() -> io::Result<Vec<CString>> {
    std::env::vars_os()
        .filter(|(name, _)| !notify_socket::is_own(name))
        .map(|(name, value)| {
            let mut line: OsString = name;
            line.push("=");
            line.push(value);
            c_string(line.into_vec())
        })
        .collect()
}

fn c_string(bytes: Vec<u8>) -> io::Result<CString> {
    CString::new(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a zero byte in an argument"))
}
