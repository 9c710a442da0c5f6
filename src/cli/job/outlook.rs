//! What will become of a job, and what it waits for: in words.

use super::tale::Tale;
use crate::cli::span::{span, span_of};
use crate::job::Timestamp;
use crate::store::Story;

/// What is to be expected, the nearest first.
pub(super) fn of(tale: &Tale, story: &Story) -> Vec<String> {
    let mut told = match tale.status.as_str() {
        "queued" => queued(tale),
        "started" => started(tale),
        "deferred" => deferred(tale),
        "scheduled" => scheduled(tale, story),
        "rate_limited" => rate_limited(tale),
        "ready_to_enqueue" => vec!["its dependencies are done: the next maintenance queues it".to_owned()],
        "failed" | "stopped" => failed(tale),
        "canceled" => vec!["it was canceled: nobody will run it".to_owned()],
        _ => Vec::new(),
    };
    told.extend(kept(tale, story));
    told
}

fn queued(tale: &Tale) -> Vec<String> {
    let mut told = vec![match tale.place.ahead {
        Some(0) => "it is the next of its queue".to_owned(),
        Some(1) => "1 job of its queue comes before it".to_owned(),
        Some(ahead) => format!("{} of its queue come before it", jobs(ahead)),
        None if tale.place.between => "a worker has taken it and not begun it yet".to_owned(),
        None if !tale.executions.is_empty() => "a worker has claimed it and is about to begin".to_owned(),
        None => {
            "it is in no queue although its status says so: nobody will run it; enqueue it again".to_owned()
        }
    }];
    told.extend(hindrances(tale));
    told
}

/// What keeps a queue from being worked off.
fn hindrances(tale: &Tale) -> Vec<String> {
    let mut told = Vec::new();
    if tale.place.suspended {
        told.push("all workers are suspended, until rq resume".to_owned());
    }
    if tale.place.workers_listening == 0 {
        let queue = tale.queue.as_deref().unwrap_or_default();
        told.push(format!("no worker listens to the queue {queue}"));
    }
    told
}

fn started(tale: &Tale) -> Vec<String> {
    let mut told = Vec::new();
    let read_at = Timestamp::parse(&tale.read_at);
    let runs = tale.moment("started_at").zip(read_at).map(|(began, now)| now.since(began));
    match (tale.timeout, runs) {
        (Some(limit @ 1..), Some(runs)) => {
            let left = u64::try_from(limit).unwrap_or(0).saturating_sub(runs.as_secs());
            told.push(if left > 0 {
                format!("its time limit ends in {}", span(left))
            } else {
                "its time limit is over".to_owned()
            });
        }
        (Some(-1), _) => told.push("it has no time limit".to_owned()),
        _ => {}
    }
    let is_held = tale.executions.iter().any(|running| running.lease_left.is_none_or(|left| left > 0.0));
    if tale.executions.is_empty() && !tale.place.registries.contains_key("started") {
        told.push(
            "no execution of it is known: its worker is gone, and maintenance may not find it".to_owned(),
        );
    } else if !tale.executions.is_empty() && !is_held {
        told.push("nobody has renewed its lease: maintenance will take it for abandoned".to_owned());
    }
    if let Some(left @ 1..) = tale.retries_left {
        told.push(format!("if it fails, it is tried again ({left} left)"));
    }
    if let Some(left @ 1..) = tale.repeats_left {
        told.push(format!("if it succeeds, it runs again ({left} left)"));
    }
    told
}

fn deferred(tale: &Tale) -> Vec<String> {
    let all = tale.dependencies.len();
    let is_met = |status: &str| {
        status == "finished" || (tale.allows_dependency_failures && matches!(status, "failed" | "stopped"))
    };
    // RQ: one that is not there any more counts as met.
    let open: Vec<_> = tale
        .dependencies
        .iter()
        .filter(|it| it.status.as_deref().is_some_and(|status| !is_met(status)))
        .collect();
    let mut told = vec![format!("it waits for {} of {} dependencies", open.len(), all)];
    let dead = |status: &str| matches!(status, "failed" | "stopped" | "canceled");
    for it in open.iter().filter(|it| it.status.as_deref().is_some_and(dead)) {
        let status = it.status.as_deref().unwrap_or_default();
        told.push(format!("its dependency {} is {status}: it waits until that one succeeds", it.id));
    }
    told
}

