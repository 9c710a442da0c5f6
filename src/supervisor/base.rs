//! The base: one Redis, and what the workers on it share. A reload may bring another; the old one goes when its last worker does.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{Mutex, oneshot, watch};
use tokio::task::JoinHandle;

use super::briefing::{self, failure_ttl, mourners, queues};
use super::loaded::Loaded;
use super::redis::largest_result;
use super::wanted::Wanted;
use super::{SupervisorError, address};
use crate::config::{Resolved, Settings};
use crate::horse::Mourners;
use crate::job::{DaemonId, QueueName};
use crate::maintenance::{self, FirstRound, Followup, Maintenance, Roll};
use crate::scheduler::Scheduler;
use crate::store::{self, Life, Store};
use crate::webhook::Courier;
use crate::worker::Stop;

/// How long a daemon that has ended stays for webhooks which are being sent. RQ: their limit unless they name one.
const WEBHOOKS: Duration = Duration::from_secs(10);

/// A Redis as the daemon knows it.
pub(super) struct Base {
    pub(super) address: store::Address,
    pub(super) store: Store,
    daemon: DaemonId,
    pub(super) courier: Rc<Courier>,
    pub(super) roll: Roll,
    /// The largest result that it takes, once it was asked.
    largest: Cell<Option<u64>>,
    /// Somebody could not settle what it had in hand.
    pub(super) unsettled: Cell<bool>,
    /// How its connections are called.
    pub(super) name: String,
    /// Whether workers may be begun on it.
    ready: Cell<bool>,
    has_left: Cell<bool>,
    leaving: watch::Sender<bool>,
    /// Whoever changes them may wait for Redis, and the next one for him.
    chores: Mutex<Option<Chores>>,
}

/// What is done beside the workers.
struct Chores {
    maintenance: Maintenance,
    mourners: Rc<RefCell<Mourners>>,
    scheduler: Option<Beside>,
}

