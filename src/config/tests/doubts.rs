//! What can be used and makes no sense together.

use super::*;

#[test]
fn what_makes_no_sense_together_is_told() {
    let cases = [
        ("[queue.a]\ntimeout = 60\nmax_timeout = 60", None),
        (
            "[queue.a]\ntimeout = 61\nmax_timeout = 60",
            Some("queue.a.timeout of 61 is never reached, as queue.a.max_timeout is 60"),
        ),
        (
            "[queue.a]\ntimeout = -1\nmax_timeout = 60",
            Some("queue.a.timeout of -1 is never reached, as queue.a.max_timeout is 60"),
        ),
        (
            "[queue.a]\nunset_timeout = 180",
            Some("queue.a.unset_timeout has no effect, as queue.a.timeout is not set"),
        ),
        ("[worker]\nfailure_ttl = 5\nmax_failure_ttl = 5", None),
        ("[worker]\nfailure_ttl = 0\nmax_failure_ttl = 5", None),
        (
            "[worker]\nfailure_ttl = '2d'\nmax_failure_ttl = '1d'",
            Some("worker.failure_ttl of 172800 is never reached, as worker.max_failure_ttl is 86400"),
        ),
        (
            "[worker]\nfailure_ttl = -1\nmax_failure_ttl = 5",
            Some("worker.failure_ttl of -1 is never reached, as worker.max_failure_ttl is 5"),
        ),
        (
            "[worker]\non_interrupt = 'requeue'\nmax_interruptions = 0",
            Some("worker.on_interrupt = \"requeue\" has no effect, as worker.max_interruptions is 0"),
        ),
        (
            "[worker]\nqueue_weights = ['a=2']",
            Some("worker.queue_weights has no effect, as worker.dequeue_strategy is not \"weighted\""),
        ),
        ("[worker]\nqueue_weights = ['a=2']\ndequeue_strategy = 'weighted'", None),
    ];
    for (text, told) in cases {
        let resolved = place().file("rq.toml", text).with("rq.toml");

        let warnings: Vec<String> = resolved.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings, told.into_iter().collect::<Vec<_>>(), "{text}");
    }
}
