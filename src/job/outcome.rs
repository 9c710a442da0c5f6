//! How an execution ended.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Evidence, Verdict};

/// How an execution ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// The function returned.
    Returned(Returned),
    /// The function, or reading its payload, raised.
    Raised(Raised),
    /// The function returned a `Retry`.
    AskedRetry(AskedRetry),
    /// The horse ended without a word.
    Died(Death),
    /// A user stopped it.
    Stopped,
    /// Our own shutdown cut it off.
    Interrupted(Interrupted),
    /// The job's hash cannot be read; why.
    Unreadable(String),
    /// It ended, but Redis refused what came of it for good; why.
    Unwritten(String),
}

impl Outcome {
    /// Whether the job itself failed, whatever becomes of it then.
    pub(crate) fn is_failure(&self) -> bool {
        match self {
            Self::Raised(_) | Self::Died(_) | Self::Unreadable(_) | Self::Unwritten(_) => true,
            Self::Returned(_) | Self::AskedRetry(_) | Self::Stopped | Self::Interrupted(_) => false,
        }
    }
}

/// How a shutdown cut a job off, and what that means for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Interrupted {
    pub(crate) verdict: Verdict,
    /// What is kept with the job.
    pub(crate) reason: String,
}

/// What the function returned.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Returned {
    /// The serialized value; nothing for Python's `None`.
    pub(crate) value: Option<Vec<u8>>,
    /// The value's `repr`, cut.
    pub(crate) repr: Option<String>,
    /// Why the value could not be serialized, when it could not.
    pub(crate) unserializable: Option<String>,
}

/// A `Retry` that the function returned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AskedRetry {
    /// How often the job may ask.
    pub(crate) max: u32,
    /// Seconds to wait before each retry; the last one counts for all that follow.
    pub(crate) intervals: Vec<u64>,
    pub(crate) at_front: bool,
    /// Its serialized form, for readers of results.
    pub(crate) value: Vec<u8>,
}

/// What was raised.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Raised {
    /// Python's traceback text, without our own frames.
    pub(crate) traceback: String,
    /// The function's dotted name; nothing when the payload could not be read.
    pub(crate) function: Option<String>,
    /// What a report is made of, where somebody wants one.
    pub(crate) evidence: Option<Arc<Evidence>>,
}

/// How a horse died.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Death {
    pub(crate) pid: u32,
    /// The raw wait status; nothing when the daemon could not learn it.
    pub(crate) status: Option<i32>,
    pub(crate) usage: Option<Usage>,
    /// What killed it, beyond what the status says, for example the daemon's own kill of an overdue horse.
    pub(crate) cause: Option<String>,
    /// The Python stack that `faulthandler` left, if it left one.
    pub(crate) fault: Option<String>,
}

/// What a horse used up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    /// Peak resident memory in KiB.
    pub(crate) peak_kib: u64,
}

impl fmt::Display for Death {
    /// RQ's own text first, because people and tools look for it; then what RQ does not tell.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.map_or_else(|| "None".to_owned(), |status| status.to_string());
        write!(f, "Work-horse terminated unexpectedly; waitpid returned {status}")?;
        if let Some(signal) = self.signal() {
            write!(f, " (signal {signal})")?;
        }
        f.write_str("; ")?;
        f.write_str(&self.explanation())?;
        match &self.fault {
            Some(fault) => write!(f, "\n\n{fault}"),
            None => Ok(()),
        }
    }
}

impl Death {
    /// The signal that ended the horse, if one did.
    pub(crate) fn signal(&self) -> Option<i32> {
        self.status.map(|status| status & 0x7f).filter(|signal| *signal != 0)
    }

    fn explanation(&self) -> String {
        let mut parts = Vec::new();
        match (self.status, self.signal()) {
            (_, Some(signal)) => parts.push(format!("killed by {}", signal_name(signal))),
            (Some(status), None) => parts.push(format!("exit code {}", (status >> 8) & 0xff)),
            (None, None) => {}
        }
        parts.extend(self.cause.clone());
        if let Some(usage) = self.usage {
            #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
            let mib = usage.peak_kib as f64 / 1024.0;
            parts.push(format!("peak memory {mib:.0} MiB, CPU time {:.2}s", usage.cpu.as_secs_f64()));
        }
        parts.join("; ")
    }
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        10 => "SIGUSR1",
        11 => "SIGSEGV",
        12 => "SIGUSR2",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => "a signal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn death(status: Option<i32>) -> Death {
        Death { pid: 7, status, usage: None, cause: None, fault: None }
    }

    #[test]
    fn the_text_of_a_death_starts_as_rqs() {
        let table = [
            (Some(9), "Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); killed by SIGKILL"),
            (Some(768), "Work-horse terminated unexpectedly; waitpid returned 768; exit code 3"),
            (
                Some(139),
                "Work-horse terminated unexpectedly; waitpid returned 139 (signal 11); killed by SIGSEGV",
            ),
            (None, "Work-horse terminated unexpectedly; waitpid returned None; "),
        ];

        for (status, text) in table {
            assert_eq!(death(status).to_string(), text);
        }
    }
}
