//! What the kernel tells of another process: how it is, how its threads stand to a signal, and which files it holds.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use nix::errno::Errno;
use nix::unistd::{SysconfVar, sysconf};

/// How a process is just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vitals {
    /// The kernel's letter: R runs, S sleeps, D waits for a device, T is stopped, Z is dead.
    pub(crate) state: char,
    /// The function of the kernel that its main thread waits in, where the kernel tells it.
    pub(crate) waits_in: Option<String>,
    pub(crate) resident_kib: u64,
    pub(crate) cpu: Duration,
    pub(crate) threads: u64,
}

/// How a thread stands to a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hearing {
    /// Its process has a handler for it: it would not end by it.
    pub(crate) is_caught: bool,
    /// It is not heard just now: the thread holds it back, or its handler is at work.
    pub(crate) is_blocked: bool,
    /// It was sent, and not heard yet.
    pub(crate) is_pending: bool,
    /// The kernel's letter for what the thread does.
    pub(crate) state: char,
}

/// How a process is; an error when it is gone.
pub(crate) fn vitals(pid: u32) -> io::Result<Vitals> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let waits_in = fs::read_to_string(format!("/proc/{pid}/wchan")).unwrap_or_default();
    Ok(Vitals {
        state: state(&status),
        waits_in: Some(waits_in.trim().to_owned()).filter(|name| !name.is_empty() && name != "0"),
        resident_kib: number(&status, "VmRSS").unwrap_or(0),
        cpu: cpu(&stat),
        threads: number(&status, "Threads").unwrap_or(0),
    })
}

/// The numbers of a process's threads.
pub(crate) fn threads(pid: u32) -> io::Result<Vec<u32>> {
    let entries = fs::read_dir(format!("/proc/{pid}/task"))?.flatten();
    Ok(entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
}

/// How a thread of a process stands to a signal; an error when it is gone.
pub(crate) fn hearing(pid: u32, thread: u32, signal: i32) -> io::Result<Hearing> {
    let status = fs::read_to_string(format!("/proc/{pid}/task/{thread}/status"))?;
    Ok(hearing_in(&status, signal))
}

/// Whether a descriptor of a process is that very file; an error when its descriptors may not be looked at.
pub(crate) fn holds(pid: u32, descriptor: u32, file: &File) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::metadata(format!("/proc/{pid}/fd/{descriptor}")) {
        Ok(theirs) => Ok((theirs.dev(), theirs.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Sends a signal to one thread; false when it is gone.
#[expect(unsafe_code, reason = "no safe wrapper has tgkill")]
pub(crate) fn signal_thread(pid: u32, thread: u32, signal: i32) -> io::Result<bool> {
    let id = |number: u32| libc::pid_t::try_from(number).map_err(|_| io::Error::from(Errno::EINVAL));
    let (pid, thread) = (id(pid)?, id(thread)?);
    // SAFETY: the call takes three numbers and touches no memory of ours.
    let sent = unsafe { libc::syscall(libc::SYS_tgkill, pid, thread, signal) };
    match Errno::result(sent) {
        Ok(_) => Ok(true),
        Err(Errno::ESRCH) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    line.split_whitespace().next()
}

fn number(status: &str, name: &str) -> Option<u64> {
    field(status, name)?.parse().ok()
}

fn state(status: &str) -> char {
    field(status, "State").and_then(|state| state.chars().next()).unwrap_or('?')
}

fn hearing_in(status: &str, signal: i32) -> Hearing {
    let bit = 1_u64.checked_shl(signal.saturating_sub(1).cast_unsigned()).unwrap_or(0);
    let has = |name| {
        let mask = field(status, name).and_then(|mask| u64::from_str_radix(mask, 16).ok());
        mask.is_some_and(|mask| mask & bit != 0)
    };
    Hearing {
        is_caught: has("SigCgt"),
        is_blocked: has("SigBlk"),
        is_pending: has("SigPnd") || has("ShdPnd"),
        state: state(status),
    }
}

/// The user's and the system's time in `/proc/PID/stat`, which stand behind the command's name in any case.
fn cpu(stat: &str) -> Duration {
    let Some((_, rest)) = stat.rsplit_once(") ") else { return Duration::ZERO };
    let ticks: u64 = rest.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    let per_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().and_then(|ticks| u64::try_from(ticks).ok());
    Duration::from_millis(ticks.saturating_mul(1000) / per_second.unwrap_or(100).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_sees_how_it_is() {
        let own = std::process::id();

        let vitals = vitals(own).unwrap();

        assert!("RS".contains(vitals.state), "{vitals:?}");
        assert!(vitals.resident_kib > 0 && vitals.threads > 0, "{vitals:?}");
        assert!(threads(own).unwrap().contains(&own));
    }

    #[test]
    fn masks_are_read_as_the_kernel_writes_them() {
        let status = "State:\tS (sleeping)\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\n\
                      SigBlk:\t1000000000000000\nSigCgt:\t1800000000000000\n";
        let table = [(61, true, true), (60, true, false), (9, false, false), (0, false, false)];

        for (signal, is_caught, is_blocked) in table {
            let expected = Hearing { is_caught, is_blocked, is_pending: false, state: 'S' };
            assert_eq!(hearing_in(status, signal), expected, "{signal}");
        }
    }

    #[test]
    fn time_is_read_whatever_the_command_is_called() {
        assert_eq!(cpu("7 (a) b) S 1 7 7 0 -1 4194304 10 0 0 0 150 50 0 0"), Duration::from_secs(2));
        assert_eq!(cpu("junk"), Duration::ZERO);
    }

    #[test]
    fn a_descriptor_is_told_from_another_file() {
        use std::os::fd::AsRawFd as _;
        let [one, other] = [File::open("/dev/null").unwrap(), File::open("/dev/zero").unwrap()];
        let number = one.as_raw_fd().cast_unsigned();

        assert!(holds(std::process::id(), number, &one).unwrap());
        assert!(!holds(std::process::id(), number, &other).unwrap());
        assert!(!holds(std::process::id(), 1_000_000, &one).unwrap());
    }
}
