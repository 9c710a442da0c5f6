//! What is mounted where.

use std::fs;
use std::path::{Path, PathBuf};

/// Whether something is mounted at this very path: a file that Kubernetes mounts by `subPath`, and never changes.
pub(crate) fn is_mounted(path: &Path) -> bool {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    mounts.lines().any(|line| mount_point(line).is_some_and(|point| point == path))
}

/// The fifth field of a line of `mountinfo`, whose odd characters are written in octal.
fn mount_point(line: &str) -> Option<PathBuf> {
    let field = line.split(' ').nth(4)?;
    let mut text = String::new();
    let mut rest = field;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let (digits, behind) = after.split_at_checked(3)?;
        text.push(char::from(u8::from_str_radix(digits, 8).ok()?));
        rest = behind;
    }
    Some(PathBuf::from(text + rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_point_is_read_with_its_odd_characters() {
        let line =
            r"36 35 98:0 /a /etc/my\040rq/rq.toml rw,noatime master:1 - ext3 /dev/root rw,errors=continue";

        assert_eq!(mount_point(line), Some(PathBuf::from("/etc/my rq/rq.toml")));
        assert_eq!(mount_point("36 35"), None);
        assert_eq!(mount_point(r"1 2 3 4 /a\9"), None);
    }

    #[test]
    fn what_is_mounted_is_told_from_what_is_not() {
        assert!(is_mounted(Path::new("/proc")));
        assert!(!is_mounted(Path::new("/proc/self/status")));
    }
}
