//! What our daemon promises beyond Python RQ: kills, cuts and outages at every point of a job's life.
//!
//! The numbers `R-…` name the races of Python's protocol that a test shows closed.

mod clocks;
mod commands;
mod container;
mod cron;
mod crowds;
mod django;
mod failure_ttls;
mod hooks;
mod horses;
mod interrupted;
mod kubernetes;
mod leash;
mod limits;
mod maintenance;
mod names;
mod out_of_memory;
mod outage;
mod outage_start;
mod pool;
mod processes;
mod queue_rules;
mod quiet;
mod races_claim;
mod races_dependents;
mod races_overdue;
mod races_poison;
mod races_records;
mod races_registration;
mod races_retries;
mod races_settle;
mod races_start;
mod races_taken;
mod races_wait;
mod rq_engine;
mod scaling;
mod scheduler;
mod scheduler_mixed;
mod service_manager;
mod stage;
mod status;
mod stop_grace;
mod strange_names;
mod strategies;
mod titles;
