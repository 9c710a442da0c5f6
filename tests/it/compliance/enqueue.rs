//! `rq enqueue`: its arguments and options, and what it writes, compared with what Python's writes.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Exit, Hash, Subject, Terminal, World, is_timestamp, text};

/// Enqueues, and tells the job's id.
#[track_caller]
fn enqueue(world: &World, whose: Subject, arguments: &[&str]) -> String {
    let exit = world.rq_of(whose, "enqueue", arguments);
    assert_eq!((exit.code(), exit.stderr.as_str()), (0, ""), "{arguments:?}: {}", exit.stdout);
    let id = exit.stdout.rsplit_once("job-id '").unwrap().1;
    id.strip_suffix("'.\n").unwrap().to_owned()
}

fn hash(world: &World, id: &str) -> Hash {
    world.redis.hash(&world.key(&format!("job:{id}")))
}

/// Asserts that both write the same, but for moments.
#[track_caller]
fn assert_same(world: &World, arguments: &[&str]) -> String {
    let theirs = enqueue(world, Subject::Theirs, arguments);
    let (theirs_data, theirs) = (data(world, &theirs), hash(world, &theirs));
    let id = enqueue(world, world.subject, arguments);
    let ours = hash(world, &id);
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>(), "{arguments:?}");
    for (field, value) in &theirs {
        if field == "data" {
            assert_eq!(data(world, &id), theirs_data, "{arguments:?}");
        } else if field.ends_with("_at") && !value.is_empty() {
            assert!(is_timestamp(&text(&ours, field)), "{field}");
        } else {
            assert_eq!(ours[field], *value, "{field} of {arguments:?}");
        }
    }
    id
}

/// What a worker of Python's would load.
fn data(world: &World, id: &str) -> Value {
    let code = format!(
        "(lambda raw: repr(__import__('pickle').loads(raw)) if raw[:1] == b'\\x80' else raw.decode())(__import__('zlib').decompress(conn.hget('rq:job:{id}', 'data')))"
    );
    world.client.eval(&code)
}

#[test]
fn a_call_runs_with_the_arguments_that_were_written() {
    let world = World::new();
    let id = enqueue(&world, world.subject, &["jobs.returns.add", ":1", "y%=0x10"]);

    world.work(&[]);

    assert_eq!(world.view(&id)["result"], 17);
    world.finish();
}

#[test]
fn every_notation_is_written_as_python_writes_it() {
    let world = World::new();
    fs::write(world.path("value.json"), "[1, {\"a\": \"b\"}]\r\n").unwrap();
    fs::write(world.path("text.txt"), "two\r\nlines\r").unwrap();
    for arguments in [
        &["f"][..],
        &["f", "text", "", "a b", "=x", "it's"],
        &[
            "f",
            ":1",
            ":\"x\"",
            ":[1, 2.5, null]",
            ":{\"k\": {\"l\": []}}",
            ":true",
            ":123456789012345678901234567890",
        ],
        &["f", "%1", "%(1, 'zwei', b'drei')", "%{'a': (1,), 2: None}", "%[0x10, 1e3, -5]", "%None", "%{7}"],
        &["f", "b=text", "a:=[1]", "c%=(1,)", "d=x=y"],
        &["f", "@text.txt", ":@value.json", "x=@text.txt", "y:=@value.json"],
        &["f", "größe", "🐎", "ü=ä"],
        &["app.tasks.Class.method", "--", "-1"],
    ] {
        assert_same(&world, arguments);
    }
}

#[test]
fn json_is_written_as_python_writes_it() {
    let world = World::new();
    for arguments in [
        &["-S", "json", "f", "text", ":{\"k\": [1, 2.0, null, \"ü\"]}", "n%=(1, 2)", "%{1: 'a', None: 2}"][..],
        &["--serializer", "rq.serializers.JSONSerializer", "f"],
    ] {
        assert_same(&world, arguments);
    }
}

#[test]
fn every_option_is_written_as_python_writes_it() {
    let world = World::new();
    for arguments in [
        &["--timeout", "30", "f"][..],
        &["--timeout", "-1", "f"],
        &["--timeout=5m", "--result-ttl", "1h", "--failure-ttl", "2D", "--ttl", "90s", "f"],
        &["--result-ttl", "-1", "--failure-ttl", "0", "f"],
        &["--description", "some words", "f", "x"],
        &["--description", "", "f", "x"],
        &["-q", "low", "f"],
        &["--queue=low", "--at-front", "f"],
        &["--retry-max", "3", "f"],
        &["--retry-max", "3", "--retry-interval", "5", "--retry-interval", "10", "f"],
        &["--retry-max", "0", "--retry-interval", "5", "f"],
        &["--depends-on", "no-such-job", "--depends-on", "another", "f"],
        &["--job-id", "mine", "f", "x"],
        &["-w", "rq.Worker", "-j", "rq.job.Job", "--queue-class", "rq.Queue", "-P", ".", "f"],
        &["f", "--timeout", "30", "x"],
    ] {
        assert_same(&world, arguments);
    }
    assert_eq!(
        world.client.eval("sorted(w.name for w in Queue.all(connection=conn))"),
        json!(["default", "low"])
    );
}

