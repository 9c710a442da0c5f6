//! Children: ending them and learning how they ended.

use std::io;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, getpgid, getpgrp, getsid};

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

/// Kills every process of a group, also what a leader that is gone left behind in it; false when there is none.
pub(crate) fn kill_group(leader: u32) -> io::Result<bool> {
    Ok(signal_group(leader, Signal::SIGKILL)? || kill_leftovers(leader)?)
}

/// Asks every process of a group to end; false when its leader is gone.
pub(crate) fn terminate_group(leader: u32) -> io::Result<bool> {
    signal_group(leader, Signal::SIGTERM)
}

/// Kills what a leader left behind in its group.
///
/// The number of a leader that was reaped may be somebody else's by now, unless processes of its group still hold it: so only a
/// group whose every process is of our own session counts.
fn kill_leftovers(leader: u32) -> io::Result<bool> {
    let group = number(leader)?;
    let session = getsid(None)?.as_raw();
    let mut found = false;
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        match group_and_session(&stat) {
            Some((of, in_session)) if of == group.as_raw() && in_session == session => found = true,
            Some((of, _)) if of == group.as_raw() => return Ok(false),
            _ => {}
        }
    }
    if found { signal(group, Signal::SIGKILL) } else { Ok(false) }
}

/// Signals a group whose leader was seen to lead it: the number 0 would mean our own group, and a number that was
/// reaped may be another process's by now.
fn signal_group(leader: u32, with: Signal) -> io::Result<bool> {
    let leader = number(leader)?;
    match getpgid(Some(leader)) {
        Ok(group) if group == leader => signal(leader, with),
        Ok(_) | Err(Errno::ESRCH) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Kills one process that the caller knows to be a horse that was not reaped yet; false when it is gone.
pub(crate) fn kill_process(pid: u32) -> io::Result<bool> {
    match kill(number(pid)?, Signal::SIGKILL) {
        Ok(()) => Ok(true),
        Err(Errno::ESRCH) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether there is no process of that number, as far as this one can see.
pub(crate) fn is_gone(pid: u32) -> bool {
    i32::try_from(pid).is_ok_and(|pid| pid > 0 && kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH))
}

fn signal(group: Pid, with: Signal) -> io::Result<bool> {
    match killpg(group, with) {
        Ok(()) => Ok(true),
        Err(Errno::ESRCH) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A number that can be a leader's, and not that of init or of our own group.
fn number(leader: u32) -> io::Result<Pid> {
    let leader = i32::try_from(leader).ok().filter(|leader| *leader > 1).ok_or(Errno::EINVAL)?;
    let leader = Pid::from_raw(leader);
    if leader == getpgrp() { Err(Errno::EINVAL.into()) } else { Ok(leader) }
}

/// What `/proc/PID/stat` says after the command's name, which may hold anything: state, parent, group, session.
fn group_and_session(stat: &str) -> Option<(i32, i32)> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut words = rest.split(' ').skip(2);
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// Sends SIGRTMIN, RQ's warning of a shutdown, to every process of a horse's group; false when its leader is gone.
#[expect(unsafe_code, reason = "nix has no name for real-time signals")]
pub(crate) fn warn_group(leader: u32) -> io::Result<bool> {
    let leader = number(leader)?;
    if !matches!(getpgid(Some(leader)), Ok(group) if group == leader) {
        return Ok(false);
    }
    // SAFETY: `killpg` takes two numbers and touches no memory of ours.
    match Errno::result(unsafe { libc::killpg(leader.as_raw(), libc::SIGRTMIN()) }) {
        Ok(_) => Ok(true),
        Err(Errno::ESRCH) => Ok(false),
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

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;
    use std::process::{Child, Command};

    use super::*;

    fn sleeper(group: i32) -> Child {
        Command::new("sleep").arg("60").process_group(group).spawn().unwrap()
    }

    #[test]
    fn only_a_group_that_its_leader_leads_is_signalled() {
        let mut leader = sleeper(0);
        let mut member = sleeper(leader.id().cast_signed());

        assert!(!terminate_group(member.id()).unwrap(), "a member is no leader");
        assert!(terminate_group(leader.id()).unwrap());

        assert!(!leader.wait().unwrap().success());
        assert!(!member.wait().unwrap().success());
        assert!(!kill_group(leader.id()).unwrap(), "it was reaped");
    }

    #[test]
    fn what_a_leader_left_behind_is_killed() {
        let mut leader = sleeper(0);
        let mut member = sleeper(leader.id().cast_signed());
        leader.kill().unwrap();
        leader.wait().unwrap();

        assert!(!terminate_group(leader.id()).unwrap());
        assert!(kill_group(leader.id()).unwrap());

        assert!(!member.wait().unwrap().success());
        assert!(!kill_group(leader.id()).unwrap());
    }

    #[test]
    fn our_own_group_is_never_signalled() {
        for number in [0, 1, getpgrp().as_raw().cast_unsigned()] {
            assert!(kill_group(number).is_err() && terminate_group(number).is_err(), "{number}");
        }
    }

    #[test]
    fn a_command_whose_name_holds_brackets_is_read() {
        assert_eq!(group_and_session("7 (a) b) S 1 5 6 0 -1"), Some((5, 6)));
        assert_eq!(group_and_session("junk"), None);
    }
}
