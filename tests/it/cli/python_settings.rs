//! Settings modules in Python, which are programs and may do anything.

use std::fs;

use serde_json::json;

use super::Folder;
use super::folder::{assert_refused, run, write};
use crate::harness::World;

/// Runs `rq worker --burst -c settings` in a folder whose `settings.py` is this, and `rq config check` too; both must
/// refuse it with 78 and these words.
#[track_caller]
fn assert_cannot_start(settings: &str, told: &[&str]) {
    let folder = Folder::with(&[("settings.py", settings)]);
    for arguments in [&["worker", "--burst", "-c", "settings"][..], &["config", "check", "-c", "settings"]] {
        let mut command = folder.rq(arguments);
        command.env("RQ_HORSE__SETTINGS_TIMEOUT", "2s");

        assert_refused(&run(command), 78, told);
    }
}

#[test]
fn a_module_that_raises_is_told_with_its_traceback() {
    assert_cannot_start(
        "def read():\n    raise RuntimeError('no secret store')\nread()\n",
        &[
            "error: cannot import the settings module settings: RuntimeError: no secret store\n\
             Traceback (most recent call last):\n  File \"/",
            "settings.py\", line 3, in <module>",
            "settings.py\", line 2, in read",
        ],
    );
}

#[test]
fn a_traceback_begins_with_the_module_and_not_with_the_import_system() {
    let folder = Folder::with(&[("settings.py", "import missing_module\n")]);

    let exit = folder.run(&["worker", "--burst", "-c", "settings"]);

    assert_eq!(exit.code(), 78);
    assert!(!exit.stderr.contains("importlib"), "{}", exit.stderr);
    assert_eq!(exit.stderr.matches("  File \"").count(), 1, "{}", exit.stderr);
}

#[test]
fn a_module_with_a_mistake_in_its_syntax_is_told_with_the_line() {
    assert_cannot_start("REDIS_HOST = \n", &["SyntaxError: invalid syntax", "settings.py\", line 1"]);
}

#[test]
fn a_module_that_ends_the_interpreter_is_no_clean_start() {
    assert_cannot_start("import sys\nsys.exit(0)\n", &["the settings module settings: SystemExit: 0"]);
    assert_cannot_start(
        "import os\nos._exit(0)\n",
        &["ended during the import of the settings module settings"],
    );
    assert_cannot_start("raise KeyboardInterrupt\n", &["the settings module settings: KeyboardInterrupt"]);
}

#[test]
fn a_module_that_hangs_is_given_up_in_time() {
    let folder = Folder::with(&[("settings.py", "import time\ntime.sleep(1000)\n")]);
    let mut command = folder.rq(&["worker", "--burst", "-c", "settings"]);
    command.env("RQ_HORSE__SETTINGS_TIMEOUT", "200ms");

    let exit = run(command);

    let told = ["the import of the settings module settings took longer than 0.2s", "horse.settings_timeout"];
    assert_refused(&exit, 78, &told);
}

#[test]
fn a_module_that_lacks_a_module_is_not_taken_for_missing() {
    let folder = Folder::with(&[
        ("settings.py", "import no_such_library\n"),
        ("settings.toml", "REDIS_URL = \"redis://h\"\n"),
    ]);

    let exit = folder.run(&["worker", "--burst", "-c", "settings"]);

    assert_refused(&exit, 78, &["No module named 'no_such_library'", "settings.py\", line 1"]);
}

#[test]
fn what_a_module_prints_is_kept_apart_from_its_values() {
    let folder = Folder::with(&[(
        "settings.py",
        "import os, sys\nprint('hello from the settings')\nos.write(1, b'{\"report\": 1}\\n')\n\
         sys.stdout.write('no line end')\nREDIS_HOST = 'there'\n",
    )]);

    let exit = folder.run(&["config", "check", "-c", "settings"]);

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(exit.stdout.contains("The configuration is good."), "{}", exit.stdout);
}

