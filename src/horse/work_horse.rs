//! One work horse, as the daemon sees it.

use std::fs::File;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::frame::{self, FrameError};
use super::protocol::{Aftermath, EndedHead, EndedKind, HorseOrder, HorseReport, Phase, Run};
use crate::job::{Death, Fields, Outcome, Raised, Returned, Timestamp, Usage};
use crate::os::{self, OomKills};

/// The most that is kept of a fault dump.
const FAULT_LIMIT: u64 = 64 << 10;
/// How long a horse may take to end after its job did, or after it closed its socket.
const LAST_WORD: Duration = Duration::from_secs(5);

/// The number of SIGKILL, which is what the kernel kills with for want of memory.
const KILL: i32 = 9;

/// How a horse's process ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exit {
    pub(super) status: i32,
    pub(super) usage: Usage,
}

/// What a horse says while it runs a job.
#[derive(Debug)]
pub(crate) enum Said {
    /// It entered a phase.
    Phase(Phase),
    /// The job ended.
    Ended(Box<Ending>),
    /// RQ's own code says that it has settled the job.
    Settled,
    /// The horse is gone, or was killed for talking junk.
    Died(Death),
}

/// A job's end, by the horse's word.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) outcome: Outcome,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) ended_at: Option<Timestamp>,
}

/// A horse that waits for a job, or runs one. Dropping it ends it: its socket closes.
pub(crate) struct Horse {
    pid: u32,
    writer: OwnedWriteHalf,
    heard: mpsc::Receiver<Heard>,
    listener: JoinHandle<()>,
    exit: oneshot::Receiver<Exit>,
    returned: mpsc::Receiver<UnixStream>,
    faults: File,
    oom_kills: OomKills,
    /// Where in its job it is.
    phase: Option<Phase>,
    /// How many jobs it was given.
    served: u64,
}

/// What the task that reads a horse's socket heard.
type Heard = Result<(HorseReport, Vec<u8>), FrameError>;

/// What the keeper knows of a new horse.
pub(super) struct Parts {
    pub(super) pid: u32,
    pub(super) stream: UnixStream,
    pub(super) exit: oneshot::Receiver<Exit>,
    pub(super) returned: mpsc::Receiver<UnixStream>,
    pub(super) faults: File,
}

impl Horse {
    pub(super) fn new(parts: Parts) -> Self {
        let Parts { pid, stream, exit, returned, faults } = parts;
        let (writer, heard, listener) = attend(stream);
        let oom_kills = OomKills::now();
        Self { pid, writer, heard, listener, exit, returned, faults, oom_kills, phase: None, served: 0 }
    }

    /// The process number, which is the number of its process group too.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// How many jobs it was given.
    pub(crate) fn served(&self) -> u64 {
        self.served
    }

    /// Whether it ended before it had a job.
    pub(crate) fn is_gone(&mut self) -> bool {
        !matches!(self.exit.try_recv(), Err(oneshot::error::TryRecvError::Empty))
            || self.listener.is_finished()
    }

    /// Hands over a job. A horse that cannot take it shows as its death.
    pub(crate) async fn run(&mut self, run: &Run<'_>, fields: &Fields) {
        self.phase = None;
        let body: Vec<&[u8]> = fields.iter().map(|(_, value)| value.as_slice()).collect();
        self.served += 1;
        let _ = frame::write(&mut self.writer, &HorseOrder::Run(run), &body).await;
    }

    /// Has RQ's own code settle a job whose horse is gone.
    pub(crate) async fn settle(&mut self, aftermath: &Aftermath<'_>) {
        let _ = frame::write(&mut self.writer, &HorseOrder::Settle(aftermath), &[]).await;
    }

