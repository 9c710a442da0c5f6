//! Completion in shells: the scripts that shells load, and the words that these ask for.
//!
//! The scripts know nothing of the grammar: at each Tab the shell runs `rq` with [`VARIABLE`] set and the words so far.
//! So the words always fit the program, and names of queues and workers come from the Redis that the words so far name.

use std::ffi::OsStr;
use std::time::Duration;

use clap::builder::ValueHint;
use clap_complete::CompleteEnv;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::Shells;
use tokio::time::timeout;

use super::args::{self, CompletionsArgs, SourceArgs};
use super::control::names_here;
use super::exit::{Exit, Failure};
use super::output;
use super::worker::sources;
use crate::config;
use crate::os;
use crate::store::Standing;
use crate::supervisor::{self, Named};

/// Tells `rq` that it is a shell that asks, and which.
const VARIABLE: &str = "RQ_COMPLETE";

/// How long whoever pressed Tab waits at most for names.
const PATIENCE: Duration = Duration::from_secs(1);

/// The same where a settings module in Python has to be imported first.
const PATIENCE_WITH_PYTHON: Duration = Duration::from_secs(3);

/// How many names are shown at most.
const MOST: usize = 1000;

/// Answers a shell that asks for words; false when nobody does.
pub(super) fn answered() -> bool {
    if std::env::var_os(VARIABLE).is_none() {
        return false;
    }
    // Whatever goes wrong, the line that somebody types on is not the place to tell it.
    os::silence_errors();
    let here = std::env::current_dir().ok();
    let complete = CompleteEnv::with_factory(grammar).var(VARIABLE).bin("rq").completer("rq");
    complete.try_complete(std::env::args_os(), here.as_deref()).unwrap_or(true)
}

/// Prints the script that a shell loads.
pub(super) fn print(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let shells = Shells::builtins();
    let shell = shells.completer(args.shell.word()).expect("it is one of the shells that are known");
    let mut script = Vec::new();
    let written = shell.write_registration(VARIABLE, "rq", "rq", "rq", &mut script);
    written.map_err(|error| Failure::of(Exit::Internal, &error))?;
    output::print(String::from_utf8_lossy(&script).trim_start());
    Ok(Exit::Done)
}

/// The grammar, with the places where names stand.
fn grammar() -> clap::Command {
    with_names(args::command())
}

fn with_names(command: clap::Command) -> clap::Command {
    let of_requeue = command.get_name() == "requeue";
    let command = command.mut_args(|argument| {
        let names: Option<fn(&OsStr) -> Vec<CompletionCandidate>> = match argument.get_id().as_str() {
            "queues" | "queue" => Some(queues),
            "names" => Some(workers),
            "key" => Some(settings),
            "id" | "depends_on" => Some(jobs),
            "ids" => Some(if of_requeue { failed } else { jobs }),
            "of" => Some(running),
            _ => None,
        };
        match names {
            Some(names) => argument.value_hint(ValueHint::Other).add(ArgValueCompleter::new(names)),
            None => argument,
        }
    });
    command.mut_subcommands(with_names)
}

fn queues(begun: &OsStr) -> Vec<CompletionCandidate> {
    candidates(begun, in_redis(Named::Queue))
}

/// The workers and daemons of this machine, and the workers that Redis knows.
fn workers(begun: &OsStr) -> Vec<CompletionCandidate> {
    let mut names = names_here(PATIENCE / 2);
    names.extend(in_redis(Named::Worker));
    candidates(begun, names)
}

/// The newest jobs, those that run or failed above all.
fn jobs(begun: &OsStr) -> Vec<CompletionCandidate> {
    const STANDINGS: &[Standing] =
        &[Standing::Started, Standing::Failed, Standing::Queued, Standing::Finished];
    candidates(begun, in_redis(Named::Job { standings: STANDINGS, queue: None }))
}

/// What failed in the queue that the words so far name.
fn failed(begun: &OsStr) -> Vec<CompletionCandidate> {
    let queue = value_of("--queue", words_so_far()).or_else(|| value_of("-q", words_so_far()));
    candidates(begun, in_redis(Named::Job { standings: &[Standing::Failed], queue }))
}

/// Whatever may be looked at while it runs: jobs, and workers.
fn running(begun: &OsStr) -> Vec<CompletionCandidate> {
    let mut names = names_here(PATIENCE / 2);
    names.extend(in_redis(Named::Job { standings: &[Standing::Started], queue: None }));
    names.extend(in_redis(Named::Worker));
    candidates(begun, names)
}

fn settings(begun: &OsStr) -> Vec<CompletionCandidate> {
    candidates(begun, config::keys().map(|key| key.name.to_owned()).collect())
}

