//! Running: one claimed job in one horse, from the order to the end.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::command::Command;
use super::heart::{AtWork, Pulse};
use super::kill::{Kill, Killed};
use super::rq_engine::{Left, unsettled};
use super::{Stop, Worker};
use crate::event::{Event, UnreadableFate};
use crate::horse::{Ending, EngineKind, Horse, Phase, Run, Said, names_and_lengths};
use crate::job::{
    Claim, CronMark, Death, Ended, Heard, Job, Keep, LimitBy, Lineage, Outcome, Raised, Timestamp,
    TraceHeaders, known_of, stopped,
};
use crate::telemetry::emit;

/// What happens to a horse at work.
enum Happening {
    Said(Said),
    Kill(Kill),
    Noted,
}

impl Worker {
    /// Runs a job to its end, whatever that is. Nothing comes back when RQ's own code has settled it.
    pub(super) async fn run(&mut self, horse: Horse, mut claim: Claim) -> Option<Ended> {
        if let Ok(job) = &mut claim.job {
            self.options.time_limits.impose(job);
        }
        emit(Event::JobClaimed {
            worker: self.name(),
            queue: claim.queue.to_string(),
            job: claim.id.to_string(),
            execution: claim.execution.to_string(),
            description: claim.title(),
            horse: horse.pid(),
            waited: claim.waited(),
        });
        *self.doing.in_hand.borrow_mut() = Some((claim.clone(), Instant::now()));
        self.began = false;
        self.asked_to_end = None;
        let ended = match claim.job.clone() {
            Ok(job) => self.run_in(horse, claim, &job).await,
            Err(reason) => Some(self.unreadable(claim, reason)),
        };
        *self.doing.at_work.borrow_mut() = None;
        *self.doing.in_hand.borrow_mut() = None;
        ended
    }

    async fn run_in(&mut self, mut horse: Horse, claim: Claim, job: &Job) -> Option<Ended> {
        self.note_handing_over(&claim).await;
        let native = self.options.horses.engine == EngineKind::Native;
        self.show_title(&format!("Forked {} at {}", horse.pid(), Timestamp::now().float()));
        if native {
            emit(Event::ExecutionPrepared { worker: self.name(), job: job.id.to_string() });
        }
        let fields = native.then_some(&job.fields);
        let order = self.order(&claim, job, horse.served());
        if let Err(error) = horse.run(&order, fields, self.options.horses.attention.output) {
            tokio::task::spawn_local(horse.dismiss());
            return Some(self.unreadable(claim, error.to_string()));
        }
        let mut left = Left::Death;
        self.show_work(&horse, job);
        let said = self.attend(&mut horse, &claim, job).await;
        *self.doing.at_work.borrow_mut() = None;
        let (function, heard) = (horse.function(), horse.hear_out());
        let (outcome, ending) = match said {
            Ok(Said::Ended(ending)) => {
                self.let_go(horse).await;
                let Ending { outcome, started_at, ended_at } = *ending;
                (with_what_is_known(outcome, job), (started_at, ended_at))
            }
            Ok(Said::Settled) => {
                left = Left::Word;
                if let Some(evidence) = horse.evidence() {
                    let (worker, job, function) = (self.name(), claim.id.to_string(), function.clone());
                    emit(Event::FailureLeft { worker, job, function, evidence });
                }
                let outcome = unsettled(horse.pid());
                self.let_go(horse).await;
                (outcome, (None, None))
            }
            Ok(Said::Phase(..) | Said::CallbackRaised(..) | Said::Called(_)) => {
                unreachable!("these are noted while the horse is attended")
            }
            Err(Killed { kill: Kill::Stopped, death }) => {
                (self.stopped_by_user(&death, job).await, (None, None))
            }
            Err(Killed { kill: kill @ (Kill::ColdShutdown | Kill::Deadline), .. }) => {
                left = Left::Haste;
                (self.interrupted(kill, job), (None, None))
            }
            Err(Killed { kill: Kill::TakenAway, death }) => {
                left = Left::Haste;
                (Outcome::Died(death), (None, None))
            }
            Ok(Said::Died(death)) | Err(Killed { death, .. }) => (Outcome::Died(death), (None, None)),
        };
        let (started_at, ended_at) = ending;
        let ended_at = ended_at.unwrap_or_else(Timestamp::now);
        let ended = Ended { claim, outcome, function, started_at, ended_at, heard };
        if native { Some(ended) } else { self.close(ended, left).await }
    }

