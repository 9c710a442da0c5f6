//! Whom and what an event concerns.

use super::Event;

/// The field of the events that have it.
macro_rules! field {
    ($event:expr, $field:ident of $($name:ident)+) => {
        match $event {
            $(Event::$name { $field, .. })|+ => Some($field),
            _ => None,
        }
    };
}

impl Event {
    /// The worker that it concerns, when it is one.
    pub(crate) fn worker(&self) -> Option<&str> {
        field!(self, worker of
            BirthBegan WorkerStarted NameTakenOver WorkerReregistered ChannelSubscribed ChannelUnsubscribed
            QueuesAnnounced HeartbeatSent SuspensionFound WorkerQuieted WorkerResumed DeathBegan
            QueuesDrained IdleLimitReached JobLimitReached StoppedOnRequest LeftInOutage WorkerFailed
            LoopBroke WarmShutdownRequested ColdShutdownRequested HorseWarned HorseKilled HorseGoneAlready
            RedisLost RedisReturned ListenBegan DequeueBegan JobClaimed ExecutionPrepared FunctionBegan
            FunctionReturned StoppedCallbackRaised JobSucceeded JobRaised FailureLeft JobSettled HorseEnded
            HorseDied HorseOverran JobFailed JobStopped RetryAsked RetriesExhausted CanceledJobEnded
            ExecutionTakenAway JobUnreadable FailureNotPersisted CommandUnreadable ShutdownCommanded
            KillHorseCommanded StopJobCommanded CommandNotMeant StopExecutionCommanded RegistriesCleaned
            GroupsCleaned DaemonFoundGone ChoreFailed
        )
    }

    /// The job that it concerns, when it is one.
    pub(crate) fn job(&self) -> Option<&str> {
        field!(self, job of
            JobClaimed ExecutionPrepared FunctionBegan OutputWritten OutputNotRead FunctionReturned
            WebhookBegan WebhookFailed WebhooksUnreadable CallbackBegan CallbackRaised StoppedCallbackRaised
            JobSucceeded JobRaised FailureLeft JobSettled HorseEnded HorseDied HorseOverran JobFailed
            JobStopped RetryAsked RetriesExhausted RetryEnqueued RetryScheduled CanceledJobEnded
            ExecutionTakenAway JobUnreadable FailureNotPersisted StopJobCommanded StopExecutionCommanded
            StrandedFailed InterruptedPutBack InterruptedFailed AbandonedJobFailed DueJobPassed JobLogged
            RecordsLost
        )
    }

    /// The queue that it concerns, when it is one.
    pub(crate) fn queue(&self) -> Option<&str> {
        field!(self, queue of
            JobClaimed JobSucceeded JobSettled JobUnreadable RegistriesCleaned StrandedPutBack
            StrandedFailed InterruptedPutBack InterruptedFailed SchedulerLockAcquired SchedulerLockTakenOver
            SchedulerLockReacquired DueJobsQueued DueJobPassed
        )
    }
}
