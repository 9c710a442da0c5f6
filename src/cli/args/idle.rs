//! Options that RQ gives to every command, where they mean nothing to ours.

use clap::Args;

/// Where they stand in the help.
pub(super) const IDLE: &str = "Taken for RQ's sake, without effect here";

/// RQ: options of every command.
#[expect(clippy::struct_field_names, reason = "the options have RQ's names")]
#[derive(Args, Clone, Default)]
#[command(next_help_heading = IDLE)]
pub(crate) struct IdleArgs {
    /// The class of workers.
    #[arg(long, short = 'w', value_name = "CLASS")]
    worker_class: Option<String>,

    /// The class of jobs.
    #[arg(long, short = 'j', value_name = "CLASS")]
    job_class: Option<String>,

    /// The class of queues.
    #[arg(long, value_name = "CLASS")]
    queue_class: Option<String>,

    /// The class of the Redis client.
    #[arg(long, value_name = "CLASS")]
    connection_class: Option<String>,
}

impl IdleArgs {
    /// The option and the name of a class that would make other jobs, or put them elsewhere, than RQ's own.
    pub(super) fn own_class(&self) -> Option<(&'static str, &str)> {
        let classes = [
            ("--job-class", &self.job_class, ["rq.job.Job", "rq.Job"]),
            ("--queue-class", &self.queue_class, ["rq.Queue", "rq.queue.Queue"]),
        ];
        classes.into_iter().find_map(|(option, class, rqs)| {
            let class = class.as_deref().filter(|class| !class.is_empty() && !rqs.contains(class))?;
            Some((option, class))
        })
    }
}

/// The same, of commands that look into no payload.
#[derive(Args, Clone, Default)]
#[command(next_help_heading = IDLE)]
pub(crate) struct IdleSerializer {
    #[command(flatten)]
    classes: IdleArgs,

    /// The serializer of the jobs.
    #[arg(long, short = 'S', value_name = "NAME")]
    serializer: Option<String>,
}
