//! `rq job show`.

mod outcome;
mod outlook;
mod tale;
mod traceback;
mod words;

#[cfg(test)]
mod tests;

pub(super) use tale::Tale;
pub(super) use words::words;

use super::args::JobShowArgs;
use super::exit::{Exit, Failure};
use super::settings_table::as_json;
use super::worker::{failure, sources};
use super::{meant, output, page};
use crate::job::calendar::Zone;
use crate::os::terminal::Stream;
use crate::supervisor;

/// The most bytes of a value that are read.
pub(super) const READ: u64 = 1 << 20;

/// The most when all is to be decoded.
const DECODED: u64 = 16 << 20;

/// Tells the story of a job.
pub(super) fn show(args: &JobShowArgs) -> Result<Exit, Failure> {
    let sources = sources(args.sources.config(), args.sources.overrides())?;
    let most = if args.decode { DECODED } else { READ };
    let told = supervisor::block_on(async {
        let looking = supervisor::look(sources).await?;
        let Some(story) = looking.story(&args.id, most).await? else {
            return Ok(Err(meant::job(looking.store(), &args.id).await));
        };
        let decoded = if args.decode { Some(looking.decode(&story).await?) } else { None };
        Ok(Ok(Tale::of(&story, decoded)))
    });
    let tale = told.map_err(|error| failure(&error))?.map_err(|near| no_such(&args.id, near.as_deref()))?;
    output::print(&if args.json {
        as_json(&tale)
    } else {
        page::text(&words(&tale, &Zone::local()), Stream::Out.wants_colour())
    });
    Ok(Exit::Done)
}

fn no_such(id: &str, near: Option<&str>) -> Failure {
    let failure = Failure::new(Exit::Failed, format!("there is no job {id} in that Redis"));
    match near {
        Some(near) => failure.with_hint(format!("did you mean {near}?")),
        None => failure.with_hint(
            "is it the right Redis, database and key prefix? jobs go away when their time to live is over",
        ),
    }
}