    /// Waits for its next word. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Said {
        match self.heard.recv().await {
            Some(Ok((HorseReport::Phase { phase }, _))) if self.enters(phase) => Said::Phase(phase),
            Some(Ok((HorseReport::Ended(EndedHead { kind: EndedKind::Settled, .. }), _))) => Said::Settled,
            Some(Ok((HorseReport::Ended(head), body))) => Said::Ended(Box::new(ending(head, body))),
            Some(Ok(_)) => self.talked_junk("a report that does not belong here").await,
            Some(Err(FrameError::Junk(what))) => self.talked_junk(&what).await,
            // The process is ending, or its job closed the socket and it will come back.
            Some(Err(FrameError::Closed | FrameError::Broken(_))) | None => self.silent().await,
        }
    }

    /// Whether it may enter that phase now; each comes once in a job, because each gives it time.
    fn enters(&mut self, phase: Phase) -> bool {
        let in_order = match phase {
            Phase::Function => self.phase.is_none(),
            Phase::Ending => self.phase != Some(Phase::Ending),
        };
        self.phase = Some(phase);
        in_order
    }

    /// Kills the horse and everything in its process group.
    pub(crate) fn kill(&self) -> std::io::Result<()> {
        os::kill_group(self.pid)
    }

    /// Tells a job that the worker is about to be shut down.
    pub(crate) fn warn(&self) -> std::io::Result<()> {
        os::warn_group(self.pid)
    }

    /// Lets a horse go whose job ended; a horse that does not end by itself is killed.
    pub(crate) async fn dismiss(mut self) {
        let _ = frame::write(&mut self.writer, &HorseOrder::Quit, &[]).await;
        let _ = self.writer.shutdown().await;
        if tokio::time::timeout(LAST_WORD, &mut self.exit).await.is_err() {
            let _ = self.kill();
        }
        self.listener.abort();
    }

    /// Waits for the death of a horse that was killed.
    pub(crate) async fn bury(&mut self, cause: Option<String>) -> Death {
        let exit = tokio::time::timeout(LAST_WORD, &mut self.exit).await.ok().and_then(Result::ok);
        self.death(exit, cause)
    }

    async fn silent(&mut self) -> Said {
        let returned = tokio::select! {
            exit = &mut self.exit => return Said::Died(self.death(exit.ok(), None)),
            returned = self.returned.recv() => returned,
        };
        let Some(stream) = returned else {
            let exit = (&mut self.exit).await.ok();
            return Said::Died(self.death(exit, None));
        };
        (self.writer, self.heard, self.listener) = attend(stream);
        Box::pin(self.next()).await
    }

    async fn talked_junk(&mut self, what: &str) -> Said {
        let _ = self.kill();
        Said::Died(self.bury(Some(format!("it was killed because it sent {what}"))).await)
    }

    fn death(&mut self, exit: Option<Exit>, cause: Option<String>) -> Death {
        let fault = os::read_memory_file(&mut self.faults, FAULT_LIMIT).unwrap_or_default();
        let fault = String::from_utf8_lossy(&fault).trim().to_owned();
        let killed = exit.is_some_and(|exit| exit.status & 0x7f == KILL);
        let starved = killed && OomKills::now().rose_since(self.oom_kills);
        let cause = cause.or_else(|| starved.then(|| "out of memory: the kernel killed it".to_owned()));
        Death {
            pid: self.pid,
            status: exit.map(|exit| exit.status),
            usage: exit.map(|exit| exit.usage),
            cause,
            fault: (!fault.is_empty()).then_some(fault),
        }
    }
}

/// Reads a horse's socket in a task of its own, because reading a frame must not be interrupted.
fn attend(stream: UnixStream) -> (OwnedWriteHalf, mpsc::Receiver<Heard>, JoinHandle<()>) {
    let (mut reader, writer) = stream.into_split();
    let (tell, heard) = mpsc::channel(4);
    let listener = tokio::task::spawn_local(async move {
        loop {
            let frame = frame::read::<HorseReport>(&mut reader).await.map(|frame| (frame.head, frame.body));
            let over = frame.is_err();
            if tell.send(frame).await.is_err() || over {
                return;
            }
        }
    });
    (writer, heard, listener)
}

fn ending(head: EndedHead, body: Vec<u8>) -> Ending {
    let outcome = match head.kind {
        EndedKind::Returned => Outcome::Returned(Returned {
            value: (!head.none).then_some(body),
            repr: head.repr,
            unserializable: head.unserializable,
        }),
        EndedKind::Raised => Outcome::Raised(Raised {
            traceback: String::from_utf8_lossy(&body).into_owned(),
            function: head.func_name,
        }),
        EndedKind::Settled => unreachable!("it is told by a word of its own"),
        EndedKind::AskedRetry => Outcome::AskedRetry(body),
    };
    Ending {
        outcome,
        started_at: head.started_at.and_then(Timestamp::from_seconds),
        ended_at: head.ended_at.and_then(Timestamp::from_seconds),
    }
}
