//! How many reports of one kind are sent within a while: the hundredth of a minute tells nothing that the first did not.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How many kinds are told apart; beyond that, all others are one kind.
const KINDS: usize = 1_000;

/// How many of one kind are sent, and within which time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Allowance {
    pub(super) most: u32,
    pub(super) within: Duration,
}

/// For failures of jobs.
pub(super) const JOBS: Allowance = Allowance { most: 100, within: Duration::from_secs(60) };
/// For what goes wrong in the daemon again and again.
pub(super) const DAEMON: Allowance = Allowance { most: 1, within: Duration::from_secs(600) };

/// What was sent lately.
#[derive(Debug, Default)]
pub(super) struct Storm(HashMap<String, Spell>);

/// One kind's time, and how many came in it.
#[derive(Debug)]
struct Spell {
    began: Instant,
    within: Duration,
    came: u32,
}

impl Storm {
    /// Whether one more of a kind is to be sent.
    pub(super) fn allows(&mut self, kind: &str, allowance: Allowance, now: Instant) -> bool {
        if self.0.len() >= KINDS && !self.0.contains_key(kind) {
            self.0.retain(|_, spell| now.duration_since(spell.began) < spell.within);
        }
        let kind = if self.0.len() >= KINDS && !self.0.contains_key(kind) { "" } else { kind };
        let fresh = || Spell { began: now, within: allowance.within, came: 0 };
        let spell = self.0.entry(kind.to_owned()).or_insert_with(fresh);
        if now.duration_since(spell.began) >= spell.within {
            *spell = fresh();
        }
        spell.came = spell.came.saturating_add(1);
        spell.came <= allowance.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_sent_so_often_in_its_time_and_again_after_it() {
        let (mut storm, start) = (Storm::default(), Instant::now());
        let twice = Allowance { most: 2, within: Duration::from_secs(10) };
        let mut sent = |kind: &str, after: u64| storm.allows(kind, twice, start + Duration::from_secs(after));

        assert_eq!([sent("a", 0), sent("a", 1), sent("a", 2)], [true, true, false]);
        assert!(sent("b", 2));
        assert_eq!([sent("a", 10), sent("a", 11), sent("a", 12)], [true, true, false]);
    }

    #[test]
    fn kinds_beyond_the_most_are_one() {
        let (mut storm, now) = (Storm::default(), Instant::now());
        for number in 0..KINDS {
            assert!(storm.allows(&number.to_string(), DAEMON, now));
        }

        assert!(storm.allows("one more", DAEMON, now));
        assert!(!storm.allows("and another", DAEMON, now));
        assert!(storm.allows("later", DAEMON, now + DAEMON.within));
    }
}
