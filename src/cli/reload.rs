//! `rq reload` and `rq config diff`.

use std::fmt::Write as _;

use super::args::{DiffArgs, ReloadArgs};
use super::control;
use super::exit::{Exit, Failure};
use super::settings_table::in_words;
use crate::supervisor::control::{Change, Outcome, ReloadOutcome, Reply, Request};

/// Lets daemons read their configuration again.
pub(super) fn run(args: &ReloadArgs) -> Result<Exit, Failure> {
    control::carry_out(&args.reach, &args.names, &Request::Reload { code: args.code }, args.wait, told)
}

/// Tells what a reload would do.
pub(super) fn diff(args: &DiffArgs) -> Result<Exit, Failure> {
    control::carry_out(&args.reach, &args.names, &Request::Difference, true, foretold)
}

fn told(reply: &Reply) -> String {
    match reply {
        Reply::Reload(reload) => in_lines(outcome(reload.outcome), reload),
        Reply::Status(_)
        | Reply::Health(_)
        | Reply::Done { .. }
        | Reply::Configuration { .. }
        | Reply::Stack(_)
        | Reply::Refused { .. } => control::done(reply, "reloads", "reload"),
    }
}

fn foretold(reply: &Reply) -> String {
    let Reply::Reload(reload) = reply else { return told(reply) };
    let head = match reload.outcome {
        Outcome::Applied => "a reload would change the configuration",
        Outcome::Unchanged => "a reload would change nothing",
        Outcome::Refused => "a reload would be refused",
    };
    in_lines(head, reload)
}

/// What became of a reload, change by change.
fn in_lines(head: &str, reload: &ReloadOutcome) -> String {
    let mut text = head.to_owned();
    for (changes, what) in [
        (&reload.changes, "changed"),
        (&reload.pending, "waits for a restart"),
        (&reload.shadowed, "is shadowed"),
    ] {
        for Change { key, from, to, origin, applies } in changes {
            let (from, to) = (in_words(from), in_words(to));
            // Writing to a string cannot fail.
            let _ = write!(text, "\n  {key} {what}: {from} -> {to} ({origin}), {applies}");
        }
    }
    for error in &reload.errors {
        let _ = write!(text, "\n  {error}");
    }
    text
}

/// How it ended, in words.
pub(super) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "the configuration is applied",
        Outcome::Unchanged => "nothing has changed",
        Outcome::Refused => "the configuration is refused, nothing was changed",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reload_is_told_change_by_change() {
        let change = |key: &str, applies: &str| Change {
            key: key.to_owned(),
            from: json!(["a"]),
            to: json!(["a", "b"]),
            origin: "rq.toml:2".to_owned(),
            applies: applies.to_owned(),
        };
        let reload = ReloadOutcome {
            outcome: Outcome::Applied,
            asked_by: "SIGHUP".to_owned(),
            at: 1.0,
            changes: vec![change("worker.queues", "for the next job")],
            pending: vec![change("redis.key_prefix", "after a restart")],
            shadowed: vec![],
            renewed: false,
            errors: vec!["rq.toml:7: what?".to_owned()],
        };

        assert_eq!(
            in_lines(outcome(reload.outcome), &reload),
            "the configuration is applied\n  worker.queues changed: a -> a, b (rq.toml:2), for the next job\n  \
             redis.key_prefix waits for a restart: a -> a, b (rq.toml:2), after a restart\n  rq.toml:7: what?"
        );
    }
}
