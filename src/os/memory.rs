//! Memory of this process and of those below it.

use std::collections::HashMap;
use std::fs;

/// The most processes of a machine that are looked through.
const MOST: usize = 20_000;

/// How far a process may be below its ancestor.
const DEEPEST: usize = 64;

/// A process below this one, or this one itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Relative {
    pub(crate) pid: u32,
    /// The child of this process that it descends from, or is; nothing of this process itself.
    pub(crate) branch: Option<u32>,
    /// Whether its parent is that child.
    pub(crate) is_of_branch: bool,
    /// Bytes in use.
    pub(crate) resident: u64,
    /// Bytes in use, shared pages being shared out; nothing where the kernel does not tell.
    pub(crate) proportional: Option<u64>,
}

/// This process and all below it that can be seen. It reads many files: nothing for a thread that others wait for.
pub(crate) fn relatives() -> Vec<Relative> {
    let parents = parents();
    let own = std::process::id();
    let below = parents.keys().filter_map(|pid| {
        let branch = branch(*pid, own, &parents)?;
        Some((*pid, Some(branch), parents.get(pid) == Some(&branch)))
    });
    std::iter::once((own, None, false))
        .chain(below)
        .filter_map(|(pid, branch, is_of_branch)| {
            let resident = resident(pid)?;
            Some(Relative { pid, branch, is_of_branch, resident, proportional: proportional(pid) })
        })
        .collect()
}

/// The parents of all processes.
fn parents() -> HashMap<u32, u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parent = |pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The command's name may hold anything.
        let (_, rest) = stat.rsplit_once(") ")?;
        Some((pid, rest.split(' ').nth(1)?.parse().ok()?))
    };
    numbers.take(MOST).filter_map(parent).collect()
}

/// The child of `own` that a process descends from.
fn branch(pid: u32, own: u32, parents: &HashMap<u32, u32>) -> Option<u32> {
    let mut at = pid;
    for _ in 0..DEEPEST {
        match parents.get(&at) {
            Some(parent) if *parent == own => return Some(at),
            Some(parent) => at = *parent,
            None => return None,
        }
    }
    None
}

fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    kib(&status, "VmRSS:")
}

fn proportional(pid: u32) -> Option<u64> {
    kib(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?, "Pss:")
}

/// The bytes that a line tells in KiB.
fn kib(text: &str, name: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn children_and_their_children_are_seen_with_their_memory() {
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 60 & echo $!; wait"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = shell.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line).unwrap();
        let sleeper: u32 = line.trim().parse().unwrap();

        let found = relatives();
        crate::os::kill_process(sleeper).unwrap();
        shell.wait().unwrap();

        let of = |pid| found.iter().find(|relative| relative.pid == pid).unwrap();
        assert_eq!(of(std::process::id()).branch, None);
        assert_eq!((of(shell.id()).branch, of(shell.id()).is_of_branch), (Some(shell.id()), false));
        assert_eq!((of(sleeper).branch, of(sleeper).is_of_branch), (Some(shell.id()), true));
        assert!(found.iter().all(|relative| relative.resident > 0), "{found:?}");
    }

    #[test]
    fn a_process_that_is_nobodys_child_of_ours_belongs_to_no_branch() {
        let parents = HashMap::from([(5, 2), (2, 1), (7, 7)]);

        assert_eq!([branch(5, 1, &parents), branch(7, 1, &parents)], [Some(2), None]);
    }
}
