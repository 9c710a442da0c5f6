//! The daemon: one loop that takes what happens, one after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::base::Base;
use super::briefing::{self, brief};
use super::control::{self, Outcome, ReloadOutcome};
use super::file_watch::Watch;
use super::loaded::Loaded;
use super::reload::{InForce, Prepared, Recipe, prepare};
use super::request::{Request, outcome, refused, summary};
use super::service::Service;
use super::signals::step;
use super::team::{Beginning, Member, Place, Team};
use super::wanted::Wanted;
use super::{Input, OpenLog, SupervisorError};
use crate::config::OnShutdown;
use crate::event::Event;
use crate::job::Timestamp;
use crate::maintenance;
use crate::os::Signal;
use crate::telemetry::emit;
use crate::worker::{FirstRound, Left, Stop, WorkError};

/// Who asks for a reload when a file changed.
const FILES: &str = "a file changed";

/// A worker that begins while others work may wait for Redis as long as it takes.
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// What runs, and what is about to.
pub(super) struct Daemon {
    pub(super) recipe: Recipe,
    open_log: OpenLog,
    pub(super) now: Rc<InForce>,
    /// How many configurations there were, the first one being 1.
    pub(super) generation: u64,
    pub(super) last_reload: Option<ReloadOutcome>,
    pub(super) started_at: Timestamp,
    /// The socket for users of the machine.
    control: Option<control::Guard>,
    inputs: mpsc::UnboundedSender<Input>,
    pub(super) team: Team,
    /// Redis servers of before, on which somebody still has a job in hand.
    old_bases: Vec<Rc<Base>>,
    stop: watch::Sender<Stop>,
    asked: Option<Instant>,
    /// Places that nobody is to hold any more.
    down: BTreeSet<Place>,
    /// How many workers each group has now.
    sizes: BTreeMap<String, u32>,
    first_round: (Option<oneshot::Sender<()>>, watch::Receiver<bool>),
    /// The reload that is being prepared, and the one that is wanted after it.
    preparing: Option<(Request, JoinHandle<()>)>,
    next_request: Option<Request>,
    opening: Option<JoinHandle<()>>,
    failure: Option<SupervisorError>,
    service: Service,
    watch: Option<(Watch, Duration)>,
    /// What the loop does not wait for.
    pub(super) beside: JoinSet<()>,
}

impl Daemon {
    /// A daemon whose configuration is there; nobody works yet.
    pub(super) fn new(
        recipe: Recipe,
        open_log: OpenLog,
        now: InForce,
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
            asked: None,
            down: BTreeSet::new(),
            sizes: BTreeMap::new(),
            first_round: (Some(begin), is_over),
            preparing: None,
            next_request: None,
            opening: None,
            failure: None,
            service: Service::find(),
            watch: None,
            beside: JoinSet::new(),
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
        self.listen();
        while !self.is_over() {
            let input = tokio::select! {
                Some(input) = inputs.recv() => input,
                () = changed(&mut self.watch) => Input::Reload { by: FILES, code: false },
                () = self.service.due() => { self.service.beat(); continue }
            };
            self.take(input);
        }
        self.leave(inputs).await
    }

    fn is_over(&self) -> bool {
        let some_may_come =
            !self.now.base.is_ready() || (self.recipe.scope.supervises() && self.some_may_come());
        let waits = !self.is_stopping() && some_may_come;
        self.team.members.is_empty() && (self.failure.is_some() || !waits)
    }

