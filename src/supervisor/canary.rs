//! The canary: a configuration that came into force and fails every job goes again (`reload.canary`).

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::daemon::Daemon;
use super::reload::{InForce, Prepared};
use super::request::Request;
use crate::event::Event;
use crate::telemetry::emit;
use crate::worker::Tally;

/// How many jobs must have ended before anything is concluded from their ends.
const ENOUGH: u64 = 5;

/// In whose name the configuration of before comes back.
const BY: &str = "reload.canary";

/// A configuration that is still on trial, and the one of before.
pub(super) struct Canary {
    before: Rc<InForce>,
    until: Instant,
    /// How many jobs had ended and failed when it came into force.
    then: (u64, u64),
}

/// What its jobs say of a configuration.
#[derive(Debug, PartialEq, Eq)]
enum Sign {
    /// Nothing yet.
    Open,
    /// It has stood its trial.
    Good,
    /// So many jobs have failed, and none has not.
    Bad(u64),
}

/// What is to be concluded, given when the trial ends, and the numbers of jobs that ended and that failed in it.
fn sign(until: Instant, now: Instant, ended: u64, failed: u64) -> Sign {
    if failed < ended || now >= until {
        Sign::Good
    } else if failed >= ENOUGH {
        Sign::Bad(failed)
    } else {
        Sign::Open
    }
}

impl Canary {
    pub(super) fn new(before: Rc<InForce>, time: Duration, tally: &Tally) -> Self {
        Self { before, until: Instant::now() + time, then: tally.numbers() }
    }
}

impl Daemon {
    /// Looks at what the jobs say of a configuration on trial, and takes it back if need be.
    pub(super) fn look_at_canary(&mut self) {
        let Some(canary) = &self.canary else { return };
        let (ended, failed) = self.team.tally.numbers();
        let (ended, failed) = (ended - canary.then.0, failed - canary.then.1);
        match sign(canary.until, Instant::now(), ended, failed) {
            Sign::Open => {}
            Sign::Good => self.canary = None,
            Sign::Bad(failed) => self.take_back(failed),
        }
    }

    /// Brings the configuration of before into force again. Files are not heeded until somebody asks for a reload: they say what
    /// has just been taken back.
    fn take_back(&mut self, failed: u64) {
        let Some(Canary { before, .. }) = self.canary.take() else { return };
        emit(Event::ReloadTakenBack { failed });
        let prepared = Prepared::back_to(&before, &self.now);
        self.heeds_files = false;
        self.bring_into_force(prepared, Request::of(BY, false));
        self.canary = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_is_bad_when_enough_jobs_have_ended_and_all_of_them_failed() {
        let now = Instant::now();
        let until = now + Duration::from_secs(1);
        let table = [
            (0, 0, Sign::Open),
            (4, 4, Sign::Open),
            (5, 5, Sign::Bad(5)),
            (5, 4, Sign::Good),
            (1, 0, Sign::Good),
        ];

        for (ended, failed, expected) in table {
            assert_eq!(sign(until, now, ended, failed), expected, "{failed} of {ended}");
        }
        assert_eq!(sign(until, until, 9, 9), Sign::Good);
    }
}
