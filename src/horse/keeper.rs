//! The keeper of the stable: always a warm horse ahead of the next job, whatever becomes of the fork server.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::foal::{Foal, Word, until_ready};
use super::fork_server::{ForkServer, Memory, Orders, StartError};
use super::frame::FrameError;
use super::protocol::ServerReport;
use super::returning::Returned;
use super::stable::{StableOptions, start};
use super::window::Window;
use super::work_horse::{Exit, Horse, Parts};
use crate::event::Event;
use crate::job::Usage;
use crate::os::{self, Reaped};
use crate::telemetry::emit;

/// How long a fresh horse may take until it is ready.
const READY_LIMIT: Duration = Duration::from_secs(30);
/// The pause after a failed fork or start, doubled each time up to the longest.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long a fork server that is let go may take to end.
const LAST_TIME: Duration = Duration::from_secs(5);

/// Everything that can happen to a keeper.
pub(super) enum Input {
    Wanted(oneshot::Sender<Horse>),
    Reported(u64, Result<ServerReport, FrameError>),
    Ready(u64, Result<Word, String>),
    Returned(Returned),
    ChildEnded(Reaped),
    Rested,
    /// Nobody will ask for a horse any more.
    Closed,
    /// A fork server that was let go had its time.
    Overdue,
    Started(Result<ForkServer, StartError>),
}

/// Where the news of a living horse go.
struct Watched {
    exit: Option<oneshot::Sender<Exit>>,
    returned: mpsc::Sender<UnixStream>,
}

pub(super) struct Keeper {
    options: StableOptions,
    return_address: String,
    inputs: mpsc::UnboundedSender<Input>,
    /// The fork server of now; reports of an earlier generation only tell of deaths.
    generation: u64,
    server_pid: u32,
    lost_pid: u32,
    orders: Option<Orders>,
    warm: VecDeque<Horse>,
    waiting: VecDeque<oneshot::Sender<Horse>>,
    foals: HashMap<u64, Foal>,
    watched: HashMap<u32, Watched>,
    next_horse: u64,
    pause: Duration,
    /// No horse is asked for until the pause is over.
    resting: bool,
    /// Nobody wants horses any more; those at work are seen to their end.
    closed: bool,
}

impl Keeper {
    /// A keeper that has its first fork server.
    pub(super) fn new(
        options: StableOptions,
        return_address: String,
        inputs: mpsc::UnboundedSender<Input>,
        server: ForkServer,
    ) -> Self {
        let mut keeper = Self {
            options,
            return_address,
            inputs,
            generation: 0,
            server_pid: 0,
            lost_pid: 0,
            orders: None,
            warm: VecDeque::new(),
            waiting: VecDeque::new(),
            foals: HashMap::new(),
            watched: HashMap::new(),
            next_horse: 0,
            pause: PAUSE,
            resting: false,
            closed: false,
        };
        keeper.adopt(server);
        keeper
    }

    /// Keeps the stable for as long as somebody may come.
    pub(super) async fn keep(mut self, mut incoming: mpsc::UnboundedReceiver<Input>) {
        self.fork().await;
        while let Some(input) = incoming.recv().await {
            match input {
                Input::Wanted(wanting) => self.waiting.push_back(wanting),
                Input::Reported(generation, report) => self.hear(generation, report),
                Input::Ready(number, ready) => self.ready(number, ready),
                Input::Returned(returned) => self.returned(returned),
                Input::ChildEnded(reaped) => self.child_ended(reaped),
                Input::Rested => self.resting = false,
                Input::Started(started) => self.replaced(started),
                Input::Closed => self.close(),
                Input::Overdue => self.end_server(),
            }
            if self.closed {
                self.send_home();
                if self.watched.is_empty() && self.server_pid == 0 {
                    return;
                }
                continue;
            }
            self.give();
            self.fork().await;
        }
    }

    /// Lets the fork server go: it ends when its control socket does.
    fn close(&mut self) {
        self.closed = true;
        self.orders = None;
        self.waiting.clear();
        let inputs = self.inputs.clone();
        tokio::task::spawn_local(async move {
            sleep(LAST_TIME).await;
            let _ = inputs.send(Input::Overdue);
        });
    }

