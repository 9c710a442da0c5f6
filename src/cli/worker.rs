//! `rq worker`, `rq worker-pool` and `rq run`.

use std::rc::Rc;

use super::args::settings::Override;
use super::args::{PoolArgs, RunArgs, WorkerArgs};
use super::exit::{Exit, Failure};
use super::later;
use super::reports;
use crate::config::{Environment, Resolved, Sources};
use crate::horse::StartError;
use crate::os::{self, terminal::Stream};
use crate::store::{StoreError, TlsObstacle};
use crate::supervisor::{self, INTERPRETER, Scope, SupervisorError};
use crate::telemetry::{self, Misformed};
use crate::worker::WorkError;

/// Starts a worker and stays with it until it ends.
pub(super) fn run(args: &WorkerArgs) -> Result<Exit, Failure> {
    later::refuse(args)?;
    supervise(args.sources.config(), args.overrides(), Scope::Worker)
}

/// Starts a pool of workers.
pub(super) fn run_pool(args: &PoolArgs) -> Result<Exit, Failure> {
    later::refuse(&args.worker)?;
    supervise(args.worker.sources.config(), args.overrides(), Scope::Pool)
}

/// Starts what the configuration says.
pub(super) fn run_everything(args: &RunArgs) -> Result<Exit, Failure> {
    supervise(args.sources.config(), args.overrides(), Scope::Everything)
}

fn supervise<'a>(
    config: impl Iterator<Item = &'a str>,
    overrides: Vec<Override>,
    scope: Scope,
) -> Result<Exit, Failure> {
    // Here, because there is no second thread yet.
    os::title::prepare();
    // Where it cannot be held, one that comes very early ends us, as it would without.
    let _ = os::Signals::hold_hangup();
    let sources = sources(config, overrides)?;
    supervisor::run(sources, scope, Rc::new(open_log)).map_err(|error| failure(&error))?;
    Ok(Exit::Done)
}

/// Where the settings come from: the environment, the options, what `-c` names.
pub(super) fn sources<'a>(
    config: impl Iterator<Item = &'a str>,
    overrides: Vec<Override>,
) -> Result<Sources, Failure> {
    let directory = std::env::current_dir()
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot use the current directory: {error}")))?;
    let environment: Environment = std::env::vars_os().collect();
    let mut sources = Sources::new(environment, directory);
    for (key, flag, value) in overrides {
        let value = serde_json::to_value(value).expect("the value of an option is always JSON");
        sources = sources.option(key, flag, value);
    }
    for name in config {
        sources = sources.explicit(name).map_err(|problems| Failure::of_config(&problems))?;
    }
    Ok(sources)
}

pub(super) fn open_log(resolved: &Resolved) -> Result<(), SupervisorError> {
    let unusable = |misformed: Misformed| resolved.problem(&misformed.key, misformed.error.to_string());
    // What may be refused comes before anything is changed.
    let reports = reports::prepare(resolved)?;
    telemetry::install(&supervisor::logging_options(resolved))
        .map_err(|misformed| SupervisorError::Config(unusable(misformed).into()))?;
    reports.apply();
    Ok(())
}

/// What a supervisor's error is to the command line.
pub(super) fn failure(error: &SupervisorError) -> Failure {
    match error {
        SupervisorError::Config(problems) => Failure::of_config(problems),
        SupervisorError::Application(cause) | SupervisorError::Setting { error: cause, .. } => {
            application(cause, error)
        }
        SupervisorError::Unreachable(..) => Failure::of(Exit::Unavailable, error).with_hint(
            "is the address right, and is the server up? redis.start_timeout says how long to try",
        ),
        SupervisorError::Suspended => Failure::verbatim(Exit::Failed, Stream::Out, error),
        SupervisorError::Work(WorkError::Store(StoreError::Refused { .. })) => {
            Failure::of(Exit::Failed, error)
                .with_hint("the server answered, but refused: check user, password and permissions")
        }
        SupervisorError::Work(WorkError::Store(StoreError::Insecure { obstacle, .. })) => {
            Failure::of(Exit::Failed, error).with_hint(tls(*obstacle))
        }
        SupervisorError::Work(WorkError::Store(StoreError::Address(_))) => Failure::of(Exit::Config, error),
        SupervisorError::Work(WorkError::NameTaken(_)) => Failure::of(Exit::Failed, error)
            .with_hint("choose another name by --name, or wait until that worker's key has expired"),
        SupervisorError::NothingToEnqueue => Failure::of(Exit::Usage, error),
        SupervisorError::Work(_) | SupervisorError::PidFile(..) => Failure::of(Exit::Failed, error),
        SupervisorError::System(_) => Failure::of(Exit::Internal, error),
    }
}

/// What to do about what stands in the way of TLS.
fn tls(obstacle: TlsObstacle) -> &'static str {
    match obstacle {
        TlsObstacle::Unknown => {
            "name the authority that signed the server's certificate, or that certificate itself when it signs itself: \
             redis.ssl_ca_certs (REDIS_SSL_CA_CERTS), or ?ssl_ca_certs=FILE behind a rediss:// URL"
        }
        TlsObstacle::OtherName => {
            "use a host name that the server's certificate holds, or ?ssl_check_hostname=no behind a rediss:// URL"
        }
        TlsObstacle::NotNow => {
            "renew the server's certificate, unless it is the clock of this machine that is wrong"
        }
        TlsObstacle::Unaccepted => {
            "the server may ask for a certificate of ours: redis.ssl_certfile and redis.ssl_keyfile, or \
             ?ssl_certfile=FILE&ssl_keyfile=FILE behind a rediss:// URL"
        }
        TlsObstacle::NotSpoken => {
            "is that the port on which the server speaks TLS? without TLS a URL begins with redis://, and redis.ssl is off"
        }
    }
}

fn application(cause: &StartError, error: &SupervisorError) -> Failure {
    match cause {
        StartError::Refused(refused) if !refused.hint.is_empty() => {
            Failure::of(Exit::Config, error).with_hint(&refused.hint)
        }
        StartError::Refused(refused) if refused.stage == "serializer" => Failure::of(Exit::Config, error)
            .with_hint("use json, pickle or the dotted path of a Python class"),
        StartError::Refused(refused) if refused.stage == "python" => {
            Failure::of(Exit::Config, error).with_hint(INTERPRETER)
        }
        StartError::Refused(refused) if refused.stage == "exception_handler" => {
            Failure::of(Exit::Config, error).with_hint(
                "--exception-handler takes the dotted name of a function, found on the path of -P; it needs the package rq",
            )
        }
        StartError::Died { what, .. } if what.starts_with("the start") => Failure::of(Exit::Config, error)
            .with_hint("is that a Python interpreter? what it said, if anything, stands above"),
        StartError::Died { .. } => {
            Failure::of(Exit::Config, error).with_hint("what it said, if anything, stands above")
        }
        StartError::Refused(refused) if !refused.traceback.is_empty() => {
            Failure::of(Exit::Config, error).with_detail(&refused.traceback)
        }
        StartError::TooSlow { .. } => Failure::of(Exit::Config, error)
            .with_hint("horse.settings_timeout and horse.start_timeout say how long to wait"),
        StartError::Spawn(..) | StartError::Junk(..) | StartError::Refused(_) => {
            Failure::of(Exit::Config, error)
        }
    }
}
