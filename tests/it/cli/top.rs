//! `rq top` in a real terminal.

use std::path::Path;

use serde_json::Value;

use crate::harness::{Gate, Hash, SOON, Subject, Tmux, Worker, World, for_every_client, skipped, wait_until};

/// What is typed to start the view.
fn command(world: &World, options: &str) -> String {
    format!("{} top -i 0.2 -u {} {options}", env!("CARGO_BIN_EXE_rq"), world.redis.url())
}

/// A terminal in which the view runs; nothing where there is no tmux.
fn view<'a>(world: &'a World, options: &str) -> Option<Tmux<'a>> {
    match Tmux::start(world, (110, 24)) {
        Ok(tmux) => {
            tmux.type_line(&command(world, options));
            tmux.wait_for("1 Workers  2 Queues");
            Some(tmux)
        }
        Err(lack) => {
            skipped(&lack);
            None
        }
    }
}

/// A worker of Python's named `w1` that works on the job `j1`, which waits.
fn busy(world: &World) -> (Worker, Gate) {
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut command = world.command(&world.venv.program("rq"));
    command.args(["worker", "-c", "settings", "--name", "w1"]);
    let worker = world.start(command);
    gate.wait_for_arrival();
    (worker, gate)
}

/// The terminal is as a shell wants it.
#[track_caller]
fn assert_given_back(tmux: &Tmux) {
    tmux.wait_for("ready>");
    wait_until(SOON, "the ordinary screen", || tmux.fact("alternate_on") == "0");
    wait_until(SOON, "the cursor", || tmux.fact("cursor_flag") == "1");
    tmux.type_line(
        "stty -a | tr ';' '\\n' | grep -o -w -e '[-]*icanon' -e '[-]*echo' | tr '\\n' '+'; echo done",
    );
    let screen = tmux.wait_for("+done");
    assert!(screen.contains("icanon+echo+done") && !screen.contains("-icanon+"), "{screen}");
}

for_every_client! {
    fn a_running_job_is_found_and_stopped(world: &World) {
        let (mut worker, _gate) = busy(world);
        let Some(tmux) = view(world, "") else { return };

        let screen = tmux.wait_for("jobs.waits.at(");
        assert!(screen.contains("w1") && screen.contains("busy"), "{screen}");
        tmux.press("s");
        tmux.wait_for("Stop the job j1 on worker w1?");
        tmux.press("n");
        tmux.wait_for("nothing was done");
        assert_eq!(world.view("j1")["status"], "started");
        tmux.press("s");
        tmux.wait_for("Stop the job j1 on worker w1?");
        tmux.press("y");
        tmux.wait_for("the worker w1 was told to stop the job j1");

        // RQ: version 1 calls it failed.
        wait_until(SOON, "the job's end", || world.view("j1")["status"] != "started");
        tmux.press("4");
        tmux.wait_for("1 failed");
        worker.stop();
    }

    /// What Python's requeue leaves of one failed job is what ours leaves of another.
    fn a_failed_job_is_requeued_as_python_does_it(world: &World) {
        for job in ["ours", "theirs"] {
            world.enqueue(&format!("'jobs.raising.plain', job_id='{job}', meta={{'k': 1}}, description='same'"));
        }
        world.work(&[]);
        world.client.exec("FailedJobRegistry(connection=conn).requeue('theirs')");
        let Some(tmux) = view(world, "--tab failed") else { return };

        let screen = tmux.wait_for("ValueError: it broke");
        assert!(screen.contains("ours") && !screen.contains("theirs"), "{screen}");
        tmux.press("Enter");
        tmux.wait_for("job ours  failed");
        tmux.press("End");
        tmux.press("r");
        tmux.wait_for("Requeue the failed job ours?");
        tmux.press("y");
        tmux.wait_for("ours is back in its queue");

        assert_eq!(world.redis.list(&world.key("queue:default")), ["theirs", "ours"]);
        assert!(world.redis.sorted_set(&world.key("failed:default")).is_empty());
        let of = |job: &str| {
            let mut hash: Hash = world.redis.hash(&world.key(&format!("job:{job}")));
            for moment in ["created_at", "enqueued_at", "last_heartbeat"] {
                assert!(hash.remove(moment).is_some(), "{moment}");
            }
            // RQ: packed anew, by another release of zlib perhaps.
            hash.remove("data").unwrap();
            // Ours alone: which daemon runs it.
            hash.remove("rqd_run");
            hash
        };
        assert_eq!(of("ours"), of("theirs"));
        // The difference "a job that waits outlives the time for which it was kept".
        let ttl = |job: &str| world.redis.ttl(&world.key(&format!("job:{job}")));
        assert!(ttl("ours") == -1 && ttl("theirs") > 0, "{} and {}", ttl("ours"), ttl("theirs"));
        world.work(&[]);
        assert_eq!(world.view("ours")["status"], "failed");
    }
}

