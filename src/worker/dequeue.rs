//! Dequeuing: from a free horse to a claimed job.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::heart::MARGIN;
use super::patience::Patience;
use super::{Stop, Taken, WorkError, Worker};
use crate::event::{Event, UnreadableFate};
use crate::horse::Horse;
use crate::job::{Claim, ExecutionId, QueueName};
use crate::store::{ClaimRequest, Claimed, Surfaced};
use crate::telemetry::emit;

/// RQ: how often a suspended worker looks whether it may go on.
const SUSPENDED: Duration = Duration::from_secs(1);

/// The lead of the first round of maintenance.
const LEAD: Duration = Duration::from_secs(1);

/// After so long, the answer of a claim is not taken for what is.
const LATE: Duration = Duration::from_secs(5);

/// What dequeuing ended with.
pub(super) enum Dequeued {
    /// A job that is ours, and a horse that waits for it.
    Job(Horse, Box<Claim>),
    /// No more jobs for this worker; why.
    Nothing(Event),
}

impl Worker {
    /// Waits for the next job. The horse comes first: a job that is claimed never waits for one.
    pub(super) async fn dequeue(&mut self) -> Result<Dequeued, WorkError> {
        emit(Event::ListenBegan { worker: self.name(), queues: self.queue_names() });
        self.show_title(&format!("Listening on {}", self.queue_names().join(",")));
        let execution = self.taken.claiming.clone().unwrap_or_else(ExecutionId::random);
        loop {
            if let Some(reason) = self.reason_to_leave() {
                return Ok(Dequeued::Nothing(reason));
            }
            self.heed_brief().await?;
            if self.is_quiet() {
                self.keep_quiet().await?;
                continue;
            }
            // It may have died while it waited for a job.
            if self.horse.as_mut().is_none_or(Horse::is_gone) {
                self.horse = self.borrow_horse().await;
                continue;
            }
            emit(Event::DequeueBegan {
                worker: self.name(),
                queues: self.queue_names(),
                timeout: self.patience(),
            });
            // After a claim without an answer, a command may be for the execution which that one began.
            if self.taken.claiming.is_none() {
                self.obey_late_commands();
            }
            let claimed = if let Some(claimed) = self.taken.ahead.take() {
                claimed
            } else {
                // Without an answer, what surfaced is not known to be taken, and the execution may have begun.
                self.taken.claiming = Some(execution.clone());
                let Some(claimed) = self.claim(&execution).await? else { continue };
                claimed
            };
            self.taken = Taken::default();
            match claimed {
                Claimed::Job(claim) => {
                    self.turns.took_from(&claim.queue);
                    self.turn += 1;
                    let horse = self.horse.take().expect("a claim is made only with a horse at hand");
                    return Ok(Dequeued::Job(horse, claim));
                }
                Claimed::Aside { queue, id, reason } => self.told_aside(queue.to_string(), id, reason),
                // Others, and commands to this worker, had their turn meanwhile.
                Claimed::More | Claimed::Early => {}
                Claimed::Suspended if self.options.burst => {
                    return Ok(Dequeued::Nothing(Event::SuspensionFound {
                        worker: self.name(),
                        burst: true,
                    }));
                }
                Claimed::Suspended => self.sit_out_suspension().await,
                Claimed::Unregistered => self.register_again().await?,
                Claimed::Empty if self.options.burst => {
                    if !self.more_may_come().await {
                        return Ok(Dequeued::Nothing(Event::QueuesDrained { worker: self.name() }));
                    }
                }
                Claimed::Empty => self.taken.surfaced = self.await_jobs().await,
            }
        }
    }

