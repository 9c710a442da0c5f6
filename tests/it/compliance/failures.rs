//! What a raised exception leaves: its text, its registry entry, its time to live.

use serde_json::{Value, json};

use crate::harness::{World, application_part, for_every_client, is_python_float, text};

const YEAR: i64 = 31_536_000;

/// Asserts that a failing function leaves the traceback that Python itself writes for it, from the application's first frame on.
#[track_caller]
fn assert_leaves_pythons_traceback(world: &World, function: &str, arguments: &str) {
    let job = world.enqueue(&format!("{function:?}, {arguments}"));

    world.work(&[]);

    let view = world.view(&job);
    assert_eq!(view["status"], "failed");
    assert_eq!(view["exc_info"], view["latest"]["exc_string"]);
    let expected = world.client.eval(&format!("traceback_of({function:?}, {arguments})"));
    let found = view["exc_info"].as_str().unwrap();
    assert_eq!(application_part(found), application_part(expected.as_str().unwrap()));
}

for_every_client! {
    fn the_traceback_shows_the_frames_of_the_application(world: &World) {
        assert_leaves_pythons_traceback(world, "jobs.raising.nested", "");
    }

    fn the_traceback_shows_a_cause(world: &World) {
        assert_leaves_pythons_traceback(world, "jobs.raising.chained", "");
    }

    fn the_traceback_shows_what_was_being_handled(world: &World) {
        assert_leaves_pythons_traceback(world, "jobs.raising.during", "");
    }

    fn the_traceback_keeps_every_character(world: &World) {
        assert_leaves_pythons_traceback(world, "jobs.raising.unicode", "");
    }

    fn the_traceback_names_the_applications_exception(world: &World) {
        assert_leaves_pythons_traceback(world, "jobs.raising.custom", "");
    }

    fn the_traceback_keeps_a_long_message(world: &World) {
        assert_leaves_pythons_traceback(world, "jobs.raising.long_message", "200_000");
    }

    fn a_keyboard_interrupt_fails_the_job_and_not_the_worker(world: &World) {
        assert_leaves_pythons_traceback(world, "jobs.raising.keyboard_interrupt", "");
    }

    fn sys_exit_fails_the_job_whatever_its_code(world: &World) {
        assert_leaves_pythons_traceback(world, "jobs.exits.by_sys_exit", "0");
    }

    fn a_failure_is_kept_for_a_year_by_default(world: &World) {
        let job = world.enqueue("'jobs.raising.plain'");

        world.work(&[]);

        assert_eq!(kept(world, &job), json!({ "job": YEAR, "results": -1, "score": YEAR }));
    }

    fn failure_ttl_of_the_job_counts(world: &World) {
        let job = world.enqueue("'jobs.raising.plain', failure_ttl=300");

        world.work(&[]);

        assert_eq!(kept(world, &job), json!({ "job": 300, "results": 300, "score": 300 }));
    }

    fn a_failed_job_can_be_requeued_by_the_client_and_succeed(world: &World) {
        let flag = world.path("flag");
        let job = world.enqueue(&format!("'os.stat', {:?}", flag.display().to_string()));
        world.work(&[]);
        assert_eq!(world.view(&job)["status"], "failed");

        std::fs::write(&flag, "").unwrap();
        world.client.exec(&format!("FailedJobRegistry('default', connection=conn).requeue({job:?})"));
        world.work(&[]);

        let view = world.view(&job);
        assert_eq!(view["status"], "finished");
        assert_eq!(view["latest"]["type"], "SUCCESSFUL");
        assert_eq!(world.client.eval("registries()['failed']"), json!([]));
    }
}

#[test]
fn the_entry_of_a_failure_has_rqs_fields() {
    let world = World::new();
    let job = world.enqueue("'jobs.raising.plain'");

    world.work(&[]);

    let [entry] = &world.redis.stream(&world.key(&format!("results:{job}")))[..] else {
        panic!("one entry expected")
    };
    let mut fields: Vec<_> = entry.keys().map(String::as_str).collect();
    if world.subject.differs("the entry of a failure has its cause") {
        assert_eq!(text(entry, "cause"), "raised");
        fields.retain(|field| *field != "cause");
    }
    let expected =
        ["exc_string", "execution_ended_at", "execution_id", "execution_started_at", "type", "worker_name"];
    assert_eq!(fields, expected);
    assert_eq!(text(entry, "type"), "2");
    assert_eq!(text(entry, "worker_name"), "w1");
    assert!(text(entry, "exc_string").starts_with("eJ"), "not a zlib stream: {}", text(entry, "exc_string"));
    assert!(is_python_float(&text(entry, "execution_ended_at")));
    world.finish();
}

