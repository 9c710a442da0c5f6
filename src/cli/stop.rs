//! `rq stop`.

use super::args::StopArgs;
use super::control;
use super::exit::{Exit, Failure};
use crate::supervisor::control::{Reply, Request};

/// Stops workers.
pub(super) fn run(args: &StopArgs) -> Result<Exit, Failure> {
    let request = Request::Stop { workers: Vec::new(), cold: args.now };
    control::carry_out(&args.reach, &args.names, &request, false, if args.now { cold } else { warm })
}

fn warm(reply: &Reply) -> String {
    control::done(reply, "stops when its job is done", "stop when their jobs are done")
}

fn cold(reply: &Reply) -> String {
    control::done(reply, "stops now", "stop now")
}
