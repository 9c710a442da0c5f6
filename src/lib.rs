//! A worker for RQ (Redis Queue): runs unchanged Python jobs from an unchanged Redis.
//!
//! The layers, imports pointing right only (`tests/tidy.rs` checks it):
//! `cli → supervisor → worker, cron, scheduler, maintenance → horse, webhook → store, telemetry → config, event → job → os`.
#![cfg_attr(
    not(feature = "top"),
    expect(
        dead_code,
        unused_imports,
        reason = "what the terminal view alone needs stands in several layers"
    )
)]

mod cli;
mod config;
mod cron;
mod event;
mod horse;
mod job;
mod maintenance;
mod os;
mod scheduler;
mod store;
mod supervisor;
mod telemetry;
mod webhook;
mod worker;

pub use cli::main;

/// The release of RQ that we are compatible with: what workers say of themselves.
const RQ_VERSION: &str = "3.0.0";
