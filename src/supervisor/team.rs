//! The team: the workers that run, each in a task of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot, watch};

use super::base::Base;
use super::redis::Patience;
use super::signals;
use super::{Input, SupervisorError};
use crate::job::WorkerName;
use crate::maintenance::Roll;
use crate::os::{self, Signal};
use crate::worker::{Ask, Birth, Brief, Doing, FirstRound, Left, Stop, Surroundings, Tally, Worker};

/// The pause before a worker that failed is replaced, doubled each time up to the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A worker that lived so long did not fail at its start.
const SETTLED: Duration = Duration::from_secs(60);

/// Which worker it is: one of a group, and its number there, from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) group: String,
    pub(super) number: u32,
}

impl Place {
    /// How it is told of while no name is known.
    pub(super) fn shown(&self) -> String {
        let Self { group, number } = self;
        if group.is_empty() { number.to_string() } else { format!("{group}-{number}") }
    }
}

/// A worker that runs.
pub(super) struct Member {
    /// Tells the worker that held the place before from the one that holds it now.
    pub(super) id: u64,
    pub(super) place: Place,
    /// Where it stands in Redis, once it does.
    pub(super) name: Rc<RefCell<Option<WorkerName>>>,
    /// The name that it was given on purpose.
    given_name: Option<WorkerName>,
    pub(super) base: Rc<Base>,
    pub(super) doing: Rc<Doing>,
    tell: watch::Sender<Rc<Brief>>,
    stop: watch::Sender<Stop>,
    quiet: watch::Sender<bool>,
    /// When a client first told it to shut down.
    asked: Option<Instant>,
    /// It ended for its place, too: nobody follows.
    pub(super) is_shut_down: bool,
    began: Instant,
}

/// How often the worker of a place failed in a row.
#[derive(Debug, Clone, Copy, Default)]
struct Failures(u32);

/// All of them.
pub(super) struct Team {
    inputs: mpsc::UnboundedSender<Input>,
    pub(super) members: Vec<Member>,
    failures: BTreeMap<Place, Failures>,
    /// Places whose next worker waits for its time.
    resting: BTreeMap<Place, Instant>,
    /// Whether those who begin may take jobs.
    pub(super) gate: watch::Sender<bool>,
    next: u64,
    /// How their jobs ended.
    pub(super) tally: Rc<Tally>,
    /// Whether the process has its title for its only worker.
    pub(super) titled: bool,
    /// Whether new ones begin quietly.
    quiet: bool,
    /// How the last ones left their places: whoever follows is as quiet.
    left_quiet: BTreeMap<Place, bool>,
}

/// What a worker begins with.
pub(super) struct Beginning {
    pub(super) brief: Rc<Brief>,
    pub(super) base: Rc<Base>,
    pub(super) given_name: Option<WorkerName>,
    pub(super) first_round: FirstRound,
    /// How long it may wait for Redis.
    pub(super) patience: Duration,
    /// Hears when it stands in Redis.
    pub(super) born: Option<oneshot::Sender<()>>,
}

impl Team {
    pub(super) fn new(inputs: mpsc::UnboundedSender<Input>, titled: bool) -> Self {
        let (gate, _) = watch::channel(false);
        Self {
            inputs,
            members: Vec::new(),
            failures: BTreeMap::new(),
            resting: BTreeMap::new(),
            gate,
            next: 0,
            tally: Rc::default(),
            titled,
            quiet: false,
            left_quiet: BTreeMap::new(),
        }
    }

    /// Starts a worker.
    pub(super) fn begin(&mut self, place: Place, beginning: Beginning) {
        let id = self.next;
        self.next += 1;
        let Beginning { brief, base, given_name, first_round, patience, born } = beginning;
        let (tell, told) = watch::channel(brief);
        let (stop, stopped) = watch::channel(Stop::No);
        let is_quiet = self.left_quiet.remove(&place).unwrap_or(self.quiet);
        let (quiet, quieted) = watch::channel(is_quiet);
        let (doing, name) = (Rc::new(Doing::default()), Rc::default());
        let inputs = self.inputs.clone();
        let around = Surroundings {
            store: base.store.clone(),
            courier: Rc::clone(&base.courier),
            brief: told,
            stop: stopped,
            quiet: quieted,
            first_round,
            ask: Rc::new(move |ask: Ask| drop(inputs.send(Input::Asked(id, ask)))),
            doing: Rc::clone(&doing),
            tally: Rc::clone(&self.tally),
            titled: self.titled,
        };
        let life = Life {
            around,
            patience,
            gate: self.gate.subscribe(),
            roll: Rc::clone(&base.roll),
            name: Rc::clone(&name),
            born,
        };
        let inputs = self.inputs.clone();
        tokio::task::spawn_local(async move {
            let ended = Box::pin(life.live()).await;
            let _ = inputs.send(Input::Ended(id, Box::new(ended)));
        });
        self.resting.remove(&place);
        self.members.push(Member {
            id,
            place,
            name,
            given_name,
            base,
            doing,
            tell,
            stop,
            quiet,
            asked: None,
            is_shut_down: false,
            began: Instant::now(),
        });
    }

