//! Deaths of processes, explained.

use std::time::Duration;

use super::Cause;
use super::signals::{exit_code, signal};
use crate::job::{Death, LimitBy};

/// What killed a process, beyond what its wait status says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Why {
    /// It outlived the limit by the grace, so that we killed it.
    Overran { limit: Duration, grace: Duration, by: LimitBy },
    /// A client commanded it.
    Commanded,
    /// Somebody else owns the job.
    TakenAway,
    /// It sent what it must not send.
    Junk(String),
    /// RQ's own code ended without an outcome.
    NoOutcome,
    /// The kernel killed it for want of memory.
    OutOfMemory(Memory),
    /// It used up its CPU time: the seconds of `horse.cpu_time`, where that is set.
    CpuLimit(Option<u64>),
}

/// What is known of memory when a process was killed for want of it. Sizes are bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// It was the control group's limit; else the machine's memory.
    pub(crate) is_of_group: bool,
    /// The smallest limit of the control groups around it.
    pub(crate) group_limit: Option<u64>,
    /// All that the machine has.
    pub(crate) machine: Option<u64>,
    /// `horse.memory_limit`.
    pub(crate) horse_limit: Option<u64>,
}

impl Death {
    /// Why, in one word.
    pub(crate) fn cause(&self) -> Cause {
        match &self.why {
            Some(Why::Overran { .. }) => Cause::TimeLimit,
            Some(Why::OutOfMemory(_)) => Cause::OutOfMemory,
            Some(Why::CpuLimit(_)) => Cause::CpuLimit,
            Some(Why::NoOutcome) => Cause::Exited,
            Some(Why::Commanded | Why::TakenAway | Why::Junk(_)) => Cause::Killed,
            None => match (self.status, self.signal()) {
                (_, Some(number)) if signal(number).is_crash => Cause::Crashed,
                (Some(_), None) => Cause::Exited,
                (_, Some(_)) | (None, None) => Cause::Killed,
            },
        }
    }

    /// What follows RQ's own words.
    pub(crate) fn explanation(&self) -> String {
        let mut parts = Vec::new();
        match (self.status, self.signal()) {
            (_, Some(number)) => parts.push(format!("killed by {}", signal(number).name)),
            (Some(status), None) => parts.push(format!("exit code {}", (status >> 8) & 0xff)),
            (None, None) => parts.push("nobody could tell how it ended".to_owned()),
        }
        match (&self.why, self.status, self.signal()) {
            (Some(why), _, _) => parts.push(words(why)),
            (None, _, Some(number)) => parts.push(signal(number).meaning.to_owned()),
            (None, Some(status), None) => parts.push(exit_code((status >> 8) & 0xff).to_owned()),
            (None, None, None) => {}
        }
        if let Some(usage) = self.usage {
            let peak = size(usage.peak_kib << 10);
            parts.push(format!("peak memory {peak}, CPU time {:.2}s", usage.cpu.as_secs_f64()));
        }
        parts.join("; ")
    }
}

fn words(why: &Why) -> String {
    match why {
        Why::Overran { limit, grace, by } => format!(
            "it outlived its limit of {} by {}: it did not react to the limit, and was killed after horse.timeout_grace; {}",
            seconds(*limit),
            seconds(*grace),
            whose_limit(*by)
        ),
        Why::Commanded => "a kill-horse command came; Redis does not tell from whom".to_owned(),
        Why::TakenAway => "another worker or cleaner owns the job now".to_owned(),
        Why::Junk(what) => format!("it was killed because it sent {what}"),
        Why::NoOutcome => "the worker's class ended without writing an outcome".to_owned(),
        Why::OutOfMemory(memory) => out_of_memory(memory),
        Why::CpuLimit(Some(limit)) => format!("it reached its limit of CPU time, horse.cpu_time of {limit}s"),
        Why::CpuLimit(None) => "it reached its limit of CPU time".to_owned(),
    }
}

/// How a user stopped a job.
pub(crate) fn stopped(death: &Death, channel: &str, grace: Duration) -> String {
    let end = match (death.status, death.signal()) {
        (_, Some(9)) => "was killed".to_owned(),
        (_, Some(number)) => format!("ended by {}", signal(number).name),
        (Some(status), None) => format!("ended with exit code {}", (status >> 8) & 0xff),
        (None, None) => "ended".to_owned(),
    };
    let time =
        if grace.is_zero() { String::new() } else { format!("had {} to clean up and ", seconds(grace)) };
    format!(
        "a command to stop it came over the channel {channel}, and Redis does not tell from whom; its process {} {time}{end}",
        death.pid
    )
}

/// Who said how long a job may run.
pub(super) fn whose_limit(by: LimitBy) -> &'static str {
    match by {
        LimitBy::Job => {
            "the limit is the job's own (job_timeout, or default_timeout of the queue that enqueued it)"
        }
        LimitBy::Default => "the job names no limit, and RQ's is 180s (job_timeout changes it)",
        LimitBy::Queue => "the limit is that of the job's queue in the worker's configuration",
    }
}

