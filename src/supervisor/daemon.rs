//! The daemon: one loop that takes what happens, one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;

use super::base::Base;
use super::briefing;
use super::canary::Canary;
use super::control::{self, ReloadOutcome};
use super::file_watch::Watch;
use super::outlook::Outlook;
use super::reload::{InForce, Recipe};
use super::reloading::changed;
use super::request::Request;
use super::scale::{Scale, TICK};
use super::service::Service;
use super::signals::step;
use super::team::{Place, Team};
use super::{Input, OpenLog, SupervisorError};
use crate::event::Event;
use crate::job::Timestamp;
use crate::maintenance;
use crate::os::{self, Signal};
use crate::telemetry::{self, emit};
use crate::worker::Stop;

/// After so long, nothing of the start is in the works any more.
const START_OVER: Duration = Duration::from_secs(1);

/// A worker that begins while others work may wait for Redis as long as it takes.
pub(super) const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// What runs, and what is about to.
pub(super) struct Daemon {
    pub(super) recipe: Recipe,
    pub(super) open_log: OpenLog,
    pub(super) now: Rc<InForce>,
    /// How many configurations there were, the first one being 1.
    pub(super) generation: u64,
    pub(super) last_reload: Option<ReloadOutcome>,
    pub(super) started_at: Timestamp,
    /// The socket for users of the machine.
    pub(super) control: Option<control::Guard>,
    pub(super) inputs: mpsc::UnboundedSender<Input>,
    pub(super) team: Team,
    /// Redis servers of before, on which somebody still has a job in hand.
    pub(super) old_bases: Vec<Rc<Base>>,
    pub(super) stop: watch::Sender<Stop>,
    /// When the first signal to stop came.
    signalled: Option<Instant>,
    /// Places that nobody is to hold any more.
    pub(super) down: BTreeSet<Place>,
    /// How many workers each group has now.
    pub(super) sizes: BTreeMap<String, Scale>,
    pub(super) first_round: (Option<oneshot::Sender<()>>, watch::Receiver<bool>),
    /// The reload that is being prepared, and the one that is wanted after it.
    pub(super) preparing: Option<(Request, JoinHandle<()>)>,
    pub(super) next_request: Option<Request>,
    pub(super) opening: Option<JoinHandle<()>>,
    pub(super) failure: Option<SupervisorError>,
    pub(super) service: Service,
    /// What those who watch see.
    pub(super) outlook: Rc<Outlook>,
    pub(super) watch: Option<(Watch, Duration)>,
    /// A configuration that is still on trial.
    pub(super) canary: Option<Canary>,
    /// Whether a change of a file is a reason to reload.
    pub(super) heeds_files: bool,
    /// What the loop does not wait for.
    pub(super) beside: JoinSet<()>,
    /// And what is given up when the daemon ends.
    pub(super) asides: JoinSet<()>,
}

impl Daemon {
    /// A daemon whose configuration is there; nobody works yet.
    pub(super) fn new(
        recipe: Recipe,
        open_log: OpenLog,
        (now, outlook): (InForce, Rc<Outlook>),
        inputs: mpsc::UnboundedSender<Input>,
    ) -> Self {
        let supervises = recipe.scope.supervises();
        let (over, is_over) = watch::channel(false);
        let (begin, may_begin) = oneshot::channel();
        let mut daemon = Self {
            team: Team::new(inputs.clone(), !supervises && now.groups[0].0.count().max == 1),
            recipe,
            open_log,
            now: Rc::new(now),
            generation: 1,
            last_reload: None,
            started_at: Timestamp::now(),
            control: None,
            inputs,
            old_bases: Vec::new(),
            stop: watch::channel(Stop::No).0,
            signalled: None,
            down: BTreeSet::new(),
            sizes: BTreeMap::new(),
            first_round: (Some(begin), is_over),
            preparing: None,
            next_request: None,
            opening: None,
            failure: None,
            service: Service::find(),
            outlook,
            watch: None,
            canary: None,
            heeds_files: true,
            beside: JoinSet::new(),
            asides: JoinSet::new(),
        };
        let patience = daemon.now.resolved.settings.redis.start_timeout;
        let patience = if daemon.now.resolved.settings.worker.burst { Duration::ZERO } else { patience };
        let born = daemon.fill(patience);
        daemon.open(born, maintenance::FirstRound { begin: may_begin, over });
        daemon
    }

