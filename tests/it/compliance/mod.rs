//! What users of Python RQ rely on: each claim holds for Python RQ's worker and for ours alike.
//!
//! To add a claim: put the job it needs into `tests/it/fixtures`, write a test in the file of its subject (one claim per
//! test; inside `for_every_client!` when every version of the client should read the same), end it with `world.finish()`,
//! and prove it with `RQ_UNDER_TEST=theirs` before running it against ours. Where ours differs on purpose, branch on
//! `world.subject.differs("…")`.

mod abandoned;
mod callables;
mod callbacks;
mod cancellation;
mod classes;
mod commands;
mod context;
mod core;
mod cron;
mod dashboard;
mod dependents;
mod dict_config;
mod differences;
mod documentation;
mod exception_handlers;
mod failures;
mod groups;
mod horse_deaths;
mod job_logs;
mod large_results;
mod lifecycle;
mod logging;
mod names;
mod pool;
mod rate_limits;
mod records;
mod repeats;
mod results;
mod retries;
mod running;
mod scheduling;
mod self_dependence;
mod sentry;
mod serializers;
mod settings;
mod shutdown;
mod stranded;
mod strange_jobs;
mod surroundings;
mod timeouts;
mod tls;
mod unique;
mod webhooks;
mod workers;
