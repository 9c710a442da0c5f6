//! Executions whose worker is gone, explained by what it left behind.

use std::time::Duration;

use super::Cause;

/// A worker that is gone, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Gone {
    pub(crate) worker: String,
    /// One of our daemons had it.
    pub(crate) is_ours: bool,
    /// It ran on the machine that finds it gone, and since its last start.
    pub(crate) is_of_this_boot: bool,
    /// What its entry in Redis said.
    pub(crate) host: Option<String>,
    pub(crate) pid: Option<u32>,
    /// When it last said that it lives, in RQ's text form.
    pub(crate) last_seen: Option<String>,
}

/// What shows that it is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Its process is gone.
    Death,
    /// Its daemon gave no sign of life for so long.
    Silence(Duration),
    /// The lease of the execution is over.
    Lease,
}

impl Gone {
    /// Why, in one word.
    pub(crate) fn cause(&self, shown: Shown) -> Cause {
        match (self.is_ours, shown) {
            (false, _) => Cause::Abandoned,
            (true, Shown::Death) => Cause::DaemonGone,
            (true, Shown::Silence(_) | Shown::Lease) if self.is_of_this_boot => Cause::DaemonGone,
            (true, Shown::Silence(_) | Shown::Lease) => Cause::HostGone,
        }
    }

    /// In a sentence without its end; `when` is `before it ran` or `while it ran`.
    pub(crate) fn words(&self, shown: Shown, when: &str) -> String {
        let worker = &self.worker;
        let how = match shown {
            Shown::Death => "died".to_owned(),
            Shown::Silence(time) => format!("gave no sign of life for {}s", time.as_secs_f64()),
            Shown::Lease => "gave no sign of life until its lease ended".to_owned(),
        };
        let who = if self.is_ours { "the daemon of worker" } else { "worker" };
        let place = match (self.pid, &self.host) {
            (Some(pid), Some(host)) => format!("it was process {pid} on {host}"),
            (Some(pid), None) => format!("it was process {pid}"),
            (None, Some(host)) => format!("it was on {host}"),
            (None, None) => "nothing of it is left in Redis".to_owned(),
        };
        let seen = self.last_seen.as_ref().map(|seen| format!(", last seen at {seen}")).unwrap_or_default();
        let host = match self.cause(shown) {
            Cause::HostGone => {
                ", and either that machine is gone or started anew, or it does not reach Redis"
            }
            _ => "",
        };
        format!("The job was interrupted {when}: {who} {worker} {how} ({place}{seen}{host})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_is_gone_is_told_with_what_it_left_behind() {
        let left = Gone {
            worker: "w1".to_owned(),
            is_ours: true,
            is_of_this_boot: true,
            host: Some("web-3".to_owned()),
            pid: Some(7),
            last_seen: Some("2026-11-24T10:00:00.000000Z".to_owned()),
        };
        let far = Gone { is_of_this_boot: false, ..left.clone() };
        let theirs = Gone { is_ours: false, worker: "w1".to_owned(), ..Gone::default() };
        let silence = Shown::Silence(Duration::from_secs(15));
        let table = [
            (
                &left,
                Shown::Death,
                Cause::DaemonGone,
                "the daemon of worker w1 died (it was process 7 on web-3, last seen at 2026-11-24T10:00:00.000000Z)",
            ),
            (&left, silence, Cause::DaemonGone, "gave no sign of life for 15s (it was process 7 on web-3"),
            (
                &far,
                silence,
                Cause::HostGone,
                "Z, and either that machine is gone or started anew, or it does not reach Redis)",
            ),
            (&far, Shown::Lease, Cause::HostGone, "until its lease ended (it was process 7"),
            (
                &theirs,
                Shown::Lease,
                Cause::Abandoned,
                ": worker w1 gave no sign of life until its lease ended (nothing of it is left in Redis)",
            ),
        ];

        for (gone, shown, cause, told) in table {
            assert_eq!(gone.cause(shown), cause);
            let text = gone.words(shown, "while it ran");
            assert!(
                text.starts_with("The job was interrupted while it ran: ") && text.contains(told),
                "{text}"
            );
        }
    }
}