    /// Takes what happens, until nobody works any more.
    pub(super) async fn run(
        mut self,
        mut inputs: mpsc::UnboundedReceiver<Input>,
    ) -> Result<(), SupervisorError> {
        self.watch_files();
        self.doubt_mounts();
        self.listen();
        tokio::task::spawn_local(async {
            tokio::time::sleep(START_OVER).await;
            os::release_text();
        });
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.is_over() {
            let input = tokio::select! {
                Some(input) = inputs.recv() => input,
                () = changed(&mut self.watch) => { self.reload_soon(); continue }
                () = self.service.due() => { self.service.beat(); continue }
                () = self.outlook.due() => { self.outlook.beat(); continue }
                _ = ticks.tick(), if self.scales() || self.canary.is_some() => { self.tick(); continue }
            };
            self.take(input);
        }
        self.leave(inputs).await
    }

    fn tick(&mut self) {
        self.look_at_canary();
        if self.scales() {
            self.look_at_sizes();
        }
    }

    fn is_over(&self) -> bool {
        let supervises = self.recipe.scope.supervises() || self.team.rests();
        let some_may_come = !self.now.base.is_ready() || (supervises && self.some_may_come());
        let waits = !self.is_stopping() && some_may_come;
        self.team.members.is_empty() && (self.failure.is_some() || !waits)
    }

    fn take(&mut self, input: Input) {
        while self.beside.try_join_next().is_some() || self.asides.try_join_next().is_some() {}
        match input {
            Input::Signal(signal) => self.take_signal(signal),
            Input::Reload { by, code } => self.request(Request::of(by, code)),
            Input::Asked(id, ask) => self.take_ask(id, ask),
            Input::Ended(id, ended) => self.take_end(id, *ended),
            Input::Rested | Input::Moved => drop(self.fill(FOR_EVER)),
            Input::Prepared(prepared) => self.take_prepared(*prepared),
            Input::Backlog { group, waiting, oldest } => self.take_backlog(&group, waiting, oldest),
            Input::Question(asked) => self.take_question(asked),
            Input::Look(tell) => drop(tell.send(self.scene())),
            Input::Opened => {
                self.service.ready(&self.status());
                self.prepare_next();
            }
        }
    }

    fn take_signal(&mut self, signal: Signal) {
        match signal {
            Signal::Interrupt | Signal::Terminate | Signal::Hangup => self.stop(signal),
            Signal::Quiet => self.say_quiet(true),
            Signal::Resume => self.say_quiet(false),
            Signal::Reopen => telemetry::reopen(),
            Signal::Child | Signal::Renew => {}
        }
    }

    pub(super) fn say_quiet(&mut self, quiet: bool) {
        self.team.say_quiet(quiet);
        self.service.status(&if quiet { "quiet".to_owned() } else { self.status() });
    }

    /// Stops everybody; asked by a signal again after a while, at once.
    pub(super) fn stop(&mut self, signal: Signal) {
        let stop = step(self.signalled, Instant::now(), signal);
        self.signalled.get_or_insert_with(Instant::now);
        if let Some(stop) = stop {
            self.stop_all(stop);
        }
    }