fn out_of_memory(memory: &Memory) -> String {
    let mut limits = Vec::new();
    if memory.is_of_group {
        limits
            .extend(memory.group_limit.map(|limit| format!("the control group's limit is {}", size(limit))));
    }
    limits.extend(memory.machine.map(|all| format!("the machine has {}", size(all))));
    limits.push(match memory.horse_limit {
        Some(limit) => format!("horse.memory_limit is {}", size(limit)),
        None => "horse.memory_limit is not set".to_owned(),
    });
    format!("out of memory: the kernel killed it ({})", limits.join(", "))
}

fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs_f64())
}

/// Bytes as people read them.
#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
pub(super) fn size(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    if mib < 10_240.0 { format!("{mib:.0} MiB") } else { format!("{:.1} GiB", mib / 1024.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Usage;

    fn death(status: Option<i32>, why: Option<Why>) -> Death {
        Death { pid: 7, status, usage: None, why, fault: None }
    }

    #[test]
    fn each_end_has_its_cause_and_its_words() {
        let overran = Why::Overran {
            limit: Duration::from_secs(2),
            grace: Duration::from_secs(30),
            by: LimitBy::Default,
        };
        let group = Memory {
            is_of_group: true,
            group_limit: Some(256 << 20),
            machine: Some(16 << 30),
            horse_limit: None,
        };
        let machine = Memory { machine: Some(1 << 30), horse_limit: Some(3 << 20), ..Memory::default() };
        let table = [
            (Some(9), None, Cause::Killed, "killed by SIGKILL; somebody sent it: an operator"),
            (Some(15), None, Cause::Killed, "killed by SIGTERM; somebody asked it to end"),
            (Some(139), None, Cause::Crashed, "killed by SIGSEGV; segmentation fault"),
            (Some(4), None, Cause::Crashed, "killed by SIGILL; illegal instruction"),
            (
                Some(3 << 8),
                None,
                Cause::Exited,
                "exit code 3; its code ended the process, by os._exit or in C",
            ),
            (Some(0), None, Cause::Exited, "exit code 0; its code ended the process without an error"),
            (None, None, Cause::Killed, "nobody could tell how it ended"),
            (
                Some(9),
                Some(overran),
                Cause::TimeLimit,
                "killed by SIGKILL; it outlived its limit of 2s by 30s",
            ),
            (
                Some(24),
                Some(Why::CpuLimit(Some(1))),
                Cause::CpuLimit,
                "it reached its limit of CPU time, horse.cpu_time of 1s",
            ),
            (
                Some(9),
                Some(Why::OutOfMemory(group)),
                Cause::OutOfMemory,
                "the control group's limit is 256 MiB, the machine has 16.0 GiB, horse.memory_limit is not set",
            ),
            (
                Some(9),
                Some(Why::OutOfMemory(machine)),
                Cause::OutOfMemory,
                "(the machine has 1024 MiB, horse.memory_limit is 3 MiB)",
            ),
            (Some(9), Some(Why::Commanded), Cause::Killed, "a kill-horse command came"),
            (Some(0), Some(Why::NoOutcome), Cause::Exited, "exit code 0; the worker's class ended"),
        ];

        for (status, why, cause, told) in table {
            let death = death(status, why);
            assert_eq!(death.cause(), cause, "{death}");
            assert!(death.explanation().contains(told), "{death}");
        }
    }

    #[test]
    fn every_signal_that_can_end_a_process_is_told_by_its_name_or_its_kind() {
        for number in 1..=64 {
            let text = death(Some(number), None).explanation();
            assert!(text.len() > "killed by ; ".len() + 10, "{number}: {text}");
        }
    }

    #[test]
    fn a_stop_is_told_with_what_became_of_the_process() {
        let table = [
            (Some(9), Duration::ZERO, "; its process 7 was killed"),
            (Some(9), Duration::from_secs(3), "; its process 7 had 3s to clean up and was killed"),
            (Some(15), Duration::from_secs(3), "; its process 7 had 3s to clean up and ended by SIGTERM"),
            (
                Some(0),
                Duration::from_secs(3),
                "; its process 7 had 3s to clean up and ended with exit code 0",
            ),
        ];

        for (status, grace, end) in table {
            let text = stopped(&death(status, None), "rq:pubsub:w1", grace);
            assert!(text.contains("over the channel rq:pubsub:w1") && text.ends_with(end), "{text}");
        }
    }

    #[test]
    fn what_it_used_up_is_told_last() {
        let usage = Usage { cpu: Duration::from_millis(250), peak_kib: 2048 };

        let text = Death { usage: Some(usage), ..death(Some(9), Some(Why::Commanded)) }.explanation();

        assert!(text.ends_with("; peak memory 2 MiB, CPU time 0.25s"), "{text}");
    }
}