#[test]
fn a_failed_job_is_deleted_as_python_does_it() {
    let world = World::new();
    for job in ["ours", "theirs"] {
        world.enqueue(&format!("'jobs.raising.plain', job_id='{job}'"));
    }
    world.work(&[]);
    world.client.exec("fetch('theirs').delete()");
    if let Some(tmux) = view(&world, "--tab failed") {
        tmux.wait_for("ValueError: it broke");
        tmux.press("d");
        tmux.wait_for("Delete the failed job ours with its results?");
        tmux.press("y");
        tmux.wait_for("ours is deleted");

        let left =
            world.redis.keys().into_iter().filter(|key| key.contains("ours") || key.contains("theirs"));
        assert_eq!(left.collect::<Vec<_>>(), Vec::<String>::new());
        tmux.wait_for("nothing here");
    }
    world.finish();
}

#[test]
fn the_terminal_is_given_back_on_every_way_out() {
    let world = World::new();
    let Some(tmux) = view(&world, "") else { return };
    let again = || {
        tmux.type_line(&format!("clear; {}", command(&world, "")));
        tmux.wait_for("1 Workers  2 Queues");
    };
    for key in ["q", "C-c"] {
        tmux.press(key);
        assert_given_back(&tmux);
        again();
    }
    for signal in ["TERM", "INT", "HUP"] {
        let pid = tmux.fact("pane_pid");
        let children: String = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        let child = children.split_whitespace().next().unwrap().to_owned();
        let killed = world.command(Path::new("kill")).args([&format!("-{signal}"), &child]).status().unwrap();
        assert!(killed.success());
        assert_given_back(&tmux);
        again();
    }

    tmux.press("C-z");
    assert_given_back(&tmux);
    tmux.type_line("fg");
    tmux.wait_for("1 Workers  2 Queues");
    tmux.press("q");
    assert_given_back(&tmux);
    world.finish();
}

#[test]
fn losing_redis_is_told_and_the_view_goes_on_when_it_is_back() {
    let mut world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");
    {
        let Some(tmux) = view(&world, "--tab queues") else { return };
        tmux.wait_for("default");
    }
    let tmux_socket = world.path("tmux.sock");
    assert!(tmux_socket.exists());
    world.redis.kill();
    Tmux::again(&world).wait_for("Redis is away, trying again");

    world.redis.start_again();
    let tmux = Tmux::again(&world);
    tmux.wait_for("0 waiting");
    tmux.press("q");
    tmux.wait_for("ready>");
    drop(tmux);
    world.finish();
}