    /// Waits for a horse; nothing when a stop came first.
    async fn borrow_horse(&mut self) -> Option<Horse> {
        let stable = std::rc::Rc::clone(&self.stable);
        let mut lent = std::pin::pin!(stable.lend());
        let mut stop = self.stop.clone();
        loop {
            tokio::select! {
                horse = &mut lent => return horse,
                Ok(_) = stop.wait_for(|stop| *stop != Stop::No) => return None,
                // It may be another application from now on.
                () = self.briefing.renewed() => return None,
                Some(command) = self.commands.recv() => self.obey_while_idle(&command),
            }
        }
    }

    /// Turns to the commands that came for a job which has ended, before another, or the same again, is taken.
    fn obey_late_commands(&mut self) {
        while let Ok(command) = self.commands.try_recv() {
            self.obey_while_idle(&command);
        }
    }

    /// Waits until a queue had a job, something is due, or a stop; returns what surfaced. No wait is left behind.
    async fn await_jobs(&mut self) -> Vec<Surfaced> {
        let until = self.idle_limit();
        let (mut stop, mut quiet) = (self.stop.clone(), self.quiet.clone());
        let mut surfaced = Vec::new();
        loop {
            tokio::select! {
                // A failure is met again by the claim that follows, which waits for its end.
                woken = self.listener.wait() => if let Ok(found) = woken {
                    let found_one = found.is_some();
                    surfaced.extend(found);
                    if !found_one && !self.listener.polls() { continue }
                },
                _ = stop.wait_for(|stop| *stop != Stop::No) => {}
                Ok(_) = quiet.wait_for(|quiet| *quiet) => {}
                () = self.briefing.renewed() => {}
                Some(command) = self.commands.recv() => { self.obey_while_idle(&command); continue }
                Some(_) = self.pulses.recv() => continue,
                () = sleep_until(until.unwrap_or_else(far_away)), if until.is_some() => {}
            }
            break;
        }
        surfaced.extend(self.listener.rest().await);
        surfaced
    }

    async fn claim(&mut self, execution: &ExecutionId) -> Result<Option<Claimed>, WorkError> {
        let queues = self.turns.order();
        let request = self.request(execution, &queues, None);
        Ok(self.persist(Patience::Idle, async |store| store.claim(&request).await).await?)
    }