/// Nothing when Redis does not answer in time, or what was typed so far makes no sense.
fn in_redis(kind: Named) -> Vec<String> {
    let so_far = so_far(words_so_far(), std::env::var("RQ_CONFIG").ok());
    let Ok(sources) = sources(so_far.config(), so_far.overrides()) else { return Vec::new() };
    let patience = sources.python_wanted().map_or(PATIENCE, |_| PATIENCE_WITH_PYTHON);
    let names = supervisor::block_on(async move {
        Ok(timeout(patience, supervisor::names_in_redis(sources, kind, MOST)).await)
    });
    names.ok().and_then(Result::ok).and_then(Result::ok).unwrap_or_default()
}

/// What has been typed. The shell sets it off from its own words.
fn words_so_far() -> impl Iterator<Item = String> {
    std::env::args_os().skip_while(|word| word != "--").filter_map(|word| word.into_string().ok())
}

/// The last value of an option.
fn value_of(option: &str, words: impl Iterator<Item = String>) -> Option<String> {
    // Bash takes an equals sign for a word.
    let words: Vec<String> = words.filter(|word| word != "=").collect();
    let after = words.windows(2).filter(|pair| pair[0] == option).map(|pair| pair[1].clone()).next_back();
    let joined = |word: &String| Some(word.strip_prefix(option)?.strip_prefix('=')?.to_owned());
    words.iter().filter_map(joined).next_back().or(after)
}

/// Where the configuration comes from, by the words so far: which need not make sense as a whole yet.
fn so_far(words: impl Iterator<Item = String>, configured: Option<String>) -> SourceArgs {
    let mut found = SourceArgs::default();
    let mut words = words.peekable();
    while let Some(word) = words.next() {
        let (flag, value) = match word.split_once('=') {
            Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
            None => (word, None),
        };
        let mut value = || value.clone().or_else(|| words.peek().cloned());
        match flag.as_str() {
            "-u" | "--url" => found.url = value(),
            "-c" | "--config" => found.config.extend(value()),
            "-P" | "--path" => found.path.extend(value()),
            "--python" => found.python = value().map(Into::into),
            _ => {}
        }
    }
    if found.config.is_empty() {
        found.config.extend(configured);
    }
    found
}

/// What is offered of names. They come from elsewhere, and a shell takes what it is offered as if it had been typed: only
/// names that mean nothing to a shell are.
fn candidates(begun: &OsStr, mut names: Vec<String>) -> Vec<CompletionCandidate> {
    let begun = begun.to_string_lossy();
    names.retain(|name| name.starts_with(&*begun) && is_harmless(name));
    names.sort();
    names.dedup();
    names.truncate(MOST);
    names.into_iter().map(CompletionCandidate::new).collect()
}

fn is_harmless(name: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || "-_.:@/+%,".contains(c);
    !name.is_empty() && !name.starts_with('-') && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> SourceArgs {
        so_far(line.split(' ').map(str::to_owned), Some("other".to_owned()))
    }

    #[test]
    fn the_words_so_far_say_which_redis() {
        let found = words("rq worker --brust -u redis://a/1 -c one --config=two -P /srv hi");

        assert_eq!(found.url.as_deref(), Some("redis://a/1"));
        assert_eq!(
            (found.config, found.path),
            (vec!["one".to_owned(), "two".to_owned()], vec!["/srv".to_owned()])
        );
        assert_eq!(words("rq worker --url").config, ["other"]);
    }

    #[test]
    fn a_name_that_a_shell_would_take_for_something_else_is_not_offered() {
        let names = ["mail", "mail.high", "m$(reboot)", "m;x", "m x", "m\nx", "-m", "other", "mail"];

        let offered = candidates(OsStr::new("m"), names.map(str::to_owned).to_vec());

        let offered: Vec<_> = offered.iter().map(|one| one.get_value().to_str().unwrap()).collect();
        assert_eq!(offered, ["mail", "mail.high"]);
    }

    #[test]
    fn an_option_is_found_in_either_form() {
        let of = |line: &str| value_of("--queue", line.split(' ').map(str::to_owned));

        assert_eq!(of("rq requeue --queue low ").as_deref(), Some("low"));
        assert_eq!(of("rq requeue --queue=low --queue=high x").as_deref(), Some("high"));
        assert_eq!(of("rq requeue --queue = low x").as_deref(), Some("low"));
        assert_eq!(of("rq requeue --queue"), None);
    }

    #[test]
    fn the_grammar_with_names_is_sound() {
        grammar().debug_assert();
    }
}
