//! Whom and what an event concerns.

use std::time::SystemTime;

use super::Event;

impl Event {
    /// The worker that it concerns, when it is one.
    pub(crate) fn worker(&self) -> Option<&str> {
        match self {
            Self::BirthBegan { worker, .. }
            | Self::WorkerStarted { worker, .. }
            | Self::NameTakenOver { worker, .. }
            | Self::WorkerReregistered { worker, .. }
            | Self::ChannelSubscribed { worker, .. }
            | Self::ChannelUnsubscribed { worker, .. }
            | Self::QueuesAnnounced { worker, .. }
            | Self::HeartbeatSent { worker, .. }
            | Self::SuspensionFound { worker, .. }
            | Self::WorkerQuieted { worker, .. }
            | Self::WorkerResumed { worker, .. }
            | Self::DeathBegan { worker, .. }
            | Self::QueuesDrained { worker, .. }
            | Self::IdleLimitReached { worker, .. }
            | Self::JobLimitReached { worker, .. }
            | Self::StoppedOnRequest { worker, .. }
            | Self::LeftInOutage { worker, .. }
            | Self::WorkerFailed { worker, .. }
            | Self::LoopBroke { worker, .. }
            | Self::WarmShutdownRequested { worker, .. }
            | Self::ColdShutdownRequested { worker, .. }
            | Self::HorseWarned { worker, .. }
            | Self::HorseKilled { worker, .. }
            | Self::HorseGoneAlready { worker, .. }
            | Self::RedisLost { worker, .. }
            | Self::RedisReturned { worker, .. }
            | Self::ListenBegan { worker, .. }
            | Self::DequeueBegan { worker, .. }
            | Self::JobClaimed { worker, .. }
            | Self::ExecutionPrepared { worker, .. }
            | Self::FunctionBegan { worker, .. }
            | Self::FunctionReturned { worker, .. }
            | Self::StoppedCallbackRaised { worker, .. }
            | Self::JobSucceeded { worker, .. }
            | Self::JobRaised { worker, .. }
            | Self::FailureLeft { worker, .. }
            | Self::JobSettled { worker, .. }
            | Self::HorseEnded { worker, .. }
            | Self::HorseDied { worker, .. }
            | Self::HorseOverran { worker, .. }
            | Self::JobFailed { worker, .. }
            | Self::JobStopped { worker, .. }
            | Self::RetryAsked { worker, .. }
            | Self::RetriesExhausted { worker, .. }
            | Self::CanceledJobEnded { worker, .. }
            | Self::ExecutionTakenAway { worker, .. }
            | Self::JobUnreadable { worker, .. }
            | Self::FailureNotPersisted { worker, .. }
            | Self::CommandUnreadable { worker, .. }
            | Self::ShutdownCommanded { worker, .. }
            | Self::KillHorseCommanded { worker, .. }
            | Self::StopJobCommanded { worker, .. }
            | Self::CommandNotMeant { worker, .. }
            | Self::StopExecutionCommanded { worker, .. }
            | Self::RegistriesCleaned { worker, .. }
            | Self::GroupsCleaned { worker, .. }
            | Self::DaemonFoundGone { worker, .. }
            | Self::ChoreFailed { worker, .. } => Some(worker),
            _ => self.hearer(),
        }
    }

    /// The worker that heard a job say something.
    fn hearer(&self) -> Option<&str> {
        match self {
            Self::JobLogged { worker, .. }
            | Self::OutputWritten { worker, .. }
            | Self::OutputNotRead { worker, .. }
            | Self::RecordsLost { worker, .. } => Some(worker),
            _ => None,
        }
    }

    /// The job that it concerns, when it is one.
    pub(crate) fn job(&self) -> Option<&str> {
        match self {
            Self::JobClaimed { job, .. }
            | Self::ExecutionPrepared { job, .. }
            | Self::FunctionBegan { job, .. }
            | Self::OutputWritten { job, .. }
            | Self::OutputNotRead { job, .. }
            | Self::FunctionReturned { job, .. }
            | Self::WebhookBegan { job, .. }
            | Self::WebhookFailed { job, .. }
            | Self::WebhooksUnreadable { job, .. }
            | Self::CallbackBegan { job, .. }
            | Self::CallbackRaised { job, .. }
            | Self::StoppedCallbackRaised { job, .. }
            | Self::JobSucceeded { job, .. }
            | Self::JobRaised { job, .. }
            | Self::FailureLeft { job, .. }
            | Self::JobSettled { job, .. }
            | Self::HorseEnded { job, .. }
            | Self::HorseDied { job, .. }
            | Self::HorseOverran { job, .. }
            | Self::JobFailed { job, .. }
            | Self::JobStopped { job, .. }
            | Self::RetryAsked { job, .. }
            | Self::RetriesExhausted { job, .. }
            | Self::RetryEnqueued { job, .. }
            | Self::RetryScheduled { job, .. }
            | Self::CanceledJobEnded { job, .. }
            | Self::ExecutionTakenAway { job, .. }
            | Self::JobUnreadable { job, .. }
            | Self::FailureNotPersisted { job, .. }
            | Self::StopJobCommanded { job, .. }
            | Self::StopExecutionCommanded { job, .. }
            | Self::StrandedFailed { job, .. }
            | Self::InterruptedPutBack { job, .. }
            | Self::InterruptedFailed { job, .. }
            | Self::AbandonedJobFailed { job, .. }
            | Self::DueJobPassed { job, .. } => Some(job),
            Self::JobLogged { job, .. } | Self::RecordsLost { job, .. } => job.as_deref(),
            _ => None,
        }
    }

    /// The queue that it concerns, when it is one.
    pub(crate) fn queue(&self) -> Option<&str> {
        match self {
            Self::JobClaimed { queue, .. }
            | Self::JobSucceeded { queue, .. }
            | Self::JobSettled { queue, .. }
            | Self::JobUnreadable { queue, .. }
            | Self::RegistriesCleaned { queue, .. }
            | Self::StrandedPutBack { queue, .. }
            | Self::StrandedFailed { queue, .. }
            | Self::InterruptedPutBack { queue, .. }
            | Self::InterruptedFailed { queue, .. }
            | Self::SchedulerLockAcquired { queue, .. }
            | Self::SchedulerLockTakenOver { queue, .. }
            | Self::SchedulerLockReacquired { queue, .. }
            | Self::DueJobsQueued { queue, .. }
            | Self::DueJobPassed { queue, .. } => Some(queue),
            _ => None,
        }
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