/// A scheduler that works in a task of its own.
struct Beside {
    queues: Vec<QueueName>,
    interval: Duration,
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Base {
    /// Nothing is begun yet. `name` is how its connections are called.
    pub(super) fn new(resolved: &Resolved, name: &str) -> Result<Self, SupervisorError> {
        let address = address::of(resolved)?;
        let store = address::store(resolved, address.clone(), name);
        let daemon = DaemonId::random();
        let courier = Rc::new(Courier::new(store.clone(), daemon.clone()));
        Ok(Self {
            address,
            store,
            daemon,
            courier,
            roll: Roll::default(),
            largest: Cell::default(),
            unsettled: Cell::default(),
            name: name.to_owned(),
            ready: Cell::new(true),
            has_left: Cell::default(),
            leaving: watch::channel(false).0,
            chores: Mutex::default(),
        })
    }

    /// Takes no result that the server would refuse.
    pub(super) async fn fit_results(&self, most: &mut u64) {
        if self.largest.get().is_none() {
            self.largest.set(largest_result(&self.store, *most).await);
        }
        *most = self.largest.get().map_or(*most, |largest| largest.min(*most));
    }

    /// The daemon's sign of life.
    pub(super) fn life(&self, settings: &Settings) -> Life {
        maintenance::life(self.daemon.clone(), settings.maintenance.liveness)
    }

    /// Whether workers may be begun on it: those of a daemon that is not known to live would be taken for dead.
    pub(super) fn is_ready(&self) -> bool {
        self.ready.get()
    }

    pub(super) fn set_ready(&self, ready: bool) {
        self.ready.set(ready);
    }

    /// Begins with what is done beside the workers, who have claimed nothing yet.
    pub(super) async fn begin(&self, wanted: &[Wanted], first: &Loaded, round: FirstRound) {
        let mut chores = self.chores.lock().await;
        if self.has_left.get() {
            return;
        }
        let settings = &wanted[0].resolved.settings;
        let mourners = Rc::new(RefCell::new(mourners(settings, first)));
        let followup = Followup { mourners: Rc::clone(&mourners), courier: Rc::clone(&self.courier) };
        let options = briefing::maintenance(settings, wanted, self.life(settings));
        let mut maintenance = Maintenance::new(
            self.keeping(settings),
            options,
            followup,
            Rc::clone(&self.roll),
            self.leaving.subscribe(),
        );
        maintenance.start(round).await;
        *chores = Some(Chores { maintenance, mourners, scheduler: None });
    }

    /// Starts the scheduler, if there is to be one; for a burst, lets it do its work and end.
    pub(super) async fn schedule(&self, wanted: &[Wanted], stopped: impl Future<Output = ()>) {
        let settings = &wanted[0].resolved.settings;
        if settings.scheduler.enabled && settings.worker.burst {
            let scheduler = Scheduler::new(self.store.clone(), queues(wanted), settings.scheduler.interval);
            return scheduler.run_once(stopped).await;
        }
        if let Some(chores) = &mut *self.chores.lock().await {
            chores.scheduler = self.beside(wanted);
        }
    }

    /// Goes on as the settings say from now on.
    pub(super) async fn change(&self, wanted: &[Wanted], first: &Loaded) {
        let settings = &wanted[0].resolved.settings;
        let mut chores = self.chores.lock().await;
        let Some(chores) = &mut *chores else { return };
        *chores.mourners.borrow_mut() = mourners(settings, first);
        let options = briefing::maintenance(settings, wanted, self.life(settings));
        chores.maintenance.change(self.keeping(settings), options).await;
        let same = chores.scheduler.as_ref().is_some_and(|scheduler| {
            settings.scheduler.enabled
                && scheduler.queues == queues(wanted)
                && scheduler.interval == settings.scheduler.interval
        });
        if !same {
            if let Some(scheduler) = chores.scheduler.take() {
                scheduler.end().await;
            }
            chores.scheduler = self.beside(wanted);
        }
    }

    /// The daemon was asked to stop: whoever finds it dead from now on is to put its jobs back.
    pub(super) fn say_leaving(&self) {
        self.leaving.send_replace(true);
    }

    /// RQ: the scheduler ends at the first signal, while workers still have their jobs in hand, so that another one takes over
    /// at once.
    pub(super) async fn stop_scheduling(&self) {
        let scheduler = self.chores.lock().await.as_mut().and_then(|chores| chores.scheduler.take());
        if let Some(scheduler) = scheduler {
            scheduler.end().await;
        }
    }

    /// Ends everything. Workers that could not settle what they had in hand leave it to others.
    pub(super) async fn leave(&self, has_settled: bool, stop: &watch::Sender<Stop>) {
        self.has_left.set(true);
        self.stop_scheduling().await;
        let chores = self.chores.lock().await.take();
        let cold = async {
            let mut stop = stop.subscribe();
            if stop.wait_for(|stop| *stop == Stop::Cold).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        if let Some(Chores { maintenance, .. }) = chores {
            maintenance.leave(has_settled, cold).await;
        }
        let is_cold = *stop.borrow() == Stop::Cold;
        self.courier.rest(if is_cold { Duration::ZERO } else { WEBHOOKS }).await;
    }

    fn keeping(&self, settings: &Settings) -> Store {
        self.store.clone().keeping(failure_ttl(&settings.worker))
    }

    fn beside(&self, wanted: &[Wanted]) -> Option<Beside> {
        let settings = &wanted[0].resolved.settings.scheduler;
        // RQ: there is none any more once a stop was asked for.
        if !settings.enabled || *self.leaving.borrow() {
            return None;
        }
        let (queues, interval) = (queues(wanted), settings.interval);
        let scheduler = Scheduler::new(self.store.clone(), queues.clone(), interval);
        let (end, ended) = oneshot::channel::<()>();
        let task = tokio::task::spawn_local(scheduler.run(async move {
            let _ = ended.await;
        }));
        Some(Beside { queues, interval, end, task })
    }
}

impl Beside {
    /// Ends the scheduler, whose locks are free then.
    async fn end(self) {
        let _ = self.end.send(());
        let _ = self.task.await;
    }
}