fn scheduled(tale: &Tale, story: &Story) -> Vec<String> {
    let due = story.place.registries.iter().find(|(name, _)| *name == "scheduled").map(|(_, at)| *at);
    let Some(due) = due else {
        return vec!["it stands in no schedule although its status says so: nobody will queue it".to_owned()];
    };
    let left = due - story.now.seconds();
    // Who has failed before has the time of it; a first run has none.
    let what = if tale.moment("ended_at").is_some() { "run again" } else { "queued" };
    let mut told = vec![if left > 0.0 {
        format!("it will be {what} in {}", span_of(left))
    } else {
        format!("it is due to be {what} since {}", span_of(-left))
    }];
    if !tale.place.has_scheduler {
        told.push("no scheduler is at work on its queue: start a worker with --with-scheduler".to_owned());
    }
    told.extend(hindrances(tale));
    told
}

fn rate_limited(tale: &Tale) -> Vec<String> {
    let Some(limit) = &tale.rate_limit else { return Vec::new() };
    let ahead = limit.ahead.map(|ahead| format!(", {} before it", jobs(ahead))).unwrap_or_default();
    vec![format!("it waits for a slot of the limit {}{ahead}", limit.key)]
}

fn failed(tale: &Tale) -> Vec<String> {
    if tale.place.registries.contains_key("failed") {
        vec![format!("it stays {}, until somebody requeues or deletes it", tale.status)]
    } else {
        vec!["it is in no registry of failed jobs: rq requeue does not find it".to_owned()]
    }
}

fn kept(tale: &Tale, story: &Story) -> Option<String> {
    let left = tale.expires_in?;
    let until = story.now.plus(std::time::Duration::from_secs_f64(left.max(0.0))).iso();
    let what = match tale.status.as_str() {
        "queued" | "scheduled" | "deferred" | "rate_limited" => "it is deleted unless it begins within",
        _ => "it is kept for",
    };
    Some(format!("{what} {} (until {until})", span_of(left)))
}

