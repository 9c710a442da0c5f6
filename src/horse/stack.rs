//! The stacks that a horse shows, read from what Python's `faulthandler` wrote.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// What stands between the stacks and the names of their threads.
pub(super) const END: &str = "<rqd> end\n";

/// What the files of our own package are called, and the program that loads them.
const OURS: &str = "<rqd>/";
const PROGRAM: &str = "/proc/self/fd/3";

/// The longest part of a line that is told.
const LONGEST: usize = 1000;

/// A thread of a job, as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ThreadStack {
    /// What Python calls it, when that is known.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// It is the process's first thread, which runs the job's function.
    pub(crate) is_main: bool,
    /// The innermost first; without our own.
    pub(crate) frames: Vec<StackFrame>,
    /// There are more frames than these.
    #[serde(default)]
    pub(crate) is_cut: bool,
}

/// A function that was called, and where in it the thread is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StackFrame {
    pub(crate) file: String,
    pub(crate) line: u64,
    pub(crate) function: String,
}

/// Reads the stacks of all threads. The one that answered is the main thread, because Python's handlers run there.
pub(super) fn stacks(dump: &str) -> Vec<ThreadStack> {
    let (stacks, names) = dump.split_once(END).unwrap_or((dump, ""));
    let names: HashMap<String, String> =
        serde_json::from_str(names.lines().next().unwrap_or_default()).unwrap_or_default();
    let mut found: Vec<ThreadStack> = Vec::new();
    for line in stacks.lines() {
        if let Some((number, is_main)) = head(line) {
            let name = number.and_then(|number| names.get(&number)).map(|name| cut(name));
            found.push(ThreadStack { name, is_main, ..ThreadStack::default() });
        } else if let Some(thread) = found.last_mut() {
            match frame(line) {
                Some(frame) if frame.file.starts_with(OURS) || frame.file == PROGRAM => {}
                Some(frame) => thread.frames.push(frame),
                None => thread.is_cut |= line.trim() == "...",
            }
        }
    }
    found.sort_by_key(|thread| !thread.is_main);
    found
}

/// The head of a thread: its number in hexadecimal digits, where it has one, and whether it is the one that answered.
fn head(line: &str) -> Option<(Option<String>, bool)> {
    let title = line.strip_suffix(" (most recent call first):")?;
    if title == "Stack" {
        return Some((None, true));
    }
    let (number, is_main) = match title.strip_prefix("Current thread 0x") {
        Some(number) => (number, true),
        None => (title.strip_prefix("Thread 0x")?, false),
    };
    // From Python 3.14 on, the thread's name follows.
    let number = number.split(' ').next()?.trim_start_matches('0');
    Some((Some(number.to_owned()), is_main))
}

/// `  File "jobs.py", line 7 in work`.
fn frame(line: &str) -> Option<StackFrame> {
    let (place, function) = line.trim_start().strip_prefix("File ")?.rsplit_once(" in ")?;
    let (file, line) = place.rsplit_once(", line ")?;
    Some(StackFrame {
        file: cut(file.trim_matches('"')),
        line: line.parse().unwrap_or(0),
        function: cut(function),
    })
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(thread: &ThreadStack) -> Vec<String> {
        thread.frames.iter().map(|f| format!("{}:{} {}", f.file, f.line, f.function)).collect()
    }

    #[test]
    fn threads_are_told_with_their_names_and_without_our_frames() {
        let dump = "Thread 0x00007f01 (most recent call first):\n  File \"a.py\", line 3 in wait\n  ...\n\n\
                    Current thread 0x00007f02 (most recent call first):\n  File \"<rqd>/stack.py\", line 9 in show\n  \
                    File \"odd, line 4 in name.py\", line 7 in work\n  File \"<rqd>/job.py\", line 1 in called\n  File \"/proc/self/fd/3\", line 117 in <module>\n<rqd> end\n\
                    {\"7f01\": \"pool-0\", \"7f02\": \"MainThread\"}\n";

        let found = stacks(dump);

        assert_eq!(found.len(), 2);
        assert_eq!((found[0].name.as_deref(), found[0].is_main), (Some("MainThread"), true));
        assert_eq!(told(&found[0]), ["odd, line 4 in name.py:7 work"]);
        assert_eq!((found[1].name.as_deref(), found[1].is_cut), (Some("pool-0"), true));
        assert_eq!(told(&found[1]), ["a.py:3 wait"]);
    }

    #[test]
    fn the_stack_of_one_thread_has_no_name() {
        let found = stacks("Stack (most recent call first):\n  File \"a.py\", line ??? in <listcomp>\n");

        assert_eq!(found[0].name, None);
        assert_eq!(told(&found[0]), ["a.py:0 <listcomp>"]);
    }

    #[test]
    fn whatever_stands_there_is_read_without_a_panic() {
        for junk in ["", "\n\n", "Thread 0x", "  File \"", "File x, line y in z", END, "<rqd> end\n[1]"] {
            assert!(stacks(junk).iter().all(|thread| thread.frames.is_empty()), "{junk}");
        }
    }
}
