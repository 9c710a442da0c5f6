//! Keys and news in, pictures and actions out.

use std::collections::BTreeMap;

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::keys::Key;
use super::state::{About, Detail};
use super::view::draw;
use super::*;
use crate::cli::args::Tab;
use crate::cli::page::{Line, Tone};
use crate::store::{FailedJob, JobCard, QueueCard, RunningJob, WorkerSeen};

const NOW: f64 = 1_795_332_720.0;

fn card(description: &str) -> JobCard {
    JobCard {
        status: "started".to_owned(),
        description: description.to_owned(),
        started_at: Some(NOW - 12.0),
        ended_at: Some(NOW - 5.0),
        timeout: Some(180),
        worker: Some("w1".to_owned()),
        reason: Some("ValueError: no".to_owned()),
        ..JobCard::default()
    }
}

/// Two workers, of which one is busy; two queues; two failed jobs.
fn overview() -> Overview {
    let queue = |waiting, failed| QueueCard { waiting, failed, workers: 1, ..QueueCard::default() };
    let worker = |state: &str, jobs: &[&str]| WorkerSeen {
        state: state.to_owned(),
        queues: "high,low".to_owned(),
        host: "h1".to_owned(),
        pid: "7".to_owned(),
        last_heartbeat: Some(NOW - 3.0),
        done: 4,
        version: "3.0.0".to_owned(),
        jobs: jobs.iter().map(|job| (*job).to_owned()).collect(),
        ..WorkerSeen::default()
    };
    let failed = |job: &str| FailedJob { job: job.to_owned(), queue: "low".to_owned() };
    Overview {
        now: NOW,
        queues: BTreeMap::from([("high".to_owned(), queue(3, 0)), ("low".to_owned(), queue(0, 2))]),
        queues_in_all: 2,
        workers: BTreeMap::from([
            ("w1".to_owned(), worker("busy", &["j1"])),
            ("w2".to_owned(), worker("idle", &[])),
        ]),
        workers_in_all: 2,
        running: vec![RunningJob {
            job: "j1".to_owned(),
            execution: None,
            queue: "high".to_owned(),
            lease_ends: NOW + 80.0,
        }],
        failed: vec![failed("f1"), failed("f2")],
        jobs: BTreeMap::from(["j1", "f1", "f2"].map(|job| (job.to_owned(), card(&format!("app.{job}(1)"))))),
        ..Overview::default()
    }
}

fn state(tab: Tab) -> State {
    let mut state = State::new(tab, "redis://h/0".to_owned());
    state.step(Input::Seen(Box::new(overview())));
    state
}

fn press(state: &mut State, keys: &str) -> Vec<Action> {
    keys.chars().map(|key| state.step(Input::Key(Key::Char(key)))).last().unwrap_or_default()
}

fn buffer(state: &State, (width, height): (u16, u16), colour: bool) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state, Look { colour })).unwrap();
    terminal.backend().buffer().clone()
}

fn picture(state: &State, size: (u16, u16)) -> String {
    let buffer = buffer(state, size, true);
    let cell = |x, y| buffer.cell((x, y)).unwrap().symbol().to_owned();
    let line = |y| (0..size.0).map(|x| cell(x, y)).collect::<String>().trim_end().to_owned() + "\n";
    (0..size.1).map(line).collect()
}

#[test]
fn workers_are_told_with_what_they_do() {
    let expected = "\
rq top  07:32:00  2 workers, 1 busy  3 waiting  2 failed  redis://h/0
 1 Workers  2 Queues  3 Running  4 Failed  5 Daemons
WORKER^  STATE  QUEUES    JOB                 FOR  DONE  FAILED  SEEN  HOST  PID
w1       busy   high,low  app.j1(1) (j1)      12s  4     0       3s    h1    7
w2       idle   high,low  -                   -    4     0       3s    h1    7



q quit  ? help  Enter details  / filter  < > i order  s stop  r requeue  d delet
";

    assert_eq!(picture(&state(Tab::Workers), (80, 9)), expected);
}

#[test]
fn failed_jobs_are_told_with_their_reason() {
    let told = picture(&state(Tab::Failed), (80, 9));

    let heads: Vec<&str> = told.lines().nth(2).unwrap().split_whitespace().collect();
    assert_eq!(heads, ["JOB", "QUEUE", "AGO^", "REASON", "CALL"]);
    assert!(told.lines().nth(3).unwrap().starts_with("f1   low    5s    ValueError: no "), "{told}");
}

#[test]
fn every_list_has_room_on_a_small_screen() {
    for tab in super::state::TABS {
        let told = picture(&state(tab), (40, 8));
        assert!(told.starts_with("rq top  07:32:00"), "{told}");
    }
    assert!(picture(&state(Tab::Workers), (39, 8)).starts_with("rq top needs a larger window: 40x8"));
    assert!(picture(&state(Tab::Workers), (1, 1)).starts_with('r'));
}