#[test]
fn it_heeds_no_color_and_the_size_of_the_window() {
    let world = World::new();
    world.enqueue("'jobs.returns.value', 1, job_id='j1'");
    let Ok(tmux) = Tmux::start(&world, (110, 24)) else { return };
    let escapes = |tmux: &Tmux| tmux.tell(&["capture-pane", "-p", "-e"]);
    let is_coloured = |screen: &str| screen.contains("[38;5;");

    tmux.type_line(&command(&world, "--tab queues"));
    tmux.wait_for("default");
    assert!(is_coloured(&escapes(&tmux)), "{:?}", escapes(&tmux));
    tmux.tell(&["resize-window", "-x", "39", "-y", "10"]);
    tmux.wait_for("rq top needs a larger window");
    tmux.tell(&["resize-window", "-x", "80", "-y", "24"]);
    tmux.wait_for("SCHEDULED");
    tmux.press("q");
    tmux.wait_for("ready>");

    tmux.type_line(&format!("clear; NO_COLOR=1 {}", command(&world, "--tab queues")));
    tmux.wait_for("default");
    assert!(!is_coloured(&escapes(&tmux)), "{:?}", escapes(&tmux));
    tmux.press("q");
    tmux.wait_for("ready>");

    tmux.type_line(&format!("clear; TERM=dumb {}", command(&world, "")));
    tmux.wait_for("rq top needs a terminal that can move its cursor");
    world.finish();
}

#[test]
fn without_a_terminal_it_is_refused_or_prints_once() {
    let world = World::new();
    world.enqueue("'jobs.raising.plain', job_id='bad'");
    world.work(&[]);
    let run = |options: &[&str]| {
        let mut command = world.command(Path::new(env!("CARGO_BIN_EXE_rq")));
        command.args(["top", "-u", &world.redis.url()]).args(options);
        world.start(command).wait_exit()
    };

    let exit = run(&[]);
    assert_eq!(exit.code(), 1);
    assert!(
        exit.stderr.contains("rq top needs a terminal") && exit.stderr.contains("rq status"),
        "{}",
        exit.stderr
    );

    let exit = run(&["--once"]);
    assert_eq!(exit.code(), 0, "{}", exit.stderr);
    assert!(
        exit.stdout.contains("bad  default") && exit.stdout.contains("ValueError: it broke"),
        "{}",
        exit.stdout
    );

    let told: Value = serde_json::from_str(&run(&["--json"]).stdout).unwrap();
    assert_eq!((&told["queues"]["default"]["failed"], &told["failed"][0]["job"]), (&1.into(), &"bad".into()));
    assert_eq!(told["jobs"]["bad"]["reason"], "ValueError: it broke");

    assert_eq!(run(&["--interval", "0"]).code(), 2);
    assert_eq!(run(&["--json", "-u", "redis://127.0.0.1:1"]).code(), 69);
    world.finish();
}

#[test]
fn the_stack_of_a_running_job_is_shown() {
    let world = World::new();
    if world.subject == Subject::Theirs {
        return;
    }
    let mut gate = world.gate("gate");
    world.enqueue(&format!("'jobs.waits.at', {}, job_id='j1'", gate.literal()));
    let mut worker = world.worker(&["--name", "w1"]);
    gate.wait_for_arrival();
    if let Some(tmux) = view(&world, "--tab running") {
        tmux.wait_for("jobs.waits.at(");
        tmux.press("t");
        tmux.wait_for("job j1 of queue default: jobs.waits.at");
        tmux.wait_for("main thread, the innermost call first");
    }
    gate.open();
    world.wait_for_status("j1", "finished");
    worker.stop();
    world.finish();
}

#[test]
fn the_daemons_of_this_machine_are_seen_with_their_workers() {
    let world = World::new();
    if world.subject == Subject::Theirs {
        return;
    }
    let mut worker = world.idle_worker(&["--name", "w1"]);
    if let Some(tmux) = view(&world, "--tab daemons") {
        let pid = worker.pid().to_string();
        let screen = tmux.wait_for(&pid);
        assert!(screen.contains("running") && screen.contains("1/1"), "{screen}");
        tmux.press("Enter");
        tmux.wait_for(&format!("daemon {pid}  running"));
        tmux.wait_for("workers, 1 wanted");
    }
    worker.stop();
    world.finish();
}
