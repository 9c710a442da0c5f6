//! Whether this machine lets us have what the configured workers need.

use super::finding::{Finding, counted};
use crate::os::MachineLimits;

/// The descriptors of a work horse in its daemon, and of a daemon without any.
const OF_A_HORSE: u64 = 4;
const OF_A_DAEMON: u64 = 64;

/// What there is to say of the machine, for so many workers.
pub(super) fn check(limits: &MachineLimits, workers: u64) -> Vec<Finding> {
    [descriptors(limits, workers), overcommit(limits)].into_iter().flatten().collect()
}

fn descriptors(limits: &MachineLimits, workers: u64) -> Option<Finding> {
    const CHECK: &str = "system.descriptors";
    let needed = OF_A_DAEMON + workers.saturating_mul(OF_A_HORSE);
    let (soft, hard) = limits.descriptors?;
    if needed <= soft {
        return Some(Finding::ok(
            CHECK,
            format!("{soft} open files are enough for {}", counted(workers, "worker", "workers")),
        ));
    }
    let found = format!("{soft} open files are too few for {workers} workers, which may need {needed}");
    let advice = if needed <= hard {
        format!("ulimit -n {needed}, or LimitNOFILE={needed} in the unit of systemd")
    } else {
        format!(
            "LimitNOFILE={needed} in the unit of systemd, or the hard limit in /etc/security/limits.conf; or run fewer workers"
        )
    };
    let why =
        "each work horse has four in the daemon: beyond the limit no horse can be made, and workers rest";
    Some(Finding::problem(CHECK, found).because(why).advise(advice))
}

fn overcommit(limits: &MachineLimits) -> Option<Finding> {
    limits.strict_memory.then(|| {
        Finding::note("system.overcommit", "this machine promises no more memory than it has (vm.overcommit_memory is 2)")
            .because("every fork of the application counts with all of its private memory, though it shares nearly all of it: forks are refused long before memory is full")
            .advise("sysctl vm.overcommit_memory=0, or preload less, or reuse horses (horse.max_jobs)")
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    #[test]
    fn descriptors_must_do_for_the_configured_workers() {
        let limits = MachineLimits { descriptors: Some((1024, 4096)), strict_memory: false };

        assert_eq!(check(&limits, 240)[0].severity, Severity::Ok);
        let few = check(&limits, 241);
        assert_eq!(few[0].severity, Severity::Problem);
        assert!(few[0].advice.as_ref().unwrap().starts_with("ulimit -n 1028"), "{few:?}");
        assert!(check(&limits, 2000)[0].advice.as_ref().unwrap().starts_with("LimitNOFILE=8064"));
    }

    #[test]
    fn a_machine_that_counts_every_page_is_told() {
        let limits = MachineLimits { descriptors: None, strict_memory: true };

        assert_eq!(check(&limits, 1)[0].check, "system.overcommit");
    }
}