    /// Whether a place is empty only for now: its worker rests, or the group has none just now.
    fn some_may_come(&self) -> bool {
        self.now.groups.iter().any(|(wanted, _)| {
            let size = self.size(wanted);
            size == 0 || (1..=size).any(|number| !self.down.contains(&place(wanted, number)))
        })
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Signal(signal) => self.take_signal(signal),
            Input::Reload { by, code } => self.request(Request::of(by, code)),
            Input::Asked(id, ask) => self.take_ask(id, ask),
            Input::Ended(id, ended) => self.take_end(id, *ended),
            Input::Rested => drop(self.fill(FOR_EVER)),
            Input::Moved => {
                if !self.is_stopping() {
                    drop(self.fill(FOR_EVER));
                }
            }
            Input::Prepared(prepared) => self.take_prepared(*prepared),
            Input::Question(asked) => self.take_question(asked),
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
            Signal::Child | Signal::Reopen | Signal::Renew => {}
        }
    }

    fn say_quiet(&mut self, quiet: bool) {
        self.team.say_quiet(quiet);
        self.service.status(&if quiet { "quiet".to_owned() } else { self.status() });
    }

    /// Stops everybody; asked again after a while, at once.
    pub(super) fn stop(&mut self, signal: Signal) {
        let stop = step(self.asked, Instant::now(), signal);
        self.asked.get_or_insert_with(Instant::now);
        for member in &mut self.team.members {
            member.ask_to_stop(signal);
        }
        if let Some(stop) = stop {
            self.service.stopping("stopping");
            self.stop.send_replace(stop);
            let base = Rc::clone(&self.now.base);
            self.beside.spawn_local(async move { base.stop_scheduling().await });
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.asked.is_some()
    }

    fn take_end(&mut self, id: u64, ended: Result<Left, SupervisorError>) {
        let Some(member) = self.team.remove(id) else { return };
        if matches!(ended, Ok(Left::InOutage) | Err(SupervisorError::Work(WorkError::Unsettled))) {
            member.base.unsettled.set(true);
        }
        self.let_go_of_old_bases();
        self.succeed(&member, ended);
        if !self.is_stopping() {
            drop(self.fill(FOR_EVER));
        }
    }

    /// Decides about the place of a worker that ended.
    fn succeed(&mut self, member: &Member, ended: Result<Left, SupervisorError>) {
        let settings = &self.now.resolved.settings.worker;
        match ended {
            Err(error) if self.is_stopping() || !self.recipe.scope.supervises() => {
                self.down.insert(member.place.clone());
                self.failure.get_or_insert(error);
            }
            Err(error) => {
                let retry_in = self.team.rest(&member.place, member.lived());
                let (worker, error) = (self.shown(member), error.to_string());
                emit(Event::WorkerFailed { worker, error, retry_in });
            }
            Ok(_) if member.shut_down && settings.on_shutdown == OnShutdown::Down => {
                self.down.insert(member.place.clone());
            }
            // Somebody wants it to be replaced.
            Ok(_) if member.is_leaving() => {}
            // It is done by itself.
            Ok(_)
                if settings.burst || settings.max_idle_time.is_some() || !self.recipe.scope.supervises() =>
            {
                self.down.insert(member.place.clone());
            }
            Ok(_) => {}
        }
    }

    pub(super) fn shown(&self, member: &Member) -> String {
        let Place { group, number } = &member.place;
        let name = member.name.borrow().as_ref().map(ToString::to_string);
        name.unwrap_or_else(
            || if group.is_empty() { number.to_string() } else { format!("{group}-{number}") },
        )
    }

    pub(super) fn size(&self, wanted: &Wanted) -> u32 {
        let count = wanted.count();
        self.sizes.get(&wanted.group).copied().unwrap_or(count.min).clamp(count.min, count.max)
    }

    /// Makes the team what is wanted: tells those who stay, retires those who are too many, begins those who are missing. What
    /// comes back hears of the births.
    fn fill(&mut self, patience: Duration) -> Vec<oneshot::Receiver<()>> {
        let now = Rc::clone(&self.now);
        let wanted: BTreeMap<&str, u32> =
            now.groups.iter().map(|(wanted, _)| (wanted.group.as_str(), self.size(wanted))).collect();
        let is_wanted =
            |place: &Place| wanted.get(place.group.as_str()).is_some_and(|size| place.number <= *size);
        self.team.forget(is_wanted);
        for member in self.team.members.iter_mut().filter(|member| !is_wanted(&member.place)) {
            member.retire();
        }
        let mut births = Vec::new();
        for (wanted, loaded) in &now.groups {
            for number in 1..=self.size(wanted) {
                let place = place(wanted, number);
                if !self.down.contains(&place) && !self.team.is_resting(&place) {
                    births.extend(self.fill_place(place, wanted, loaded, patience));
                }
            }
        }
        births
    }

    fn fill_place(
        &mut self,
        place: Place,
        wanted: &Wanted,
        loaded: &Loaded,
        patience: Duration,
    ) -> Option<oneshot::Receiver<()>> {
        let base = Rc::clone(&self.now.base);
        let given_name = wanted.name(place.number);
        if let Some(member) = self.team.at(&place) {
            // Whoever must be another one leaves first: a name belongs to one at a time.
            if member.differs(&base, given_name.as_ref()) {
                member.retire();
            }
            return None;
        }
        if !base.is_ready() {
            return None;
        }
        let brief = Rc::new(brief(wanted, loaded, &base, place.number));
        let (tell, born) = oneshot::channel();
        let (begin, over) = (self.first_round.0.take(), self.first_round.1.clone());
        let first_round = FirstRound { begin, over };
        self.team
            .begin(place, Beginning { brief, base, given_name, first_round, patience, born: Some(tell) });
        Some(born)
    }

    /// Tells everybody who stays what holds from now on.
    fn tell_all(&mut self) {
        let now = Rc::clone(&self.now);
        for (wanted, loaded) in &now.groups {
            for member in self.team.members.iter().filter(|member| member.place.group == wanted.group) {
                if Rc::ptr_eq(&member.base, &now.base) {
                    member.tell(brief(wanted, loaded, &now.base, member.place.number));
                }
            }
        }
    }

    /// Lets those work who stand in Redis, once all that is beside them has begun.
    fn open(&mut self, born: Vec<oneshot::Receiver<()>>, round: maintenance::FirstRound) {
        let (now, gate, mut stop) = (Rc::clone(&self.now), self.team.gate.clone(), self.stop.subscribe());
        let inputs = self.inputs.clone();
        self.opening = Some(tokio::task::spawn_local(async move {
            let mut any = false;
            for born in born {
                any |= born.await.is_ok();
            }
            if any {
                let wanted = now.wanted();
                now.base.begin(&wanted, now.first(), round).await;
                let stopped = async move { drop(stop.wait_for(|stop| *stop != Stop::No).await) };
                now.base.schedule(&wanted, stopped).await;
            }
            gate.send_replace(true);
            let _ = inputs.send(Input::Opened);
        }));
    }

    /// Wants a reload; one that is asked for while another is prepared comes after it, for all who ask meanwhile.
    pub(super) fn request(&mut self, request: Request) {
        request.add_to(&mut self.next_request);
        self.prepare_next();
    }

    fn prepare_next(&mut self) {
        let opening = self.opening.as_ref().is_some_and(|opening| !opening.is_finished());
        if self.preparing.is_some() || self.is_stopping() || opening {
            return;
        }
        let Some(request) = self.next_request.take() else { return };
        let (recipe, now, inputs, code) =
            (self.recipe.clone(), Rc::clone(&self.now), self.inputs.clone(), request.code);
        let task = tokio::task::spawn_local(async move {
            let prepared = prepare(&recipe, &now, code).await;
            let _ = inputs.send(Input::Prepared(Box::new(prepared)));
        });
        self.service.reloading();
        self.preparing = Some((request, task));
    }

    fn take_prepared(&mut self, prepared: Result<Prepared, SupervisorError>) {
        let Some((request, _)) = self.preparing.take() else { return };
        let outcome = match prepared {
            Err(error) => refused(&request.by, &error),
            Ok(prepared) => self.commit(prepared, &request.by),
        };
        self.service.ready(&format!("{}; {}", self.status(), summary(&outcome)));
        self.last_reload = Some(outcome.clone());
        self.beside.spawn_local(request.answer(outcome));
        self.prepare_next();
    }

    /// Brings a prepared configuration into force.
    fn commit(&mut self, prepared: Prepared, by: &str) -> ReloadOutcome {
        let Prepared { next, changes, renewed } = prepared;
        if let Err(error) = (self.open_log)(&next.resolved) {
            return refused(by, &error);
        }
        let outcome = outcome(by, &changes, renewed);
        let is_change = outcome.outcome == Outcome::Applied;
        self.generation += u64::from(is_change);
        let old = std::mem::replace(&mut self.now, Rc::new(next));
        if !Rc::ptr_eq(&self.now.base, &old.base) {
            self.leave_base(&old.base);
        } else if is_change {
            let (now, is_stopping) = (Rc::clone(&self.now), self.is_stopping());
            self.beside
                .spawn_local(async move { now.base.change(&now.wanted(), now.first(), is_stopping).await });
        }
        if is_change {
            self.tell_all();
            if !self.is_stopping() {
                drop(self.fill(FOR_EVER));
            }
            self.let_go_of_old_bases();
        }
        self.watch_files();
        outcome
    }

    /// Goes over to the Redis that is wanted now. Nobody works there before it knows that this daemon lives.
    fn leave_base(&mut self, old: &Rc<Base>) {
        let (begin, may_begin) = oneshot::channel();
        let (over, is_over) = watch::channel(false);
        self.first_round = (Some(begin), is_over);
        let (now, inputs, is_stopping) = (Rc::clone(&self.now), self.inputs.clone(), self.is_stopping());
        now.base.set_ready(false);
        self.beside.spawn_local(async move {
            let wanted = now.wanted();
            now.base.begin(&wanted, now.first(), maintenance::FirstRound { begin: may_begin, over }).await;
            if !is_stopping {
                now.base.schedule(&wanted, std::future::pending()).await;
            }
            now.base.set_ready(true);
            let _ = inputs.send(Input::Moved);
        });
        let base = Rc::clone(old);
        self.beside.spawn_local(async move { base.stop_scheduling().await });
        self.old_bases.push(Rc::clone(old));
    }

    /// Stops everybody, whatever was asked before.
    pub(super) fn stop_all(&mut self, cold: bool) {
        self.stop(Signal::Terminate);
        if cold {
            self.stop.send_replace(Stop::Cold);
            self.team.members.iter_mut().for_each(Member::stop_cold);
        }
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

    /// Watches the files that the configuration in force is from. What changed since they were read is a reason to read them again.
    fn watch_files(&mut self) {
        let settings = &self.now.resolved.settings.reload;
        if !settings.watch {
            self.watch = None;
            return;
        }
        let same = self.watch.as_ref().is_some_and(|(_, poll)| *poll == settings.poll);
        if !same {
            self.watch = Some((Watch::new(settings.poll), settings.poll));
        }
        if let Some((watch, _)) = &self.watch {
            watch.set(self.now.files());
        }
        if !self.now.seen.is_current() {
            self.request(Request::of(FILES, false));
        }
    }

    /// In one line.
    fn status(&self) -> String {
        let (members, now) = (&self.team.members, &self.now);
        let busy = members.iter().filter(|member| member.doing.in_hand.borrow().is_some()).count();
        let queues = briefing::queues(&now.wanted());
        let queues: Vec<String> = queues.iter().map(ToString::to_string).collect();
        format!("{} workers on {}, {busy} busy", members.len(), queues.join(", "))
    }

    fn let_go_of_old_bases(&mut self) {
        for base in std::mem::take(&mut self.old_bases) {
            if self.team.is_on(&base) {
                self.old_bases.push(base);
            } else {
                let stop = self.stop.clone();
                self.beside.spawn_local(async move { base.leave(!base.unsettled.get(), &stop).await });
            }
        }
    }

    /// Ends what is beside the workers. A stop that comes meanwhile hastens it.
    async fn leave(mut self, mut inputs: mpsc::UnboundedReceiver<Input>) -> Result<(), SupervisorError> {
        for task in self.opening.take().into_iter().chain(self.preparing.take().map(|(_, task)| task)) {
            task.abort();
            let _ = task.await;
        }
        let (stop, mut asked) = (self.stop.clone(), self.asked);
        let hasten = async {
            while let Some(input) = inputs.recv().await {
                if let Input::Signal(signal @ (Signal::Interrupt | Signal::Terminate | Signal::Hangup)) =
                    input
                {
                    let wanted = step(asked, Instant::now(), signal);
                    asked.get_or_insert_with(Instant::now);
                    if let Some(wanted) = wanted {
                        stop.send_replace(wanted);
                    }
                }
            }
        };
        let now = Rc::clone(&self.now);
        tokio::select! {
            () = async {
                now.base.leave(!now.base.unsettled.get(), &self.stop).await;
                while self.beside.join_next().await.is_some() {}
            } => {}
            () = hasten => {}
        }
        self.failure.map_or(Ok(()), Err)
    }
}

/// Waits until a file has changed.
async fn changed(watch: &mut Option<(Watch, Duration)>) {
    match watch {
        Some((watch, _)) => watch.changed().await,
        None => std::future::pending().await,
    }
}

fn place(wanted: &Wanted, number: u32) -> Place {
    Place { group: wanted.group.clone(), number }
}