#[test]
fn a_job_goes_to_the_end_or_to_the_front() {
    let world = World::new();
    for (id, options) in [("a", &[][..]), ("b", &[]), ("c", &["--at-front"])] {
        enqueue(&world, world.subject, &[&["--job-id", id], options, &["f"]].concat());
    }

    assert_eq!(world.client.eval("q.job_ids"), json!(["c", "a", "b"]));
}

#[test]
fn the_life_of_a_waiting_job_is_limited() {
    let world = World::new();

    let id = enqueue(&world, world.subject, &["--ttl", "100", "f"]);

    let ttl = world.redis.ttl(&format!("rq:job:{id}"));
    assert!((1..=100).contains(&ttl), "{ttl}");
}

#[test]
fn a_job_waits_for_those_that_it_depends_on() {
    let world = World::new();
    let first = world.enqueue("'jobs.returns.value', 1");
    let done = world.enqueue("'jobs.returns.value', 2");
    world.client.exec(&format!("conn.hset('rq:job:{done}', 'status', 'finished')"));

    let free = enqueue(&world, world.subject, &["--depends-on", &done, "f"]);
    let bound = assert_same(
        &world,
        &["--depends-on", &first, "--depends-on", &done, "--ttl", "500", "jobs.returns.value", ":3"],
    );

    assert_eq!(world.view(&free)["status"], "queued");
    assert_eq!(world.view(&bound)["status"], "deferred");
    assert!(
        world
            .client
            .eval("DeferredJobRegistry(queue=q).get_job_ids()")
            .as_array()
            .unwrap()
            .contains(&json!(bound))
    );
    let code = format!("fetch('{first}').dependent_ids");
    assert!(world.client.eval(&code).as_array().unwrap().contains(&json!(bound)));
    let dependencies = world.redis.set(&format!("rq:job::{bound}:dependencies"));
    assert_eq!(dependencies, [first.clone(), done.clone()].into());
    assert!((1..=500).contains(&world.redis.ttl(&format!("rq:job::{bound}:dependencies"))));
}

#[test]
fn a_dependent_runs_when_its_time_has_come() {
    let world = World::new();
    let first = world.enqueue("'jobs.returns.value', 1");
    let second = enqueue(&world, world.subject, &["--depends-on", &first, "jobs.returns.value", ":2"]);

    world.work(&[]);

    assert_eq!(world.view(&second)["result"], 2);
    world.finish();
}

#[test]
fn a_job_may_be_scheduled() {
    let world = World::new();
    let due = |id: &str| {
        let entries = world.redis.sorted_set("rq:scheduled:default");
        entries.into_iter().find(|(job, _)| job == id).unwrap().1
    };
    let zone = |whose, arguments: &[&str]| -> String {
        let mut command = world.rq_command(whose, "enqueue", arguments);
        command.env("TZ", "America/New_York");
        Exit::of(&command.output().unwrap()).stdout
    };

    let id = assert_same(&world, &["--schedule-in", "10m", "--at-front", "f"]);
    let left = due(&id) - world.redis.now();
    assert!((595.0..=600.0).contains(&left), "{left}");
    let depends = assert_same(&world, &["--schedule-in", "5", "--depends-on", "other", "--ttl", "900", "f"]);
    assert!(due(&depends) > world.redis.now());
    for moment in ["2030-01-05T07:08:09", "2030-7-5T7:8:9", "2030-03-10T02:30:00", "2030-11-03T01:30:00"] {
        zone(world.subject, &["--schedule-at", moment, "--job-id", "ours", "f"]);
        zone(Subject::Theirs, &["--schedule-at", moment, "--job-id", "theirs", "f"]);
        assert!((due("ours") - due("theirs")).abs() < 0.5, "{moment}");
    }
    assert_eq!(world.view(&id)["status"], "scheduled");
}

#[test]
fn it_says_what_it_did_unless_it_is_to_be_quiet() {
    let world = World::new();

    let told = world.rq("enqueue", &["--job-id", "j", "f", ":1", "b%=(1,)", "a=x"]);
    let quiet = world.rq("enqueue", &["--quiet", "f"]);

    assert_eq!(told.stdout, "Enqueued f(1, a='x', b=(1,)) with job-id 'j'.\n");
    assert_eq!((quiet.code(), quiet.stdout.as_str()), (0, ""));
    let mut terminal = Terminal::run(&world.rq_command(world.subject, "enqueue", &["--job-id", "j", "f"]));
    terminal.wait_for("Enqueued \x1b[34mf()\x1b[39;49;00m with job-id 'j'.");
    assert_eq!(terminal.wait_exit(), Some(0));
}