    /// Tells of a job that a user stopped, and lets it call back.
    async fn stopped_by_user(&mut self, death: &Death, job: &Job) -> Outcome {
        let channel = self.store.channel(&self.registration.name);
        let evidence = stopped(death, &channel, self.options.stop_grace);
        if self.options.horses.engine == EngineKind::Native {
            let (worker, id) = (self.name(), job.id.to_string());
            emit(Event::JobStopped { worker, job: id, evidence: evidence.clone() });
            self.call_stopped(job).await;
        }
        Outcome::Stopped(evidence)
    }

    /// What a horse that has served so many is told of a job. RQ's own code fetches its fields by itself.
    fn order<'a>(&'a self, claim: &'a Claim, job: &'a Job, served: u64) -> Run<'a> {
        let most = self.options.horses.max_jobs;
        let native = self.options.horses.engine == EngineKind::Native;
        Run {
            job_id: job.id.as_str(),
            execution_id: claim.execution.as_str(),
            worker_name: self.registration.name.as_str(),
            queue: claim.queue.as_str(),
            timeout: job.timeout.map(|limit| limit.as_secs()),
            timeout_counts: job.limit_by == LimitBy::Queue,
            report: self.options.reports,
            keeps_result: job.result_ttl.unwrap_or(self.options.defaults.result_ttl) != Keep::Never,
            last: native && most != 0 && served + 1 >= most,
            records: self.options.horses.attention.records,
            fields: if native { names_and_lengths(&job.fields) } else { Vec::new() },
        }
    }

    /// A horse that may have another job stays with the worker.
    async fn let_go(&mut self, mut horse: Horse) {
        let most = self.options.horses.max_jobs;
        if (most == 0 || horse.served() < most) && !horse.is_worn() && horse.is_free().await {
            self.horse = Some(horse);
        } else {
            tokio::task::spawn_local(horse.dismiss());
        }
    }

    /// Stays with a horse until it ends, or must be killed: then it is dead already.
    async fn attend(&mut self, horse: &mut Horse, claim: &Claim, job: &Job) -> Result<Said, Killed> {
        // The limit is the function's, or a callback's; before and after it the horse has as long as the function, so that it
        // cannot hang for ever.
        let grace = self.options.timeout_grace;
        let native = self.options.horses.engine == EngineKind::Native;
        let mut in_function = false;
        let mut limit = job.timeout;
        let mut since = Instant::now();
        loop {
            let deadline = limit.map(|limit| since + limit + grace);
            match self.next_happening(horse, claim, deadline).await {
                Happening::Said(Said::Phase(phase)) => {
                    self.began = true;
                    in_function = matches!(phase, Phase::Function(..));
                    limit = self.entered(&phase, job);
                    since = Instant::now();
                    self.show_phase(&phase, limit, since);
                }
                Happening::Said(Said::CallbackRaised(callback, traceback)) => {
                    let (job, callback) = (job.id.to_string(), callback.to_string());
                    emit(Event::CallbackRaised { job, callback, traceback });
                }
                Happening::Said(said) => return self.unless_cut_off(horse, said, job).await,
                // RQ's own code ends the execution while its horse is still at work.
                Happening::Kill(Kill::TakenAway) if !native && !in_function => {}
                Happening::Kill(kill) => return Err(self.kill(horse, kill, job, limit).await),
                Happening::Noted => {}
            }
        }
    }

    /// Lets others look at the horse from now on.
    fn show_work(&self, horse: &Horse, job: &Job) {
        *self.doing.at_work.borrow_mut() = Some(AtWork {
            window: horse.window(),
            phase: "preparing".to_owned(),
            function: None,
            limit: job.timeout,
            since: Instant::now(),
        });
    }

    /// Lets others see what it is about.
    fn show_phase(&self, phase: &Phase, limit: Option<Duration>, since: Instant) {
        let mut at_work = self.doing.at_work.borrow_mut();
        let Some(at_work) = at_work.as_mut() else { return };
        (at_work.limit, at_work.since) = (limit, since);
        at_work.phase = match phase {
            Phase::Function(function, _) => {
                at_work.function.clone_from(function);
                "function".to_owned()
            }
            Phase::Callback(callback, _) => format!("{callback} callback"),
            Phase::Ending => "ending".to_owned(),
        };
    }

    /// Tells the phase that a horse entered, and returns the limit that holds from now on.
    fn entered(&self, phase: &Phase, job: &Job) -> Option<Duration> {
        match phase {
            Phase::Function(function, trace) => {
                // RQ's own code tells it by itself.
                if self.options.horses.engine == EngineKind::Native {
                    let lineage = self.options.reports.and_then(|_| lineage(job, trace.clone()));
                    let (worker, job, function) = (self.name(), job.id.to_string(), function.clone());
                    emit(Event::FunctionBegan { worker, job, function, lineage });
                }
                job.timeout
            }
            Phase::Callback(callback, limit) => {
                emit(Event::CallbackBegan { job: job.id.to_string(), callback: callback.to_string() });
                *limit
            }
            Phase::Ending => job.timeout,
        }
    }

    async fn next_happening(
        &mut self,
        horse: &mut Horse,
        claim: &Claim,
        deadline: Option<Instant>,
    ) -> Happening {
        let mut stop = self.stop.clone();
        let told = self.stop_told.is_some();
        let stop_at = self.asked_to_end.map(|asked| asked + self.options.stop_grace).or(self.stop_at());
        let changed = |stop: &Stop| match stop {
            Stop::No | Stop::Retire => false,
            Stop::Warm(_) => !told,
            Stop::Cold => true,
        };
        tokio::select! {
            said = horse.next() => Happening::Said(said),
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {
                Happening::Kill(Kill::Overdue)
            }
            () = sleep_until(stop_at.unwrap_or_else(Instant::now)), if stop_at.is_some() => {
                self.reached_deadline(horse)
            }
            Ok(()) = self.briefing.told.changed() => {
                self.heed_at_work();
                Happening::Noted
            }
            Some(Pulse::Lost(execution)) = self.pulses.recv() => {
                if execution == claim.execution { Happening::Kill(Kill::TakenAway) } else { Happening::Noted }
            }
            Some(command) = self.commands.recv() => self.obey_while_busy(&command, claim),
            Ok(wanted) = stop.wait_for(changed) => {
                let wanted = *wanted;
                self.asked_to_stop(wanted, horse).await
            }
        }
    }

    /// At the deadline of a stop, a job is asked to end, and has its grace.
    fn reached_deadline(&mut self, horse: &mut Horse) -> Happening {
        if self.asked_to_end.is_none() && !self.options.stop_grace.is_zero() && horse.terminate().is_ok() {
            self.asked_to_end = Some(Instant::now());
            return Happening::Noted;
        }
        Happening::Kill(Kill::Deadline)
    }

    /// A job that fails because it was asked to end at the deadline of a stop was cut off: no stop fails it. One that still
    /// succeeds has succeeded.
    async fn unless_cut_off(&mut self, horse: &mut Horse, said: Said, job: &Job) -> Result<Said, Killed> {
        let is_cut_off = match &said {
            Said::Died(_) => true,
            Said::Ended(ending) => matches!(ending.outcome, Outcome::Raised(_)),
            Said::Settled | Said::Phase(..) | Said::CallbackRaised(..) | Said::Called(_) => false,
        };
        if self.asked_to_end.is_none() || !is_cut_off {
            return Ok(said);
        }
        match said {
            Said::Died(death) => Err(Killed { kill: Kill::Deadline, death }),
            _ => Err(self.kill(horse, Kill::Deadline, job, None).await),
        }
    }

    async fn asked_to_stop(&mut self, wanted: Stop, horse: &Horse) -> Happening {
        match wanted {
            Stop::Cold => {
                emit(Event::ColdShutdownRequested { worker: self.name(), horse_pid: Some(horse.pid()) });
                Happening::Kill(Kill::ColdShutdown)
            }
            Stop::Warm(_) | Stop::Retire | Stop::No => {
                self.tell_warm_stop(true);
                if self.options.horses.warm_signal && matches!(horse.warn(), Ok(true)) {
                    emit(Event::HorseWarned { worker: self.name() });
                }
                // A date for monitors; that it could not be written is no reason to stop otherwise.
                let _ = self.store.note_shutdown_request(&self.registration.name).await;
                Happening::Noted
            }
        }
    }

    fn obey_while_busy(&self, command: &Command, claim: &Claim) -> Happening {
        let worker = self.name();
        if let Some(execution) = command.bound_to().filter(|execution| *execution != claim.execution.as_str())
        {
            emit(Event::CommandNotMeant { worker, execution: execution.to_owned() });
            return Happening::Noted;
        }
        match command {
            Command::Shutdown { .. }
            | Command::Quiet { .. }
            | Command::Unquiet { .. }
            | Command::Reload { .. }
            | Command::Status { .. }
            | Command::Configuration { .. }
            | Command::Difference { .. }
            | Command::Stack { .. } => self.pass_on(command),
            Command::KillHorse { .. } => {
                emit(Event::KillHorseCommanded { worker, working: true });
                return Happening::Kill(Kill::Commanded);
            }
            Command::StopJob { job_id } => {
                let obeyed = job_id == claim.id.as_str();
                emit(Event::StopJobCommanded { worker, job: job_id.clone(), obeyed });
                return if obeyed { Happening::Kill(Kill::Stopped) } else { Happening::Noted };
            }
            Command::StopExecution { job_id, execution_id } => {
                let obeyed = execution_id == claim.execution.as_str();
                let (job, execution) = (job_id.clone(), execution_id.clone());
                emit(Event::StopExecutionCommanded { worker, job, execution, obeyed });
                return if obeyed { Happening::Kill(Kill::Stopped) } else { Happening::Noted };
            }
            Command::Unknown => {}
        }
        Happening::Noted
    }

    fn unreadable(&self, claim: Claim, reason: String) -> Ended {
        emit(Event::JobUnreadable {
            worker: self.name(),
            queue: claim.queue.to_string(),
            job: claim.id.to_string(),
            reason: reason.clone(),
            fate: UnreadableFate::Failed,
        });
        let (outcome, ended_at) = (Outcome::Unreadable(reason), Timestamp::now());
        Ended { claim, outcome, function: None, started_at: None, ended_at, heard: Heard::default() }
    }
}

/// An exception with what is known of it.
fn with_what_is_known(outcome: Outcome, job: &Job) -> Outcome {
    match outcome {
        Outcome::Raised(raised) => Outcome::Raised(Raised { known: known_of(&raised, job), ..raised }),
        outcome => outcome,
    }
}

/// What a job was enqueued within; nothing when there is nothing.
fn lineage(job: &Job, trace: Option<TraceHeaders>) -> Option<Box<Lineage>> {
    let cron = job.text(CronMark::FIELD).and_then(CronMark::parse);
    (trace.is_some() || cron.is_some()).then(|| Box::new(Lineage { trace, cron }))
}
