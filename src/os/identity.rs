//! Who a process is, beyond its number: so that a name held by a dead process can be told from one held by a living one.

use std::fs;
use std::path::Path;
use std::process;

use nix::errno::Errno;
use nix::unistd::Pid;
use uuid::Uuid;

/// Names one process of one boot of one machine (or container), and one start of the daemon in it.
///
/// The text form is `boot id/pid namespace/pid/start time/random`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    boot: String,
    namespace: String,
    pid: u32,
    started: u64,
    unique: String,
}

impl Identity {
    /// The identity of this process; each call makes another one.
    pub(crate) fn own() -> Self {
        let pid = process::id();
        Self {
            boot: boot_id(),
            namespace: pid_namespace(),
            pid,
            started: match start_time(pid) {
                Stat::Alive(started) => started,
                Stat::Ended | Stat::Unknown => 0,
            },
            unique: Uuid::new_v4().simple().to_string(),
        }
    }

    /// Whether it ran on this very boot of this machine.
    pub(crate) fn is_of_this_boot(&self) -> bool {
        !self.boot.is_empty() && self.boot == boot_id()
    }

    /// The process number of the holder.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Reads the text form; nothing when it is not one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let identity = Self {
            boot: parts.next()?.to_owned(),
            namespace: parts.next()?.to_owned(),
            pid: parts.next()?.parse().ok()?,
            started: parts.next()?.parse().ok()?,
            unique: parts.next()?.to_owned(),
        };
        parts.next().is_none().then_some(identity)
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}/{}/{}", self.boot, self.namespace, self.pid, self.started, self.unique)
    }
}

/// Whether `holder` ran on this very boot, in this very pid namespace, and is gone. A doubt is a no.
pub(crate) fn is_provably_dead(holder: &Identity) -> bool {
    let known = !holder.boot.is_empty() && !holder.namespace.is_empty() && holder.started != 0;
    known
        && holder.boot == boot_id()
        && holder.namespace == pid_namespace()
        && Path::new("/proc/self/stat").exists()
        && match start_time(holder.pid) {
            Stat::Alive(started) => started != holder.started,
            Stat::Ended => true,
            // Of another user's processes /proc may show nothing (hidepid), and the kernel still knows them.
            Stat::Unknown => is_missing(holder.pid),
        }
}

/// Whether there is no process of this number.
fn is_missing(pid: u32) -> bool {
    i32::try_from(pid).is_ok_and(|pid| nix::sys::signal::kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH))
}

/// What /proc tells of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stat {
    /// It started at this time, in clock ticks since the boot.
    Alive(u64),
    /// It is a zombie.
    Ended,
    /// Nothing: it is gone, or it is not to be looked at.
    Unknown,
}

/// Whether this process may do anything.
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// This machine's name.
pub(crate) fn hostname() -> String {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default()
}

/// The number of the user in whose name this process acts.
pub(crate) fn user() -> u32 {
    nix::unistd::geteuid().as_raw()
}

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned()).unwrap_or_default()
}

fn pid_namespace() -> String {
    let link = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    link.to_string_lossy().replace(['[', ']', ':'], "")
}

fn start_time(pid: u32) -> Stat {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return Stat::Unknown };
    // The command's name stands in parentheses and may contain anything, so count from its end.
    let mut fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    match fields.next() {
        Some("Z" | "X") => Stat::Ended,
        _ => fields.nth(18).and_then(|started| started.parse().ok()).map_or(Stat::Unknown, Stat::Alive),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_reads_back() {
        let own = Identity::own();

        assert_eq!(Identity::parse(&own.to_string()), Some(own));
    }

    #[test]
    fn a_boot_is_told_from_another() {
        let own = Identity::own();

        assert!(own.is_of_this_boot());
        assert!(!Identity { boot: "elsewhere".to_owned(), ..own.clone() }.is_of_this_boot());
        assert!(!Identity { boot: String::new(), ..own }.is_of_this_boot());
    }

    #[test]
    fn a_living_process_is_not_dead() {
        assert!(!is_provably_dead(&Identity::own()));
    }

    #[test]
    fn a_process_that_cannot_be_looked_at_is_missing_only_when_the_kernel_says_so() {
        assert!(!is_missing(process::id()));
        assert!(is_missing(i32::MAX as u32));
        assert!(!is_missing(u32::MAX));
        assert_eq!(start_time(i32::MAX as u32), Stat::Unknown);
    }

    #[test]
    fn a_reused_process_number_is_dead() {
        let earlier = Identity { started: 1, ..Identity::own() };

        assert!(is_provably_dead(&earlier));
    }

    #[test]
    fn a_process_of_another_boot_or_namespace_is_never_called_dead() {
        let own = Identity { started: 1, ..Identity::own() };

        assert!(!is_provably_dead(&Identity { boot: "elsewhere".to_owned(), ..own.clone() }));
        assert!(!is_provably_dead(&Identity { namespace: "pid1".to_owned(), ..own.clone() }));
        assert!(!is_provably_dead(&Identity { started: 0, ..own }));
    }
}
