//! Whether the clocks agree.

use super::finding::Finding;
use crate::store::{Server, Skew};

const CHECK: &str = "clock.skew";

/// From how many seconds on it is worth a word, and from how many it does harm.
const NOTABLE: f64 = 0.5;
const HARMFUL: f64 = 2.0;

/// What there is to say of the clock of this machine and that of Redis.
pub(super) fn check(server: &Server) -> Option<Finding> {
    server.skew.map(judge)
}

fn judge(Skew { ahead, margin }: Skew) -> Finding {
    // What the way may have taken proves nothing.
    let sure = ahead.abs() - margin;
    if sure < NOTABLE {
        return Finding::ok(CHECK, "the clocks of this machine and of Redis agree");
    }
    let side = if ahead > 0.0 { "behind" } else { "ahead of" };
    let found = format!("the clock of this machine is {:.1}s {side} that of Redis", ahead.abs());
    let why = "leases and locks go by the clock of Redis; scheduled jobs, cron, time stamps and Python's workers, which judge \
               leases, go by those of their machines: jobs come too early or too late, and a running job may be taken for \
               abandoned";
    let advice = "run a time service on both machines (chronyd, systemd-timesyncd): timedatectl tells whether it works";
    let grade = if sure < HARMFUL { Finding::note } else { Finding::warning };
    grade(CHECK, found).because(why).advise(advice)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    #[test]
    fn a_skew_counts_as_far_as_it_is_sure() {
        for (ahead, margin, severity) in [
            (0.4, 0.0, Severity::Ok),
            (0.6, 0.2, Severity::Ok),
            (0.6, 0.01, Severity::Note),
            (-1.9, 0.01, Severity::Note),
            (-2.5, 0.01, Severity::Warning),
            (5.0, 4.8, Severity::Ok),
        ] {
            assert_eq!(judge(Skew { ahead, margin }).severity, severity, "{ahead} {margin}");
        }
        assert!(judge(Skew { ahead: 3.0, margin: 0.0 }).found.contains("3.0s behind that of Redis"));
        assert!(judge(Skew { ahead: -3.0, margin: 0.0 }).found.contains("3.0s ahead of that of Redis"));
    }
}
