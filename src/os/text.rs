//! The text of this program: what of it is in memory.
#![expect(unsafe_code, reason = "there is no safe form of madvise")]

use std::fs;
use std::ptr;

/// A part of the address space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    start: usize,
    end: usize,
}

/// Lets go of the program's own pages, of which a start needs most and what comes after it few. Those are taken from the same
/// place again when they are next needed: the page cache, mostly.
pub(crate) fn release_text() {
    let (Ok(maps), Ok(program)) = (fs::read_to_string("/proc/self/smaps"), fs::read_link("/proc/self/exe"))
    else {
        return;
    };
    for Range { start, end } in untouched(&maps, &program.to_string_lossy()) {
        // SAFETY: a private mapping of a file in which nothing was written holds what the file holds, and shows it again.
        unsafe { libc::madvise(ptr::with_exposed_provenance_mut(start), end - start, libc::MADV_DONTNEED) };
    }
}

/// The mappings of that file that nobody can write to or has written to.
fn untouched(maps: &str, file: &str) -> Vec<Range> {
    let mut found = Vec::new();
    let mut at = None;
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        if let Some(range) = range(first) {
            let may = words.next().unwrap_or_default();
            at = (matches!(may, "r-xp" | "r--p") && line.ends_with(&format!(" {file}"))).then_some(range);
        } else if first == "Anonymous:" && words.next() == Some("0") {
            found.extend(at.take());
        }
    }
    found
}

fn range(word: &str) -> Option<Range> {
    let (start, end) = word.split_once('-')?;
    let number = |text| usize::from_str_radix(text, 16).ok();
    Some(Range { start: number(start)?, end: number(end)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
1000-2000 r--p 00000000 fe:00 7    /usr/bin/rq
Size:                  4 kB
Anonymous:             0 kB
2000-4000 r-xp 00001000 fe:00 7    /usr/bin/rq
Anonymous:             0 kB
4000-5000 r--p 00003000 fe:00 7    /usr/bin/rq
Anonymous:             4 kB
5000-6000 rw-p 00004000 fe:00 7    /usr/bin/rq
Anonymous:             0 kB
7000-8000 r-xp 00000000 fe:00 8    /usr/lib/libc.so.6
Anonymous:             0 kB
9000-a000 rw-p 00000000 00:00 0    [heap]
Anonymous:             0 kB
";

    #[test]
    fn only_what_was_never_written_to_can_go() {
        let found = untouched(MAPS, "/usr/bin/rq");

        assert_eq!(found, [Range { start: 0x1000, end: 0x2000 }, Range { start: 0x2000, end: 0x4000 }]);
    }

    #[test]
    fn the_program_goes_on_without_its_text() {
        release_text();

        assert_eq!(untouched(MAPS, "/usr/bin/rq").len(), 2);
    }
}