#[test]
fn without_colours_there_are_none() {
    let mut state = state(Tab::Failed);
    for (colour, expected) in [(true, true), (false, false)] {
        state.lost = Some("gone".to_owned());
        let has = buffer(&state, (80, 24), colour).content().iter().any(|cell| cell.fg != Color::Reset);
        assert_eq!(has, expected);
    }
}

#[test]
fn odd_names_keep_their_columns_and_cannot_steer_the_terminal() {
    let mut seen = overview();
    let odd = "作業\x1b[2J\nx".to_owned();
    seen.queues.insert(odd.clone(), QueueCard { waiting: 8, ..QueueCard::default() });
    let mut state = state(Tab::Queues);
    state.step(Input::Seen(Box::new(seen)));

    let told = buffer(&state, (80, 9), true);

    let row = |y: u16| (0..80).map(|x| told.cell((x, y)).unwrap().symbol().to_owned()).collect::<Vec<_>>();
    let head = row(2);
    let waiting = (0..80).find(|x| head[*x..].concat().starts_with("WAITING")).unwrap();
    let line = (3..6).map(row).find(|line| line[0] == "作").unwrap();
    assert_eq!(line[waiting], "8", "{line:?}");
    assert!(line.concat().contains("\\x1b[2J\\nx"), "{line:?}");
}

#[test]
fn the_row_that_is_pointed_at_stays_so_wherever_it_goes() {
    let mut state = state(Tab::Queues);
    press(&mut state, "j");
    assert_eq!(state.list().selected.as_deref(), Some("low"));

    press(&mut state, "i");
    assert_eq!((state.list().selected.as_deref(), state.list().at), (Some("low"), 0));

    let mut seen = overview();
    seen.queues.insert("zero".to_owned(), QueueCard::default());
    state.step(Input::Seen(Box::new(seen.clone())));
    assert_eq!((state.list().selected.as_deref(), state.list().at), (Some("low"), 1));

    seen.queues.remove("low");
    state.step(Input::Seen(Box::new(seen)));
    assert_eq!(state.list().selected.as_deref(), Some("high"));
}

#[test]
fn rows_are_ordered_by_numbers_and_filtered_by_words() {
    let mut state = state(Tab::Queues);
    let names = |state: &State| state.rows().iter().map(|row| row.subject.key()).collect::<Vec<_>>();

    press(&mut state, ">i");
    assert_eq!(names(&state), ["high", "low"]);
    press(&mut state, "i");
    assert_eq!(names(&state), ["low", "high"]);

    press(&mut state, "/HIG");
    assert_eq!(names(&state), ["high"]);
    assert!(picture(&state, (80, 9)).contains("filter: HIG_"));
    press(&mut state, "q");
    assert!(picture(&state, (80, 9)).contains("nothing here that fits the filter"));
    state.step(Input::Key(Key::Escape));
    assert_eq!(names(&state), ["low", "high"]);
}

#[test]
fn a_job_is_stopped_only_when_that_is_confirmed() {
    let stop = Action::Stop { job: "j1".to_owned(), worker: "w1".to_owned() };
    for (tab, answer, expected) in [
        (Tab::Workers, 'y', vec![stop.clone()]),
        (Tab::Running, 'y', vec![stop]),
        (Tab::Running, 'n', vec![]),
    ] {
        let mut state = state(tab);

        assert_eq!(press(&mut state, "s"), []);
        assert!(picture(&state, (120, 9)).contains("Stop the job j1 on worker w1?"), "{tab:?}");
        assert_eq!(state.step(Input::Key(Key::Char(answer))), expected);
        assert_eq!(press(&mut state, "y"), [], "one answer is one deed");
    }
}

#[test]
fn failed_jobs_are_requeued_and_deleted_when_that_is_confirmed() {
    let mut state = state(Tab::Failed);
    let job = || "f2".to_owned();

    assert_eq!(press(&mut state, "jry"), [Action::Requeue { job: job() }]);
    assert_eq!(press(&mut state, "dy"), [Action::Delete { job: job() }]);
    assert_eq!(state.step(Input::Done(Err("it is gone".to_owned()))), [Action::Look]);
    assert!(picture(&state, (80, 9)).contains("it is gone"));
}

#[test]
fn what_is_not_about_a_job_says_so() {
    let mut state = state(Tab::Queues);
    for key in ["s", "r", "d", "t"] {
        assert_eq!(press(&mut state, key), []);
        assert!(picture(&state, (80, 9)).contains("none is pointed at"), "{key}");
    }
    state = self::state(Tab::Failed);
    press(&mut state, "s");
    assert!(picture(&state, (80, 9)).contains("no worker runs the job f1"));
}

