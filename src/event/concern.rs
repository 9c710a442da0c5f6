//! Whom and what an event concerns.

use std::time::SystemTime;

use super::Event;

/// A field of the events that have it, or else another answer.
macro_rules! field {
    ($event:ident.$field:ident of [$($name:ident)+] or $other:expr) => {
        match $event {
            $(Event::$name { $field, .. })|+ => Some($field),
            _ => $other,
        }
    };
}

impl Event {
    /// The worker that it concerns, when it is one.
    pub(crate) fn worker(&self) -> Option<&str> {
        field!(self.worker of [
                BirthBegan WorkerStarted NameTakenOver WorkerReregistered ChannelSubscribed
                ChannelUnsubscribed QueuesAnnounced HeartbeatSent SuspensionFound WorkerQuieted
                WorkerResumed DeathBegan QueuesDrained IdleLimitReached JobLimitReached StoppedOnRequest
                LeftInOutage WorkerFailed LoopBroke WarmShutdownRequested ColdShutdownRequested HorseWarned
                HorseKilled HorseGoneAlready RedisLost RedisReturned ListenBegan DequeueBegan JobClaimed
                ExecutionPrepared FunctionBegan FunctionReturned StoppedCallbackRaised JobSucceeded
                JobRaised FailureLeft JobSettled HorseEnded HorseDied HorseOverran JobFailed JobStopped
                RetryAsked RetriesExhausted CanceledJobEnded ExecutionTakenAway JobUnreadable
                FailureNotPersisted CommandUnreadable ShutdownCommanded KillHorseCommanded StopJobCommanded
                CommandNotMeant StopExecutionCommanded RegistriesCleaned GroupsCleaned DaemonFoundGone
                ChoreFailed JobLogged OutputWritten OutputNotRead RecordsLost
            ] or None)
    }

    /// The job that it concerns, when it is one.
    pub(crate) fn job(&self) -> Option<&str> {
        field!(self.job of [
                JobClaimed ExecutionPrepared FunctionBegan OutputWritten OutputNotRead FunctionReturned
                WebhookBegan WebhookFailed WebhooksUnreadable CallbackBegan CallbackRaised
                StoppedCallbackRaised JobSucceeded JobRaised FailureLeft JobSettled HorseEnded HorseDied
                HorseOverran JobFailed JobStopped RetryAsked RetriesExhausted RetryEnqueued RetryScheduled
                CanceledJobEnded ExecutionTakenAway JobUnreadable FailureNotPersisted StopJobCommanded
                StopExecutionCommanded StrandedFailed InterruptedPutBack InterruptedFailed
                AbandonedJobFailed DueJobPassed
            ] or self.speaker())
    }

    /// The job that said it, when that is known.
    fn speaker(&self) -> Option<&str> {
        match self {
            Self::JobLogged { job, .. } | Self::RecordsLost { job, .. } => job.as_deref(),
            _ => None,
        }
    }

    /// The queue that it concerns, when it is one.
    pub(crate) fn queue(&self) -> Option<&str> {
        field!(self.queue of [
                JobClaimed JobSucceeded JobSettled JobUnreadable RegistriesCleaned StrandedPutBack
                StrandedFailed InterruptedPutBack InterruptedFailed SchedulerLockAcquired
                SchedulerLockTakenOver SchedulerLockReacquired DueJobsQueued DueJobPassed
            ] or None)
    }

    /// The execution that it concerns, when the event itself says so.
    pub(crate) fn execution(&self) -> Option<&str> {
        match self {
            Self::OutputWritten { execution, .. } => Some(execution),
            Self::JobLogged { execution, .. } => execution.as_deref(),
            _ => None,
        }
    }

    /// When it happened, where that is not when it is told.
    pub(crate) fn happened(&self) -> Option<SystemTime> {
        match self {
            Self::JobLogged { created, .. } => Some(*created),
            _ => None,
        }
    }
}