#[test]
fn what_a_module_prints_does_not_disturb_programs_that_read_json() {
    let folder = Folder::with(&[("settings.py", "print('hello')\nREDIS_HOST = 'there'\n")]);

    let shown = folder.shown(&["-c", "settings"]);

    assert_eq!(shown.of("redis.host")["value"], "there");
}

#[test]
fn typed_settings_take_their_text_form() {
    let folder = Folder::with(&[(
        "settings.py",
        "REDIS_PORT = '6380'\nREDIS_DB = '2'\nREDIS_SSL = 'no'\nQUEUES = ('high', 'low')\n\
         RQ_WORKER = {'ttl': '7m', 'max_jobs': '3', 'burst': 'yes'}\nRQ_LOGGING = {'level': 'WARNING'}\n",
    )]);

    let shown = folder.shown(&["-c", "settings"]);

    for (key, value) in [
        ("redis.port", json!(6380)),
        ("redis.db", json!(2)),
        ("redis.ssl", json!(false)),
        ("worker.queues", json!(["high", "low"])),
        ("worker.ttl", json!("420s")),
        ("worker.max_jobs", json!(3)),
        ("worker.burst", json!(true)),
        ("logging.level", json!("warning")),
    ] {
        assert_eq!(shown.of(key)["value"], value, "{key}");
    }
}

#[test]
fn a_value_that_json_cannot_hold_is_refused_only_when_it_is_used() {
    let world = World::new();
    let url = world.redis.url();
    let unused =
        format!("REDIS_URL = {url:?}\nREDIS_SSL_CA_DATA = object()\nTHREADS = object()\nQUEUES = ['a']\n");
    fs::write(world.path("settings.py"), unused).unwrap();

    let fine = world.worker(&["--burst", "--name", "w1"]).wait_exit();
    fs::write(world.path("settings.py"), format!("REDIS_URL = {url:?}\nQUEUES = object()\n")).unwrap();
    let overridden = world.worker(&["--burst", "--name", "w1", "high"]).wait_exit();
    let used = world.worker(&["--burst", "--name", "w1"]).wait_exit();

    assert_eq!((fine.code(), overridden.code()), (0, 0), "{}{}", fine.stderr, overridden.stderr);
    assert_refused(&used, 78, &["cannot use QUEUES from Python module settings", "found <object object at"]);
    world.finish();
}

#[test]
fn a_mistake_in_a_module_is_told_by_its_name_file_and_key() {
    let folder = Folder::with(&[(
        "settings.py",
        "REDIS_PORT = 'sixty'\nQUEUES = 3\nRQ_WORKER = {'tll': 1, 'ttl': 'soon'}\nRQ_HORSE = 'fast'\n\
         RQ_LOGGING = {'level': 'loud'}\nSOMETHING_ELSE = 1\nQUEUE = 'is not ours'\n",
    )]);

    let exit = folder.run(&["config", "check", "-c", "settings"]);

    let file = folder.path("settings.py").display().to_string();
    assert_refused(
        &exit,
        78,
        &[
            "cannot use REDIS_PORT from Python module settings",
            &file,
            "found \"sixty\"",
            "cannot use QUEUES from",
            "cannot use RQ_WORKER[\"tll\"] from",
            "did you mean ttl?",
            "cannot use RQ_WORKER[\"ttl\"] from",
            "found \"soon\"",
            "cannot use RQ_HORSE from",
            "must be a dictionary",
            "RQ_LOGGING[\"level\"]",
        ],
    );
    assert!(
        !exit.stderr.contains("SOMETHING_ELSE") && !exit.stderr.contains("QUEUE from"),
        "{}",
        exit.stderr
    );
}

#[test]
fn a_section_that_is_misspelled_is_doubted_and_no_mistake() {
    let settings = "RQ_WORKR = {'ttl': 5}\nRQ_HORSEE = {'class': object}\nRQ_QUEUES = {'default': {'HOST': 'localhost'}}\nRQ_LOGGER = 'x'\n";
    let folder = Folder::with(&[("settings.py", settings)]);

    let exit = folder.run(&["config", "check", "-c", "settings"]);

    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    let file = folder.path("settings.py").display().to_string();
    let doubted = |name: &str, meant: &str| {
        format!("warning: {name} from Python module settings ({file}) is not used, did you mean {meant}?\n")
    };
    assert_eq!(exit.stderr, doubted("RQ_WORKR", "RQ_WORKER") + &doubted("RQ_HORSEE", "RQ_HORSE"));
}

