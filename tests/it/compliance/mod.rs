//! What users of Python RQ rely on: each claim holds for Python RQ's worker and for ours alike.

mod callables;
mod context;
mod core;
mod dashboard;
mod failures;
mod horse_deaths;
mod lifecycle;
mod logging;
mod names;
mod records;
mod results;
mod running;
mod serializers;
mod settings;
mod shutdown;
mod strange_jobs;
mod surroundings;
mod timeouts;
mod workers;
