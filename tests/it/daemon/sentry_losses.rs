//! A Sentry that is gone, slow or has enough: it costs the jobs nothing, and what is lost is counted and told.

use std::fs;

use crate::harness::{Exit, Manner, Sink, World, free_port};

/// Has a worker do so many jobs that fail.
fn fail(world: &World, dsn: &str, jobs: usize, more: &str) -> Exit {
    let text = format!(
        "REDIS_URL = {:?}\nSENTRY_DSN = {dsn:?}\nRQ_SENTRY = {{'shutdown_timeout': '500ms', 'debug': True}}\n{more}",
        world.redis.url()
    );
    fs::write(world.path("settings.py"), text).unwrap();
    for job in 0..jobs {
        world.enqueue(&format!("'jobs.failing.plain', 1, job_id='j{job}'"));
    }
    let exit = world.work(&[]);
    for job in 0..jobs {
        assert_eq!(world.view(&format!("j{job}"))["status"], "failed");
    }
    exit
}

#[test]
fn a_sentry_that_is_gone_loses_reports_and_tells_how_many() {
    let world = World::new();

    let exit = fail(&world, &format!("http://key@127.0.0.1:{}/1", free_port()), 3, "");

    assert!(
        exit.stdout.contains("Sentry: 3 reports were not sent: 3 Sentry cannot be reached"),
        "{}",
        exit.stdout
    );
    world.finish();
}

#[test]
fn a_sentry_that_never_answers_holds_up_neither_jobs_nor_the_end() {
    let (world, sink) = (World::new(), Sink::open());
    sink.answer(Manner::Silent);

    let exit = fail(&world, &sink.dsn("key"), 5, "");

    assert!(
        exit.stdout.contains("Sentry: 5 reports were not sent: 5 not sent before the end"),
        "{}",
        exit.stdout
    );
    world.finish();
}

#[test]
fn a_sentry_that_has_enough_is_left_alone() {
    let (world, sink) = (World::new(), Sink::open());
    sink.answer(Manner::Answer(429, "Retry-After: 60\r\n"));

    let exit = fail(&world, &sink.dsn("key"), 4, "");

    assert_eq!(sink.envelopes().len(), 1);
    assert!(exit.stdout.contains("Sentry: 4 reports were not sent: 4 limited by Sentry"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn a_limit_for_one_category_holds_for_that_one() {
    let (world, sink) = (World::new(), Sink::open());
    sink.answer(Manner::Answer(200, "X-Sentry-Rate-Limits: 60:transaction:key, 60:error:organization\r\n"));

    let exit = fail(&world, &sink.dsn("key"), 3, "");

    assert_eq!(sink.envelopes().len(), 1);
    assert!(exit.stdout.contains("Sentry: 2 reports were not sent: 2 limited by Sentry"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn what_sentry_refuses_is_told_with_its_answer_and_what_is_sent_is_logged_on_wish() {
    let (world, sink) = (World::new(), Sink::open());
    sink.answer(Manner::Answer(403, ""));

    let exit = fail(&world, &sink.dsn("key"), 1, "");

    let told = "Sentry: 1 reports were not sent: 1 refused by Sentry (the answer was 403)";
    assert!(exit.stdout.contains(told), "{}", exit.stdout);
    let logged = exit.stdout.lines().any(|line| {
        line.contains("Sentry: event ")
            && line.contains("ValueError in jobs.failing.plain: answered with 403")
    });
    assert!(logged, "{}", exit.stdout);
    world.finish();
}
