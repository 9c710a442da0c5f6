//! Children: ending them and learning how they ended.

use std::io;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

/// A child that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reaped {
    pub(crate) pid: u32,
    /// The raw wait status.
    pub(crate) status: i32,
    pub(crate) cpu: Duration,
    /// Peak resident memory in KiB.
    pub(crate) peak_kib: u64,
}

/// Makes orphans among this process's descendants its children, where the kernel can.
pub(crate) fn become_subreaper() -> io::Result<()> {
    Ok(prctl::set_child_subreaper(true)?)
}

/// Kills every process of a group that the caller knows to be a horse's own; a group that is gone is no error.
pub(crate) fn kill_group(group: u32) -> io::Result<()> {
    let group = i32::try_from(group).ok().filter(|group| *group > 1).ok_or(Errno::EINVAL)?;
    match killpg(Pid::from_raw(group), Signal::SIGKILL) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Sends SIGRTMIN, RQ's warning of a shutdown, to a group as [`kill_group`] does.
#[expect(unsafe_code, reason = "nix has no name for real-time signals")]
pub(crate) fn warn_group(group: u32) -> io::Result<()> {
    let group = i32::try_from(group).ok().filter(|group| *group > 1).ok_or(Errno::EINVAL)?;
    // SAFETY: `killpg` takes two numbers and touches no memory of ours.
    match Errno::result(unsafe { libc::killpg(group, libc::SIGRTMIN()) }) {
        Ok(_) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Kills one process that the caller knows to be a horse that was not reaped yet; one that is gone is no error.
pub(crate) fn kill_process(pid: u32) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().filter(|pid| *pid > 1).ok_or(Errno::EINVAL)?;
    match kill(Pid::from_raw(pid), Signal::SIGKILL) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Collects one child that has ended, if there is one.
#[expect(unsafe_code, reason = "wait4 tells what a child used up; no safe wrapper does")]
pub(crate) fn reap() -> Option<Reaped> {
    let mut status = 0;
    // SAFETY: an all-zero `rusage` is a valid value of that plain C struct.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers lead to live, writable values of the right types.
    let pid = unsafe { libc::wait4(-1, &raw mut status, libc::WNOHANG, &raw mut usage) };
    let pid = u32::try_from(pid).ok().filter(|pid| *pid != 0)?;
    Some(Reaped {
        pid,
        status,
        cpu: duration(usage.ru_utime) + duration(usage.ru_stime),
        peak_kib: u64::try_from(usage.ru_maxrss).unwrap_or(0),
    })
}

fn duration(time: libc::timeval) -> Duration {
    let micros = u64::try_from(time.tv_usec).unwrap_or(0);
    Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0)) + Duration::from_micros(micros)
}
