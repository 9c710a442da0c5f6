//! Looking at a job while it runs, without stopping it: the horse's side of it is `python/stack.py`.

use std::fs::File;
use std::io::{self, Seek as _};
use std::os::unix::fs::FileExt as _;
use std::rc::Rc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use super::stack::{self, END, ThreadStack};
use crate::os;

/// The signals that a horse answers to. Numbers and not names, because C libraries disagree about SIGRTMIN.
const ASK: i32 = 61;
const INSIST: i32 = 60;

/// How long the horse's Python has to answer, which it does between two steps of Python code.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long one thread may take to write its own stack.
const BRIEF: Duration = Duration::from_millis(500);
/// How often it is looked whether something came.
const PACE: Duration = Duration::from_millis(2);
/// The most that is read.
const LIMIT: u64 = 256 << 10;
/// The most threads that are asked one by one.
const MOST_THREADS: usize = 64;

/// Where the stacks of a horse are seen.
#[derive(Clone)]
pub(crate) struct Window {
    pid: u32,
    /// The number of the file in the horse, by its own word.
    descriptor: Option<u32>,
    /// One look at a time.
    file: Rc<Mutex<File>>,
}

/// What was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) threads: Vec<ThreadStack>,
    /// What is missing, and why.
    pub(crate) note: Option<String>,
}

/// Why nothing could be seen.
#[derive(Debug, Error)]
pub(crate) enum LookError {
    #[error("its process has ended")]
    Gone,
    /// A signal would end it, or what it writes would go into a file of the job.
    #[error("its code has closed the file that its stacks are written to, or handles signal {0} by itself")]
    Shut(i32),
    #[error("its code holds signal {0} back")]
    Deaf(i32),
    #[error("it did not answer within {}s", .0.as_secs_f64())]
    Silent(Duration),
    #[error(
        "its process cannot be looked at, which takes the capability SYS_PTRACE where it runs as another user"
    )]
    Forbidden(#[source] io::Error),
    #[error("cannot ask it")]
    Io(#[source] io::Error),
}

impl Window {
    pub(super) fn new(pid: u32, descriptor: Option<u32>, file: File) -> Self {
        Self { pid, descriptor, file: Rc::new(Mutex::new(file)) }
    }

    /// The number of the process that is looked at.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Looks at the stacks of all threads. Where the interpreter does not answer, at those of threads that run no Python code now.
    pub(crate) async fn look(&self) -> Result<Seen, LookError> {
        let mut file = self.file.lock().await;
        self.check(&file, ASK)?;
        if let Some(dump) = self.ask(&mut file).await? {
            return Ok(Seen { threads: stack::stacks(&dump), note: None });
        }
        self.insist(&mut file).await
    }

    /// Makes sure that the horse is there and listens: a signal that nobody handles would end it.
    fn check(&self, file: &File, signal: i32) -> Result<(), LookError> {
        let descriptor = self.descriptor.ok_or(LookError::Shut(signal))?;
        let hearing = os::hearing(self.pid, self.pid, signal).map_err(|_| LookError::Gone)?;
        if matches!(hearing.state, 'Z' | 'X') {
            return Err(LookError::Gone);
        }
        // It shows, too, that no other process has the number by now: nobody else has this file.
        if !os::holds(self.pid, descriptor, file).map_err(LookError::Forbidden)? || !hearing.is_caught {
            return Err(LookError::Shut(signal));
        }
        if hearing.is_blocked && signal == ASK {
            return Err(LookError::Deaf(signal));
        }
        Ok(())
    }

    /// Asks the interpreter; nothing when it did not come to it in time.
    async fn ask(&self, file: &mut File) -> Result<Option<String>, LookError> {
        wipe(file)?;
        self.signal(self.pid, ASK)?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            sleep(PACE).await;
            let dump = read(file)?;
            // The names come with the end, in one write.
            if dump.split_once(END).is_some_and(|(_, names)| names.ends_with('\n'))
                || dump.len() as u64 >= LIMIT
            {
                return Ok(Some(dump));
            }
            if os::hearing(self.pid, self.pid, ASK).is_err() {
                return Err(LookError::Gone);
            }
        }
        Ok(None)
    }

    /// Asks the threads one by one that are certain not to run Python code: the main thread, as it did not answer, and sleepers.
    async fn insist(&self, file: &mut File) -> Result<Seen, LookError> {
        let mut seen = Seen::default();
        let mut passed_over = 0;
        let threads = os::threads(self.pid).map_err(|_| LookError::Gone)?;
        for thread in threads.iter().copied().take(MOST_THREADS) {
            self.check(file, INSIST)?;
            let is_main = thread == self.pid;
            let Ok(hearing) = os::hearing(self.pid, thread, INSIST) else { continue };
            if hearing.is_blocked || (!is_main && hearing.state != 'S') {
                passed_over += 1;
                continue;
            }
            wipe(file)?;
            if !os::signal_thread(self.pid, thread, INSIST).map_err(LookError::Io)?
                || !self.has_answered(thread).await
            {
                passed_over += 1;
                continue;
            }
            let found = stack::stacks(&read(file)?).into_iter().map(|one| ThreadStack { is_main, ..one });
            // A thread that is none of Python's writes nothing.
            seen.threads.extend(found);
        }
        passed_over += threads.len().saturating_sub(MOST_THREADS);
        if seen.threads.is_empty() {
            return Err(LookError::Silent(PATIENCE));
        }
        seen.threads.sort_by_key(|thread| !thread.is_main);
        seen.note = Some(in_a_call(passed_over));
        Ok(seen)
    }

    /// Waits until a thread is through with its handler, which the kernel tells by its mask.
    async fn has_answered(&self, thread: u32) -> bool {
        let deadline = Instant::now() + BRIEF;
        while Instant::now() < deadline {
            match os::hearing(self.pid, thread, INSIST) {
                Ok(hearing) if !hearing.is_blocked && !hearing.is_pending => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
            sleep(PACE).await;
        }
        false
    }

    fn signal(&self, thread: u32, signal: i32) -> Result<(), LookError> {
        match os::signal_thread(self.pid, thread, signal) {
            Ok(true) => Ok(()),
            Ok(false) => Err(LookError::Gone),
            Err(error) => Err(LookError::Io(error)),
        }
    }
}

/// The place where the horse writes is shared with us: it begins anew.
fn wipe(file: &mut File) -> Result<(), LookError> {
    file.set_len(0).and_then(|()| file.rewind()).map_err(LookError::Io)
}

/// What the horse has written; reading does not move the place where it goes on.
fn read(file: &File) -> Result<String, LookError> {
    let mut content = Vec::new();
    let mut at = 0;
    let mut part = [0; 16 << 10];
    while at < LIMIT {
        let count = file.read_at(&mut part, at).map_err(LookError::Io)?;
        if count == 0 {
            break;
        }
        content.extend_from_slice(&part[..count]);
        at += count as u64;
    }
    Ok(String::from_utf8_lossy(&content).into_owned())
}

/// Why not all is shown.
fn in_a_call(passed_over: usize) -> String {
    let others = match passed_over {
        0 => String::new(),
        1 => "; 1 thread is not shown, as it is at work".to_owned(),
        _ => format!("; {passed_over} threads are not shown, as they are at work"),
    };
    format!("the main thread is inside of a call of C code that the innermost line made{others}")
}
