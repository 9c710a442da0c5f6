//! One work horse, as the daemon sees it.

mod orders;
mod socket;

use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::net::unix::OwnedWriteHalf;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use self::socket::{Word, attend};
use super::bounds::Bounds;
use super::death;
use super::ending::Ending;
use super::frame::{self, FrameError};
use super::hearing::Hearing;
use super::protocol::{CallbackKind, HorseOrder, HorseReport, Phase};
use super::window::Window;
use crate::job::{Death, Evidence, Heard, Usage, Why};
use crate::os::{self, OomKills};

/// The most that is kept of a fault dump.
const FAULT_LIMIT: u64 = 64 << 10;
/// How long a horse may take to end after its job did, or after it closed its socket.
const LAST_WORD: Duration = Duration::from_secs(5);

/// How long what a horse wrote before its end may take to be read.
const LAST_FRAME: Duration = Duration::from_secs(1);

/// How a horse's process ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exit {
    pub(super) status: i32,
    pub(super) usage: Usage,
}

/// A phase without what is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Function,
    Callback(CallbackKind),
    Ending,
}

/// What a horse says while it runs a job.
#[derive(Debug)]
pub(crate) enum Said {
    /// It entered a phase.
    Phase(Phase),
    /// A callback raised; the traceback.
    CallbackRaised(CallbackKind, String),
    /// An errand is done; the traceback of what it raised.
    Called(Option<String>),
    /// The job ended.
    Ended(Box<Ending>),
    /// RQ's own code says that it has settled the job.
    Settled,
    /// The horse is gone, or was killed for talking junk.
    Died(Death),
}

/// A horse that waits for a job, or runs one. Dropping it ends it: its socket closes.
pub(crate) struct Horse {
    pid: u32,
    /// Nothing while an order is on its way.
    writer: Option<OwnedWriteHalf>,
    sending: Option<JoinHandle<OwnedWriteHalf>>,
    heard: mpsc::Receiver<Word>,
    listener: JoinHandle<()>,
    exit: oneshot::Receiver<Exit>,
    returned: mpsc::Receiver<UnixStream>,
    faults: File,
    /// What its job says beside that.
    hearing: Box<Hearing>,
    window: Window,
    bounds: Bounds,
    /// The count when it got its order.
    oom_kills: OomKills,
    /// RQ's own code runs in it, and may say that it has settled the job.
    settles: bool,
    end: End,
    /// The phases of its job so far.
    steps: Vec<Step>,
    /// How many jobs it was given.
    served: u64,
    /// It was told to end after its job by itself.
    leaves: bool,
    /// By its own word it should not be given another job.
    worn: bool,
    /// The dotted name of its job's function, once that is known.
    function: Option<String>,
    /// What it told of a job's failure that RQ's own code has settled.
    evidence: Option<Arc<Evidence>>,
}

/// What is known of the end of a horse's process.
#[derive(Debug, Clone, Copy)]
enum End {
    /// Nothing yet.
    Unknown,
    Told(Exit),
    /// It ended, and nobody can tell how.
    Untold,
}

/// What the keeper knows of a new horse.
pub(super) struct Parts {
    pub(super) pid: u32,
    pub(super) stream: UnixStream,
    pub(super) exit: oneshot::Receiver<Exit>,
    pub(super) returned: mpsc::Receiver<UnixStream>,
    pub(super) faults: File,
    /// Where its log records come from.
    pub(super) records: OwnedFd,
    pub(super) window: Window,
    pub(super) bounds: Bounds,
}

impl Horse {
    pub(super) fn new(parts: Parts) -> Self {
        let Parts { pid, stream, exit, returned, faults, records, window, bounds } = parts;
        let (writer, heard, listener) = attend(stream);
        Self {
            pid,
            writer: Some(writer),
            sending: None,
            heard,
            listener,
            exit,
            returned,
            faults,
            hearing: Box::new(Hearing::new(records)),
            window,
            bounds,
            oom_kills: OomKills::default(),
            settles: false,
            end: End::Unknown,
            steps: Vec::new(),
            served: 0,
            leaves: false,
            worn: false,
            function: None,
            evidence: None,
        }
    }