#[test]
fn a_job_of_the_same_id_is_written_over() {
    let world = World::new();
    world.client.exec("q.enqueue('f', job_id='j', meta={'a': 1})");

    enqueue(&world, world.subject, &["--job-id", "j", "g"]);

    assert_eq!(text(&hash(&world, "j"), "description"), "g()");
    assert_eq!(world.client.eval("[q.job_ids, fetch('j').meta]"), json!([["j", "j"], {"a": 1}]));
}

#[test]
fn a_job_that_is_written_over_outlives_its_last_run() {
    let world = World::new();
    world.client.exec(
        "first = q.enqueue('jobs.returns.value', 1, job_id='j', result_ttl=500)
q.enqueue('jobs.returns.value', 1, job_id='k', depends_on=first)",
    );
    world.work(&["--max-jobs", "1", "default"]);
    assert!(world.redis.ttl("rq:job:j") > 0);

    enqueue(&world, world.subject, &["--job-id", "j", "f"]);

    let outlives = world.subject.differs("a job that waits outlives the time for which it was kept");
    assert_eq!(world.redis.ttl("rq:job:j") == -1, outlives);
}

#[test]
fn what_makes_no_sense_is_refused_and_nothing_is_written() {
    let world = World::new();
    for (arguments, theirs) in [
        (&[][..], 2),
        (&["f", ":nonsense"], 2),
        (&["f", "a:={"], 2),
        (&["f", "%nonsense"], 2),
        (&["f", "a%=open('x')"], 2),
        (&["f", "a=1", "a:=2"], 2),
        (&["f", "--schedule-in", "5", "--schedule-at", "2030-01-01T00:00:00"], 2),
        (&["f", "--retry-max", "many"], 2),
        (&["f", "-1"], 2),
        (&["f", "--timeout", "0"], 1),
        (&["f", "--timeout", "5 weeks"], 1),
        (&["f", "--ttl", "0"], 1),
        (&["f", "--result-ttl", "soon"], 1),
        (&["f", "--schedule-at", "tomorrow"], 1),
        (&["f", "--job-id", "a:b"], 1),
        (&["f", "--retry-max", "1", "--retry-interval", "-5"], 1),
        (&["f", "-S", "json", "%b'x'"], 1),
    ] {
        let exit = world.rq("enqueue", arguments);

        let code =
            if world.subject.differs("a value that makes no sense is a usage error") { 2 } else { theirs };
        assert_eq!(exit.code(), code, "{arguments:?}: {}{}", exit.stdout, exit.stderr);
        assert_eq!(exit.stdout, "", "{arguments:?}");
    }
    assert_eq!(world.rq("enqueue", &["f", "@no-such-file"]).code(), 1);
    // RQ: the queue may be known by then.
    assert_eq!(world.client.eval("[len(conn.keys('rq:job:*')), q.count]"), json!([0, 0]));
}

#[test]
fn a_mistake_is_told_in_words_of_pythons() {
    let world = World::new();
    for (arguments, words) in [
        (&["f", "x", ":{"][..], "nable to parse 2. non keyword argument as JSON"),
        (&["f", "a:=nonsense"], "nable to parse a as JSON"),
        (&["f", "%nonsense"], "nable to eval 1. non keyword argument as Python object"),
        (&["f", "a=1", "a=2"], "ou can't specify multiple values for the same keyword"),
        (&["f", "@none"], "ould not open file 'none'"),
        (
            &["f", "--schedule-in", "1", "--schedule-at", "x"],
            "ou can't specify both --schedule-in and --schedule-at",
        ),
        (&["f", "--timeout", "0"], "0 timeout is not allowed"),
    ] {
        let exit = world.rq("enqueue", arguments);

        assert!(exit.stderr.contains(words), "{arguments:?}: {}", exit.stderr);
    }
    world.finish();
}

#[test]
fn a_serializer_of_ones_own_is_refused_with_advice() {
    let world = World::new();
    if world.subject == Subject::Theirs {
        return;
    }

    let exit = world.rq("enqueue", &["-S", "app.Yaml", "f"]);

    assert_eq!(exit.code(), 2);
    assert!(exit.stderr.contains("the serializer app.Yaml cannot be used without Python"), "{}", exit.stderr);
    assert_eq!(world.client.eval("conn.dbsize()"), 0);
}

#[test]
fn a_class_of_ones_own_is_refused_by_name() {
    let world = World::new();
    for (option, class) in [("-j", "no.such.Job"), ("--queue-class", "no.such.Queue")] {
        let exit = world.rq("enqueue", &[option, class, "f"]);

        let here = world.subject == Subject::Ours;
        assert_eq!(exit.code(), if here { 2 } else { 1 }, "{}{}", exit.stdout, exit.stderr);
        assert!(exit.stderr.contains(class) || !here, "{}", exit.stderr);
    }
    assert_eq!(world.client.eval("conn.keys('rq:job:*')"), json!([]));

    enqueue(
        &world,
        world.subject,
        &["-j", "rq.job.Job", "--queue-class", "rq.Queue", "-w", "rq.Worker", "f"],
    );
    world.client.exec("conn.flushdb()");
}