#[test]
fn what_is_needed_before_the_import_cannot_stand_in_the_module() {
    let folder = Folder::with(&[("settings.py", "RQ_HORSE = {'python': '/usr/bin/python3'}\n")]);

    let exit = folder.run(&["config", "check", "-c", "settings"]);

    assert_refused(
        &exit,
        78,
        &["RQ_HORSE[\"python\"]", "it is needed before a Python module can be read", "--python"],
    );
}

#[test]
fn our_sections_in_the_module_have_their_effect() {
    let world = World::new();
    let settings = fs::read_to_string(world.path("settings.py")).unwrap();
    write(
        &world.path("."),
        "settings.py",
        &format!(
            "{settings}RQ_WORKER = {{'results_ttl': 99, 'describe_jobs': False, 'pid_file': 'my.pid'}}\n\
                  RQ_LOGGING = {{'format': '<%(message)s>'}}\nRQ_HORSE = {{'preload': ['heavy']}}\n"
        ),
    );
    write(&world.path("."), "heavy.py", "open('imported', 'w')\n");
    let job = world.enqueue("'jobs.returns.value', 1");

    let exit = world.work(&[]);

    assert!(exit.stdout.contains(&format!("<Worker w1: default: {job}>")), "{}", exit.stdout);
    assert!((90..=99).contains(&world.redis.ttl(&world.key(&format!("job:{job}")))));
    assert!(world.path("my.pid").exists() && world.path("imported").exists());
    world.finish();
}

#[test]
fn the_module_is_imported_once_and_its_effects_are_in_the_jobs() {
    let world = World::new();
    let settings = fs::read_to_string(world.path("settings.py")).unwrap();
    let effects = "import os\nopen('imports', 'a').write('x')\nos.environ['SET_BY_SETTINGS'] = 'yes'\n";
    fs::write(world.path("settings.py"), format!("{settings}{effects}")).unwrap();
    let job = world.enqueue("'jobs.surroundings.environment', 'SET_BY_SETTINGS'");

    world.work(&[]);

    assert_eq!(world.view(&job)["result"], json!(["yes"]));
    assert_eq!(fs::read_to_string(world.path("imports")).unwrap(), "x");
    world.finish();
}

#[test]
fn dict_config_governs_the_logging_of_jobs() {
    let world = World::new();
    let settings = fs::read_to_string(world.path("settings.py")).unwrap();
    let logging = "DICT_CONFIG = {'version': 1, 'formatters': {'f': {'format': 'FROM JOB %(message)s'}},\n\
                   'handlers': {'h': {'class': 'logging.StreamHandler', 'formatter': 'f', 'stream': 'ext://sys.stdout'}},\n\
                   'root': {'level': 'INFO', 'handlers': ['h']}}\n";
    fs::write(world.path("settings.py"), format!("{settings}{logging}")).unwrap();
    write(&world.path("."), "talk.py", "import logging\ndef job():\n    logging.info('hello')\n");
    world.enqueue("'talk.job'");

    let exit = world.work(&[]);

    assert!(exit.stdout.contains("FROM JOB hello"), "{}", exit.stdout);
    world.finish();
}

#[test]
fn a_dict_config_that_cannot_be_applied_is_told_with_its_traceback() {
    let world = World::new();
    let settings = fs::read_to_string(world.path("settings.py")).unwrap();
    fs::write(world.path("settings.py"), format!("{settings}DICT_CONFIG = {{'version': 7}}\n")).unwrap();

    let exit = world.worker(&["--burst"]).wait_exit();

    assert_refused(&exit, 78, &["cannot apply DICT_CONFIG", "Unsupported version: 7"]);
    world.finish();
}
