//! The brief: what a worker is told, and told anew when the configuration is reloaded.

use std::rc::Rc;

use tokio::sync::watch;

use super::heart::Beat;
use super::listen::Listener;
use super::patience::Patience;
use super::strategy::Turns;
use super::{Options, Taken, WorkError, Worker};
use crate::event::Event;
use crate::horse::Mourners;
use crate::store::{Life, Registration, Store};
use crate::telemetry::emit;

/// Everything that may change while a worker lives; its name may not.
pub(crate) struct Brief {
    pub(crate) options: Options,
    /// The daemon's sign of life.
    pub(crate) life: Life,
    /// With the application that its horses are of.
    pub(crate) mourners: Mourners,
}

/// What is told now, and what of it was heeded.
pub(super) struct Briefing {
    pub(super) told: watch::Receiver<Rc<Brief>>,
    pub(super) heeded: Rc<Brief>,
}

impl Briefing {
    /// Whether something is told that was not heeded yet.
    pub(super) fn is_news(&self) -> bool {
        !Rc::ptr_eq(&self.told.borrow(), &self.heeded)
    }

    /// Waits until something is told that was not heeded yet.
    pub(super) async fn renewed(&self) {
        let mut told = self.told.clone();
        if told.wait_for(|brief| !Rc::ptr_eq(brief, &self.heeded)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Worker {
    /// Takes on what a reload changed. There is no job in hand: one that is keeps what it started with.
    pub(super) async fn heed_brief(&mut self) -> Result<(), WorkError> {
        let brief = Rc::clone(&self.briefing.told.borrow());
        if Rc::ptr_eq(&brief, &self.briefing.heeded) {
            return Ok(());
        }
        self.briefing.heeded = Rc::clone(&brief);
        let name = self.options.name.clone();
        let options = Options { name, ..brief.options.clone() };
        let old = std::mem::replace(&mut self.options, options);
        if !Rc::ptr_eq(&self.stable, &brief.mourners.stable) {
            self.stable = Rc::clone(&brief.mourners.stable);
            if let Some(horse) = self.horse.take() {
                tokio::task::spawn_local(horse.dismiss());
            }
        }
        self.mourners = brief.mourners.clone();
        self.life = brief.life.clone();
        self.store = self.store.clone().keeping(self.options.failure_ttl);
        if old.strategy != self.options.strategy || old.queues != self.options.queues {
            self.turns = Turns::new(self.options.strategy.clone(), &self.options.queues);
        }
        let moved = old.queues != self.options.queues;
        if moved {
            self.leave_queues().await?;
        }
        if moved || old.python_version != self.options.python_version || old.ttl != self.options.ttl {
            self.enter_anew(&old).await?;
        }
        self.beat.send_replace(Beat::of(&self.options, &self.registration));
        Ok(())
    }

    /// Takes on what counts for the job in hand, too: how often the heart beats, and for how long; the deadline of a stop is looked
    /// up when it is needed.
    pub(super) fn heed_at_work(&mut self) {
        let told = self.briefing.told.borrow();
        self.registration.ttl = told.options.ttl;
        self.beat.send_replace(Beat::of(&told.options, &self.registration));
    }

    /// Ends the waits for queues that may not be ours any more. What they surfaced goes back to the heads of their queues.
    async fn leave_queues(&mut self) -> Result<(), WorkError> {
        let surfaced = self.listener.rest().await;
        self.taken.surfaced.extend(surfaced);
        self.give_back().await?;
        self.listener = Listener::new(&self.store, &self.options.queues, self.version.as_deref());
        Ok(())
    }

    /// Gives back what was taken for nobody; false when a stop came first.
    pub(super) async fn give_back(&mut self) -> Result<bool, WorkError> {
        let Taken { claiming, surfaced, .. } = &self.taken;
        if claiming.is_none() && surfaced.is_empty() {
            return Ok(true);
        }
        let name = &self.registration.name;
        let act = async |store: &Store| store.restore(name, claiming.as_ref(), surfaced).await;
        if self.persist(Patience::Idle, act).await?.is_none() {
            return Ok(false);
        }
        self.turn += u64::from(self.taken.claiming.is_some());
        self.taken = Taken::default();
        Ok(true)
    }

    /// Shows the world the queues that are served from now on.
    async fn enter_anew(&mut self, old: &Options) -> Result<(), WorkError> {
        let registration = Registration {
            queues: self.options.queues.clone(),
            python_version: self.options.python_version.clone(),
            ttl: self.options.ttl,
            ..self.registration.clone()
        };
        let left: Vec<_> =
            old.queues.iter().filter(|queue| !registration.queues.contains(queue)).cloned().collect();
        let change = async |store: &Store| store.change_registration(&registration, &left).await;
        if self.persist(Patience::Idle, change).await?.is_none() {
            // A stop came first: it leaves the queues that it stands in.
            return Ok(());
        }
        self.registration = registration;
        if old.queues != self.options.queues {
            emit(Event::QueuesAnnounced { worker: self.name(), queues: self.queue_names() });
        }
        Ok(())
    }
}
