//! `rq info`: what it prints, compared with what Python's prints of the same Redis.

use serde_json::Value;

use crate::harness::{SOON, Subject, Terminal, World};

/// Queues with jobs in every state, and workers in every one of theirs.
fn furnished() -> World {
    let world = World::new();
    world.client.exec(
        "import time
for name, count in [('high', 3), ('default', 45), ('a-queue-with-a-long-name', 0), ('größe', 21)]:
    queue = Queue(name, connection=conn)
    conn.sadd('rq:queues', queue.key)
    for _ in range(count):
        queue.enqueue('jobs.returns.value', 1)
soon = int(time.time()) + 1000
conn.zadd('rq:finished:high', {'f1': soon, 'f2': float('inf')})
conn.zadd('rq:failed:default', {'x': soon, 'y': -1})
def worker(name, queues, **fields):
    key = 'rq:worker:' + name
    conn.sadd('rq:workers', key)
    for queue in queues.split(','):
        conn.sadd('rq:workers:' + queue, key)
    conn.hset(key, mapping=dict(birth='2026-11-22T07:33:16.378843Z', queues=queues, **fields))
worker('w1', 'high,default', pid=11, hostname='h1', ip_address='127.0.0.1:1', state='busy', successful_job_count=3)
worker('w2', 'default', pid=12, hostname='h2', ip_address='127.0.0.1:2', state='idle', failed_job_count=4)
worker('w3', 'high', state='suspended')
worker('w4', 'elsewhere', pid=1, hostname='h', ip_address='unknown', state='started')
worker('w5', 'default', pid=1, hostname='h', ip_address='unknown')",
    );
    world
}

/// The lines in an order that is the same for both: RQ's is that of sets. The moment is left out.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for line in &mut lines {
        if let Some(moment) = line.strip_prefix("Updated: ") {
            assert_eq!(moment.len(), "2026-11-22 07:37:02.025747".len(), "{moment}");
            "Updated".clone_into(line);
        }
    }
    lines.sort();
    lines
}

#[test]
fn every_form_is_pythons_to_the_byte() {
    let world = furnished();
    for arguments in [
        &[][..],
        &["--raw"],
        &["-r", "-Q"],
        &["-Q"],
        &["--only-queues", "--only-workers"],
        &["-W"],
        &["-W", "-R"],
        &["-R"],
        &["--by-queue", "--raw"],
        &["default"],
        &["high", "default", "high"],
        &["-R", "high", "default", "high"],
        &["-W", "nobody-listens"],
        &["-R", "nobody-listens"],
        &["-r", "elsewhere"],
        &["-Q", "-w", "rq.Worker", "-j", "rq.job.Job", "-S", "json", "-P", "/"],
        &["-i", "0"],
    ] {
        let ours = world.rq("info", arguments);
        let theirs = world.rq_of(Subject::Theirs, "info", arguments);

        assert_eq!((ours.code(), ours.stderr.as_str()), (0, ""), "{arguments:?}");
        assert_eq!(lines(&ours.stdout), lines(&theirs.stdout), "{arguments:?}");
    }
}

#[test]
fn a_redis_with_nothing_in_it_is_told_in_the_same_words() {
    let world = World::new();
    for arguments in [&[][..], &["-R"], &["-r"], &["-W"], &["default"]] {
        let ours = world.rq("info", arguments);
        let theirs = world.rq_of(Subject::Theirs, "info", arguments);

        assert_eq!(lines(&ours.stdout), lines(&theirs.stdout), "{arguments:?}");
    }
    world.finish();
}

#[test]
fn the_width_of_the_terminal_limits_the_bars() {
    let world = furnished();
    let narrow = |whose, columns| {
        let mut command = world.rq_command(whose, "info", &["-Q"]);
        command.env("COLUMNS", columns);
        world.start(command).wait_exit().stdout
    };

    for columns in ["0", "5", "20", "21", "31", "40", "1000", "-3", "many", ""] {
        assert_eq!(
            lines(&narrow(world.subject, columns)),
            lines(&narrow(Subject::Theirs, columns)),
            "{columns}"
        );
    }
}

#[test]
fn a_bar_is_as_long_as_pythons_whatever_it_stands_for() {
    let world = World::new();
    for count in [1, 20, 21, 50, 51, 101, 200, 201, 399, 601, 801, 1000, 1001, 2503] {
        world.client.exec(&format!(
            "conn.delete('rq:queue:b')
conn.sadd('rq:queues', 'rq:queue:a', 'rq:queue:b')
conn.rpush('rq:queue:b', *range({count}))
conn.lpush('rq:queue:a', *range(7))"
        ));

        let ours = world.rq("info", &["-Q"]);

        assert_eq!(
            lines(&ours.stdout),
            lines(&world.rq_of(Subject::Theirs, "info", &["-Q"]).stdout),
            "{count}"
        );
    }
}

