//! What a process wrote, line by line, while it runs.

use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

/// The lines of one stream, read continuously by a thread of its own.
#[derive(Clone)]
pub(crate) struct Output {
    shared: Arc<(Mutex<Captured>, Condvar)>,
}

#[derive(Default)]
struct Captured {
    lines: Vec<String>,
    ended: bool,
}

impl Output {
    /// Begins to read the stream.
    pub(crate) fn capture(stream: impl Read + Send + 'static) -> Self {
        let output = Self { shared: Arc::default() };
        let writer = output.clone();
        thread::spawn(move || writer.read(stream));
        output
    }

    fn read(&self, stream: impl Read) {
        let (captured, changed) = &*self.shared;
        for line in BufReader::new(stream).split(b'\n') {
            let Ok(line) = line else { break };
            captured.lock().unwrap().lines.push(String::from_utf8_lossy(&line).into_owned());
            changed.notify_all();
        }
        captured.lock().unwrap().ended = true;
        changed.notify_all();
    }

    /// All lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.shared.0.lock().unwrap().lines.clone()
    }

    /// All lines so far as one text.
    pub(crate) fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// The first line that matches, now or within the deadline. `*` in the pattern stands for anything.
    #[track_caller]
    pub(crate) fn wait_for_line(&self, pattern: &str, deadline: Duration) -> String {
        let mut found = None;
        self.wait(deadline, |captured| {
            found = captured.lines.iter().find(|line| matches(line, pattern)).cloned();
            found.is_some() || captured.ended
        });
        found.unwrap_or_else(|| panic!("no line {pattern:?} within {deadline:?} in:\n{}", self.text()))
    }

    /// Waits for the end of the stream; an orphan that holds it open is not waited for beyond the deadline.
    pub(crate) fn wait_for_end(&self, deadline: Duration) {
        self.wait(deadline, |captured| captured.ended);
    }

    fn wait(&self, deadline: Duration, mut enough: impl FnMut(&Captured) -> bool) {
        let (captured, changed) = &*self.shared;
        let end = Instant::now() + deadline;
        let mut guard = captured.lock().unwrap();
        while !enough(&guard) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            guard = changed.wait_timeout(guard, left).unwrap().0;
        }
    }
}

/// Whether the parts of `pattern` between its stars occur in `line` in that order.
pub(crate) fn matches(line: &str, pattern: &str) -> bool {
    let mut rest = line;
    pattern.split('*').all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}
