use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;

/// A line at a fixed time.
fn scene() -> Scene<'static> {
    Scene {
        created: UNIX_EPOCH + Duration::from_millis(1_795_332_720_045),
        date_format: None,
        level: Level::Info,
        logger: "rq.worker",
        message: "it's \"on\"\n",
    }
}

/// What Python makes of the same formats and line.
const PYTHON: &str = r#"
import logging, sys
record = logging.LogRecord("rq.worker", logging.INFO, "(unknown file)", 0, "it's \"on\"\n", None, None, "(unknown function)")
record.created, record.msecs = 1795332720.045, 45.0
record.module, record.taskName = "(unknown file)", "None"
print("\0".join(logging.Formatter(fmt).format(record) for fmt in sys.argv[1:]), end="")
"#;

#[test]
fn every_format_reads_as_in_python() {
    let formats = [
        "%(asctime)s %(message)s",
        "%(asctime)s.%(msecs)03d [%(levelname)-8s] %(name)12s|",
        "%(levelname).3s %(levelname)5.2s|%(levelname)-5.2s|",
        "%(levelno)05d %(levelno)+d %(levelno)x %(levelno)#o %(levelno)X %(levelno).4d %(levelno) d %(levelno)s",
        "%(created)f %(created).1f %(created)d %(created)e %(created)g %(created)G %(created).12g %(created)s",
        "%(msecs)d %(msecs)s %(msecs)8.3f %(msecs)-8.1f| %(msecs)08.1f %(msecs)g %(msecs).0e",
        "100%% %(processName)s %(threadName)s %(taskName)s %(lineno)d %(filename)s %(module)s %(funcName)s %(pathname)s",
        "%(name)r %(message)r {no} $field",
    ];
    let python = Command::new("python3").args(["-c", PYTHON]).args(formats).output().unwrap();

    let ours: Vec<_> =
        formats.iter().map(|format| LineFormat::parse(format).unwrap().render(&scene())).collect();

    let theirs = String::from_utf8(python.stdout).unwrap();
    assert_eq!(ours, theirs.split('\0').collect::<Vec<_>>());
}

#[test]
fn the_process_is_this_one() {
    let line = LineFormat::parse("%(process)d %(relativeCreated)d").unwrap().render(&scene());

    assert_eq!(line, format!("{} 0", std::process::id()));
}

#[test]
fn a_date_format_replaces_pythons_default() {
    let year = date_format("%Y").unwrap();
    let scene = Scene { date_format: year.as_ref(), ..scene() };

    assert_eq!(LineFormat::parse("%(asctime)s").unwrap().render(&scene), "2026");
    assert_eq!(date_format(""), Ok(None));
}

#[test]
fn a_format_that_python_or_reason_refuses_is_an_error_that_says_why() {
    for (format, told) in [
        ("%(levelnam)s", "unknown field %(levelnam) in log format, expected one of asctime, created, "),
        ("%(levelnam)s", "(did you mean levelname?)"),
        ("%(message)d", "cannot show %(message) as 'd' in log format, it is text: use s"),
        ("%(created)x", "it is a number with a fraction: use d, f or s"),
        ("%(message)s 100%", "cannot read \"%\" in log format"),
        ("%(message", "cannot read \"%(message\" in log format"),
        ("%(message)", "cannot read \"%(message)\" in log format"),
        ("%(message)*s", "cannot read \"%(message)*s\" in log format"),
        ("%s %(message)s", "cannot read \"%s %(message)s\" in log format"),
        ("plain", "log format \"plain\" shows no field"),
        ("", "shows no field"),
        ("%(message)99999s", "width or precision 99999 in log format is too large"),
    ] {
        let error = LineFormat::parse(format).unwrap_err().to_string();

        assert!(error.contains(told), "{format}: {error}");
    }
}

proptest! {
    #[test]
    fn no_text_is_a_format_that_panics(format in "[%(){}a-z0-9.*# -]{0,30}|(%\\((asctime|message|levelno|created)\\)[-0+ #]{0,3}[0-9]{0,3}(\\.[0-9]{0,3})?[a-zA-Z%é])*") {
        if let Ok(format) = LineFormat::parse(&format) {
            format.render(&scene());
        }
    }
}
