use std::time::{Duration, UNIX_EPOCH};

use super::*;

/// What is logged of an event without colours: level, logger, message.
fn told(event: &Event, describe: Describe) -> Vec<(Level, Cow<'static, str>, String)> {
    lines(event, describe).iter().map(|line| (line.level, line.logger.clone(), line.message(false))).collect()
}

/// What is logged at INFO and above.
fn messages(event: &Event) -> Vec<String> {
    told(event, Describe::Whole).into_iter().filter(|line| line.0 >= Level::Info).map(|line| line.2).collect()
}

fn w1() -> String {
    "w1".to_owned()
}

fn j1() -> String {
    "j1".to_owned()
}

fn claimed(queue: &str, description: &str) -> Event {
    Event::JobClaimed {
        worker: w1(),
        queue: queue.to_owned(),
        job: j1(),
        execution: "e1".to_owned(),
        description: description.to_owned(),
        horse: 77,
        waited: None,
    }
}

fn success(result_ttl: i64) -> Event {
    Event::JobSucceeded {
        worker: w1(),
        queue: "default".to_owned(),
        job: j1(),
        description: "tasks.add(1)".to_owned(),
        took: Duration::from_nanos(3_397_999),
        result: Some("3".to_owned()),
        result_ttl,
        repeats_left: None,
    }
}

#[test]
fn every_event_has_words() {
    let events = include_str!("../../event.rs").split("pub(crate) enum UnreadableFate").next().unwrap();
    let words = [
        include_str!("worker.rs"),
        include_str!("job.rs"),
        include_str!("heard.rs"),
        include_str!("daemon.rs"),
        include_str!("cron.rs"),
        include_str!("scheduler.rs"),
    ]
    .concat();
    let variants = |events: &'static str| {
        let lines = events.lines().filter_map(|line| line.strip_prefix("    "));
        let named = lines.filter(|line| line.starts_with(char::is_uppercase));
        named.filter_map(|line| line.split([' ', '(', ',']).next())
    };
    let of_cron = variants(include_str!("../../event/cron.rs"));

    let mute: Vec<_> = variants(events)
        .filter(|name| !words.contains(&format!("Event::{name} {{")))
        .chain(of_cron.filter(|name| !words.contains(&format!("CronEvent::{name}"))))
        .collect();

    assert!(mute.is_empty(), "no line for {mute:?}");
}

#[test]
fn a_success_is_told_as_rq_tells_it() {
    assert_eq!(
        messages(&success(500)),
        [
            "Successfully completed tasks.add(1) job in 0:00:00.003397s on worker w1",
            "Worker w1: default: Job OK (j1)",
            "Worker w1: job j1 result is kept for 500 seconds",
        ]
    );
    assert_eq!(
        told(&success(0), Describe::Id).last().unwrap().2,
        "Worker w1: job j1 result discarded immediately"
    );
    assert!(
        told(&success(-1), Describe::Id)
            .iter()
            .any(|line| line.2 == "Successfully completed job j1 in 0:00:00.003397s on worker w1")
    );
}

#[test]
fn the_small_print_of_a_success_is_what_rq_prints_too() {
    let told: Vec<_> = told(&success(500), Describe::Whole).into_iter().map(|line| line.2).collect();

    assert_eq!(
        told,
        [
            "Worker w1: handling successful execution of job j1",
            "Worker w1: moving dependents of job j1 to ready",
            "Worker w1: saving job j1's successful execution result",
            "Job j1: handling success...",
            "Cleaning up execution of job j1",
            "Cleaning up execution of job j1",
            "Successfully completed tasks.add(1) job in 0:00:00.003397s on worker w1",
            "Worker w1: finished handling successful execution of job j1",
            "Worker w1: default: Job OK (j1)",
            "Worker w1: result: 3",
            "Worker w1: job j1 result is kept for 500 seconds",
        ]
    );
}

#[test]
fn a_failure_is_told_by_its_first_200_characters() {
    let failed = |reason: String| Event::JobFailed { worker: w1(), job: j1(), reason };

    assert_eq!(told(&failed("short".to_owned()), Describe::Whole)[0].2, "Job j1: handling failure: short");
    assert_eq!(
        told(&failed("é".repeat(201)), Describe::Whole)[0].2,
        format!("Job j1: handling failure: {}...", "é".repeat(200))
    );
}

#[test]
fn a_claimed_job_is_told_by_its_description_or_its_id() {
    let claimed = claimed("high", "tasks.add(1)");

    assert_eq!(told(&claimed, Describe::Whole)[1].2, "Worker w1: high: tasks.add(1) (j1)");
    assert_eq!(told(&claimed, Describe::Id)[1].2, "Worker w1: high: j1");
    assert_eq!(
        lines(&claimed, Describe::Whole)[1].message(true),
        "Worker w1: \x1b[32mhigh\x1b[39;49;00m: \x1b[34mtasks.add(1)\x1b[39;49;00m (j1)"
    );
}

#[test]
fn a_dead_horse_is_told_in_two_warnings() {
    let died = Event::HorseDied {
        worker: w1(),
        job: j1(),
        pid: 7,
        status: Some(9),
        reason: "Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); ".to_owned(),
    };

    assert_eq!(
        messages(&died),
        [
            "Worker w1: job j1 failed (Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); )",
            "Work horse killed for job j1: retpid=7, ret_val=9",
        ]
    );
}

#[test]
fn an_abandoned_job_belongs_to_the_logger_of_the_registries() {
    let at = UNIX_EPOCH + Duration::from_micros(1_795_332_720_000_120);

    assert_eq!(
        told(&Event::AbandonedJobFailed { job: j1(), at, reason: String::new() }, Describe::Whole),
        [(
            Level::Warning,
            REGISTRY.into(),
            "StartedJobRegistry cleanup: j1 Moved to FailedJobRegistry, due to AbandonedJobError, \
             at 2026-11-22 07:32:00.000120+00:00"
                .to_owned()
        )]
    );
}

#[test]
fn a_description_cannot_steer_the_terminal() {
    let claimed = claimed("q", "evil\x1b[2J\r\nforged line\u{9b}31m");

    assert_eq!(
        told(&claimed, Describe::Whole)[1].2,
        "Worker w1: q: evil\\x1b[2J\\r\\nforged line\\x9b31m (j1)"
    );
}

#[test]
fn a_traceback_keeps_its_lines_and_nothing_else() {
    let raised = Event::JobRaised {
        worker: w1(),
        job: j1(),
        func_name: None,
        traceback: "Traceback:\n\tboom \x1b[31m\n".to_owned(),
        evidence: None,
    };

    assert_eq!(
        messages(&raised),
        [
            "Worker w1: job j1: exception raised while executing (<DeserializationError>)\nTraceback:\n\tboom \\x1b[31m\n"
        ]
    );
}