#[test]
fn a_story_opens_scrolls_is_told_anew_and_closes() {
    let mut state = state(Tab::Running);
    let tell = [Action::Tell { job: "j1".to_owned() }];
    assert_eq!(state.step(Input::Key(Key::Enter)), tell);
    let lines: Vec<Line> = (0..30).map(|number| Line::of(Tone::Plain, &format!("line {number}"))).collect();
    let detail =
        |job: &str| Input::Detail(Detail { about: About::Job(job.to_owned()), lines: lines.clone() });

    // What somebody else had asked for is not shown.
    state.step(detail("j2"));
    assert!(!picture(&state, (80, 9)).contains("line 0"));
    state.step(detail("j1"));
    assert!(picture(&state, (80, 9)).contains("line 0\n"));
    press(&mut state, "jj");
    assert!(!picture(&state, (80, 9)).contains("line 1\n") && picture(&state, (80, 9)).contains("line 2\n"));
    assert_eq!(state.step(Input::Seen(Box::new(overview()))), tell);
    assert_eq!(press(&mut state, "r"), []);
    assert!(picture(&state, (80, 9)).contains("Requeue the failed job j1?"));
    press(&mut state, "n");

    state.step(Input::Key(Key::Escape));
    assert!(picture(&state, (80, 9)).contains("app.j1(1)"));
    state.step(detail("j1"));
    assert!(state.detail.is_none());
}

#[test]
fn the_failed_jobs_of_a_queue_come_in_pages() {
    let mut state = state(Tab::Queues);
    state.frame.seen.queues.get_mut("low").unwrap().failed = 250;
    press(&mut state, "j");

    assert_eq!(state.step(Input::Key(Key::Enter)), [Action::Look]);
    assert_eq!(
        (state.tab, state.wanted.clone()),
        (Tab::Failed, Wanted { queue: Some("low".to_owned()), offset: 0 })
    );
    for (key, offset) in [("n", 100), ("n", 200), ("n", 200), ("p", 100), ("p", 0), ("p", 0)] {
        press(&mut state, key);
        assert_eq!(state.wanted.offset, offset);
    }
    assert!(picture(&state, (80, 9)).contains("of low: 1 to 2 of 250"));

    assert_eq!(state.step(Input::Key(Key::Escape)), [Action::Look]);
    assert_eq!(state.wanted, Wanted::default());
}

#[test]
fn a_redis_that_is_away_is_told_and_what_was_seen_stays() {
    let mut state = state(Tab::Workers);

    state.step(Input::Lost("connection refused".to_owned()));
    let told = picture(&state, (80, 9));
    assert!(told.starts_with("rq top  Redis is away, trying again: connection refused"), "{told}");
    assert!(told.contains("w1 "), "{told}");

    state.step(Input::Seen(Box::new(overview())));
    assert!(picture(&state, (80, 9)).starts_with("rq top  07:32:00"));
}

#[test]
fn the_end_of_a_long_list_is_a_key_away() {
    let mut seen = overview();
    seen.queues = (0..1000).map(|number| (format!("q{number:04}"), QueueCard::default())).collect();
    let mut state = state(Tab::Queues);
    state.step(Input::Seen(Box::new(seen)));

    state.step(Input::Key(Key::End));
    assert!(picture(&state, (80, 24)).contains("q0999"));
    state.step(Input::Key(Key::PageUp));
    assert_eq!(state.list().selected.as_deref(), Some("q0979"));
    state.step(Input::Key(Key::Home));
    assert!(picture(&state, (80, 24)).contains("q0000"));
}

#[test]
fn help_and_ends() {
    let mut state = state(Tab::Workers);
    press(&mut state, "?");
    let told = picture(&state, (80, 24));
    assert!(super::keys::HELP.iter().all(|(keys, _)| told.contains(keys)), "{told}");
    state.step(Input::Key(Key::Escape));

    assert_eq!(press(&mut state, "q"), [Action::Quit]);
    assert_eq!(state.step(Input::Key(Key::Interrupt)), [Action::Quit]);
    assert_eq!(state.step(Input::Key(Key::Suspend)), [Action::Suspend]);
    press(&mut state, "/q");
    assert_eq!(state.step(Input::Key(Key::Interrupt)), [Action::Quit], "also while a filter is typed");
}

fn any_input() -> impl Strategy<Value = Input> {
    let keys = proptest::sample::select(vec![
        Key::Up,
        Key::Down,
        Key::PageUp,
        Key::PageDown,
        Key::Home,
        Key::End,
        Key::Enter,
        Key::Escape,
        Key::Backspace,
        Key::Tab,
        Key::BackTab,
        Key::Left,
        Key::Right,
    ]);
    prop_oneof![
        keys.prop_map(Input::Key),
        proptest::sample::select("12345jkiu<>/npsrdty?x".chars().collect::<Vec<_>>())
            .prop_map(|c| Input::Key(Key::Char(c))),
        Just(()).prop_map(|()| Input::Seen(Box::new(overview()))),
        Just(()).prop_map(|()| Input::Seen(Box::default())),
        Just(()).prop_map(|()| Input::Lost("away".to_owned())),
        Just(()).prop_map(|()| Input::Done(Ok("done".to_owned()))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_keys_and_no_news_make_the_view_panic(inputs in proptest::collection::vec(any_input(), 0..60), width in 1_u16..130, height in 1_u16..40) {
        let mut state = State::new(Tab::Workers, String::new());
        for input in inputs {
            state.step(input);
            let _ = picture(&state, (width, height));
        }
    }
}