    fn end_server(&mut self) {
        if self.closed && self.server_pid != 0 {
            let _ = os::kill_group(self.server_pid);
        }
    }

    /// Dismisses the horses that nobody took.
    fn send_home(&mut self) {
        for horse in self.warm.drain(..) {
            tokio::task::spawn_local(horse.dismiss());
        }
    }

    /// Hands warm horses to those who wait.
    fn give(&mut self) {
        while !self.waiting.is_empty() {
            let Some(mut horse) = self.warm.pop_front() else { return };
            if horse.is_gone() {
                continue;
            }
            let wanting = self.waiting.pop_front().expect("somebody waits");
            if let Err(horse) = wanting.send(horse) {
                self.warm.push_front(horse);
            }
        }
    }

    /// Keeps one horse ahead of those who wait.
    async fn fork(&mut self) {
        while self.orders.is_some()
            && !self.resting
            && self.warm.len() + self.foals.len() < self.waiting.len() + 1
        {
            if let Err(error) = self.fork_one().await {
                self.lose_server(&error.to_string());
            }
        }
    }

    async fn fork_one(&mut self) -> Result<(), FrameError> {
        let Some(orders) = &mut self.orders else { return Ok(()) };
        let (ours, theirs) = os::socket_pair()?;
        ours.set_nonblocking(true)?;
        let files = Memory::new()?;
        let (records, told) = os::message_pair()?;
        let number = self.next_horse;
        self.next_horse += 1;
        orders.fork(number, theirs.into(), &files, told).await?;
        let foal = Foal { pid: None, stream: None, exit: None, files, records, window: None };
        self.foals.insert(number, foal);
        let stream = UnixStream::from_std(ours)?;
        let inputs = self.inputs.clone();
        // One in an interpreter of its own loads the application.
        let limit = self.options.application.start_timeout.max(READY_LIMIT);
        tokio::task::spawn_local(async move {
            let ready = timeout(limit, until_ready(stream, number)).await;
            let ready = ready.unwrap_or_else(|_| Err("it was not ready in time".to_owned()));
            let _ = inputs.send(Input::Ready(number, ready));
        });
        Ok(())
    }

    fn hear(&mut self, generation: u64, report: Result<ServerReport, FrameError>) {
        match report {
            Ok(ServerReport::Forked { horse, pid }) => self.forked(horse, pid),
            Ok(ServerReport::ForkFailed { horse, reason }) => {
                self.foals.remove(&horse);
                self.hold_on(&reason);
            }
            Ok(ServerReport::Reaped { horse, pid, status, user, system, max_rss }) => {
                let cpu = Duration::try_from_secs_f64(user + system).unwrap_or_default();
                self.ended(pid, Exit { status, usage: Usage { cpu, peak_kib: max_rss } });
                if self.foals.remove(&horse).is_some() {
                    self.hold_on(&format!("a horse ended with status {status} before it was ready"));
                }
            }
            Ok(report) if generation == self.generation => self.lose_server(&format!("it said {report:?}")),
            Err(error) if generation == self.generation => self.lose_server(&error.to_string()),
            Ok(_) | Err(_) => {}
        }
    }

    fn forked(&mut self, number: u64, pid: u32) {
        let (tell, exit) = oneshot::channel();
        let (returned, _) = mpsc::channel(1);
        self.watched.insert(pid, Watched { exit: Some(tell), returned });
        emit(Event::HorseForked { pid });
        if let Some(foal) = self.foals.get_mut(&number) {
            foal.pid = Some(pid);
            foal.exit = Some(exit);
        }
        self.grow_up(number);
    }

    fn ready(&mut self, number: u64, ready: Result<Word, String>) {
        match ready {
            Ok(Word { stream, window }) => {
                if let Some(foal) = self.foals.get_mut(&number) {
                    (foal.stream, foal.window) = (Some(stream), window);
                }
                self.grow_up(number);
            }
            Err(reason) => {
                if let Some(Foal { pid: Some(pid), .. }) = self.foals.remove(&number) {
                    let _ = os::kill_group(pid);
                }
                self.hold_on(&reason);
            }
        }
    }