    /// The process number, which is the number of its process group too.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Where others may look at what it does.
    pub(crate) fn window(&self) -> Window {
        self.window.clone()
    }

    /// How many jobs it was given.
    pub(crate) fn served(&self) -> u64 {
        self.served
    }

    /// Whether it must not have another job: it is too large or too old, as its limits have it, or it is about to end.
    pub(crate) fn is_worn(&self) -> bool {
        self.worn || self.leaves
    }

    /// The dotted name of its job's function, when it said it.
    pub(crate) fn function(&self) -> Option<String> {
        self.function.clone()
    }

    /// What it told of a job's failure that RQ's own code has settled.
    pub(crate) fn evidence(&mut self) -> Option<Arc<Evidence>> {
        self.evidence.take()
    }

    /// Whether it ended before it had a job.
    pub(crate) fn is_gone(&mut self) -> bool {
        self.has_ended() || self.listener.is_finished()
    }

    /// Hears what the job said last, and returns what is remembered of it. The job is over, or its horse is dead.
    pub(crate) fn hear_out(&mut self) -> Heard {
        self.hearing.finish()
    }

    /// Waits for its next word. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Said {
        let Some(word) = self.hear().await else {
            let exit = self.end().await;
            return Said::Died(self.death(exit, None));
        };
        match word {
            Some(Ok((HorseReport::Phase(head), _))) => {
                let phase = Phase::from(head);
                if !self.enters(&phase) {
                    return self.talked_junk("a phase that does not belong here").await;
                }
                Said::Phase(phase)
            }
            Some(Ok((HorseReport::CallbackRaised { callback }, body))) => {
                Said::CallbackRaised(callback, String::from_utf8_lossy(&body).into_owned())
            }
            Some(Ok((HorseReport::Called { raised }, body))) => {
                Said::Called(raised.then(|| String::from_utf8_lossy(&body).into_owned()))
            }
            Some(Ok((HorseReport::Ended(mut head), body))) => {
                self.worn = head.worn;
                self.hearing.note_lost(head.lost_records);
                self.evidence = head.settled_evidence();
                match Ending::new(*head, body) {
                    Some(ending) => Said::Ended(Box::new(ending)),
                    None if self.settles => Said::Settled,
                    None => self.talked_junk("a report that does not belong here").await,
                }
            }
            Some(Ok(_)) => self.talked_junk("a report that does not belong here").await,
            Some(Err(FrameError::Junk(what))) => self.talked_junk(&what).await,
            // The process is ending, or its job closed the socket and it will come back.
            Some(Err(FrameError::Closed | FrameError::Broken(_))) | None => self.silent().await,
        }
    }

    /// What comes over its socket; nothing when it has ended and what it had to say was heard. The end of its socket does not
    /// tell that alone: a child of its job may hold it open.
    async fn hear(&mut self) -> Option<Option<Word>> {
        let exit = loop {
            tokio::select! {
                biased;
                heard = self.heard.recv() => return Some(heard),
                exit = end(&mut self.exit, &mut self.end), if !matches!(self.end, End::Untold) => break exit,
                () = self.hearing.listen() => {}
            }
        };
        match exit {
            Some(_) => tokio::time::timeout(LAST_FRAME, self.heard.recv()).await.ok(),
            // Nobody can tell when it ends.
            None => Some(self.heard.recv().await),
        }
    }

    /// Whether it may enter that phase now; each comes once in a job (the end of each, too), because each gives it time.
    fn enters(&mut self, phase: &Phase) -> bool {
        let step = match phase {
            Phase::Function(name, _) => {
                self.function.clone_from(name);
                Step::Function
            }
            Phase::Callback(callback, _) => Step::Callback(*callback),
            Phase::Ending => Step::Ending,
        };
        let last = self.steps.last();
        let in_order = match step {
            Step::Function => last.is_none(),
            Step::Callback(_) => last != Some(&Step::Function) && !self.steps.contains(&step),
            Step::Ending => last != Some(&Step::Ending),
        };
        self.steps.push(step);
        in_order
    }

    /// Kills the horse and everything in its process group; false when it is gone already.
    pub(crate) fn kill(&mut self) -> std::io::Result<bool> {
        let killed = os::kill_group(self.pid);
        // A job may have moved its process to another group. One that has ended may not be the same process any more.
        if self.has_ended() { killed } else { Ok(os::kill_process(self.pid)? || killed?) }
    }

    /// Asks the horse and everything in its process group to end; false when it is gone already.
    pub(crate) fn terminate(&self) -> std::io::Result<bool> {
        os::terminate_group(self.pid)
    }

    /// Tells a job that the worker is about to be shut down.
    pub(crate) fn warn(&self) -> std::io::Result<bool> {
        os::warn_group(self.pid)
    }

    /// Lets a horse go whose job ended; a horse that does not end by itself is killed.
    pub(crate) async fn dismiss(mut self) {
        self.is_free().await;
        // Nothing more comes: that is enough for one that leaves by itself.
        if let Some(mut writer) = self.writer.take().filter(|_| !self.leaves) {
            let _ = frame::write(&mut writer, &HorseOrder::Quit, &[]).await;
            let _ = writer.shutdown().await;
        }
        if tokio::time::timeout(LAST_WORD, self.end()).await.is_err() {
            let _ = self.kill();
        }
        self.listener.abort();
    }

    /// Waits for the death of a horse that was killed.
    pub(crate) async fn bury(&mut self, why: Option<Why>) -> Death {
        let exit = tokio::time::timeout(LAST_WORD, self.end()).await.ok().flatten();
        self.death(exit, why)
    }

    /// Whether its process is known to have ended.
    fn has_ended(&mut self) -> bool {
        if matches!(self.end, End::Unknown) {
            self.end = match self.exit.try_recv() {
                Ok(exit) => End::Told(exit),
                Err(oneshot::error::TryRecvError::Closed) => End::Untold,
                Err(oneshot::error::TryRecvError::Empty) => End::Unknown,
            };
        }
        !matches!(self.end, End::Unknown)
    }

    /// Waits for the end of its process.
    async fn end(&mut self) -> Option<Exit> {
        end(&mut self.exit, &mut self.end).await
    }

    async fn silent(&mut self) -> Said {
        let returned = tokio::select! {
            exit = end(&mut self.exit, &mut self.end) => return Said::Died(self.death(exit, None)),
            returned = self.returned.recv() => returned,
        };
        let Some(stream) = returned else {
            let exit = self.end().await;
            return Said::Died(self.death(exit, None));
        };
        let (writer, heard, listener) = attend(stream);
        (self.writer, self.sending, self.heard, self.listener) = (Some(writer), None, heard, listener);
        Box::pin(self.next()).await
    }

    async fn talked_junk(&mut self, what: &str) -> Said {
        let _ = self.kill();
        Said::Died(self.bury(Some(Why::Junk(what.to_owned()))).await)
    }

    fn death(&mut self, exit: Option<Exit>, why: Option<Why>) -> Death {
        let fault = os::read_memory_file(&mut self.faults, FAULT_LIMIT).unwrap_or_default();
        let fault = death::fault(&String::from_utf8_lossy(&fault));
        let why = why.or_else(|| death::why(exit?.status, self.oom_kills, &self.bounds));
        Death {
            pid: self.pid,
            status: exit.map(|exit| exit.status),
            usage: exit.map(|exit| exit.usage),
            why,
            fault: (!fault.is_empty()).then_some(fault),
        }
    }
}

/// Waits for the end of a horse's process; asked again, the answer is the same.
async fn end(exit: &mut oneshot::Receiver<Exit>, known: &mut End) -> Option<Exit> {
    if matches!(known, End::Unknown) {
        *known = exit.await.map_or(End::Untold, End::Told);
    }
    match known {
        End::Told(exit) => Some(*exit),
        End::Unknown | End::Untold => None,
    }
}

#[cfg(test)]
mod tests;
