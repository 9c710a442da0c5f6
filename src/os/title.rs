//! The title of this process: what `ps` shows in the place of its command line.
//!
//! The kernel reads a command line from wherever the process says that it stands. So the title lives in memory of our own, which
//! is made known once (`PR_SET_MM_MAP`, which needs no privilege); nothing is ever written over the arguments or the
//! environment. Where the kernel does not do it, the 15 bytes of the process's name must do.

use std::ffi::CString;
use std::fs;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use nix::errno::Errno;
use nix::sys::prctl;

/// Room for a title; longer ones are cut.
const ROOM: usize = 1024;

/// The memory that the kernel reads; nothing inside when it does not.
static TITLE: OnceLock<Option<&'static [AtomicU8]>> = OnceLock::new();

/// `struct prctl_mm_map` of the kernel's interface.
#[repr(C)]
#[derive(Debug)]
struct ProcessMap {
    start_code: u64,
    end_code: u64,
    start_data: u64,
    end_data: u64,
    start_brk: u64,
    brk: u64,
    start_stack: u64,
    arg_start: u64,
    arg_end: u64,
    env_start: u64,
    env_end: u64,
    auxv: *const u64,
    auxv_size: u32,
    exe_fd: u32,
}

/// Prepares for titles. Only while there is a single thread, because another one could move the end of the heap.
pub(crate) fn prepare() {
    TITLE.get_or_init(|| settle().ok());
}

/// Shows a title; before [`prepare`], nothing happens.
pub(crate) fn show(text: &str) {
    match TITLE.get() {
        Some(Some(memory)) => write(memory, text),
        Some(None) => {
            let name: Vec<u8> = text.bytes().filter(|byte| *byte != 0).collect();
            if let Ok(name) = CString::new(name) {
                let _ = prctl::set_name(&name);
            }
        }
        None => {}
    }
}

/// The kernel shows the text up to its zero, because the last byte of the memory is none; so one must always stand before that.
fn write(memory: &[AtomicU8], text: &str) {
    let shown = text.bytes().filter(|byte| *byte != 0).chain(std::iter::repeat(0));
    for (place, byte) in memory[..ROOM - 2].iter().zip(shown) {
        place.store(byte, Ordering::Relaxed);
    }
    memory[ROOM - 2].store(0, Ordering::Relaxed);
    memory[ROOM - 1].store(b' ', Ordering::Relaxed);
}

/// Makes memory of our own the place of the command line, with what stands there now.
fn settle() -> io::Result<&'static [AtomicU8]> {
    if fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::ErrorKind::ResourceBusy.into());
    }
    let command_line = fs::read("/proc/self/cmdline")?;
    let stat = fs::read_to_string("/proc/self/stat")?;
    let memory: &'static [AtomicU8] = Vec::leak((0..ROOM).map(|_| AtomicU8::new(0)).collect());
    write(memory, String::from_utf8_lossy(&command_line).replace('\0', " ").trim_end());
    let map = map(&stat, memory).ok_or(io::ErrorKind::InvalidData)?;
    announce(map)?;
    Ok(memory)
}

/// The map of this process as it is, but for the place of the command line.
fn map(stat: &str, memory: &[AtomicU8]) -> Option<ProcessMap> {
    // The second field may hold anything, a bracket or a blank too; the fields after it begin with the third.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok().filter(|address| *address != 0);
    let begin = memory.as_ptr() as u64;
    Some(ProcessMap {
        start_code: field(26)?,
        end_code: field(27)?,
        start_stack: field(28)?,
        start_data: field(45)?,
        end_data: field(46)?,
        start_brk: field(47)?,
        brk: 0,
        arg_start: begin,
        arg_end: begin + ROOM as u64,
        env_start: field(50)?,
        env_end: field(51)?,
        auxv: std::ptr::null(),
        auxv_size: 0,
        exe_fd: u32::MAX,
    })
}

/// Makes the map known. Between the look at the heap's end and the call nothing may be allocated.
#[expect(unsafe_code, reason = "no safe wrapper makes the map of a process known")]
fn announce(mut map: ProcessMap) -> io::Result<()> {
    // SAFETY: `sbrk(0)` moves nothing and tells where the heap ends.
    map.brk = unsafe { libc::sbrk(0) } as u64;
    let (map, size) = (&raw const map, size_of::<ProcessMap>());
    // SAFETY: the kernel reads `size` bytes of a live, wholly initialised struct. The map says of code, data, heap and
    // stack what already is, as there is one thread and it allocates nothing here; the memory of the title lives for ever.
    let answer = unsafe { libc::prctl(libc::PR_SET_MM, libc::PR_SET_MM_MAP, map, size, 0) };
    Errno::result(answer).map(drop).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_ends_at_its_zero_and_the_last_byte_is_none() {
        let memory: Vec<AtomicU8> = (0..ROOM).map(|_| AtomicU8::new(b'x')).collect();
        let bytes = || memory.iter().map(|byte| byte.load(Ordering::Relaxed)).collect::<Vec<u8>>();

        write(&memory, "rq: a\0b");
        assert_eq!(bytes()[..8], *b"rq: ab\0\0");
        write(&memory, &"y".repeat(2 * ROOM));

        assert_eq!(bytes()[ROOM - 3..], *b"y\0 ");
    }

    #[test]
    fn the_map_takes_what_the_kernel_tells() {
        let stat = format!("7 (a ) b) R {}", (4..=52).map(|n| n.to_string()).collect::<Vec<_>>().join(" "));
        let memory: Vec<AtomicU8> = (0..ROOM).map(|_| AtomicU8::new(0)).collect();

        let map = map(&stat, &memory).unwrap();

        assert_eq!((map.start_code, map.end_code, map.start_stack), (26, 27, 28));
        assert_eq!((map.start_data, map.end_data, map.start_brk), (45, 46, 47));
        assert_eq!((map.env_start, map.env_end), (50, 51));
        assert!(super::map("7 (a) R 1 2", &memory).is_none());
    }
}
