//! `rq quiet`.

use super::args::QuietArgs;
use super::control;
use super::exit::{Exit, Failure};
use crate::supervisor::control::{Reply, Request};

/// Lets workers take no new jobs, or take them again.
pub(super) fn run(args: &QuietArgs) -> Result<Exit, Failure> {
    let workers = Vec::new();
    if args.off {
        return control::carry_out(&args.reach, &args.names, &Request::Resume { workers }, false, resumed);
    }
    control::carry_out(&args.reach, &args.names, &Request::Quiet { workers }, false, quieted)
}

fn quieted(reply: &Reply) -> String {
    control::done(reply, "takes no new jobs", "take no new jobs")
}

fn resumed(reply: &Reply) -> String {
    control::done(reply, "takes jobs again", "take jobs again")
}
