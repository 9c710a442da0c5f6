//! `rq suspend` and `rq resume`.

use serde_json::json;

use super::args::{ResumeArgs, SuspendArgs};
use super::exit::{Exit, Failure};
use super::output;
use super::reach::at_redis;
use super::settings_table::as_json;

/// Lets no worker take a job.
pub(super) fn suspend(args: &SuspendArgs) -> Result<Exit, Failure> {
    let seconds = match args.duration.map(u64::try_from) {
        None => None,
        Some(Ok(seconds @ 1..)) => Some(seconds),
        Some(_) if args.json => {
            return Err(Failure::new(Exit::Failed, "the duration must be 1 second or more"));
        }
        Some(_) => {
            // RQ: these words, on standard output.
            output::print("Duration must be an integer greater than 1\n");
            return Ok(Exit::Failed);
        }
    };
    at_redis(&args.sources, async |store| store.suspend(seconds).await)?;
    // RQ: line break and blanks, too.
    output::print(&match seconds {
        _ if args.json => as_json(&json!({"suspended": true, "duration": seconds})),
        Some(seconds) => format!(
            "Suspending workers for {seconds} seconds. No new jobs will be started during that time, but then will\n        \
             automatically resume\n"
        ),
        None => "Suspending workers.  No new jobs will be started.  But current jobs will be completed\n"
            .to_owned(),
    });
    Ok(Exit::Done)
}

/// Lets workers take jobs again.
pub(super) fn resume(args: &ResumeArgs) -> Result<Exit, Failure> {
    at_redis(&args.sources, async |store| store.resume().await)?;
    output::print(&if args.json {
        as_json(&json!({"suspended": false}))
    } else {
        "Resuming workers.\n".to_owned()
    });
    Ok(Exit::Done)
}
