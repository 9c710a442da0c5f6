//! What a worker says about the job in its hands.

use super::{Describe, JOB, Line, Part, WEBHOOK};
use crate::event::{Event, UnreadableFate};
use crate::telemetry::level::Level;
use crate::telemetry::python_text::{datetime, timedelta};

/// The lines of an event about a job; `None` for any other event.
pub(super) fn lines(event: &Event, describe: Describe) -> Option<Vec<Line>> {
    progress(event, describe)
        .or_else(|| success(event, describe))
        .or_else(|| failure(event))
        .or_else(|| retry(event))
        .or_else(|| trouble(event))
        .or_else(|| webhook(event))
}

/// A job on its way to its function and through it.
fn progress(event: &Event, describe: Describe) -> Option<Vec<Line>> {
    Some(match event {
        Event::JobClaimed { worker, queue, job, description, .. } => {
            let told = Line::info(format!("Worker {worker}: ")).then(Part::Queue(queue.clone()));
            let told = told.then(Part::Plain(": ".to_owned()));
            vec![
                Line::debug(format!("Worker {worker}: dequeued job "))
                    .then(Part::Job(job.clone()))
                    .then(Part::Plain(" from ".to_owned()))
                    .then(Part::Queue(queue.clone())),
                match describe.told(description) {
                    Some(described) => {
                        told.then(Part::Job(described.into_owned())).then(Part::Plain(format!(" ({job})")))
                    }
                    None => told.then(Part::Plain(job.clone())),
                },
            ]
        }
        Event::ExecutionPrepared { worker, job } => vec![
            Line::debug(format!("Worker {worker}: preparing for execution of job ID {job}")),
            Line::debug(format!("Worker {worker}: job preparation finished.")),
        ],
        Event::FunctionBegan { worker, job, .. } => {
            vec![Line::debug(format!("Worker {worker}: performing job {job} ..."))]
        }
        Event::FunctionReturned { worker, job } => {
            vec![Line::debug(format!("Worker {worker}: finished performing job {job}"))]
        }
        // Each end has words of its own.
        Event::JobSettled { .. } | Event::FailureLeft { .. } => Vec::new(),
        Event::HorseEnded { worker, job, pid, status } => vec![Line::debug(format!(
            "Worker {worker}: work horse finished for job {job}: retpid={pid}, ret_val={status}"
        ))],
        Event::CallbackBegan { job, callback } => {
            vec![Line::debug(format!("Job {job}: running {callback} callback...")).by(JOB)]
        }
        Event::CallbackRaised { job, callback, traceback } => vec![callback_raised(job, callback, traceback)],
        Event::StoppedCallbackRaised { worker, job, traceback } => vec![
            callback_raised(job, "stopped", traceback),
            Line::error(format!("Worker {worker}: stopped callback for job {job} raised"))
                .with_appendix(traceback),
        ],
        _ => return None,
    })
}

fn callback_raised(job: &str, callback: &str, traceback: &str) -> Line {
    let text = format!("Job {job}: error while executing {callback} callback");
    Line::new(Level::Error, JOB, text).with_appendix(traceback)
}

/// A job that went well, in the order in which RQ tells it.
fn success(event: &Event, describe: Describe) -> Option<Vec<Line>> {
    let Event::JobSucceeded { worker, queue, job, description, took, result, result_ttl, repeats_left } =
        event
    else {
        return None;
    };
    let mut lines = vec![
        Line::debug(format!("Worker {worker}: handling successful execution of job {job}")),
        Line::debug(format!("Worker {worker}: moving dependents of job {job} to ready")),
    ];
    if *result_ttl != 0 {
        lines.extend([
            Line::debug(format!("Worker {worker}: saving job {job}'s successful execution result")),
            Line::debug(format!("Job {job}: handling success...")).by(JOB),
        ]);
    }
    if let Some(left) = repeats_left {
        lines.push(Line::info(format!("Worker {worker}: job {job} scheduled to repeat ({left} left)")));
    }
    let cleaning = Line::debug(format!("Cleaning up execution of job {job}"));
    let took = timedelta(*took);
    let completed = match describe.told(description) {
        Some(described) => format!("Successfully completed {described} job in {took}s on worker {worker}"),
        None => format!("Successfully completed job {job} in {took}s on worker {worker}"),
    };
    lines.extend([
        cleaning.clone(),
        cleaning,
        Line::info(completed),
        Line::debug(format!("Worker {worker}: finished handling successful execution of job {job}")),
        Line::info(format!("Worker {worker}: "))
            .then(Part::Queue(queue.clone()))
            .then(Part::Plain(": ".to_owned()))
            .then(Part::Job("Job OK".to_owned()))
            .then(Part::Plain(format!(" ({job})"))),
    ]);
    if let Some(result) = result {
        lines.push(Line::debug(format!("Worker {worker}: result: {result}")));
    }
    lines.push(Line::info(match result_ttl {
        0 => format!("Worker {worker}: job {job} result discarded immediately"),
        1.. => format!("Worker {worker}: job {job} result is kept for {result_ttl} seconds"),
        ..0 => format!("Worker {worker}: job {job} result will never expire, clean up result key manually"),
    }));
    Some(lines)
}

