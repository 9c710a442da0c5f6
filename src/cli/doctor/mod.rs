//! `rq doctor`.

mod words;

use super::args::DoctorArgs;
use super::exit::{Exit, Failure};
use super::settings_table::as_json;
use super::worker::{failure, sources};
use super::{output, page};
use crate::os::terminal::Stream;
use crate::supervisor::{self, Examination, Severity, Wished};

/// Examines everything, and tells what was found.
pub(super) fn run(args: &DoctorArgs) -> Result<Exit, Failure> {
    let sources = sources(args.sources.config(), args.sources.overrides())?;
    let examination = Examination {
        queues: args.queues.clone(),
        imports: !args.no_import,
        repairs: args.fix.then_some(if args.dry_run { Wished::Told } else { Wished::Done }),
    };
    let report = supervisor::block_on(supervisor::examine(sources, &examination));
    let report = report.map_err(|error| failure(&error))?;
    output::print(&if args.json {
        as_json(&report)
    } else {
        // What goes into a file is cut by nobody.
        let width = if Stream::Out.is_terminal() { Stream::Out.columns().into() } else { usize::MAX };
        page::text(&words::words(&report, width), Stream::Out.wants_colour())
    });
    Ok(if report.worst() >= Severity::Warning { Exit::Failed } else { Exit::Done })
}