#[test]
fn what_has_expired_is_not_counted() {
    let world = World::new();
    world.client.exec(
        "conn.sadd('rq:queues', 'rq:queue:default')
conn.zadd('rq:finished:default', {'old': 5, 'kept': float('inf')})
conn.zadd('rq:failed:default', {'old': 5, 'kept': -1})",
    );

    let exit = world.rq("info", &["-Q", "-r"]);

    assert_eq!(exit.stdout, "queue default 0, 0 executing, 1 finished, 1 failed\n");
    let cleaned = if world.subject.differs("looking changes nothing") { 2 } else { 1 };
    assert_eq!(world.redis.sorted_set("rq:finished:default").len(), cleaned);
}

#[test]
fn an_abandoned_job_is_left_to_those_who_clean_with_a_lock() {
    let world = World::new();
    let job = world.enqueue("'jobs.returns.value', 1");
    world.client.exec(&format!(
        "conn.delete('rq:queue:default')
conn.hset('rq:job:{job}', 'status', 'started')
conn.zadd('rq:wip:default', {{'{job}:e': 5}})"
    ));

    let exit = world.rq("info", &["-Q", "-r"]);

    let failed = i32::from(!world.subject.differs("looking changes nothing"));
    assert_eq!(exit.stdout, format!("queue default 0, 0 executing, 0 finished, {failed} failed\n"));
    assert_eq!(world.view(&job)["status"], if failed == 0 { "started" } else { "failed" });
}

#[test]
fn on_a_terminal_the_colours_are_pythons_too() {
    let world = furnished();
    let screen = |whose| {
        let mut terminal = Terminal::run(&world.rq_command(whose, "info", &[]));
        terminal.wait_for("Updated: ");
        assert_eq!(terminal.wait_exit(), Some(0));
        let screen = terminal.screen();
        screen.split("Updated: ").next().unwrap().replace('\r', "")
    };

    let ours = screen(world.subject);

    assert!(ours.contains("\x1b[31mbusy\x1b[0m"), "{ours}");
    assert_eq!(lines(&ours), lines(&screen(Subject::Theirs)));
}

#[test]
fn a_view_that_refreshes_ends_by_ctrl_c() {
    let world = furnished();
    let mut terminal = Terminal::run(&world.rq_command(world.subject, "info", &["-Q", "-i", "0.1"]));
    terminal.wait_for("4 queues, 69 jobs total");
    world.client.exec("q.enqueue('jobs.returns.value', 1)");
    terminal.wait_for("\x1b[2J\x1b[1;1H");
    terminal.wait_for("4 queues, 70 jobs total");

    terminal.press(b"\x03");

    assert_eq!(terminal.wait_exit(), Some(0));
}

#[test]
fn a_view_that_refreshes_outlives_an_outage() {
    let mut world = furnished();
    let mut view = world.start(world.rq_command(world.subject, "info", &["-Q", "--raw", "-i", "0.1"]));
    view.stdout.wait_for_line("queue high 3*", SOON);

    world.redis.stop_and_keep_data();

    if !world.subject.differs("`rq info --interval` outlives an outage") {
        assert_eq!(view.wait_exit().code(), 1);
        return;
    }
    view.stderr.wait_for_line("*edis*", SOON);
    world.redis.start_again();
    let _: i64 = world.redis.command(&["RPUSH", "rq:queue:high", "another"]);
    view.stdout.wait_for_line("queue high 4*", SOON);
    assert_eq!(view.stop().code(), 0);
}

#[test]
fn programs_are_told_in_json() {
    let world = furnished();
    if world.subject == Subject::Theirs {
        return;
    }
    let told = |arguments: &[&str]| -> Value {
        serde_json::from_str(&world.rq("info", &[&["--json"], arguments].concat()).stdout).unwrap()
    };

    let all = told(&[]);
    let names = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(&all["queues"]), ["a-queue-with-a-long-name", "default", "größe", "high"]);
    assert_eq!(names(&all["workers"]), ["w1", "w2", "w3", "w4", "w5"]);
    assert_eq!(all["queues"][1]["waiting"], 45);
    assert!(all["queues"][1]["oldest_waits"].as_f64().unwrap() >= 0.0);
    assert_eq!(all["workers"][0]["pid"], 11);
    assert_eq!(names(&told(&["high"])["workers"]), ["w1", "w3"]);
}

#[test]
fn a_redis_that_is_away_is_an_error() {
    let mut world = World::new();
    world.redis.kill();

    let exit = world.rq("info", &[]);

    let away = if world.subject.differs("Redis never reached has an exit code of its own") { 69 } else { 1 };
    assert_eq!(exit.code(), away, "{}{}", exit.stdout, exit.stderr);
}
