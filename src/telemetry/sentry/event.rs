//! A report in Sentry's form: what the official SDK with its integration for RQ would send of the same failure.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value, json};

use super::Options;
use super::death::Death;
use super::envelope::time;
use super::exception::{cut, of_text, values};
use super::report::{Crumb, JobFacts, Report, Span, Subject};
use crate::job::{Evidence, Python, call};
use crate::telemetry::About;

/// What the SDK shows in place of what is not to be seen.
const FILTERED: &str = "[Filtered]";
/// The most characters of a tag's value.
const TAG: usize = 200;

/// What is known of the interpreter that jobs run in.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    pub(super) python: Option<Python>,
    /// Versions of what is installed there, by name.
    pub(super) modules: Arc<BTreeMap<String, String>>,
}

/// What tells the application's own code from that of others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placing<'a> {
    /// Where the project stands.
    pub(super) root: &'a str,
    /// Modules that are its own in any case.
    pub(super) include: &'a [String],
    /// Modules that are not.
    pub(super) exclude: &'a [String],
}

impl Placing<'_> {
    /// Whether a frame is of the application; nothing where only Sentry can tell.
    pub(super) fn in_app(&self, module: Option<&str>, path: &str) -> Option<bool> {
        if listed(module, self.include) {
            return Some(true);
        }
        if listed(module, self.exclude) || is_installed(path) {
            return Some(false);
        }
        (!self.root.is_empty() && path.starts_with(self.root)).then_some(true)
    }
}

