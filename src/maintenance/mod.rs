//! Maintenance: what a daemon does for queues, registries and other daemons, off the way of its jobs. One file per chore.
//!
//! Three tasks, so that none waits for another: the sign of life with a look around, the recovery of what that look found,
//! and RQ's own round of chores.

mod abandoned;
mod dependents;
mod followup;
mod groups;
mod interrupted;
mod judge;
mod rate_limits;
mod ready;
mod recovery;
mod registries;
mod repair;
mod round;
mod signs;
mod stranded;
mod webhooks;
mod workers;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::event::Event;
use crate::job::{DaemonId, InterruptRules, QueueName, WorkerName};
use crate::store::{Life, Store, StoreError};
use crate::telemetry::emit;
pub(crate) use followup::Followup;
use judge::Judge;
use recovery::Recovery;
pub(crate) use repair::{Fate, Repair, RepairOptions, STRANDED_AFTER};
use round::Round;
use signs::{Calm, Signs};
pub(crate) use stranded::OnStranded;

/// What maintenance is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// The queues that this daemon serves.
    pub(crate) queues: Vec<QueueName>,
    /// RQ: how often its round is made.
    pub(crate) interval: Duration,
    /// How long a daemon may be silent.
    pub(crate) liveness: Duration,
    pub(crate) life: Life,
    pub(crate) rules: InterruptRules,
    /// Whether exception handlers are to hear of each failure, for the daemon's card.
    pub(crate) has_handlers: bool,
    pub(crate) on_stranded: OnStranded,
}

/// A daemon's maintenance, from its first sign of life to its farewell.
pub(crate) struct Maintenance {
    store: Store,
    options: Options,
    calm: Rc<RefCell<Calm>>,
    /// Locks that we hold: they are given back even when a round is broken off.
    locked: Locked,
    tasks: JoinSet<()>,
    recovering: JoinSet<()>,
    followup: Followup,
    following: JoinSet<()>,
    roll: Roll,
    /// Where the end of the first round is told, whatever begins it anew.
    over: watch::Sender<bool>,
    /// Whether the daemon was asked to stop: others are to know it who may find it dead before it has done so.
    leaving: watch::Receiver<bool>,
}

/// The names of the daemon's workers that stand in Redis.
pub(crate) type Roll = Rc<RefCell<Vec<WorkerName>>>;

/// In whose name chores are told: of the first worker that stands in Redis by then.
#[derive(Clone)]
struct Speaker(Roll);

impl Speaker {
    fn name(&self) -> String {
        self.0.borrow().first().map(WorkerName::to_string).unwrap_or_default()
    }
}

/// The queues whose registries we clean now, and what we wrote into their locks.
type Locked = Rc<RefCell<Vec<(QueueName, String)>>>;

/// When the first round may begin, and how to tell that it is over.
pub(crate) struct FirstRound {
    pub(crate) begin: oneshot::Receiver<()>,
    pub(crate) over: watch::Sender<bool>,
}

/// The sign of life of a daemon that may be silent for so long.
pub(crate) fn life(daemon: DaemonId, liveness: Duration) -> Life {
    // It lasts a little less than the time after which its daemon counts as gone, because it is looked for now and then.
    Life { daemon, lasts: liveness * 4 / 5 }
}

impl Maintenance {
    /// Whoever stands on the roll is known to be this daemon's.
    pub(crate) fn new(
        store: Store,
        options: Options,
        followup: Followup,
        roll: Roll,
        leaving: watch::Receiver<bool>,
    ) -> Self {
        let (over, _) = watch::channel(false);
        Self {
            store,
            options,
            calm: Rc::default(),
            locked: Locked::default(),
            tasks: JoinSet::new(),
            recovering: JoinSet::new(),
            followup,
            following: JoinSet::new(),
            roll,
            over,
            leaving,
        }
    }

    /// Goes on by other rules, with a round at once, unless they are the same.
    pub(crate) async fn change(&mut self, store: Store, options: Options) {
        if options == self.options && store.keeps_as(&self.store) {
            return;
        }
        self.break_off().await;
        while self.recovering.try_join_next().is_some() || self.following.try_join_next().is_some() {}
        (self.store, self.options) = (store, options);
        let (begin, may_begin) = oneshot::channel();
        let _ = begin.send(());
        let over = self.over.clone();
        self.start(FirstRound { begin: may_begin, over }).await;
    }

    /// Starts the tasks for workers that stand in Redis, but have not claimed anything yet.
    pub(crate) async fn start(&mut self, first: FirstRound) {
        self.over = first.over.clone();
        let speaker = Speaker(Rc::clone(&self.roll));
        let (tell, found) = mpsc::channel(1);
        let mut signs = Signs::new(&self.store, &self.options, Rc::clone(&self.calm), Rc::clone(&self.roll));
        // When Redis is away just now, the claims that would need it fail as well.
        let seen = signs.give_first().await;
        signs.tell(&tell, seen);
        let (recovered, is_recovered) = oneshot::channel();
        let (follow, followed) = mpsc::channel(followup::WAITING);
        let recovery = Recovery {
            store: self.store.clone(),
            judge: Judge {
                store: self.store.clone(),
                rules: self.options.rules.clone(),
                liveness: self.options.liveness,
            },
            speaker: speaker.clone(),
            followup: self.followup.clone(),
            follow,
            stranded: HashMap::new(),
            releasing: JoinSet::new(),
            on_stranded: self.options.on_stranded,
        };
        self.following.spawn_local(self.followup.clone().run(speaker.clone(), followed));
        let round = Round {
            store: self.store.clone(),
            options: self.options.clone(),
            speaker,
            token: Uuid::new_v4().simple().to_string(),
            locked: Rc::clone(&self.locked),
        };
        self.tasks.spawn_local(signs.go_on(tell, self.leaving.clone()));
        self.recovering.spawn_local(recovery.run(found, recovered));
        self.tasks.spawn_local(round.run(first, is_recovered));
    }

    /// Ends everything, but callbacks that are due are called unless the daemon must end at once. A daemon that could not settle
    /// what it had in hand says no farewell, so that others take it on.
    pub(crate) async fn leave(mut self, has_settled: bool, at_once: impl Future<Output = ()>) {
        self.break_off().await;
        self.recovering.shutdown().await;
        if has_settled {
            let _ = self.store.farewell(&self.options.life).await;
        }
        let followed = async { while self.following.join_next().await.is_some() {} };
        tokio::select! {
            () = followed => {}
            () = at_once => {}
        }
    }

    /// Ends the tasks, and gives the locks back that they had. What recovery has in hand it does to the end: nothing more comes to it
    /// once the signs are no more.
    async fn break_off(&mut self) {
        self.tasks.shutdown().await;
        for (queue, token) in self.locked.take() {
            let _ = self.store.unlock_registries(&queue, &token).await;
        }
    }
}

/// Tells of a chore that the server refused; that it was away is told by those who need it more.
fn tell_failure(speaker: &Speaker, chore: &'static str, error: &StoreError) {
    if !error.is_away() {
        emit(Event::ChoreFailed { worker: speaker.name(), chore, error: error.to_string() });
    }
}
