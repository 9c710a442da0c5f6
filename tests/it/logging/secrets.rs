//! Secrets: none of the daemon's own gets into any log, and those of jobs only where RQ writes them, if at all.

use std::fs;

use super::{config, read};
use crate::harness::World;

const SECRET: &str = "hunter2planted";
const ARGUMENT: &str = "argument3planted";

/// Everything that a worker with each format writes about a job with a secret argument.
#[track_caller]
fn logged(settings: &str) -> Vec<(String, String)> {
    let world = World::new();
    let formats = ["rq", "text", "json", "logfmt"];
    let tables: Vec<String> = formats
        .iter()
        .map(|format| {
            format!("[logging.appender.{format}]\nkind = 'file'\npath = '{format}.log'\nformat = '{format}'\nlevel = 'debug'\n")
        })
        .collect();
    let path = config(&world, &format!("{settings}{}", tables.concat()));
    let url = world.redis.url().replace("unix://", &format!("unix://planted:{SECRET}@"));
    let text = read(&path).replace(&format!("url = {:?}", world.redis.url()), "");
    fs::write(&path, text).unwrap();
    world.enqueue(&format!("'jobs.returns.nothing', {ARGUMENT:?}"));
    world.enqueue(&format!("'jobs.raising.plain', {ARGUMENT:?}"));
    let mut command = world.worker_command();
    command.arg("-c").arg(&path).args(["--burst", "--name", "w1", "-v"]);
    command
        .env("RQ_REDIS_URL", url)
        .env("API_KEY", SECRET)
        .env("RQ_SENTRY_DSN", format!("https://{SECRET}@127.0.0.1:9/1"));

    let user = format!(">{SECRET}");
    let _: String = world.redis.command(&["ACL", "SETUSER", "planted", "on", &user, "~*", "&*", "+@all"]);

    let exit = world.start(command).wait_exit();

    assert_eq!(exit.code(), 0, "{}", exit.stderr);

    let mut all: Vec<_> = formats
        .iter()
        .map(|format| ((*format).to_owned(), read(world.path(&format!("{format}.log")))))
        .collect();
    all.push(("the console".to_owned(), exit.stdout + &exit.stderr));
    world.finish();
    all
}

#[test]
fn a_secret_of_the_daemon_is_in_no_log() {
    for (place, text) in logged("") {
        assert!(!text.contains(SECRET), "{place}: {text}");
    }
}

#[test]
fn an_argument_is_only_in_rqs_own_description() {
    for (place, text) in logged("").iter().filter(|(place, _)| place != "the console") {
        let lines = text.lines().filter(|line| line.contains(ARGUMENT));
        let others: Vec<&str> = lines
            .filter(|line| !line.contains("jobs.returns.nothing(") && !line.contains("jobs.raising.plain("))
            .collect();
        assert!(text.contains(ARGUMENT), "{place}: {text}");
        assert!(others.is_empty(), "{place}: {others:?}");
    }
}

#[test]
fn an_argument_is_nowhere_where_arguments_are_not_wanted() {
    for (place, text) in logged("[logging]\narguments = false\n") {
        assert!(!text.contains(ARGUMENT), "{place}: {text}");
        if place != "the console" {
            assert!(text.contains("jobs.returns.nothing(...)"), "{place}: {text}");
        }
    }
}