    /// The worker that holds a place, or is about to leave it.
    pub(super) fn at(&mut self, place: &Place) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.place == *place)
    }

    pub(super) fn member(&mut self, id: u64) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.id == id)
    }

    /// Takes a worker off that has ended.
    pub(super) fn remove(&mut self, id: u64) -> Option<Member> {
        let at = self.members.iter().position(|member| member.id == id)?;
        let member = self.members.remove(at);
        self.left_quiet.insert(member.place.clone(), member.is_quiet());
        Some(member)
    }

    /// How long a place waits for its next worker, after one that failed.
    pub(super) fn rest(&mut self, place: &Place, lived: Duration) -> Duration {
        let failures = self.failures.entry(place.clone()).or_default();
        failures.0 = if lived >= SETTLED { 1 } else { failures.0.saturating_add(1) };
        let pause = PAUSE.saturating_mul(1 << (failures.0 - 1).min(16)).min(LONGEST_PAUSE);
        self.resting.insert(place.clone(), Instant::now() + pause);
        let inputs = self.inputs.clone();
        tokio::task::spawn_local(async move {
            tokio::time::sleep(pause).await;
            let _ = inputs.send(Input::Rested);
        });
        pause
    }

    /// Whether a place is not to be filled just now.
    pub(super) fn is_resting(&self, place: &Place) -> bool {
        self.resting.get(place).is_some_and(|until| *until > Instant::now())
    }

    /// Whether a place waits for its next worker.
    pub(super) fn rests(&self) -> bool {
        !self.resting.is_empty()
    }

    /// Lets the places of groups that are wanted no more forget their failures.
    pub(super) fn forget(&mut self, wanted: impl Fn(&Place) -> bool) {
        self.failures.retain(|place, _| wanted(place));
        self.resting.retain(|place, _| wanted(place));
        self.left_quiet.retain(|place, _| wanted(place));
    }

    pub(super) fn say_quiet(&mut self, quiet: bool) {
        self.quiet = quiet;
        self.left_quiet.clear();
        for member in &self.members {
            member.say_quiet(quiet);
        }
    }

    /// Tells how many there are. A process with one worker has the title of that.
    pub(super) fn show_title(&self, workers: u32) {
        if !self.titled {
            let (several, s) = (workers, if workers == 1 { "" } else { "s" });
            os::title::show(&format!("rq:worker-pool: {several} worker{s}"));
        }
    }

    /// Whether somebody who is about to leave still has this name.
    pub(super) fn is_leaving_under(&self, name: &WorkerName) -> bool {
        self.members.iter().any(|member| member.is_leaving() && member.name.borrow().as_ref() == Some(name))
    }

    /// Whether anybody works on this base, or is about to.
    pub(super) fn is_on(&self, base: &Rc<Base>) -> bool {
        self.members.iter().any(|member| Rc::ptr_eq(&member.base, base))
    }
}

impl Member {
    /// How it is told of: by its name, or by its place before it has one.
    pub(super) fn shown(&self) -> String {
        self.known_name().unwrap_or_else(|| self.place.shown())
    }

    /// Its name in Redis, once it stands there.
    pub(super) fn registered_name(&self) -> Option<String> {
        self.name.borrow().as_ref().map(ToString::to_string)
    }

    /// Its name, or the one that it is about to have, when that is no random one.
    pub(super) fn known_name(&self) -> Option<String> {
        self.registered_name().or_else(|| self.given_name.as_ref().map(ToString::to_string))
    }

    /// Whether a worker that begins with these would be another one.
    pub(super) fn differs(&self, base: &Rc<Base>, given_name: Option<&WorkerName>) -> bool {
        !Rc::ptr_eq(&self.base, base) || self.given_name.as_ref() != given_name
    }

    pub(super) fn tell(&self, brief: Brief) {
        self.tell.send_replace(Rc::new(brief));
    }

    pub(super) fn say_quiet(&self, quiet: bool) {
        self.quiet.send_replace(quiet);
    }

    pub(super) fn is_quiet(&self) -> bool {
        *self.quiet.borrow()
    }

    /// RQ: the command to shut down is a signal; one that comes again after a while means at once.
    pub(super) fn shut_down(&mut self) {
        let stop = signals::step(self.asked, Instant::now(), Signal::Interrupt);
        self.asked.get_or_insert_with(Instant::now);
        if let Some(stop) = stop {
            self.stop(stop);
        }
    }

    /// Stops it so far, unless it stops as far already.
    pub(super) fn stop(&self, wanted: Stop) {
        self.stop.send_if_modified(|stop| {
            let goes_further = wanted.reach() > stop.reach();
            if goes_further {
                *stop = wanted;
            }
            goes_further
        });
    }

    pub(super) fn is_leaving(&self) -> bool {
        *self.stop.borrow() != Stop::No
    }

    pub(super) fn lived(&self) -> Duration {
        self.began.elapsed()
    }
}

/// The life of one worker, from its birth to its end.
struct Life {
    around: Surroundings,
    patience: Duration,
    gate: watch::Receiver<bool>,
    roll: Roll,
    name: Rc<RefCell<Option<WorkerName>>>,
    born: Option<oneshot::Sender<()>>,
}

impl Life {
    async fn live(mut self) -> Result<Left, SupervisorError> {
        let brief = Rc::clone(&self.around.brief.borrow());
        let wanted = brief.options.name.to_string();
        let patience = Patience { worker: &wanted, limit: self.patience };
        let mut birth = Birth::new(brief);
        let store = self.around.store.clone();
        let mut stop = self.around.stop.clone();
        let born = tokio::select! {
            born = patience.insist(async || birth.attempt(&store).await) => Some(born?),
            _ = stop.wait_for(|stop| *stop != Stop::No) => None,
        };
        let Some(born) = born else {
            birth.withdraw(&store).await;
            return Ok(Left::InOrder);
        };
        let worker = Worker::of(self.around, born);
        // It has the brief of the beginning, and with it an application that may be old one day.
        drop(birth);
        let name = worker.registered_name();
        *self.name.borrow_mut() = Some(name.clone());
        self.roll.borrow_mut().push(name.clone());
        if let Some(born) = self.born {
            let _ = born.send(());
        }
        let _ = self.gate.wait_for(|open| *open).await;
        let end = Box::pin(worker.work()).await;
        self.roll.borrow_mut().retain(|other| *other != name);
        Ok(end?)
    }
}
