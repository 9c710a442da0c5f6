//! `rq requeue`.

use serde_json::json;

use crate::harness::{Subject, World, is_timestamp, text};

/// Failed jobs `a`, `b` and `c` of the queue `default`, and `d` of `low`.
fn failed() -> World {
    let world = World::new();
    world.client.exec(
        "for name in 'abc': q.enqueue('jobs.raising.plain', job_id=name, ttl=500, meta={'m': name})
queue('low').enqueue('jobs.raising.plain', job_id='d')",
    );
    world.work(&["default", "low"]);
    assert_eq!(world.redis.sorted_set("rq:failed:default").len(), 3);
    world
}

#[test]
fn a_failed_job_is_put_back_as_rq_does_it() {
    let world = failed();
    assert_eq!(world.rq_of(Subject::Theirs, "requeue", &["--queue", "default", "a"]).code(), 0);

    let exit = world.rq("requeue", &["--queue", "default", "b"]);

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert_eq!(exit.stdout.trim(), "Requeueing 1 jobs from failed queue");
    assert_eq!(world.client.eval("q.job_ids"), json!(["a", "b"]));
    let (ours, theirs) = (world.redis.hash("rq:job:b"), world.redis.hash("rq:job:a"));
    for (field, value) in &theirs {
        match field.as_str() {
            "data" | "meta" | "description" => {}
            "exc_info" => {
                assert_eq!(
                    world.client.eval("fetch('b').exc_info"),
                    world.client.eval("fetch('a').exc_info")
                );
            }
            field if field.ends_with("_at") && !value.is_empty() => {
                assert!(is_timestamp(&text(&ours, field)));
            }
            "last_heartbeat" => assert!(is_timestamp(&text(&ours, field))),
            field => assert_eq!(ours[field], *value, "{field}"),
        }
    }
    assert_eq!(world.client.eval("fetch('b').meta"), json!({"m": "b"}));
    assert!((1..=500).contains(&world.redis.ttl("rq:job:b")));
    assert_eq!(world.redis.sorted_set("rq:failed:default").len(), 1);
    world.work(&["default"]);
    assert_eq!(world.view("b")["status"], "failed", "it ran again");
}

#[test]
fn all_failed_jobs_of_a_queue_are_put_back() {
    let world = failed();

    let exit = world.rq("requeue", &["--queue", "default", "--all", "-w", "rq.Worker"]);

    assert_eq!(exit.code(), 0);
    assert_eq!(exit.stdout.trim(), "Requeueing 3 jobs from failed queue");
    assert_eq!(world.client.eval("[sorted(q.job_ids), queue('low').job_ids]"), json!([["a", "b", "c"], []]));
}

#[test]
fn without_a_failed_job_there_is_nothing_to_do() {
    let world = World::new();
    for arguments in [&["--queue", "default"][..], &["--queue", "default", "-a"]] {
        let exit = world.rq("requeue", arguments);

        assert_eq!((exit.code(), exit.stdout.as_str()), (0, "Nothing to do\n"), "{arguments:?}");
    }
    assert_eq!(world.rq("requeue", &["a"]).code(), 2, "the queue must be named");
    world.finish();
}

#[test]
fn a_job_that_cannot_be_put_back_ends_the_command_with_1() {
    let world = failed();
    for stranger in ["no-such-job", "d"] {
        let exit = world.rq("requeue", &["--queue", "default", stranger, "a"]);

        assert_eq!(exit.code(), 1, "{stranger}: {}{}", exit.stdout, exit.stderr);
        let goes_on = world.subject.differs("`rq requeue` goes on with the other jobs");
        assert_eq!(world.client.eval("q.job_ids"), if goes_on { json!(["a"]) } else { json!([]) });
        if goes_on {
            assert!(exit.stderr.contains(stranger), "{}", exit.stderr);
            assert!(
                exit.stdout.ends_with("Unable to requeue 1 jobs from failed job registry\n"),
                "{}",
                exit.stdout
            );
            world
                .client
                .exec("conn.delete('rq:queue:default')\nconn.hset('rq:job:a', 'status', 'failed')\nconn.zadd('rq:failed:default', {'a': 9999999999})");
        }
    }
    assert_eq!(world.client.eval("queue('low').job_ids"), json!([]));
}

#[test]
fn what_has_expired_is_not_put_back() {
    let world = failed();
    world.client.exec("conn.zadd('rq:failed:default', {'gone': 1, 'b': 2, 'c': -1})");

    let exit = world.rq("requeue", &["--queue", "default", "--all"]);

    assert_eq!((exit.code(), exit.stdout.trim()), (0, "Requeueing 2 jobs from failed queue"));
    assert_eq!(world.client.eval("sorted(q.job_ids)"), json!(["a", "c"]));
}

#[test]
fn an_entry_without_a_job_is_told_once() {
    let world = failed();
    if world.subject == Subject::Theirs {
        return;
    }
    world.client.exec("conn.zadd('rq:failed:low', {'gone': 9999999999})");

    let first = world.rq("requeue", &["--queue", "low", "--all"]);
    let second = world.rq("requeue", &["--queue", "low", "--all"]);

    assert_eq!(first.code(), 1);
    assert!(first.stderr.contains("gone was not requeued: there is no such job"), "{}", first.stderr);
    assert_eq!((second.code(), second.stdout.as_str()), (0, "Nothing to do\n"));
    assert_eq!(world.client.eval("queue('low').job_ids"), json!(["d"]));
}

#[test]
fn an_entry_of_a_job_that_was_queued_again_is_no_failed_job() {
    let world = failed();
    world.client.exec("q.enqueue_job(fetch('a'))");
    assert_eq!(
        world.client.eval("[q.job_ids, sorted(FailedJobRegistry(queue=q).get_job_ids())]"),
        json!([["a"], ["a", "b", "c"]])
    );

    let exit = world.rq("requeue", &["--queue", "default", "a"]);

    let once = world.subject.differs("a job that was queued again is not queued twice");
    assert_eq!(world.client.eval("q.job_ids"), if once { json!(["a"]) } else { json!(["a", "a"]) });
    assert_eq!(exit.code(), i32::from(once), "{}", exit.stderr);
    assert_eq!(exit.stderr.contains("a was not requeued: it is queued"), once, "{}", exit.stderr);
    assert_eq!(world.client.eval("sorted(FailedJobRegistry(queue=q).get_job_ids())"), json!(["b", "c"]));
}

#[test]
fn a_job_that_waits_again_is_not_gone_with_the_time_for_which_it_was_kept() {
    for limit in ["", ", rate_limit=__import__('rq.rate_limit', fromlist=['x']).RateLimit('k', 1)"] {
        let world = World::new();
        world.client.exec(&format!("q.enqueue('jobs.raising.plain', job_id='j', failure_ttl=500{limit})"));
        world.work(&["default"]);
        world.client.exec("q.enqueue('f', job_id='k', depends_on=fetch('j'))");
        world.client.exec("conn.expire('rq:job:j:dependents', 500)");
        assert!(world.redis.ttl("rq:job:j") > 0);

        assert_eq!(world.rq("requeue", &["--queue", "default", "j"]).code(), 0);

        let outlives = world.subject.differs("a job that waits outlives the time for which it was kept");
        for key in ["rq:job:j", "rq:job:j:dependents"] {
            assert_eq!(world.redis.ttl(key) == -1, outlives, "{key}{limit}");
        }
    }
}
