//! Tables of appenders: what must hold between their keys.

use super::*;
use crate::config::AppenderKind;

/// What is wrong with a file that says this, in one text.
fn wrong(text: &str) -> String {
    let (_, problems) = place().file("rq.toml", text).sources().explicit("rq.toml").unwrap().read().unwrap();
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_an_appender_lacks_is_told_with_its_name() {
    for (keys, told) in [
        ("level = 'info'", "cannot use logging.appender.a from"),
        ("level = 'info'", "it does not say its kind"),
        ("kind = 'file'", "it has no path"),
        ("kind = 'file'\npath = 'x'\nrotate = 'size'", "it rotates by size and names none"),
        ("kind = 'rolling'\npath = 'x'\nmax_size = 5", "the kind rolling knows no size"),
        ("kind = 'file'\npath = 'x'\n[logging.appender.b]\nkind = 'file'\npath = 'x'", "a writes to x, too"),
        ("kind = 'console'\ntargets = ['rq=loud']", "names of loggers"),
        ("kind = 'syslog'\naddress = 'logs:514'", "udp://HOST:PORT"),
        ("kind = 'syslog'\nfacility = 'local9'", "one of kern, user"),
        ("kind = 'stdout'", "one of console, file"),
        ("knd = 'file'", "there is no such key"),
    ] {
        let found = wrong(&format!("[logging.appender.a]\n{keys}\n"));
        assert!(found.contains(told), "{keys}: {found}");
    }
}

#[test]
fn keys_of_another_kind_and_an_appender_for_nobody_are_doubted() {
    let text =
        "[logging.appender.a]\nkind = 'console'\nmax_size = '1MiB'\n[logging.appender.s]\nkind = 'sentry'\n";

    let resolved = place().file("rq.toml", text).with("rq.toml");

    let told: Vec<String> = resolved.warnings.iter().map(ToString::to_string).collect();
    assert!(
        told[0].starts_with("logging.appender.a.max_size from ") && told[0].contains("\"console\""),
        "{told:?}"
    );
    assert!(told[1].contains("sentry.dsn is not set"), "{told:?}");
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn variables_can_say_an_appender() {
    let resolved = place()
        .variable("RQ_LOGGING__APPENDER__MAIN__KIND", "file")
        .variable("RQ_LOGGING__APPENDER__MAIN__PATH", "/var/log/rq.log")
        .variable("RQ_LOGGING__APPENDER__MAIN__TARGETS", "rq.worker, myapp=debug")
        .sources()
        .resolve()
        .unwrap();

    let main = &resolved.settings.appenders["main"];
    assert_eq!(main.kind, Some(AppenderKind::File));
    assert_eq!(main.targets, ["rq.worker", "myapp=debug"]);
}
