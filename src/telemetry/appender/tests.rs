use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::file::FilePlan;
use super::*;

fn plan(path: &Path) -> FilePlan {
    FilePlan {
        path: path.to_owned(),
        mode: Some(0o640),
        max_size: None,
        every: None,
        keep: 3,
        compress: false,
    }
}

fn file(plan: FilePlan) -> Appender {
    Appender::start("file", Place::File(plan), None)
}

fn say(appender: &Appender, text: &str) {
    appender.append(&Arc::from(format!("{text}\n").as_bytes()), Stream::Out);
}

fn end(appender: Appender) -> (u64, Option<Losses>) {
    let (_, left, losses) = appender.close(Instant::now() + Duration::from_secs(20));
    (left, losses)
}

#[test]
fn a_new_file_has_the_rights_that_were_asked_for_and_an_old_one_is_added_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");

    for text in ["one", "two"] {
        let appender = file(plan(&path));
        say(&appender, text);
        assert_eq!(end(appender), (0, None));
    }

    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_file_is_put_aside_before_it_is_too_large_and_old_ones_are_compressed_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let appender = file(FilePlan { max_size: Some(9), compress: true, keep: 2, ..plan(&path) });

    for number in 0..10 {
        say(&appender, &format!("{number:03}"));
    }
    assert_eq!(end(appender), (0, None));

    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 3, "{names:?}");
    let unpacked = |name: &str| {
        let mut text = String::new();
        let file = fs::File::open(folder.path().join(name)).unwrap();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(file), &mut text).unwrap();
        text
    };
    assert_eq!(fs::read_to_string(&path).unwrap(), "008\n009\n");
    assert_eq!((unpacked("a.log.1.gz"), unpacked("a.log.2.gz")), ("006\n007\n".into(), "004\n005\n".into()));
}

#[test]
fn what_an_earlier_day_left_is_put_aside_under_that_day() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let mut old = fs::File::create(&path).unwrap();
    old.write_all(b"old\n").unwrap();
    let then = std::time::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    old.set_modified(then).unwrap();

    let appender = file(FilePlan { every: Some(period::Every::Day), ..plan(&path) });
    say(&appender, "new");
    assert_eq!(end(appender), (0, None));

    let day = period::Every::Day.label(then, &jiff::tz::TimeZone::system());
    assert_eq!(fs::read_to_string(&path).unwrap(), "new\n");
    assert_eq!(fs::read_to_string(folder.path().join(format!("a.log.{day}"))).unwrap(), "old\n");
}

#[test]
fn a_file_that_cannot_be_had_keeps_its_lines_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("not there yet");
    let appender = file(plan(&below.join("a.log")));

    say(&appender, "one");
    while !appender.tally().has_news() {
        std::thread::yield_now();
    }
    let losses = appender.tally().untold().unwrap();
    fs::create_dir(&below).unwrap();
    appender.reopen();

    assert_eq!(losses.lines, 0);
    assert!(losses.reason.unwrap().contains("cannot open"));
    assert_eq!(end(appender), (0, None));
    assert_eq!(fs::read_to_string(below.join("a.log")).unwrap(), "one\n");
}

#[test]
fn what_does_not_fit_is_counted_and_so_is_what_is_given_up_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let appender = file(plan(&folder.path().join("never/a.log")));
    let all = LINES as u64 + 500;

    for number in 0..all {
        say(&appender, &number.to_string());
    }
    let before = appender.tally().lost();
    let (_, left, losses) = appender.close(Instant::now());

    assert!((499..=500).contains(&before), "one may be in the hands of the thread: {before}");
    assert_eq!(left + losses.map_or(0, |losses| losses.lines), all);
}

#[test]
fn one_huge_line_after_another_does_not_fill_the_memory() {
    let appender = file(plan(Path::new("/nonexistent/a.log")));

    for _ in 0..20 {
        say(&appender, &"x".repeat(1 << 20));
    }

    assert!(appender.tally().lost() >= 4);
    drop(appender);
}

#[test]
fn the_place_of_before_is_written_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let before = file(plan(&path));
    for number in 0..1_000 {
        say(&before, &number.to_string());
    }

    let after = Appender::start("file", Place::File(FilePlan { keep: 9, ..plan(&path) }), Some(before));
    say(&after, "last");
    assert_eq!(end(after), (0, None));

    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 1_001);
    assert!(text.ends_with("999\nlast\n"));
}

#[test]
fn the_name_of_an_appender_may_be_anything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    let appender = Appender::start("odd\0name é", Place::File(plan(&path)), None);

    say(&appender, "one");

    assert_eq!(end(appender), (0, None));
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\n");
}

#[test]
fn a_file_that_somebody_moves_is_noticed_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let (path, moved) = (folder.path().join("a.log"), folder.path().join("moved.log"));
    let mut sink = file::FileSink::new(plan(&path));
    let line = Piece { bytes: Arc::from(format!("{}\n", "x".repeat(1_000)).as_bytes()), stream: Stream::Out };

    for number in 0..200 {
        if number == 100 {
            fs::rename(&path, &moved).unwrap();
        }
        // The channel is never empty, so that nothing is flushed but what is full.
        sink.take(&line).unwrap();
    }
    sink.flush().unwrap();

    let lines = |path| fs::read_to_string(path).unwrap().lines().count();
    assert_eq!(lines(&moved) + lines(&path), 200);
    assert!(lines(&path) > 0 && lines(&moved) >= 100 - 40);
}