    fn request<'a>(
        &'a self,
        execution: &'a ExecutionId,
        queues: &'a [QueueName],
        after: Option<&'a ExecutionId>,
    ) -> ClaimRequest<'a> {
        ClaimRequest {
            worker: &self.registration.name,
            execution,
            queues,
            surfaced: &self.taken.surfaced,
            lease: self.lease(),
            life: &self.life,
            turn: self.turn,
            after,
        }
    }

    /// Settles the job in hand and claims the next one, both in one round trip, where a horse is at hand for it and nothing
    /// speaks against another job. The claim is tried once: what becomes of it is heeded by the next [`Self::dequeue`].
    pub(super) async fn claim_beside<T>(
        &mut self,
        settled: &ExecutionId,
        settling: impl AsyncFnOnce(&Self) -> T,
    ) -> T {
        if !self.wants_another() {
            return settling(self).await;
        }
        let (execution, queues, began) = (ExecutionId::random(), self.turns.order(), Instant::now());
        self.taken.claiming = Some(execution.clone());
        let (done, claimed) = {
            let request = self.request(&execution, &queues, Some(settled));
            // They go out in this order.
            tokio::join!(settling(self), self.store.claim(&request))
        };
        // When the settling was held up, the lease of the next job may be over: it is asked for again.
        self.taken.ahead = claimed.ok().filter(|_| began.elapsed() < LATE);
        done
    }

    /// Whether the job that ended is to be followed by another one, and a horse waits for that.
    fn wants_another(&mut self) -> bool {
        let is_last = self.options.max_jobs.is_some_and(|most| self.jobs_done + 1 >= most);
        let is_told = self.stop_wanted() != Stop::No || self.is_quiet() || self.briefing.is_news();
        // A command that came for the job which ended must not meet the next one.
        if is_last || is_told || self.taken.claiming.is_some() || !self.commands.is_empty() {
            return false;
        }
        if self.horse.as_mut().is_none_or(Horse::is_gone) {
            self.horse = self.stable.take();
        }
        self.horse.is_some()
    }

    /// How long the worker waits for a job, as far as it is known; a burst does not wait.
    fn patience(&self) -> Option<Duration> {
        // RQ: it waits until it is time to beat, and tells so.
        let beat = self.options.ttl.saturating_sub(MARGIN).max(Duration::from_secs(1));
        let rest = self.idle_limit().map_or(beat, |limit| beat.min(limit - Instant::now()));
        (!self.options.burst).then_some(rest)
    }

    /// Why the worker should leave now, if it should.
    fn reason_to_leave(&mut self) -> Option<Event> {
        if self.stop_wanted() != Stop::No {
            return Some(self.stopped_on_request());
        }
        let limit = self.options.max_idle_time?;
        (self.idle_since.elapsed() >= limit).then(|| Event::IdleLimitReached { worker: self.name(), limit })
    }

    fn idle_limit(&self) -> Option<Instant> {
        self.options.max_idle_time.map(|limit| self.idle_since + limit)
    }

    async fn sit_out_suspension(&mut self) {
        emit(Event::SuspensionFound { worker: self.name(), burst: false });
        self.show_state("suspended").await;
        let mut stop = self.stop.clone();
        loop {
            tokio::select! {
                () = tokio::time::sleep(SUSPENDED) => {}
                () = self.briefing.renewed() => break,
                Some(command) = self.commands.recv() => { self.obey_while_idle(&command); continue }
                _ = stop.wait_for(|stop| *stop != Stop::No) => break,
            }
            let suspended = self.persist(Patience::Idle, async |store| store.is_suspended().await).await;
            if !matches!(suspended, Ok(Some(true))) {
                break;
            }
        }
        self.show_state("idle").await;
        self.idle_since = Instant::now();
    }

    fn told_aside(&self, queue: String, job: String, reason: String) {
        let fate = UnreadableFate::PutAside;
        emit(Event::JobUnreadable { worker: self.name(), queue, job, reason, fate });
    }

    fn stopped_on_request(&mut self) -> Event {
        if self.stop_told.is_none() && self.stop_wanted() != Stop::Retire {
            self.tell_warm_stop(false);
        }
        Event::StoppedOnRequest { worker: self.name() }
    }

    /// Lets the daemon's first round of maintenance begin. It gets a small lead, because RQ makes it first: what it puts back
    /// comes before what is queued.
    pub(super) async fn begin_first_round(&mut self) {
        if let Some(begin) = self.first_round.begin.take() {
            let _ = begin.send(());
        }
        self.first_round_over(Some(LEAD)).await;
    }

    /// Waits for what is about to come into the queues by itself, which a burst must not miss; false when there is nothing.
    async fn more_may_come(&mut self) -> bool {
        // Whoever was to tell of its end may be gone.
        if !*self.first_round.over.borrow() && self.first_round.over.has_changed().is_ok() {
            self.first_round_over(None).await;
            return true;
        }
        let mut stop = self.stop.clone();
        tokio::select! {
            released = self.releases.join_next() => released.is_some(),
            _ = stop.wait_for(|stop| *stop != Stop::No) => true,
        }
    }

    /// Waits until the first round is over, for so long at most, or until a stop.
    async fn first_round_over(&mut self, most: Option<Duration>) {
        let mut over = self.first_round.over.clone();
        let mut stop = self.stop.clone();
        let until = Instant::now() + most.unwrap_or_default();
        tokio::select! {
            _ = over.wait_for(|over| *over) => {}
            _ = stop.wait_for(|stop| *stop != Stop::No) => {}
            () = sleep_until(until), if most.is_some() => {}
        }
    }
}

fn far_away() -> Instant {
    Instant::now() + Duration::from_secs(24 * 3600)
}
