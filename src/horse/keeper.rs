//! The keeper of the stable: a warm horse ahead of the next job, whatever becomes of the fork server.

mod making;
mod replacing;
mod reserve;

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep};

use self::reserve::Reserve;
use super::foal::{Foal, Word};
use super::fork_server::{ForkServer, Orders, StartError};
use super::frame::FrameError;
use super::protocol::ServerReport;
use super::returning::Returned;
use super::stable::StableOptions;
use super::work_horse::{Exit, Horse};
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
    /// Somebody took a warm horse.
    Taken,
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

/// The horses that nobody has yet.
pub(super) type Warm = Rc<RefCell<VecDeque<Horse>>>;

pub(super) struct Keeper {
    options: StableOptions,
    return_address: String,
    inputs: mpsc::UnboundedSender<Input>,
    /// The fork server of now; reports of an earlier generation only tell of deaths.
    generation: u64,
    server_pid: u32,
    lost_pid: u32,
    orders: Option<Orders>,
    warm: Warm,
    reserve: Reserve,
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
        warm: Warm,
    ) -> Self {
        let mut keeper = Self {
            options,
            return_address,
            inputs,
            generation: 0,
            server_pid: 0,
            lost_pid: 0,
            orders: None,
            warm,
            reserve: Reserve::default(),
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
                Input::Taken => {}
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
        for horse in self.warm.borrow_mut().drain(..) {
            tokio::task::spawn_local(horse.dismiss());
        }
    }

    /// Hands warm horses to those who wait.
    fn give(&mut self) {
        while !self.waiting.is_empty() {
            let Some(mut horse) = self.warm.borrow_mut().pop_front() else { return };
            if horse.is_gone() {
                continue;
            }
            let wanting = self.waiting.pop_front().expect("somebody waits");
            if let Err(horse) = wanting.send(horse) {
                self.warm.borrow_mut().push_front(horse);
            }
        }
    }

    fn hear(&mut self, generation: u64, report: Result<ServerReport, FrameError>) {
        match report {
            Ok(ServerReport::Forked { horses }) => {
                for (horse, pid) in horses {
                    self.forked(horse, pid);
                }
            }
            Ok(ServerReport::ForkFailed { horses, reason }) => {
                self.foals.retain(|horse, _| !horses.contains(horse));
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

    /// A horse that calls more often than it has lost its socket is not listened to: it must not hold up the others.
    fn returned(&mut self, returned: Returned) {
        if let Some(watched) = self.watched.get(&returned.pid) {
            let _ = watched.returned.try_send(returned.stream);
        }
    }

    fn ended(&mut self, pid: u32, exit: Exit) {
        let Some(watched) = self.watched.remove(&pid) else { return };
        self.reserve.ended(Instant::now());
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
}
