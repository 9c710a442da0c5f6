//! A worker for RQ (Redis Queue): runs unchanged Python jobs from an unchanged Redis.
//!
//! The layers, imports pointing right only (`tests/tidy.rs` checks it):
//! `cli → supervisor → worker, scheduler, maintenance → horse, webhook → store, telemetry → config, event → job → os`.

mod cli;
mod config;
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