    /// A foal that was both forked and heard of is a horse.
    fn grow_up(&mut self, number: u64) {
        let grown = self.foals.get(&number).is_some_and(|foal| foal.pid.is_some() && foal.stream.is_some());
        if !grown {
            return;
        }
        let Some(Foal { pid: Some(pid), stream: Some(stream), exit: Some(exit), files, records, window }) =
            self.foals.remove(&number)
        else {
            return;
        };
        let (tell, returned) = mpsc::channel(1);
        if let Some(watched) = self.watched.get_mut(&pid) {
            watched.returned = tell;
        }
        self.pause = PAUSE;
        let (faults, window) = (files.faults, Window::new(pid, window, files.stacks));
        self.warm.push_back(Horse::new(Parts { pid, stream, exit, returned, faults, records, window }));
    }

    /// A horse that calls more often than it has lost its socket is not listened to: it must not hold up the others.
    fn returned(&mut self, returned: Returned) {
        if let Some(watched) = self.watched.get(&returned.pid) {
            let _ = watched.returned.try_send(returned.stream);
        }
    }

    fn ended(&mut self, pid: u32, exit: Exit) {
        let Some(watched) = self.watched.remove(&pid) else { return };
        emit(Event::HorseGone { pid });
        let _ = watched.exit.map(|tell| tell.send(exit));
    }

    fn child_ended(&mut self, reaped: Reaped) {
        let Reaped { pid, status, cpu, peak_kib } = reaped;
        if pid == self.server_pid && self.closed {
            self.server_pid = 0;
            self.foals.clear();
        } else if pid == self.server_pid {
            self.lose_server(&format!("it ended with status {status}"));
        } else {
            self.ended(pid, Exit { status, usage: Usage { cpu, peak_kib } });
        }
    }

    /// After a failure the next attempt waits a little longer each time.
    fn hold_on(&mut self, reason: &str) {
        if self.closed {
            return;
        }
        emit(Event::ForkServerFailed {
            error: format!("cannot fork a work horse: {reason}"),
            traceback: None,
            retry_in: Some(self.pause),
        });
        self.resting = true;
        let (inputs, pause) = (self.inputs.clone(), self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        tokio::task::spawn_local(async move {
            sleep(pause).await;
            let _ = inputs.send(Input::Rested);
        });
    }

    /// The horses of a lost fork server go on, the warm ones too: orphans of it are ours to reap.
    fn lose_server(&mut self, reason: &str) {
        // That of a closed stable is gone when its process is.
        if self.server_pid == 0 || self.closed {
            return;
        }
        emit(Event::ForkServerLost { pid: self.server_pid, reason: reason.to_owned() });
        let _ = os::kill_group(self.server_pid);
        self.lost_pid = std::mem::take(&mut self.server_pid);
        self.orders = None;
        self.foals.clear();
        self.start_another();
    }

    fn start_another(&mut self) {
        let (inputs, pause) = (self.inputs.clone(), self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        let application = self.options.application.clone();
        let (leash, return_address) = (self.options.leash.try_clone(), self.return_address.clone());
        tokio::task::spawn_local(async move {
            sleep(pause).await;
            let _ = inputs.send(Input::Started(start(&application, leash, &return_address).await));
        });
    }

    fn adopt(&mut self, server: ForkServer) {
        self.generation += 1;
        self.server_pid = server.pid;
        let (mut reports, orders) = server.split();
        self.orders = Some(orders);
        let (inputs, generation) = (self.inputs.clone(), self.generation);
        tokio::task::spawn_local(async move {
            loop {
                let report = reports.next().await;
                let over = report.is_err();
                if inputs.send(Input::Reported(generation, report)).is_err() || over {
                    return;
                }
            }
        });
    }

    fn replaced(&mut self, started: Result<ForkServer, StartError>) {
        match started {
            // Dropping it ends it.
            _ if self.closed => {}
            Ok(server) => {
                self.pause = PAUSE;
                emit(Event::ForkServerReplaced { lost_pid: self.lost_pid, pid: server.pid });
                self.adopt(server);
            }
            Err(error) => {
                let traceback = match &error {
                    StartError::Refused(refused) => Some(refused.traceback.clone()),
                    _ => None,
                };
                emit(Event::ForkServerFailed {
                    error: error.to_string(),
                    traceback,
                    retry_in: Some(self.pause),
                });
                self.start_another();
            }
        }
    }
}
