//! `rq config check --connect`: what a start would meet, without a start.

use std::net::TcpListener;

use serde_json::Value;

use super::Folder;
use super::folder::{assert_refused, run};
use super::tls::{certificate, speak_tls};
use crate::harness::{Exit, Setup, World, free_port};

fn world() -> World {
    World::with(&Setup { tcp: true, ..Setup::default() }).unwrap()
}

/// The check with further arguments.
fn check(folder: &Folder, arguments: &[&str]) -> Exit {
    folder.run(&[&["config", "check", "--connect"], arguments].concat())
}

#[test]
fn what_works_is_told_and_nothing_is_left_behind() {
    let world = world();
    let folder = Folder::with(&[("app.py", "print('a word of the application')\n")]);
    let before = world.redis.keys();

    let exit = check(&folder, &["--url", &world.redis.tcp_url(), "--json"]);
    let loaded = {
        let mut command = folder.rq(&["config", "check", "--connect", "--url", &world.redis.tcp_url()]);
        command.env("RQ_HORSE__PRELOAD", "app");
        run(command)
    };

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    let report: Value = serde_json::from_str(&exit.stdout).unwrap();
    assert_eq!(report["works"][0], "Redis answers");
    assert_eq!(loaded.code(), 0, "{}", loaded.stderr);
    assert!(loaded.stdout.contains(" loads the application\n"), "{}", loaded.stdout);
    assert!(!loaded.stdout.contains("a word"), "{}", loaded.stdout);
    assert_eq!(world.redis.keys(), before);
    world.finish();
}

#[test]
fn a_redis_that_is_away_ends_with_69_and_the_settings_that_name_it() {
    let port = free_port();
    let folder = Folder::with(&[("rq.toml", &format!("[redis]\nport = {port}\n"))]);

    let exit = check(&folder, &["-c", "rq.toml"]);

    let file = folder.path("rq.toml").display().to_string();
    assert_refused(&exit, 69, &["redis did not answer", &format!("redis.port from {file}, line 2")]);
    assert!(exit.stdout.contains("loads the application"), "{}", exit.stdout);
}

#[test]
fn a_redis_that_refuses_the_password_is_a_matter_of_the_configuration() {
    let world = world();
    let _: () = world.redis.command(&["ACL", "SETUSER", "worker", "on", ">right", "~*", "&*", "+@all"]);
    let url = |password: &str| format!("redis://worker:{password}@127.0.0.1:{}/0", world.redis.port());
    let folder = Folder::new();

    let right = check(&folder, &["--url", &url("right")]);
    let wrong = check(&folder, &["--url", &url("hunter2")]);

    assert_eq!(right.code(), 0, "{}", right.stderr);
    assert_refused(&wrong, 78, &["refused: ", "(redis.url from option --url)", "hint: the server answered"]);
    assert!(!wrong.stderr.contains("hunter2"), "{}", wrong.stderr);
    world.finish();
}

#[test]
fn a_server_that_nobody_vouches_for_is_a_matter_of_the_configuration() {
    let world = world();
    let port = speak_tls(&world, "server");
    let other = certificate(&world, "other");
    let folder = Folder::new();
    let check = |authority: &std::path::Path| {
        let url = format!("rediss://localhost:{port}?ssl_ca_certs={}", authority.display());
        check(&folder, &["--url", &url])
    };

    let known = check(&world.path("server.pem"));
    let strange = check(&other);

    assert_eq!(known.code(), 0, "{}", known.stderr);
    assert_refused(
        &strange,
        78,
        &["cannot set up TLS", "(redis.url from option --url)", "hint: name the auth"],
    );
    world.finish();
}

#[test]
fn an_application_that_cannot_be_loaded_is_told_beside_a_redis_that_is_away() {
    let folder = Folder::with(&[("app.py", "raise RuntimeError('no such luck')\n")]);
    let url = format!("redis://127.0.0.1:{}", free_port());
    let mut command = folder.rq(&["config", "check", "--connect", "--url", &url]);
    command.env("RQ_HORSE__PRELOAD", "app");

    let told =
        ["redis did not answer", "no such luck", "horse.preload from environment variable RQ_HORSE__PRELOAD"];
    assert_refused(&run(command), 78, &told);
}

#[test]
fn a_sentry_address_is_tried_and_a_wrong_one_refused() {
    let world = world();
    let folder = Folder::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let check = |dsn: &str| {
        let mut command = folder.rq(&["config", "check", "--connect", "--url", &world.redis.tcp_url()]);
        command.env("SENTRY_DSN", dsn);
        run(command)
    };

    let good = check(&format!("http://hunter2@{}/1", listener.local_addr().unwrap()));
    let away = check(&format!("http://hunter2@127.0.0.1:{}/1", free_port()));
    let wrong = check("https://hunter2@sentry.example/project");

    assert_eq!((good.code(), away.code()), (0, 0), "{}{}", good.stderr, away.stderr);
    assert!(good.stdout.contains("Sentry at 127.0.0.1 takes connections"), "{}", good.stdout);
    assert!(away.stderr.contains("warning: Sentry at 127.0.0.1, port "), "{}", away.stderr);
    assert_refused(
        &wrong,
        78,
        &[
            "sentry.dsn from environment variable SENTRY_DSN",
            "https://***@sentry.example/project, which names no project",
        ],
    );
    for exit in [good, away, wrong] {
        assert!(!(exit.stdout + &exit.stderr).contains("hunter2"));
    }
    world.finish();
}
