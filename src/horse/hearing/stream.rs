//! One of the two streams of a job.

use std::future::pending;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::unix::AsyncFd;
use tokio::task::{spawn_local, yield_now};

use super::lines::Lines;
use super::messages::now_empty;
use super::patience::Patience;
use super::whose::Whose;
use crate::event::OutputStream;
use crate::os;

/// How much is read at once: others get their turn after it, and it has no more lines than the log has room for.
pub(super) const PORTION: usize = 4 << 10;

/// How many streams may be read whose jobs are over, because some process that such a job left behind has them open.
const MOST_LEFT: usize = 64;

/// How many there are.
static LEFT: AtomicUsize = AtomicUsize::new(0);

/// What comes over a pipe, as lines.
#[derive(Debug)]
pub(super) struct Stream {
    kind: OutputStream,
    /// Nothing when nobody writes into it any more.
    pipe: Option<AsyncFd<OwnedFd>>,
    lines: Lines,
}

impl Stream {
    /// Reads the pipe that has this end.
    pub(super) fn new(kind: OutputStream, pipe: OwnedFd) -> io::Result<Self> {
        Ok(Self { kind, pipe: Some(os::watch(pipe)?), lines: Lines::default() })
    }

    /// Waits until there is something to read.
    pub(super) async fn ready(&self) {
        match &self.pipe {
            // It stays ready until reading finds nothing; what is wrong shows in reading.
            Some(pipe) => drop(pipe.readable().await),
            None => pending().await,
        }
    }

    /// Tells the lines of one portion, and returns it; nothing when there is none for now.
    pub(super) fn read<'buffer>(
        &mut self,
        whose: &Whose,
        buffer: &'buffer mut [u8],
    ) -> Option<(&'buffer [u8], Vec<String>)> {
        let pipe = self.pipe.as_ref()?;
        match os::read_pipe(pipe.as_fd(), buffer) {
            Ok(0) => self.pipe = None,
            Ok(count) => {
                let lines = self.lines.push(&buffer[..count]);
                for line in &lines {
                    whose.wrote(self.kind, line);
                }
                return Some((&buffer[..count], lines));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => now_empty(pipe),
            Err(_) => self.pipe = None,
        }
        None
    }

    /// Tells the line that was begun and not ended.
    pub(super) fn finish_line(&mut self, whose: &Whose) -> Option<String> {
        let line = self.lines.rest()?;
        whose.wrote(self.kind, &line);
        Some(line)
    }

    /// The job is over. What processes of it that outlive it still write is told as the job's, for as long as they have the stream
    /// open: nobody waits for them, and they are not to die of it.
    pub(super) fn leave_behind(mut self, whose: Rc<Whose>) {
        if self.pipe.is_none() || LEFT.fetch_add(1, Ordering::Relaxed) >= MOST_LEFT {
            LEFT.fetch_sub(usize::from(self.pipe.is_some()), Ordering::Relaxed);
            return;
        }
        spawn_local(async move {
            let (mut buffer, mut patience) = (vec![0; PORTION], Patience::default());
            while self.pipe.is_some() {
                self.ready().await;
                patience.wait().await;
                self.read(&whose, &mut buffer);
                yield_now().await;
            }
            self.finish_line(&whose);
            LEFT.fetch_sub(1, Ordering::Relaxed);
        });
    }
}
