//! Drives the built `rq` binary, or Python RQ's own worker, as a user would: against a real Redis, with real Python clients.
//!
//! `RQ_UNDER_TEST=theirs` runs every claim against Python RQ instead of ours, which proves the claim itself.
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected has failed and may panic")]
#![expect(clippy::print_stderr, reason = "the test runner shows it")]

mod cli;
mod compliance;
mod daemon;
mod examples;
mod harness;
mod logging;
mod packaging;
#[path = "../pages/mod.rs"]
mod pages;
