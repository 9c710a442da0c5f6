//! Mistakes of our own: a panic is told in a line, and has an exit code like every other end.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

use super::exit::{Exit, Failure};
use crate::supervisor;
use crate::telemetry;

/// Runs a command. A panic in it, or in a task of its own, ends it with 70; one in another thread is told as well.
pub(super) fn guarded(command: impl FnOnce() -> Exit) -> Exit {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        telemetry::sentry::report_panic(message(panic), place.as_deref());
        told(message(panic), place.as_deref(), &Backtrace::capture()).report();
        supervisor::ring();
    }));
    // Nothing of the command is looked at any more when it panicked.
    panic::catch_unwind(AssertUnwindSafe(command)).unwrap_or_else(|_| {
        telemetry::sentry::close();
        telemetry::close();
        Exit::Internal
    })
}

/// What was said when it was said in words.
fn message<'a>(panic: &'a PanicHookInfo<'_>) -> &'a str {
    let payload = panic.payload();
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("something without words")
}

/// A panic as a failure. The place is `file:line:column`.
fn told(message: &str, place: Option<&str>, backtrace: &Backtrace) -> Failure {
    // Of the place, the column says least.
    let place = place.map(|place| place.rsplit_once(':').map_or(place, |(line, _)| line));
    let place = place.map(|place| format!(" ({place})")).unwrap_or_default();
    let failure = Failure::new(Exit::Internal, format!("internal error: {message}{place}"));
    let version = env!("CARGO_PKG_VERSION");
    let hint = format!(
        "this is a mistake in rqd {version} itself: please report this line, with what came before it"
    );
    match backtrace.status() {
        BacktraceStatus::Captured => failure.with_detail(backtrace).with_hint(hint),
        _ => failure.with_hint(format!("{hint}; RUST_BACKTRACE=1 tells more")),
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Output};

    use super::super::exit::Told;
    use super::*;

    /// Tells this test's process, when it is started by itself, how to end.
    const WAY: &str = "RQ_TEST_PANIC";

    #[test]
    fn a_panic_is_told_with_its_place_and_what_to_do() {
        let failure = told("no horse at hand", Some("src/worker/run.rs:12:34"), &Backtrace::disabled());

        let [Told { message, hint, .. }] = &failure.problems()[..] else { panic!("it is one mistake") };
        assert_eq!(message, "internal error: no horse at hand (src/worker/run.rs:12)");
        let version = env!("CARGO_PKG_VERSION");
        let told = format!("this is a mistake in rqd {version} itself: please report this line");
        assert!(hint.as_ref().unwrap().starts_with(&told), "{hint:?}");
        assert_eq!(failure.exit(), Exit::Internal);
    }

    /// A hook and an exit code are the whole process's: this test runs itself once more, as a process that ends that way.
    fn process(way: &str) -> Output {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let name = "cli::internal::tests::a_panic_anywhere_in_the_daemon_ends_it_with_70_and_two_lines";
        command.args([name, "--exact", "--nocapture"]).env(WAY, way).env_remove("RUST_BACKTRACE");
        command.output().unwrap()
    }

    /// Stands for the daemon in such a process.
    fn daemon(way: &str) -> Exit {
        let task = async { panic!("planted in a task") };
        supervisor::block_on(async {
            match way {
                "command" => panic!("planted in the command"),
                "task" => {
                    drop(tokio::task::spawn_local(task));
                    std::future::pending::<()>().await;
                }
                _ => {
                    let thread = std::thread::spawn(|| panic!("planted in a thread"));
                    assert!(thread.join().is_err());
                }
            }
            Ok(Exit::Done)
        })
        .unwrap()
    }

    /// Reports of such a process go there.
    const ADDRESS: &str = "RQ_TEST_PANIC_DSN";

    /// Takes one envelope, and gives its text.
    fn envelope(listener: &std::net::TcpListener) -> String {
        use std::io::{BufRead as _, BufReader, Read as _, Write as _};

        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            match line.to_lowercase().trim_end().split_once(": ") {
                Some(("content-length", text)) => length = text.parse().unwrap(),
                None if line.trim_end().is_empty() => break,
                Some(_) | None => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(body.as_slice()).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_panic_is_reported_to_sentry_before_the_end() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let dsn = format!("http://key@{}/1", listener.local_addr().unwrap());
        let mut command = Command::new(std::env::current_exe().unwrap());
        let name = "cli::internal::tests::a_panic_anywhere_in_the_daemon_ends_it_with_70_and_two_lines";
        command.args([name, "--exact", "--nocapture"]).env(WAY, "task").env(ADDRESS, dsn);
        let child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn();

        let told = envelope(&listener);

        let event: serde_json::Value = serde_json::from_str(told.lines().nth(2).unwrap()).unwrap();
        let exception = &event["exception"]["values"][0];
        assert_eq!((&exception["type"], &exception["value"]), (&"Panic".into(), &"planted in a task".into()));
        assert!(event["extra"]["place"].as_str().unwrap().starts_with("src/cli/internal.rs:"), "{event}");
        assert_eq!((&event["level"], &event["platform"]), (&"fatal".into(), &"other".into()));
        assert_eq!(child.unwrap().wait_with_output().unwrap().status.code(), Some(70));
    }

    /// Opens reports as an address of a test wants them.
    fn open_reports() {
        let Ok(dsn) = std::env::var(ADDRESS) else { return };
        let sources = crate::config::Sources::new(crate::config::Environment::default(), "/".into());
        let resolved = sources.option("sentry.dsn", "--sentry-dsn", dsn).resolve().unwrap();
        crate::cli::reports::prepare(&resolved).unwrap().apply();
    }

    #[test]
    fn a_panic_anywhere_in_the_daemon_ends_it_with_70_and_two_lines() {
        if let Ok(way) = std::env::var(WAY) {
            open_reports();
            std::process::exit(guarded(|| daemon(&way)) as i32);
        }
        for (way, code) in [("command", 70), ("task", 70), ("thread", 0)] {
            let output = process(way);

            let told = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(code), "{way}: {told}");
            let lines: Vec<&str> = told.lines().collect();
            let [error, hint] = &lines[..] else { panic!("{way}: two lines in {told}") };
            let planted = format!("error: internal error: planted in a {way} (src/cli/internal.rs:");
            assert!(error.starts_with(&planted.replace("a command", "the command")), "{way}: {error}");
            assert!(hint.starts_with("hint: this is a mistake in rqd"), "{way}: {hint}");
        }
    }
}