/// A job that did not go well.
fn failure(event: &Event) -> Option<Vec<Line>> {
    Some(match event {
        Event::JobRaised { worker, job, func_name, traceback, evidence: _ } => {
            let func_name = func_name.as_deref().unwrap_or("<DeserializationError>");
            let [handling, cleaning] = failing(worker, job);
            vec![
                Line::debug(format!("Worker {worker}: job {job} raised an exception.")),
                Line::debug(format!("Worker {worker}: handling exception for {job}.")),
                Line::error(format!(
                    "Worker {worker}: job {job}: exception raised while executing ({func_name})"
                ))
                .then(Part::Block(format!("\n{traceback}"))),
                handling,
                cleaning,
            ]
        }
        Event::HorseDied { worker, job, pid, status, reason } => {
            let status = status.map_or_else(|| "None".to_owned(), |status| status.to_string());
            let [handling, cleaning] = failing(worker, job);
            vec![
                Line::warning(format!("Worker {worker}: job {job} failed ("))
                    .then(Part::Block(reason.clone()))
                    .then(Part::Plain(")".to_owned())),
                Line::warning(format!("Work horse killed for job {job}: retpid={pid}, ret_val={status}")),
                handling,
                cleaning,
            ]
        }
        Event::JobStopped { worker, job } => {
            let [handling, cleaning] = failing(worker, job);
            vec![
                Line::warning(format!(
                    "Worker {worker}: job {job} stopped by user, moving job to FailedJobRegistry"
                )),
                handling,
                cleaning,
            ]
        }
        Event::JobFailed { worker: _, job, reason } => {
            let start: String = reason.chars().take(200).collect();
            let more = if start.len() < reason.len() { "..." } else { "" };
            vec![
                Line::debug(format!("Job {job}: handling failure: "))
                    .then(Part::Block(start))
                    .then(Part::Plain(more.to_owned()))
                    .by(JOB),
            ]
        }
        Event::HorseOverran { worker, job, pid, limit, grace } => vec![Line::warning(format!(
            "Worker {worker}: job {job} outlived its limit of {} seconds by {} seconds, killing horse pid {pid}",
            limit.as_secs(),
            grace.as_secs()
        ))],
        _ => return None,
    })
}

/// What RQ says when an execution failed, whatever becomes of the job.
fn failing(worker: &str, job: &str) -> [Line; 2] {
    [
        Line::debug(format!("Worker {worker}: handling failed execution of job {job}")),
        Line::debug(format!("Cleaning up execution of job {job}")),
    ]
}

/// A job that is to be tried again.
fn retry(event: &Event) -> Option<Vec<Line>> {
    Some(match event {
        Event::RetryAsked { worker, job } => vec![
            Line::debug(format!("Worker {worker}: job {job} returns a Retry object")),
            Line::debug(format!("Worker {worker}: handling retry of job {job}")),
        ],
        Event::RetriesExhausted { worker, job, max } => vec![
            Line::warning(format!("Worker {worker}: job {job} has exceeded maximum retry attempts ({max})")),
            Line::debug(format!("Cleaning up execution of job {job}")),
        ],
        Event::RetryEnqueued { job, remaining } => {
            vec![Line::new(Level::Info, JOB, format!("Job {job}: enqueued for retry, {remaining} remaining"))]
        }
        Event::RetryScheduled { job, at, remaining } => vec![Line::new(
            Level::Info,
            JOB,
            format!("Job {job}: scheduled for retry at {}, {remaining} remaining", datetime(*at)),
        )],
        _ => return None,
    })
}

/// What others are told over HTTP when a job has ended.
fn webhook(event: &Event) -> Option<Vec<Line>> {
    Some(vec![match event {
        Event::WebhookBegan { job, status, url } => {
            Line::debug(format!("Job {job}: sending {status} webhook to {url}")).by(JOB)
        }
        Event::WebhookFailed { job, url, error } => {
            Line::warning(format!("Failed to send webhook to {url} for job {job}"))
                .by(WEBHOOK)
                .with_appendix(error)
        }
        Event::WebhooksUnreadable { job, reason } => {
            Line::warning(format!("Job {job}: failed to deserialize webhooks")).by(JOB).with_appendix(reason)
        }
        Event::WebhooksLeft { jobs } => {
            Line::warning(format!("webhooks of {jobs} jobs are left for another worker to send")).by(WEBHOOK)
        }
        _ => return None,
    }])
}

/// What stood in the way of the worker itself.
fn trouble(event: &Event) -> Option<Vec<Line>> {
    Some(vec![match event {
        Event::CanceledJobEnded { worker, job } => Line::info(format!(
            "Worker {worker}: job {job} was canceled while it ran, and stays canceled; its result is kept"
        )),
        Event::ExecutionTakenAway { worker, job, execution } => Line::warning(format!(
            "Worker {worker}: execution {execution} of job {job} was taken over, dropping its outcome"
        )),
        Event::JobUnreadable { worker, queue, job, reason, fate } => {
            let fate = match fate {
                UnreadableFate::Failed => "moved it to FailedJobRegistry",
                UnreadableFate::PutAside => "took its id out of the queue",
            };
            Line::error(format!("Worker {worker}: cannot read job {job} of queue {queue} ({reason}), {fate}"))
        }
        Event::FailureNotPersisted { worker, job, error } => {
            Line::error(format!("Worker {worker}: failed to persist failure of job {job}"))
                .with_appendix(error)
        }
        _ => return None,
    }])
}