#[test]
fn a_failure_ttl_of_minus_one_keeps_for_ever() {
    let world = World::new();
    let job = world.enqueue("'jobs.raising.plain', failure_ttl=-1");

    world.work(&[]);

    assert_eq!(kept(&world, &job), json!({ "job": -1, "results": -1, "score": "-1" }));
    world.finish();
}

#[test]
fn a_failure_ttl_of_zero_deletes_the_job() {
    let world = World::new();
    let job = world.enqueue("'jobs.raising.plain', failure_ttl=0");

    world.work(&[]);

    assert!(!world.redis.exists(&world.key(&format!("job:{job}"))));
    assert!(!world.redis.exists(&world.key(&format!("results:{job}"))));
    assert_eq!(world.redis.field(&world.key("worker:w1"), "failed_job_count").as_deref(), Some("1"));
    world.finish();
}

/// How long the hash, the results and the registry entry are kept, each rounded up to a quarter of a minute.
fn kept(world: &World, job: &str) -> Value {
    let entries = world.redis.sorted_set(&world.key("failed:default"));
    let [(member, score)] = entries.as_slice() else { panic!("one entry expected in {entries:?}") };
    assert_eq!(member, job);
    #[expect(clippy::cast_possible_truncation, reason = "seconds of this century")]
    let left = (score - world.redis.now()).ceil() as i64;
    let score = if *score < 0.0 { json!(score.to_string()) } else { json!(rounded_up(left)) };
    let job_ttl = rounded_up(world.redis.ttl(&world.key(&format!("job:{job}"))));
    json!({ "job": job_ttl, "results": rounded_up(world.redis.ttl(&world.key(&format!("results:{job}")))), "score": score })
}

fn rounded_up(seconds: i64) -> i64 {
    if seconds < 0 { seconds } else { (seconds + 14) / 15 * 15 }
}

#[test]
fn a_function_that_does_not_exist_fails_the_job() {
    let world = World::new();
    let attribute = world.enqueue("'jobs.returns.missing'");
    let module = world.enqueue("'no_such_module.function'");

    world.work(&[]);

    for (job, name) in [(attribute, "missing"), (module, "no_such_module.function")] {
        let view = world.view(&job);
        assert_eq!(view["status"], "failed");
        let text = view["exc_info"].as_str().unwrap();
        assert!(text.trim_end().ends_with(&format!("Invalid attribute name: {name}")), "{text}");
    }
    world.finish();
}

#[test]
fn a_module_that_breaks_while_it_is_imported_fails_its_job_alone() {
    let world = World::new();
    let broken = [
        ("syntax", "def (", "SyntaxError"),
        ("raises", "raise RuntimeError('at import')", "RuntimeError: at import"),
        // RQ: which module is missing is not told.
        ("needs", "import not_there_at_all", "Invalid attribute name: needs.job"),
        ("divides", "1 / 0", "ZeroDivisionError"),
        ("leaves", "raise SystemExit(0)", "SystemExit: 0"),
        ("exits", "import os\nos._exit(3)", "Work-horse terminated unexpectedly; waitpid returned 768"),
        ("dies", "import os\nos.kill(os.getpid(), 9)", "waitpid returned 9"),
    ];
    for (name, source, _) in broken {
        std::fs::write(world.path(&format!("{name}.py")), source).unwrap();
        world.enqueue(&format!("'{name}.job', job_id='{name}'"));
    }
    let next = world.enqueue("'jobs.returns.value', 2");

    world.work(&[]);

    for (name, _, told) in broken {
        let view = world.view(name);
        assert_eq!(view["status"], "failed", "{name}");
        let text = view["exc_info"].as_str().unwrap();
        assert!(text.contains(told), "{name}: {text}");
    }
    assert_eq!(world.view(&next)["result"], 2);
    world.finish();
}