    /// Stops everybody so far, unless they stop as far already.
    pub(super) fn stop_all(&mut self, wanted: Stop) {
        self.team.members.iter().for_each(|member| member.stop(wanted));
        if wanted.reach() > self.stop.borrow().reach() {
            self.service.stopping("stopping");
            self.stop.send_replace(wanted);
            self.old_bases.iter().chain([&self.now.base]).for_each(|base| base.say_leaving());
            let base = Rc::clone(&self.now.base);
            self.beside.spawn_local(async move { base.stop_scheduling().await });
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stop.borrow() != Stop::No
    }

    /// Lets those work who stand in Redis, once all that is beside them has begun.
    fn open(&mut self, born: Vec<oneshot::Receiver<()>>, round: maintenance::FirstRound) {
        let (now, gate, mut stop) = (Rc::clone(&self.now), self.team.gate.clone(), self.stop.subscribe());
        let (inputs, supervises) = (self.inputs.clone(), self.recipe.scope.supervises());
        self.opening = Some(tokio::task::spawn_local(async move {
            let mut any = false;
            for born in born {
                any |= born.await.is_ok();
            }
            // Others may be born later.
            if any || supervises {
                let wanted = now.wanted();
                now.base.begin(&wanted, now.first(), round).await;
                let stopped = async move { drop(stop.wait_for(|stop| *stop != Stop::No).await) };
                now.base.schedule(&wanted, stopped).await;
            }
            gate.send_replace(true);
            let _ = inputs.send(Input::Opened);
        }));
    }

    /// Opens the socket for users of the machine; without one the daemon works all the same.
    fn listen(&mut self) {
        let opened = control::own_socket(&control::places()).and_then(|path| control::listen(&path));
        match opened {
            Ok((guard, mut asked)) => {
                let inputs = self.inputs.clone();
                self.control = Some(guard);
                tokio::task::spawn_local(async move {
                    while let Some(asked) = asked.recv().await {
                        let _ = inputs.send(Input::Question(asked));
                    }
                });
            }
            Err(error) => {
                let warning = format!("rq status and its like cannot reach this daemon: {error}");
                emit(Event::ConfigurationDoubted { warning });
            }
        }
    }

    /// In one line.
    pub(super) fn status(&self) -> String {
        let (members, now) = (&self.team.members, &self.now);
        let busy = members.iter().filter(|member| member.doing.in_hand.borrow().is_some()).count();
        let queues = briefing::queues(&now.wanted());
        let queues: Vec<String> = queues.iter().map(ToString::to_string).collect();
        let workers = if members.len() == 1 { "worker" } else { "workers" };
        format!("{} {workers} on {}, {busy} busy", members.len(), queues.join(", "))
    }

    /// Ends what is beside the workers. A stop that comes meanwhile hastens it.
    async fn leave(mut self, mut inputs: mpsc::UnboundedReceiver<Input>) -> Result<(), SupervisorError> {
        for task in self.opening.take().into_iter().chain(self.preparing.take().map(|(_, task)| task)) {
            task.abort();
            let _ = task.await;
        }
        let (now, mut beside, stop) =
            (Rc::clone(&self.now), std::mem::take(&mut self.beside), self.stop.clone());
        let mut ending = pin!(async {
            now.base.leave(!now.base.unsettled.get(), &stop).await;
            let mut stop = stop.subscribe();
            let mut cold = pin!(stop.wait_for(|stop| *stop == Stop::Cold));
            tokio::select! {
                () = async { while beside.join_next().await.is_some() {} } => {}
                _ = &mut cold => {}
            }
        });
        loop {
            let input = tokio::select! {
                () = &mut ending => break,
                Some(input) = inputs.recv() => input,
                () = self.service.due() => { self.service.beat(); continue }
                () = self.outlook.due() => { self.outlook.beat(); continue }
            };
            match input {
                Input::Signal(signal) => self.take_signal(signal),
                Input::Question(asked) => self.take_question(asked),
                Input::Look(tell) => drop(tell.send(self.scene())),
                // Nobody works any more.
                Input::Reload { .. }
                | Input::Asked(..)
                | Input::Ended(..)
                | Input::Rested
                | Input::Moved
                | Input::Prepared(_)
                | Input::Backlog { .. }
                | Input::Opened => {}
            }
        }
        self.outlook.end();
        self.failure.map_or(Ok(()), Err)
    }
}