fn jobs(count: u64) -> String {
    if count == 1 { "1 job".to_owned() } else { format!("{count} jobs") }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::job::Timestamp;
    use crate::store::{Entry, Execution, Relative};

    const NOW: f64 = 1_795_332_720.0;

    /// A story of these fields, of a queue with a worker and a scheduler.
    pub(in crate::cli::job) fn story(fields: &[(&str, &str)]) -> Story {
        let mut story = Story {
            id: "j1".to_owned(),
            now: Timestamp::from_seconds(NOW).unwrap(),
            fields: fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec()))
                .collect(),
            sizes: std::collections::BTreeMap::new(),
            expires_in: None,
            results: Vec::<Entry>::new(),
            results_in_all: 0,
            place: crate::store::Place::default(),
            executions: Vec::new(),
            dependencies: Vec::new(),
            dependents: Vec::new(),
            dependents_in_all: 0,
            worker: None,
        };
        (story.place.listeners, story.place.has_scheduler) = (1, true);
        story
    }

    fn outlook(story: &Story) -> Vec<String> {
        Tale::of(story, None).outlook
    }

    fn execution(lease_ends: f64) -> Execution {
        Execution {
            id: "e1".to_owned(),
            worker: None,
            created_at: Some(NOW - 5.0),
            last_heartbeat: None,
            lease_ends: Some(lease_ends),
        }
    }

    #[test]
    fn a_queued_job_knows_what_comes_before_it_and_what_holds_it_up() {
        let mut told = story(&[("status", "queued"), ("origin", "low")]);
        told.place.ahead = Some(0);
        assert_eq!(outlook(&told), ["it is the next of its queue"]);

        told.place.ahead = Some(3);
        (told.place.listeners, told.place.is_suspended) = (0, true);
        told.expires_in = Some(Duration::from_secs(60));
        assert_eq!(
            outlook(&told),
            [
                "3 jobs of its queue come before it",
                "all workers are suspended, until rq resume",
                "no worker listens to the queue low",
                "it is deleted unless it begins within 1m 0s (until 2026-11-22T07:33:00.000000Z)",
            ]
        );

        told = story(&[("status", "queued")]);
        assert!(outlook(&told)[0].starts_with("it is in no queue although its status says so"));
        told.place.is_between = true;
        assert_eq!(outlook(&told), ["a worker has taken it and not begun it yet"]);
    }

    #[test]
    fn a_running_job_has_a_limit_a_lease_and_further_tries() {
        let fields = [
            ("status", "started"),
            ("started_at", "2026-11-22T07:31:00.000000Z"),
            ("timeout", "180"),
            ("retries_left", "2"),
        ];
        let mut told = story(&fields);
        told.executions = vec![execution(NOW + 60.0)];
        assert_eq!(
            outlook(&told),
            ["its time limit ends in 2m 0s", "if it fails, it is tried again (2 left)"]
        );

        told.executions = vec![execution(NOW - 1.0)];
        assert!(
            outlook(&told)
                .contains(&"nobody has renewed its lease: maintenance will take it for abandoned".to_owned())
        );

        told.executions = Vec::new();
        assert!(outlook(&told)[1].starts_with("no execution of it is known"));
    }

    #[test]
    fn a_deferred_job_counts_what_it_still_waits_for() {
        let mut told = story(&[("status", "deferred"), ("dependency_ids", r#"["a", "b", "c", "d"]"#)]);
        let states = [("a", Some("finished")), ("b", Some("failed")), ("c", Some("queued")), ("d", None)];
        let relative = |(id, status): &(&str, Option<&str>)| Relative {
            id: (*id).to_owned(),
            status: status.map(str::to_owned),
            queue: None,
        };
        told.dependencies = states.iter().map(relative).collect();
        assert_eq!(
            outlook(&told),
            [
                "it waits for 2 of 4 dependencies",
                "its dependency b is failed: it waits until that one succeeds"
            ]
        );

        told.fields.insert("allow_dependency_failures".to_owned(), b"1".to_vec());
        assert_eq!(outlook(&told), ["it waits for 1 of 4 dependencies"]);
    }

    #[test]
    fn a_scheduled_job_says_when_and_whether_somebody_is_there_for_it() {
        let mut told = story(&[("status", "scheduled"), ("ended_at", "2026-11-22T07:31:00.000000Z")]);
        told.place.registries = vec![("scheduled", NOW + 90.0)];
        assert_eq!(outlook(&told), ["it will be run again in 1m 30s"]);

        told.fields.remove("ended_at");
        told.place.registries = vec![("scheduled", NOW - 90.0)];
        told.place.has_scheduler = false;
        assert_eq!(
            outlook(&told),
            [
                "it is due to be queued since 1m 30s",
                "no scheduler is at work on its queue: start a worker with --with-scheduler"
            ]
        );

        told.place.registries = Vec::new();
        assert!(outlook(&told)[0].starts_with("it stands in no schedule"));
    }

    #[test]
    fn a_failed_job_is_kept_for_a_while_or_is_out_of_reach() {
        let mut told = story(&[("status", "failed")]);
        told.expires_in = Some(Duration::from_secs(7200));
        told.place.registries = vec![("failed", NOW + 7200.0)];
        assert_eq!(
            outlook(&told),
            [
                "it stays failed, until somebody requeues or deletes it",
                "it is kept for 2h 0m (until 2026-11-22T09:32:00.000000Z)"
            ]
        );

        told.place.registries = Vec::new();
        assert_eq!(outlook(&told)[0], "it is in no registry of failed jobs: rq requeue does not find it");
    }
}