/// Whether a list names a module, or a package that holds it.
fn listed(module: Option<&str>, list: &[String]) -> bool {
    let Some(module) = module else { return false };
    list.iter().any(|item| {
        module.strip_prefix(item.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

fn is_installed(path: &str) -> bool {
    path.contains("/site-packages/") || path.contains("/dist-packages/")
}

/// The event of a report, but for what is to be masked.
pub(super) fn event(report: &Report, id: &str, options: &Options, around: &Surroundings) -> Value {
    let root = root(report);
    let placing = Placing { root: &root, include: &options.in_app_include, exclude: &options.in_app_exclude };
    let mut event = frame(id, report.at, &report.about, (options, around));
    event["level"] = "error".into();
    if let Some(trace) = report.job.as_ref().and_then(|facts| facts.trace.as_ref()) {
        event["contexts"]["trace"] = trace.context();
    }
    let crumbs = report.job.iter().flat_map(|facts| &facts.crumbs);
    let crumbs: Vec<Value> = crumbs.map(breadcrumb).collect();
    if !crumbs.is_empty() {
        event["breadcrumbs"] = json!({"values": crumbs});
    }
    if !around.modules.is_empty() {
        event["modules"] = json!(*around.modules);
    }
    if let (Some(job), Some(facts)) = (&report.about.job, &report.job) {
        event["extra"] = json!({"rq-job": rq_job(job, facts, report, options)});
    }
    if let Some(cause) = report.job.as_ref().and_then(|facts| facts.cause) {
        event["tags"]["cause"] = cause.slug().into();
    }
    say(&mut event, report, &placing);
    event
}

/// A log record, as the SDK's integration for `logging` shows it.
fn breadcrumb(crumb: &Crumb) -> Value {
    let level = match crumb.level {
        0..20 => "debug",
        20..30 => "info",
        30..40 => "warning",
        40..50 => "error",
        50.. => "fatal",
    };
    json!({
        "type": "log", "level": level, "category": crumb.logger, "message": crumb.message, "timestamp": time(crumb.at),
    })
}

/// The time of a job, as the transaction that the SDK would send.
pub(super) fn transaction(span: &Span, id: &str, options: &Options, around: &Surroundings) -> Value {
    let mut event = frame(id, span.ended, &span.about, (options, around));
    event["type"] = "transaction".into();
    event["start_timestamp"] = time(span.began);
    event["spans"] = json!([]);
    let mut trace = span.trace.context();
    trace["op"] = "queue.task.rq".into();
    trace["origin"] = "auto.queue.rq".into();
    trace["status"] = span.status.into();
    trace["data"] = json!({
        "messaging.destination.name": span.about.queue, "messaging.message.id": span.about.job,
    });
    event["contexts"]["trace"] = trace;
    event
}

/// What all events have.
fn frame(id: &str, at: SystemTime, about: &About, (options, around): (&Options, &Surroundings)) -> Value {
    let mut event = json!({
        "event_id": id,
        "timestamp": time(at),
        "platform": "python",
        "environment": options.environment,
        "server_name": options.server_name,
        "sdk": {
            "name": "sentry.python.rq",
            "version": env!("CARGO_PKG_VERSION"),
            "packages": [{"name": "cargo:rqd", "version": env!("CARGO_PKG_VERSION")}],
        },
        "tags": tags(about, options),
        "contexts": contexts(around),
    });
    if let Some(release) = &options.release {
        event["release"] = release.as_str().into();
    }
    if let Some(function) = &about.function {
        event["transaction"] = cut(function).into();
        event["transaction_info"] = json!({"source": "task"});
    }
    event
}

/// The directory that the project is thought to be in.
fn root(report: &Report) -> String {
    let here = || std::env::current_dir().unwrap_or_default().to_string_lossy().into_owned();
    match &report.subject {
        Subject::Raised { evidence: Some(evidence), .. } => evidence.root.clone(),
        _ => here(),
    }
}

/// What happened, and how it is grouped with others of its kind.
fn say(event: &mut Value, report: &Report, placing: &Placing<'_>) {
    let function = report.about.function.as_deref().unwrap_or_default();
    match &report.subject {
        Subject::Raised { evidence, traceback } => {
            let values = match evidence {
                Some(evidence) => values(evidence, placing),
                None => vec![of_text(traceback)],
            };
            if is_timeout(evidence.as_deref()) {
                event["fingerprint"] = json!(["rq", "JobTimeoutException", function]);
            }
            event["exception"] = json!({"values": values});
        }
        Subject::Died { status, reason, cause } => {
            let death = Death::of(*status, reason, *cause);
            event["exception"] = json!({"values": [death.exception(placing)]});
            event["fingerprint"] = json!(["rq", death.kind, death.detail, function]);
        }
        Subject::Failed { kind, reason } => {
            let queue = report.about.queue.as_deref().unwrap_or_default();
            event["exception"] = json!({"values": [synthetic(kind, reason)]});
            event["fingerprint"] = json!(["rq", kind, function, queue]);
        }
        Subject::Daemon { cause, level, words } => {
            event["level"] = (*level).into();
            event["logger"] = "rq.worker".into();
            event["logentry"] = json!({"formatted": cut(words)});
            event["fingerprint"] = json!(["rq", cause]);
            event["tags"]["cause"] = (*cause).into();
            event["platform"] = "other".into();
        }
        Subject::Logged { level, logger, words } => {
            event["level"] = (*level).into();
            event["logger"] = logger.as_str().into();
            event["logentry"] = json!({"formatted": cut(words)});
        }
        Subject::Panicked { message, place } => {
            let mut exception = synthetic("Panic", message);
            exception["mechanism"]["type"] = "panic".into();
            event["level"] = "fatal".into();
            event["platform"] = "other".into();
            event["exception"] = json!({"values": [exception]});
            event["extra"] = json!({"place": place});
            event["fingerprint"] = json!(["rq", "panic", place]);
        }
    }
}

fn synthetic(kind: &str, words: &str) -> Value {
    json!({
        "type": kind, "value": cut(words),
        "mechanism": {"type": "rq", "handled": false, "synthetic": true},
    })
}

fn is_timeout(evidence: Option<&Evidence>) -> bool {
    let raised = evidence.and_then(|evidence| evidence.exceptions.last());
    raised.is_some_and(|thrown| {
        thrown.kind == "JobTimeoutException" && thrown.module.as_deref() == Some("rq.timeouts")
    })
}

/// RQ's tags, and those of the configuration where they have other names.
fn tags(about: &About, options: &Options) -> Value {
    let mut tags: Map<String, Value> =
        options.tags.iter().map(|(name, text)| (name.clone(), text.as_str().into())).collect();
    let own = [("queue", &about.queue), ("worker", &about.worker), ("function", &about.function)];
    for (name, text) in own {
        if let Some(text) = text.as_ref().filter(|text| !text.is_empty()) {
            let text: String = text.chars().take(TAG).map(|c| if c.is_control() { ' ' } else { c }).collect();
            tags.insert(name.to_owned(), text.into());
        }
    }
    tags.into()
}

fn contexts(around: &Surroundings) -> Value {
    let mut contexts = json!({});
    if let Some(python) = &around.python {
        contexts["runtime"] = json!({"name": python.name, "version": python.version, "build": python.build});
    }
    contexts
}

/// The job, as the SDK shows it.
fn rq_job(id: &str, facts: &JobFacts, report: &Report, options: &Options) -> Value {
    let evidence = match &report.subject {
        Subject::Raised { evidence, .. } => evidence.as_deref(),
        _ => None,
    };
    let mut job = json!({"job_id": id, "args": FILTERED, "kwargs": FILTERED});
    if options.include_arguments {
        job["args"] = evidence.and_then(|it| it.args.clone()).map_or(Value::Null, Value::from);
        job["kwargs"] = evidence.and_then(|it| it.kwargs.clone()).map_or(Value::Null, Value::from);
    }
    if let Some(function) = &report.about.function {
        job["func"] = cut(function).into();
    }
    if let Some(description) = &facts.description {
        let shown =
            if options.include_arguments { description.clone() } else { without_arguments(description) };
        job["description"] = cut(&shown).into();
    }
    for (name, at) in [("enqueued_at", facts.enqueued_at), ("started_at", facts.started_at)] {
        if let Some(at) = at {
            job[name] = time(at);
        }
    }
    job
}

/// The description of a job without its arguments.
fn without_arguments(description: &str) -> String {
    call::named(description).map_or_else(|| description.to_owned(), |name| format!("{name}({FILTERED})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_of_the_application_where_the_sdk_would_say_so() {
        let [include, exclude] = [["shared".to_owned()], ["vendored".to_owned()]];
        let placing = Placing { root: "/app", include: &include, exclude: &exclude };
        let table = [
            (Some("tasks"), "/app/tasks.py", Some(true)),
            (Some("x"), "/app/venv/lib/python3.13/site-packages/x.py", Some(false)),
            (Some("shared.x"), "/usr/lib/python3/dist-packages/shared/x.py", Some(true)),
            (Some("vendored.x"), "/app/vendored/x.py", Some(false)),
            (Some("vendored_too"), "/app/vendored_too.py", Some(true)),
            (Some("json"), "/usr/lib/python3.13/json/__init__.py", None),
            (None, "/elsewhere/x.py", None),
        ];

        for (module, path, told) in table {
            assert_eq!(placing.in_app(module, path), told, "{path}");
        }
    }

    #[test]
    fn a_description_tells_no_arguments() {
        let table = [
            ("app.tasks.add(1, password='x')", "app.tasks.add([Filtered])"),
            ("app.Class.method('a(b')", "app.Class.method([Filtered])"),
            ("app.<lambda>(5)", "app.<lambda>([Filtered])"),
            ("Send the mail (again)", "Send the mail (again)"),
            ("nightly", "nightly"),
        ];

        for (description, told) in table {
            assert_eq!(without_arguments(description), told);
        }
    }
}
